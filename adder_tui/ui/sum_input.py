"""The prompt's field. A module of its own, for Textual's input is dear to import and not needed to paint the shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from adder_engine.errors import SumError
from adder_engine.parsing import Sum
from adder_tui.ui.fields import PromptInput

LONGEST = 80


class SumInput(PromptInput):
    """The field for a sum, with what was asked before under the up key."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "earlier", show=False),
        Binding("down", "later", show=False),
        Binding("escape", "leave", show=False),
        # No sum has these letters: the key that leads here, and the one for a lesson's hint.
        Binding("slash", "slash", show=False),
        Binding("i", "hint", show=False),
    ]

    def __init__(self, first: str, read: Callable[[str], Sum], may_ask: Callable[[], bool]) -> None:
        super().__init__(first, id="sum", compact=True, max_length=LONGEST, select_on_focus=True)
        self.cursor_blink = False
        self._may_ask = may_ask
        self._read = read
        """Reads a question, or raises SumError."""
        self._asked: list[str] = []
        self._at = 0
        self._draft = ""
        self._kept: tuple[str, int] | None = None
        """What was typed and not asked, and the cursor in it, while the field shows the current sum."""

    def leave_typed(self, asked: str) -> None:
        """Show the current sum, whose answer stands beside it; what was typed instead is back with the cursor."""
        if self.value != asked:
            self._kept = self.value, self.cursor_position
            self.value = asked

    def drop_typed(self) -> None:
        """What was typed is not wanted any more: another sum was asked."""
        self._kept = None

    def _on_focus(self, event: events.Focus) -> None:
        """Before Textual's own, which selects what stands there."""
        if self._kept is not None:
            (self.value, at), self._kept = self._kept, None
            self.cursor_position = at

    def allow_focus(self) -> bool:
        """Not where a lesson has no network to ask: there Tab and the mouse would put the keys out of reach."""
        return super().allow_focus() and self._may_ask()

    def remember(self, typed: str) -> None:
        """Put a sum on top of the history, once."""
        if typed in self._asked:
            self._asked.remove(typed)
        self._asked.append(typed)
        self._at = len(self._asked)

    async def action_submit(self) -> None:
        """Send the sum; one that can be read is selected at once, so that the next one replaces it."""
        await super().action_submit()
        try:
            self._read(self.value)
        except SumError:
            return
        self.remember(self.value.strip())
        self.select_all()

    def action_earlier(self) -> None:
        if self._at == len(self._asked):
            self._draft = self.value
            if self._asked and self._asked[-1] == self.value:
                self._at -= 1
        self._go(self._at - 1)

    def action_later(self) -> None:
        self._go(self._at + 1)

    def action_slash(self) -> None:
        """Where nothing is typed yet the key that leads here is no part of the sum; within a text it is a letter."""
        if self.value and len(self.selected_text) < len(self.value):
            self.insert_text_at_cursor("/")

    async def action_hint(self) -> None:
        """A hint, where a lesson's task is open; else the letter."""
        if self.app.check_action("do", ("hint",)):
            await self.app.run_action("do('hint')")
        else:
            self.insert_text_at_cursor("i")

    def action_leave(self) -> None:
        self.screen.set_focus(None)

    def _go(self, index: int) -> None:
        if 0 <= index <= len(self._asked):
            self._at = index
            self.value = self._asked[index] if index < len(self._asked) else self._draft
            self.cursor_position = len(self.value)
