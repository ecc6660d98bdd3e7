"""The form that changes the experiment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.pilot import Pilot

from adder_engine.errors import RequestError
from adder_engine.experiment import KEYS, Experiment
from adder_engine.presets import PRESETS
from adder_engine.snapshot import Snapshot
from adder_tui.experiment_form.form import FIELDS, LONGEST, FormState, field_rows, panel, top_row
from adder_tui.experiment_form.screen import ExperimentForm
from adder_tui.ui.symbols import ASCII, UNICODE
from tests.tui.fake_session import FakeSession
from tests.tui.screens import app_on, preset, screen_text, shows, until

SIZE = (80, 24)


@asynccontextmanager
async def form(session: FakeSession, shown: str = "‖ paused") -> AsyncIterator[Pilot[None]]:
    """The app with the form open over a run of which ``shown`` is to be seen."""
    async with app_on(session).run_test(size=SIZE) as pilot:
        await shows(pilot, shown)
        await pilot.press("e")
        await shows(pilot, "Nothing is changed yet.")
        yield pilot


def draft_of(pilot: Pilot[None]) -> FormState:
    form = pilot.app.screen
    assert isinstance(form, ExperimentForm)
    return form.form_state


def test_every_key_stands_apart_from_its_value() -> None:
    rows = {key: line.plain for key, line in field_rows(FormState(Experiment()), 80, UNICODE)}
    for key in KEYS:
        assert f" {key.short} " in rows[key.name]


async def test_a_learning_rate_changes_in_the_run_that_goes_on() -> None:
    session = FakeSession().at(412)
    async with form(session, "epoch 412 of 2,000") as pilot:
        await shows(pilot, "how far a step goes", "a number above 0")
        await pilot.press(*"0.001")
        await shows(pilot, "Enter changes training.lr in this run, which goes on.", "the run has 0.0002")
        await pilot.press("enter")
        await shows(pilot, "adam, lr 0.001", "epoch 412 of 2,000")
        assert session.calls == [("change", {"training.lr": 0.001})]


async def test_what_is_typed_in_one_piece_with_the_key_that_opens_the_form_arrives_in_it() -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        for key, character in [("e", "e"), ("0", "0"), ("full_stop", "."), ("5", "5"), ("enter", "\r")]:
            app.post_message(events.Key(key, character))
        await shows(pilot, "adam, lr 0.5")
        assert session.calls == [("change", {"training.lr": 0.5})]


async def test_what_is_typed_right_behind_enter_is_for_the_run_that_then_begins() -> None:
    session = FakeSession()
    app = app_on(session)
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "‖ paused")
        for key, character in [("e", "e"), ("0", "0"), ("full_stop", "."), ("5", "5"), ("enter", "\r"), ("space", " ")]:
            app.post_message(events.Key(key, character))
        await shows(pilot, "adam, lr 0.5")
        await until(pilot, lambda: [name for name, *_ in session.calls] == ["change", "play"])


async def test_other_layers_start_a_new_run_and_the_form_says_so_before() -> None:
    session = FakeSession().at(412)
    async with form(session, "epoch 412 of 2,000") as pilot:
        draft_of(pilot).choose("network.layers")
        await pilot.press(*"2-8-1")
        await shows(pilot, "network.layers needs a new network: Enter starts it; u brings this run back.")
        assert session.calls == []
        await pilot.press("enter")
        await shows(pilot, "2-8-1, linear", "epoch 0 of 2,000")
        assert session.calls == [("load", session.experiment)]


async def test_a_dash_after_an_activation_begins_a_list_with_one_for_each_layer() -> None:
    session = FakeSession()
    async with form(session) as pilot:
        draft_of(pilot).choose("network.activation")
        await pilot.press("t")
        await shows(pilot, "tanh-relu: one for each layer")
        await pilot.press("minus", *"rel")
        await shows(pilot, 'network.activation = "tanh-rel" will not do')
        await pilot.press("u")
        await shows(pilot, "network.activation needs a new network")
        await pilot.press("enter")
        await shows(pilot, "2-4-4-1, tanh-relu")
        assert session.experiment.activations == ("tanh", "relu", "none")


async def test_a_value_that_will_not_do_is_named_under_its_field_and_stays() -> None:
    session = FakeSession()
    async with form(session) as pilot:
        await pilot.press("-", "1", "enter")
        await shows(pilot, "training.lr = -1.0 will not do: it takes a number above 0", "nothing is applied")
        lines = screen_text(pilot.app).splitlines()  # type: ignore[arg-type]
        field = next(i for i, line in enumerate(lines) if "lr    " in line)
        assert "training.lr = -1.0 will not do" in lines[field + 1]
        assert draft_of(pilot).text("training.lr") == "-1"
        assert session.calls == []
        await pilot.press(*["backspace"] * 2, *"0.5")
        await shows(pilot, "Enter changes training.lr")


async def test_keys_that_do_not_go_together_are_said_under_the_first_of_them() -> None:
    form_state = FormState(Experiment())
    form_state.choose("data.low")
    form_state.type("600")
    assert form_state.errors == {"data.low": "data.low = 600 lies above data.high = 500: exchange them."}
    form_state.choose("data.high")
    form_state.type("700")
    assert not form_state.errors
    assert form_state.changes == {"data.low": 600.0, "data.high": 700.0}


async def test_choosing_a_preset_fills_the_fields() -> None:
    session = FakeSession()
    async with form(session) as pilot:
        draft_of(pilot).choose("preset")
        await pilot.press(*["right"] * 3)
        await shows(pilot, "‹ mini-batches ›", "need a run on new data: Enter starts")
        assert draft_of(pilot).text("training.batch_size") == "100"
        await pilot.press("enter")
        await shows(pilot, "mini-batches   ‖ paused")
        assert session.calls == [("load", Experiment.preset("mini-batches"))]


async def test_a_changed_preset_can_be_kept_as_it_is() -> None:
    session = FakeSession(Experiment.preset("tanh").replace(seed=7))
    async with form(session, "tanh, seed 7") as pilot:
        assert draft_of(pilot).text("preset") == "as it is"


async def test_escape_leaves_everything_as_it_was() -> None:
    session = FakeSession()
    async with form(session) as pilot:
        await pilot.press("5", "escape")
        await shows(pilot, "adam, lr 0.0002")
        assert session.calls == []


async def test_a_refusal_by_the_engine_is_said_under_the_field_that_it_names() -> None:
    class Unwilling(FakeSession):
        async def change(self, **changes: object) -> Snapshot:
            raise RequestError("epochs = 5 lies behind, the run is in epoch 412.")

    async with form(Unwilling().at(412), "epoch 412 of 2,000") as pilot:
        draft_of(pilot).choose("epochs")
        await pilot.press("5", "enter")
        await shows(pilot, "epochs = 5 lies behind")
        assert draft_of(pilot).errors.keys() == {"epochs"}
        assert draft_of(pilot).text("epochs") == "5"


async def test_what_is_typed_while_the_run_is_on_its_way_is_the_forms_where_the_engine_refuses() -> None:
    may_answer = asyncio.Event()

    class Unwilling(FakeSession):
        async def change(self, **changes: object) -> Snapshot:
            await may_answer.wait()
            raise RequestError("epochs = 5 lies behind, the run is in epoch 412.")

    async with form(Unwilling().at(412), "epoch 412 of 2,000") as pilot:
        draft_of(pilot).choose("epochs")
        await pilot.press("5", "enter", "0", "0", "left", "7")
        assert draft_of(pilot).text("epochs") == "5"
        may_answer.set()
        await until(pilot, lambda: draft_of(pilot).text("epochs") == "5070")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
@pytest.mark.parametrize("glyphs", [ASCII, UNICODE])
def test_every_key_can_be_reached_with_its_meaning_and_range_in_sight(size: tuple[int, int], glyphs: object) -> None:
    width, height = size
    form_state = FormState(Experiment.preset("one-pair"))
    form_state.name = "preset"
    top = 0
    for key in KEYS:
        form_state.move(1)
        assert form_state.name == key.name
        phrase = panel(form_state, width, glyphs)  # type: ignore[arg-type]
        rows = field_rows(form_state, width, glyphs)  # type: ignore[arg-type]
        top = top_row(rows, form_state.name, top, height - 1 - len(phrase))
        assert key.name in [name for name, _ in rows[top : top + height - 1 - len(phrase)]]
        text = " ".join(" ".join(line.plain for line in phrase).split())
        assert key.name in text
        assert key.meaning.split(",")[0] in text
        assert all(word in text for word in key.choices) if key.choices else True
        if not form_state.words(key.name):
            assert "Takes" in text
            assert "Default" in text
        assert all(line.width == width for line in phrase)
        assert all(line.width <= width for _, line in rows)


def test_keys_that_do_nothing_now_say_why() -> None:
    form_state = FormState(Experiment.preset("one-pair"))

    def note(name: str) -> str:
        return next(line.plain for owner, line in field_rows(form_state, 80, UNICODE) if owner == name)

    assert "no effect: schedule is constant" in note("training.schedule_every")
    assert "no effect: kind is rows" in note("data.count")
    assert "no effect: kind is rows" in note("data.test_count")
    assert "no effect: optimizer is adam" in note("training.momentum")
    form_state.choose("training.schedule")
    form_state.type("s")
    assert "no effect" not in note("training.schedule_every")


def test_rows_that_are_pasted_into_the_form_make_it_train_on_them() -> None:
    form_state = FormState(Experiment())
    form_state.choose("data.rows")
    form_state.type("30, 70; 1 + 2 = 4")
    assert form_state.text("data.kind") == "rows"
    assert form_state.experiment.data.rows == ((30.0, 70.0), (1.0, 2.0, 4.0))


async def test_the_form_fits_the_smallest_window() -> None:
    app = app_on(preset("many-pairs"))
    async with app.run_test(size=(60, 20)) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("e")
        await shows(pilot, "Experiment", "lr", "Enter apply")
        await until(pilot, lambda: "Nothing is changed yet." in screen_text(app))


def test_a_formula_is_typed_over_the_task_and_its_loss_goes_with_it() -> None:
    form_state = FormState(Experiment())
    form_state.choose("data.task")
    form_state.turn(1)
    assert form_state.text("data.task") == "difference"
    form_state.type("p")
    assert form_state.text("data.task") == "product"
    for character in "a + b > 100":
        form_state.type(character)
    assert form_state.text("training.loss") == "bce"
    assert form_state.experiment == Experiment().parsed("data.task=a + b > 100")
    assert not form_state.errors
    assert not form_state.in_place
    for _ in range(6):
        form_state.erase(ahead=False)
    assert form_state.text("data.task") == "a + b"
    assert form_state.experiment == Experiment()
    for character in " +":
        form_state.type(character)
    assert "something is missing at its end" in form_state.errors["data.task"]
    form_state.set_default()
    assert form_state.experiment == Experiment()


DOINGS = st.one_of(
    st.tuples(st.just("type"), st.sampled_from("trsnlmhu-,.01()ab+")),
    st.tuples(st.just("turn"), st.sampled_from((1, -1))),
    st.tuples(st.just("erase"), st.booleans()),
    st.tuples(st.just("go"), st.integers(0, 12)),
    st.tuples(st.sampled_from(("set_default", "set_as_run"))),
)


@given(name=st.sampled_from(FIELDS), preset=st.sampled_from(("", *PRESETS)), doings=st.lists(DOINGS, max_size=20))
def test_a_field_takes_whatever_is_done_in_it(name: str, preset: str, doings: list[tuple[Any, ...]]) -> None:
    form_state = FormState(Experiment.preset(preset) if preset else Experiment(seed=1))
    form_state.choose(name)
    for do, *what in doings:
        if do != "turn" or form_state.words(name):
            getattr(form_state, do)(*what)
    assert form_state.errors or form_state.experiment


async def test_a_list_that_lost_its_dash_is_typed_on_and_no_word_of_the_choice() -> None:
    session = FakeSession()
    async with form(session) as pilot:
        draft_of(pilot).choose("network.activation")
        await pilot.press("t", "minus", *"relu")
        draft_of(pilot).go(4)
        await pilot.press("delete")
        await shows(pilot, 'network.activation = "tanhrelu" will not do')
        await pilot.press("right", "left", "minus")
        await shows(pilot, "network.activation needs a new network", "tanh-relu")


def test_a_full_field_takes_no_more_but_rows_do() -> None:
    form_state = FormState(Experiment())
    form_state.choose("training.lr")
    form_state.type("1")
    for _ in range(2 * LONGEST):
        form_state.type("0")
    assert len(form_state.text("training.lr")) == LONGEST
    form_state.erase(ahead=False)
    assert len(form_state.text("training.lr")) == LONGEST - 1
    form_state = FormState(Experiment())
    form_state.choose("data.rows")
    form_state.type("30, 70; " * LONGEST + "30")
    form_state.type(", 70")
    assert len(form_state.experiment.data.rows) == LONGEST + 1
