"""The asynchronous face: whatever is asked of a session in whatever order, it stays whole and closes quickly."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from adder_engine.analysis.results import FINDINGS, GridSpec, Query
from adder_engine.errors import AdderError, RequestError, RunFileError
from adder_engine.experiment import Experiment
from adder_engine.parsing import LARGEST_TERM, Sum
from adder_engine.runs.explorer import Explorer
from adder_engine.runs.files import read, summary
from adder_engine.runs.run import Run
from adder_engine.session import Session
from adder_engine.snapshot import STEP_SIZES, Position, Snapshot
from adder_engine.trace import Trace
from tests.engine.plain import plainly_wanted
from tests.engine.strategies import THOROUGHLY, experiments
from tests.engine.test_timeline import CHANGES, Straight

PATIENCE = 60.0
"""Seconds after which something hangs, even on a busy machine."""
ONE_PAIR = Experiment.preset("one-pair")
ENDLESS = Experiment.preset("many-pairs").replace(epochs=10_000_000)
"""One pair would be through with them in ten seconds."""


@pytest.fixture(scope="module", autouse=True)
def no_thread_is_left_behind() -> Iterator[None]:
    """By all the tests here that one process runs."""
    yield
    leftover = [thread for thread in threading.enumerate() if thread.name == "engine"]
    for thread in leftover:
        thread.join(PATIENCE)
    assert not [thread for thread in leftover if thread.is_alive()]


def must_be_one_sentence(error: BaseException) -> None:
    text = str(error)
    assert text.endswith((".", "?")), text
    assert not any(bad in text for bad in ("\n", "Traceback", "Something in the engine went wrong")), text
    assert 10 < len(text) < 1000


class Calls(RuleBasedStateMachine):
    """Any calls in any order."""

    files = Bundle("files")

    @initialize(experiment=experiments(most_rows=5, widest=3), autosave=st.booleans())
    def start(self, experiment: Experiment, autosave: bool) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.loop = asyncio.new_event_loop()
        self.autosave = self.path / "auto.npz" if autosave else None
        self.session = Session(experiment, autosave=self.autosave)
        self.newest = self.run(self.session.snapshot())
        self.saves = 0

    def teardown(self) -> None:
        if not hasattr(self, "session"):
            return
        try:
            began = time.monotonic()
            assert self.session.close_now(PATIENCE)
            assert time.monotonic() - began < PATIENCE
            for request in (self.session.snapshot(), self.session.pause(), self.session.predict(1, 2)):
                with pytest.raises(RequestError, match="closed"):
                    self.loop.run_until_complete(request)
            if self.autosave and self.autosave.exists():
                assert summary(self.autosave) is not None
        finally:
            self.session.close_now(PATIENCE)
            self.loop.close()
            self.folder.cleanup()

    def run(self, request):
        return self.loop.run_until_complete(asyncio.wait_for(request, PATIENCE))

    async def found(self, name: str, *arguments: object) -> object:
        return await self.session.together(Query(name, arguments)).answers[0]

    def do(self, request) -> Snapshot | None:
        """Carry out a request; one that cannot be is refused in a sentence and changes nothing of a run at rest."""
        before = self.run(self.session.snapshot())
        try:
            result = self.run(request)
        except AdderError as error:
            must_be_one_sentence(error)
            after = self.run(self.session.snapshot())
            if before.status != "playing":
                assert same(before, after)
            return None
        if isinstance(result, Snapshot):
            assert result.version > before.version
            self.newest = result
            return result
        return None

    # --- time

    @rule(pace=st.sampled_from([None, None, 5, 0.5, 1e6, 0, -1, math.nan, math.inf]))
    def play(self, pace: float | None) -> None:
        snapshot = self.do(self.session.play(pace))
        if snapshot is not None:
            assert pace is None or pace > 0
            assert snapshot.status in ("playing", "stopped", "failed")

    @rule()
    def pause(self) -> None:
        assert self.do(self.session.pause()).status != "playing"

    @rule(size=st.sampled_from([*STEP_SIZES, "leap"]), count=st.integers(-1, 5))
    def step(self, size: str, count: int) -> None:
        snapshot = self.do(self.session.step(size, count))
        assert snapshot is None or snapshot.status != "playing"

    @rule(epoch=st.integers(-1, 12))
    def look(self, epoch: int) -> None:
        self.do(self.session.look(epoch))

    @rule(place=st.integers(0, 5), call=st.sampled_from(["switch", "switch", "forget", "pin", "unpin"]))
    def runs(self, place: int, call: str) -> None:
        runs = self.run(self.session.snapshot()).runs
        number = runs[place % len(runs)].id if runs else 999
        if call in ("pin", "unpin"):
            snapshot = self.do(self.session.pin(number, call == "pin"))
        else:
            snapshot = self.do(getattr(self.session, call)(number))
        assert (snapshot is not None) == bool(runs)
        if snapshot is not None:
            assert snapshot.run not in [run.id for run in snapshot.runs]
            assert call != "switch" or snapshot.run == number

    @rule()
    def rescue(self) -> None:
        before = self.run(self.session.snapshot())
        snapshot = self.do(self.session.rescue())
        if snapshot is not None and before.blow_up is not None:
            assert snapshot.moment.update == before.blow_up.back_to

    @rule(size=st.sampled_from([*STEP_SIZES, "leap"]), count=st.integers(-1, 5))
    def back(self, size: str, count: int) -> None:
        before = self.run(self.session.snapshot())
        snapshot = self.do(self.session.back(size, count))
        if snapshot is not None and before.status != "playing" and count > 0:
            start = (before.moment.update, before.moment.stage) == (0, 0)  # an epoch back leaves its edits done
            assert snapshot.moment < before.moment or (start and "epoch" in size) or before.moment == Position()

    @rule(share=st.floats(-0.1, 1.1), stage=st.integers(-1, 20))
    def seek(self, share: float, stage: int) -> None:
        update = round(share * self.newest.newest.update)
        snapshot = self.do(self.session.seek(update, stage))
        if snapshot is not None:
            assert (snapshot.moment.update, snapshot.moment.stage) == (update, stage)

    @rule(epoch=st.integers(-1, 10))
    def seek_epoch(self, epoch: int) -> None:
        snapshot = self.do(self.session.seek_epoch(epoch))
        if snapshot is not None:
            assert (snapshot.epoch, snapshot.epoch_update, snapshot.moment.stage) == (epoch, 0, 0)

    @rule()
    def home(self) -> None:
        assert self.do(self.session.home()).moment == Position()

    @rule()
    def end(self) -> None:
        snapshot = self.do(self.session.end())
        assert snapshot.moment == snapshot.newest

    # --- runs

    @rule()
    def reset(self) -> None:
        snapshot = self.do(self.session.reset())
        assert (snapshot.moment, snapshot.newest) == (Position(), Position())

    @rule(seed=st.none() | st.integers(-1, 2**63))
    def reseed(self, seed: int | None) -> None:
        before = self.session.experiment
        snapshot = self.do(self.session.reseed(seed))
        if snapshot is not None:
            assert snapshot.experiment.seed == seed or (seed is None and snapshot.experiment.seed != before.seed)

    @rule(experiment=experiments(most_rows=5, widest=3))
    def load(self, experiment: Experiment) -> None:
        assert self.do(self.session.load(experiment)).experiment == experiment

    @rule(target=files, wrong=st.booleans())
    def save(self, wrong: bool):
        self.saves += 1
        path = self.path / f"{self.saves}.npz"
        if wrong:
            path.mkdir()
        saved = self.do(self.session.save(path))
        assert (saved is None) == wrong
        return multiple(path)

    @rule(path=files)
    def open(self, path: Path) -> None:
        snapshot = self.do(self.session.open(path))
        if path.is_dir():
            assert snapshot is None
        else:
            assert snapshot is not None
            assert snapshot.status != "playing"
            assert snapshot.epoch == summary(path).epoch

    # --- doing

    @rule(place=st.tuples(st.integers(-1, 4), st.integers(-1, 3)), value=st.floats(-2, 2) | st.floats())
    def edit(self, place: tuple[int, int], value: float) -> None:
        name = self.newest.experiment.layer_names[0] + ".weight"
        snapshot = self.do(self.session.edit(name, place, value))
        if snapshot is not None:
            assert math.isfinite(value)
            assert snapshot.state[0, place[0] * 2 + place[1]] == np.float32(value)
            assert snapshot.can_undo
            assert snapshot.moment == snapshot.newest
            assert snapshot.moment.edits > 0

    @rule(indices=st.frozensets(st.integers(-1, 40), max_size=3))
    def freeze(self, indices: frozenset[int]) -> None:
        snapshot = self.do(self.session.freeze(indices))
        if snapshot is not None:
            assert snapshot.frozen == tuple(sorted(indices))
            assert not snapshot.state[1, sorted(indices)].any()

    @rule(neurons=st.frozensets(st.tuples(st.integers(-1, 6), st.integers(-1, 4)), max_size=2))
    def mute(self, neurons: frozenset[tuple[int, int]]) -> None:
        snapshot = self.do(self.session.mute(neurons))
        if snapshot is not None:
            assert snapshot.muted == tuple(sorted(neurons))
            assert all(snapshot.trace.layers[layer].post[n] == 0 for layer, n in neurons)

    @rule(changes=CHANGES | st.sampled_from([{"training.lr": -1}, {"network.layers": (2, 1)}, {"nothing": 1}]))
    def change(self, changes: dict[str, object]) -> None:
        snapshot = self.do(self.session.change(**changes))
        if snapshot is not None:
            assert all(snapshot.experiment[name] == value for name, value in changes.items())

    @rule()
    def undo(self) -> None:
        could = self.run(self.session.pause()).can_undo
        assert (self.do(self.session.undo()) is not None) == could

    @rule()
    def redo(self) -> None:
        could = self.run(self.session.pause()).can_redo
        assert (self.do(self.session.redo()) is not None) == could

    # --- looking

    @rule(a=st.integers(-500, 500), b=st.floats(-500, 500))
    def ask(self, a: int, b: float) -> None:
        asked = Sum(a, b)
        answer = self.run(self.session.ask(asked))
        assert answer.sum == asked
        snapshot = self.run(self.session.snapshot())
        assert snapshot.asked.sum == asked

    @rule(
        what=st.sampled_from(
            ["map_course", "forecast", "stability", "along_gradient", "loss_slice", "checks", "rivals"]
        )
    )
    def explore(self, what: str) -> None:
        self.do(self.found(what, *{"along_gradient": (9,), "loss_slice": (5, 5)}.get(what, ())))

    @rule(
        high=st.floats(-500, 500), log=st.booleans(), only=st.none() | st.tuples(st.integers(-1, 2), st.integers(0, 3))
    )
    def explore_a_plane(self, high: float, log: bool, only: tuple[int, int] | None) -> None:
        grid = (-500.0, high, -500.0, 500.0, 5, 4, log)
        self.do(self.found("plane", GridSpec(*grid)))
        self.do(self.found("neurons", GridSpec(*grid), only))

    @rule(row=st.none() | st.integers(-1, 5))
    def trace(self, row: int | None) -> None:
        self.run(self.session.pause())
        refused = False
        try:
            trace = self.run(self.session.trace(row))
        except RequestError as error:
            must_be_one_sentence(error)
            refused = True
        else:
            assert isinstance(trace, Trace)
            assert trace.row == row
        assert row is not None or not refused

    @rule()
    def what_is_watched_is_answered_as_predicted(self) -> None:
        snapshot = self.run(self.session.pause())
        pairs = [(answer.sum.a, answer.sum.b) for answer in snapshot.answers]
        assert (snapshot.asked.sum.a, snapshot.asked.sum.b) in pairs
        assert len(set(pairs)) == len(pairs) <= 30
        for answer in (snapshot.asked, *snapshot.answers):
            predicted = self.run(self.session.predict(answer.sum.a, answer.sum.b))
            assert answer.wanted == plainly_wanted(snapshot.experiment, answer.sum.a, answer.sum.b)
            close = math.isclose(answer.predicted, predicted, rel_tol=1e-4, abs_tol=1e-4 * snapshot.scales.targets)
            assert close or not math.isfinite(predicted) or abs(predicted) > 1e6 or wide(snapshot)

    @rule()
    def a_change_wakes_who_waits_for_one(self) -> None:
        snapshot = self.run(self.session.pause())
        waiting = self.loop.create_task(self.session.snapshot(since=snapshot.version))
        self.run(self.session.home())
        assert self.run(waiting).version > snapshot.version

    @rule()
    def what_is_there_is_what_the_log_replayed_gives(self) -> None:
        snapshot = self.run(self.session.pause())
        if snapshot.moment.update > 100:
            return
        first, events = self.run(self.session._ask(lambda d: (d.run.first_experiment, list(d.run.timeline.events))))
        assert Straight(first, events).at(snapshot.moment)[0] == snapshot.state.tobytes()

    # --- always

    @invariant()
    def whole(self) -> None:
        if not hasattr(self, "session"):
            return
        snapshot = self.run(self.session.snapshot())
        assert snapshot.version >= self.newest.version
        self.newest = snapshot
        assert Position() <= snapshot.moment <= snapshot.newest
        assert snapshot.status in ("paused", "playing", "done", "stopped")
        assert bool(snapshot.message) == (snapshot.status == "stopped")
        assert snapshot.status == "playing" or self.session.experiment == snapshot.experiment
        assert snapshot.epoch <= max(snapshot.experiment.epochs, snapshot.epoch)
        assert len(snapshot.stages) > snapshot.moment.stage
        assert snapshot.state.shape == snapshot.previous.shape == (4, snapshot.experiment.parameter_count)
        assert all(x is None or math.isfinite(x) for x in (snapshot.train_loss, snapshot.batch_loss))
        assert snapshot.test_loss is None or math.isfinite(snapshot.test_loss)
        if snapshot.current_loss is None and snapshot.status != "playing":
            assert not looks_finite(snapshot)
        losses = snapshot.losses
        assert all(np.isfinite(column).all() for column in vars(losses).values())
        assert (np.diff(losses.epochs) > 0).all()
        assert snapshot.speed >= 0


def wide(snapshot: Snapshot) -> bool:
    """Whether sizes on the way dwarf the answer, so that its digits are rounding."""
    return float(np.abs(snapshot.state[0]).max()) > 10 or not np.isfinite(snapshot.state[0]).all()


def looks_finite(snapshot: Snapshot) -> bool:
    """Whether nothing about the parameters is so large that the loss could leave float32's range."""
    return float(np.abs(snapshot.state[0]).max()) < 10


