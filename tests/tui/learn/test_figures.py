"""Every figure is the learner's own: what a text quotes and states is what the run on the screen has."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from adder_engine import Experiment
from adder_engine.session import Session
from adder_tui.course.action_runner import ActionRunner
from adder_tui.course.attempt import LessonAttempt
from adder_tui.course.authoring import _FIGURE as FIGURE
from adder_tui.course.course import read_course
from adder_tui.course.lesson import Lesson, Measured
from adder_tui.course.lesson_controller import LessonController
from adder_tui.course.state import LessonState
from adder_tui.learn.page import page_lines
from adder_tui.learn.tab import LearnPane
from adder_tui.ui.line import plain
from adder_tui.ui.symbols import UNICODE
from tests.tui.learn.test_learn_tab import QUICK, app_in, app_of, until

LESSONS = read_course().lessons
each_lesson = pytest.mark.parametrize(
    "lesson", [pytest.param(one, id=one.id, marks=() if one.id in QUICK else pytest.mark.slow) for one in LESSONS]
)


@asynccontextmanager
async def solved(lesson: Lesson) -> AsyncIterator[tuple[Session, LessonAttempt]]:
    """A lesson of which each task's solution was done and nothing else, its figures taken on the way."""
    async with Session(Experiment().replace(epochs=0)) as session:
        attempt = LessonAttempt(lesson)
        player = ActionRunner(session, attempt)
        await player.enter()
        for task in lesson.tasks:
            await player.play(task.actions)
            await attempt.look(session)
            assert task.id in attempt.done
            await attempt.take_figures(session)
        yield session, attempt


async def straight(lesson: Lesson) -> dict[str, str]:
    """The figures that the text quotes, for somebody who goes straight through."""
    async with solved(lesson) as (_, attempt):
        return attempt.figures


class Learner:
    """Plays a lesson in the running app, by its solution and by the detours that are natural."""

    def __init__(self, pilot: Pilot[None], lesson: Lesson) -> None:
        learn = app_of(pilot).learn
        assert isinstance(learn, LearnPane)
        assert isinstance(learn.lesson_controller, LessonController)
        self._pilot, self._lesson, self._pane, self._room = pilot, lesson, learn, learn.lesson_controller

    @property
    def state(self) -> LessonState:
        assert self._room.lesson_state is not None
        return self._room.lesson_state

    async def begin(self) -> None:
        await until(self._pilot, lambda: self._room.lesson_state is not None and self.state.has_run)

    async def do(self) -> None:
        """The step's tasks, one after the other."""
        runner = ActionRunner(await self._room.ready(), self.state.attempt, self._room.show)
        for id in self.state.step.tasks:
            await runner.play(self._lesson.tasks[id - 1].actions)
            await self.settle()
            assert id in self.state.attempt.done, f"task {id}"

    async def settle(self) -> None:
        await self._room.look()
        await self._pilot.pause()
        workers = self._pane.app.workers
        await until(self._pilot, lambda: not any(w.name in ("look", "fill") and not w.is_finished for w in workers))

    async def tab_round(self) -> None:
        """Look into each view, in the order of Tab."""
        for _ in range(len(self._lesson.shown_views) + 1):
            self._pane.lesson_view.action_view(1)
            await self.settle()

    async def stations_round(self) -> None:
        """Load each station, twice round."""
        for _ in range(2 * (len(self._lesson.stations) + 1) if self._lesson.stations else 0):
            await self._room.controls.action_station()
            await self.settle()

    async def out_and_in(self) -> None:
        """Leave the lesson, and come back."""
        at, done, figures = self.state.at, set(self.state.attempt.done), dict(self.state.attempt.figures)
        answers, standing = dict(self.state.activity.answers), app_of(self._pilot).snapshot
        await self._pane.action_leave()
        await self._pane.enter(self._lesson)
        await self.begin()
        assert (self.state.at, self.state.attempt.done) == (at, done)
        assert self.state.attempt.figures == figures, "what is quoted was kept"
        assert self.state.activity.answers == answers
        now = app_of(self._pilot).snapshot
        assert standing is not None
        assert now is not None
        assert (now.experiment, now.moment) == (standing.experiment, standing.moment), "the run is where it was"

    async def go_on(self) -> None:
        state = self.state
        if state.step.kind == "predict":
            asked = self._lesson.prediction_named(state.step.prediction)
            assert asked is not None
            state.activity.predictions.setdefault(asked.id, "a" if asked.choices else "1")
            self._room.answers._predict(state, asked.id, "a" if asked.choices else "1")
        elif state.step.kind == "quiz":
            self._room.answers.action_pick(self._lesson.quiz.answer)
            self._room.go(1)
        else:
            assert self._room.go(1)
        await self._pilot.pause()

    def page(self) -> str:
        return plain(page_lines(self.state, 78, UNICODE))


