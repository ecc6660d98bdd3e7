"""Draws the README's pictures from the running program: ``make pictures``."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from adder_engine import Experiment
from adder_tui.app import AdderApp
from adder_tui.settings import Settings

SIZE = (100, 30)
HERE = Path(__file__).parent


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    """Wait for something to become true on the screen."""
    while not true():
        await pilot.pause(0.02)


async def draw() -> None:
    """Play the first preset for a while, step, and save what the screen shows."""
    with tempfile.TemporaryDirectory() as folder:
        app = AdderApp(Settings(data_dir=Path(folder), experiment=Experiment.preset("one-pair")))
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: app.snapshot is not None)
            session = await app.player.ready()
            app.show(await session.step("epoch", 1100))
            await pilot.press("4")
            await pilot.pause()
            save(app, "train.svg", "adder-tui: Train")
            app.show(await session.seek(0))
            await pilot.press("2")
            app.show(await session.step("update", 3))
            await pilot.pause(0.2)
            save(app, "network.svg", "adder-tui: Network")
            await app.player.close()


def save(app: AdderApp, name: str, title: str) -> None:
    """Write the screen as SVG, without the web fonts that Textual would have it fetch."""
    svg = re.sub(r"@font-face \{.*?\}", "", app.export_screenshot(title=title), flags=re.DOTALL)
    (HERE / name).write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(draw())
