"""The Learn tab as a learner has it: keys in, screens out, with the real engine."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from adder_engine import Experiment, Session
from adder_engine.errors import RunFileError
from adder_engine.parsing import Sum
from adder_engine.runs.files import summary
from adder_engine.snapshot import Answer, Snapshot
from adder_tui.app import AdderApp
from adder_tui.course import lesson_controller
from adder_tui.course.action_runner import shapes_in
from adder_tui.course.course import read_course
from adder_tui.learn.page import LessonText
from adder_tui.learn.views import LessonViews
from adder_tui.settings import Settings
from adder_tui.storage.data_dir import read_place
from adder_tui.storage.run_files import OwnRun
from tests.terminal.harness import Terminal
from tests.tui.course.lesson_file import SMALL
from tests.tui.screens import app_of, screen_text, shows, until

SIZE = (80, 24)
QUICK = ("rule-or-guess", "forward-by-hand", "shapes", "slope", "batches", "far-away")
"""Lessons, one of each chapter, whose solutions take a few seconds at most."""


@asynccontextmanager
async def app_in(folder: Path, size: tuple[int, int] = SIZE, **settings: object) -> AsyncIterator[Pilot[None]]:
    """The real app on a data folder, left with its run saved."""
    app = AdderApp(Settings(data_dir=folder, **settings))  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        yield pilot
        await app.controller.close()
        if app.instance_lock is not None:
            app.instance_lock.lock.close()  # as the end of the process does


def kept(folder: Path, lesson: str) -> dict[str, object]:
    """What the progress file has of a lesson."""
    held: dict[str, object] = json.loads((folder / "progress.json").read_text())["lessons"].get(lesson, {})
    return held


async def type_text(pilot: Pilot[None], text: str) -> None:
    names = {"+": "plus", "-": "minus", ".": "full_stop", " ": "space", "@": "at", ",": "comma",
             "(": "left_parenthesis", ")": "right_parenthesis"}  # fmt: skip
    await pilot.press(*(names.get(character, character) for character in text))


async def ask(pilot: Pilot[None], text: str) -> None:
    await pilot.press("slash")
    await type_text(pilot, text)
    await pilot.press("enter", "escape")


async def go_on(pilot: Pilot[None], step: str) -> None:
    """Enter, which reads on while text is left, till the next step is there."""
    for _ in range(9):
        if f": {step}" not in screen_text(app_of(pilot)):
            await pilot.press("enter")
    await shows(pilot, f": {step}")


async def to_do(pilot: Pilot[None], *predicted: str) -> None:
    """From a lesson's first page over its prediction to what is to be done."""
    await shows(pilot, ": read")
    await go_on(pilot, "predict")
    await pilot.press(*predicted, "enter")
    await shows(pilot, ": do")


@asynccontextmanager
async def doing(folder: Path, lesson: str, *predicted: str) -> AsyncIterator[Pilot[None]]:
    """A lesson where its first task is to be done."""
    async with app_in(folder, lesson=lesson) as pilot:
        await to_do(pilot, *predicted)
        yield pilot


@asynccontextmanager
async def first_sum_asked(folder: Path) -> AsyncIterator[Pilot[None]]:
    """Lesson 1 where 30 + 70 was asked, and training comes next."""
    async with app_in(folder, lesson="rule-or-guess") as pilot:
        await shows(pilot, ": read")
        await go_on(pilot, "do")
        await ask(pilot, "30+70")
        await shows(pilot, "task 2 of")
        yield pilot


@asynccontextmanager
async def own_run(folder: Path, epochs: int, preset: str = "tanh") -> AsyncIterator[Pilot[None]]:
    """The app on a run of the learner's own that is so many epochs old."""
    async with app_in(folder, experiment=Experiment.preset(preset)) as pilot:
        await shows(pilot, "epoch 0 of")
        await pilot.press(*["full_stop"] * epochs)
        await until(pilot, lambda: app_of(pilot).snapshot.epoch == epochs)  # type: ignore[union-attr]
        yield pilot


async def into_lesson_1(pilot: Pilot[None]) -> None:
    """From another tab over the list into the first lesson."""
    await pilot.press("1")
    await shows(pilot, "A rule and a guesser", "0 of 20 done")
    await pilot.press("enter")
    await shows(pilot, "step 1 of 9: read")


async def learn_and_turn_the_sum(pilot: Pilot[None]) -> None:
    """The rest of what is to be done in lesson 1, once 30 + 70 was asked."""
    app_of(pilot).controller.pace = None
    await pilot.press("space")
    await shows(pilot, "All done here.", "99.98")
    await pilot.press("enter")
    await shows(pilot, ": predict", "a to c picks")
    await pilot.press("b", "enter")
    await shows(pilot, "task 1 of 1", "Enter ask")
    await pilot.press("slash")  # as it was learned: it is no part of a sum
    await type_text(pilot, "70+30")
    await pilot.press("enter")
    await shows(pilot, "All done here. Enter goes on")


async def to_quiz(pilot: Pilot[None]) -> None:
    """From the last task through what is to be read, to the question."""
    for step in ("observe", "explain", "keep", "quiz"):
        await go_on(pilot, step)


