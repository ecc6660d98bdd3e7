"""The loss anywhere in the space of parameters, how steeply it curves, and how large a rate that allows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from adder_engine.analysis.results import CurvatureReport
from adder_engine.errors import RequestError
from adder_engine.experiment import MOST_FLAT_ROWS, Training
from adder_engine.kernels.backprop import (
    activate,
    activation_curve,
    activation_slope,
    loss_curve,
    loss_slope,
    mean_loss,
)
from adder_engine.kernels.network import Linear, linear_views
from adder_engine.steps import Steps, at_once
from adder_engine.training.trainer import Trainer

CELLS_AT_ONCE = 100_000
"""Rows times neurons between two looks at other requests: some milliseconds."""
SMALL = 200
"""Parameters up to which the whole Hessian is worked out."""
MOST_PRODUCTS = 260
"""Hessian-vector products after which power iteration gives up; after a quarter of them it tries another way."""
TOLERANCE = 1e-3
"""Power iteration ends where ``|Hv − λv|`` is this share of ``λ``: an eigenvalue lies no further from λ than that.
λ itself is mostly much nearer, by about the square of that."""
QUICK_CELLS, QUICK_PRODUCTS, QUICK_TOLERANCE = 100_000, 60, 0.03
"""Rows times neurons that are looked at, products and tolerance where the answer is wanted at once."""
MOST_WORK, ROUGH_WORK = 6e9, 6e8
"""Products of a row with a parameter that one finding may take: some seconds, or a tenth of that beside a run."""


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

    def loss(self, parameters: Tensor) -> Steps[float]:
        """The loss at these parameters."""
        layers, _ = self._layers(parameters)
        total = 0.0
        for inputs, targets in self._blocks:
            answers = self._forward(layers, inputs)[1][-1]
            total += float(mean_loss(self.loss_name, self._differences(answers, targets))) * len(targets.T)
            yield
        return total / self.rows

    def gradient(self, parameters: Tensor) -> Steps[tuple[float, Tensor]]:
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

    def curved(self, parameters: Tensor, direction: Tensor) -> Steps[Tensor]:
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


@dataclass(frozen=True)
class Steepest:
    """The direction along which the loss curves most, as power iteration found it."""

    curvature: float
    direction: Tensor
    """``(P,)``, of length 1."""
    products: int
    converged: bool


def largest_curvature(trainer: Trainer) -> float:
    """λmax, the largest eigenvalue of the loss's Hessian at the trainer's parameters, at once.

    Over the training rows (of many, an even share), without dropout and penalties, in scaled units; frozen parameters
    do not count. 0 where nothing curves upwards, NaN where it is not finite. The trainer is not changed.
    """
    return at_once(curvature_in_slices(trainer))


def curvature_in_slices(trainer: Trainer, before: bool = False) -> Steps[float]:
    """:func:`largest_curvature`, in slices; ``before``: at the parameters before the last step."""
    rows = max(1, QUICK_CELLS // sum(trainer.experiment.network.layers))
    surface = LossSurface(trainer, rows)
    if before:
        surface.here = trainer.previous[0].double()
    if not surface.free.any():
        return 0.0
    if int(surface.free.sum()) <= QUICK_PRODUCTS:
        values = yield from eigenvalues(surface)
        curvature = float(values[0])
    else:
        found = yield from steepest(surface, QUICK_PRODUCTS, QUICK_TOLERANCE)
        curvature = found.curvature
    return curvature if math.isnan(curvature) else max(0.0, curvature)


def steepest(surface: LossSurface, most_products: int = MOST_PRODUCTS, tolerance: float = TOLERANCE) -> Steps[Steepest]:
    """The largest eigenvalue of the Hessian and its direction, by power iteration.

    That finds the eigenvalue largest by size, and none where two of opposite sign are. Where it ends at a downward
    curve, or nowhere, it is done once more on ``H + ‖Hv‖·I``, whose largest eigenvalue by size is the most upward one.
    """
    start = torch.randn(len(surface.here), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    start *= surface.free / (start * surface.free).norm()
    first, size = yield from _power_iteration(surface, start, 0.0, most_products // 4, tolerance)
    if (first.converged and first.curvature >= 0) or not math.isfinite(size):
        return first
    start = first.direction + 0.1 * start
    left = most_products - first.products
    second, _ = yield from _power_iteration(surface, start / start.norm(), size, left, tolerance)
    return Steepest(second.curvature, second.direction, first.products + second.products, second.converged)


def _power_iteration(
    surface: LossSurface, direction: Tensor, shift: float, most: int, tolerance: float
) -> Steps[tuple[Steepest, float]]:
    """The eigenvalue λ of the Hessian for which λ + shift is largest by size, and the length of ``Hv`` at the end."""
    for products in range(1, most + 1):
        product = yield from surface.curved(surface.here, direction)
        size, curvature = float(product.norm()), float(direction @ product)
        off = float((product - curvature * direction).norm())
        converged = off <= tolerance * abs(curvature + shift)
        if converged or not math.isfinite(size):
            break
        if products < most:
            turned = product + shift * direction
            direction = turned / turned.norm()
    return Steepest(curvature, direction, products, converged), size


def hessian(surface: LossSurface) -> Steps[Tensor]:
    """The Hessian over the free parameters, ``(free, free)``, a row for each product with a unit direction."""
    free = surface.free.nonzero().flatten()
    rows = []
    for i in free.tolist():
        unit = torch.zeros_like(surface.here)
        unit[i] = 1
        product = yield from surface.curved(surface.here, unit)
        rows.append(product[free])
    whole = torch.stack(rows)
    return (whole + whole.T) / 2


def eigenvalues(surface: LossSurface) -> Steps[Tensor]:
    """The Hessian's eigenvalues over the free parameters, ``(free,)``, the largest first; NaN where not finite."""
    whole = yield from hessian(surface)
    if not bool(torch.isfinite(whole).all()):
        return torch.full((len(whole),), math.nan, dtype=torch.float64)
    found: Tensor = torch.linalg.eigvalsh(whole).flip(0)
    return found


