"""The list of lessons: chapters, each lesson's state, how far one is, and the line to find one by."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from adder_engine.language import tr
from adder_tui.course.class_file import today_words
from adder_tui.course.lesson import Lesson
from adder_tui.storage import progress
from adder_tui.storage.progress import STATE_NAMES
from adder_tui.storage.progress_store import Store
from adder_tui.ui.canvas import Canvas, Drawing, ViewSource, hidden
from adder_tui.ui.fields import FieldRow
from adder_tui.ui.line import Line, Role
from adder_tui.ui.list_view import list_lines, scrolled, step
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.course.course import Course
    from adder_tui.storage.progress import Progress, State


Filter = Literal["all", "done", "open"]
BAR = 24
STATE_WIDTH = 15
STATE_MARKS = {"solved": "✓", "assisted": "½", "started": "·"}
PAGE = 8
"""Lessons that PgUp and PgDn move by."""


@dataclass(frozen=True)
class Listing:
    """What the list is drawn from."""

    course: Course
    progress: Progress
    at: int = 0
    """The chosen one among :attr:`shown`."""
    filter: Filter = "all"
    words: str = ""
    """What is searched for."""
    today: tuple[str, ...] = ()
    """Ids of the lessons that a class has assigned."""

    @property
    def shown(self) -> tuple[Lesson, ...]:
        """Lessons that the filter and the search leave, in order."""
        found, wanted = self.course.lessons, self.words.casefold().split()
        if self.filter != "all":
            found = tuple(one for one in found if self.progress.lesson(one.id).done == (self.filter == "done"))
        return tuple(one for one in found if all(word in _searched(one) for word in wanted))

    @property
    def begins_with(self) -> Lesson:
        """Where one begins: today's first lesson that is not done, or the first of all."""
        left = (self.course.by_id[id] for id in self.today if not self.progress.lesson(id).done)
        return next(left, self.course.lessons[0])

    @property
    def chosen(self) -> Lesson | None:
        return self.shown[min(self.at, len(self.shown) - 1)] if self.shown else None


def _searched(lesson: Lesson) -> str:
    return " ".join([str(lesson.order), lesson.id, lesson.title, lesson.goal, *lesson.terms]).casefold()


def state_mark(state: State, current: bool, glyphs: Glyphs) -> tuple[str, Role]:
    """One character for a lesson's state: where one is, done, done with help, open."""
    if current:
        return glyphs.current, "accent"
    marks = {"solved": "x", "assisted": "h", "started": "-"} if glyphs.ascii else STATE_MARKS
    return marks.get(state, " "), "accent" if state in ("solved", "assisted") else "dim"


def list_head(listing: Listing, width: int, glyphs: Glyphs) -> list[Line]:
    """The course's title, a bar of how far one is, and what the list is narrowed to."""
    lessons, progress = listing.course.lessons, listing.progress
    done = sum(progress.lesson(one.id).done for one in lessons)
    full = BAR * done // max(1, len(lessons))
    bar = Line.of((glyphs.bar * full, "accent"), (glyphs.bar_rest * (BAR - full), "faint"),
                  tr(" {done} of {lessons} done ", done=done, lessons=len(lessons)))  # fmt: skip
    title = Line.of((" " + glyphs.text(listing.course.title), "strong"))
    narrowed = Line.of(" ", _narrowed(listing, glyphs))
    if title.width + bar.width + 2 > width:
        return [title.fit(width, glyphs.ellipsis), Line.of(" ", bar).with_right(narrowed, width), Line().fit(width)]
    return [title.with_right(bar, width), narrowed.fit(width)]


def _narrowed(listing: Listing, glyphs: Glyphs) -> Line:
    parts = {"all": [], "done": [tr("only done ones")], "open": [tr("only open ones")]}[listing.filter]
    if listing.words:
        parts.append(tr("with “{words}”", words=listing.words))
    if not parts:
        today = today_words(listing.course, listing.today)
        return Line.of((tr("Today: "), "dim"), (today, "accent")) if today else Line()
    return Line.of((glyphs.text(", ".join(parts)), "accent"), ("; ", "dim"), ("x", "key"), (tr(" shows all"), "dim"))


