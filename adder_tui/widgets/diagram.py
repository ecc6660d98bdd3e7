"""The drawings of the Network tab, as widgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from adder_tui.cursor import Direction, moved
from adder_tui.render.diagram import diagram
from adder_tui.render.explain import explanation
from adder_tui.render.ladder import ladder_lines
from adder_tui.render.lines import Line
from adder_tui.render.sheet import Spot
from adder_tui.render.view import View
from adder_tui.selection import Selection
from adder_tui.widgets.canvas import Canvas, ViewSource

if TYPE_CHECKING:
    from adder_engine.snapshot import Course


class LadderLines(Canvas):
    """Where the ladder stands, and what the step did."""

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return ladder_lines(view, width)[:height]


class NetworkDiagram(Canvas, can_focus=True):
    """The network; the arrow keys and a click choose in it.

    Args:
        select: takes the neuron or number that the cursor moves to.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move('up')", show=False),
        Binding("down", "move('down')", show=False),
        Binding("left", "move('left')", show=False),
        Binding("right", "move('right')", show=False),
        Binding("pageup", "move('up', 8)", show=False),
        Binding("pagedown", "move('down', 8)", show=False),
    ]

    def __init__(self, source: ViewSource, select: Callable[[Selection], None]) -> None:
        super().__init__(source)
        self._select = select
        self._spots: Sequence[Spot] = ()

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        drawn = diagram(view, width, height)
        self._spots = drawn.spots
        return drawn.lines

    def action_move(self, direction: Direction, by: int = 1) -> None:
        """Move the cursor."""
        view = self.view
        self._select(moved(view.selection, direction, view.experiment, by))

    def on_click(self, event: events.Click) -> None:
        for spot in self._spots:
            if spot.y == event.y and spot.x <= event.x < spot.x + spot.width:
                self._select(spot.selection)
                return


class Explanation(Canvas):
    """What is chosen, explained with live numbers."""

    course: Course | None = None
    """The chosen number over the run, once it has been fetched."""

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return explanation(view, self.course, width, height)
