"""Curves as cells, with axes and their ticks around them, and how a chart is looked at: its scale and its part.

plotext rasters the lines, here alone; the axes and all that is filled are our own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from adder_tui.ui.line import Line, Role, Span, joined
from adder_tui.ui.numbers import count, number, round_up, short_number
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
AIR = 1.02
"""A linear axis reaches so much further than its largest value."""
DOTS_ACROSS, DOTS_DOWN = 2, 4
"""A cell is divided into braille's dots; curves of whole characters are drawn in the same cells."""
BLANK = " ⠀"
LABELS = 8
"""Columns left of the plot: a tick's label, and the axis."""
BELOW = 2
"""The axis and its labels."""
SMOOTHED = (0, 10, 100, 1000)
"""Epochs that a moving average goes over; 0 for none."""
LEAST_PART = 4.0
"""Epochs in sight at the nearest."""
NOWHERE = -1 << 40
"""A place in dots for what lies below all of them."""


@dataclass(frozen=True)
class Lens:
    """How a chart is looked at."""

    linear: bool = False
    """The loss on an axis in even steps from 0; else on a log axis."""
    smooth: int = 0
    """Epochs of the moving average beside the raw line, one of :data:`SMOOTHED`."""
    part: tuple[float, float] | None = None
    """The epochs in sight; None for all of them."""

    def span(self, last: float) -> tuple[float, float]:
        """The epochs in sight of a chart that goes to ``last``; all where the part lies beyond it."""
        if self.part is None or self.part[0] >= last:
            return 0.0, last
        return self.part[0], min(self.part[1], last)

    def zoomed(self, by: int, around: float | None, last: float) -> Lens:
        """Half the epochs, or with ``by`` 1 twice as many; ``around`` stays where it is, else the middle does."""
        low, high = self.span(last)
        size = (high - low) * 2.0**by
        if by < 0 and size < min(LEAST_PART, last):
            return self
        around = (low + high) / 2 if around is None else min(high, max(low, around))
        return self._on(around - (around - low) * 2.0**by, size, last)

    def panned(self, parts: float, last: float) -> Lens:
        """The part so many times its own length further on."""
        low, high = self.span(last)
        return self._on(low + parts * (high - low), high - low, last)

    def showing(self, x: float, last: float) -> Lens:
        """The same, gone along as far as it takes for ``x`` to be in sight."""
        low, high = self.span(last)
        if low <= x <= high:
            return self
        return self._on(x - (high - low) / 4 if x < low else x - (high - low) * 3 / 4, high - low, last)

    def _on(self, first: float, size: float, last: float) -> Lens:
        if size >= last:
            return replace(self, part=None)
        first = min(max(0.0, first), last - size)
        return replace(self, part=(first, first + size))

    @property
    def words(self) -> str:
        """What the y axis is."""
        return "linear scale" if self.linear else "log scale"


WHOLE = Lens()


def looked(lens: Lens, way: str, by: float, around: float | None, last: float) -> tuple[Lens, str]:
    """Another look at a chart, by a key that is alike on all of them, and what to say of it.

    Args:
        way: ``scale``, ``smooth``, ``zoom``, ``pan`` or ``whole``.
        by: where to: −1 and 1 for ``zoom`` and ``pan``.
        around: the epoch under the cursor, which a zoom leaves where it is.
        last: where the chart's axis ends.
    """
    if way == "scale":
        lens = replace(lens, linear=not lens.linear)
        return lens, f"The loss on a {lens.words}."
    if way == "smooth":
        lens = replace(lens, smooth=SMOOTHED[(SMOOTHED.index(lens.smooth) + 1) % len(SMOOTHED)])
        return (
            lens,
            f"Beside each loss the mean of {count(lens.smooth)} epochs." if lens.smooth else "The loss as it is.",
        )
    if way == "whole":
        return replace(lens, part=None), "All epochs."
    there = lens.zoomed(int(by), around, last) if way == "zoom" else lens.panned(by / 2, last)
    if there == lens:
        edge = {"zoom": "as near as it goes" if by < 0 else "all there is", "pan": "where the chart ends"}[way]
        return lens, f"This is {edge}." if lens.part or way == "zoom" else "All epochs are in sight: + goes nearer."
    low, high = there.span(last)
    return there, f"Epochs {count(math.ceil(low))} to {count(math.floor(high))}." if there.part else "All epochs."


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
    if high > 300:  # beyond what float64 holds
        return [Tick(float(d), _power(d, glyphs)) for d in decades]
    ticks = ticks_between(10**low, 10**high, max(2, most - 1), glyphs)
    return [Tick(math.log10(tick.at), tick.label) for tick in ticks if tick.at > 0]


