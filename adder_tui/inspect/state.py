"""What the inspector looks at: a quantity, compared with another moment or not; and the numbers behind it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from adder_engine.language import tr
from adder_engine.parameters import ParameterTensor
from adder_tui.selection import Parameter, Selection, end_of, layout_for
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import Floats, LayerActivity

Doubles = NDArray[np.float64]

MOMENTS: dict[str, tuple[str, str]] = {
    "sgd": ("", ""),
    "momentum": ("momentum_buffer", ""),
    "nesterov": ("momentum_buffer", ""),
    "rmsprop": ("", "square_avg"),
    "adam": ("exp_avg", "exp_avg_sq"),
    "adamw": ("exp_avg", "exp_avg_sq"),
}
"""``torch.optim``'s names for the two rows of moments, by optimizer; empty where it keeps none."""

ACTIVATIONS = "activations"
COMPARISONS = ("", "start", "step")
"""Alone, against the start of the run, against the moment before the last optimizer step."""
ROWS = {"parameter": 0, "gradient": 1, "first": 2, "second": 3}
"""Quantities that the state holds, and their rows in it."""
QUANTITIES = {
    "parameter": tr("parameter"), "gradient": tr("gradient"), "change": tr("change"), "ratio": tr("ratio"),
    ACTIVATIONS: tr("activations"),
}  # fmt: skip
"""What those are called that have no name of ``torch.optim``."""
COMPARED_WITH = {"": tr("now"), "start": tr("now against the start"), "step": tr("now against before the last step")}


@dataclass(frozen=True)
class InspectState:
    """What of the view is looked at; the inspector's own state."""

    quantity: str = "parameter"
    """``parameter``, ``gradient``, ``first``, ``second``, ``change``, ``ratio`` or ``activations``."""
    against: str = ""
    """One of :data:`COMPARISONS`."""
    top: int = 0
    left: int = 0
    """The table's first row and column in sight."""
    start: Floats | None = None
    """``(4, P)``: the state that the run began with; None until it is there."""
    activity: tuple[LayerActivity, ...] = ()
    """Of all layers over all rows; empty until it is there."""


def quantities(experiment: Experiment) -> tuple[str, ...]:
    """What there is to look at with the optimizer in use."""
    torchs = zip(("first", "second"), MOMENTS[experiment.training.optimizer], strict=True)
    return ("parameter", "gradient", *(name for name, kept in torchs if kept), "change", "ratio", ACTIVATIONS)


def label(quantity: str, experiment: Experiment) -> str:
    """The quantity's name; moments are called as ``torch.optim`` calls them."""
    first, second = MOMENTS[experiment.training.optimizer]
    return {"first": first, "second": second, **QUANTITIES}[quantity]


@dataclass(frozen=True)
class Look:
    """A view, and what of it is looked at: the numbers behind the table, and those of another moment."""

    view: ViewState
    inspect_state: InspectState

    @cached_property
    def quantity(self) -> str:
        """The quantity, or the parameter itself where the optimizer in use has no such moment."""
        wanted = self.inspect_state.quantity
        return wanted if wanted in quantities(self.view.experiment) else "parameter"

    @cached_property
    def here(self) -> CellPosition:
        """Where the selection stands."""
        return place(self.view.selection, self.view.experiment)

    @property
    def comparable(self) -> bool:
        """Whether it can be shown beside its value at another moment; a change is between two moments already."""
        return self.quantity in ROWS

    @property
    def compared(self) -> bool:
        """Whether each number is shown beside what it was."""
        return bool(self.inspect_state.against) and self.comparable

    @property
    def from_start(self) -> bool:
        return self.inspect_state.against == "start"

    @property
    def since(self) -> str:
        """What a change is measured from, in words."""
        return tr("since the start") if self.from_start else tr("in the last step")

    @property
    def earlier(self) -> Floats | None:
        """``(4, P)``: the state that changes and comparisons are measured from; None while it is not there."""
        if self.view.snapshot is None:
            return None
        state = self.inspect_state.start if self.from_start else self.view.snapshot.previous
        return state if state is not None and state.shape == self.view.snapshot.state.shape else None

    def values(self, quantity: str, span: slice, then: bool = False) -> Doubles | None:
        """The quantity's numbers for a part of the flat parameters; None where there are none.

        A change is the last step's, or with the start compared the whole run's; there is none before the first step,
        and after an edit until the next. A ratio is |change| / |parameter before|, and NaN for a parameter that was 0.

        Args:
            then: at the moment that it is compared with.
        """
        snapshot, before = self.view.snapshot, self.earlier
        if snapshot is None or (then and before is None):
            return None
        if quantity == "gradient" and (self.from_start if then else not snapshot.gradient_set(span.start)):
            return None
        if quantity in ROWS:
            state = before if then and before is not None else snapshot.state
            return state[ROWS[quantity], span].astype(np.float64)
        if before is None or not (self.from_start or snapshot.stepped):
            return None
        base = before[0, span].astype(np.float64)
        change = snapshot.state[0, span].astype(np.float64) - base
        if quantity == "change":
            return change
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(base != 0, np.abs(change) / np.abs(base), np.nan)

    def value(self, quantity: str, index: int, then: bool = False) -> float | None:
        return number_at(self.values(quantity, slice(index, index + 1), then), 0, quantity)


