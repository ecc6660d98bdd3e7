"""The rivals: the training loop that tutorials teach, in plain PyTorch, and the same written out in numpy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from adder_engine import Experiment
from adder_engine.reference import ACTIVATION_MODULES

OPTIMIZERS = {
    "sgd": torch.optim.SGD,
    "momentum": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9),
    "nesterov": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9, nesterov=True),
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
}


class TutorialLoop:
    """Mean squared error; the loss is taken out at each update, as one does for printing it."""

    def __init__(self, experiment: Experiment) -> None:
        torch.manual_seed(42)
        parts: list[nn.Module] = []
        for entering, leaving in pairwise(experiment.network.layers):
            parts += [nn.Linear(entering, leaving), ACTIVATION_MODULES[experiment.network.activation]()]
        self.model = nn.Sequential(*parts[:-1])
        self.inputs = torch.rand(experiment.row_count, 2) * 1000 - 500
        self.targets = self.inputs.sum(dim=1, keepdim=True)
        self.criterion = nn.MSELoss()
        self.optimizer = OPTIMIZERS[experiment.training.optimizer](self.model.parameters(), lr=experiment.training.lr)
        self.batch = experiment.training.batch_size
        self.losses: list[float] = []

    def train(self, updates: int) -> None:
        """Run so many updates."""
        if not self.batch:
            for _ in range(updates):
                self._update(self.inputs, self.targets)
            return
        done = 0
        while done < updates:
            for chosen in torch.randperm(len(self.inputs)).split(self.batch)[: updates - done]:
                self._update(self.inputs[chosen], self.targets[chosen])
                done += 1

    def _update(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(inputs), targets)
        loss.backward()
        self.optimizer.step()
        self.losses.append(loss.item())


class NumpyLoop:
    """The 2-4-4-1 network without activation, squared error and Adam, in float32, line by line."""

    def __init__(self, inputs: NDArray[np.float32], targets: NDArray[np.float32], lr: float = 1e-7) -> None:
        draw = np.random.default_rng(42)
        self.inputs, self.targets, self.lr = inputs, targets[:, None], lr
        shapes = [(4, 2), (4,), (4, 4), (4,), (1, 4), (1,)]
        self.parameters = [draw.uniform(-0.5, 0.5, shape).astype(np.float32) for shape in shapes]
        self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p in self.parameters]
        self.steps = 0
        self.losses: list[float] = []

    def train(self, updates: int) -> None:
        """Run so many updates."""
        for _ in range(updates):
            self._update()

    def _update(self) -> None:
        w1, b1, w2, b2, w3, b3 = self.parameters
        h1 = self.inputs @ w1.T + b1
        h2 = h1 @ w2.T + b2
        off = h2 @ w3.T + b3 - self.targets
        self.losses.append(float(np.mean(off * off)))
        d3 = off * np.float32(2 / len(off))
        d2 = d3 @ w3
        d1 = d2 @ w2
        gradients = (d1.T @ self.inputs, d1.sum(0), d2.T @ h1, d2.sum(0), d3.T @ h2, d3.sum(0))
        self.steps += 1
        first, second = 1 - 0.9**self.steps, 1 - 0.999**self.steps
        for p, g, (m, v) in zip(self.parameters, gradients, self.moments, strict=True):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            p -= self.lr / first * m / (np.sqrt(v / second) + 1e-8)
