"""The Explore tab's drawing, with a cross-hair that the arrows move."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from adder_tui.render.exploration import Exploration, Spot
from adder_tui.render.explore import explore_lines
from adder_tui.render.lines import Line
from adder_tui.render.plane_window import moved, off_axis, on_axis, rulers
from adder_tui.render.view import View
from adder_tui.widgets.canvas import Canvas, ViewSource


class ExploreCanvas(Canvas, can_focus=True):
    """One view of the exploration.

    Args:
        changed: told when another part of the plane is looked at.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(0, -1)", show=False),
        Binding("down", "move(0, 1)", show=False),
        Binding("left", "move(-1, 0)", show=False),
        Binding("right", "move(1, 0)", show=False),
        Binding("pageup", "move(0, -5)", show=False),
        Binding("pagedown", "move(0, 5)", show=False),
    ]

    def __init__(self, source: ViewSource, changed: Callable[[], None]) -> None:
        super().__init__(source)
        self._changed = changed
        self.exploration = Exploration()
        self._spot: Spot | None = None
        self._drawn: tuple[Exploration, tuple[object, ...]] | None = None

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        """The view; drawn anew only where something in it has changed."""
        view = self.exploration.view_then(view)
        snapshot = view.snapshot
        seen: tuple[object, ...] = (view.experiment, view.selection, view.glyphs.ascii, snapshot is None)
        if snapshot is not None:
            seen = (*seen, snapshot.asked, snapshot.collapsed)
        before = self._drawn
        if self._lines is not None and before is not None and before[0] is self.exploration and before[1] == seen:
            return self._lines
        self._drawn = self.exploration, seen
        lines, self._spot = explore_lines(view, self.exploration, width, height)
        return lines

    def look(self, **changes: object) -> None:
        """Look at something else, or take in what was found."""
        self.exploration = dataclasses.replace(self.exploration, **changes)  # type: ignore[arg-type]
        self.redraw()

    @property
    def has_plane(self) -> bool:
        """Whether the view is a plane of sums."""
        return self.exploration.view in ("error", "neurons")

    @property
    def cursor(self) -> tuple[float, float]:
        """The sum under the cross-hair."""
        return self.exploration.cursor_in(self.view)

    @property
    def chosen_sum(self) -> tuple[float, float]:
        """The cross-hair's sum: the middle of its cell, also while the picture of a moved plane is still to come."""
        if self._spot is None or self.exploration.cursor is None:
            return self.cursor
        window = self.exploration.window(self.view)
        a, b = (
            off_axis(ruler.place(min(max(0, ruler.index(on_axis(x, window.log))), ruler.cells - 1)), window.log)
            for ruler, x in zip(rulers(window, self._spot.cells), self.cursor, strict=True)
        )
        return a, b

    def action_move(self, right: int, down: int) -> None:
        """Move the cross-hair by cells; at the edge the plane goes along."""
        if self._spot is None:
            return
        exploration = self.exploration
        window, cursor = moved(exploration.window(self.view), self._spot.cells, self.cursor, right, down)
        self.exploration = dataclasses.replace(exploration.with_window(window), cursor=cursor)
        self._changed()

    def on_click(self, event: events.Click) -> None:
        found = self._spot.cell_at(event.x, event.y) if self._spot else None
        if found is not None and self._spot is not None:
            window = self.exploration.window(self.view)
            a, b = rulers(window, self._spot.cells)
            self.look(cursor=(off_axis(a.place(found[0]), window.log), off_axis(b.place(found[1]), window.log)))
