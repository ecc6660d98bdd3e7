"""The Learn tab: the list of lessons, and a lesson beside the live network."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from adder_engine.errors import AdderError
from adder_tui.learning.classroom import Classroom
from adder_tui.learning.needs import words_for
from adder_tui.learning.own_run import OwnRun
from adder_tui.learning.sheets import SHEETS
from adder_tui.learning.start import write_place
from adder_tui.learning.steps import HANDS_ON
from adder_tui.lessons.lesson import LETTERS, Lesson
from adder_tui.panes.pane import Pane
from adder_tui.render.course import Filter, Listing
from adder_tui.render.lesson_views import OWN_VIEWS
from adder_tui.widgets.canvas import Canvas, ViewSource
from adder_tui.widgets.lesson import (
    FieldRow,
    LessonHead,
    LessonList,
    LessonNow,
    LessonText,
    ListFoot,
    ListHead,
    OwnView,
    ViewFrame,
)

if TYPE_CHECKING:
    from adder_engine.snapshot import Answer, Snapshot
    from adder_tui.app import AdderApp
    from adder_tui.lessons.course import Course
    from adder_tui.lessons.store import Store
    from adder_tui.render.page import Page
    from adder_tui.render.view import View
    from adder_tui.render.workbench import Workbench

WIDE = 110
"""Columns from which text and views stand side by side."""
LEAST_VIEW_ROWS = 7
LARGE_VIEW = 12
"""Rows that any other view needs at least."""
SMALL_VIEWS = {"rule": 8, "prompt": 8, "map": 4, "capstone": 6, "runs": 8}
"""Views that need few rows, and how many they get where several are shown."""
TEXT_ROWS = {"do": 9, "predict": 9, "observe": 10}
"""Rows that a step's text takes at most above the views; other steps take what leaves the least for a view."""
LOOKING_ROWS = 4
"""Rows that the text keeps while a view has the keys."""
FIELD_IDS = ("lesson-field", "list-field")


