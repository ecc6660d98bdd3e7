"""The drawings of the Train tab, as widgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from adder_tui.render.blowup import blow_up_lines
from adder_tui.render.chart import Axis, axis_of, loss_chart, newest_epoch, now
from adder_tui.render.lines import Line
from adder_tui.render.plot import LABEL_WIDTH
from adder_tui.render.readout import read_out
from adder_tui.render.run import run_panel
from adder_tui.render.stuck import stuck_here, stuck_lines
from adder_tui.render.sums import learned, watched_sums
from adder_tui.render.view import View
from adder_tui.widgets.canvas import Canvas, ViewSource

if TYPE_CHECKING:
    from adder_engine.snapshot import Look


class LossChart(Canvas, can_focus=True):
    """Training and held-out loss over the epochs; the arrow keys read it out.

    Args:
        on_read: called when another epoch is read out, or none any more.
        on_go: takes the epoch that the app shall go to.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "read(-1)", show=False),
        Binding("right", "read(1)", show=False),
        Binding("shift+left,pageup", "read(-10)", show=False),
        Binding("shift+right,pagedown", "read(10)", show=False),
        Binding("enter", "go", show=False),
        Binding("escape", "let_go", show=False),
    ]

    reading: int | None = None
    """The epoch that is read out; None where none is."""
    _drawn: View | None = None
    _drawn_reading: int | None = None

    def __init__(self, source: ViewSource, on_read: Callable[[], None], on_go: Callable[[int], None]) -> None:
        super().__init__(source)
        self._on_read, self._on_go = on_read, on_go

    @property
    def axis(self) -> Axis:
        """The epochs along the chart's columns."""
        return axis_of(self.view, self.size.width)

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        """The chart; drawn anew only where something in it has changed, for it is the dearest of all drawings."""
        before, self._drawn = self._drawn, view
        same = before is not None and _same_curves(before, view) and self._drawn_reading == self.reading
        if self._lines is not None and same:
            return self._lines
        self._drawn_reading = self.reading
        return loss_chart(view, width, height, self.reading)

    def action_read(self, columns: int) -> None:
        """Move the cursor, from the current moment at first."""
        view = self.view
        here = self.reading if self.reading is not None else round(now(view))
        self._read(max(0, min(self.axis.moved(here, columns), newest_epoch(view))))

    def _read(self, epoch: int | None) -> None:
        self.reading = epoch
        self.redraw()
        self._on_read()

    def action_go(self) -> None:
        """Take the app to the moment that is read out."""
        if self.reading is not None:
            epoch = self.reading
            self._read(None)
            self._on_go(epoch)

    def action_let_go(self) -> None:
        """Read nothing out any more."""
        if self.reading is not None:
            self._read(None)

    def on_click(self, event: events.Click) -> None:
        if event.x >= LABEL_WIDTH:
            self._read(min(self.axis.epoch(event.x - LABEL_WIDTH), newest_epoch(self.view)))


def _same_curves(before: View, after: View) -> bool:
    old, new = before.snapshot, after.snapshot
    if old is None or new is None:
        return old is new and before.experiment == after.experiment
    return (
        old.losses is new.losses
        and old.runs is new.runs
        and old.marks is new.marks
        and (old.moment, old.newest, old.status, old.run) == (new.moment, new.newest, new.status, new.run)
        and before.experiment == after.experiment
        and before.charted == after.charted
    )


class ReadOut(Canvas):
    """What the run was where the chart's cursor is.

    Args:
        chart: whose cursor it is.
    """

    look: Look | None = None
    """What the session found there, once it has been asked."""

    def __init__(self, source: ViewSource, chart: LossChart) -> None:
        super().__init__(source)
        self._chart = chart

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        epoch = self._chart.reading
        if epoch is None:
            return []
        look = self.look if self.look is not None and self.look.epoch == epoch else None
        return read_out(view, epoch, look, self._chart.axis, width)


class RunPanel(Canvas):
    """How far, how wrong, how fast, and with what."""

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return run_panel(view, width, height)


class WatchedSums(Canvas):
    """What the network answers to the watched sums."""

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return watched_sums(view, width, height)


class LearnedMap(Canvas):
    """The collapsed map above the wanted one; of a run that blew up or is stuck, why."""

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        if view.snapshot is not None and view.snapshot.blow_up is not None:
            return blow_up_lines(view, view.snapshot.blow_up, width)
        if (stuck := stuck_here(view)) is not None:
            return stuck_lines(view, stuck, width)
        return learned(view, width)
