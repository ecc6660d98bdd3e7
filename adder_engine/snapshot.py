"""What travels from the engine to whoever shows it: frozen, whole, and without torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from adder_engine.language import tr, trn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from adder_engine.experiment import Experiment
    from adder_engine.parsing import Sum
    from adder_engine.sections import Training
    from adder_engine.trace import Trace

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]

PHASES = ("zero_grad", "forward", "loss", "backward", "step")
"""The phases of one update, by PyTorch's names, in order."""

STEP_SIZES = ("layer", "phase", "update", "epoch", "10 epochs", "100 epochs")
"""How far one step can go."""

MOST_RUNS = 24
"""Runs that were left and are kept; beyond that the oldest that is not pinned goes."""
MOST_MARKS = 200
"""Of a longer list the newest are kept."""
MOST_NOTE = 80
"""Characters of a note on a run."""

Status = Literal["loading", "paused", "playing", "done", "stopped", "failed"]
"""``done``: all epochs are run. ``stopped``: the loss stopped being finite. ``failed``: a fault of ours."""

Cause = Literal["dead", "saturated", "muted", "zero", "copies", "broadcast"]
"""``dead``: a layer's units have no slope at any row, relu or gelu far below 0. ``saturated``: the same of tanh and
sigmoid far out. ``muted``: a layer's units are muted. ``zero``: a layer's weights from whatever still differs from
row to row are all 0. ``copies``: the units of each hidden layer are all the same. ``broadcast``: the targets are flat,
so that each answer is compared with every target."""


@dataclass(frozen=True)
class Stage:
    """One rung of the ladder that an update climbs: a phase, and the layer where it goes layer by layer."""

    phase: str
    layer: int | None = None
    """Index into the experiment's ``layer_names`` for forward and backward."""


def stages_of(layer_count: int) -> tuple[Stage, ...]:
    """The stages of one update: zero_grad, forward by layer, loss, backward by layer, step."""
    layers = range(layer_count)
    return (
        Stage("zero_grad"),
        *(Stage("forward", i) for i in layers),
        Stage("loss"),
        *(Stage("backward", i) for i in reversed(layers)),
        Stage("step"),
    )


@dataclass(frozen=True, order=True)
class Position:
    """A point in a run: finished updates, then stages done of the next one, then edits made right there."""

    update: int = 0
    stage: int = 0
    edits: int = 0

    @property
    def behind(self) -> Position:
        """The same place behind one edit more."""
        return Position(self.update, self.stage, self.edits + 1)

    @property
    def is_start(self) -> bool:
        """Whether nothing has been trained yet; edits may have been made."""
        return not self.update and not self.stage

    @property
    def words(self) -> str:
        """Where it is, for a sentence: ``update 3``, and how many stages beyond it."""
        beyond = trn(" and {stage} rung", " and {stage} rungs", self.stage, stage=self.stage) if self.stage else ""
        return tr("update {update:,}{beyond}", update=self.update, beyond=beyond)


@dataclass(frozen=True)
class Answer:
    """What the network says to a sum, beside what is wanted. All in units of sums."""

    sum: Sum
    predicted: float
    wanted: float | None
    """The right answer; None where it is not known (see :class:`adder_engine.wanted.Wanted`)."""

    @property
    def off_by(self) -> float | None:
        """Predicted minus wanted; None where that is not known."""
        return None if self.wanted is None else self.predicted - self.wanted


class Scales(NamedTuple):
    """What inputs and targets are divided by, ``auto`` worked out."""

    inputs: float = 1.0
    targets: float = 1.0


UNSCALED = Scales()


@dataclass(frozen=True)
class AffineMap:
    """A network without activation in full: ``answer = w_a·a + w_b·b + c``, in units of sums; of a yes or no the
    log-odds, above 0 for yes.
    """

    w_a: float
    w_b: float
    c: float


@dataclass(frozen=True)
class Losses:
    """Losses over the run for a chart: bounded in length, each bucket's extremes kept.

    ``epochs[i]`` is the last epoch (1-based) in bucket i, ``train[i]`` its ``train_loss``; ``low[i]`` and
    ``high[i]`` are the lowest and highest loss of any single update in the bucket. Test losses stand at
    ``test_epochs``, again with each bucket's extremes. All float64, of the criterion then in use, in scaled units.
    """

    epochs: Doubles
    train: Doubles
    low: Doubles
    high: Doubles
    test_epochs: Doubles
    test: Doubles
    test_low: Doubles
    test_high: Doubles


