"""The loss anywhere in the space of parameters, how steeply it curves, and how large a rate that allows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adder_engine.analysis.results import CurvatureReport
from adder_engine.errors import RequestError
from adder_engine.experiment import MOST_FLAT_ROWS
from adder_engine.kernels.backprop import IN_ORDER, NOTHING, scratch_for, work
from adder_engine.kernels.losses import CODES
from adder_engine.sections import Training
from adder_engine.steps import Steps, at_once
from adder_engine.training.trainer import Trainer

Doubles = NDArray[np.float64]
TINY = 1e-200
"""How long an imaginary direction is: its square is 0."""
CELLS_AT_ONCE = 100_000
"""Rows times neurons between two looks at other requests: some milliseconds."""
SMALL = 200
"""Parameters up to which the whole Hessian is worked out."""
MOST_PRODUCTS = 260
"""Hessian-vector products after which power iteration gives up; after a quarter of them it tries another way."""
TOLERANCE = 1e-3
"""Power iteration ends where ``|Hv − λv|`` is this share of ``λ``: an eigenvalue lies no further from λ than that.
λ itself is mostly much nearer, by about the square of that."""
QUICK_CELLS, QUICK_PRODUCTS, QUICK_TOLERANCE = 250_000, 60, 0.03
"""Rows times neurons that are looked at, products and tolerance where the answer is wanted at once."""
MOST_WORK, ROUGH_WORK = 6e9, 6e8
"""Products of a row with a parameter that one finding may take: some seconds, or a tenth of that beside a run."""


class LossSurface:
    """The loss of an experiment's network as a function of its parameters ``(P,)``, in float64.

    The criterion over the training rows, without dropout and penalties, in scaled units; muted neurons stay
    silent, and along frozen parameters nothing moves. Everything is copied: the run may go on meanwhile.

    Args:
        trainer: whose network, rows and parameters are meant.
        most_rows: of more rows, every k-th stands for all.
    """

    def __init__(self, trainer: Trainer, most_rows: int | None = None) -> None:
        training = trainer.experiment.training
        self._net = trainer.net
        self._loss, self._flat = CODES[training.loss], training.flat_target
        self.here = trainer.state[0].astype(np.float64)
        """The parameters as they are now."""
        self.free = 1.0 - trainer.frozen
        """``(P,)``: 0 for frozen parameters, 1 for the others."""
        rows = trainer.inputs.shape[1]
        most = min(most_rows or rows, MOST_FLAT_ROWS if self._flat else rows)
        stride = -(-rows // max(1, most))
        self._inputs = trainer.inputs[:, ::stride].astype(np.float64, order="C")
        self._targets = trainer.targets[::stride].astype(np.float64)
        self.rows = len(self._targets)
        """Training rows that are measured on."""
        self._size = self.rows if self._flat else max(1, CELLS_AT_ONCE // sum(trainer.experiment.network.layers))

    def losses(self, places: Iterable[Doubles]) -> Steps[Doubles]:
        """The losses at several parameters."""
        found = []
        for parameters in places:
            loss, _ = yield from self._swept(parameters, back=False)
            found.append(loss)
        return np.array(found)

    def gradient(self, parameters: Doubles) -> Steps[tuple[float, Doubles]]:
        """The loss and its gradient ``(P,)`` at these parameters, by backpropagation."""
        loss, gradient = yield from self._swept(parameters)
        return loss, gradient * self.free

    def curved(self, direction: Doubles) -> Steps[Doubles]:
        """The Hessian here times a direction, ``(P,)``: how the gradient changes along it.

        Exact, see :func:`~adder_engine.kernels.backprop.work`. An activation's kink counts as straight, as the
        gradient itself does.
        """
        _, gradient = yield from self._swept(self.here + TINY * 1j * direction * self.free)
        return np.asarray(gradient.imag / TINY * self.free)

    def _swept(self, parameters: NDArray[Any], back: bool = True) -> Steps[tuple[float, NDArray[Any]]]:
        """The loss and its gradient, in the parameters' type, from blocks of rows."""
        kind, last = parameters.dtype, (2 if back else 1) * len(self._net.codes) + 1
        inputs, targets = self._inputs.astype(kind, copy=False), self._targets.astype(kind, copy=False)
        scratch = scratch_for(self._net, min(self._size, self.rows), self._flat, kind)
        total, gradient = 0.0, np.zeros_like(parameters)
        for begin in range(0, self.rows, self._size):
            n, part = min(self._size, self.rows - begin), np.zeros_like(parameters)
            loss = work(self._net, parameters, part, NOTHING, scratch, inputs, targets, IN_ORDER, begin, n, self._loss,
                        self._flat, 1, last)  # fmt: skip
            total += loss * n / self.rows
            gradient += part * (n / self.rows)
            yield
        return total, gradient


