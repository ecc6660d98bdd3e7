"""Arithmetic in words: numbers in a chosen precision, sums of products, and rows that hang under their beginning."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, Role, Span
from adder_tui.render.numbers import number

SHORT_DIGITS = 6
FULL_DIGITS = 9
"""Nine significant digits tell every float32 from its neighbours."""
MOST_TERMS = 8
"""Terms of a sum that are written out; the others are added up."""
MOST_FULL_TERMS = 64
"""The same where all digits are shown."""


@dataclass(frozen=True)
class Figures:
    """How numbers are written: each is the correct rounding of the full one, exact ones without trailing zeros."""

    glyphs: Glyphs
    digits: int = SHORT_DIGITS

    def __call__(self, value: float) -> str:
        value = float(value)
        short = f"{abs(value):.{self.digits}g}"
        if math.isfinite(value) and float(short) == abs(value):
            mantissa, _, exponent = short.partition("e")
            minus = self.glyphs.minus
            power = f"e{minus if exponent.startswith('-') else ''}{abs(int(exponent))}" if exponent else ""
            return (minus if value < 0 else "") + mantissa + power
        return number(value, self.glyphs, self.digits).replace(",", "")

    @property
    def terms(self) -> int:
        """How many terms of a sum are written out."""
        return MOST_FULL_TERMS if self.digits >= FULL_DIGITS else MOST_TERMS

    def factor(self, value: float) -> str:
        """The number as a part of a product or sum: a negative one in brackets."""
        text = self(value)
        return f"({text})" if text.startswith(self.glyphs.minus) else text

    def product(self, *factors: float) -> str:
        return self.glyphs.times.join(map(self.factor, factors))


@dataclass(frozen=True)
class Formula:
    """One line of arithmetic in pieces; where it is too long it is broken between them."""

    pieces: tuple[str, ...]

    def then(self, *pieces: str) -> Formula:
        return Formula((*self.pieces, *pieces))

    def lines(self, width: int, indent: int, role: Role = "text", result: Role = "strong") -> list[Line]:
        """Rows of at most ``width`` columns; those after the first stand further in. The result is the last piece."""
        rows: list[list[Span]] = [[(" " * indent, role)]]
        used = indent
        for i, piece in enumerate(self.pieces):
            space = " " if len(rows[-1]) > 1 else ""
            if used + len(space) + cell_len(piece) > width and len(rows[-1]) > 1:
                rows.append([(" " * (indent + 4), role)])
                used, space = indent + 4, ""
            rows[-1].append((space + piece, result if i == len(self.pieces) - 1 else role))
            used += len(space) + cell_len(piece)
        return [Line.of(*row) for row in rows]


def sum_of_products(
    pairs: Sequence[tuple[float, float]], kept: Iterable[int], figures: Figures, bias: float | None = None
) -> tuple[str, ...]:
    """``30·0.5406 + 70·0.5869 + 0.6233`` in pieces; products that are not ``kept`` are added up to one number."""
    shown = [i for i in kept if i < len(pairs)]
    pieces = [figures.product(*pairs[i]) for i in shown]
    others = len(pairs) - len(shown)
    if others:
        hidden = set(shown)
        rest = sum(float(x) * float(y) for i, (x, y) in enumerate(pairs) if i not in hidden)
        pieces.append(f"{figures.factor(rest)} [{others} others]")
    if bias is not None:
        pieces.append(figures.factor(bias))
    return tuple(piece if i == 0 else f"+ {piece}" for i, piece in enumerate(pieces))


def bracketed(name: str, terms: Sequence[str], after: str) -> Formula:
    """``name = (a + b)·c`` in pieces."""
    opened = (f"{name} ({terms[0]}", *terms[1:])
    return Formula((*opened[:-1], f"{opened[-1]}){after}"))


def kept(count: int, chosen: int | None, most: int) -> tuple[int, ...]:
    """At most ``most`` of ``count`` places, in order: the first ones, the chosen one, and the last."""
    if count <= most:
        return tuple(range(count))
    places = {count - 1} if most > 1 else set()
    if chosen is not None:
        places.add(chosen)
    for i in range(count):
        if len(places) >= most:
            break
        places.add(i)
    return tuple(sorted(places))
