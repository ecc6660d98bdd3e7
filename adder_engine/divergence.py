"""The one rule by which a run counts as diverged, for the app, the command line and sweeps alike.

A run has diverged where it ended with a loss above a thousand times its start's; where answering 0 to everything would
have cost more than the start did, above a thousand times that. So a start that happens to be near the goal, from which
an optimizer with a fixed step moves off a little, is not held against a run; and one that overshoots and comes back has
ended well. The loss is the one over all training rows with the parameters of the moment, without dropout. A run whose
loss is no longer finite has blown up already and needs no rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from adder_engine.backprop import Pass, mean_loss
from adder_engine.network import linear_views
from adder_engine.trainer import Trainer

BEYOND = 1_000.0
"""How many times the loss of the start is beyond all bounds."""


class Bound:
    """The loss beyond which a trainer's run has diverged, by where it began.

    Args:
        trainer: its rows, its loss function and what is silenced are those of the moment when it is made.
        starts: parameters ``(P,)`` that the run began with: its initial ones, and those set by hand since.
    """

    def __init__(self, trainer: Trainer, starts: Sequence[Tensor]) -> None:
        self.start = max(_loss_at(trainer, start) for start in starts)
        """The loss at the start, the highest of several."""
        zero = float(mean_loss(trainer.experiment.training.loss, -trainer.targets))
        self.loss = BEYOND * max(self.start, zero) or math.inf
        """Above it a run has diverged; infinite where start and targets are 0."""

    def times(self, loss: float) -> float | None:
        """How many times the start's loss this one is, where that is beyond the bound; None where it is not."""
        if not loss > self.loss:
            return None
        return loss / self.start if self.start > 0 else math.inf


def _loss_at(trainer: Trainer, parameters: Tensor) -> float:
    """The loss over all training rows with these parameters ``(P,)``, without dropout."""
    training, rows = trainer.experiment.training, trainer.inputs.shape[1]
    layers = linear_views(trainer.layout, parameters, torch.zeros_like(parameters))
    look = Pass(layers, rows, trainer.experiment.network.activation, training.loss, False)
    look.masks = trainer.silence()
    look.take(trainer.inputs, trainer.targets)
    return look.run().item()
