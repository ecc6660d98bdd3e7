"""What is on the screen goes to the terminal's clipboard, by a key and by the mouse."""

from __future__ import annotations

import pytest
from textual import events
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.widget import Widget

from adder_tui.network.tab import NetworkDiagram
from adder_tui.selection import Neuron
from adder_tui.ui.picture import picture
from tests.tui.screens import app_on, preset, screen_text, shows, until


@pytest.mark.parametrize(("key", "tab", "there"), [("2", "Network", "output"), ("4", "Train", "optimizer")])
@pytest.mark.parametrize("typing", [False, True])
async def test_ctrl_y_copies_the_tab_in_front_as_it_stands_on_the_screen(
    key: str, tab: str, there: str, typing: bool
) -> None:
    app = app_on(preset("many-pairs").at(412))
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "epoch 412 of 2,000")
        await pilot.press(key)
        await shows(pilot, there)
        if typing:
            await pilot.press("slash")
            await until(pilot, app.typing)
        before = screen_text(app).splitlines()
        await pilot.press("ctrl+y")
        await shows(pilot, "to your terminal's clipboard.")
        copied = app.clipboard.splitlines()
        assert f"Sent {tab} as text, {len(copied)} lines, to" in screen_text(app)
        assert copied == before[1 : 1 + len(copied)] != []


@pytest.mark.parametrize(("key", "there"), [("e", "Nothing is changed yet."), ("question_mark", "Go back to the")])
async def test_ctrl_y_in_a_window_copies_the_window_and_says_so_there(key: str, there: str) -> None:
    app = app_on(preset("many-pairs").at(412))
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "epoch 412 of 2,000")
        await pilot.press(key)
        await shows(pilot, there)
        before = screen_text(app)
        await pilot.press("ctrl+y")
        await shows(pilot, "Sent this window as text", "to your terminal's clipboard.")
        assert app.clipboard == before.strip("\n")
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)


async def drag(pilot: Pilot[None], over: Widget, first: tuple[int, int], last: tuple[int, int]) -> None:
    """Move the mouse from one cell of a widget to another with its button held."""
    await pilot.mouse_down(over, offset=first)
    for x, y in (first, last):
        at = over.region.offset + Offset(x, y)
        event = events.MouseMove(over, x, y, 0, 0, 1, False, False, False, at.x, at.y)
        pilot.app.screen._forward_event(event)
        await pilot.pause()
    await pilot.mouse_up(over, offset=last)
    await pilot.pause()


async def test_what_the_mouse_is_drawn_over_is_marked_and_copied_and_chooses_nothing() -> None:
    app = app_on(preset("many-pairs").at(412))
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "epoch 412 of 2,000")
        await pilot.press("2")
        await shows(pilot, "forward")
        diagram = app.query_one(NetworkDiagram)
        chosen, rows = app.selection, [line.plain for line in diagram.shown]
        await drag(pilot, diagram, (60, 9), (30, 6))  # upwards is as good as downwards
        wanted = [rows[6][30:].rstrip(), rows[7].rstrip(), rows[8].rstrip(), rows[9][:61].rstrip()]
        assert app.clipboard.splitlines() == wanted
        assert app.selection == chosen
        await shows(pilot, "Sent what you marked as text, 4 lines, to your terminal's clipboard.")
        strips = app.screen._compositor.render_strips()
        assert not any(part.style and part.style.reverse for strip in strips for part in strip)
        spot = next(spot for spot in picture(app.view(), *diagram.size).spots if spot.chosen == Neuron(2, 2))
        await pilot.click(diagram, offset=(spot.x, spot.y))
        assert app.selection == Neuron(2, 2)
