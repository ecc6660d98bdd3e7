"""What a choice means to the arithmetic: the layer, the neuron and the parameter that are worked out."""

from __future__ import annotations

from dataclasses import dataclass

from adder_engine.experiment import Experiment
from adder_tui.selection import Neuron, Parameter, Selection, layout_for


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
    count = len(experiment.layer_names)
    if isinstance(selection, Neuron):
        layer = max(0, selection.column - 1)
        neuron = selection.index if selection.column else 0
        entering = 0 if selection.column else selection.index
        slot = layout.bias(layer) if selection.column else layout.weight(layer)
        parameter = slot.start + selection.index
    else:
        parameter = selection.index
        slot = next(slot for slot in layout.slots if parameter < slot.stop)
        layer = slot.layer
        neuron, entering = divmod(parameter - slot.start, slot.shape[1]) if slot.is_weight else (
            parameter - slot.start, 0)  # fmt: skip
    neurons = [0] * count
    neurons[layer] = neuron
    if layer and isinstance(selection, Parameter):
        neurons[layer - 1] = entering
    return Focus(layer, tuple(neurons), entering, parameter)
