"""What is to be said of a run as it stands: whether its rate holds, whether it is stuck, and why."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from adder_engine.analysis.curvature import limit_in_slices
from adder_engine.snapshot import Cause, Outlook, Position, Stuck
from adder_engine.steps import Steps
from adder_engine.training.history import History
from adder_engine.training.passes import Pass
from adder_engine.training.trainer import Trainer

ALIKE = 0.1
"""Answers are alike where their spread is at most this share of the targets' spread."""
CONSTANT = 1e-4
"""A unit is the same for every row where its spread is at most this share of its size."""
NO_SLOPE = 1e-3
"""Below it an activation's slope lets next to nothing through."""
STILL = 0.02
"""A loss stands still where it has changed by at most this share over the last fifth of the run, ..."""
LOOKED_BACK = 0.8
LEAST_EPOCHS = 5
"""... which must have at least so many epochs."""


def looked_back(epochs: int) -> int | None:
    """The epoch whose loss that of the ``epochs``-th is held against; None where it is too early to tell."""
    return int(LOOKED_BACK * epochs) if epochs >= LEAST_EPOCHS else None


def stands_still(before: float | None, now: float | None) -> bool:
    """Whether a loss has hardly changed from the one epoch to the other."""
    return before is not None and now is not None and abs(now - before) <= STILL * abs(before)


def why_stuck(trainer: Trainer) -> Stuck | None:
    """Why the loss, which stands still, does so where all answers are alike; None where no cause is found.

    The trainer is not changed.
    """
    look = trainer.quiet_pass(trainer.inputs, trainer.targets)
    loss = look.run()
    answers, targets = look.answers.astype(np.float64), trainer.targets.astype(np.float64)
    spread = float(targets.std())
    if not math.isfinite(loss) or not spread:
        return None
    alike = float(answers.std()) <= ALIKE * spread
    copies = _copies(trainer)
    missing = float(look.difference.std())
    if not alike and not (copies and missing > 0.1 * spread):
        return None
    experiment, scale = trainer.experiment, trainer.dataset.scales.targets
    weights = np.concatenate([weight.ravel() for weight in _weights(trainer)])
    said = trainer.dataset.meant(look.answers)
    phrase = Stuck(
        loss,
        alike,
        (float(said.min()), float(said.max())),
        float(targets.min()) * scale,
        float(targets.max()) * scale,
        "copies",
        weight=float(weights[0]) if look.depth > 1 and (weights == weights[0]).all() else None,
        broadcast=experiment.training.flat_target and experiment.rows_per_update > 1,
    )
    found = _first_constant(trainer, look) if alike else None  # copies need not make all answers alike
    if found is not None:
        layer, kinds = found
        counts = tuple(Counter(kinds).most_common())
        name = experiment.layer_names[layer]
        return replace(phrase, cause=counts[0][0], layer=name, units=len(kinds), counts=counts)
    if phrase.broadcast and alike:
        return replace(phrase, cause="broadcast")
    return phrase if copies else None


def _first_constant(trainer: Trainer, look: Pass) -> tuple[int, list[Cause]] | None:
    """The first layer none of whose units differs from row to row, and why each does not; None where there is none
    that is so for a cause that we know.
    """
    varied = np.ones(2, dtype=np.bool_)
    activations, muted = trainer.experiment.activations, trainer.constraints.muted
    for i, weight in enumerate(_weights(trainer)):
        values = look.post(i).astype(np.float64)
        differs = values.std(axis=1) > CONSTANT * np.sqrt((values * values).mean(axis=1))  # from row to row
        if not differs.any() or i == look.depth - 1:
            kinds: list[Cause] = []
            known, slopes = True, np.abs(look.slope(i)).max(axis=1)
            for unit in range(len(weight)):
                if (i, unit) in muted:
                    kinds.append("muted")
                elif not weight[unit, varied].any():
                    kinds.append("zero")
                elif slopes[unit] < NO_SLOPE:
                    kinds.append("saturated" if activations[i] in ("tanh", "sigmoid") else "dead")
                else:
                    known = False
            return (i, kinds) if known else None
        varied = differs
    return None


def _weights(trainer: Trainer) -> list[NDArray[np.float32]]:
    """Each layer's weights, ``(out_features, in_features)``."""
    return [tensor.of(trainer.state[0]) for tensor in trainer.layout.tensors[::2]]


def _copies(trainer: Trainer) -> bool:
    """Whether the units of every hidden layer are all the same, of which one at least has several."""
    hidden = [tensor.of(trainer.state[0]) for tensor in trainer.layout.tensors[:-2] if tensor.shape[0] > 1]
    return bool(hidden) and all(bool((one == one[0]).all()) for one in hidden)


def outlook_of(trainer: Trainer, history: History, moment: Position) -> Steps[Outlook]:
    """The learning rate's limit where a run stands, at ``moment``, and why its loss stands still, if it does."""
    training, lr = trainer.experiment.training, trainer.lr
    stuck = why_stuck(trainer) if trainer.stage == 0 and _stands_still(trainer, history) else None
    limit = yield from limit_in_slices(trainer)
    return Outlook(moment, training, lr, limit, stuck, (yield from limit_in_slices(trainer, before=True)))


def _stands_still(trainer: Trainer, history: History) -> bool:
    """Whether the loss has hardly changed over the last fifth of the way to here."""
    back = looked_back(trainer.epochs_done)
    losses = history.losses()
    if back is None or not len(losses.epochs):
        return False
    bucket = min(int(losses.epochs.searchsorted(back)), len(losses.train) - 1)
    return stands_still(float(losses.train[bucket]), trainer.loss)