def _power(exponent: int, glyphs: Glyphs) -> str:
    return f"1e{glyphs.minus if exponent < 0 else ''}{abs(exponent)}"


def ticks_between(low: float, high: float, most: int, glyphs: Glyphs, least: float = 0.0) -> list[Tick]:
    """Round numbers from low to high, at most about ``most``, and so few that exact labels have room.

    Where no two exact ones have, the first is rounded and the others tell how much further on they are: ``+0.02``.

    Args:
        least: the smallest step; 1 for what is counted.
    """
    found: list[Tick] = []
    for dense in (most, 2 * most, 4 * most):
        if len(exact := _exact(low, high, dense, glyphs, least)) > len(found):
            found = exact
        if len(found) > 1 or least:
            return found
    fewer = (_offsets(low, high, dense, glyphs) for dense in (4 * most, 2 * most, most, 2.5))  # one or two of a digit
    return next(filter(None, fewer), found)


def _exact(low: float, high: float, most: int, glyphs: Glyphs, least: float) -> list[Tick]:
    """Ticks whose labels are exact: the smallest steps that give them room, or the most that there are."""
    step = max(least, round_up((high - low) / max(1, most)))
    found: list[Tick] = []
    while step <= 2 * max(high - low, abs(low), abs(high)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        places = [float(f"{n * step:.12g}") for n in range(first, last + 1)]
        labels = _labels(places, step, glyphs)
        if len(labels) > len(found):
            found = [Tick(place, label) for place, label in zip(places, labels, strict=True)]
        if len(found) > 1:
            break
        step = round_up(step * 1.1)
    return found


def _offsets(low: float, high: float, most: float, glyphs: Glyphs) -> list[Tick]:
    """The low end rounded, and round steps from it; none where float64 has no digits left for them."""
    step = round_up((high - low) / max(1, most))
    places = [n * step for n in range(1, math.floor((high - low) / step + 1e-9) + 1)]
    labels = _labels(places, step, glyphs, LABELS - 1)
    if not labels or low + step == low:
        return []
    parts = [f"{low:.{digits}e}".split("e") for digits in range(3, -1, -1)]
    forms = [number(low, glyphs, digits) for digits in range(LABELS, 0, -1)]
    forms += [f"{mantissa}e{int(power)}".replace("-", glyphs.minus) for mantissa, power in parts]
    first = next((form for form in forms if len(form) < LABELS), forms[-1])
    return [Tick(low, first), *(Tick(low + p, f"+{label}") for p, label in zip(places, labels, strict=True))]


def _labels(places: Sequence[float], step: float, glyphs: Glyphs, room: int = LABELS) -> list[str]:
    """What the ticks are called, all in the shortest form that is exact; empty where none has room."""
    if not places:
        return []
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    forms = [[short_number(place, glyphs) for place in places]]
    forms += [
        [f"{place:{comma}.{decimals}f}".replace("-", glyphs.minus) for place in places]
        for comma in (",", "") if decimals < LABELS
    ]  # fmt: skip
    forms += [[number(place, glyphs, digits) for place in places] for digits in range(1, LABELS)]

    def will_do(form: list[str]) -> bool:
        pairs = [(told(label), place) for label, place in zip(form, places, strict=True)]
        exact = all(math.isclose(said, place, rel_tol=1e-9) for said, place in pairs)
        apart = all(abs(said - place) <= max(step / 1_000, math.ulp(place)) for said, place in pairs)
        return exact and apart and len({*form}) == len(form) and all(len(label) < room for label in form)

    return next((form for form in forms if will_do(form)), [])


def told(label: str) -> float:
    """The number that an axis's label tells."""
    return float(label.replace(",", "").replace("−", "-").replace("k", "e3").replace("M", "e6"))


@dataclass(frozen=True)
class Curve:
    """Points to be joined."""

    x: Doubles
    y: Doubles
    """In the axis's own coordinates: log10 on a log axis, where −inf stands for a loss of 0."""
    role: Role
    marker: str = ""
    """The character that it is drawn with; fine dots where none is given."""
    label: str = ""
    """A character put at its end."""
    bold: bool = False
    """Two dots wide."""
    cut: bool = False
    """It does not set the scale: where it leaves the frame it is cut off, and marked."""
    down_to: Doubles | None = None
    """Where given, what lies between ``y`` and this is filled."""


def fine_curve(
    x: Doubles, values: Doubles, columns: int, span: tuple[float, float], lens: Lens, role: Role, marker: str = "", *,
    bold: bool = False, cut: bool = False,
) -> Curve | None:  # fmt: skip
    """A curve of what an axis can show of losses within a span of epochs, thinned; None where that is nothing."""
    import numpy as np

    seen = in_span(x, np.isfinite(values) & (values >= 0), span)
    if not seen.any():
        return None
    y = _on_axis(values[seen], lens)
    return Curve(*thin(x[seen], y, columns, span), role, marker, bold=bold, cut=cut)


def band(
    x: Doubles, low: Doubles, high: Doubles, columns: int, span: tuple[float, float], lens: Lens, role: Role
) -> Curve | None:
    """The same for a range of losses at each place, filled; a loss beyond all numbers is left out."""
    import numpy as np

    seen = in_span(x, np.isfinite(low) & np.isfinite(high) & (low >= 0), span)
    if not seen.any():
        return None
    at = x[seen]
    starts = _starts(at, DOTS_ACROSS * columns, span)
    least, most = np.minimum.reduceat(low[seen], starts), np.maximum.reduceat(high[seen], starts)
    return Curve(at[starts], _on_axis(most, lens), role, down_to=_on_axis(least, lens))


def in_span(x: Doubles, fine: NDArray[np.bool_], span: tuple[float, float]) -> NDArray[np.bool_]:
    """Which points are fine and within a span, or next to one that is, so that lines run on to the edge."""
    import numpy as np

    places = np.flatnonzero(fine)
    inside = (x[places] >= span[0]) & (x[places] <= span[1])
    if not inside.any():
        # A line may cross the span between two points of a thinned history.
        after = int(np.searchsorted(x[places], span[0]))
        inside[max(0, after - 1) : after + 1] = 0 < after < len(places)
    near = inside.copy()
    near[1:] |= inside[:-1]
    near[:-1] |= inside[1:]
    seen = np.zeros(len(x), dtype=bool)
    seen[places[near]] = True
    return seen


def _on_axis(values: Doubles, lens: Lens) -> Doubles:
    import numpy as np

    if lens.linear:
        return values
    with np.errstate(divide="ignore"):
        logs: Doubles = np.log10(values)
    return logs


def _starts(x: Doubles, columns: int, span: tuple[float, float]) -> NDArray[np.int64]:
    """Where each column's points begin."""
    import numpy as np

    column = np.clip((x - span[0]) / (span[1] - span[0]) * columns, -1, columns).astype(int)
    column[x == span[1]] = columns - 1
    return np.flatnonzero(np.diff(column, prepend=-2))


def thin(x: Doubles, y: Doubles, columns: int, span: tuple[float, float]) -> tuple[Doubles, Doubles]:
    """At most two points a column: each column's lowest and highest, in the order in which they came."""
    import numpy as np

    if len(x) <= 2 * columns:
        return x, y
    starts = _starts(x, columns, span)
    kept: list[int] = []
    for start, stop in zip(starts, [*starts[1:], len(x)], strict=True):
        kept += sorted({start + int(y[start:stop].argmin()), start + int(y[start:stop].argmax())})
    return x[np.asarray(kept)], y[np.asarray(kept)]


def smoothed(x: Doubles, values: Doubles, epochs: int) -> Doubles:
    """The mean of the values at the last ``epochs`` epochs up to each; losses beyond all numbers are left out."""
    import numpy as np

    fine = np.isfinite(values)
    if not len(x):
        return values
    first = np.searchsorted(x, x - epochs, side="right")
    pairs = np.column_stack([first, np.arange(1, len(x) + 1)]).ravel()
    sums = np.add.reduceat(np.append(np.where(fine, values, 0.0), 0.0), pairs)[::2]
    known = np.add.reduceat(np.append(fine, False).astype(float), pairs)[::2]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Doubles = np.where(known > 0, sums / known, np.nan)
    return mean


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


def column_of(value: float, span: tuple[float, float], columns: int) -> int:
    """The column in which a value is drawn, from the left; outside the plot where it is outside the range."""
    return _dot(value, span, columns * DOTS_ACROSS) // DOTS_ACROSS


def row_of(value: float, span: tuple[float, float], rows: int) -> int:
    """The row in which a value is drawn, from the top; outside the plot where it is outside the range."""
    return rows - 1 - _dot(value, span, rows * DOTS_DOWN) // DOTS_DOWN


def _dot(value: float, span: tuple[float, float], dots: int) -> int:
    """The dot nearest to a value: the first lies on the range's low end, the last on its high end."""
    if math.isinf(value):
        return NOWHERE if value < 0 else -NOWHERE
    return math.floor(round(0.5 + (dots - 1) * ((value - span[0]) / (span[1] - span[0])), 8))


def raster(
    curves: Sequence[Curve], x: tuple[float, float], y: tuple[float, float], columns: int, rows: int, glyphs: Glyphs
) -> list[list[Span]]:
    """The curves as cells, ``rows`` lists of ``columns`` (character, role) pairs; later ones lie over earlier ones.

    plotext draws the lines, over all that is filled. What is 0 on a log axis lies on its lowest dots.
    """
    cells: list[list[Span]] = [[(" ", "text")] * columns for _ in range(rows)]
    strokes: list[_Stroke] = []
    marks: list[tuple[int, int, Span]] = []
    for curve in curves:
        marker = curve.marker or glyphs.marker
        fine = marker == "braille"
        across = [_dot(v, x, columns * DOTS_ACROSS) for v in curve.x.tolist()]
        up = [_dot(v, y, rows * DOTS_DOWN) for v in curve.y.tolist()]
        if not curve.cut:
            up = [0 if v == NOWHERE else v for v in up]
        if curve.down_to is not None:
            down = [_dot(v, y, rows * DOTS_DOWN) for v in curve.down_to.tolist()]
            dots = _filled(across, up, down, (columns * DOTS_ACROSS, rows * DOTS_DOWN))
            _ink(cells, dots, curve.role, marker if fine else glyphs.band)
            continue
        cell = (1, 1) if fine else (DOTS_ACROSS, DOTS_DOWN)
        points = [(a // cell[0], b // cell[1]) for a, b in zip(across, up, strict=True)]
        size = (columns * DOTS_ACROSS // cell[0], rows * DOTS_DOWN // cell[1])
        inside, left = _within(points, size)
        strokes.append(_Stroke(inside, size, marker, curve.role, curve.bold and fine))
        if curve.cut:
            at = DOTS_ACROSS if fine else 1
            marks += [(column // at, -below, (beyond_mark(glyphs)[below], curve.role)) for column, below in left]
        if curve.label and across:
            column = max(0, min(columns - 1, across[-1] // DOTS_ACROSS))
            marks.append((column, max(0, min(rows - 1, rows - 1 - up[-1] // DOTS_DOWN)), (curve.label, curve.role)))
    _drawn(cells, strokes)
    for column, row, mark in marks:
        cells[row][column] = mark
    return cells


def beyond_mark(glyphs: Glyphs) -> str:
    """Two characters that mark where a curve leaves the frame: above, below."""
    return "^v" if glyphs.ascii else "↑↓"


Dot = tuple[int, int]
_BRAILLE = ((0x40, 0x80), (0x04, 0x20), (0x02, 0x10), (0x01, 0x08))
"""A dot's bit by its row from the bottom and its column."""
_SGR = re.compile(r"\x1b\[([0-9;]*)m")


@dataclass(frozen=True)
class _Stroke:
    """A line as plotext gets it: its parts within the frame, in dots of a plot of ``size``."""

    parts: list[list[Dot]]
    size: Dot
    marker: str
    role: Role
    bold: bool


def _drawn(cells: list[list[Span]], strokes: Sequence[_Stroke]) -> None:
    """Put lines into cells as plotext draws them; its colours 1, 2, 3 and on tell which line a cell shows."""
    import plotext

    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.plotsize(len(cells[0]), len(cells))
    plotext.frame(False)
    plotext.xfrequency(0)
    plotext.yfrequency(0)
    plotext.axes_color("default")
    plotext.canvas_color("default")
    plotext.xlim(0, 1)
    plotext.ylim(0, 1)
    for i, stroke in enumerate(strokes, 1):
        wide, high = (max(1, n - 1) for n in stroke.size)
        for part in stroke.parts:
            plotext.plot([a / wide for a, _ in part], [b / high for _, b in part], marker=stroke.marker, color=i)
    built: str = plotext.build() if any(stroke.parts for stroke in strokes) else ""
    plotext.clear_figure()
    for row, text in zip(cells, built.split("\n"), strict=False):
        column, colour = 0, 0
        for sgr, characters in zip(*[iter(["", *_SGR.split(text)])] * 2, strict=True):
            if sgr:
                colour = int(sgr[5:]) if sgr.startswith("38;5;") else 0
            for character in characters[: len(row) - column]:
                if colour:
                    stroke = strokes[colour - 1]
                    row[column] = (_over(row[column][0], character, bold=stroke.bold), stroke.role)
                column += 1


def _over(there: str, character: str, *, bold: bool) -> str:
    """A line's character over what is there: dots come together, and a bold line gets two dots for each.

    The other dot lies in the same cell, so that the line says no other value.
    """
    bits = ord(character) - 0x2800
    if not 0 <= bits < 256:
        return character
    if bold:
        inked = [(row, side) for row in range(DOTS_DOWN) for side in (0, 1) if bits & _BRAILLE[row][side]]
        steep = len({side for _, side in inked}) < len(inked)
        for row, side in inked:
            bits |= _BRAILLE[row][1 - side] if steep else _BRAILLE[row - 1 if row == DOTS_DOWN - 1 else row + 1][side]
    return chr(0x2800 | bits | (ord(there) - 0x2800 if "⠀" <= there <= "⣿" else 0))


def _ink(cells: list[list[Span]], dots: set[Dot], role: Role, marker: str) -> None:
    """Put dots, counted from the lower left, into their cells; braille's come to those that are there."""
    rows = len(cells)
    for a, b in dots:
        if marker != "braille":
            cells[rows - 1 - b // DOTS_DOWN][a // DOTS_ACROSS] = (marker, role)
            continue
        row, column = rows - 1 - b // DOTS_DOWN, a // DOTS_ACROSS
        bit = chr(0x2800 | _BRAILLE[b % DOTS_DOWN][a % DOTS_ACROSS])
        cells[row][column] = (_over(cells[row][column][0], bit, bold=False), role)


def _within(points: Sequence[Dot], size: Dot) -> tuple[list[list[Dot]], list[tuple[int, bool]]]:
    """What of a line through points lies in the frame, and where it leaves it: the column, and whether below."""
    parts: list[list[Dot]] = []
    left: list[tuple[int, bool]] = []
    segments: Iterator[tuple[Dot, Dot]] = pairwise(points) if len(points) > 1 else iter([(p, p) for p in points])
    for start, stop in segments:
        clipped = _clipped(start, stop, size)
        if clipped is not None:
            if parts and parts[-1][-1] == clipped[0]:
                parts[-1].append(clipped[1])
            else:
                parts.append([*clipped])
        for (x, y), near in ((start, 0), (stop, 1)):
            if not 0 <= y < size[1]:
                column = clipped[near][0] if clipped is not None else x
                if 0 <= column < size[0] and not any(abs(column - c) < 3 and low == (y < 0) for c, low in left):
                    left.append((column, y < 0))
    return parts, left


def _clipped(start: Dot, stop: Dot, size: Dot) -> tuple[Dot, Dot] | None:
    """What of a line lies within the frame, by Liang and Barsky; None where nothing does."""
    if all(0 <= x < size[0] and 0 <= y < size[1] for x, y in (start, stop)):
        return start, stop
    first, last = 0.0, 1.0
    for axis in (0, 1):
        change = stop[axis] - start[axis]
        for step, room in ((-change, start[axis]), (change, size[axis] - 1 - start[axis])):
            if step == 0:
                if room < 0:
                    return None
            elif step < 0:
                first = max(first, room / step)
            else:
                last = min(last, room / step)
    if first > last:
        return None

    def at(share: float) -> Dot:
        x, y = (start[axis] + (stop[axis] - start[axis]) * share for axis in (0, 1))
        return max(0, min(size[0] - 1, round(x))), max(0, min(size[1] - 1, round(y)))

    return at(first), at(last)


def _filled(across: Sequence[int], up: Sequence[int], down: Sequence[int], size: Dot) -> set[Dot]:
    """Every second dot between two edges within the frame, from the first point to the last."""
    import numpy as np

    at = np.arange(max(0, across[0]), min(size[0] - 1, across[-1]) + 1)
    clipped = (np.clip(edge, 0, size[1] - 1) for edge in (up, down))
    tops, bottoms = (np.interp(at, across, edge).round().astype(int).tolist() for edge in clipped)
    edges = zip(at.tolist(), bottoms, tops, strict=True)
    return {(x, y) for x, low, high in edges for y in range(low, high + 1) if (x + y) % 2 == 0 or low == high}


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
    cells = raster(curves, span, scale.span, columns, rows, glyphs)
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
