"""The Train tab: loss chart, run panel, watched sums and what has been learned."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from adder_tui.panes.pane import Pane
from adder_tui.widgets.training import LearnedMap, LossChart, RunPanel, WatchedSums

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
    """

    _shares = (0, 0)
    """Rows of the sums and columns of the run panel."""

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield LossChart(self.source)
            yield RunPanel(self.source)
        yield WatchedSums(self.source)
        yield LearnedMap(self.source)

    def on_resize(self, event: events.Resize) -> None:
        self._share_rows()

    def redraw(self) -> None:
        self._share_rows()
        super().redraw()

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
