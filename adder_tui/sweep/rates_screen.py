"""The test of learning rates in the app: its chart, drawn while it is carried out, and read out with a cursor."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from adder_engine.language import tr
from adder_engine.rates import planned_rates, rates_in_slices
from adder_tui.sweep.draw_rates import rates_lines
from adder_tui.ui.canvas import Drawing, heading
from adder_tui.ui.line import Line
from adder_tui.ui.list_view import keys_line
from adder_tui.ui.modal import Modal
from adder_tui.ui.numbers import number, rate_text
from adder_tui.ui.symbols import UNICODE
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.services import Services


class RatesScreen(Modal[bool]):
    """A run of its own whose rate rises from update to update; the run in progress goes on beside it.

    Closes with whether a rate was taken into the run.
    """

    DEFAULT_CSS = """
    RatesScreen { background: $background; padding: 0 1; }
    RatesScreen #heading { height: 1; margin-bottom: 1; }
    RatesScreen #words { height: 1fr; }
    """
    window = "rates"

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self.test = planned_rates(services.view().experiment)
        self.at: int | None = None
        """The update that is read out."""

    def compose(self) -> ComposeResult:
        view = self._services.view
        about = tr("   the loss while the rate rises from update to update")
        yield heading(view, (tr(" Rates"), "strong"), (about, "dim"))
        yield Drawing(view, self.words, id="words")

    def on_mount(self) -> None:
        self.run_worker(self._carry_out(), name="rates")

    async def _carry_out(self) -> None:
        """Look at the test as it comes, away from the screen's thread."""
        states = rates_in_slices(self.test)
        while (state := await asyncio.to_thread(next, states, None)) is not None:
            self.test = state
            self.redraw()

    def words(self, view: ViewState, width: int, height: int) -> list[Line]:
        """The chart, what was found, what the cursor reads, and the keys."""
        test, glyphs = self.test, view.glyphs
        read = Line.of((" " if test.finished else tr(" The test is under way."), "dim"))
        if self.at is not None:
            read = Line.of((tr(" rate "), "dim"), (rate_text(test.rates[self.at], glyphs), "strong"),
                           (tr("  loss "), "dim"), number(test.losses[self.at], glyphs))  # fmt: skip
        if self.said:
            read = Line.of((f" {glyphs.text(self.said)}", "minus"))
        keys = [(tr("left/right") if glyphs.ascii else "←→", tr("read out")), (tr("Esc"), tr("closes"))]
        if self.rate is not None:
            keys.insert(1, (tr("Enter"), tr("takes {rate} into the run", rate=rate_text(self.rate, glyphs))))
        below = [read.fit(width, glyphs.ellipsis), keys_line(keys).fit(width)]
        return [*rates_lines(test, self.at, width, height - 2, glyphs), *below]

    @property
    def rate(self) -> float | None:
        """What Enter takes, as it is written: the rate that is read out, or else the usual choice."""
        rate = self.test.proposed if self.at is None else self.test.rates[self.at]
        return None if rate is None or (self.at is None and not self.test.finished) else float(f"{rate:.3g}")

    def action_take(self) -> None:
        """Take the rate into the run, as any change that can be undone."""
        if self.rate is None:
            self.say(tr("No rate lowered the loss: read one out with the arrows.") if self.test.finished else "")
        else:
            self.close_after(self._take(self.rate))

    async def _take(self, rate: float) -> None:
        await self._services.controller.run(self._services.view().experiment, {"training.lr": rate})
        self.dismiss(True)
        text = rate_text(rate, UNICODE)
        self._services.say(tr("The learning rate is {rate} from here on: u takes it back.", rate=text))

    def action_read(self, key: str) -> None:
        """Move the cursor, from the lowest loss on; by ten updates with PgUp and PgDn."""
        lowest = self.test.lowest
        if lowest is None:
            return
        self.said = ""
        by = {"left": -1, "right": 1, "pageup": -10, "pagedown": 10}[key]
        self.at = lowest if self.at is None else max(0, min(len(self.test.losses) - 1, self.at + by))
        self.redraw()
