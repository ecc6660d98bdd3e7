"""The lines around the panes, as widgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events
from textual.message import Message

from adder_tui.render.lines import Line
from adder_tui.render.shell import Spot, footer, notice, tab_line
from adder_tui.render.state import state_line
from adder_tui.render.view import View
from adder_tui.tabs import TABS
from adder_tui.widgets.canvas import Canvas, ViewSource


class Clickable(Canvas):
    """A line of which parts can be clicked."""

    class Clicked(Message):
        """A command was clicked."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    _spots: Sequence[Spot] = ()

    def on_click(self, event: events.Click) -> None:
        for spot in self._spots:
            if spot.start <= event.x < spot.stop:
                self.post_message(self.Clicked(spot.command))


class TabLine(Clickable):
    """Tabs, experiment and run state."""

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        line, self._spots = tab_line(view, TABS, width)
        return [line]


class StateLine(Canvas):
    """Where the run stands."""

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return [state_line(view, width)]


class FooterLine(Clickable):
    """Keys that work now."""

    def __init__(self, source: ViewSource, typing: Callable[[], bool]) -> None:
        super().__init__(source)
        self._typing = typing

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        line, self._spots = footer(view, self._typing(), width)
        return [line]


class NoticeLine(Canvas):
    """One sentence for the person at the keyboard; takes no room when there is none."""

    _rows = 0

    def redraw(self) -> None:
        rows = len(notice(self.view, self.app.size.width))
        if rows != self._rows:  # setting a style lays the whole screen out anew, and repaints it
            self._rows = rows
            self.display = rows > 0
            self.styles.height = max(1, rows)
        super().redraw()

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return notice(view, width)
