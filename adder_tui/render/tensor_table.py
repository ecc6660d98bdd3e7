"""One layer's weight and bias as a table of one quantity: rows are neurons, columns what enters them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adder_tui.render.activity import LABEL, neuron_label
from adder_tui.render.cells import BEFORE, cell, shade, sign_role
from adder_tui.render.inspection import Doubles, Inspection, Place, fitting_quantity, values
from adder_tui.render.lines import Line, Span
from adder_tui.render.statistics import THEN
from adder_tui.render.strokes import brought_mark
from adder_tui.render.view import View
from adder_tui.selection import Neuron, neuron_name

MARKS = 3
"""Columns before a number: a gap, a shade, the mark of a kept number or a blank."""
AFTER, SHORT = 7, 6
"""Columns of a number from its decimal point on, where there is room for the whole table and where there is not."""


@dataclass(frozen=True)
class Block:
    """The part of a layer's table that is in sight."""

    layer: int
    top: int
    left: int
    rows: int
    columns: int
    """Weights in sight in each row; the bias always is."""
    lines_per_row: int
    after: int
    """Columns of a number from its decimal point on."""

    @property
    def pitch(self) -> int:
        """A cell's columns."""
        return MARKS + BEFORE + self.after

    def cell_at(self, x: int, y: int, columns: int) -> tuple[int, int] | None:
        """Row and column under a point; ``y`` counts from the first row's line. None beside the table."""
        row = y // self.lines_per_row
        if y < 0 or row >= self.rows:
            return None
        if x >= LABEL + self.columns * self.pitch:
            return self.top + row, columns
        return self.top + row, min(self.left + max(0, (x - LABEL) // self.pitch), columns - 1)


def block_for(inspection: Inspection, here: Place, width: int, room: int, lines_per_row: int) -> Block:
    """What is in sight of the layer's table in ``room`` lines; it scrolls no further than the cursor needs."""
    rows = min(here.rows, max(1, room // lines_per_row))
    room = width - LABEL - 1
    after = AFTER if room >= (here.columns + 1) * (MARKS + BEFORE + AFTER) else SHORT
    columns = min(here.columns, max(1, room // (MARKS + BEFORE + after) - 1))
    left = inspection.left if here.on_bias else _scrolled(inspection.left, here.column, columns)
    return Block(
        layer=here.layer,
        top=max(0, min(_scrolled(inspection.top, here.row, rows), here.rows - rows)),
        left=max(0, min(left, here.columns - columns)),
        rows=rows,
        columns=columns,
        lines_per_row=lines_per_row,
        after=after,
    )


def _scrolled(first: int, cursor: int, visible: int) -> int:
    return min(max(first, cursor - visible + 1), cursor)


def table_lines(
    view: View, inspection: Inspection, here: Place, block: Block, width: int, with_cursor: bool
) -> list[Line]:
    """Names of what the weights come from, then a row for each neuron that they go to.

    With two lines a row, the lower one holds the numbers compared with. In the place of the shade stands then which
    way the number went and how far beside the others, and its mark of a kept one stands below.
    """
    glyphs = view.glyphs
    quantity = fitting_quantity(inspection.quantity, view.experiment)
    paired = block.lines_per_row > 1
    now = _matrix(view, inspection, quantity, here)
    then = _matrix(view, inspection, quantity, here, then=True) if paired else None
    shaded = now if not paired else now - then if now is not None and then is not None else None
    largest = _largest(shaded)
    frozen = frozenset(view.snapshot.frozen if view.snapshot is not None else ())
    columns = [*range(block.left, block.left + block.columns), here.columns]
    chosen = (here.row, here.column) if with_cursor else None
    lines = [_header(view, here, columns, block.pitch, width, with_cursor)]
    for row in range(block.top, block.top + block.rows):
        line = neuron_label(view, here.layer, row, with_cursor and row == here.row)
        below = Line.of((f"  {THEN[inspection.against]}".ljust(LABEL), "faint"))
        for column in columns:
            if column == here.columns:
                line, below = (Line.of(part, (glyphs.vertical, "faint")) for part in (line, below))
            value, weight = _at(now, row, column, quantity), _at(shaded, row, column, quantity)
            kept: Span = (glyphs.kept if here.index_at(row, column) in frozen else " ", "accent")
            tone: Span = (" ", "text")
            if not paired:
                tone = (shade(weight, largest, glyphs), sign_role(weight))
            elif weight:
                tone = brought_mark(weight, largest, glyphs)
            role = "chosen" if (row, column) == chosen else sign_role(value)
            number = cell(value, glyphs, BEFORE, block.after)
            line = Line.of(line, " ", tone, " " if paired else kept, (number, role))
            earlier = cell(_at(then, row, column, quantity), glyphs, BEFORE, block.after)
            below = Line.of(below, " ", kept, " ", (earlier, "dim"))
        lines += [line, below] if paired else [line]
    return lines


def _header(view: View, here: Place, columns: list[int], pitch: int, width: int, with_cursor: bool) -> Line:
    line = Line.of((" " * LABEL, "band-dim"))
    for column in columns:
        bias = column == here.columns
        name = "bias" if bias else neuron_name(Neuron(here.layer, column), view.experiment)
        mark = view.glyphs.current if with_cursor and column == here.column else ""
        line = Line.of(line, ((" " if bias else "") + (mark + name).rjust(9).ljust(pitch), "band-dim"))
    return line.fit(width, fill="band-dim")


def _matrix(view: View, inspection: Inspection, quantity: str, here: Place, then: bool = False) -> Doubles | None:
    """``(out_features, in_features + 1)``: weights, and the bias as the last column."""
    weight = values(view, inspection, quantity, here.weight.span, then)
    bias = values(view, inspection, quantity, here.bias.span, then)
    if weight is None or bias is None:
        return None
    return np.concatenate((weight.reshape(here.weight.shape), bias[:, None]), axis=1)


def _largest(matrix: Doubles | None) -> float:
    finite = matrix[np.isfinite(matrix)] if matrix is not None else np.empty(0)
    return float(np.abs(finite).max()) if finite.size else 0.0


def _at(matrix: Doubles | None, row: int, column: int, quantity: str) -> float | None:
    if matrix is None or (quantity == "ratio" and np.isnan(matrix[row, column])):
        return None
    return float(matrix[row, column])
