"""Cuts through the loss: along the gradient, along one parameter, and over a plane with the run's path on it; and a
gradient held against finite differences.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adder_engine.analysis.curvature import LossSurface, checked_gradient, checked_surface, steepest
from adder_engine.analysis.grids import collapsed_map
from adder_engine.analysis.results import AffineMapHistory, GradientLine, LossLandscape, ParameterLine
from adder_engine.errors import RequestError
from adder_engine.kernels.optim import CODES, clip_gradients, optimizer_step
from adder_engine.sections import Training
from adder_engine.snapshot import FiniteDifference, GradientCheck
from adder_engine.steps import Steps
from adder_engine.training.checkpoint import Checkpoint
from adder_engine.training.trainer import Trainer

MOST_PATH_POINTS = 300
"""Of a run's path: so many of its keyframes do."""
Doubles = NDArray[np.float64]
MOST_LINE_POINTS = 1_000
MOST_GRID = 20_000
NARROWEST = 0.25
"""A slice is at least so many times as high as it is wide."""
FARTHEST = 8.0
"""The curve shows where steps land up to so many times the distance of the parabola's bottom."""
BESIDE, BEYOND = 0.3, 1.9
"""A parameter's curve reaches so many times the bottom's distance to this side of it, and beyond."""
LEAST_REACH = 0.5
"""It reaches at least so far, and so many times the parameter."""
NUDGES = (10.0, 1.0, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)
"""How far a parameter is moved for a finite difference."""


@dataclass(frozen=True)
class RunPath:
    """Moments of a run from the first to the newest, the one that is looked at among them."""

    parameters: Doubles
    """``(k, P)``, float64."""
    muted: tuple[frozenset[tuple[int, int]], ...]
    """The muted neurons at each moment."""
    updates: Doubles
    epochs: Doubles
    """Epochs finished, with the part of one in progress; both ``(k,)``."""
    here: int


def run_path(trainer: Trainer, keyframes: Sequence[Checkpoint]) -> RunPath:
    """A run's path through these of its moments and the one where the trainer stands."""
    rows, now = trainer.experiment.row_count, trainer.counters
    kept = [k for k in keyframes if k.counters.updates_done != now.updates_done]
    here = sum(k.counters.updates_done < now.updates_done for k in kept)
    counters = [k.counters for k in kept]
    parameters = [k.state[0] for k in kept]
    muted = [k.constraints.muted for k in kept]
    counters.insert(here, now)
    parameters.insert(here, trainer.state[0])
    muted.insert(here, trainer.constraints.muted)
    return RunPath(
        np.stack(parameters).astype(np.float64),
        tuple(muted),
        np.array([c.updates_done for c in counters], dtype=np.float64),
        np.array([c.epochs_done + c.row / rows for c in counters]),
        here,
    )


def map_course(trainer: Trainer, keyframes: Sequence[Checkpoint]) -> Steps[AffineMapHistory | None]:
    """The collapsed map over the run's path; None for a network with an activation."""
    experiment = trainer.experiment
    if not experiment.is_affine:
        return None
    path = run_path(trainer, keyframes)
    yield
    maps = []
    for parameters, muted in zip(path.parameters.astype(np.float32), path.muted, strict=True):
        found = collapsed_map(experiment, trainer.dataset.scales, parameters, muted)
        assert found is not None
        maps.append((found.w_a, found.w_b, found.c))
    w_a, w_b, c = np.array(maps).T.copy()
    return AffineMapHistory(path.updates, path.epochs, w_a, w_b, c, path.here)


