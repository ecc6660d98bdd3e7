"""Going back and on again gives the bits of a run that never went back."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_engine.errors import AdderError, RequestError
from adder_engine.experiment import CHANGEABLE, Experiment
from adder_engine.parsing import Sum
from adder_engine.runs.explorer import Explorer
from adder_engine.runs.run import Run
from adder_engine.runs.timeline import Event, SetParameter, size_of
from adder_engine.sections import OPTIMIZERS, SCHEDULES
from adder_engine.snapshot import STEP_SIZES, Position
from adder_engine.training.checkpoint import Constraints
from adder_engine.training.trainer import Trainer
from tests.engine.strategies import examples, experiments

SMALL = Experiment().replace(
    **{
        "data.count": 23,
        "data.scale": 500.0,
        "data.test_count": 7,
        "data.test_every": 2,
        "epochs": 12,
        "training.lr": 0.01,
    }
)


def bits(trainer: Trainer) -> tuple[object, ...]:
    """All that decides how a run goes on, and what its traces show."""
    return (
        trainer.state.tobytes(),
        trainer.previous.tobytes(),
        astuple(trainer.counters),
        trainer.stage,
        trainer.lr,
        trainer.stream.tobytes(),
        trainer.experiment,
        trainer.constraints,
    )


class Straight:
    """A run that does the same things at the same moments, rung by rung, and never goes back."""

    def __init__(self, experiment: Experiment, events: list[Event]) -> None:
        self.trainer = Trainer(experiment)
        self.events = list(events)
        self.seen: dict[Position, tuple[object, ...]] = {}
        self.losses: list[tuple[int, float, float, float]] = []
        self._look()

    def at(self, moment: Position) -> tuple[object, ...]:
        while moment not in self.seen:
            assert not self.trainer.stopped, f"{moment} lies beyond the stop"
            if self.trainer.climb():
                c = self.trainer.counters
                assert c.loss is not None
                self.losses.append((c.epochs_done, c.loss, c.epoch_low, c.epoch_high))
            self._look()
        return self.seen[moment]

    def _look(self) -> None:
        if self.trainer.stopped:
            return
        update, stage = self.trainer.updates_done, self.trainer.stage
        self.seen[Position(update, stage)] = bits(self.trainer)
        for i, event in enumerate(e for e in self.events if (e.at.update, e.at.stage) == (update, stage)):
            event.intervention.apply(self.trainer)
            self.seen[Position(update, stage, i + 1)] = bits(self.trainer)


CHANGES = st.sampled_from([
    *({"training.optimizer": name} for name in OPTIMIZERS),
    *({"training.schedule": name} for name in SCHEDULES),
    *({"training.batch_size": size} for size in (0, 1, 3, 8)),
    *({"training.zero_grad": clear} for clear in (False, True)),
    *({"training.loss": name} for name in ("mse", "mae", "huber")),
    *({"training.lr": lr} for lr in (1e-6, 0.003, 0.1)),
    {"training.l1": 0.5},
    {"training.weight_decay": 0.1},
    {"epochs": 2},
    {"epochs": 9},
])  # fmt: skip

ACTIONS = st.one_of(
    st.tuples(st.just("step"), st.sampled_from(STEP_SIZES), st.integers(1, 4)),
    st.tuples(st.just("step"), st.sampled_from(STEP_SIZES[:4]), st.integers(1, 4)),
    st.tuples(st.just("back"), st.sampled_from(STEP_SIZES), st.integers(1, 4)),
    st.tuples(st.just("run"), st.integers(1, 30)),
    st.tuples(st.just("seek"), st.floats(0, 1), st.floats(0, 1)),
    st.tuples(st.just("seek_epoch"), st.floats(0, 1)),
    st.tuples(st.just("edit"), st.integers(0, 10_000), st.floats(-2, 2)),
    st.tuples(st.just("change"), CHANGES),
    st.tuples(st.just("hold"), st.integers(0, 10_000), st.integers(0, 10_000)),
    st.tuples(st.just("undo")),
    st.tuples(st.just("redo")),
)


def act(recording: Run, action: tuple[object, ...]) -> None:
    """Carry out an action that was drawn without knowing the run."""
    kind, *rest = action
    size = recording.trainer.layout.size
    hidden = recording.experiment.network.layers[1:-1]
    if kind == "seek":
        newest = recording.newest
        update = round(rest[0] * newest.update)
        stage = round(rest[1] * (newest.stage if update == newest.update else len(recording.trainer.stages) - 1))
        recording.seek(recording.timeline.behind(update, stage))
    elif kind == "seek_epoch":
        recording.seek_epoch(round(rest[0] * recording.newest_epoch))
    elif kind == "edit":
        recording.edit(rest[0] % size, rest[1])
    elif kind == "change":
        recording.change(**rest[0])
    elif kind == "hold":
        muted = {(rest[1] % len(hidden), rest[1] % hidden[rest[1] % len(hidden)])} if hidden else set()
        recording.constrain(Constraints(frozenset({rest[0] % size, rest[1] % size}), frozenset(muted)))
    else:
        getattr(recording, str(kind))(*rest)


@st.composite
def runs(draw: st.DrawFn) -> Experiment:
    """Experiments that mostly stay finite for several epochs of several updates."""
    experiment = draw(experiments(most_rows=9, widest=3))
    usual = draw(st.integers(0, 4)) > 0
    return experiment.replace(
        **{
            "epochs": draw(st.integers(3, 12)),
            "training.batch_size": draw(st.sampled_from([0, 1, 2, 3, 4])),
            **({"data.scale": 500.0, "training.lr": min(experiment.training.lr, 0.01)} if usual else {}),
        }
    )


@examples(60)
@given(
    experiment=runs(),
    actions=st.lists(ACTIONS, min_size=10, max_size=30),
    spacing=st.integers(1, 5),
    tiny=st.booleans(),
)
def test_any_walk_through_time_has_the_bits_of_a_run_that_never_went_back(experiment, actions, spacing, tiny):
    recording = Run(experiment)
    recording.timeline.spacing = spacing
    if tiny:
        recording.timeline.budget = 4 * size_of(recording.timeline.keyframes[0])
    straight = Straight(experiment, [])
    recording.run(20)
    for action in actions:
        with contextlib.suppress(AdderError):
            act(recording, action)
        if recording.timeline.events != straight.events:
            straight = Straight(experiment, recording.timeline.events)
        assert Position() <= recording.moment <= recording.newest, action
        assert bits(recording.trainer) == straight.at(recording.moment), (action, recording.moment)
        assert_history_is_that_of(recording, straight)


def assert_history_is_that_of(recording: Run, straight: Straight) -> None:
    """What the charts know is what a run that never went back would have noted, as far as it came."""
    straight.at(recording.newest)
    noted = list(zip(*(column.tolist() for column in recording.history.train.arrays()), strict=True))
    assert noted[: recording.newest_epoch] == straight.losses[: recording.newest_epoch]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("changes", [
    {},
    {"training.batch_size": 5},
    {"training.batch_size": 5, "network.dropout": 0.3, "network.activation": "tanh"},
    {"training.schedule": "cosine", "network.dropout": 0.5},
    {"training.zero_grad": False, "training.batch_size": 10, "training.schedule": "exponential"},
], ids=["full batch", "mini-batches", "dropout", "cosine", "no zero_grad"])  # fmt: skip
def test_from_every_past_update_the_run_ends_in_the_same_bits(optimizer, changes):
    experiment = SMALL.replace(**{"training.optimizer": optimizer, "training.lr": 1e-4, **changes})
    recording = Run(experiment)
    recording.timeline.spacing = 3
    recording.run(1_000)
    assert recording.finished, recording.stopped
    ended, newest = bits(recording.trainer), recording.newest
    for update in range(0, newest.update, 1 + newest.update // 12):
        recording.seek(Position(update))
        assert recording.moment == Position(update)
        recording.run(1_000)
        assert recording.moment == newest
        assert bits(recording.trainer) == ended


def test_a_tiny_budget_is_kept_by_thinning_and_every_moment_can_still_be_reached():
    experiment = SMALL.replace(**{"epochs": 400, "training.batch_size": 8})
    recording = Run(experiment)
    timeline = recording.timeline
    timeline.spacing = 1
    timeline.budget = 5 * size_of(timeline.keyframes[0])
    straight = Straight(experiment, [])
    recording.run(1_000)
    assert timeline.spacing >= 128
    assert timeline.bytes == sum(map(size_of, timeline.keyframes)) <= timeline.budget
    assert timeline.keyframes[0].counters.updates_done == 0
    for update in (999, 0, 1, 511, 512, 513, 700, 256, 1000):
        recording.seek(Position(update, 2 if update < 1000 else 0))
        assert bits(recording.trainer) == straight.at(recording.moment)


def test_memory_stays_bounded_and_an_update_notes_at_most_one_keyframe_however_long_the_run():
    recording = Run(Experiment.preset("one-pair").replace(epochs=1_000_000))
    recording.timeline.budget = 100_000
    bound = recording.timeline.budget // size_of(recording.timeline.keyframes[0])
    most, spacings = 0, set()
    for _ in range(60):
        recording.run(500)
        most = max(most, len(recording.timeline.keyframes))
        spacings.add(recording.timeline.spacing)
        for series in (recording.history.train, recording.history.test):
            assert len(series) <= series.capacity
    assert most <= bound
    assert len(spacings) > 3
    assert recording.history.train.width == 8
    assert recording.history.losses().epochs[-1] == 30_000


def test_seeking_replays_no_more_than_one_spacing_and_one_update():
    recording = Run(SMALL.replace(**{"epochs": 50, "training.batch_size": 1}))
    recording.run(1_000)
    trained = count_updates(recording)
    recording.seek_epoch(40)
    assert recording.trainer.epochs_done == 40
    assert trained() <= recording.timeline.spacing + 1
    trained = count_updates(recording)
    recording.seek(Position(333, 2))
    assert trained() <= recording.timeline.spacing + 1
    trained = count_updates(recording)
    recording.back("epoch")
    assert (recording.trainer.epochs_done, recording.trainer.counters.row) == (14, 0)
    assert trained() <= recording.timeline.spacing + 1


def count_updates(recording: Run):
    """How many updates are trained from here on, replays included."""
    count = 0
    inner = type(recording.trainer).update

    def update() -> bool:
        nonlocal count
        count += 1
        return inner(recording.trainer)

    recording.trainer.update = update
    return lambda: count


def test_an_edit_in_the_past_branches_and_undo_and_redo_go_between_the_branches():
    recording = Run(SMALL)
    recording.run(12)
    first, first_losses = bits(recording.trainer), recording.history.losses().train.tolist()
    recording.seek(Position(5))
    recording.edit(3, 0.25)
    assert recording.newest == recording.moment == Position(5, 0, 1)
    assert len(recording.history.losses().train) == 5
    recording.run(12)
    second, second_losses = bits(recording.trainer), recording.history.losses().train.tolist()
    assert second != first
    assert second_losses[:5] == first_losses[:5]
    assert second_losses[5:] != first_losses[5:]
    recording.undo()
    assert recording.moment == Position(5)
    assert not recording.can_undo
    recording.redo()
    assert (bits(recording.trainer), recording.history.losses().train.tolist()) == (second, second_losses)
    recording.undo()
    recording.run(12)
    assert (bits(recording.trainer), recording.history.losses().train.tolist()) == (first, first_losses)
    assert not recording.can_redo


def test_a_branch_shares_the_keyframes_of_its_past():
    recording = Run(SMALL.replace(epochs=200))
    recording.run(160)
    branch = recording.timeline.branch()
    recording.seek(Position(90))
    recording.edit(0, 0.0)
    shared = recording.timeline.keyframes
    assert len(shared) > 3
    assert all(mine is theirs for mine, theirs in zip(shared, branch.keyframes, strict=False))
    assert branch.keyframes[-1].counters.updates_done == 160


def test_every_intervention_within_one_update_can_be_stepped_over_alone():
    recording = Run(SMALL)
    recording.run(3)
    recording.step("layer", 4)
    recording.edit(1, 0.5)
    recording.constrain(Constraints(frozenset({2})))
    recording.step("layer")
    places = [Position(3, 5), Position(3, 4, 2), Position(3, 4, 1), Position(3, 4), Position(3, 3)]
    for place in places[1:]:
        recording.back("layer")
        assert recording.moment == place
    for place in reversed(places[:-1]):
        recording.step("layer")
        assert recording.moment == place


@pytest.mark.parametrize("size", ["update", "epoch"])
def test_by_epoch_and_by_update_too_every_intervention_is_a_stop_of_its_own_there_and_back(size):
    recording = Run(SMALL.replace(**{"data.count": 6, "training.batch_size": 2}))
    recording.step("update", 4)  # within the second epoch
    recording.edit(1, 0.5)
    recording.step("layer", 3)
    recording.edit(2, 0.25)
    recording.constrain(Constraints(frozenset({2})))
    recording.step("epoch")
    recording.change(**{"training.lr": 0.02})
    recording.edit(1, 0.125)
    ends = [Position(3)] if size == "epoch" else [Position(3), Position(5)]
    interventions = [Position(4), Position(4, 0, 1), Position(4, 3), Position(4, 3, 1), Position(4, 3, 2)]
    stops = sorted([*ends, *interventions, Position(6), Position(6, 0, 1), Position(6, 0, 2)])
    straight = Straight(recording.first_experiment, recording.timeline.events)
    for place in reversed(stops[:-1]):
        recording.back(size)
        assert recording.moment == place
        assert bits(recording.trainer) == straight.at(place)
    for place in stops[1:]:
        recording.step(size)
        assert recording.moment == place
        assert bits(recording.trainer) == straight.at(place)
        over = recording.history_move
        assert (over.count if over else 0) == (place.edits > 0)
        assert over is None or over.diff is not None
    recording.back("10 epochs")
    assert (recording.moment, recording.history_move.count) == (Position(), 5)


def test_epochs_that_end_with_the_update_in_progress_end_the_run_with_it():
    recording = Run(SMALL)
    recording.run(5)
    recording.step("layer", 3)
    recording.change(epochs=6)
    recording.run(10, seconds=1)
    assert recording.moment == Position(6)
    assert recording.finished


def test_a_frozen_parameter_stands_still_and_reads_no_gradient_and_goes_on_when_freed():
    recording = Run(SMALL.replace(**{"training.weight_decay": 0.1, "training.l1": 0.1}))
    recording.run(3)
    before = recording.trainer.state[:, 7].tolist()
    recording.constrain(Constraints(frozenset({7})))
    recording.run(3)
    assert recording.trainer.state[:, 7].tolist() == [before[0], 0.0, before[2], before[3]]
    recording.constrain(Constraints())
    recording.run(1)
    assert recording.trainer.state[0, 7].item() != before[0]


def test_an_edited_parameter_keeps_its_moments_and_a_new_optimizer_starts_with_fresh_ones():
    recording = Run(SMALL)
    recording.run(3)
    before = recording.trainer.state.copy()
    recording.edit(4, 1.5)
    assert recording.trainer.state[0, 4].item() == 1.5
    assert recording.trainer.state[1:, 4].tolist() == before[1:, 4].tolist()
    recording.change(**{"training.lr": 0.5})
    assert np.array_equal(recording.trainer.state[2:], before[2:])
    recording.change(**{"training.optimizer": "adamw"})
    assert not recording.trainer.state[2:].any()
    recording.back("update")
    assert np.array_equal(recording.trainer.state[2:], before[2:])


def test_a_run_that_blows_up_stops_at_its_last_finite_state_and_can_be_gone_back_through_and_mended():
    recording = Run(Experiment.preset("explode"))
    recording.run(1_000)
    assert recording.stopped
    assert recording.moment == recording.newest
    stop = recording.moment
    assert "update" in recording.stopped
    assert np.isfinite(recording.trainer.state).all()
    state = bits(recording.trainer)
    recording.seek(Position(1))
    assert recording.stopped is None
    recording.run(1_000)
    assert (recording.moment, bits(recording.trainer)) == (stop, state)
    assert recording.stopped
    recording.seek(Position(0))
    recording.change(**{"training.lr": 1e-5})
    recording.run(5_000)
    assert recording.finished
    assert recording.stopped is None


def test_a_long_run_with_edits_is_sought_through_quickly_enough_to_be_dragged():
    recording = Run(Experiment.preset("one-pair").replace(epochs=1_000_000))
    recording.run(20_000)
    recording.edit(0, 0.1)
    recording.run(10_000)
    trained = count_updates(recording)
    for update in (29_999, 123, 20_000, 20_001):
        recording.seek(Position(update))
    assert trained() <= 4 * (recording.timeline.spacing + 1)


@pytest.mark.parametrize("wrong", [
    lambda r: r.step("leap"),
    lambda r: r.back("leap"),
    lambda r: r.seek(Position(99)),
    lambda r: r.seek(Position(-1)),
    lambda r: r.seek(Position(2, 99)),
    lambda r: r.seek(Position(2, -1)),
    lambda r: r.seek_epoch(99),
    lambda r: r.seek_epoch(-1),
    lambda r: r.edit(37, 1.0),
    lambda r: r.edit(-1, 1.0),
    lambda r: r.edit(0, float("nan")),
    lambda r: r.edit(0, float("inf")),
    lambda r: r.edit(0, 1e31),
    lambda r: r.constrain(Constraints(frozenset({37}))),
    lambda r: r.constrain(Constraints(frozenset(), frozenset({(2, 0)}))),
    lambda r: r.constrain(Constraints(frozenset(), frozenset({(0, 4)}))),
    lambda r: r.change(**{"network.layers": (2, 1)}),
    lambda r: r.change(seed=3),
    lambda r: r.change(**{"training.lr": -1}),
    lambda r: r.change(**{"training.nothing": 1}),
    lambda r: r.redo(),
    lambda r: r.undo(),
])  # fmt: skip
def test_what_cannot_be_done_is_refused_in_a_sentence_and_changes_nothing(wrong):
    recording = Run(SMALL)
    recording.run(3)
    recording.step("layer")
    before = bits(recording.trainer), recording.moment, recording.newest, len(recording.timeline.events)
    with pytest.raises(AdderError) as caught:
        wrong(recording)
    assert str(caught.value).endswith((".", "?"))
    assert (bits(recording.trainer), recording.moment, recording.newest, len(recording.timeline.events)) == before


def test_a_finished_run_says_so_and_goes_on_with_more_epochs():
    recording = Run(SMALL)
    recording.step("100 epochs")
    assert recording.finished
    with pytest.raises(RequestError, match="12 epochs are done"):
        recording.step("update")
    recording.change(epochs=13)
    recording.step("update")
    assert recording.trainer.epochs_done == 13


def test_epochs_that_lie_behind_are_refused_and_change_nothing():
    recording = Run(SMALL)
    recording.step("epoch", 5)
    with pytest.raises(RequestError, match=r"epochs = 4 lies behind, the run is in epoch 5: .* use 5 or more"):
        recording.change(epochs=4)
    assert recording.experiment == SMALL
    recording.change(epochs=5)
    assert recording.finished
    recording.seek_epoch(2)
    recording.change(epochs=3)
    assert not recording.finished


def test_what_could_not_change_within_pytorch_is_not_among_the_changeable_keys():
    assert {key.partition(".")[0] for key in CHANGEABLE} == {"epochs", "training", "stop"}
    assert "training.flat_target" not in CHANGEABLE


def test_an_edit_is_kept_as_plain_numbers_whatever_it_came_as():
    import numpy as np

    recording = Run(SMALL)
    recording.edit(np.int64(3), np.float32(0.5))
    intervention = recording.timeline.events[0].intervention
    assert isinstance(intervention, SetParameter)
    assert (type(intervention.index), type(intervention.value)) == (int, float)


def test_running_heeds_its_time_limit():
    recording = Run(Experiment.preset("one-pair").replace(epochs=10_000_000))
    start = time.perf_counter()
    done = recording.run(10_000_000, seconds=0.05)
    assert 0 < done < 10_000_000
    assert time.perf_counter() - start < 30


def test_going_over_what_was_done_by_hand_says_what_it_was_and_leaves_the_bits_as_they_are() -> None:
    recording = Run(SMALL)
    recording.step("update", 5)
    old = recording.trainer.state[0, 3].item()
    recording.edit(3, 0.5)
    recording.step("epoch", 2)
    there, epochs = bits(recording.trainer), recording.trainer.epochs_done

    recording.undo()
    history_move = recording.history_move
    assert history_move is not None
    assert history_move.diff is not None
    assert (history_move.how, history_move.epoch, history_move.count) == ("undone", epochs, 1)
    assert (history_move.diff.index, history_move.diff.values) == (3, (old, 0.5))
    recording.redo()
    assert recording.history_move == dataclasses.replace(history_move, how="redone", epoch=recording.history_move.epoch)
    assert bits(recording.trainer) == there

    recording.back("epoch", 3)
    assert (recording.history_move.how, recording.history_move.diff) == ("back", history_move.diff)
    recording.step("epoch", 3)
    assert (recording.history_move.how, recording.history_move.diff) == ("forward", history_move.diff)
    straight = Straight(SMALL, recording.timeline.events)
    assert bits(recording.trainer) == straight.at(recording.moment)
    recording.step("update")
    assert recording.history_move is None


def test_a_freeze_and_a_change_of_settings_are_said_with_what_was_there_before() -> None:
    recording = Run(SMALL)
    recording.step("update", 3)
    recording.constrain(Constraints(frozenset({1}), frozenset({(0, 1)})))
    recording.change(**{"training.lr": 0.02})
    recording.back("update")
    assert recording.history_move.diff.experiments == (SMALL, SMALL.replace(**{"training.lr": 0.02}))
    assert recording.history_move.diff.index is None
    recording.back("update")
    assert recording.history_move.diff.frozen == (frozenset(), frozenset({1}))
    assert recording.history_move.diff.muted == (frozenset(), frozenset({(0, 1)}))
    recording.step("update")
    recording.step("update")
    assert recording.history_move.how == "forward"
    recording.back("10 epochs")
    assert (recording.history_move.count, recording.history_move.diff) == (2, None)


def test_a_step_leads_from_previous_to_here_until_a_number_is_set_by_hand() -> None:
    recording = Run(SMALL)
    trainer = recording.trainer
    assert not trainer.stepped
    recording.step("update", 2)
    assert trainer.stepped
    recording.step("layer", 2)
    recording.constrain(Constraints(frozenset({1}), frozenset()))
    assert trainer.stepped
    recording.edit(3, 0.5)
    assert not trainer.stepped
    recording.step("layer")
    assert not trainer.stepped
    recording.back("layer", 2)
    assert trainer.stepped
    recording.step("update")
    recording.step("update")
    assert trainer.stepped


@examples(25)
@given(
    experiments(),
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 3), st.floats(-3, 3, width=32)), max_size=6),
    st.integers(0, 90),
)
def test_a_course_is_what_one_reads_by_going_to_each_update(
    experiment: Experiment, edits: list[tuple[int, int, float]], back: int
) -> None:
    run = Run(experiment.replace(epochs=200))
    for update, stages, value in sorted(edits):
        run.run(max(0, update - run.moment.update))
        with contextlib.suppress(RequestError):
            if stages:
                run.step("layer", stages)
            run.edit(0, value)
    run.run(40)
    run.seek(max(Position(max(0, run.moment.update - back)), Position()))
    now = run.moment
    course = Explorer(run, Sum(30, 70), []).course(0)
    assert run.moment == now
    places = [Position(int(update)) for update in course.updates if update < course.exact_from]
    halts = {now} | {Position(update) for update in range(course.exact_from, now.update + 1)}
    for event in run.timeline.events:
        if Position(course.exact_from) <= event.at < now:
            halts |= {event.at, dataclasses.replace(event.at, edits=event.at.edits + 1)}
    if now.update == course.exact_from and len(course.updates) == len(places) + 1:
        halts = {now}
    expected = []
    for place in [*places, *sorted(halts)]:
        run.seek(place)
        expected.append((place.update, run.trainer.state[0, 0].item()))
    assert list(zip(course.updates.tolist(), course.values.tolist(), strict=True)) == expected


def test_a_small_runs_course_is_exact_over_its_last_updates_with_an_edits_jump() -> None:
    run = Run(SMALL)
    run.run(2)
    run.edit(0, 5.0)
    run.run(8)
    course = Explorer(run, Sum(30, 70), []).course(0)
    assert course.exact_from == 0
    assert course.updates.tolist() == [0, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert course.values[3] == 5.0


def test_a_moment_not_reached_is_refused_with_how_far_the_run_has_come_to_the_rung() -> None:
    recording = Run(Experiment.preset("one-pair"))
    recording.step("update", 1, lambda: False)
    recording.step("layer", 1, lambda: False)
    with pytest.raises(RequestError, match="not been at update 1 and 4 rungs: it has come to update 1 and 1 rung\\."):
        recording.seek(Position(1, 4))


@pytest.mark.parametrize("changes", [{}, {"network.dropout": 0.2}, {"training.batch_size": 7}])
def test_a_slice_ends_in_time_however_far_the_next_keyframe_is(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(Experiment().replace(**{"data.count": 20, "epochs": 10_000} | changes))
    run.timeline.spacing = 4_096
    clock, advance = [0.0], run.trainer.advance

    def timed(*arguments: Any) -> int:
        before = run.trainer.updates_done
        ended = advance(*arguments)
        clock[0] += 0.0003 * (run.trainer.updates_done - before)
        return ended

    monkeypatch.setattr("adder_engine.runs.run.time.perf_counter", lambda: clock[0])
    monkeypatch.setattr(run.trainer, "advance", timed)
    run.play(10_000, 0.002)  # it does not know yet how long an update takes
    for _ in range(5):
        begun = clock[0]
        assert run.play(10_000, 0.002) == 6
        assert clock[0] - begun < 0.002


def test_steps_back_end_where_something_was_done_at_the_very_start() -> None:
    run = Run(Experiment.preset("one-pair"))
    run.edit(36, 0.5)
    run.step("epoch", 3)
    run.back("epoch", 10**9)
    assert run.moment == Position(0, 0, 1)
    run.back("update", 10**9)
    assert run.moment == Position()


def test_near_overflow_steps_go_as_far_as_full_speed_does() -> None:
    wild = {"data.task": "product", "training.optimizer": "rmsprop", "training.lr": 1e4, "training.batch_size": 9}
    played, stepped = (Run(Experiment().replace(**wild, **{"data.count": 1024})) for _ in range(2))
    played.run(12)
    for _ in range(12):
        stepped.step("update")
    assert stepped.moment == played.moment
    assert np.array_equal(stepped.trainer.state, played.trainer.state)


def test_a_long_step_looks_whether_it_is_enough_now_and_then_and_not_at_each_update() -> None:
    run, asked = Run(Experiment().replace(**{"training.batch_size": 1, "data.count": 500, "epochs": 200})), [0]

    def enough() -> bool:
        asked[0] += 1
        return False

    run.step("100 epochs", enough=enough)
    run.step("epoch", enough=enough)
    assert run.moment.update == 101 * 500
    assert asked[0] < 5_000
