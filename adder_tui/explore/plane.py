"""A plane of sums: which part is shown, cut into which cells; and its heat map with axes, frame and cross-hair."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from adder_engine.analysis.results import GridSpec, symmetric_exp, symmetric_log
from adder_engine.experiment import Experiment
from adder_tui.ui.axis import LABELS, Tick, ticks_between
from adder_tui.ui.heatmap import HeatMap, Scale
from adder_tui.ui.line import Line, Span, joined
from adder_tui.ui.numbers import round_up, short_number
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Levels = NDArray[np.int64]
    Range = tuple[float, float]


FURTHEST = 1e6
"""Log steps reach as far as this; even ones a few times as far."""
NEAREST_SPAN, WIDEST_SPAN = 1e-3, 2e6
FINEST = 1e-6
"""Float32 tells no more than some ten sums apart within this share of a number."""
NEAREST_LOG_SPAN = 0.5
AIR = 1.2
"""The first plane reaches so much further than the training range."""
FAR_OFF = 3.0
"""A current sum further off than so many times that reach is left outside of the first plane."""
FURTHEST_EVEN = 1e11
"""Even steps never reach further: a tenth of what may be asked."""
BELOW = 1
"""Rows under the plane."""
CELLS_A_POINT = 30
"""One training sum at most is marked for so many cells, so that the picture stays to be seen."""


@dataclass(frozen=True)
class Cells:
    """How a plane is cut: cells across and down, and whether each is halved from top to bottom."""

    columns: int
    rows: int
    halved: bool


@dataclass(frozen=True)
class Viewport:
    """A part of the plane of sums. ``a``, ``b`` and ``span`` are on the axis: logarithms where ``log`` is set."""

    a: float = 0.0
    """The middle."""
    b: float = 0.0
    span: float = math.log10(1 + FURTHEST)
    """From the middle to the edge, before zooming."""
    log: bool = True
    zoom: int = 0
    """How often it was made wider; negative for nearer."""

    @property
    def reach(self) -> float:
        """About how far it goes from the middle to the edge."""
        return self.span * (2.0**self.zoom if self.log else 10 ** (self.zoom / 3))


def first_window(experiment: Experiment, asked: tuple[float, float] | None = None) -> Viewport:
    """The training range and a little more, in even steps, and the sum that is asked unless it lies far off.

    Around a single training sum it reaches from 0 to both sides.
    """
    ranges = experiment.trained_range
    middles = [(low + high) / 2 for low, high in ranges]
    reach = max((high - low) / 2 for low, high in ranges)
    if not reach:
        reach, middles = max(map(abs, middles)) or 1.0, [0.0, 0.0]
    away = max(abs(x - middle) for x, middle in zip(asked or middles, middles, strict=True))
    if away <= FAR_OFF * AIR * reach:
        reach = max(reach, away)
    a, b = (min(FURTHEST_EVEN, max(-FURTHEST_EVEN, middle)) for middle in middles)
    return Viewport(a, b, min(FURTHEST_EVEN, max(_nearest(a, b), AIR * reach)), log=False)


def _nearest(a: float, b: float) -> float:
    """From the middle to the edge at the nearest around a middle, in even steps."""
    return max(NEAREST_SPAN, FINEST * max(abs(a), abs(b)))


def on_axis(x: float, log: bool) -> float:
    """Where the number stands on the axis."""
    return symmetric_log(x) if log else x


def off_axis(u: float, log: bool) -> float:
    """The number that stands there."""
    return symmetric_exp(u) if log else u


@dataclass(frozen=True)
class Ruler:
    """One axis cut into cells: the first cell's place on the axis, and from cell to cell."""

    first: float
    step: float
    cells: int
    log: bool

    @classmethod
    def over(cls, numbers: Doubles, log: bool) -> Ruler:
        """The axis whose cells stand for these numbers."""
        first, last = (on_axis(float(numbers[end]), log) for end in (0, -1))
        return cls(first, (last - first) / (len(numbers) - 1), len(numbers), log)

    def position(self, x: float) -> float:
        """Where a number lies, in cells; a fraction between two of them."""
        return (on_axis(x, self.log) - self.first) / self.step

    def index(self, x: float) -> int:
        """The cell that is nearest to a number; it may lie outside."""
        return round(self.position(x))

    def nearest(self, x: float) -> int:
        """The same of the cells that there are."""
        return min(max(0, self.index(x)), self.cells - 1)

    def place(self, index: int) -> float:
        """A cell's place on the axis, without what float arithmetic leaves at its end."""
        return round(self.first + index * self.step, 12)

    def number(self, index: int) -> float:
        """The number that a cell stands for."""
        return off_axis(self.place(index), self.log)


