"""Time from a key until its effect reaches the screen while training, beside an idle hello-world's text field."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, percentile
from benchmarks.programs import HELLO, HELP, hello, seen_after, training_adder
from tests.terminal.harness import Terminal

WORDS = 12
"""Words typed in a row; each of :data:`LETTERS` is looked for in what is written after its key."""
LETTERS = "QZWXVJGYKU"
"""Neither on the screens nor in the terminal's language."""
HELPS = 30


def measure() -> Iterator[Figure]:
    with hello("--input") as terminal:
        seen_after(terminal, terminal.started, HELLO)
        rival = _typing(terminal)
    with tempfile.TemporaryDirectory() as folder, training_adder(Path(folder)) as terminal:
        helps = _help(terminal)
        terminal.press("/")
        ours = _typing(terminal)
        terminal.press("escape")
        terminal.wait_for_text("q quit")
        terminal.press("2")
        terminal.wait_for_text("own loss")
        terminal.press("/")
        picture = _typing(terminal)
    yield Figure("key to screen, median", percentile(ours, 0.5), "ms", rival=percentile(rival, 0.5))
    yield _within("key to screen, 99th percentile", ours, 15.0)
    yield Figure(
        "the same beside hello-world's", percentile(ours, 0.99), "ms", rival=percentile(rival, 0.99), limit=3.0
    )
    yield _within("key beside the picture, 99th percentile", picture, 50.0)
    yield _within("? to help, 99th percentile", helps, 30.0)


def _within(name: str, milliseconds: list[float], limit: float) -> Figure:
    return Figure(name, percentile(milliseconds, 0.99), "ms", limit=limit)


def _typing(terminal: Terminal) -> list[float]:
    waits = []
    for _ in range(WORDS):
        waits += [_wait(terminal, letter, letter.encode()) for letter in LETTERS]
        terminal.press(*["backspace"] * len(LETTERS))
        time.sleep(0.3)
    return waits


def _help(terminal: Terminal) -> list[float]:
    waits = []
    for _ in range(HELPS):
        waits.append(_wait(terminal, "?", HELP))
        terminal.press("escape")
        time.sleep(0.4)
    return waits


def _wait(terminal: Terminal, key: str, effect: bytes) -> float:
    """Press a key; milliseconds until its effect is written."""
    before, start = len(terminal.output), time.perf_counter()
    terminal.press(key)
    waited = 1000 * seen_after(terminal, start, effect, before)
    time.sleep(0.03)
    return waited
