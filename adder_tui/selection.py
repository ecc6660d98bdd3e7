"""What a person has chosen, one choice for all tabs: what it means to the arithmetic, and how the cursor moves it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from adder_engine.experiment import Experiment

if TYPE_CHECKING:
    from adder_engine.parameters import ParameterLayout


Direction = Literal["left", "right", "up", "down"]


@dataclass(frozen=True)
class Neuron:
    """A neuron of the diagram; column 0 holds the inputs, the last column the output."""

    column: int
    index: int


@dataclass(frozen=True)
class Parameter:
    """One weight or bias, by its flat index among the network's P numbers."""

    index: int


Selection = Neuron | Parameter


def layout_for(experiment: Experiment) -> ParameterLayout:
    """Where each parameter of the experiment's network stands."""
    return experiment.layout


def first_selection(experiment: Experiment) -> Selection:
    """What is chosen before anybody chooses: the first hidden neuron, or the output where there is none."""
    return Neuron(1, 0)


def fitting(selection: Selection, experiment: Experiment) -> Selection:
    """The selection if the experiment's network has it, else the first one."""
    layers = experiment.network.layers
    if isinstance(selection, Parameter):
        there = 0 <= selection.index < layout_for(experiment).size
    else:
        there = 0 <= selection.column < len(layers) and 0 <= selection.index < layers[selection.column]
    return selection if there else first_selection(experiment)


def place_of(parameter: Parameter, experiment: Experiment) -> tuple[str, tuple[int, ...]]:
    """The tensor's name and the place in it: ``("hidden.weight", (2, 0))``."""
    layout = layout_for(experiment)
    tensor = next(tensor for tensor in layout.tensors if parameter.index < tensor.stop)
    offset = parameter.index - tensor.start
    return tensor.name, divmod(offset, tensor.shape[1]) if tensor.is_weight else (offset,)


def neuron_name(neuron: Neuron, experiment: Experiment) -> str:
    """``a`` and ``b`` for the inputs, ``h1[0]`` for a neuron of the first hidden layer, ``y`` for the output."""
    if neuron.column == 0:
        return "ab"[neuron.index]
    if neuron.column == len(experiment.network.layers) - 1:
        return "y"
    return f"h{neuron.column}[{neuron.index}]"


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
            return parameter_at(experiment, column, index, _beside(index, layers[column], layers[column - 1]))
        if column + 1 == len(layers):
            return selection
        return parameter_at(experiment, column + 1, _beside(index, layers[column], layers[column + 1]), index)
    column, neuron, source = end_of(selection, experiment)
    if direction in ("up", "down"):
        return parameter_at(experiment, column, neuron, _within(source + step, layers[column - 1] + 1))
    if direction == "right":
        return Neuron(column, neuron)
    return Neuron(column - 1, min(source, layers[column - 1] - 1))


def end_of(parameter: Parameter, experiment: Experiment) -> tuple[int, int, int]:
    """The neuron that a weight or bias belongs to, as column and index, and the neuron that the weight comes from.

    For a bias the last is the number of those neurons.
    """
    tensor = next(tensor for tensor in layout_for(experiment).tensors if parameter.index < tensor.stop)
    offset = parameter.index - tensor.start
    if tensor.is_weight:
        return tensor.layer + 1, *divmod(offset, tensor.shape[1])
    return tensor.layer + 1, offset, experiment.network.layers[tensor.layer]


def number_of(selection: Selection, experiment: Experiment) -> Parameter | None:
    """The number that editing applies to: the chosen one, or the chosen neuron's bias; None for an input."""
    if isinstance(selection, Parameter):
        return selection
    if selection.column == 0:
        return None
    return Parameter(layout_for(experiment).bias(selection.column - 1).start + selection.index)


def parameter_at(experiment: Experiment, column: int, neuron: int, source: int) -> Parameter:
    """The weight from a neuron before a column to one in it; the bias is the source after the last."""
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


@dataclass(frozen=True)
class Focus:
    """The neuron and the parameter that are worked out, and one neuron of every other layer."""

    layer: int
    """Index into the experiment's ``layer_names``."""
    neurons: tuple[int, ...]
    """One output of each layer; the chosen one in ``layer``."""
    entering: int
    """Which of the numbers that enter ``layer`` is chosen."""
    parameter: int
    """Flat index: the chosen parameter, or the chosen neuron's bias."""

    def entering_of(self, layer: int) -> int:
        """Which of the numbers that enter a layer is worked out."""
        if layer == self.layer:
            return self.entering
        return self.neurons[layer - 1] if layer else 0


def focus_of(selection: Selection, experiment: Experiment) -> Focus:
    """The focus that a selection gives; where nothing is chosen in a layer it is the first neuron."""
    layout = layout_for(experiment)
    if isinstance(selection, Parameter):
        column, neuron, source = end_of(selection, experiment)
        layer, parameter = column - 1, selection.index
        entering = source if source < experiment.network.layers[layer] else 0
    elif selection.column:
        layer, neuron, entering = selection.column - 1, selection.index, 0
        parameter = layout.bias(layer).start + neuron
    else:
        layer, neuron, entering = 0, 0, selection.index
        parameter = layout.weight(layer).start + entering
    neurons = [0] * len(experiment.layer_names)
    neurons[layer] = neuron
    if layer and isinstance(selection, Parameter):
        neurons[layer - 1] = entering
    return Focus(layer, tuple(neurons), entering, parameter)
