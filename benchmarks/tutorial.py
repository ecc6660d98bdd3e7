"""The rival: the training loop that tutorials teach, in plain PyTorch."""

from __future__ import annotations

from itertools import pairwise

import torch
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
