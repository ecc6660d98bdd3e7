"""The sweep in the app, on the real engine: typed like on the command line, drawn while it runs, loaded as a run."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from adder_engine.experiment import Experiment
from adder_engine.session import Session
from adder_engine.sweep import Sweep, SweepState, SweepThread
from adder_tui.sweep.draw import as_in_the_sweep, seed_line, share, sweep_chart, sweep_table, value_text, zero_since
from adder_tui.sweep.draw_grid import cell_line, grid_lines, loss_steps
from adder_tui.ui.line import plain
from adder_tui.ui.symbols import ASCII, UNICODE
from tests.tui.fake_session import FakeSession
from tests.tui.screens import app_of, app_on, check_golden, screen_text, shows, until

SHORT = Experiment.preset("one-pair").replace(epochs=60)


@asynccontextmanager
async def sweep_screen(
    session: Session, experiment: Experiment = SHORT, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Pilot[None]]:
    await session.load(experiment)
    app = app_on(session)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        await pilot.press("S")
        await shows(pilot, "Enter trains")
        yield pilot
        if app.sweep is not None:
            assert app.sweep.stop(timeout=20)


def fill_in(pilot: Pilot[None], over: str, seeds: str = "2") -> None:
    app_of(pilot).screen.query_one("#over", Input).value = over
    app_of(pilot).screen.query_one("#count", Input).value = seeds


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_a_sweep_is_typed_trained_and_said(session: Session, size: tuple[int, int]) -> None:
    async with sweep_screen(session, size=size) as pilot:
        fill_in(pilot, "training.lr = 1e-4, 1e-3")
        await shows(pilot, "one-pair, epochs 60: 2 values of training.lr", "4 runs of 60")
        await pilot.press("enter")
        await shows(pilot, "done, 100 %", "median train loss", "2/2", "0.0001", "0.001", "seed 42 (1 of 2)")
        reference = Sweep(SHORT, "training.lr", [1e-4, 1e-3], seeds=[42, 43]).run()
        sweep = app_of(pilot).sweep
        assert sweep is not None
        assert [run.loss for run in sweep.state.runs] == pytest.approx([run.loss for run in reference.runs])
        await shows(pilot, "log scale", "g scale")
        await pilot.press("g")
        await shows(pilot, "The loss on a linear scale.", "100 %   linear scale")
        await pilot.press("plus", "plus", "plus")
        await shows(pilot, "Epochs ")


@pytest.mark.parametrize(
    ("over", "seeds", "sentence"),
    [
        ("training.lr", "2", "gives no values"),
        ("training.speed = 1", "2", "training.speed"),
        ("training.lr = fast", "2", "fast"),
        ("training.lr = 1e-4", "none", "no number of seeds"),
        ("training.lr = 1e-4", "5000", "5,000 seeds will not do"),
        ("training.lr = -1", "2", "-1"),
        ("[red]x[/red] = 1", "2", "[red]x[/red]"),
    ],
)
async def test_what_will_not_do_is_said_in_a_sentence_and_stays(
    session: Session, over: str, seeds: str, sentence: str
) -> None:
    async with sweep_screen(session) as pilot:
        fill_in(pilot, over, seeds)
        await pilot.press("enter")
        await shows(pilot, sentence)
        assert app_of(pilot).sweep is None
        assert app_of(pilot).screen.query_one("#over", Input).value == over


async def test_enter_on_a_row_takes_the_app_to_that_run_as_trained_in_the_sweep(session: Session) -> None:
    async with sweep_screen(session) as pilot:
        fill_in(pilot, "training.lr = 1e-4, 1e-3")
        await pilot.press("enter")
        await shows(pilot, "done, 100 %")
        await pilot.press("down", "right")
        await shows(pilot, "seed 43 (2 of 2)", "Enter goes there")
        sweep = app_of(pilot).sweep
        assert sweep is not None
        await pilot.press("enter")
        await shows(pilot, "Trained again to epoch 60: train loss", "as in the sweep.", "epoch 60 of 60")
        experiment, snapshot, row = app_of(pilot).experiment, app_of(pilot).snapshot, sweep.state.runs[3]
        assert snapshot is not None
        assert (experiment.training.lr, experiment.seed) == (1e-3, 43)
        assert snapshot.train_loss == pytest.approx(row.loss, rel=1e-3)
        assert snapshot.answers[0].predicted == pytest.approx(row.answers[0], rel=1e-3)
        assert len(snapshot.losses.epochs) == 60


async def test_enter_on_a_row_in_progress_goes_as_far_as_the_row_has_come(session: Session) -> None:
    long = Experiment.preset("one-pair").replace(epochs=1_000_000)
    async with sweep_screen(session, long) as pilot:
        fill_in(pilot, "training.lr = 1e-6", "1")
        await pilot.press("enter")
        sweep = app_of(pilot).sweep
        assert sweep is not None
        await until(pilot, lambda: sweep.state.runs[0].epochs)
        await pilot.press("x")
        await shows(pilot, "stopped,")
        assert sweep.stop(timeout=20)
        epochs = sweep.state.runs[0].epochs
        await pilot.press("enter")
        await shows(pilot, f"Trained again to epoch {epochs:,}", "paused")
        assert app_of(pilot).snapshot.epoch == epochs  # type: ignore[union-attr]


async def test_enter_on_a_row_that_blew_up_goes_to_where_it_did(session: Session) -> None:
    async with sweep_screen(session, Experiment.preset("explode").replace(epochs=200)) as pilot:
        fill_in(pilot, "training.lr = 1.0", "1")
        await pilot.press("enter")
        await shows(pilot, "done, 100 %", "stopped being finite")
        await pilot.press("enter")
        await shows(pilot, "This run blew up at update", "stopped")


async def test_a_sweep_goes_on_while_its_screen_is_closed_and_x_stops_it(session: Session) -> None:
    long = Experiment.preset("one-pair").replace(epochs=1_000_000)
    async with sweep_screen(session, long) as pilot:
        fill_in(pilot, "training.lr = 1e-6, 1e-5, 1e-4")
        await pilot.press("enter")
        await shows(pilot, "trains, ", "Esc leaves it running", "x stops it")
        for key, seed in (("down", 42), ("right", 43), ("left", 42)):
            await pilot.press(key)
            await shows(pilot, f"seed {seed} (")
        await pilot.press("escape")
        await shows(pilot, "want", "The sweep goes on training: S comes back to it.")
        sweep = app_of(pilot).sweep
        assert sweep is not None
        assert sweep.running
        before = sweep.state
        await until(pilot, lambda: sweep.state is not before)
        await pilot.press("S")
        await shows(pilot, "trains,", "1e-5")
        await pilot.press("n")
        await shows(pilot, "Enter trains", "The sweep that trains now goes on", "Esc back to the sweep")
        await pilot.press("escape")
        await shows(pilot, "x stops it")
        assert sweep.running
        await pilot.press("x")
        await shows(pilot, "stopped,", "Esc closes", "1e-5")
        assert sweep.stopped
        await pilot.press("escape")
        await shows(pilot, "want")
        await pilot.press("S")
        await shows(pilot, "stopped", "1e-5")


async def test_what_is_typed_replaces_the_setting_that_stands_there_and_the_arrows_keep_it(session: Session) -> None:
    async with sweep_screen(session) as pilot:
        over, seeds = (pilot.app.screen.query_one(id, Input) for id in ("#over", "#count"))
        stood = over.value
        await pilot.press("end", *"7")
        assert over.value == f"{stood}7"
        await pilot.press("tab", "tab", "3", "tab")
        assert seeds.value == "3"
        await pilot.press(*"seed", "space", "equals_sign", *"1,2")
        assert over.value == "seed =1,2"


@pytest.mark.parametrize("from_its_screen", [False, True])
async def test_leaving_while_a_sweep_trains_says_that_it_would_be_lost_and_leaves_the_second_time(
    from_its_screen: bool,
) -> None:
    async with Session(SHORT) as session, sweep_screen(session, SHORT.replace(epochs=1_000_000)) as pilot:
        fill_in(pilot, "training.lr = 1e-6, 1e-5")
        await pilot.press("enter")
        await shows(pilot, "trains, ")
        if not from_its_screen:
            await pilot.press("escape")
        await pilot.press("ctrl+q")
        await shows(pilot, "The sweep is ", "loses it.", "want")
        app = app_of(pilot)
        assert app.sweep is not None
        assert app.sweep.running
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)


async def test_a_sweep_that_is_done_holds_nobody_back() -> None:
    async with Session(SHORT) as session, sweep_screen(session) as pilot:
        fill_in(pilot, "training.lr = 1e-4", "1")
        await pilot.press("enter")
        await shows(pilot, "done, 100 %")
        await pilot.press("escape", "q")
        await until(pilot, lambda: not pilot.app.is_running)


async def test_a_sweep_that_ends_out_of_sight_says_so(session: Session) -> None:
    async with sweep_screen(session, SHORT.replace(epochs=100_000)) as pilot:
        fill_in(pilot, "training.lr = 1e-4", "1")
        await pilot.press("enter", "escape")
        await shows(pilot, "The sweep is done: S shows it.")


@pytest.mark.parametrize("size", [(60, 20), (80, 24)])
@pytest.mark.parametrize("ascii", [False, True])
async def test_every_key_of_a_sweep_is_said_in_full(session: Session, size: tuple[int, int], ascii: bool) -> None:
    await session.load(SHORT.replace(epochs=1_000_000))
    app = app_on(session, ascii=ascii)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        await pilot.press("S")
        fill_in(pilot, "training.lr = 1e-6, 1e-5")
        await pilot.press("enter")
        await shows(pilot, "Enter go", "n new", "x stops it", "Esc leaves it running")
        assert app.sweep is not None
        assert app.sweep.stop(timeout=20)


def test_figures_that_rounding_has_led_elsewhere_are_said_beside_the_sweeps() -> None:
    plan = Sweep(SHORT, "training.lr", [1e-4], seeds=[1])
    run = dataclasses.replace(plan.state.runs[0], begun=True, epochs=60, loss=0.25, answers=(99.0,))
    here = FakeSession(SHORT).at(60)
    near = dataclasses.replace(run, loss=here.changed().train_loss, answers=(here.changed().answers[0].predicted,))
    assert as_in_the_sweep(near, here.changed(), plan.sums, UNICODE).endswith("to the last bit as in the sweep.")
    nearly = dataclasses.replace(near, loss=(near.loss or 0) * (1 + 1e-9))
    assert as_in_the_sweep(nearly, here.changed(), plan.sums, UNICODE).endswith("in these digits as in the sweep.")
    small = as_in_the_sweep(dataclasses.replace(near, loss=5.239e-10), here.changed(train_loss=1.552e-10), plan.sums,
                            UNICODE)  # fmt: skip
    assert "train loss 1.552e−10" in small
    assert "side by side: train loss 5.239e−10" in small
    phrase = as_in_the_sweep(run, here.changed(train_loss=0.31), plan.sums, UNICODE)
    assert "train loss 0.31" in phrase
    assert phrase.endswith("In the sweep, rounded otherwise side by side: train loss 0.2500, 30 + 70 = 99.00.")


async def test_the_run_in_progress_is_not_touched_by_a_sweep(session: Session) -> None:
    async with sweep_screen(session) as pilot:
        before = await session.snapshot()
        fill_in(pilot, "training.lr = 1e-4, 1e-3")
        await pilot.press("enter")
        await shows(pilot, "done, 100 %")
        after = await session.snapshot()
        assert (after.moment, after.runs, after.experiment) == (before.moment, before.runs, before.experiment)
        assert "one-pair" in screen_text(app_of(pilot))


@pytest.fixture(scope="module")
def swept() -> SweepThread:
    sweep = SweepThread(Sweep(SHORT, "training.optimizer", ["adam", "sgd"], seeds=[1, 2, 3]))
    while sweep.running:
        time.sleep(0.01)
    assert not sweep.failure
    assert sweep.state.finished
    return sweep


@pytest.mark.parametrize("size", [(58, 8), (78, 12), (60, 30)])
@pytest.mark.parametrize("ascii", [False, True])
def test_chart_and_table_fill_their_size(swept: SweepThread, size: tuple[int, int], ascii: bool) -> None:
    glyphs = ASCII if ascii else UNICODE
    for state in (swept.plan.state, swept.state):
        chart = sweep_chart(swept.plan, state, 1, 0, *size, glyphs)
        table = sweep_table(swept.plan, state, 1, *size, glyphs)
        line = seed_line(swept.plan, state, 1, 2, size[0], glyphs)
        assert {piece.width for piece in (*chart, *table, line)} == {size[0]}
        assert len(chart) == size[1]
        assert len(table) == 3
        assert not ascii or plain([*chart, *table, line]).isascii()
    assert share(swept.plan.state) == 0.0
    assert share(swept.state) == 1.0


def test_in_80_columns_the_range_of_losses_stands_beside_their_median(swept: SweepThread) -> None:
    head, *rows = (line.plain for line in sweep_table(swept.plan, swept.state, 1, 78, 4, UNICODE))
    assert "median train loss" in head
    assert "its range" in head
    for row, line in zip(rows, swept.state.lines, strict=False):
        assert (" to " in row) == (line.low is not None)
    assert any(line.low is not None for line in swept.state.lines)


def test_a_run_that_blew_up_says_so_on_its_line() -> None:
    plan = Sweep(Experiment.preset("explode").replace(epochs=50), "training.lr", [1.0], seeds=[1])
    state = plan.run()
    assert "blew up" in sweep_table(plan, state, 0, 78, 2, UNICODE)[0].plain
    assert "stopped being finite" in seed_line(plan, state, 0, 0, 120, UNICODE).plain
    assert share(state) == 1.0


@pytest.mark.parametrize(
    ("course", "words"),
    [
        (((10, 0.0), (20, 1.0), (30, 0.0), (40, 0.0)), " by epoch 30"), (((10, 2.0), (20, 1.0)), ""), ((), ""),
        (((1_000, 0.0),), " by epoch 1,000"),
    ],
)  # fmt: skip
def test_by_when_a_seeds_loss_was_0_is_told(course: tuple[tuple[int, float], ...], words: str) -> None:
    plan = Sweep(SHORT, "training.lr", [1e-3], seeds=[1])
    loss = course[-1][1] if course else None
    run = dataclasses.replace(plan.state.runs[0], begun=True, epochs=1_000, loss=loss, course=course, answers=(1.0,))
    assert zero_since(run) == words
    assert words in seed_line(plan, SweepState((run,)), 0, 0, 100, UNICODE).plain


def test_a_stopped_sweep_keeps_what_it_has() -> None:
    plan = Sweep(SHORT.replace(epochs=1_000_000), "training.lr", [1e-6, 1e-5], seeds=[1])
    sweep = SweepThread(plan)
    while sweep.state is plan.state:
        time.sleep(0.01)
    assert sweep.stop(timeout=20)
    assert sweep.stopped
    assert not sweep.failure
    assert [run.begun for run in sweep.state.runs] == [True, False]


def test_values_are_said_as_one_would_type_them() -> None:
    assert [value_text(value) for value in (2e-5, 0.001, "tanh", (2, 8, 1), True)] == [
        "2e-5", "0.001", "tanh", "[2, 8, 1]", "true",
    ]  # fmt: skip


@pytest.mark.parametrize("ascii", [False, True])
def test_a_sweep_looks_as_it_did(ascii: bool) -> None:
    plan = Sweep(Experiment.preset("one-pair"), "training.lr", [1e-4, 1e-3, 1e-2], seeds=[1, 2])
    runs = []
    for i, run in enumerate(plan.state.runs):
        course = tuple((epoch, 1e4 * math.exp(-epoch / (900 >> i))) for epoch in range(10, 1010, 10))
        done = {"begun": True, "epochs": 1000, "loss": course[-1][1], "answers": (70.0 + i,), "course": course}
        runs.append(dataclasses.replace(run, **done) if i < 5 else run)  # type: ignore[arg-type]
    state = SweepState(tuple(runs))
    glyphs = ASCII if ascii else UNICODE
    drawn = [
        *sweep_chart(plan, state, 1, 0, 78, 14, glyphs),
        *sweep_table(plan, state, 1, 78, 4, glyphs),
        seed_line(plan, state, 1, 1, 78, glyphs),
        seed_line(plan, state, 2, 1, 78, glyphs),
    ]
    check_golden("sweep_78x20_ascii" if ascii else "sweep_78x20", plain(drawn) + "\n")


async def test_two_settings_are_a_grid_whose_cells_the_arrows_choose(session: Session) -> None:
    async with sweep_screen(session) as pilot:
        fill_in(pilot, "training.lr = 1e-4, 1e-3")
        await pilot.press("tab", *"network.activation=tanh,relu,none")
        await shows(pilot, "2 values of training.lr by 3 of network.activation", "12 runs of 60", "the bend after")
        await pilot.press("enter")
        await shows(
            pilot, "done, 100 %", "a tanh", "c none", "median train loss", "training.lr 0.0001", "relu", "2/2 done"
        )
        await pilot.press("down", "right", "right", "right", "tab")
        await shows(pilot, "training.lr 0.001, network.activation none", "seed 43 (2 of 2)")
        await pilot.press("up", "left", "up")
        await shows(pilot, "training.lr 0.0001, network.activation relu")
        await pilot.press("enter")
        await shows(pilot, "Trained again to epoch 60", "as in the sweep.")
        experiment = app_of(pilot).experiment
        assert (experiment.training.lr, experiment.network.activation, experiment.seed) == (1e-4, "relu", 43)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
@pytest.mark.parametrize("ascii", [False, True])
def test_a_grid_as_a_heat_map(size: tuple[int, int], ascii: bool) -> None:
    plan = Sweep(
        SHORT,
        "training.lr",
        [1e-4, 1e-3, 1e-2],
        [0, 1],
        across=("network.activation", ["tanh", "relu", "none", "sine"]),
    )
    losses = [4810.0, 9.0, 2e-11, 0.0, 0.5, None, 120.0, 3.25, 40.0, 0.5, 0.5, 7e9]
    runs = []
    for i, run in enumerate(plan.state.runs):
        loss, blew_up = losses[i // 2], i // 2 == 5 or i == 17
        told: dict[str, object] = {"begun": True, "epochs": 60, "loss": loss, "answers": (99.0,)}
        runs.append(dataclasses.replace(run, **told, stopped="It blew up." if blew_up else None))  # type: ignore[arg-type]
    runs[-1] = runs[-2] = plan.state.runs[-1]
    state, glyphs = SweepState(tuple(runs)), ASCII if ascii else UNICODE
    width, height = size
    drawn = [*grid_lines(plan, state, 6, width, min(height, 6), glyphs), cell_line(plan, state, 6, width, glyphs)]
    drawn += grid_lines(plan, state, 6, 34, 6, glyphs)
    assert all(line.width <= width for line in drawn)
    check_golden(f"sweep_grid_{width}{'_ascii' if ascii else ''}", plain(drawn) + "\n")


def test_the_answers_of_a_sweep_over_a_yes_or_no_are_told_by_how_likely_yes_is() -> None:
    asks = SHORT.replace(
        **{"data.kind": "uniform", "data.task": "a + b > 100", "training.loss": "bce", "data.rows": ()}
    )
    for across in ({}, {"across": ("network.activation", ["tanh", "relu"])}):
        plan = Sweep(asks, "training.lr", [1e-3, 1e-2], [0, 1], **across)
        runs = [
            dataclasses.replace(run, begun=True, epochs=60, loss=0.5, answers=(0.75,) * len(plan.sums))
            for run in plan.state.runs
        ]
        state = SweepState(tuple(runs))
        drawn = [seed_line(plan, state, 0, 0, 118, UNICODE)]
        drawn += [cell_line(plan, state, 0, 118, UNICODE)] if across else sweep_table(plan, state, 0, 118, 6, UNICODE)
        text = plain(drawn)
        assert "75.0%" in text
        assert "0.75" not in text


@pytest.mark.parametrize("losses", [[], [0.0], [3.0], [3.0, 3.0], [0.0, 5.0], [0.25, 0.26], [1e-30, 1e30], [2.0, 9.0]])
def test_a_heat_maps_levels_tell_the_losses_that_there_are_apart(losses: list[float]) -> None:
    steps = loss_steps(losses)
    assert list(steps) == sorted({*steps})
    assert len(steps) == 5
    if len({*losses}) > 1:
        assert min(losses) < steps[0]
        assert steps[-1] <= max(losses)
    elif losses:
        assert losses[0] < steps[0]
