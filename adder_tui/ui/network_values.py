"""The numbers that the diagram shows, looked up in the view, and how far an update has got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from adder_engine.language import tr
from adder_engine.snapshot import Stage
from adder_tui.selection import Neuron, Selection, end_of, layout_for, parameter_at
from adder_tui.ui.heatmap import Grid
from adder_tui.ui.line import Line, Role, Span
from adder_tui.ui.numbers import plain_number, role_of
from adder_tui.ui.phrases import compact, tiny
from adder_tui.ui.view import ClickTarget, ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import Doubles, Floats, Snapshot
    from adder_engine.trace import Trace


OutcomeName = Literal["yes", "answer", "want", "off", "own loss", "scaled loss"]
OUTCOME: dict[OutcomeName, tuple[str, str]] = {
    "yes": (tr("yes"), tr("yes")), "answer": (tr("answer"), tr("answer")), "want": (tr("want"), tr("want")),
    "off": (tr("off"), tr("off")), "own loss": (tr("own loss"), tr("loss")),
    "scaled loss": (tr("scaled loss"), tr("loss")),
}  # fmt: skip
"""What stands under the output is called so, and in short. The loss is the current sum's own, unscaled and scaled:
``train loss`` and ``loss now`` are over rows."""


LEAST_COMPACT = 6
"""Columns from which on a number is written with its first digits."""


class NetworkValues:
    """A view's numbers: values of neurons, weights, and what the phase brings to them."""

    def __init__(self, view: ViewState) -> None:
        self.view, self.glyphs = view, view.glyphs
        self.layers = view.experiment.network.layers
        self.names = view.experiment.layer_names
        self.layout = layout_for(view.experiment)
        self.trace: Trace | None = view.snapshot.trace if view.snapshot else None
        self.reach: PhaseProgress = reach_of(view.snapshot, len(self.names))
        self.column: int
        """The column of the neuron that the selection is about."""
        self.neuron: int
        self.source: int | None = None
        """Which number of that neuron is chosen: the neuron that feeds it, one more for the bias; None for itself."""
        if isinstance(view.selection, Neuron):
            self.column, self.neuron = view.selection.column, view.selection.index
        else:
            self.column, self.neuron, self.source = end_of(view.selection, view.experiment)

    @cached_property
    def inputs(self) -> list[str]:
        if self.trace is None:
            return [self.glyphs.none] * self.layers[0]
        return [
            text if len(text := plain_number(x, self.glyphs)) <= 9 else compact(x, 8, self.glyphs)
            for x in self.trace.inputs.tolist()
        ]

    def has_value(self, column: int, neuron: int) -> bool:
        """Whether forward has come to this neuron, by layers or neuron by neuron."""
        return column < self.reach.columns and self._walked_to("forward", column, neuron)

    def has_error(self, column: int, neuron: int) -> bool:
        """Whether the error has come back to this neuron."""
        return self.reach.has_error(column - 1) and self._walked_to("backward", column, neuron)

    def errors(self, column: int) -> Floats | None:
        """The errors of a column's neurons once the backward pass has come to it; None before, or where unknown."""
        if self.reach.between or not self.reach.has_error(column - 1) or self.trace is None or not self.trace.known:
            return None
        return self.trace.layers[column - 1].delta

    def is_muted(self, column: int, neuron: int) -> bool:
        return self.view.snapshot is not None and (column - 1, neuron) in self.view.snapshot.muted

    def _walked_to(self, phase: str, column: int, neuron: int) -> bool:
        stage, reached = self.reach.stage, self.view.reached
        here = stage is not None and stage.phase == phase and stage.layer == column - 1
        return reached is None or not here or neuron < reached

    def sizes(self, column: int) -> Sequence[float] | None:
        values = self.values(column)
        return None if values is None else values.tolist()

    def values(self, column: int) -> Floats | None:
        if self.trace is None:
            return None
        return self.trace.inputs if column == 0 else self.trace.layers[column - 1].post

    def is_working(self, column: int) -> bool:
        """Whether the phase is at work in this column's neurons, which it is in forward and backward."""
        stage = self.reach.stage
        return column > 0 and stage is not None and stage.layer == column - 1

    @property
    def outcome(self) -> list[tuple[OutcomeName, float, Role]]:
        """Under the output: the answer where outputs are scaled, what is wanted, how far off it is, and the loss."""
        snapshot, trace = self.view.snapshot, self.trace
        if trace is None or snapshot is None or not self.has_value(len(self.names), 0):
            return []
        phase = self.reach.stage.phase if self.reach.stage is not None else ""
        asked, rows = snapshot.asked, list[tuple[OutcomeName, float, Role]]()
        scaled, yes_or_no = trace.target_scale != 1, trace.loss_name == "bce"
        if scaled or yes_or_no:
            rows.append(("yes" if yes_or_no else "answer", asked.predicted, "text"))
        if asked.wanted is not None and asked.off_by is not None:
            rows.append(("want", asked.wanted, "text"))
            if not yes_or_no:
                rows.append(("off", asked.off_by, role_of(asked.off_by)))
            if phase != "forward":
                name: Role = "strong" if phase == "loss" else "text"
                rows.append(("scaled loss" if scaled else "own loss", trace.loss, name))
        return rows

    def outcome_text(self, label: OutcomeName, value: float, room: int) -> str:
        """A number of :attr:`outcome` in so many columns."""
        if label == "want" and value == int(value) and len(plain_number(value, self.glyphs)) <= room:
            return plain_number(value, self.glyphs)
        return compact(value, min(room, 9), self.glyphs, 4, sign=label == "off")

    @cached_property
    def weights(self) -> Floats | None:
        return self.view.snapshot.state[0] if self.view.snapshot else None

    @cached_property
    def brought(self) -> Doubles | None:
        """What the phase brings to each parameter: gradients in the backward pass, changes in the step."""
        snapshot, stage = self.view.snapshot, self.reach.stage
        brought: Doubles | None = None
        if snapshot is not None and stage is not None and stage.phase == "backward":
            brought = snapshot.state[1].astype(np.float64)
        elif snapshot is not None and stage is not None and stage.phase == "step" and snapshot.stepped:
            brought = snapshot.state[0].astype(np.float64) - snapshot.previous[0]  # else an edit hides it
        return brought

    def brings(self, column: int, neuron: int) -> bool:
        """Whether the phase has brought this neuron's weights and bias their numbers."""
        return self.brought is not None and self.has_error(column, neuron)

    @cached_property
    def largest(self) -> list[tuple[float, float]]:
        """For each layer its largest weight or bias, and the largest number that the phase brings."""
        spans = [slice(self.layout.weight(i).start, self.layout.bias(i).stop) for i in range(len(self.names))]

        def largest(numbers: Floats | Doubles | None) -> list[float]:
            return [0.0 if numbers is None else float(np.abs(numbers[span]).max()) for span in spans]

        return [*zip(largest(self.weights), largest(self.brought), strict=True)]

    def index_of(self, column: int, neuron: int, source: int) -> int:
        """The flat index of a weight; the bias is the source after the last."""
        return parameter_at(self.view.experiment, column, neuron, source).index

    @cached_property
    def kept(self) -> frozenset[int]:
        return frozenset(self.view.snapshot.frozen) if self.view.snapshot else frozenset()


