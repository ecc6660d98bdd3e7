"""Slopes beside a lesson's text, with the real engine: what is drawn, what keys do to it, and what runs are called."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from adder_tui.course.course import read_course
from tests.tui.learn.test_learn_tab import app_in, go_on, type_text
from tests.tui.screens import app_of, shows, until

LESSONS = read_course().by_id


@asynccontextmanager
async def doing_without_guess(folder: Path, lesson: str) -> AsyncIterator[Pilot[None]]:
    """A lesson whose guess comes later, where its first task is to be done."""
    async with app_in(folder, lesson=lesson) as pilot:
        await shows(pilot, ": read")
        await go_on(pilot, "do")
        yield pilot


async def test_lesson_11_holds_the_learners_number_beside_what_the_step_did(tmp_path: Path) -> None:
    async with doing_without_guess(tmp_path, "one-step") as pilot:
        await type_text(pilot, "0.0799")
        await pilot.press("enter")
        await until(pilot, lambda: app_of(pilot).controller.step_size == "update")
        await shows(pilot, "task 2")
        await pilot.press("full_stop")
        await shows(pilot, "loss changed by −1,725, expected by the slopes −1,795   30 + 70: 1.186 → 10.34")
        await shows(pilot, "0.07793 − 1e−5·(−197.627) = 0.07990", "is 0.0799  by your hand")


def test_a_run_is_called_after_its_station_and_after_what_was_changed() -> None:
    lesson = LESSONS["learning-rate"]
    bouncing = lesson.station_named("bouncing")
    assert bouncing is not None
    assert lesson.title_of(lesson.experiment) == "rate 1e-9"
    assert lesson.title_of(bouncing.experiment) == "rate 5e-5"
    rescued = bouncing.experiment.replace(**{"training.schedule": "step"})
    assert lesson.title_of(rescued) == "rate 5e-5, schedule step"
