"""The sums to learn from and the sums held out, made from an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from adder_engine.experiment import Data, Experiment
from adder_engine.snapshot import DataView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

HELD_OUT_SEED = 123
"""Held-out sums come from a generator of their own, so that they never disturb a run."""


@dataclass(frozen=True)
class Dataset:
    """Inputs ``(n, 2)`` and targets ``(n, 1)``, float32, already divided by the experiment's scale."""

    inputs: Tensor
    targets: Tensor
    test_inputs: Tensor
    """``(m, 2)``; m is 0 where there are no held-out sums."""
    test_targets: Tensor

    @classmethod
    def draw(cls, experiment: Experiment, generator: torch.Generator) -> Dataset:
        """Make the data, drawing the inputs and then the noise from ``generator``."""
        data = experiment.data
        if data.kind == "rows":
            inputs = torch.tensor([row[:2] for row in data.rows], dtype=torch.float32)
            targets = torch.tensor(
                [[row[2] if len(row) == 3 else truth(data.task, *row)] for row in data.rows], dtype=torch.float32
            )
        else:
            inputs = _drawn(data, data.count, generator)
            targets = _targets(data.task, inputs)
        if data.noise > 0:
            targets = targets + data.noise * torch.randn(targets.shape, generator=generator, dtype=torch.float32)
        held_out = torch.Generator().manual_seed(HELD_OUT_SEED)
        test_inputs = _drawn(data, data.test_count if data.kind == "uniform" else 0, held_out)
        return cls(
            inputs / data.scale,
            targets / data.scale,
            test_inputs / data.scale,
            _targets(data.task, test_inputs) / data.scale,
        )

    def view(self, scale: float) -> DataView:
        """The pairs in units of sums, as frozen arrays of their own."""

        def frozen(tensor: Tensor) -> NDArray[np.float64]:
            array: NDArray[np.float64] = (tensor.double() * scale).float().double().numpy()
            array.flags.writeable = False
            return array

        return DataView(
            frozen(self.inputs), frozen(self.targets[:, 0]), frozen(self.test_inputs), frozen(self.test_targets[:, 0])
        )


def truth(task: str, a: float, b: float) -> float:
    """The right answer to the pair (a, b) for a task: sum, difference or product."""
    return {"sum": a + b, "difference": a - b, "product": a * b}[task]


def _drawn(data: Data, count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, 2, generator=generator, dtype=torch.float32) * (data.high - data.low) + data.low


def _targets(task: str, inputs: Tensor) -> Tensor:
    if task == "sum":
        return torch.sum(inputs, dim=1, keepdim=True)
    a, b = inputs[:, :1], inputs[:, 1:]
    return a - b if task == "difference" else a * b
