"""Memory of the training app, beside a hello-world that has imported torch."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.programs import ANSWER, HELLO, adder, hello, seen_after, training_adder
from tests.terminal.harness import Terminal

SETTLING_SECONDS, TRAINING_SECONDS = 1.0, 10.0


def measure() -> Iterator[Figure]:
    with hello("--torch") as terminal:
        seen_after(terminal, terminal.started, HELLO)
        rival = resident(terminal)
    with tempfile.TemporaryDirectory() as folder, adder(Path(folder), "--experiment", "one-pair") as terminal:
        seen_after(terminal, terminal.started, ANSWER)
        time.sleep(SETTLING_SECONDS)
        standing = resident(terminal)
    with tempfile.TemporaryDirectory() as folder, training_adder(Path(folder)) as terminal:
        time.sleep(TRAINING_SECONDS)
        training = resident(terminal)
    yield Figure("memory at the first answer", standing, "MiB", limit=190.0)
    yield Figure("memory while training", training, "MiB", rival=rival)


def resident(terminal: Terminal) -> float:
    """Resident memory in MiB."""
    phrase = subprocess.run(["ps", "-o", "rss=", "-p", str(terminal.pid)], capture_output=True, text=True, check=True)
    return int(phrase.stdout) / 1024
