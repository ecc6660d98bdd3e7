"""Fine lines out of braille dots, two columns and four rows of dots to a character."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from adder_tui.render.lines import Role

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLANK = 0x2800


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

    def cells(self) -> list[tuple[int, int, str, Role]]:
        """Every character with a dot in it: column, row, character, role."""
        return [(x, y, chr(_BLANK + bits), role) for (x, y), (bits, role) in self._bits.items()]


def curve(
    values: Sequence[float], places: Sequence[float], width: int, height: int, role: Role, widest: float
) -> Dots:  # fmt: skip
    """``values`` over ``places``, filling the sheet; a level one runs through the middle.

    Neighbours no farther apart than ``widest`` are joined by a line, others are dots.
    """
    dots = Dots(width, height)
    low, high = min(values), max(values)
    first, last = places[0], places[-1]
    columns, rows = 2 * width - 1, 4 * height - 1
    points = [
        (
            round((place - first) / (last - first) * columns) if last > first else columns,
            round((high - value) / (high - low) * rows) if high > low else rows // 2,
        )
        for value, place in zip(values, places, strict=True)
    ]
    for x, y in points:
        dots.dot(x, y, role)
    for ((x0, y0), (x1, y1)), (before, after) in zip(pairwise(points), pairwise(places), strict=True):
        if after - before <= widest:
            dots.line(x0, y0, x1, y1, role)
    return dots
