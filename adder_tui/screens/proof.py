"""The screens that show the proof against PyTorch and the gradient check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from adder_engine.snapshot import GradientCheck, Proof
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, wrapped
from adder_tui.render.proof import gradient_lines, proof_lines
from adder_tui.render.view import View
from adder_tui.screens.window import Window
from adder_tui.widgets.canvas import Canvas, ViewSource

Drawing = Callable[[Glyphs, int], Sequence[Line]]


class _Heading(Canvas):
    def draw(self, view: View, width: int, height: int) -> list[Line]:
        screen = self.screen
        assert isinstance(screen, ResultScreen)
        return [Line.of((screen.HEADING, "strong"), ("   Esc closes this", "dim")).fit(width)]


class _Result(Canvas):
    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        screen = self.screen
        assert isinstance(screen, ResultScreen)
        return screen.drawing(view.glyphs, width)


class ResultScreen(Window[None]):
    """A heading, and a result that scrolls; while it is worked out, a line says so."""

    DEFAULT_CSS = """
    ResultScreen { background: $background; padding: 1 2; }
    ResultScreen _Heading { height: 1; margin-bottom: 1; }
    ResultScreen VerticalScroll { scrollbar-size: 0 0; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "dismiss", show=False)]
    HEADING: ClassVar[str] = ""

    def __init__(self, source: ViewSource, waiting: str) -> None:
        super().__init__()
        self._source = source
        self.drawing: Drawing = _sentence(waiting)

    def compose(self) -> ComposeResult:
        yield _Heading(self._source)
        with VerticalScroll():
            yield _Result(self._source)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._fit()

    def on_resize(self) -> None:
        self._fit()

    def show(self, drawing: Drawing) -> None:
        """Put this in the place of what was there."""
        self.drawing = drawing
        self._fit()

    def show_refusal(self, sentence: str) -> None:
        """Say why there is no result."""
        self.show(_sentence(sentence))

    def _fit(self) -> None:
        lines = self.drawing(self._source().glyphs, max(20, self.app.size.width - 4))
        for result in self.query(_Result):  # none before it is mounted, nor once the window is closed
            result.styles.height = max(1, len(lines))
            self.call_after_refresh(result.redraw)


class ProofScreen(ResultScreen):
    """One update beside autograd and ``torch.optim``."""

    HEADING = "The proof"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("a", "dismiss", show=False)]
    _loaded: ClassVar[bool] = False

    def __init__(self, source: ViewSource) -> None:
        loading = "running autograd and torch.optim…" if ProofScreen._loaded else "loading torch.optim…"
        super().__init__(source, loading)

    def show_proof(self, proof: Proof) -> None:
        """Show how far ours and PyTorch's lie apart."""
        ProofScreen._loaded = True
        self.show(lambda glyphs, width: proof_lines(proof, glyphs, width))


class GradientScreen(ResultScreen):
    """A gradient beside slopes that are measured."""

    HEADING = "The gradient, checked"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("g", "dismiss", show=False)]

    def __init__(self, source: ViewSource) -> None:
        super().__init__(source, "nudging the number up and down…")

    def show_check(self, check: GradientCheck) -> None:
        """Show the slopes over a range of nudges."""
        self.show(lambda glyphs, width: gradient_lines(check, glyphs, width))


def _sentence(text: str) -> Drawing:
    return lambda glyphs, width: [Line.of(row) for row in wrapped(glyphs.text(text), width)]