@dataclass(frozen=True)
class ReferenceRow:
    """One tensor of ours held against PyTorch's."""

    name: str
    """``loss``, or a parameter's name."""
    what: str
    """``loss``, ``gradient``, ``parameter``, or the name of one of the optimizer's moments."""
    difference: float
    """The largest difference between ours and PyTorch's, in the tensor's own unit."""
    allowed: float
    """What rounding allows where the difference came nearest to it, or went furthest beyond."""

    @property
    def agrees(self) -> bool:
        return self.difference <= self.allowed


@dataclass(frozen=True)
class ReferenceCheck:
    """One update of ours beside autograd and ``torch.optim``, from the same state."""

    update: int
    """Which update was run again (1-based)."""
    rows: int
    lines: tuple[ReferenceRow, ...]
    begun: bool = False
    """Whether that update is in progress; it was run from the state at its start."""
    left_out: int = 0
    """How many changes that were made by hand since its start were left out."""

    @property
    def agrees(self) -> bool:
        return all(line.agrees for line in self.lines)


@dataclass(frozen=True)
class FiniteDifference:
    """One estimate of a slope without calculus: ``(L(θ + ε) − L(θ − ε)) / 2ε``, in float32."""

    size: float
    higher: float
    """Loss with the parameter raised by ε."""
    lower: float
    """Loss with the parameter lowered by ε."""
    estimate: float
    relative_error: float
    """Against the gradient; the absolute error where the gradient is 0."""


@dataclass(frozen=True)
class GradientCheck:
    """One parameter's gradient over all training rows, and finite differences over a range of nudges."""

    index: int
    name: str
    loss: float
    gradient: float
    nudges: tuple[FiniteDifference, ...]


@dataclass(frozen=True)
class LayerActivity:
    """A layer's outputs over the rows of a batch, each array ``(out_features,)``."""

    name: str
    mean: Floats
    low: Floats
    high: Floats
    dead: Floats
    """Share of rows for which the activation's slope is exactly 0; 0 where there is no activation."""


@dataclass(frozen=True)
class ParameterHistory:
    """One parameter over the run, at most a few hundred points and two for each of a person's doings."""

    index: int
    updates: Doubles
    """Where several follow at the same update, something was done there: before it, and after it."""
    values: Doubles
    exact_from: int
    """From this update on no update is left out."""
    spacing: int
    """About how many updates lie between two points before that."""


@dataclass(frozen=True)
class InterventionDiff:
    """Something that a person did to the run: what it found, and what it left."""

    index: int | None
    """Flat index of the parameter that was set by hand; None where it was something else."""
    values: tuple[float, float]
    """That parameter's."""
    experiments: tuple[Experiment, Experiment]
    frozen: tuple[frozenset[int], frozenset[int]]
    """Flat indices."""
    muted: tuple[frozenset[tuple[int, int]], frozenset[tuple[int, int]]]
    """(layer, neuron) pairs."""


@dataclass(frozen=True)
class HistoryMove:
    """What a step, an undo or a redo went over of what a person had done."""

    how: Literal["forward", "back", "undone", "redone"]
    epoch: int
    """Epochs that were finished before it."""
    count: int
    """How many doings it went over; 0 where it went to another run."""
    diff: InterventionDiff | None = None
    """The doing, where it was one."""


@dataclass(frozen=True)
class Annotation:
    """Something that a person did on the way, for a chart."""

    epoch: float
    """Where it was done: epochs finished, and the share of the next one."""
    text: str
    """What was done, in a few words: ``lr 0.01``, ``hidden.weight[2, 0] = 0.5``."""


@dataclass(frozen=True)
class RunSummary:
    """A run that was left: cut off by something done in its past, or by a new run. Losses are in scaled units."""

    id: int
    """Never given twice in a session."""
    name: str
    """What differs from the run that it is told beside, in words: ``seed 7, tanh``, ``lr 0.01 at epoch 120``."""
    experiment: Experiment
    """The settings in force at its end."""
    epoch: int
    """Epochs finished at its end."""
    train_loss: float | None
    test_loss: float | None
    answers: tuple[Answer, ...]
    """To the sums that were watched when it was left, with the parameters of its end."""
    collapsed: AffineMap | None
    losses: Losses
    marks: tuple[Annotation, ...] = ()
    parent: int | None = None
    """The run that this one branched from or followed; it may be forgotten by now."""
    branched_at: float | None = None
    """The epoch up to which it is the same as ``parent``; None where it began anew."""
    stopped: str = ""
    """Why its loss stopped being finite, or that it ended diverged, in one sentence; empty where neither is so."""
    diverged: bool = False
    """Whether it ended diverged, as ``stopped`` then says, with a loss that was finite."""
    pinned: bool = False
    """Kept when the list is full and the oldest runs go."""
    note: str = ""
    """What a person wrote about it, at most :data:`MOST_NOTE` characters."""


