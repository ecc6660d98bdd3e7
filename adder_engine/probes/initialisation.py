"""How networks start, how curved the loss is, and neurons that are alike or dead."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import nn

from adder_engine.analysis.curvature import stability
from adder_engine.analysis.results import CurvatureReport
from adder_engine.analysis.tracing import layer_activity
from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.kernels.backprop import Pass
from adder_engine.kernels.network import initial_parameters, layout_for, linear_views
from adder_engine.probes.gradients import whole
from adder_engine.steps import at_once
from adder_engine.training.data import Dataset
from adder_engine.training.trainer import Trainer

MOST_SEEDS = 2_000
STUCK_SEEDS, STUCK_ROWS, STUCK_EPOCHS, STUCK_LOSS = 100, 1_000, 300, 10_000.0
"""A run is stuck whose loss on so many sums is still above this after so many epochs of Adam at 0.01."""


def seeds(trainer: Trainer, what: str, count: float) -> float:
    """Of the untrained answers to 30 + 70 by seeds 0 to count−1: mean, spread, low, high, or how many are near."""
    answers = torch.tensor([_untrained(trainer.experiment.replace(seed=i)) for i in range(whole(count, MOST_SEEDS))])
    figures = {
        "mean": answers.mean(), "spread": answers.std(correction=0), "low": answers.min(), "high": answers.max(),
        "near": ((answers - 100).abs() < 1).sum(),
    }  # fmt: skip
    if what not in figures:
        raise RequestError(f"{what!r} is not among {', '.join(figures)}.")
    return float(figures[what].item())


def _untrained(experiment: Experiment) -> float:
    generator = torch.Generator().manual_seed(experiment.seed)
    if experiment.data.draw_first:
        Dataset.draw(experiment, generator)
    parameters = initial_parameters(experiment, generator)
    layout, scale = layout_for(experiment), experiment.data.scale
    way = Pass(
        linear_views(layout, parameters, torch.zeros_like(parameters)), 1, experiment.network.activation, "mse", False
    )
    way.take(torch.tensor([[30.0], [70.0]]) / scale, torch.zeros(1, 1))
    way.run()
    return way.post[-1].item() * scale


def curvature(trainer: Trainer) -> float:
    """The steepest direction's curvature over the flattest one's."""
    condition = _stability(trainer).condition
    if condition is None:
        raise RequestError("The loss is flat in some direction here: there is no steepest over flattest.")
    return condition


def rate_cap(trainer: Trainer) -> float:
    """The learning rate up to which plain SGD holds: 2 over the largest curvature."""
    return _stability(trainer).limit


def _stability(trainer: Trainer) -> CurvatureReport:
    """The loss's curvature, of a network for which it is the same at every moment of the run."""
    if len(trainer.layers) != 1 or trainer.experiment.training.loss != "mse":
        raise RequestError("Curvature is the same everywhere only for network.layers = [2, 1] with the loss mse.")
    return at_once(stability(trainer))


def twins(trainer: Trainer) -> float:
    """How many neurons of the first layer have the same weights as another."""
    _, counts = torch.unique(trainer.layers[0].weight, dim=0, return_counts=True)
    return float(counts[counts > 1].sum().item())


def dead(trainer: Trainer, layer: float) -> float:
    """How many neurons of a layer, counted from 1, pass no gradient on for any row."""
    activities = layer_activity(trainer)
    return float((activities[whole(layer, len(activities)) - 1].dead >= 1).sum())


def double(trainer: Trainer) -> float:
    """The untrained answer to 30 + 70 by the same seed in float64: other draws, so another network."""
    generator = torch.Generator().manual_seed(trainer.experiment.seed)
    x = torch.tensor([[30.0, 70.0]], dtype=torch.float64)
    sizes = trainer.experiment.network.layers
    if trainer.experiment.network.activation != "none":
        raise RequestError("The float64 twin is there only for networks without activation.")
    for entering, leaving in pairwise(sizes):
        weight = torch.empty(leaving, entering, dtype=torch.float64)
        bias = torch.empty(leaving, dtype=torch.float64)
        nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
        nn.init.uniform_(bias, -1 / math.sqrt(entering), 1 / math.sqrt(entering), generator=generator)
        x = x @ weight.T + bias
    return x.item()


def stuck(_: Trainer, activation: str, count: float) -> float:
    """Of the seeds 0 to count−1, how many leave a network with this activation stuck high up."""
    changes = {
        "data.count": STUCK_ROWS, "data.test_count": 0, "training.lr": 0.01, "epochs": STUCK_EPOCHS,
        "network.activation": activation,
    }  # fmt: skip
    found = 0
    for seed in range(whole(count, STUCK_SEEDS)):
        learner = Trainer(Experiment(seed=seed).replace(**changes))
        learner.train(STUCK_EPOCHS)
        found += learner.counters.loss is None or learner.counters.loss > STUCK_LOSS
    return float(found)
