"""Rows of one's own: typed or pasted one a line, and trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import TextArea

from adder_engine.errors import AdderError
from adder_engine.rows import FORMS, read_rows, row_text
from adder_engine.wanted import MOST_ROWS
from adder_tui.ui.canvas import Canvas, ViewSource
from adder_tui.ui.line import Line, Role, wrapped
from adder_tui.ui.modal import Modal
from adder_tui.ui.numbers import count, plural
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from textual.timer import Timer

    from adder_engine.wanted import Row
    from adder_tui.controller import Controller

MOST_LISTED = 1_000
"""Rows of the run that the text begins with; more would take a second to show."""
SHORT = 300
"""Lines that are read anew at every key."""
REST = 0.3
"""Seconds without a key after which a longer text is read."""


SAID_ROWS = 3
"""Rows for what was read, or why it was not."""


class _Heading(Canvas):
    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        phrase = Line.of((" Your own rows", "strong"), (f"   one a line: {FORMS}", "dim"))
        return [phrase.fit(width, view.glyphs.ellipsis)]


class _Foot(Canvas):
    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        screen = self.screen
        assert isinstance(screen, OwnRows)
        role: Role = "minus" if screen.refusal else "text"
        rows = wrapped(view.glyphs.text(screen.refusal or screen.promise), width - 1)[:SAID_ROWS]
        lines = [Line.of((" " + row, role)) for row in rows]
        lines += [Line()] * (SAID_ROWS - len(lines))
        lines.append(Line.of((" Ctrl+T", "key"), (" train on these ", "dim"), (" Esc", "key"),
                             (" back, the text is kept", "dim")))  # fmt: skip
        return [line.fit(width, view.glyphs.ellipsis) for line in lines]


class OwnRows(Modal[str | None]):
    """Ctrl+T starts a new run on the rows and resolves with None; Escape resolves with the text as it stands."""

    DEFAULT_CSS = """
    OwnRows { background: $background; layout: vertical; }
    OwnRows _Heading { height: 1; background: $band; }
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
    OwnRows _Foot { height: 4; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("ctrl+t", "apply", show=False, priority=True),
    ]
    AUTO_FOCUS = "TextArea"

    def __init__(self, source: ViewSource, player: Controller, text: str | None) -> None:
        super().__init__()
        self._source, self._player = source, player
        data = source().experiment.data
        rows = data.rows if data.kind == "rows" else ()
        self._unlisted = len(rows) if len(rows) > MOST_LISTED else 0
        listed = "" if self._unlisted else "".join(f"{row_text(row)}\n" for row in rows)
        self._text = listed if text is None else text  # after the last row a line is free for what is pasted
        self._rows: tuple[Row, ...] = ()
        self.refusal = ""
        """What is wrong with the text, in one sentence."""
        self._reading: Timer | None = None
        self.promise = ""
        """What Ctrl+T would do."""

    def compose(self) -> ComposeResult:
        yield _Heading(self._source)
        area = TextArea(self._text, soft_wrap=False, show_line_numbers=True, tab_behavior="indent")
        area.cursor_blink = False
        yield area
        yield _Foot(self._source)

    def on_mount(self) -> None:
        area = self.query_one(TextArea)
        area.move_cursor(area.document.end)
        self._typed()

    @on(TextArea.Changed)
    def _typed(self) -> None:
        """Read the text, a long one once the typing rests."""
        if self._reading is not None:
            self._reading.stop()
            self._reading = None
        if self.query_one(TextArea).document.line_count <= SHORT:
            self._read()
        else:
            self._reading = self.set_timer(REST, self._read)

    def _read(self) -> None:
        text = self.query_one(TextArea).text
        self._rows, self.refusal, columns = (), "", ""
        try:
            read = read_rows(text)
            self._rows, columns = read.rows, read.columns
        except AdderError as error:
            if text.strip():
                self.refusal = str(error)
        data = self._source().experiment.data
        if not self._rows and self._unlisted:
            self.promise = f"The run's {count(self._unlisted)} rows are too many to edit here: type or paste others."
        elif not self._rows:
            self.promise = f"Type or paste up to {count(MOST_ROWS)} rows; without a target it is a and b's {data.task}."
        elif data.kind == "rows" and data.rows == self._rows:
            self.promise = f"{plural(len(self._rows), 'row')}, as in the run."
        else:
            self.promise = (
                f"{plural(len(self._rows), 'row')} read. They need a new run: Ctrl+T starts it; u brings this run back."
                f" Columns: {columns}."
            )
        self.query_one(_Foot).redraw()

    def action_leave(self) -> None:
        """Back to the data; what was typed is there when one comes again."""
        self.dismiss(self.query_one(TextArea).text)

    def action_apply(self) -> None:
        """Start a new run on the rows; what will not do stays to be mended."""
        self._read()
        if self._rows:
            self.run_worker(self._apply(), name="apply", exclusive=True)
        else:
            self.refusal = self.refusal or "There are no rows yet: " + FORMS + "."
            self.query_one(_Foot).redraw()

    async def _apply(self) -> None:
        changes = {"data.kind": "rows", "data.rows": self._rows}
        try:
            await self._player.run(self._source().experiment.replace(**changes), None)
        except AdderError as error:
            self.refusal = str(error)
            self.query_one(_Foot).redraw()
            return
        self.dismiss(None)
