"""The test of learning rates in the app: carried out beside the run, drawn and read out."""

from __future__ import annotations

import dataclasses

import pytest
from textual.pilot import Pilot

from adder_engine import Experiment
from adder_engine.rates import RateTest
from adder_engine.session import Session
from adder_tui.sweep.rates_screen import RatesScreen, rates_lines
from adder_tui.ui.line import plain
from adder_tui.ui.numbers import plain_number
from adder_tui.ui.symbols import ASCII, UNICODE
from adder_tui.ui.theme import BASIC_THEME
from tests.tui.screens import app_on, check_golden, preset, screen_text, shows, until


async def test_the_palette_finds_rates_and_the_cursor_reads_them_out_from_the_lowest_loss_on(session: Session) -> None:
    await session.load(Experiment.preset("explode"))
    app = app_on(session)  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        await pilot.press("ctrl+p", *"learning rate", "enter")
        await shows(pilot, "2/λmax at the start is", "a usual choice", "read out")
        screen = app.screen
        assert isinstance(screen, RatesScreen)
        await until(pilot, lambda: screen.test.finished)
        await pilot.press("right")
        await shows(pilot, "rate ", "loss ")
        assert screen.at == screen.test.lowest
        await pilot.press("left")
        assert screen.at == (screen.test.lowest or 0) - 1
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert app.snapshot is not None
        assert app.snapshot.newest.update == 0


async def rates_of(pilot: Pilot[None]) -> RatesScreen:
    """The window of rates, opened by the key that the sweep in front has for it."""
    await shows(pilot, "Ctrl+R rates")
    await pilot.press("ctrl+r")
    await until(pilot, lambda: isinstance(pilot.app.screen, RatesScreen))
    screen = pilot.app.screen
    assert isinstance(screen, RatesScreen)
    return screen


async def test_the_sweep_has_a_key_to_rates_and_enter_takes_one_into_the_run_which_u_takes_back(
    session: Session,
) -> None:
    before = (await session.load(Experiment.preset("explode"))).lr
    app = app_on(session)  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        await pilot.press("S")
        await rates_of(pilot)
        await pilot.press("escape")
        screen = await rates_of(pilot)
        await until(pilot, lambda: screen.test.finished)
        assert screen.rate == float(f"{screen.test.proposed:.3g}")  # the usual choice
        await pilot.press("right", "left")
        rate = screen.rate
        assert rate == float(f"{screen.test.rates[(screen.test.lowest or 0) - 1]:.3g}")
        await shows(pilot, f"Enter takes {plain_number(rate, UNICODE)} into the run")
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        await shows(pilot, f"The learning rate is {plain_number(rate, UNICODE)} from here on: u takes it back.")
        assert (await session.snapshot()).lr == rate
        await pilot.press("u")
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.lr == before)


async def test_a_rate_that_a_schedule_lowers_is_said_with_what_it_is_now(session: Session) -> None:
    await session.load(Experiment.preset("one-pair").replace(**{"training.schedule": "warmup"}))
    app = app_on(session)  # type: ignore[arg-type]
    async with app.run_test(size=(120, 24)) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        await pilot.press("S")
        screen = await rates_of(pilot)
        await until(pilot, lambda: screen.test.finished)
        rate = screen.rate
        assert rate is not None
        await pilot.press("enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        now = (await session.snapshot()).lr
        assert now < rate
        said = f"The learning rate is {plain_number(rate, UNICODE)} from here on, {plain_number(now, UNICODE)} now"
        await shows(pilot, said)


async def test_where_no_rate_lowered_the_loss_there_is_none_to_take(session: Session) -> None:
    await session.load(Experiment.preset("explode").replace(**{"network.init": "zeros", "network.layers": (2, 4, 1)}))
    app = app_on(session)  # type: ignore[arg-type]
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: app.snapshot is not None)
        screen = RatesScreen(app)
        app.push_screen(screen)
        await until(pilot, lambda: screen.test.finished)
        screen.test = dataclasses.replace(screen.test, losses=(1.0,) * 3, rates=(1e-8, 1e-7, 1e-6))
        await pilot.press("enter")
        await shows(pilot, "No rate lowered the loss: read one out")


async def test_a_window_with_room_between_its_parts_hides_the_app_in_16_colours_and_a_dialog_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLORTERM", raising=False)
    app = app_on(preset("one-pair"))
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "loss, log scale")
        assert app.theme == BASIC_THEME
        await pilot.press("S")
        await shows(pilot, "Ctrl+R rates")
        assert "loss, log scale" not in screen_text(app)
        await pilot.press("escape", "ctrl+p")
        await shows(pilot, "loss, log scale")
        await until(pilot, lambda: len(app.screen_stack) == 2)


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("size", [(58, 16), (78, 20)])
def test_rates_as_a_chart(size: tuple[int, int], ascii: bool) -> None:
    experiment = Experiment.preset("explode")
    rates = [10 ** (-7 + k / 10) for k in range(41)]
    losses = [9000.0 / (1 + (k / 9) ** 4) if k < 36 else 10.0 ** (k - 33) for k in range(41)]
    test = RateTest(experiment, 1e-7, 1.0, 71, tuple(rates), tuple(losses), 2e4, 1e-4, True, "It went too far.")
    drawn = rates_lines(test, 20, *size, ASCII if ascii else UNICODE)
    assert len(drawn) == size[1]
    check_golden(f"rates_{size[0]}{'_ascii' if ascii else ''}", plain(drawn) + "\n")
