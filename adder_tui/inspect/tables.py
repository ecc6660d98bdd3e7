"""Tables of one quantity: rows are neurons, columns what enters them; and what is said beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from adder_engine.language import tr
from adder_tui.inspect.state import (
    ACTIVATIONS,
    COMPARED_WITH,
    CellPosition,
    Doubles,
    InspectState,
    Look,
    headings,
    in_layer,
    label,
    number_at,
    place,
    quantities,
    stride,
)
from adder_tui.inspect.statistics import LABEL, THEN, activity_lines, chosen_number, neuron_label, statistics
from adder_tui.selection import Neuron, neuron_name
from adder_tui.ui.heatmap import BEFORE, cell, largest_size, shade, sign_role
from adder_tui.ui.line import Line, Span, roomiest
from adder_tui.ui.list_view import head_line, scrolled
from adder_tui.ui.phrases import brought_mark
from adder_tui.ui.view import ClickTarget, ViewState

CHOICES = 2
"""Lines for the choice of layer and of quantity."""
LEAST_TABLE = 3
MOST_ROWS_FIRST = 4
"""So many rows of the table are shown before there are statistics."""
MARKS = 3
"""Columns before a number: a gap, a shade, the mark of a kept number or a blank."""
AFTER, SHORT = 7, 6
"""Columns of a number from its decimal point on, where there is room for the whole table and where there is not."""


Choice = tuple[Literal["layer", "quantity", "comparison"], int]
"""What a word above the tables chooses: the layer or quantity of that index, or another moment to compare with."""


@dataclass(frozen=True)
class VisibleTable:
    """What is in sight: the chosen layer's part, and where each table's rows begin, to trace a click back."""

    chosen: Block
    blocks: tuple[tuple[int, Block], ...]
    choices: tuple[ClickTarget[Choice], ...]

    def cell_at(self, x: int, y: int, sizes: Sequence[int]) -> tuple[int, int, int] | None:
        """Layer, row and column under a point, for a network of these layer sizes; None beside the tables."""
        for first_line, block in self.blocks:
            found = block.cell_at(x, y - first_line, sizes[block.layer])
            if found is not None:
                return block.layer, *found
        return None


def tensor_lines(
    view: ViewState, inspect_state: InspectState, width: int, height: int
) -> tuple[list[Line], VisibleTable]:
    """The whole tab, and which parts of the tables it shows.

    Where there is room, all layers stand under each other, else the chosen one alone; under them its activations
    where all of them fit, the chosen number, and the statistics. A table that is too large scrolls with the cursor.
    """
    look = Look(view, inspect_state)
    here, acts = look.here, look.quantity == ACTIVATIONS
    per_row = 2 if look.compared else 1
    number = chosen_number(look, width)
    notes = statistics(look, width, with_then=False)
    room = height - CHOICES - len(number) - len(notes)
    if room < min(here.rows, MOST_ROWS_FIRST) * per_row + 2:  # the numbers themselves come before what sums them up
        room, notes = room + len(notes), []
    layers = range(len(view.experiment.layer_names))
    all_rows = sum(view.experiment.network.layers[1:])
    whole = not acts and room >= len(layers) * 3 + all_rows * per_row + here.rows + 3
    beside = [place(in_layer(here, i, view.experiment), view.experiment) for i in layers if i != here.layer]
    tables = [*beside[: here.layer], here, *beside[here.layer :]] if whole else [here]
    spare = room - sum(2 + table.rows * per_row for table in tables)
    if per_row == 2 and spare >= 2 and notes:
        notes = statistics(look, width, with_then=True)
        spare -= 2
    active: list[Line] = []
    if not acts and spare >= here.rows + 1:
        active = activity_lines(look, here, 0, here.rows, width)
        spare -= len(active)
    lines, choices = _choices(look, width)
    blocks = []
    for i, table in enumerate(tables):
        rest = max(LEAST_TABLE, height - CHOICES - len(number) - len(notes) - len(active)) - 2
        block = block_for(inspect_state, table, width, table.rows * per_row if whole else rest, per_row)
        blocks.append((len(lines) + 2, block))
        lines.append(_heading(look, table, block, width))
        if acts:
            lines += activity_lines(look, table, block.top, block.rows, width)
        else:
            lines += table_lines(look, table, block, width)
        if i < len(tables) - 1 or spare > 0:
            lines.append(Line())
            spare -= 1
    for section in (active, number, notes):
        lines += section
        if section and spare > 0:
            lines.append(Line())
            spare -= 1
    chosen = next(block for _, block in blocks if block.layer == here.layer)
    shown = [line.fit(width, view.glyphs.ellipsis) for line in lines[:height]]
    return shown, VisibleTable(chosen, tuple(blocks), choices)


def _choices(look: Look, width: int) -> tuple[list[Line], tuple[ClickTarget[Choice], ...]]:
    """The layers, and what is compared; the quantities; and where each word stands."""
    view, experiment = look.view, look.view.experiment
    known = quantities(experiment)
    against = COMPARED_WITH[look.inspect_state.against] if look.comparable else ""
    right = Line.of((f"{against} ", "accent" if look.inspect_state.against else "dim"))
    layers, layer_spots = _choice(view, "layer", experiment.layer_names, look.here.layer, width - right.width)
    labels = [label(quantity, experiment) for quantity in known]
    names, name_spots = _choice(view, "quantity", labels, known.index(look.quantity), width)
    comparison = ClickTarget[Choice](width - right.width, 0, len(against), ("comparison", 0))
    return [layers.with_right(right, width, view.glyphs.ellipsis), names], (comparison, *layer_spots, *name_spots)


def _choice(
    view: ViewState, what: Literal["layer", "quantity"], words: Sequence[str], at: int, width: int
) -> tuple[Line, list[ClickTarget[Choice]]]:
    """The words, the chosen one marked; where there is too little room the first ones give way to it."""
    first = 0
    while first < at and sum(len(word) + 2 for word in words[first : at + 1]) > width:
        first += 1
    line, spots = Line(), list[ClickTarget[Choice]]()
    for i, word in enumerate(words[first:], start=first):
        if i > at and line.width + len(word) + 2 > width:
            break
        mark = view.glyphs.current if i == at else " "
        spots.append(ClickTarget(line.width, 0 if what == "layer" else 1, len(word) + 1, (what, i)))
        line = Line.of(line, (mark, "accent"), (f"{word} ", "strong" if i == at else "dim"))
    return line, spots


def _heading(look: Look, table: CellPosition, block: Block, width: int) -> Line:
    """What the table shows, and which part of it where it does not fit."""
    view, snapshot = look.view, look.view.snapshot
    rows = f"{block.top}-{block.top + block.rows - 1}" if block.rows < table.rows else ""
    all_columns = block.columns == table.columns or look.quantity == ACTIVATIONS
    columns = "" if all_columns else f"{block.left}-{block.left + block.columns - 1}"
    none = look.quantity == "gradient" and snapshot is not None and not snapshot.gradient_set(table.weight.start)
    wordings = [Line.of((f" {words}", "strong" if none else "dim")) for words in headings(look, table)]
    least = next((words for words in reversed(wordings) if stride(table) in words.plain), wordings[-1])
    long = ", ".join(f"{name} {part}" for name, part in ((tr("rows"), rows), (tr("columns"), columns)) if part)
    part = long if least.width + len(long) + 3 <= width else f"[{rows or ':'}, {columns or ':'}]"
    around = Line.of((f"  {part} ", "dim")) if long else Line()
    return roomiest(width - around.width, *wordings).with_right(around, width, view.glyphs.ellipsis)


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


def block_for(inspect_state: InspectState, here: CellPosition, width: int, room: int, lines_per_row: int) -> Block:
    """What is in sight of the layer's table in ``room`` lines; it scrolls no further than the cursor needs."""
    rows = min(here.rows, max(1, room // lines_per_row))
    room = width - LABEL - 1
    after = AFTER if room >= (here.columns + 1) * (MARKS + BEFORE + AFTER) else SHORT
    columns = min(here.columns, max(1, room // (MARKS + BEFORE + after) - 1))
    wanted = inspect_state.left if here.on_bias else here.column
    top = scrolled(here.row, here.row, inspect_state.top, rows, here.rows)
    left = scrolled(wanted, wanted, inspect_state.left, columns, here.columns)
    return Block(here.layer, top, left, rows, columns, lines_per_row, after)


def table_lines(look: Look, here: CellPosition, block: Block, width: int) -> list[Line]:
    """Names of what the weights come from, then a row for each neuron that they go to.

    With two lines a row, the lower one holds the numbers compared with. In the place of the shade stands then which
    way the number went and how far beside the others, and its mark of a kept one stands below.
    """
    view, glyphs, quantity = look.view, look.view.glyphs, look.quantity
    paired, with_cursor = block.lines_per_row > 1, here.layer == look.here.layer
    now = _matrix(look, here)
    then = _matrix(look, here, then=True) if paired else None
    shaded = now if not paired else now - then if now is not None and then is not None else None
    largest = largest_size(shaded) if shaded is not None else 0.0
    frozen = frozenset(view.snapshot.frozen if view.snapshot is not None else ())
    columns = [*range(block.left, block.left + block.columns), here.columns]
    chosen = (here.row, here.column) if with_cursor else None
    lines = [_header(view, here, columns, block.pitch, width, with_cursor)]
    for row in range(block.top, block.top + block.rows):
        line = neuron_label(view, here.layer, row, with_cursor and row == here.row)
        below = Line.of((f"  {THEN[look.inspect_state.against]}"[:LABEL].ljust(LABEL), "faint"))
        for at in ((row, column) for column in columns):
            if at[1] == here.columns:
                line, below = (Line.of(part, (glyphs.vertical, "faint")) for part in (line, below))
            value, weight = number_at(now, at, quantity), number_at(shaded, at, quantity)
            kept: Span = (glyphs.kept if here.index_at(*at) in frozen else " ", "accent")
            tone: Span = (" ", "text")
            if not paired:
                tone = (shade(weight, largest, glyphs), sign_role(weight))
            elif weight:
                tone = brought_mark(weight, largest, glyphs)
            number = cell(value, glyphs, BEFORE, block.after)
            line = Line.of(
                line, " ", tone, " " if paired else kept, (number, "chosen" if at == chosen else sign_role(value))
            )
            below = Line.of(
                below, " ", kept, " ", (cell(number_at(then, at, quantity), glyphs, BEFORE, block.after), "dim")
            )
        lines += [line, below] if paired else [line]
    return lines


def _header(view: ViewState, here: CellPosition, columns: list[int], pitch: int, width: int, with_cursor: bool) -> Line:
    head = " " * LABEL
    for column in columns:
        bias = column == here.columns
        name = "bias" if bias else neuron_name(Neuron(here.layer, column), view.experiment)
        mark = view.glyphs.current if with_cursor and column == here.column else ""
        head += (" " if bias else "") + (mark + name).rjust(9).ljust(pitch)
    return head_line(head, width)


def _matrix(look: Look, here: CellPosition, then: bool = False) -> Doubles | None:
    """``(out_features, in_features + 1)``: weights, and the bias as the last column."""
    weight, bias = (look.values(look.quantity, tensor.span, then) for tensor in (here.weight, here.bias))
    if weight is None or bias is None:
        return None
    return np.concatenate((weight.reshape(here.weight.shape), bias[:, None]), axis=1)
