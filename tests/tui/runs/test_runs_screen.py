"""Runs beside each other, on a real session: reading the chart out, branching, the list, two side by side, rescue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from adder_engine.experiment import Experiment
from adder_engine.session import Session
from adder_tui.runs.screens import RunsScreen
from adder_tui.train.tab import LossChart, ReadOut
from tests.tui.screens import app_of, app_on, screen_text, shows, until

ONE_PAIR = Experiment.preset("one-pair")
SIZE = (80, 24)


@pytest.fixture
async def session(session: Session) -> Session:
    """The session with an empty list of runs."""
    snapshot = await session.load(ONE_PAIR)
    for run in snapshot.runs:
        await session.forget(run.id)
    return session


@asynccontextmanager
async def trained(
    session: Session, epochs: int = 300, size: tuple[int, int] = SIZE, **settings: Any
) -> AsyncIterator[Pilot[None]]:
    """The app on a one-pair run that has come so far."""
    await session.step("epoch", epochs)
    async with app_on(session, **settings).run_test(size=size) as pilot:  # type: ignore[arg-type]
        await shows(pilot, f"epoch {epochs} of 2,000")
        yield pilot


def epoch_of(pilot: Pilot[None]) -> int:
    snapshot = app_of(pilot).snapshot
    assert snapshot is not None
    return snapshot.epoch


async def branch(pilot: Pilot[None], session: Session) -> None:
    """Change the rate at a past moment, as a person's form would."""
    await pilot.press("s", "s", "comma")
    await until(pilot, lambda: epoch_of(pilot) == 200)
    await app_of(pilot).controller.run(ONE_PAIR, {"training.lr": 0.001})


async def test_the_arrows_read_the_chart_out(session: Session) -> None:
    async with trained(session) as pilot:
        await pilot.press("left")
        chart = app_of(pilot).query_one(LossChart)
        first = chart.reading
        assert first is not None
        assert first < 300
        await pilot.press("pageup")
        await until(pilot, lambda: chart.reading is not None and chart.reading < first - 100)
        await pilot.press("right")
        epoch = chart.reading
        assert epoch is not None
        look = await session.look(epoch)
        await shows(pilot, f"epoch {epoch}, update {epoch}", f"30 + 70 = {look.answers[0].predicted:.4g}")
        assert epoch_of(pilot) == 300, "the run itself has not moved"


async def test_escape_lets_the_cursor_go_and_what_was_learned_is_back(session: Session) -> None:
    async with trained(session) as pilot:
        await pilot.press("left")
        await shows(pilot, "Enter goes there")
        assert "want" not in screen_text(app_of(pilot))
        await pilot.press("escape")
        await shows(pilot, "want")
        assert not app_of(pilot).query_one(ReadOut).display


async def test_enter_takes_the_whole_app_to_the_moment(session: Session) -> None:
    async with trained(session) as pilot:
        await pilot.press("pageup")
        chart = app_of(pilot).query_one(LossChart)
        epoch = chart.reading
        assert epoch is not None
        await pilot.press("enter")
        await shows(pilot, f"epoch {epoch} of 2,000", "(newest 300)", "End goes to the newest moment")
        assert chart.reading is None


async def test_a_change_in_the_past_keeps_the_old_line_on_the_chart(session: Session) -> None:
    async with trained(session) as pilot:
        await branch(pilot, session)
        await shows(pilot, "The old line stays on the chart: lr 0.0002.", "·· lr 0.0002")
        await pilot.press("end", "full_stop", "full_stop")
        await shows(pilot, "◆")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_the_list_tells_the_runs_and_enter_goes_to_one(session: Session, size: tuple[int, int]) -> None:
    async with trained(session, size=size) as pilot:
        await branch(pilot, session)
        await pilot.press("l")
        await shows(pilot, "Runs", "(now)", "lr 0.0002", "30+70", "Enter go", "Esc close")
        await pilot.press("down", "enter")
        await shows(pilot, "epoch 300 of 2,000")
        assert app_of(pilot).experiment.training.lr == 0.0002
        await pilot.press("l")
        await shows(pilot, "1 left before this one")


