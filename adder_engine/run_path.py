"""The way that a run's parameters have gone, from its keyframes: no update pays for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from adder_engine.analysis import collapsed_map
from adder_engine.findings import MapCourse
from adder_engine.recording import Recording

MOST_POINTS = 300
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class RunPath:
    """Moments of a run from the first to the newest, the one that is looked at among them."""

    parameters: Tensor
    """``(k, P)``, float64."""
    silenced: tuple[frozenset[tuple[int, int]], ...]
    """The silenced neurons at each moment."""
    updates: Doubles
    epochs: Doubles
    """Epochs finished, with the part of one in progress; both ``(k,)``."""
    here: int


def run_path(recording: Recording) -> RunPath:
    """The run's path, evenly thinned to a few hundred moments."""
    trainer, rows = recording.trainer, recording.trainer.experiment.row_count
    now = trainer.counters
    kept = [k for k in recording.timeline.thinned(MOST_POINTS) if k.counters.updates_done != now.updates_done]
    here = sum(k.counters.updates_done < now.updates_done for k in kept)
    counters = [k.counters for k in kept]
    parameters = [k.state[0] for k in kept]
    silenced = [k.handles.silenced for k in kept]
    counters.insert(here, now)
    parameters.insert(here, trainer.state[0])
    silenced.insert(here, trainer.handles.silenced)
    return RunPath(
        torch.stack(parameters).double(),
        tuple(silenced),
        np.array([c.updates_done for c in counters], dtype=np.float64),
        np.array([c.epochs_done + c.row / rows for c in counters]),
        here,
    )


def map_course(recording: Recording) -> MapCourse | None:
    """The collapsed map over the run; None for a network with an activation."""
    experiment = recording.experiment
    if experiment.network.activation != "none":
        return None
    path = run_path(recording)
    maps = []
    for parameters, silenced in zip(path.parameters.float().numpy(), path.silenced, strict=True):
        found = collapsed_map(experiment, parameters, silenced)
        assert found is not None
        maps.append((found.w_a, found.w_b, found.c))
    w_a, w_b, c = np.array(maps).T.copy()
    return MapCourse(path.updates, path.epochs, w_a, w_b, c, path.here)
