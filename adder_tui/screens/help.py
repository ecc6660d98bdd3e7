"""The help screen: every key of the table, and what it does."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from adder_tui.render.help import help_lines
from adder_tui.render.lines import Line
from adder_tui.render.view import View
from adder_tui.screens.window import Window
from adder_tui.widgets.canvas import Canvas, ViewSource


class _Heading(Canvas):
    def draw(self, view: View, width: int, height: int) -> list[Line]:
        more = "   Down shows more" if _rows(self) > self.app.size.height - 4 else ""
        return [Line.of(("Keys", "strong"), ("   Esc closes this" + more, "dim"))]


class _Keys(Canvas):
    def draw(self, view: View, width: int, height: int) -> list[Line]:
        screen = self.screen
        assert isinstance(screen, HelpScreen)
        return help_lines(view.glyphs, screen.typing, view.place, width)


def _rows(canvas: Canvas) -> int:
    return canvas.screen.query_one(_Keys).size.height


class HelpScreen(Window[None]):
    """All keys; Escape closes it."""

    DEFAULT_CSS = """
    HelpScreen { background: $background; padding: 1 2; }
    HelpScreen _Heading { height: 1; margin-bottom: 1; }
    HelpScreen VerticalScroll { scrollbar-size: 0 0; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss", show=False),
    ]

    def __init__(self, source: ViewSource, typing: bool) -> None:
        super().__init__()
        self._source = source
        self.typing = typing

    def compose(self) -> ComposeResult:
        yield _Heading(self._source)
        with VerticalScroll():
            yield _Keys(self._source)

    def on_mount(self) -> None:
        self._fit()
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        self._fit()
        self.call_after_refresh(self.query_one(_Heading).redraw)

    def _fit(self) -> None:
        width = max(20, self.app.size.width - 4)
        self.query_one(_Keys).styles.height = len(
            help_lines(self._source().glyphs, self.typing, self._source().place, width)
        )