@pytest.mark.slow
@pytest.mark.parametrize("lesson", [pytest.param(one, id=one.id) for one in LESSONS])
async def test_quoted_figures_are_those_of_the_tasks_whatever_else_is_done_on_the_way(
    lesson: Lesson, tmp_path: Path
) -> None:
    expected = await straight(lesson)
    assert expected.keys() == {quote.name for quote in lesson.quotes}
    async with app_in(tmp_path, lesson=lesson.id) as pilot:
        await until(
            pilot, lambda: app_of(pilot).learn is not None and app_of(pilot).learn.lesson_controller is not None
        )  # type: ignore[union-attr]
        learner = Learner(pilot, lesson)
        await learner.begin()
        while True:
            await learner.out_and_in()
            kind = learner.state.step.kind
            if kind == "do":
                if not learner.state.attempt.done:
                    await learner.tab_round()
                    await learner.stations_round()
                await learner.do()
                await learner.tab_round()
            elif kind in ("observe", "explain", "more"):
                assert learner.state.attempt.figures == expected
                assert not re.search(r"…(?! )", learner.page().replace("…,", "")), learner.page()
                await learner.stations_round()
            if learner.state.at + 1 == len(learner.state.steps):
                return
            await learner.go_on()


AS_ENTERED = (
    "untrained",
    "in place of",
    "went from",
    "expected",
    "divided",
    "before, ",
    "at the start",
    "none yet",
    "began",
    "to start with",
    "one sum",
    "uphill",
    "flattest",
)
"""Words that say of a figure that it is of the run as the lesson enters it."""
WAYS = {
    "edit": ("in place of",),
    "run": ("epoch", "run", "at the end"),
    "step": ("step",),
    "set": ("with", "set"),
    "station": ("with", "many"),
}


def told(figure: Measured, paragraph: str) -> bool:
    """Whether a paragraph says which other run a figure is of: by what differs in it, or by how far it was trained."""
    plain = paragraph.casefold()
    if not figure.preset and not figure.actions:
        return any(word in plain for word in AS_ENTERED)
    for key, value in figure.preset.items():
        name = key.rpartition(".")[2].replace("_", " ")
        shape = "-".join(map(str, value)) if key == "network.layers" else f"{value:g}" if is_number(value) else value
        if name in plain or str(shape) in plain or any(word in plain for word in name.split()):
            return True
    if "data.rows" in figure.preset or "data.kind" in figure.preset or "data.scale" in figure.preset:
        return any(word in plain for word in ("sum", "divid"))
    return any(word in plain for action in figure.actions for word in WAYS.get(action.verb, ())) or any(
        word in plain for word in ("rate", "bouncing")
    )


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@each_lesson
async def test_a_figure_in_the_text_is_the_one_on_the_screen_or_says_which_other_run_it_is_of(lesson: Lesson) -> None:
    async with solved(lesson) as (session, attempt):
        wrong: list[str] = []
        here = [one for one in lesson.measured if one.holds(await attempt.value(session, one.expression))]
        for figure in lesson.measured:
            if not isinstance(figure.value, float) or figure.value in (0.0, 1.0, *(one.value for one in here)):
                continue
            for part in ("Observe", "Explain"):
                for paragraph in lesson.parts.get(part, "").split("\n\n"):
                    if states(paragraph, figure.value) and not told(figure, paragraph):
                        wrong.append(f"{figure.key}, {figure.value}: {paragraph}")
        assert not wrong, "\n".join(wrong)


def states(paragraph: str, value: float) -> bool:
    """Whether a figure with a point, or of thousands, is this one as the text rounds it."""
    for match in FIGURE.finditer(paragraph):
        digits = match[0].replace(",", "").lstrip("−-")
        if abs(abs(value) - float(digits)) <= 0.5005 * 10.0 ** -len(digits.partition(".")[2]):
            return True
    return False


async def test_what_was_done_early_is_quoted_though_its_run_was_begun_anew() -> None:
    lesson = next(one for one in LESSONS if one.id == "far-away")
    train, compute, ask = (task.actions for task in lesson.tasks)
    async with Session(Experiment().replace(epochs=0)) as session:
        attempt = LessonAttempt(lesson)
        player = ActionRunner(session, attempt)
        await player.enter()
        await player.play([*train, *ask])
        await attempt.look(session)
        assert attempt.done == {1, 3}
        await attempt.take_figures(session)
        await player.enter()
        await player.play([*train, *compute])
        await attempt.look(session)
        await attempt.take_figures(session)
    assert attempt.done == {1, 2, 3}
    assert attempt.figures.keys() == {quote.name for quote in lesson.quotes}
