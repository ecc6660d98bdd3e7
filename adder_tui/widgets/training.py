"""The drawings of the Train tab, as widgets."""

from __future__ import annotations

from collections.abc import Sequence

from adder_tui.render.chart import loss_chart
from adder_tui.render.lines import Line
from adder_tui.render.run import run_panel
from adder_tui.render.sums import learned, watched_sums
from adder_tui.render.view import View
from adder_tui.widgets.canvas import Canvas


class LossChart(Canvas):
    """Training and held-out loss over the epochs."""

    _drawn: View | None = None

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        """The chart; drawn anew only where something in it has changed, for it is the dearest of all drawings."""
        before, self._drawn = self._drawn, view
        if self._lines is not None and before is not None and _same_curves(before, view):
            return self._lines
        return loss_chart(view, width, height)


def _same_curves(before: View, after: View) -> bool:
    old, new = before.snapshot, after.snapshot
    if old is None or new is None:
        return old is new and before.experiment == after.experiment
    return (
        old.losses is new.losses
        and (old.moment, old.newest, old.status) == (new.moment, new.newest, new.status)
        and before.experiment == after.experiment
    )


class RunPanel(Canvas):
    """How far, how wrong, how fast, and with what."""

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return run_panel(view, width, height)


class WatchedSums(Canvas):
    """What the network answers to the watched sums."""

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return watched_sums(view, width, height)


class LearnedMap(Canvas):
    """The collapsed map above the wanted one."""

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return learned(view, width)
