"""The inspector: tables of one quantity, and what can be said about the chosen layer and number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from adder_tui.render.activity import activity_lines
from adder_tui.render.inspection import (
    ACTIVATIONS,
    COMPARED_WITH,
    Inspection,
    Place,
    comparable,
    fitting_quantity,
    headings,
    in_layer,
    label,
    place,
    quantities,
)
from adder_tui.render.lines import Line, roomiest
from adder_tui.render.statistics import chosen_number, compared, statistics
from adder_tui.render.tensor_table import Block, block_for, table_lines
from adder_tui.render.view import View

CHOICES = 2
"""Lines for the choice of layer and of quantity."""
LEAST_TABLE = 3
MOST_ROWS_FIRST = 4
"""So many rows of the table are shown before there are statistics."""


@dataclass(frozen=True)
class Choice:
    """A word above the tables that can be clicked: it stands in line ``y`` from column ``x`` on."""

    what: Literal["layer", "quantity", "comparison"]
    index: int
    """Of the layer or quantity."""
    x: int
    y: int
    width: int


@dataclass(frozen=True)
class Sight:
    """What is in sight: the chosen layer's part, and where each table's rows begin, to trace a click back."""

    chosen: Block
    blocks: tuple[tuple[int, Block], ...]
    choices: tuple[Choice, ...]

    def choice_at(self, x: int, y: int) -> Choice | None:
        """The word under a point; None where there is none to choose."""
        return next((c for c in self.choices if c.y == y and c.x <= x < c.x + c.width), None)

    def cell_at(self, x: int, y: int, sizes: Sequence[int]) -> tuple[int, int, int] | None:
        """Layer, row and column under a point, for a network of these layer sizes; None beside the tables."""
        for first_line, block in self.blocks:
            found = block.cell_at(x, y - first_line, sizes[block.layer])
            if found is not None:
                return block.layer, *found
        return None


def tensor_lines(view: View, inspection: Inspection, width: int, height: int) -> tuple[list[Line], Sight]:
    """The whole tab, and which parts of the tables it shows.

    Where there is room, all layers stand under each other, else the chosen one alone; under them its activations
    where all of them fit, the chosen number, and the statistics. A table that is too large scrolls with the cursor.
    """
    here = place(view.selection, view.experiment)
    quantity = fitting_quantity(inspection.quantity, view.experiment)
    per_row = 2 if compared(view, inspection) else 1
    number = chosen_number(view, inspection, here, width)
    notes = statistics(view, inspection, here, width, with_then=False)
    room = height - CHOICES - len(number) - len(notes)
    if room < min(here.rows, MOST_ROWS_FIRST) * per_row + 2:  # the numbers themselves come before what sums them up
        room, notes = room + len(notes), []
    layers = range(len(view.experiment.layer_names))
    all_rows = sum(view.experiment.network.layers[1:])
    whole = quantity != ACTIVATIONS and room >= len(layers) * 3 + all_rows * per_row + here.rows + 3
    tables = [_beside(here, i, view) for i in layers] if whole else [here]
    spare = room - sum(2 + table.rows * per_row for table in tables)
    if per_row == 2 and spare >= 2 and notes:
        notes = statistics(view, inspection, here, width, with_then=True)
        spare -= 2
    active: list[Line] = []
    if quantity != ACTIVATIONS and spare >= here.rows + 1:
        active = activity_lines(view, inspection, here, 0, here.rows, width)
        spare -= len(active)
    lines, choices = _choices(view, inspection, here, width)
    blocks = []
    for i, table in enumerate(tables):
        rest = max(LEAST_TABLE, height - CHOICES - len(number) - len(notes) - len(active)) - 2
        block = block_for(inspection, table, width, table.rows * per_row if whole else rest, per_row)
        blocks.append((len(lines) + 2, block))
        lines.append(_heading(view, inspection, table, block, width))
        if quantity == ACTIVATIONS:
            lines += activity_lines(view, inspection, table, block.top, block.rows, width)
        else:
            lines += table_lines(view, inspection, table, block, width, with_cursor=table.layer == here.layer)
        if i < len(tables) - 1 or spare > 0:
            lines.append(Line())
            spare -= 1
    for section in (active, number, notes):
        lines += section
        if section and spare > 0:
            lines.append(Line())
            spare -= 1
    chosen = next(block for _, block in blocks if block.layer == here.layer)
    return [line.fit(width, view.glyphs.ellipsis) for line in lines[:height]], Sight(chosen, tuple(blocks), choices)


def _beside(here: Place, layer: int, view: View) -> Place:
    return here if layer == here.layer else place(in_layer(here, layer, view.experiment), view.experiment)


def _choices(view: View, inspection: Inspection, here: Place, width: int) -> tuple[list[Line], tuple[Choice, ...]]:
    """The layers, and what is compared; the quantities; and where each word stands."""
    experiment = view.experiment
    quantity = fitting_quantity(inspection.quantity, experiment)
    known = quantities(experiment)
    against = COMPARED_WITH[inspection.against] if comparable(quantity) else ""
    right = Line.of((f"{against} ", "accent" if inspection.against else "dim"))
    layers, layer_spots = _choice(view, "layer", experiment.layer_names, here.layer, width - right.width)
    names, name_spots = _choice(view, "quantity", [label(q, experiment) for q in known], known.index(quantity), width)
    comparison = Choice("comparison", 0, width - right.width, 0, len(against))
    return [layers.with_right(right, width, view.glyphs.ellipsis), names], (comparison, *layer_spots, *name_spots)


def _choice(
    view: View, what: Literal["layer", "quantity"], words: Sequence[str], at: int, width: int
) -> tuple[Line, list[Choice]]:
    """The words, the chosen one marked; where there is too little room the first ones give way to it."""
    first = 0
    while first < at and sum(len(word) + 2 for word in words[first : at + 1]) > width:
        first += 1
    line, spots = Line(), []
    for i, word in enumerate(words[first:], start=first):
        if i > at and line.width + len(word) + 2 > width:
            break
        mark = view.glyphs.current if i == at else " "
        spots.append(Choice(what, i, line.width, 0 if what == "layer" else 1, len(word) + 1))
        line = Line.of(line, (mark, "accent"), (f"{word} ", "strong" if i == at else "dim"))
    return line, spots


def _heading(view: View, inspection: Inspection, table: Place, block: Block, width: int) -> Line:
    """What the table shows, and which part of it where it does not fit."""
    quantity = fitting_quantity(inspection.quantity, view.experiment)
    rows = f"{block.top}-{block.top + block.rows - 1}" if block.rows < table.rows else ""
    columns = f"{block.left}-{block.left + block.columns - 1}"
    if block.columns == table.columns or quantity == ACTIVATIONS:
        columns = ""
    none = quantity == "gradient" and view.snapshot is not None and not view.snapshot.gradient_set(table.weight.start)
    wordings = [Line.of((f" {words}", "strong" if none else "dim")) for words in headings(table, inspection, view)]
    least = next((words for words in reversed(wordings) if "stride" in words.plain), wordings[-1])
    long = ", ".join(f"{name} {part}" for name, part in (("rows", rows), ("columns", columns)) if part)
    part = long if least.width + len(long) + 3 <= width else f"[{rows or ':'}, {columns or ':'}]"
    around = Line.of((f"  {part} ", "dim")) if long else Line()
    return roomiest(width - around.width, *wordings).with_right(around, width, view.glyphs.ellipsis)
