"""The trace as text, in a widget that scrolls, follows the phases, and can be copied and written to a file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import events

from adder_engine.disk import write_whole
from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_tui.network.trace_forward import TraceLines, tell, trace_header
from adder_tui.selection import Neuron, Selection, focus_of
from adder_tui.storage.data_dir import make_data_dir
from adder_tui.ui.asked_once import AskedOnce
from adder_tui.ui.canvas import WHEEL_ROWS, Canvas, ViewSource, hidden
from adder_tui.ui.line import Line, wrapped
from adder_tui.ui.numbers import count
from adder_tui.ui.phrases import FULL_DIGITS, SHORT_DIGITS, NumberFormat
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Position, Snapshot
    from adder_engine.trace import Trace


PLAIN_WIDTH = 160
"""Columns of the text that is copied or written: room for every column of the step's table."""
HEADER = 1
MOST_FILES = 1_000
"""Files of one name that are told apart by a number."""


class TraceText(Canvas, can_focus=True):
    """One example's way in words and numbers; up and down scroll, left and right choose another neuron.

    Args:
        ready: gives the session.
        select: takes the neuron that is chosen.
    """

    BINDINGS = hidden(
        up="scroll(-1)", down="scroll(1)", pageup="page(-1)", pagedown="page(1)", left="neuron(-1)", right="neuron(1)",
        tab="section(1)", shift_tab="section(-1)", escape="follow(None)",
    )  # fmt: skip

    keyed = True
    """Whether its header tells the keys of the Network tab, which work there."""

    def __init__(
        self, source: ViewSource, ready: Callable[[], Awaitable[Session]], select: Callable[[Selection], None]
    ) -> None:
        super().__init__(source)
        self._ready, self._select = ready, select
        self.full = False
        """Whether numbers are shown with all the digits that they have."""
        self.row: int | None = None
        """The row of the data that is followed; None for the current sum."""
        self._row_trace: tuple[Snapshot, Trace] | None = None
        self._asked = AskedOnce(self.run_worker, self._fetch, self.redraw)
        """Of a row, at a version of the snapshot."""
        self._refusal = ""
        """Why there is no trace of the row, in one sentence."""
        self._top = 0
        self._followed: Position | None = None
        self._trace_lines: tuple[object, TraceLines] | None = None

    # --- drawing ---------------------------------------------------------------------------------

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        glyphs = view.glyphs
        current, trace_lines = self._current(view), self._tell(view, width - 1)
        if current is None or trace_lines is None:
            words = self._refusal or f"{tr('loading')}{glyphs.ellipsis}"
            if view.snapshot is not None and not self._refusal:
                words = tr("A row's way is shown while training stands still: space pauses it.")
            rows = wrapped(glyphs.text(words), max(10, width - 2))
            header = trace_header(self.row, self._digits, 0, 0, width, glyphs)
            return [header, Line(), *(Line.of("  " + row).fit(width) for row in rows)]
        rows_in_sight = max(1, height - HEADER)
        self._follow(current[0], trace_lines, rows_in_sight)
        self._top = max(0, min(self._top, len(trace_lines) - rows_in_sight))
        last = min(len(trace_lines), self._top + rows_in_sight)
        lines = [trace_lines.line(i).fit(width, glyphs.ellipsis) for i in range(self._top, last)]
        return [trace_header(self.row, self._digits, last, len(trace_lines), width, glyphs, self.keyed), *lines]

    @property
    def _digits(self) -> int:
        return FULL_DIGITS if self.full else SHORT_DIGITS

    def _current(self, view: ViewState) -> tuple[Snapshot, Trace] | None:
        """The snapshot and the trace that belong together."""
        if self.row is not None:
            return self._row_trace
        snapshot = view.snapshot
        return None if snapshot is None or snapshot.trace is None else (snapshot, snapshot.trace)

    def _tell(self, view: ViewState, width: int) -> TraceLines | None:
        current = self._current(view)
        if current is None or width < 20 or self._refusal:
            return None
        snapshot, trace = current
        forward = not view.met("gradient")
        key = (snapshot.version, id(trace), view.selection, self.full, width, view.glyphs.ascii, forward)
        if self._trace_lines is None or self._trace_lines[0] != key:
            figures = NumberFormat(view.glyphs, self._digits)
            self._trace_lines = key, tell(trace, snapshot, view.selection, figures, width, forward, self.keyed)
        return self._trace_lines[1]

    def _follow(self, snapshot: Snapshot, trace_lines: TraceLines, rows: int) -> None:
        """Bring the rung that was just climbed into sight; a run that plays leaves the text where it is.

        When the trace is opened it begins at the top, but within an update at the rung.
        """
        before, self._followed = self._followed, snapshot.moment
        opened_between = before is None and not snapshot.moment.stage
        if opened_between or before == snapshot.moment or snapshot.status == "playing" or snapshot.stage is None:
            return
        start = trace_lines.starts.get(snapshot.stage, self._top)
        if not self._top <= start <= self._top + rows // 3:
            self._top = start

    # --- moving ----------------------------------------------------------------------------------

    def action_scroll(self, rows: int) -> None:
        self._top = max(0, self._top + rows)
        self.redraw()

    def action_page(self, pages: int) -> None:
        """Scroll by pages, one row staying in sight."""
        self.action_scroll(pages * max(1, self.size.height - HEADER - 1))

    def action_section(self, change: int) -> None:
        if self._trace_lines is not None:
            starts = {0, *self._trace_lines[1].starts.values()}
            further = [start for start in starts if (start - self._top) * change > 0]
            self._top = min(further, key=lambda start: abs(start - self._top), default=self._top)
            self.redraw()

    def action_neuron(self, change: int) -> None:
        """Choose the next neuron of the network, layer after layer."""
        view = self.view
        focus = focus_of(view.selection, view.experiment)
        sizes = view.experiment.network.layers
        every = [Neuron(column, i) for column in range(1, len(sizes)) for i in range(sizes[column])]
        here = every.index(Neuron(focus.layer + 1, focus.neurons[focus.layer]))
        self._select(every[(here + change) % len(every)])

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.action_scroll(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.action_scroll(-WHEEL_ROWS)

    # --- what is shown ---------------------------------------------------------------------------

    def toggle_digits(self) -> None:
        """Six digits, or all of them."""
        self.full = not self.full
        self.redraw()

    def action_follow(self, row: int | None) -> None:
        """Follow a row of the data, or with None the current sum."""
        if row != self.row:
            self._top, self.row = 0, row
            self._row_trace, self._refusal = None, ""
            self._asked.forget()
        self.redraw()

    def redraw(self) -> None:
        """Draw the newest view; for a row, the trace is asked for first and drawn when it comes."""
        if not self.display or not self.is_mounted:
            return
        snapshot = self.view.snapshot
        if self.row is not None and snapshot is not None and snapshot.status != "playing":
            self._asked.want((self.row, snapshot.version))
        super().redraw()

    async def _fetch(self, about: tuple[int, int]) -> None:
        """Ask for a row's way at the moment of the snapshot; one that came too late is left out."""
        trace, refusal = None, ""
        session = await self._ready()
        try:
            trace = await session.trace(about[0])
        except AdderError as error:
            keys = tr("b finds the next row that is in it, Esc goes back to the current sum.")
            refusal = f"{error} {keys}"
        now = await session.snapshot()
        if about == (self.row, now.version):
            self._refusal, self._row_trace = refusal, None if trace is None else (now, trace)

    @property
    def name_of_file(self) -> str:
        """``trace-update-3.txt``; with the rung within an update, and with the row."""
        snapshot = self.view.snapshot
        update, stage = (snapshot.moment.update, snapshot.moment.stage) if snapshot else (0, 0)
        within, row = f"-rung-{stage}" if stage else "", "" if self.row is None else f"-row-{self.row}"
        return f"trace-update-{update}{within}{row}.txt"

    def text(self, most_lines: int | None = None) -> str:
        """The whole trace as plain text, in the digits that are shown; empty where there is none.

        Args:
            most_lines: a longer table of the step is left out, and a line says so.
        """
        trace_lines = self._tell(self.view, PLAIN_WIDTH)
        if trace_lines is None:
            return ""
        shown = len(trace_lines) if most_lines is None or len(trace_lines) <= most_lines else len(trace_lines.lines)
        lines = [trace_lines.line(i).plain.rstrip() for i in range(shown)]
        if left := len(trace_lines) - shown:
            lines.append(tr("The table of all {count} lines is in the file that w writes.", count=count(left)))
        return "\n".join(lines) + "\n"


def write_text(path: Path, text: str) -> Path:
    """Write a file; where there is such a one already it gets a number: ``trace-update-3-2.txt``.

    Returns:
        Where it is.

    Raises:
        OSError: it could not be written.
    """
    make_data_dir(path.parent)
    return write_whole(path, lambda file: file.write(text.encode()), 0o600, MOST_FILES)


class LessonTrace(TraceText):
    """The trace without the keys of the Network tab; while a blank is to be computed by hand it waits."""

    keyed = False

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        if view.snapshot is not None and view.snapshot.trace is None:
            return [Line(), Line.of((tr("  The way of the sum is told once you have worked out yours."), "dim"))]
        return super().draw(view, width, height)
