"""The Train tab: loss chart and its reading, run panel, watched sums, what was learned; and the way to an epoch."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from adder_engine.errors import AdderError, RequestError
from adder_engine.language import tr
from adder_tui.train.draw_chart import Axis, axis_of, drawn_to, loss_chart, newest_epoch, now, read_out, x_end
from adder_tui.train.draw_panels import learned_or_why, run_panel, watched_sums
from adder_tui.ui.asked_once import AskedOnce
from adder_tui.ui.axis import LABELS, WHOLE, Lens, looked
from adder_tui.ui.canvas import Canvas, Costly, Drawing, Pane, Same, Thrifty, ViewSource, taken
from adder_tui.ui.dialogs import FieldDialog
from adder_tui.ui.line import Line, cut
from adder_tui.ui.list_view import aside
from adder_tui.ui.numbers import count
from adder_tui.ui.view import WIDE, ViewState

if TYPE_CHECKING:
    from textual.timer import Timer

    from adder_engine.experiment import Experiment
    from adder_engine.session import Session
    from adder_engine.snapshot import EpochSummary, Outlook, Position
    from adder_tui.services import Services


REST = 0.15
"""Seconds that the chart's cursor rests before the session is asked what the run was there."""
LOOK_SECONDS = 3.0
"""Seconds until a playing run is asked again how it stands, ..."""
LOOK_SHARE = 10
"""... and at least so many times what the answer took, so that it trains on meanwhile."""
LEAST_CHART_ROWS = 9
LEARNED_ROWS = 2
PANEL_ROWS = 13
"""What the run panel takes below, where the window has them."""
LEAST_WIDE_ROWS = 20
"""Rows of chart and picture before the run panel gets more than the sums take."""
PARTED = re.compile(r"\d{1,3}(?:,\d{3})+", re.ASCII)
"""A whole number as the screen writes it."""


