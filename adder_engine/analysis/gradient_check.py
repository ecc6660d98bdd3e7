"""A gradient held against finite differences of the loss."""

from __future__ import annotations

from adder_engine.snapshot import FiniteDifference, GradientCheck
from adder_engine.training.trainer import Trainer

NUDGES = (10.0, 1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)


def check_gradient(trainer: Trainer, index: int) -> GradientCheck:
    """Hold one parameter's gradient, over all training rows and without dropout, against finite differences."""
    way = trainer.whole_pass(trainer.state[0].copy())
    loss, gradient, value = way.run(), float(way.back()[index]), float(way.parameters[index])

    def loss_at(moved: float) -> float:
        way.parameters[index] = moved
        return way.run()

    nudges = []
    for size in NUDGES:
        higher, lower = loss_at(value + size), loss_at(value - size)
        estimate = (higher - lower) / (2 * size)
        error = abs(estimate - gradient)
        nudges.append(FiniteDifference(size, higher, lower, estimate, error / abs(gradient) if gradient else error))
    return GradientCheck(index, trainer.layout.name_of(index), loss, gradient, tuple(nudges))
