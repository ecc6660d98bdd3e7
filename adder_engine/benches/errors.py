"""How wrong the network is, by several measures."""

from __future__ import annotations

import torch
from torch import Tensor

from adder_engine.benches.passes import pass_through
from adder_engine.data import HELD_OUT_SEED, truth
from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.rivals import least_squares, neighbours
from adder_engine.trainer import Trainer

JUDGING_SUMS, JUDGING_REACH = 2_000, 500.0
"""Sums that judge a run which has no held-out ones of its own, drawn evenly from ± the reach."""
SPOILED_ROWS, SPOILED_SHARE, SPOILED_BY, SPOILED_EPOCHS = 1_000, 0.05, 2_000.0, 1_000


def square(_: Trainer, prediction: float, target: float) -> float:
    """The squared error of one answer."""
    return (float(prediction) - float(target)) ** 2


def hits(trainer: Trainer, within: float) -> float:
    """Share of the held-out sums that are answered within so much."""
    answers, targets = held_out(trainer)
    return ((answers - targets).abs() <= float(within)).double().mean().item()


def over(trainer: Trainer, limit: float) -> float:
    """Share of the held-out sums where "is it more than the limit?" is answered rightly."""
    answers, targets = held_out(trainer)
    return ((answers > float(limit)) == (targets > float(limit))).double().mean().item()


def rmse(trainer: Trainer, reach: float) -> float:
    """Root mean squared error over sums drawn evenly from ±reach."""
    answers, targets = judged(trainer, drawn(float(reach)))
    return float((answers - targets).pow(2).mean().sqrt().item())


def held_out(trainer: Trainer) -> tuple[Tensor, Tensor]:
    """Answers and truths of the held-out sums, in units of sums, float64."""
    inputs = trainer.dataset.test_inputs * trainer.experiment.data.scale
    return judged(trainer, inputs if len(inputs) else drawn(JUDGING_REACH))


def drawn(reach: float) -> Tensor:
    """Judging sums ``(n, 2)`` from ±reach, the same ones each time."""
    generator = torch.Generator().manual_seed(HELD_OUT_SEED)
    return torch.rand(JUDGING_SUMS, 2, generator=generator) * (2 * reach) - reach


def judged(trainer: Trainer, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Answers and truths ``(n,)`` of sums ``(n, 2)``, in units of sums, float64."""
    scale, task = trainer.experiment.data.scale, trainer.experiment.data.task
    way = pass_through(trainer, trainer.state[0].clone(), inputs.T / scale, torch.zeros(1, len(inputs)))
    way.run()
    pairs = inputs.double().tolist()
    targets = torch.tensor([truth(task, a, b) for a, b in pairs], dtype=torch.float64)
    return way.post[-1][0].double() * scale, targets


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
    return _rivals(trainer, name, torch.tensor([[float(a), float(b)]], dtype=torch.float64))[0].item()


def rival_rmse(trainer: Trainer, name: str) -> float:
    """Another learner's root mean squared error on the held-out sums."""
    inputs = trainer.dataset.test_inputs * trainer.experiment.data.scale
    inputs = (inputs if len(inputs) else drawn(JUDGING_REACH)).double()
    targets = torch.tensor([truth(trainer.experiment.data.task, a, b) for a, b in inputs.tolist()], dtype=torch.float64)
    return float((_rivals(trainer, name, inputs) - targets).pow(2).mean().sqrt().item())


def _rivals(trainer: Trainer, name: str, asked: Tensor) -> Tensor:
    rivals = {"least-squares": least_squares, "neighbours": neighbours}
    if name not in rivals:
        raise RequestError(f"There is no rival {name!r}: there are {' and '.join(rivals)}.")
    scale = trainer.experiment.data.scale
    return rivals[name](trainer.inputs.T.double() * scale, trainer.targets[0].double() * scale, asked)
