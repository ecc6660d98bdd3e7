"""A sweep of 24 networks of 2-4-4-1 over two cores, beside our own 24 runs one after another on one."""

from __future__ import annotations

import time
from collections.abc import Iterator

from adder_engine import Experiment, Trainer
from adder_engine.sweep import Sweep
from benchmarks.figures import Figure, median

SEEDS = 6
UPDATES = {1: 100_000, 100: 50_000, 1_000: 10_000, 10_000: 1_000}
"""Rows, and how many updates each network gets: a second or so for all."""
LIMIT, JOBS, TIMES = 1.7, 2, 7


def measure() -> Iterator[Figure]:
    for rows, updates in UPDATES.items():
        experiment = Experiment().replace(**{"epochs": updates, "data.count": rows, "data.test_count": 0})
        sweep = Sweep(experiment, "training.lr", [1e-7, 2e-7, 5e-7, 1e-6], seeds=range(SEEDS))
        runs = [run.experiment for run in sweep.state.runs]
        pairs = []
        for _ in range(TIMES):
            start = time.perf_counter()
            sweep.run(jobs=JOBS)
            middle = time.perf_counter()
            for run in runs:
                Trainer(run).train(updates)
            pairs.append((middle - start, time.perf_counter() - middle))
        total = updates * len(runs)
        yield Figure(
            f"sweep of {len(runs)}, {rows:,} row{'s' if rows > 1 else ''}",
            total / median([a for a, _ in pairs]),
            "updates/s",
            rival=total / median([b for _, b in pairs]),
            ratio=median([b / a for a, b in pairs]),
            limit=LIMIT,
            at_least=True,
        )


if __name__ == "__main__":
    for figure in measure():
        print(figure)
