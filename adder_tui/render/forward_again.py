"""The current sum's answer with other parameters: a forward pass for what a step changed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from adder_tui.selection import layout_for

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import Floats
    from adder_engine.trace import Trace

LEAKY_SLOPE = 0.01
"""``nn.LeakyReLU``'s default ``negative_slope``."""


def answer_with(parameters: Floats, trace: Trace, experiment: Experiment) -> float:
    """What the network says to the trace's pair with these parameters ``(P,)``, in units of sums."""
    layout = layout_for(experiment)
    values = trace.inputs
    for i, layer in enumerate(trace.layers):
        weight, bias = layout.weight(i), layout.bias(i)
        matrix = parameters[weight.span].reshape(weight.shape)
        values = np.asarray(matrix @ values + parameters[bias.span], dtype=np.float32)
        if i < len(trace.layers) - 1:
            values = _activated(experiment.network.activation, values)
            if layer.mask is not None:
                values = values * layer.mask
    return float(values[0]) * trace.scale


def _activated(name: str, z: Floats) -> Floats:
    """The activation, by the formulas of ``torch.nn``'s documentation."""
    if name == "relu":
        return np.maximum(z, 0).astype(np.float32)
    if name == "leaky_relu":
        return np.where(z > 0, z, LEAKY_SLOPE * z).astype(np.float32)
    if name == "tanh":
        return np.tanh(z)
    if name == "sigmoid":
        return (0.5 * (1 + np.tanh(z / 2))).astype(np.float32)
    if name == "gelu":
        return np.array([0.5 * x * (1 + math.erf(x / math.sqrt(2))) for x in z], dtype=np.float32)
    return z