@dataclass(frozen=True)
class Drawn:
    """A drawing of the network, and where one can click on it; of targets over each other the first counts."""

    lines: list[Line]
    spots: list[ClickTarget[Selection]]


class NetworkDrawing(NetworkValues):
    """A view's numbers, and the drawing of ``width`` by ``height`` cells that comes about."""

    def __init__(self, view: ViewState, width: int, height: int) -> None:
        super().__init__(view)
        self.grid = Grid(width, height)
        self.spots: list[ClickTarget[Selection]] = []

    @property
    def has_no_truth(self) -> bool:
        """Whether there is an answer, but nothing that it can be held against."""
        answered = self.trace is not None and self.has_value(len(self.names), 0)
        return answered and all(label != "want" for label, *_ in self.outcome)

    def value_text(self, value: float, room: int, digits: int = 4) -> str:
        """A neuron's value or error in so many columns; nothing where they do not take it."""
        if room >= LEAST_COMPACT:
            return compact(value, room, self.glyphs, digits)
        return tiny(value, room, self.glyphs) if room > 1 else ""

    def more_text(self, count: int, room: int) -> str:
        """How many neurons are folded away."""
        text = tr("{ellipsis} {count} more", ellipsis=self.glyphs.ellipsis, count=count)
        return text if len(text) <= room else f"{self.glyphs.ellipsis}{count}"

    def short_name(self, column: int, room: int) -> str:
        """What a column is called: ``hidden4`` as ``hid4`` where there is no room for it."""
        name = self.names[column - 1] if column else tr("inputs")
        number = name[len(name.rstrip("0123456789")) :]
        return name if len(name) <= room else name[: min(3, room - len(number))] + number

    def heading(self, column: int, room: int, roomy: int) -> Span:
        """A column's name; ``inputs/500`` where what stands below is divided by 500, as far as there is room.

        Args:
            roomy: columns that take the blanks too which set off where the phase is at work.
        """
        name, scales = self.short_name(column, room), self.view.scales
        scale = {0: scales.inputs, len(self.names): scales.targets}.get(column, 1)
        divided = f"{name}/{plain_number(scale, self.glyphs)}"
        name = divided if scale != 1 and len(divided) <= room else name
        if not (column and self.reach.lit(column - 1)):
            return name, "dim"
        return f" {name} " if len(name) + 2 <= roomy else name, "active" if self.is_working(column) else "accent"


@dataclass(frozen=True)
class PhaseProgress:
    """What of an update is there already."""

    stage: Stage | None
    """The stage done last; None before the first update."""
    between: bool
    """Whether it stands between two updates, with nothing half done."""
    columns: int
    """Columns of neurons whose values are there; the inputs are the first."""
    errors: int
    """The first layer whose error is there; the number of layers where none is."""

    def lit(self, layer: int) -> bool:
        """Whether the phase is at work in this layer."""
        if self.stage is None:
            return False
        return self.stage.phase == "step" or self.stage.layer == layer

    def has_error(self, layer: int) -> bool:
        """Whether the error has come back to this layer, or nothing is half done and all may be told."""
        return self.between or layer >= self.errors


def reach_of(snapshot: Snapshot | None, layers: int) -> PhaseProgress:
    """Where the ladder stands in a network of so many layers of weights."""
    if snapshot is None:
        return PhaseProgress(None, True, 1, layers)
    stage = snapshot.stage
    if not snapshot.moment.stage or stage is None:
        return PhaseProgress(stage, True, layers + 1, layers)
    if stage.phase == "backward" and stage.layer is not None:
        return PhaseProgress(stage, False, layers + 1, stage.layer)
    if stage.phase == "forward" and stage.layer is not None:
        return PhaseProgress(stage, False, stage.layer + 2, layers)
    return PhaseProgress(stage, False, 1 if stage.phase == "zero_grad" else layers + 1, layers)
