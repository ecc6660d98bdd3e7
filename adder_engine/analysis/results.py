"""What an exploration found: the network seen over many sums, its loss over many parameters. Frozen, without torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from adder_engine.parsing import Sum
    from adder_engine.snapshot import Answer

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]


FINDINGS = (
    "along_gradient", "along_parameter", "checks", "forecast", "histories", "loss_slice", "map_course", "neurons",
    "outlook", "plane", "rivals", "stability",
)  # fmt: skip
"""What a session can be asked for from afar."""


@dataclass(frozen=True)
class Query:
    """One of the :data:`FINDINGS`, as the session's explorer finds it, and what it is asked about."""

    name: str
    arguments: tuple[object, ...] = ()


def symmetric_log(x: float) -> float:
    """Where x stands on an axis of log steps that goes through 0: ``sign(x)·log10(1 + |x|)``; 999,999 is at 6."""
    return math.copysign(math.log10(1 + abs(x)), x)


def symmetric_exp(u: float) -> float:
    """The number that stands at u on that axis: the inverse of :func:`symmetric_log`."""
    return math.copysign(10 ** abs(u) - 1, u)


@dataclass(frozen=True)
class GridSpec:
    """Which grid of sums is asked about: a across, b down, in even steps or in those of :func:`symmetric_log`."""

    a_low: float
    a_high: float
    b_low: float
    b_high: float
    columns: int
    rows: int
    log: bool = False


@dataclass(frozen=True)
class AnswerGrid:
    """The network's answers over a grid of sums. All in units of sums."""

    a: Doubles
    """``(columns,)``, from left (lowest) to right."""
    b: Doubles
    """``(rows,)``, from the top (highest) down."""
    log: bool
    """The steps are even on an axis of :func:`symmetric_log`; otherwise they are even."""
    answers: Doubles
    """``(rows, columns)``: not finite where float32 cannot hold the answer."""
    wanted: Doubles
    """``(rows, columns)``: NaN where the right answer is not known, as beside rows with targets of their own."""
    trained_a: tuple[float, float]
    """The lowest and the highest a that the experiment trains on; the same for b."""
    trained_b: tuple[float, float]
    points: Doubles
    """``(k, 2)``: training sums (a, b), all of them or 500 evenly picked."""
    row_count: int
    """Training sums in all."""

    @property
    def error(self) -> Doubles:
        """``(rows, columns)``: answer minus wanted; its sign says too high or too low. NaN where that is not known."""
        return self.answers - self.wanted


@dataclass(frozen=True)
class ActivationGrid:
    """One hidden neuron's output over the grid of :class:`AnswerGrid`, as it leaves the layer after the activation."""

    layer: int
    """Index into the experiment's ``layer_names``."""
    neuron: int
    outputs: Floats
    """``(rows, columns)``, in scaled units; rows and columns as in :class:`AnswerGrid`."""
    low: float
    high: float
    """The extremes of ``outputs``; NaN where float32 cannot hold one of them."""


@dataclass(frozen=True)
class AffineMapHistory:
    """The collapsed map ``w_a·a + w_b·b + c`` over the run, at most a few hundred points, each ``(points,)``."""

    updates: Doubles
    epochs: Doubles
    """Epochs finished, with the part of one in progress."""
    w_a: Doubles
    w_b: Doubles
    c: Doubles
    """In units of sums."""
    here: int
    """Index of the moment that is looked at."""


@dataclass(frozen=True)
class LocalLinearMap:
    """How the answer changes around one sum: ``answer ≈ d_a·a + d_b·b + intercept``.

    For a network without activation this is its collapsed map, exact everywhere; for others it holds near (a, b).
    """

    a: float
    b: float
    answer: float
    d_a: float
    """How fast the answer rises with a."""
    d_b: float
    intercept: float
    """In units of sums."""
    wanted: tuple[float, float, float] | None
    """d_a, d_b and intercept of the right answer: 1, 1 and 0 for sums, 1, −1 and 0 for differences; None where the
    right answers follow no rule that is known."""
    everywhere: bool
    """The network has no activation, so that these slopes hold for all sums."""


@dataclass(frozen=True)
class ExtrapolatedError:
    """The error that slopes foretell for a sum, beside the error asked for. In units of sums."""

    sum: Sum
    wanted: float
    extrapolated: float
    """Error from the slopes: ``d_a·a + d_b·b + intercept`` minus wanted, in float64."""
    asked: float
    """Error of the network's own answer."""
    watched: bool
    """One of the watched sums; otherwise one of the far-out ones, 10³ to 10⁶ in six directions."""


