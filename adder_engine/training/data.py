"""The sums to learn from and the sums held out, made from an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from adder_engine.experiment import Data, Experiment
from adder_engine.snapshot import DatasetArrays
from adder_engine.wanted import Wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

HELD_OUT_SEED = 123
"""Held-out sums come from a generator of their own, so that they never disturb a run."""


@dataclass(frozen=True)
class Dataset:
    """Inputs ``(n, 2)`` and targets ``(n, 1)``, float32: as drawn, in units of sums, and divided by the scale."""

    pairs: Tensor
    """In units of sums; so are ``answers``, noise included, and the held-out ones."""
    answers: Tensor
    test_pairs: Tensor
    """``(m, 2)``; m is 0 where there are no held-out sums."""
    test_answers: Tensor
    scale: float

    @cached_property
    def inputs(self) -> Tensor:
        return self.pairs / self.scale

    @cached_property
    def targets(self) -> Tensor:
        return self.answers / self.scale

    @cached_property
    def test_inputs(self) -> Tensor:
        return self.test_pairs / self.scale

    @cached_property
    def test_targets(self) -> Tensor:
        return self.test_answers / self.scale

    @classmethod
    def draw(cls, experiment: Experiment, generator: torch.Generator) -> Dataset:
        """Make the data, drawing the inputs and then the noise from ``generator``."""
        data = experiment.data
        if data.kind == "rows":
            pairs = torch.tensor([row[:2] for row in data.rows], dtype=torch.float32)
            answers = torch.tensor([[experiment.wanted.of_row(row)] for row in data.rows], dtype=torch.float32)
        else:
            pairs = _drawn(data, data.count, generator)
            answers = _answers(data.task, pairs)
        if data.noise > 0:
            answers = answers + data.noise * torch.randn(answers.shape, generator=generator, dtype=torch.float32)
        held_out = torch.Generator().manual_seed(HELD_OUT_SEED)
        test_pairs = _drawn(data, data.test_count if data.kind == "uniform" else 0, held_out)
        return cls(pairs, answers, test_pairs, _answers(data.task, test_pairs), data.scale)

    def wanted(self, experiment: Experiment) -> NDArray[np.float64]:
        """The right answers to the training rows, without noise, ``(n,)``, in units of sums."""
        wanted = experiment.wanted
        if experiment.data.kind == "rows":
            return np.array([wanted.of_row(row) for row in experiment.data.rows])
        a, b = self.pairs.T.double().numpy()
        return wanted_over(wanted, a, b)

    def view(self, experiment: Experiment) -> DatasetArrays:
        """The pairs in units of sums, as frozen arrays of their own."""

        def frozen(array: NDArray[np.float64]) -> NDArray[np.float64]:
            array.flags.writeable = False
            return array

        return DatasetArrays(
            inputs=frozen(self.pairs.double().numpy()),
            targets=frozen(self.answers[:, 0].double().numpy()),
            wanted=frozen(self.wanted(experiment)),
            test_inputs=frozen(self.test_pairs.double().numpy()),
            test_targets=frozen(self.test_answers[:, 0].double().numpy()),
        )


def wanted_over(wanted: Wanted, a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """The right answers to pairs ``(n,)``: NaN where they are unknown."""
    match wanted.rule:
        case "sum":
            return a + b
        case "difference":
            return a - b
        case "product":
            return a * b
    found = (wanted.of(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True))
    return np.array([np.nan if target is None else target for target in found])


def _drawn(data: Data, count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, 2, generator=generator, dtype=torch.float32) * (data.high - data.low) + data.low


def _answers(task: str, pairs: Tensor) -> Tensor:
    if task == "sum":
        return torch.sum(pairs, dim=1, keepdim=True)
    a, b = pairs[:, :1], pairs[:, 1:]
    return a - b if task == "difference" else a * b