def same(one: Snapshot, other: Snapshot) -> bool:
    return (
        (one.moment, one.newest, one.status, one.experiment, one.frozen, one.muted, one.can_undo, one.can_redo)
        == (
            other.moment, other.newest, other.status, other.experiment, other.frozen, other.muted,
            other.can_undo, other.can_redo,
        )
        and one.state.tobytes() == other.state.tobytes()
        and [a.sum for a in one.answers] == [a.sum for a in other.answers]
    )  # fmt: skip


Calls.TestCase.settings = settings(max_examples=25 * THOROUGHLY, stateful_step_count=25, deadline=None)


class TestAnyCallsInAnyOrderLeaveASessionConsistent(Calls.TestCase):
    pass


async def until(condition, seconds: float = PATIENCE) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


# --- playing -----------------------------------------------------------------------------------------


async def test_playing_runs_to_the_end_and_says_so():
    async with Session(ONE_PAIR) as session:
        started = await session.play()
        assert started.status == "playing"
        seen = [snapshot async for snapshot in until_at_rest(session)]
        assert seen[-1].status == "done"
        assert seen[-1].epoch == 2000
        assert seen[-1].answers[0].predicted == pytest.approx(99.98, abs=0.01)
        versions = [s.version for s in seen]
        assert versions == sorted(set(versions))
        with pytest.raises(RequestError, match="2,000 epochs are done"):
            await session.play()