@dataclass(frozen=True)
class Extrapolation:
    """What the slopes at the current sum say about far-away sums, and what the network says."""

    slopes: LocalLinearMap
    rows: tuple[ExtrapolatedError, ...]
    """Only sums whose right answer is known."""


@dataclass(frozen=True)
class CurvatureReport:
    """How steeply the loss curves, and how large a step that allows.

    The loss is the criterion over all training rows, without dropout and penalties; frozen parameters stand still.
    On a parabola of curvature λ, plain gradient descent shrinks its error only while ``lr < 2/λ``.
    """

    method: Literal["Hessian", "power iteration"]
    """The whole Hessian's eigenvalues where there are few enough parameters, else the largest alone, by iteration."""
    curvature: float
    """λmax, the largest eigenvalue of the Hessian."""
    limit: float
    """``2/λmax``: the largest rate at which plain gradient descent holds; infinite where nothing curves upwards."""
    optimizer_limit: float | None
    """The limit of the optimizer in use, weight decay counted: ``2/λ`` for sgd, ``2(1 + m)/λ`` for momentum,
    ``2(1 + m)/((1 + 2m)λ)`` for nesterov; None for those that give every parameter a rate of its own."""
    lr: float
    """Learning rate of the next update."""
    loss: float
    eigenvalues: Doubles | None
    """``(free parameters,)``, the largest first; None by power iteration."""
    flat: int | None
    """How many eigenvalues are 0 within float64's rounding: directions along which the loss does not curve."""
    negative: int | None
    """How many are below 0: directions along which the loss curves downwards, as at a saddle."""
    condition: float | None
    """Largest over smallest eigenvalue; None where one is flat or negative, or by power iteration."""
    iterations: int
    """Hessian-vector products that were needed."""
    converged: bool
    """False where power iteration ran out of iterations: ``curvature`` is then a lower bound."""
    rows_used: int
    """Training rows that this was measured on: all, or an even share where all would take too long."""
    limit_before: float | None = None
    """``optimizer_limit`` before the last step: at the edge of stability the two alternate around the rate. None where
    it is not known."""

    @property
    def holds(self) -> bool | None:
        """Whether the rate in use lies below the limit of the optimizer in use; None where it has none."""
        return None if self.optimizer_limit is None else self.lr < self.optimizer_limit

    @property
    def held_before(self) -> bool | None:
        """Whether it lay below that limit before the last step too; None where that is not known."""
        return None if self.limit_before is None else self.lr < self.limit_before


@dataclass(frozen=True)
class GradientLine:
    """The loss along the current gradient, over all training rows: ``L(θ − t·g)`` against t. In scaled units."""

    t: Doubles
    """``(points,)``, increasing, 0 among them: t is the rate of a plain gradient step."""
    losses: Doubles
    """``(points,)``"""
    loss: float
    """At t = 0."""
    lr: float
    """Learning rate of the next update: where plain gradient descent would land on this line."""
    optimizer: str
    step_t: float
    """How far the optimizer's own next step goes along this line: ``−Δθ·g / g·g``. It may leave the line sideways."""
    step_loss: float
    """The loss where that step really lands."""
    step_length: float
    """``|Δθ|``"""
    step_cosine: float
    """Cosine between that step and −g: 1 stays on this line, 0 goes across it."""
    bottom: float | None
    """Where the parabola at t = 0 has its lowest point, ``g·g / gᵀHg``; None where it curves downwards."""
    rows_used: int
    """Training rows that this was measured on: all, or an even share where all would take too long."""


@dataclass(frozen=True)
class ParameterLine:
    """The loss against one parameter, all others as they are, over all training rows. In scaled units."""

    index: int
    """The parameter's flat index."""
    name: str
    values: Doubles
    """``(points,)``, increasing in even steps: what the parameter is set to. ``values[here]`` is what it is."""
    losses: Doubles
    """``(points,)``: not finite where the loss is not."""
    slopes: Doubles
    """``(points,)``: the loss's derivative by the parameter at each of these values, by backpropagation."""
    here: int
    nudge: int
    """How many points a nudge is: so that it comes to 1 or 10 or another power of ten, ``size``."""
    size: float
    bottom: float | None
    """Where the parabola at ``here`` has its lowest point; None where it curves downwards or not at all."""
    frozen: bool
    rows_used: int
    """Training rows that this was measured on: all, or an even share where all would take too long."""

    @property
    def range(self) -> tuple[float, float]:
        """The values in sight: asked for again, the parameter moves over the same picture."""
        return float(self.values[0]), float(self.values[-1])

    def measured(self, at: int) -> float:
        """The slope at a point without calculus, from a nudge up and the same one down; NaN where one is not there."""
        if not self.nudge <= at < len(self.values) - self.nudge:
            return math.nan
        return float(self.losses[at + self.nudge] - self.losses[at - self.nudge]) / (2 * self.size)


