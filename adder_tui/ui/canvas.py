"""Widgets that show styled lines and repaint only the cells that changed; and the pane of a tab, full of them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Generic, TypeVar

from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual._compositor import ChopsUpdate
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.reactive import Reactive
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from adder_tui.commands import BY_ID
from adder_tui.ui.keyboard import HeldKeys
from adder_tui.ui.line import Line, Span, Tone
from adder_tui.ui.theme import role_styles
from adder_tui.ui.view import ViewState

ViewSource = Callable[[], ViewState]
SMALLEST = (60, 20)
"""Columns and rows that the terminal must have."""


def is_small(size: Size) -> bool:
    """Whether the app does not fit into a window of this size."""
    return size.width < SMALLEST[0] or size.height < SMALLEST[1]


WHEEL_ROWS = 3
"""Rows that one notch of the mouse's wheel moves."""


def hidden(first: bool = False, /, **actions: str) -> list[BindingType]:
    """Bindings that no footer shows: keys, by Textual's names, to what they do.

    Args:
        first: they are looked at before what has the focus.
    """
    return [Binding(key.replace("_", "+"), action, show=False, priority=first) for key, action in actions.items()]


def taken(*ids: str) -> list[BindingType]:
    """Bindings of commands in the table, by their ids, whose keys a drawing takes itself."""
    commands = (BY_ID[id] for id in ids)
    return [Binding(key, c.action.format(key=key), show=False) for c in commands for key in c.keys.split(",")]


def _changed_cells(update: ChopsUpdate, console: Console) -> str:
    """What the terminal is sent for the parts of the screen that changed: they alone.

    In the place of Textual 8's, which for each of them sends its widget's row from that row's start.
    """
    sent: list[str] = []
    for y, first, stop in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            start, last = max(x, first), min(end, stop)
            if strip is not None and start < last:
                sent += (Control.move_to(start, y).segment.text, strip.crop(start - x, last - x).render(console))
    return "".join(sent)


ChopsUpdate.render_segments = _changed_cells  # type: ignore[method-assign, assignment]
# What has the keys and what had them are painted anew; Textual's own paints all the rest, too.
Screen.focused._repaint = False


def text_in_sight(widget: Widget) -> str:
    """What the screen shows in a widget's place, as plain text without blanks at its rows' ends."""
    x, y, width, height = widget.region
    rows = [list(strip.text) for strip in widget.screen._compositor.render_strips()]
    for canvas in widget.query(Canvas):
        left, top = canvas.region.offset
        for row, line in enumerate(canvas.shown, top):
            if row < len(rows):
                _in_letters(rows[row], left, line)
    return "\n".join("".join(row[x : x + width]).rstrip() for row in rows[y : y + height]).strip("\n")


def _in_letters(row: list[str], left: int, line: Line) -> None:
    """Put letters where a line has cells of two colours, which plain text does not tell; it begins at ``left``."""
    tones = [(x, character, role) for x, (character, role) in enumerate(line.cells(), left) if isinstance(role, Tone)]
    if tones:
        from adder_tui.ui.heatmap import HALF, letter_of  # with numpy, which is there by the time that a map is drawn

        for x, character, tone in tones:
            if character in (HALF, " ") and x < len(row) and row[x] == character:
                row[x] = letter_of(tone)


def without_moment(view: ViewState) -> ViewState:
    """What a drawing depends on apart from how far the run is."""
    return replace(view, snapshot=None, notice="", outlook=None)


