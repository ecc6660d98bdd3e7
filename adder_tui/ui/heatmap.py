"""Numbers as cells: columns of figures, lines of braille dots, a sheet to draw on, levels on coloured grounds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from adder_engine.language import tr
from adder_tui.ui.line import Line, Role, Span, Tone, joined
from adder_tui.ui.numbers import before_point, number, role_of, round_up, short_number, spelled
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from adder_engine.snapshot import Doubles, Floats

    Levels = NDArray[np.int64]


BEFORE, AFTER = 5, 7
"""Columns before the decimal point (a sign and four digits), and from the point on."""
CELL = BEFORE + AFTER
LEAST_SHADE = 0.02
"""Share of the largest size below which a number has no shade."""
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLANK = 0x2800
Scale = Literal["sign", "size"]

SIGNS = "=~-.+*#"
"""Characters of the levels −3 to 3."""
PLANE = ".:@"
"""What lies around the training range, the range, and the current sum."""
SIZES = " .:*%#"
"""Characters of the levels 0 to 5."""
UNKNOWN = 99
"""Level of what is no number."""
LEGENDS = ((" {} ", "  "), ("{} ", "  "), ("{} ", " "), ("{}", " "))
"""A swatch, before its name, and what parts it from the name before: the roomiest that fits is taken."""
HALF = "▀"
QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"
"""Quarters of a block: upper left 1, upper right 2, lower left 4, lower right 8."""


def cell(
    value: float | None, glyphs: Glyphs, before: int = BEFORE, after: int = AFTER, sign: bool = False
) -> str:  # fmt: skip
    """``value`` in ``before + after`` columns, its decimal point always in the same one.

    Six significant digits where they fit, four at least unless the exponent has three characters:
    ``-4793.55``, ``0.540588``, ``1.234e−5``. None shows as a dash; ``sign`` shows a plus too where there is room.
    """
    text = _written(value, glyphs, before, after)
    head = before_point(text)
    plus = "+" if sign and value is not None and value > 0 and len(head) < before else ""
    return (plus + head).rjust(before) + text[len(head) :][:after].ljust(after)


def _written(value: float | None, glyphs: Glyphs, before: int, after: int) -> str:
    if not value or not math.isfinite(value):
        return number(value, glyphs)
    minus, size, most = glyphs.minus if value < 0 else "", abs(value), after - 2
    exponent = int(f"{size:.{most}e}".split("e")[1])
    if -4 < exponent < before - 1:
        return f"{minus}{size:.{max(0, min(after - 1, most - exponent))}f}"
    for decimals in range(most, -1, -1):
        text = spelled(f"{size:.{decimals}e}", glyphs)
        if len(text) <= 1 + after:
            break
    return minus + text


def shade(value: float | None, largest: float, glyphs: Glyphs) -> str:
    """One character for the size of ``value`` beside the table's largest, by quarters; a blank for next to nothing."""
    if value is None or not largest or not math.isfinite(value) or not math.isfinite(largest):
        return " "
    share = abs(value) / largest
    if share < LEAST_SHADE:
        return " "
    return glyphs.shades[min(3, int(share * 4))]


def sign_role(value: float | None) -> Role:
    """Blue for plus, orange for minus, grey for nothing."""
    return "dim" if value is None or math.isnan(value) or value == 0 else role_of(value)


