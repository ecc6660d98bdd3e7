"""Sums as people type them: ``30+70``, ``130 + -30``, ``3.5+1e3``, ``12-5``. Never evaluated as code."""

from __future__ import annotations

import re
from dataclasses import dataclass

from adder_engine.errors import SumError

LARGEST_TERM = 1e12

NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
"""A number as people type it, as a regular expression; digits match in one way alone, so that many take no time."""
_PAIR = re.compile(rf"\s*({NUMBER})\s*([+*,-])\s*({NUMBER})\s*", re.ASCII)
SIGNS = str.maketrans("−–×·", "--**")
"""What stands for a minus or for times in text that was copied from elsewhere."""
MINUS_SIGNS = str.maketrans("−–", "--")
READ = {"sum": "+-,", "difference": "+-,", "product": "*,"}
"""Which signs between two numbers ask about a pair, by task."""
NAMES = {"sum": "a sum", "difference": "a difference", "product": "a product"}
EXAMPLES = {"sum": "30+70, 12-5 or 3.5+1e3", "difference": "30-70 or 12.5-1e3", "product": "5*5 or 0.5*-0.3"}
FIRST_EXAMPLE = {"sum": "30+70", "difference": "30-70", "product": "0.5*0.5"}


@dataclass(frozen=True)
class Sum:
    """A question to the network: the pair (a, b), and the text it was asked with."""

    a: float
    b: float
    typed: str = ""

    def __str__(self) -> str:
        return f"{number_text(self.a)} + {number_text(self.b)}"


def parse_sum(text: str, task: str = "sum") -> Sum:
    """Read a question as the task writes it.

    For a sum ``a+b`` asks about the pair (a, b) and ``a-b`` about (a, −b); for a difference ``a-b`` asks about (a, b)
    and ``a+b`` about (a, −b); for a product ``a*b``, ``a×b`` and ``a·b`` ask about (a, b). ``a, b`` always does.

    Args:
        task: ``sum``, ``difference`` or ``product``.

    Raises:
        SumError: anything else, or a number beyond ±1e12; one sentence that shows what would do.
    """
    match = _PAIR.fullmatch(text.translate(SIGNS))
    if not match or match[2] not in READ[task]:
        shown = text.strip()
        if not shown:
            raise SumError(f"Type {NAMES[task]} of two numbers, such as {FIRST_EXAMPLE[task]}.")
        raise SumError(f"{_short(shown)} is not {NAMES[task]} of two numbers: try {EXAMPLES[task]}.")
    a, b = float(match[1]), float(match[3])
    for value, typed in ((a, match[1]), (b, match[3])):
        if not abs(value) <= LARGEST_TERM:
            raise SumError(f"{_short(typed)} is too large to ask about: use numbers within ±1e12.")
    turned = match[2] == {"sum": "-", "difference": "+"}.get(task)
    return Sum(a, -b if turned else b, text.strip())


def can_be_read(text: str) -> bool:
    """Whether the text asks about a pair by one task or another."""
    for task in READ:
        try:
            parse_sum(text, task)
        except SumError:
            continue
        return True
    return False


def pair_text(a: float, b: float, rule: str) -> str:
    """The pair as one types it: ``130 + -30``, ``130 - -30``, ``0.5 * 3``; ``30, 70`` where rows set the targets.

    Args:
        rule: a task, or ``rows``; see :class:`adder_engine.wanted.Wanted`.
    """
    between = {"sum": " + ", "difference": " - ", "product": " * ", "rows": ", "}[rule]
    return f"{number_text(a)}{between}{number_text(b)}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def brief_text(value: float) -> str:
    """Six digits at most, as one types them: ``0.05``, ``1e-7``."""
    digits, e, power = f"{value:g}".partition("e")
    return f"{digits}e{int(power)}" if e else digits


def number_text(value: float) -> str:
    """A number as it is typed: whole ones without a point; it reads back as the same number."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
