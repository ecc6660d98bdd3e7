"""What the Explore tab looks at, and what it has been told: its own choices and the engine's findings, frozen."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_tui.explore.plane import Cells, Viewport, first_window
from adder_tui.selection import Neuron, Selection, end_of
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.analysis import results
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import Snapshot

VIEWS = {
    "error": tr("how far off the answers are, over a plane of sums"),
    "neurons": tr("what each hidden neuron hands on, over a plane of sums"),
    "learned": tr("the map that the network has learned, and what it foretells far out"),
    "stability": tr("how large a step the loss allows, and where the next one leads"),
    "checks": tr("how good the answers are beyond the loss, and rivals on the same rows"),
    "slope": tr("the loss against the chosen number, and its slope there"),
}
"""The views by name, with what they show."""
NAMES = {
    "error": tr("error"), "neurons": tr("neurons"), "learned": tr("learned"), "stability": tr("stability"),
    "checks": tr("checks"), "slope": tr("slope"),
}  # fmt: skip
"""What their names are for people."""


@dataclass(frozen=True)
class ExploreResults:
    """The engine's findings, each the newest that has come; None until the first."""

    plane: results.AnswerGrid | None = None
    neuron: tuple[results.GridSpec, results.ActivationGrid] | None = None
    """The chosen neuron, and the grid that it was asked about."""
    neurons: tuple[results.ActivationGrid, ...] = ()
    """All hidden neurons, coarsely."""
    course: results.AffineMapHistory | None = None
    forecast: results.Extrapolation | None = None
    stability: results.CurvatureReport | None = None
    curve: results.GradientLine | None = None
    slice: results.LossLandscape | None = None
    line: results.ParameterLine | None = None
    """The loss against the chosen number."""
    checks: results.Evaluation | None = None
    rivals: tuple[results.Baseline, ...] = ()


@dataclass(frozen=True)
class ExploreState:
    """What is looked at."""

    view: str = "error"
    even: Viewport | None = None
    """The plane in even steps; None for the training range."""
    logarithmic: Viewport = field(default_factory=Viewport)
    log: bool = False
    by_size: bool = False
    tried: int = 0
    """How many points beside the chosen number's value the point on its curve lies."""
    cursor: tuple[float, float] | None = None
    """The sum under the cross-hair; None for the current sum."""
    halved: bool = True
    """Cells may be halved by colour: there are 256 colours to tell the halves apart."""
    found: ExploreResults = field(default_factory=ExploreResults)
    refused: Mapping[str, str] = field(default_factory=dict)
    """Why a finding could not be had, by its field of :class:`ExploreResults`."""
    computing: bool = False
    of: Snapshot | None = None
    """The moment that the findings speak of."""
    dated: bool = False
    """The run has gone on since, or may at once: the findings tell their moment."""

    def window(self, view: ViewState) -> Viewport:
        """The part of the plane that is in sight."""
        if self.log or self.even:
            return self.logarithmic if self.log else self.even or Viewport()
        return first_window(view.experiment, asked_in(view) if view.snapshot else None)

    def with_window(self, window: Viewport) -> ExploreState:
        """The same, looking at another part."""
        if window.log:
            return dataclasses.replace(self, logarithmic=window)
        return dataclasses.replace(self, even=window)

    def view_then(self, view: ViewState) -> ViewState:
        """What there was to see at the findings' moment, so that all figures are of one; else what there is now."""
        if not self.dated or self.of is None:
            return view
        return dataclasses.replace(view, snapshot=self.of, experiment=self.of.experiment)

    def cursor_in(self, view: ViewState) -> tuple[float, float]:
        """The sum under the cross-hair."""
        return asked_in(view) if self.cursor is None else self.cursor


def asked_in(view: ViewState) -> tuple[float, float]:
    """The current sum; 0 and 0 until there is one."""
    return (view.snapshot.asked.sum.a, view.snapshot.asked.sum.b) if view.snapshot else (0.0, 0.0)


@dataclass(frozen=True)
class PlaneArea:
    """Where a plane's cells lie on the screen, to trace a click back."""

    x: int
    y: int
    cells: Cells

    def cell_at(self, x: int, y: int) -> tuple[int, int] | None:
        """Column and row of the cell under a point; None beside the plane."""
        column, row = x - self.x, y - self.y
        return (column, row) if 0 <= column < self.cells.columns and 0 <= row < self.cells.rows else None


def hidden_neuron(selection: Selection, experiment: Experiment) -> tuple[int, int] | None:
    """(layer, neuron) of the hidden neuron that the selection is about, else of the first; None without any."""
    hidden = experiment.network.layers[1:-1]
    if not hidden:
        return None
    if isinstance(selection, Neuron):
        column, neuron = selection.column, selection.index
    else:
        column, neuron, _ = end_of(selection, experiment)
    layer = column - 1
    return (layer, neuron) if 0 <= layer < len(hidden) and neuron < hidden[layer] else (0, 0)


def next_neuron(selection: Selection, experiment: Experiment, change: int) -> Neuron | None:
    """The hidden neuron after the chosen one, layer by layer, or with ``change`` −1 the one before."""
    here = hidden_neuron(selection, experiment)
    if here is None:
        return None
    hidden = experiment.network.layers[1:-1]
    everyone = [(layer, neuron) for layer, size in enumerate(hidden) for neuron in range(size)]
    layer, neuron = everyone[(everyone.index(here) + change) % len(everyone)]
    return Neuron(layer + 1, neuron)
