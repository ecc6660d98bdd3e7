"""Styled text without a terminal library: a line is a run of (text, role) spans.

A role says what a piece of text is (``dim``, ``plus``, ``accent``); the theme says what that looks like.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import Literal, Self

from rich.cells import cell_len, set_cell_size


@dataclass(frozen=True)
class Tone:
    """A cell of a heat map: the levels of its upper and its lower half.

    On the scale ``sign`` levels go from −3 to 3; on the scale ``size`` from 0 to 5; on ``tile`` from −5 to 5; on
    ``plane`` 1 is the range that is trained on and 2 the current sum. On ``edge`` the upper one is a line's, −4 to 4.
    """

    scale: Literal["sign", "size", "tile", "plane", "edge"]
    upper: int
    lower: int
    marked: bool = False
    """Its character is a mark that is to stand out."""


Role = (
    Literal[
        "text", "strong", "dim", "faint", "accent", "active", "key", "plus", "minus", "train", "test", "band-dim",
        "chosen",
    ]
    | Tone
)  # fmt: skip
"""``band-dim`` is a table's header, ``active`` the tab in front, ``chosen`` a picked row."""
Span = tuple[str, Role]
KEPT = "\N{NO-BREAK SPACE}"
_TOGETHER = re.compile(r"(?<=\d) (?=[+−*] \d)|(?<=\d [+−*]) (?=\d)|(?<=[(\d],) (?=\d+\))")
"""Blanks at which no line is broken: in a sum, 30 + 70, and in a shape, (1, 2)."""


@dataclass(frozen=True)
class Line:
    """One row of styled text."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, *parts: str | Span | Line) -> Self:
        """Join plain strings (role ``text``), spans and lines."""
        spans: list[Span] = []
        for part in parts:
            if isinstance(part, Line):
                spans.extend(part.spans)
            elif isinstance(part, str):
                spans.append((part, "text"))
            else:
                spans.append(part)
        return cls(tuple(span for span in spans if span[0]))

    @property
    def plain(self) -> str:
        return "".join(text for text, _ in self.spans)

    @cached_property
    def width(self) -> int:
        """Columns that the line takes on a terminal."""
        return cell_len(self.plain)

    def fit(self, width: int, ellipsis: str = "", fill: Role = "text") -> Line:
        """The line cut or filled to exactly ``width`` columns; ``ellipsis`` marks a cut."""
        missing = width - self.width
        if missing >= 0:
            return Line((*self.spans, (" " * missing, fill))) if missing else self
        room = max(0, width - cell_len(ellipsis))
        kept: list[Span] = []
        for text, role in self.spans:
            piece = set_cell_size(text, min(room, cell_len(text)))
            room -= cell_len(piece)
            kept.append((piece, role))
            if room <= 0:
                break
        last = kept[-1][1] if kept else fill
        return Line.of(*kept, (set_cell_size(ellipsis, min(width, cell_len(ellipsis))), last))

    def with_right(self, right: Line, width: int, ellipsis: str = "") -> Line:
        """This line at the left and ``right`` at the right end of ``width`` columns; the left one gives way."""
        right = right.fit(min(width, right.width), ellipsis)
        return Line.of(self.fit(width - right.width, ellipsis), right)

    def cells(self) -> Iterator[Span]:
        for text, role in self.spans:
            for character in text:
                yield character, role


def roomiest(width: int, *wordings: Line) -> Line:
    """The first of several wordings that fits into ``width`` columns, or the last one."""
    return next((line for line in wordings if line.width <= width), wordings[-1])


def wrap(pieces: Iterable[Span], width: int) -> list[Line]:
    """Styled text broken at spaces into rows of at most ``width`` columns; longer words are broken anywhere.

    A word keeps its roles.
    """
    rows: list[list[Span]] = [[]]
    row, used = rows[0], 0
    for word in _words(pieces):
        size = cell_len(word[0][0]) if len(word) == 1 else sum(cell_len(text) for text, _ in word)
        if used and used + 1 + size > width:
            rows.append(row := [])
            used = 0
        elif used:
            before = row[-1][1]
            row.append((" ", before if before == word[0][1] else "text"))
            used += 1
        if size <= width:
            row += word
            used += size
            continue
        for character, role in ((character, role) for text, role in word for character in text):
            if used and used + cell_len(character) > width:
                rows.append(row := [])
                used = 0
            row.append((character, role))
            used += cell_len(character)
    return [Line(tuple(row)) for row in rows if row]


def _words(pieces: Iterable[Span]) -> Iterator[list[Span]]:
    word: list[Span] = []
    for text, role in pieces:
        for i, part in enumerate(_TOGETHER.sub(KEPT, text.replace("\n", " ")).split(" ")):
            if i and word:
                yield word
                word = []
            if part:
                word.append((part.replace(KEPT, " "), role))
    if word:
        yield word


def wrapped(text: str, width: int) -> list[str]:
    """Text of one role, wrapped."""
    return [line.plain for line in wrap([(" ".join(text.split()), "text")], width)]


def packed(pieces: Iterable[Line], width: int) -> list[Line]:
    """The pieces one after the other, a new row where the next one does not fit."""
    rows = [Line()]
    for piece in pieces:
        if rows[-1].width and rows[-1].width + piece.width > width:
            rows.append(piece)
        else:
            rows[-1] = Line.of(rows[-1], piece)
    return rows


def cut(text: str, width: int, ellipsis: str) -> str:
    """The text, or its beginning and the ellipsis where it is longer than ``width``."""
    return text if len(text) <= width else text[: max(0, width - 1)] + ellipsis


def beside(left: Sequence[Line], right: Sequence[Line], left_width: int, gap: int = 2) -> list[Line]:
    """Two blocks of lines side by side."""
    pairs = zip_longest(left, right, fillvalue=Line())
    return [Line.of(one.fit(left_width), " " * gap, other) for one, other in pairs]


def plain(lines: Iterable[Line]) -> str:
    """The lines as bare text."""
    return "\n".join(line.plain for line in lines)


def joined(cells: Sequence[Span]) -> Line:
    """The cells as a line, neighbours of one role together."""
    spans: list[Span] = []
    for character, role in cells:
        if spans and spans[-1][1] == role:
            spans[-1] = (spans[-1][0] + character, role)
        else:
            spans.append((character, role))
    return Line(tuple(spans))
