"""The Network tab: phases, diagram and what is under its cursor, or the trace; and dialogs for a row and a value."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult

from adder_engine.analysis.results import Query
from adder_engine.errors import AdderError, RequestError
from adder_engine.language import tr
from adder_engine.parsing import parse_number
from adder_tui.network.diagram import diagram
from adder_tui.network.explain import explanation
from adder_tui.network.phase_bar import LADDER_ROWS, ladder_lines
from adder_tui.selection import Direction, Parameter, Selection, focus_of, layout_for, moved, number_of
from adder_tui.ui.asked_once import AskedOnce
from adder_tui.ui.canvas import Drawing, Pane, Thrifty, ViewSource, hidden
from adder_tui.ui.dialogs import Dialog, FieldDialog
from adder_tui.ui.line import Line, cut
from adder_tui.ui.network_values import Drawn
from adder_tui.ui.numbers import count
from adder_tui.ui.picture import picture
from adder_tui.ui.slope import POINTS
from adder_tui.ui.view import ClickTarget, ViewState, chosen_at

if TYPE_CHECKING:
    from adder_engine.analysis.results import ParameterLine
    from adder_engine.snapshot import ParameterHistory
    from adder_tui.network.trace_view import TraceText
    from adder_tui.services import Services


PICTURE_ROWS = 16
"""What four neurons take with tiles of three rows; a notice below the stage takes its row from the ladder."""
DIAGRAM_ROWS = 11
"""What four neurons take with their lower rows; a notice below the stage takes its row from the explanation."""
MOST_COPIED = 600
"""Lines that go to the clipboard; terminals refuse more than some 100 KiB."""


class NetworkDiagram(Thrifty[Drawn], can_focus=True):
    """The network; the arrow keys and a click choose in it.

    Args:
        select: takes the neuron or number that the cursor moves to.
    """

    BINDINGS = hidden(
        up="move('up')", down="move('down')", left="move('left')", right="move('right')", pageup="move('up', 8)",
        pagedown="move('down', 8)",
    )  # fmt: skip

    def __init__(self, source: ViewSource, select: Callable[[Selection], None]) -> None:
        super().__init__(source)
        self._select = select
        self._spots: Sequence[ClickTarget[Selection]] = ()

    def make(self, view: ViewState, width: int, height: int) -> Drawn:
        return picture(view, width, height) if view.drawn_as == "picture" else diagram(view, width, height)

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        drawn = self.made(view, width, height)
        self._spots = drawn.spots
        return drawn.lines

    def action_move(self, direction: Direction, by: int = 1) -> None:
        view = self.view
        self._select(moved(view.selection, direction, view.experiment, by))

    def on_click(self, event: events.Click) -> None:
        if (chosen := chosen_at(self._spots, event.x, event.y)) is not None:
            self._select(chosen)


class NetworkPane(Pane):
    """The ladder above, the diagram in the middle, the explanation below."""

    DEFAULT_CSS = f"""
    NetworkPane {{ layout: vertical; }}
    NetworkPane #ladder {{ height: {LADDER_ROWS}; }}
    NetworkPane NetworkDiagram {{ height: 1fr; }}
    NetworkPane #explanation {{ height: 6; }}
    """

    _shared = (LADDER_ROWS, 6)
    """Rows of the ladder and of the explanation."""
    _telling = False
    """Whether the trace is in front."""
    _course: ParameterHistory | None = None
    """The chosen number over the run, once it has been fetched."""

    def __init__(self, services: Services, *, id: str) -> None:
        super().__init__(services.view, id=id)
        self._services = services
        self._ladder = Drawing(services.view, lambda view, width, rows: ladder_lines(view, width)[:rows], id="ladder")
        self._diagram = NetworkDiagram(services.view, services.select)
        self._explanation = Drawing(
            services.view, lambda view, width, height: explanation(view, self._course, width, height), id="explanation"
        )
        self._asked = AskedOnce(self.run_worker, self._fetch_course, self._want_course)
        """Of a number, at a version of the snapshot."""
        self._trace_text: TraceText | None = None
        """None until it is first shown."""

    def compose(self) -> ComposeResult:
        yield self._ladder
        yield self._diagram
        yield self._explanation

    def on_resize(self, event: events.Resize) -> None:
        self._share_rows()

    def redraw(self) -> None:
        self._share_rows()
        self._show_trace()
        self._want_course()
        super().redraw()

    def _share_rows(self) -> None:
        shared = self._rows(self.size.height, self.source())
        if self.size and shared != self._shared:  # setting a style lays the whole screen out anew, and repaints it
            self._shared = shared
            self._ladder.styles.height, self._explanation.styles.height = shared

    def _rows(self, height: int, view: ViewState) -> tuple[int, int]:
        """Rows of the ladder and of the explanation; in low windows the picture needs nearly all of them."""
        as_picture = view.drawn_as == "picture" and not view.telling
        if height >= 26 or not as_picture:
            low = max(3, min(6, height - LADDER_ROWS - DIAGRAM_ROWS))
            return LADDER_ROWS, (8 if as_picture else 11) if height >= 34 else 8 if height >= 26 else low
        ladder = 1 if view.notice else 2
        return ladder, max(1, min(6, height - ladder - PICTURE_ROWS))

    def action_trace(self) -> None:
        """Put the trace in the place of the network and the explanation, or those back."""
        self._services.telling = not self._services.telling
        self._show_trace()

    def _show_trace(self) -> None:
        telling = self._services.telling
        if telling == self._telling:
            return
        from adder_tui.network.trace_view import TraceText

        self._telling = telling
        self._diagram.display = self._explanation.display = not telling
        if self._trace_text is None:
            self._trace_text = TraceText(self.source, self._services.controller.ready, self._services.select)
            self.mount(self._trace_text)
        self._trace_text.display = telling
        self._share_rows()
        self.call_after_refresh(self._switched)

    def _switched(self) -> None:
        if not self._services.typing():
            self.take_focus()
        self._services.redraw()  # the footer too: it names the way back

    # --- the trace -------------------------------------------------------------------------------

    def _trace(self) -> TraceText:
        """The trace, brought to the front."""
        if self._trace_text is None or not self._trace_text.display:
            self.action_trace()
        assert self._trace_text is not None
        return self._trace_text

    def action_digits(self) -> None:
        """Show numbers with six digits, or with all that they have."""
        self._trace().toggle_digits()

    async def action_row(self, change: int) -> None:
        """Follow the next row of the batch, or the one before; behind the last one the current sum."""
        trace = self._trace()
        rows = await (await self._services.controller.ready()).batch_rows()
        ahead = [row for row in rows[::change] if trace.row is None or (row - trace.row) * change > 0]
        trace.action_follow(ahead[0] if ahead else None)

    def action_choose_row(self) -> None:
        trace = self._trace()

        def chosen(row: int | None) -> None:
            if row is not None:
                trace.action_follow(row)

        self.app.push_screen(RowNumber(self.source, trace.row), chosen)

    def action_copy_trace(self) -> None:
        """Copy the trace to the clipboard of the terminal that one sits at."""
        words = tr("There is nothing to copy yet.")
        if text := self._trace().text(MOST_COPIED):
            self.app.copy_to_clipboard(text)
            words = tr(
                "Sent {lines} lines to your terminal's clipboard; if it does not allow that, w writes them.",
                lines=count(text.count("\n")),
            )
        self._services.say(words)

    async def action_write_trace(self) -> None:
        """Write the trace to a file in the data folder."""
        from adder_tui.network.trace_view import write_text

        trace, words = self._trace(), tr("There is nothing to write yet.")
        if text := trace.text():
            wanted = self._services.settings.data_dir / trace.name_of_file
            try:
                words = tr("The trace is in {path}.", path=await asyncio.to_thread(write_text, wanted, text))
            except OSError as error:
                why = error.strerror or error
                words = tr("The trace could not be written to {path}: {why}.", path=wanted, why=why)
        self._services.say(words)

    # --- held against PyTorch --------------------------------------------------------------------

    async def action_prove(self) -> None:
        """Run autograd and torch.optim from the same state, and show how far they and we lie apart."""
        from adder_tui.network.reference_check import ProofScreen

        screen = ProofScreen(self.source)
        self.app.push_screen(screen)
        session = await self._services.controller.ready()
        try:
            screen.show_proof(await session.prove())
        except AdderError as error:
            screen.show_refusal(str(error))

    async def action_check_gradient(self) -> None:
        """Draw the loss against the chosen parameter, nudge it up and down, and compare the slope with its gradient."""
        from adder_tui.network.reference_check import GradientScreen

        view = self.source()
        index = focus_of(view.selection, view.experiment).parameter
        screen = GradientScreen(self.source)
        self.app.push_screen(screen)
        session = await self._services.controller.ready()
        try:
            check = await session.check_gradient(index)
            (line,) = session.together(Query("along_parameter", (index, POINTS))).answers
            screen.show_check(check, cast("ParameterLine | None", await line))
        except AdderError as error:
            screen.show_refusal(str(error))

    # --- the chosen number over the run ----------------------------------------------------------

    def _want_course(self) -> None:
        view = self.source()
        if view.snapshot is not None and isinstance(view.selection, Parameter):
            chosen = number_of(view.selection, view.experiment)
            if chosen is not None:
                self._asked.want((chosen.index, view.snapshot.version))

    async def _fetch_course(self, wanted: tuple[int, int]) -> None:
        with contextlib.suppress(AdderError):
            self._course = await (await self._services.controller.ready()).course(wanted[0])
            self._explanation.redraw()


class RowNumber(Dialog[int | None]):
    """Type a number; Enter resolves with it, Escape with None. Bad input stays, with a sentence."""

    def __init__(self, source: ViewSource, row: int | None) -> None:
        self._rows = source().experiment.row_count
        placeholder = tr("a row of the data, 0 to {last}", last=count(self._rows - 1))
        super().__init__(source, "" if row is None else str(row), placeholder)

    def answer(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        if self.said:
            return [Line.of((view.glyphs.text(self.said), "minus")).fit(width, view.glyphs.ellipsis)]
        return [Line.of((tr("Enter follows it, Esc leaves"), "dim")).fit(width)]

    def action_take_typed(self) -> None:
        typed = self.field.value.strip().replace(",", "")
        if typed.isascii() and typed.isdigit() and int(typed) < self._rows:
            self.dismiss(int(typed))
            return
        shown = cut(typed, 12, "…")
        last = count(self._rows - 1)
        none = tr("{typed} is no row: the data has rows 0 to {last}.", typed=shown, last=last)
        self.say(none if typed else tr("Type a row: the data has rows 0 to {last}.", last=last))


class EditValue(FieldDialog):
    """The chosen number's new value."""

    DEFAULT_CSS = """
    EditValue > Vertical { width: 52; }
    """

    def __init__(self, services: Services) -> None:
        self._set = services.controller.set
        parameter, self._tensor, self._place = services.controller.chosen()
        snapshot = services.view().snapshot
        assert snapshot is not None
        name = layout_for(snapshot.experiment).name_of(parameter.index)
        super().__init__(
            services.view, ((name, "strong"), (tr("  new value"), "dim")), str(snapshot.state[0, parameter.index]),
            tr("Enter sets it, Esc leaves it. u takes it back later."),
        )  # fmt: skip

    async def take(self, typed: str) -> None:
        typed = typed.strip()
        if (value := parse_number(typed)) is None:
            shown = repr(typed if len(typed) <= 24 else typed[:21] + "...") if typed else tr("Nothing")
            raise RequestError(tr("{typed} is no number: type one such as 0.5, -3 or 2e-4.", typed=shown))
        await self._set(self._tensor, self._place, value)
        self.dismiss()
