"""Training speed inside the app, at full speed in a terminal, beside a session that nobody watches."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from adder_engine import Experiment
from adder_engine.session import Session
from benchmarks.figures import Figure, median
from benchmarks.programs import endless_adder, epochs_done
from tests.terminal.harness import Terminal

PRESETS = ("one-pair", "many-pairs")
PAIRS = 5
PLAY_SECONDS = 1.0
"""So short that one-pair does not come to its end in all the blocks together."""


def measure() -> Iterator[Figure]:
    for preset in PRESETS:
        with tempfile.TemporaryDirectory() as folder, endless_adder(Path(folder), preset) as terminal:
            blocks = asyncio.run(_by_turns(terminal, preset))
        yield Figure(
            f"app attached, {preset}",
            median([a for a, _ in blocks]),
            "updates/s",
            rival=median([b for _, b in blocks]),
            ratio=median([a / b for a, b in blocks]),
            limit=0.95,
            at_least=True,
        )


async def _by_turns(terminal: Terminal, preset: str) -> list[tuple[float, float]]:
    """Updates a second of the app and of the bare session, one playing while the other is paused."""
    session = Session(Experiment.preset(preset).replace(epochs=10_000_000))
    await session.snapshot()
    blocks = [(_speed_in_app(terminal), await _speed_of(session)) for _ in range(PAIRS + 1)][1:]
    await session.close()
    return blocks


async def _speed_of(session: Session) -> float:
    before = (await session.snapshot()).epoch
    start = time.perf_counter()
    await session.play()
    await asyncio.sleep(PLAY_SECONDS)
    after = (await session.pause()).epoch
    return (after - before) / (time.perf_counter() - start)


def _speed_in_app(terminal: Terminal) -> float:
    """From the epochs that the app tells while it is paused."""
    before = epochs_done(terminal)
    start = time.perf_counter()
    terminal.press("space")
    time.sleep(PLAY_SECONDS)
    terminal.press("space")
    elapsed = time.perf_counter() - start
    terminal.wait_for_text("paused")
    return (epochs_done(terminal) - before) / elapsed
