"""Every neuron's output for many sums, from the parameters alone: a forward pass in plain numpy, without torch."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from adder_engine.experiment import Experiment
from adder_engine.kernels.parameters import layout_of

Floats = NDArray[np.float32]
LEAK = 0.01
"""The slope of leaky_relu below 0, PyTorch's default."""


def neuron_grids(
    experiment: Experiment, parameters: Floats, points: NDArray[np.float64],
    silenced: Collection[tuple[int, int]] = (),
) -> list[Floats]:  # fmt: skip
    """What leaves each layer for sums ``points`` ``(n, 2)``: ``(neurons, n)`` a layer, in scaled units, no dropout.

    The last is the answer. float32, as the network's own; for pictures: sums may differ from the engine's in their
    last digits, and gelu by some 1e-7 of its argument.

    Args:
        parameters: ``(P,)``, row 0 of a snapshot's state.
        silenced: (layer, neuron) pairs whose output is held at 0, as in a snapshot.
    """
    layout = layout_of(experiment.network.layers, experiment.layer_names)
    values = points.T.astype(np.float32) / np.float32(experiment.data.scale)
    last = len(experiment.layer_names) - 1
    found = []
    with np.errstate(all="ignore"):  # a run that blew up has no picture, and that is no fault
        for i in range(last + 1):
            weight, bias = layout.weight(i), layout.bias(i)
            values = parameters[weight.span].reshape(weight.shape) @ values + parameters[bias.span, None]
            if i < last:
                values = _activated(experiment.network.activation, values)
                values[[neuron for layer, neuron in silenced if layer == i]] = 0
            found.append(values)
    return found


def _activated(activation: str, z: Floats) -> Floats:
    if activation == "relu":
        return np.maximum(z, np.float32(0))
    if activation == "leaky_relu":
        return np.where(z < 0, np.float32(LEAK) * z, z)
    if activation == "tanh":
        return np.tanh(z)
    if activation == "sigmoid":
        return np.float32(1) / (np.float32(1) + np.exp(-z))
    if activation == "gelu":
        return (z * (1 + _erf(z / np.sqrt(2.0))) / 2).astype(np.float32)
    return z


def _erf(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """The error function within 1.5e-7 (Abramowitz and Stegun, 7.1.26); numpy has none."""
    size = np.abs(x.astype(np.float64))
    t = 1 / (1 + 0.3275911 * size)
    tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf: NDArray[np.float64] = np.sign(x) * (1 - tail * np.exp(-(size**2)))
    return erf
