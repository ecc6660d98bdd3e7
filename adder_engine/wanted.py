"""What a network is wanted to answer: the one place that is asked for it. Needs neither torch nor numpy."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cached_property
from typing import Literal

Row = tuple[float, ...]
Rule = Literal["sum", "difference", "product", "rows"]
"""What the right answers follow: one of the tasks, or the targets of rows, which follow no rule that is known."""

ROUNDING = 2.0**-20
"""Relative: a target that comes this near to the task's answer is that answer, written down in decimals."""


class Wanted:
    """The right answer to a pair (a, b), in units of sums, without noise.

    By the task; where rows carry targets of their own that are not the task's, the target of the row that the pair
    is, and unknown for all other pairs. Pairs are told apart as float32 tells them apart, as the network does.

    Args:
        task: ``sum``, ``difference`` or ``product``.
        rows: the rows that are trained on, ``(a, b)`` or ``(a, b, target)``; none where inputs are drawn.
    """

    def __init__(self, task: str, rows: Sequence[Row] = ()) -> None:
        self.task = task
        self._rows = rows

    @cached_property
    def rule(self) -> Rule:
        """The task, or ``rows`` where one of them has a target that is not the task's answer."""
        if any(not _is_tasks_own(self.task, row) for row in self._rows):
            return "rows"
        return self.task  # type: ignore[return-value]

    def of(self, a: float, b: float) -> float | None:
        """The right answer to the pair (a, b); None where it is unknown, or where rows with this pair differ."""
        if self.rule != "rows":
            return task_answer(self.task, a, b)
        return self._targets.get(_key(a, b))

    def of_row(self, row: Row) -> float:
        """The target of one row, its own or the task's."""
        return row[2] if len(row) == 3 else task_answer(self.task, row[0], row[1])

    @property
    def map(self) -> tuple[float, float, float] | None:
        """(w_a, w_b, c) of the one straight rule that answers every pair rightly; None where there is none."""
        return {"sum": (1.0, 1.0, 0.0), "difference": (1.0, -1.0, 0.0)}.get(self.rule)

    def tangent(self, a: float, b: float) -> tuple[float, float, float] | None:
        """(d_a, d_b, intercept): how fast the right answer rises with a and b around a pair; None where unknown."""
        return (b, a, -a * b) if self.rule == "product" else self.map

    @cached_property
    def _targets(self) -> dict[tuple[float, float], float | None]:
        """Each row's target by its pair; None for a pair whose rows differ."""
        found: dict[tuple[float, float], float | None] = {}
        for row in self._rows:
            key, target = _key(row[0], row[1]), self.of_row(row)
            found[key] = target if found.get(key, target) == target else None
        return found


def task_answer(task: str, a: float, b: float) -> float:
    """The right answer to the pair (a, b) by a task: sum, difference or product."""
    return a + b if task == "sum" else a - b if task == "difference" else a * b


def _is_tasks_own(task: str, row: Row) -> bool:
    if len(row) < 3:
        return True
    answer = task_answer(task, row[0], row[1])
    size = abs(answer) if task == "product" else abs(row[0]) + abs(row[1])
    return abs(row[2] - answer) <= ROUNDING * size


def _key(a: float, b: float) -> tuple[float, float]:
    return struct.unpack("ff", struct.pack("ff", a, b))