class ChartReading:
    """A chart, and the two lines that tell what the run was where its cursor is.

    Args:
        host: the widget that both lie in; its timers and workers are used.
        source: gives the view.
        ready: gives the session.
        on_read: called when another epoch is read out, or none any more.
        on_go: takes the epoch that the app shall go to.
        say: tells of another look at the chart.
    """

    def __init__(
        self, host: Widget, source: ViewSource, ready: Callable[[], Awaitable[Session]],
        on_read: Callable[[], None], on_go: Callable[[int], None], say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._host, self._ready, self._on_read = host, ready, on_read
        self.chart = LossChart(source, self._read, on_go, say)
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


class LossChart(Costly[Sequence[Line]], can_focus=True):
    """Training and held-out loss over the epochs; the arrow keys read it out.

    Args:
        on_read: called when another epoch is read out, or none any more.
        on_go: takes the epoch that the app shall go to.
        say: tells of another look at the chart.
    """

    BINDINGS = taken("read_chart", "go_there", "let_go")

    reading: int | None = None
    """The epoch that is read out; None where none is."""
    lens: Lens = WHOLE
    """How the losses are looked at."""

    def __init__(
        self, source: ViewSource, on_read: Callable[[], None], on_go: Callable[[int], None], say: Callable[[str], None]
    ) -> None:
        super().__init__(source)
        self._on_read, self._on_go, self._say = on_read, on_go, say

    @property
    def axis(self) -> Axis:
        """The epochs along the chart's columns."""
        return axis_of(self.view, self.size.width, self.lens)

    def hangs_on(self, view: ViewState) -> object:
        """The curves, where on them the run is, and how they are looked at."""
        run = view.snapshot
        drawn = self.reading, self.lens, view.experiment, view.charted, view.titles, view.has_held_out, view.keys_wait
        if run is None:
            return drawn
        return *drawn, *map(Same, (run.losses, run.runs, run.marks)), run.moment, run.newest, run.status, run.run

    def make(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        return loss_chart(view, width, height, self.reading, self.lens)

    draw = Costly.made

    def action_look(self, way: str, by: float = 0.0) -> None:
        """Look at the losses in another way, around the cursor or the current moment; see :func:`looked`."""
        here = now(self.view) if self.reading is None else float(self.reading)
        self.lens, words = looked(self.lens, way, by, here, x_end(self.view), drawn_to(self.view))
        self._say(words)
        self.redraw()

    def action_read(self, key: str) -> None:
        """Move the cursor, from the current moment at first."""
        view = self.view
        here = self.reading if self.reading is not None else round(now(view))
        self._read(max(0, min(self.axis.moved(here, aside(key, 10)), newest_epoch(view))))

    def _read(self, epoch: int | None) -> None:
        self.reading = epoch
        if epoch is not None:
            self.lens = self.lens.showing(epoch, x_end(self.view))
        self.redraw()
        self._on_read()

    def action_go(self) -> None:
        """Take the app to the moment that is read out."""
        if (epoch := self.reading) is not None:
            self._read(None)
            self._on_go(epoch)

    def action_let_go(self) -> None:
        if self.reading is not None:
            self._read(None)

    def on_click(self, event: events.Click) -> None:
        if event.x >= LABELS:
            self._read(min(self.axis.epoch(event.x - LABELS), newest_epoch(self.view)))


class ReadOut(Canvas):
    """What the run was where the chart's cursor is.

    Args:
        chart: whose cursor it is.
    """

    look: EpochSummary | None = None
    """What the session found there, once it has been asked."""

    def __init__(self, source: ViewSource, chart: LossChart) -> None:
        super().__init__(source)
        self._chart = chart

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        epoch = self._chart.reading
        if epoch is None:
            return []
        look = self.look if self.look is not None and self.look.epoch == epoch else None
        return read_out(view, epoch, look, self._chart.axis, width)


class NetworkBeside(Thrifty[Sequence[Line]]):
    """The network's picture, once there is a network."""

    draw = Costly.made

    def make(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        if view.snapshot is None:
            return []
        from adder_tui.ui.picture import picture  # brings numpy, which the first frame does without

        return picture(view, width, height).lines


class TrainPane(Pane):
    """Training at a glance; the sums keep their rows, the chart takes what is left, in wide windows with the picture.

    The run panel stands right of the chart, and where that is the picture's place, right of the sums.
    """

    DEFAULT_CSS = """
    TrainPane { layout: vertical; }
    TrainPane > #above { height: 1fr; }
    TrainPane > #below { height: 10; }
    TrainPane LossChart { width: 1fr; }
    TrainPane NetworkBeside { width: 1fr; margin: 0 1 0 2; display: none; }
    TrainPane .panel { width: 30; margin: 0 1 0 3; }
    TrainPane #below .panel { display: none; }
    TrainPane.-wide NetworkBeside, TrainPane.-wide #below .panel { display: block; }
    TrainPane.-wide #above .panel { display: none; }
    TrainPane #sums { height: 8; }
    TrainPane #learned { height: 2; }
    TrainPane ReadOut { height: 2; display: none; }
    """

    _outlook: Outlook | None = None
    """What was last found of the run as it stands."""
    _look_again = 0.0
    """When that is asked anew while the run plays, on the clock of ``time.monotonic``."""
    _shares = (0, 0, 0)
    """Rows of the sums and below the chart, and columns of the run panel."""

    def __init__(self, services: Services, *, id: str) -> None:
        super().__init__(services.view, id=id)
        self._services = services
        self._asked = AskedOnce(self.run_worker, self._ask_outlook, self.redraw)
        """Of which run, settings and moment that was; no moment while it plays."""
        self._learned = Drawing(self._seen, learned_or_why, id="learned")
        self._reading = ChartReading(self, services.view, services.controller.ready, self._read, self._go, services.say)

    @property
    def actors(self) -> Sequence[object]:
        return self, self._reading.chart

    def compose(self) -> ComposeResult:
        with Horizontal(id="above"):
            yield self._reading.chart
            yield NetworkBeside(self.source)
            yield Drawing(self._seen, run_panel, classes="panel")
        yield self._reading.telling
        with Horizontal(id="below"):
            with Vertical():
                yield Drawing(self.source, watched_sums, id="sums")
                yield self._learned
            yield Drawing(self._seen, run_panel, classes="panel")

    def on_resize(self, event: events.Resize) -> None:
        self._share_rows()

    def redraw(self) -> None:
        self._share_rows()
        super().redraw()
        self._look_out()

    def _seen(self) -> ViewState:
        """What there is to draw, with what was found of the run as it stands."""
        return replace(self.source(), outlook=self._outlook)

    def _look_out(self) -> None:
        """Ask how the run stands: once for each place where it halts, and every few seconds while it plays."""
        view = self.source()
        snapshot = view.snapshot
        if snapshot is None or view.lesson is not None or snapshot.blow_up is not None or self._asked.waiting:
            return
        place = None if snapshot.status == "playing" else snapshot.moment
        run = snapshot.run, snapshot.experiment
        if self._asked.about is not None and run != self._asked.about[0]:
            self._outlook = None
        if place is None and time.monotonic() >= self._look_again:
            self._asked.forget()
        self._asked.want((run, place))

    async def _ask_outlook(self, about: tuple[tuple[int, Experiment], Position | None]) -> None:
        began = time.monotonic()
        try:
            self._outlook = await (await self._services.controller.ready()).outlook()
        except AdderError:  # the session is closed, or has said already what is wrong
            self._outlook = None
        now = time.monotonic()
        self._look_again = now + max(LOOK_SECONDS, LOOK_SHARE * (now - began))

    def _share_rows(self) -> None:
        if not self.size:  # while it is hidden
            return
        snapshot = self.source().snapshot
        wanted = 1 + max(6, len(snapshot.answers) if snapshot else 0)
        rows = max(4, min(wanted, self.size.height - LEARNED_ROWS - LEAST_CHART_ROWS - 1))
        width = 36 if self.size.width >= 100 else 30 if self.size.width >= 72 else 24
        below, wide = rows + LEARNED_ROWS, self.size.width >= WIDE
        if wide:
            below = max(below, min(PANEL_ROWS, self.size.height - LEAST_WIDE_ROWS))
        if self._reading.chart.reading is not None:  # the rows of what was learned are the reading's
            below -= LEARNED_ROWS
        if (rows, below, width) != self._shares or wide != self.has_class("-wide"):
            # Setting a style lays the whole screen out anew, and repaints it.
            self._shares = rows, below, width
            self.set_class(wide, "-wide")
            # Queried as a whole: the app may be leaving, and parts of the pane already gone.
            self.query("#sums").set_styles(height=rows)
            self.query("#below").set_styles(height=below)
            self.query(".panel").set_styles(width=width)

    def _read(self) -> None:
        """The chart is read out in place of what was learned, or that is shown again."""
        self._learned.display = self._reading.chart.reading is None
        self._share_rows()
        self.call_after_refresh(super().redraw)

    def _go(self, epoch: int) -> None:
        self._services.start(self._services.controller.seek_epoch(epoch), "seek")


def epoch_typed(typed: str, newest: int) -> int:
    """The epoch that is typed, from 0, the start, to the newest that the run has been at.

    Raises:
        RequestError: it is none; one sentence that tells which there are.
    """
    digits, last = "".join(typed.split()), count(newest)
    if PARTED.fullmatch(digits):  # no epoch has a decimal comma
        digits = digits.replace(",", "")
    if not digits:
        raise RequestError(tr("Type an epoch: the run has been at epochs 0 to {last}.", last=last))
    if not (digits.isascii() and digits.isdigit()):
        shown = cut(typed.strip(), 24, "…")
        raise RequestError(tr("{typed} is no epoch: the run has been at epochs 0 to {last}.", typed=shown, last=last))
    if len(digits) > 15 or int(digits) > newest:
        raise RequestError(tr("The run has been at epochs 0 to {last}; space or . trains on.", last=last))
    return int(digits)


class GoToEpoch(FieldDialog):
    """The number of the epoch to go to."""

    DEFAULT_CSS = "GoToEpoch > Vertical { width: 60; }"

    def __init__(self, services: Services) -> None:
        self._controller = services.controller
        view = services.view()
        if view.snapshot is None:
            raise RequestError(tr("The engine is still loading."))
        last = count(newest_epoch(view))
        super().__init__(
            services.view, ((tr("Go to epoch"), "strong"),), str(view.snapshot.epoch),
            tr("Enter goes there, Esc leaves. The run has been at epochs 0 to {last}.", last=last),
        )  # fmt: skip

    async def take(self, typed: str) -> None:
        await self._controller.seek_epoch(epoch_typed(typed, newest_epoch(self.source())))
        self.dismiss()
