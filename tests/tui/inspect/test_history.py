"""A number's whole history, its tensor's histograms, and the gradients by layer."""

from __future__ import annotations

from adder_engine.experiment import Experiment
from adder_engine.session import Session
from tests.tui.fake_session import FakeSession
from tests.tui.screens import app_on, screen_text, shows, until


async def test_h_shows_the_history_of_the_chosen_number_and_v_other_views() -> None:
    async with Session(Experiment.preset("many-pairs")) as session:
        await session.step("100 epochs")
        app = app_on(session)
        async with app.run_test(size=(80, 24)) as pilot:
            await shows(pilot, "epoch 100")
            await pilot.press("3")
            await shows(pilot, "input.weight")
            await pilot.press("H")
            await shows(pilot, "input.bias[0]", "number over the epochs", "value now", "gradient now", "exp_avg_sq now")
            await pilot.press("down")
            await shows(pilot, "value now", "input.bias[1]")
            await pilot.press("v")
            await shows(pilot, "histograms over the epochs", ", values", ", gradients", "few")
            await pilot.press("v")
            await shows(pilot, "gradients by layer", "a input", "b hidden", "c output")
            await pilot.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1)
            await pilot.press("2")
            await shows(pilot, "Network")
            await pilot.press("H")
            await shows(pilot, "value now")


async def test_an_untrained_run_has_no_history_yet() -> None:
    async with Session(Experiment.preset("one-pair")) as session:
        app = app_on(session)
        async with app.run_test(size=(60, 20)) as pilot:
            await shows(pilot, "‖ paused")
            await pilot.press("3", "H")
            await shows(pilot, "There is no history yet", "Esc close")


async def test_the_window_opens_while_the_engine_loads() -> None:
    async with app_on(FakeSession(loading=True)).run_test(size=(80, 24)) as pilot:
        await pilot.press("3", "H")
        await shows(pilot, "replaying the run…")


async def test_no_part_of_the_history_is_drawn_beyond_a_small_or_plain_window() -> None:
    for size, plain in (((60, 20), True), ((120, 40), False)):
        async with Session(Experiment.preset("one-pair")) as session:
            await session.step("10 epochs")
            app = app_on(session, ascii=plain)
            async with app.run_test(size=size) as pilot:
                await shows(pilot, "epoch 10")
                await pilot.press("3", "H")
                for view in ("exp_avg", "gradients", "c output"):
                    await shows(pilot, view, "Esc close")
                    assert not plain or screen_text(app).isascii()
                    await pilot.press("v")