@dataclass(frozen=True)
class LossLandscape:
    """The loss over a plane through the space of parameters, with the run's path on it. In scaled units.

    A point is ``θ_here + x·first + y·second`` with two directions of length 1 at right angles. The path leaves this
    plane: what is drawn is its shadow, whose own losses differ from those of the plane below it.
    """

    x: Doubles
    """``(columns,)``, increasing."""
    y: Doubles
    """``(rows,)``, from the top (highest) down."""
    losses: Doubles
    """``(rows, columns)``: not finite where the loss is not."""
    path_x: Doubles
    """``(k,)``: the run from its first to its newest moment."""
    path_y: Doubles
    path_epochs: Doubles
    path_here: int
    """Index into the path of the moment that is looked at; it stands at x = y = 0."""
    directions: Literal["path", "gradient"]
    """The first two principal directions of the path; or, for a path that is none yet, the gradient and the
    direction of the largest curvature."""
    shares: tuple[float, float]
    """Share of the path's spread along each direction; 0, 0 where the directions are not the path's."""
    rows_used: int
    """Training rows that this was measured on: all, or an even share where all would take too long."""


@dataclass(frozen=True)
class Region:
    """The network's error over sums drawn evenly from a rectangle. In units of sums."""

    name: Literal["inside", "near", "far"]
    """The training range, twice and ten times as wide."""
    a: tuple[float, float]
    b: tuple[float, float]
    """From where the terms are drawn: lowest and highest."""
    count: int
    rmse: float
    mean_error: float
    """Mean of |answer − wanted|."""
    right: float = 0.0
    """Share that is off by less than a half: of a yes or no, the answers that are right."""


@dataclass(frozen=True)
class Hits:
    """How many answers were yes and no, where yes and where no was right."""

    yes_for_yes: int
    no_for_yes: int
    yes_for_no: int
    no_for_no: int

    @property
    def accuracy(self) -> float:
        """The share that is right."""
        right = self.yes_for_yes + self.no_for_no
        return right / (right + self.no_for_yes + self.yes_for_no)


@dataclass(frozen=True)
class Evaluation:
    """How good the answers are, beyond the loss. Shares are between 0 and 1."""

    judged_on: Literal["held-out", "newly drawn", "training"]
    """The experiment's own held-out sums; where it has none, sums drawn for these checks; where the right answers are
    known for the rows alone, these."""
    count: int
    close: float
    """How far off still counts as close: 0.5, or less or more by the spread of what is wanted."""
    within_close: float
    """Share of sums that are answered within ``close``."""
    near: float
    """Ten times ``close``."""
    within_near: float
    limit: float
    over_limit: float
    """Share right of "is the answer over ``limit``?"."""
    rmse: float
    """In units of sums."""
    regions: tuple[Region, ...]
    """The training range and wider ones; the first alone where no other right answers are known."""
    hits: Hits | None = None
    """Of a yes or no: what was said where; what counts then in the place of distances."""


@dataclass(frozen=True)
class Baseline:
    """A learner given the same rows: its answers to the watched sums and its error on the held-out ones."""

    name: Literal["least squares", "nearest neighbours", "this network"]
    answers: tuple[Answer, ...]
    """To the watched sums, in their order."""
    rmse: float
    """In units of sums, over the sums of :class:`Evaluation`."""
    count: int
    """How many of those sums it was asked."""
    right: float = 0.0
    """Share of them on the right side of a half: of a yes or no, the answers that are right."""


@dataclass(frozen=True)
class RunHistories:
    """A number, its tensor and all layers' gradients at k moments of a run, from its start to where it stands."""

    index: int
    """Flat, among the P parameters."""
    tensor: str
    """The name of the tensor that it belongs to."""
    updates: NDArray[np.int64]
    epochs: Doubles
    """Epochs finished, with the part of one in progress; both ``(k,)``."""
    number: Doubles
    """``(k, 4)``: the value, the gradient (NaN before the first update) and the optimizer's two moments."""
    values: Doubles
    """``(bins, k)``: the share of the tensor's numbers in each bin, the lowest first."""
    value_range: tuple[float, float]
    gradients: Doubles
    """``(bins, k)``, as ``values``; all 0 before the first update."""
    gradient_range: tuple[float, float]
    norms: Doubles
    """``(k, layers)``: the length of the gradient of each layer's weight and bias; NaN before the first update."""
