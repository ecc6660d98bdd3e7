"""What a window says that is too small for the app."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.screen import Screen

from adder_tui.render.lines import Line
from adder_tui.render.shell import SMALLEST, too_small
from adder_tui.render.view import View
from adder_tui.widgets.canvas import Canvas, ViewSource


class _Words(Canvas):
    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        size = self.app.size
        return [Line.of(row) for row in too_small(size.width, size.height, SMALLEST)]


class TooSmall(Screen[None]):
    """Lies over everything until the window is large enough; the run goes on beneath it."""

    DEFAULT_CSS = "TooSmall _Words { width: 100%; height: 100%; }"

    def __init__(self, source: ViewSource) -> None:
        super().__init__()
        self._source = source

    def compose(self) -> ComposeResult:
        yield _Words(self._source)

    def on_screen_resume(self) -> None:
        """A window that lay over this one is closed: the terminal may have grown meanwhile."""
        if not is_small(self.app.size):
            self.dismiss()


def is_small(size: Size) -> bool:
    """Whether the app does not fit into a window of this size."""
    return size.width < SMALLEST[0] or size.height < SMALLEST[1]


async def cover_while_too_small(app: App[None], source: ViewSource) -> None:
    """Put the screen over the others while the window is too small, and take it away again."""
    covered = isinstance(app.screen, TooSmall)
    if is_small(app.size) and not covered:
        await app.push_screen(TooSmall(source))
    elif covered and not is_small(app.size):
        await app.pop_screen()
