"""The Train tab: loss chart, run panel, watched sums and what has been learned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from adder_engine.errors import AdderError
from adder_tui.panes.chart_reading import ChartReading
from adder_tui.panes.pane import Pane
from adder_tui.render.view import View
from adder_tui.widgets.canvas import ViewSource
from adder_tui.widgets.training import LearnedMap, RunPanel, WatchedSums

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import Moment, Outlook
    from adder_tui.app import AdderApp

LEAST_CHART_ROWS = 9
LEARNED_ROWS = 2


class TrainPane(Pane):
    """Training at a glance; the sums keep their rows, the chart takes what is left."""

    DEFAULT_CSS = """
    TrainPane { layout: vertical; }
    TrainPane > Horizontal { height: 1fr; }
    TrainPane LossChart { width: 1fr; }
    TrainPane RunPanel { width: 30; margin: 0 1 0 3; }
    TrainPane WatchedSums { height: 8; }
    TrainPane LearnedMap { height: 2; }
    TrainPane ReadOut { height: 2; display: none; }
    """

    _outlook: Outlook | None = None
    """What was last found of the run as it stands."""
    _asked: tuple[int, Experiment, Moment | None] | None = None
    """Of which run, settings and moment that was asked; no moment while it plays."""
    _looking = False
    _shares = (0, 0)
    """Rows of the sums and columns of the run panel."""

    def __init__(self, source: ViewSource, *, id: str) -> None:
        super().__init__(source, id=id)
        self._reading = ChartReading(self, source, lambda: self._app.player.ready(), self._read, self._go)

    @property
    def _app(self) -> AdderApp:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield self._reading.chart
            yield RunPanel(self._seen)
        yield self._reading.telling
        yield WatchedSums(self.source)
        yield LearnedMap(self._seen)

    def on_resize(self, event: events.Resize) -> None:
        self._share_rows()

    def redraw(self) -> None:
        self._share_rows()
        super().redraw()
        self._look_out()

    def _seen(self) -> View:
        """What there is to draw, with what was found of the run as it stands."""
        return replace(self.source(), outlook=self._outlook)

    def _look_out(self) -> None:
        """Ask how the run stands: once for each place where it halts, and once for the settings it plays with."""
        view = self.source()
        snapshot = view.snapshot
        if snapshot is None or view.lesson is not None or snapshot.blow_up is not None or self._looking:
            return
        place = None if snapshot.status == "playing" else snapshot.moment
        asked = (snapshot.run, snapshot.experiment, place)
        if asked != self._asked:
            self._looking, self._asked = True, asked
            self.run_worker(self._ask_outlook(), name="outlook")

    async def _ask_outlook(self) -> None:
        try:
            self._outlook = await (await self._app.player.ready()).outlook()
        except AdderError:  # the session is closed, or has said already what is wrong
            self._outlook = None
        finally:
            self._looking = False
        self.redraw()

    def _share_rows(self) -> None:
        snapshot = self.source().snapshot
        wanted = 1 + max(6, len(snapshot.answers) if snapshot else 0)
        rows = max(4, min(wanted, self.size.height - LEARNED_ROWS - LEAST_CHART_ROWS - 1))
        width = 36 if self.size.width >= 100 else 30 if self.size.width >= 72 else 24
        if (rows, width) != self._shares:  # setting a style lays the whole screen out anew, and repaints it
            self._shares = rows, width
            # Queried as a whole: the app may be leaving, and parts of the pane already gone.
            self.query(WatchedSums).set_styles(height=rows)
            self.query(RunPanel).set_styles(width=width)

    def _read(self) -> None:
        """The chart is read out in place of what was learned, or that is shown again."""
        self.query_one(LearnedMap).display = self._reading.chart.reading is None
        self.call_after_refresh(super().redraw)

    def _go(self, epoch: int) -> None:
        self._app.run_worker(self._app.attempt(self._app.player.seek_epoch(epoch)), name="seek")
