"""Every neuron's output for many sums, from the parameters alone; for pictures, in the thread that draws."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from adder_engine.experiment import Experiment

Floats = NDArray[np.float32]


def neuron_grids(
    experiment: Experiment, parameters: Floats, points: NDArray[np.float64],
    silenced: Collection[tuple[int, int]] = (), scale: float = 1.0,
) -> list[Floats]:  # fmt: skip
    """What leaves each layer for sums ``points`` ``(n, 2)``: ``(neurons, n)`` a layer, in scaled units, no dropout.

    The last is the answer.

    Args:
        parameters: ``(P,)`` float32, row 0 of a snapshot's state.
        silenced: (layer, neuron) pairs whose output is held at 0, as in a snapshot.
        scale: what the inputs are divided by, as in a snapshot.
    """
    # Not at the top: what draws is imported before the kernels are.
    from adder_engine.kernels.backprop import net_of
    from adder_engine.training.passes import Pass

    inputs = points.T.astype(np.float32) / np.float32(scale)
    way = Pass(net_of(experiment, frozenset(silenced)), np.ascontiguousarray(parameters), inputs, inputs[0])
    way.stages(1, way.depth)
    return [way.post(i) for i in range(way.depth)]
