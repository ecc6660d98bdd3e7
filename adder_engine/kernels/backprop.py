"""The forward pass, the loss and the backward pass, written out.

Inside, activations are laid out ``(features, rows)``, so a layer is ``Z = W·H + b``: six times as fast as rows
first for these narrow networks. It is PyTorch's ``X·Wᵀ + b`` transposed, and the numbers are the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from adder_engine.kernels.network import Linear

MOST_ALONE = 128
"""Pairs up to which each is asked alone: some milliseconds. Of more, nobody reads each as a number."""
LEAKY_SLOPE = 0.01
"""``nn.LeakyReLU``'s default ``negative_slope``."""


class Pass:
    """One batch's way through the network and back. Its buffers are made once and used for every such batch.

    Shapes: ``pre[i]``, ``post[i]`` and ``delta[i]`` are ``(out_features, rows)`` of layer i: the weighted sums,
    what leaves the layer after activation and dropout, and the gradient of the loss by the weighted sums.
    :class:`~adder_engine.training.batch.BatchedPass` takes many networks at once.
    """

    _affine: ClassVar[Callable[..., Tensor]] = staticmethod(torch.addmm)
    _product: ClassVar[Callable[..., Tensor]] = staticmethod(torch.mm)

    def __init__(
        self,
        layers: Sequence[Linear],
        rows: int,
        activation: str,
        loss: str,
        flat_target: bool,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        *many, _, _ = layers[0].weight.shape
        outs = [layer.weight.shape[-2] for layer in layers]
        self.layers = layers
        self.last = len(layers) - 1
        self.rows = rows
        self.activation = activation
        self.loss_name = loss
        self.flat_target = flat_target
        self.pre = [torch.empty(*many, n, rows, dtype=dtype) for n in outs]
        self.post = [
            z if activation == "none" or i == self.last else torch.empty_like(z) for i, z in enumerate(self.pre)
        ]
        self.delta = [torch.empty(*many, n, rows, dtype=dtype) for n in outs]
        self.masks: list[Tensor | None] = [None] * len(outs)
        """What each layer's outputs are multiplied by (dropout, silenced neurons), ``(out_features, rows)`` or
        ``(out_features, 1)``; None where nothing is."""
        self.difference = torch.empty(*many, rows if flat_target else 1, rows, dtype=dtype)
        """Answer minus target: ``(1, rows)``, or ``(rows, rows)`` with a flat target."""
        self._count = rows * rows if flat_target else rows
        self._ones = torch.ones(rows, dtype=dtype)
        self._post_t = [h.mT for h in self.post]
        self._kept: list[Tensor | None] = [None] * len(outs)
        """What each layer's activation has left for its slope."""

    def take(self, inputs: Tensor, targets: Tensor) -> None:
        """Make this the batch: inputs ``(2, rows)`` and targets ``(1, rows)``."""
        self.inputs, self.targets = inputs, targets
        self._inputs_t = inputs.mT

    def forward(self, i: int) -> None:
        """Send the batch through layer i."""
        layer, z = self.layers[i], self.pre[i]
        self._affine(layer.bias, layer.weight, self.post[i - 1] if i else self.inputs, out=z)
        if i < self.last:
            mask = self.masks[i]
            if self.activation != "none":
                kept = activate(self.activation, z, self.post[i])
                self._kept[i] = kept if mask is None else None
                if mask is not None:
                    self.post[i].mul_(mask)
            elif mask is not None:
                if self.post[i] is z:  # shared as long as nothing comes between the two
                    self.post[i] = torch.empty_like(z)
                    self._post_t[i] = self.post[i].mT
                torch.mul(z, mask, out=self.post[i])

    def run(self) -> Tensor:
        """Go forward through all layers and measure the loss."""
        for i in range(len(self.layers)):
            self.forward(i)
        return self.loss()

    def outputs(self) -> Tensor:
        """Go forward through all layers: what the last one gives, ``(rows,)``."""
        for i in range(len(self.layers)):
            self.forward(i)
        return self.post[-1][0]

    def loss(self) -> Tensor:
        """The loss of the batch, a tensor of one number: the mean over its rows (PyTorch's ``reduction="mean"``)."""
        self._subtract_targets()
        return mean_loss(self.loss_name, self.difference)

    def _subtract_targets(self) -> None:
        answers = self._post_t[-1] if self.flat_target else self.post[-1]
        torch.sub(answers, self.targets, out=self.difference)

    def backward(self, i: int, *, add: bool) -> None:
        """Send the error back through layer i: its delta, then its gradients, written or added in place."""
        layer, delta = self.layers[i], self.delta[i]
        if i < self.last:
            mask = self.masks[i]
            slope = None
            if self.activation != "none":  # before the product, which may be written over what left the layer
                slope = activation_slope(self.activation, self.pre[i], self._kept[i])
            self._product(self.layers[i + 1].weight_t, self.delta[i + 1], out=delta)
            if mask is not None:
                delta.mul_(mask)
            if slope is not None:
                delta.mul_(slope)
        elif self.flat_target:
            slopes = loss_slope(self.loss_name, self.difference, torch.empty_like(self.difference), self._count)
            delta.copy_(slopes.sum(dim=-1).unsqueeze(-2))
        else:
            loss_slope(self.loss_name, self.difference, delta, self._count)
        self._write_gradients(layer, delta, self._post_t[i - 1] if i else self._inputs_t, add)

    def _write_gradients(self, layer: Linear, delta: Tensor, entering_t: Tensor, add: bool) -> None:
        if add:
            layer.weight_grad.addmm_(delta, entering_t)
            layer.bias_grad.addmv_(delta, self._ones)
        else:
            torch.mm(delta, entering_t, out=layer.weight_grad)
            torch.mv(delta, self._ones, out=layer.bias_grad)


def one_by_one(way: Pass) -> Tensor:
    """What the last layer gives for each row of a pass alone, ``(rows,)``; masks must be columns or None.

    A product of matrices adds its terms up in another order for many columns than for one, so that the last digits
    of an answer would hang on what else is asked.
    """
    alone = Pass(way.layers, 1, way.activation, way.loss_name, False)
    alone.masks = list(way.masks)
    alone.take(torch.empty(len(way.inputs), 1), way.targets[:, :1])
    answers = torch.empty(way.rows)
    for i in range(way.rows):
        alone.inputs.copy_(way.inputs[:, i : i + 1])  # whose strides differ, and with them the kernel
        answers[i] = alone.outputs()[0]
    return answers


def activate(name: str, z: Tensor, out: Tensor) -> Tensor | None:
    """Write the activation of ``z`` into ``out``: formulas of ``torch.nn``'s documentation.

    Returns what :func:`activation_slope` is quicker with, if anything: ``out`` itself, or Φ(z) for gelu.
    """
    if name == "relu":
        torch.clamp(z, min=0, out=out)
    elif name == "leaky_relu":
        torch.maximum(z, z * LEAKY_SLOPE, out=out)
    elif name == "tanh":
        return torch.tanh(z, out=out)
    elif name == "sigmoid":
        return torch.sigmoid(z, out=out)
    elif name == "gelu":
        share = _normal_cdf(z)
        torch.mul(z, share, out=out)
        return share
    else:
        out.copy_(z)
    return None


def activation_slope(name: str, z: Tensor, kept: Tensor | None = None) -> Tensor:
    """The derivative of the activation at ``z``, of the same shape.

    Args:
        kept: what :func:`activate` returned for this ``z``, as long as nobody has written over it.
    """
    if name == "relu":
        return (z > 0).to(z.dtype)
    if name == "leaky_relu":
        return (z > 0).to(z.dtype).clamp_(min=LEAKY_SLOPE)
    if name == "tanh":
        t = torch.tanh(z) if kept is None else kept
        return 1 - t * t
    if name == "sigmoid":
        s = torch.sigmoid(z) if kept is None else kept
        return s * (1 - s)
    if name == "gelu":  # Φ(z) + z·φ(z)
        share = _normal_cdf(z) if kept is None else kept
        return (z * z).div_(-2).exp_().mul_(z).div_(math.sqrt(2 * math.pi)).add_(share)
    return torch.ones_like(z)


def activation_curve(name: str, z: Tensor) -> Tensor:
    """The second derivative of the activation at ``z``, of the same shape; 0 at a kink, as on straight pieces."""
    if name == "tanh":
        t = torch.tanh(z)
        return -2 * t * (1 - t * t)
    if name == "sigmoid":
        s = torch.sigmoid(z)
        return s * (1 - s) * (1 - 2 * s)
    if name == "gelu":
        return (2 - z * z) * torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return torch.zeros_like(z)


def _normal_cdf(z: Tensor) -> Tensor:
    # In place: memory that is asked for anew at every step costs more than the arithmetic.
    return (z / math.sqrt(2)).erf_().add_(1).mul_(0.5)


def mean_loss(name: str, difference: Tensor) -> Tensor:
    """The mean loss of these differences: ``nn.MSELoss``, ``nn.L1Loss`` or ``nn.HuberLoss`` with delta 1."""
    if name == "mse":
        flat = difference.view(-1)
        return torch.dot(flat, flat) / len(flat)
    return _single_losses(name, difference).mean()


def mean_losses(name: str, differences: Tensor) -> Tensor:
    """:func:`mean_loss` of each network, ``(networks,)``; all differences have the networks in front."""
    if name == "mse":
        flat = differences.flatten(1).unsqueeze(1)
        return torch.bmm(flat, flat.mT).flatten() / flat.shape[-1]
    return _single_losses(name, differences).flatten(1).mean(1)


def _single_losses(name: str, difference: Tensor) -> Tensor:
    size = difference.abs()
    if name == "mae":
        return size
    return torch.where(size < 1, 0.5 * difference * difference, size - 0.5)


def loss_slope(name: str, difference: Tensor, out: Tensor, count: int) -> Tensor:
    """Write the derivative of a mean over ``count`` differences by each of them into ``out``, of the same shape."""
    if name == "mse":
        return torch.mul(difference, 2 / count, out=out)
    if name == "mae":
        return torch.sign(difference, out=out).div_(count)
    return torch.clamp(difference, -1, 1, out=out).div_(count)


def loss_curve(name: str, difference: Tensor, count: int) -> Tensor:
    """The second derivative of a mean over ``count`` differences by each of them, of the same shape."""
    if name == "mse":
        return torch.full_like(difference, 2 / count)
    if name == "mae":
        return torch.zeros_like(difference)
    return (difference.abs() < 1).to(difference.dtype) / count
