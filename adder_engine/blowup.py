"""Why a run blew up: where it began, which tensor grew first, and the rate beside the curvature's limit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from adder_engine.curvature import largest_curvature
from adder_engine.experiment import Experiment
from adder_engine.playback import Playback
from adder_engine.snapshot import BlowUp, Moment

BEYOND = 1_000.0
"""How many times the run's first loss is beyond all bounds."""
WINDOW = 50
"""Updates over which growth is measured; fewer where an update is slow."""
CELLS = 50_000_000
"""Rows times neurons that may go through the network for the measurement: about a second."""
STEPS_BACK = 10
DOUBLED = 2.0


@dataclass(frozen=True)
class _Seen:
    """One update of the way to the blow-up."""

    update: int
    loss: float
    norms: tuple[float, ...]
    """Each tensor's norm after the update."""


def explain(run: Playback) -> BlowUp | None:
    """How this run's loss stopped being finite; None where it did not, or was not even at the start.

    The run is looked at by a scout, so it is not moved or disturbed.
    """
    if run.stop is None:
        return None
    end, scout, experiment = run.stop[0].update, run.scout(), run.experiment
    # The run stands before the step that led to the loss that is not finite, unless an edit led there.
    lost_at = end + 1 + math.isfinite(_next_loss(scout, end))
    if lost_at == 1:
        return None
    update = _first_beyond(scout, end, lost_at)
    cells = experiment.rows_per_update * sum(experiment.network.layers)
    last = min(update, end)
    seen = _watch(scout, max(0, last - max(2, min(WINDOW, CELLS // cells))), last)
    if update > end:
        seen += _last_step(scout)
    tensor, factor, over = _first_to_double([one.norms for one in seen])

    before = min(update - 1, end)
    _go(scout, before)
    rows = scout.trainer.counters.row + (update - 1 - before) * experiment.rows_per_update
    epoch = scout.trainer.epochs_done + rows / experiment.row_count
    lr = scout.trainer.lr
    back_to = max(0, update - STEPS_BACK)
    _go(scout, back_to)
    curvature = largest_curvature(scout.trainer)
    limit = 2 / curvature if math.isfinite(curvature) and curvature > 0 else None
    name = scout.trainer.layout.slots[tensor].name
    return BlowUp(update, epoch, lost_at, name, factor, over, lr, limit, back_to)


def explain_anew(experiment: Experiment) -> BlowUp | None:
    """How the loss of this experiment's run stops being finite, for runs that were not recorded: it is run again."""
    run = Playback(experiment)
    run.run(experiment.epochs * experiment.updates_per_epoch)
    return explain(run)


def _go(scout: Playback, update: int) -> None:
    scout.seek(Moment(update, 0, scout.timeline.edits_at(update, 0)))


def _next_loss(scout: Playback, update: int) -> float:
    """The loss of the forward pass that follows an update."""
    _go(scout, update)
    trainer = scout.trainer
    while not trainer.stopped and (not trainer.rung or trainer.rungs[trainer.rung - 1].phase != "loss"):
        trainer.climb()
    return math.inf if trainer.stopped else _loss(trainer.counters.batch_loss)


def _first_beyond(scout: Playback, end: int, lost_at: int) -> int:
    """The first update (1-based) from which on the loss stays beyond bounds, or the one where it is not finite."""
    bound = BEYOND * (_next_loss(scout, 0) or math.inf)
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


def _last_step(scout: Playback) -> list[_Seen]:
    """The step after which the loss is no longer finite, as far as its parameters are."""
    trainer = scout.trainer
    before = trainer.updates_done
    trainer.update()
    seen = _see(scout)
    return [seen] if trainer.updates_done > before and all(map(math.isfinite, seen.norms)) else []


def _loss(value: float | None) -> float:
    return math.inf if value is None else value


def _watch(scout: Playback, start: int, end: int) -> list[_Seen]:
    """Replay the updates after ``start`` up to ``end``: their losses, and the tensors' norms; first the start's."""
    _go(scout, start)
    seen = [_see(scout)]
    while scout.moment.update < end and scout.run(1):
        seen.append(_see(scout))
    return seen


def _see(scout: Playback) -> _Seen:
    trainer = scout.trainer
    norms = tuple(_norm(trainer.state[0, slot.span]) for slot in trainer.layout.slots)
    return _Seen(trainer.updates_done, _loss(trainer.counters.batch_loss), norms)


def _norm(values: Tensor) -> float:
    return float(values.double().norm())


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
