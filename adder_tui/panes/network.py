"""The Network tab: the ladder, the diagram, and what is under its cursor; or the trace in their place."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult

from adder_engine.errors import AdderError
from adder_tui.cursor import number_of
from adder_tui.panes.pane import Pane
from adder_tui.render.ladder import LADDER_ROWS
from adder_tui.selection import Parameter
from adder_tui.widgets.canvas import Canvas
from adder_tui.widgets.diagram import Explanation, LadderLines, NetworkDiagram

if TYPE_CHECKING:
    from adder_tui.app import AdderApp

DIAGRAM_ROWS = 11
"""What four neurons take with their lower rows; a notice below the stage takes its row from the explanation."""


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
        from adder_tui.widgets.trace import TraceText

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
                explanation.course = await (await self._app.player.ready()).course(wanted[0])
                explanation.redraw()
        finally:
            self._fetched, self._fetching = wanted, False
        self._fetch_course()
