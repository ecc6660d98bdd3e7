"""What is wanted, computed the plain way: beside what the engine says."""

from __future__ import annotations

import numpy as np

from adder_engine import Experiment


def by_task(task: str, a: float, b: float) -> float:
    return {"sum": a + b, "difference": a - b, "product": a * b}[task]


def plainly_wanted(experiment: Experiment, a: float, b: float) -> float | None:
    """By the task; where rows differ from it, the target of the rows with this pair where these agree, else None."""
    data = experiment.data
    rows = data.rows if data.kind == "rows" else ()
    phrase = [(row[0], row[1], row[2] if len(row) == 3 else by_task(data.task, row[0], row[1])) for row in rows]

    def rounding(x: float, y: float) -> float:
        return 2.0**-20 * (abs(x * y) if data.task == "product" else abs(x) + abs(y))

    if all(abs(target - by_task(data.task, x, y)) <= rounding(x, y) for x, y, target in phrase):
        return by_task(data.task, a, b)
    here = {target for x, y, target in phrase if np.float32(x) == np.float32(a) and np.float32(y) == np.float32(b)}
    return here.pop() if len(here) == 1 else None
