"""Matrices as matrices: in brackets, aligned by the points, the chosen column marked, wide ones folded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.cells import cell_len

from adder_engine.language import tr
from adder_tui.ui.line import Line, Span
from adder_tui.ui.numbers import aligned, role_of
from adder_tui.ui.phrases import NumberFormat, kept

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.floating]

MOST_ROWS = 6
GAP = 1
"""Columns between two numbers, beside the marks."""
HOLES = (9, 5, 1)
"""Columns where others are folded away; the header has their count, in a small one as ``+61``, in the least none."""


@dataclass(frozen=True)
class Part:
    """One matrix of a block."""

    label: str
    values: Matrix
    """``(rows, columns)``, or ``(columns,)`` for a vector."""
    row: int | None = None
    """The row that is marked; None marks the chosen column in every row."""
    all: bool = False
    """Whether the whole matrix is the factor that is multiplied."""
    beside: Mapping[int, str] = field(default_factory=dict)
    """Words at the left of rows."""


def block(
    parts: Sequence[Part], column: int | None, names: Sequence[str], figures: NumberFormat, width: int
) -> list[Line]:
    """Matrices of equally many columns under each other, a header with the columns' names above them.

    Args:
        column: the column that is multiplied.
        names: one for each column.
    """
    glyphs = figures.glyphs
    matrices = [part.values.reshape(-1, part.values.shape[-1]) for part in parts]
    rows = [kept(len(m), part.row, MOST_ROWS) for m, part in zip(matrices, parts, strict=True)]
    labels = max(cell_len(part.label) for part in parts)
    beside = max((cell_len(word) for part in parts for word in part.beside.values()), default=0)
    left = 2 + labels + 1 + (beside + 1 if beside else 0)
    count = matrices[0].shape[1]
    room = width - left - 4

    @cache
    def column_of(j: int) -> tuple[list[str], int]:
        texts = aligned([figures(m[i, j]) for m, shown in zip(matrices, rows, strict=True) for i in shown])
        return texts, max(cell_len(names[j]), *map(cell_len, texts))

    for most in range(max(1, min(count, room // (figures.digits + 2 + GAP))), 0, -1):
        columns = kept(count, column, most)
        texts = {j: column_of(j)[0] for j in columns}
        widths = {j: column_of(j)[1] for j in columns}
        holes = sum(b - a > 1 for a, b in pairwise((-1, *columns)))
        taken = sum(widths.values()) + len(columns) * (2 + GAP)
        if taken + holes * HOLES[0] <= room:
            break
    hole = next((size for size in HOLES if taken + holes * size <= room), HOLES[-1])

    def joined(pieces: dict[int, Span], head: bool = False) -> list[Span]:
        spans: list[Span] = []
        before = -1
        for j in columns:
            hidden = j - before - 1
            if hidden:
                sentence = {HOLES[0]: tr("{count} more", count=hidden), HOLES[1]: f"+{hidden}"}
                words = sentence.get(hole, glyphs.ellipsis)[:hole]
                spans.append(((words if head else glyphs.ellipsis).center(hole), "dim"))
            text, role = pieces[j]
            mark = (glyphs.left, glyphs.right) if role == "chosen" else (" ", " ")
            spans += [(mark[0], "accent"), (text, role), (mark[1] + " " * GAP, "accent")]
            before = j
        return spans

    header: dict[int, Span] = {j: (names[j].rjust(widths[j]), "accent" if j == column else "dim") for j in columns}
    lines = [Line.of(" " * (left + 2), *joined(header, head=True))]
    at = 0
    for part, matrix, shown in zip(parts, matrices, rows, strict=True):
        for n, i in enumerate(shown):
            if n and i - shown[n - 1] > 1:
                hidden = i - shown[n - 1] - 1
                words = tr("{ellipsis} {count} more rows", ellipsis=glyphs.ellipsis, count=hidden)
                lines.append(Line.of(" " * (left + 2), (words, "dim")))
            pieces: dict[int, Span] = {}
            for j in columns:
                value = matrix[i, j]
                marked = not part.all and j == column and part.row in (None, i)
                text = " " * (widths[j] - cell_len(texts[j][at])) + texts[j][at]
                pieces[j] = (text, "chosen" if marked else role_of(float(value)))
            opening, closing = _brackets(n, len(shown), glyphs.ascii)
            word = part.beside.get(i, "")
            factor = glyphs.current if part.all or (part.row == i and part.beside) else " "
            spans: list[Span] = [
                ("  ", "text"),
                ((part.label if n == len(shown) // 2 else "").ljust(labels), "strong"),
                (factor, "accent"),
            ]
            if beside:
                spans.append((word.rjust(beside) + " ", "chosen" if part.row == i else "text"))
            lines.append(Line.of(*spans, (opening + " ", "dim"), *joined(pieces), (closing, "dim")))
            at += 1
    return lines


def _brackets(row: int, count: int, ascii: bool) -> tuple[str, str]:
    if count == 1 or ascii:
        return "[", "]"
    if row == 0:
        return "┌", "┐"
    return ("└", "┘") if row == count - 1 else ("│", "│")
