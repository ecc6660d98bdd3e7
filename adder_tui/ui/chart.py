"""Charts: curves with axes and labels around them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_tui.ui.axis import LABELS, Lens, Tick, log_span, log_ticks, ticks_between
from adder_tui.ui.curve import DOTS_DOWN, Curve, column_of, raster, row_of
from adder_tui.ui.line import Line, Role, Span, joined
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from adder_engine.snapshot import Doubles


AIR = 1.02
"""A linear axis reaches so much further than its largest value."""
BLANK = " ⠀"
BELOW = 2
"""The axis and its labels."""


@dataclass(frozen=True)
class Scale:
    """The axis of the losses."""

    low: float
    high: float
    """Both log10 on a log axis."""
    lens: Lens
    floor: bool = False
    """Its lowest row stands for a loss of 0."""
    empty: bool = False
    """No loss above 0 is known."""

    @property
    def span(self) -> tuple[float, float]:
        return self.low, self.high


def scale_of(curves: Sequence[Curve], lens: Lens, rows: int, x: tuple[float, float]) -> Scale:
    """The axis over the curves that set it, all where none does; a loss of 0 gets the lowest row of a log axis."""
    import numpy as np

    setting = [curve for curve in curves if not curve.cut] or curves
    ends: list[Doubles] = []
    for curve in setting:
        inside = (curve.x >= x[0]) & (curve.x <= x[1])
        inside = inside if inside.any() else np.ones(len(curve.x), dtype=bool)
        ends += [curve.y[inside], *([] if curve.down_to is None else [curve.down_to[inside]])]
    values = np.concatenate(ends) if ends else np.empty(0)
    above = values[np.isfinite(values)]
    if lens.linear:
        top = float(above.max()) * AIR if len(above) else 0.0
        return Scale(0.0, top or 1.0, lens, empty=not top)
    floor = bool(np.isneginf(values).any())
    low, high = log_span(float(above.min()), float(above.max())) if len(above) else (0.0, 1.0)
    if floor:
        dots = rows * DOTS_DOWN
        low = high - (high - low) * (dots - 1) / max(1, dots - 1 - DOTS_DOWN)
    return Scale(low, high, lens, floor, not len(above))


def y_labels(scale: Scale, rows: int, glyphs: Glyphs, *, empty: bool = False) -> list[Line]:
    """What stands left of each row of a plot: an axis and its labels; ``empty`` leaves the labels out."""
    most = max(2, rows // 2)
    ticks: list[Tick] = []
    if not (empty or scale.empty):
        make = ticks_between if scale.lens.linear else log_ticks
        ticks = make(*scale.span, most, glyphs)
    by_row = {row_of(tick.at, scale.span, rows): tick.label for tick in reversed(ticks)}
    if scale.floor or (scale.empty and not empty):
        by_row[rows - 1] = "0"
    return [_beside_row(by_row.get(row, ""), glyphs) for row in range(rows)]


def _beside_row(label: str, glyphs: Glyphs) -> Line:
    axis: Span = (glyphs.y_tick if label else glyphs.vertical, "faint")
    return Line.of((label.rjust(LABELS - 1), "dim"), axis)


def x_axis(
    span: tuple[float, float], columns: int, glyphs: Glyphs, feet: Mapping[int, Span]
) -> tuple[Line, Line]:  # fmt: skip
    """The axis of epochs below a plot and its labels; ``feet`` are put on it at their columns."""
    ticks = ticks_between(*span, max(2, columns // 10), glyphs, least=1.0)
    axis, names = _below(ticks, (), span, columns, glyphs)
    for column, foot in feet.items():
        if 0 <= column < columns:
            axis[LABELS + column] = foot
    return joined(axis), joined(names)


def overlay(
    curves: Sequence[Curve], span: tuple[float, float], lens: Lens, width: int, height: int, glyphs: Glyphs
) -> list[Line]:
    """Several curves of losses over one pair of axes, without a cursor; the later ones lie on top."""
    columns, rows = width - LABELS, height - BELOW
    if columns < 8 or rows < 2:
        return [Line().fit(width) for _ in range(height)]
    scale = scale_of(curves, lens, rows, span)
    cells = raster(curves, span, scale.span, columns, rows, glyphs, floor=scale.floor)
    labels = y_labels(scale, rows, glyphs, empty=not curves)
    plot = [Line.of(label, joined(row)).fit(width) for label, row in zip(labels, cells, strict=True)]
    return [*plot, *(line.fit(width) for line in x_axis(span, columns, glyphs, {}))]


@dataclass(frozen=True)
class Upright:
    """A line from the axis upwards, with what it is called below the axis."""

    x: float
    label: str
    role: Role


def span_of(values: Sequence[float], wanted: Sequence[float] = ()) -> tuple[float, float]:
    """An axis's range around finite values, with a little air; a level line runs through its middle."""
    finite = [v for v in (*values, *wanted) if math.isfinite(v)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    air = (high - low) * 0.05 or abs(high) * 0.1 or 1.0
    return low - air, high + air


def plot(
    curves: Sequence[Curve], x: tuple[float, float], y: tuple[float, float], width: int, height: int, glyphs: Glyphs,
    *, uprights: Sequence[Upright] = (), levels: Sequence[float] = (), counted: bool = False,
    powers: bool = False,
) -> list[Line]:  # fmt: skip
    """Curves with their axes in ``width`` by ``height``; ``levels`` are drawn as faint lines across.

    Where the uprights have names and there are rows for it, the numbers along x stand in a row of their own.

    Args:
        counted: x is counted, so that its ticks are whole numbers.
        powers: both axes are log10.
    """
    columns, rows = width - LABELS, height - BELOW
    named = any(upright.label for upright in uprights) and rows > 5
    rows -= named
    if columns < 8 or rows < 2 or not x[1] > x[0]:
        return [Line().fit(width) for _ in range(height)]
    cells = raster(list(curves), x, y, columns, rows, glyphs)
    for level in levels:
        row = row_of(level, y, rows)
        if 0 <= row < rows:
            cells[row] = [(glyphs.horizontal, "faint") if c in BLANK else (c, role) for c, role in cells[row]]
    for upright in uprights:
        column = column_of(upright.x, x, columns)
        for line in cells:
            if 0 <= column < len(line) and line[column][0] in BLANK + glyphs.horizontal:
                line[column] = (glyphs.cursor, "faint")
    up = (log_ticks if powers else ticks_between)(*y, max(2, rows // 2), glyphs)
    by_row = {row_of(tick.at, y, rows): tick.label for tick in up}
    lines = [Line.of(_beside_row(by_row.get(i, ""), glyphs), joined(row)).fit(width) for i, row in enumerate(cells)]
    most = max(2, columns // (10 if counted else 12))
    ticks = log_ticks(*x, most, glyphs) if powers else ticks_between(*x, most, glyphs, 1.0 if counted else 0.0)
    axis, names = _below([] if named else ticks, uprights, x, columns, glyphs)
    lines += [joined(axis).fit(width), joined(names).fit(width)]
    if named:
        marks, numbers = _below(ticks, (), x, columns, glyphs)
        ours = {i: mark for i, mark in enumerate(marks) if mark[0] == glyphs.x_tick and axis[i][1] == "faint"}
        lines[-2] = joined([ours.get(i, mark) for i, mark in enumerate(axis)]).fit(width)
        lines.append(joined(numbers).fit(width))
    return lines


def _below(
    ticks: Sequence[Tick], uprights: Sequence[Upright], x: tuple[float, float], columns: int, glyphs: Glyphs
) -> tuple[list[Span], list[Span]]:
    """The cells of an axis and of what is written below it, each ``LABELS`` wider than the plot."""
    axis: list[Span] = [(glyphs.horizontal, "faint")] * columns
    names: list[Span] = [(" ", "dim")] * (LABELS + columns)
    for upright in uprights:
        column = column_of(upright.x, x, columns)
        if 0 <= column < columns:
            axis[column] = (glyphs.cursor_foot, upright.role)
            _name(names, column, upright.label, upright.role)
    for tick in ticks:
        column = column_of(tick.at, x, columns)
        if 0 <= column < columns and _name(names, column, tick.label, "dim") and axis[column][1] == "faint":
            axis[column] = (glyphs.x_tick, "faint")
    margin: list[Span] = [(" ", "faint")] * (LABELS - 1)
    return [*margin, (glyphs.corner, "faint"), *axis], names


def _name(names: list[Span], column: int, label: str, role: Role) -> bool:
    """Write a label under its column where nothing else stands."""
    start = max(0, min(LABELS + column - len(label) // 2, len(names) - len(label)))
    around = names[max(0, start - 1) : start + len(label) + 1]
    if any(character != " " for character, _ in around):
        return False
    for i, character in enumerate(label, start):
        names[i] = (character, role)
    return True
