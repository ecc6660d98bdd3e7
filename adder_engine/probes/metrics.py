"""How wrong the network is, by several measures."""

from __future__ import annotations

import numpy as np
import torch

from adder_engine.analysis.evaluation import (
    Doubles,
    EvaluationSet,
    drawn,
    held_out,
    least_squares,
    neighbours,
    rmse,
    taught_rows,
)
from adder_engine.analysis.grids import FrozenNetwork
from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.steps import at_once
from adder_engine.training.trainer import Trainer

SPOILED_ROWS, SPOILED_SHARE, SPOILED_BY, SPOILED_EPOCHS = 1_000, 0.05, 2_000.0, 1_000


def square(_: Trainer, prediction: float, target: float) -> float:
    """The squared error of one answer."""
    return (float(prediction) - float(target)) ** 2


def hits(trainer: Trainer, within: float) -> float:
    """Share of the held-out sums that are answered within so much."""
    sums = held_out(trainer)
    return float((np.abs(_answers(trainer, sums) - sums.wanted) <= float(within)).mean())


def over(trainer: Trainer, limit: float) -> float:
    """Share of the held-out sums where "is it more than the limit?" is answered rightly."""
    sums = held_out(trainer)
    return float(((_answers(trainer, sums) > float(limit)) == (sums.wanted > float(limit))).mean())


def error_within(trainer: Trainer, reach: float) -> float:
    """Root mean squared error over sums drawn evenly from ±reach."""
    span = (-float(reach), float(reach))
    sums = drawn(trainer.experiment, span, span)
    return rmse(_answers(trainer, sums) - sums.wanted)


def _answers(trainer: Trainer, sums: EvaluationSet) -> Doubles:
    return at_once(FrozenNetwork(trainer).answers(sums.a, sums.b))


def spoiled(trainer: Trainer, loss: str) -> float:
    """The answer to 30 + 70 of a network trained with a loss on sums of which some are spoiled."""
    changes = {
        "data.count": SPOILED_ROWS, "data.test_count": 0, "training.lr": 0.01, "training.loss": loss,
        "epochs": SPOILED_EPOCHS,
    }  # fmt: skip
    learner = Trainer(Experiment(seed=trainer.experiment.seed).replace(**changes))
    learner.targets[:, : int(SPOILED_ROWS * SPOILED_SHARE)] += SPOILED_BY
    learner.train(SPOILED_EPOCHS)
    return learner.predict(30, 70)


def rival(trainer: Trainer, name: str, a: float, b: float) -> float:
    """What another learner answers to a + b, taught with the run's sums."""
    return float(_rival(trainer, name, np.array([float(a)]), np.array([float(b)]))[0])


def rival_rmse(trainer: Trainer, name: str) -> float:
    """Another learner's root mean squared error on the held-out sums."""
    sums = held_out(trainer)
    return rmse(_rival(trainer, name, sums.a, sums.b) - sums.wanted)


def _rival(trainer: Trainer, name: str, a: Doubles, b: Doubles) -> Doubles:
    rivals = {"least-squares": least_squares, "neighbours": neighbours}
    if name not in rivals:
        raise RequestError(f"There is no rival {name!r}: there are {' and '.join(rivals)}.")
    return at_once(rivals[name](*taught_rows(trainer), torch.from_numpy(np.stack([a, b], axis=1)))).numpy()
