"""Variables of the environment that cannot be meant are refused in one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.terminal.harness import Terminal


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TEXTUAL_FPS", "abc"),
        ("COLUMNS", "²"),
        ("LINES", "99999999999999999999"),
        ("TEXTUAL_DRIVER", "no_such_module:Driver"),
        ("TEXTUAL_DRIVER", "os:path"),
        ("TEXTUAL_LOG", "/proc/no-folder/log"),
        ("HOME", ""),
    ],
)
def test_a_variable_that_cannot_be_meant_gets_one_sentence_and_code_2(tmp_path: Path, name: str, value: str) -> None:
    command = [sys.executable, "-m", "adder_tui"]
    if name != "HOME":
        command += ["--data-dir", str(tmp_path)]
    with Terminal(
        command, size=(250, 24), env={name: value, **({"XDG_STATE_HOME": ""} if name == "HOME" else {})}
    ) as t:
        assert t.wait_for_end() == 2
        said = t.text.strip()
    assert said.startswith("adder-tui: ")
    assert name in said
    assert len(said.splitlines()) == 1


def test_the_app_runs_and_ends_well_on_a_folder_that_keeps_nothing() -> None:
    command = [sys.executable, "-m", "adder_tui", "--data-dir", "/proc/adder-tui", "--experiment", "one-pair"]
    with Terminal(command, size=(120, 40)) as terminal:
        terminal.wait_for_text("Nothing will be kept: /proc/adder-tui")
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
        assert b"A fault of ours" not in terminal.output


def test_that_nothing_is_kept_is_said_once_and_stands_in_a_lesson() -> None:
    command = [sys.executable, "-m", "adder_tui", "--data-dir", "/proc/adder-tui", "--lesson", "rule-or-guess"]
    with Terminal(command, size=(120, 40)) as terminal:
        terminal.wait_for_text("Nothing will be kept: /proc/adder-tui")
        terminal.wait_for_text("‖ paused")
        assert "The course goes on" not in terminal.text
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
