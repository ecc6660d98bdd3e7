"""Updates a second with everything recorded, over the tutorial's plain PyTorch loop; one thread."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch

from adder_engine import Experiment
from adder_engine.runs.run import Run
from benchmarks.figures import Figure, median
from benchmarks.tutorial import OPTIMIZERS, NumpyLoop, TutorialLoop

ROWS = (1, 32, 1_000, 10_000, 100_000)
QUICK, SLOWER, WIDE = (75, 70, 30, 8, 6), (60, 55, 20, 5, 4), (4, 3, 1.3, 1.3)
"""How many times as fast, by rows."""
PAIRS = 5
"""Blocks of ours and of the rival, by turns."""
BLOCK_SECONDS = 0.15
NETWORK = {"network.layers": [2, 64, 64, 64, 1], "network.activation": "tanh"}


def cases() -> Iterator[tuple[str, dict[str, Any], float]]:
    """What is measured, by what it changes, and how many times as fast it shall be."""
    for name in ("none", "relu", "leaky_relu", "tanh", "sigmoid", "gelu"):
        for rows, limit in zip(ROWS, SLOWER if name in ("sigmoid", "gelu") else QUICK, strict=True):
            yield f"{name}, {_rows(rows)}", {"network.activation": name, "data.count": rows}, limit
    for name in OPTIMIZERS:
        yield f"{name}, 1 row", {"training.optimizer": name, "data.count": 1}, 75
    yield "batches of 32 of 10,000", {"training.batch_size": 32, "data.count": 10_000}, 40
    for rows, limit in zip(ROWS, WIDE, strict=False):
        yield f"2-64-64-64-1 tanh, {_rows(rows)}", {**NETWORK, "data.count": rows}, limit


def measure() -> Iterator[Figure]:
    torch.set_num_threads(1)
    for name, changes, limit in cases():
        # Without held-out sums, which the rival has not either, and at a rate that never blows up.
        base = {"epochs": 10_000_000, "data.test_count": 0, "training.lr": 1e-7}
        experiment = Experiment().replace(**base, **changes)
        ours, rival = Run(experiment).run, TutorialLoop(experiment).train
        blocks = [(speed(ours), speed(rival)) for _ in range(PAIRS + 1)][1:]
        yield Figure(
            name,
            median([a for a, _ in blocks]),
            "updates/s",
            rival=median([b for _, b in blocks]),
            ratio=median([a / b for a, b in blocks]),
            limit=limit,
            at_least=True,
        )
    yield from _others()


def _others() -> Iterator[Figure]:
    """Beside numpy written out and scikit-learn's ``MLPRegressor``, a row and many; at one row plain SGD beside the web
    playgrounds' mark.
    """
    from sklearn.neural_network import MLPRegressor

    for rows in (1, 10_000):
        loop = TutorialLoop(Experiment().replace(**{"data.count": rows}))
        inputs, targets = loop.inputs.numpy(), loop.targets[:, 0].numpy()
        model = MLPRegressor(
            hidden_layer_sizes=(4, 4),
            activation="identity",
            batch_size=rows,
            max_iter=1,
            warm_start=True,
            shuffle=False,
            n_iter_no_change=10**9,  # it trains on where the loss stands still, as ours does
        )

        def fit(updates: int, model: Any = model, x: Any = inputs, y: Any = targets) -> None:
            model.max_iter = updates
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it has not converged
                model.fit(x, y)

        changes = {"epochs": 10_000_000, "data.test_count": 0, "training.lr": 1e-7, "data.count": rows}
        ours = Run(Experiment().replace(**changes)).run
        speed(ours)  # its first keyframes lie close
        for name, rival in (("numpy", NumpyLoop(inputs, targets).train), ("scikit-learn", fit)):
            yield Figure(f"beside {name}, {_rows(rows)}", speed(ours), "updates/s", rival=speed(rival))
    changes["data.count"] = 1
    plain = Run(Experiment().replace(**changes, **{"training.optimizer": "sgd"})).run
    yield Figure("sgd, 1 row", max(speed(plain) for _ in range(PAIRS)), "updates/s", limit=1e6, at_least=True)


def _rows(count: int) -> str:
    return f"{count:,} row{'s' if count > 1 else ''}"


def speed(train: Callable[[int], object]) -> float:
    """Updates a second over about :data:`BLOCK_SECONDS`."""
    count, elapsed = 1, 0.0
    while elapsed < BLOCK_SECONDS / 2:
        count = count if not elapsed else max(2 * count, min(64 * count, int(0.8 * count * BLOCK_SECONDS / elapsed)))
        start = time.perf_counter()
        train(count)
        elapsed = time.perf_counter() - start
    return count / elapsed


if __name__ == "__main__":
    for figure in measure():
        print(figure)
