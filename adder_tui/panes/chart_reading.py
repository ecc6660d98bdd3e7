"""Reading a loss chart out: the lines under it, and what the session is asked for them."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual.widget import Widget

from adder_engine.errors import AdderError
from adder_tui.widgets.canvas import ViewSource
from adder_tui.widgets.training import LossChart, ReadOut

if TYPE_CHECKING:
    from textual.timer import Timer

    from adder_engine.session import Session

REST = 0.15
"""Seconds that the chart's cursor rests before the session is asked what the run was there."""


class ChartReading:
    """A chart, and the two lines that tell what the run was where its cursor is.

    Args:
        host: the widget that both lie in; its timers and workers are used.
        source: gives the view.
        ready: gives the session.
        on_read: called when another epoch is read out, or none any more.
        on_go: takes the epoch that the app shall go to.
    """

    def __init__(
        self, host: Widget, source: ViewSource, ready: Callable[[], Awaitable[Session]],
        on_read: Callable[[], None], on_go: Callable[[int], None],
    ) -> None:  # fmt: skip
        self._host, self._ready, self._on_read = host, ready, on_read
        self.chart = LossChart(source, self._read, on_go)
        self.telling = ReadOut(source, self.chart)
        self._resting: Timer | None = None

    def _read(self) -> None:
        """Show the lines while the chart is read out; ask the session once the cursor rests."""
        epoch = self.chart.reading
        self.telling.display = epoch is not None
        self._on_read()
        if self._resting is not None:
            self._resting.stop()
        if epoch is not None:
            self._resting = self._host.set_timer(REST, lambda: self._host.run_worker(self._look(epoch), group="look"))

    async def _look(self, epoch: int) -> None:
        with contextlib.suppress(AdderError):  # the run was cut off before it: the curves alone are told
            self.telling.look = await (await self._ready()).look(epoch)
        self.telling.redraw()
