"""Spans and ticks of axes, linear and logarithmic: labels that differ, and read back to where they stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from adder_tui.ui.numbers import number, round_up, short_number
from adder_tui.ui.symbols import Glyphs

LEAST_DECADES = 0.25
"""A log axis spans at least this much, so that a flat loss is a flat line rather than noise."""
GRIDS = ((1.5, 0.5), (0.6, 0.25), (0.0, 0.1))
"""(span, grid): an axis of at least that many decades begins and ends on that grid.

So a falling loss moves the axis now and then instead of at every drawing: calmer, and fewer bytes over the wire.
"""
LABELS = 8
"""Columns left of the plot: a tick's label, and the axis."""


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
    """What the ticks are called, all in the shortest form that is exact; empty where none has room.

    Thousands are all told by their letter, or none is, where that has room.
    """
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
        pairs = [(label_value(label), place) for label, place in zip(form, places, strict=True)]
        exact = all(math.isclose(said, place, rel_tol=1e-9) for said, place in pairs)
        apart = all(abs(said - place) <= max(step / 1_000, math.ulp(place)) for said, place in pairs)
        return exact and apart and len({*form}) == len(form) and all(len(label) < room for label in form)

    def mixed(form: list[str]) -> bool:
        return len({label[-1] in "kM" for label, place in zip(form, places, strict=True) if abs(place) >= 1_000}) > 1

    alike = (form for form in forms if not mixed(form) and will_do(form))
    return next(alike, None) or next(filter(will_do, forms), [])


def label_value(label: str) -> float:
    """The number that an axis's label tells."""
    return float(label.replace(",", "").replace("−", "-").replace("k", "e3").replace("M", "e6"))
