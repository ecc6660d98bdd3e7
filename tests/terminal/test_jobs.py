"""Ctrl+Z, fg and bg, in a shell with job control."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.harness import Terminal
from tests.terminal.person import OTHER_SCREEN, Person

pytestmark = pytest.mark.slow


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Person]:
    """A person at a shell's prompt who has started the app, and waited until it is ready."""
    with Terminal(["bash", "--norc", "--noprofile", "-i"], env={"PS1": "shell> "}) as terminal:
        terminal.wait_for_text("shell>")
        options = ["--data-dir", str(tmp_path), "--experiment", "many-pairs", "--set", "epochs=10000000"]
        terminal.press(shlex.join([sys.executable, "-m", "adder_tui", *options]), "enter")
        person = Person(terminal, tmp_path)
        person.wait_until_ready()
        yield person


def suspend(terminal: Terminal) -> None:
    terminal.press("ctrl+z")
    terminal.wait_for(lambda: not terminal.modes.get(OTHER_SCREEN), "the shell's screen")


def run(terminal: Terminal, line: str, phrase: str) -> None:
    """Type a line at the shell's prompt, and wait for what it tells."""
    before = len(terminal.output)
    terminal.press(line, "enter")
    line_begins = re.compile(rb"[\r\n]" + re.escape(phrase.encode()))
    terminal.wait_for(lambda: line_begins.search(terminal.output, before), phrase)


def test_ctrl_z_gives_the_terminal_back_and_fg_goes_on(shell: Person) -> None:
    terminal = shell.terminal
    suspend(terminal)
    run(terminal, "echo $((6 * 7))", "42")
    assert not any(terminal.modes.get(mode) for mode in (1000, 1003, 1049))
    terminal.press("fg", "enter")
    terminal.wait_for(lambda: terminal.modes.get(OTHER_SCREEN), "the app's screen")
    shell.play()
    terminal.press("q")
    terminal.wait_for(lambda: not terminal.modes.get(OTHER_SCREEN), "the shell's screen")
    # Not before there is a prompt: what is typed while the app tidies up is not the shell's.
    terminal.wait_for(lambda: b"shell>" in terminal.output.rpartition(b"\x1b[?1049l")[2], "the shell's prompt")
    run(terminal, "echo code=$?", "code=0")


def test_a_suspended_app_in_the_background_leaves_the_terminal_to_the_shell(shell: Person) -> None:
    terminal = shell.terminal
    suspend(terminal)
    terminal.press("bg", "enter")
    run(terminal, "until jobs | grep Stopped; do :; done; echo asleep", "asleep")
    assert not terminal.modes.get(OTHER_SCREEN)
    terminal.press("fg", "enter")
    terminal.wait_for(lambda: terminal.modes.get(OTHER_SCREEN), "the app's screen")
    shell.play()


def test_a_suspended_app_that_is_killed_saves_and_does_not_touch_the_shells_terminal(shell: Person) -> None:
    shell.play()
    terminal = shell.terminal
    suspend(terminal)
    before = shell.saved_updates
    written = terminal.output.count(b"\x1b[?1049")
    run(terminal, "kill %1; while jobs %1; do :; done 2>&-; echo gone", "gone")
    assert b"Exit 143" in terminal.output
    assert terminal.output.count(b"\x1b[?1049") == written
    assert shell.saved_updates >= before


def test_ctrl_z_without_a_shell_does_not_stop_the_app_for_good(tmp_path: Path) -> None:
    options = ["--data-dir", str(tmp_path), "--experiment", "many-pairs", "--set", "epochs=10000000"]
    with Terminal([sys.executable, "-m", "adder_tui", *options]) as terminal:
        person = Person(terminal, tmp_path)
        person.wait_until_ready()
        terminal.press("ctrl+z")
        terminal.wait_for(lambda: terminal.output.count(b"\x1b[?1049h") == 2, "the app's screen again")
        person.play()
