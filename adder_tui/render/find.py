"""Finding a tensor or one of its numbers by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_engine.errors import RequestError
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line
from adder_tui.render.numbers import number, plural
from adder_tui.render.view import View
from adder_tui.selection import Neuron, Parameter, layout_for, neuron_name

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.layout import Slot

MOST = 100
"""Numbers that are listed at once."""
_PLACE = re.compile(r"(?P<name>[^\[\]]*)\[(?P<row>\d*)(?P<comma>,?)(?P<column>\d*)(?P<end>\]?)")


@dataclass(frozen=True)
class Found:
    """Something that can be jumped to."""

    name: str
    what: str
    """What is known about it: a tensor's shape."""
    parameter: Parameter


def found(typed: str, experiment: Experiment) -> list[Found]:
    """Tensors whose name holds what is typed; with a bracket their numbers at that place; neurons by their biases."""
    text = "".join(typed.lower().split())
    layout = layout_for(experiment)
    place = _PLACE.fullmatch(text)
    if place is None:
        tensors = [slot for slot in layout.slots if text in slot.name]
        return [Found(slot.name, str(slot.shape), Parameter(slot.start)) for slot in tensors]
    name = place["name"]
    exact = [slot for slot in layout.slots if slot.name == name]
    slots = exact or [slot for slot in layout.slots if name in slot.name]
    numbers = [
        Found(layout.name_of(index), "", Parameter(index))
        for slot in slots
        for index in _places(slot, place["row"], place["comma"], place["column"], place["end"])
    ]
    return [*_neurons(text, experiment), *numbers[:MOST]]


def _places(slot: Slot, row: str, comma: str, column: str, end: str) -> list[int]:
    """Flat indices of the tensor's numbers whose place begins as typed."""
    if not slot.is_weight:
        return [] if comma else [slot.start + i for i in _beginning(slot.shape[0], row, bool(end))]
    if end and not column:
        return []
    return [
        slot.start + i * slot.shape[1] + j
        for i in _beginning(slot.shape[0], row, bool(comma))
        for j in _beginning(slot.shape[1], column, bool(end))
    ]


def _beginning(size: int, digits: str, whole: bool) -> list[int]:
    """Numbers below ``size`` that begin with these digits, or are they where the number is typed in ``whole``."""
    if whole:
        return [int(digits)] if digits and len(digits) < 6 and int(digits) < size else []
    return [i for i in range(size) if str(i).startswith(digits)]


def _neurons(text: str, experiment: Experiment) -> list[Found]:
    layers = experiment.network.layers
    hidden = [Neuron(c, i) for c in range(1, len(layers) - 1) for i in range(layers[c])]
    layout = layout_for(experiment)
    return [
        Found(name, f"neuron, by {layout.name_of(index)}", Parameter(index))
        for neuron in hidden
        if (name := neuron_name(neuron, experiment)).startswith(text)
        for index in (layout.bias(neuron.column - 1).start + neuron.index,)
    ]


def nothing(typed: str, experiment: Experiment) -> str:
    """Why nothing is found, in a sentence."""
    text = "".join(typed.split())
    name, bracket, inside = text.partition("[")
    layout = layout_for(experiment)
    if bracket and name in layout.by_name:
        digits = re.findall(r"\d+", inside)
        try:
            layout.index_of(name, tuple(int(d) for d in digits if len(d) < 6))
        except RequestError as error:
            return str(error)
    example = layout.name_of(0)
    return f"Nothing is called {typed.strip()!r}: type part of a tensor's name, or a number's place such as {example}."


def found_lines(view: View, things: Sequence[Found], at: int, width: int, height: int) -> list[Line]:
    """As many as there are rows, the chosen one among them, each with its shape or value at the right."""
    first = max(0, at - height + 1)
    lines = []
    for i, thing in enumerate(things[first : first + height], start=first):
        chosen = i == at
        what = thing.what or _value(view, thing, view.glyphs)
        left = Line.of((f"{view.glyphs.current if chosen else ' '} {thing.name}", "chosen" if chosen else "text"))
        right = Line.of((f"{what} ", "chosen" if chosen else "dim"))
        lines.append(left.with_right(right, width, view.glyphs.ellipsis, fill="chosen" if chosen else "text"))
    return lines


def _value(view: View, thing: Found, glyphs: Glyphs) -> str:
    snapshot = view.snapshot
    return number(float(snapshot.state[0, thing.parameter.index]), glyphs) if snapshot is not None else ""


def counted(things: Sequence[Found]) -> str:
    """How many there are to choose from."""
    return plural(len(things), "match").replace("matchs", "matches")
