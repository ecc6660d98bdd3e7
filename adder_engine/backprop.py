"""The forward pass, the loss and the backward pass, written out.

Inside, activations are laid out ``(features, rows)``, so a layer is ``Z = W·H + b``: six times as fast as rows
first for these narrow networks. It is PyTorch's ``X·Wᵀ + b`` transposed, and the numbers are the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from adder_engine.network import Linear

LEAKY_SLOPE = 0.01
"""``nn.LeakyReLU``'s default ``negative_slope``."""


class Pass:
    """One batch's way through the network and back. Its buffers are made once and used for every such batch.

    Shapes: ``pre[i]``, ``post[i]`` and ``delta[i]`` are ``(out_features, rows)`` of layer i: the weighted sums,
    what leaves the layer after activation and dropout, and the gradient of the loss by the weighted sums.
    """

    def __init__(self, layers: Sequence[Linear], rows: int, activation: str, loss: str, flat_target: bool) -> None:
        outs = [layer.weight.shape[0] for layer in layers]
        self.layers = layers
        self.last = len(layers) - 1
        self.rows = rows
        self.activation = activation
        self.loss_name = loss
        self.flat_target = flat_target
        self.pre = [torch.empty(n, rows) for n in outs]
        self.post = [
            z if activation == "none" or i == self.last else torch.empty_like(z) for i, z in enumerate(self.pre)
        ]
        self.delta = [torch.empty(n, rows) for n in outs]
        self.masks: list[Tensor | None] = [None] * len(outs)
        """What each layer's outputs are multiplied by (dropout, silenced neurons), ``(out_features, rows)`` or
        ``(out_features, 1)``; None where nothing is."""
        self.difference = torch.empty(rows, rows) if flat_target else torch.empty(1, rows)
        """Answer minus target: ``(1, rows)``, or ``(rows, rows)`` with a flat target."""
        self._ones = torch.ones(rows)
        self._post_t = [h.T for h in self.post]

    def take(self, inputs: Tensor, targets: Tensor) -> None:
        """Make this the batch: inputs ``(2, rows)`` and targets ``(1, rows)``."""
        self.inputs, self.targets = inputs, targets
        self._inputs_t = inputs.T

    def forward(self, i: int) -> None:
        """Send the batch through layer i."""
        layer, z = self.layers[i], self.pre[i]
        torch.addmm(layer.bias, layer.weight, self.post[i - 1] if i else self.inputs, out=z)
        if i < self.last:
            mask = self.masks[i]
            if self.activation != "none":
                activate(self.activation, z, self.post[i])
                if mask is not None:
                    self.post[i].mul_(mask)
            elif mask is not None:
                if self.post[i] is z:  # shared as long as nothing comes between the two
                    self.post[i] = torch.empty_like(z)
                    self._post_t[i] = self.post[i].T
                torch.mul(z, mask, out=self.post[i])

    def run(self) -> Tensor:
        """Go forward through all layers and measure the loss."""
        for i in range(len(self.layers)):
            self.forward(i)
        return self.loss()

    def loss(self) -> Tensor:
        """The loss of the batch, a tensor of one number: the mean over its rows (PyTorch's ``reduction="mean"``)."""
        answers = self._post_t[-1] if self.flat_target else self.post[-1]
        torch.sub(answers, self.targets, out=self.difference)
        return mean_loss(self.loss_name, self.difference)

    def backward(self, i: int, *, add: bool) -> None:
        """Send the error back through layer i: its delta, then its gradients, written or added in place."""
        layer, delta = self.layers[i], self.delta[i]
        if i < self.last:
            torch.mm(self.layers[i + 1].weight_t, self.delta[i + 1], out=delta)
            mask = self.masks[i]
            if mask is not None:
                delta.mul_(mask)
            if self.activation != "none":
                delta.mul_(activation_slope(self.activation, self.pre[i]))
        elif self.flat_target:
            delta.copy_(loss_slope(self.loss_name, self.difference, torch.empty_like(self.difference)).sum(dim=1))
        else:
            loss_slope(self.loss_name, self.difference, delta)
        entering_t = self._post_t[i - 1] if i else self._inputs_t
        if add:
            layer.weight_grad.addmm_(delta, entering_t)
            layer.bias_grad.addmv_(delta, self._ones)
        else:
            torch.mm(delta, entering_t, out=layer.weight_grad)
            torch.mv(delta, self._ones, out=layer.bias_grad)


def activate(name: str, z: Tensor, out: Tensor) -> None:
    """Write the activation of ``z`` into ``out``: formulas of ``torch.nn``'s documentation."""
    if name == "relu":
        torch.clamp(z, min=0, out=out)
    elif name == "leaky_relu":
        torch.where(z > 0, z, z * LEAKY_SLOPE, out=out)
    elif name == "tanh":
        torch.tanh(z, out=out)
    elif name == "sigmoid":
        torch.sigmoid(z, out=out)
    elif name == "gelu":
        torch.mul(z, _normal_cdf(z), out=out)
    else:
        out.copy_(z)


def activation_slope(name: str, z: Tensor) -> Tensor:
    """The derivative of the activation at ``z``, of the same shape."""
    if name == "relu":
        return (z > 0).to(z.dtype)
    if name == "leaky_relu":
        return torch.where(z > 0, 1.0, LEAKY_SLOPE).to(z.dtype)
    if name == "tanh":
        return 1 - torch.tanh(z) ** 2
    if name == "sigmoid":
        s = torch.sigmoid(z)
        return s * (1 - s)
    if name == "gelu":
        return _normal_cdf(z) + z * torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return torch.ones_like(z)


def _normal_cdf(z: Tensor) -> Tensor:
    return 0.5 * (1 + torch.erf(z / math.sqrt(2)))


def mean_loss(name: str, difference: Tensor) -> Tensor:
    """The mean loss of these differences: ``nn.MSELoss``, ``nn.L1Loss`` or ``nn.HuberLoss`` with delta 1."""
    if name == "mse":
        flat = difference.view(-1)
        return torch.dot(flat, flat) / len(flat)
    size = difference.abs()
    if name == "mae":
        return size.mean()
    return torch.where(size < 1, 0.5 * difference * difference, size - 0.5).mean()


def loss_slope(name: str, difference: Tensor, out: Tensor) -> Tensor:
    """Write the derivative of :func:`mean_loss` by each difference into ``out``, of the same shape."""
    count = difference.numel()
    if name == "mse":
        return torch.mul(difference, 2 / count, out=out)
    if name == "mae":
        return torch.sign(difference, out=out).div_(count)
    return torch.clamp(difference, -1, 1, out=out).div_(count)
