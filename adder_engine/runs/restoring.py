"""Turning a run, and those in the session's list, into what a file holds and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adder_engine.errors import RunFileError
from adder_engine.experiment import Experiment
from adder_engine.kernels.loop import Counters
from adder_engine.kernels.random import from_torch, to_torch
from adder_engine.language import tr
from adder_engine.parsing import Sum
from adder_engine.runs.files import SavedRun
from adder_engine.runs.labels import note_of
from adder_engine.runs.run import Run
from adder_engine.runs.run_list import marks_of
from adder_engine.runs.timeline import (
    ChangeSettings,
    Event,
    Intervention,
    SetConstraints,
    SetParameter,
    SuspendedRun,
    Timeline,
)
from adder_engine.snapshot import AffineMap, Answer, Position, RunSummary
from adder_engine.training.checkpoint import Checkpoint, Constraints
from adder_engine.training.history import History

MOST_LISTED_KEYFRAMES = 8
MOST_LISTED_BYTES = 2**20
"""Their states may take, of one run; wide networks keep the first and the last."""
MOST_KEYFRAMES = 256
"""Kept in a file, so that saving stays quick; the way back to any moment is replayed between them."""
DAMAGED = tr("This run is damaged: its parts do not fit together.")
LARGEST_SPACING = 1 << 17
"""Updates between two keyframes that opening a file may have to replay: some seconds."""


def companions_saved(kept: Sequence[tuple[RunSummary, SuspendedRun]]) -> list[SavedRun]:
    """Each run of a list as arrays and JSON values; the way between few keyframes is replayed after opening."""
    runs = []
    for run, left in kept:
        most = max(1, min(MOST_LISTED_KEYFRAMES, MOST_LISTED_BYTES // left.timeline.keyframes[0].state.nbytes))
        runs.append(saved(left, {"run": _facts(run)}, most))
    return runs


def companions_restored(others: Sequence[SavedRun]) -> list[tuple[RunSummary, SuspendedRun]]:
    """The runs of a list that was saved. Raises RunFileError: their parts do not fit together."""
    try:
        return [_restored(other) for other in others]
    except Exception:  # a file may hold anything
        raise RunFileError(DAMAGED) from None


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


_PLAIN_FIELDS: dict[str, Callable[[Any], Any]] = {
    "id": int, "name": str, "epoch": int, "train_loss": _number, "test_loss": _number, "branched_at": _number,
    "stopped": str, "diverged": bool, "pinned": bool, "note": note_of,
    "parent": lambda value: None if value is None else int(value),
}  # fmt: skip
"""What of a :class:`RunSummary` stands in a file as it is, and how it is read."""


def _facts(run: RunSummary) -> dict[str, Any]:
    return {
        **{name: getattr(run, name) for name in _PLAIN_FIELDS},
        "experiment": run.experiment.to_toml(),
        "answers": [[a.sum.a, a.sum.b, a.sum.typed, a.predicted, a.wanted] for a in run.answers],
        "collapsed": dataclasses.astuple(run.collapsed) if run.collapsed else None,
    }


def _restored(other: SavedRun) -> tuple[RunSummary, SuspendedRun]:
    left, facts = restored(other), {"diverged": False, "note": "", **other.facts["run"]}  # which old files do not have
    run = RunSummary(
        **{name: read(facts[name]) for name, read in _PLAIN_FIELDS.items()},
        experiment=Experiment.from_toml(facts["experiment"]),
        answers=tuple(
            Answer(Sum(float(a), float(b), str(typed)), float(predicted), _number(wanted))
            for a, b, typed, predicted, wanted in facts["answers"]
        ),
        collapsed=AffineMap(*map(float, facts["collapsed"])) if facts["collapsed"] else None,
        losses=left.history.losses(),
        marks=marks_of(left.first_experiment, left.timeline.events),
    )
    return run, left


def saved(left: SuspendedRun, extra: dict[str, Any], most_keyframes: int = MOST_KEYFRAMES) -> SavedRun:
    """The run as arrays and JSON values; ``extra`` is kept along in its facts."""
    keyframes = left.timeline.thinned(most_keyframes)
    streams = {id(stream): stream for k in keyframes for stream in (k.stream, k.epoch_stream) if stream is not None}
    index = {known: place for place, known in enumerate(streams)} | {id(None): -1}
    places = [[index[id(k.stream)], index[id(k.epoch_stream)]] for k in keyframes]
    history = left.history
    facts = {
        "moment": dataclasses.astuple(left.moment),
        "newest": dataclasses.astuple(left.newest),
        "newest_epoch": left.newest_epoch,
        "epoch": left.epoch,
        "stop": [dataclasses.astuple(left.stop[0]), left.stop[1]] if left.stop else None,
        "events": [
            [dataclasses.astuple(event.at), *_written(event.intervention, left.first_experiment)]
            for event in left.timeline.events
        ],
        "spacing": left.timeline.spacing,
        **extra,
    }
    return SavedRun(
        experiment=left.first_experiment,
        facts=facts,
        states=np.stack([k.state for k in keyframes]),
        counters=[dataclasses.asdict(k.counters) for k in keyframes],
        streams=np.stack([to_torch(stream) for stream in streams.values()]),
        stream_places=np.array(places, dtype=np.int64),
        train=np.stack(history.train.arrays()),
        test=np.stack(history.test.arrays()),
        widths=(history.train.width, history.test.width),
    )


def opened(run: SavedRun) -> Run:
    """The recording that was saved, at the moment where it stood.

    Raises:
        RunFileError: its parts do not fit together.
    """
    left = restored(run)
    try:
        recording = Run(run.experiment)
        recording.take(left.at_its_end())
        _must(recording.moment == left.newest and recording.trainer.epochs_done == left.newest_epoch)
        recording.seek(left.moment)
        _must(recording.moment == left.moment and recording.trainer.epochs_done == left.epoch)
    except Exception:  # a file may hold anything
        raise RunFileError(DAMAGED) from None
    return recording


def restored(run: SavedRun) -> SuspendedRun:
    """The run that was saved, as it was left; nothing is replayed yet.

    Raises:
        RunFileError: its parts do not fit together.
    """
    try:
        facts, experiment = run.facts, run.experiment
        timeline, history = Timeline.for_experiment(experiment), History()
        timeline.spacing = _whole(facts["spacing"])
        timeline.events = [Event(_moment(at), _read(kind, value, experiment)) for at, kind, value in facts["events"]]
        _check_events(timeline.events, experiment)
        streams = [from_torch(row) for row in run.streams]
        timeline.keyframes = [_keyframe(run, i, streams, timeline.events) for i in range(len(run.states))]
        timeline.recount()
        parts = (history.train, run.train, run.widths[0]), (history.test, run.test, run.widths[1])
        for series, columns, width in parts:
            _must(width >= 1 and columns.shape[1] <= series.capacity and bool(np.isfinite(columns).all()))
            _must(bool((np.diff(columns[0], prepend=0) > 0).all()))
            series.fill(columns, width)
        history.noted[0] = int(run.train[0, -1]) if run.train.size else 0
        newest = _moment(facts["newest"])
        _check_keyframes(timeline, newest)
        stop = (_moment(facts["stop"][0]), str(facts["stop"][1])) if facts["stop"] else None
        newest_epoch, epoch = _whole(facts["newest_epoch"]), _whole(facts["epoch"])
        return SuspendedRun(experiment, timeline, history, newest, newest_epoch, stop, _moment(facts["moment"]), epoch)
    except Exception:  # a file may hold anything
        raise RunFileError(DAMAGED) from None


def _must(good: bool) -> None:
    if not good:
        raise ValueError("not as it was written")


def _whole(value: Any) -> int:
    _must(type(value) is int and value >= 0)
    return int(value)


def _check_events(events: list[Event], experiment: Experiment) -> None:
    """Hold the log against what a person could have done; a :class:`Run` refuses the same."""
    _must(all(one.at < other.at for one, other in pairwise(events)))
    before = None
    for event in events:
        at = event.at
        together = before is not None and (before.update, before.stage) == (at.update, at.stage)
        _must(at.edits == (before.edits + 1 if before and together else 0))
        before = at
        event.intervention.check(experiment)


def _check_keyframes(timeline: Timeline, newest: Position) -> None:
    """Keyframes stand in order, at multiples of the spacing, and reach to the newest moment."""
    counters = [keyframe.counters for keyframe in timeline.keyframes]
    _must(1 <= timeline.spacing <= LARGEST_SPACING and counters[0] == Counters())
    _must(all(c.updates_done % timeline.spacing == 0 for c in counters))
    for one, other in pairwise(counters):
        _must(one.updates_done < other.updates_done and (one.epochs_done, one.row) < (other.epochs_done, other.row))
    _must(0 <= newest.update - counters[-1].updates_done <= timeline.spacing)


def _keyframe(run: SavedRun, i: int, streams: list[NDArray[np.uint32]], events: list[Event]) -> Checkpoint:
    counters = Counters(**run.counters[i])
    for field in dataclasses.fields(counters):
        value = getattr(counters, field.name)
        if field.name in ("updates_done", "epochs_done", "row", "optimizer_steps", "best_epoch"):
            _whole(value)
        else:
            _must(value is None or isinstance(value, bool | float))
    experiment, constraints = run.experiment, Constraints()
    for event in events:
        if event.at < Position(counters.updates_done):
            if isinstance(event.intervention, ChangeSettings):
                experiment = event.intervention.experiment
            elif isinstance(event.intervention, SetConstraints):
                constraints = event.intervention.constraints
    own, epoch = (int(place) for place in run.stream_places[i])
    _must(own >= 0 and (epoch >= 0) == (counters.row > 0) and counters.row < experiment.row_count)
    return Checkpoint(
        state=run.states[i].copy(),
        counters=counters,
        epoch_stream=streams[epoch] if epoch >= 0 else None,
        stream=streams[own],
        experiment=experiment,
        constraints=constraints,
    )


def _moment(values: list[int]) -> Position:
    update, stage, edits = values
    return Position(_whole(update), _whole(stage), _whole(edits))


def _written(intervention: Intervention, first: Experiment) -> tuple[str, Any]:
    """Its kind and its values; of settings those that are not as the run began."""
    if isinstance(intervention, SetParameter):
        return "edit", [intervention.index, intervention.value]
    if isinstance(intervention, ChangeSettings):
        return "set", {key: value for key, (value, _) in intervention.experiment.differences(first).items()}
    return "hold", [sorted(intervention.constraints.frozen), sorted(intervention.constraints.muted)]


def _read(kind: str, value: Any, first: Experiment) -> Intervention:
    if kind == "edit":
        return SetParameter(int(value[0]), float(value[1]))
    if kind == "set":
        return ChangeSettings(first.replace(**value))
    if kind == "change":  # as files were written once: the whole experiment
        return ChangeSettings(Experiment.from_toml(value))
    if kind == "hold":
        return SetConstraints(
            Constraints(frozenset(map(int, value[0])), frozenset((int(a), int(b)) for a, b in value[1]))
        )
    raise ValueError(kind)
