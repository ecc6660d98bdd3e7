"""The list of lessons, as widgets: its head, the lessons by chapters, and its foot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from adder_tui.render.course import Listing, list_foot, list_head, list_lines, top_row
from adder_tui.render.lines import Line
from adder_tui.render.view import View
from adder_tui.widgets.canvas import Canvas


class ListHead(Canvas):
    """The course's title, and how far one is."""

    listing: Listing | None = None

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        if self.listing is None:
            return [Line.of((f" Reading the lessons{view.glyphs.ellipsis}", "dim"))]
        return list_head(self.listing, width, view.glyphs)[:height]


class LessonList(Canvas, can_focus=True):
    """The lessons by chapters; Up and Down choose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-8)", show=False),
        Binding("pagedown", "move(8)", show=False),
        Binding("home", "move(-99)", show=False),
        Binding("end", "move(99)", show=False),
    ]

    class Moved(Message):
        """Another lesson is wanted: by how many, or which."""

        def __init__(self, by: int = 0, to: int | None = None) -> None:
            super().__init__()
            self.by, self.to = by, to

    listing: Listing | None = None
    _top = 0
    _owners: Sequence[int | None] = ()

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        if self.listing is None:
            return []
        lines, self._owners = list_lines(self.listing, width, view.glyphs)
        at = min(self.listing.at, len(self.listing.shown) - 1)
        self._top = max(0, min(top_row(self._owners, at, self._top, height), len(lines) - height))
        return lines[self._top : self._top + height]

    def action_move(self, by: int) -> None:
        """Choose another lesson."""
        self.post_message(self.Moved(by))

    def on_click(self, event: events.Click) -> None:
        row = self._top + event.y
        if row < len(self._owners) and self._owners[row] is not None:
            self.post_message(self.Moved(to=self._owners[row]))


class ListFoot(Canvas):
    """What the chosen lesson is for."""

    listing: Listing | None = None

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return [] if self.listing is None else list_foot(self.listing, width, view.glyphs)
