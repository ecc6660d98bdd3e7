"""The test of learning rates in the app: its chart, drawn while it is carried out, and read out with a cursor."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from adder_engine.rates import planned_rates, rates_in_slices
from adder_tui.sweep.draw_rates import rates_lines
from adder_tui.ui.canvas import Drawing, heading
from adder_tui.ui.line import Line
from adder_tui.ui.list_view import keys_line
from adder_tui.ui.modal import Modal
from adder_tui.ui.numbers import number, rate_text
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.services import Services


class RatesScreen(Modal[None]):
    """A run of its own whose rate rises from update to update; the run in progress goes on beside it."""

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
        yield heading(view, (" Rates", "strong"), ("   the loss while the rate rises from update to update", "dim"))
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
        read = Line.of((" " if test.finished else " The test is under way.", "dim"))
        if self.at is not None:
            read = Line.of((" rate ", "dim"), (rate_text(test.rates[self.at], glyphs), "strong"),
                           ("  loss ", "dim"), number(test.losses[self.at], glyphs))  # fmt: skip
        keys = keys_line((("left/right" if glyphs.ascii else "←→", "read out"), ("Esc", "closes")))
        return [*rates_lines(test, self.at, width, height - 2, glyphs), read.fit(width), keys.fit(width)]

    def action_read(self, key: str) -> None:
        """Move the cursor, from the lowest loss on; by ten updates with PgUp and PgDn."""
        lowest = self.test.lowest
        if lowest is None:
            return
        by = {"left": -1, "right": 1, "pageup": -10, "pagedown": 10}[key]
        self.at = lowest if self.at is None else max(0, min(len(self.test.losses) - 1, self.at + by))
        self.redraw()
