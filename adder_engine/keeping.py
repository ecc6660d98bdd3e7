"""Turning a recording into a saved run and back."""

from __future__ import annotations

import dataclasses
from array import array
from typing import Any

import numpy as np
import torch

from adder_engine.errors import AdderError, RunFileError
from adder_engine.experiment import Experiment
from adder_engine.history import Series
from adder_engine.recording import Recording
from adder_engine.runfile import SavedRun
from adder_engine.snapshot import Moment
from adder_engine.timeline import Change, Deed, Edit, Event, Hold
from adder_engine.trainer import Checkpoint, Counters, Handles

MOST_KEYFRAMES = 256
"""Kept in a file, so that saving stays quick; the way back to any moment is replayed between them."""


def saved(recording: Recording, extra: dict[str, Any]) -> SavedRun:
    """The recording as arrays and JSON values; ``extra`` is kept along in its facts."""
    keyframes = recording.timeline.thinned(MOST_KEYFRAMES)
    streams: list[torch.Tensor] = []
    index: dict[int, int] = {}
    places = np.full((len(keyframes), 2), -1, dtype=np.int64)
    for i, keyframe in enumerate(keyframes):
        for j, stream in enumerate((keyframe.stream, keyframe.epoch_stream)):
            if stream is not None:
                if id(stream) not in index:
                    index[id(stream)] = len(streams)
                    streams.append(stream)
                places[i, j] = index[id(stream)]
    history = recording.history
    facts = {
        "moment": dataclasses.astuple(recording.moment),
        "newest": dataclasses.astuple(recording.newest),
        "newest_epoch": recording.newest_epoch,
        "epoch": recording.trainer.epochs_done,
        "stop": [dataclasses.astuple(recording.stop[0]), recording.stop[1]] if recording.stop else None,
        "events": [[dataclasses.astuple(event.at), *_written(event.deed)] for event in recording.timeline.events],
        "spacing": recording.timeline.spacing,
        **extra,
    }
    return SavedRun(
        experiment=recording.first_experiment,
        facts=facts,
        states=torch.stack([k.state for k in keyframes]).numpy(),
        counters=[dataclasses.asdict(k.counters) for k in keyframes],
        streams=torch.stack(streams).numpy(),
        stream_places=places,
        train=np.stack(history.train.arrays()),
        test=np.stack(history.test.arrays()),
        widths=(history.train.width, history.test.width),
    )


def opened(run: SavedRun) -> Recording:
    """The recording that was saved, at the moment where it stood.

    Raises:
        RunFileError: its parts do not fit together.
    """
    try:
        recording = Recording(run.experiment)
        timeline = recording.timeline
        facts = run.facts
        timeline.spacing = int(facts["spacing"])
        timeline.events = [Event(_moment(at), _read(kind, value)) for at, kind, value in facts["events"]]
        streams = [torch.from_numpy(row.copy()) for row in run.streams]
        timeline.keyframes = [_keyframe(run, i, streams, timeline.events) for i in range(len(run.states))]
        timeline.recount()
        for series, columns, width in zip(
            (recording.history.train, recording.history.test), (run.train, run.test), run.widths, strict=True
        ):
            _fill(series, columns, width)
        recording.history.epochs = int(run.train[0, -1]) if run.train.size else 0
        recording.newest, recording.newest_epoch = _moment(facts["newest"]), int(facts["newest_epoch"])
        if facts["stop"]:
            recording.stop = _moment(facts["stop"][0]), str(facts["stop"][1])
        recording.seek(_moment(facts["moment"]))
    except (AdderError, ValueError, KeyError, TypeError, IndexError, RuntimeError, OverflowError):
        raise RunFileError("This run is damaged: its parts do not fit together.") from None
    return recording


def _keyframe(run: SavedRun, i: int, streams: list[torch.Tensor], events: list[Event]) -> Checkpoint:
    counters = Counters(**run.counters[i])
    experiment, handles = run.experiment, Handles()
    for event in events:
        if event.at < Moment(counters.updates_done):
            if isinstance(event.deed, Change):
                experiment = event.deed.experiment
            elif isinstance(event.deed, Hold):
                handles = event.deed.handles
    own, epoch = (int(place) for place in run.stream_places[i])
    return Checkpoint(
        state=torch.from_numpy(run.states[i].copy()),
        counters=counters,
        epoch_stream=streams[epoch] if epoch >= 0 else None,
        stream=streams[own],
        experiment=experiment,
        handles=handles,
    )


def _fill(series: Series, columns: np.ndarray, width: int) -> None:
    series.width = width
    series.epochs, series.last, series.low, series.high = (array("d", column.tolist()) for column in columns)


def _moment(values: list[int]) -> Moment:
    update, rung, edits = values
    return Moment(int(update), int(rung), int(edits))


def _written(deed: Deed) -> tuple[str, Any]:
    if isinstance(deed, Edit):
        return "edit", [deed.index, deed.value]
    if isinstance(deed, Change):
        return "change", deed.experiment.to_toml()
    return "hold", [sorted(deed.handles.frozen), sorted(deed.handles.silenced)]


def _read(kind: str, value: Any) -> Deed:
    if kind == "edit":
        return Edit(int(value[0]), float(value[1]))
    if kind == "change":
        return Change(Experiment.from_toml(value))
    if kind == "hold":
        return Hold(Handles(frozenset(map(int, value[0])), frozenset((int(a), int(b)) for a, b in value[1])))
    raise ValueError(kind)