def list_rows(listing: Listing, width: int, glyphs: Glyphs) -> tuple[list[Line], list[int | None]]:
    """The lessons by chapters; and for each row which of the shown lessons it is."""
    shown, rows = listing.shown, list[tuple[Line, int | None]]()
    if not shown:
        words = tr("No lesson is left open.") if listing.filter == "open" else tr("No lesson is there that fits.")
        rows.append((Line.of((" " + words, "dim")), None))
    for chapter in listing.course.chapters:
        mine = [(i, lesson) for i, lesson in enumerate(shown) if lesson.chapter == chapter.id]
        if mine:
            rows.append((Line.of((" " + glyphs.text(chapter.title), "accent")), None))
        rows += [(_lesson_line(listing, lesson, width, glyphs), i) for i, lesson in mine]
    if shown and listing.course.broken and len(shown) == len(listing.course.lessons):
        rows.append((Line.of((tr(" Cannot be opened; adder-tui lessons check tells all of it"), "minus")), None))
        rows += [(Line.of((glyphs.text(f"   ! {one.fault}"), "dim")), None) for one in listing.course.broken]
    return [line.fit(width, glyphs.ellipsis) for line, _ in rows], [owner for _, owner in rows]


def _lesson_line(listing: Listing, lesson: Lesson, width: int, glyphs: Glyphs) -> Line:
    kept = listing.progress.lesson(lesson.id)
    mark, role = state_mark(kept.state, listing.progress.current == lesson.id, glyphs)
    today = lesson.id in listing.today and not kept.done
    states = [tr("today")] if today else []
    states += [STATE_NAMES[kept.state]] if kept.state != "open" else []
    right = Line.of((f"{', '.join(states):<{STATE_WIDTH}}", "accent" if today else "dim"),
                    (tr("{minutes:>4} min ", minutes=lesson.minutes), "dim"))  # fmt: skip
    line = Line.of("  ", (mark, role), f"{lesson.order:>3}  {glyphs.text(lesson.title)}")
    return line.with_right(right, width, glyphs.ellipsis)


def list_foot(listing: Listing, width: int, glyphs: Glyphs) -> list[Line]:
    """What the chosen lesson is for."""
    chosen = listing.chosen
    if chosen is None:
        return [Line().fit(width)]
    return [Line.of((" " + glyphs.text(chosen.goal), "text")).fit(width, glyphs.ellipsis)]


def top_row(owners: Sequence[int | None], at: int, top: int, height: int) -> int:
    """The first row in sight: the chosen lesson is, with its chapter's name above it and what stands below the last."""
    if at not in owners:
        return 0
    row = owners.index(at)
    first = row - 1 if row and owners[row - 1] is None else row
    last = len(owners) - 1 if all(owner is None for owner in owners[row + 1 :]) else row
    return scrolled(first, last, top, height, len(owners))


class LessonList(Canvas, can_focus=True):
    """The lessons by chapters; Up and Down choose.

    Args:
        source: gives the view.
        listing: gives what is listed; None until the lessons are read.
        choose: takes the number of the lesson that is to be the chosen one.
    """

    BINDINGS: ClassVar[list[BindingType]] = hidden(
        **{key: f"move('{key}')" for key in ("up", "down", "pageup", "pagedown", "home", "end")}
    )
    _top = 0
    _owners: Sequence[int | None] = ()

    def __init__(
        self, source: ViewSource, listing: Callable[[], Listing | None], choose: Callable[[int], None]
    ) -> None:
        super().__init__(source)
        self._listing, self._choose = listing, choose

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        listing = self._listing()
        if listing is None:
            return []
        rows, self._owners = list_rows(listing, width, view.glyphs)
        at = min(listing.at, len(listing.shown) - 1)
        self._top = top_row(self._owners, at, self._top, height)
        row = self._owners.index(at) if at in self._owners else -1
        return list_lines(rows.__getitem__, len(rows), row, width, height, view.glyphs, top=self._top, marked=False)

    def action_move(self, key: str) -> None:
        if (listing := self._listing()) is not None:
            self._choose(listing.at + step(key, PAGE))

    def on_click(self, event: events.Click) -> None:
        row = self._top + event.y
        if row < len(self._owners) and (owner := self._owners[row]) is not None:
            self._choose(owner)


