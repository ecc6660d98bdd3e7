"""The numbers that the diagram shows, looked up in the view, and how far an update has got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from adder_engine.language import tr
from adder_engine.snapshot import Stage
from adder_tui.selection import Neuron, end_of, layout_for
from adder_tui.ui.line import Role
from adder_tui.ui.numbers import plain_number, role_of
from adder_tui.ui.phrases import compact
from adder_tui.ui.view import ViewState

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
        snapshot = self.view.snapshot
        if snapshot is None or self.reach.stage is None:
            return None
        if self.reach.stage.phase == "backward":
            gradients: Doubles = snapshot.state[1].astype(np.float64)
            return gradients
        if self.reach.stage.phase == "step":
            if not snapshot.stepped:  # an edit since: what is left of the step is no longer to be told apart
                return None
            changes: Doubles = snapshot.state[0].astype(np.float64) - snapshot.previous[0]
            return changes
        return None

    def brings(self, column: int, neuron: int) -> bool:
        """Whether the phase has brought this neuron's weights and bias their numbers."""
        return self.brought is not None and self.has_error(column, neuron)

    @cached_property
    def largest(self) -> list[tuple[float, float]]:
        """For each layer its largest weight or bias, and the largest number that the phase brings."""
        found = []
        for layer in range(len(self.names)):
            span = slice(self.layout.weight(layer).start, self.layout.bias(layer).stop)
            weights, brought = self.weights, self.brought
            found.append(
                (
                    0.0 if weights is None else float(abs(weights[span]).max()),
                    0.0 if brought is None else float(abs(brought[span]).max()),
                )
            )
        return found

    def index_of(self, column: int, neuron: int, source: int) -> int:
        """The flat index of a weight; the bias is the source after the last."""
        weight, bias = self.layout.weight(column - 1), self.layout.bias(column - 1)
        wide = self.layers[column - 1]
        return bias.start + neuron if source == wide else weight.start + neuron * wide + source

    @cached_property
    def kept(self) -> frozenset[int]:
        return frozenset(self.view.snapshot.frozen) if self.view.snapshot else frozenset()


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
