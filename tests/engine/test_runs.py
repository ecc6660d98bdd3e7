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
from adder_engine.runs.run import Run
from adder_engine.runs.workspace import Workspace
from adder_engine.session import Session
from adder_engine.snapshot import MOST_MARKS, MOST_RUNS, Position, RunSummary
from adder_engine.training.trainer import Trainer
from tests.engine.strategies import examples, experiments
from tests.engine.test_timeline import CHANGES, bits

SMALL = Experiment().replace(
    **{"data.count": 20, "data.scale": 500.0, "data.test_count": 5, "data.test_every": 2, "epochs": 400,
       "training.lr": 0.01}
)  # fmt: skip


def workspace_of(experiment: Experiment = SMALL) -> Workspace:
    return Workspace(experiment)


def go(workspace: Workspace, epochs: int) -> None:
    for _ in range(epochs):
        workspace.run.step("epoch")


def listed(workspace: Workspace) -> list[tuple[int, str, int]]:
    return [(run.id, run.name, run.epoch) for run in workspace.run_list.runs]


def test_a_branch_is_a_run_of_its_own_and_the_line_that_it_cut_off_is_listed_whole() -> None:
    workspace = workspace_of()
    go(workspace, 40)
    before = workspace.snapshot(False)
    workspace.run.seek_epoch(10)
    workspace.change(**{"training.lr": 0.05})
    after = workspace.snapshot(False)
    assert (before.run, after.run, after.parent, after.branched_at) == (1, 2, 1, 10.0)
    assert after.run_name == "lr 0.05 at epoch 10"
    (run,) = after.runs
    assert (run.id, run.epoch, run.train_loss, run.experiment) == (1, 40, before.train_loss, SMALL)
    assert run.answers == before.answers
    assert run.collapsed == before.collapsed
    assert np.array_equal(run.losses.train, before.losses.train)
    workspace.switch(1)
    back = workspace.snapshot(False)
    assert (back.run, back.moment, back.state.tobytes()) == (1, before.moment, before.state.tobytes())
    assert listed(workspace) == [(2, "lr 0.05 at epoch 10", 10)]


def test_a_intervention_that_cuts_off_less_than_an_epoch_is_no_branch() -> None:
    workspace = workspace_of(SMALL.replace(**{"training.batch_size": 5}))
    go(workspace, 3)
    workspace.run.step("update", 3)
    workspace.run.back("update", 2)
    workspace.edit("output.bias", (0,), 1.0)
    assert workspace.snapshot(False).run == 1
    assert listed(workspace) == []


def test_new_runs_are_named_by_what_differs() -> None:
    workspace = workspace_of(Experiment())
    go(workspace, 2)
    workspace.start(Experiment().replace(seed=7))
    go(workspace, 1)
    workspace.start(Experiment().replace(**{"seed": 7, "network.activation": "tanh", "training.batch_size": 32}))
    workspace.run.step("update")
    workspace.start(Experiment.preset("one-pair"))
    go(workspace, 1)
    workspace.start(Experiment.preset("one-pair").replace(**{"training.lr": 0.5}))
    assert [name for _, name, _ in listed(workspace)] == [
        "many-pairs",
        "seed 7",
        "seed 7, tanh, batches of 32",
        "one-pair",
    ]
    assert workspace.snapshot(False).run_name == "lr 0.5"


def test_the_same_run_again_is_listed_once_where_it_came_furthest() -> None:
    workspace = workspace_of()
    go(workspace, 30)
    for epochs in (10, 20, 40):
        workspace.start(workspace.run.experiment)
        go(workspace, epochs)
    workspace.start(SMALL.replace(seed=1))
    assert [epoch for *_, epoch in listed(workspace)] == [40]


def test_an_undone_branch_stays_listed_until_redo_brings_it_back() -> None:
    workspace = workspace_of()
    go(workspace, 20)
    workspace.run.seek_epoch(5)
    workspace.change(**{"training.lr": 0.05})
    go(workspace, 8)
    branch = workspace.snapshot(False)
    workspace.undo()
    undone = workspace.snapshot(False)
    assert listed(workspace) == [(1, SMALL_NAME, 20), (2, "lr 0.05 at epoch 5", 13)]
    assert undone.run not in (1, 2)
    assert undone.marks == ()
    workspace.redo()
    again = workspace.snapshot(False)
    assert (again.run, again.state.tobytes()) == (branch.run, branch.state.tobytes())
    assert listed(workspace) == [(1, SMALL_NAME, 20)]


