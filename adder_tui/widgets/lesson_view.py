"""A view beside a lesson's text, as widgets: its title, and what is drawn under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message

from adder_tui.lessons.vocabulary import VIEWS
from adder_tui.render.lesson_views import draw_view
from adder_tui.render.lines import Line
from adder_tui.render.view import View
from adder_tui.render.workbench import Workbench
from adder_tui.widgets.canvas import Canvas, ViewSource

BenchSource = Callable[[], Workbench | None]


class OwnView(Canvas, can_focus=True):
    """One of the lesson's own views; its keys go to the pane as messages."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "key('move', -1)", show=False),
        Binding("down", "key('move', 1)", show=False),
        Binding("pageup", "key('move', -8)", show=False),
        Binding("pagedown", "key('move', 8)", show=False),
        Binding("left", "key('turn', -1)", show=False),
        Binding("right", "key('turn', 1)", show=False),
    ]

    class Key(Message):
        """A key for the view's cursor, or for what is under it."""

        def __init__(self, name: str, what: str, change: int) -> None:
            super().__init__()
            self.name, self.what, self.change = name, what, change

    def __init__(self, source: ViewSource, bench: BenchSource, name: str) -> None:
        super().__init__(source)
        self.view_name = name
        self._bench = bench

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        bench = self._bench()
        return draw_view(self.view_name, view, bench, width, height)[:height] if bench else []

    def action_key(self, what: str, change: int) -> None:
        """Tell the pane."""
        self.post_message(self.Key(self.view_name, what, change))


class FrameTitle(Canvas):
    """The view's name; where one view is shown at a time, all their names."""

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        frame = self.parent
        assert isinstance(frame, ViewFrame)
        rule = view.glyphs.horizontal
        line = Line.of((rule * 2 + " ", "faint"))
        for i, name in enumerate(frame.names):
            here = name == frame.view_name
            mark = view.glyphs.current if here and frame.has_keys else ""
            role = "accent" if here and frame.has_keys else "strong" if here else "dim"
            line = Line.of(line, "  " if i else "", (mark + name, role))  # type: ignore[arg-type]
        if len(frame.names) == 1:
            line = Line.of(line, ("  " + VIEWS[frame.view_name], "dim"))
        line = Line.of(line, " ")
        return [Line.of(line, (rule * max(0, width - line.width), "faint"))]


class ViewFrame(Vertical, can_focus=True):
    """A view with its title; takes the keys itself where the drawing takes none.

    Args:
        name: one of the lesson's views.
        canvas: what draws it.
        below: a line or two under it, hidden while there is nothing to be told there.
    """

    DEFAULT_CSS = """
    ViewFrame FrameTitle { height: 1; }
    ViewFrame > Canvas { height: 1fr; }
    ViewFrame > FrameTitle { height: 1; }
    ViewFrame > ReadOut { height: 2; display: none; }
    """

    def __init__(self, source: ViewSource, name: str, canvas: Canvas, *below: Canvas) -> None:
        super().__init__()
        self.can_focus = not canvas.can_focus
        self.view_name, self.canvas, self._below, self._source = name, canvas, below, source
        self.names: tuple[str, ...] = (name,)
        """What the title lists."""

    def compose(self) -> ComposeResult:
        yield FrameTitle(self._source)
        yield self.canvas
        yield from self._below

    @property
    def has_keys(self) -> bool:
        """Whether the keys go here."""
        return self.has_focus or self.canvas.has_focus

    def take_keys(self) -> None:
        """Give it the keys."""
        # At once, so that a key that comes right behind finds it there.
        self.screen.set_focus(self if self.can_focus else self.canvas, scroll_visible=False)
