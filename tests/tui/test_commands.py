"""The table of commands is data: what it names is there."""

from __future__ import annotations

from importlib import import_module
from inspect import signature

import pytest
from textual.actions import parse

from adder_tui.app import AdderApp
from adder_tui.commands import COMMANDS, Command
from adder_tui.controller import Controller
from adder_tui.course.answers import Answers
from adder_tui.course.lesson_controller import Controls, Help
from adder_tui.data.screens import DataScreen, OwnRows
from adder_tui.experiment_form.screen import ExperimentForm
from adder_tui.explore.tab import ExplorePane
from adder_tui.inspect.history_screens import HistoryScreen
from adder_tui.inspect.tab import InspectPane, TensorTable
from adder_tui.learn.glossary import GlossaryScreen
from adder_tui.learn.lesson_tab import LessonView
from adder_tui.learn.list import CourseList
from adder_tui.learn.tab import LearnPane
from adder_tui.network.tab import NetworkPane
from adder_tui.runs.file_screens import OpenRun
from adder_tui.runs.screens import RunsScreen
from adder_tui.sweep.rates_screen import RatesScreen
from adder_tui.sweep.screen import SweepScreen
from adder_tui.train.tab import LossChart, TrainPane
from adder_tui.ui.dialogs import FieldDialog, SearchDialog
from adder_tui.ui.modal import Modal
from tests.tui.fake_session import FakeSession
from tests.tui.screens import app_on, screen_text, shows

LEARN = (LearnPane, CourseList, LessonView, TensorTable, LossChart, Answers, Help, Controls)
OWNERS = {"app": (AdderApp,), "controller": (Controller,), "lesson": LEARN}
PLACES = {
    "network": (NetworkPane,), "inspect": (InspectPane, TensorTable), "train": (TrainPane, LossChart),
    "explore": (ExplorePane,),
    "runs": (RunsScreen,), "open": (OpenRun,), "sweep": (SweepScreen,), "rates": (RatesScreen,),
    "data": (DataScreen,), "rows": (OwnRows,),
    "experiment": (ExperimentForm,), "glossary": (GlossaryScreen,), "search": (SearchDialog,), "dialog": (FieldDialog,),
    "history": (HistoryScreen,),
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


WINDOWS = [parse(command.action)[2][0] for command in COMMANDS if command.action.startswith("window(")]


@pytest.mark.parametrize("place", WINDOWS)
def test_a_window_that_the_table_names_is_there(place: str) -> None:
    module, _, name = place.partition(":")
    assert issubclass(getattr(import_module(f"adder_tui.{module}"), name), Modal)


@pytest.mark.parametrize(
    ("key", "there", "told"),
    [
        ("l", "Runs that you leave are kept", "Strike the chosen run off"),
        ("O", "Open a run", "Find a run by its name"),
        ("ctrl+s", "Save the run", "Take what is typed"),
        ("e", "not as in the run", "Give the key its default"),
        ("ctrl+p", "Take one step forward", "Choose another one"),
        ("S", "one setting over several values", "Stop the sweep"),
    ],
)
async def test_f1_over_a_window_tells_the_windows_keys(key: str, there: str, told: str) -> None:
    app = app_on(FakeSession())
    async with app.run_test(size=(80, 24)) as pilot:
        await shows(pilot, "‖ paused")
        await pilot.press(key)
        await shows(pilot, there)
        await pilot.press("f1")
        await shows(pilot, told)
        assert "Play or pause" not in screen_text(app)
        await pilot.press("escape", "escape")
        await shows(pilot, "‖ paused")
