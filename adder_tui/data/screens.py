"""The data: a table and a scatter of the pairs; and rows of one's own, typed or pasted, and trained on."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import TextArea

from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_engine.rows import FORMS, read_rows, row_text
from adder_engine.wanted import MOST_ROWS
from adder_tui.data.draw import Look, chosen_pair, data_heading, data_table, pairs_of, scatter, thinned
from adder_tui.ui.canvas import WHEEL_ROWS, Drawing, ViewSource, heading
from adder_tui.ui.line import Line
from adder_tui.ui.list_view import keys_line, said_lines, scrolled, step
from adder_tui.ui.modal import Modal
from adder_tui.ui.numbers import count, plural
from adder_tui.ui.view import WIDE, ViewState

if TYPE_CHECKING:
    from textual.timer import Timer

    from adder_engine.snapshot import DatasetArrays, Doubles
    from adder_engine.wanted import Row
    from adder_tui.controller import Controller
    from adder_tui.services import Services


TABLE_WIDTH = 74
MOST_LISTED = 1_000
"""Rows of the run that the text begins with; more would take a second to show."""
SHORT = 300
"""Lines that are read anew at every key."""
REST = 0.3
"""Seconds without a key after which a longer text is read."""


SAID_ROWS = 3
"""Rows for what was read, or why it was not."""


class OwnRows(Modal[str | None]):
    """Ctrl+T starts a new run on the rows and resolves with None; Escape resolves with the text as it stands."""

    DEFAULT_CSS = """
    OwnRows #heading { height: 1; background: $band; }
    OwnRows TextArea, OwnRows TextArea:focus {
        height: 1fr; border: none; padding: 0 1;
        background: $background; color: $foreground; background-tint: $background 0%;
    }
    OwnRows TextArea .text-area--cursor { background: $foreground; color: $background; text-style: none; }
    OwnRows TextArea .text-area--gutter { color: $faint; }
    OwnRows TextArea .text-area--cursor-gutter { color: $dim; background: $background; }
    OwnRows TextArea .text-area--cursor-line { background: $background; }
    OwnRows TextArea .text-area--selection { background: $faint; }
    OwnRows TextArea { scrollbar-size: 0 0; }
    OwnRows #foot { height: 4; }
    """
    window = "rows"
    AUTO_FOCUS = "TextArea"

    def __init__(self, source: ViewSource, controller: Controller, text: str | None) -> None:
        super().__init__()
        self._source, self._controller = source, controller
        data = source().experiment.data
        rows = data.rows if data.kind == "rows" else ()
        self._unlisted = len(rows) if len(rows) > MOST_LISTED else 0
        listed = "" if self._unlisted else "".join(f"{row_text(row)}\n" for row in rows)
        self._text = listed if text is None else text  # after the last row a line is free for what is pasted
        self.area = TextArea(self._text, soft_wrap=False, show_line_numbers=True, tab_behavior="indent")
        self.area.cursor_blink = False
        self._rows: tuple[Row, ...] = ()
        self._reading: Timer | None = None
        self.promise = ""
        """What Ctrl+T would do."""

    def compose(self) -> ComposeResult:
        forms = tr("   one a line: {forms}", forms=FORMS)
        yield heading(self._source, (tr(" Your own rows"), "strong"), (forms, "dim"))
        yield self.area
        yield Drawing(self._source, self.foot, id="foot")

    def foot(self, view: ViewState, width: int, height: int) -> list[Line]:
        """What was read, or why it was not; and the keys."""
        lines = said_lines(self.said or self.promise, width + 1, "minus" if self.said else "text", view.glyphs)
        lines = [*lines, *[Line()] * SAID_ROWS][:SAID_ROWS]
        lines.append(keys_line(((tr("Ctrl+T"), tr("train on these")), (tr("Esc"), tr("back, the text is kept")))))
        return [line.fit(width, view.glyphs.ellipsis) for line in lines]

    def on_mount(self) -> None:
        self.area.move_cursor(self.area.document.end)
        self._typed()

    @on(TextArea.Changed)
    def _typed(self) -> None:
        """Read the text, a long one once the typing rests."""
        if self._reading is not None:
            self._reading.stop()
            self._reading = None
        if self.area.document.line_count <= SHORT:
            self._read()
        else:
            self._reading = self.set_timer(REST, self._read)

    def _read(self) -> None:
        text = self.area.text
        self._rows, columns, refusal = (), "", ""
        try:
            read = read_rows(text)
            self._rows, columns = read.rows, read.columns
        except AdderError as error:
            refusal = str(error) if text.strip() else ""
        data = self._source().experiment.data
        if not self._rows and self._unlisted:
            rows = count(self._unlisted)
            self.promise = tr("The run's {rows} rows are too many to edit here: type or paste others.", rows=rows)
        elif not self._rows:
            tasks = {"sum": tr("a and b's sum"), "difference": tr("a and b's difference")}
            tasks["product"] = tr("a and b's product")
            most, task = count(MOST_ROWS), tasks.get(data.task, data.task)
            self.promise = tr("Type or paste up to {most} rows; without a target it is {task}.", most=most, task=task)
        elif data.kind == "rows" and data.rows == self._rows:
            self.promise = tr("{rows}, as in the run.", rows=plural(len(self._rows), "row", "rows"))
        else:
            self.promise = tr(
                "{rows} read. They need a new run: Ctrl+T starts it; u brings this run back. Columns: {columns}.",
                rows=plural(len(self._rows), "row", "rows"),
                columns=columns,
            )
        self.say(refusal)

    def action_leave(self) -> None:
        """Back to the data; what was typed is there when one comes again."""
        self.dismiss(self.area.text)

    def action_apply(self) -> None:
        """Start a new run on the rows; what will not do stays to be mended."""
        self._read()
        if self._rows:
            self.close_after(self._apply())
        else:
            self.say(self.said or tr("There are no rows yet: {forms}.", forms=FORMS))

    async def _apply(self) -> None:
        experiment = self._source().experiment
        changes: dict[str, Any] = {"data.kind": "rows", "data.rows": self._rows}
        if experiment.is_yes_or_no and any(len(row) == 3 and row[2] not in (0, 1) for row in self._rows):
            changes |= {"training.loss": "mse", "data.task": "sum"}  # numbers are no yes or no
        await self._controller.run(experiment.replace(**changes), None)
        self.dismiss(None)


class DataScreen(Modal[None]):
    """Look at the pairs that are trained on and held out, with the network's answers as they are now."""

    DEFAULT_CSS = f"""
    DataScreen #heading {{ height: 1; background: $band; }}
    DataScreen Horizontal {{ height: 1fr; }}
    DataScreen Horizontal Drawing {{ width: 1fr; }}
    DataScreen.-beside #table {{ width: {TABLE_WIDTH}; }}
    DataScreen #foot {{ height: 2; }}
    """
    window = "data"

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._source, self._controller = services.view, services.controller
        self.data: DatasetArrays | None = None
        self.look = Look()
        self.answers: Doubles | None = None
        """To the rows of the table that are in sight."""
        self.spread: Doubles | None = None
        """To the pairs of the scatter."""
        self._spread_of: tuple[int, bool] | None = None
        """The version and the pairs that they belong to."""
        self.scatter_shown = False
        self.typed_rows: str | None = None
        """Rows that were typed and not applied."""
        self._moved = asyncio.Event()
        """Set once the look or the run is another."""
        self._table = Drawing(self._source, self._draw_table, self._choose, id="table")
        self._scatter = Drawing(self._source, self._draw_scatter, id="scatter")

    @property
    def beside(self) -> bool:
        """Whether table and scatter are both in sight."""
        return self.app.size.width >= WIDE

    @property
    def has_held_out(self) -> bool:
        """Whether there are pairs that are held out."""
        return self.data is not None and len(self.data.test_targets) > 0

    def compose(self) -> ComposeResult:
        yield Drawing(self._source, self._draw_heading, id="heading")
        with Horizontal():
            yield self._table
            yield self._scatter
        yield Drawing(self._source, self._draw_foot, id="foot")

    def on_mount(self) -> None:
        self._arrange()
        self.watch(self.app, "snapshot", self._moved.set, init=False)
        self.run_worker(self._follow(), name="data")

    def on_resize(self) -> None:
        self._arrange()
        self._moved.set()

    def _arrange(self) -> None:
        self.set_class(self.beside, "-beside")
        self._table.display = self.beside or not self.scatter_shown
        self._scatter.display = self.beside or self.scatter_shown

    # --- drawing ---------------------------------------------------------------------------------

    def _draw_heading(self, view: ViewState, width: int, height: int) -> list[Line]:
        own = view.experiment.data.kind == "rows"
        return [data_heading(self.data, self.look, own, view.glyphs).fit(width, view.glyphs.ellipsis)]

    def _draw_table(self, view: ViewState, width: int, height: int) -> list[Line]:
        return data_table(self.data, self.look, self.answers, width, height, view.glyphs)

    def _draw_scatter(self, view: ViewState, width: int, height: int) -> list[Line]:
        held, drawn = None, view.experiment.data
        if self.has_held_out and drawn.kind != "rows":  # a share of one's own rows has no range of its own
            held = (drawn.low, drawn.high)
        return scatter(self.data, self.look, self.spread, held, width, height, view.glyphs)

    def _draw_foot(self, view: ViewState, width: int, height: int) -> list[Line]:
        """What is refused, or the chosen pair in words; and the keys."""
        place, answers = self.look.at - self.look.top, () if self.answers is None else self.answers.tolist()
        answer = answers[place] if 0 <= place < len(answers) else None
        pair = chosen_pair(self.data, self.look, answer, view.glyphs)
        lines = [Line.of((f" {self.said}", "minus")) if self.said else pair, self._keys()]
        return [line.fit(width, view.glyphs.ellipsis) for line in lines]

    def _keys(self) -> Line:
        pairs = [("e", tr("your own rows")), (tr("Esc"), tr("leave"))]
        if not self.beside:
            pairs.append(("v", tr("table") if self.scatter_shown else tr("scatter")))
        if self.has_held_out:
            pairs.append((tr("Tab"), tr("trained on") if self.look.held_out else tr("held out")))
        if self.beside or self.scatter_shown:
            pairs.append(("c", tr("colour by error") if self.look.colour == "target" else tr("colour by target")))
        return keys_line(pairs)

    # --- fetching --------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Keep the answers in sight up to date while the run goes on; what is far out of sight is never asked for."""
        try:
            session = await self._controller.ready()
            self.data = await session.data()
            while self.is_attached:
                self._moved.clear()
                version, look = (self._source().snapshot or await session.snapshot()).version, self.look
                pairs, _ = pairs_of(self.data, look)
                rows = self.size.height  # the table may be hidden, and has none then
                answers = await session.answers(pairs[look.top : look.top + rows])
                if (self.beside or self.scatter_shown) and self._spread_of != (version, look.held_out):
                    self.spread = await session.answers(pairs[thinned(pairs)])
                    self._spread_of = version, look.held_out
                if look == self.look:
                    self.answers = answers
                self.redraw()
                await self._moved.wait()
        except AdderError as error:
            self.say(str(error))

    # --- keys ------------------------------------------------------------------------------------

    def _see(self, **changes: object) -> None:
        """Look at something else; the answers to rows that stay in sight stay."""
        old = self.look
        self.look = dataclasses.replace(self.look, **changes)  # type: ignore[arg-type]
        if (old.top, old.held_out) != (self.look.top, self.look.held_out):
            self.answers = None
        self._moved.set()
        self.redraw()

    def _choose(self, line: int) -> None:
        """Choose the row in this line of the table, below its heading."""
        if line:
            self.go(self.look.top + line - 1)

    def go(self, row: int) -> None:
        if self.data is not None:
            rows = len(pairs_of(self.data, self.look)[1])
            at = max(0, min(rows - 1, row))
            self._see(at=at, top=scrolled(at, at, self.look.top, self._height, rows))

    @property
    def _height(self) -> int:
        """Rows in sight."""
        return max(1, self._table.size.height - 1)

    def action_move(self, key: str) -> None:
        self.go(self.look.at + step(key, self._height))

    def action_switch(self) -> None:
        self.scatter_shown = not self.scatter_shown
        self._arrange()
        self._moved.set()
        self.redraw()

    def action_colour(self) -> None:
        self._see(colour="off by" if self.look.colour == "target" else "target")

    def action_held_out(self) -> None:
        if self.has_held_out:
            self.spread = None
            self._see(held_out=not self.look.held_out, at=0, top=0)

    def action_edit(self) -> None:
        """Type or paste rows; they start a new run."""

        def done(text: str | None) -> None:
            self.typed_rows = text
            if text is None:
                self.dismiss()

        self.app.push_screen(OwnRows(self._source, self._controller, self.typed_rows), done)

    def on_mouse_scroll_down(self) -> None:
        self.go(self.look.at + WHEEL_ROWS)

    def on_mouse_scroll_up(self) -> None:
        self.go(self.look.at - WHEEL_ROWS)
