"""The help screen and the palette: every command of the table, listed and found by typing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from adder_tui.commands import COMMANDS, GROUPS, Command, Contexts, Window
from adder_tui.ui.canvas import Canvas, ViewSource
from adder_tui.ui.dialogs import Modal, SearchDialog
from adder_tui.ui.line import Line, wrapped
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.services import Services


GROUP_WIDTH = 9
KEY_WIDTH = 8


def help_lines(glyphs: Glyphs, typing: bool, contexts: Contexts, width: int) -> list[Line]:
    """Groups of keys that work on this tab, each with a sentence; while somebody types a sum, its keys come first."""
    lines: list[Line] = []
    groups = sorted(GROUPS, key=lambda name: not (typing and name == "Sums"))
    for group in groups:
        commands = [command for command in GROUPS[group] if command.works_on(contexts)]
        lines += [Line()] if lines and commands else []
        for i, command in enumerate(commands):
            rows = wrapped(glyphs.text(command.help), max(10, width - GROUP_WIDTH - KEY_WIDTH))
            name = (group if i == 0 else "").ljust(GROUP_WIDTH)
            lines.append(Line.of((name, "accent"), (command.shown.ljust(KEY_WIDTH), "key"), rows[0]))
            lines += [Line.of(" " * (GROUP_WIDTH + KEY_WIDTH) + row) for row in rows[1:]]
    return [line.fit(width) for line in lines]


def found(typed: str, contexts: Contexts) -> list[Command]:
    """This tab's commands that hold every typed word in what they are called or do, best first."""
    words = typed.lower().split()
    fitting = [
        command
        for command in COMMANDS
        if command.owner is not None
        and command.works_on(contexts)
        and all(word in f"{command.label} {command.help}".lower() for word in words)
    ]
    return sorted(fitting, key=lambda c: not (words and c.label.lower().startswith(words[0])))


def palette_lines(commands: Sequence[Command], at: int, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """As many commands as there are rows, the chosen one among them, each with its key at the right."""
    if not commands:
        return [Line.of(("No command is called that.", "dim")).fit(width)]
    first = max(0, at - height + 1)
    lines = []
    for index, command in enumerate(commands[first : first + height], start=first):
        chosen = index == at
        mark = f"{glyphs.current if chosen else ' '} "
        text = Line.of((mark + glyphs.text(command.help), "chosen" if chosen else "text"))
        key = Line.of((f" {command.shown}", "chosen" if chosen else "key"))
        lines.append(text.with_right(key, width, glyphs.ellipsis, fill="chosen" if chosen else "text"))
    return lines


class _Heading(Canvas):
    def draw(self, view: ViewState, width: int, height: int) -> list[Line]:
        more = "   Down shows more" if _rows(self) > self.app.size.height - 4 else ""
        return [Line.of(("Keys", "strong"), ("   Esc closes this" + more, "dim"))]


class _Keys(Canvas):
    def draw(self, view: ViewState, width: int, height: int) -> list[Line]:
        screen = self.screen
        assert isinstance(screen, HelpScreen)
        return screen.lines(view, width)


def _rows(canvas: Canvas) -> int:
    return canvas.screen.query_one(_Keys).size.height


class HelpScreen(Modal[None]):
    """All keys; Escape closes it.

    Args:
        typing: whether somebody types a sum.
        over: the window that this lies over.
    """

    DEFAULT_CSS = """
    HelpScreen { background: $background; padding: 1 2; }
    HelpScreen _Heading { height: 1; margin-bottom: 1; }
    HelpScreen VerticalScroll { scrollbar-size: 0 0; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,enter", "dismiss", show=False),
    ]

    def __init__(self, source: ViewSource, typing: bool, over: Window | None = None) -> None:
        super().__init__()
        self._source = source
        self._typing, self._over = typing, over

    def lines(self, view: ViewState, width: int) -> list[Line]:
        """The keys of the window that this lies over, or of the tab."""
        contexts: Contexts = view.contexts if self._over is None else frozenset({self._over})
        return help_lines(view.glyphs, self._typing, contexts, width)

    def compose(self) -> ComposeResult:
        yield _Heading(self._source)
        with VerticalScroll():
            yield _Keys(self._source)

    def on_mount(self) -> None:
        self._fit()
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        self._fit()
        self.call_after_refresh(self.query_one(_Heading).redraw)

    def _fit(self) -> None:
        width = max(20, self.app.size.width - 4)
        self.query_one(_Keys).styles.height = len(self.lines(self._source(), width))


class Palette(SearchDialog[None, Command]):
    """Does the chosen command."""

    DEFAULT_CSS = """
    Palette > Vertical { width: 72; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+p", "dismiss", show=False, priority=True)]

    def __init__(self, services: Services) -> None:
        super().__init__(services.view, "find a command")
        self._services = services

    def found(self, typed: str) -> Sequence[Command]:
        return found(typed, self.source().contexts)

    def answer(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        return palette_lines(self.things, self.at, width, height, view.glyphs)

    async def take(self, thing: Command) -> None:
        await self.dismiss()
        self._services.carry_out(thing.id)
