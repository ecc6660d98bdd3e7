"""The dialog that finds a tensor or a number by its name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from adder_tui.render.find import Found, found, found_lines, nothing
from adder_tui.render.lines import Line, wrapped
from adder_tui.render.view import View
from adder_tui.selection import Parameter
from adder_tui.widgets.canvas import Canvas, ViewSource
from adder_tui.widgets.fields import Field

ROWS = 12


class _Things(Canvas):
    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        find = self.screen
        assert isinstance(find, Find)
        if find.things:
            return found_lines(view, find.things, find.at, width, height)
        sentence = view.glyphs.text(nothing(find.typed, view.experiment))
        return [Line.of(row).fit(width) for row in wrapped(sentence, width)][:height]

    def on_click(self, event: events.Click) -> None:
        find = self.screen
        assert isinstance(find, Find)
        find.pick(event.y)


class Find(ModalScreen[Parameter | None]):
    """Type, choose with Up and Down, Enter jumps there, Escape leaves; resolves with what was chosen."""

    DEFAULT_CSS = """
    Find { align: center top; background: transparent; }
    Find > Vertical { width: 64; max-width: 100%; height: auto; margin-top: 2; background: $raised; padding: 1 2; }
    Find Field { height: 1; background: $band; margin-bottom: 1; }
    Find _Things { height: 12; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", show=False, priority=True),
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("enter", "jump", show=False, priority=True),
    ]

    def __init__(self, source: ViewSource) -> None:
        super().__init__()
        self._source = source
        self.typed = ""
        self.things: list[Found] = found("", source().experiment)
        self.at = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            field = Field("", id="find")
            field.placeholder = "find a tensor or a number, such as hidden.weight[2,0]"
            yield field
            yield _Things(self._source)

    def on_mount(self) -> None:
        self.query_one(Field).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.typed = event.value
        self.things = found(event.value, self._source().experiment)
        self.at = 0
        self.query_one(_Things).redraw()

    def action_move(self, change: int) -> None:
        """Choose the next or the previous one."""
        if self.things:
            self.at = (self.at + change) % len(self.things)
            self.query_one(_Things).redraw()

    def pick(self, row: int) -> None:
        """Jump to the one in a row of the list."""
        first = max(0, self.at - ROWS + 1)
        if first + row < len(self.things):
            self.at = first + row
            self.action_jump()

    def action_jump(self) -> None:
        """Jump to the chosen one; where there is none, what is typed stays to be mended."""
        if self.things:
            self.dismiss(self.things[self.at].parameter)