async def until_at_rest(session: Session):
    async for snapshot in session.snapshots(fps=200):
        yield snapshot
        if snapshot.status != "playing":
            return


async def test_a_blow_up_while_playing_is_said_once_and_the_run_can_be_mended():
    async with Session(Experiment.preset("explode")) as session:
        await session.play()
        last = [s async for s in until_at_rest(session)][-1]
        assert last.status == "stopped"
        assert "update" in last.message
        assert math.isfinite(last.current_loss)
        await session.home()
        await session.change(**{"training.lr": 1e-5})
        assert (await session.step("epoch")).epoch == 1


async def test_playing_halts_at_the_end_of_the_epoch_that_was_named():
    async with Session(ONE_PAIR) as session:
        await session.play(until=37)
        last = [s async for s in until_at_rest(session)][-1]
        assert (last.status, last.epoch, last.moment) == ("paused", 37, Position(37))
        await session.play()
        assert [s async for s in until_at_rest(session)][-1].status == "done"


async def test_a_pace_is_kept():
    async with Session(ENDLESS) as session:
        await session.snapshot()
        began = time.monotonic()
        await session.play(pace=50)
        await asyncio.sleep(1.0)
        epochs = (await session.pause()).epoch
        assert 10 <= epochs <= 50 * (time.monotonic() - began) + 2


