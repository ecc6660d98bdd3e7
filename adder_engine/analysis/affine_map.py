"""What the numbers mean together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adder_engine.experiment import Experiment
from adder_engine.kernels.parameters import layout_of
from adder_engine.snapshot import AffineMap


def collapsed_map(
    experiment: Experiment, parameters: NDArray[np.float32], silenced: frozenset[tuple[int, int]] = frozenset()
) -> AffineMap | None:
    """The whole network as ``w_a·a + w_b·b + c``, from its parameters ``(P,)``; None where it has an activation.

    Affine after affine is affine: ``W = W_n···W_1``, and the bias is folded along. In float64.
    """
    if experiment.network.activation != "none":
        return None
    layout = layout_of(experiment.network.layers, experiment.layer_names)
    weight, bias = np.eye(2), np.zeros(2)
    for i in range(len(experiment.layer_names)):
        w, b = layout.weight(i), layout.bias(i)
        matrix = parameters[w.span].reshape(w.shape).astype(np.float64)
        weight, bias = matrix @ weight, matrix @ bias + parameters[b.span]
        for layer, neuron in silenced:
            if layer == i:
                weight[neuron], bias[neuron] = 0, 0
    return AffineMap(float(weight[0, 0]), float(weight[0, 1]), float(bias[0] * experiment.data.scale))
