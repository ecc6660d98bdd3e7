"""Writing a note on a run in the list."""

from __future__ import annotations

from adder_engine.experiment import Experiment
from adder_engine.session import Session
from adder_tui.runs.draw import run_text
from adder_tui.ui.run_words import run_now
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


async def test_a_long_text_about_a_run_takes_the_rows_that_are_free_and_is_marked_where_it_is_cut() -> None:
    async with Session(Experiment.preset("one-pair")) as session:
        run = (await session.step("10 epochs")).run
        await session.note(run, "long words " * 6 + "the end")
        app = app_on(session)
        async with app.run_test(size=(60, 24)) as pilot:
            await shows(pilot, "‖ paused")
            await pilot.press("l")
            await shows(pilot, "the end”", "The run in progress: one-pair.", "Enter go")
            (now,) = [run_now(view.snapshot) for view in [app.view()] if view.snapshot is not None]
            whole = run_text(app.view(), now, 24, 9)
            assert whole[-1].plain.endswith("one-pair.")
            cut = run_text(app.view(), now, 24, 2)
            assert [line.plain for line in cut][:1] == [line.plain for line in whole][:1]
            assert cut[-1].plain.endswith("…")
            assert len(cut) == 2
