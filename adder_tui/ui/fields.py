"""Fields for forms: one line each, with what is wanted in front of it, and worked by keyboard alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from adder_tui.ui.canvas import Canvas, ViewSource
from adder_tui.ui.line import Line
from adder_tui.ui.view import ViewState


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


class _Label(Canvas):
    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        row = self.parent
        assert isinstance(row, FieldRow)
        text = view.glyphs.text(row.label)
        return [Line.of((f" {text} ", "dim"), (view.glyphs.prompt, "accent")).fit(width, view.glyphs.ellipsis)]


class FieldRow(Horizontal):
    """A line to type into, with what is wanted in front of it; hidden while nothing is."""

    DEFAULT_CSS = """
    FieldRow { height: 1; display: none; }
    FieldRow _Label { height: 1; width: 20; }
    FieldRow Field { height: 1; width: 1fr; }
    """

    class Typed(Message):
        """The text changed, or with ``done`` Enter was pressed."""

        def __init__(self, row: FieldRow, text: str, done: bool) -> None:
            super().__init__()
            self.row, self.text, self.done = row, text, done

    class Left(Message):
        """Escape was pressed."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    class Moved(Message):
        """Up or Down was pressed."""

        def __init__(self, change: int) -> None:
            super().__init__()
            self.change = change

    def __init__(self, source: ViewSource, *, field_id: str) -> None:
        super().__init__()
        self._source = source
        self.field = _LessonField("", id=field_id)
        self.label = ""
        self.purpose = ""
        """What is typed: ``field``, ``shapes``, ``setting`` or ``find``; empty while hidden."""

    def compose(self) -> ComposeResult:
        yield _Label(self._source)
        yield self.field

    def open(self, purpose: str, label: str, text: str = "", keys: bool = True, chosen: bool = False) -> None:
        """Show the line; with ``keys`` the cursor is put into it, else taken out of it.

        Args:
            chosen: the text is selected, so that what is typed replaces it.
        """
        self.purpose, self.label = purpose, label
        label_width = min(len(label) + 4, max(10, self.app.size.width // 2))
        self.query_one(_Label).styles.width = label_width
        self.field.value = text
        self.field.cursor_position = len(text)
        if chosen:
            self.field.select_all()
        self.display = True
        self.query_one(_Label).redraw()
        if keys or self.field.has_focus:
            self.screen.set_focus(self.field if keys else None)

    def close(self) -> None:
        """Hide the line."""
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
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
    ]

    def action_leave(self) -> None:
        row = self.parent
        assert isinstance(row, FieldRow)
        row.post_message(FieldRow.Left(row))

    def action_move(self, change: int) -> None:
        row = self.parent
        assert isinstance(row, FieldRow)
        row.post_message(FieldRow.Moved(change))
