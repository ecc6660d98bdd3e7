"""The loss's curvature along its steepest direction."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from adder_engine.backprop import Pass
from adder_engine.network import linear_views
from adder_engine.trainer import Trainer

MOST_CELLS = 100_000
"""Rows times neurons that are looked at; of more rows an even share stands for all."""
STEPS = 40
"""Gradients are taken twice as often."""
NOTHING = 1e-9
"""What is left of a direction once it is only rounding, relative to the largest curvature seen."""


def largest_curvature(trainer: Trainer) -> float:
    """The largest eigenvalue λmax of the Hessian of the training loss at the trainer's parameters.

    Over the training rows (an even share of many), without dropout and penalties, in scaled units; frozen parameters
    do not count. By Lanczos's iteration (power iteration that remembers all its directions; Golub and Van Loan,
    Matrix Computations, ch. 10), exact up to rounding for up to :data:`STEPS` parameters. The Hessian times a
    direction v is ``(g(θ + εv) − g(θ − εv)) / 2ε``, in float64. Plain gradient descent at a rate above 2/λmax
    diverges along that direction. NaN where the gradients are not finite. The trainer is not changed.
    """
    gradient = _Gradient(trainer)
    start = trainer.state[0].double()
    free = torch.ones_like(start)
    free[sorted(trainer.handles.frozen)] = 0
    nudge = 1e-5 * math.sqrt(max(1.0, float(start.norm())))

    def turned(direction: Tensor) -> Tensor:
        higher, lower = gradient.at(start + nudge * direction), gradient.at(start - nudge * direction)
        return (higher - lower) / (2 * nudge) * free

    first = torch.randn(len(start), generator=torch.Generator().manual_seed(0), dtype=torch.float64) * free
    return _largest_eigenvalue(turned, first, min(STEPS, int(free.sum())))


def _largest_eigenvalue(product: Callable[[Tensor], Tensor], start: Tensor, steps: int) -> float:
    """The largest eigenvalue of a symmetric matrix that is only known by its product with a vector."""
    if not steps:
        return 0.0
    basis = [start / start.norm()]
    diagonal: list[float] = []
    beside: list[float] = []
    for _ in range(steps):
        image = product(basis[-1])
        if not torch.isfinite(image).all():
            return math.nan
        diagonal.append(float(torch.dot(image, basis[-1])))
        known = torch.stack(basis)
        for _ in range(2):  # once leaves a rest of rounding
            image = image - known.mT @ (known @ image)
        size = float(image.norm())
        if size <= NOTHING * max(map(abs, diagonal)):
            break
        beside.append(size)
        basis.append(image / size)
    count = len(diagonal)
    matrix = torch.diag(torch.tensor(diagonal, dtype=torch.float64))
    for i, size in enumerate(beside[: count - 1]):
        matrix[i, i + 1] = matrix[i + 1, i] = size
    return float(torch.linalg.eigvalsh(matrix)[-1])


class _Gradient:
    """The gradient of the training loss anywhere, in float64."""

    def __init__(self, trainer: Trainer) -> None:
        experiment = trainer.experiment
        rows = trainer.inputs.shape[1]
        most = max(1, MOST_CELLS // sum(experiment.network.layers))
        if experiment.training.flat_target:
            most = min(most, math.isqrt(MOST_CELLS))
        stride = -(-rows // most)
        inputs, targets = trainer.inputs[:, ::stride].double(), trainer.targets[:, ::stride].double()
        self._state = torch.zeros(2, trainer.layout.size, dtype=torch.float64)
        layers = linear_views(trainer.layout, self._state[0], self._state[1])
        self._pass = Pass(
            layers, inputs.shape[1], experiment.network.activation, experiment.training.loss,
            experiment.training.flat_target, torch.float64,
        )  # fmt: skip
        self._pass.masks = [None if mask is None else mask.double() for mask in trainer.silence()]
        self._pass.take(inputs, targets)

    def at(self, parameters: Tensor) -> Tensor:
        """The gradient at these parameters, ``(P,)``."""
        self._state[0] = parameters
        self._pass.run()
        for i in reversed(range(len(self._pass.layers))):
            self._pass.backward(i, add=False)
        return self._state[1].clone()
