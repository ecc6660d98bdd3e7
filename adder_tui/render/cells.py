"""Cells of a table of numbers: fixed places for sign, point and exponent, and shades and bars for size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

BEFORE, AFTER = 5, 7
"""Columns before the decimal point (a sign and four digits), and from the point on."""
CELL = BEFORE + AFTER
LEAST_SHADE = 0.02
"""Share of the largest size below which a number has no shade."""


def cell(value: float | None, glyphs: Glyphs, before: int = BEFORE, after: int = AFTER) -> str:
    """``value`` in ``before + after`` columns, its decimal point always in the same one.

    Six significant digits where they fit, four at least unless the exponent has three characters:
    ``-4793.55``, ``0.540588``, ``1.234e−5``. None shows as a dash.
    """
    head, tail = _parts(value, glyphs, before, after)
    return head.rjust(before) + tail.ljust(after)


def _parts(value: float | None, glyphs: Glyphs, before: int, after: int) -> tuple[str, str]:
    if value is None:
        return glyphs.none, ""
    if not math.isfinite(value):
        return ("nan" if math.isnan(value) else ("" if value > 0 else glyphs.minus) + glyphs.infinity), ""
    if value == 0:
        return "0", ""
    sign = glyphs.minus if value < 0 else ""
    size = abs(value)
    most = after - 2
    exponent = int(f"{size:.{most}e}".split("e")[1])
    if -4 < exponent < before - 1:
        text = f"{size:.{max(0, min(after - 1, most - exponent))}f}"
        head, _, decimals = text.partition(".")
        return sign + head, f".{decimals}" if decimals else ""
    for decimals_kept in range(most, -1, -1):
        mantissa, power = f"{size:.{decimals_kept}e}".split("e")
        head, _, decimals = mantissa.partition(".")
        shown = f"e{glyphs.minus if power.startswith('-') else ''}{abs(int(power))}"
        tail = f".{decimals}{shown}" if decimals else shown
        if len(tail) <= after:
            return sign + head, tail
    return sign + head, tail[:after]


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
    if value is None or math.isnan(value) or value == 0:
        return "dim"
    return "plus" if value > 0 else "minus"


def histogram(values: NDArray[np.float64], bins: int, glyphs: Glyphs) -> Line:
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
    parts: list[tuple[str, Role]] = []
    for n, middle in zip(counts.tolist(), middles, strict=True):
        parts.append((glyphs.bars[math.ceil(n / top * (len(glyphs.bars) - 1))], sign_role(middle)))
    return Line.of(*parts)
