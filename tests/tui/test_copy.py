"""What is on the screen goes to the terminal's clipboard, by a key and by the mouse."""

from __future__ import annotations

import pytest
from textual import events
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.widget import Widget

from adder_engine.session import Session
from adder_tui.network.tab import NetworkDiagram
from adder_tui.selection import Neuron
from adder_tui.ui.heatmap import HALF, PLANE, SIGNS, letter_of
from adder_tui.ui.line import Line, Tone
from adder_tui.ui.picture import picture
from tests.tui.network.test_network_tab import network
from tests.tui.screens import app_of, app_on, at_rest, preset, screen_text, shows, until


def blurred(row: str) -> str:
    """A row in which tiles by colours and tiles by letters look the same."""
    return row.ljust(120).translate(str.maketrans(dict.fromkeys(HALF + SIGNS + PLANE + " ", "?")))


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
        await at_rest(pilot)
        before = screen_text(app).splitlines()
        await pilot.press("ctrl+y")
        await shows(pilot, "to your terminal's clipboard.")
        copied = app.clipboard.splitlines()
        assert f"Sent {tab} as text, {len(copied)} lines, to" in screen_text(app)
        assert [blurred(row) for row in copied] == [blurred(row) for row in before[1 : 1 + len(copied)]] != []


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


def in_letters(line: Line) -> str:
    """A row whose tiles are told by letters, for a copy has no colours."""
    cells = [
        letter_of(role)
        if isinstance(role, Tone) and role.scale in ("tile", "plane") and character in (HALF, " ")
        else character
        for character, role in line.cells()
    ]
    return "".join(cells)


async def test_a_copied_picture_tells_by_letters_what_its_tiles_tell_by_colours(session: Session) -> None:
    async with network(session, drawn_as="picture") as pilot:
        app = app_of(pilot)
        await shows(pilot, "own loss")
        diagram = app.query_one(NetworkDiagram)
        await pilot.press("ctrl+y")
        await until(pilot, lambda: app.clipboard)
        rows, shown = app.clipboard.splitlines(), [line.plain for line in diagram.shown]
        assert HALF not in app.clipboard
        top = next(i for i, row in enumerate(rows) if "a = 30" in row)
        top -= next(i for i, row in enumerate(shown) if "a = 30" in row)
        tile = picture(app.view(), *diagram.size).layout.columns[-1][0]
        copied = [row[tile.x : tile.end] for row in rows[top + tile.y : top + tile.y + tile.height]]
        assert copied == [in_letters(line)[tile.x : tile.end] for line in diagram.shown[tile.y : tile.y + tile.height]]
        assert len(set("".join(copied)) & set(SIGNS)) > 3


async def test_what_the_mouse_is_drawn_over_is_marked_and_copied_and_chooses_nothing() -> None:
    app = app_on(preset("many-pairs").at(412))
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "epoch 412 of 2,000")
        await pilot.press("2")
        await shows(pilot, "forward")
        await at_rest(pilot)
        diagram = app.query_one(NetworkDiagram)
        chosen, rows = app.selection, [in_letters(line) for line in diagram.shown]
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