class CourseList(Container):
    """Shown while no lesson is open.

    Args:
        source: gives the view.
        changed: called when something to be drawn has changed.
    """

    DEFAULT_CSS = """
    CourseList { height: 1fr; layout: vertical; }
    CourseList #list-head { height: 3; }
    CourseList LessonList { height: 1fr; }
    CourseList #list-foot { height: 1; }
    """

    def __init__(self, source: ViewSource, changed: Callable[[], None], *, id: str) -> None:
        super().__init__(id=id)
        self._source, self._changed = source, changed
        self.listing: Listing | None = None
        """None until the lessons are read."""
        self.lessons = LessonList(source, lambda: self.listing, lambda at: self._list(at=at))
        self.row = FieldRow(source, field_id="list-field")

    def compose(self) -> ComposeResult:
        yield Drawing(self._source, self._head, id="list-head")
        yield self.lessons
        yield Drawing(self._source, self._foot, id="list-foot")
        yield self.row

    def _head(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        if self.listing is None:
            return [Line.of((tr(" Reading the lessons{ellipsis}", ellipsis=view.glyphs.ellipsis), "dim"))]
        return list_head(self.listing, width, view.glyphs)[:height]

    def _foot(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        return [] if self.listing is None else list_foot(self.listing, width, view.glyphs)

    @property
    def chosen(self) -> Lesson | None:
        return self.listing.chosen if self.listing is not None else None

    def begin(self, listing: Listing) -> None:
        """The lessons are read."""
        left = [id for id in listing.today if not listing.progress.lesson(id).done]
        wanted = listing.progress.current if listing.progress.current in left or not left else left[0]
        at = next((i for i, one in enumerate(listing.shown) if one.id == wanted), 0)
        self.listing = dataclasses.replace(listing, at=at)

    def come_back(self, left: Lesson | None, kept: progress.Progress) -> None:
        """A lesson is left: it is the chosen one."""
        self._list(left, progress=kept)

    def action_narrow(self, wanted: Filter) -> None:
        """Show only lessons that are done, or only those that are open; again for all."""
        again = self.listing is not None and self.listing.filter == wanted
        self._list(self.chosen, filter="all" if again else wanted, at=0)

    def action_all_lessons(self) -> None:
        self._list(self.chosen, filter="all", words="", at=0)

    def action_find_lesson(self) -> None:
        self.row.open("find", tr("find"), self.listing.words if self.listing else "")

    def begin_afresh(self, store: Store) -> None:
        """Forget what was done in the chosen lesson."""
        if self.chosen is not None:
            self._list(progress=store.change(progress.forget, self.chosen.id))

    def _list(self, chosen: Lesson | None = None, **changes: Any) -> None:
        """List what is to be shown now, once there are lessons; this one is chosen where it is among it."""
        if self.listing is None:
            return
        listing = dataclasses.replace(self.listing, **changes)
        shown = listing.shown
        at = shown.index(chosen) if chosen in shown else max(0, min(listing.at, len(shown) - 1))
        self.listing = dataclasses.replace(listing, at=at)
        self._changed()

    @on(FieldRow.Typed)
    def _typed(self, event: FieldRow.Typed) -> None:
        event.stop()
        self._list(words=event.text.strip(), at=0)
        if event.done:
            self._close_row()

    @on(FieldRow.Left)
    def _left(self, event: FieldRow.Left) -> None:
        event.stop()
        self._close_row()

    def _close_row(self) -> None:
        self.row.close()
        self.take_focus()

    def take_focus(self) -> None:
        self.lessons.focus(scroll_visible=False)