async def test_a_pace_is_kept_where_a_change_makes_an_epoch_of_fewer_updates():
    experiment = ENDLESS.replace(**{"data.kind": "uniform", "data.count": 100, "training.batch_size": 1})
    async with Session(experiment) as session:
        snapshot = await session.play(pace=20)
        while snapshot.moment.update < 1000:
            snapshot = await session.snapshot(snapshot.version)
        changed = await session.change(**{"training.batch_size": 0})
        later = await asyncio.wait_for(session.snapshot(changed.version), 20)
        assert (later.status, later.moment.update > changed.moment.update) == ("playing", True)


@pytest.mark.parametrize("pace", [0, -1, math.nan, math.inf])
async def test_a_pace_that_is_none_is_refused(pace):
    async with Session(ENDLESS) as session:
        with pytest.raises(RequestError, match="pace") as caught:
            await session.play(pace)
        must_be_one_sentence(caught.value)
        assert (await session.snapshot()).status == "paused"


async def test_a_wrong_request_does_not_interrupt_training():
    async with Session(ENDLESS) as session:
        await session.play()
        for wrong in (
            session.seek(10**9), session.step("leap"), session.open(Path("/nowhere.npz")), session.reseed(-1),
            session.redo(), session.edit("output.bias", (1,), 0.0), session.change(seed=1),
        ):  # fmt: skip
            with pytest.raises(AdderError):
                await wrong
            assert (await session.snapshot()).status == "playing"


async def test_asking_and_looking_never_change_a_training_run():
    experiment = ONE_PAIR.replace(**{"network.dropout": 0.3, "epochs": 400})
    async with Session(experiment) as session:
        await session.play()
        while (await session.snapshot()).status == "playing":
            await session.ask(Sum(random.randint(0, 9), 1))
            await session.predict(3, 4)
            await session.trace()
        state = (await session.snapshot()).state
    alone = Run(experiment)
    alone.run(400)
    assert state.tobytes() == alone.trainer.state.tobytes()


async def test_playing_from_the_past_follows_what_was_done_then():
    async with Session(ONE_PAIR.replace(epochs=60)) as session:
        await session.step("10 epochs")
        await session.change(**{"training.lr": 0.01})
        await session.edit("output.bias", (0,), 1.0)
        await session.play()
        ended = [s async for s in until_at_rest(session)][-1]
        assert (await session.home()).experiment.training.lr == 0.0002
        await session.play()
        again = [s async for s in until_at_rest(session)][-1]
        assert (again.moment, again.state.tobytes()) == (ended.moment, ended.state.tobytes())
        assert session.experiment.training.lr == 0.01


async def test_undo_goes_back_to_the_run_before_and_a_new_intervention_forgets_what_was_undone():
    async with Session(ONE_PAIR) as session:
        await session.step("10 epochs")
        old = await session.edit("output.bias", (0,), 1.0)
        await session.undo()
        await session.redo()
        await session.load(Experiment.preset("three-pairs"))
        back = await session.undo()
        assert (back.moment, back.experiment, back.state.tobytes()) == (old.moment, ONE_PAIR, old.state.tobytes())
        assert (await session.redo()).experiment == Experiment.preset("three-pairs")


