"""Sums as people type them: ``30+70``, ``130 + -30``, ``3.5+1e3``, ``12-5``. Never evaluated as code."""

from __future__ import annotations

import re
from dataclasses import dataclass

from adder_engine.errors import SumError

LARGEST_TERM = 1e12

NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
"""A number as people type it, as a regular expression; digits match in one way alone, so that many take no time."""
_SUM = re.compile(rf"\s*({NUMBER})\s*([+-])\s*({NUMBER})\s*", re.ASCII)
MINUS_SIGNS = str.maketrans("−–", "--")
"""What stands for a minus in text that was copied from elsewhere."""


@dataclass(frozen=True)
class Sum:
    """A question to the network: the pair (a, b), and the text it was asked with."""

    a: float
    b: float
    typed: str = ""

    def __str__(self) -> str:
        return f"{number_text(self.a)} + {number_text(self.b)}"


def parse_sum(text: str) -> Sum:
    """Read a sum: ``a+b`` asks about the pair (a, b) and ``a-b`` about (a, −b).

    Raises:
        SumError: anything else, or a number beyond ±1e12; one sentence that shows what would do.
    """
    match = _SUM.fullmatch(text.translate(MINUS_SIGNS))
    if not match:
        shown = text.strip()
        if not shown:
            raise SumError("Type a sum of two numbers, such as 30+70.")
        raise SumError(f"{_short(shown)} is not a sum of two numbers: try 30+70, 12-5 or 3.5+1e3.")
    a, b = float(match[1]), float(match[3])
    for value, typed in ((a, match[1]), (b, match[3])):
        if not abs(value) <= LARGEST_TERM:
            raise SumError(f"{_short(typed)} is too large to ask about: use numbers within ±1e12.")
    return Sum(a, -b if match[2] == "-" else b, text.strip())


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def brief_text(value: float) -> str:
    """Six digits at most, as one types them: ``0.05``, ``1e-7``."""
    digits, e, power = f"{value:g}".partition("e")
    return f"{digits}e{int(power)}" if e else digits


def number_text(value: float) -> str:
    """A number as it is typed: whole ones without a point; it reads back as the same number."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
