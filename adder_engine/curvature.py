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
MOST_PRODUCTS = 200
"""Hessian-vector products after which power iteration gives up."""
TOLERANCE = 1e-3
"""Power iteration ends where ``|Hv − λv|`` is this share of ``λ``: an eigenvalue lies no further from λ than that."""
QUICK_CELLS = 100_000
"""Rows times neurons that are looked at where the answer is wanted at once."""
MOST_WORK = 6e9
"""Products of a row with a parameter that one finding may take: some seconds."""


@dataclass(frozen=True)
class Steepest:
    """The direction along which the loss curves most, as power iteration found it."""

    curvature: float
    direction: Tensor
    """``(P,)``, of length 1."""
    products: int
    converged: bool


def largest_curvature(trainer: Trainer) -> float:
    """λmax, the largest eigenvalue of the loss's Hessian at the trainer's parameters, by power iteration, at once.

    Over the training rows (of many, an even share), without dropout and penalties, in scaled units; frozen parameters
    do not count. 0 where nothing curves upwards, NaN where it is not finite. The trainer is not changed.
    """
    rows = max(1, QUICK_CELLS // sum(trainer.experiment.network.layers))
    return max(0.0, at_once(steepest(LossSurface(trainer, rows))).curvature, key=lambda x: (math.isnan(x), x))


def steepest(surface: LossSurface) -> Sliced[Steepest]:
    """The largest eigenvalue of the Hessian and its direction, by power iteration.

    That finds the eigenvalue largest by size. Where it is negative, a second round on ``H − λI``, whose eigenvalues
    are all above 0, finds the largest one.
    """
    first = yield from _power_iteration(surface, 0.0, MOST_PRODUCTS)
    if not first.curvature < 0:
        return first
    left = max(1, MOST_PRODUCTS - first.products)
    second = yield from _power_iteration(surface, first.curvature, left)
    return Steepest(second.curvature, second.direction, first.products + second.products, second.converged)


def _power_iteration(surface: LossSurface, shift: float, most: int) -> Sliced[Steepest]:
    """The eigenvalue λ of the Hessian for which λ − shift is largest by size."""
    start = torch.randn(len(surface.here), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    start *= surface.free
    direction = start / start.norm()
    curvature, converged, products = 0.0, False, 0
    while products < most and not converged:
        product = yield from surface.curved(surface.here, direction)
        products += 1
        curvature = float(direction @ product)
        if not math.isfinite(curvature):
            break
        shifted = product - shift * direction
        size = float(shifted.norm())
        if size == 0:  # straight in every direction
            return Steepest(curvature, direction, products, True)
        off = float((product - curvature * direction).norm())
        converged = off <= TOLERANCE * abs(curvature - shift)
        if not converged:
            direction = shifted / size
    return Steepest(curvature, direction, products, converged)


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


def checked_surface(trainer: Trainer, passes: int) -> LossSurface:
    """A surface that so many passes over can be afforded.

    Raises:
        RequestError: every parameter is frozen.
    """
    surface = LossSurface(trainer, max(200, int(MOST_WORK / passes / (trainer.layout.size + 8 * _neurons(trainer)))))
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


def stability(trainer: Trainer) -> Sliced[Stability]:
    """The loss's curvature here, and the learning rate beside the limit that it sets.

    Raises:
        RequestError: the loss, its gradient or its curvature is not finite, or every parameter is frozen.
    """
    training, lr = trainer.experiment.training, trainer.lr
    surface = checked_surface(trainer, SMALL)
    small = int(surface.free.sum()) <= SMALL
    loss, gradient = yield from checked_gradient(surface)
    square = float(gradient @ gradient)
    along = None
    if square > 0:
        product = yield from surface.curved(surface.here, gradient / math.sqrt(square))
        along = float(gradient @ product) / math.sqrt(square)

    eigenvalues, converged = None, True
    if small:
        whole = yield from hessian(surface)
        if bool(torch.isfinite(whole).all()):
            eigenvalues = torch.linalg.eigvalsh(whole).flip(0)
        curvature = math.nan if eigenvalues is None else float(eigenvalues[0])
        products = len(whole)
    else:
        found = yield from steepest(surface)
        curvature, products, converged = found.curvature, found.products, found.converged
    if not math.isfinite(curvature):
        raise RequestError("The loss's curvature is not a finite number here: go back to where the numbers are small.")

    flat = negative = condition = None
    if eigenvalues is not None:
        rounding = len(eigenvalues) * 2**-50 * float(eigenvalues.abs().max())
        flat = int((eigenvalues.abs() <= rounding).sum())
        negative = int((eigenvalues < -rounding).sum())
        condition = float(eigenvalues[0] / eigenvalues[-1]) if not flat and not negative else None
    return Stability(
        method="Hessian" if small else "power iteration",
        curvature=curvature,
        limit=2 / curvature if curvature > 0 else math.inf,
        optimizer_limit=limit_for(training, curvature),
        lr=lr,
        loss=loss,
        gradient_norm=math.sqrt(square),
        gradient_curvature=along,
        eigenvalues=None if eigenvalues is None else eigenvalues.numpy(),
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