async def test_a_first_start_goes_straight_into_lesson_1_which_is_played_by_keys(tmp_path: Path) -> None:
    async with app_in(tmp_path) as pilot:
        await shows(pilot, "1 A rule and a guesser", "step 1 of 9: read")
        assert "1.186" not in screen_text(pilot.app), "nothing tells the answer before it is asked"  # type: ignore[arg-type]
        await pilot.press("enter")
        await shows(pilot, "step 2 of 9: do", "○ task 1 of 2")
        await type_text(pilot, "30+70")  # the prompt has the keys
        await pilot.press("enter")
        await shows(pilot, "● Type 30+70", "○ task 2 of 2", "1.186", "loss now 9,764")
        assert "f = " not in screen_text(pilot.app), "the map comes with its lesson"  # type: ignore[arg-type]
        app_of(pilot).controller.pace = None
        await pilot.press("space")
        await shows(pilot, "All done here.", "99.98")
        await pilot.press("enter")
        await shows(pilot, "step 3 of 9: predict", "a to c picks")
        await pilot.press("enter")
        await shows(pilot, "predict")  # nothing is picked yet
        await pilot.press("a", "enter")
        await shows(pilot, "step 4 of 9: do", "task 1 of 1")
        assert kept(tmp_path, "rule-or-guess")["prediction"] == {"turned": "a"}
        await type_text(pilot, "70+30")
        await pilot.press("enter")
        await shows(pilot, "All done here.")
        await pilot.press("enter")
        await shows(pilot, "step 5 of 9: observe", "You said", "100, or nearly", "To 70 + 30 it answered 78.66")
        for step in ("explain", "keep", "quiz"):
            await go_on(pilot, step)
        await pilot.press("b")
        await shows(pilot, "Not that one.")
        await pilot.press("enter")
        await shows(pilot, ": quiz")
        await pilot.press("a")
        await shows(pilot, "Right.")
        assert kept(tmp_path, "rule-or-guess")["state"] == "solved"
        assert kept(tmp_path, "rule-or-guess")["quiz"]["tries"] == 2  # type: ignore[index]
        await go_on(pilot, "more")
        await shows(pilot, "This lesson is done.", "Enter goes on to One number in your hand")
        await pilot.press("enter")
        await shows(pilot, "2 One number in your hand", ": read", "sum ▸ 30 + 70")


async def test_lesson_2_puts_a_number_into_ones_hand_and_takes_it_back(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="anatomy") as pilot:
        await shows(pilot, "2 One number in your hand", "untrained", "── network")  # what the text speaks of
        await go_on(pilot, "predict")
        await shows(pilot, "your guess")
        await pilot.press("1", "1", "enter")
        await shows(pilot, "task 1 of 3", "▸network")
        await pilot.press(*["right"] * 4, "plus")
        await shows(pilot, "task 2 of 3", "1.196")
        await pilot.press("enter")
        await shows(pilot, "output.bias[0]  new value")
        await pilot.press("1", "0", "enter")
        await shows(pilot, "task 3 of 3", "11.11")
        await pilot.press("u")
        await shows(pilot, "1.196")
        await pilot.press("u")
        await shows(pilot, "1.186", "All done here. Enter goes on")  # the text has the keys again
        await pilot.press("u")
        await shows(pilot, "There is nothing to undo", "untrained")  # the run before is none of the lesson's
        await pilot.press("enter")
        await shows(pilot, ": predict")


async def test_lesson_4_is_played_by_keys_and_tells_what_is_wrong_with_a_blank(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="forward-by-hand") as pilot:
        await shows(pilot, "4 One sum through three layers")
        await go_on(pilot, "predict")
        await shows(pilot, ": predict", "your guess")
        await type_text(pilot, "forty")
        await pilot.press("enter")
        await shows(pilot, "forty is no number")
        await pilot.press(*["backspace"] * 5)
        await type_text(pilot, "40")
        await pilot.press("enter")
        await shows(pilot, ": do", "Neuron 2 puts out")
        assert "39.98" not in screen_text(pilot.app), "the diagram does not tell a blank that is to be computed"  # type: ignore[arg-type]
        await type_text(pilot, "40.5")
        await shows(pilot, "[40.5_")
        await pilot.press("enter")
        await shows(pilot, "the bias is missing")
        await type_text(pilot, "39.98")
        await pilot.press("enter")
        await shows(pilot, "39.98 ●", "Neuron 3 puts out")
        await type_text(pilot, "-5.95")
        await pilot.press("enter")
        await shows(pilot, "The two inputs are exchanged")
        await type_text(pilot, "5.95")
        await pilot.press("enter")
        await shows(pilot, "5.95 ●", "task 3 of 3")
        await pilot.press("t")
        await shows(pilot, "All done here.", "Trace of the current sum")
        await pilot.press("enter")
        await shows(pilot, "You said   40", "Neuron 2 puts out 39.98.", ": observe")
        for step in ("explain", "keep", "quiz"):
            await go_on(pilot, step)
        await pilot.press("c")
        await shows(pilot, "Right.")
        assert kept(tmp_path, "forward-by-hand")["state"] == "solved"


async def test_the_own_run_waits_and_is_given_back_on_leaving(tmp_path: Path) -> None:
    async with own_run(tmp_path, 3) as pilot:
        before = pilot.app.snapshot  # type: ignore[attr-defined]
        await into_lesson_1(pilot)
        await pilot.press("escape")
        await shows(pilot, "0 of 20 done", "begun")
        await until(pilot, lambda: pilot.app.snapshot.experiment == before.experiment)  # type: ignore[attr-defined]
        after = pilot.app.snapshot  # type: ignore[attr-defined]
        assert after.experiment == before.experiment
        assert after.moment == before.moment
        assert (after.state == before.state).all()
        assert not list(tmp_path.glob("own-run*"))


