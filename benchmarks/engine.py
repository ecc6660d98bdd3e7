"""Updates a second with everything recorded, over the tutorial's plain PyTorch loop; one thread, full batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import torch

from adder_engine import Experiment
from adder_engine.runs.run import Run
from benchmarks.figures import Figure, median
from benchmarks.tutorial import TutorialLoop

ROWS = (1, 32, 1_000, 10_000, 100_000)
PAIRS = 15
"""Blocks of ours and of the rival, by turns."""
BLOCK_SECONDS = 0.2


def measure() -> Iterator[Figure]:
    torch.set_num_threads(1)
    for rows in ROWS:
        ours, rival = _ours(rows), TutorialLoop(rows).train
        blocks = [(_speed(ours), _speed(rival)) for _ in range(PAIRS + 1)][1:]
        yield Figure(
            f"engine, {rows:,} row{'s' if rows > 1 else ''}",
            median([a for a, _ in blocks]),
            "updates/s",
            rival=median([b for _, b in blocks]),
            ratio=median([a / b for a, b in blocks]),
            limit=5.0 if rows <= 10_000 else None,
            at_least=True,
        )


def _ours(rows: int) -> Callable[[int], object]:
    """A run that keeps its whole past; without held-out sums, which the rival has not either."""
    experiment = Experiment().replace(**{"epochs": 10_000_000, "data.count": rows, "data.test_count": 0})
    return Run(experiment).run


def _speed(train: Callable[[int], object]) -> float:
    """Updates a second over about :data:`BLOCK_SECONDS`."""
    updates, count = 0, 1
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < BLOCK_SECONDS:
        train(count)
        updates += count
        count = min(2 * count, 512)
    return updates / elapsed


if __name__ == "__main__":
    for figure in measure():
        print(figure)
