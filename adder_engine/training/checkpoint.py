"""Where a run stands apart from its numbers, and all that is needed to go on from there."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adder_engine.experiment import Experiment
from adder_engine.kernels.loop import COUNTERS
from adder_engine.kernels.parameters import ParameterLayout
from adder_engine.language import tr

Array = NDArray[np.float32]
Stream = NDArray[np.uint32]


@dataclass(slots=True)
class Counters:
    """Where a run stands, apart from its tensors."""

    updates_done: int = 0
    epochs_done: int = 0
    row: int = 0
    """Rows of the current epoch that have been in an update."""
    optimizer_steps: int = 0
    """Steps since the optimizer's moments were fresh."""
    has_gradients: bool = False
    """False where PyTorch's ``.grad`` would still be None."""
    batch_loss: float | None = None
    """Loss of the newest forward pass."""
    loss: float | None = None
    """``train_loss`` of the last finished epoch."""
    test_loss: float | None = None
    epoch_sum: float = 0.0
    """Sum over the current epoch's batches of loss times rows."""
    epoch_low: float = math.inf
    epoch_high: float = -math.inf
    best_loss: float | None = None
    """The lowest held-out loss measured so far with the loss in use, and the first epoch that had it."""
    best_epoch: int = 0

    @classmethod
    def of(cls, record: Any) -> Counters:
        """What a record of the training loop holds, ``(1,)`` of ``COUNTERS``."""
        numbers: list[Any] = [None if number != number else number for number in record[0].item()[:13]]
        numbers[4] = bool(numbers[4])
        return cls(*numbers)

    def record(self, lr: float, step_lr: float) -> Any:
        """The same as a record of the training loop, ``(1,)``."""
        numbers = (math.nan if number is None else number for number in astuple(self))
        return np.array([(*numbers, lr, step_lr)], dtype=COUNTERS)


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a person has taken hold of: frozen parameters and silenced neurons."""

    frozen: frozenset[int] = frozenset()
    """Flat indices of parameters that stand still."""
    silenced: frozenset[tuple[int, int]] = frozenset()
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
    handles: Constraints


def why_stopped(update: int, layout: ParameterLayout, before: Array | None, after: Array) -> str:
    """Why the loss is not finite at an update: what the step before it did; both ``(P,)``, None for no step."""
    if before is None:
        return tr("The loss is not a finite number from update {update} on: the start is too large.", update=update)
    sizes = np.where(np.isfinite(after), np.abs(after), np.inf).astype(np.float64)
    largest = int(np.argmax(np.where(sizes == np.inf, 1e38 + np.abs(before.astype(np.float64)), sizes)))
    old, new = (_four_digits(float(state[largest])) for state in (before, after))
    grew = tr("{name} went from {old} to {new}", name=layout.name_of(largest), old=old, new=new)
    return tr("The loss stopped being finite at update {update}: {grew} in one update.", update=update, grew=grew)


def _four_digits(value: float) -> str:
    """``−1.308e17``, as the screens write numbers."""
    mantissa, e, power = f"{value:.4g}".partition("e")
    return (f"{mantissa}e{int(power)}" if e else mantissa).replace("-", "−")
