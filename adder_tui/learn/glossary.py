"""The glossary: every term, found by typing, with the lessons that explain it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from adder_engine.language import tr
from adder_tui.ui.canvas import Drawing, ViewSource, heading
from adder_tui.ui.fields import Field
from adder_tui.ui.line import Line, wrapped
from adder_tui.ui.list_view import ListWindow, list_lines
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.course.course import Course, Entry


TERM_WIDTH = 26


def entries(course: Course, words: str, first: Sequence[str]) -> tuple[Entry, ...]:
    """What the words find; for no words the lesson's own terms first."""
    found = course.glossary.search(words)
    if words.strip():
        return found
    own = [entry for term in first if (entry := course.glossary.find(term)) is not None]
    return tuple(dict.fromkeys([*own, *found]))


def entry_lines(entry: Entry | None, course: Course, width: int, glyphs: Glyphs) -> list[Line]:
    """A term's text, its other names, and the lessons that explain it."""
    if entry is None:
        return []
    lines = [Line.of((glyphs.text(entry.term), "strong")), Line()]
    lines += [Line.of(row) for row in wrapped(glyphs.text(entry.text), width)]
    if entry.also:
        also = tr("also: {names}", names=", ".join(entry.also))
        lines += [Line(), *(Line.of((row, "dim")) for row in wrapped(glyphs.text(also), width))]
    lessons = [course.by_id[id] for id in entry.lessons if id in course.by_id]
    if lessons:
        lines.append(Line())
        front = tr("Enter opens ")
        for i, lesson in enumerate(lessons):
            phrase = tr("lesson {order}, {title}", order=lesson.order, title=lesson.title)
            lines.append(Line.of((front if not i else " " * cell_len(front), "dim"), (glyphs.text(phrase), "accent"))
                         .fit(width, glyphs.ellipsis))  # fmt: skip
    return lines


class GlossaryScreen(ListWindow[str | None]):
    """Resolves with the id of a lesson to open, or None.

    Args:
        course: whose glossary it is.
        first: terms that come first: those in sight, and those of the lesson that is open.
    """

    DEFAULT_CSS = f"""
    GlossaryScreen {{ background: $background; padding: 1 2; }}
    GlossaryScreen #heading {{ height: 1; margin-bottom: 1; }}
    GlossaryScreen Field {{ height: 1; background: $band; margin-bottom: 1; }}
    GlossaryScreen Horizontal {{ height: 1fr; }}
    GlossaryScreen #terms {{ width: {TERM_WIDTH}; margin-right: 2; }}
    GlossaryScreen #entry {{ width: 1fr; }}
    """
    window = "glossary"

    def __init__(self, source: ViewSource, course: Course, first: Sequence[str]) -> None:
        super().__init__()
        self._source = source
        self.course = course
        found = (course.glossary.find(term) for term in first)
        self.first = list(dict.fromkeys(entry.term for entry in found if entry is not None))
        self.words = ""
        self.found = entries(course, "", self.first)
        self.field = Field("", id="glossary-find")
        self.field.placeholder = tr("find a term")

    @property
    def count(self) -> int:
        return len(self.found)

    def compose(self) -> ComposeResult:
        how = tr("   type to find, Up and Down choose, Esc closes")
        yield heading(self._source, (tr("Glossary"), "strong"), (how, "dim"))
        yield self.field
        with Horizontal():
            yield Drawing(self._source, self.term_lines, id="terms")
            yield Drawing(self._source, self.entry_lines, id="entry")

    def term_lines(self, view: ViewState, width: int, height: int) -> list[Line]:
        """The terms in sight; the first ones are the lesson's and have a mark, while nothing is searched for."""
        glyphs, own = view.glyphs, 0 if self.words.strip() else len(self.first)

        def row(i: int) -> Line:
            return Line.of(f" {'*' if i < own else ' '} {glyphs.text(self.found[i].term)}")

        if not self.found:
            return [Line.of((tr(" No term fits."), "dim")).fit(width)]
        return list_lines(row, len(self.found), self.at, width, height, glyphs, marked=False)

    def entry_lines(self, view: ViewState, width: int, height: int) -> list[Line]:
        return entry_lines(self.found[self.at] if self.found else None, self.course, width, view.glyphs)

    def on_mount(self) -> None:
        self.field.focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.words = event.value
        self.found = entries(self.course, self.words, self.first)
        self.go(0)

    def action_open(self) -> None:
        chosen = self.found[self.at] if self.found else None
        ids = [id for id in chosen.lessons if id in self.course.by_id] if chosen is not None else []
        if ids:
            self.dismiss(ids[0])
