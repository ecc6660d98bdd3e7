"""The palette's list."""

from __future__ import annotations

from collections.abc import Sequence

from adder_tui.commands import COMMANDS, Command
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line


def found(typed: str, tab: str) -> list[Command]:
    """This tab's commands that hold every typed word in what they are called or do, best first."""
    words = typed.lower().split()
    fitting = [
        command
        for command in COMMANDS
        if command.act is not None
        and command.works_on(tab)
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
