"""The Network tab: the phases, the diagram, and what is under its cursor; or the trace in their place."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from adder_engine.errors import AdderError
from adder_tui.network.diagram import diagram
from adder_tui.network.edges import ClickTarget
from adder_tui.network.explain import explanation
from adder_tui.network.phase_bar import LADDER_ROWS, ladder_lines
from adder_tui.selection import Direction, Parameter, Selection, moved, number_of
from adder_tui.ui.canvas import Canvas, ViewSource
from adder_tui.ui.line import Line
from adder_tui.ui.tab import Pane
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import ParameterHistory
    from adder_tui.app import AdderApp


DIAGRAM_ROWS = 11
"""What four neurons take with their lower rows; a notice below the stage takes its row from the explanation."""


class LadderLines(Canvas):
    """Where the ladder stands, and what the step did."""

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
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
        self._spots: Sequence[ClickTarget] = ()

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
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

    course: ParameterHistory | None = None
    """The chosen number over the run, once it has been fetched."""

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        return explanation(view, self.course, width, height)


class NetworkPane(Pane):
    """The ladder above, the diagram in the middle, the explanation below."""

    DEFAULT_CSS = f"""
    NetworkPane {{ layout: vertical; }}
    NetworkPane LadderLines {{ height: {LADDER_ROWS}; }}
    NetworkPane NetworkDiagram {{ height: 1fr; }}
    NetworkPane Explanation {{ height: 6; }}
    """

    _explained = 6
    _fetched: tuple[int, int] | None = None
    """The number and the snapshot's version that the course was fetched for."""
    _fetching = False

    @property
    def _app(self) -> AdderApp:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        yield LadderLines(self.source)
        yield NetworkDiagram(self.source, self._app.select)
        yield Explanation(self.source)

    def on_resize(self, event: events.Resize) -> None:
        self._share_rows()

    def redraw(self) -> None:
        self._share_rows()
        self._fetch_course()
        super().redraw()

    def _share_rows(self) -> None:
        height = self.size.height
        rows = 11 if height >= 34 else 8 if height >= 26 else max(3, min(6, height - LADDER_ROWS - DIAGRAM_ROWS))
        if rows != self._explained:  # setting a style lays the whole screen out anew, and repaints it
            self._explained = rows
            self.query_one(Explanation).styles.height = rows

    def switch_trace(self) -> None:
        """Put the trace in the place of diagram and explanation, or those back."""
        from adder_tui.network.trace_view import TraceText

        telling = bool(self.query(TraceText)) and self.query_one(TraceText).display
        for canvas in self.query(Canvas).exclude("LadderLines"):
            canvas.display = telling
        if not self.query(TraceText):
            self.mount(TraceText(self.source))
        self.query_one(TraceText).display = self._app.telling = not telling
        self.call_after_refresh(self._switched)

    def _switched(self) -> None:
        if not self._app.typing():
            self.take_focus()
        self._app.redraw()  # the footer too: it names the way back

    def take_focus(self) -> None:
        """The keys go to the diagram or to the trace, whichever is shown."""
        for canvas in self.query(Canvas):
            if canvas.can_focus and canvas.display:
                canvas.focus(scroll_visible=False)

    # --- the chosen number over the run ----------------------------------------------------------

    def _wanted(self) -> tuple[int, int] | None:
        view = self.source()
        if view.snapshot is None or not isinstance(view.selection, Parameter):
            return None
        chosen = number_of(view.selection, view.experiment)
        return None if chosen is None else (chosen.index, view.snapshot.version)

    def _fetch_course(self) -> None:
        wanted = self._wanted()
        if wanted is not None and wanted != self._fetched and not self._fetching:
            self._fetching = True
            self.run_worker(self._fetch(wanted), name="course")

    async def _fetch(self, wanted: tuple[int, int]) -> None:
        try:
            with contextlib.suppress(AdderError):
                explanation = self.query_one(Explanation)
                explanation.course = await (await self._app.controller.ready()).course(wanted[0])
                explanation.redraw()
        finally:
            self._fetched, self._fetching = wanted, False
        self._fetch_course()
