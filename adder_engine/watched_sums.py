"""The sums that are watched from the beginning, chosen to fit what is trained."""

from __future__ import annotations

import math
from collections.abc import Sequence

from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum

TUTORIAL_SUMS = (Sum(30, 70), Sum(70, 30), Sum(130, -30), Sum(3, 7), Sum(33, 7), Sum(-330000, 30000))
COUNT = len(TUTORIAL_SUMS)
TUTORIAL_REACH = 70.0
PLACES = ((0.75, 0.75), (0.25, 0.75), (0.9, 0.3), (0.5, 0.6), (0.1, 0.2))
"""Of the range that is drawn from, as shares of it; the last sum watched lies five times as far out."""


def starting_sums(experiment: Experiment) -> tuple[Sum, ...]:
    """The tutorial's six where they are of the size that is trained; else rows of the data, or places in its range.

    Rows with targets of their own are watched alone: of no other pair is the right answer known.
    """
    data, rule = experiment.data, experiment.wanted.rule
    (a_low, a_high), (b_low, b_high) = experiment.trained_range
    low, high = min(a_low, b_low), max(a_high, b_high)
    if rule in ("sum", "difference") and max(-low, high) >= TUTORIAL_REACH and low <= TUTORIAL_REACH:
        return TUTORIAL_SUMS
    middle, half = (low + high) / 2, (high - low) / 2 or max(abs(low), abs(high)) or 1.0
    far = Sum(*(_round(middle + 5 * half, half),) * 2)
    if data.kind == "rows":
        pairs = _distinct([Sum(row[0], row[1]) for row in experiment.training_rows])
        count = min(COUNT, len(pairs))  # evenly from first to last
        picked = [pairs[i * (len(pairs) - 1) // max(1, count - 1)] for i in range(count)]
        return tuple(picked) if rule == "rows" else _distinct([*picked[: COUNT - 1], far])
    drawn = [
        Sum(_round(a_low + a * (a_high - a_low), half), _round(b_low + b * (b_high - b_low), half)) for a, b in PLACES
    ]
    return _distinct([*drawn, far])


def with_asked(starting: Sequence[Sum], asked: Sequence[Sum], most: int) -> list[Sum]:
    """The starting sums and those that were asked besides, without doubles; the oldest asked make room."""
    more = [one for one in _distinct(asked) if not any(same_pair(one, other) for other in starting)]
    return [*starting, *more[-(most - len(starting)) :]]


def same_pair(one: Sum, other: Sum) -> bool:
    """Whether both ask about the same pair, however they were typed."""
    return (one.a, one.b) == (other.a, other.b)


def _distinct(sums: Sequence[Sum]) -> tuple[Sum, ...]:
    return tuple({(s.a, s.b): s for s in sums}.values())


def _round(value: float, half: float) -> float:
    """Two digits of the range, so that the number is short to read."""
    digits = 1 - math.floor(math.log10(half))
    return round(value, digits) + 0.0
