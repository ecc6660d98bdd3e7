"""The programs that are measured in a terminal: ours, and the hello-world beside it."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from tests.terminal.harness import Terminal

HELLO = b"Hello, world!"
SHELL = b"loading"
"""On the state line, in the shell's first frame."""
CONTENTS = b"off by"
"""Over the watched sums of Train."""
ANSWER = b"1.186"
"""What the untrained network makes of 30 + 70."""
HELP = b"Play or pause the training."

_EPOCH = re.compile(r"epoch ([\d,]+) of")


def hello(*options: str) -> Terminal:
    """Textual's hello-world: ``--input`` with a text field, ``--torch`` with torch imported."""
    return Terminal([sys.executable, str(Path(__file__).with_name("hello.py")), *options])


def adder(folder: Path, *options: str) -> Terminal:
    """Our app with its data under ``folder``, opened on Train, started by the command that people type."""
    return Terminal([str(Path(sys.executable).with_name("adder-tui")), "--data-dir", str(folder), *options])


def endless_adder(folder: Path, preset: str = "many-pairs", rows: int = 10_000) -> Terminal:
    """Our app, paused, with so many epochs ahead that it plays at full speed: ten minutes of them with 10,000 rows."""
    terminal = adder(folder, "--experiment", preset, "--set", "epochs=10000000", "--set", f"data.count={rows}")
    terminal.wait_for_text("paused", timeout=60)
    return terminal


def training_adder(folder: Path) -> Terminal:
    """Our app, training at full speed and settled."""
    terminal = endless_adder(folder)
    terminal.press("space")
    terminal.wait_for_text("playing")
    time.sleep(2)
    return terminal


def epochs_done(terminal: Terminal) -> int:
    """The epoch that the state line of a paused app tells."""
    phrase = _EPOCH.search(terminal.text)
    assert phrase, terminal.text
    return int(phrase[1].replace(",", ""))


def seen_after(terminal: Terminal, start: float, text: bytes, before: int = 0) -> float:
    """Seconds from ``start`` until a text arrived that was written after the first ``before`` bytes."""
    terminal.wait_for(lambda: terminal.output.find(text, before) >= 0, repr(text))
    end = terminal.output.find(text, before) + len(text)
    return next(at for at, count in terminal.arrivals if count >= end) - start
