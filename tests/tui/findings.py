"""Findings by simple fractions, so that every processor draws the same."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from adder_engine.analysis.results import (
    ActivationGrid,
    AffineMapHistory,
    AnswerGrid,
    Baseline,
    CurvatureReport,
    Evaluation,
    ExtrapolatedError,
    Extrapolation,
    GradientLine,
    GridSpec,
    LocalLinearMap,
    LossLandscape,
    ParameterLine,
    Region,
    symmetric_exp,
    symmetric_log,
)
from adder_engine.parsing import Sum
from adder_engine.snapshot import Answer

W_A, W_B, C = 0.75, 0.875, 2.0
"""The map of this network."""
SUMS = tuple(Sum(a, b) for a, b in ((30, 70), (70, 30), (130, -30), (3, 7), (33, 7), (-330000, 30000)))
FAR = tuple(Sum(x * n, y * n) for n in (1e3, 1e4, 1e5, 1e6) for x, y in ((1, 1), (-1, -1), (1, -1), (-1, 1)))


def answer(a: float, b: float) -> float:
    return W_A * a + W_B * b + C


def places(low: float, high: float, count: int, log: bool) -> np.ndarray:
    if not log:
        return np.linspace(low, high, count)
    steps = np.linspace(symmetric_log(low), symmetric_log(high), count)
    return np.array([symmetric_exp(float(u)) for u in steps])


def plane_of(extent: GridSpec, trained: float = 500.0, count: int = 10_000) -> AnswerGrid:
    a = places(extent.a_low, extent.a_high, extent.columns, extent.log)
    b = places(extent.b_low, extent.b_high, extent.rows, extent.log)[::-1]
    across, down = np.meshgrid(a, b)
    steps = np.arange(min(count, 500))
    points = np.stack([steps * 377 % 1000 / 999, steps * 211 % 1000 / 999], axis=1) * 2 * trained - trained
    limits = (-trained, trained)
    return AnswerGrid(a, b, extent.log, W_A * across + W_B * down + C, across + down, limits, limits, points, count)


def neurons_of(extent: GridSpec, layers: tuple[int, ...]) -> tuple[ActivationGrid, ...]:
    a = places(extent.a_low, extent.a_high, extent.columns, extent.log)
    b = places(extent.b_low, extent.b_high, extent.rows, extent.log)[::-1]
    across, down = np.meshgrid(a, b)
    found = []
    for layer, size in enumerate(layers):
        for n in range(size):
            outputs = ((n - 1) / 4 * across + (layer + 1) / 2 * down).astype(np.float32)
            found.append(ActivationGrid(layer, n, outputs, float(outputs.min()), float(outputs.max())))
    return tuple(found)


def course() -> AffineMapHistory:
    epochs = np.arange(0, 413, 4, dtype=float)
    left = 1 - epochs / 824
    return AffineMapHistory(epochs, epochs, 1 - left / 2, 1 - left * 3 / 4, left * 4, len(epochs) - 1)


def slopes(everywhere: bool = True) -> LocalLinearMap:
    return LocalLinearMap(30, 70, answer(30, 70), W_A, W_B, C, (1.0, 1.0, 0.0), everywhere)


def forecast(everywhere: bool = True) -> Extrapolation:
    rows = []
    for i, one in enumerate((*SUMS, *FAR)):
        extrapolated = answer(one.a, one.b) - one.a - one.b
        asked = extrapolated if everywhere else -one.a - one.b + 100
        rows.append(ExtrapolatedError(one, one.a + one.b, extrapolated, asked, i < len(SUMS)))
    return Extrapolation(slopes(everywhere), tuple(rows))


def stability(lr: float = 5e-5, limit: float | None = 2.5e-5) -> CurvatureReport:
    eigenvalues = np.array([80_000.0, 400.0, 2.0, 0.0, -16.0])
    return CurvatureReport("Hessian", 80_000.0, 2.5e-5, limit, lr, 765.25, eigenvalues, 1, 1, None, 5, True, 10_000)


def loss_curve() -> GradientLine:
    t = np.linspace(-1e-5, 6e-5, 71)
    losses = 765.25 * (1 - t / 2e-5) ** 2 + 10
    return GradientLine(t, losses, 775.25, 5e-5, "sgd", 5e-5, 1731.8125, 0.2048, 1.0, 2e-5, 10_000)


def parameter_line(index: int = 36, value: float = 0.125, bent: bool = False) -> ParameterLine:
    """A parabola whose lowest point is 96 above 0.125; ``bent``: with a fourth power on top."""
    values = value + 2.0 * np.arange(-15, 96)
    away = values - 96.125
    losses, slopes = away**2 + 4, 2 * away
    if bent:
        losses, slopes = losses + away**4 / 4096, slopes + away**3 / 1024
    return ParameterLine(index, "output.bias[0]", values, losses, slopes, 15, 5, 10.0, 96.125, False, 10_000)


def loss_slice(columns: int, rows: int) -> LossLandscape:
    x, y = np.linspace(-4, 4, columns), np.linspace(4, -4, rows)
    across, down = np.meshgrid(x, y)
    steps = np.arange(9) / 8
    return LossLandscape(
        x, y, across**2 * 4 + down**2 + 0.5, 3.0 * (1 - steps), 3.5 * (1 - steps) ** 2, steps * 412, 8, "path",
        (0.875, 0.125), 10_000,
    )  # fmt: skip


def checks() -> Evaluation:
    def region(name: Literal["inside", "near", "far"], reach: float, rmse: float, mean: float) -> Region:
        return Region(name, (-reach, reach), (-reach, reach), 2000, rmse, mean)

    regions = (
        region("inside", 500, 84.25, 70.5), region("near", 1000, 168.5, 141.0), region("far", 5000, 842.5, 705.25),
    )  # fmt: skip
    return Evaluation("held-out", 2000, 0.5, 0.649, 5.0, 1.0, 100.0, 0.9995, 84.25, regions)


def rivals() -> tuple[Baseline, ...]:
    def rival(name: str, answers: list[float], rmse: float) -> Baseline:
        phrase = tuple(Answer(s, x, s.a + s.b) for s, x in zip(SUMS, answers, strict=True))
        return Baseline(name, phrase, rmse, 2000)  # type: ignore[arg-type]

    return (
        rival("least squares", [s.a + s.b for s in SUMS], 7.625e-6),
        rival("nearest neighbours", [87.61, 99.66, 97.75, 17.67, 45.34, -41.91], 4.463),
        rival("this network", [answer(s.a, s.b) for s in SUMS], 84.25),
    )


NO_LIMIT = math.inf
