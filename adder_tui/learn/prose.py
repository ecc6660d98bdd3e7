"""A lesson's text as lines: paragraphs wrapped, lists hanging, tables aligned, code as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from adder_tui.course.markup import Block, Span, blocks_of, spans_of
from adder_tui.ui.line import Line, Role
from adder_tui.ui.line import Span as Piece
from adder_tui.ui.symbols import Glyphs

ROLES: dict[str, Role] = {"plain": "text", "bold": "strong", "code": "accent", "term": "key"}
CELL_GAP = 2
LEAST_CELL = 12
"""Columns that a table's last column has at least."""
FOLDED = "    "
"""Before the rest of a line that was too wide."""
KEPT = "\N{NO-BREAK SPACE}"
_TOGETHER = re.compile(r"(?<=\d) (?=[+−*] \d)|(?<=\d [+−*]) (?=\d)|(?<=[(\d],) (?=\d+\))")
"""Blanks at which no line is broken: in a sum, 30 + 70, and in a shape, (1, 2)."""


def prose_lines(text: str, width: int, glyphs: Glyphs) -> list[Line]:
    """A part's blocks, a blank line between them, each line at most ``width`` columns."""
    lines: list[Line] = []
    before: Block | None = None
    blocks = blocks_of(text)
    for index, block in enumerate(blocks):
        together = before is not None and before.kind == block.kind and block.kind in ("item", "row")
        if before is not None and not together:
            lines.append(Line())
        if block.kind == "row":
            if not together:
                rows = [block]
                for later in blocks[index + 1 :]:
                    if later.kind != "row":
                        break
                    rows.append(later)
                lines += _table(rows, width, glyphs)
        elif block.kind == "code":
            for row in block.spans[0].text.split("\n"):
                lines += fold([(glyphs.text(row), "accent")], width)
        else:
            mark = f"{block.mark} " if block.mark else ""
            lines += hanging(mark, block.spans, width, glyphs)
        before = block
    return lines


def hanging(mark: str, spans: Sequence[Span], width: int, glyphs: Glyphs, role: Role = "text") -> list[Line]:
    """Spans wrapped behind a mark, further rows under the first one's text."""
    indent = cell_len(mark)
    rows = wrap(_pieces(spans, glyphs, role), max(1, width - indent))
    return [Line.of((mark if not i else " " * indent, "dim"), row) for i, row in enumerate(rows)]


def marked(text: str, width: int, glyphs: Glyphs, role: Role = "text") -> list[Line]:
    """One paragraph with marks in it, wrapped."""
    return wrap(_pieces(spans_of(text), glyphs, role), width)


def wrap(pieces: Iterable[Piece], width: int) -> list[Line]:
    """Styled text broken at spaces; a word keeps its styles, one that is too long is broken anywhere."""
    rows: list[list[Piece]] = []
    row: list[Piece] = []
    used = 0
    for word in _words(pieces):
        size = sum(cell_len(text) for text, _ in word)
        gap = 1 if row else 0
        if row and used + gap + size > width:
            rows.append(row)
            row, used, gap = [], 0, 0
        if size > width:
            for text, role in word:
                for character in text:
                    if used + cell_len(character) > width:
                        rows.append(row)
                        row, used = [], 0
                    row.append((character, role))
                    used += cell_len(character)
            continue
        if gap:
            row.append((" ", row[-1][1] if row[-1][1] == word[0][1] else "text"))
        row += word
        used += gap + size
    return [Line.of(*row) for row in ([*rows, row] if row else rows)]


def _words(pieces: Iterable[Piece]) -> Iterable[list[Piece]]:
    word: list[Piece] = []
    for text, role in pieces:
        parts = _TOGETHER.sub(KEPT, text.replace("\n", " ")).split(" ")
        for i, part in enumerate(parts):
            if i and word:
                yield word
                word = []
            if part:
                word.append((part.replace(KEPT, " "), role))
    if word:
        yield word


def _pieces(spans: Sequence[Span], glyphs: Glyphs, role: Role) -> list[Piece]:
    return [(glyphs.text(span.text), role if span.kind == "plain" else ROLES[span.kind]) for span in spans]


def fold(pieces: Sequence[Piece], width: int) -> list[Line]:
    """A line as it stands, blanks and all; what does not fit goes on indented below, broken at a space."""
    line = Line.of(*pieces)
    if line.width <= width:
        return [line]
    cells = list(line.cells())
    rows: list[Line] = []
    indent = ""
    while cells:
        room = max(1, width - len(indent))
        cut = len(cells) if len(cells) <= room else room
        if cut < len(cells):
            spaces = [i for i in range(1, cut + 1) if cells[i][0] == " "]
            cut = spaces[-1] if spaces else cut
        rows.append(Line.of(indent, *cells[:cut]))
        cells = cells[cut:]
        while cells and cells[0][0] == " ":
            cells.pop(0)
        indent = FOLDED
    return rows


def _table(rows: Sequence[Block], width: int, glyphs: Glyphs) -> list[Line]:
    """Columns under each other; where they do not fit, the last one is wrapped."""
    cells = [[_pieces(cell, glyphs, "dim" if row.head else "text") for cell in row.cells] for row in rows]
    columns = max(map(len, cells))
    widths = [
        max((sum(cell_len(text) for text, _ in row[i]) for row in cells if i < len(row)), default=0)
        for i in range(columns)
    ]
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
