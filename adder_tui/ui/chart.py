"""Curves as cells, with axes and their ticks around them: plotext rasters the curves, the axes are our own."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_tui.ui.line import Line, Role, Span, joined
from adder_tui.ui.numbers import number, round_up, short_count, short_number
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
LABELS = 8
"""Columns left of the plot: a tick's label, and the axis."""
BELOW = 2
"""The axis and its labels."""


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
    *, uprights: Sequence[Upright] = (), levels: Sequence[float] = (), x_ticks: Sequence[Tick] | None = None,
) -> list[Line]:  # fmt: skip
    """Curves with their axes in ``width`` by ``height``; ``levels`` are drawn as faint lines across."""
    columns, rows = width - LABELS, height - BELOW
    if columns < 8 or rows < 2 or not x[1] > x[0]:
        return [Line().fit(width) for _ in range(height)]
    cells = raster(list(curves), x, y, columns, rows, glyphs)
    blank = " ⠀"
    for level in levels:
        row = row_of(level, y, rows)
        if 0 <= row < rows:
            cells[row] = [(glyphs.horizontal, "faint") if c in blank else (c, role) for c, role in cells[row]]
    for upright in uprights:
        column = column_of(upright.x, x, columns)
        for line in cells:
            if 0 <= column < len(line) and line[column][0] in blank + glyphs.horizontal:
                line[column] = (glyphs.cursor, "faint")
    ticks = ticks_between(*y, max(2, rows // 2), glyphs)
    by_row = {row_of(tick.at, y, rows): tick.label for tick in ticks}
    lines = [
        Line.of(
            (by_row.get(i, "").rjust(LABELS - 1)[: LABELS - 1], "dim"),
            (glyphs.y_tick if i in by_row else glyphs.vertical, "faint"),
            joined(row),
        ).fit(width)
        for i, row in enumerate(cells)
    ]
    below = ticks_between(*x, max(2, columns // 12), glyphs) if x_ticks is None else x_ticks
    return [*lines, *_below(below, uprights, x, columns, width, glyphs)]


def ticks_between(low: float, high: float, most: int, glyphs: Glyphs) -> list[Tick]:
    """Round numbers from low to high, at most about ``most``, and so few that exact labels have room."""
    step = round_up((high - low) / max(1, most))
    found: list[Tick] = []
    while step <= 2 * max(high - low, abs(low), abs(high)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        places = [float(f"{n * step:.12g}") for n in range(first, last + 1)]
        labels = _labels(places, step, glyphs)
        if labels and len(labels) > len(found):
            found = [Tick(place, label) for place, label in zip(places, labels, strict=True)]
        if len(found) > 1:
            break
        step = round_up(step * 1.1)
    return found


def _labels(places: Sequence[float], step: float, glyphs: Glyphs) -> list[str]:
    """What the ticks are called, all in the shortest form that is exact; empty where none has room."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    forms: list[list[str]] = []
    if all(_is_short(place) for place in places):
        forms.append([short_number(place, glyphs) for place in places])
    for comma in (",", ""):
        forms.append([f"{place:{comma}.{decimals}f}".replace("-", glyphs.minus) for place in places])
    for digits in range(1, LABELS):
        if all(_has_digits(place, digits) for place in places):
            forms.append([number(place, glyphs, digits) for place in places])
    roomy = (form for form in forms if all(len(label) < LABELS for label in form))
    return next(roomy, [])


def _is_short(place: float) -> bool:
    """Whether ``short_number`` tells the place exactly."""
    size = abs(place)
    return (size == round(size) and size < 1e9) or _has_digits(place, 3 if 1e-3 <= size < 1e9 else 2)


def _has_digits(place: float, digits: int) -> bool:
    """Whether so many significant digits tell the place exactly."""
    return float(f"{place:.{digits - 1}e}") == place


def _below(
    ticks: Sequence[Tick], uprights: Sequence[Upright], x: tuple[float, float], columns: int, width: int, glyphs: Glyphs
) -> list[Line]:
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
    corner: Span = (" " * (LABELS - 1) + glyphs.corner, "faint")
    return [joined([corner, *axis]).fit(width), joined(names).fit(width)]


def _name(names: list[Span], column: int, label: str, role: Role) -> bool:
    """Write a label under its column where nothing else stands."""
    start = max(0, min(LABELS + column - len(label) // 2, len(names) - len(label)))
    around = names[max(0, start - 1) : start + len(label) + 1]
    if any(character != " " for character, _ in around):
        return False
    for i, character in enumerate(label, start):
        names[i] = (character, role)
    return True
