"""Curves over even axes, for numbers of either sign; the loss chart's raster draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from adder_tui.explore.viewport import round_up
from adder_tui.ui.chart import Curve, Tick, column_of, raster, row_of
from adder_tui.ui.heatmap import short_number
from adder_tui.ui.line import Line, Role, Span, joined
from adder_tui.ui.numbers import number
from adder_tui.ui.symbols import Glyphs

LABELS = 8
"""Columns left of the plot: a tick's label, and the axis."""
BELOW = 2
"""The axis and its labels."""


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
