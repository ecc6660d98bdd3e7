"""The screen that shows the network as PyTorch prints it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from adder_tui.render.lines import Line
from adder_tui.render.module import module_lines
from adder_tui.render.view import View
from adder_tui.screens.window import Window
from adder_tui.widgets.canvas import Canvas, ViewSource


class _Heading(Canvas):
    def draw(self, view: View, width: int, height: int) -> list[Line]:
        return [Line.of(("The network", "strong"), ("   Esc closes this", "dim"))]


class _Module(Canvas):
    def draw(self, view: View, width: int, height: int) -> list[Line]:
        screen = self.screen
        assert isinstance(screen, ModuleScreen)
        return module_lines(view, screen.text, width)


class ModuleScreen(Window[None]):
    """The module and its parameter count; Escape closes it.

    Args:
        text: the module as PyTorch prints it.
    """

    DEFAULT_CSS = """
    ModuleScreen { background: $background; padding: 1 2; }
    ModuleScreen _Heading { height: 1; margin-bottom: 1; }
    ModuleScreen VerticalScroll { scrollbar-size: 0 0; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,M,enter", "dismiss", show=False)]

    def __init__(self, source: ViewSource, text: str) -> None:
        super().__init__()
        self._source = source
        self.text = text

    def compose(self) -> ComposeResult:
        yield _Heading(self._source)
        with VerticalScroll():
            yield _Module(self._source)

    def on_mount(self) -> None:
        self.query_one(_Module).styles.height = len(module_lines(self._source(), self.text, 80))
        self.query_one(VerticalScroll).focus()
