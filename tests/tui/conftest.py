"""Every test of the app sees a terminal of 256 colours, whatever it runs in, and waits for the screen alone."""

import asyncio
import time
from collections.abc import Iterator

import pytest
import textual.app
import textual.pilot

from adder_engine.experiment import Experiment
from adder_engine.session import Session

GLANCE = 0.004
"""Seconds between two looks at whether the screen's thread still works."""


async def wait_for_idle(min_sleep: float = GLANCE, max_sleep: float = 1.0) -> None:
    """Wait until the screen's thread rests, at most ``max_sleep`` seconds.

    In place of Textual's, which looks at the whole process: while the engine trains, that waits a second for each key.
    """
    end = time.monotonic() + max_sleep
    worked = GLANCE
    while worked > GLANCE / 8 and time.monotonic() < end:
        before = time.thread_time()
        await asyncio.sleep(GLANCE)
        worked = time.thread_time() - before


textual.app.wait_for_idle = textual.pilot.wait_for_idle = wait_for_idle  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def terminal_of_256_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("COLORTERM", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """A session with an engine, shared by a file's tests: each begins a run of its own on it."""
    session = Session(Experiment.preset("one-pair"))
    yield session
    session.close_now()
