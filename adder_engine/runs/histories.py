"""A number, its tensor and the gradients of all layers over a whole run, replayed aside from the keyframes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adder_engine.analysis.results import RunHistories
from adder_engine.errors import RequestError
from adder_engine.runs.run import Run
from adder_engine.snapshot import Position
from adder_engine.steps import Steps

MOST_MOMENTS = 1_000
MOST_BINS = 100
MOST_SPREAD = 5_000
"""Of a larger tensor so many numbers, evenly picked, go into its histograms."""
SLICE = 0.005
"""Seconds that one slice of the replay may take, about."""


def histories_of(run: Run, index: int, moments: int, bins: int) -> Steps[RunHistories]:
    """What parameter ``index`` (flat) and its tensor were at about ``moments`` moments from the start to this one.

    Raises:
        RequestError: fewer than 2 or more than 1,000 moments, or fewer than 2 or more than 100 bins.
    """
    if not (2 <= moments <= MOST_MOMENTS and 2 <= bins <= MOST_BINS):
        raise RequestError("Use 2 to {moments:,} moments and 2 to {bins} bins.", moments=MOST_MOMENTS, bins=MOST_BINS)
    looking, now, layout = run.scout(), run.moment.update, run.trainer.layout
    here = run.trainer.state.copy(), _epochs(run)
    slot = next(slot for slot in layout.slots if index < slot.stop)
    tensor = np.unique(np.linspace(slot.start, slot.stop - 1, min(MOST_SPREAD, slot.stop - slot.start)).astype(int))
    spans = [slice(layout.weight(i).start, layout.bias(i).stop) for i in range(len(layout.slots) // 2)]
    most = max(1, int(SLICE / run.experiment.update_seconds))
    updates = np.unique(np.linspace(0, now, moments).round().astype(np.int64))
    numbers, spread, norms, epochs = [], [], [], []
    yield
    for update in updates.tolist():
        while looking.moment.update < update and update < now:
            looking.go_on_to(Position(update), most)
            yield
        state, epoch = here if update == now else (looking.trainer.state, _epochs(looking))
        numbers.append(state[:, index].astype(np.float64))
        spread.append(state[:2, tensor].copy())
        norms.append([float(np.linalg.norm(state[1, span].astype(np.float64))) for span in spans])
        epochs.append(epoch)
    known = np.array(numbers)
    each = np.array(spread)
    gradients = np.array(norms)
    if updates[0] == 0:  # there is no gradient before the first update
        known[0, 1] = np.nan
        each[0, 1] = np.nan
        gradients[0] = np.nan
    values, value_range = _histogram(each[:, 0], bins)
    slopes, slope_range = _histogram(each[:, 1], bins)
    return RunHistories(
        index=index, tensor=slot.name, updates=updates, epochs=np.array(epochs), number=known,
        values=values, value_range=value_range, gradients=slopes, gradient_range=slope_range, norms=gradients,
    )  # fmt: skip


def _epochs(run: Run) -> float:
    counters = run.trainer.counters
    return counters.epochs_done + counters.row / run.experiment.row_count


def _histogram(each: NDArray[np.float32], bins: int) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Shares ``(bins, moments)`` of numbers ``(moments, n)``, lowest bin first, and the range that they span."""
    finite = each[np.isfinite(each)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    air = (high - low) * 0.01 or abs(high) * 0.1 or 1.0
    low, high = low - air, high + air
    counts = [np.histogram(row[np.isfinite(row)].astype(np.float64), bins, (low, high))[0] for row in each]
    return np.array(counts, dtype=np.float64).T / each.shape[1], (low, high)
