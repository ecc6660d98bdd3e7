"""Dialogs of one field with an answer drawn below it: typed into, chosen from, left with Escape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from adder_tui.render.lines import Line
from adder_tui.render.view import View
from adder_tui.screens.window import Window
from adder_tui.widgets.canvas import Canvas, ViewSource
from adder_tui.widgets.fields import Field

Result = TypeVar("Result")
Thing = TypeVar("Thing")


class _Answer(Canvas):
    @property
    def _dialog(self) -> Dialog[Any]:
        dialog = self.screen
        assert isinstance(dialog, Dialog)
        return dialog

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return self._dialog.answer(view, width, height)

    def on_click(self, event: events.Click) -> None:
        self._dialog.pick(event.y)


class Dialog(Window[Result]):
    """The frame: a field, and below it what :meth:`answer` draws.

    Args:
        typed: what stands in the field at first.
        placeholder: what it says while it is empty.
    """

    DEFAULT_CSS = """
    Dialog { align: center top; background: transparent; }
    Dialog > Vertical { width: 64; max-width: 100%; height: auto; margin-top: 2; background: $raised; padding: 1 2; }
    Dialog Field { height: 1; background: $band; margin-bottom: 1; }
    Dialog _Answer { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", show=False, priority=True)]

    def __init__(self, source: ViewSource, typed: str, placeholder: str) -> None:
        super().__init__()
        self.source = source
        self._typed, self._placeholder = typed, placeholder

    def answer(self, view: View, width: int, height: int) -> Sequence[Line]:
        """The lines below the field."""
        raise NotImplementedError

    def pick(self, row: int) -> None:
        """A row of the answer was clicked."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            field = Field(self._typed, id="find")
            field.placeholder = self._placeholder
            yield field
            yield _Answer(self.source)

    def on_mount(self) -> None:
        self.query_one(Field).focus()
        self.query_one(Field).select_all()

    def redraw(self) -> None:
        """Draw the answer anew."""
        self.query_one(_Answer).redraw()


class Chooser(Dialog[Result], Generic[Result, Thing]):
    """What is typed finds things; Up and Down choose one, Enter or a click takes it."""

    ROWS: ClassVar[int] = 12
    DEFAULT_CSS = f"""
    Chooser _Answer {{ height: {ROWS}; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
        Binding("enter", "take", show=False, priority=True),
    ]

    def __init__(self, source: ViewSource, placeholder: str) -> None:
        super().__init__(source, "", placeholder)
        self.typed = ""
        self.things: Sequence[Thing] = self.found("")
        self.at = 0

    def found(self, typed: str) -> Sequence[Thing]:
        """What there is to choose from."""
        raise NotImplementedError

    async def take(self, thing: Thing) -> None:
        """Do what the dialog is for, with what was chosen."""
        raise NotImplementedError

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.typed = event.value
        self.things, self.at = self.found(event.value), 0
        self.redraw()

    def action_move(self, change: int) -> None:
        """Choose the next or the previous one."""
        if self.things:
            self.at = (self.at + change) % len(self.things)
            self.redraw()

    def pick(self, row: int) -> None:
        """Take the one in a row of the list."""
        first = max(0, self.at - self.ROWS + 1)
        if first + row < len(self.things):
            self.at = first + row
            self.call_later(self.action_take)

    async def action_take(self) -> None:
        """Take the chosen one; where there is none, what is typed stays to be mended."""
        if self.things:
            await self.take(self.things[self.at])
