"""Fields for forms: one line each, and worked by keyboard alone."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class PromptInput(Input):
    """An input that does each key when it comes.

    Textual's own does letters at once, but Enter, Backspace and the like only after those that came behind them in
    one piece, as over a slow line.
    """

    async def _on_key(self, event: events.Key) -> None:
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            event.stop()
            event.prevent_default()
            await self.run_action(binding.action)
            return


class Field(PromptInput):
    """A line of text without a border or a blinking cursor."""

    def __init__(self, value: str, *, id: str) -> None:
        super().__init__(value, compact=True, max_length=80, select_on_focus=False, id=id)
        self.cursor_blink = False