@dataclass(frozen=True)
class EpochSummary:
    """What a run was at the end of an epoch (0 is its start), read out without going there."""

    epoch: int
    update: int
    """Updates finished."""
    train_loss: float | None
    """``train_loss`` of that epoch; None at the start."""
    test_loss: float | None
    """Held-out loss last measured at or before that epoch."""
    answers: tuple[Answer, ...]
    """To the watched sums."""
    collapsed: AffineMap | None


@dataclass(frozen=True)
class Divergence:
    """How the run's loss went beyond every bound: it stopped being finite, or the run diverged.

    The bound and when a run counts as diverged: :mod:`adder_engine.runs.divergence`.
    """

    update: int
    """The update (1-based) whose loss was the first beyond a thousand times the start's, or not finite."""
    epoch: float
    """The same place in epochs: those finished before that update, and the share of the next one."""
    lost_at: int | None
    """The update whose loss is no longer finite; ``update`` or a later one. None where it ended finite."""
    tensor: str
    """The parameter tensor that was the first to reach twice its size, such as ``hidden.weight``."""
    factor: float
    """By how much that tensor's norm grew an update, from where it began to where this was measured last."""
    over: int
    """How many updates ``factor`` is the mean over (geometric); at most 50."""
    lr: float
    """The learning rate in use at ``update``."""
    limit: float | None
    """2/λmax, where λmax is the loss's largest curvature at ``back_to``: plain gradient descent diverges along the
    steepest direction above this rate (Adam and RMSprop divide by the gradient's size, so it is only a guide for
    them). None where the loss is not curved upwards there, or not finite."""
    back_to: int
    """Where ``rescue`` goes: finished updates, ten before ``update``, or the start."""
    own_limit: float | None = None
    """The limit of the optimizer in use, which with momentum or weight decay is another than 2/λmax; None where there
    is no one limit."""
    times: float | None = None
    """How many times the start's loss the loss was at the end; None where it ended not finite."""
    loss: float | None = None
    """``loss now`` at the end, which ``times`` is of; None where it ended not finite."""
    setting: float = 0.0
    """``training.lr`` at the end; the schedule makes ``lr`` of it."""
    rescue_lr: float = 0.0
    """``training.lr`` as ``rescue`` sets it: half of it, or half of ``own_limit`` where that is lower; or lower still
    where an attempt showed that this would not do."""

    @property
    def above_limit(self) -> bool:
        """Whether the rate stood above the optimizer's own limit."""
        return self.own_limit is not None and self.lr > self.own_limit


def ended_text(times: float, loss: float | None = None) -> str:
    """How a run that diverged ended, in one sentence; with ``loss now`` at the end, where that is known."""
    now = "" if loss is None else tr(" (loss now {loss})", loss=_short(loss, 4))
    if not math.isfinite(times):
        return tr("The loss started at 0 and ended far above it{now}: the run diverged.", now=now)
    return tr("The loss ended {times} times above its start{now}: the run diverged.", times=_short(times, 3), now=now)


def _short(value: float, digits: int) -> str:
    return f"{value:.{digits}g}".replace("e+0", "e").replace("e+", "e")


@dataclass(frozen=True)
class Stuck:
    """A run whose loss stands still, and why."""

    loss: float
    """Over all training rows, as things stand."""
    alike: bool
    """Whether all answers are alike; of copies they need not be."""
    answers: tuple[float, float]
    """The lowest and the highest answer, in units of sums."""
    low: float
    high: float
    """The lowest and highest target, in units of sums."""
    cause: Cause
    layer: str = ""
    """The first layer that is the same for every row, by its name; empty where the cause lies in none."""
    units: int = 0
    """Its units."""
    counts: tuple[tuple[Cause, int], ...] = ()
    """How many of them are so by which cause, the most frequent first."""
    weight: float | None = None
    """What all weights are, where all are equal."""
    broadcast: bool = False
    """Whether the targets are broadcast."""


@dataclass(frozen=True)
class Outlook:
    """What is to be said of a run as it stands, measured on demand."""

    moment: Position
    training: Training
    """The settings that it speaks of."""
    lr: float
    """The rate of the next update."""
    limit: float | None
    """The rate above which the optimizer's steps grow along the steepest direction, at ``moment``; None where it has
    no one limit, as Adam and RMSprop, or nothing curves upwards."""
    stuck: Stuck | None
    """Why the loss stands still; None where it does not, or nothing is wrong that we know."""
    limit_before: float | None = None
    """``limit`` before the last step; None where it is not known."""