async def test_a_lessons_chart_has_no_curve_of_a_run_that_was_left_before_it(tmp_path: Path) -> None:
    async with own_run(tmp_path, 3, "one-pair") as pilot:
        await pilot.press("1")
        await shows(pilot, "0 of 20 done")
        learn = app_of(pilot).learn
        assert learn is not None
        assert learn.lesson_controller is not None
        await learn.enter(learn.lesson_controller.course.by_id["one-sum"])
        await go_on(pilot, "do")
        await shows(pilot, "11 Two thousand looks", "━━ train", "epoch 0 of 2,000")
        assert pilot.app.snapshot.runs, "the run that was left is there, and comparable"  # type: ignore[attr-defined]
        assert "··" not in screen_text(pilot.app)  # type: ignore[arg-type]
        app, chart = app_of(pilot), learn.lesson_view.views.chart
        assert app.snapshot is not None
        assert chart is not None
        coming = dataclasses.replace(
            app.snapshot, version=app.snapshot.version + 1, losses=dataclasses.replace(app.snapshot.losses)
        )
        await app._draw_ahead(coming)
        assert chart._ahead is not None
        ahead = chart._ahead[1]
        app.show(coming)
        await until(pilot, lambda: app.snapshot is coming and chart._ahead is None)
        assert chart._lines is ahead, "what was drawn ahead, without the other run, is what is shown"


async def test_a_lessons_views_get_the_same_snapshot_until_there_is_another(tmp_path: Path) -> None:
    async with own_run(tmp_path, 3, "one-pair") as pilot:
        await into_lesson_1(pilot)
        app = app_of(pilot)
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.epoch == 0)
        drawn = pilot.app.query_one(LessonViews).frames[0].canvas
        veiled = drawn.view.snapshot
        assert veiled is not None
        assert veiled.trace is None
        assert drawn.view.snapshot is veiled
        await go_on(pilot, "do")
        filtered = drawn.view.snapshot
        assert filtered is not None
        assert filtered.trace is not None, "another step shows what the last one veiled"
        assert not filtered.runs, "the learner's own run is none of the lesson's"
        assert drawn.view.snapshot is filtered
        await ask(pilot, "30+70")
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.version > filtered.version)
        assert drawn.view.snapshot is not filtered
        assert drawn.view.snapshot is drawn.view.snapshot


async def test_an_escape_right_behind_the_last_blank_leaves_nothing_and_a_later_one_the_lesson(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="forward-by-hand") as pilot:
        await shows(pilot, ": read")
        await go_on(pilot, "predict")
        await type_text(pilot, "40")
        await pilot.press("enter")
        await shows(pilot, ": do", "task 1 of")
        for answer in ("39.98", "5.95"):
            await type_text(pilot, answer)
            await pilot.press("enter")
            await shows(pilot, f"{answer} ●")
        await shows(pilot, "task 3 of 3", "t trace")
        await pilot.press("escape")
        await pilot.press("t")
        await shows(pilot, "All done here.", ": do")
        await pilot.press("escape")
        await shows(pilot, "0 of 20 done")


async def test_the_text_has_more_rows_beside_a_chart_that_plays_and_the_chart_ten(tmp_path: Path) -> None:
    async with doing(tmp_path, "stuck", "a") as pilot:
        await pilot.press("space")
        await shows(pilot, "playing")
        text, chart = pilot.app.query_one(LessonText), pilot.app.query_one(LessonViews).chart
        assert chart is not None
        await until(pilot, lambda: (text.size.height, chart.size.height) == (7, 10))


async def test_the_own_run_outlives_an_end_within_a_lesson(tmp_path: Path) -> None:
    async with own_run(tmp_path, 2) as pilot:
        await into_lesson_1(pilot)
    assert read_place(tmp_path) == ("learn", "rule-or-guess")
    async with app_in(tmp_path) as pilot:
        await shows(pilot, "1 A rule and a guesser", "step 1 of 9: read")
        await pilot.press("escape")
        await shows(pilot, "0 of 20 done")
        await until(pilot, lambda: pilot.app.snapshot.epoch == 2)  # type: ignore[attr-defined]


async def test_a_start_elsewhere_offers_the_own_run_that_a_lesson_was_keeping(tmp_path: Path) -> None:
    async with own_run(tmp_path, 1) as pilot:
        await into_lesson_1(pilot)
    async with app_in(tmp_path, experiment=Experiment.preset("one-pair")) as pilot:
        await shows(pilot, "epoch 0 of 2,000")
    assert (tmp_path / "last-run.npz").exists()
    assert not list(tmp_path.glob("own-run*"))


async def test_an_own_run_that_another_apps_lesson_was_keeping_is_offered(tmp_path: Path) -> None:
    async with app_in(tmp_path, experiment=Experiment.preset("one-pair")) as first:
        await shows(first, "epoch 0 of")
        async with own_run(tmp_path, 2) as pilot:
            await into_lesson_1(pilot)
            async with app_in(tmp_path, experiment=Experiment.preset("one-pair")) as third:
                await shows(third, "epoch 0 of")
                assert (tmp_path / "own-run-2.npz").exists(), "an app that runs keeps its own"
        assert (tmp_path / "own-run-2.npz").exists()
    async with app_in(tmp_path, experiment=Experiment.preset("one-pair")) as pilot:
        await shows(pilot, "epoch 0 of")
        assert not list(tmp_path.glob("own-run*"))
        kept_run = summary(tmp_path / "autosave-2.npz")
        assert kept_run is not None
        assert kept_run.epoch == 2, "among the runs that are offered"


def test_progress_and_place_survive_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "adder_tui", "--data-dir", str(tmp_path)]
    with Terminal(command) as terminal:
        terminal.wait_for(lambda: "step 1 of 9: read" in terminal.text, "lesson 1")
        terminal.press("enter")
        terminal.wait_for(lambda: "task 1 of 2" in terminal.text and "Enter ask" in terminal.text, "the first task")
        terminal.press("30+70", "enter")
        terminal.wait_for(lambda: "task 2 of 2" in terminal.text, "the second task")
    # Leaving the block kills the program where it stands.
    held = kept(tmp_path, "rule-or-guess")
    assert (held["tasks"], held["step"]) == ([1], 1)
    with Terminal(command) as terminal:
        terminal.wait_for(lambda: "task 2 of 2" in terminal.text, "the place where the learner was")
        assert "● Type 30+70" in terminal.text


