"""Writing a note on a run in the list."""

from __future__ import annotations

from adder_engine.experiment import Experiment
from adder_engine.session import Session
from tests.tui.screens import app_on, shows, until


async def test_n_writes_a_note_that_stands_in_the_list_and_below_it() -> None:
    async with Session(Experiment.preset("one-pair")) as session:
        await session.step("10 epochs")
        await session.reseed()
        app = app_on(session)
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "‖ paused")
            await pilot.press("l", "down")
            await shows(pilot, "n note")
            await pilot.press("n")
            await shows(pilot, "A note on")
            await pilot.press(*"with[b]brackets", "enter")
            await shows(pilot, "“with[b]brackets”", "  note  ")
            await until(pilot, lambda: len(app.screen_stack) == 2)
            await pilot.press("n", "escape", "escape")
            await shows(pilot, "‖ paused")
