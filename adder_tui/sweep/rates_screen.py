"""The test of learning rates: as a chart, in words, and as a screen that draws it while it is carried out."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from adder_engine.language import tr
from adder_engine.rates import planned_rates, rates_in_slices
from adder_tui.ui.axis import log_span
from adder_tui.ui.canvas import Drawing, heading
from adder_tui.ui.chart import Upright, plot
from adder_tui.ui.curve import Curve
from adder_tui.ui.line import Line
from adder_tui.ui.list_view import aside, keys_line, said_lines
from adder_tui.ui.modal import Modal
from adder_tui.ui.numbers import number, rate_text
from adder_tui.ui.run_state import over_pairs
from adder_tui.ui.symbols import UNICODE, Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.rates import RateTest
    from adder_tui.services import Services


LIMIT = "2/λmax"
"""What the mark at the limit is called."""


def rates_chart(test: RateTest, at: int | None, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """Each update's loss against its rate, both on log axes, with 2/λmax marked; a loss of 0 lies on the floor.

    Args:
        at: the update that is read out; None for none.
    """
    import numpy as np

    if not test.losses:
        return [Line().fit(width) for _ in range(height)]
    x = np.log10(np.array(test.rates))
    losses = np.array(test.losses)
    positive = losses[losses > 0]
    floor = math.log10(float(positive.min())) if positive.size else 0.0
    y = np.full(len(losses), floor)
    y[losses > 0] = np.log10(positive)
    span = math.log10(test.low), math.log10(test.high)
    marks = []
    if test.limit is not None and test.low <= test.limit <= test.high:
        marks.append(Upright(math.log10(test.limit), glyphs.text(LIMIT), "minus"))
    if at is not None:
        marks.append(Upright(float(x[at]), "", "accent"))
    curve = Curve(x, y, "train", marker="*" if glyphs.ascii else "")
    return plot([curve], span, log_span(float(y.min()), float(y.max())), width, height, glyphs,
                uprights=marks, powers=True)  # fmt: skip


def rates_said(test: RateTest, glyphs: Glyphs) -> list[str]:
    """What the test found, in sentences."""
    said = []
    lowest = test.lowest
    if lowest is not None:
        loss, rate = number(test.losses[lowest], glyphs), rate_text(test.rates[lowest], glyphs)
        over = over_pairs(test.experiment, glyphs)[2]
        said.append(tr("From {start} the loss{over} fell to {lowest}, lowest at the rate {rate}.",
                       start=number(test.losses[0], glyphs), over=over, lowest=loss, rate=rate))  # fmt: skip
        if test.proposed is not None:
            usual = rate_text(test.proposed, glyphs)
            said.append(tr("A tenth of that, {rate}, is a usual choice.", rate=usual))
    if test.ended:
        said.append(test.ended)
    if test.limit is not None:
        sentence = tr("{name} at the start is {limit}: above it plain steps grow.",
                  name=glyphs.text(LIMIT), limit=rate_text(test.limit, glyphs))  # fmt: skip
        said.append(sentence + _own_limit(test, glyphs))
    return said


def _own_limit(test: RateTest, glyphs: Glyphs) -> str:
    name = test.experiment.training.optimizer
    if test.optimizer_limit is None:
        return tr(" {optimizer} scales its steps, so that it has no such limit.", optimizer=name)
    if name == "sgd" and not test.experiment.training.weight_decay:
        return ""
    return tr(" For {optimizer} that is {limit}.", optimizer=name, limit=rate_text(test.optimizer_limit, glyphs))


def rates_lines(test: RateTest, at: int | None, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """The chart, and what it says below it."""
    words = [line for said in rates_said(test, glyphs) for line in said_lines(said, width, "text", glyphs)]
    words = words[: max(0, height - 8)]
    chart = rates_chart(test, at, width, height - len(words), glyphs)
    return [*chart, *words]


class RatesScreen(Modal[bool]):
    """A run of its own whose rate rises from update to update; the run in progress goes on beside it.

    Closes with whether a rate was taken into the run.
    """

    DEFAULT_CSS = """
    RatesScreen { padding: 0 1; }
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
        snapshot = self._services.view().snapshot
        text, now = rate_text(rate, UNICODE), "" if snapshot is None else rate_text(snapshot.lr, UNICODE)
        if now in ("", text):
            said = tr("The learning rate is {rate} from here on: u takes it back.", rate=text)
        else:
            said = tr(
                "The learning rate is {rate} from here on, {now} now by its schedule: u takes it back.",
                rate=text,
                now=now,
            )
        self._services.say(said)

    def action_read(self, key: str) -> None:
        """Move the cursor, from the lowest loss on; by ten updates with PgUp and PgDn."""
        lowest = self.test.lowest
        if lowest is None:
            return
        self.said = ""
        by = aside(key, 10)
        self.at = lowest if self.at is None else max(0, min(len(self.test.losses) - 1, self.at + by))
        self.redraw()