async def test_two_runs_stand_side_by_side(session: Session) -> None:
    async with trained(session) as pilot:
        await branch(pilot, session)
        await pilot.press("l")
        await shows(pilot, "(now)")
        await pilot.press("c")
        await shows(pilot, "Choose the run to set beside it")
        await pilot.press("down", "c")
        await shows(pilot, "Side by side", "training.lr", "0.001", "0.0002", "one run up to epoch 200", "A answers")
        await shows(pilot, "train loss, log scale", "g scale", "+ - zoom")
        await pilot.press("g")
        await shows(pilot, "The loss on a linear scale.", "train loss, linear scale")
        await pilot.press("escape")
        await shows(pilot, "Enter go")
        await pilot.press("escape")
        await shows(pilot, "want")


async def test_c_sets_a_third_and_a_fourth_run_beside_two(session: Session) -> None:
    async with trained(session, size=(120, 40)) as pilot:
        await branch(pilot, session)
        for _ in range(3):
            await app_of(pilot).controller.action_reseed()
            await session.step("epoch", 20)
        await pilot.press("l")
        await shows(pilot, "4 left before this one")
        await pilot.press("c", "down", "c")
        await shows(pilot, "Side by side", "B answers", "c one more")
        await pilot.press("c")
        await shows(pilot, "Choose another run to set beside them")
        await pilot.press("escape")
        await shows(pilot, "Side by side", "B answers")
        await pilot.press("c", "c")  # the list opens at one that is not among them
        await shows(pilot, "Side by side", "C answers", "They began with different weights: another seed.")
        await pilot.press("c", "end", "c")
        await shows(pilot, "D answers")
        screen = app_of(pilot).screen
        assert isinstance(screen, RunsScreen)
        before = [run.id for run in screen.compared]
        await pilot.press("tab")
        assert [run.id for run in screen.compared] == [*before[1:], before[0]]
        await pilot.press("c", "c")
        await shows(pilot, "4 runs stand side by side at most: c on one that is picked takes it out.")
        await pilot.press("down", "c")
        await shows(pilot, "3 stay side by side.")
        await pilot.press("escape")
        await shows(pilot, "C answers")
        assert [run.id for run in screen.compared] == before[1:3] + before[:1]
        await pilot.press("c", "end", "up", "d")  # a run that is struck off is set beside nothing
        await shows(pilot, "is struck off")
        await pilot.press("escape", "escape")
        await shows(pilot, "Enter go")


async def test_a_new_seed_is_said_to_begin_with_other_weights(session: Session) -> None:
    async with trained(session) as pilot:
        await pilot.press("R")
        await shows(pilot, "A new start with seed")
        await pilot.press("l")
        await shows(pilot, "seed 42")
        await pilot.press("c", "down", "c")
        await shows(pilot, "different weights: another seed")


async def test_v_takes_a_run_off_the_chart_and_puts_it_back(session: Session) -> None:
    async with trained(session) as pilot:
        await branch(pilot, session)
        for others, shown in (((), False), ((0,), True)):
            await pilot.press("l")
            await shows(pilot, "(now)")
            await pilot.press("down", "v", "escape")
            await until(pilot, lambda: "want" in screen_text(app_of(pilot)))
            await until(pilot, lambda shown=shown: ("·· lr 0.0002" in screen_text(app_of(pilot))) == shown)
            assert len(app_of(pilot).charted or ()) == len(others)


async def test_d_strikes_a_run_off_but_not_the_one_in_progress(session: Session) -> None:
    async with trained(session) as pilot:
        await branch(pilot, session)
        await pilot.press("l")
        await shows(pilot, "(now)")
        await pilot.press("d")
        await shows(pilot, "The run in progress stays")
        await pilot.press("down", "d")
        await shows(pilot, "Runs that you leave are kept in this list; u brings back lr 0.0002.")
        snapshot = app_of(pilot).snapshot
        assert snapshot is not None
        assert snapshot.runs == ()


