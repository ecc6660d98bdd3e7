"""The Learn tab: the list of lessons, or one of them beside the live network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.widget import Widget

from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_tui.course.action_runner import FIRST_SUM
from adder_tui.course.availability import words_now, words_on_list
from adder_tui.course.class_file import assigned_ids
from adder_tui.course.lesson import Lesson
from adder_tui.course.lesson_controller import LessonController
from adder_tui.course.state import PRACTICE
from adder_tui.learn.lesson_tab import LessonView
from adder_tui.learn.list import CourseList, Listing
from adder_tui.storage.data_dir import write_place
from adder_tui.storage.run_files import LessonRuns, OwnRun, lesson_runs
from adder_tui.ui.canvas import Pane

if TYPE_CHECKING:
    from adder_engine.parsing import Sum
    from adder_engine.snapshot import Answer, Snapshot
    from adder_tui.commands import Command, Contexts
    from adder_tui.course.course import Course
    from adder_tui.services import Services
    from adder_tui.settings import Settings
    from adder_tui.storage.progress_store import Drop, Store

FIELD_IDS = ("lesson-field", "list-field")


STILL_OPEN = tr("The task is still open; i gives a hint.")


class LearnPane(Pane):
    """The list, or a lesson; one of the two is shown."""

    DEFAULT_CSS = """
    LearnPane { layout: vertical; }
    """

    def __init__(self, services: Services, *, id: str) -> None:
        super().__init__(services.view, id=id)
        self._services = services
        self._room = LessonController(services.controller, services.show, self.changed)
        self._drop: Drop | None = None
        """A class's folder, into which progress exports itself."""
        self._warned = ""
        """What was said last of the progress that cannot be kept."""
        self.list = CourseList(services.view, self.changed, id="course")
        self.lesson_view = LessonView(services, self._room, self.settle, id="lesson")
        self._entering = self._playing = False
        self.held.waiting = True
        """Until the lesson, or the list, is there."""
        self._sure_of = ""
        """The id of the lesson that is to be forgotten, once that is asked for again."""

    @property
    def actors(self) -> Sequence[object]:
        room, views = self._room, self.lesson_view.views.parts
        return self, self.list, self.lesson_view, *views, room.answers, room.help, room.controls

    @property
    def lesson_controller(self) -> LessonController | None:
        """None until the lessons are read."""
        return self._room if self.list.listing is not None else None

    def compose(self) -> ComposeResult:
        yield self.list
        yield self.lesson_view

    # --- the course ------------------------------------------------------------------------------

    def on_mount(self) -> None:
        self.run_worker(self._open_course(), name="course")

    def _press_early(self) -> None:
        if self.held.waiting and not self.held.released:
            if self.display and not self._services.typing():
                self.take_focus()
            self.held.release(self.app)

    async def _open_course(self) -> None:
        try:
            await self._begin()
        finally:
            self._press_early()

    async def _begin(self) -> None:
        """Read the lessons, and go to the lesson where one was."""
        settings = self._services.settings
        try:
            course, store, self._drop = await asyncio.to_thread(_read, settings)
        except AdderError as error:
            self._services.say(str(error))
            return
        await self._services.lock_taken.wait()
        lock = self._services.instance_lock
        own = OwnRun(settings.data_dir, lock.number if lock is not None else 1)
        self._room.begin(course, store, own, LessonRuns(lesson_runs(settings.data_dir, store.path.name)))
        today, missing = assigned_ids(course, settings.assigned)
        broken = (tr("{fault} The course goes on without it.", fault=one.fault) for one in course.broken[:1])
        for sentence in (missing, *broken):
            if sentence:
                self._services.say(sentence)
        self.list.begin(listing := Listing(course, store.progress, today=today))
        wanted = self._services.first_lesson
        lesson = course.by_id.get(wanted) if wanted else None
        if wanted == "first":
            lesson = listing.begins_with
        elif wanted and lesson is None:
            self._services.say(tr("There is no lesson {wanted!r} in this course.", wanted=wanted))
        if lesson is not None:
            await self.enter(lesson)
        self.changed()
        self.take_focus_if_shown()

    def changed(self) -> None:
        self._sure_of = ""
        if self.is_mounted:
            self._services.redraw()

    def key_came(self, key: str) -> None:
        """A key is pressed, whatever it does: any but Z keeps the lesson that was to be forgotten.

        The one that leads to the prompt says why it does not where no sum can be asked. An Escape right behind what
        gave the keys back by itself is told from a later one.
        """
        if key != "escape" or self._services.typing():
            self.lesson_view.just_back = False
        here = self.display and self.app.screen is self.screen and not self._services.typing()
        if key == "slash" and here and not self.asks:
            self._services.say(
                tr("This page has no network to ask: / asks it where it stands beside the text, or on another tab.")
            )
        if key != "Z" and self._sure_of:
            self._sure_of = ""
            self._services.say("")

    async def action_afresh(self) -> None:
        """Forget what was done in the chosen lesson: asked for twice, with no other key in between."""
        chosen = self.list.chosen
        if chosen is None:
            return
        if self._sure_of != chosen.id:
            self._sure_of = chosen.id
            sure = tr("Z once more forgets all that was done in {title}; any other key keeps it.", title=chosen.title)
            self._services.say(sure)
            return
        self._sure_of = ""
        self._room.runs.forget(chosen.id)
        self.list.begin_afresh(self._room.store)
        self._services.say(tr("{title} is as if never begun.", title=chosen.title))

    # --- entering and leaving --------------------------------------------------------------------

    async def action_go_in(self) -> None:
        if self.list.chosen is not None:
            await self.enter(self.list.chosen)

    async def enter(self, lesson: Lesson) -> None:
        """Enter a lesson: its preset is loaded, its views are put up."""
        if self._entering:
            return
        self._entering = True
        try:
            await self.lesson_view.put_up(lesson)
            write_place(self._services.settings.data_dir, "learn", lesson.id)
            await self._room.enter(lesson)
            snapshot = self._services.view().snapshot
            self._services.prompt.begin(FIRST_SUM if snapshot is None else snapshot.asked.sum)
            self._warn()
        finally:
            self._entering = False
        self.changed()
        self.settle()
        self.lesson_view.look()  # what was typed while the engine was loading

    def open_lesson(self, id: str | None) -> None:
        """Enter a lesson that the glossary leads to, unless one is in it already."""
        if id is not None and (self._room.lesson is None or self._room.lesson.id != id):
            self.run_worker(self.enter(self._room.course.by_id[id]), name="enter")

    async def action_leave(self) -> None:
        """Back to the list; the learner's own run is given back."""
        left = self._room.lesson
        if left is None:
            return
        if self.lesson_view.just_back and self.source().tab == "learn":
            self.lesson_view.just_back = False
            return
        before = self.screen.focused
        self.lesson_view.row.close()
        write_place(self._services.settings.data_dir, "learn", "")
        self.list.come_back(left, self._room.store.progress)  # at once: a key that comes right behind is meant for it
        try:
            await self._room.leave()
        finally:
            self.list.come_back(self.list.chosen, self._room.store.progress)
            self._warn()
            if self.display:  # also where the prompt was given the keys just before, for a sum that the lesson wanted
                self.call_after_refresh(self._take_focus_from, before)

    def _take_focus_from(self, before: Widget | None) -> None:
        """Take the keys, unless the prompt was given them by a key since."""
        if self.screen.focused is before or not self._services.typing():
            self.take_focus()

    def came_to_front(self) -> None:
        """From another tab: the lesson's network is brought back where another one has taken its place."""
        self.lesson_view.hand_over_anew()
        self._services.start(self._call_back(), "call back")

    async def _call_back(self) -> None:
        if await self._room.call_back():
            self._services.say(tr("The lesson's own network is back. Yours is kept: l lists it on the other tabs."))

    def _warn(self) -> None:
        """Say what is wrong with keeping the progress, once."""
        warning = self._room.store.warning
        if not warning and self._drop is not None:
            warning = self._drop.warning
        lock = self._services.instance_lock
        if lock is not None and lock.warning:  # which says it of all that would be kept
            return
        if warning and warning != self._warned:
            self._services.say(warning)
        self._warned = warning

    # --- from step to step -----------------------------------------------------------------------

    def action_go_on(self, laid_out: bool = False) -> Awaitable[None] | None:
        """Enter: lock in, go on, or into the next lesson; only that has to be waited for.

        All else is done at once, for keys that come right behind are meant for the step that begins.

        Args:
            laid_out: whether the page was waited for; until it has its rows nobody knows whether text is left.
        """
        room, state = self._room, self._room.lesson_state
        if state is None or state.showing:
            return None
        if not laid_out and not self.lesson_view.laid_out:
            self.call_after_refresh(self._go_on_laid_out)
            return None
        self.lesson_view.text.note_rest(state)
        if state.reads_on:
            self.lesson_view.text.action_page(1)
        elif state.review is not None:
            if not room.answers.next_question() and state.review is None:
                return self._next_lesson(state.lesson)
        elif state.step.kind == "predict" and room.answers.lock_in():
            self.settle()
        elif room.go(1):
            self.settle()
            self.lesson_view.look()
        elif not state.may_go_on:
            if state.blank:
                self.lesson_view.settle_field(insist=True)
            elif state.step.kind == "do":
                self._services.say(STILL_OPEN)
        elif state.review_due and room.answers.begin_review():
            self.take_focus_if_shown()
        else:
            return self._next_lesson(state.lesson)
        return None

    def _go_on_laid_out(self) -> None:
        if (next_lesson := self.action_go_on(laid_out=True)) is not None:
            self._services.start(next_lesson, "go on")

    async def _next_lesson(self, lesson: Lesson) -> None:
        after = self._room.course.after(lesson.id)
        await (self.action_leave() if after is None else self.enter(after))

    def action_go_back(self) -> None:
        state = self._room.lesson_state
        if state is None or state.showing:
            return
        if state.review is not None:
            self._room.answers.end_review()
        elif self._room.go(-1):
            self.settle()

    def action_hint(self) -> None:
        self._room.help.hint()
        self.lesson_view.share_room()
        self.lesson_view.text.show_task()

    def action_yes(self) -> Awaitable[None]:
        """Show me."""
        self.take_focus()
        return self._room.help.show_me()

    def action_glossary(self) -> None:
        """The glossary; in a lesson its own words come first."""
        from adder_tui.learn.glossary import GlossaryScreen

        if self.list.listing is not None:
            lesson = self._room.lesson
            terms = (*self.lesson_view.text.terms, *lesson.terms) if lesson is not None else ()
            self.app.push_screen(GlossaryScreen(self.source, self._room.course, terms), self.open_lesson)

    # --- what the app asks and tells -------------------------------------------------------------

    @property
    def words(self) -> Contexts:
        """What one can do now, for the table of commands."""
        focused = self.app.focused
        typing = focused is not None and focused.id in FIELD_IDS
        state = self.lesson_view.page()
        return words_on_list(typing) if state is None else words_now(state, typing, self.lesson_view.views.on_screen)

    @property
    def unmet(self) -> frozenset[str]:
        """Terms that the lesson that is open has not come to; none on the list."""
        return frozenset() if self._room.lesson is None else self._room.course.unmet(self._room.lesson.id)

    @property
    def asks(self) -> bool:
        """Whether a sum can be asked: at each step of a lesson that has the network beside it, and on the list."""
        state = self._room.lesson_state
        return state is None or (state.review is None and state.step.kind in PRACTICE)

    def keeps_back(self, command: Command) -> bool:
        """Whether a command that needs the lesson's run has to wait for it: the engine is still loading."""
        state = self._room.lesson_state
        needs = (command.lesson or frozenset()) | (command.contexts & {"numbers"})
        return state is not None and not state.has_run and not needs.isdisjoint({"run", "seed", "edit", "numbers"})

    def saw(self, snapshot: Snapshot) -> None:
        playing, self._playing = self._playing, snapshot.status == "playing"
        if self._playing and not playing and self.display:
            self.lesson_view.training_begins()
        if self._room.saw(snapshot):
            self.lesson_view.look()
            state = self._room.lesson_state
            if state is not None and state.may_go_on and self._services.view().notice == STILL_OPEN:
                self._services.say("")

    async def heard(self, answer: Answer) -> None:
        """A sum was asked; until it is seen what that does, and who has the keys then."""
        self._room.heard(answer)
        self.lesson_view.look()
        self.changed()
        await self._room.looked()

    def has_enough_of(self, sum: Sum) -> bool:
        """Whether a sum that stands in the prompt was asked just now, and the step's tasks are done by it.

        Enter, which is said to go on, then does so also where the prompt still has the keys.
        """
        state = self._room.lesson_state
        snapshot = state.attempt.activity.snapshot if state is not None else None
        if state is None or snapshot is None or state.review is not None or state.step.kind != "do":
            return False
        run, now = state.activity.run, snapshot.asked.predicted
        last = run.asked[-1] if run is not None and run.asked else None
        return state.may_go_on and last is not None and (last.sum.a, last.sum.b, last.predicted) == (sum.a, sum.b, now)

    # --- drawing and focus -----------------------------------------------------------------------

    def redraw(self) -> None:
        inside = self._room.lesson_state is not None
        if self.lesson_view.display != inside:
            self.list.display, self.lesson_view.display = not inside, inside
        self.lesson_view.share_room()
        self.lesson_view.settle_field()
        self.lesson_view.hand_over()
        self.lesson_view.views.feed()
        super().redraw()
        if inside:
            self._press_early()

    def take_focus(self) -> None:
        """The keys go to the list, or to the lesson's text."""
        inside = self._room.lesson_state is not None
        (self.lesson_view if inside else self.list).take_focus()

    def take_focus_if_shown(self) -> None:
        """The same while this tab is in front and nobody types."""
        if self.display and not self._services.typing():
            self.call_after_refresh(self._take_focus_from, self.screen.focused)

    def settle(self) -> None:
        """After a step has changed: the field, or the text, has the keys."""
        state = self._room.lesson_state
        self.lesson_view.settle_field(focus=True)
        if state is not None and not state.types_now and self.display and not self._services.typing():
            self.take_focus()  # at once: a key that comes right behind is meant for what the step begins with
            self.lesson_view.hand_over_anew()


def _read(settings: Settings) -> tuple[Course, Store, Drop | None]:
    """The course, the progress in it, and a class's drop folder; read off the screen's time."""
    from adder_tui.course.course import OWN_COURSE, mark_of, read_course, read_progress

    course: Course = read_course(settings.course or OWN_COURSE)
    return course, *read_progress(settings.data_dir, mark_of(settings.course), settings.drop)
