"""Curves thinned to a chart's columns, and drawn into its cells.

plotext rasters the lines, here alone; all that is filled is our own.
"""

from __future__ import annotations

import math
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from adder_tui.ui.axis import Lens
from adder_tui.ui.line import Role, Span
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from adder_engine.snapshot import Doubles


DOTS_ACROSS, DOTS_DOWN = 2, 4
"""A cell is divided into braille's dots; curves of whole characters are drawn in the same cells."""
TURNS = 4
"""Of so many columns in which lines lie in the same cells, each line below gets one."""
NOWHERE = -1 << 40
"""A place in dots for what lies below all of them."""


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
    label: str = "", bold: bool = False, cut: bool = False,
) -> list[Curve]:  # fmt: skip
    """A curve of what an axis can show of losses within a span of epochs, thinned; none where that is nothing."""
    import numpy as np

    seen = in_span(x, np.isfinite(values) & (values >= 0), span)
    if not seen.any():
        return []
    y = _on_axis(values[seen], lens)
    return [Curve(*thin(x[seen], y, columns, span), role, marker, label, bold, cut)]


def band(
    x: Doubles, low: Doubles, high: Doubles, columns: int, span: tuple[float, float], lens: Lens, role: Role
) -> list[Curve]:
    """The same for a range of losses at each place, filled; a loss beyond all numbers is left out."""
    import numpy as np

    seen = in_span(x, np.isfinite(low) & np.isfinite(high) & (low >= 0), span)
    if not seen.any():
        return []
    at = x[seen]
    starts = _starts(at, DOTS_ACROSS * columns, span)
    least, most = np.minimum.reduceat(low[seen], starts), np.maximum.reduceat(high[seen], starts)
    return [Curve(at[starts], _on_axis(most, lens), role, down_to=_on_axis(least, lens))]


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
    """The mean of the values at the last ``epochs`` epochs up to each, for 0 themselves; infinite ones are left out."""
    import numpy as np

    fine = np.isfinite(values)
    if not len(x) or not epochs:
        return values
    first = np.searchsorted(x, x - epochs, side="right")
    pairs = np.column_stack([first, np.arange(1, len(x) + 1)]).ravel()
    sums = np.add.reduceat(np.append(np.where(fine, values, 0.0), 0.0), pairs)[::2]
    known = np.add.reduceat(np.append(fine, False).astype(float), pairs)[::2]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Doubles = np.where(known > 0, sums / known, np.nan)
    return mean


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
    curves: Sequence[Curve], x: tuple[float, float], y: tuple[float, float], columns: int, rows: int, glyphs: Glyphs,
    *, floor: bool = False,
) -> list[list[Span]]:  # fmt: skip
    """The curves as cells, ``rows`` lists of ``columns`` (character, role) pairs; later ones lie over earlier ones.

    plotext draws the lines, over all that is filled. What is 0 on a log axis lies on its lowest dots.

    Args:
        floor: the lowest row stands for 0, of curves that are cut off too; else those leave the frame there.
    """
    cells: list[list[Span]] = [[(" ", "text")] * columns for _ in range(rows)]
    lines: list[Inked] = []
    marks: list[tuple[int, int, Span]] = []
    for curve in curves:
        marker = curve.marker or glyphs.marker
        fine = marker == "braille"
        across = [_dot(v, x, columns * DOTS_ACROSS) for v in curve.x.tolist()]
        up = [_dot(v, y, rows * DOTS_DOWN) for v in curve.y.tolist()]
        if floor or not curve.cut:
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
        lines.append((_inked(tuple(map(tuple, inside)), size, marker, rows, columns), curve.role, curve.bold and fine))
        if curve.cut:
            at = DOTS_ACROSS if fine else 1
            marks += [(column // at, -below, (beyond_mark(glyphs)[below], curve.role)) for column, below in left]
        if curve.label and across:
            column = max(0, min(columns - 1, across[-1] // DOTS_ACROSS))
            marks.append((column, max(0, min(rows - 1, rows - 1 - up[-1] // DOTS_DOWN)), (curve.label, curve.role)))
    _draw(cells, lines)
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
_FIGURE = threading.Lock()
"""plotext has one figure; charts are drawn in several threads."""


Inked = tuple[Mapping[Dot, str], Role, bool]
"""A line's characters by row and column, what it is, and whether it is bold."""


def _draw(cells: list[list[Span]], lines: Sequence[Inked]) -> None:
    """Put lines into cells, each over those before it.

    Where lines lie in the same cells for a while, those below are seen in one column of four each; faint ones are not.
    """
    there: dict[Dot, list[int]] = {}
    for i, (ink, _, _) in enumerate(lines):
        for place in ink:
            there.setdefault(place, []).append(i)
    shown: dict[Dot, int] = {}
    for place, own in there.items():
        below = [i for i in own[:-1] if lines[i][1] != "faint"]
        turn = place[1] % max(TURNS, len(below) + 1)
        shown[place] = below[turn] if turn < len(below) else own[-1]
    cells_of = Counter(shown.values())
    for i, (ink, role, _) in enumerate(lines):
        if role != "faint" and not cells_of[i]:
            free = next((at for at in sorted(ink, key=lambda at: at[1]) if cells_of[shown[at]] > 1), None)
            if free is not None:
                cells_of.subtract([shown[free]])
                cells_of.update([i])
                shown[free] = i
    for (row, column), i in shown.items():
        ink, role, bold = lines[i]
        cells[row][column] = (_over(cells[row][column][0], ink[row, column], bold=bold), role)


@lru_cache(maxsize=16)
def _inked(parts: tuple[tuple[Dot, ...], ...], size: Dot, marker: str, rows: int, columns: int) -> Mapping[Dot, str]:
    """What plotext draws of a line: its characters by row and column.

    Most of a long run's pictures have the same dots as the one before.
    """
    if not any(parts):
        return {}
    import plotext

    wide, high = (max(1, n - 1) for n in size)
    with _FIGURE:
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
        for part in parts:
            plotext.plot([a / wide for a, _ in part], [b / high for _, b in part], marker=marker, color=1)
        built: str = plotext.build()
    found: dict[Dot, str] = {}
    for row, text in enumerate(built.split("\n")[:rows]):
        column, coloured = 0, False
        for sgr, characters in zip(*[iter(["", *_SGR.split(text)])] * 2, strict=True):
            if sgr:
                coloured = sgr.startswith("38;5;")
            for character in characters[: columns - column]:
                if coloured:
                    found[row, column] = character
                column += 1
    return found


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
    for a, b in dots:
        row, column, character = len(cells) - 1 - b // DOTS_DOWN, a // DOTS_ACROSS, marker
        if marker == "braille":
            bit = chr(0x2800 | _BRAILLE[b % DOTS_DOWN][a % DOTS_ACROSS])
            character = _over(cells[row][column][0], bit, bold=False)
        cells[row][column] = (character, role)


def _within(points: Sequence[Dot], size: Dot) -> tuple[list[list[Dot]], list[tuple[int, bool]]]:
    """What of a line through points lies in the frame, and where it leaves it: the column, and whether below.

    Of a line that is nowhere in the frame one place is told.
    """
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
            for (column, _), (_, y) in zip(clipped, (start, stop), strict=True):
                if not 0 <= y < size[1] and not any(abs(column - c) < 3 and low == (y < 0) for c, low in left):
                    left.append((column, y < 0))
    if not parts:
        left = [(x, y < 0) for x, y in points if 0 <= x < size[0]][:1]
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
