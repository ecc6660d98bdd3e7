"""Draws the README's pictures from the running program: ``make pictures``."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path

from textual.pilot import Pilot

from adder_engine import Experiment
from adder_tui.app import AdderApp
from adder_tui.explore.tab import ExploreCanvas, ExplorePane
from adder_tui.settings import Settings
from docs.animation import animated
from tests.terminal.harness import Terminal
from tests.tui.screens import screen_text

SIZE = (100, 30)
HERE = Path(__file__).parent
BLANK = "&#160;"
TEXT = re.compile(
    r'<text class="(?P<style>[^"]*)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)"'
    r' textLength="(?P<length>[\d.]+)"(?P<rest>[^>]*)>(?P<words>[^<]*)</text>'
)


LEARNING = 11.0
"""Seconds of the recording: one before it learns, and ten of learning."""


def record() -> None:
    """Record the Network tab while the network learns, as one sees it over SSH, and save it as an animation."""
    with tempfile.TemporaryDirectory() as folder:
        cast = Path(folder) / "learning.cast"
        options = ("--data-dir", folder, "--experiment", "many-pairs", "--record", str(cast))
        with Terminal([str(Path(sys.executable).with_name("adder-tui")), *options]) as terminal:
            terminal.wait_for_text("paused", timeout=60)
            terminal.press("2")
            terminal.wait_for_text("own loss")
            time.sleep(0.5)
            begin = json.loads(cast.read_text(encoding="utf-8").splitlines()[-1])[0]
            time.sleep(0.5)
            terminal.press("space")
            time.sleep(LEARNING)
            terminal.press("q")
            terminal.wait_for_end()
        (HERE / "learning.svg").write_text(animated(cast, begin, LEARNING, rate=4), encoding="utf-8")


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    """Wait for something to become true on the screen."""
    while not true():
        await pilot.pause(0.02)


async def draw() -> None:
    """Save what the screen shows: of the first preset the loss and a neuron, of many pairs the error far out."""
    with tempfile.TemporaryDirectory() as folder:
        app = AdderApp(Settings(data_dir=Path(folder), experiment=Experiment.preset("one-pair")))
        async with app.run_test(size=SIZE) as pilot:
            await until(pilot, lambda: app.snapshot is not None)
            session = await app.controller.ready()
            app.show(await session.step("epoch", 1100))
            await pilot.press("4")
            await pilot.pause()
            save(app, "train.svg", "adder-tui: Train")
            app.show(await session.seek(0))
            await pilot.press("2")
            app.show(await session.step("update", 3))
            await pilot.pause(0.2)
            save(app, "network.svg", "adder-tui: Network")
            app.show(await session.load(Experiment.preset("many-pairs")))
            app.show(await session.step("epoch", 1000))
            await pilot.press("5")
            canvas, pane = app.query_one(ExploreCanvas), app.query_one(ExplorePane)
            await until(pilot, lambda: canvas.explore_state.found.plane is not None and not pane.waiting)
            await pilot.press("minus", "minus")
            await until(pilot, lambda: not pane.waiting)
            save(app, "explore.svg", "adder-tui: Explore")
            await app.controller.close()
        await draw_lesson(Path(folder) / "lesson")


async def draw_lesson(folder: Path) -> None:
    """Save a worked example whose first blank is to be filled, after a wrong try."""
    app = AdderApp(Settings(data_dir=folder, lesson="forward-by-hand"))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: app.lesson is not None and app.snapshot is not None)
        await pilot.press("enter")
        await until(pilot, app.typing)
        await pilot.press("4", "0", "enter")
        await until(pilot, lambda: "task 1" in screen_text(app))
        await pilot.press(*"40.5", "enter")
        await until(pilot, lambda: "the bias is missing" in screen_text(app))
        save(app, "learn.svg", "adder-tui: Learn")
        await app.controller.close()


def save(app: AdderApp, name: str, title: str) -> None:
    """Write the screen as SVG, without the web fonts that Textual would have it fetch."""
    svg = re.sub(r"@font-face \{.*?\}", "", app.export_screenshot(title=title), flags=re.DOTALL)
    svg = TEXT.sub(without_blanks, svg)
    (HERE / name).write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", encoding="utf-8")


def without_blanks(text: re.Match[str]) -> str:
    """A piece of text without the blanks around it, some of which not every viewer draws, at the same place."""
    words = text["words"].replace(BLANK, " ")
    shown = words.strip()
    if not shown:
        return ""
    column = float(text["length"]) / len(unescape(words))
    x = float(text["x"]) + column * (len(words) - len(words.lstrip()))
    length = column * len(unescape(shown))
    start = f'<text class="{text["style"]}" x="{x:.1f}" y="{text["y"]}" textLength="{length:.1f}"{text["rest"]}>'
    return start + shown.replace(" ", BLANK) + "</text>"


if __name__ == "__main__":
    record()
    asyncio.run(draw())
