"""The app in a real terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.terminal.harness import Terminal
from tests.terminal.person import Person


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Person]]:
    """Start the app, on a run without an end unless other options are given; ``through`` is put before it."""
    with ExitStack() as terminals:

        def run(*options: str, through: tuple[str, ...] = (), size: tuple[int, int] = (80, 24)) -> Person:
            command = [sys.executable, "-m", "adder_tui", "--data-dir", str(tmp_path)]
            options = options or ("--experiment", "many-pairs", "--set", "epochs=10000000")
            terminal = Terminal([*through, *command, *options], size=size)
            return Person(terminals.enter_context(terminal), tmp_path)

        yield run