async def test_many_ask_at_once_and_each_gets_its_answer():
    async with Session(ENDLESS) as session:
        await session.play()
        answers = await asyncio.gather(*(session.ask(Sum(n, 1)) for n in range(100)))
        assert [a.sum.a for a in answers] == list(range(100))
        snapshot = await session.pause()
        assert len(snapshot.answers) == 30
        assert snapshot.asked.sum.a == 99


async def test_a_request_that_is_given_up_leaves_the_session_working():
    async with Session(ENDLESS) as session:
        version = (await session.snapshot()).version
        for _ in range(50):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.snapshot(since=version), 0.001)
        assert (await session.step()).moment.update == 1
        assert len(session._loop._waiting) <= 1


@pytest.mark.filterwarnings("error")
async def test_numbers_beyond_float32_disturb_nothing():
    async with Session(ONE_PAIR) as session:
        for name in ("input", "hidden", "output"):
            snapshot = await session.edit(f"{name}.weight", (0, 0), 1e30)
        assert snapshot.status == "paused"
        assert snapshot.current_loss is None
        assert (await session.step("layer", 4)).status == "paused"
        stopped = await session.step("update")
        assert stopped.status == "stopped"
        assert await session.undo()
    async with Session(Experiment.preset("explode").replace(**{"training.lr": 1e6})) as session:
        await session.step("update")
        while (snapshot := await session.step("update")).status == "paused":
            pass
        assert snapshot.status == "stopped"


async def test_the_largest_sums_can_be_asked():
    async with Session(Experiment.preset("product")) as session:
        answer = await session.ask(Sum(LARGEST_TERM, -LARGEST_TERM))
        assert answer.wanted == -(LARGEST_TERM**2)
        assert (await session.snapshot()).trace is not None


# --- loading and closing -----------------------------------------------------------------------------


def python(code: str, *args: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=seconds, check=False
    )


def test_importing_a_session_leaves_torch_and_numpy_out():
    done = python("import sys, adder_engine.session as s; s.Session; print({'torch', 'numpy'} & set(sys.modules))")
    assert done.stdout == "set()\n", done.stderr


def test_a_run_is_played_asked_and_stepped_back_without_torch_and_numba_loads_in_the_thread():
    done = python("""
import asyncio, builtins, sys, threading
importers, inner = set(), builtins.__import__
def importing(name, *rest):
    if name.partition(".")[0] == "numba":
        importers.add(threading.current_thread().name)
    return inner(name, *rest)
builtins.__import__ = importing
from adder_engine import Experiment, Session, parse_sum
async def main():
    async with Session(Experiment.preset("one-pair")) as session:
        assert (await session.snapshot()).status == "paused"
        await session.play()
        async for snapshot in session.snapshots(60):
            if snapshot.status == "done":
                break
        assert abs((await session.ask(parse_sum("30+70"))).predicted - 100) < 0.1
        await session.back("update")
        await session.step("update")
asyncio.run(main())
print(importers, "torch" in sys.modules)
""")
    assert done.stdout == "{'engine'} False\n", done.stderr


