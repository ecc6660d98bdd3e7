"""The glossary: every term, found by typing, with the lessons that explain it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input

from adder_tui.render.glossary import TERM_WIDTH, entries, entry_lines, term_lines
from adder_tui.render.lines import Line
from adder_tui.render.view import View
from adder_tui.screens.window import Window
from adder_tui.widgets.canvas import Canvas, ViewSource
from adder_tui.widgets.fields import Field

if TYPE_CHECKING:
    from adder_tui.lessons.course import Course


class _Head(Canvas):
    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        screen = self.screen
        assert isinstance(screen, GlossaryScreen)
        line = Line.of(("Glossary", "strong"), ("   type to find, Up and Down choose, Esc closes", "dim"))
        return [line.fit(width, view.glyphs.ellipsis)]


class _Terms(Canvas):
    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        screen = self.screen
        assert isinstance(screen, GlossaryScreen)
        own = len(screen.first) if not screen.words.strip() else 0
        return term_lines(screen.found, screen.at, own, width, height, view.glyphs)


class _Entry(Canvas):
    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        screen = self.screen
        assert isinstance(screen, GlossaryScreen)
        chosen = screen.found[screen.at] if screen.found else None
        return entry_lines(chosen, screen.course, width, view.glyphs)


class GlossaryScreen(Window[str | None]):
    """Resolves with the id of a lesson to open, or None.

    Args:
        course: whose glossary it is.
        first: terms that come first, those of the lesson that is open.
    """

    DEFAULT_CSS = f"""
    GlossaryScreen {{ background: $background; padding: 1 2; }}
    GlossaryScreen _Head {{ height: 1; margin-bottom: 1; }}
    GlossaryScreen Field {{ height: 1; background: $band; margin-bottom: 1; }}
    GlossaryScreen Horizontal {{ height: 1fr; }}
    GlossaryScreen _Terms {{ width: {TERM_WIDTH}; margin-right: 2; }}
    GlossaryScreen _Entry {{ width: 1fr; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("pageup", "move(-10)", show=False, priority=True),
        Binding("pagedown", "move(10)", show=False, priority=True),
        Binding("enter", "open", show=False, priority=True),
    ]

    def __init__(self, source: ViewSource, course: Course, first: Sequence[str]) -> None:
        super().__init__()
        self._source = source
        self.course = course
        self.first = [term for term in first if course.glossary.find(term) is not None]
        self.words = ""
        self.found = entries(course, "", self.first)
        self.at = 0

    def compose(self) -> ComposeResult:
        yield _Head(self._source)
        field = Field("", id="glossary-find")
        field.placeholder = "find a term"
        yield field
        with Horizontal():
            yield _Terms(self._source)
            yield _Entry(self._source)

    def on_mount(self) -> None:
        self.query_one(Field).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.words = event.value
        self.found = entries(self.course, self.words, self.first)
        self.at = 0
        self._redraw()

    def _redraw(self) -> None:
        for canvas in self.query(Canvas):
            canvas.redraw()

    def action_move(self, change: int) -> None:
        """Choose another term."""
        if self.found:
            self.at = max(0, min(len(self.found) - 1, self.at + change))
            self._redraw()

    def action_open(self) -> None:
        """Open the first lesson that explains the chosen term."""
        chosen = self.found[self.at] if self.found else None
        ids = [id for id in chosen.lessons if id in self.course.by_id] if chosen is not None else []
        if ids:
            self.dismiss(ids[0])
