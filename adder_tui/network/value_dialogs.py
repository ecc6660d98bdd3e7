"""The dialogs of the Network tab: a row of the data by its number, a new value for a number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from adder_engine.errors import AdderError, RequestError
from adder_tui.ui.canvas import Canvas, ViewSource
from adder_tui.ui.dialogs import Dialog
from adder_tui.ui.fields import Field
from adder_tui.ui.line import Line, wrapped
from adder_tui.ui.modal import Modal
from adder_tui.ui.numbers import count
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.controller import NetworkEditor


class RowNumber(Dialog[int | None]):
    """Type a number; Enter resolves with it, Escape with None. Bad input stays, with a sentence."""

    def __init__(self, source: ViewSource, row: int | None) -> None:
        self._rows = source().experiment.row_count
        super().__init__(source, "" if row is None else str(row), f"a row of the data, 0 to {count(self._rows - 1)}")
        self.refusal = ""
        """What is wrong with the number that is typed."""

    def answer(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
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


def parse_value(text: str) -> float:
    """Read a number as somebody types it.

    Raises:
        RequestError: it is none; one sentence that shows what would do.
    """
    typed = text.strip()
    try:
        value = float(typed.replace("−", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in typed:
        shown = repr(typed if len(typed) <= 24 else typed[:21] + "...") if typed else "Nothing"
        raise RequestError(f"{shown} is no number: type one such as 0.5, -3 or 2e-4.")
    return value


class _Words(Canvas):
    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        dialog = self.screen
        assert isinstance(dialog, EditValue)
        if self.id == "title":
            return [Line.of((dialog.name_shown, "strong"), ("  new value", "dim"))]
        rows = wrapped(view.glyphs.text(dialog.sentence), width)
        return [Line.of((row, "minus" if dialog.refused else "dim")) for row in rows]


class EditValue(Modal[None]):
    """Type the value, Enter sets it, Escape leaves it as it was. What will not do stays to be mended."""

    DEFAULT_CSS = """
    EditValue { align: center middle; background: transparent; }
    EditValue > Vertical { width: 52; max-width: 100%; height: auto; background: $raised; padding: 1 2; }
    EditValue #title { height: 1; }
    EditValue Field { height: 1; background: $band; }
    EditValue #sentence { height: 2; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", show=False),
        Binding("enter", "apply", show=False, priority=True),
    ]
    AUTO_FOCUS = "Field"

    def __init__(self, source: ViewSource, editor: NetworkEditor) -> None:
        super().__init__()
        self._source, self._editor = source, editor
        parameter, self._tensor, self._place = editor.chosen()
        snapshot = source().snapshot
        assert snapshot is not None
        self.name_shown = f"{self._tensor}[{', '.join(map(str, self._place))}]"
        self._old = str(snapshot.state[0, parameter.index])
        self.refused = ""

    @property
    def sentence(self) -> str:
        """What the row below the field says."""
        return self.refused or "Enter sets it, Esc leaves it. u takes it back later."

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield _Words(self._source, id="title")
            yield Field(self._old, id="value")
            yield _Words(self._source, id="sentence")

    def on_mount(self) -> None:
        self.query_one(Field).select_all()

    @on(Field.Changed)
    def _typed(self) -> None:
        self._say("")

    def _say(self, sentence: str) -> None:
        self.refused = sentence
        self.query_one("#sentence", _Words).redraw()

    def action_apply(self) -> None:
        """Set the value; on a refusal what was typed stays."""
        self.run_worker(self._apply(), name="apply", exclusive=True)

    async def _apply(self) -> None:
        try:
            await self._editor.set(self._tensor, self._place, parse_value(self.query_one(Field).value))
        except AdderError as error:
            self._say(str(error))
            return
        self.dismiss()
