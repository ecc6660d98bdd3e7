"""Updates a second of 24 networks of 2-4-4-1 trained side by side, over our own 24 runs one after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import torch

from adder_engine import Experiment, Trainer
from adder_engine.sweep import Sweep, team_of
from benchmarks.figures import Figure, median

NETWORKS = 24
LIMITS = {1: 8.0, 10: 8.0, 100: 8.0, 1_000: 4.0, 10_000: 1.0}
"""Rows, and how many times as fast the sweep shall be."""
PAIRS = 9
"""Blocks of ours and of the rival, by turns."""
BLOCK_SECONDS = 0.3


def measure() -> Iterator[Figure]:
    torch.set_num_threads(1)
    for rows, limit in LIMITS.items():
        experiment = Experiment().replace(**{"epochs": 10_000_000, "data.count": rows, "data.test_count": 0})
        sweep = Sweep(experiment, "training.lr", [1e-4, 2e-4, 5e-4, 1e-3], seeds=range(NETWORKS // 4))
        runs = [run.experiment for run in sweep.state.runs]
        ours = [team_of([runs[place] for place in places]).train for places in sweep.teams()]
        rivals = [Trainer(run).train for run in runs]
        blocks = [(_speed(ours), _speed(rivals)) for _ in range(PAIRS + 1)][1:]
        yield Figure(
            f"sweep of {NETWORKS}, {rows:,} row{'s' if rows > 1 else ''}",
            median([a for a, _ in blocks]),
            "updates/s",
            rival=median([b for _, b in blocks]),
            ratio=median([a / b for a, b in blocks]),
            limit=limit,
            at_least=True,
        )


def _speed(trains: Sequence[Callable[[int], None]]) -> float:
    """Updates a second of all networks together, each of which gets as many; over about :data:`BLOCK_SECONDS`."""
    seconds, updates, count = 0.0, 0, 8
    while seconds < BLOCK_SECONDS:
        start = time.perf_counter()
        for train in trains:
            train(count)
        seconds += time.perf_counter() - start
        updates += count * NETWORKS
        count = min(2 * count, 512)
    return updates / seconds


if __name__ == "__main__":
    for figure in measure():
        print(figure)