@dataclass(frozen=True)
class DatasetArrays:
    """The pairs of a run in units of sums, float64, frozen: what is trained on, and what is held out."""

    inputs: Doubles
    """``(n, 2)``"""
    targets: Doubles
    """``(n,)``, noise included: what is trained towards."""
    wanted: Doubles
    """``(n,)``: the right answers, without noise."""
    test_inputs: Doubles
    """``(m, 2)``; m is 0 where nothing is held out."""
    test_targets: Doubles
    """``(m,)``"""
    is_yes_or_no: bool = False
    """Whether targets are 0 and 1, and answers how likely yes is."""


@dataclass(frozen=True)
class Snapshot:
    """One moment of a session, whole. Arrays are copies and must not be written to."""

    version: int
    """Grows with every change of the session; equal versions are equal snapshots."""
    status: Status
    message: str
    """Why the run stopped or failed, or which of its rules paused it right here; empty otherwise."""
    experiment: Experiment
    moment: Position
    newest: Position
    """The furthest that this run has been; ``moment`` may lie before it."""
    stages: tuple[Stage, ...]
    epoch: int
    """Epochs finished."""
    epoch_update: int
    """Updates finished in the current epoch."""
    lr: float
    """Learning rate of the next update."""
    train_loss: float | None
    """``train_loss`` of the last finished epoch, measured before its updates; None before the first."""
    test_loss: float | None
    """Held-out loss last measured at or before this moment; None where there are no held-out sums."""
    batch_loss: float | None
    """Loss of the newest forward pass; None before the first."""
    current_loss: float | None
    """``loss now``: over all training rows with the parameters as they are now, without dropout, each row against its
    own target; None when skipped for speed."""
    speed: float
    """Updates a second over the last stretch of training; 0 while standing still."""
    state: Floats
    """(4, P): parameters, gradients, and the optimizer's two moments."""
    previous: Floats
    """(4, P): the same before the last optimizer step; equal to ``state`` before the first."""
    stepped: bool
    """Whether the parameters are what that step made of ``previous``: not before the first, nor after an edit."""
    gradients_set: bool
    """False where PyTorch's ``.grad`` would be None."""
    frozen: tuple[int, ...]
    """Flat indices of frozen parameters."""
    asked: Answer
    """The current sum."""
    answers: tuple[Answer, ...]
    """The watched sums."""
    collapsed: AffineMap | None
    """None for networks with an activation."""
    losses: Losses
    trace: Trace | None
    """The current sum's way through the network."""
    scales: Scales = UNSCALED
    batch_rows: int = 0
    """Rows of the newest batch; 0 before the first."""
    muted: tuple[tuple[int, int], ...] = ()
    """(layer, neuron) pairs whose output is held at 0."""
    held_gradients: tuple[float | None, ...] = ()
    """For each of ``frozen`` the gradient that the newest backward pass would have given it, were it not held at 0;
    None where that pass has not come to it."""
    can_undo: bool = False
    can_redo: bool = False
    history_move: HistoryMove | None = None
    """What the newest step, undo or redo went over; None for nothing done by hand."""
    run: int = 1
    """The id of this run."""
    run_name: str = ""
    """What differs, in words, as in :class:`RunSummary`."""
    note: str = ""
    parent: int | None = None
    branched_at: float | None = None
    """As in :class:`RunSummary`."""
    runs: tuple[RunSummary, ...] = ()
    """The runs that were left, oldest first, this one not among them; the same tuple while nothing changes in it."""
    marks: tuple[Annotation, ...] = ()
    """What was done on this run's timeline, in order, at most :data:`MOST_MARKS`; the same tuple while unchanged."""
    first_loss: str = "mse"
    """The loss function that the run began with; where ``marks`` name another, ``losses`` go on in its units."""
    blow_up: Divergence | None = None
    """How this run's loss stopped being finite or diverged, also while an earlier moment is looked at; None where it
    did not."""
    warning: str = ""
    """What the person should know beside the run, such as that it could not be saved; empty otherwise."""

    def gradient_set(self, index: int) -> bool:
        """Whether a parameter (flat index) has a gradient: within backward only the layers that it has reached do."""
        if self.gradients_set or self.stage is None or self.stage.phase != "backward" or self.stage.layer is None:
            return self.gradients_set
        return index >= self.experiment.layout.weight(self.stage.layer).start

    def held_gradient(self, index: int) -> float | None:
        """What a frozen parameter's gradient would be; None where it is not frozen, or that is not known."""
        return dict(zip(self.frozen, self.held_gradients, strict=False)).get(index)

    @property
    def stage(self) -> Stage | None:
        """The stage done last: between two updates that is the step; None before the first."""
        return self.stages[self.moment.stage - 1] if self.moment.stage or self.moment.update else None
