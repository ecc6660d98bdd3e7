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
from adder_tui.explore.tab import ExplorePane
from adder_tui.inspect.tab import InspectPane, TensorTable
from adder_tui.learn.lesson_tab import LessonView
from adder_tui.learn.list import CourseList
from adder_tui.learn.tab import LearnPane
from adder_tui.network.tab import NetworkPane
from adder_tui.train.tab import TrainPane

LEARN = (LearnPane, CourseList, LessonView, TensorTable, Answers, Help, Controls)
OWNERS = {"app": (AdderApp,), "controller": (Controller,), "editor": (NetworkEditor,), "lesson": LEARN}
PANES = {
    "network": (NetworkPane,), "inspect": (InspectPane, TensorTable), "train": (TrainPane,), "explore": (ExplorePane,),
}  # fmt: skip


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.owner], ids=lambda command: command.id)
def test_a_commands_action_is_found_on_its_owner_wherever_it_works(command: Command) -> None:
    assert command.owner is not None
    _, name, arguments = parse(command.action or command.id)
    everywhere = [PANES.get(context, LEARN) for context in command.contexts] if command.owner == "tab" else []
    for actors in everywhere or [OWNERS[command.owner]]:
        ways = [way for actor in actors if (way := getattr(actor, f"action_{name}", None))]
        assert ways, f"nobody does {command.id}"
        signature(ways[0]).bind(None, *arguments)
