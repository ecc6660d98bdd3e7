"""What is to be said of a run as it stands, before it goes wrong: whether its rate holds, and whether it is stuck."""

from __future__ import annotations

import math

from adder_engine.curvature import curvature_in_slices, limit_for
from adder_engine.playback import Playback
from adder_engine.slices import Sliced
from adder_engine.snapshot import Outlook
from adder_engine.stuck import looked_back, stands_still, why_stuck


def outlook_of(run: Playback) -> Sliced[Outlook]:
    """The learning rate's limit where the run stands, and why its loss stands still, if it does."""
    trainer, moment = run.trainer, run.moment
    training, lr = trainer.experiment.training, trainer.lr
    stuck = why_stuck(trainer) if trainer.rung == 0 and _stands_still(run) else None
    own = None
    if limit_for(training, 1.0) is not None:  # of others the curvature alone sets no limit
        curvature = yield from curvature_in_slices(trainer)
        own = limit_for(training, curvature) if math.isfinite(curvature) and curvature > 0 else None
    return Outlook(moment, training, lr, own, stuck)


def _stands_still(run: Playback) -> bool:
    """Whether the loss has hardly changed over the last fifth of the way to here."""
    epochs = run.trainer.epochs_done
    back = looked_back(epochs)
    losses = run.history.losses()
    if back is None or not len(losses.epochs):
        return False
    bucket = min(int(losses.epochs.searchsorted(back)), len(losses.train) - 1)
    return stands_still(float(losses.train[bucket]), run.trainer.loss)