SMALL_NAME = "2-4-4-1 adam"


def test_undo_after_a_switch_goes_back_to_the_run_before_it() -> None:
    workspace = workspace_of()
    go(workspace, 5)
    workspace.start(SMALL.replace(seed=3))
    go(workspace, 7)
    here = workspace.snapshot(False)
    workspace.switch(1)
    assert workspace.snapshot(False).experiment == SMALL
    workspace.undo()
    back = workspace.snapshot(False)
    assert (back.run, back.moment, back.state.tobytes()) == (here.run, here.moment, here.state.tobytes())
    assert [run.id for run in workspace.run_list.runs] == [1]


def test_the_list_is_bounded_the_oldest_goes_first_and_a_pinned_one_stays() -> None:
    workspace = workspace_of()
    go(workspace, 1)
    workspace.start(SMALL.replace(seed=1000))
    workspace.run_list.pin(1, True)
    for seed in range(MOST_RUNS + 5):
        go(workspace, 1)
        workspace.start(SMALL.replace(seed=seed))
    assert len(workspace.run_list.runs) == MOST_RUNS
    assert workspace.run_list.runs[0].id == 1
    assert workspace.run_list.runs[0].pinned
    workspace.run_list.forget(1)
    for call in (workspace.run_list.forget, workspace.switch, lambda run: workspace.run_list.pin(run, True)):
        with pytest.raises(RequestError, match="no run 1 in the list"):
            call(1)


def test_what_was_struck_off_last_comes_back_first_and_stays_even_where_the_list_has_filled_up() -> None:
    workspace = workspace_of()
    for seed in range(MOST_RUNS + 1):
        go(workspace, 1)
        workspace.start(SMALL.replace(seed=1000 + seed))
    first, second, *rest = (run.id for run in workspace.run_list.runs)
    workspace.run_list.forget(second)
    workspace.run_list.forget(first)
    workspace.run_list.bring_back()
    assert [run.id for run in workspace.run_list.runs] == [first, *rest]
    workspace.run_list.bring_back()
    assert [run.id for run in workspace.run_list.runs] == [first, second, *rest]
    workspace.run_list.forget(first)
    go(workspace, 1)
    workspace.start(SMALL)
    workspace.run_list.bring_back()
    assert first in [run.id for run in workspace.run_list.runs]
    assert len(workspace.run_list.runs) == MOST_RUNS
    workspace.switch(first)
    with pytest.raises(RequestError, match="No run was struck off"):
        workspace.run_list.bring_back()


def test_the_list_is_the_same_tuple_while_nothing_changes_in_it() -> None:
    workspace = workspace_of()
    go(workspace, 3)
    workspace.start(SMALL.replace(seed=1))
    workspace.edit("output.bias", (0,), 1.0)
    one = workspace.snapshot(False)
    go(workspace, 3)
    other = workspace.snapshot(False)
    assert one.runs is other.runs
    assert one.marks is other.marks


def test_marks_say_what_was_done_and_at_which_epoch() -> None:
    workspace = workspace_of(SMALL.replace(**{"training.batch_size": 5}))
    go(workspace, 2)
    workspace.run.step("update", 2)
    workspace.change(**{"training.optimizer": "sgd"})
    workspace.edit("hidden.weight", (2, 0), 0.25)
    workspace.edit("hidden.weight", (2, 0), 0.5)
    go(workspace, 1)
    workspace.change(**{"training.batch_size": 0, "training.lr": 0.02})
    go(workspace, 4)
    workspace.constrain(frozen=frozenset({0}))
    workspace.constrain(muted=frozenset({(0, 1)}))
    assert [(mark.epoch, mark.text) for mark in workspace.marks()] == [
        (2.5, "sgd"), (2.5, "hidden.weight[2, 0] = 0.5"), (3.0, "lr 0.02, full batch"),
        (7.0, "input.weight[0, 0] frozen"), (7.0, "input[1] silent"),
    ]  # fmt: skip