def number_at(numbers: Doubles | None, at: int | tuple[int, int], quantity: str) -> float | None:
    """A number of many; None where there is none, as for the ratio of a parameter that was 0."""
    if numbers is None or (quantity == "ratio" and np.isnan(numbers[at])):
        return None
    return float(numbers[at])


@dataclass(frozen=True)
class CellPosition:
    """The chosen number as a place in a layer's table: the column after the last weight is the bias."""

    weight: ParameterTensor
    bias: ParameterTensor
    row: int
    column: int

    @property
    def layer(self) -> int:
        return self.weight.layer

    @property
    def rows(self) -> int:
        return self.weight.shape[0]

    @property
    def columns(self) -> int:
        """Weights in a row; the bias comes after them."""
        return self.weight.shape[1]

    @property
    def on_bias(self) -> bool:
        return self.column == self.columns

    @property
    def index(self) -> int:
        return self.index_at(self.row, self.column)

    def index_at(self, row: int, column: int) -> int:
        """Flat index of a number of the table."""
        if column == self.columns:
            return self.bias.start + row
        return self.weight.start + row * self.columns + column

    def moved(self, down: int, right: int) -> Parameter:
        """The number so many rows and columns further, or the last one before the table's edge."""
        row = min(max(0, self.row + down), self.rows - 1)
        column = min(max(0, self.column + right), self.columns)
        return Parameter(self.index_at(row, column))


def place(selection: Selection, experiment: Experiment) -> CellPosition:
    """Where the selection stands: a neuron is chosen by its bias, an input by the first weight that takes it."""
    layout = layout_for(experiment)
    if isinstance(selection, Parameter):
        to, row, column = end_of(selection, experiment)
    elif selection.column == 0:
        to, row, column = 1, 0, selection.index
    else:
        to, row = selection.column, selection.index
        column = experiment.network.layers[to - 1]
    return CellPosition(layout.weight(to - 1), layout.bias(to - 1), row, column)


def in_layer(here: CellPosition, layer: int, experiment: Experiment) -> Parameter:
    """The number of another layer at the same place, as near as its shape allows; a bias stays a bias."""
    layout = layout_for(experiment)
    weight, bias = layout.weight(layer), layout.bias(layer)
    row = min(here.row, weight.shape[0] - 1)
    column = weight.shape[1] if here.on_bias else min(here.column, weight.shape[1] - 1)
    return CellPosition(weight, bias, row, column).moved(0, 0)


def stride(here: CellPosition) -> str:
    """How far apart in storage the next row and the next number are, as PyTorch tells it."""
    return tr("stride {strides}", strides=(here.columns, 1))


def headings(look: Look, here: CellPosition) -> tuple[str, ...]:
    """What the table shows, by PyTorch's names, with shape and storage order; then in fewer words."""
    quantity, snapshot, weight = look.quantity, look.view.snapshot, here.weight.name
    if quantity == ACTIVATIONS:
        resting = snapshot is None or snapshot.status != "playing" or look.inspect_state.activity
        layer, paused = weight.rpartition(".")[0], "" if resting else tr(" (while paused)")
        full = tr("{layer}: outputs, for one sum and over all training rows", layer=layer)
        return f"{full}{paused}", tr("{layer}: outputs", layer=layer) + paused
    if quantity == "gradient" and snapshot is not None and not snapshot.gradient_set(here.weight.start):
        full = tr("{weight}.grad is None: no backward pass since it was cleared", weight=weight)
        return full, tr("{weight}.grad is None", weight=weight)
    shape = f"{here.weight.shape} {stride(here)}"
    if quantity == "change":
        short = tr("whole change") if look.from_start else tr("last change")
        full = tr("change {since}", since=look.since)
        return f"{weight} {shape}: {full}", f"{weight} {shape}: {short}", f"{weight}: {short}"
    if quantity == "ratio":
        ratio, since = QUANTITIES[quantity], look.since
        words = tr("|change| / |weight before|, {since}", since=since), tr("ratio {since}", since=since), ratio
        return *(f"{weight} {shape}: {one}" for one in words), f"{weight}: {ratio}"
    moment = tr("{quantity} of {weight}", quantity=label(quantity, look.view.experiment), weight=weight)
    what = {"parameter": weight, "gradient": f"{weight}.grad"}.get(quantity, moment)
    bias = f"; {what.replace(weight, here.bias.name)} ({here.rows},)"
    long = tr("{what} {shape} row by row, {stride}", what=what, shape=here.weight.shape, stride=stride(here))
    return long + bias, f"{what} {shape}{bias}", long, f"{what} {shape}", f"{what} {here.weight.shape}", what
