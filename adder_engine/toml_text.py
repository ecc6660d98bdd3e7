"""TOML that may come from anywhere: what would take long to parse is refused before it is."""

from __future__ import annotations

import re
from typing import Any

from adder_engine.language import tr

LARGEST_TEXT = 64 * 1024
"""Characters of a text, besides those of its numbers: an experiment has two thousand, a long lesson twenty."""
LARGEST = 8_000_000
"""Characters of a text in all; a hundred thousand rows with every digit take most of that."""
MOST_PARTS = 500_000
"""Commas and brackets; a hundred thousand rows of three have four hundred thousand."""
MOST_KEYS = 2_000
DEEPEST = 8
"""Parts of a dotted key, and brackets within brackets; four are the most that mean anything here."""
LONGEST_NUMBER = 400
"""Digits; Python's own floats take at most some 330 without an exponent."""

_NO_NUMBERS = str.maketrans("", "", "0123456789+-.eE,[] \t\r\n")
_WORD = r"[A-Za-z0-9_\"'-]"
_DEEP = re.compile(rf"(?<!{_WORD})(?:{_WORD}+[ \t]*\.[ \t]*){{{DEEPEST}}}")
_LONG = re.compile(rf"(?<![0-9A-Fa-f_])[0-9A-Fa-f_]{{{LONGEST_NUMBER + 1}}}")
_NESTED = re.compile(rf"(?:[\[{{][\s\w=.]*){{{DEEPEST + 1},}}")


def read_toml(text: str, largest: int = LARGEST_TEXT) -> dict[str, Any]:
    """The tables in a TOML text.

    Args:
        largest: characters besides those of numbers.

    Raises:
        ValueError: it is none, or one that would take long to read; one sentence without a period.
    """
    import tomllib  # only files and typed values need it

    words = len(text) if len(text) <= largest else len(text.translate(_NO_NUMBERS))
    if len(text) > LARGEST or words > largest:
        raise ValueError(
            tr(
                "it has {length:,} characters, and {most:,} are the limit without the rows",
                length=len(text),
                most=largest,
            )
        )
    if text.count("=") > MOST_KEYS:
        raise ValueError(tr("it has {count:,} keys, and {most:,} are the limit", count=text.count("="), most=MOST_KEYS))
    if text.count(",") + text.count("[") + text.count("{") > MOST_PARTS:
        raise ValueError(tr("it has lists of over {most:,} parts", most=MOST_PARTS))
    if _LONG.search(text):
        raise ValueError(tr("a number in it has over {most} digits", most=LONGEST_NUMBER))
    if _DEEP.search(text) or _NESTED.search(text):
        raise ValueError(tr("it goes deeper than {most} levels", most=DEEPEST))
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError(tr("it goes deeper than {most} levels", most=DEEPEST)) from None
