"""Curves as cells, with axes and their ticks around them: plotext rasters the curves, the axes are our own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_tui.ui.line import Line, Role, Span, joined
from adder_tui.ui.numbers import count, number
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]


LEAST_DECADES = 0.25
"""A log axis spans at least this much, so that a flat loss is a flat line rather than noise."""
GRIDS = ((1.5, 0.5), (0.6, 0.25), (0.0, 0.1))
"""(span, grid): an axis of at least that many decades begins and ends on that grid.

So a falling loss moves the axis now and then instead of at every drawing: calmer, and fewer bytes over the wire.
"""
LABEL_WIDTH = 7
"""Columns left of the plot: a tick's label, and the axis."""

DOTS_ACROSS, DOTS_DOWN = 2, 4
"""A cell is divided into braille's dots; curves of whole characters are drawn in the same cells."""

_ROLES: tuple[Role, ...] = ("faint", "dim", "test", "train", "accent", "strong")
"""What plotext's colours 1, 2, 3 and on stand for."""


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis, in the axis's own coordinates."""

    at: float
    label: str


def log_span(low: float, high: float) -> tuple[float, float]:
    """The range of a log10 axis around values from ``low`` to ``high`` (both log10), with a little air."""
    missing = LEAST_DECADES - (high - low)
    if missing > 0:
        low, high = low - missing / 2, high + missing / 2
    grid = next(grid for span, grid in GRIDS if high - low >= span)
    air = (high - low) * 0.02
    return math.floor((low - air) / grid) * grid, math.ceil((high + air) / grid) * grid


def log_ticks(low: float, high: float, most: int, glyphs: Glyphs) -> list[Tick]:
    """At most ``most`` ticks from ``low`` to ``high`` (log10): whole decades, or round numbers within a decade."""
    decades = list(range(math.ceil(low), math.floor(high) + 1))
    if len(decades) >= 2:
        stride = max(1, math.ceil(len(decades) / max(1, most)))
        first = next(d for d in decades if d % stride == 0) if len(decades) > stride else decades[0]
        return [Tick(float(d), _power(d, glyphs)) for d in decades if (d - first) % stride == 0]
    values = _round_numbers(10**low, 10**high, max(2, most))
    return [Tick(math.log10(v), _value(v, glyphs)) for v in values if v > 0]


def linear_ticks(high: float, most: int, glyphs: Glyphs) -> list[Tick]:
    """At most ``most`` ticks from 0 to ``high`` at round whole numbers."""
    values = _round_numbers(0.0, high, max(1, most))
    return [Tick(v, short_count(round(v))) for v in values if v == round(v)]


def short_count(value: int) -> str:
    """``500``, ``2,000``, ``50k``, ``3M``."""
    if value >= 1_000_000 and value % 100_000 == 0:
        return f"{value / 1_000_000:g}M"
    if value >= 10_000 and value % 100 == 0:
        return f"{value / 1_000:g}k"
    return count(value)


