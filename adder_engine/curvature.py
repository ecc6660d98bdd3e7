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
ITERATIONS = 40
TOLERANCE = 1e-3
"""Relative change of the estimate at which the iteration ends."""


def largest_curvature(trainer: Trainer) -> float:
    """The largest eigenvalue λmax of the Hessian of the training loss at the trainer's parameters.

    Over the training rows (an even share of many), without dropout and penalties, in scaled units; frozen parameters
    do not count. By power iteration; the Hessian times a direction v is ``(g(θ + εv) − g(θ − εv)) / 2ε``, in
    float64. Plain gradient descent at a rate above 2/λmax diverges along that direction. NaN where the gradients
    are not finite. The trainer is not changed.
    """
    gradient = _Gradient(trainer)
    start = trainer.state[0].double()
    free = torch.ones_like(start)
    free[sorted(trainer.handles.frozen)] = 0
    nudge = 1e-5 * max(1.0, float(start.norm()))

    def turned(direction: Tensor) -> Tensor:
        higher, lower = gradient.at(start + nudge * direction), gradient.at(start - nudge * direction)
        return (higher - lower) / (2 * nudge) * free

    first = torch.randn(len(start), generator=torch.Generator().manual_seed(0), dtype=torch.float64) * free
    widest = _power_iteration(turned, first)
    if not widest < 0:
        return widest
    # The largest by size is a downward curve: raise all by as much, so that the largest is the most upward one.
    return max(0.0, _power_iteration(lambda v: turned(v) - widest * v, first) + widest)


def _power_iteration(product: Callable[[Tensor], Tensor], direction: Tensor) -> float:
    """The eigenvalue that is largest by size; ``product`` multiplies a vector by the matrix."""
    size = float(direction.norm())
    value = 0.0
    for _ in range(ITERATIONS):
        if not size or not math.isfinite(size):
            return 0.0 if not size else math.nan
        unit = direction / size
        direction = product(unit)
        size = float(direction.norm())
        before, value = value, float(torch.dot(unit, direction))
        if abs(value - before) <= TOLERANCE * abs(value):
            break
    return value


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
