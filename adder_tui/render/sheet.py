"""What the diagram is drawn from and on: a view's numbers, the floor plan, the cells, and where one can click."""

from __future__ import annotations

from dataclasses import dataclass

from adder_tui.render.floorplan import NUMBER_WIDTHS, TINY_WIDTHS, Floorplan, floorplan
from adder_tui.render.grid import Grid
from adder_tui.render.shown import Shown
from adder_tui.render.strokes import compact, strokes_of, tiny
from adder_tui.render.view import View
from adder_tui.selection import Selection

MOST_DIGITS, DIGITS = 6, 4
"""Significant digits of a neuron's number in eight columns, and in fewer."""


@dataclass(frozen=True)
class Spot:
    """A part of the picture that can be clicked, and what is chosen by it."""

    x: int
    y: int
    width: int
    selection: Selection


class Sheet(Shown):
    """A view's numbers, and the picture of ``width`` by ``height`` cells that comes about."""

    def __init__(self, view: View, width: int, height: int) -> None:
        super().__init__(view)
        self.strokes = strokes_of(view.glyphs)
        self.grid = Grid(width, height)
        self.spots: list[Spot] = []
        keep: list[set[int]] = [set() for _ in self.layers]
        keep[self.column].add(self.neuron)
        if self.source is not None and self.source < self.layers[self.column - 1]:
            keep[self.column - 1].add(self.source)
        self.plan: Floorplan = floorplan(
            self.layers, keep, self.sizes, self.column, max(2, *map(len, self.inputs)),
            not view.glyphs.ascii, self.outcome_rows, width, height,
        )  # fmt: skip

    @property
    def outcome_rows(self) -> int:
        """Rows below the output: wanted, off by and loss; the answer too where outputs are scaled."""
        return 4 if self.trace is not None and self.trace.scale != 1 else 3

    def told(self, value: float, room: int) -> str:
        """A neuron's value or error in so many columns; nothing where they do not take it."""
        if room <= max(TINY_WIDTHS):
            return tiny(value, room, self.glyphs) if room > 1 else ""
        return compact(value, room, self.glyphs, MOST_DIGITS if room >= NUMBER_WIDTHS[0] else DIGITS)

    def is_working(self, column: int) -> bool:
        """Whether the phase is at work in this column's neurons, which it is in forward and backward."""
        rung = self.reach.rung
        return column > 0 and rung is not None and rung.layer == column - 1
