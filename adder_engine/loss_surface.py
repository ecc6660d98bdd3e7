"""The loss over the space of parameters: its value, its gradient and its curvature anywhere, in float64."""

from __future__ import annotations

import torch
from torch import Tensor

from adder_engine.backprop import activate, activation_curve, activation_slope, loss_curve, loss_slope, mean_loss
from adder_engine.experiment import MOST_FLAT_ROWS
from adder_engine.network import Linear, linear_views
from adder_engine.slices import Sliced
from adder_engine.trainer import Trainer

CELLS_AT_ONCE = 100_000
"""Rows times neurons between two looks at other requests: some milliseconds."""


class LossSurface:
    """The loss of an experiment's network as a function of its parameters ``(P,)``.

    The criterion over the training rows, without dropout and penalties, in scaled units; silenced neurons stay
    silent, and along frozen parameters nothing moves. Everything is copied: the run may go on meanwhile.

    Args:
        trainer: whose network, rows and parameters are meant.
        most_rows: of more rows, every k-th stands for all.
    """

    def __init__(self, trainer: Trainer, most_rows: int | None = None) -> None:
        experiment = trainer.experiment
        self.layout = trainer.layout
        self.activation = experiment.network.activation
        self.loss_name = experiment.training.loss
        self.flat_target = experiment.training.flat_target
        self.here = trainer.state[0].double()
        """The parameters as they are now."""
        self.free = torch.ones_like(self.here)
        """``(P,)``: 0 for frozen parameters, 1 for the others."""
        self.free[sorted(trainer.handles.frozen)] = 0
        self._masks = [None if mask is None else mask.double() for mask in trainer.silence()]
        rows = trainer.inputs.shape[1]
        most = min(most_rows or rows, MOST_FLAT_ROWS if self.flat_target else rows)
        stride = -(-rows // max(1, most))
        inputs, targets = trainer.inputs[:, ::stride], trainer.targets[:, ::stride]
        self.rows = inputs.shape[1]
        """Training rows that are measured on."""
        size = self.rows if self.flat_target else max(1, CELLS_AT_ONCE // sum(experiment.network.layers))
        self._blocks = [
            (x.double().contiguous(), y.double().contiguous())
            for x, y in zip(torch.split(inputs, size, dim=1), torch.split(targets, size, dim=1), strict=True)
        ]

    def loss(self, parameters: Tensor) -> Sliced[float]:
        """The loss at these parameters."""
        layers, _ = self._layers(parameters)
        total = 0.0
        for inputs, targets in self._blocks:
            answers = self._forward(layers, inputs)[1][-1]
            total += float(mean_loss(self.loss_name, self._differences(answers, targets))) * len(targets.T)
            yield
        return total / self.rows

    def gradient(self, parameters: Tensor) -> Sliced[tuple[float, Tensor]]:
        """The loss and its gradient ``(P,)`` at these parameters, by backpropagation."""
        layers, written = self._layers(parameters)
        gradient, total = torch.zeros_like(parameters), 0.0
        for inputs, targets in self._blocks:
            pre, post = self._forward(layers, inputs)
            differences = self._differences(post[-1], targets)
            total += float(mean_loss(self.loss_name, differences)) * len(targets.T)
            delta = self._loss_slopes(differences)
            for i in reversed(range(len(layers))):
                if i < len(layers) - 1:
                    delta = (layers[i + 1].weight_t @ delta) * self._slope(i, pre[i])
                layers[i].weight_grad.copy_(delta @ (post[i - 1] if i else inputs).T)
                layers[i].bias_grad.copy_(delta.sum(dim=1))
            gradient += written
            yield
        return total / self.rows, gradient * self.free

    def curved(self, parameters: Tensor, direction: Tensor) -> Sliced[Tensor]:
        """The Hessian at these parameters times a direction, both ``(P,)``: how the gradient changes along it.

        Exact: forward and backward pass are differentiated along the direction, by hand (Pearlmutter, "Fast Exact
        Multiplication by the Hessian", 1994). An activation's kink counts as straight, as the gradient itself does.
        """
        layers, written = self._layers(parameters)
        turns, _ = self._layers(direction * self.free)
        product = torch.zeros_like(parameters)
        for inputs, targets in self._blocks:
            pre, post = self._forward(layers, inputs)
            pre_turns, post_turns = self._forward_turns(layers, turns, inputs, pre, post)
            differences = self._differences(post[-1], targets)
            delta = self._loss_slopes(differences)
            delta_turns = self._loss_curves(differences) * pre_turns[-1]
            for i in reversed(range(len(layers))):
                if i < len(layers) - 1:
                    back = layers[i + 1].weight_t @ delta
                    back_turns = turns[i + 1].weight_t @ delta + layers[i + 1].weight_t @ delta_turns
                    slope = self._slope(i, pre[i])
                    delta = back * slope
                    delta_turns = back_turns * slope + back * self._curve(i, pre[i]) * pre_turns[i]
                entering = post[i - 1] if i else inputs
                turned = delta_turns @ entering.T
                if i:
                    turned += delta @ post_turns[i - 1].T
                layers[i].weight_grad.copy_(turned)
                layers[i].bias_grad.copy_(delta_turns.sum(dim=1))
            product += written
            yield
        return product * self.free

    # --- the passes ------------------------------------------------------------------------------

    def _layers(self, parameters: Tensor) -> tuple[tuple[Linear, ...], Tensor]:
        """The layers of these parameters, and the flat vector that their gradients are written to."""
        written = torch.zeros_like(parameters)
        return linear_views(self.layout, parameters, written), written

    def _forward(self, layers: tuple[Linear, ...], inputs: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        pre, post = [], []
        entering = inputs
        for i, layer in enumerate(layers):
            z = torch.addmm(layer.bias, layer.weight, entering)
            pre.append(z)
            if i < len(layers) - 1:
                if self.activation != "none":
                    z = torch.empty_like(z)
                    activate(self.activation, pre[i], z)
                z = self._silenced(i, z)
            post.append(z)
            entering = z
        return pre, post

    def _forward_turns(
        self, layers: tuple[Linear, ...], turns: tuple[Linear, ...], inputs: Tensor, pre: list[Tensor],
        post: list[Tensor],
    ) -> tuple[list[Tensor], list[Tensor]]:  # fmt: skip
        """How fast what ``_forward`` gives changes along a direction."""
        pre_turns: list[Tensor] = []
        post_turns: list[Tensor] = []
        for i, (layer, turn) in enumerate(zip(layers, turns, strict=True)):
            z = torch.addmm(turn.bias, turn.weight, post[i - 1] if i else inputs)
            if i:
                z = torch.addmm(z, layer.weight, post_turns[i - 1])
            pre_turns.append(z)
            post_turns.append(z * self._slope(i, pre[i]) if i < len(layers) - 1 else z)
        return pre_turns, post_turns

    def _silenced(self, i: int, values: Tensor) -> Tensor:
        mask = self._masks[i]
        return values if mask is None else values * mask

    def _slope(self, i: int, z: Tensor) -> Tensor:
        return self._silenced(i, activation_slope(self.activation, z))

    def _curve(self, i: int, z: Tensor) -> Tensor:
        return self._silenced(i, activation_curve(self.activation, z))

    def _differences(self, answers: Tensor, targets: Tensor) -> Tensor:
        """Answer minus target: ``(1, rows)``, or every answer minus every target, a row for each answer."""
        return answers.T - targets if self.flat_target else answers - targets

    def _loss_slopes(self, differences: Tensor) -> Tensor:
        """How fast the loss rises with each answer, ``(1, rows)``."""
        return self._by_answer(loss_slope(self.loss_name, differences, torch.empty_like(differences), self._count))

    def _loss_curves(self, differences: Tensor) -> Tensor:
        """How fast that slope rises with the same answer, ``(1, rows)``."""
        return self._by_answer(loss_curve(self.loss_name, differences, self._count))

    def _by_answer(self, slopes: Tensor) -> Tensor:
        return slopes.sum(dim=1).unsqueeze(0) if self.flat_target else slopes

    @property
    def _count(self) -> int:
        return self.rows**2 if self.flat_target else self.rows