def rulers(window: Viewport, cells: Cells) -> tuple[Ruler, Ruler]:
    """How a and b are cut, a from the left and b from the top; even steps are round numbers."""

    def ruler(middle: float, count: int, sign: int) -> Ruler:
        before = max(1, (count - 1) // 2)
        if window.log:
            step = window.reach / before
        else:  # the steps 1, 2, 5, 10, … so that sums are round, and each zoom is seen
            step = round_steps(round_up(2 * window.span / max(1, count - 1)), window.zoom)
            middle = round(middle / step) * step
        return Ruler(middle - sign * before * step, sign * step, count, window.log)

    return ruler(window.a, cells.columns, +1), ruler(window.b, cells.rows, -1)


def extent_of(window: Viewport, cells: Cells) -> GridSpec:
    """The grid to ask for: one sum to a cell, or two where cells are halved, the upper being the cell's own."""
    a, b = rulers(window, cells)
    rows = cells.rows * 2 if cells.halved else cells.rows
    below = b.first + (rows - 1) * (b.step / 2 if cells.halved else b.step)

    left, bottom, top = (off_axis(u, window.log) for u in (a.first, below, b.first))
    return GridSpec(left, a.number(a.cells - 1), bottom, top, a.cells, rows, window.log)


def round_steps(value: float, on: int) -> float:
    """So many places further on the scale 1, 2, 5, 10, 20, … from a number of it."""
    exponent = math.floor(math.log10(value) + 1e-9)
    place = round(3 * exponent + (1, 2, 5).index(round(value / 10.0**exponent)) + on)
    return float(f"{(1, 2, 5)[place % 3] * 10.0 ** (place // 3):.6g}")


def zoomed(window: Viewport, cursor: tuple[float, float], by: int) -> Viewport:
    """The window wider by a step, or with ``by`` −1 nearer; what is under the cursor about stays where it is."""
    other = dataclasses.replace(window, zoom=window.zoom + by)
    low, high = _nearest(window.a, window.b), max(WIDEST_SPAN, window.span)
    if window.log:
        low, high = NEAREST_LOG_SPAN, Viewport().span
    if not low <= other.reach <= high:
        return window
    if window.log and other.zoom == 0:
        return Viewport()
    a, b = (on_axis(x, window.log) for x in cursor)
    share = other.reach / window.reach
    a, b = (round(x + (middle - x) * share, 9) for x, middle in ((a, window.a), (b, window.b)))
    return dataclasses.replace(other, a=a, b=b)


def moved(
    window: Viewport, cells: Cells, cursor: tuple[float, float], right: int, down: int
) -> tuple[Viewport, tuple[float, float]]:
    """The cursor so many cells on; where it would leave the window, the window goes along."""

    def on(ruler: Ruler, middle: float, x: float, by: int) -> tuple[float, float]:
        """An axis's middle, and the cursor's place on it."""
        furthest = on_axis(FURTHEST, True)
        if not window.log:
            furthest = 2 * (max(WIDEST_SPAN, window.span) if abs(middle) <= 2 * WIDEST_SPAN else FURTHEST_EVEN)
        at = ruler.nearest(x) + by
        if not by or abs(ruler.place(at)) > furthest + abs(ruler.step) / 2:
            return middle, x
        if not 0 <= at < ruler.cells:
            middle += max(abs(by), ruler.cells // 4) * ruler.step * (1 if by > 0 else -1)
        return middle, ruler.number(at)

    across, along = rulers(window, cells)
    (middle_a, a), (middle_b, b) = on(across, window.a, cursor[0], right), on(along, window.b, cursor[1], down)
    return dataclasses.replace(window, a=middle_a, b=middle_b), (a, b)


def plane_picture(
    levels: Levels, scale: Scale, a: Ruler, b: Ruler, halved: bool, glyphs: Glyphs, *,
    cursor: tuple[int, int] | None, asked: tuple[float, float], trained: tuple[Range, Range], points: Doubles,
) -> tuple[list[Line], int]:  # fmt: skip
    """The picture with its axes, ``LABELS`` columns wider and ``BELOW`` rows higher, and how many sums are marked.

    Args:
        a: of the columns.
        b: of the rows, from the top.
        cursor: the cell under the cross-hair; None where that is on a sum that lies beyond the picture.
        trained: the ranges of both terms that the experiment trains on.
        points: some of its sums ``(k, 2)``.
    """
    heat = HeatMap(levels, scale, halved)
    _frame(heat, a, b, trained, glyphs)
    marked = _points(heat, a, b, points, glyphs)  # over the frame, on which the outermost sums lie
    heat.mark(a.index(asked[0]), b.index(asked[1]), glyphs.current)
    if cursor is not None:
        heat.mark(*cursor, glyphs.cross, "active")
    labels = _labels_left(b, None if cursor is None else cursor[1], glyphs)
    lines = [Line.of(label, line) for label, line in zip(labels, heat.lines(), strict=True)]
    return [*lines, _labels_below(a, None if cursor is None else cursor[0], glyphs)], marked


def _frame(heat: HeatMap, a: Ruler, b: Ruler, trained: tuple[Range, Range], glyphs: Glyphs) -> None:
    (left, right), (bottom, top) = map(a.index, trained[0]), map(b.index, trained[1])
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


def _points(heat: HeatMap, a: Ruler, b: Ruler, points: Doubles, glyphs: Glyphs) -> int:
    """Mark some of the training sums; how many."""
    most = max(1, heat.columns * heat.rows // CELLS_A_POINT)
    picked = points if len(points) <= most else points[np.linspace(0, len(points) - 1, most).astype(int)]
    seen = 0
    for first, second in picked.tolist():
        x, y = a.index(first), b.index(second)
        if 0 <= x < heat.columns and 0 <= y < heat.rows:
            heat.mark(x, y, point_mark(glyphs))
            seen += 1
    return seen


def point_mark(glyphs: Glyphs) -> str:
    """What marks a training sum."""
    return "o" if glyphs.ascii else "∘"


def _ticks(axis: Ruler, most: int, glyphs: Glyphs) -> list[Tick]:
    """At most about ``most`` round numbers between the first cell's and the last's, the most telling ones first."""
    low, high = sorted(map(axis.number, (0, axis.cells - 1)))
    if axis.log:
        stride = 2 if most < 9 else 1
        kept = [0.0, *(s * 10.0**n for n in range(stride, 13, stride) for s in (-1, 1))]
        inside = [Tick(p, short_number(p, glyphs)) for p in kept if low * 1.001 - 1 <= p <= high * 1.001 + 1]
        if len(inside) >= 3:
            return inside
    ticks = ticks_between(low, high, most, glyphs)
    return sorted(ticks, key=lambda tick: (tick.label.startswith("+"), abs(tick.at)))  # +2 is from the one without


def _labels_left(axis: Ruler, chosen: int | None, glyphs: Glyphs) -> list[Line]:
    count = axis.cells
    by_row: dict[int, str] = {}
    for tick in _ticks(axis, max(2, count // 3), glyphs):
        row = axis.index(tick.at)
        if 0 <= row < count and not any(abs(row - other) < 2 for other in by_row):
            by_row[row] = tick.label
    lines = []
    for row in range(count):
        mark: Span = (glyphs.y_tick if row in by_row else glyphs.vertical, "faint")
        name = by_row.get(row, "" if row else "b").rjust(LABELS - 1)[: LABELS - 1]
        lines.append(Line.of((name, "dim"), (glyphs.current, "accent") if row == chosen else mark))
    return lines


def _labels_below(axis: Ruler, chosen: int | None, glyphs: Glyphs) -> Line:
    count = axis.cells
    cells: list[Span] = [(" ", "dim")] * (LABELS + count)
    if chosen is not None:
        cells[LABELS + chosen] = (glyphs.cursor_foot, "accent")
    _write(cells, LABELS - 2, "a")
    ticks = _ticks(axis, max(4, count // 9), glyphs)
    has_steps = any(tick.label.startswith("+") for tick in ticks)
    for tick in ticks:
        middle = LABELS + axis.index(tick.at)
        start = max(LABELS, min(middle - len(tick.label) // 2, LABELS + count - len(tick.label)))
        around = cells[start - 1 : start + len(tick.label) + 1]
        is_base = has_steps and not tick.label.startswith("+")
        if is_base or all(character == " " for character, _ in around):
            _write(cells, start, tick.label)
    return joined(cells)


def _write(cells: list[Span], start: int, text: str) -> None:
    for i, character in enumerate(text, start):
        cells[i] = (character, "dim")


def cells_in(width: int, height: int, halved: bool) -> Cells:
    """The cells of a plane that takes so much room with its axes; an odd number across, so that one is the middle."""
    columns = max(3, width - LABELS)
    return Cells(columns - 1 + columns % 2, max(3, height - BELOW), halved)