async def test_three_hints_then_show_me_plays_the_solution_and_is_stored_as_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lesson_controller, "SHOWN_SECONDS", 0.0)
    async with app_in(tmp_path, lesson="rule-or-guess") as pilot:
        await shows(pilot, ": read", "paused")
        await pilot.press("enter")
        await shows(pilot, "task 1 of 2", "Enter ask")
        await pilot.press("escape")
        for hint in ("hint 1", "hint 2", "hint 3"):
            await pilot.press("i")
            await shows(pilot, hint)
        await shows(pilot, "shows how, on the live network")
        await pilot.press("i")
        await shows(pilot, "Shall the program do this task?")
        await pilot.press("n")
        await shows(pilot, "task 1 of 2")
        await pilot.press("i", "y")
        await shows(pilot, "task 2 of 2", "1.186")
        await learn_and_turn_the_sum(pilot)
        await to_quiz(pilot)
        await pilot.press("a")
        await shows(pilot, "Right.")
        assert kept(tmp_path, "rule-or-guess")["state"] == "assisted"
        assert kept(tmp_path, "rule-or-guess")["hints"] == 3


async def test_commands_that_a_lesson_does_not_need_are_out_of_the_way(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="forward-by-hand") as pilot:
        await shows(pilot, ": read")
        await pilot.press("full_stop", "e", "R", "space")
        await shows(pilot, "step 1 of 8: read", "epoch 0 of 1")
        await pilot.press("enter")
        await shows(pilot, "your guess")
        await pilot.press("4", "0", "enter")
        await shows(pilot, ": do", "Esc leave")
        await pilot.press("escape")
        await shows(pilot, "i hint")
        text = screen_text(pilot.app)  # type: ignore[arg-type]
        assert "space play" not in text
        assert "e edit" not in text
        assert "Enter fill in" in text


async def test_enter_on_the_list_goes_into_the_lesson_that_is_being_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, give_back = asyncio.Event(), OwnRun.give_back

    async def gated(self: OwnRun, session: Session) -> Snapshot | None:
        await gate.wait()
        return await give_back(self, session)

    monkeypatch.setattr(OwnRun, "give_back", gated)
    async with app_in(tmp_path, lesson="one-sum") as pilot:
        await shows(pilot, ": read", "epoch 0 of")
        await pilot.press("escape")
        await shows(pilot, "Twenty lessons")
        await pilot.press("enter")
        gate.set()
        await until(pilot, lambda: app_of(pilot).lesson is not None)
        assert getattr(app_of(pilot).lesson, "id", "") == "one-sum"
        assert read_place(tmp_path) == ("learn", "one-sum")


async def test_an_empty_chart_names_the_keys_that_train_once_they_do(tmp_path: Path) -> None:
    async with app_in(tmp_path, size=(120, 40), lesson="one-sum") as pilot:
        await shows(pilot, ": read", "nothing trained here yet", "epoch 0 of")
        await go_on(pilot, "do")
        await shows(pilot, "takes one step")


async def test_a_control_is_set_in_the_settings_and_begins_a_new_run(tmp_path: Path) -> None:
    async with doing(tmp_path, "seeds", "b") as pilot:
        await shows(pilot, "task 1 of")
        await ask(pilot, "30+70")
        await shows(pilot, "task 2 of")
        await pilot.press("e")
        await shows(pilot, "▸ seed", "seed ▸ 42")
        await pilot.press(*"43x", "enter")  # the old value is selected: what is typed replaces it
        await shows(pilot, "seed ▸ 43x")
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: pilot.app.snapshot.experiment.seed == 43)  # type: ignore[attr-defined]
        await ask(pilot, "30+70")
        await shows(pilot, "task 3 of")


async def test_a_setting_without_an_effect_is_taken_and_said_to_have_none(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="enough-examples") as pilot:
        await to_do(pilot, "3")
        await shows(pilot, "epoch 0 of 2,000")
        await pilot.press("e", *"10", "enter")
        await shows(pilot, "data.count has no effect now: kind is rows.")
        await until(pilot, lambda: pilot.app.snapshot.experiment.data.count == 10)  # type: ignore[attr-defined]


async def test_a_task_that_was_told_to_be_open_is_no_longer_when_the_run_has_done_it(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="one-sum") as pilot:
        await shows(pilot, ": read")
        await pilot.press("enter")
        await shows(pilot, "loss now 9,764")
        await pilot.press("space", "enter")
        await shows(pilot, "The task is still open")
        await shows(pilot, "All done here.")
        await until(pilot, lambda: "still open" not in screen_text(pilot.app))  # type: ignore[arg-type]


async def test_a_sum_that_is_being_typed_when_the_run_ends_is_typed_on_and_asked(tmp_path: Path) -> None:
    async with first_sum_asked(tmp_path) as pilot:
        await pilot.press("slash")
        await type_text(pilot, "70+")
        session = await pilot.app.controller.ready()  # type: ignore[attr-defined]
        await session.step("epoch", 2000)
        await shows(pilot, "epoch 2,000 of 2,000", "sum ▸ 70+")
        await type_text(pilot, "30")
        await pilot.press("enter")
        await shows(pilot, "= 78.66, off by −21.34")
        await until(pilot, lambda: app_of(pilot).tab == "learn")


async def test_the_prompt_keeps_the_keys_that_it_was_given_just_before_the_list_takes_them(tmp_path: Path) -> None:
    async with first_sum_asked(tmp_path) as pilot:
        pane, app = app_of(pilot).learn, app_of(pilot)
        assert pane is not None
        await pilot.press("escape", "escape")
        await shows(pilot, "Twenty lessons")
        await pilot.pause()
        pane.take_focus_if_shown()
        app.action_prompt()
        await type_text(pilot, "70+30")
        await pilot.press("enter")
        await shows(pilot, "sum ▸ 70+30", "= 6.192")


