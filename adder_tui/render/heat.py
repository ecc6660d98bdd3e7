"""Heat maps: numbers as levels, levels as characters on coloured grounds.

Each character tells its level by itself: strokes that lie flat for minus, crossed ones for plus, more ink for more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from adder_tui.render.axes import short_count
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, Role, Span, Tone, joined
from adder_tui.render.numbers import number
from adder_tui.render.plane_window import round_up

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Levels = NDArray[np.int64]

Scale = Literal["sign", "size"]

SIGNS = "=~-.+*#"
"""Characters of the levels −3 to 3."""
SIZES = " .:*%#"
"""Characters of the levels 0 to 5."""
UNKNOWN = 99
"""Level of what is no number."""
HALF = "▀"


def sign_steps(largest: float, log: bool) -> tuple[float, float, float]:
    """The sizes at which the levels 1, 2 and 3 begin, round numbers: far apart for a plane in log steps."""
    if log:
        top = 10.0 ** math.ceil(math.log10(largest) - 1e-9) if largest > 0 and math.isfinite(largest) else 1.0
        return top / 1e5, top / 1e3, top / 10
    top = round_up(largest)
    return top / 20, top / 5, top / 2


def size_steps(largest: float, log: bool) -> tuple[float, ...]:
    """The sizes at which the levels 1 to 5 begin."""
    if log:
        top = 10.0 ** math.ceil(math.log10(largest) - 1e-9) if largest > 0 and math.isfinite(largest) else 1.0
        return tuple(top / 10**n for n in (5, 4, 3, 2, 1))
    top = round_up(largest)
    return top / 20, top / 10, top / 5, top / 2, top * 3 / 4


def sign_levels(values: Doubles, steps: Sequence[float]) -> Levels:
    """Levels −3 to 3 by sign and size; what is no number is UNKNOWN."""
    levels = (np.sign(np.nan_to_num(values)) * np.searchsorted(steps, np.abs(values), side="right")).astype(np.int64)
    levels[np.isnan(values)] = UNKNOWN
    return levels


def size_levels(values: Doubles, steps: Sequence[float]) -> Levels:
    """Levels 0 to 5 by size."""
    levels = np.searchsorted(steps, np.abs(values), side="right").astype(np.int64)
    levels[np.isnan(values)] = UNKNOWN
    return levels


def largest_size(values: Doubles) -> float:
    """The largest finite size."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0


@lru_cache(maxsize=512)
def _cell(scale: Scale, upper: int, lower: int) -> Span:
    if upper == UNKNOWN or lower == UNKNOWN:
        return "?", "faint"
    if upper != lower:
        return HALF, Tone(scale, upper, lower)
    return (SIGNS[upper + 3] if scale == "sign" else SIZES[upper]), Tone(scale, upper, lower)


class HeatMap:
    """A picture of levels, one cell to a character; with ``halved`` two rows of levels share a cell.

    Where both halves are alike the cell shows their character, else half a block in their two colours.
    """

    def __init__(self, levels: Levels, scale: Scale, halved: bool) -> None:
        rows: list[list[int]] = levels.tolist()
        pairs = zip(rows[::2], rows[1::2], strict=True) if halved else zip(rows, rows, strict=True)
        self.cells: list[list[Span]] = [
            [_cell(scale, u, w) for u, w in zip(upper, lower, strict=True)] for upper, lower in pairs
        ]
        self.columns = len(rows[0]) if rows else 0
        self.rows = len(self.cells)

    def mark(self, x: int, y: int, character: str, role: Role | None = None) -> None:
        """Put a character into a cell: on its own ground, or in a role's colours."""
        if not (0 <= x < self.columns and 0 <= y < self.rows):
            return
        ground = self.cells[y][x][1]
        if role is None and isinstance(ground, Tone):
            role = Tone(ground.scale, ground.upper, ground.lower, marked=True)
        self.cells[y][x] = (character, role or "strong")

    def lines(self) -> list[Line]:
        """The picture as lines of ``columns`` columns."""
        return [joined(row) for row in self.cells]


def sign_legend(steps: Sequence[float], glyphs: Glyphs, width: int) -> Line:
    """Every character with the size at which it begins, minus at the left."""
    ends = [f"{glyphs.minus}{short_number(step, glyphs)}" for step in reversed(steps)]
    return _legend(SIGNS, [*ends, "0", *(f"+{short_number(step, glyphs)}" for step in steps)], "sign", -3, width)


def size_legend(steps: Sequence[float], glyphs: Glyphs, width: int) -> Line:
    """Every character with the size at which it begins."""
    return _legend(SIZES, [short_number(step, glyphs) for step in (0.0, *steps)], "size", 0, width)


def _legend(characters: str, names: Sequence[str], scale: Scale, first: int, width: int) -> Line:
    """Swatches with their names; where there is little room they are one character wide."""
    wide = sum(map(len, names)) + 5 * len(names) - 2 <= width
    line = Line()
    for level, (character, name) in enumerate(zip(characters, names, strict=True), first):
        swatch = f" {character} " if wide else character
        gap = "" if level == first else "  " if wide else " "
        line = Line.of(line, gap, (swatch, Tone(scale, level, level)), (name, "dim"))
    return line


def range_text(low: float, high: float, glyphs: Glyphs) -> str:
    """``0 to 100``, ``0.12 to 98.7``; of one number alone itself."""
    shown = [short_number(float(f"{x:.3g}"), glyphs) for x in (low, high)]
    return shown[0] if low == high else " to ".join(shown)


def ranges_text(a: tuple[float, float], b: tuple[float, float], glyphs: Glyphs) -> str:
    """Both terms' ranges: ``0 to 100`` where they are alike, else ``a 0 to 10, b 50 to 100``."""
    if a == b:
        return range_text(*a, glyphs)
    return f"a {range_text(*a, glyphs)}, b {range_text(*b, glyphs)}"


def short_number(value: float, glyphs: Glyphs) -> str:
    """A round number in few characters: ``0.5``, ``2,000``, ``50k``, ``1M``, with its minus."""
    sign = glyphs.minus if value < 0 else ""
    size = abs(value)
    if size >= 1 and size == round(size):
        return sign + (short_count(round(size)) if size < 1e9 else number(size, glyphs, 2))
    return sign + (f"{size:.3g}" if size == 0 or size >= 1e-3 else number(size, glyphs, 2))
