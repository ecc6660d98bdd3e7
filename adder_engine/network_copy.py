"""The network as it is at one moment, to be asked about many sums while the run goes on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adder_engine.backprop import Pass, activate, activation_slope
from adder_engine.network import linear_views
from adder_engine.slices import Sliced
from adder_engine.trainer import Trainer

CELLS_AT_ONCE = 400_000
"""Sums times neurons between two looks at other requests: some milliseconds."""
Doubles = NDArray[np.float64]


class NetworkCopy:
    """A copy of a trainer's network: without dropout, silenced neurons silent. It answers in float32, as the run's."""

    def __init__(self, trainer: Trainer) -> None:
        self.experiment = trainer.experiment
        self._layout = trainer.layout
        self._parameters = trainer.state[0].clone()
        self._masks = trainer.silence()

    def _passes(self, a: Doubles, b: Doubles) -> Iterator[tuple[slice, Pass]]:
        """Send the sums ``(n,)`` through, some at a time. A pass holds good until the next one."""
        network, training = self.experiment.network, self.experiment.training
        layers = linear_views(self._layout, self._parameters, torch.zeros_like(self._parameters))
        inputs = torch.from_numpy(np.stack([a, b]).astype(np.float32)) / self.experiment.data.scale
        some = max(1, CELLS_AT_ONCE // sum(network.layers))
        for start in range(0, len(a), some):
            part = inputs[:, start : start + some].contiguous()
            way = Pass(layers, part.shape[1], network.activation, training.loss, False)
            way.masks = list(self._masks)
            way.take(part, torch.zeros(1, part.shape[1]))
            way.run()
            yield slice(start, start + part.shape[1]), way

    def answers(self, a: Doubles, b: Doubles) -> Sliced[Doubles]:
        """The answers to sums ``(n,)``, in units of sums, ``(n,)``."""
        found = np.empty(len(a))
        for place, way in self._passes(a, b):
            found[place] = (way.post[-1][0] * self.experiment.data.scale).numpy()
            yield
        return found

    def hidden(self, a: Doubles, b: Doubles) -> Sliced[list[NDArray[np.float32]]]:
        """What leaves each hidden layer for sums ``(n,)``: ``(neurons, n)`` a layer, in scaled units."""
        found = [np.empty((n, len(a)), dtype=np.float32) for n in self.experiment.network.layers[1:-1]]
        for place, way in self._passes(a, b):
            for outputs, post in zip(found, way.post, strict=False):  # the last is the answer
                outputs[:, place] = post.numpy()
            yield
        return found

    def tangent(self, a: float, b: float) -> tuple[float, float, float]:
        """The answer to one sum and how fast it rises with a and with b, in units of sums, in float64.

        By the backward pass, gone on through the first layer to the inputs.
        """
        parameters = self._parameters.double()
        layers = linear_views(self._layout, parameters, torch.zeros_like(parameters))
        scale, activation, last = self.experiment.data.scale, self.experiment.network.activation, len(layers) - 1
        values = torch.tensor([[a], [b]], dtype=torch.float64) / scale
        slopes: list[Tensor] = []
        for i, layer in enumerate(layers):
            z = torch.addmm(layer.bias, layer.weight, values)
            if i == last:
                values = z
                break
            values = torch.empty_like(z)
            activate(activation, z, values)
            mask = self._masks[i]
            kept = torch.ones_like(z) if mask is None else mask.double()
            values *= kept
            slopes.append(activation_slope(activation, z) * kept)
        rise = torch.ones(1, 1, dtype=torch.float64)
        for i in reversed(range(len(layers))):
            rise = layers[i].weight_t @ (rise if i == last else rise * slopes[i])
        return float(values) * scale, float(rise[0]), float(rise[1])
