"""The palette: every command of the table, found by typing a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from adder_tui.commands import Command
from adder_tui.render.lines import Line
from adder_tui.render.palette import found, palette_lines
from adder_tui.render.view import View
from adder_tui.widgets.canvas import Canvas, ViewSource
from adder_tui.widgets.fields import Field

if TYPE_CHECKING:
    from adder_tui.app import AdderApp

ROWS = 12


class _Found(Canvas):
    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        palette = self.screen
        assert isinstance(palette, Palette)
        return palette_lines(palette.commands, palette.at, width, height, view.glyphs)

    def on_click(self, event: events.Click) -> None:
        palette = self.screen
        assert isinstance(palette, Palette)
        palette.pick(event.y)


class Palette(ModalScreen[None]):
    """Type, choose with Up and Down, Enter does it, Escape leaves."""

    DEFAULT_CSS = """
    Palette { align: center top; background: transparent; }
    Palette > Vertical { width: 72; max-width: 100%; height: auto; margin-top: 2; background: $raised; padding: 1 2; }
    Palette Field { height: 1; background: $band; margin-bottom: 1; }
    Palette _Found { height: 12; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "dismiss", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("enter", "do", show=False, priority=True),
    ]

    def __init__(self, source: ViewSource) -> None:
        super().__init__()
        self._source = source
        self.commands: list[Command] = found("", source().tab)
        self.at = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            field = Field("", id="find")
            field.placeholder = "find a command"
            yield field
            yield _Found(self._source)

    def on_mount(self) -> None:
        self.query_one(Field).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.commands = found(event.value, self._source().tab)
        self.at = 0
        self.query_one(_Found).redraw()

    def action_move(self, change: int) -> None:
        """Choose the next or the previous command."""
        if self.commands:
            self.at = (self.at + change) % len(self.commands)
            self.query_one(_Found).redraw()

    def pick(self, row: int) -> None:
        """Do the command in a row of the list."""
        first = max(0, self.at - ROWS + 1)
        if first + row < len(self.commands):
            self.at = first + row
            self.call_later(self.action_do)

    async def action_do(self) -> None:
        """Do the chosen command."""
        if not self.commands:
            return
        app: AdderApp = self.app  # type: ignore[assignment]
        command = self.commands[self.at]
        await self.dismiss()
        await app.action_do(command.id)