async def test_u_brings_back_what_d_struck_off_where_it_was_and_with_its_past(session: Session) -> None:
    async with trained(session) as pilot:
        await branch(pilot, session)
        await app_of(pilot).controller.action_reseed()
        await pilot.press("l")
        await shows(pilot, "2 left before this one")
        before = (await session.snapshot()).runs
        await pilot.press("down", "down", "d")
        await shows(pilot, "1 left before this one", "is struck off: u brings it back.")
        await pilot.press("up")
        await shows(pilot, "is struck off: u brings it back.")
        await pilot.press("d")
        await pilot.press("escape", "l")  # leaving the list loses nothing
        await until(pilot, lambda: isinstance(app_of(pilot).screen, RunsScreen))
        await pilot.press("u")
        await shows(pilot, "2 left before this one", "is back.")
        assert (await session.snapshot()).runs == before
        await pilot.press("end", "enter")
        await shows(pilot, "epoch 300 of 2,000")


async def test_h_goes_back_before_a_blow_up_with_a_rate_below_the_limit(session: Session) -> None:
    changes = {"training.optimizer": "sgd", "training.lr": 0.01, "data.count": 100}
    await session.load(Experiment.preset("many-pairs").replace(**changes))
    async with app_on(session).run_test(size=SIZE) as pilot:  # type: ignore[arg-type]
        await until(pilot, lambda: app_of(pilot).snapshot is not None)
        await pilot.press("space")
        await shows(pilot, "This run blew up at update", "grew first", "limit 2/λmax", "h goes back")
        await pilot.press("h")
        await shows(pilot, "with the learning rate 2.57e−6", "stays on the chart: lr 0.01.")
        assert app_of(pilot).experiment.training.lr == 2.57e-6


async def test_a_run_that_diverges_is_warned_of_before_and_said_after_and_h_mends_it(session: Session) -> None:
    await session.load(
        Experiment().replace(
            **{
                "seed": 8, "epochs": 100, "network.layers": (2, 1), "data.kind": "rows",
                "data.rows": ((300, 310), (-820, -800), (1110, 1080), (15, 20), (-400, -410), (640, 655)),
                "training.optimizer": "sgd", "training.lr": 1.25e-6,
            }
        )
    )  # fmt: skip
    async with app_on(session).run_test(size=SIZE) as pilot:  # type: ignore[arg-type]
        await shows(pilot, "over limit 1.185e−6")
        await session.play(None)
        await shows(pilot, "■ diverged", "diverged at update 38", "the loss ended 1.13e9 times above its start",
                    "h goes back to update 28 at rate 5.92e−7, half the limit 1.185e−6.")  # fmt: skip
        await pilot.press("l")
        await shows(pilot, "diverged")
        await pilot.press("escape", "h")
        await shows(pilot, "‖ paused", "Back at update 28, with the learning rate 5.92e−7")
        await session.play(None)
        await shows(pilot, "■ done", "epoch 100 of 100")
        snapshot = app_of(pilot).snapshot
        assert snapshot is not None
        assert snapshot.blow_up is None
        assert snapshot.train_loss is not None
        assert snapshot.train_loss < 100


async def test_a_loss_that_stands_still_is_said_with_its_reason_in_train(session: Session) -> None:
    await session.load(
        Experiment().replace(**{"data.count": 20, "network.init": "zeros", "network.layers": (2, 4, 1), "epochs": 5000})
    )
    async with app_on(session).run_test(size=SIZE) as pilot:  # type: ignore[arg-type]
        await session.play(None)
        await shows(pilot, "■ done", "stuck", "every answer is", "all weights are 0, so that no gradient")


async def test_h_without_a_blow_up_says_so(session: Session) -> None:
    async with trained(session) as pilot:
        await pilot.press("h")
        await shows(pilot, "There is nothing to rescue")


async def test_the_list_follows_a_run_that_plays(session: Session) -> None:
    async with trained(session, 10) as pilot:
        await pilot.press("space")
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app_of(pilot).screen, RunsScreen))
        start = epoch_of(pilot)
        await until(pilot, lambda: epoch_of(pilot) > start)
        screen = app_of(pilot).screen
        assert isinstance(screen, RunsScreen)
        await until(pilot, lambda: f"{screen.runs[0].epoch:,}" in screen_text(app_of(pilot)))
