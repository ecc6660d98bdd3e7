"""What a person has chosen: one choice for all tabs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_engine.experiment import Experiment

if TYPE_CHECKING:
    from adder_engine.layout import Layout


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


def layout_for(experiment: Experiment) -> Layout:
    """Where each parameter of the experiment's network stands."""
    from adder_engine.layout import layout_of  # not needed to paint the shell

    return layout_of(experiment.network.layers, experiment.layer_names)


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
    slot = next(slot for slot in layout.slots if parameter.index < slot.stop)
    offset = parameter.index - slot.start
    return slot.name, divmod(offset, slot.shape[1]) if slot.is_weight else (offset,)


def neuron_name(neuron: Neuron, experiment: Experiment) -> str:
    """``a`` and ``b`` for the inputs, ``h1[0]`` for a neuron of the first hidden layer, ``y`` for the output."""
    if neuron.column == 0:
        return "ab"[neuron.index]
    if neuron.column == len(experiment.network.layers) - 1:
        return "y"
    return f"h{neuron.column}[{neuron.index}]"
