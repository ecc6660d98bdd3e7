"""The keys of an experiment file: what each means, which values will do, and how they are written; and TOML that may
come from anywhere, of which what would take long to parse is refused before it is.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from adder_engine.errors import ExperimentError, SumError, cut
from adder_engine.formula import read, task_named
from adder_engine.language import tr, trn
from adder_engine.parsing import decimal_points, parse_sum
from adder_engine.wanted import LARGEST_NUMBER, MOST_ROWS

LARGEST_SEED = 2**63 - 1
LARGEST_FLOAT32 = (2 - 2**-23) * 2.0**127
LARGEST_TEXT = 64 * 1024
"""Characters of a text, besides those of its numbers: an experiment has two thousand, a long lesson twenty."""
LARGEST_TOML = 8_000_000
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

Value = Any
"""A value as TOML knows it: str, int, float, bool or a list of these."""


def declare(default: Any, meaning: str, **limits: Any) -> Any:
    """Declare one key of the experiment: its default, what it means in a line, and its limits."""
    return field(default=default, metadata={"meaning": meaning, **limits})


@dataclass(frozen=True)
class SchemaField:
    """One key of the experiment file: what it means and which values will do."""

    name: str
    """Dotted name, such as ``training.lr``."""
    default: Any
    meaning: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    several: bool = False
    """Whether it takes several of its choices, too: one for each hidden layer."""
    words: tuple[str, ...] = ()
    """What will do in the place of a number."""
    takes: str = ""
    """The values that will do, in words, where the limits do not tell."""

    @property
    def section(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def short(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def range(self) -> str:
        """The values that will do, in words."""
        if self.takes:
            return self.takes
        if self.choices:
            return tr("one of {choices}", choices=", ".join(self.choices))
        if isinstance(self.default, bool):
            return tr("true or false")
        kind = tr("a whole number") if isinstance(self.default, int) else tr("a number")
        if self.words:
            kind = tr("{words}, or a number", words=", ".join(self.words))
        if self.above is not None:
            above = tr("above {above:g}", above=self.above)
            return f"{kind} {above}, {tr('at most {high}', high=_plain(self.high))}"
        low = tr("from {low}", low=_plain(self.low))
        if self.below is not None:
            return f"{kind} {low}, {tr('below {below:g}', below=self.below)}"
        return f"{kind} {low} {tr('to {high}', high=_plain(self.high))}"

    def refuse(self, value: Any) -> ExperimentError:
        """Why a value will not do; of a list of rows the row that is at fault."""
        if self.name == "data.rows" and isinstance(value, list | tuple) and value:
            if len(value) > MOST_ROWS:
                return ExperimentError(
                    "data.rows = {count:,} rows will not do: it takes at most {most:,}.",
                    count=len(value),
                    most=MOST_ROWS,
                )
            place = next((i for i, row in enumerate(value) if not _is_row(row)), 0)
            given = tr("{given} in row {row:,}", given=cut(toml(value[place])), row=place + 1)
            return ExperimentError(
                "data.rows = {given} will not do: it takes {wanted}.", given=given, wanted=_wanted_of_row(value[place])
            )
        if self.name == "data.task" and isinstance(value, str) and (why := _why_no_formula(value)):
            return ExperimentError(
                "data.task = {given} will not do: it takes {range}; {why}.",
                given=cut(toml(value)),
                range=self.range,
                why=why,
            )
        return ExperimentError(
            "{name} = {given} will not do: it takes {range}.", name=self.name, given=cut(toml(value)), range=self.range
        )

    def convert(self, value: Value) -> Any:
        """The value as the dataclass holds it: lists become tuples, whole numbers floats where one is due; what numpy
        and torch hold becomes Python's own.
        """
        if callable(plain := getattr(value, "tolist", None)):
            value = plain()
        if self.name == "network.layers" and isinstance(value, list | tuple):
            return tuple(value)
        if self.several and isinstance(value, list | tuple):
            return value[0] if len(value) == 1 else tuple(value)
        if self.name in ("network.init", "stop.sum", "training.betas") and isinstance(value, list | tuple):
            return tuple(_as_float(x) for x in value)
        if self.name == "data.rows" and isinstance(value, list | tuple):
            return tuple(tuple(_as_float(x) for x in row) if isinstance(row, list | tuple) else row for row in value)
        if self.name == "data.task" and isinstance(value, str):
            return task_named(value)
        if self.name == "network.init" or self.words or isinstance(self.default, float):
            return _as_float(value)
        return value

    def parse(self, text: str, task: str = "sum") -> Any:
        """The value that was typed as TOML, or as a bare word where a word is due; ``task`` tells how sums are read."""
        typed = text
        if self.several and any(sign in text for sign in "[-,"):
            words = [word.strip().strip("\"'") for word in text.strip("[]").replace("-", ",").split(",")]
            return words if all(word in self.choices for word in words) else text  # refused as it was typed
        if self.choices or (text.isalpha() and (self.words or self.name == "network.init")):
            return text.strip("\"'")
        if self.name == "network.layers" and not text.startswith("["):
            text = "[" + text.replace("-", ",").replace(" ", ",") + "]"
        if self.name == "training.betas" and not text.startswith("["):
            return self._two_numbers(re.sub(r"(?<=[\d.])\s*-\s*(?=[\d.])", ", ", text), typed)  # 0.8-0.95, as lists are
        if self.name == "data.rows" and text and not text.startswith("["):
            from adder_engine.rows import read_rows  # only what is typed needs it

            return read_rows(text.replace(";", "\n") if "+" in text or "," in text else text).rows
        if self.name == "stop.sum" and text and not text.startswith("["):
            try:
                asked = parse_sum(text, task)
            except SumError:
                return self._two_numbers(text, typed)
            return [asked.a, asked.b]
        if _is_number(self.default) or self.name == "network.init":
            text = decimal_points(text)
        try:
            return read_toml(f"value = {text}")["value"]
        except (ValueError, KeyError):
            pass
        try:
            return float(text[: LONGEST_NUMBER + 1])  # more digits make no number that would do
        except ValueError:
            raise self.refuse(typed) from None

    def _two_numbers(self, text: str, typed: str) -> list[float]:
        """Those of ``30, 70``, as a row is typed; between semicolons a comma is decimal: ``0,9; 0,999``."""
        try:
            parts = map(decimal_points, text.split(";")) if ";" in text else text.replace(",", " ").split()
            return [float(part) for part in parts]
        except ValueError:
            raise self.refuse(typed) from None

    def check(self, value: Any) -> None:
        """Raise ExperimentError unless the value will do on its own."""
        if not self._fits(value):
            raise self.refuse(value)

    def _fits(self, value: Any) -> bool:
        if self.several and isinstance(value, tuple):
            return 2 <= len(value) <= 6 and all(isinstance(word, str) and word in self.choices for word in value)
        if self.name == "data.task":
            return isinstance(value, str) and (value in self.choices or not _why_no_formula(value))
        if self.choices:
            return isinstance(value, str) and value in self.choices
        if self.name == "training.betas":
            return isinstance(value, tuple) and len(value) == 2 and all(_is_number(x) and 0 <= x < 1 for x in value)
        if self.name == "network.layers":
            return (
                isinstance(value, tuple)
                and all(_is_whole(n) for n in value)
                and 2 <= len(value) <= 8
                and value[0] == 2
                and value[-1] == 1
                and all(1 <= n <= 64 for n in value[1:-1])
            )
        if self.name == "network.init":
            if isinstance(value, tuple):
                return len(value) > 0 and all(_is_number(x) and abs(x) <= LARGEST_FLOAT32 for x in value)
            return value in ("torch", "zeros") if isinstance(value, str) else _is_number(value) and abs(value) <= 1000
        if self.name == "data.rows":
            return isinstance(value, tuple) and len(value) <= MOST_ROWS and _are_rows(value)
        if self.name == "stop.sum":
            return isinstance(value, tuple) and (not value or (_is_row(value) and len(value) == 2))
        if isinstance(self.default, bool):
            return isinstance(value, bool)
        if isinstance(value, str) and value in self.words:
            return True
        if isinstance(self.default, int) and not _is_whole(value):
            return False
        if not _is_number(value):
            return False
        return (
            (self.low is None or value >= self.low)
            and (self.high is None or value <= self.high)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )


def _why_no_formula(text: str) -> str:
    """Why a text is no formula, in a phrase; empty where it is one."""
    try:
        read(text)
    except ExperimentError as error:
        return str(error)
    return ""


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -math.inf < value < math.inf


def _as_float(value: Value) -> Value:
    """A number as float; whatever is none, or too large to be one, as it is, to be refused by name."""
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        return value
    return float(value) if _is_number(value) else value


_known_rows: list[tuple[Any, ...]] = [()]
"""The rows that were found good last: each change of another key checks them again, and they may be very many."""


def _are_rows(rows: tuple[Any, ...]) -> bool:
    if rows is not _known_rows[0]:
        if not all(map(_is_row, rows)):
            return False
        _known_rows[0] = rows
    return True


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, tuple) and len(row) in (2, 3) and all(_is_number(x) and abs(x) <= LARGEST_NUMBER for x in row)
    )


def _wanted_of_row(row: Any) -> str:
    if not isinstance(row, tuple) or not all(_is_number(x) for x in row):
        return tr("[a, b] or [a, b, target] of numbers")
    if len(row) not in (2, 3):
        return tr(
            "two inputs and at most a target, not {numbers}",
            numbers=trn("{count} number", "{count} numbers", len(row), count=len(row)),
        )
    return tr("numbers within ±{largest}", largest=_plain(LARGEST_NUMBER))


def _plain(number: float | None) -> str:
    if number is None:
        return ""
    if isinstance(number, int) or (number == int(number) and abs(number) < 1e9):
        return f"{int(number):,}"
    return f"{number:g}".replace("e+", "e")


def read_toml(text: str, largest: int = LARGEST_TEXT) -> dict[str, Any]:
    """The tables in a TOML text.

    Args:
        largest: characters besides those of numbers.

    Raises:
        ValueError: it is none, or one that would take long to read; a phrase that begins in the middle of a sentence.
    """
    import tomllib  # only files and typed values need it

    words = len(text) if len(text) <= largest else len(text.translate(_NO_NUMBERS))
    keys, parts = text.count("="), text.count(",") + text.count("[") + text.count("{")
    if len(text) > LARGEST_TOML or words > largest:
        raise ExperimentError(
            "it has {length:,} characters, and {most:,} are the limit without the rows", length=len(text), most=largest
        )
    if keys > MOST_KEYS:
        raise ExperimentError("it has {count:,} keys, and {most:,} are the limit", count=keys, most=MOST_KEYS)
    if parts > MOST_PARTS:
        raise ExperimentError("it has lists of over {most:,} parts", most=MOST_PARTS)
    if _LONG.search(text):
        raise ExperimentError("a number in it has over {most} digits", most=LONGEST_NUMBER)
    try:
        if not _DEEP.search(text) and not _NESTED.search(text):
            return tomllib.loads(text)
    except RecursionError:
        pass
    raise ExperimentError("it goes deeper than {most} levels", most=DEEPEST)


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = "".join(_ESCAPES.get(c, c if c.isprintable() else f"\\U{ord(c):08x}") for c in value)
        return f'"{escaped}"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int) and value.bit_length() > 10_000:  # Python refuses to write out so many digits
        return hex(value)
    return repr(value)


_ESCAPES = {'"': '\\"', "\\": "\\\\"}
