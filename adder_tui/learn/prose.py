"""A lesson's text as lines: paragraphs wrapped, lists hanging, tables aligned, code as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import dropwhile, groupby

from rich.cells import cell_len

from adder_tui.course.markup import Block, Span, blocks_of
from adder_tui.ui.line import KEPT, Line, Role, joined, wrap
from adder_tui.ui.line import Span as Piece
from adder_tui.ui.symbols import Glyphs

ROLES: dict[str, Role] = {"plain": "text", "bold": "strong", "code": "accent", "term": "key"}
CELL_GAP = 2
LEAST_CELL = 12
"""Columns that a table's last column has at least."""
FOLDED = "    "
"""Before the rest of a line that was too wide."""


def prose_lines(text: str, width: int, glyphs: Glyphs) -> list[Line]:
    """A part's blocks, a blank line between them, each line at most ``width`` columns."""
    lines: list[Line] = []
    for kind, group in groupby(blocks_of(text), lambda block: block.kind):
        if kind == "row":
            lines += [Line(), *_table([*group], width, glyphs)]
            continue
        for i, block in enumerate(group):
            lines += [Line()] if kind != "item" or not i else []
            if kind == "code":
                for row in block.spans[0].text.split("\n"):
                    lines += fold([(glyphs.text(row), "accent")], width)
            else:
                lines += hanging(f"{block.mark} " if block.mark else "", block.spans, width, glyphs)
    return lines[1:]


def hanging(mark: str, spans: Sequence[Span], width: int, glyphs: Glyphs, role: Role = "text") -> list[Line]:
    """Spans wrapped behind a mark, further rows under the first one's text."""
    indent = cell_len(mark)
    rows = wrap(_pieces(spans, glyphs, role), max(1, width - indent))
    return [Line.of((mark if not i else " " * indent, "dim"), row) for i, row in enumerate(rows)]


def _pieces(spans: Sequence[Span], glyphs: Glyphs, role: Role) -> list[Piece]:
    return [(glyphs.text(span.text), role if span.kind == "plain" else ROLES[span.kind]) for span in spans]


def fold(pieces: Sequence[Piece], width: int) -> list[Line]:
    """A line as it stands, blanks and all; what does not fit goes on indented below, broken at a space.

    At :data:`KEPT` it is not broken; that is shown as a space.
    """
    line = Line.of(*pieces)
    cells = [*line.cells()] if line.width > width else []
    rows, indent = [] if cells else [line], ""
    while cells:
        room = max(1, width - len(indent))
        fits = len(cells) <= room
        cut = len(cells) if fits else next((i for i in range(room, 0, -1) if cells[i][0] == " "), room)
        rows.append(Line.of(indent, joined(cells[:cut])))
        cells = [*dropwhile(lambda cell: cell[0] == " ", cells[cut:])]
        indent = FOLDED
    return [Line.of(*((text.replace(KEPT, " "), role) for text, role in row.spans)) for row in rows]


def _table(rows: Sequence[Block], width: int, glyphs: Glyphs) -> list[Line]:
    """Columns under each other; where they do not fit, the last one is wrapped."""
    cells = [[_pieces(cell, glyphs, "dim" if row.head else "text") for cell in row.cells] for row in rows]
    columns = max(map(len, cells))
    widths = [max(Line.of(*row[i]).width for row in cells if i < len(row)) for i in range(columns)]
    front = sum(widths[:-1]) + CELL_GAP * (columns - 1)
    last = max(LEAST_CELL, width - front)
    if front + LEAST_CELL > width and columns > 2:
        return _stacked(cells, width)
    lines: list[Line] = []
    for row in cells:
        head = Line.of(*(Line.of(*cell).fit(widths[i] + CELL_GAP) for i, cell in enumerate(row[: columns - 1])))
        tail = wrap(row[columns - 1], last) if len(row) == columns else []
        for i, part in enumerate(tail or [Line()]):
            lines.append(Line.of(head if not i else " " * front, part))
    return lines


def _stacked(cells: Sequence[Sequence[Sequence[Piece]]], width: int) -> list[Line]:
    """A table too wide for the room: each row's cells one after the other."""
    lines: list[Line] = []
    for row in cells:
        pieces = [piece for cell in row for piece in (*cell, (" ", "text"))]
        rows = wrap(pieces, max(1, width - len(FOLDED)))
        lines += [Line.of("" if not i else FOLDED, part) for i, part in enumerate(rows)]
    return lines