@dataclass(frozen=True)
class Steepest:
    """The direction along which the loss curves most, as power iteration found it."""

    curvature: float
    direction: Doubles
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
        surface.here = trainer.previous[0].astype(np.float64)
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
    start = np.random.default_rng(0).standard_normal(len(surface.here)) * surface.free
    start /= np.linalg.norm(start)
    first, size = yield from _power_iteration(surface, start, 0.0, most_products // 4, tolerance)
    if (first.converged and first.curvature >= 0) or not math.isfinite(size):
        return first
    start = first.direction + 0.1 * start
    left = most_products - first.products
    second, _ = yield from _power_iteration(surface, start / np.linalg.norm(start), size, left, tolerance)
    return Steepest(second.curvature, second.direction, first.products + second.products, second.converged)


def _power_iteration(
    surface: LossSurface, direction: Doubles, shift: float, most: int, tolerance: float
) -> Steps[tuple[Steepest, float]]:
    """The eigenvalue λ of the Hessian for which λ + shift is largest by size, and the length of ``Hv`` at the end."""
    for products in range(1, most + 1):
        product = yield from surface.curved(direction)
        size, curvature = float(np.linalg.norm(product)), float(direction @ product)
        off = float(np.linalg.norm(product - curvature * direction))
        converged = off <= tolerance * abs(curvature + shift)
        if converged or not math.isfinite(size):
            break
        if products < most:
            turned = product + shift * direction
            direction = turned / np.linalg.norm(turned)
    return Steepest(curvature, direction, products, converged), size


def hessian(surface: LossSurface) -> Steps[Doubles]:
    """The Hessian over the free parameters, ``(free, free)``, a row for each product with a unit direction."""
    free = np.flatnonzero(surface.free)
    rows = []
    for i in free.tolist():
        unit = np.zeros_like(surface.here)
        unit[i] = 1
        product = yield from surface.curved(unit)
        rows.append(product[free])
    whole = np.stack(rows)
    return (whole + whole.T) / 2


def eigenvalues(surface: LossSurface) -> Steps[Doubles]:
    """The Hessian's eigenvalues over the free parameters, ``(free,)``, the largest first; NaN where not finite."""
    whole = yield from hessian(surface)
    if not np.isfinite(whole).all():
        return np.full(len(whole), math.nan)
    return np.asarray(np.linalg.eigvalsh(whole)[::-1].copy(), dtype=np.float64)


def checked_surface(trainer: Trainer, passes: int, rough: bool = False, still: bool = False) -> LossSurface:
    """A surface that so many passes over can be afforded; on fewer rows where ``rough`` will do.

    Args:
        still: it will do where nothing is free to move.

    Raises:
        RequestError: every parameter is frozen.
    """
    work, least = (ROUGH_WORK, 50) if rough else (MOST_WORK, 200)
    products_a_row = trainer.layout.size + 8 * sum(trainer.experiment.network.layers)
    surface = LossSurface(trainer, max(least, int(work / passes / products_a_row)))
    if not still and not surface.free.any():
        raise RequestError("Every parameter is frozen: nothing can move, so the loss has no directions to look along.")
    return surface


def checked_gradient(surface: LossSurface) -> Steps[tuple[float, Doubles]]:
    """The loss and its gradient here. Raises RequestError: one of them is not finite."""
    loss, gradient = yield from surface.gradient(surface.here)
    if not math.isfinite(loss) or not math.isfinite(gradient @ gradient):
        raise RequestError("The loss or its slope is not a finite number here: go back to where the numbers are small.")
    return loss, gradient


def limit_in_slices(trainer: Trainer, before: bool = False) -> Steps[float | None]:
    """The rate above which the optimizer's steps grow here, or ``before`` the last step; None where there is no one
    limit, nothing curves upwards, or the parameters are not known.
    """
    training = trainer.experiment.training
    if limit_for(training, 1.0) is None or (before and (not trainer.stepped or trainer.stage)):
        return None
    curvature = yield from curvature_in_slices(trainer, before)
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
        rounding = len(values) * 2**-50 * float(np.abs(values).max())
        flat = int((np.abs(values) <= rounding).sum())
        negative = int((values < -rounding).sum())
        condition = float(values[0] / values[-1]) if not flat and not negative else None
    return CurvatureReport(
        method="Hessian" if small else "power iteration",
        curvature=curvature,
        limit=2 / curvature if curvature > 0 else math.inf,
        optimizer_limit=limit_for(training, curvature),
        lr=lr,
        loss=loss,
        eigenvalues=values,
        flat=flat,
        negative=negative,
        condition=condition,
        iterations=products,
        converged=converged,
        rows_used=surface.rows,
        limit_before=(yield from limit_in_slices(trainer, before=True)),
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
