"""A window with a text that scrolls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from adder_engine.language import tr
from adder_tui.ui.canvas import Drawing, ViewSource
from adder_tui.ui.line import Line, wrapped
from adder_tui.ui.modal import Modal
from adder_tui.ui.view import ViewState

Text = Callable[[ViewState, int], Sequence[Line]]
"""Lines for so many columns."""


def sentence(text: str) -> Text:
    """A sentence that is broken to the width."""
    return lambda view, width: [Line.of(row) for row in wrapped(view.glyphs.text(text), width)]


class TextWindow(Modal[None]):
    """A heading, and a text that scrolls; Escape closes it."""

    DEFAULT_CSS = """
    TextWindow { background: $background; padding: 1 2; }
    TextWindow #heading { height: 1; margin-bottom: 1; }
    TextWindow VerticalScroll { scrollbar-size: 0 0; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", show=False)]
    HEADING: ClassVar[str]

    def __init__(self, source: ViewSource, text: Text) -> None:
        super().__init__()
        self._source, self._text = source, text
        self._drawing = Drawing(source, lambda view, width, height: self._text(view, width), id="text")
        self._scroll = VerticalScroll(self._drawing)

    def note(self) -> str:
        """What stands behind the heading."""
        return tr("   Esc closes this")

    def compose(self) -> ComposeResult:
        yield Drawing(self._source, lambda *_: [Line.of((self.HEADING, "strong"), (self.note(), "dim"))], id="heading")
        yield self._scroll

    def on_mount(self) -> None:
        self._scroll.focus()
        self._fit()

    def on_resize(self) -> None:
        self._fit()

    def show(self, text: Text) -> None:
        """Put this in the place of what was there."""
        self._text = text
        self._fit()

    def show_refusal(self, why: str) -> None:
        self.show(sentence(why))

    def _fit(self) -> None:
        lines = self._text(self._source(), max(20, self.app.size.width - 4))
        self._drawing.styles.height = max(1, len(lines))
        self.call_after_refresh(self.redraw)
