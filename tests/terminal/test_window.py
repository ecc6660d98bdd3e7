from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.terminal.harness import Terminal
from tests.terminal.person import Person

Start = Callable[..., Person]
pytestmark = pytest.mark.slow


def test_a_resize_while_training_redraws_for_the_new_size(start: Start) -> None:
    person = start()
    person.play()
    terminal = person.terminal
    for columns, rows in ((120, 40), (80, 24), (60, 20), (132, 50)):
        terminal.resize(columns, rows)
        wait_for_prompt_at_the_foot(terminal, rows)
    assert b"Traceback" not in terminal.output


def test_a_tiny_window_says_so_and_the_run_goes_on(start: Start) -> None:
    person = start()
    person.play()
    terminal = person.terminal
    terminal.resize(20, 5)
    terminal.wait_for_text("20x5")
    person.wait_for_autosaves(1)
    terminal.resize(80, 24)
    terminal.wait_for(lambda: "20x5" not in terminal.text and "playing" in terminal.text, "the app again")
    terminal.press("q")
    assert terminal.wait_for_end() == 0
    person.finds_the_terminal_whole()


def test_an_idle_app_writes_nothing_and_answers_a_key(start: Start) -> None:
    person = start()
    person.wait_until_ready()
    terminal = person.terminal
    quiet_for(terminal, 2.0)
    written = len(terminal.output)
    terminal.press("?")
    assert terminal.wait_for_bytes(written, timeout=10) is not None


def wait_for_prompt_at_the_foot(terminal: Terminal, rows: int) -> None:
    terminal.wait_for(
        lambda: "sum" in "\n".join(terminal.text.split("\n")[rows - 4 : rows]), f"the prompt at the foot of {rows} rows"
    )


def quiet_for(terminal: Terminal, seconds: float) -> None:
    """Wait until nothing has been written for so long."""
    terminal.wait_for(
        lambda: time.perf_counter() - terminal.arrivals[-1][0] > seconds, f"{seconds:g} s of silence", timeout=20
    )
