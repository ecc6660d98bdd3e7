"""Looking at the app from a test: the screen as text, waiting for it, and goldens of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from adder_engine.experiment import Experiment
from adder_tui.app import AdderApp
from adder_tui.settings import Settings
from tests.tui.fake_session import FakeSession

GOLDENS = Path(__file__).parent / "goldens"
PATIENCE = 60.0
"""Seconds after which a condition counts as never met; a busy machine is slow, not wrong."""


def app_on(session: FakeSession, **settings: Any) -> AdderApp:
    """The app, drawing a session of formulas."""
    return AdderApp(Settings(data_dir=Path("unused"), **settings), session)  # type: ignore[arg-type]


def app_of(pilot: Pilot[None]) -> AdderApp:
    """The app that a pilot drives."""
    app = pilot.app
    assert isinstance(app, AdderApp)
    return app


def preset(name: str) -> FakeSession:
    return FakeSession(Experiment.preset(name))


def screen_text(app: AdderApp) -> str:
    """What the screen shows, without trailing blanks."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


async def until(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Wait until the condition holds."""
    end = time.monotonic() + PATIENCE
    await pilot.pause()
    while not condition():
        assert time.monotonic() < end, f"never came true; the screen:\n{screen_text(pilot.app)}"  # type: ignore[arg-type]
        await asyncio.sleep(0.01)
        await pilot.pause()


async def shows(pilot: Pilot[None], *texts: str) -> None:
    """Wait until all these are on the screen."""
    await until(pilot, lambda: all(text in screen_text(pilot.app) for text in texts))  # type: ignore[arg-type]


async def at_rest(pilot: Pilot[None]) -> None:
    """Wait until the screen stays as it is: a tab shares its rows once its parts are there."""
    before = ""
    while (now := screen_text(app_of(pilot))) != before:
        before = now
        await pilot.pause(0.05)


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys one after the other, each once what the one before asked for has come."""
    for key in keys:
        await pilot.press(key)
        await until(pilot, lambda: all(w.name == "follow" or w.is_finished for w in pilot.app.workers))


def check_golden(name: str, text: str) -> None:
    """Compare with ``tests/tui/goldens/NAME.txt``; with UPDATE_GOLDENS=1 write it instead."""
    path = GOLDENS / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{name} looks different; UPDATE_GOLDENS=1 takes it as it is"
