"""The help screen and the palette: every command of the table, listed and found by typing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from adder_engine.language import tr
from adder_tui.commands import BY_ID, COMMANDS, GROUPS, SUMS, Command, Contexts, Window
from adder_tui.ui.canvas import ViewSource
from adder_tui.ui.dialogs import SearchDialog
from adder_tui.ui.line import Line, Span, wrapped
from adder_tui.ui.modal import TextWindow
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.services import Services


WALKS = ("move", "leave", "dismiss")
"""Actions within a window that nobody looks for."""
GROUP_WIDTH = 9
KEY_WIDTH = 8


@lru_cache(maxsize=8)
def help_lines(glyphs: Glyphs, typing: bool, contexts: Contexts, width: int) -> Sequence[Line]:
    """Groups of keys that work on this tab, each with a sentence; while somebody types a sum, its keys come first."""
    lines: list[Line] = []
    for title, group in sorted(GROUPS, key=lambda pair: not (typing and pair[1] is SUMS)):
        commands = [command for command in group if command.works_on(contexts)]
        lines += [Line()] if lines and commands else []
        if commands and len(title) >= GROUP_WIDTH:
            lines.append(Line.of((title, "accent")))
            title = ""
        for i, command in enumerate(commands):
            rows = wrapped(glyphs.text(command.help), max(10, width - GROUP_WIDTH - KEY_WIDTH))
            name = (title if i == 0 else "").ljust(GROUP_WIDTH)
            lines.append(Line.of((name, "accent"), (command.shown.ljust(KEY_WIDTH), "key"), rows[0]))
            lines += [Line.of(" " * (GROUP_WIDTH + KEY_WIDTH) + row) for row in rows[1:]]
    return [line.fit(width) for line in lines]


def found(typed: str, contexts: Contexts) -> list[Command]:
    """This tab's commands that hold every typed word in what they are called or do, best first.

    Then those of the windows that this tab's commands open, with both keys: taking one opens its window.
    """
    words = typed.lower().split()
    fitting = [
        command for command in COMMANDS if all(word in f"{command.label} {command.help}".lower() for word in words)
    ]
    here = [command for command in fitting if command.owner is not None and command.works_on(contexts)]
    inside = [(BY_ID[window], command) for command in fitting if command.owner == "window" and words
              for window in command.contexts if window in BY_ID and not command.action.startswith(WALKS)]  # fmt: skip
    there = [
        replace(opens, label=command.label, help=command.help, shown=f"{opens.shown} {command.shown}".strip())
        for opens, command in inside
        if opens.works_on(contexts) and command not in here
    ]
    return sorted(here + there, key=lambda c: not (words and c.label.lower().startswith(words[0])))


class HelpScreen(TextWindow):
    """All keys; Escape closes it.

    Args:
        typing: whether somebody types a sum.
        over: the window that this lies over.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,f1", "dismiss", show=False, priority=True)]
    HEADING = tr("Keys")

    def __init__(self, source: ViewSource, typing: bool, over: Window | None = None) -> None:
        contexts: Contexts | None = None if over is None else frozenset({over})
        super().__init__(source, lambda view, width: help_lines(view.glyphs, typing, contexts or view.contexts, width))

    def note(self) -> str:
        rows = self._drawing.size.height
        return super().note() + (tr("   Down shows more") if rows > self.app.size.height - 4 else "")


class Palette(SearchDialog[None, Command]):
    """Does the chosen command."""

    DEFAULT_CSS = "Palette > Vertical { width: 72; }"

    def __init__(self, services: Services) -> None:
        super().__init__(services.view, tr("find a command"))
        self._services = services

    def found(self, typed: str) -> Sequence[Command]:
        return found(typed, self.source().contexts)

    def row(self, view: ViewState, thing: Command) -> tuple[str, Span]:
        return thing.help, (f" {thing.shown}", "key")

    def nothing(self, view: ViewState) -> Span:
        return tr("No command is called that."), "dim"

    async def take(self, thing: Command) -> None:
        self.dismiss()
        self.app.call_next(self._services.carry_out, thing.id)  # once this is gone; a click would wait for itself