def checked_surface(trainer: Trainer, passes: int, rough: bool = False) -> LossSurface:
    """A surface that so many passes over can be afforded; on fewer rows where ``rough`` will do.

    Raises:
        RequestError: every parameter is frozen.
    """
    work, least = (ROUGH_WORK, 50) if rough else (MOST_WORK, 200)
    surface = LossSurface(trainer, max(least, int(work / passes / (trainer.layout.size + 8 * _neurons(trainer)))))
    if not surface.free.any():
        raise RequestError("Every parameter is frozen: nothing can move, so the loss has no directions to look along.")
    return surface


def _neurons(trainer: Trainer) -> int:
    return sum(trainer.experiment.network.layers)


def checked_gradient(surface: LossSurface) -> Steps[tuple[float, Tensor]]:
    """The loss and its gradient here.

    Raises:
        RequestError: one of them is not finite.
    """
    loss, gradient = yield from surface.gradient(surface.here)
    if not math.isfinite(loss) or not bool(torch.isfinite(gradient @ gradient)):
        raise RequestError("The loss or its slope is not a finite number here: go back to where the numbers are small.")
    return loss, gradient


def limit_before(trainer: Trainer) -> Steps[float | None]:
    """The rate's limit at the parameters before the last step; None where they are not known, or set no limit."""
    training = trainer.experiment.training
    if not trainer.stepped or trainer.rung or limit_for(training, 1.0) is None:
        return None
    curvature = yield from curvature_in_slices(trainer, before=True)
    return limit_for(training, curvature) if math.isfinite(curvature) and curvature > 0 else None


def stability(trainer: Trainer, rough: bool = False) -> Steps[CurvatureReport]:
    """The loss's curvature here, and the learning rate beside the limit that it sets; ``rough`` on fewer rows.

    Raises:
        RequestError: the loss, its gradient or its curvature is not finite, or every parameter is frozen.
    """
    training, lr = trainer.experiment.training, trainer.lr
    surface = checked_surface(trainer, SMALL, rough)
    small = int(surface.free.sum()) <= SMALL
    loss, _ = yield from checked_gradient(surface)

    values, converged = None, True
    if small:
        values = yield from eigenvalues(surface)
        curvature, products = float(values[0]), len(values)
    else:
        found = yield from steepest(surface)
        curvature, products, converged = found.curvature, found.products, found.converged
    if not math.isfinite(curvature):
        raise RequestError("The loss's curvature is not a finite number here: go back to where the numbers are small.")

    flat = negative = condition = None
    if values is not None:
        rounding = len(values) * 2**-50 * float(values.abs().max())
        flat = int((values.abs() <= rounding).sum())
        negative = int((values < -rounding).sum())
        condition = float(values[0] / values[-1]) if not flat and not negative else None
    return CurvatureReport(
        method="Hessian" if small else "power iteration",
        curvature=curvature,
        limit=2 / curvature if curvature > 0 else math.inf,
        optimizer_limit=limit_for(training, curvature),
        lr=lr,
        loss=loss,
        eigenvalues=None if values is None else values.numpy(),
        flat=flat,
        negative=negative,
        condition=condition,
        iterations=products,
        converged=converged,
        rows_used=surface.rows,
        limit_before=(yield from limit_before(trainer)),
    )


def limit_for(training: Training, curvature: float) -> float | None:
    """The rate above which the optimizer's steps on a parabola of this curvature grow; None where it has no one rate.

    Both steps are linear recurrences of second order; they shrink while their characteristic roots lie within 1.
    """
    m, steepness = training.momentum, curvature + training.weight_decay
    factor = {"sgd": 1.0, "momentum": 1 + m, "nesterov": (1 + m) / (1 + 2 * m)}.get(training.optimizer)
    if factor is None:
        return None
    return 2 * factor / steepness if steepness > 0 else math.inf