def along_gradient(trainer: Trainer, points: int, rough: bool = False) -> Steps[GradientLine]:
    """The loss along the current gradient's direction, ``L(θ − t·g)``; ``rough`` on fewer rows.

    Raises:
        RequestError: fewer than 3 or more than 1,000 points, no gradient to follow, or a loss that is not finite.
    """
    if not 3 <= points <= MOST_LINE_POINTS:
        raise RequestError("{points} points make no curve: use 3 to {most:,}.", points=points, most=MOST_LINE_POINTS)
    experiment, lr, optimizer_steps = trainer.experiment, trainer.lr, trainer.counters.optimizer_steps
    state = trainer.state.astype(np.float64)
    surface = checked_surface(trainer, points, rough)
    loss, gradient = yield from checked_gradient(surface)
    square = float(gradient @ gradient)
    if square == 0:
        raise RequestError("The gradient is 0 here: there is no direction to follow.")

    moved = _step(experiment.training, lr, optimizer_steps, state, gradient) * surface.free
    length = float(np.linalg.norm(moved))
    turned = yield from surface.curved(gradient)
    curved = float(gradient @ turned)
    bottom = square / curved if curved > 0 else None
    step_t = -float(moved @ gradient) / square

    reach = FARTHEST * bottom if bottom else math.inf
    shown = [1.25 * t for t in (lr, step_t) if 0 < t <= reach]
    highest = max([2.5 * bottom if bottom else 2.5 * lr, *shown])
    before = max(1, points // 6)
    t = (np.arange(points, dtype=np.float64) - before) * (highest / (points - 1 - before))
    losses = np.empty(points)
    for i in range(points):
        losses[i] = yield from surface.loss(surface.here - float(t[i]) * gradient)
    sgd_loss = yield from surface.loss(surface.here - lr * gradient)
    step_loss = yield from surface.loss(surface.here + moved)
    return GradientLine(
        t=t,
        losses=losses,
        loss=loss,
        lr=lr,
        sgd_loss=sgd_loss,
        optimizer=experiment.training.optimizer,
        step_t=step_t,
        step_loss=step_loss,
        step_length=length,
        step_cosine=step_t * math.sqrt(square) / length if length else 0.0,
        bottom=bottom,
        rows_used=surface.rows,
    )


def along_parameter(
    trainer: Trainer, index: int, points: int, around: tuple[float, float] | None = None, rough: bool = False
) -> Steps[ParameterLine]:
    """The loss and its slope against one parameter, about ``points`` values of it; ``rough`` on fewer rows.

    Args:
        index: the parameter's flat index.
        around: the values that are to be in sight, as where the parameter was moved over the same picture; None, or a
            range that it has left, for one that shows the bottom of the parabola too.

    Raises:
        RequestError: fewer than 20 or more than 1,000 points, no such parameter, or a loss that is not finite here.
    """
    if not 20 <= points <= MOST_LINE_POINTS:
        raise RequestError("{points} points make no curve: use 20 to {most:,}.", points=points, most=MOST_LINE_POINTS)
    trainer.layout.check(index)
    surface, frozen = checked_surface(trainer, 3 * points, rough, still=True), index in trainer.constraints.frozen
    surface.free[index] = 1
    unit = np.zeros_like(surface.here)
    unit[index] = 1
    _, gradient = yield from checked_gradient(surface)
    turned = yield from surface.curved(unit)
    value, slope, curved = (float(array[index]) for array in (surface.here, gradient, turned))
    away = -slope / curved if curved > 0 else None
    if around is None or not around[0] < value < around[1]:
        reach = max(LEAST_REACH, LEAST_REACH * abs(value), abs(away or 0.0))
        low, high = (BEYOND, BESIDE) if (away or -slope) < 0 else (BESIDE, BEYOND)
        if abs(away or 0.0) < reach / 4:  # at the bottom already, or none is known: as far to either side
            low = high = 1.0
        around = value - low * reach, value + high * reach
    step = round_step((around[1] - around[0]) / points)
    size = 10.0 ** math.ceil(math.log10(2 * step) - 1e-9)
    below, above = round((value - around[0]) / step), round((around[1] - value) / step)
    values = value + step * np.arange(-below, above + 1, dtype=np.float64)
    losses, slopes = np.empty_like(values), np.empty_like(values)
    for i, moved in enumerate(values.tolist()):
        there = surface.here.copy()
        there[index] = moved
        loss, gradient = yield from surface.gradient(there)
        losses[i], slopes[i] = loss, gradient[index]
    return ParameterLine(
        index=index,
        name=trainer.layout.name_of(index),
        values=values,
        losses=losses,
        slopes=slopes,
        here=below,
        nudge=round(size / step),
        size=size,
        bottom=None if away is None else value + away,
        frozen=frozen,
        rows_used=surface.rows,
    )


def round_step(about: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is no less."""
    power = 10.0 ** math.floor(math.log10(about))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= about * (1 - 1e-9))


def _step(training: Training, lr: float, steps: int, state: Doubles, gradient: Doubles) -> Doubles:
    """What the optimizer would add to the parameters, given this gradient over all rows, ``(P,)`` float64."""
    after = state.copy()
    after[1] = gradient + (0 if training.zero_grad else state[1]) + training.l1 * np.sign(state[0])
    if training.clip_norm:
        clip_gradients(training.clip_norm, after[1])
    optimizer_step(CODES[training.optimizer], lr, training.momentum, *training.betas, training.eps,
                   training.weight_decay, steps + 1, after)  # fmt: skip
    return np.asarray(after[0] - state[0])


@dataclass(frozen=True)
class _Plane:
    """Two directions ``(2, P)`` of length 1 at right angles, and how far to look along each, ``((low, high), …)``."""

    directions: Doubles
    reach: tuple[tuple[float, float], tuple[float, float]]
    shares: tuple[float, float] | None
    """None where the directions are not the path's."""


def loss_slice(
    trainer: Trainer, keyframes: Sequence[Checkpoint], columns: int, rows: int, rough: bool = False
) -> Steps[LossLandscape]:
    """The loss over two directions through the current parameters, with the run's path; ``rough`` on fewer rows.

    The directions are the path's first two principal ones, seen from here (Li et al., "Visualizing the Loss Landscape
    of Neural Nets", 2018).

    Raises:
        RequestError: a grid that is too fine, or a loss that is not finite here.
    """
    if not (columns >= 3 and rows >= 3 and columns * rows <= MOST_GRID):
        raise RequestError(
            "A grid of {columns} by {rows} will not do: use 3 by 3 up to {most:,} points in all.",
            columns=columns,
            rows=rows,
            most=MOST_GRID,
        )
    surface = checked_surface(trainer, columns * rows, rough)
    if int(surface.free.sum()) < 2:
        raise RequestError("All parameters but one are frozen: a plane needs two that can move.")
    course = run_path(trainer, keyframes)
    path = course.parameters - course.parameters[course.here]
    yield from checked_gradient(surface)
    plane = _principal_plane(path) or (yield from _gradient_plane(surface))
    shadow = path @ plane.directions.T
    (left, right), (low, high) = plane.reach
    x, y = np.linspace(left, right, columns), np.linspace(high, low, rows)
    losses = np.empty((rows, columns))
    for i in range(rows):
        for j in range(columns):
            moved = surface.here + float(x[j]) * plane.directions[0] + float(y[i]) * plane.directions[1]
            losses[i, j] = yield from surface.loss(moved)
    return LossLandscape(
        x=x,
        y=y,
        losses=losses,
        path_x=shadow[:, 0].copy(),
        path_y=shadow[:, 1].copy(),
        path_epochs=course.epochs,
        path_here=course.here,
        directions="gradient" if plane.shares is None else "path",
        shares=plane.shares or (0.0, 0.0),
        rows_used=surface.rows,
    )


def _principal_plane(path: Doubles) -> _Plane | None:
    """The plane in which most of the path lies; None for a path that spans no plane."""
    if len(path) < 3:
        return None
    _, sizes, directions = np.linalg.svd(path, full_matrices=False)
    if not sizes[1] > 1e-6 * sizes[0]:
        return None
    directions = directions[:2]
    shadow = path @ directions.T
    lows, highs = shadow.min(axis=0), shadow.max(axis=0)
    spans = 1.5 * (highs - lows)
    spans[1] = max(spans[1], NARROWEST * spans[0])  # a path that is nearly straight shall look so
    middles = (lows + highs) / 2
    left, low = (middles - spans / 2).tolist()
    right, high = (middles + spans / 2).tolist()
    squares = sizes**2 / (sizes**2).sum()
    return _Plane(directions, ((left, right), (low, high)), (float(squares[0]), float(squares[1])))


def _gradient_plane(surface: LossSurface) -> Steps[_Plane]:
    """The plane of the steepest way down and of the largest curvature."""
    loss, gradient = yield from surface.gradient(surface.here)
    found = yield from steepest(surface)
    others = np.random.default_rng(0).standard_normal((2, len(gradient))) * surface.free
    first, second = _at_right_angles([-gradient, found.direction, *others])
    reach = []
    for direction in (first, second):
        product = yield from surface.curved(direction)
        curvature, slope = float(direction @ product), abs(float(gradient @ direction))
        far = 0.5 + 0.1 * float(np.linalg.norm(surface.here))
        if curvature > 0:  # as far as a parabola rises to twice the loss here, beyond its bottom
            far = 1.25 * (slope / curvature + math.sqrt(2 * loss / curvature)) or far
        reach.append((-far, far))
    return _Plane(np.stack([first, second]), (reach[0], reach[1]), None)


def _at_right_angles(candidates: list[Doubles]) -> list[Doubles]:
    """The first two directions of length 1 at right angles that these make (Gram-Schmidt)."""
    chosen: list[Doubles] = []
    for candidate in candidates:
        size = float(np.linalg.norm(candidate))
        if size == 0 or len(chosen) == 2:
            continue
        rest = candidate / size
        for other in [*chosen, *chosen]:  # twice, for float64's rounding
            rest = rest - (rest @ other) * other
        if np.linalg.norm(rest) > 1e-6:
            chosen.append(rest / np.linalg.norm(rest))
    return chosen


def check_gradient(trainer: Trainer, index: int) -> GradientCheck:
    """Hold one parameter's gradient, over all training rows and without dropout, against finite differences."""
    way = trainer.whole_pass(trainer.state[0].copy())
    loss, gradient, value = way.run(), float(way.back()[index]), float(way.parameters[index])

    def loss_at(moved: float) -> float:
        way.parameters[index] = moved
        return way.run()

    nudges = []
    for size in NUDGES:
        higher, lower = loss_at(value + size), loss_at(value - size)
        estimate = (higher - lower) / (2 * size)
        error = abs(estimate - gradient)
        nudges.append(FiniteDifference(size, higher, lower, estimate, error / abs(gradient) if gradient else error))
    return GradientCheck(index, trainer.layout.name_of(index), loss, gradient, tuple(nudges))
