"""Windows over the app: what all have in common, and one with a text that scrolls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen, Screen

from adder_engine.errors import AdderError, sentence_of
from adder_engine.language import tr
from adder_tui.commands import COMMANDS, Window
from adder_tui.ui.canvas import Canvas, Drawing, ViewSource, hidden
from adder_tui.ui.keyboard import HeldKeys
from adder_tui.ui.line import Line, wrapped
from adder_tui.ui.view import ViewState

Result = TypeVar("Result")

NOTICE_SECONDS = 4.0
"""A sentence that asks for nothing goes by itself after so long."""


class Modal(ModalScreen[Result]):
    """Lies over the app until it is dismissed.

    Textual's own ``dismiss`` takes whatever lies on top away: a second Escape that arrives in one piece with the
    first, or work that ends while another window lies over this one, would close the wrong one, or end the app.

    A window's parts are made with it, in its constructor, and nobody asks the screen for them: they are there for
    whoever works on while the window is still being put up, or is gone. Keys wait until it is up; until then it is
    not closed either.
    """

    DEFAULT_CSS = """
    Modal, Modal:ansi { background: $background; }
    Modal > .told { layer: _toastrack; dock: bottom; height: 1; background: $band; }
    """
    window: ClassVar[Window | None] = None
    """Its commands in the table become its bindings.

    They are looked at before what has the focus, so that a key behind one that closes it is for what stands in front
    then; where somebody types, those alone that work meanwhile.
    """
    covers = True
    """Whether nothing below it is seen, and drawn."""
    said = ""
    """The sentence that it says, such as why something was refused."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if "window" in vars(cls):
            own = [c for c in COMMANDS if c.owner == "window" and cls.window in c.contexts]
            typed_into = any(c.typing for c in own)
            cls.BINDINGS = [
                *(
                    Binding(
                        key, (c.action or c.id).format(key=key), show=False, priority=bool(c.typing) or not typed_into
                    )
                    for c in own
                    for key in c.keys.split(",")
                ),
                Binding("f1", "app.do('help')", show=False),
            ]
        super().__init_subclass__(**kwargs)

    def __init__(self) -> None:
        super().__init__()
        self.held = HeldKeys()
        """Of those that came while what was asked for is carried out."""
        self._dismissed = False
        self._covered: tuple[Result | None] | None = None
        """The result with which this one closes once it is put up, and nothing lies over it any more."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close this window, once; where another one lies over it, as soon as that is closed."""
        if self._dismissed or not self.is_attached:
            return AwaitComplete()
        if self.app.screen is not self or not self.is_mounted:
            self._covered = (result,)
            return AwaitComplete()
        self._dismissed = True
        return super().dismiss(result)

    def on_screen_resume(self) -> None:
        """Nothing lies over this one any more."""
        if self._covered is not None and self.is_mounted:
            self.dismiss(*self._covered)

    def on_mount(self) -> None:
        self.call_later(self.on_screen_resume)  # closed before it was up

    def redraw(self) -> None:
        for canvas in self.query(Canvas):
            canvas.redraw()

    def say(self, sentence: str) -> None:
        self.said = sentence
        self.redraw()

    def tell(self, view: ViewState, sentence: str) -> None:
        """Show a sentence over the last row for a while; it is no refusal."""
        line = Line.of((f" {view.glyphs.text(sentence)}", "strong")).fit(self.size.width, view.glyphs.ellipsis)
        for message in self.query(".told"):
            message.remove()
        message = Drawing(lambda: view, lambda *_: [line], classes="told")
        self.mount(message)
        self.set_timer(NOTICE_SECONDS, message.remove)

    def start(self, work: Awaitable[None], exclusive: bool = True) -> None:
        """Begin it, ``exclusive`` in the place of what was begun before; where it is refused, say why."""
        self.run_worker(self._attempt(work), exclusive=exclusive)

    def close_after(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin what closes this window unless it is refused; no key that comes meanwhile is lost.

        They are pressed once it is done or refused, for whatever stands in front then.
        """
        if not self.held.waiting:
            self.held.waiting = True
            stack = self.app.screen_stack
            below = stack[stack.index(self) - 1] if self in stack else stack[-1]
            self.start(self._then_keys(work, below), exclusive=False)
        else:
            work.close()

    async def _then_keys(self, work: Coroutine[Any, Any, None], below: Screen[Any]) -> None:
        try:
            await work
        finally:
            below.call_later(self.held.release, self.app)  # which is to be closed first, where that goes with this one

    def keeps(self, key: events.Key) -> bool:
        """Whether a key waits for what is being carried out; those that leave do not."""
        return key.key != "escape" and self.held.keeps(key)

    async def _attempt(self, work: Awaitable[None]) -> None:
        try:
            await work
        except (AdderError, OSError) as error:
            self.say(sentence_of(error))


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
    BINDINGS = hidden(True, escape="dismiss", q="dismiss", enter="dismiss")
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
        self._fit()  # before the first painting, which then has the text
        yield Drawing(self._source, lambda *_: [Line.of((self.HEADING, "strong"), (self.note(), "dim"))], id="heading")
        yield self._scroll

    def on_mount(self) -> None:
        self._scroll.focus()

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
