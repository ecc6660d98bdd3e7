"""Where another loss function began in the middle of a run: its line goes on in other units, so both are named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Span

if TYPE_CHECKING:
    from adder_engine.snapshot import Mark

BLANK = " ⠀"


def loss_changes(marks: Sequence[Mark]) -> list[tuple[float, str]]:
    """``(epoch, loss)`` for each time that another loss function was chosen, in order."""
    found = []
    for mark in marks:
        names = [part.removeprefix("loss ") for part in mark.text.split(", ") if part.startswith("loss ")]
        found += [(mark.epoch, name) for name in names[-1:]]
    return found


def name_losses(
    cells: list[list[Span]], changes: Sequence[tuple[int, str]], first: str, glyphs: Glyphs
) -> list[list[Span]]:
    """The plot with a line in each column where the loss function changed, and both names beside it.

    Args:
        cells: the plot's rows, a character and its role for each column.
        changes: column and name of each new loss function, from left to right.
        first: the loss function before them.
    """
    named = [list(row) for row in cells]
    before = first
    for column, name in changes:
        for row in named:
            if row[column][0] in BLANK:
                row[column] = (glyphs.cursor, "dim")
        for start, word in ((column - len(before) - 1, before), (column + 2, name)):
            _write(named, start, word)
        before = name
    return named


def _write(rows: list[list[Span]], start: int, word: str) -> None:
    """Put a word into the uppermost row where it covers nothing."""
    for row in rows:
        room = row[start : start + len(word)] if start >= 0 else []
        if len(room) == len(word) and all(character in BLANK for character, _ in room):
            row[start : start + len(word)] = [(character, "strong") for character in word]
            return
