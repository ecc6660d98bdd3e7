"""The test of learning rates in the app: carried out beside the run, drawn and read out."""

from __future__ import annotations

import pytest

from adder_engine import Experiment
from adder_engine.rates import RateTest
from adder_engine.session import Session
from adder_tui.sweep.draw_rates import rates_lines
from adder_tui.sweep.rates_screen import RatesScreen
from adder_tui.ui.line import plain
from adder_tui.ui.symbols import ASCII, UNICODE
from tests.tui.screens import app_on, check_golden, shows, until


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
