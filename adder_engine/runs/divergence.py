"""When a run counts as diverged, by one rule; and why it did."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adder_engine.analysis.curvature import largest_curvature, limit_for
from adder_engine.experiment import Experiment
from adder_engine.kernels.losses import mean_of_zeros
from adder_engine.runs.run import Run
from adder_engine.runs.timeline import SetParameter
from adder_engine.snapshot import Divergence, Position
from adder_engine.training.trainer import Trainer

BEYOND = 1_000.0
"""How many times the loss of the start is beyond all bounds."""
WINDOW = 50
"""Updates over which growth is measured; fewer where an update is slow."""
CELLS = 50_000_000
"""Rows times neurons that may go through the network for the measurement: about a second."""
MOST_TRIED = 300
"""Updates with which a rate is tried out."""
STEPS_BACK = 10
DOUBLED = 2.0


class Bound:
    """The loss beyond which a trainer's run has diverged, by where it began.

    Args:
        trainer: its rows, its loss function and what is muted are those of the moment when it is made.
        starts: parameters ``(P,)`` that the run began with: its initial ones, and those set by hand since.
    """

    def __init__(self, trainer: Trainer, starts: Sequence[NDArray[np.float32]]) -> None:
        self.start = max(trainer.loss_at(start) for start in starts)
        """The loss at the start, the highest of several."""
        zero = mean_of_zeros(trainer.experiment.training.loss, trainer.targets)
        self.loss = BEYOND * max(self.start, zero) or math.inf
        """Above it a run has diverged; infinite where start and targets are 0."""

    def times(self, loss: float) -> float | None:
        """How many times the start's loss this one is, where that is beyond the bound; None where it is not."""
        if not loss > self.loss:
            return None
        return loss / self.start if self.start > 0 else math.inf


@dataclass(frozen=True)
class _Seen:
    """One update of the way to the blow-up."""

    update: int
    loss: float
    norms: tuple[float, ...]
    """Each tensor's norm after the update."""


