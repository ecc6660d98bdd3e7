"""Runs that were left: listed by what differs, gone back to whole, bounded in number, and kept in the run's file."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_engine.errors import AdderError, RequestError, RunFileError
from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum
from adder_engine.runs.files import read, read_others
from adder_engine.runs.restoring import companions_restored, companions_saved
from adder_engine.runs.run import Recording
from adder_engine.runs.workspace import Desk
from adder_engine.session import Session
from adder_engine.snapshot import MOST_MARKS, MOST_RUNS, Moment, Run
from adder_engine.training.trainer import Trainer
from tests.engine.strategies import examples, experiments
from tests.engine.test_timeline import CHANGES, bits

SMALL = Experiment().replace(
    **{"data.count": 20, "data.scale": 500.0, "data.test_count": 5, "data.test_every": 2, "epochs": 400,
       "training.lr": 0.01}
)  # fmt: skip


def desk_of(experiment: Experiment = SMALL) -> Desk:
    return Desk(experiment, None, 1.0)


def go(desk: Desk, epochs: int) -> None:
    for _ in range(epochs):
        desk.recording.step("epoch")


def listed(desk: Desk) -> list[tuple[int, str, int]]:
    return [(run.id, run.name, run.epoch) for run in desk.shelf.runs]


def test_a_branch_is_a_run_of_its_own_and_the_line_that_it_cut_off_is_listed_whole() -> None:
    desk = desk_of()
    go(desk, 40)
    before = desk.snapshot(False)
    desk.recording.seek_epoch(10)
    desk.change(**{"training.lr": 0.05})
    after = desk.snapshot(False)
    assert (before.run, after.run, after.parent, after.branched_at) == (1, 2, 1, 10.0)
    assert after.run_name == "lr 0.05 at epoch 10"
    (run,) = after.runs
    assert (run.id, run.epoch, run.train_loss, run.experiment) == (1, 40, before.train_loss, SMALL)
    assert run.answers == before.answers
    assert run.collapsed == before.collapsed
    assert np.array_equal(run.losses.train, before.losses.train)
    desk.switch(1)
    back = desk.snapshot(False)
    assert (back.run, back.moment, back.state.tobytes()) == (1, before.moment, before.state.tobytes())
    assert listed(desk) == [(2, "lr 0.05 at epoch 10", 10)]


def test_a_deed_that_cuts_off_less_than_an_epoch_is_no_branch() -> None:
    desk = desk_of(SMALL.replace(**{"training.batch_size": 5}))
    go(desk, 3)
    desk.recording.step("update", 3)
    desk.recording.back("update", 2)
    desk.edit("output.bias", (0,), 1.0)
    assert desk.snapshot(False).run == 1
    assert listed(desk) == []


def test_new_runs_are_named_by_what_differs() -> None:
    desk = desk_of(Experiment())
    go(desk, 2)
    desk.start(Experiment().replace(seed=7))
    go(desk, 1)
    desk.start(Experiment().replace(**{"seed": 7, "network.activation": "tanh", "training.batch_size": 32}))
    desk.recording.step("update")
    desk.start(Experiment.preset("one-pair"))
    go(desk, 1)
    desk.start(Experiment.preset("one-pair").replace(**{"training.lr": 0.5}))
    assert [name for _, name, _ in listed(desk)] == ["many-pairs", "seed 7", "seed 7, tanh, batches of 32", "one-pair"]
    assert desk.snapshot(False).run_name == "lr 0.5"


def test_the_same_run_again_is_listed_once_where_it_came_furthest() -> None:
    desk = desk_of()
    go(desk, 30)
    for epochs in (10, 20, 40):
        desk.start(desk.recording.experiment)
        go(desk, epochs)
    desk.start(SMALL.replace(seed=1))
    assert [epoch for *_, epoch in listed(desk)] == [40]


def test_an_undone_branch_stays_listed_until_redo_brings_it_back() -> None:
    desk = desk_of()
    go(desk, 20)
    desk.recording.seek_epoch(5)
    desk.change(**{"training.lr": 0.05})
    go(desk, 8)
    branch = desk.snapshot(False)
    desk.undo()
    undone = desk.snapshot(False)
    assert listed(desk) == [(1, SMALL_NAME, 20), (2, "lr 0.05 at epoch 5", 13)]
    assert undone.run not in (1, 2)
    assert undone.marks == ()
    desk.redo()
    again = desk.snapshot(False)
    assert (again.run, again.state.tobytes()) == (branch.run, branch.state.tobytes())
    assert listed(desk) == [(1, SMALL_NAME, 20)]


SMALL_NAME = "2-4-4-1 adam"


def test_undo_after_a_switch_goes_back_to_the_run_before_it() -> None:
    desk = desk_of()
    go(desk, 5)
    desk.start(SMALL.replace(seed=3))
    go(desk, 7)
    here = desk.snapshot(False)
    desk.switch(1)
    assert desk.snapshot(False).experiment == SMALL
    desk.undo()
    back = desk.snapshot(False)
    assert (back.run, back.moment, back.state.tobytes()) == (here.run, here.moment, here.state.tobytes())
    assert [run.id for run in desk.shelf.runs] == [1]


def test_the_list_is_bounded_the_oldest_goes_first_and_a_pinned_one_stays() -> None:
    desk = desk_of()
    go(desk, 1)
    desk.start(SMALL.replace(seed=1000))
    desk.shelf.pin(1, True)
    for seed in range(MOST_RUNS + 5):
        go(desk, 1)
        desk.start(SMALL.replace(seed=seed))
    assert len(desk.shelf.runs) == MOST_RUNS
    assert desk.shelf.runs[0].id == 1
    assert desk.shelf.runs[0].pinned
    desk.shelf.forget(1)
    for call in (desk.shelf.forget, desk.switch, lambda run: desk.shelf.pin(run, True)):
        with pytest.raises(RequestError, match="no run 1 in the list"):
            call(1)


def test_what_was_struck_off_last_comes_back_first_and_stays_even_where_the_list_has_filled_up() -> None:
    desk = desk_of()
    for seed in range(MOST_RUNS + 1):
        go(desk, 1)
        desk.start(SMALL.replace(seed=1000 + seed))
    first, second, *rest = (run.id for run in desk.shelf.runs)
    desk.shelf.forget(second)
    desk.shelf.forget(first)
    desk.shelf.bring_back()
    assert [run.id for run in desk.shelf.runs] == [first, *rest]
    desk.shelf.bring_back()
    assert [run.id for run in desk.shelf.runs] == [first, second, *rest]
    desk.shelf.forget(first)
    go(desk, 1)
    desk.start(SMALL)
    desk.shelf.bring_back()
    assert first in [run.id for run in desk.shelf.runs]
    assert len(desk.shelf.runs) == MOST_RUNS
    desk.switch(first)
    with pytest.raises(RequestError, match="No run was struck off"):
        desk.shelf.bring_back()


def test_the_list_is_the_same_tuple_while_nothing_changes_in_it() -> None:
    desk = desk_of()
    go(desk, 3)
    desk.start(SMALL.replace(seed=1))
    desk.edit("output.bias", (0,), 1.0)
    one = desk.snapshot(False)
    go(desk, 3)
    other = desk.snapshot(False)
    assert one.runs is other.runs
    assert one.marks is other.marks


def test_marks_say_what_was_done_and_at_which_epoch() -> None:
    desk = desk_of(SMALL.replace(**{"training.batch_size": 5}))
    go(desk, 2)
    desk.recording.step("update", 2)
    desk.change(**{"training.optimizer": "sgd"})
    desk.edit("hidden.weight", (2, 0), 0.25)
    desk.edit("hidden.weight", (2, 0), 0.5)
    go(desk, 1)
    desk.change(**{"training.batch_size": 0, "training.lr": 0.02})
    go(desk, 4)
    desk.hold(frozen=frozenset({0}))
    desk.hold(silenced=frozenset({(0, 1)}))
    assert [(mark.epoch, mark.text) for mark in desk.marks()] == [
        (2.5, "sgd"), (2.5, "hidden.weight[2, 0] = 0.5"), (3.0, "lr 0.02, full batch"),
        (7.0, "input.weight[0, 0] frozen"), (7.0, "input[1] silent"),
    ]  # fmt: skip


@given(experiments(), st.lists(st.tuples(st.integers(0, 9), CHANGES | st.none()), max_size=8))
@examples(25)
def test_marks_stand_where_the_trainer_stood(experiment: Experiment, deeds: list[tuple[int, dict | None]]) -> None:
    desk = desk_of(experiment)
    places = []
    for i, (updates, change) in enumerate(deeds):
        desk.recording.run(updates)
        trainer = desk.recording.trainer
        places.append(trainer.epochs_done + trainer.counters.row / experiment.row_count)
        try:
            if change is not None:
                desk.change(**change)
            else:
                desk.recording.edit(i % trainer.layout.size, 0.1)
        except AdderError:
            pass
    for mark in desk.marks():
        assert min(abs(mark.epoch - place) for place in places) < 1e-9


def test_marks_are_bounded() -> None:
    desk = desk_of()
    for i in range(MOST_MARKS + 30):
        desk.edit("output.bias", (0,), float(i))
        desk.recording.step("update")
    assert len(desk.marks()) == MOST_MARKS
    assert desk.marks()[-1].epoch == MOST_MARKS + 29


@given(experiments(), st.integers(0, 2**32), st.data())
@examples(25)
def test_a_random_walk_through_runs_finds_each_as_it_was_left_bit_for_bit(
    experiment: Experiment, seed: int, data: st.DataObject
) -> None:
    desk, draw = desk_of(experiment), random.Random(seed)
    for _ in range(14):
        walk(desk, draw, data)
        here, run = bits(desk.recording.trainer), desk.recording.line
        if desk.recording.newest == Moment() or not desk.shelf.runs:
            continue
        desk.switch(draw.choice(desk.shelf.runs).id)
        if any(other.id == run for other in desk.shelf.runs):
            desk.switch(run)
            assert bits(desk.recording.trainer) == here
    for run in desk.shelf.runs:
        left = desk.shelf.find(run.id)
        straight = Recording(left.first_experiment)
        straight.timeline.events, straight.newest = list(left.timeline.events), left.newest
        straight.newest_epoch = left.newest_epoch
        straight.seek(left.newest)
        assert straight.trainer.epochs_done == run.epoch
        assert [a.predicted for a in run.answers] == pytest.approx(
            straight.trainer.answers([(a.sum.a, a.sum.b) for a in run.answers]), nan_ok=True, rel=1e-12
        )


def walk(desk: Desk, draw: random.Random, data: st.DataObject) -> None:
    """Some deed or other."""
    recording = desk.recording
    deed = draw.choice(["run", "run", "step", "back", "edit", "change", "undo", "redo", "seed", "home"])
    try:
        if deed == "run":
            recording.run(draw.randint(1, 12))
        elif deed == "step":
            recording.step(draw.choice(["layer", "phase", "update", "epoch"]), draw.randint(1, 3))
        elif deed == "back":
            recording.back(draw.choice(["layer", "phase", "update", "epoch"]), draw.randint(1, 3))
        elif deed == "edit":
            desk.edit("output.bias", (0,), draw.random())
        elif deed == "change":
            desk.change(**data.draw(CHANGES))
        elif deed == "undo":
            desk.undo()
        elif deed == "redo":
            desk.redo()
        elif deed == "seed":
            desk.start(recording.experiment.replace(seed=draw.randint(0, 3)))
        else:
            recording.seek(Moment())
    except AdderError:
        pass


def test_the_list_is_kept_in_the_file_and_its_runs_go_on_to_the_same_bits(tmp_path: Path) -> None:
    desk = desk_of()
    go(desk, 40)
    desk.recording.seek_epoch(10)
    desk.change(**{"training.lr": 0.05})
    go(desk, 25)
    desk.start(SMALL.replace(seed=5))
    go(desk, 3)
    desk.shelf.pin(1, True)
    desk.save(tmp_path / "run.npz")

    other = desk_of(Experiment.preset("one-pair"))
    other.resume(tmp_path / "run.npz")
    before, after = desk.snapshot(False), other.snapshot(False)
    assert [plain(run) for run in after.runs] == [plain(run) for run in before.runs]
    names = {run.name: run.id for run in after.runs}
    assert {run.name: run.parent for run in after.runs}["lr 0.05 at epoch 10"] == names[SMALL_NAME]
    for name, number in names.items():
        desk.switch(next(run.id for run in before.runs if run.name == name))
        other.switch(number)
        for each in (desk, other):
            each.recording.run(30)
        assert bits(desk.recording.trainer) == bits(other.recording.trainer)


def plain(run: Run) -> tuple[object, ...]:
    return (
        run.name, run.epoch, run.train_loss, run.test_loss, run.answers, run.collapsed, run.branched_at, run.stopped,
        run.pinned, run.experiment, run.marks, run.losses.train.tobytes(),
    )  # fmt: skip


def test_a_damaged_list_costs_the_list_and_not_the_run(tmp_path: Path) -> None:
    desk = desk_of()
    go(desk, 4)
    desk.start(SMALL.replace(seed=5))
    go(desk, 3)
    desk.save(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz") as arrays:
        kept = dict(arrays)
    kept["run0_counters"] = kept.pop("run0_states")
    np.savez(tmp_path / "run.npz", **kept)
    other = desk_of()
    other.open(tmp_path / "run.npz")
    assert other.snapshot(False).epoch == 3
    assert "list of earlier runs" in other.snapshot(False).warning
    with pytest.raises(RunFileError):
        read_others(tmp_path / "run.npz")
    assert read(tmp_path / "run.npz").facts["epoch"] == 3


def test_companions_come_back_as_they_were() -> None:
    desk = desk_of()
    go(desk, 300)
    desk.start(SMALL.replace(seed=1))
    ((run, left),) = companions_restored(companions_saved(desk.shelf.kept()))
    assert plain(run) == plain(desk.shelf.runs[0])
    assert len(left.timeline.keyframes) <= 9


@given(experiments(), st.integers(0, 8))
@examples(25)
def test_a_look_at_an_epoch_tells_what_going_there_would_and_disturbs_nothing(
    experiment: Experiment, epoch: int
) -> None:
    desk = desk_of(experiment)
    desk.recording.run(1 << 30)
    desk.recording.back("update")
    epoch = min(epoch, desk.recording.newest_epoch)
    before = bits(desk.recording.trainer), desk.recording.moment, desk.recording.newest, desk.recording.history.epochs
    look = desk.look(epoch)
    recording = desk.recording
    assert (bits(recording.trainer), recording.moment, recording.newest, recording.history.epochs) == before
    desk.recording.seek_epoch(epoch)
    there = desk.snapshot(False)
    assert (look.epoch, look.update, look.train_loss, look.test_loss) == (
        there.epoch, there.moment.update, there.train_loss, there.test_loss
    )  # fmt: skip
    assert [answer.sum for answer in look.answers] == [answer.sum for answer in there.answers]
    predicted = [answer.predicted for answer in there.answers]  # asked with one sum more, so rounded otherwise
    assert [answer.predicted for answer in look.answers] == pytest.approx(predicted, rel=1e-4, abs=1e-4, nan_ok=True)
    assert look.collapsed == there.collapsed
    with pytest.raises(RequestError, match="has not been at epoch"):
        desk.look(desk.recording.newest_epoch + 1)


def test_the_session_switches_pins_forgets_and_looks(tmp_path: Path) -> None:
    async def play() -> None:
        async with Session(SMALL, autosave=tmp_path / "auto.npz") as session:
            await session.ask(Sum(1, 2))
            await session.step("10 epochs", 3)
            await session.seek_epoch(10)
            branched = await session.change(**{"training.lr": 0.05})
            (run,) = branched.runs
            look = await session.look(10)
            assert look.answers == branched.answers
            pinned = await session.pin(run.id)
            assert pinned.runs[0].pinned
            back = await session.switch(run.id)
            assert (back.run, back.epoch) == (run.id, 30)
            emptied = await session.forget(branched.run)
            assert emptied.runs == ()

    asyncio.run(play())
    assert read_others(tmp_path / "auto.npz") == []


def test_a_run_shares_its_data_with_whoever_looks_around_in_it() -> None:
    recording = Recording(SMALL)
    assert recording.scout().trainer.inputs is recording.trainer.inputs
    assert Trainer(SMALL).inputs is not recording.trainer.inputs