def histogram(values: Doubles, bins: int, glyphs: Glyphs) -> Line:
    """How many values lie where between the smallest and the largest: one bar for each bin, coloured by its sign."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Line()
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        return Line.of((glyphs.bars[-1], sign_role(low)))
    counts, edges = np.histogram(finite / max(abs(low), abs(high)), bins=bins)
    middles: Sequence[float] = ((edges[:-1] + edges[1:]) / 2).tolist()
    top = int(counts.max())
    bars = (glyphs.bars[math.ceil(n / top * (len(glyphs.bars) - 1))] for n in counts.tolist())
    return Line.of(*((bar, sign_role(middle)) for bar, middle in zip(bars, middles, strict=True)))


class Dots:
    """A sheet of dots over ``width`` by ``height`` characters; where lines share a character the later role wins."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._bits: dict[tuple[int, int], tuple[int, Role]] = {}

    def dot(self, x: int, y: int, role: Role) -> None:
        """Set the dot in dot column ``x`` and dot row ``y``."""
        if 0 <= x < 2 * self.width and 0 <= y < 4 * self.height:
            cell = (x // 2, y // 4)
            bits, _ = self._bits.get(cell, (0, role))
            self._bits[cell] = (bits | _DOTS[y % 4][x % 2], role)

    def line(self, x0: int, y0: int, x1: int, y1: int, role: Role, every: int = 1) -> None:
        """A straight line; with ``every`` 2 only each second dot is set."""
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for i in range(0, steps + 1, every):
            self.dot(round(x0 + (x1 - x0) * i / steps), round(y0 + (y1 - y0) * i / steps), role)

    @staticmethod
    def bit(x: int, y: int) -> int:
        """The bit of a dot in its character."""
        return _DOTS[y % 4][x % 2]

    @staticmethod
    def character(bits: int, glyphs: Glyphs) -> str:
        """The character of these dots; without braille the quarters of a block in which there are any."""
        if glyphs.ascii:
            return "*"
        if glyphs.dots:
            return chr(_BLANK + bits)
        left, right = bits & 0x47, bits & 0xB8
        upper = 0x1B
        quarters = (left & upper, right & upper, left & ~upper, right & ~upper)
        return QUADRANTS[sum(bool(dots) << i for i, dots in enumerate(quarters))]

    def cells(self, glyphs: Glyphs) -> list[tuple[int, int, str, Role]]:
        """Every character with a dot in it: column, row, character, role."""
        return [(x, y, self.character(bits, glyphs), role) for (x, y), (bits, role) in self._bits.items()]


class Grid:
    """``width`` by ``height`` cells of one character each; what falls outside is left away."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._cells: list[list[Span]] = [[(" ", "text")] * width for _ in range(height)]

    def put(self, x: int, y: int, text: str, role: Role = "text") -> None:
        """Write ``text`` from column ``x`` of row ``y``."""
        if 0 <= y < self.height:
            row = self._cells[y]
            for i, character in enumerate(text, x):
                if 0 <= i < self.width:
                    row[i] = (character, role)

    def put_spans(self, x: int, y: int, spans: Iterable[Span]) -> None:
        """Write several pieces one after the other."""
        for text, role in spans:
            self.put(x, y, text, role)
            x += len(text)

    def is_blank(self, x: int, y: int, length: int = 1) -> bool:
        """Whether nothing is written there yet; places outside count as written on."""
        if not 0 <= y < self.height or x < 0 or x + length > self.width:
            return False
        return all(self._cells[y][i][0] == " " for i in range(x, x + length))

    def lines(self) -> list[Line]:
        return [joined(row) for row in self._cells]


def _top(largest: float, log: bool) -> float:
    """The round number that the largest size comes up to: a power of ten where steps are logarithmic."""
    if not log:
        return round_up(largest)
    return 10.0 ** math.ceil(math.log10(largest) - 1e-9) if largest > 0 and math.isfinite(largest) else 1.0


def sign_steps(largest: float, log: bool) -> tuple[float, float, float]:
    """The sizes at which the levels 1, 2 and 3 begin, round numbers: far apart for a plane in log steps."""
    top = _top(largest, log)
    return (top / 1e5, top / 1e3, top / 10) if log else (top / 20, top / 5, top / 2)


def size_steps(largest: float, log: bool) -> tuple[float, ...]:
    """The sizes at which the levels 1 to 5 begin."""
    top = _top(largest, log)
    return tuple(top / 10**n for n in (5, 4, 3, 2, 1)) if log else (top / 20, top / 10, top / 5, top / 2, top * 3 / 4)


def size_levels(values: Doubles, steps: Sequence[float]) -> Levels:
    """Levels 0 to 5 by size; what is no number is UNKNOWN."""
    levels = np.searchsorted(steps, np.abs(values), side="right").astype(np.int64)
    levels[np.isnan(values)] = UNKNOWN
    return levels


def sign_levels(values: Doubles, steps: Sequence[float]) -> Levels:
    """Levels −3 to 3 by sign and size; what is no number is UNKNOWN."""
    levels = size_levels(values, steps)
    return np.where(values < 0, -levels, levels)


def largest_size(values: Doubles | Floats) -> float:
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


def letter_of(tone: Tone) -> str:
    """What stands for a cell of two colours where there are none: the letter of the level between its halves."""
    level = (tone.upper + tone.lower) / 2
    if tone.scale == "size":
        return SIZES[round(level)]
    if tone.scale == "plane":
        return PLANE[max(tone.upper, tone.lower)]
    largest = 5 if tone.scale == "tile" else 3
    return SIGNS[round(level * 3 / largest) + 3]


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
        return [joined(row) for row in self.cells]


def sign_legend(steps: Sequence[float], glyphs: Glyphs, width: int) -> Line:
    """Every character with the size at which it begins, minus at the left."""
    ends = [f"{glyphs.minus}{short_number(step, glyphs)}" for step in reversed(steps)]
    return _legend(SIGNS, [*ends, "0", *(f"+{short_number(step, glyphs)}" for step in steps)], "sign", -3, width)


def boundary_legend(steps: Sequence[float], glyphs: Glyphs, width: int) -> Line:
    """Every character with the probability of a yes from where it begins: no at the left, yes at the right."""
    shares = [f"{0.5 + step:.0%}" for step in steps]
    *shares, most = shares
    names = [tr("no {share}", share=most), *reversed(shares), "50%", *shares, tr("{share} yes", share=most)]
    return _legend(SIGNS, names, "sign", -3, width)


def size_legend(steps: Sequence[float], glyphs: Glyphs, width: int) -> Line:
    """Every character with the size at which it begins."""
    return _legend(SIZES, [short_number(step, glyphs) for step in (0.0, *steps)], "size", 0, width)


def _legend(characters: str, names: Sequence[str], scale: Scale, first: int, width: int) -> Line:
    """Swatches with their names, as far from each other as there is room."""
    named = sum(map(len, names))
    fitting = (way for way in LEGENDS if named + len(names) * len("".join(way).format("=")) - len(way[1]) <= width)
    swatch, gap = next(fitting, LEGENDS[-1])
    line = Line()
    for level, (character, name) in enumerate(zip(characters, names, strict=True), first):
        between = "" if level == first else gap
        line = Line.of(line, between, (swatch.format(character), Tone(scale, level, level)), (name, "dim"))
    return line


def range_text(low: float, high: float, glyphs: Glyphs) -> str:
    """``0 to 100``, ``0.12 to 98.7``; of one number alone itself."""
    shown = [short_number(float(f"{x:.3g}"), glyphs) for x in (low, high)]
    return shown[0] if low == high else tr("{low} to {high}", low=shown[0], high=shown[1])


def ranges_text(a: tuple[float, float], b: tuple[float, float], glyphs: Glyphs) -> str:
    """Both terms' ranges: ``0 to 100`` where they are alike, else ``a 0 to 10, b 50 to 100``."""
    if a == b:
        return range_text(*a, glyphs)
    return f"a {range_text(*a, glyphs)}, b {range_text(*b, glyphs)}"
