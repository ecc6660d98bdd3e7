"""The dialog that asks for a row of the data by its number."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.widgets import Input

from adder_tui.render.lines import Line
from adder_tui.render.numbers import count
from adder_tui.render.view import View
from adder_tui.screens.dialog import Dialog
from adder_tui.widgets.canvas import ViewSource


class RowNumber(Dialog[int | None]):
    """Type a number; Enter resolves with it, Escape with None. Bad input stays, with a sentence."""

    def __init__(self, source: ViewSource, row: int | None) -> None:
        self._rows = source().experiment.row_count
        super().__init__(source, "" if row is None else str(row), f"a row of the data, 0 to {count(self._rows - 1)}")
        self.refusal = ""
        """What is wrong with the number that is typed."""

    def answer(self, view: View, width: int, height: int) -> Sequence[Line]:
        if self.refusal:
            return [Line.of((view.glyphs.text(self.refusal), "minus")).fit(width, view.glyphs.ellipsis)]
        return [Line.of(("Enter follows it, Esc leaves", "dim")).fit(width)]

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        typed = event.value.strip().replace(",", "")
        if typed.isascii() and typed.isdigit() and int(typed) < self._rows:
            self.dismiss(int(typed))
            return
        shown = typed if len(typed) <= 12 else typed[:11] + "…"
        what = f"{shown} is no row" if typed else "Type a row"
        self.refusal = f"{what}: the data has rows 0 to {count(self._rows - 1)}."
        self.redraw()
