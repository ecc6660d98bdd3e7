"""What every tab's pane is: a container that draws the app's view."""

from __future__ import annotations

from collections.abc import Sequence

from textual.containers import Container

from adder_tui.ui.canvas import Canvas, ViewSource


class Pane(Container):
    """Fills the stage under a tab. It is mounted when its tab is first shown."""

    def __init__(self, source: ViewSource, *, id: str) -> None:
        super().__init__(id=id)
        self.source = source

    @property
    def actors(self) -> Sequence[object]:
        """This and its parts: the first of them that has a command's action carries it out."""
        return (self,)

    def redraw(self) -> None:
        """Draw the newest view; called for the tab in front alone."""
        for canvas in self.query(Canvas):
            canvas.redraw()

    def came_to_front(self) -> None:
        """Called when this pane's tab was chosen."""

    def take_focus(self) -> None:
        """Give the keys to the first of this pane's drawings that takes any; called whenever nothing else has them."""
        for canvas in self.query(Canvas):
            if canvas.focusable:
                canvas.focus(scroll_visible=False)
                return
