"""What crosses the wire at 80x24: while training at full speed, and when nothing happens."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.programs import training_adder
from tests.terminal.harness import Terminal

TRAINING_SECONDS, FIRST_SECONDS, IDLE_SECONDS = 15.0, 2.0, 5.0
"""The first ones are those in which a network changes most."""


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, training_adder(Path(folder)) as terminal:
        training = _bytes_in(terminal, TRAINING_SECONDS)
        terminal.press("2")
        terminal.wait_for_text("want")
        time.sleep(2)
        picture = _bytes_in(terminal, TRAINING_SECONDS)
        terminal.press("space")
        terminal.wait_for_text("paused")
        time.sleep(2)
        idle = _bytes_in(terminal, IDLE_SECONDS)
        terminal.press("r")
        terminal.wait_for_text("epoch 0 of")
        terminal.press("space")
        first = _bytes_in(terminal, FIRST_SECONDS)
    yield Figure("traffic while training", training / TRAINING_SECONDS / 1024, "KiB/s", limit=40.0)
    yield Figure("traffic of the picture", picture / TRAINING_SECONDS / 1024, "KiB/s", limit=25.0)
    yield Figure("traffic of the picture at first", first / FIRST_SECONDS / 1024, "KiB/s", limit=25.0)
    yield Figure("traffic when idle", idle, "bytes", limit=0.0)


def _bytes_in(terminal: Terminal, seconds: float) -> int:
    before = len(terminal.output)
    time.sleep(seconds)
    return len(terminal.output) - before
