"""The palette: every command of the table, found by typing a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from adder_tui.commands import Command
from adder_tui.render.lines import Line
from adder_tui.render.palette import found, palette_lines
from adder_tui.render.view import View
from adder_tui.screens.dialog import Chooser
from adder_tui.widgets.canvas import ViewSource

if TYPE_CHECKING:
    from adder_tui.app import AdderApp


class Palette(Chooser[None, Command]):
    """Does the chosen command."""

    DEFAULT_CSS = """
    Palette > Vertical { width: 72; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+p", "dismiss", show=False, priority=True)]

    def __init__(self, source: ViewSource) -> None:
        super().__init__(source, "find a command")

    def found(self, typed: str) -> Sequence[Command]:
        return found(typed, self.source().place)

    def answer(self, view: View, width: int, height: int) -> Sequence[Line]:
        return palette_lines(self.things, self.at, width, height, view.glyphs)

    async def take(self, thing: Command) -> None:
        app: AdderApp = self.app  # type: ignore[assignment]
        await self.dismiss()
        await app.action_do(thing.id)
