"""The list of lessons: chapters, each lesson's state, and how far one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, Role

if TYPE_CHECKING:
    from adder_tui.lessons.course import Course
    from adder_tui.lessons.lesson import Lesson
    from adder_tui.lessons.progress import Progress, State

Filter = Literal["all", "done", "open"]
STATE_WORDS: dict[State, str] = {"open": "", "started": "begun", "assisted": "done, with help", "solved": "done"}
BAR = 24
STATE_WIDTH = 15


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

    @property
    def shown(self) -> tuple[Lesson, ...]:
        """Lessons that the filter and the search leave, in order."""
        wanted = self.words.casefold().split()
        return tuple(
            lesson
            for lesson in self.course.lessons
            if (self.filter == "all" or self.progress.lesson(lesson.id).done == (self.filter == "done"))
            and all(word in _searched(lesson) for word in wanted)
        )

    @property
    def chosen(self) -> Lesson | None:
        """The lesson under the cursor."""
        return self.shown[min(self.at, len(self.shown) - 1)] if self.shown else None


def _searched(lesson: Lesson) -> str:
    return " ".join([str(lesson.order), lesson.id, lesson.title, lesson.goal, *lesson.terms]).casefold()


def state_mark(state: State, current: bool, glyphs: Glyphs) -> tuple[str, Role]:
    """One character for a lesson's state: where one is, done, done with help, open."""
    done, helped = ("x", "h") if glyphs.ascii else ("✓", "½")
    if current:
        return glyphs.current, "accent"
    if state == "solved":
        return done, "accent"
    if state == "assisted":
        return helped, "accent"
    return ("-" if glyphs.ascii else "·", "dim") if state == "started" else (" ", "dim")


def list_head(listing: Listing, width: int, glyphs: Glyphs) -> list[Line]:
    """The course's title, a bar of how far one is, and what the list is narrowed to."""
    lessons, progress = listing.course.lessons, listing.progress
    done = sum(progress.lesson(one.id).done for one in lessons)
    full = BAR * done // max(1, len(lessons))
    bar = Line.of((glyphs.bar * full, "accent"), (glyphs.bar_rest * (BAR - full), "faint"),
                  f" {done} of {len(lessons)} done ")  # fmt: skip
    title = Line.of((" " + glyphs.text(listing.course.title), "strong"))
    narrowed = Line.of(" ", _narrowed(listing, glyphs))
    if title.width + bar.width + 2 > width:
        return [title.fit(width, glyphs.ellipsis), Line.of(" ", bar).with_right(narrowed, width), Line().fit(width)]
    return [title.with_right(bar, width), narrowed.fit(width)]


def _narrowed(listing: Listing, glyphs: Glyphs) -> Line:
    parts = [] if listing.filter == "all" else [f"only {listing.filter} ones"]
    if listing.words:
        parts.append(f"with “{listing.words}”")
    if not parts:
        return Line()
    return Line.of((glyphs.text(", ".join(parts)), "accent"), ("; ", "dim"), ("x", "key"), (" shows all", "dim"))


def list_lines(listing: Listing, width: int, glyphs: Glyphs) -> tuple[list[Line], list[int | None]]:
    """The lessons by chapters; and for each line which of the shown lessons it is."""
    lines: list[Line] = []
    owners: list[int | None] = []
    shown = listing.shown
    if not shown:
        words = "No lesson is " + ("left open." if listing.filter == "open" else "there that fits.")
        return [Line.of((" " + words, "dim"))], [None]
    chosen = listing.chosen
    for chapter in listing.course.chapters:
        mine = [lesson for lesson in shown if lesson.chapter == chapter.id]
        if mine:
            lines.append(Line.of((" " + glyphs.text(chapter.title), "accent")).fit(width))
            owners.append(None)
        for lesson in mine:
            lines.append(_lesson_line(listing, lesson, lesson is chosen, width, glyphs))
            owners.append(shown.index(lesson))
    return lines, owners


def _lesson_line(listing: Listing, lesson: Lesson, chosen: bool, width: int, glyphs: Glyphs) -> Line:
    kept = listing.progress.lesson(lesson.id)
    mark, role = state_mark(kept.state, listing.progress.current == lesson.id, glyphs)
    title = f"{lesson.order:>3}  {glyphs.text(lesson.title)}"
    right = Line.of(f"{STATE_WORDS[kept.state]:<{STATE_WIDTH}}", f"{lesson.minutes:>4} min ")
    line = Line.of("  ", (mark, role), (title, "strong" if chosen else "text")).with_right(
        Line.of(*[(text, "dim") for text, _ in right.spans]), width, glyphs.ellipsis
    )
    if not chosen:
        return line
    cursor = Line.of((line.plain, "chosen"))
    return cursor.fit(width)


def list_foot(listing: Listing, width: int, glyphs: Glyphs) -> list[Line]:
    """What the chosen lesson is for."""
    chosen = listing.chosen
    if chosen is None:
        return [Line().fit(width)]
    return [Line.of((" " + glyphs.text(chosen.goal), "text")).fit(width, glyphs.ellipsis)]


def top_row(owners: Sequence[int | None], at: int, top: int, height: int) -> int:
    """The first line to show so that the chosen lesson is in sight, its chapter's name too where it is the first."""
    if at not in owners:
        return 0
    row = owners.index(at)
    first = row - 1 if row and owners[row - 1] is None else row
    if first < top:
        return first
    return max(top, row - height + 1)
