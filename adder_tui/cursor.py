"""How the cursor goes over the diagram: from neuron to edge to neuron, and along a column."""

from __future__ import annotations

from typing import Literal

from adder_engine.experiment import Experiment
from adder_tui.selection import Neuron, Parameter, Selection, layout_for

Direction = Literal["left", "right", "up", "down"]


def moved(selection: Selection, direction: Direction, experiment: Experiment, by: int = 1) -> Selection:
    """What is chosen after one key. At an edge of the diagram it stays where it is.

    Left of a neuron are the edges that lead into it, one row for each neuron that feeds it and one for the bias;
    left of an edge is the neuron that it comes from.
    """
    layers = experiment.network.layers
    step = -by if direction in ("left", "up") else by
    if isinstance(selection, Neuron):
        column, index = selection.column, selection.index
        if direction in ("up", "down"):
            return Neuron(column, _within(index + step, layers[column]))
        if direction == "left":
            if not column:
                return selection
            return _edge(experiment, column, index, _beside(index, layers[column], layers[column - 1]))
        if column + 1 == len(layers):
            return selection
        return _edge(experiment, column + 1, _beside(index, layers[column], layers[column + 1]), index)
    column, neuron, source = end_of(selection, experiment)
    if direction in ("up", "down"):
        return _edge(experiment, column, neuron, _within(source + step, layers[column - 1] + 1))
    if direction == "right":
        return Neuron(column, neuron)
    return Neuron(column - 1, min(source, layers[column - 1] - 1))


def end_of(parameter: Parameter, experiment: Experiment) -> tuple[int, int, int]:
    """The neuron that a weight or bias belongs to, as column and index, and the neuron that the weight comes from.

    For a bias the last is the number of those neurons.
    """
    slot = next(slot for slot in layout_for(experiment).slots if parameter.index < slot.stop)
    offset = parameter.index - slot.start
    if slot.is_weight:
        return slot.layer + 1, *divmod(offset, slot.shape[1])
    return slot.layer + 1, offset, experiment.network.layers[slot.layer]


def number_of(selection: Selection, experiment: Experiment) -> Parameter | None:
    """The number that editing applies to: the chosen one, or the chosen neuron's bias; None for an input."""
    if isinstance(selection, Parameter):
        return selection
    if selection.column == 0:
        return None
    return Parameter(layout_for(experiment).bias(selection.column - 1).start + selection.index)


def _edge(experiment: Experiment, column: int, neuron: int, source: int) -> Parameter:
    layout, wide = layout_for(experiment), experiment.network.layers[column - 1]
    if source == wide:
        return Parameter(layout.bias(column - 1).start + neuron)
    return Parameter(layout.weight(column - 1).start + neuron * wide + source)


def _within(index: int, count: int) -> int:
    return max(0, min(index, count - 1))


def _beside(index: int, count: int, others: int) -> int:
    """The neuron of a column of ``others`` that stands about as high as this one of ``count``."""
    if count == 1:
        return (others - 1) // 2
    return round(index * (others - 1) / (count - 1))