class LearnPane(Pane):
    """The list, or a lesson; one of the two is shown."""

    DEFAULT_CSS = """
    LearnPane { layout: vertical; }
    LearnPane #course { height: 1fr; layout: vertical; }
    LearnPane ListHead { height: 3; }
    LearnPane LessonList { height: 1fr; }
    LearnPane ListFoot { height: 1; }
    LearnPane #lesson { height: 1fr; display: none; layout: vertical; }
    LearnPane.-wide #lesson { layout: horizontal; }
    LearnPane #text { height: auto; width: 1fr; }
    LearnPane.-wide #text { height: 1fr; width: 48%; margin: 0 2 0 0; }
    LearnPane #views { height: 1fr; width: 1fr; }
    LearnPane LessonHead, LearnPane LessonNow { height: 1; }
    LearnPane LessonText { height: 9; }
    LearnPane.-wide LessonText { height: 1fr; }
    LearnPane ViewFrame { height: 1fr; }
    """

    def __init__(self, source: ViewSource, *, id: str) -> None:
        super().__init__(source, id=id)
        self.classroom: Classroom | None = None
        """None until the lessons are read."""
        self.listing: Listing | None = None
        self.current_view = ""
        self._arrangement: tuple[object, ...] = ()
        self._entering = False
        self._frames: list[ViewFrame] = []
        """The lesson's views, in order."""
        self._rows = {id: FieldRow(source, field_id=id) for id in FIELD_IDS}

    @property
    def _app(self) -> AdderApp:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        with Container(id="course"):
            yield ListHead(self.source)
            yield LessonList(self.source)
            yield ListFoot(self.source)
            yield self._rows["list-field"]
        with Container(id="lesson"):
            with Vertical(id="text"):
                yield LessonHead(self.source, self._page)
                yield LessonText(self.source, self._page)
                yield self._rows["lesson-field"]
                yield LessonNow(self.source, self._page)
            yield Vertical(id="views")

    def _page(self) -> Page | None:
        return self.classroom.page if self.classroom else None

    def _bench(self) -> Workbench | None:
        return self.classroom.workbench if self.classroom else None

    def _veiled(self) -> View:
        """The view, without what the network makes of sums while that would give a prediction's outcome away."""
        view, room = self.source(), self.classroom
        if view.snapshot is None or room is None or room.lesson is None:
            return view
        if room.step.kind in HANDS_ON and not room.by_hand:
            return view
        return dataclasses.replace(
            view, snapshot=dataclasses.replace(view.snapshot, trace=None, answers=(), collapsed=None)
        )

    # --- the course ------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.run_worker(self._open_course(), name="course")

    async def _open_course(self) -> None:
        """Read the lessons, and go to the lesson where one was."""
        settings = self._app.settings
        try:
            course, store = await asyncio.to_thread(_read, settings.data_dir, settings.course)
        except AdderError as error:
            self._app.say(str(error))
            return
        await self._app.seated.wait()
        own = OwnRun(settings.data_dir, self._app.seat_number)
        self.classroom = Classroom(course, store, own, self._app.player, self._app.show, self.changed)
        self.listing = Listing(course, store.progress)
        wanted = self._app.first_lesson
        lesson = course.by_id.get(wanted) if wanted else None
        if wanted == "first":
            lesson = course.lessons[0]
        elif wanted and lesson is None:
            self._app.say(f"There is no lesson {wanted!r} in this course.")
        current = store.progress.current
        at = next((i for i, one in enumerate(course.lessons) if one.id == current), 0)
        self.listing = dataclasses.replace(self.listing, at=at)
        if lesson is not None:
            await self.enter(lesson)
        self.changed()
        self.take_focus_if_shown()

    def changed(self) -> None:
        """Something to be drawn has changed."""
        if self.is_mounted:
            self._app.redraw()

    # --- the list --------------------------------------------------------------------------------

    def _list(self, listing: Listing) -> None:
        count = len(listing.shown)
        self.listing = dataclasses.replace(listing, at=max(0, min(listing.at, count - 1)))
        self.changed()

    @on(LessonList.Moved)
    def _moved(self, event: LessonList.Moved) -> None:
        if self.listing is not None:
            self._list(
                dataclasses.replace(self.listing, at=self.listing.at + event.by if event.to is None else event.to)
            )

    def narrow(self, wanted: Filter) -> None:
        """Show only lessons that are done, or only those that are open; again for all."""
        if self.listing is not None:
            self._list(
                dataclasses.replace(self.listing, filter="all" if self.listing.filter == wanted else wanted, at=0)
            )

    def clear(self) -> None:
        """Show all lessons again."""
        if self.listing is not None:
            self._list(dataclasses.replace(self.listing, filter="all", words=""))

    def find(self) -> None:
        """Type what a lesson is about."""
        self._row("list-field").open("find", "find", self.listing.words if self.listing else "")

    async def begin_afresh(self) -> None:
        """Forget what was done in the chosen lesson."""
        from adder_tui.lessons import progress

        chosen = self.listing.chosen if self.listing else None
        if chosen is not None and self.classroom is not None and self.listing is not None:
            kept = self.classroom.store.change(lambda tree: progress.forget(tree, chosen.id))
            self._list(dataclasses.replace(self.listing, progress=kept))
            self._app.say(f"{chosen.title} is as if never begun.")

    async def go_in(self) -> None:
        """Enter the chosen lesson."""
        if self.listing is not None and self.listing.chosen is not None:
            await self.enter(self.listing.chosen)

    # --- a lesson --------------------------------------------------------------------------------

    async def enter(self, lesson: Lesson) -> None:
        """Enter a lesson: its preset is loaded, its views are put up."""
        room = self.classroom
        if room is None or self._entering:
            return
        self._entering = True
        try:
            self._row("lesson-field").close()
            await self._put_up(lesson)
            await room.enter(lesson)
            write_place(self._app.settings.data_dir, "learn", lesson.id)
            self._warn()
        finally:
            self._entering = False
        self.changed()
        self._settle()

    def open_lesson(self, id: str | None) -> None:
        """Enter a lesson that the glossary leads to, unless one is in it already."""
        room = self.classroom
        if id is None or room is None or (room.lesson is not None and room.lesson.id == id):
            return
        self.run_worker(self.enter(room.course.by_id[id]), name="enter")

    def show_end(self) -> None:
        """Show the text's last rows, as where a hint has come."""
        self._arrange()
        self.query_one(LessonText).show_task()

    async def leave(self) -> None:
        """Back to the list; the learner's own run is given back."""
        room = self.classroom
        if room is None or room.lesson is None or self._entering:
            return
        left = room.lesson
        self._row("lesson-field").close()
        try:
            await room.leave()
        finally:
            write_place(self._app.settings.data_dir, "learn", "")
            if self.listing is not None:
                at = next((i for i, one in enumerate(self.listing.shown) if one.id == left.id), self.listing.at)
                self._list(dataclasses.replace(self.listing, progress=room.store.progress, at=at))
            self._warn()
            self.take_focus_if_shown()

    def _warn(self) -> None:
        room = self.classroom
        if room is not None and room.store.warning:
            self._app.say(room.store.warning)

    async def _put_up(self, lesson: Lesson) -> None:
        views = self.query_one("#views")
        self._frames = []
        await views.remove_children()
        names = [*lesson.views, *(["settings"] if lesson.controls and "settings" not in lesson.views else [])]
        self._frames = [ViewFrame(self.source, name, self._canvas(name)) for name in names]
        await views.mount(*self._frames)
        self.current_view = names[0]
        self._arrangement = ()

    def _canvas(self, name: str) -> Canvas:
        # Each is imported when a lesson needs it.
        if name in OWN_VIEWS or name in SHEETS:
            return OwnView(self._veiled, self._bench, name)
        if name == "network":
            from adder_tui.widgets.diagram import NetworkDiagram

            return NetworkDiagram(self._veiled, self._app.select)
        if name == "trace":
            from adder_tui.widgets.lesson_trace import LessonTrace

            return LessonTrace(self._veiled)
        if name == "inspect":
            from adder_tui.widgets.tensors import TensorTable

            return TensorTable(self.source, self._app.select)
        from adder_tui.widgets.training import LossChart, WatchedSums

        if name == "chart":
            return LossChart(self._veiled, lambda: None, self._go_to_epoch)
        return WatchedSums(self._veiled)

    def _go_to_epoch(self, epoch: int) -> None:
        self.run_worker(self._app.attempt(self._seek(epoch)), name="go there")

    async def _seek(self, epoch: int) -> None:
        self._app.show(await (await self._app.player.ready()).seek_epoch(epoch))

    @property
    def words(self) -> frozenset[str]:
        """What one can do now, for the table of commands."""
        room = self.classroom
        if room is None or room.lesson is None or not room.steps:
            return frozenset({"list", "field"} if self._field_focused() else {"list", "ask"})
        if room.asking:
            return frozenset({"lesson", "asking"} | self._told(room))
        if self._field_focused():
            return frozenset({"lesson", "field"} | self._told(room))
        choices = {f"choice_{letter}" for letter in LETTERS[: room.choice_count]}
        if room.review is not None:
            return frozenset({"lesson", "page", "goes" if room.review.right else "stays"} | choices)
        words = words_for(room.lesson, room.step) | choices
        if not room.has_run:
            words -= {"run", "seed", "edit", "diagram"}
        words |= self._told(room)
        if room.stations() and "handson" in words:
            words |= {"stations"}
        frame = self._focused_frame()
        if not any(one.view_name == "network" and one.display for one in self._frames):
            words -= {"diagram"}
        if frame is None or frame.view_name not in ("network", "inspect"):
            words -= {"hands"}
        if frame is not None and frame.view_name in SHEETS:
            words |= {"bench"}
        elif frame is not None and frame.view_name == "settings" and room.lesson.controls:
            words |= {"setting"}
        elif "hands" not in words:
            words |= {"page", "goes" if room.picked or room.may_go_on() else "stays"}
        return words

    @staticmethod
    def _told(room: Classroom) -> set[str]:
        """What the shell's own lines may tell by now: how the run stands, and the network's answer."""
        if room.step.kind not in HANDS_ON:
            return set()
        asked = room.step.kind != "do" or room.has_asked
        return {"stands", "answers"} if asked else {"stands"}

    def _field_focused(self) -> bool:
        return self._app.focused is not None and self._app.focused.id in FIELD_IDS

    def _focused_frame(self) -> ViewFrame | None:
        return next((frame for frame in self._frames if frame.has_keys), None)

    # --- what the app tells ----------------------------------------------------------------------

    def saw(self, snapshot: Snapshot) -> None:
        """A new snapshot."""
        if self.classroom is not None and self.classroom.saw(snapshot):
            self._look()

    def heard(self, answer: Answer) -> None:
        """A sum was asked."""
        if self.classroom is not None:
            self.classroom.heard(answer)
            self._look()

    def _look(self) -> None:
        assert self.classroom is not None
        self.run_worker(self.classroom.look(), name="look")
        self._fill()

    # --- drawing ---------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self._arrange()

    def redraw(self) -> None:
        self._arrange()
        for canvas in (self.query_one(ListHead), self.query_one(LessonList), self.query_one(ListFoot)):
            canvas.listing = self.listing
        self._settle_field()
        super().redraw()

    def _arrange(self) -> None:
        """Share the room between text and views; styles are set only where something has changed."""
        room = self.classroom
        lesson = room.lesson if room and room.page is not None else None
        wide = self.size.width >= WIDE
        alone = room is None or lesson is None or room.step.kind in ("predict", "quiz") or room.review is not None
        rows = 0
        if lesson is not None and room is not None and not wide:
            text = self.query_one(LessonText)
            wanted = text.rows_wanted(self.size.width)
            fixed = 2 + (1 if self._row("lesson-field").display else 0)
            most = self.size.height - fixed - 1 - LEAST_VIEW_ROWS
            most = min(most, TEXT_ROWS.get(room.step.kind, most))
            if self._focused_frame() is not None:
                most = min(most, LOOKING_ROWS)
            rows = max(3, min(wanted, most))
            if alone:
                rows = self.size.height - fixed
        frames = self._frames
        shown = self._shown_frames(frames, wide)
        arrangement = (lesson.id if lesson else "", wide, alone, rows, tuple(f.view_name for f in shown))
        if arrangement == self._arrangement:
            return
        self._arrangement = arrangement
        self.set_class(wide, "-wide")
        self.query_one("#course").display = lesson is None
        self.query_one("#lesson").display = lesson is not None
        self.query_one("#views").display = not alone
        if rows:
            self.query_one(LessonText).styles.height = rows
        else:
            self.query_one(LessonText).styles.height = "1fr"
        names = tuple(frame.view_name for frame in frames)
        for frame in frames:
            frame.display = frame in shown
            frame.names = (
                (frame.view_name,) if len(shown) == len(frames) else names if len(shown) == 1 else (frame.view_name,)
            )
            small = self._rows_for(frame.view_name)
            frame.styles.height = (
                small if small and len(shown) > 1 and any(not self._rows_for(f.view_name) for f in shown) else "1fr"
            )
        self.call_after_refresh(super().redraw)

    def _rows_for(self, view: str) -> int:
        """Rows, title included, that a small view takes where several are shown; 0 for those that take what is left."""
        lesson = self.classroom.lesson if self.classroom else None
        if view == "settings" and lesson is not None:
            stations = len(lesson.stations) + 3 if lesson.stations else 0
            return 2 + len(lesson.controls) + stations
        return SMALL_VIEWS.get(view, 0)

    def _shown_frames(self, frames: list[ViewFrame], wide: bool) -> list[ViewFrame]:
        if not frames:
            return []
        at = next((i for i, frame in enumerate(frames) if frame.view_name == self.current_view), 0)
        if not wide:
            return [frames[at]]
        shown: list[ViewFrame] = []
        left = self.size.height
        for i in [*range(at, len(frames)), *range(at - 1, -1, -1)]:
            takes = self._rows_for(frames[i].view_name) or LARGE_VIEW
            if shown and takes > left:
                continue
            shown.append(frames[i])
            left -= takes
        return [frame for frame in frames if frame in shown]

    # --- focus and the line to type into ---------------------------------------------------------

    def take_focus(self) -> None:
        """The keys go to the list, or to the lesson's text."""
        room = self.classroom
        target = self.query_one(LessonList) if room is None or room.lesson is None else self.query_one(LessonText)
        target.focus(scroll_visible=False)

    def take_focus_if_shown(self) -> None:
        """The same while this tab is in front and nobody types."""
        if self.display and not self._app.typing():
            self.call_after_refresh(self.take_focus)

    def _settle(self) -> None:
        """After a step has changed: the field, or the text, has the keys."""
        self._settle_field(focus=True)
        room = self.classroom
        if room is not None and not room.field:
            self.take_focus_if_shown()

    def _settle_field(self, focus: bool = False) -> None:
        """Show the line to type into while the step wants something typed."""
        room, row = self.classroom, self._row("lesson-field")
        wanted = room.field if room is not None and room.lesson is not None and not room.showing else ""
        if row.purpose not in ("", "field"):
            return
        if not wanted:
            row.close()
        elif row.label != (label := self._field_label(wanted)) or not row.purpose or focus:
            typing_a_sum = self._app.focused is not None and self._app.focused.id == "sum"
            if self.display and not typing_a_sum:
                row.open("field", label)

    def _field_label(self, id: str) -> str:
        lesson = self.classroom.lesson if self.classroom else None
        one = lesson.field_named(id) if lesson else None
        return one.ask if one is not None else "your guess"

    def _row(self, id: str) -> FieldRow:
        return self._rows[id]

    @on(FieldRow.Typed)
    def _typed(self, event: FieldRow.Typed) -> None:
        event.stop()
        room, row = self.classroom, event.row
        if row.purpose == "find" and self.listing is not None:
            self._list(dataclasses.replace(self.listing, words=event.text.strip(), at=0))
            if event.done:
                row.close()
                self.take_focus_if_shown()
        elif room is None:
            return
        elif row.purpose == "field":
            if not event.done:
                room.type(event.text)
                return
            was = room.step
            if room.submit(event.text):
                row.field.value = ""
            else:
                row.field.select_all()
            if room.lesson is not None and room.step != was:
                self._settle()
            self._look()
        elif event.done:
            purpose = row.purpose
            self.run_worker(self._do_typed(purpose, event.text.strip()), name="typed")

    async def _do_typed(self, purpose: str, text: str) -> None:
        room, row = self.classroom, self._row("lesson-field")
        assert room is not None
        try:
            if purpose == "shapes":
                await room.use_shapes(text)
            elif purpose == "setting":
                await room.set_control(row.label, text)
        except AdderError as error:
            self._app.say(str(error))
            return
        if purpose == "setting":
            row.close()
            self._focus_view("settings")
        else:
            row.field.value = ""

    @on(FieldRow.Left)
    def _left(self, event: FieldRow.Left) -> None:
        event.stop()
        if event.row.purpose == "field":
            self.take_focus()
            return
        event.row.close()
        self.take_focus()

    # --- keys ------------------------------------------------------------------------------------

    async def go_on(self) -> None:
        """Enter: lock in, go on, or into the next lesson."""
        room = self.classroom
        if room is None or room.lesson is None or room.showing:
            return
        if room.review is not None:
            await self._after_review()
            return
        if room.step.kind == "predict" and room.lock_in():
            self._settle()
            return
        if room.go(1):
            self._settle()
            self._look()
        elif not room.may_go_on():
            if room.field:
                self._settle_field(focus=True)
            elif room.step.kind == "do":
                self._app.say("The task is still open; i gives a hint.")
        else:
            await self._after_lesson()

    async def _after_lesson(self) -> None:
        room = self.classroom
        assert room is not None
        assert room.lesson is not None
        if room.review_due(room.lesson) and room.begin_review():
            self.changed()
            self.take_focus_if_shown()
            return
        await self._next_lesson()

    async def _after_review(self) -> None:
        room = self.classroom
        assert room is not None
        if room.next_question():
            self.changed()
        elif room.review is None:
            await self._next_lesson()

    async def _next_lesson(self) -> None:
        room = self.classroom
        assert room is not None
        assert room.lesson is not None
        after = room.course.after(room.lesson.id)
        if after is not None:
            await self.enter(after)
        else:
            await self.leave()

    def go_back(self) -> None:
        """To the step before."""
        room = self.classroom
        if room is None or room.lesson is None or room.showing:
            return
        if room.review is not None:
            room.review = None
            self.changed()
        elif room.go(-1):
            self._settle()

    def next_view(self, change: int) -> None:
        """From the text to the first view, from view to view, and back to the text."""
        frames = self._frames
        if not frames or not self.query_one("#views").display:
            return
        names = [frame.view_name for frame in frames]
        frame = self._focused_frame()
        at = -1 if frame is None else names.index(frame.view_name)
        at = (at + 1 + change) % (len(names) + 1) - 1
        if at < 0:
            self.take_focus()
        else:
            self._focus_view(names[at])

    def _focus_view(self, name: str) -> None:
        frame = next((frame for frame in self._frames if frame.view_name == name), None)
        if frame is None:
            return
        self.current_view = name
        self._arrange()
        frame.take_keys()
        if self.classroom is not None and self.classroom.opened(name):
            self._look()
        self._fill()

    def _fill(self) -> None:
        """Have the shown view's figures worked out."""
        room = self.classroom
        if room is None or room.lesson is None or not self.query_one("#views").display:
            return
        for frame in self._frames:
            if frame.display and frame.view_name in SHEETS and room.was_opened(frame.view_name):
                self.run_worker(self._app.attempt(room.fill(frame.view_name)), name="fill", group=frame.view_name)

    def switch_trace(self) -> None:
        """The trace, or the diagram again."""
        showing = self.current_view == "trace"
        names = [frame.view_name for frame in self._frames]
        others = [name for name in names if name != "trace"]
        self._focus_view("network" if showing and "network" in names else others[0] if showing and others else "trace")

    def open_settings(self) -> None:
        """The lesson's controls."""
        self._focus_view("settings")

    async def use(self) -> None:
        """Enter on a view: work a figure out, or change a control."""
        room, frame = self.classroom, self._focused_frame()
        if room is None or frame is None:
            return
        name = frame.view_name
        if name == "settings" and (key := room.control()):
            value = self._app.experiment[key]
            from adder_tui.render.glyphs import ASCII
            from adder_tui.render.lesson_views import value_text

            self._row("lesson-field").open("setting", key, value_text(value, ASCII).replace(",", ""))
        elif name in SHEETS and SHEETS[name].typed and not self._calls(name):
            self._row("lesson-field").open("shapes", "two shapes, such as 1x2 @ 2x4")
        elif name in SHEETS:
            await room.use(name)

    def type_shapes(self) -> None:
        """Type two shapes of one's own."""
        self._row("lesson-field").open("shapes", "two shapes, such as 1x2 @ 2x4")

    def _calls(self, name: str) -> bool:
        bench = self.classroom.workbench if self.classroom else None
        return bool(bench and bench.calls.get(name))

    @on(OwnView.Key)
    def _view_key(self, event: OwnView.Key) -> None:
        event.stop()
        room = self.classroom
        if room is None:
            return
        if event.what == "move":
            room.move(event.name, event.change)
        elif event.name == "board":
            room.sort(event.change)
            self._look()
        elif event.name == "settings":
            self.run_worker(self._turn(event.change), name="turn")

    async def _turn(self, change: int) -> None:
        """Choose the next word of a control that has words."""
        from adder_engine.experiment import key_named

        room = self.classroom
        key = room.control() if room is not None else ""
        if room is None or not key:
            return
        words = getattr(key_named(key), "choices", ()) or ()
        if not words:
            return
        value = str(self._app.experiment[key])
        at = (words.index(value) + change) % len(words) if value in words else 0
        try:
            await room.set_control(key, words[at])
        except AdderError as error:
            self._app.say(str(error))


def _read(data_dir: Path, course_folder: Path | None) -> tuple[Course, Store]:
    """The course and the progress in it, read off the screen's time."""
    from adder_tui.lessons.course import OWN_COURSE, read_course
    from adder_tui.lessons.store import Store, progress_file

    course: Course = read_course(course_folder or OWN_COURSE)
    return course, Store(data_dir, progress_file(course_folder))
