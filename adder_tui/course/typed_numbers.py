"""Numbers as people type them into a blank: with a decimal comma, with either minus sign, or as a small sum."""

from __future__ import annotations

import re

from adder_engine.parsing import SIGNS, decimal_points, parse_number
from adder_tui.course.expressions import FUNCTIONS, parse
from adder_tui.course.source import CheckError

LONGEST = 80
_SIGNS = SIGNS | str.maketrans("÷", "/")
_PARTED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?")
_FUNCTION = re.compile("|".join(FUNCTIONS))
_COMPUTES = re.compile(r"[\d.)]\s*[-+*/]|\(")
_SQUARE = re.compile(r"(\([^()]*\)|\d+\.?\d*)\s*(?:²|(?:\^|\*\*)\s*2(?![\d.]))")


def read_number(text: str) -> float | None:
    """A number, or what a small sum such as ``30*0,5406`` or ``(1.5-2)²`` comes to; None for anything else.

    A comma is decimal.
    """
    number = read_plain(text)
    bare = _SQUARE.sub(r"(\1*\1)", _bare(text))
    if number is not None or len(bare) > LONGEST or not _COMPUTES.search(bare):
        return number
    if not set(_FUNCTION.sub("", bare)) <= set("0123456789+-*/().,eE "):
        return None
    try:
        expression = parse(bare)
    except CheckError:
        return None
    value = expression.value(lambda word, arguments: None) if expression.kind == "number" else None
    return value if isinstance(value, float) and abs(value) < 1e300 else None


def read_plain(text: str) -> float | None:
    """A number that is written out; None for anything else."""
    bare = _bare(text)
    number = parse_number(bare) if len(bare) <= 40 else None
    return number if number is not None and abs(number) < 1e300 else None


def _bare(text: str) -> str:
    """With points, minus and times signs as Python has them."""
    return decimal_points(text.strip().translate(_SIGNS))


def without_thousands(text: str) -> str:
    """What was typed with its commas left out, where they may be meant to part thousands; else empty."""
    bare = text.strip().translate(_SIGNS)
    return bare.replace(",", "") if _PARTED.fullmatch(bare) else ""
