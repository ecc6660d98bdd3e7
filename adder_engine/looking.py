"""Reading a run out: answers, one parameter's course, an epoch of the past, a summary of the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from adder_engine.analysis import collapsed_map
from adder_engine.blowup import diverged_by
from adder_engine.experiment import Experiment
from adder_engine.left import Left
from adder_engine.marks import marks_of
from adder_engine.playback import Playback, scout
from adder_engine.snapshot import Answer, CollapsedMap, Course, Look, Moment, Run, ended_told
from adder_engine.sums import Sum
from adder_engine.trainer import Trainer

MOST_POINTS = 200
"""Of a parameter's course: of its keyframes, and of the updates before now that are replayed."""
REPLAY = 0.025
"""Seconds that the replay for a course may take, about."""


def answers_of(trainer: Trainer, sums: Sequence[Sum]) -> tuple[Answer, ...]:
    """The network's answers, beside what is wanted."""
    wanted = trainer.experiment.wanted
    predicted = trainer.answers([(s.a, s.b) for s in sums])
    return tuple(Answer(s, p, wanted.of(s.a, s.b)) for s, p in zip(sums, predicted, strict=True))


def collapsed_of(trainer: Trainer) -> CollapsedMap | None:
    """The whole network as one map, for networks without activation."""
    return collapsed_map(trainer.experiment, trainer.state[0].numpy(), trainer.handles.silenced)


def course_of(run: Playback, index: int) -> Course:
    """One parameter (flat index) over the run so far, up to this moment.

    Its last updates are replayed aside, so that none of them and nothing that was done among them is left out; what
    lies further back is told by the keyframes alone.
    """
    timeline, now = run.timeline, run.moment
    start = _replayed_from(run)
    exact = max(start.update, now.update - MOST_POINTS) if start < now else now.update
    kept = [k for k in timeline.thinned(MOST_POINTS) if k.counters.updates_done < exact]
    points = [(k.counters.updates_done, k.state[0, index].item()) for k in kept]
    if start < now:
        looking = run.scout()
        for halt in looking.walk(start, now):
            if halt.update >= exact:
                points.append((halt.update, looking.trainer.state[0, index].item()))
    else:
        points.append((now.update, run.trainer.state[0, index].item()))
    updates, values = np.array(points, dtype=np.float64).T
    spacing = timeline.spacing * -(-len(timeline.keyframes) // MOST_POINTS)
    return Course(index, updates, values, exact, spacing)


def _replayed_from(run: Playback) -> Moment:
    """The earliest keyframe that is needed and from which a replay to now is cheap; now if there is none."""
    now, timeline = run.moment, run.timeline
    most = int(REPLAY / seconds_of_an_update(run.experiment))
    place = timeline.before(max(0, now.update - MOST_POINTS)).counters.updates_done
    done = timeline.next_event(now)
    while place <= now.update:
        start = Moment(place)
        if now.update - place + done - timeline.next_event(start) <= most:
            return start
        place += timeline.spacing
    return now


def seconds_of_an_update(experiment: Experiment) -> float:
    """About how long one update takes, guessed from the network's size and the rows that go through it."""
    rows = experiment.rows_per_update + experiment.data.test_count / experiment.updates_per_epoch
    cells = rows * (sum(experiment.network.layers) + experiment.parameter_count / 8)
    return 1.2e-5 * (len(experiment.layer_names) + 3) + 0.35e-9 * (cells + 8 * experiment.parameter_count)


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
    times = diverged_by(looking, left.newest, left.newest_epoch) if left.stop is None else None
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
        stopped=left.stop[1] if left.stop else "" if times is None else ended_told(times),
        diverged=times is not None,
    )


def finite(value: float | None) -> float | None:
    """The value; None where it is not finite."""
    return value if value is not None and math.isfinite(value) else None
