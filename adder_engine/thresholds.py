"""How far off still counts as close, by the spread of what is wanted. Needs no torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adder_engine.snapshot import Doubles

HUNDRED = 100.0
CLOSE, LEAST_SPREAD, MOST_SPREAD = 0.5, 20.0, 20_000.0
"""What counts as close, and between which spreads of what is wanted; elsewhere it is a 4,000th of the spread."""


def thresholds(wanted: Doubles) -> tuple[float, float]:
    """How far off still counts as close to answers ``(n,)``, and the number that "is it over?" asks about."""
    low, high = float(wanted.min()), float(wanted.max())
    spread = high - low or max(abs(low), abs(high)) or 1.0
    close = CLOSE if LEAST_SPREAD <= spread <= MOST_SPREAD else _nearest_short(spread / 4_000)
    limit = HUNDRED
    if not low + spread / 10 <= HUNDRED <= high - spread / 10:
        digits = 1 - math.floor(math.log10(spread))
        limit = round((low + high) / 2, digits) + 0.0
    return close, limit


def _nearest_short(value: float) -> float:
    """The nearest of 1, 2, 5, 10 and so on at their power of ten."""
    power = math.floor(math.log10(value))
    return min((float(f"{digit}e{power}") for digit in (1, 2, 5, 10)), key=lambda short: abs(math.log(short / value)))