@pytest.mark.parametrize("delay", [0, 0.05, 0.3, 0.8])
def test_a_session_is_closed_in_its_time_while_the_engine_is_loading(delay):
    done = python(
        """
import sys, time
from adder_engine import Session
session = Session()
time.sleep(float(sys.argv[1]))
began = time.monotonic()
session.close_now(0.2)
assert time.monotonic() - began < 5
""",
        str(delay),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_requests_made_while_the_engine_is_loading_are_answered_in_order():
    done = python("""
import asyncio
from adder_engine import Session, Experiment
async def main():
    session = Session(Experiment.preset("one-pair"))
    first, second, third = await asyncio.gather(session.step(), session.step("epoch", 2), session.snapshot())
    print(first.moment.update, second.moment.update, third.moment.update)
    await session.close()
asyncio.run(main())
""")
    assert done.stdout == "1 3 3\n", done.stderr


def test_without_numba_every_request_says_so_and_closing_is_quick():
    done = python("""
import asyncio, sys, time
sys.modules["numba"] = None
from adder_engine import AdderError, Session
async def main():
    session = Session()
    for request in (session.snapshot(), session.step()):
        try:
            await request
        except AdderError as error:
            print(error)
    began = time.monotonic()
    await session.close()
    print(time.monotonic() - began < 5)
asyncio.run(main())
""")
    lines = done.stdout.splitlines()
    assert lines[0] == lines[1]
    assert lines[0].startswith("The engine cannot run:")
    assert lines[2] == "True", done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("busy", ["idle", "playing", "a long step", "a long way back"])
async def test_closing_is_quick_in_any_state(busy, tmp_path):
    experiment = Experiment().replace(**{"training.batch_size": 1, "epochs": 100_000})
    session = Session(experiment, autosave=tmp_path / "auto.npz")
    await session.step()
    task = None
    if busy == "playing":
        await session.play()
    elif busy == "a long step":
        task = asyncio.create_task(session.step("100 epochs", 10))
    elif busy == "a long way back":
        await session.step("epoch")
        task = asyncio.create_task(session.seek(12_345 % 10_000))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    assert await asyncio.to_thread(session.close_now, 20)
    assert time.monotonic() - began < 10
    assert summary(tmp_path / "auto.npz") is not None
    if task is not None:
        await asyncio.wait([task], timeout=PATIENCE)
        assert task.done()
        task.exception()
    with pytest.raises(RequestError, match="closed"):
        await session.step()


async def test_pausing_ends_a_long_step():
    async with Session(Experiment().replace(**{"training.batch_size": 1, "epochs": 100_000})) as session:
        await session.snapshot()
        long = asyncio.create_task(session.step("100 epochs", 10))
        await asyncio.sleep(0.1)
        paused = await asyncio.wait_for(session.pause(), PATIENCE / 2)
        assert 0 < paused.moment.update < 1_000_000
        assert (await long).status == "paused"
        assert (await session.step("update", 3)).moment.update == paused.moment.update + 3


async def test_those_who_wait_are_said_when_the_session_is_closed():
    session = Session(ONE_PAIR)
    version = (await session.snapshot()).version
    waiting = [asyncio.create_task(session.snapshot(since=version)) for _ in range(5)]
    await asyncio.sleep(0)
    closed = asyncio.create_task(session.close())
    for task in waiting:
        with pytest.raises(RequestError, match="closed"):
            await asyncio.wait_for(task, PATIENCE)
    await closed
    assert [snapshot async for snapshot in session.snapshots()] == []
    await session.close()


async def test_two_sessions_do_not_disturb_each_other():
    alone = Run(ONE_PAIR.replace(epochs=300))
    alone.run(300)
    sessions = [Session(ONE_PAIR.replace(epochs=300)) for _ in range(2)]
    for session in sessions:
        await session.play()
    for session in sessions:
        await asyncio.wait_for(wait_for_rest(session), PATIENCE)
        assert (await session.snapshot()).state.tobytes() == alone.trainer.state.tobytes()
        await session.close()


async def wait_for_rest(session: Session) -> None:
    while (await session.snapshot()).status == "playing":
        await asyncio.sleep(0.01)


# --- saving ------------------------------------------------------------------------------------------


async def test_a_change_is_saved_within_a_few_seconds(tmp_path):
    path = tmp_path / "deep" / "auto.npz"
    async with Session(ONE_PAIR, autosave=path) as session:
        await session.snapshot()
        assert not path.exists()
        await session.step("10 epochs")
        await until(path.exists, 20)
        assert summary(path).epoch == 10


async def test_a_pause_is_saved_at_once_and_a_long_run_every_few_seconds(tmp_path, monkeypatch):
    path = tmp_path / "auto.npz"
    monkeypatch.setattr("adder_engine.session.SAVE_EVERY", 1000.0)
    async with Session(ENDLESS, autosave=path) as session:
        await session.play()
        await session.pause()
        await until(path.exists, 20)
    monkeypatch.setattr("adder_engine.session.SAVE_EVERY", 0.2)
    async with Session(ENDLESS, autosave=path) as session:
        await session.play()
        path.unlink()
        await until(path.exists, 20)
        first = summary(path).epoch
        path.unlink()
        await until(path.exists, 20)
        assert summary(path).epoch > first


async def test_a_place_that_cannot_be_written_gives_a_warning_and_training_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr("adder_engine.session.SAVE_EVERY", 0.05)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    async with Session(ENDLESS, autosave=blocked / "auto.npz") as session:
        await session.play()
        snapshot = await session.snapshot()
        while not snapshot.warning:
            snapshot = await asyncio.wait_for(session.snapshot(since=snapshot.version), PATIENCE)
        assert str(blocked) in snapshot.warning
        assert snapshot.warning.endswith(".")
        later = await session.snapshot(since=snapshot.version)
        assert later.status == "playing"
        assert (await session.pause()).epoch >= snapshot.epoch
        blocked.unlink()
        snapshot = await session.step()
        while snapshot.warning:
            snapshot = await asyncio.wait_for(session.snapshot(since=snapshot.version), PATIENCE)
        assert summary(blocked / "auto.npz") is not None


async def test_a_closed_session_is_resumed_where_it_stood(tmp_path):
    path = tmp_path / "auto.npz"
    async with Session(ONE_PAIR, autosave=path) as session:
        await session.step("10 epochs")
        await session.edit("output.bias", (0,), 2.0)
        await session.ask(Sum(1, 2))
        last = await session.step("layer", 3)
    async with Session(resume=path) as session:
        snapshot = await session.snapshot()
        assert (snapshot.moment, snapshot.newest, snapshot.experiment) == (last.moment, last.newest, ONE_PAIR)
        assert snapshot.state.tobytes() == last.state.tobytes()
        assert [a.sum for a in snapshot.answers] == [a.sum for a in last.answers]
        assert snapshot.asked.sum == last.asked.sum
        assert session.experiment == ONE_PAIR


@pytest.mark.parametrize("content", [None, b"", b"no run at all"])
async def test_a_run_that_cannot_be_resumed_leaves_the_session_with_its_own_and_a_warning(tmp_path, content):
    path = tmp_path / "auto.npz"
    if content is not None:
        path.write_bytes(content)
    async with Session(ONE_PAIR, resume=path) as session:
        snapshot = await session.snapshot()
        assert (snapshot.status, snapshot.experiment) == ("paused", ONE_PAIR)
        assert str(path) in snapshot.warning


async def test_opening_what_is_no_run_keeps_the_run_in_progress(tmp_path):
    (tmp_path / "x.npz").write_text("no run")
    async with Session(ONE_PAIR) as session:
        await session.step()
        with pytest.raises(RunFileError):
            await session.open(tmp_path / "x.npz")
        assert (await session.snapshot()).moment == Position(1)


@pytest.mark.slow
def test_a_kill_while_saving_never_leaves_a_file_that_cannot_be_read(tmp_path):
    path = tmp_path / "auto.npz"
    code = """
import asyncio, sys
from pathlib import Path
import adder_engine.session
adder_engine.session.SAVE_EVERY = 0.0
from adder_engine import Experiment, Session
async def main():
    session = Session(Experiment.preset("one-pair").replace(epochs=10_000_000), autosave=Path(sys.argv[1]))
    await session.play()
    print("playing", flush=True)
    await asyncio.sleep(100)
asyncio.run(main())
"""
    for _ in range(8):
        child = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE)
        assert child.stdout is not None
        assert child.stdout.readline() == b"playing\n"
        time.sleep(random.uniform(0.05, 0.5))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        if path.exists():
            assert read(path).facts["epoch"] >= 0
    assert path.exists()


