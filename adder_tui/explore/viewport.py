"""Which sums a plane shows: its middle, how far it reaches, and the cells that it is cut into."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from adder_engine.analysis.results import GridSpec, symmetric_exp, symmetric_log
from adder_engine.experiment import Experiment

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

    def index(self, u: float) -> int:
        """The cell that is nearest to a place on the axis; it may lie outside."""
        return round((u - self.first) / self.step)

    def place(self, index: int) -> float:
        """A cell's place on the axis, without what float arithmetic leaves at its end."""
        return round(self.first + index * self.step, 12)


def rulers(window: Viewport, cells: Cells) -> tuple[Ruler, Ruler]:
    """How a and b are cut, a from the left and b from the top; even steps are round numbers."""

    def ruler(middle: float, count: int, sign: int) -> Ruler:
        before = max(1, (count - 1) // 2)
        if window.log:
            step = window.reach / before
        else:  # the steps 1, 2, 5, 10, … so that sums are round, and each zoom is seen
            step = round_steps(round_up(2 * window.span / max(1, count - 1)), window.zoom)
            middle = round(middle / step) * step
        return Ruler(middle - sign * before * step, sign * step, count)

    return ruler(window.a, cells.columns, +1), ruler(window.b, cells.rows, -1)


def extent_of(window: Viewport, cells: Cells) -> GridSpec:
    """The grid to ask for: one sum to a cell, or two where cells are halved, the upper being the cell's own."""
    a, b = rulers(window, cells)
    rows = cells.rows * 2 if cells.halved else cells.rows
    below = b.first + (rows - 1) * (b.step / 2 if cells.halved else b.step)

    def out(u: float) -> float:
        return off_axis(u, window.log)

    return GridSpec(out(a.first), out(a.place(a.cells - 1)), out(below), out(b.first), a.cells, rows, window.log)


def round_up(value: float) -> float:
    """The next number of 1, 2 or 5 times a power of ten."""
    if not value > 0 or not math.isfinite(value):
        return 1.0
    scale = 10.0 ** math.floor(math.log10(value))
    found = next(m for m in (1, 2, 5, 10) if m * scale >= value * (1 - 1e-9))
    return float(f"{found * scale:.6g}")


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
    across, along = rulers(window, cells)
    middle_a, a = _moved(window, across, window.a, cursor[0], right)
    middle_b, b = _moved(window, along, window.b, cursor[1], down)
    return dataclasses.replace(window, a=middle_a, b=middle_b), (a, b)


def _moved(window: Viewport, ruler: Ruler, middle: float, x: float, by: int) -> tuple[float, float]:
    if not by:
        return middle, x
    furthest = on_axis(FURTHEST, True)
    if not window.log:
        furthest = 2 * (max(WIDEST_SPAN, window.span) if abs(middle) <= 2 * WIDEST_SPAN else FURTHEST_EVEN)
    at = min(max(0, ruler.index(on_axis(x, window.log))), ruler.cells - 1) + by
    place = ruler.place(at)
    if abs(place) > furthest + abs(ruler.step) / 2:
        return middle, x
    if not 0 <= at < ruler.cells:
        pan = max(abs(by), ruler.cells // 4) * (1 if by > 0 else -1)
        middle += pan * ruler.step
    return middle, off_axis(place, window.log)
