"""Slopes beside a lesson's text, with the real engine: what is drawn, what keys do to it, and what runs are called."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from adder_tui.course.course import read_course
from tests.tui.learn.test_learn_tab import app_in, doing, type_text
from tests.tui.screens import app_of, shows, until

LESSONS = read_course().by_id


@asynccontextmanager
async def doing_without_guess(folder: Path, lesson: str) -> AsyncIterator[Pilot[None]]:
    """A lesson whose guess comes later, where its first task is to be done."""
    async with app_in(folder, lesson=lesson) as pilot:
        await shows(pilot, ": read")
        await pilot.press("enter")
        await shows(pilot, ": do")
        yield pilot


async def test_lesson_9_draws_the_bowl_of_the_last_bias_and_tries_values_that_leave_it_as_it_is(tmp_path: Path) -> None:
    async with doing(tmp_path, "slope", "b") as pilot:
        await shows(pilot, "▸nudge")
        await pilot.press("tab")
        await shows(pilot, "output.bias[0] = 0.0779254", "slope −197.627", "lowest", "nudge 10: loss 7,887.88 up")
        await pilot.press(*["right"] * 3)
        await shows(pilot, "output.bias[0] at ", "(it is 0.07793)", "tried")
        assert app_of(pilot).snapshot.moment.edits == 0  # type: ignore[union-attr]
        await pilot.press("up")
        await shows(pilot, "output.weight[0, 3] = 0.308975", "slope 7,710.91")
        await pilot.press("tab")
        await shows(pilot, "lr 1e−5 is 0.12 times the limit 8.1e−5: it holds.", "here, step", "limit", "parabola")


async def test_lesson_10s_graph_fills_forward_and_then_from_the_back_as_one_steps_by_phase(tmp_path: Path) -> None:
    async with doing(tmp_path, "backprop", "5") as pilot:
        await pilot.press("tab", "tab")
        await shows(pilot, "once you have worked out yours")
        await pilot.press("shift+tab", "shift+tab", "enter")
        for answer in ("-4793.5", "-76.28", "-17.81"):
            await shows(pilot, "is")
            await type_text(pilot, answer)
            await pilot.press("enter")
        await until(pilot, lambda: app_of(pilot).focused is not None and app_of(pilot).focused.id != "lesson-field")  # type: ignore[union-attr]
        await pilot.press("tab", "tab")
        await shows(pilot, "▸graph", "Addmm output      – ")
        assert app_of(pilot).controller.step_size == "phase"
        await pilot.press("full_stop", "full_stop")
        await shows(pilot, "Addmm output      1.186                       –", "MseLoss           –")
        await pilot.press("full_stop")
        await shows(pilot, "MseLoss           9,764                       –")
        await pilot.press("full_stop")
        await shows(pilot, "MseLoss           9,764                       1.000", "−76.29 −16.44 32.09 −61.06")
        await shows(pilot, "−4,794 −5,099 2,013 7,711", "−17.81 5.813 −12.45 32.29", "–")


async def test_lesson_11_holds_the_learners_number_beside_what_the_step_did(tmp_path: Path) -> None:
    async with doing_without_guess(tmp_path, "one-step") as pilot:
        await type_text(pilot, "0.0799")
        await pilot.press("enter")
        await until(pilot, lambda: app_of(pilot).controller.step_size == "update")
        await shows(pilot, "task 2")
        await pilot.press("full_stop")
        await shows(pilot, "loss changed by −1,725, expected to first order −1,795   30 + 70: 1.186 → 10.34")
        await shows(pilot, "0.07793 − 1e−5·(−197.627) = 0.07990", "is 0.0799  by your hand")


async def test_lesson_13_names_its_runs_on_the_chart_and_says_how_far_each_rate_is_from_the_limit(
    tmp_path: Path,
) -> None:
    async with doing(tmp_path, "learning-rate", "a") as pilot:
        await pilot.press("space")
        await shows(pilot, "━━ rate 1e-9", "epoch 2,000 of 2,000")
        await pilot.press("b", "b", "space")
        await shows(pilot, "━━ rate 5e-5", "·· rate 1e-9", "epoch 2,000 of 2,000")
        await pilot.press("tab", "tab")
        await shows(
            pilot, "lr 5e−5 is 1.8 times the limit 2.72e−5, an update ago 0.36: on the edge.", "step 569.8 to 1,480"
        )
        await pilot.press("comma")
        await shows(pilot, "lr 5e−5 is 0.36 times the limit", "an update ago 1.8", "step 1,480 to 569.")


def test_a_run_is_called_after_its_station_and_after_what_was_changed() -> None:
    lesson = LESSONS["learning-rate"]
    bouncing = lesson.station_named("bouncing")
    assert bouncing is not None
    assert lesson.title_of(lesson.experiment) == "rate 1e-9"
    assert lesson.title_of(bouncing.experiment) == "rate 5e-5"
    rescued = bouncing.experiment.replace(**{"training.schedule": "step"})
    assert lesson.title_of(rescued) == "rate 5e-5, schedule step"


async def test_lesson_14_shows_its_pairs_on_the_plane_and_the_held_out_loss_beside_the_training_loss(
    tmp_path: Path,
) -> None:
    async with doing(tmp_path, "enough-examples", "3") as pilot:
        await shows(pilot, "the one training sum", "off by")
        await pilot.press("b")
        await shows(pilot, "the 2 training sums")
        await pilot.press("b", "b", "b", "space")
        await shows(pilot, "━━ sums drawn at random", "held-out", "2,000 of 2,000")
