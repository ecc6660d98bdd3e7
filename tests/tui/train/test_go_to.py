"""Going to an epoch of the run by its number."""

from __future__ import annotations

import pytest

from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.session import Session
from adder_tui.train.tab import epoch_typed
from tests.tui.fake_session import FakeSession
from tests.tui.screens import app_on, shows, until


@pytest.mark.parametrize(("typed", "epoch"), [("0", 0), (" 12 ", 12), ("1,200", 1200), ("1 200", 1200)])
def test_an_epoch_is_read_as_people_write_it(typed: str, epoch: int) -> None:
    assert epoch_typed(typed, 1_200) == epoch


@pytest.mark.parametrize("typed", ["", "  ", "-3", "1.5", "x" * 80, "1201", "9" * 80, "²"])
def test_what_is_no_epoch_of_the_run_is_refused_with_those_there_are(typed: str) -> None:
    with pytest.raises(RequestError, match="0 to 1,200"):
        epoch_typed(typed, 1_200)


async def test_g_goes_to_an_epoch_by_its_number() -> None:
    async with Session(Experiment.preset("one-pair")) as session:
        await session.step("100 epochs")
        app = app_on(session)
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "epoch 100 of 2,000")
            await pilot.press("G")
            await shows(pilot, "Go to epoch", "The run has been at epochs")
            await pilot.press("4", "0", "0", "enter")
            await shows(pilot, "epochs 0 to 100; space or .")
            await pilot.press("backspace", "enter")
            await shows(pilot, "Now at epoch 40")
            await until(pilot, lambda: app.snapshot is not None and app.snapshot.epoch == 40)


async def test_there_is_no_epoch_to_go_to_while_the_engine_loads() -> None:
    async with app_on(FakeSession(loading=True)).run_test(size=(80, 24)) as pilot:
        await pilot.press("G")
        await shows(pilot, "still loading")
