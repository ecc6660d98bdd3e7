"""The form that changes the experiment."""

from __future__ import annotations

from textual.widgets import Input

from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.snapshot import Snapshot
from tests.tui.fake_session import FakeSession
from tests.tui.screens import app_on, preset, screen_text, shows, until

SIZE = (80, 24)


async def test_a_learning_rate_changes_in_the_run_that_goes_on() -> None:
    session = FakeSession().at(412)
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 412 of 2,000")
        await pilot.press("e")
        await shows(pilot, "Nothing is changed yet.", "how far a step goes")
        await pilot.press(*["backspace"] * 6, *"0.001")
        await shows(pilot, "Enter changes the learning rate in this run")
        await pilot.press("enter")
        await shows(pilot, "adam, lr 0.001", "epoch 412 of 2,000")
        assert session.calls == [("change", {"training.lr": 0.001})]


async def test_other_layers_start_a_new_run_and_the_form_says_so_before() -> None:
    session = FakeSession().at(412)
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "epoch 412 of 2,000")
        await pilot.press("e")
        await shows(pilot, "Nothing is changed yet.")
        app.screen.query_one("#network-layers", Input).focus()
        await pilot.press("end", *["backspace"] * 7, *"2-8-1")
        await shows(pilot, "Enter starts a new run")
        await pilot.press("enter")
        await shows(pilot, "2-8-1, linear", "epoch 0 of 2,000")
        assert session.calls == [("load", session.experiment)]


async def test_a_value_that_will_not_do_is_named_and_stays() -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("e")
        await shows(pilot, "Nothing is changed yet.")
        await pilot.press(*["backspace"] * 6, *"-1", "enter")
        await shows(pilot, "training.lr = -1", "will not do", "above 0")
        assert app.screen.query_one("#training-lr", Input).value == "-1"
        assert session.calls == []


async def test_choosing_a_preset_fills_the_fields() -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("e")
        await shows(pilot, "Nothing is changed yet.")
        app.screen.query_one("#preset").focus()
        await pilot.press(*["right"] * 3)
        await shows(pilot, "‹ mini-batches ›", "Enter starts a new run")
        assert app.screen.query_one("#training-batch_size", Input).value == "100"
        await pilot.press("enter")
        await shows(pilot, "mini-batches   ‖ paused")
        assert session.calls == [("load", Experiment.preset("mini-batches"))]


async def test_a_changed_preset_can_be_kept_as_it_is() -> None:
    session = FakeSession(Experiment.preset("tanh").replace(seed=7))
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "tanh, seed 7")
        await pilot.press("e")
        await shows(pilot, "‹ as it is ›", "Nothing is changed yet.")


async def test_escape_leaves_everything_as_it_was() -> None:
    session = FakeSession()
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("e")
        await shows(pilot, "Nothing is changed yet.")
        await pilot.press("5", "escape")
        await shows(pilot, "adam, lr 0.0002")
        assert session.calls == []


async def test_a_refusal_by_the_engine_is_told_in_the_form() -> None:
    class Unwilling(FakeSession):
        async def change(self, **changes: object) -> Snapshot:
            raise RequestError("Not now.")

    app = app_on(Unwilling())
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("e")
        await shows(pilot, "Nothing is changed yet.")
        await pilot.press("5", "enter")
        await shows(pilot, "Not now.")
        assert app.screen.query_one("#training-lr", Input).value == "0.00025"


async def test_the_form_fits_the_smallest_window() -> None:
    app = app_on(preset("many-pairs"))
    async with app.run_test(size=(60, 20)) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("e")
        await shows(pilot, "Experiment", "seed", "Enter apply")
        await until(pilot, lambda: "Nothing is changed yet." in screen_text(app))
