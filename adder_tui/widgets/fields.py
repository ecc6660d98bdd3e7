"""Fields for forms: one line each, and worked by keyboard alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input

from adder_tui.render.glyphs import Glyphs
from adder_tui.theme import role_styles


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


class Choice(Widget, can_focus=True):
    """One of several words: ``‹ adam ›``; left and right go through them."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "choose(-1)", show=False),
        Binding("right,space", "choose(1)", show=False),
    ]

    value: reactive[str] = reactive("", init=False)
    """The word that is chosen."""

    class Changed(Message):
        """Another word was chosen."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(self, words: Sequence[str], value: str, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id)
        self.words = tuple(words)
        self._glyphs = glyphs
        self.set_reactive(Choice.value, value)

    def watch_value(self) -> None:
        self.post_message(self.Changed(self))

    def action_choose(self, change: int) -> None:
        """The next or the previous word."""
        self.value = self.words[(self.words.index(self.value) + change) % len(self.words)]

    def on_click(self, event: events.Click) -> None:
        self.action_choose(-1 if event.x < 2 else 1)

    def render_line(self, y: int) -> Strip:
        styles = role_styles(self.app.theme)
        arrows = styles["key" if self.has_focus else "faint"]
        word = styles["strong" if self.has_focus else "text"]
        base = self.rich_style
        segments = [
            Segment(f"{self._glyphs.left} ", base + arrows),
            Segment(self.value, base + word),
            Segment(f" {self._glyphs.right}", base + arrows),
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)