async def test_requests_take_or_refuse_what_has_the_wrong_type_and_the_run_goes_on(tmp_path):
    async with Session(Experiment.preset("one-pair")) as session:
        await session.save(str(tmp_path / "run.npz"))
        await session.freeze([0, 1])
        await session.mute([(0, 1)])
        assert (await session.freeze(True)).frozen == (1,)  # a whole number, as Python counts it
        await session.edit("output.bias", 0, np.float32(0.5))
        await session.open(str(tmp_path / "run.npz"))
        refused = [
            session.step("epoch", "3"), session.back("update", 1.5), session.step(3), session.seek("1"),
            session.seek_epoch(None), session.save(None), session.open(7), session.freeze(3.5), session.freeze("01"),
            session.freeze([0, "a"]), session.mute([1]), session.mute([(0, 1, 2)]), session.mute(5),
            session.edit("output.bias", "0", 1.0), session.edit("output.bias", (0,), "much"), session.edit(3, 0, 1.0),
            session.switch("1"), session.forget(None), session.pin([]), session.reseed("7"), session.load("one-pair"),
            session.ask("30+70"), session.answers("30"), session.answers([1, 2, 3]), session.course("0"),
            session.look("2"), session.check_gradient("w"), session.trace("first"), session.play(until="9"),
        ]  # fmt: skip
        for request in refused:
            with pytest.raises(AdderError, match=r"^[^\n]+\.$"):
                await request
        assert (await session.step("epoch", np.int64(3))).status == "paused"


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no niceness of their own there")
async def test_the_thread_that_trains_gives_way_to_those_that_answer_keys() -> None:
    session = Session(ENDLESS)
    await session.snapshot()
    (engine,) = (thread for thread in threading.enumerate() if thread.name == "engine" and thread.is_alive())
    assert os.getpriority(os.PRIO_PROCESS, engine.native_id or 0) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    await session.close()


