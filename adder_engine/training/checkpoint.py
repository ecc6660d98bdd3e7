"""All that is needed to go on with a run from where it stands, and what to say where it cannot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adder_engine.experiment import Experiment
from adder_engine.kernels.loop import Counters
from adder_engine.language import tr
from adder_engine.parameters import ParameterLayout
from adder_engine.parsing import brief_text

Array = NDArray[np.float32]
Stream = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a person has taken hold of: frozen parameters and muted neurons."""

    frozen: frozenset[int] = frozenset()
    """Flat indices of parameters that stand still."""
    muted: frozenset[tuple[int, int]] = frozenset()
    """(layer, neuron) pairs whose output is held at 0."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that is needed to go on from between two updates and get the same bits."""

    state: Array
    """(4, P), a copy."""
    counters: Counters
    epoch_stream: Stream | None
    """The stream of random numbers at the start of the epoch, before its rows were shuffled; None between two."""
    stream: Stream
    """The stream now; the same array in all checkpoints between two draws."""
    experiment: Experiment
    constraints: Constraints


def why_stopped(update: int, layout: ParameterLayout, before: Array | None, after: Array) -> str:
    """Why the loss is not finite at an update: what the step before it did; both ``(P,)``, None for no step."""
    if before is None:
        return tr("The loss is not a finite number from update {update} on: the start is too large.", update=update)
    sizes = np.where(np.isfinite(after), np.abs(after), np.inf).astype(np.float64)
    largest = int(np.argmax(np.where(sizes == np.inf, 1e38 + np.abs(before.astype(np.float64)), sizes)))
    old, new = (brief_text(float(state[largest]), 4).replace("-", "−") for state in (before, after))
    grew = tr("{name} went from {old} to {new}", name=layout.name_of(largest), old=old, new=new)
    return tr("The loss stopped being finite at update {update}: {grew} in one update.", update=update, grew=grew)
