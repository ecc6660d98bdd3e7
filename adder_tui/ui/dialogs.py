"""Dialogs of one field: one that takes what is typed, one with an answer, one that finds something by typing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input

from adder_tui.commands import Window, window_keys
from adder_tui.ui.canvas import Drawing, ViewSource, heading
from adder_tui.ui.fields import Field
from adder_tui.ui.line import Line, Span
from adder_tui.ui.list_view import keys_line, list_lines, said_lines, step
from adder_tui.ui.modal import Modal, Result
from adder_tui.ui.view import ViewState

Thing = TypeVar("Thing")


class Dialog(Modal[Result]):
    """The frame: a field, and below it what :meth:`answer` draws; its keys lie over those of what is behind it.

    Args:
        typed: what stands in the field at first.
        placeholder: what it says while it is empty.
        title: what stands above it.
    """

    DEFAULT_CSS = """
    Dialog { align: center top; }
    Dialog, Dialog:ansi { background: transparent; }
    Dialog > Vertical { width: 64; max-width: 100%; height: auto; margin-top: 2; background: $raised; padding: 1 2; }
    Dialog #title { height: 1; }
    Dialog Field { height: 1; background: $band; margin-bottom: 1; }
    Dialog #answer { height: 1; }
    Dialog > #keys { dock: bottom; height: 1; background: $background; }
    """
    window: ClassVar[Window] = "dialog"
    covers = False
    AUTO_FOCUS = "Field"

    def __init__(self, source: ViewSource, typed: str, placeholder: str = "", title: Sequence[Span] = ()) -> None:
        super().__init__()
        self.source, self._title = source, title
        self.field = Field(typed, id="field")
        self.field.placeholder = placeholder

    def answer(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        """The lines below the field."""
        raise NotImplementedError

    def pick(self, row: int) -> None:
        """A row of the answer was clicked."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            if self._title:
                yield heading(self.source, *self._title, id="title")
            yield self.field
            yield Drawing(self.source, self.answer, self.pick, id="answer")
        yield Drawing(self.source, lambda view, width, _: [keys_line(window_keys(self.window)).fit(width)], id="keys")

    def on_mount(self) -> None:
        self.field.select_all()


class FieldDialog(Dialog[None]):
    """Type, Enter takes it, Escape leaves all as it was. What will not do stays to be mended.

    Args:
        title: what is to be typed.
        typed: what stands in the field at first.
        hint: what is said while nothing is refused.
    """

    DEFAULT_CSS = """
    FieldDialog { align: center middle; }
    FieldDialog > Vertical { margin-top: 0; }
    FieldDialog #answer { height: 2; }
    """

    def __init__(self, source: ViewSource, title: Sequence[Span], typed: str, hint: str) -> None:
        super().__init__(source, typed, title=title)
        self._hint = hint

    def answer(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        """What stands below the field, marked where it is a refusal."""
        return said_lines(self.said or self._hint, width, "minus" if self.said else "dim", view.glyphs, lead="")

    async def take(self, typed: str) -> None:
        """Do what the dialog is for.

        Raises:
            AdderError: what is typed will not do.
        """
        raise NotImplementedError

    @on(Field.Changed)
    def _changed(self) -> None:
        self.say("")

    def action_take_typed(self) -> None:
        self.close_after(self.take(self.field.value))


class SearchDialog(Dialog[Result], Generic[Result, Thing]):
    """What is typed finds things; Up and Down choose one, Enter or a click takes it."""

    ROWS: ClassVar[int] = 11
    DEFAULT_CSS = f"""
    SearchDialog #answer {{ height: {ROWS}; }}
    """
    window = "search"

    def __init__(self, source: ViewSource, placeholder: str) -> None:
        super().__init__(source, "", placeholder)
        self.typed = ""
        self.things: Sequence[Thing] = self.found("")
        self.at = 0

    def found(self, typed: str) -> Sequence[Thing]:
        """What there is to choose from."""
        raise NotImplementedError

    def row(self, view: ViewState, thing: Thing) -> tuple[str, Span]:
        """What one of them is called, and what stands at the right."""
        raise NotImplementedError

    def nothing(self, view: ViewState) -> Span:
        """Why nothing is found, in a sentence."""
        raise NotImplementedError

    async def take(self, thing: Thing) -> None:
        """Do what the dialog is for, with what was chosen."""
        raise NotImplementedError

    def answer(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        glyphs = view.glyphs
        if not self.things:
            sentence, role = self.nothing(view)
            return said_lines(sentence, width, role, glyphs, lead="")[:height]

        def drawn(i: int) -> Line:
            left, right = self.row(view, self.things[i])
            return Line.of(f" {glyphs.text(left)}").with_right(Line.of(right), width - 1, glyphs.ellipsis)

        return list_lines(drawn, len(self.things), self.at, width, height, glyphs, top=self._top)

    @property
    def _top(self) -> int:
        return max(0, self.at - self.ROWS + 1)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.typed = event.value
        self.things, self.at = self.found(event.value), 0
        self.redraw()

    def action_move(self, key: str) -> None:
        if self.things:
            self.at = (self.at + step(key)) % len(self.things)
            self.redraw()

    def pick(self, row: int) -> None:
        if self._top + row < len(self.things):
            self.at = self._top + row
            self.call_later(self.action_take)

    async def action_take(self) -> None:
        """Take the chosen one; where there is none, what is typed stays to be mended."""
        if self.things:
            await self.take(self.things[self.at])
