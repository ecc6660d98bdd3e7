"""Reading a run out: answers, one parameter's course, an epoch of the past, a summary of the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from adder_engine.analysis import collapsed_map
from adder_engine.data import truth
from adder_engine.left import Left
from adder_engine.marks import marks_of
from adder_engine.playback import Playback, scout
from adder_engine.snapshot import Answer, CollapsedMap, Course, Look, Run
from adder_engine.sums import Sum
from adder_engine.trainer import Trainer

MOST_POINTS = 200
"""Of a parameter's course."""


def answers_of(trainer: Trainer, sums: Sequence[Sum]) -> tuple[Answer, ...]:
    """The network's answers, beside the truth of the experiment's task."""
    task = trainer.experiment.data.task
    predicted = trainer.answers([(s.a, s.b) for s in sums])
    return tuple(Answer(s, p, truth(task, s.a, s.b)) for s, p in zip(sums, predicted, strict=True))


def collapsed_of(trainer: Trainer) -> CollapsedMap | None:
    """The whole network as one map, for networks without activation."""
    return collapsed_map(trainer.experiment, trainer.state[0].numpy(), trainer.handles.silenced)


def course_of(run: Playback, index: int) -> Course:
    """One parameter (flat index) over the run so far, up to this moment."""
    now = run.trainer
    kept = [k for k in run.timeline.thinned(MOST_POINTS) if k.counters.updates_done < now.updates_done]
    updates = [k.counters.updates_done for k in kept] + [now.updates_done]
    values = [k.state[0, index].item() for k in kept] + [now.state[0, index].item()]
    return Course(index, np.array(updates, dtype=np.float64), np.array(values, dtype=np.float64))


def look_at(run: Playback, epoch: int, sums: Sequence[Sum]) -> Look:
    """What the run was at the end of an epoch; it is replayed aside from the nearest keyframe.

    Raises:
        RequestError: the run has not been there.
    """
    looking = run.scout()
    looking.seek_epoch(epoch)
    trainer, counters = looking.trainer, looking.trainer.counters
    return Look(
        epoch, counters.updates_done, counters.loss, finite(counters.test_loss), answers_of(trainer, sums),
        collapsed_of(trainer),
    )  # fmt: skip


def summary_of(left: Left, twin: Trainer, sums: Sequence[Sum], name: str, parent: int | None, at: float | None) -> Run:
    """What a run that is being left came to at its end; ``twin`` is a trainer that began as it did."""
    looking = scout(left, twin)
    looking.seek(left.newest)
    trainer = looking.trainer
    return Run(
        id=left.line,
        name=name,
        experiment=trainer.experiment,
        epoch=left.newest_epoch,
        train_loss=trainer.loss,
        test_loss=finite(trainer.test_loss),
        answers=answers_of(trainer, sums),
        collapsed=collapsed_of(trainer),
        losses=left.history.losses(),
        marks=marks_of(left.first_experiment, left.timeline.events),
        parent=parent,
        branched_at=at,
        stopped=left.stop[1] if left.stop else "",
    )


def finite(value: float | None) -> float | None:
    """The value; None where it is not finite."""
    return value if value is not None and math.isfinite(value) else None
