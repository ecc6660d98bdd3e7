"""Ticks for axes: few, round, and labelled the way people say them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from adder_tui.render.glyphs import Glyphs
from adder_tui.render.numbers import count, number

LEAST_DECADES = 0.25
"""A log axis spans at least this much, so that a flat loss is a flat line rather than noise."""
GRIDS = ((1.5, 0.5), (0.6, 0.25), (0.0, 0.1))
"""(span, grid): an axis of at least that many decades begins and ends on that grid.

So a falling loss moves the axis now and then instead of at every drawing: calmer, and fewer bytes over the wire.
"""


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
