"""What is sent to the terminal: the cells that changed, and of large drawings no more than a line takes."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate
from textual.app import App, ComposeResult
from textual.strip import Strip

from adder_tui.ui.canvas import Costly, Pane, Thrifty
from adder_tui.ui.line import Line
from adder_tui.ui.theme import COLOURS, textual_theme
from adder_tui.ui.view import ViewState
from tests.tui.views import view_of

PAUSED = view_of()


def test_of_a_row_only_the_cells_that_changed_are_sent() -> None:
    row = {0: Strip([Segment("abcdefgh")], 8), 8: Strip([Segment("ijklmnop")], 8)}
    update = ChopsUpdate([row], [(0, 2, 3), (0, 6, 10), (0, 15, 16)], [[8, 16]])
    sent = update.render_segments(Console())
    assert re.findall(r"\x1b\[1;(\d+)H([a-z]+)", sent) == [("3", "c"), ("7", "gh"), ("9", "ij"), ("16", "p")]


async def test_a_thrifty_drawing_rests_while_it_plays_but_shows_a_choice_and_the_end_at_once() -> None:
    assert PAUSED.snapshot is not None
    playing = replace(PAUSED, snapshot=replace(PAUSED.snapshot, status="playing"))
    now = [playing, "a"]

    class Large(Thrifty[Sequence[Line]]):
        def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
            return [Line.of(str(now[1]) * width)] * height

    class Screen(App[None]):
        def compose(self) -> ComposeResult:
            yield Large(lambda: now[0])  # type: ignore[arg-type, return-value]

    app = Screen()
    app.register_theme(textual_theme(theme := next(iter(COLOURS))))
    app.theme = theme
    async with app.run_test(size=(400, 200)) as pilot:
        await pilot.pause()
        large = app.query_one(Large)
        seen = []
        for view, letter in (
            (playing, "b"),
            (playing, "c"),
            (replace(playing, step_size="phase"), "d"),
            (PAUSED, "e"),
        ):
            now[:] = [view, letter]
            large.redraw()
            seen.append(large.shown[0].plain[0])
        assert seen == ["b", "b", "d", "e"]


async def draw_ahead(pane: Pane) -> None:
    for make in pane.ahead():
        await asyncio.to_thread(make)


async def test_a_costly_drawing_is_made_in_another_thread_and_dropped_where_anything_has_changed_by_then() -> None:
    assert PAUSED.snapshot is not None
    now, makers = [PAUSED], list[bool]()

    class Chart(Costly[Sequence[Line]]):
        own = "whole"
        draw = Costly.made

        def hangs_on(self, view: ViewState) -> object:
            return self.own, super().hangs_on(view)

        def make(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
            makers.append(threading.current_thread() is threading.main_thread())
            if view.notice == "broken":
                raise ValueError
            assert view.snapshot is not None
            return [Line.of(f"{view.snapshot.version} {view.step_size} {self.own}".ljust(width))] * height

    class Screen(App[None]):
        def compose(self) -> ComposeResult:
            with Pane(lambda: now[0], id="pane"):
                yield Chart(lambda: now[0])

    app = Screen()
    app.register_theme(textual_theme(theme := next(iter(COLOURS))))
    app.theme = theme
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.pause()
        chart, pane = app.query_one(Chart), app.query_one(Pane)
        for version, change, own, made in (
            (1, {}, "whole", [False]),
            (2, {"notice": "said meanwhile"}, "whole", [False]),
            (3, {"step_size": "phase"}, "whole", [False, True]),
            (4, {}, "last tenth", [False, True]),
            (5, {"notice": "said meanwhile"}, "last tenth", [False]),
        ):
            makers.clear()
            snapshot = replace(PAUSED.snapshot, version=version)
            now[0] = replace(now[0], snapshot=snapshot)
            await draw_ahead(pane)
            now[0], chart.own = replace(now[0], **change), own
            chart.redraw()
            assert makers == made
            assert chart.shown[0].plain.split() == f"{version} {now[0].step_size} {own}".split()
        now[0] = replace(now[0], notice="broken")
        await draw_ahead(pane)  # what cannot be drawn is told where it is shown
