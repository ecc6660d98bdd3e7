"""Numbers as spreadsheets of many countries write them: a comma may be the decimal mark, or part thousands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from adder_engine.sums import MINUS_SIGNS, NUMBER

LONGEST_NUMBER = 100
"""Characters; a number with all its digits has some 25."""

_PLAIN = re.compile(NUMBER, re.ASCII)
_SIGN, _POWER = r"[+-]?", r"(?:[eE][+-]?\d+)?"
_ONE_COMMA = re.compile(rf"({_SIGN})(\d*),(\d+)({_POWER})", re.ASCII)
_THOUSANDS_BY_COMMA = re.compile(rf"{_SIGN}[1-9]\d{{0,2}}(?:(?:,\d{{3}}){{2,}}|(?:,\d{{3}})+\.\d*)", re.ASCII)
_THOUSANDS_BY_POINT = re.compile(rf"{_SIGN}[1-9]\d{{0,2}}(?:(?:\.\d{{3}}){{2,}}|(?:\.\d{{3}})+,\d*)", re.ASCII)
_THREE_BEHIND = re.compile(rf"{_SIGN}[1-9]\d{{0,2}}[.,]\d{{3}}", re.ASCII)
_GROUPED = re.compile(rf"{_SIGN}\d{{1,3}}(?:[\s\u00a0\u2009\u202f'’]\d{{3}})+(?:[.,]\d+)?", re.ASCII)

DECIMAL, THOUSANDS, EITHER, PLAIN, NONE = "decimal", "thousands", "either", "plain", "none"


class NoNumberError(ValueError):
    """A cell that is no number, or that can be two of them; ``str(error)`` goes on after the cell in quotes."""


@dataclass(frozen=True)
class Comma:
    """What a comma within a number means in one table, and a cell that tells so."""

    means: str
    """:data:`DECIMAL`, :data:`THOUSANDS`, or :data:`EITHER` where no cell tells."""
    cell: str = ""


def kind_of(cell: str) -> str:
    """What a cell says of its comma: DECIMAL, THOUSANDS or EITHER; PLAIN for a number without one, else NONE."""
    if len(cell) > LONGEST_NUMBER:
        return NONE
    if _PLAIN.fullmatch(cell):
        return PLAIN
    if _THOUSANDS_BY_COMMA.fullmatch(cell):
        return THOUSANDS
    if _THOUSANDS_BY_POINT.fullmatch(cell):
        return DECIMAL
    if _ONE_COMMA.fullmatch(cell):
        return EITHER if _THREE_BEHIND.fullmatch(cell) else DECIMAL
    return NONE


def comma_of(cells: Iterable[str]) -> Comma:
    """What the comma means in all these cells: a table has one manner, told by those that can be read in one way."""
    found: dict[str, str] = {}
    for cell in cells:
        if "," in cell or cell.count(".") > 1:
            found.setdefault(kind_of(cell), cell)
    if (DECIMAL in found) == (THOUSANDS in found):
        return Comma(EITHER)
    means = DECIMAL if DECIMAL in found else THOUSANDS
    return Comma(means, found[means])


def number_of(cell: str, comma: Comma) -> float:
    """The number that a cell holds, where the comma has this meaning.

    Raises:
        NoNumberError: it holds none, or one that can be read in two ways.
    """
    if len(cell) > LONGEST_NUMBER:
        raise NoNumberError(f"has {len(cell):,} characters: a number takes at most {LONGEST_NUMBER}")
    kind = kind_of(cell)
    if kind == PLAIN:
        if comma.means == DECIMAL and _THREE_BEHIND.fullmatch(cell):
            raise NoNumberError(
                f"can be {cell.replace('.', '')} or {cell} where commas are decimal, as in {comma.cell}:"
                f" write {cell.replace('.', '')} or {cell}0"
            )
        return float(cell)
    if kind == EITHER and comma.means == EITHER:
        whole, point = cell.replace(",", ""), cell.replace(",", ".")
        raise NoNumberError(f"can be {whole} or {point}: write {whole} without the comma, or {point} with a point")
    if kind == THOUSANDS or (kind == EITHER and comma.means == THOUSANDS):
        return float(cell.replace(",", ""))
    if kind in (DECIMAL, EITHER):
        return float(cell.replace(".", "").replace(",", "."))
    if _GROUPED.fullmatch(cell):
        raise NoNumberError(f"is parted into thousands: write {re.sub('[^0-9.+-]', '', cell.replace(',', '.'))}")
    raise NoNumberError("is no number")


def could_be_number(cell: str) -> bool:
    """Whether a cell holds a number in any manner of writing."""
    plain = cell.translate(MINUS_SIGNS)
    return kind_of(plain) != NONE or (len(plain) <= LONGEST_NUMBER and _GROUPED.fullmatch(plain) is not None)