def _round_numbers(low: float, high: float, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten within the range, at most ``most``."""
    if not high > low:
        return [low]
    scale = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(scale * m for m in (1, 2, 5, 10, 20, 50) if (high - low) / (scale * m) <= most - 1 or m == 50)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def _value(value: float, glyphs: Glyphs) -> str:
    if value >= 10_000 and value == round(value):
        return short_count(round(value))
    return number(value, glyphs, 3).removesuffix(".0")


def _power(exponent: int, glyphs: Glyphs) -> str:
    return f"1e{glyphs.minus if exponent < 0 else ''}{abs(exponent)}"


@dataclass(frozen=True)
class Curve:
    """Points to be joined, y in log10."""

    x: Doubles
    y: Doubles
    role: Role
    marker: str = ""
    """The character that it is drawn with; fine dots where none is given."""
    label: str = ""
    """A character put at its end."""


def fine_curve(x: Doubles, values: Doubles, columns: int, x_last: float, role: Role, marker: str = "") -> Curve | None:
    """A curve of what a log axis can show of ``values``, thinned; None where that is nothing."""
    return band(x, values, values, columns, x_last, role, marker)


def band(
    x: Doubles, low: Doubles, high: Doubles, columns: int, x_last: float, role: Role, marker: str = ""
) -> Curve | None:
    """The same for a range of values at each place."""
    import numpy as np

    fine = (low > 0) & np.isfinite(low) & np.isfinite(high) & (high > 0) & (x <= x_last)
    if not fine.any():
        return None
    return Curve(*thin(x[fine], np.log10(low[fine]), np.log10(high[fine]), columns, x_last), role, marker)


def thin(x: Doubles, low: Doubles, high: Doubles, columns: int, x_last: float) -> tuple[Doubles, Doubles]:
    """At most two points a column: each column's lowest and highest, in the order in which they came."""
    import numpy as np

    same = bool((low == high).all())
    if same and len(x) <= 2 * columns:
        return x, low
    column = np.minimum((x / x_last * columns).astype(int), columns - 1)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    xs: list[float] = []
    ys: list[float] = []
    for start, stop in zip(starts, [*starts[1:], len(x)], strict=True):
        lowest = start + int(low[start:stop].argmin())
        highest = start + int(high[start:stop].argmax())
        points = sorted({(lowest, 0), (highest, 1)})
        for i, which in points:
            xs.append(float(x[i]))
            ys.append(float(high[i] if which else low[i]))
    return np.asarray(xs), np.asarray(ys)


def y_range(curves: Sequence[Curve]) -> tuple[float, float]:
    """The log axis's range over all curves."""
    if not curves:
        return 0.0, 1.0
    return log_span(min(float(c.y.min()) for c in curves), max(float(c.y.max()) for c in curves))


def column_of(value: float, span: tuple[float, float], columns: int) -> int:
    """The column in which a value is drawn, from the left; outside the plot where it is outside the range."""
    return _dot(value, span, columns * DOTS_ACROSS) // DOTS_ACROSS


def row_of(value: float, span: tuple[float, float], rows: int) -> int:
    """The row in which a value is drawn, from the top; outside the plot where it is outside the range."""
    return rows - 1 - _dot(value, span, rows * DOTS_DOWN) // DOTS_DOWN


def _dot(value: float, span: tuple[float, float], dots: int) -> int:
    """The dot nearest to a value: the first lies on the range's low end, the last on its high end."""
    return math.floor(round(0.5 + (dots - 1) * (value - span[0]) / (span[1] - span[0]), 8))


def _placed(values: Doubles, span: tuple[float, float], cells: int, dots: int, *, fine: bool) -> list[float]:
    """Values as shares of the range that plotext draws in just the dots, or cells, of ``_dot``."""
    found = [_dot(v, span, cells * dots) if math.isfinite(v) else v for v in values.tolist()]
    if fine:
        return [d / (cells * dots - 1) for d in found]
    return [d // dots / max(1, cells - 1) for d in found]


def raster(
    curves: Sequence[Curve], x: tuple[float, float], y: tuple[float, float], columns: int, rows: int, glyphs: Glyphs
) -> list[list[Span]]:
    """The curves as cells, ``rows`` lists of ``columns`` (character, role) pairs; plotext does the drawing."""
    import plotext

    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.plotsize(columns, rows)
    plotext.frame(False)
    plotext.xfrequency(0)
    plotext.yfrequency(0)
    plotext.axes_color("default")
    plotext.canvas_color("default")
    plotext.xlim(0, 1)
    plotext.ylim(0, 1)
    for curve in curves:
        marker = curve.marker or glyphs.marker
        fine = marker == "braille"
        across = _placed(curve.x, x, columns, DOTS_ACROSS, fine=fine)
        up = _placed(curve.y, y, rows, DOTS_DOWN, fine=fine)
        plotext.plot(across, up, marker=marker, color=_ROLES.index(curve.role) + 1)
    built: str = plotext.build()
    plotext.clear_figure()
    cells = [_cells(line)[:columns] for line in built.split("\n")[:rows]]
    for curve in curves:
        if curve.label:
            column, row = column_of(float(curve.x[-1]), x, columns), row_of(float(curve.y[-1]), y, rows)
            if 0 <= column < columns and 0 <= row < rows:
                cells[row][column] = (curve.label, curve.role)
    return cells


_SGR = re.compile(r"\x1b\[([0-9;]*)m")


def _cells(line: str) -> list[Span]:
    """plotext's coloured text as cells with roles."""
    cells: list[Span] = []
    role: Role = "text"
    at = 0
    for match in [*_SGR.finditer(line), None]:
        cells += [(character, role) for character in line[at : match.start() if match else len(line)]]
        if match is None:
            break
        at = match.end()
        number = match[1].rpartition(";")[2]
        ours = match[1].startswith("38;5;") and number.isdigit() and 0 < int(number) <= len(_ROLES)
        role = _ROLES[int(number) - 1] if ours else "text"
    return cells


def y_labels(span: tuple[float, float], rows: int, glyphs: Glyphs, *, empty: bool = False) -> list[Line]:
    """What stands left of each row of a plot: a log axis and its labels; ``empty`` leaves the labels out."""
    low, high = span
    ticks = [] if empty else log_ticks(low, high, max(2, rows // 2), glyphs)
    by_row = {row_of(tick.at, span, rows): tick.label for tick in reversed(ticks)}
    return [
        Line.of(
            (by_row.get(row, "").rjust(LABEL_WIDTH - 1)[: LABEL_WIDTH - 1], "dim"),
            (glyphs.y_tick if row in by_row else glyphs.vertical, "faint"),
        )
        for row in range(rows)
    ]


def x_axis(last: float, columns: int, glyphs: Glyphs, feet: Mapping[int, Span]) -> tuple[Line, Line]:
    """The axis below a plot and its labels, from 0 to ``last``; ``feet`` are put on it at their columns."""
    ticks: list[Tick] = linear_ticks(last, max(2, columns // 10), glyphs)
    marks: list[Span] = [(glyphs.horizontal, "faint")] * columns
    labels = [" "] * (LABEL_WIDTH + columns)
    free = 0
    for tick in ticks:
        column = column_of(tick.at, (0.0, last), columns)
        start = min(LABEL_WIDTH + column - len(tick.label) // 2, len(labels) - len(tick.label))
        if start < free:
            continue
        marks[column] = (glyphs.x_tick, "faint")
        labels[start : start + len(tick.label)] = tick.label
        free = start + len(tick.label) + 1
    for column, foot in feet.items():
        marks[column] = foot
    corner: Span = (" " * (LABEL_WIDTH - 1) + glyphs.corner, "faint")
    return joined([corner, *marks]), Line.of(("".join(labels), "dim"))


def overlay(curves: Sequence[Curve], last: float, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """Several curves over one pair of axes, without a cursor; the later ones lie on top."""
    columns, rows = width - LABEL_WIDTH, height - 2
    if columns < 8 or rows < 2:
        return [Line().fit(width) for _ in range(height)]
    span = y_range(curves)
    if curves:
        cells = raster(curves, (0.0, last), span, columns, rows, glyphs)
    else:
        cells = [[(" ", "text")] * columns for _ in range(rows)]
    labels = y_labels(span, rows, glyphs, empty=not curves)
    axis, x_labels = x_axis(last, columns, glyphs, {})
    plot = [Line.of(label, joined(row)).fit(width) for label, row in zip(labels, cells, strict=True)]
    return [*plot, axis.fit(width), x_labels.fit(width)]
