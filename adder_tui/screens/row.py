"""The dialog that asks for a row of the data by its number."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from adder_tui.render.lines import Line
from adder_tui.render.numbers import count
from adder_tui.render.view import View
from adder_tui.widgets.canvas import Canvas, ViewSource
from adder_tui.widgets.fields import Field


class _Answer(Canvas):
    def draw(self, view: View, width: int, height: int) -> list[Line]:
        dialog = self.screen
        assert isinstance(dialog, RowNumber)
        if dialog.refusal:
            return [Line.of((view.glyphs.text(dialog.refusal), "minus")).fit(width, view.glyphs.ellipsis)]
        return [Line.of(("Enter follows it, Esc leaves", "dim")).fit(width)]


class RowNumber(ModalScreen[int | None]):
    """Type a number; Enter resolves with it, Escape with None. Bad input stays, with a sentence."""

    DEFAULT_CSS = """
    RowNumber { align: center top; background: transparent; }
    RowNumber > Vertical { width: 64; max-width: 100%; height: auto; margin-top: 2; background: $raised; padding: 1 2; }
    RowNumber Field { height: 1; background: $band; margin-bottom: 1; }
    RowNumber _Answer { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", show=False, priority=True)]

    def __init__(self, source: ViewSource, row: int | None) -> None:
        super().__init__()
        self._source = source
        self._row = row
        self.refusal = ""
        """What is wrong with the number that is typed."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            field = Field("" if self._row is None else str(self._row), id="row")
            field.placeholder = f"a row of the data, 0 to {count(self._rows - 1)}"
            yield field
            yield _Answer(self._source)

    @property
    def _rows(self) -> int:
        return self._source().experiment.row_count

    def on_mount(self) -> None:
        self.query_one(Field).focus()
        self.query_one(Field).select_all()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        typed = event.value.strip().replace(",", "")
        if typed.isascii() and typed.isdigit() and int(typed) < self._rows:
            self.dismiss(int(typed))
            return
        shown = typed if len(typed) <= 12 else typed[:11] + "…"
        what = f"{shown} is no row" if typed else "Type a row"
        self.refusal = f"{what}: the data has rows 0 to {count(self._rows - 1)}."
        self.query_one(_Answer).redraw()