def explain(run: Run) -> Divergence | None:
    """How this run's loss stopped being finite, or ended beyond its bound; None where neither is so.

    A loss that was not finite even at the start is not explained: nothing grew. The run is looked at by a scout, so it
    is not moved or disturbed.
    """
    if run.stop is None and not has_ended(run):
        return None
    scout, experiment = run.scout(), run.experiment
    end = run.newest.update if run.stop is None else run.stop[0].update
    bound = _bound(scout, run.newest)
    lost_at = times = loss = None
    if run.stop is None:
        loss = scout.trainer.current_loss()
        times = bound.times(loss)
        if times is None:
            return None
    else:
        # The run stands before the step that led to the loss that is not finite, unless an edit led there.
        lost_at = end + 1 + math.isfinite(_next_loss(scout, end))
        if lost_at == 1:
            return None
    update = _first_beyond(scout, end, lost_at or end + 1, bound.loss)
    cells = _cells(experiment)
    last = min(update, end)
    seen = _watch(scout, max(0, last - max(2, min(WINDOW, CELLS // cells))), last)
    if update > end and lost_at is not None:  # the step after which the loss is no longer finite
        scout.trainer.update()
        seen += [_see(scout)] if scout.trainer.updates_done > last else []
    while len(seen) > 1 and not all(map(math.isfinite, seen[-1].norms)):  # behind a tanh a bias may be infinite before
        seen.pop()
    tensor, factor, over = _first_to_double([one.norms for one in seen])

    before = min(update - 1, end)
    _go(scout, before)
    rows = scout.trainer.counters.row + (update - 1 - before) * experiment.rows_per_update
    epoch = scout.trainer.epochs_done + rows / experiment.row_count
    lr = scout.trainer.lr
    _go(scout, end)
    setting = scout.experiment.training.lr
    back_to = max(0, update - STEPS_BACK)
    _go(scout, back_to)
    curvature = largest_curvature(scout.trainer)
    limit = 2 / curvature if math.isfinite(curvature) and curvature > 0 else None
    own = limit_for(scout.experiment.training, curvature) if limit is not None else None
    rescue_lr = _rescuing(scout.trainer, setting, own, bound)
    name = scout.trainer.layout.tensors[tensor].name
    return Divergence(
        update, epoch, lost_at, name, factor, over, lr, limit, back_to, own_limit=own, times=times, loss=loss,
        setting=setting, rescue_lr=rescue_lr,
    )  # fmt: skip


def explain_anew(experiment: Experiment) -> Divergence | None:
    """How this experiment's run blows up or diverges, for runs that were not recorded: it is run again."""
    run = Run(experiment)
    run.play(experiment.epochs * experiment.updates_per_epoch)
    return explain(run)


def diverged_by(scout: Run, end: Position, epochs: int) -> float | None:
    """How many times the start's loss that of a run is which has come to this moment, its newest, and so many epochs;
    None where it is not at its end or has not diverged. The scout goes there.
    """
    scout.seek(end)
    if not 0 < scout.experiment.epochs <= epochs:
        return None
    return _bound(scout, end).times(scout.trainer.current_loss())


def has_ended(run: Run) -> bool:
    """Whether the run has come to its end: all epochs are done, or a rule of its own has ended it right here."""
    return 0 < run.experiment.epochs <= run.newest_epoch or bool(run.paused and run.moment == run.newest)


def _bound(scout: Run, end: Position) -> Bound:
    """The bound of a run that ends there, by its start and by what was set by hand last; the scout goes to the end."""
    starts = [scout.timeline.keyframes[0].state[0]]
    edit = next(
        (event for event in reversed(scout.timeline.events) if isinstance(event.intervention, SetParameter)), None
    )
    if edit is not None:
        scout.seek(edit.at.behind)
        starts.append(scout.trainer.state[0].copy())
    scout.seek(end)
    return Bound(scout.trainer, starts)


def _cells(experiment: Experiment) -> int:
    return experiment.rows_per_update * sum(experiment.network.layers)


def _rescuing(trainer: Trainer, setting: float, limit: float | None, bound: Bound) -> float:
    """The rate with which the run goes on well from where the trainer stands.

    That is half the rate, or half the limit where that is lower; and where an attempt shows that even this will not do,
    as with optimizers that have no one limit, the first half of that with which the loss gets no higher than it was.
    """
    lr = setting / 2
    if limit is not None and limit / 2 < lr:
        lr = float(f"{limit / 2:.3g}")
    start, before = trainer.checkpoint(), max(trainer.current_loss(), bound.start)
    left = max(MOST_TRIED, CELLS // _cells(trainer.experiment))
    while True:
        trainer.restore(start)
        trainer.change(trainer.experiment.replace(**{"training.lr": lr}))
        tried = min(left, MOST_TRIED)
        while tried and not trainer.stopped and trainer.epochs_done < trainer.experiment.epochs:
            trainer.update()
            tried, left = tried - 1, left - 1
            if _loss(trainer.counters.batch_loss) > bound.loss:
                break
        if left <= 0 or lr / 2 == 0 or (not trainer.stopped and trainer.current_loss() <= before):
            return lr
        lr /= 2


def _go(scout: Run, update: int) -> None:
    scout.seek(scout.timeline.behind(update))


def _next_loss(scout: Run, update: int) -> float:
    """The loss of the forward pass that follows an update."""
    _go(scout, update)
    trainer = scout.trainer
    while not trainer.stopped and (not trainer.stage or trainer.stages[trainer.stage - 1].phase != "loss"):
        trainer.climb()
    return math.inf if trainer.stopped else _loss(trainer.counters.batch_loss)


def _first_beyond(scout: Run, end: int, lost_at: int, bound: float) -> int:
    """The first update (1-based) from which on the loss stays beyond the bound, or the one where it is not finite."""
    sane = [
        k.counters.updates_done
        for k in scout.timeline.keyframes
        if k.counters.updates_done <= end and (k.counters.batch_loss or 0) <= bound
    ]
    start = max(sane, default=0)
    beyond = lost_at
    for one in _watch(scout, start, min(end, start + scout.timeline.spacing))[1:]:
        if one.loss <= bound:
            beyond = lost_at
        elif beyond == lost_at:
            beyond = one.update
    if beyond == lost_at > end + 1 and _next_loss(scout, end) > bound:
        return end + 1
    return beyond


def _loss(value: float | None) -> float:
    return math.inf if value is None else value


def _watch(scout: Run, start: int, end: int) -> list[_Seen]:
    """Replay the updates after ``start`` up to ``end``: their losses, and the tensors' norms; first the start's."""
    _go(scout, start)
    seen = [_see(scout)]
    while scout.moment.update < end and scout.run(1):
        seen.append(_see(scout))
    return seen


def _see(scout: Run) -> _Seen:
    trainer = scout.trainer
    parameters = trainer.state[0].astype(np.float64)
    norms = tuple(float(np.linalg.norm(parameters[tensor.span])) for tensor in trainer.layout.tensors)
    return _Seen(trainer.updates_done, _loss(trainer.counters.batch_loss), norms)


def _first_to_double(norms: list[tuple[float, ...]]) -> tuple[int, float, int]:
    """Which tensor was first at twice its norm at the window's start, by what factor an update it grew, over how many.

    Where several get there in one update, the one that grew most by then; where none does, the one that grew most.
    The growth is the geometric mean from the window's start, or from where the tensor last stood still, to its end.
    """
    start = norms[0]
    growth = [[after[i] / start[i] if start[i] else math.inf for after in norms] for i in range(len(start))]
    doubled = [next((k for k, g in enumerate(line) if g >= DOUBLED), len(norms)) for line in growth]
    when = min(doubled)
    at = min(when, len(norms) - 1)
    tensor = max((i for i in range(len(start)) if doubled[i] == when), key=lambda i: growth[i][at])
    line = [one[tensor] for one in norms]
    begin = _onset(line)
    span = len(line) - 1 - begin
    if span < 1 or not line[begin]:
        return tensor, 1.0, 0
    return tensor, (line[-1] / line[begin]) ** (1 / span), span


def _onset(line: list[float]) -> int:
    """From where on the values grow at every step to the end; at the earliest the first that is not 0."""
    begin = len(line) - 1
    while begin and 0 < line[begin - 1] < line[begin]:
        begin -= 1
    return begin