def test_a_run_that_is_gone_back_to_has_its_own_marks_where_another_ends_in_the_same_deed() -> None:
    workspace = workspace_of()
    for lr in (0.02, 0.03):
        go(workspace, 2)
        workspace.change(**{"training.lr": lr})
        workspace.edit("output.bias", (0,), 0.5)
        go(workspace, 1)
        assert workspace.snapshot(False).marks[0].text == f"lr {lr}"
        if lr == 0.02:
            workspace.start(SMALL)
            assert workspace.snapshot(False).marks == ()
    workspace.switch(1)
    assert workspace.snapshot(False).marks[0].text == "lr 0.02"


@given(experiments(), st.lists(st.tuples(st.integers(0, 9), CHANGES | st.none()), max_size=8))
@examples(25)
def test_marks_stand_where_the_trainer_stood(
    experiment: Experiment, interventions: list[tuple[int, dict | None]]
) -> None:
    workspace = workspace_of(experiment)
    places = []
    for i, (updates, change) in enumerate(interventions):
        workspace.run.run(updates)
        trainer = workspace.run.trainer
        places.append(trainer.epochs_done + trainer.counters.row / experiment.row_count)
        try:
            if change is not None:
                workspace.change(**change)
            else:
                workspace.run.edit(i % trainer.layout.size, 0.1)
        except AdderError:
            pass
    for mark in workspace.marks():
        assert min(abs(mark.epoch - place) for place in places) < 1e-9


def test_marks_are_bounded() -> None:
    workspace = workspace_of()
    for i in range(MOST_MARKS + 30):
        workspace.edit("output.bias", (0,), float(i))
        workspace.run.step("update")
    assert len(workspace.marks()) == MOST_MARKS
    assert workspace.marks()[-1].epoch == MOST_MARKS + 29


@given(experiments(), st.integers(0, 2**32), st.data())
@examples(25)
def test_a_random_walk_through_runs_finds_each_as_it_was_left_bit_for_bit(
    experiment: Experiment, seed: int, data: st.DataObject
) -> None:
    workspace, draw = workspace_of(experiment), random.Random(seed)
    for _ in range(14):
        walk(workspace, draw, data)
        here, run = bits(workspace.run.trainer), workspace.run.line
        if workspace.run.newest == Position() or not workspace.run_list.runs:
            continue
        workspace.switch(draw.choice(workspace.run_list.runs).id)
        if any(other.id == run for other in workspace.run_list.runs):
            workspace.switch(run)
            assert bits(workspace.run.trainer) == here
    for run in workspace.run_list.runs:
        left = workspace.run_list.find(run.id)
        straight = Run(left.first_experiment)
        straight.timeline.events, straight.newest = list(left.timeline.events), left.newest
        straight.newest_epoch = left.newest_epoch
        straight.seek(left.newest)
        assert straight.trainer.epochs_done == run.epoch
        assert [a.predicted for a in run.answers] == pytest.approx(
            straight.trainer.answers([(a.sum.a, a.sum.b) for a in run.answers]), nan_ok=True, rel=1e-12
        )


def walk(workspace: Workspace, draw: random.Random, data: st.DataObject) -> None:
    """Some deed or other."""
    recording = workspace.run
    intervention = draw.choice(["run", "run", "step", "back", "edit", "change", "undo", "redo", "seed", "home"])
    try:
        if intervention == "run":
            recording.run(draw.randint(1, 12))
        elif intervention == "step":
            recording.step(draw.choice(["layer", "phase", "update", "epoch"]), draw.randint(1, 3))
        elif intervention == "back":
            recording.back(draw.choice(["layer", "phase", "update", "epoch"]), draw.randint(1, 3))
        elif intervention == "edit":
            workspace.edit("output.bias", (0,), draw.random())
        elif intervention == "change":
            workspace.change(**data.draw(CHANGES))
        elif intervention == "undo":
            workspace.undo()
        elif intervention == "redo":
            workspace.redo()
        elif intervention == "seed":
            workspace.start(recording.experiment.replace(seed=draw.randint(0, 3)))
        else:
            recording.seek(Position())
    except AdderError:
        pass