class Canvas(Widget):
    """Base of all drawings: :meth:`draw` says what the view looks like in a given size.

    What the mouse is drawn over, its button held, is marked as in a terminal, and :class:`Picked` when it is let go.
    """

    ALLOW_SELECT = False  # Textual's own asks each cell for a style of its own, and takes all at a double click

    virtual_size = Reactive(Size(0, 0), repaint=False)
    """It is never scrolled: another size of its own lays nothing out a second time."""

    at_any_size = False
    """Whether it is drawn in a terminal that is too small, too; what is covered there need not be able to."""

    @dataclass
    class Picked(Message):
        """Some of the text was marked with the mouse."""

        text: str

    def __init__(self, source: ViewSource, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._source = source
        self._lines: Sequence[Line] | None = None
        self._drawn_size = Size(0, 0)
        self._base = Style.null()
        """What it was painted over last."""
        self._painting = False
        """Whether this painting has looked at what it is painted over."""
        self._pressed: Offset | None = None
        """Where the mouse's button went down."""
        self._marked: tuple[Offset, Offset] | None = None
        """The first cell that is marked, and the last one."""
        self._dragged = False

    @property
    def view(self) -> ViewState:
        return self._source()

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        """The lines to show, each ``width`` columns wide."""
        raise NotImplementedError

    @property
    def shown(self) -> Sequence[Line]:
        """The lines in sight; none while it is hidden."""
        return self._lines[: self.region.height] if self._lines is not None else ()

    def redraw(self) -> None:
        """Draw the newest view; only cells that look different are sent to the terminal."""
        if not self.size:
            self._lines = None  # what was drawn before it was hidden is out of date by the time it is shown again
            self._styles_cache.clear()  # and so is what was painted
            return
        old, new = self._lines, self._draw_anew()
        if old is None:
            self.refresh()
            return
        rows, width = range(max(len(old), len(new))), self.size.width
        regions = [region for y in rows for region in _changed(_at(old, y), _at(new, y), y, width)]
        if regions:
            self.refresh(*regions)
        self._sent(regions)

    def _sent(self, regions: Sequence[Region]) -> None:
        """Called with what a new drawing changed."""

    def _draw_anew(self) -> Sequence[Line]:
        if self._drawn_size != self.size:
            self._lines = None
            self._drawn_size = self.size
        self._lines = self.draw(self.view, *self.size) if self.at_any_size or not is_small(self.app.size) else ()
        return self._lines

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.rich_style != self._base:
            self.refresh()

    # The keys alone change nothing on a drawing: what does is drawn by whoever hears of them.

    def _on_focus(self, event: events.Focus) -> None:
        self._has_keys(event, True)

    def _on_blur(self, event: events.Blur) -> None:
        self._has_keys(event, False)

    def _has_keys(self, event: events.Focus | events.Blur, has: bool) -> None:
        event.prevent_default()
        self.has_focus = has
        if self.parent is not None:
            self.parent.post_message(events.DescendantFocus(self) if has else events.DescendantBlur(self))

    def render_lines(self, crop: Region) -> list[Strip]:
        self._painting = False
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        # The first painting, and one in another size, come before anybody asks for a drawing.
        lines = self._lines if self._lines is not None and self._drawn_size == self.size else self._draw_anew()
        if not self._painting:
            self._painting, self._base = True, self.rich_style
        base = self._base
        styles = role_styles(self.app.theme, base)
        width = self.size.width
        line = _at(lines, y)
        strip = Strip([Segment(text, styles[role]) for text, role in line.spans], line.width)
        strip = strip.adjust_cell_length(width, base)
        first, stop = self._marked_in(y)
        if first >= stop:
            return strip
        marked = strip.crop(first, stop).apply_style(Style(reverse=True))
        return Strip.join([strip.crop(0, first), marked, strip.crop(stop)])

    # --- the mouse -------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        if not (isinstance(event, events.Click) and self._dragged):  # marking chooses nothing
            await super().on_event(event)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._pressed, self._dragged = (event.offset if event.button == 1 else None), False

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if self._pressed is None or (event.offset == self._pressed and not self._dragged):
            return
        if not event.button:  # it was let go where nobody told us
            self._let_go()
            return
        if not self._dragged:
            self._dragged = True
            self.capture_mouse()
        ends = sorted((self._pressed, event.offset), key=lambda at: (at.y, at.x))
        self._marked = ends[0], ends[1]
        self.refresh()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        rows = []
        for y, line in enumerate(self.shown):
            row, (start, stop) = list(self.render_line(y).text), self._marked_in(y)
            _in_letters(row, 0, line)
            rows.append("".join(row[start:stop]).rstrip())
        if text := "\n".join(rows).strip("\n"):
            self.post_message(self.Picked(text))
        self._let_go()

    def _let_go(self) -> None:
        self._pressed = None
        if self._marked is not None:
            self._marked = None
            self.release_mouse()
            self.refresh()

    def _marked_in(self, y: int) -> tuple[int, int]:
        """The columns of a row that are marked, the last one not included; none where they are equal."""
        if self._marked is None or not self._marked[0].y <= y <= self._marked[1].y:
            return 0, 0
        first, last = self._marked
        return max(0, first.x) if y == first.y else 0, last.x + 1 if y == last.y else self.size.width


def _at(lines: Sequence[Line], y: int) -> Line:
    return lines[y] if y < len(lines) else Line()


APART = 4
"""Cells that look the same, in a row, from which on going past them costs less than sending them again."""


def _changed(old: Line, new: Line, y: int, width: int) -> list[Region]:
    """The parts of a row whose cells differ; the whole row where widths are uneven."""
    if old == new:
        return []
    if not len(old.plain) == len(new.plain) == new.width:
        return [Region(0, y, width, 1)]
    alike = next((i for i, (a, b) in enumerate(zip(old.spans, new.spans, strict=False)) if a != b), 0)
    start = sum(len(text) for text, _ in new.spans[:alike])
    cells = zip(Line(old.spans[alike:]).cells(), Line(new.spans[alike:]).cells(), strict=True)
    different = [x for x, (a, b) in enumerate(cells, start) if a != b]
    spans: list[list[int]] = []
    for x in different:
        if spans and x - spans[-1][1] <= APART:
            spans[-1][1] = x
        else:
            spans.append([x, x])
    return [Region(first, y, last - first + 1, 1) for first, last in spans]


Made = TypeVar("Made")


class Same:
    """Something that equals itself alone, and nothing that merely holds the same numbers."""

    def __init__(self, thing: object) -> None:
        self._thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self._thing is other._thing

    __hash__ = None  # type: ignore[assignment]


class Costly(Canvas, Generic[Made]):
    """A drawing that takes some milliseconds: it is made once for all that it hangs on.

    What training brings is made in another thread, just before it is shown, so that no key has to wait for it.
    """

    _ahead: tuple[object, Made] | None = None
    _made: object = None
    """What the newest drawing hangs on."""

    def make(self, view: ViewState, width: int, height: int) -> Made:
        """What there is to show; called in other threads, too."""
        raise NotImplementedError

    def hangs_on(self, view: ViewState) -> object:
        """What there is to show looks the same in one size as long as this does; a notice changes nothing."""
        return Same(view.snapshot), without_moment(view)

    def ahead(self) -> Callable[[], None] | None:
        """What makes the view as it is now; None where it will not be drawn."""
        if not self.size:
            return None
        view, size = self.view, self.size
        about = self.hangs_on(view), size

        def make() -> None:
            with contextlib.suppress(Exception):  # it is made once more where it is shown, and fails there
                self._ahead = about, self.make(view, *size)

        return make

    def made(self, view: ViewState, width: int, height: int) -> Made:
        """What was made ahead, or where anything is another by now, what is made at once."""
        ahead, self._ahead = self._ahead, None
        self._made = self.hangs_on(view), Size(width, height)
        return ahead[1] if ahead is not None and ahead[0] == self._made else self.make(view, width, height)

    def redraw(self) -> None:
        """Draw what is new: each key asks two or three times."""
        if not self._lines or self._made != (self.hangs_on(self.view), self.size):
            super().redraw()


MOST_SENT = 20 * 1024
"""Bytes a second of a thrifty drawing while a run plays; what else changes on a tab takes some 2 KiB/s."""
MOST_REST = 1.0
"""Seconds that it rests at most, so that it keeps near the numbers beside it."""
MOVE_BYTES, STYLE_BYTES = 8, 26
"""What the terminal is sent to go to a cell, and to change colours and back."""


class Thrifty(Costly[Made]):
    """A large drawing, which while a run plays rests after each large change, as long as sending that may take.

    It is shown anew at once where anything else than the run has moved, and where the run halts.
    """

    _rests_until = 0.0
    """On the clock of ``time.monotonic``."""
    _sent_look: tuple[object, ...] | None = None
    """What the last drawing showed apart from how far the run is."""

    def redraw(self) -> None:
        view = self.view
        snapshot = view.snapshot
        playing = snapshot is not None and snapshot.status == "playing"
        asked = None if snapshot is None else (snapshot.run, snapshot.asked.sum)
        look = (without_moment(view), asked, self.size)
        if playing and look == self._sent_look and self._rests:
            return
        self._sent_look = look
        super().redraw()

    @property
    def _rests(self) -> bool:
        return time.monotonic() < self._rests_until

    def ahead(self) -> Callable[[], None] | None:
        return None if self._rests else super().ahead()

    def _sent(self, regions: Sequence[Region]) -> None:
        snapshot = self.view.snapshot
        if snapshot is None or snapshot.status != "playing":
            self._rests_until = 0.0
            return
        lines = self._lines or ()
        sent = sum(_bytes_of(_at(lines, region.y), region) for region in regions)
        self._rests_until = time.monotonic() + min(MOST_REST, sent / MOST_SENT)


def _bytes_of(line: Line, region: Region) -> int:
    """About as many as the terminal is sent for a part of a row."""
    cells = list(line.cells())[region.x : region.right]
    styles = sum(a[1] != b[1] for a, b in pairwise(cells)) + 1
    return MOVE_BYTES + STYLE_BYTES * styles + len("".join(character for character, _ in cells).encode())


class Drawing(Canvas):
    """Shows what a function of the view and of the size gives; ``clicked`` takes the row that was clicked."""

    def __init__(
        self, source: ViewSource, lines: Callable[[ViewState, int, int], Sequence[Line]],
        clicked: Callable[[int], None] | None = None, *, id: str | None = None, classes: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(source, id=id, classes=classes)
        self._draws, self._clicked = lines, clicked

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        return self._draws(view, width, height)

    def on_click(self, event: events.Click) -> None:
        if self._clicked is not None:
            self._clicked(event.y)


def heading(source: ViewSource, *parts: str | Span, id: str = "heading") -> Drawing:
    """One line that is always the same."""
    return Drawing(source, lambda view, width, height: [Line.of(*parts).fit(width, view.glyphs.ellipsis)], id=id)


class Pane(Container):
    """Fills the stage under a tab. It is mounted when its tab is first shown."""

    def __init__(self, source: ViewSource, *, id: str) -> None:
        super().__init__(id=id)
        self.source, self.held = source, HeldKeys()

    @property
    def actors(self) -> Sequence[object]:
        """This and its parts: the first of them that has a command's action carries it out."""
        return (self,)

    def redraw(self) -> None:
        """Draw the newest view; called for the tab in front alone."""
        for canvas in self.query(Canvas):
            canvas.redraw()

    def ahead(self) -> Sequence[Callable[[], None]]:
        """What makes those of its drawings that take long, of the view as it is now, in another thread."""
        return [make for canvas in self.query(Costly) if (make := canvas.ahead()) is not None]

    def keeps(self, key: events.Key) -> bool:
        """Whether a key waits until what it is for is there."""
        return self.held.keeps(key)

    def came_to_front(self) -> None:
        """Called when this pane's tab was chosen."""

    def take_focus(self) -> None:
        """Give the keys to the first of this pane's drawings that takes any; called whenever nothing else has them."""
        for canvas in self.query(Canvas):
            if canvas.focusable and canvas.display:
                self.screen.set_focus(canvas, scroll_visible=False)
                return
