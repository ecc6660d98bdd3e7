"""The rival: the training loop that tutorials teach, in plain PyTorch."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class TutorialAdder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.input = nn.Linear(2, 4)
        self.hidden = nn.Linear(4, 4)
        self.output = nn.Linear(4, 1)

    def forward(self, x: Tensor) -> Tensor:
        answers: Tensor = self.output(self.hidden(self.input(x)))
        return answers


class TutorialLoop:
    """Full batch, Adam, mean squared error; the loss is taken out at each epoch, as one does for printing it."""

    def __init__(self, rows: int) -> None:
        torch.manual_seed(42)
        self.model = TutorialAdder()
        self.inputs = torch.rand(rows, 2) * 1000 - 500
        self.targets = self.inputs.sum(dim=1, keepdim=True)
        self.criterion = nn.MSELoss()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.0002)
        self.losses: list[float] = []

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            self.optimizer.zero_grad()
            predictions = self.model(self.inputs)
            loss = self.criterion(predictions, self.targets)
            loss.backward()
            self.optimizer.step()
            self.losses.append(loss.item())