def test_the_list_is_kept_in_the_file_and_its_runs_go_on_to_the_same_bits(tmp_path: Path) -> None:
    workspace = workspace_of()
    go(workspace, 40)
    workspace.run.seek_epoch(10)
    workspace.change(**{"training.lr": 0.05})
    go(workspace, 25)
    workspace.start(SMALL.replace(seed=5))
    go(workspace, 3)
    workspace.run_list.pin(1, True)
    workspace.save(tmp_path / "run.npz")

    other = workspace_of(Experiment.preset("one-pair"))
    other.resume(tmp_path / "run.npz")
    before, after = workspace.snapshot(False), other.snapshot(False)
    assert [plain(run) for run in after.runs] == [plain(run) for run in before.runs]
    names = {run.name: run.id for run in after.runs}
    assert {run.name: run.parent for run in after.runs}["lr 0.05 at epoch 10"] == names[SMALL_NAME]
    for name, number in names.items():
        workspace.switch(next(run.id for run in before.runs if run.name == name))
        other.switch(number)
        for each in (workspace, other):
            each.run.run(30)
        assert bits(workspace.run.trainer) == bits(other.run.trainer)


def plain(run: RunSummary) -> tuple[object, ...]:
    return (
        run.name, run.epoch, run.train_loss, run.test_loss, run.answers, run.collapsed, run.branched_at, run.stopped,
        run.pinned, run.experiment, run.marks, run.losses.train.tobytes(),
    )  # fmt: skip


def test_a_damaged_list_costs_the_list_and_not_the_run(tmp_path: Path) -> None:
    workspace = workspace_of()
    go(workspace, 4)
    workspace.start(SMALL.replace(seed=5))
    go(workspace, 3)
    workspace.save(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz") as arrays:
        kept = dict(arrays)
    kept["run0_counters"] = kept.pop("run0_states")
    np.savez(tmp_path / "run.npz", **kept)
    other = workspace_of()
    other.open(tmp_path / "run.npz")
    assert other.snapshot(False).epoch == 3
    assert "list of earlier runs" in other.snapshot(False).warning
    with pytest.raises(RunFileError):
        read_others(tmp_path / "run.npz")
    assert read(tmp_path / "run.npz").facts["epoch"] == 3


def test_companions_come_back_as_they_were() -> None:
    workspace = workspace_of()
    go(workspace, 300)
    workspace.start(SMALL.replace(seed=1))
    ((run, left),) = companions_restored(companions_saved(workspace.run_list.kept()))
    assert plain(run) == plain(workspace.run_list.runs[0])
    assert len(left.timeline.keyframes) <= 9


@given(experiments(), st.integers(0, 8))
@examples(25)
def test_a_look_at_an_epoch_tells_what_going_there_would_and_disturbs_nothing(
    experiment: Experiment, epoch: int
) -> None:
    workspace = workspace_of(experiment)
    workspace.run.run(1 << 30)
    workspace.run.back("update")
    epoch = min(epoch, workspace.run.newest_epoch)
    before = (
        bits(workspace.run.trainer),
        workspace.run.moment,
        workspace.run.newest,
        workspace.run.history.epochs,
    )
    look = workspace.explorer.look(epoch)
    recording = workspace.run
    assert (bits(recording.trainer), recording.moment, recording.newest, recording.history.epochs) == before
    workspace.run.seek_epoch(epoch)
    there = workspace.snapshot(False)
    assert (look.epoch, look.update, look.train_loss, look.test_loss) == (
        there.epoch, there.moment.update, there.train_loss, there.test_loss
    )  # fmt: skip
    assert [answer.sum for answer in look.answers] == [answer.sum for answer in there.answers]
    predicted = [answer.predicted for answer in there.answers]  # asked with one sum more, so rounded otherwise
    assert [answer.predicted for answer in look.answers] == pytest.approx(predicted, rel=1e-4, abs=1e-4, nan_ok=True)
    assert look.collapsed == there.collapsed
    with pytest.raises(RequestError, match="has not been at epoch"):
        workspace.explorer.look(workspace.run.newest_epoch + 1)


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
    recording = Run(SMALL)
    assert recording.scout().trainer.inputs is recording.trainer.inputs
    assert Trainer(SMALL).inputs is not recording.trainer.inputs
