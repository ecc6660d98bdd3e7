"""A test of learning rates as a chart, and in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

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
        said.append(f"From {number(test.losses[0], glyphs)} the loss{over} fell to {loss}, lowest at the rate {rate}.")
        if test.proposed is not None:
            said.append(f"A tenth of that, {rate_text(test.proposed, glyphs)}, is a usual choice.")
    if test.ended:
        said.append(test.ended)
    if test.limit is not None:
        limit = f"{limit_name(glyphs)} at the start is {rate_text(test.limit, glyphs)}"
        said.append(f"{limit}: above it plain steps grow.{_own_limit(test, glyphs)}")
    return said


def _own_limit(test: RateTest, glyphs: Glyphs) -> str:
    name = test.experiment.training.optimizer
    if test.optimizer_limit is None:
        return f" {name} scales its steps, so that it has no such limit."
    if name == "sgd" and not test.experiment.training.weight_decay:
        return ""
    return f" For {name} that is {rate_text(test.optimizer_limit, glyphs)}."


def rates_lines(test: RateTest, at: int | None, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """The chart, and what it says below it."""
    words = [line for said in rates_said(test, glyphs) for line in said_lines(said, width, "text", glyphs)]
    words = words[: max(0, height - 8)]
    chart = rates_chart(test, at, width, height - len(words), glyphs)
    return [*chart, *words]
