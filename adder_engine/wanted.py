"""What a network is wanted to answer, how far off still counts as close, and which of one's own rows are held out.

Needs neither torch nor numpy.
"""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal

from adder_engine.formula import Formula, read

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LARGEST_NUMBER = 1e12
"""Inputs, targets and ranges stay within ±this, far inside float32's 3.4e38."""
MOST_ROWS = 100_000
"""Rows that an experiment may list one by one: a file of them is some megabytes."""

Row = tuple[float, float] | tuple[float, float, float]
"""A pair, or a pair and its target."""
Rule = Literal["sum", "difference", "product", "formula", "rows"]
"""What the right answers follow: one of the tasks, or the targets of rows, which follow no rule that is known."""
TASKS = ("sum", "difference", "product")
"""The tasks that have a name; any other is a formula, see :mod:`adder_engine.formula`."""

ROUNDING = 2.0**-20
"""Relative: a target that comes this near to the task's answer is that answer, written down in decimals."""


class Wanted:
    """The right answer to a pair (a, b), in units of sums, without noise.

    By the task; where rows carry targets of their own that are not the task's, the target of the row that the pair
    is, and unknown for all other pairs. Pairs are told apart as float32 tells them apart, as the network does.

    Args:
        task: ``sum``, ``difference``, ``product``, or a formula.
        rows: the rows that are trained on and held out, ``(a, b)`` or ``(a, b, target)``; none where inputs are drawn.
    """

    def __init__(self, task: str, rows: Sequence[Row] = ()) -> None:
        self.task = task
        self.formula = None if task in TASKS else read(task)
        self._rows = rows

    @cached_property
    def rule(self) -> Rule:
        """The task, or ``rows`` where one of them has a target that is not the task's answer."""
        if any(not _is_tasks_own(self.task, self.formula, row) for row in self._rows):
            return "rows"
        return "formula" if self.formula else self.task  # type: ignore[return-value]

    def of(self, a: float, b: float) -> float | None:
        """The right answer to the pair (a, b); None where it is unknown, where rows with this pair differ, or where a
        formula has no value.
        """
        if self.rule != "rows":
            answer = self.by_task(a, b)
            return None if math.isnan(answer) else answer
        return self._targets.get(_key(a, b))

    def of_row(self, row: Row) -> float:
        """The target of one row, its own or the task's; NaN where a formula has no value."""
        return row[2] if len(row) == 3 else self.by_task(row[0], row[1])

    def by_task(self, a: float, b: float) -> float:
        """The task's answer, whatever rows say, an integer to integers; NaN where a formula has no value."""
        answer: float = task_answer(self.task, a, b) if self.formula is None else self.formula.of(a, b)
        return answer

    @property
    def map(self) -> tuple[float, float, float] | None:
        """(w_a, w_b, c) of the one straight rule that answers every pair rightly; None where there is none."""
        if self.rule == "formula" and self.formula is not None:
            return self.formula.linear
        return {"sum": (1.0, 1.0, 0.0), "difference": (1.0, -1.0, 0.0)}.get(self.rule)

    def tangent(self, a: float, b: float) -> tuple[float, float, float] | None:
        """(d_a, d_b, intercept): how fast the right answer rises with a and b around a pair; None where unknown."""
        if self.rule == "formula" and self.formula is not None and (slopes := self.formula.slopes(a, b)) is not None:
            return (*slopes, self.formula.of(a, b) - slopes[0] * a - slopes[1] * b)
        return (b, a, -a * b) if self.rule == "product" else self.map

    @cached_property
    def _targets(self) -> dict[tuple[float, float], float | None]:
        """Each row's target by its pair; None for a pair whose rows differ."""
        found: dict[tuple[float, float], float | None] = {}
        for row in self._rows:
            key, target = _key(row[0], row[1]), self.of_row(row)
            found[key] = target if found.get(key, target) == target else None
        return found


def task_answer(task: str, a: Any, b: Any) -> Any:
    """The right answer to a pair, or those to arrays, by a task that has a name: sum, difference or product."""
    return a + b if task == "sum" else a - b if task == "difference" else a * b


def _is_tasks_own(task: str, formula: Formula | None, row: Row) -> bool:
    if len(row) < 3:
        return True
    if formula is not None:
        return abs(row[2] - formula.of(row[0], row[1])) <= (
            0 if formula.asks else ROUNDING * formula.size(row[0], row[1])
        )
    answer = float(task_answer(task, row[0], row[1]))
    size = abs(answer) if task == "product" else abs(row[0]) + abs(row[1])
    return abs(row[2] - answer) <= ROUNDING * size


def _key(a: float, b: float) -> tuple[float, float]:
    return struct.unpack("ff", struct.pack("ff", a, b))


HUNDRED = 100.0
CLOSE, LEAST_SPREAD, MOST_SPREAD = 0.5, 20.0, 20_000.0
"""What counts as close, and between which spreads of what is wanted; elsewhere it is a 4,000th of the spread."""


def is_right(off_by: float) -> bool:
    """Whether an answer to a yes or no is right that is off by so much: above one half it says yes, else no."""
    return -0.5 < off_by <= 0.5


def thresholds(wanted: NDArray[np.float64]) -> tuple[float, float]:
    """How far off still counts as close to answers ``(n,)``, and the number that "is it over?" asks about."""
    low, high = float(wanted.min()), float(wanted.max())
    spread = high - low or max(abs(low), abs(high)) or 1.0
    close = CLOSE if LEAST_SPREAD <= spread <= MOST_SPREAD else _nearest_short(spread / 4_000)
    limit = HUNDRED
    if not low + spread / 10 <= HUNDRED <= high - spread / 10:
        digits = 1 - math.floor(math.log10(spread))
        limit = round((low + high) / 2, digits) + 0.0
    return close, limit


def _nearest_short(value: float) -> float:
    """The nearest of 1, 2, 5, 10 and so on at their power of ten."""
    power = math.floor(math.log10(value))
    return min((float(f"{digit}e{power}") for digit in (1, 2, 5, 10)), key=lambda short: abs(math.log(short / value)))


HELD_OUT_SEED = 123
"""Held-out sums come from a generator of their own, so that they never disturb a run."""


@lru_cache(maxsize=8)
def held_out_places(rows: int, share: float) -> tuple[int, ...]:
    """The places of the rows that are held out, in order: the first of ``torch.randperm(rows)`` with the data's seed.

    At least one, and at least one stays to be trained on; none where the share is 0.
    """
    if not share or rows < 2:
        return ()
    twister = random.Random()
    words = [HELD_OUT_SEED]
    for i in range(1, 624):  # as torch.manual_seed fills them
        words.append((1_812_433_253 * (words[-1] ^ (words[-1] >> 30)) + i) & 0xFFFFFFFF)
    twister.setstate((3, (*words, 624), None))
    order = list(range(rows))
    count = held_out_count(rows, share)
    for i in range(count):
        j = i + twister.getrandbits(32) % (rows - i)
        order[i], order[j] = order[j], order[i]
    return tuple(sorted(order[:count]))


def held_out_count(rows: int, share: float) -> int:
    """How many of so many rows a share is."""
    return max(1, min(rows - 1, round(share * rows))) if share and rows > 1 else 0
