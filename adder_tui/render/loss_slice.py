"""A slice of the loss over two directions, with the run's path across it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from adder_tui.render.heat import SIZES, HeatMap, size_levels
from adder_tui.render.lines import Line, Tone
from adder_tui.render.losses import over_pairs
from adder_tui.render.numbers import number
from adder_tui.render.view import View

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adder_engine.findings import LossSlice

ABOVE, UNDER = 1, 1
LEVELS = len(SIZES) - 1
FLOOR = 1e-12
"""A loss of 0 has no logarithm."""


def slice_cells(width: int, height: int, halved: bool) -> tuple[int, int]:
    """Columns and rows of losses to ask for, for a picture of this size."""
    rows = max(3, height - ABOVE - UNDER)
    return max(3, min(79, width - 2)), rows * 2 if halved else rows


def slice_lines(view: View, found: LossSlice, halved: bool, width: int, height: int) -> list[Line]:
    """The loss as shades, its legend, the path of the run and where it stands."""
    glyphs = view.glyphs
    logs = np.log10(
        np.maximum(found.losses, FLOOR), where=np.isfinite(found.losses), out=np.full(found.losses.shape, np.nan)
    )
    known = logs[np.isfinite(logs)]
    if not known.size:
        return [Line.of(("  No loss around here is finite.", "dim"))]
    steps = level_steps(known)
    heat = HeatMap(
        size_levels(logs - steps[0], [s - steps[0] for s in steps[1:]]), "size", halved and len(logs) % 2 == 0
    )
    _path(heat, found, "o" if glyphs.ascii else "•")
    here = _cell(heat, found, found.path_here)
    heat.mark(*here, "X" if glyphs.ascii else "┼", "active")
    swatches = [(f" {SIZES[level]}", Tone("size", level, level)) for level in range(LEVELS + 1)]
    low, high = (number(float(f"{10**edge:.2e}"), glyphs, 3) for edge in (float(known.min()), float(known.max())))
    word = "losses " if width >= 38 else ""
    over = over_pairs(view.experiment, glyphs, ", ")[2]
    legend = Line.of((f" {word}{low} ", "dim"), *swatches, (f" {high}{over}", "dim"))
    mark = "o" if glyphs.ascii else "•"
    told = Line.of(
        (f" {mark} ", "strong"), ("path", "dim"), ("  X " if glyphs.ascii else "  ┼ ", "accent"), ("here", "dim"),
        (_directions(found), "dim"),
    )  # fmt: skip
    lines = [legend, *(Line.of(" ", line) for line in heat.lines()), told]
    return [line.fit(width, glyphs.ellipsis) for line in lines]


def _directions(found: LossSlice) -> str:
    if found.directions == "gradient":
        return "  by gradient, curvature"
    return f"   {found.shares[0]:.0%} across, {found.shares[1]:.0%} up"


def level_steps(logs: NDArray[np.float64]) -> list[float]:
    """Where levels 0 to 5 begin, in log10: even parts of what is there, so that every level is seen."""
    return [float(q) for q in np.quantile(logs, [0, 0.05, 0.2, 0.4, 0.65, 0.85])]


def _cell(heat: HeatMap, found: LossSlice, i: int) -> tuple[int, int]:
    x, y = float(found.path_x[i]), float(found.path_y[i])
    column = (x - float(found.x[0])) / float(found.x[-1] - found.x[0]) * (heat.columns - 1)
    row = (y - float(found.y[0])) / float(found.y[-1] - found.y[0]) * (heat.rows - 1)
    return round(column), round(row)


def _path(heat: HeatMap, found: LossSlice, mark: str) -> None:
    for i in range(len(found.path_x)):
        if np.isfinite(found.path_x[i]) and np.isfinite(found.path_y[i]):
            heat.mark(*_cell(heat, found, i), mark)
