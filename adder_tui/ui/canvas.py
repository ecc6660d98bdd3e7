"""A widget that shows styled lines and repaints only the cells that changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from adder_tui.ui.line import Line
from adder_tui.ui.theme import role_styles
from adder_tui.ui.view import ViewState

ViewSource = Callable[[], ViewState]
WHEEL_ROWS = 3
"""Rows that one notch of the mouse's wheel moves."""


class Canvas(Widget):
    """Base of all drawings: :meth:`draw` says what the view looks like in a given size."""

    ALLOW_SELECT = False

    def __init__(self, source: ViewSource, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._source = source
        self._lines: Sequence[Line] | None = None
        self._drawn_size = Size(0, 0)

    @property
    def view(self) -> ViewState:
        return self._source()

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        """The lines to show, each ``width`` columns wide."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw the newest view; only cells that look different are sent to the terminal."""
        if not self.size:
            self._lines = None  # what was drawn before it was hidden is out of date by the time it is shown again
            return
        old, new = self._lines, self._draw_anew()
        if old is None:
            self.refresh()
            return
        rows = range(max(len(old), len(new)))
        regions = [region for y in rows if (region := _changed(_at(old, y), _at(new, y), y, self.size.width))]
        if regions:
            self.refresh(*regions)

    def _draw_anew(self) -> Sequence[Line]:
        if self._drawn_size != self.size:
            self._lines = None
            self._drawn_size = self.size
        self._lines = self.draw(self.view, *self.size)
        return self._lines

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        # The first painting, and one in another size, come before anybody asks for a drawing.
        lines = self._lines if self._lines is not None and self._drawn_size == self.size else self._draw_anew()
        base = self.rich_style
        styles = role_styles(self.app.theme)
        width = self.size.width
        line = _at(lines, y)
        strip = Strip([Segment(text, base + styles[role]) for text, role in line.spans], line.width)
        return strip.adjust_cell_length(width, base)


def _at(lines: Sequence[Line], y: int) -> Line:
    return lines[y] if y < len(lines) else Line()


def _changed(old: Line, new: Line, y: int, width: int) -> Region | None:
    """The part of a row between the first and the last cell that differ; the whole row where widths are uneven."""
    if old == new:
        return None
    before, after = list(old.cells()), list(new.cells())
    if len(before) != len(after) or len(after) != new.width:
        return Region(0, y, width, 1)
    different = [x for x, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    if not different:
        return None
    return Region(different[0], y, different[-1] - different[0] + 1, 1)
