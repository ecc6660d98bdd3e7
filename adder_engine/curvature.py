"""How steeply the loss curves at the current parameters, and how large a learning rate that allows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from adder_engine.errors import RequestError
from adder_engine.experiment import Training
from adder_engine.findings import Stability
from adder_engine.loss_surface import LossSurface
from adder_engine.slices import Sliced, at_once
from adder_engine.trainer import Trainer

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


def curvature_in_slices(trainer: Trainer) -> Sliced[float]:
    """:func:`largest_curvature`, in slices."""
    rows = max(1, QUICK_CELLS // sum(trainer.experiment.network.layers))
    surface = LossSurface(trainer, rows)
    if not surface.free.any():
        return 0.0
    if int(surface.free.sum()) <= QUICK_PRODUCTS:
        values = yield from eigenvalues(surface)
        curvature = float(values[0])
    else:
        found = yield from steepest(surface, QUICK_PRODUCTS, QUICK_TOLERANCE)
        curvature = found.curvature
    return curvature if math.isnan(curvature) else max(0.0, curvature)


def steepest(
    surface: LossSurface, most_products: int = MOST_PRODUCTS, tolerance: float = TOLERANCE
) -> Sliced[Steepest]:
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
) -> Sliced[tuple[Steepest, float]]:
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


def hessian(surface: LossSurface) -> Sliced[Tensor]:
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


def eigenvalues(surface: LossSurface) -> Sliced[Tensor]:
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


def checked_gradient(surface: LossSurface) -> Sliced[tuple[float, Tensor]]:
    """The loss and its gradient here.

    Raises:
        RequestError: one of them is not finite.
    """
    loss, gradient = yield from surface.gradient(surface.here)
    if not math.isfinite(loss) or not bool(torch.isfinite(gradient @ gradient)):
        raise RequestError("The loss or its slope is not a finite number here: go back to where the numbers are small.")
    return loss, gradient


def stability(trainer: Trainer, rough: bool = False) -> Sliced[Stability]:
    """The loss's curvature here, and the learning rate beside the limit that it sets; ``rough`` on fewer rows.

    Raises:
        RequestError: the loss, its gradient or its curvature is not finite, or every parameter is frozen.
    """
    training, lr = trainer.experiment.training, trainer.lr
    surface = checked_surface(trainer, SMALL, rough)
    small = int(surface.free.sum()) <= SMALL
    loss, gradient = yield from checked_gradient(surface)
    square = float(gradient @ gradient)
    along = None
    if square > 0:
        product = yield from surface.curved(surface.here, gradient / math.sqrt(square))
        along = float(gradient @ product) / math.sqrt(square)

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
    return Stability(
        method="Hessian" if small else "power iteration",
        curvature=curvature,
        limit=2 / curvature if curvature > 0 else math.inf,
        optimizer_limit=limit_for(training, curvature),
        lr=lr,
        loss=loss,
        gradient_norm=math.sqrt(square),
        gradient_curvature=along,
        eigenvalues=None if values is None else values.numpy(),
        flat=flat,
        negative=negative,
        condition=condition,
        iterations=products,
        converged=converged,
        rows_used=surface.rows,
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
