"""A batch's way through the network and back with everything kept, to be looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from adder_engine.kernels.activations import activate
from adder_engine.kernels.backprop import IN_ORDER, NOTHING, Net, scratch_for, work
from adder_engine.kernels.layers import BLOCK, FEW
from adder_engine.kernels.losses import BCE, CODES, summed

Floats = NDArray[Any]
"""float32 as a run's numbers, or float64."""


class Pass:
    """One batch's way through the network, by the very code that trains.

    Args:
        net: the network.
        parameters: ``(P,)``, of the type that everything is worked out in; they may change between two stages.
        inputs: ``(2, n)``, in scaled units.
        targets: ``(n,)``, in scaled units.
        loss: the loss function.
        flat: whether each answer is held against every target, as ``flat_target`` does.
        masks: ``(n, features)``: dropout's, what each neuron's output is multiplied by.
        gradients: ``(P,)``, to which the backward pass adds; of its own if None.
    """

    def __init__(
        self, net: Net, parameters: Floats, inputs: Floats, targets: Floats, loss: str = "mse", *, flat: bool = False,
        masks: Floats = NOTHING, gradients: Floats | None = None,
    ) -> None:  # fmt: skip
        self.net, self.parameters = net, parameters
        self.rows = inputs.shape[1]
        self.inputs, self.targets = np.ascontiguousarray(inputs), np.ascontiguousarray(targets)
        self.loss_name, self.flat_target = loss, flat
        self.gradients = np.zeros_like(parameters) if gradients is None else gradients
        self.depth = len(net.codes)
        self._masks = masks
        self._scratch = scratch_for(net, self.rows, flat, parameters.dtype, kept=True)

    def stages(self, first: int, last: int, net: Net | None = None, into: Floats | None = None) -> float:
        """Take the batch through these stages of :func:`~adder_engine.kernels.backprop.work`: the loss, if measured.

        Args:
            net: another network than the batch's.
            into: what the backward pass adds to, ``(P,)``; :attr:`gradients` if None.
        """
        found: float = work(
            net or self.net, self.parameters, self.gradients if into is None else into, self._masks, self._scratch,
            self.inputs, self.targets, IN_ORDER, 0, self.rows, CODES[self.loss_name], self.flat_target, first, last,
        )  # fmt: skip
        return found

    def run(self) -> float:
        """Go forward through all layers and measure the loss: the mean over the rows."""
        self.stages(1, self.depth)
        return self.stages(self.depth + 1, self.depth + 1)

    def back(self) -> Floats:
        """Send the error back through all layers, after :meth:`run`: the gradients ``(P,)``, added up."""
        self.stages(self.depth + 2, 2 * self.depth + 1)
        return self.gradients

    def back_from(self, slope: float) -> Floats:
        """Send back a gradient by the answers that is ``slope`` for each row, in the place of the loss's."""
        self.stages(self.depth, self.depth)  # the loss has taken the place of the last activation's slope
        for block in range(len(self._scratch.delta)):
            lane = self._lane(self._scratch.delta, block, self.depth)
            lane[...] = slope if self.net.plain[-1] else slope * lane
        return self.back()

    def own_gradient(self) -> NDArray[np.float64]:
        """The gradient of this pass alone, ``(P,)``, once it has gone back: without penalties and earlier gradients."""
        own = np.zeros_like(self.parameters)
        for i in range(self.depth):  # from a network's last layer nothing is sent back
            self.stages(i + 3, i + 3, self.net._replace(codes=self.net.codes[: i + 1]), own)
        return own.astype(np.float64)

    def pre(self, i: int) -> Floats:
        """The weighted sums of layer i, ``(out_features, n)``; so are the others."""
        return self._read(self._scratch.post if self.net.plain[i] else self._scratch.pre, i + 1)

    def post(self, i: int) -> Floats:
        """What leaves layer i, after activation, dropout and muting."""
        return self._read(self._scratch.post, i + 1)

    def delta(self, i: int) -> Floats:
        """The gradient of the loss by layer i's weighted sums; before the backward pass, the activation's slope."""
        return self._read(self._scratch.delta, i + 1)

    def slope(self, i: int) -> Floats:
        """The activation's derivative at layer i's weighted sums."""
        z = np.array(self.pre(i), order="C")
        slope = np.empty_like(z)
        activate(self.net.codes[i], z.reshape(-1), np.empty_like(z).reshape(-1), slope.reshape(-1), True)
        return np.asarray(slope)

    def entering(self, i: int) -> Floats:
        """What enters layer i, ``(in_features, n)``."""
        return self.post(i - 1) if i else np.asarray(self.inputs)

    def again(self, parameters: Floats) -> Pass:
        """The same batch with other parameters ``(P,)``, not yet on its way."""
        return Pass(
            self.net, parameters, self.inputs, self.targets, self.loss_name, flat=self.flat_target, masks=self._masks
        )

    def mask(self, i: int) -> Floats | None:
        """What the outputs of layer i were multiplied by, ``(out_features, n)``; None where by nothing."""
        span = slice(self.net.offsets[i + 1], self.net.offsets[i + 1] + self.net.sizes[i + 1])
        keep = np.repeat(self.net.keep[span, None], self.rows, axis=1)
        if len(self._masks) and i < self.depth - 1:
            keep = keep * self._masks[:, span].T
        elif keep.all():
            return None
        masks: Floats = keep
        return masks

    @property
    def answers(self) -> Floats:
        """What the last layer gives, ``(n,)``, in scaled units."""
        answers: Floats = self.post(self.depth - 1)[0]
        return answers

    @property
    def difference(self) -> Floats:
        """Answer, or its sigmoid for bce, minus target: ``(1, n)``; ``(n, n)``, a row an answer, with a flat target."""
        if self.loss_name == "bce":  # which is its derivative: as the update takes it, to the bit
            slopes: Floats = np.empty((1, self.rows), dtype=self.answers.dtype)
            summed(BCE, np.ascontiguousarray(self.answers), self.targets, slopes[0], 1)
            return slopes
        answers = self.answers
        found: Floats = answers[:, None] - self.targets if self.flat_target else (answers - self.targets)[None]
        return found

    def _read(self, area: Floats, layer: int) -> Floats:
        lanes: Floats = np.concatenate([self._lane(area, block, layer) for block in range(len(area))], axis=1)
        return lanes

    def _lane(self, area: Floats, block: int, layer: int) -> Floats:
        """A layer's part of a block, ``(features, rows)``: a view."""
        start, width = self.net.offsets[layer], self.net.sizes[layer]
        rows = min(BLOCK, self.rows - block * BLOCK)
        if rows <= FEW:
            features = len(self.net.keep)
            return np.asarray(area[block, : rows * features].reshape(rows, features)[:, start : start + width].T)
        return np.asarray(area[block, start * BLOCK : (start + width) * BLOCK].reshape(width, BLOCK)[:, :rows])
