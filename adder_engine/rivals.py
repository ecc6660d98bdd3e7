"""Learners that are no networks, on the same sums: least squares and nearest neighbours."""

from __future__ import annotations

import torch
from torch import Tensor

from adder_engine.slices import Sliced
from adder_engine.trainer import Trainer

NEIGHBOURS = 5
DISTANCES_AT_ONCE = 200_000
"""Distances between two looks at other requests: some milliseconds."""


def taught_rows(trainer: Trainer) -> tuple[Tensor, Tensor]:
    """The rows that the run's network is taught, for others: sums ``(n, 2)``, targets ``(n,)``, unscaled, float64."""
    data = trainer.dataset
    return data.pairs.double(), data.answers[:, 0].double()


def least_squares(inputs: Tensor, targets: Tensor, asked: Tensor) -> Sliced[Tensor]:
    """The straight rule with the smallest squared error on ``inputs`` (n, 2), ``targets`` (n,), asked at (m, 2).

    Where several fit as well, the one of the smallest slopes and intercept.
    """
    # LAPACK's gelsy, which is torch's default, answers 0 for the one row (0, 0): gelsd does not.
    solution = torch.linalg.lstsq(_with_one(inputs), targets.unsqueeze(1), driver="gelsd").solution
    answers: Tensor = (_with_one(asked) @ solution).squeeze(1)
    yield
    return answers


def neighbours(inputs: Tensor, targets: Tensor, asked: Tensor) -> Sliced[Tensor]:
    """The mean target of the five rows ``inputs`` (n, 2) that lie nearest to each sum asked, (m, 2)."""
    count = min(NEIGHBOURS, len(inputs))
    answers = []
    for some in torch.split(asked, max(1, DISTANCES_AT_ONCE // len(inputs))):
        answers.append(targets[torch.cdist(some, inputs).topk(count, largest=False).indices].mean(dim=1))
        yield
    return torch.cat(answers)


def _with_one(inputs: Tensor) -> Tensor:
    return torch.cat([inputs, torch.ones(len(inputs), 1, dtype=inputs.dtype)], dim=1)
