"""A lesson's text as lines: paragraphs wrapped, lists hanging, tables aligned, code as it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from adder_tui.lessons.prose import Block, Span, blocks_of, spans_of
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, Role
from adder_tui.render.lines import Span as Piece

ROLES: dict[str, Role] = {"plain": "text", "bold": "strong", "code": "accent", "term": "key"}
CELL_GAP = 2


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
                lines += _table(rows, glyphs)
        elif block.kind == "code":
            lines += [Line.of((glyphs.text(row), "accent")) for row in block.spans[0].text.split("\n")]
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
        parts = text.replace("\n", " ").split(" ")
        for i, part in enumerate(parts):
            if i and word:
                yield word
                word = []
            if part:
                word.append((part, role))
    if word:
        yield word


def _pieces(spans: Sequence[Span], glyphs: Glyphs, role: Role) -> list[Piece]:
    return [(glyphs.text(span.text), role if span.kind == "plain" else ROLES[span.kind]) for span in spans]


def _table(rows: Sequence[Block], glyphs: Glyphs) -> list[Line]:
    cells = [[_pieces(cell, glyphs, "dim" if row.head else "text") for cell in row.cells] for row in rows]
    columns = max(map(len, cells))
    widths = [
        max((sum(cell_len(text) for text, _ in row[i]) for row in cells if i < len(row)), default=0)
        for i in range(columns)
    ]
    return [
        Line.of(*(Line.of(*cell).fit(widths[i] + CELL_GAP) for i, cell in enumerate(row)))
        for row in cells
    ]  # fmt: skip
