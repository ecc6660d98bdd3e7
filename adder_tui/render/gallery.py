"""All hidden neurons as small pictures, folded where they are many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_tui.render.exploration import Exploration, hidden_neuron
from adder_tui.render.grid import Grid
from adder_tui.render.heat import HeatMap, largest_size, sign_levels, sign_steps
from adder_tui.render.lines import Line
from adder_tui.render.plane_window import Cells
from adder_tui.render.view import View
from adder_tui.selection import Neuron, neuron_name

if TYPE_CHECKING:
    from adder_engine.findings import NeuronPlane

NAME = 7
"""Columns of a neuron's name beside its picture; one more where its number has two digits."""
LEAST, MOST = 5, 15
"""Columns of a small picture."""
LEAST_ROWS, MOST_ROWS = 2, 7


@dataclass(frozen=True)
class Shelf:
    """Which neurons find room, and how large each is drawn: pictures down, layers across."""

    layers: range
    neurons: tuple[range, ...]
    """For each shown layer the neurons that are shown."""
    cells: Cells
    pitch: tuple[int, int]
    """Columns and rows from one picture to the next."""
    name: int
    """Columns of the names beside the pictures."""


def shelf(view: View, exploration: Exploration, width: int, height: int) -> Shelf | None:
    """Pictures as large as they can be with all in sight; where that is too small, those around the chosen one."""
    hidden = view.experiment.network.layers[1:-1]
    chosen = hidden_neuron(view.selection, view.experiment)
    if chosen is None or width < NAME + LEAST or height < LEAST_ROWS:
        return None
    name = NAME + (max(hidden) > 10)
    across = max(1, min(len(hidden), width // (name + LEAST + 1)))
    columns = min(MOST, width // across - name - 1)
    most = max(hidden)
    rows = min(MOST_ROWS, max(LEAST_ROWS, (height + 1) // most - 1))
    rows = min(rows, max(LEAST_ROWS, columns // 2))
    room = max(1, (height + 1) // (rows + 1))
    layers = _around(chosen[0], len(hidden), across)
    neurons = tuple(_around(chosen[1] if i == chosen[0] else 0, hidden[i], room) for i in layers)
    return Shelf(
        layers,
        neurons,
        Cells(columns - 1 + columns % 2, rows, exploration.halved),
        (name + columns + 1, rows + 1),
        name,
    )


def _around(chosen: int, count: int, room: int) -> range:
    first = min(max(0, chosen - room // 2), max(0, count - room))
    return range(first, min(count, first + room))


def gallery(view: View, exploration: Exploration, width: int, height: int) -> list[Line]:
    """The small pictures, each by its own scale, with their names."""
    found = {(plane.layer, plane.neuron): plane for plane in exploration.found.neurons}
    grid = Grid(width, height)
    shown = shelf(view, exploration, width, height - 1)
    if shown is None or not found:
        return grid.lines()
    grid.put(0, 0, _heading(view, shown), "dim")
    chosen = hidden_neuron(view.selection, view.experiment)
    for i, (layer, neurons) in enumerate(zip(shown.layers, shown.neurons, strict=True)):
        for j, neuron in enumerate(neurons):
            x, y = i * shown.pitch[0], 1 + j * shown.pitch[1]
            mark = view.glyphs.current if (layer, neuron) == chosen else " "
            grid.put(x, y, mark, "accent")
            name = neuron_name(Neuron(layer + 1, neuron), view.experiment)
            grid.put(x + 1, y, name, "strong" if (layer, neuron) == chosen else "dim")
            plane = found.get((layer, neuron))
            if plane is not None:
                for row, line in enumerate(_small(plane, exploration).lines()):
                    grid.put_spans(x + shown.name, y + row, line.spans)
    return grid.lines()


def _small(plane: NeuronPlane, exploration: Exploration) -> HeatMap:
    outputs = plane.outputs.astype(float)
    steps = sign_steps(largest_size(outputs), exploration.log)
    halved = exploration.halved and len(outputs) % 2 == 0
    return HeatMap(sign_levels(outputs, steps), "sign", halved)


def _heading(view: View, shown: Shelf) -> str:
    total = sum(view.experiment.network.layers[1:-1])
    seen = sum(map(len, shown.neurons))
    if seen == total:
        return f" all {total} hidden neurons" if total > 1 else " the hidden neuron"
    return f" {seen} of {total} hidden neurons: n goes on"