async def test_a_sum_that_was_asked_on_ones_own_run_is_not_carried_into_a_lesson(tmp_path: Path) -> None:
    async with first_sum_asked(tmp_path) as pilot:
        await pilot.press("escape", "escape")  # the first is the prompt's, which gave the keys back by itself
        await shows(pilot, "Twenty lessons")
        await pilot.press("slash")
        await type_text(pilot, "70+30")
        await pilot.press("enter")
        await shows(pilot, "sum ▸ 70+30", "= 6.192")
        await pilot.press("escape", "enter")
        await shows(pilot, "task 2 of", "= 1.186", "sum ▸ 30")
        assert "6.192" not in screen_text(app_of(pilot))


async def test_what_is_typed_right_behind_a_setting_is_for_the_run_that_it_begins(tmp_path: Path) -> None:
    async with doing(tmp_path, "learning-rate", "a") as pilot:
        await pilot.press("e")
        await shows(pilot, "training.lr ▸")
        for key, character in [*((c, c) for c in "1e"), ("minus", "-"), ("5", "5"), ("enter", "\r"), ("space", " ")]:
            pilot.app.post_message(events.Key(key, character))
        await until(
            pilot, lambda: (now := app_of(pilot).snapshot) is not None and now.experiment.training.lr == 1e-5
        )  # the engine may still be loading
        await shows(pilot, "playing")


async def test_e_opens_the_setting_that_the_task_wants_and_what_is_typed_replaces_its_value(tmp_path: Path) -> None:
    async with doing(tmp_path, "seeds", "b") as pilot:
        await shows(pilot, "task 1 of")
        await ask(pilot, "30+70")
        await shows(pilot, "task 2 of")
        await pilot.press("e", *"43", "enter")  # as the hint has it
        await until(pilot, lambda: pilot.app.snapshot.experiment.seed == 43)  # type: ignore[attr-defined]
        await shows(pilot, "Enter ask")  # the prompt has the keys: asking is what comes next
        await type_text(pilot, "30+70")
        await pilot.press("enter")
        await shows(pilot, "task 3 of", "Tab next view")
        await pilot.press("e", "down")
        await shows(pilot, "data.draw_first ▸ false")
        await pilot.press("up", *"42", "enter")
        await until(pilot, lambda: pilot.app.snapshot.experiment.seed == 42)  # type: ignore[attr-defined]
        await ask(pilot, "30+70")
        await shows(pilot, "All done here.")
        await pilot.press("e", "down")
        await shows(pilot, "data.draw_first ▸ false")
        await pilot.press(*"true", "enter")
        await until(pilot, lambda: pilot.app.snapshot.experiment["data.draw_first"])  # type: ignore[attr-defined]


async def test_a_half_typed_setting_waits_where_it_was_left(tmp_path: Path) -> None:
    async with doing(tmp_path, "seeds", "b") as pilot:
        await ask(pilot, "30+70")
        await shows(pilot, "task 2 of")
        await pilot.press("e", *"4")
        for leave, shown, back in (("down", "data.draw_first ▸ false", "up"), ("escape", "i hint", "e"),
                                   ("tab", "i hint", "e")):  # fmt: skip
            await shows(pilot, "seed ▸ 4")
            await pilot.press("3", leave)
            await shows(pilot, shown)
            await pilot.press(back)
            await shows(pilot, "seed ▸ 43")
            await pilot.press("backspace")


async def test_a_setting_that_would_not_do_is_replaced_where_it_is_come_back_to(tmp_path: Path) -> None:
    async with doing(tmp_path, "seeds", "b") as pilot:
        await ask(pilot, "30+70")
        await shows(pilot, "task 2 of")
        await pilot.press("e", *"abc", "enter")
        await shows(pilot, "will not do")
        await pilot.press("escape")
        await shows(pilot, "i hint")
        await pilot.press("e", *"43", "enter")
        await until(pilot, lambda: pilot.app.snapshot.experiment.seed == 43)  # type: ignore[attr-defined]


async def test_a_sum_that_this_run_was_not_asked_is_asked_where_all_is_done(tmp_path: Path) -> None:
    async with doing(tmp_path, "seeds", "b") as pilot:
        await ask(pilot, "30+70")
        for seed in ("43", "42", "44"):
            await shows(pilot, "i hint" if seed != "44" else "All done here.")
            await pilot.press("e", *seed, "enter")
            await until(pilot, lambda seed=seed: pilot.app.snapshot.experiment.seed == int(seed))  # type: ignore[misc]
            await ask(pilot, "30+70")
        await shows(pilot, ": do", "off by")
        await pilot.press("slash")
        await type_text(pilot, "30+70")
        await pilot.press("enter")
        await shows(pilot, ": observe")


async def test_the_settings_line_takes_several(tmp_path: Path) -> None:
    async with doing(tmp_path, "seeds", "b") as pilot:
        await ask(pilot, "30+70")
        await shows(pilot, "task 2 of")
        await pilot.press("e")
        await shows(pilot, "seed ▸ 42")
        await type_text(pilot, "43, draw_first true")
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.snapshot.experiment.seed == 43)  # type: ignore[attr-defined]
        assert pilot.app.snapshot.experiment["data.draw_first"]  # type: ignore[attr-defined]


async def test_enter_reads_on_while_text_is_left_and_the_footer_names_the_keys_that_scroll(tmp_path: Path) -> None:
    async with app_in(tmp_path, size=(80, 20), lesson="forward-by-hand") as pilot:
        await shows(pilot, "Enter reads on", "Enter read on", "arrows scroll", "A neuron does very little.")
        await pilot.press("enter")
        await shows(pilot, ": read", "neuron by neuron", "Enter goes on", "Enter go on", "arrows scroll")
        await pilot.press("enter")
        await shows(pilot, ": predict")


