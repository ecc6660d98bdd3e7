"""What is wanted, computed the plain way: beside what the engine says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import reject

from adder_engine import Experiment

PLAINLY = {
    "2*a + 3*b": lambda a, b: 2 * a + 3 * b,
    "abs(a) - min(b, 7)/4": lambda a, b: abs(a) - min(b, 7) / 4,
    "sqrt(abs(a*b)) - sin(b)": lambda a, b: math.sqrt(abs(a * b)) - math.sin(b),
    "-a**2/100 + max(a, -b)*cos(a)": lambda a, b: -(a**2) / 100 + max(a, -b) * math.cos(a),
    "a + b > 100": lambda a, b: float(a + b > 100),
    "a*b <= 2*(a - b)": lambda a, b: float(a * b <= 2 * (a - b)),
}
"""Formulas beside what they say in Python."""
FORMULAS = tuple(task for task in PLAINLY if "<" not in task and ">" not in task)
QUESTIONS = tuple(task for task in PLAINLY if "<" in task or ">" in task)


def by_task(task: str, a: float, b: float) -> float:
    if task in PLAINLY:
        return float(PLAINLY[task](a, b))
    return {"sum": a + b, "difference": a - b, "product": a * b}[task]


def plainly_wanted(experiment: Experiment, a: float, b: float) -> float | None:
    """By the task; where rows differ from it, the target of the rows with this pair where these agree, else None."""
    data = experiment.data
    rows = data.rows if data.kind == "rows" else ()
    phrase = [(row[0], row[1], row[2] if len(row) == 3 else by_task(data.task, row[0], row[1])) for row in rows]

    def rounding(x: float, y: float) -> float:
        if data.task in QUESTIONS:
            return 0.0
        if data.task in FORMULAS:
            return 2.0**-20 * (2 * abs(x) + 3 * abs(y) + abs(x * y) + x * x / 100)
        return 2.0**-20 * (abs(x * y) if data.task == "product" else abs(x) + abs(y))

    for x, y, target in phrase:
        task = by_task(data.task, x, y)
        if data.task in FORMULAS and abs(target - task) <= rounding(x, y) and np.float32(target) != np.float32(task):
            reject()  # how much of a formula's own numbers is rounding depends on what was added up to them
    if all(abs(target - by_task(data.task, x, y)) <= rounding(x, y) for x, y, target in phrase):
        return by_task(data.task, a, b)
    here = {target for x, y, target in phrase if np.float32(x) == np.float32(a) and np.float32(y) == np.float32(b)}
    return here.pop() if len(here) == 1 else None


def auto_scale(values: Any) -> float:
    """The largest size of an array's numbers; 1 where that is below the least scale."""
    largest = float(abs(values).max())
    return largest if largest >= 1e-12 else 1.0
