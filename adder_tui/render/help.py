"""The help screen's text, from the table of commands."""

from __future__ import annotations

from adder_tui.commands import GROUPS
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, wrapped

GROUP_WIDTH = 9
KEY_WIDTH = 8


def help_lines(glyphs: Glyphs, typing: bool, tab: str, width: int) -> list[Line]:
    """Groups of keys that work on this tab, each with a sentence; while somebody types a sum, its keys come first."""
    lines: list[Line] = []
    groups = sorted(GROUPS, key=lambda name: not (typing and name == "Sums"))
    for group in groups:
        commands = [command for command in GROUPS[group] if command.works_on(tab)]
        lines += [Line()] if lines and commands else []
        for i, command in enumerate(commands):
            rows = wrapped(glyphs.text(command.help), max(10, width - GROUP_WIDTH - KEY_WIDTH))
            name = (group if i == 0 else "").ljust(GROUP_WIDTH)
            lines.append(Line.of((name, "accent"), (command.shown.ljust(KEY_WIDTH), "key"), rows[0]))
            lines += [Line.of(" " * (GROUP_WIDTH + KEY_WIDTH) + row) for row in rows[1:]]
    return [line.fit(width) for line in lines]
