"""The table of commands is data: what it names is there."""

from __future__ import annotations

from inspect import signature

import pytest
from textual.actions import parse

from adder_tui.app import AdderApp
from adder_tui.commands import COMMANDS, Command
from adder_tui.controller import Controller, NetworkEditor
from adder_tui.course.answers import Answers
from adder_tui.course.lesson_controller import Controls, Help
from adder_tui.data.screens import DataScreen
from adder_tui.explore.tab import ExplorePane
from adder_tui.inspect.tab import InspectPane, TensorTable
from adder_tui.learn.lesson_tab import LessonView
from adder_tui.learn.list import CourseList
from adder_tui.learn.tab import LearnPane
from adder_tui.network.tab import NetworkPane
from adder_tui.runs.screens import RunsScreen
from adder_tui.sweep.screen import SweepScreen
from adder_tui.train.tab import LossChart, TrainPane
from tests.tui.fake_session import FakeSession
from tests.tui.screens import app_on, screen_text, shows

LEARN = (LearnPane, CourseList, LessonView, TensorTable, LossChart, Answers, Help, Controls)
OWNERS = {"app": (AdderApp,), "controller": (Controller,), "editor": (NetworkEditor,), "lesson": LEARN}
PLACES = {
    "network": (NetworkPane,), "inspect": (InspectPane, TensorTable), "train": (TrainPane, LossChart),
    "explore": (ExplorePane,), "runs": (RunsScreen,), "sweep": (SweepScreen,), "data": (DataScreen,),
}  # fmt: skip


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.owner], ids=lambda command: command.id)
def test_a_commands_action_is_found_on_its_owner_wherever_it_works(command: Command) -> None:
    assert command.owner is not None
    _, name, arguments = parse(command.action or command.id)
    here = command.owner in ("tab", "window")
    everywhere = [PLACES.get(context, LEARN) for context in command.contexts] if here else [OWNERS[command.owner]]
    assert everywhere
    for actors in everywhere:
        ways = [way for actor in actors if (way := getattr(actor, f"action_{name}", None))]
        assert ways, f"nobody does {command.id}"
        signature(ways[0]).bind(None, *arguments)


async def test_f1_over_a_window_tells_the_windows_keys() -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press("l")
        await shows(pilot, "Runs that you leave are kept")
        await pilot.press("f1")
        await shows(pilot, "Strike the chosen run off")
        assert "Play or pause" not in screen_text(app)
        await pilot.press("escape", "escape")
        await shows(pilot, "‖ paused")