async def test_a_lesson_is_forgotten_when_that_is_asked_for_twice(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="far-away") as pilot:
        await shows(pilot, ": read")
        await go_on(pilot, "do")
        await pilot.press("escape")
        await shows(pilot, "0 of 20 done", "begun", "Enter go in")
        await pilot.press("Z")
        await shows(pilot, "Z once more forgets all that was done in Leaving the training range")
        for others in (("down", "up"), ("n",), ("s",)):  # n does nothing here, s nothing to the lessons
            await pilot.press(*others)
            await until(pilot, lambda: "once more forgets" not in screen_text(pilot.app))  # type: ignore[arg-type]
            await pilot.press("Z")
            await shows(pilot, "begun", "Z once more forgets")
        assert kept(tmp_path, "far-away")
        await pilot.press("Z")
        await shows(pilot, "Leaving the training range is as if never begun.")
        assert not kept(tmp_path, "far-away")


async def test_the_glossary_opens_at_the_word_in_sight_and_coming_back_keeps_the_lesson(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="forward-by-hand") as pilot:
        await shows(pilot, ": read", "weighted sum")
        await pilot.press("g")
        await shows(pilot, "Glossary")
        screen = pilot.app.screen
        assert screen.found[screen.at].term in ("W", "bias", "weight", "weighted sum")  # type: ignore[attr-defined]
        await pilot.press("escape")
        await shows(pilot, "4 One sum through three layers", ": read")


async def test_an_end_in_a_lesson_keeps_its_run_what_was_asked_and_the_hints(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="one-sum") as pilot:
        await shows(pilot, ": read")
        await go_on(pilot, "do")
        await shows(pilot, "task 1 of")
        room = pilot.app.learn.lesson_controller  # type: ignore[attr-defined]
        await pilot.press("i")
        await shows(pilot, "hint 1")
        await (await room.ready()).step("epoch", 2000)
        await shows(pilot, "All done here.")
        await until(pilot, (tmp_path / "lessons" / "one-sum.npz").exists)
    async with app_in(tmp_path) as pilot:
        await shows(pilot, "All done here.", "epoch 2,000 of 2,000")
        room = pilot.app.learn.lesson_controller  # type: ignore[attr-defined]
        assert room.lesson_state.hints == {1: 1}


async def test_a_blank_takes_a_hint_a_sum_and_a_decimal_comma_and_its_correction_stays_in_sight(tmp_path: Path) -> None:
    async with doing(tmp_path, "forward-by-hand", "4", "0") as pilot:
        await shows(pilot, "Neuron 2 puts out", "Enter done", "i hint")
        await pilot.press("i")
        await shows(pilot, "hint 1")
        await type_text(pilot, "40,5")
        await pilot.press("enter")
        await shows(pilot, "the bias is missing")
        await type_text(pilot, "4")  # what is typed replaces a wrong answer, and takes its correction away
        await shows(pilot, "[4_ ")
        assert "the bias is missing" not in screen_text(app_of(pilot))
        await type_text(pilot, "0-0.02")
        await pilot.press("enter")
        await shows(pilot, "39.98 ●", "Neuron 3 puts out")


async def test_a_choice_takes_its_letter_or_its_text(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="shapes") as pilot:
        await shows(pilot, ": read")
        await go_on(pilot, "do")
        await shows(pilot, ": do", "Enter done")
        await type_text(pilot, "(1,5)")
        await pilot.press("enter")
        await shows(pilot, "(1,5) is none of the choices: type a letter from a to d.")
        await pilot.press(*["backspace"] * 5)
        await type_text(pilot, "(1, 4)")
        await pilot.press("enter")
        await shows(pilot, "task 2 of 2")
        assert kept(tmp_path, "shapes")["answers"] == {"fits": "a"}


async def test_tab_gives_no_keys_to_a_prompt_that_cannot_be_used(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="seeds") as pilot:
        await shows(pilot, ": read")
        await go_on(pilot, "predict")
        await shows(pilot, ": predict", "a to c picks")
        await pilot.press("tab", "tab", "b")
        await shows(pilot, "Enter locks it in")
        await pilot.press("enter")
        await shows(pilot, ": do")


async def test_the_list_is_filtered_and_searched_and_the_glossary_leads_to_a_lesson(tmp_path: Path) -> None:
    (tmp_path / "progress.json").write_text("{}")
    async with app_in(tmp_path) as pilot:
        await pilot.press("1")
        await shows(pilot, "0 of 20 done", "A rule and a guesser")
        await pilot.press("d")
        await shows(pilot, "only done ones")
        await pilot.press("x", "f")
        await type_text(pilot, "backprop")
        await shows(pilot, " 9  The error goes back")
        assert "A rule and a guesser" not in screen_text(pilot.app)  # type: ignore[arg-type]
        await pilot.press("enter", "x")  # what was found is still chosen
        await shows(
            pilot, "A rule and a guesser", "Carry the error back through the layers by hand, and get PyTorch's numbers."
        )
        await pilot.press("g")
        await shows(pilot, "Glossary")
        await type_text(pilot, "weighted sum")
        await shows(pilot, "Enter opens")
        await pilot.press("enter")
        await shows(pilot, ": read")


async def test_where_a_sum_is_to_be_asked_the_prompt_has_the_keys_and_enter_goes_on_at_the_end(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="rule-or-guess") as pilot:
        await shows(pilot, ": read")
        await pilot.press("enter")
        await shows(pilot, "task 1 of 2", "Esc leave")
        await type_text(pilot, "30+70")
        await pilot.press("enter")
        await shows(pilot, "task 2 of 2", "1.186")
        await learn_and_turn_the_sum(pilot)
        await pilot.press("enter")
        await shows(pilot, ": observe", "it answered 78.66")
        await go_on(pilot, "explain")


