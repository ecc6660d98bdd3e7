"""The history of losses: bounded, and true to every spike."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adder_engine.experiment import Experiment
from adder_engine.kernels import loop
from adder_engine.runs.run import Run
from adder_engine.snapshot import Position
from adder_engine.training.history import History, Series
from tests.engine.strategies import examples

LOSSES = st.floats(0, 1e30)


@st.composite
def epochs(draw: st.DrawFn) -> list[tuple[int, float, float, float, float | None]]:
    """What a run notes, epoch by epoch: loss, its updates' extremes, and now and then a held-out loss."""
    every = draw(st.integers(1, 7))
    rows = []
    for epoch in range(1, draw(st.integers(1, 80)) + 1):
        low, loss, high = sorted(draw(st.tuples(LOSSES, LOSSES, LOSSES)))
        rows.append((epoch, loss, low, high, draw(LOSSES) if epoch % every == 0 else None))
    return rows


def small(capacity: int = 8) -> History:
    history = History()
    history.train, history.test = Series(capacity), Series(capacity)
    return history


def record(history: History, epoch: int, loss: float, low: float, high: float, test_loss: float | None) -> None:
    loop.record(history.train.kernel, epoch, loss, low, high)
    if test_loss is not None:
        loop.record(history.test.kernel, epoch, test_loss, test_loss, test_loss)
    history.noted[0] = epoch


def widen(history: History, widths: tuple[int, int]) -> None:
    history.train.kernel.size[1], history.test.kernel.size[1] = widths


def noted(rows: list[tuple[int, float, float, float, float | None]], capacity: int = 8) -> History:
    history = small(capacity)
    for row in rows:
        record(history, *row)
    return history


def columns(history: History) -> list[list[float]]:
    losses = history.losses()
    return [
        c.tolist()
        for c in (
            losses.epochs, losses.train, losses.low, losses.high,
            losses.test_epochs, losses.test, losses.test_low, losses.test_high,
        )
    ]  # fmt: skip


@examples(100)
@given(rows=epochs(), capacity=st.integers(2, 20))
def test_no_spike_is_ever_lost_and_no_bucket_shows_a_loss_that_never_was(rows, capacity):
    history = noted(rows, capacity)
    losses = history.losses()
    assert len(losses.epochs) <= capacity
    assert len(losses.test_epochs) <= capacity
    assert losses.epochs[-1] == rows[-1][0]
    start = 0
    for epoch, train, low, high in zip(losses.epochs, losses.train, losses.low, losses.high, strict=True):
        inside = [row for row in rows if start < row[0] <= epoch]
        assert (train, low, high) == (inside[-1][1], min(r[2] for r in inside), max(r[3] for r in inside))
        start = epoch
    measured = [row for row in rows if row[4] is not None]
    start = 0
    for epoch, test, low, high in zip(losses.test_epochs, losses.test, losses.test_low, losses.test_high, strict=True):
        inside = [row[4] for row in measured if start < row[0] <= epoch]
        assert (test, low, high) == (inside[-1], min(inside), max(inside))
        start = epoch
    assert start == (measured[-1][0] if measured else 0)


@examples(100)
@given(rows=epochs(), capacity=st.integers(2, 20), data=st.data())
def test_a_history_that_is_cut_and_noted_again_is_that_of_a_run_that_never_went_further(rows, capacity, data):
    history = noted(rows, capacity)
    widths = history.train.width, history.test.width
    epoch = data.draw(st.integers(0, len(rows)))
    again = history.cut(epoch)
    assert 0 <= again <= epoch
    assert history.epochs == again
    assert all(column[-1] <= again for column in (history.losses().epochs, history.losses().test_epochs) if len(column))
    for row in rows[again:epoch]:
        record(history, *row)
    never_further = small(capacity)
    widen(never_further, widths)
    for row in rows[:epoch]:
        record(never_further, *row)
    assert columns(history) == columns(never_further)
    assert history.epochs == never_further.epochs == epoch


@examples(50)
@given(rows=epochs(), data=st.data())
def test_a_copy_goes_its_own_way(rows, data):
    history = noted(rows)
    before = columns(history)
    copy = history.copy()
    copy.cut(data.draw(st.integers(0, len(rows))))
    record(copy, 1000, 1.0, 0.0, 2.0, 3.0)
    assert columns(history) == before
    assert columns(copy) != before


def test_what_was_handed_out_does_not_change_afterwards():
    history = noted([(1, 1.0, 1.0, 1.0, None)])
    losses = history.losses()
    assert history.losses() is losses
    record(history, 2, 2.0, 2.0, 2.0, None)
    assert losses.epochs.tolist() == [1]
    assert history.losses().epochs.tolist() == [1, 2]


def test_many_epochs_take_a_few_thousand_buckets_that_grow_wider():
    series = Series()
    for epoch in range(1, 200_001):
        loop.record(series.kernel, epoch, 1.0, 1.0, 9e9 if epoch == 77_777 else 1.0)
    assert len(series) <= series.capacity
    assert series.width == 64
    _, _, _, high = series.arrays()
    assert high.max() == 9e9
    assert high.tolist().index(9e9) == (77_777 - 1) // series.width


def test_a_spike_in_one_mini_batch_shows_in_the_extremes_of_its_epoch():
    rows = [[1.0, 1.0]] * 7 + [[400.0, 300.0]]
    recording = Run(
        Experiment().replace(
            **{"data.kind": "rows", "data.rows": rows, "training.batch_size": 1, "epochs": 5, "training.lr": 1e-9}
        )
    )
    recording.run(40)
    losses = recording.history.losses()
    spike = (recording.trainer.predict(400, 300) - 700) ** 2
    assert np.allclose(losses.high, spike, rtol=1e-3)
    assert (losses.low < 100).all()


def test_an_edit_behind_widened_buckets_leaves_the_losses_of_a_run_that_never_went_further():
    experiment = Experiment().replace(
        **{"data.count": 5, "data.scale": 500.0, "data.test_count": 3, "data.test_every": 3, "epochs": 300}
    )
    recording, never_further = Run(experiment), Run(experiment)
    for r in (recording, never_further):
        r.history.train, r.history.test = Series(16), Series(4)
    recording.run(250)
    widths = recording.history.train.width, recording.history.test.width
    assert min(widths) >= 16
    recording.seek(Position(101))
    recording.edit(0, 0.5)
    widen(never_further.history, widths)
    never_further.run(101)
    assert columns(recording.history) == columns(never_further.history)


def test_a_held_out_loss_that_is_no_number_is_left_out():
    recording = Run(
        Experiment.preset("many-pairs").replace(
            **{"data.count": 20, "data.test_every": 1, "training.optimizer": "sgd", "training.lr": 1e-5}
        )
    )
    while not recording.stopped:
        recording.step("update")
    losses = recording.history.losses()
    assert len(losses.epochs) == 3
    assert all(math.isfinite(x) for column in columns(recording.history) for x in column)
