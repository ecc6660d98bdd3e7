"""Holding one update against PyTorch itself, and one gradient against finite differences. Neither disturbs a run."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from adder_engine.kernels.backprop import Pass
from adder_engine.kernels.network import linear_views
from adder_engine.reference.judge import judge, optimizer_verdict
from adder_engine.snapshot import FiniteDifference, GradientCheck, ReferenceCheck, ReferenceRow
from adder_engine.training.trainer import Trainer

NUDGES = (10.0, 1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
MANY_ROWS = 2_000
ULPS = 2
"""Units in the last place that an optimizer's step may lie from ``torch.optim``'s."""


def prove(trainer: Trainer) -> ReferenceCheck:
    """Run one update from the trainer's state on a copy, and the same by autograd and ``torch.optim``.

    From :data:`MANY_ROWS` rows on autograd runs in float64, since its own float32 sums are further off than ours.

    Takes the next update; at the end of the run, one beyond it. The copy draws the batch and dropout's masks
    that the run itself will draw. Only between two updates.
    """
    twin = Trainer(trainer.experiment, trainer)
    twin.restore(trainer.checkpoint())
    before = twin.state.clone()
    steps = twin.counters.optimizer_steps
    while not twin.rung or twin.rungs[twin.rung].phase != "step":
        twin.climb()
        if twin.stopped:
            return ReferenceCheck(trainer.updates_done + 1, 0, ())
    batch = twin.batch
    assert batch is not None
    given = twin.state.clone()
    kept = None if trainer.experiment.training.zero_grad else before[1]
    masks = [None if mask is None else mask.T for mask in batch.masks]
    precision = torch.float64 if batch.rows >= MANY_ROWS else torch.float32
    verdict = judge(twin.experiment, given[0], kept, batch.inputs.T, batch.targets.T, masks, precision)
    loss = twin.counters.batch_loss
    assert loss is not None
    lr = twin.lr
    twin.climb()
    judged = optimizer_verdict(twin.experiment, lr, steps, given)
    frozen = torch.zeros(twin.layout.size, dtype=torch.bool)
    frozen[sorted(twin.handles.frozen)] = True
    off = torch.where(frozen, 0.0, (given[1].double() - verdict.gradients.double()).abs())

    lines = [ReferenceRow("loss", "loss", abs(loss - verdict.loss), verdict.loss_within)]
    rows = ((0, "parameter"), (2, _FIRST.get(twin.experiment.training.optimizer, "")), (3, _second(twin)))
    for slot in twin.layout.slots:
        lines.append(_line(slot.name, "gradient", off[slot.span], verdict.gradients_within[slot.span]))
        for row, what in rows:
            if what:
                ours, theirs = twin.state[row, slot.span].double(), judged[row, slot.span].double()
                sizes = torch.maximum(given[row, slot.span].abs(), judged[row, slot.span].abs())
                difference = torch.where(frozen[slot.span], 0.0, (ours - theirs).abs())
                lines.append(_line(slot.name, what, difference, ULPS * _ulp(sizes)))
    return ReferenceCheck(trainer.updates_done + 1, batch.rows, tuple(lines))


_FIRST = {"momentum": "momentum_buffer", "nesterov": "momentum_buffer", "adam": "exp_avg", "adamw": "exp_avg"}


def _second(trainer: Trainer) -> str:
    name = trainer.experiment.training.optimizer
    return {"rmsprop": "square_avg", "adam": "exp_avg_sq", "adamw": "exp_avg_sq"}.get(name, "")


def _line(name: str, what: str, difference: Tensor, allowed: Tensor) -> ReferenceRow:
    """The entry that came nearest to what is allowed, or went furthest beyond it."""
    worst = int(torch.argmax(difference / allowed))
    return ReferenceRow(name, what, float(difference[worst]), float(allowed[worst]))


def _ulp(sizes: Tensor) -> Tensor:
    return torch.from_numpy(np.spacing(sizes.numpy().astype(np.float32)).astype(np.float64))


def check_gradient(trainer: Trainer, index: int) -> GradientCheck:
    """Hold one parameter's gradient, over all training rows and without dropout, against finite differences."""
    parameters = trainer.state[0].clone()
    gradients = torch.zeros_like(parameters)
    experiment = trainer.experiment
    way = Pass(
        linear_views(trainer.layout, parameters, gradients),
        trainer.inputs.shape[1],
        experiment.network.activation,
        experiment.training.loss,
        experiment.training.flat_target,
    )
    way.masks = trainer.silence()
    way.take(trainer.inputs, trainer.targets)
    loss = way.run().item()
    for i in reversed(range(len(way.layers))):
        way.backward(i, add=False)
    gradient = gradients[index].item()
    value = parameters[index].item()

    def loss_at(moved: float) -> float:
        parameters[index] = moved
        return way.run().item()

    nudges = []
    for size in NUDGES:
        higher, lower = loss_at(value + size), loss_at(value - size)
        estimate = (higher - lower) / (2 * size)
        error = abs(estimate - gradient)
        nudges.append(FiniteDifference(size, higher, lower, estimate, error / abs(gradient) if gradient else error))
    return GradientCheck(index, trainer.layout.name_of(index), loss, gradient, tuple(nudges))
