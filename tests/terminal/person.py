"""What a person at the terminal does and finds."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from adder_engine.runs.files import read
from adder_tui.storage.run_files import AUTOSAVE
from tests.terminal.harness import Terminal

MOUSE = (1000, 1003, 1006, 1015, 1016)
OTHER_SCREEN = 1049
CURSOR = 25
SEQUENCE = re.compile(rb"\x1b\[[<>=?]?[\d;]*[a-zA-Z]|\x1b\][^\x07]*\x07")


class Person:
    """Sits at a terminal in which the app runs; its data lie in ``folder``."""

    def __init__(self, terminal: Terminal, folder: Path) -> None:
        self.terminal = terminal
        self.autosave = folder / AUTOSAVE

    def wait_until_ready(self) -> None:
        self.terminal.wait_for_text("paused", timeout=60)

    def play(self) -> None:
        """Train at full speed, as runs of so many epochs do, and wait for the first autosave on the way."""
        self.wait_until_ready()
        self.terminal.press("space")
        self.wait_for_autosaves(1)

    def wait_for_autosaves(self, count: int) -> None:
        """Wait until the run has been saved so many times more, further on each time."""
        for _ in range(count):
            self._wait_for_autosave(self.saved_updates)

    def _wait_for_autosave(self, updates: int) -> None:
        self.terminal.wait_for(lambda: self.saved_updates > updates, f"an autosave beyond update {updates}")

    def kill(self, number: signal.Signals) -> None:
        os.kill(self.terminal.pid, number)

    @property
    def saved_updates(self) -> int:
        """How far the run in the autosave has come; 0 while there is none."""
        if not self.autosave.exists():
            return 0
        update: int = read(self.autosave).facts["newest"][0]
        return update

    def finds_the_terminal_whole(self) -> None:
        """Settings as before, no mouse reports, the normal screen, a cursor, and no last words."""
        terminal = self.terminal
        assert terminal.settings_now == terminal.settings
        assert not any(terminal.modes.get(mode) for mode in (*MOUSE, OTHER_SCREEN))
        assert terminal.modes[CURSOR]
        after = bytes(terminal.output).rpartition(b"\x1b[?1049l")[2]
        assert SEQUENCE.sub(b"", after).strip() == b"", after
