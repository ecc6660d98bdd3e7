"""A heat map over a plane of sums: axes, the training range as a frame, its sums as marks, and a cross-hair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from adder_tui.explore.viewport import Cells, on_axis, round_up
from adder_tui.ui.heatmap import HeatMap, Scale, short_number
from adder_tui.ui.line import Line, Span, joined
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Levels = NDArray[np.int64]

LABELS = 8
"""Columns left of the plane: a label and the axis."""
BELOW = 1
"""Rows under the plane."""
CELLS_A_POINT = 30
"""One training sum at most is marked for so many cells, so that the picture stays to be seen."""


@dataclass(frozen=True)
class Trained:
    """What the experiment trains on: the ranges of both terms, and some of its sums ``(k, 2)``."""

    a: tuple[float, float]
    b: tuple[float, float]
    points: Doubles


@dataclass(frozen=True)
class Axes:
    """The sums of a picture: ``a`` of each column, ``b`` of each cell from the top."""

    a: Doubles
    b: Doubles
    log: bool

    def column(self, a: float) -> float:
        """Where a lies, in columns; a fraction between two of them."""
        return _position(self.a, a, self.log)

    def row(self, b: float) -> float:
        return _position(self.b, b, self.log)

    def nearest(self, sum: tuple[float, float]) -> tuple[int, int]:
        """The cell nearest to a sum."""
        column, row = round(self.column(sum[0])), round(self.row(sum[1]))
        return min(max(0, column), len(self.a) - 1), min(max(0, row), len(self.b) - 1)


def _position(places: Doubles, x: float, log: bool) -> float:
    first, last = on_axis(float(places[0]), log), on_axis(float(places[-1]), log)
    return (on_axis(x, log) - first) / (last - first) * (len(places) - 1)


def plane_picture(
    levels: Levels,
    scale: Scale,
    axes: Axes,
    halved: bool,
    glyphs: Glyphs,
    *,
    cursor: tuple[int, int],
    asked: tuple[float, float],
    trained: Trained,
) -> tuple[list[Line], int]:
    """The picture with its axes, ``LABELS`` columns wider and ``BELOW`` rows higher, and how many sums are marked."""
    heat = HeatMap(levels, scale, halved)
    _frame(heat, axes, trained, glyphs)
    marked = _points(heat, axes, trained.points, glyphs)  # over the frame, on which the outermost sums lie
    column, row = round(axes.column(asked[0])), round(axes.row(asked[1]))
    heat.mark(column, row, glyphs.current)
    heat.mark(*cursor, "X" if glyphs.ascii else "┼", "active")
    labels = _labels_left(axes, cursor[1], glyphs)
    lines = [Line.of(label, line) for label, line in zip(labels, heat.lines(), strict=True)]
    return [*lines, _labels_below(axes, cursor[0], glyphs)], marked


def _frame(heat: HeatMap, axes: Axes, trained: Trained, glyphs: Glyphs) -> None:
    left, right = round(axes.column(trained.a[0])), round(axes.column(trained.a[1]))
    top, bottom = round(axes.row(trained.b[1])), round(axes.row(trained.b[0]))
    if right - left < 1 and bottom - top < 1:
        return
    across, along, corners = ("_", "|", "||||") if glyphs.ascii else ("─", "│", "┌┐└┘")
    for y in (top, bottom):
        for x in range(max(0, left), min(right, heat.columns - 1) + 1):
            heat.mark(x, y, across)
    for x in (left, right):
        for y in range(max(0, top), min(bottom, heat.rows - 1) + 1):
            heat.mark(x, y, along)
    for corner, (x, y) in zip(corners, ((left, top), (right, top), (left, bottom), (right, bottom)), strict=True):
        heat.mark(x, y, corner)


def _points(heat: HeatMap, axes: Axes, points: Doubles, glyphs: Glyphs) -> int:
    """Mark some of the training sums; how many."""
    most = max(1, heat.columns * heat.rows // CELLS_A_POINT)
    picked = points if len(points) <= most else points[np.linspace(0, len(points) - 1, most).astype(int)]
    seen = 0
    for a, b in picked.tolist():
        x, y = round(axes.column(a)), round(axes.row(b))
        if 0 <= x < heat.columns and 0 <= y < heat.rows:
            heat.mark(x, y, point_mark(glyphs))
            seen += 1
    return seen


def point_mark(glyphs: Glyphs) -> str:
    """What marks a training sum."""
    return "o" if glyphs.ascii else "∘"


def _ticks(places: Doubles, log: bool, most: int) -> list[float]:
    """At most about ``most`` round numbers between the first place and the last."""
    low, high = sorted((float(places[0]), float(places[-1])))
    if log:
        powers = [s * 10.0**n for n in range(1, 13) for s in (-1, 1)]
        stride = 2 if most < 9 else 1
        kept = [0.0, *(p for p in powers if round(math.log10(abs(p))) % stride == 0)]
        inside = [p for p in kept if low * 1.001 - 1 <= p <= high * 1.001 + 1]
        if len(inside) >= 3:
            return inside
    step = round_up((high - low) / max(1, most))
    return [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _labels_left(axes: Axes, chosen: int, glyphs: Glyphs) -> list[Line]:
    count = len(axes.b)
    by_row: dict[int, str] = {}
    for tick in sorted(_ticks(axes.b, axes.log, max(2, count // 3)), key=abs):
        row = round(axes.row(tick))
        if 0 <= row < count and not any(abs(row - other) < 2 for other in by_row):
            by_row[row] = short_number(float(f"{tick:.6g}"), glyphs)
    lines = []
    for row in range(count):
        if row == chosen:
            mark: Span = (glyphs.current, "accent")
        else:
            mark = (glyphs.y_tick if row in by_row else glyphs.vertical, "faint")
        name = "b" if row == 0 and row not in by_row else by_row.get(row, "")
        lines.append(Line.of((name.rjust(LABELS - 1)[: LABELS - 1], "dim"), mark))
    return lines


def _labels_below(axes: Axes, chosen: int, glyphs: Glyphs) -> Line:
    count = len(axes.a)
    cells: list[Span] = [(" ", "dim")] * (LABELS + count)
    cells[LABELS + chosen] = (glyphs.cursor_foot, "accent")
    _write(cells, LABELS - 2, "a")
    for tick in sorted(_ticks(axes.a, axes.log, max(4, count // 9)), key=abs):
        text = short_number(float(f"{tick:.6g}"), glyphs)
        middle = LABELS + round(axes.column(tick))
        start = min(middle - len(text) // 2, LABELS + count - len(text))
        around = cells[max(0, start - 1) : start + len(text) + 1]
        if start >= LABELS - 1 and all(character == " " for character, _ in around):
            _write(cells, start, text)
    return joined(cells)


def _write(cells: list[Span], start: int, text: str) -> None:
    for i, character in enumerate(text, start):
        cells[i] = (character, "dim")


def beside(left: Sequence[Line], right: Sequence[Line], left_width: int, gap: int = 2) -> list[Line]:
    """Two blocks of lines side by side."""
    rows = max(len(left), len(right))
    return [
        Line.of(
            (left[i] if i < len(left) else Line()).fit(left_width), " " * gap, right[i] if i < len(right) else Line()
        )
        for i in range(rows)
    ]


def cells_in(width: int, height: int, halved: bool) -> Cells:
    """The cells of a plane that takes so much room with its axes; an odd number across, so that one is the middle."""
    columns = max(3, width - LABELS)
    return Cells(columns - 1 + columns % 2, max(3, height - BELOW), halved)
