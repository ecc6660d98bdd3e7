"""The rule about one sum's answer: asked of the network after every epoch, at almost no cost."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from adder_engine.batch import BatchedPass
from adder_engine.experiment import Stop
from adder_engine.network import linear_views
from adder_engine.trainer import Trainer

TOGETHER = 128
"""Epochs whose parameters are set aside and asked at once: one question alone takes as long as a fifth of an update."""
ROUNDING = 1e-4
"""Relative: answers that come this near to the tolerance's edge are asked again one by one, as ``predict`` does.
It is a thousand times what rounding usually makes of the difference between the two ways."""


class SumRule:
    """Whether the answer to ``[stop]``'s sum is within its tolerance, for a trainer as it goes on."""

    def __init__(self, trainer: Trainer, stop: Stop) -> None:
        self.trainer, self.stop = trainer, stop
        self.handles = trainer.handles
        experiment = trainer.experiment
        a, b = stop.sum
        self.wanted = experiment.wanted.of(a, b)
        """None where it is not known: then the rule never pauses the run."""
        self._scale = experiment.data.scale
        self._inputs = torch.tensor([[a], [b]], dtype=torch.float32) / self._scale
        self._one = trainer.quiet_pass(self._inputs, torch.zeros(1, 1))
        self._parameters = trainer.state[0].numpy()
        self._aside = torch.zeros(TOGETHER, trainer.layout.size)
        self._rows = list(self._aside.numpy())
        self._epochs: list[int] = []
        self._many: BatchedPass | None = None

    def answer(self) -> float:
        """The answer now; the same number as ``Trainer.predict``."""
        for i in range(len(self.trainer.layers)):
            self._one.forward(i)
        return self._one.post[-1].item() * self._scale

    def is_near(self) -> bool:
        """Whether the answer now is within the tolerance."""
        return self.wanted is not None and abs(self.answer() - self.wanted) <= self.stop.within

    def note(self, epoch: int) -> bool:
        """Set the parameters at the end of this epoch aside. Returns whether as many wait as are asked together."""
        self._rows[len(self._epochs)][:] = self._parameters
        self._epochs.append(epoch)
        return len(self._epochs) == TOGETHER

    def first_near(self, near: bool) -> tuple[int | None, float, bool]:
        """Ask for all epochs that wait, the first of which came after one that was ``near`` or not.

        Returns the first epoch that was near after one that was not, or None; the answer there; and whether the last
        one was near.
        """
        count = len(self._epochs)
        if not count or self.wanted is None:
            self._epochs = []
            return None, 0.0, near
        epochs, self._epochs = self._epochs, []
        answers = self._ask_all()[:count]
        off = np.abs(answers - self.wanted)
        edge = ROUNDING * (np.abs(answers) + abs(self.wanted) + self._scale)
        far = off - self.stop.within > edge
        if far.all():
            return None, 0.0, False
        sure = np.abs(off - self.stop.within) > edge
        for place in range(count):
            answer = float(answers[place]) if sure[place] else self._ask_again(place)
            now = abs(answer - self.wanted) <= self.stop.within
            if now and not near:
                return epochs[place], answer, now
            near = now
        return None, 0.0, near

    def _ask_all(self) -> NDArray[np.float64]:
        """The answers of all that wait, ``(TOGETHER,)``."""
        experiment = self.trainer.experiment
        if self._many is None:
            layers = linear_views(self.trainer.layout, self._aside, torch.empty_like(self._aside))
            self._many = BatchedPass(layers, 1, experiment.network.activation, experiment.training.loss, False)
            self._many.masks = self.trainer.silence()
            self._many.take(self._inputs.expand(TOGETHER, 2, 1), torch.zeros(TOGETHER, 1, 1))
        for i in range(len(self._many.layers)):
            self._many.forward(i)
        return self._many.post[-1].flatten().numpy().astype(np.float64) * self._scale

    def _ask_again(self, place: int) -> float:
        """The answer with the parameters of one of those that were set aside, exactly as :meth:`answer`."""
        trainer, row = self.trainer, self._aside[place]
        now = trainer.state[0].clone()
        trainer.state[0] = row
        try:
            return self.answer()
        finally:
            trainer.state[0] = now