async def test_the_prompt_gives_the_keys_back_where_the_next_task_is_no_sum(tmp_path: Path) -> None:
    async with doing(tmp_path, "seeds", "b") as pilot:
        await shows(pilot, "task 1 of", "Esc leave")
        await type_text(pilot, "30+70")
        await pilot.press("enter")
        await shows(pilot, "task 2 of", "i hint")
        await pilot.press("escape")  # as one is used to: the prompt has left by itself, and the lesson stays
        await pilot.press("e")
        await shows(pilot, "seed ▸ 42")


@pytest.mark.parametrize("waits", [False, True])
async def test_a_key_right_behind_a_sum_does_what_it_does_once_the_sum_is_answered(
    tmp_path: Path, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with app_in(tmp_path, lesson="rule-or-guess") as pilot:
        app, may = app_of(pilot), asyncio.Event()
        app.controller.pace = None
        answer, keys = app.controller.ask, [events.Key(character, character) for character in "30"]

        async def late(asked: Sum) -> Answer:
            await may.wait()
            return await answer(asked)

        monkeypatch.setattr(app.controller, "ask", late)
        await shows(pilot, ": read")
        await pilot.press("enter")
        await shows(pilot, "task 1 of 2", "Esc leave")
        keys += [events.Key("plus", "+"), *(events.Key(character, character) for character in "70")]
        for key in [*keys, events.Key("enter", "\r"), events.Key("space", " ")]:
            app.post_message(key)
        if waits:
            await until(pilot, lambda: app.prompt.field is not None and app.prompt.field._held.keys)
        may.set()
        await shows(pilot, "All done here.", "99.98")
        assert app.prompt.field is not None
        assert app.prompt.field.value == "30+70"


async def test_where_something_comes_before_an_answer_the_line_waits_without_the_keys(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="one-affine-map") as pilot:
        await shows(pilot, ": read")
        await go_on(pilot, "predict")
        await shows(pilot, "your guess")
        await pilot.press("0", "enter")
        await shows(pilot, "task 1 of", "Esc leave", "earlier sums")  # the prompt has them: 0+0 is asked first
        await type_text(pilot, "0+0")
        await pilot.press("enter")
        await shows(pilot, "[_ ", "Enter done")
        await type_text(pilot, "0.061")
        await pilot.press("enter")
        await shows(pilot, "[0.061_")
        await type_text(pilot, "-0.061")
        await pilot.press("enter")
        await shows(pilot, "task 2 of", "earlier sums")


async def test_on_other_tabs_a_lesson_says_how_to_go_back_and_its_network_is_the_same_then(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="the-zoo") as pilot:
        await shows(pilot, ": read")
        await pilot.press("4")
        await shows(pilot, "lesson 14: 1 goes back", "‖ untrained")
        for key in ("space", "full_stop"):
            await pilot.press(key)
            await shows(pilot, "Lesson 14 keeps its network untrained.")
        await pilot.press("slash", "enter", "escape")  # the answer is told here, and is none of the lesson's yet
        await shows(pilot, "= 1.186")
        await pilot.press("2")
        await pilot.press("plus")
        await shows(pilot, "u takes it back")
        await pilot.press("1")
        await shows(pilot, "The lesson's own network is back.", "Where networks sit")
        await pilot.press("4", "R")
        await until(pilot, lambda: pilot.app.snapshot.experiment.seed != 42)  # type: ignore[attr-defined]
        await pilot.press("1")
        await shows(pilot, "The lesson's own network is back.")
        await until(pilot, lambda: pilot.app.snapshot.experiment.seed == 42)  # type: ignore[attr-defined]
        await pilot.press("4", "L")
        await shows(pilot, "one-pair", "epoch 0 of 2,000")
        assert "goes back" not in screen_text(pilot.app)  # type: ignore[arg-type]


async def test_what_a_lesson_lets_one_change_stays_changed_after_a_look_at_other_tabs(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="seeds") as pilot:
        await shows(pilot, ": read")
        await pilot.press("4", "R")
        await until(pilot, lambda: pilot.app.snapshot.experiment.seed != 42)  # type: ignore[attr-defined]
        seed = pilot.app.snapshot.experiment.seed  # type: ignore[attr-defined]
        await pilot.press("1")
        await shows(pilot, ": read")
        assert pilot.app.snapshot.experiment.seed == seed  # type: ignore[attr-defined]


async def test_the_table_within_a_lesson_has_its_keys(tmp_path: Path) -> None:
    course = tmp_path / "course"
    course.mkdir()
    (course / "course.toml").write_text('title = "Mine"\ncomplete = false\n[[chapter]]\nid = "look"\ntitle = "Look"\n')
    (course / "01-small.md").write_text(SMALL.replace('"network", "prompt"', '"network", "inspect"'), encoding="utf-8")
    async with app_in(tmp_path / "data", lesson="small", course=course) as pilot:
        await to_do(pilot, "a")
        await pilot.press("escape", "tab", "tab")
        await shows(pilot, "▸inspect", "input.weight")
        await pilot.press("n")
        await shows(pilot, "hidden.weight")
        await pilot.press("v")
        await shows(pilot, "▸gradient")
        await pilot.press("c")
        await shows(pilot, "now against the start")


async def test_two_shapes_of_ones_own_are_typed_and_stand_below_the_lessons(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="shapes") as pilot:
        await shows(pilot, ": read")
        await go_on(pilot, "do")
        await shows(pilot, ": do")
        await pilot.press("escape", "tab")
        await shows(pilot, "▸shapes")
        await pilot.press("w")
        await shows(pilot, "two shapes, such as 1x2 @ 2x4 ▸")
        await type_text(pilot, "3x2 @ 2x5")
        await pilot.press("enter")
        await shows(pilot, "▸ 3x2 @ 2x5", "3x5")


@pytest.mark.parametrize(
    ("lesson", "key", "line"), [("shapes", "w", "two shapes, such as 1x2 @ 2x4 ▸"), ("seeds", "e", "seed ▸")]
)
async def test_a_line_that_a_key_opened_does_not_outlast_its_step(
    tmp_path: Path, lesson: str, key: str, line: str
) -> None:
    async with app_in(tmp_path, lesson=lesson) as pilot:
        await shows(pilot, ": read")
        if lesson == "seeds":
            await to_do(pilot, "a")
        else:
            await go_on(pilot, "do")
        await pilot.press("escape", "tab")
        await shows(pilot, f"▸{'shapes' if key == 'w' else 'network'}")
        await pilot.press(key)
        await shows(pilot, line)
        await pilot.press("tab")
        await until(pilot, lambda: app_of(pilot).focused is None or app_of(pilot).focused.id != "lesson-field")
        assert line in screen_text(app_of(pilot))
        await pilot.press("backspace")
        await until(pilot, lambda: ": do" not in screen_text(app_of(pilot)))
        await until(pilot, lambda: line not in screen_text(app_of(pilot)))


@pytest.mark.parametrize(
    ("typed", "shapes"),
    [
        ("3x2 @ 2x5", "3x2 2x5"), ("3x2 * 2x5", "3x2 2x5"), ("3x2*2x5", "3x2 2x5"), ("3×2 × 2×5", "3x2 2x5"),
        ("3x2 x 2x5", "3x2 2x5"), ("3 x 2 @ 2 x 5", "3x2 2x5"), ("3*2 @ 2*5", "3x2 2x5"), ("3x2 2x5", "3x2 2x5"),
        ("3X2 · 2X5", "3x2 2x5"), ("10000x4 + 4", "10000x4 4"), ("3*2 + 2", "3x2 2"), ("nothing", "nothing"),
    ],
)  # fmt: skip
def test_two_shapes_are_taken_with_whatever_sign_stands_between(typed: str, shapes: str) -> None:
    assert shapes_in(typed) == shapes


async def test_a_page_without_a_network_says_why_it_takes_no_sum(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="seeds") as pilot:
        await shows(pilot, ": read")
        room = pilot.app.learn.lesson_controller  # type: ignore[attr-defined]
        await until(pilot, lambda: room.lesson_state.has_run)  # until then its run takes away what was said before
        await pilot.press("slash")
        await shows(pilot, "This page has no network to ask")
        assert not app_of(pilot).prompt.has_keys


async def test_the_chart_within_a_lesson_is_read_out(tmp_path: Path) -> None:
    async with app_in(tmp_path, lesson="shapes") as pilot:
        await shows(pilot, ": read")
        room = pilot.app.learn.lesson_controller  # type: ignore[attr-defined]
        await until(pilot, lambda: room.lesson_state.has_run)
        await (await room.ready()).step("epoch", 100)
        await until(pilot, lambda: pilot.app.snapshot.epoch == 100)  # type: ignore[attr-defined]
        await go_on(pilot, "do")
        await shows(pilot, ": do")
        await pilot.press("escape", "tab", "tab", "left", "left")
        await shows(pilot, "goes there")
        await pilot.press("escape")


@pytest.mark.parametrize(
    "lesson",
    [pytest.param(one.id, marks=() if one.id in QUICK else pytest.mark.slow) for one in read_course().lessons],
)
async def test_every_task_of_a_lesson_is_done_by_its_solution_in_the_running_app(
    lesson: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lesson_controller, "SHOWN_SECONDS", 0.0)
    async with app_in(tmp_path, lesson=lesson) as pilot:
        await shows(pilot, ": read")
        pane = pilot.app.learn  # type: ignore[attr-defined]
        room = pane.lesson_controller
        tasks = {task.id for task in room.lesson.tasks}
        assert not room.lesson_state.attempt.done, "nothing is done on entering"
        while room.lesson_state.step.kind != "observe":
            if room.lesson_state.step.kind == "predict":
                asked = room.lesson.prediction_named(room.lesson_state.step.prediction)
                if asked.choices:
                    await pilot.press("a")
                else:
                    await type_text(pilot, "1")
            elif room.lesson_state.step.kind == "do":
                while not room.lesson_state.may_go_on:
                    task = room.lesson_state.task.id
                    await pilot.press("escape") if pane.words == {"lesson", "field"} else None
                    await asyncio.wait_for(room.help.show_me(), 120)
                    assert task in room.lesson_state.attempt.done, f"task {task} of {lesson}"
            at = room.lesson_state.at
            while room.lesson_state.at == at:  # Enter reads on while text is left
                await pilot.press("enter")
        assert room.lesson_state.attempt.done == tasks
        quoted = {quote.name for quote in room.lesson.quotes}
        await until(pilot, lambda: room.lesson_state.attempt.figures.keys() == quoted)
        below_tabs = screen_text(pilot.app).partition("\n")[2]  # type: ignore[arg-type]
        assert "…" not in below_tabs.split("──")[0]


async def test_where_nothing_can_be_written_the_course_goes_on_and_the_own_run_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RunFileError("The disk is full.")

    async with own_run(tmp_path, 2) as pilot:
        monkeypatch.setattr("adder_engine.runs.workspace.Workspace.save", full)
        monkeypatch.setattr("adder_tui.storage.progress_store.Store._write", lambda *_: full_disk())
        await pilot.press("1")
        await shows(pilot, "0 of 20 done")
        await pilot.press("enter")
        await shows(pilot, "step 1 of 9: read", "The course goes on.")
        await until(pilot, lambda: pilot.app.snapshot.experiment.network.activation == "none")  # type: ignore[attr-defined]
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.snapshot.epoch == 2)  # type: ignore[attr-defined]


def full_disk() -> None:
    raise OSError(28, "No space left on device")
