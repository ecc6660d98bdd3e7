"""A test of learning rates as a chart, and in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_tui.ui.axis import log_span
from adder_tui.ui.chart import Upright, plot
from adder_tui.ui.curve import Curve
from adder_tui.ui.line import Line
from adder_tui.ui.list_view import said_lines
from adder_tui.ui.numbers import number, rate_text
from adder_tui.ui.run_state import over_pairs
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from adder_engine.rates import RateTest


def limit_name(glyphs: Glyphs) -> str:
    """What the mark at the limit is called."""
    return "2/lambda_max" if glyphs.ascii else "2/λmax"


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
        marks.append(Upright(math.log10(test.limit), limit_name(glyphs), "minus"))
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
        told = tr("{name} at the start is {limit}: above it plain steps grow.",
                  name=limit_name(glyphs), limit=rate_text(test.limit, glyphs))  # fmt: skip
        said.append(told + _own_limit(test, glyphs))
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
