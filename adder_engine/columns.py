"""Which column of a table is a, which b and which the target, by what the columns are called. Needs no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import permutations

_PAIRS = frozenset({
    ("a", "b"), ("x", "y"), ("u", "v"), ("p", "q"), ("m", "n"), ("i", "j"), ("first", "second"), ("left", "right"),
    ("1st", "2nd"), ("one", "two"), ("lhs", "rhs"), ("augend", "addend"), ("minuend", "subtrahend"),
    ("multiplicand", "multiplier"), ("erste", "zweite"), ("erster", "zweiter"),
})  # fmt: skip
"""Names of the two inputs, in their order."""
_TARGETS = frozenset({
    "target", "targets", "y", "z", "c", "t", "sum", "total", "result", "answer", "label", "truth", "output", "out",
    "wanted", "want", "expected", "difference", "diff", "product", "prod", "value", "summe", "ergebnis", "ziel",
    "somme", "suma",
})  # fmt: skip
_INDEX = re.compile(r"|#|index|idx|id|ids|row|rows|line|no\.?|nr\.?|number|unnamed: \d+(\.\d+)?|level_\d+")
"""What a column is called that counts the rows; without a name, too."""
_NOUNS = re.compile(r"[ _-]*(terms?|numbers?|inputs?|addends?|summands?|operands?|factors?|values?|columns?)$")
_UNIT = re.compile(r"\s*(\[[^\]]*\]|\([^)]*\)|\{[^}]*\}|\s/\s*\S+|/\s*[^\W\d]+\S*|\sin\s+\S+)\s*$")


def is_index(name: str) -> bool:
    """Whether a column of that name counts the rows: ``index``, ``id``, ``Unnamed: 0`` or no name at all."""
    return _INDEX.fullmatch(name.strip().casefold()) is not None


def roles(names: Sequence[str]) -> tuple[int, ...] | None:
    """The places of a, b and, where there are three names, the target; None where the names do not tell.

    Units behind a name are no part of it: ``a [m]`` is a and ``sum/m`` the sum.
    """
    plain = [_plain(name) for name in names]
    if len(plain) not in (2, 3) or len(set(plain)) < len(plain):
        return None
    for order in permutations(range(len(plain))):
        first, second, *rest = (plain[place] for place in order)
        if _are_inputs(first, second) and (not rest or _is_target(rest[0], first, second)):
            return order
    return None


def _plain(name: str) -> str:
    text = " ".join(name.casefold().replace("_", " ").split())
    while (shorter := _UNIT.sub("", text)) not in (text, ""):
        text = shorter
    return text.replace(" ", "") if re.fullmatch(r"[^\W\d]+[ -]?\d+", text) else text


def _are_inputs(first: str, second: str) -> bool:
    if (_NOUNS.sub("", first) or first, _NOUNS.sub("", second) or second) in _PAIRS:
        return True
    one, two = (re.fullmatch(r"(.*?)[ -]?(\d{1,3})", name) for name in (first, second))
    if one is None or two is None:
        return False
    return one[1] == two[1] and (int(one[2]), int(two[2])) in ((0, 1), (1, 2))


def _is_target(name: str, first: str, second: str) -> bool:
    if name in _TARGETS or _NOUNS.sub("", name) in _TARGETS:
        return True
    # What is worked out from both: a + b, 2a+3b, x1*x2.
    return first in name and second in name and re.search(r"[-+*·×−=]", name) is not None
