"""What somebody who plays the first lessons by the letter comes upon, wrong turns and hasty keys included."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from textual import events

from adder_engine import Session
from adder_engine.snapshot import RunSummary
from adder_tui.controller import Controller
from adder_tui.course.activity_log import LoggedRun
from adder_tui.course.attempt import LessonAttempt
from adder_tui.course.course import read_course
from adder_tui.course.probe_views import ProbeCall, keys_of, name_of
from adder_tui.course.questions import Field
from adder_tui.course.state import LessonState, Review
from adder_tui.course.vocabulary import parse_action
from adder_tui.learn.page import page_lines
from adder_tui.learn.views import of_lesson
from adder_tui.ui.symbols import UNICODE
from tests.tui.learn.test_learn_tab import app_in, ask, doing, go_on, type_text
from tests.tui.screens import app_of, screen_text, shows, until

LESSONS = read_course().by_id


async def test_the_first_page_shows_the_network_that_it_speaks_of(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="rule-or-guess") as pilot:
        await shows(pilot, ": read", "This is a small neural network.", "── network", "⣀⣤", "Enter goes on")
        assert "1.186" not in screen_text(app_of(pilot))


async def test_keys_that_come_right_behind_enter_are_meant_for_the_step_that_begins(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="rule-or-guess") as pilot:
        await shows(pilot, ": read", "── network")
        for key in ("enter", "3", "0", "plus", "7", "0", "enter"):
            app_of(pilot).post_message(events.Key(key, {"plus": "+", "enter": "\r"}.get(key, key)))  # in one piece
        await shows(pilot, "task 2 of 2", "= 1.186")


async def test_a_key_for_the_run_waits_while_the_engine_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate, ready = asyncio.Event(), Controller.ready

    async def gated(self: Controller) -> Session:
        await gate.wait()
        return await ready(self)

    monkeypatch.setattr(Controller, "ready", gated)
    async with app_in(tmp_path, lesson="rule-or-guess") as pilot:
        await shows(pilot, ": read")
        await go_on(pilot, "do")
        app_of(pilot).controller.pace = None
        await pilot.press("escape", "space")
        await shows(pilot, "The engine is loading: what you asked for is done as soon as it is there.")
        gate.set()
        await shows(pilot, "99.98")


async def test_a_setting_set_by_its_key_gives_the_place_back_to_the_picture(tmp_path: Path) -> None:
    async with doing(tmp_path, "seeds", "b") as pilot:
        await shows(pilot, "task 1 of")
        await ask(pilot, "30+70")
        await shows(pilot, "task 2 of")
        await pilot.press("e", *"43", "enter")
        await until(pilot, lambda: app_of(pilot).experiment.seed == 43)
        await shows(pilot, "−2.636", "inputs", "want 100")


async def test_the_number_in_hand_must_be_the_last_bias_and_its_keys_are_named(tmp_path: Path) -> None:
    async with doing(tmp_path, "anatomy", "1") as pilot:
        await shows(pilot, "task 1 of 3", "arrows move  + more  Enter set")
        await pilot.press("plus", "u", *["right"] * 4)
        await shows(pilot, "task 1 of 3")
        await pilot.press("plus")
        await shows(pilot, "task 2 of 3")


async def test_a_trace_before_slopes_are_met_goes_forward_only(tmp_path: Path) -> None:
    async with doing(tmp_path, "forward-by-hand", *"40") as pilot:
        for blank, task in (("39.98", "task 2 of 3"), ("5.95", "task 3 of 3")):
            await type_text(pilot, blank)
            await pilot.press("enter")
            await shows(pilot, task)
        await pilot.press("t")
        await shows(pilot, "The way of 30 + 70 through the network as it is now.", "▸trace")
        await pilot.press(*["pagedown"] * 8)
        await shows(pilot, "L = d² = (−98.8137)² = 9764.15")
        text = screen_text(app_of(pilot))
        assert not any(word in text for word in ("zero_grad", "backward", "follows one of them"))


def test_a_figure_behind_a_guess_waits_for_it() -> None:
    state = LessonState(LessonAttempt(LESSONS["slope"]))
    slopes, up = ProbeCall("gradcheck", ("output.bias",)), ProbeCall("nudge", ("output.bias", 1.0))
    state.activity.predictions["up"] = "b"
    assert state.waits(slopes)
    assert not state.waits(up)
    state.activity.predictions["tiny"] = "a"
    assert not state.waits(slopes)


def test_small_numbers_in_names_are_written_as_people_write_them() -> None:
    assert name_of(ProbeCall("uphill", (1e-5,))) == "loss after a step uphill at rate 1e−5"
    assert name_of(ProbeCall("backwards", (1.0,))) == ".grad of the last bias after call 1"


def test_a_comma_is_decimal_in_a_blank_and_thousands_are_told_apart() -> None:
    field = Field("sq", "", 9764.15, 1.0, (), (), "")
    assert field.right("9764,15")
    assert not field.right("9,764")
    assert field.slip("9,764") == "A comma is decimal here: write 9764 without it."
    assert field.slip("9,765") == "A comma is decimal here: write 9765 without it."
    assert field.slip("9,000") == ""


async def test_who_has_left_a_blank_is_told_the_key_that_leads_back(tmp_path: Path) -> None:
    async with doing(tmp_path, "loss", *"400") as pilot:
        await shows(pilot, ": do", "task 1 of 2", "Esc leave")
        await pilot.press("escape")
        await shows(pilot, "Enter fill in")
        await pilot.press("enter")
        await shows(pilot, "Esc leave")
        await type_text(pilot, "(1,1863-100)^2")
        await pilot.press("enter")
        await shows(pilot, "● Compute the squared error")


async def test_a_blank_that_is_refused_for_its_thousands_says_what_would_do(tmp_path: Path) -> None:
    async with doing(tmp_path, "loss", *"400") as pilot:
        await type_text(pilot, "9,764.15")
        await pilot.press("enter")
        await shows(pilot, "9,764.15 is no number: a comma is decimal here, so write 9764.15.")


def test_a_wrong_choice_of_a_blank_has_a_reason() -> None:
    field = LESSONS["shapes"].field_named("fits")
    assert field is not None
    assert field.slip("b").startswith("The inner sizes meet")
    assert field.slip("(1, 2, 4)").startswith("A product has two sizes")
    assert field.slip("a") == ""


def test_a_run_that_came_out_as_an_earlier_lessons_stands_on_the_chart_all_the_same() -> None:
    """The list keeps one of two runs that are the same, the older."""
    state = LessonState(LessonAttempt(LESSONS["one-step"]))
    adam = LESSONS["one-step"].station_named("adam")
    assert adam is not None
    run = cast(RunSummary, SimpleNamespace(id=1, experiment=adam.experiment))
    state.activity.first_run = 4
    assert not of_lesson(run, state)
    state.activity.runs.append(LoggedRun([(0, adam.experiment)], newest=2000))
    assert of_lesson(run, state)


def test_choices_and_reasons_are_written_without_marks() -> None:
    model = LESSONS["forward-by-hand"].questions[-1]
    for given in "ab":
        state = LessonState(LessonAttempt(LESSONS["forward-by-hand"]))
        state.review = Review((LESSONS["forward-by-hand"],), (model,), given=given)
        text = "\n".join(line.plain for line in page_lines(state, 80, UNICODE))
        assert "model(x)" in text
        assert "`" not in text


async def test_show_me_is_answered_from_a_blank_as_well_and_leaves_no_refusal(tmp_path: Path) -> None:
    async with doing(tmp_path, "backprop", *"-5000") as pilot:
        await shows(pilot, "task 1 of 5", "The slope of the last layer's first weight is")
        await pilot.press("1", "enter")
        await shows(pilot, "That is not it yet.")
        await pilot.press("i", "i", "i", "i")
        await shows(pilot, "Shall the program do this task?", "y yes  n no")
        await pilot.press("n")
        await shows(pilot, "task 1 of 5", "Enter done")
        await pilot.press("i")
        await shows(pilot, "Shall the program do this task?", "y yes  n no")
        await pilot.press("y")
        await shows(pilot, "task 2 of 5", "−4793.5 ●", "Enter done")
        assert "That is not it yet." not in screen_text(app_of(pilot))


async def test_a_view_that_tells_nothing_yet_was_not_looked_at(tmp_path: Path) -> None:
    async with doing(tmp_path, "slope", "a") as pilot:
        await shows(pilot, "task 1 of 4", "▸nudge")
        await pilot.press("enter")
        await shows(pilot, "task 2 of 4", "▸ output.bias −1")
        await pilot.press("enter")
        await shows(pilot, "task 3 of 4", "Enter done")
        await pilot.press("tab", "tab")
        await shows(pilot, "▸slope", "This is drawn once you have worked out yours.")
        await pilot.press("tab", "tab", "tab", "enter")
        for blank in ("20", "-197.63"):
            await shows(pilot, "the slope is ▸", "Enter done")
            await type_text(pilot, blank)
            await pilot.press("enter")
        await shows(pilot, "task 4 of 4", "● Work the slope out", "○ Open the view slope")
        await pilot.press("tab", "tab")
        await shows(pilot, "▸slope", "All done here.", "arrows move")
        assert "arrows scroll" not in screen_text(app_of(pilot))


def test_show_me_tells_the_names_that_stand_on_the_screen() -> None:
    assert keys_of(parse_action("sort svm supervised"), LESSONS["the-zoo"]) == (
        "Right on support vector machine, until it lies in supervised"
    )
    assert keys_of(parse_action("station settling"), LESSONS["learning-rate"]) == "b until this is loaded: rate 1e-5"