async def test_a_change_makes_one_snapshot_for_all_who_wait() -> None:
    session = Session(ONE_PAIR)
    try:
        before = await session.snapshot()
        waiting = asyncio.create_task(session.snapshot(since=before.version))
        await asyncio.sleep(0)  # its request is the first
        changed = await session.edit("output.bias", (0,), 0.5)
        assert await asyncio.wait_for(waiting, PATIENCE) is changed
    finally:
        session.close_now()


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        (lambda s: s.save("a\0b.npz"), "could not be saved"),
        (lambda s: s.save("\udcff\udcfe/\0"), "could not be saved"),
        (lambda s: s.bench(["x"]), "There is no bench ['x']"),
        (lambda s: s.bench("dead", 10**400), "does not take"),
        (lambda s: s.predict(10**400, 4), "is no number"),
        (lambda s: s.edit("hidden.weight", (0, 0), 10**400), "is no number"),
        (lambda s: s.load("one-pair"), "'one-pair' is no experiment"),
        (lambda s: asyncio.sleep(0, s.together("x")), "'x' is no question"),
        (lambda s: asyncio.sleep(0, s.together(Query("find"))), "is no question: there are along_gradient"),
        *[
            (lambda s, name=name, given=given: s.together(Query(name, given)).answers[0], why)
            for name in FINDINGS
            for given, why in ((("x", 2, 3, 4, 5, 6, 7), "cannot be found out"), (5, "cannot be found out"))
        ],
        (lambda s: s.snapshot(since=np.array([1, 2])), "since = array([1, 2]) is no whole number"),
        (lambda s: s.answers([(10**400, 1)]), "no pairs of numbers"),
        (lambda s: s.answers([(1j, 1)]), "no pairs of numbers"),
        (lambda s: s.answers(None), "no pairs of numbers"),
        (lambda s: s.answers([[[1, 2]], [[3, 4]]]), "no pairs of numbers"),
        (lambda s: s.change(**{"stop.sum": np.array([[1, 2], [3, 4]])}), "stop.sum = [[1, 2], [3, 4]] will not do"),
        (lambda s: s.change(**{"training.lr": object}), "training.lr = <class 'object'> will not do"),
        (lambda s: s.change(**{"stop.sum": {"a": 1}}), "stop.sum = {'a': 1} will not do"),
        (lambda s: s.undo(np.array([1, 2])), "within = array([1, 2]) is neither true nor false"),
        (lambda s: s.pin(1, np.array([1, 2])), "is neither true nor false"),
        *[
            (lambda s, name=name: getattr(s, name)(10**5000), "is too large: use a number within")
            for name in ("seek", "seek_epoch", "switch", "forget", "pin", "look", "course", "freeze", "reseed")
        ],
        (lambda s: s.note(10**5000, "x"), "is too large"),
        (lambda s: s.edit("output.bias", (10**5000,), 1.0), "is too large"),
        (lambda s: s.mute(np.array(3)), "neurons = array(3) will not do"),
        (lambda s: s.edit("output.bias", object(), 1.0), "will not do: give a list"),
        (lambda s: s.ask(Sum("x", 3)), "a = 'x' is no number"),
        (lambda s: s.ask(Sum(10**400, 3)), "is no number"),
        (lambda s: s.ask(Sum(1e300, 3)), "is too large to ask about"),
    ],
)
async def test_a_request_of_a_wrong_kind_is_refused_and_the_run_goes_on(
    ask: Callable[[Session], Awaitable[object]], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with Session(Experiment.preset("one-pair")) as session:
        with pytest.raises(AdderError, match=re.escape(why)):
            await ask(session)
        assert (await session.step("update")).status == "paused"


class Odd:
    """Whatever it is taken for, it fails in a way of its own."""

    def fails(self, *_: object) -> Any:
        raise ZeroDivisionError("odd")

    __index__ = __float__ = __iter__ = __str__ = __fspath__ = __bool__ = fails


REQUESTS = (
    "trace", "check_gradient", "course", "look", "seek", "seek_epoch", "reseed", "switch", "forget", "pin", "step",
    "freeze", "mute", "play", "snapshot", "open", "save", "load", "ask", "answers", "exported",
)  # fmt: skip


@pytest.mark.parametrize(
    "ask",
    [
        *[
            lambda s, name=name: getattr(s, name)(Odd())
            for name in REQUESTS
        ],
        lambda s: s.change(**{"training.lr": Odd()}),
        lambda s: s.edit("output.bias", (Odd(),), 1.0),
        lambda s: s.predict(1, Odd()),
        lambda s: s.step("update", Odd()),
        lambda s: s.bench("dead", Odd()),
    ],
)  # fmt: skip
async def test_what_fails_in_a_way_of_its_own_does_not_end_the_run(ask: Callable[[Session], Awaitable[object]]) -> None:
    async with Session(Experiment.preset("one-pair")) as session:
        before = await session.step("update")
        with contextlib.suppress(AdderError, ZeroDivisionError):
            await ask(session)
        after = await session.snapshot()
        assert (after.status, after.moment, after.experiment) == ("paused", before.moment, before.experiment)
        assert (await session.step("update")).moment > before.moment


@pytest.mark.parametrize("size", [np.int64(3), np.array(3), 3])
async def test_numbers_of_numpy_and_torch_are_as_good_as_pythons_own(size: Any) -> None:
    import torch

    async with Session(Experiment.preset("one-pair")) as session:
        assert (await session.freeze(size)).frozen == (3,)
        changed = await session.change(**{"training.lr": np.float32(0.5), "stop.sum": np.array([30, 70])})
        assert (changed.experiment.training.lr, changed.experiment.stop.sum) == (0.5, (30.0, 70.0))
        assert (await session.change(**{"training.lr": torch.tensor(0.25)})).experiment.training.lr == 0.25
        pairs = torch.tensor([[30.0, 70.0]], requires_grad=True)
        assert (await session.answers(pairs)).tolist() == [await session.predict(30, 70)]  # type: ignore[arg-type]


async def test_more_steps_back_than_there_are_end_at_the_start_at_once(tmp_path: Path) -> None:
    async with Session(Experiment.preset("one-pair"), autosave=str(tmp_path / "run.npz")) as session:  # type: ignore[arg-type]
        await session.step("update", 7)
        assert (await session.back("update", 10**9)).moment == Position()
        assert (await session.back("epoch", 10**9)).moment == Position()
    assert (tmp_path / "run.npz").is_file()
    with pytest.raises(RequestError, match="is no experiment"):
        Session("one-pair")  # type: ignore[arg-type]


def test_the_findings_that_can_be_asked_for_are_the_explorers() -> None:
    assert {*FINDINGS} == Explorer(Run(Experiment.preset("one-pair")), Sum(30, 70), []).findings.keys()
