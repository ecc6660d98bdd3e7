"""Fields, worked by keyboard alone: those of forms, with what is wanted in front of them, and the prompt's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.keys import _character_to_key
from textual.message import Message
from textual.widgets import Input

from adder_engine.errors import SumError
from adder_engine.parsing import Sum
from adder_tui.ui.canvas import Drawing, ViewSource, hidden
from adder_tui.ui.keyboard import HeldKeys
from adder_tui.ui.line import Line
from adder_tui.ui.view import ViewState

LONGEST = 80
SUM_BEGINS = "+-−("
"""What a sum may begin with besides a digit. A point is a step forward sooner than a number without its 0."""
LEAST_ROOM = 24
"""Columns that a line with a long label keeps for what is typed."""


class Field(Input):
    """A line of text without a border or a blinking cursor, which does each key when it comes.

    Textual's own does letters at once, but Enter, Backspace and the like only after those that came behind them in
    one piece, as over a slow line.
    """

    def __init__(self, value: str, *, id: str, select_on_focus: bool = False) -> None:
        super().__init__(value, compact=True, max_length=LONGEST, select_on_focus=select_on_focus, id=id)
        self.cursor_blink = False

    async def _on_key(self, event: events.Key) -> None:
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            event.stop()
            event.prevent_default()
            await self.run_action(binding.action)
            return

    @property
    def answers_a_task(self) -> bool:
        """Whether a lesson's task may be answered here, so that a hint is welcome."""
        return True

    async def action_hint(self) -> None:
        """A hint, where a lesson's task is open and answered here; else the letter."""
        if self.answers_a_task and self.app.check_action("do", ("hint",)):
            await self.app.run_action("do('hint')")
        else:
            self.insert_text_at_cursor("i")


def keys_of(characters: str) -> list[events.Key]:
    """The keys that type these characters."""
    return [events.Key(_character_to_key(character), character) for character in characters]


class FieldRow(Horizontal):
    """A line to type into, with what is wanted in front of it; hidden while nothing is."""

    DEFAULT_CSS = """
    FieldRow { height: 1; display: none; }
    FieldRow Drawing { height: 1; width: 20; }
    FieldRow Field { height: 1; width: 1fr; }
    """

    @dataclass
    class Typed(Message):
        """The text changed, or with ``done`` Enter was pressed."""

        row: FieldRow
        text: str
        done: bool

    @dataclass
    class Left(Message):
        """Escape was pressed."""

        row: FieldRow

    @dataclass
    class Moved(Message):
        """Up or Down was pressed."""

        change: int

    def __init__(self, source: ViewSource, *, field_id: str) -> None:
        super().__init__()
        self._label = Drawing(source, self._draw_label)
        self.field = _LessonField("", id=field_id)
        self.label = ""
        self.purpose = ""
        """What is typed: ``field``, ``shapes``, ``setting`` or ``find``; empty while hidden."""

    def _draw_label(self, view: ViewState, width: int, height: int) -> list[Line]:
        text = Line.of((f" {view.glyphs.text(self.label)}", "dim")).fit(width - 3, view.glyphs.ellipsis)
        return [Line.of(text, " ", (view.glyphs.prompt, "accent")).fit(width)]

    def compose(self) -> ComposeResult:
        yield self._label
        yield self.field

    def open(self, purpose: str, label: str, text: str = "", keys: bool = True, chosen: bool = False) -> None:
        """Show the line; with ``keys`` the cursor is put into it, else taken out of it.

        Args:
            chosen: the text is selected, so that what is typed replaces it.
        """
        self.purpose, self.label = purpose, label
        label_width = min(len(label) + 4, max(10, self.app.size.width - LEAST_ROOM))
        self._label.styles.width = label_width
        self.field.value = text
        self.field.cursor_position = len(text)
        if chosen:
            self.field.select_all()
        self.display = True
        self._label.redraw()
        if keys or self.field.has_focus:
            self.screen.set_focus(self.field if keys else None)

    def close(self) -> None:
        if self.display:
            self.purpose = ""
            self.display = False
            if self.field.has_focus:
                self.screen.set_focus(None)

    def on_input_changed(self, event: Field.Changed) -> None:
        event.stop()
        if self.purpose:
            self.post_message(self.Typed(self, self.field.value, done=False))

    def on_input_submitted(self, event: Field.Submitted) -> None:
        event.stop()
        self.post_message(self.Typed(self, self.field.value, done=True))


class _LessonField(Field):
    BINDINGS = hidden(escape="leave", up="move(-1)", down="move(1)", i="hint")

    @property
    def _row(self) -> FieldRow:
        row = self.parent
        assert isinstance(row, FieldRow)
        return row

    @property
    def answers_a_task(self) -> bool:
        return self._row.purpose == "field"

    def action_leave(self) -> None:
        self._row.post_message(FieldRow.Left(self._row))

    def action_move(self, change: int) -> None:
        self._row.post_message(FieldRow.Moved(change))


class SumInput(Field):
    """The field for a sum, with what was asked before under the up key."""

    # No sum has the last two letters: the key that leads here, and the one for a lesson's hint.
    BINDINGS = hidden(up="earlier", down="later", escape="leave", slash="slash", i="hint")

    def __init__(self, first: str, read: Callable[[str], Sum], may_ask: Callable[[], bool]) -> None:
        super().__init__(first, id="sum", select_on_focus=True)
        self._may_ask = may_ask
        self._read = read
        """Reads a question, or raises SumError."""
        self._asked: list[str] = []
        self._at = 0
        self._half_typed = ""
        self._kept: tuple[str, int] | None = None
        """What was typed and not asked, and the cursor in it, while the field shows the current sum."""
        self._on_their_way = 0
        """Sums that were sent and not answered yet."""
        self._held = HeldKeys()
        """Keys that wait for the answer, because no sum begins with the first of them."""

    async def _on_key(self, event: events.Key) -> None:
        """Before the fields' own: a key right behind a sum that waits for the engine does what it does behind it."""
        if (self._on_their_way or self._held.keys) and event.character and event.key != "escape":
            begins = event.character.isdecimal() or event.character in SUM_BEGINS or not event.is_printable
            if self._held.keys or not (begins or len(self.selected_text) < len(self.value)):
                event.stop()
                event.prevent_default()
                self._held.keys.append(event)

    def answered(self, all_of_them: bool = False) -> None:
        """A sum was answered, or refused; the keys that have waited for it are pressed."""
        self._on_their_way = 0 if all_of_them else max(0, self._on_their_way - 1)
        if not self._on_their_way:
            self._held.release(self.app)

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
        self._on_their_way += 1
        self.remember(self.value.strip())
        self.select_all()

    def action_earlier(self) -> None:
        if self._at == len(self._asked):
            self._half_typed = self.value
            if self._asked and self._asked[-1] == self.value:
                self._at -= 1
        self._go(self._at - 1)

    def action_later(self) -> None:
        self._go(self._at + 1)

    def action_slash(self) -> None:
        """Where nothing is typed yet the key that leads here is no part of the sum; within a text it is a letter."""
        if self.value and len(self.selected_text) < len(self.value):
            self.insert_text_at_cursor("/")

    def action_leave(self) -> None:
        self.screen.set_focus(None)

    def _go(self, index: int) -> None:
        if 0 <= index <= len(self._asked):
            self._at = index
            self.value = self._asked[index] if index < len(self._asked) else self._half_typed
            self.cursor_position = len(self.value)
