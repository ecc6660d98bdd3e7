"""What a lesson asks: predictions, questions with their choices, blanks; and numbers as people type them there."""

from __future__ import annotations

import dataclasses
import itertools
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Literal, get_args

from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_engine.parsing import SIGNS, decimal_points, parse_number
from adder_tui.course.expressions import FUNCTIONS, parse
from adder_tui.course.source import CheckError, Table, declare, is_number, schema
from adder_tui.course.vocabulary import SLIPS

PredictKind = Literal["choice", "number", "text"]
LETTERS = "abcdefgh"
TIGHT = 1e-3
"""Relative tolerance of class T, and of a field that states none."""
MOST_DRAWS = 200
"""How many ways there may be to draw a question's numbers: an author is told what is wrong with any of them."""
LONGEST_TYPED = 80
"""Characters that are read as a number."""
_BLANK = re.compile(r"\{([^{}:]+)(?::([^{}]*))?\}")
_NAME = re.compile(r"[A-Za-z_]\w*")
_SIGNS = SIGNS | str.maketrans("÷", "/")
_PARTED = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?")
_FUNCTION = re.compile("|".join(FUNCTIONS))
_COMPUTES = re.compile(r"[\d.)]\s*[-+*/]|\(")
_SQUARE = re.compile(r"(\([^()]*\)|\d+\.?\d*)\s*(?:²|(?:\^|\*\*)\s*2(?![\d.]))")

Numbers = Mapping[str, float]
"""Names to the numbers that were drawn for them."""


def _choices(table: Table, name: str) -> tuple[str, ...]:
    return table.texts(name, least=2, most=6) if table.made["kind"] == "choice" else ()


@schema
class Prediction:
    """A question whose answer is locked in and never marked."""

    id: str = declare(Table.identifier)
    kind: PredictKind = declare(Table.one_of, get_args(PredictKind))
    ask: str = declare(Table.text, 400)
    choices: tuple[str, ...] = declare(_choices)
    shows: str = declare(Table.text, 300)
    """What stands beside it afterwards, with ``{{name}}`` for figures of the learner's run."""
    before: int = declare(Table.whole, 1, 99, 1)
    """The task before which it is asked."""

    def said(self, value: str) -> str:
        """The prediction in words: a choice's text for its letter."""
        if self.choices and value in LETTERS[: len(self.choices)]:
            return self.choices[LETTERS.index(value)]
        return value


def _letter(table: Table, name: str) -> str:
    return table.one_of(name, LETTERS[: max(2, len(table.made["choices"]))])


def _reasons(table: Table, name: str) -> tuple[str, ...]:
    return reasons_for(table, name, table.made["choices"], table.made["answer"])


def reasons_for(table: Table, name: str, choices: Sequence[str], answer: str) -> tuple[str, ...]:
    """A reason for each choice; the right one's is empty."""
    value = table.raw(name)
    if value is None:
        return ()
    right = LETTERS.index(answer) if answer else -1
    texts = isinstance(value, list) and all(isinstance(one, str) for one in value)
    if not texts or len(value) != len(choices) or any(bool(one.strip()) == (i == right) for i, one in enumerate(value)):
        table.refuse(name, 'a list of texts, one for each choice, why it is not right; "" for the right one')
        return ()
    return tuple(one.strip() for one in value)


def _draw(table: Table, name: str) -> Mapping[str, tuple[float, ...]]:
    value = table.raw(name)
    if value is None:
        return {}
    fits = isinstance(value, dict) and all(
        _NAME.fullmatch(key) and key not in FUNCTIONS and isinstance(numbers, list) and numbers
        and all(map(is_number, numbers))
        for key, numbers in value.items()
    )  # fmt: skip
    if not fits or prod(len(numbers) for numbers in value.values()) > MOST_DRAWS:
        table.refuse(name, "lists of numbers by name, such as {{ n = [10, 20] }}, {most} ways at most", most=MOST_DRAWS)
        return {}
    return {key: tuple(numbers) for key, numbers in value.items()}


@schema
class Quiz:
    """One question without the network.

    Where numbers are drawn, ``{n}``, ``{2*n}`` and ``{n/3:.2f}`` stand for them in all of its texts, until it is
    :meth:`put`.
    """

    ask: str = declare(Table.text, 300)
    choices: tuple[str, ...] = declare(Table.texts, 2, 5)
    answer: str = declare(_letter)
    """The right choice's letter."""
    why: str = declare(Table.text, 400)
    fact: int = declare(Table.whole, 1, 9)
    """The number of the fact that answers it."""
    reasons: tuple[str, ...] = declare(_reasons)
    """Why each choice is not right, empty for the right one; none at all where the fact has to do."""
    draw: Mapping[str, tuple[float, ...]] = declare(_draw)
    """Names of numbers to what they may be."""
    ordered: bool = declare(Table.truth)
    """The choices stay in this order."""

    def put(self, dice: random.Random, anew: bool = True) -> Quiz:
        """The question as it is asked: its numbers drawn, and with ``anew`` its choices in another order."""
        drawn = self.filled({name: dice.choice(numbers) for name, numbers in self.draw.items()})
        order = list(range(len(self.choices)))
        if anew and not self.ordered:
            dice.shuffle(order)
        return dataclasses.replace(
            drawn,
            choices=tuple(drawn.choices[i] for i in order),
            reasons=tuple(drawn.reasons[i] for i in order) if drawn.reasons else (),
            answer=LETTERS[order.index(LETTERS.index(self.answer))] if order else self.answer,
        )

    def filled(self, numbers: Numbers) -> Quiz:
        """With these numbers in its texts; as it is where it draws none."""
        if not numbers:
            return self

        def fill(text: str) -> str:
            return _BLANK.sub(lambda found: _written(found[1], found[2] or "", numbers), text)

        return dataclasses.replace(
            self, ask=fill(self.ask), why=fill(self.why), choices=tuple(map(fill, self.choices)),
            reasons=tuple(map(fill, self.reasons)), draw={},
        )  # fmt: skip

    def reason(self, letter: str) -> str:
        """Why a choice is not right; empty where that is not told."""
        at = LETTERS.find(letter) if letter else -1
        return self.reasons[at] if 0 <= at < len(self.reasons) else ""

    def problems(self) -> Iterator[tuple[str, str]]:
        """What is wrong with it for any numbers that may be drawn: a key and a sentence, at most one."""
        for numbers in itertools.product(*self.draw.values()):
            drawn = dict(zip(self.draw, numbers, strict=True))
            message = ", ".join(f"{name} = {value:g}" for name, value in drawn.items())
            try:
                filled = self.filled(drawn)
            except (AdderError, ValueError) as error:
                yield "ask", tr("cannot be computed where {numbers}. {error}", numbers=message, error=error)
                return
            if len({text.casefold() for text in filled.choices}) < len(filled.choices):
                where = tr(" where {numbers}", numbers=message) if message else ""
                yield "choices", tr("has two that are the same{where}.", where=where)
                return


def _written(expression: str, form: str, numbers: Numbers) -> str:
    """A number of a question as it is written, with a true minus sign.

    Raises:
        CheckError: the expression is none.
        ValueError: it has no value, or cannot be written so.
    """
    value = parse(_NAME.sub(lambda found: _number(found[0], numbers), expression)).constant
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(tr("{{{expression}}} has no value.", expression=expression))
    value = round(value, 12)
    text = format(int(value) if value == int(value) and form in ("", ",", "d") else value, form or "g")
    return text.replace("-", "−")


def _number(name: str, numbers: Numbers) -> str:
    if name in FUNCTIONS:
        return name
    if name not in numbers:
        drawn = ", ".join(numbers)
        raise ValueError(tr("{{{name}}} is not among the numbers that are drawn: {drawn}.", name=name, drawn=drawn))
    return f"({numbers[name]!r})"


# --- blanks ---------------------------------------------------------------------------------------


def _slip_value(table: Table, name: str) -> float:
    value = table.number(name)
    if value is None:
        table.refuse(name, "the number that comes out so")
    return value or 0.0


def _slip_says(table: Table, name: str) -> str:
    return SLIPS[table.one_of("kind", SLIPS)] if table.raw(name) is None else table.text(name, 200)


@schema
class Slip:
    """A mistake that can be told from the number that comes out."""

    value: float = declare(_slip_value)
    says: str = declare(_slip_says)


@schema
class Field:
    """A number or a choice that the learner types."""

    id: str = declare(Table.identifier)
    ask: str = declare(Table.text, 200)
    value: float | None
    """What is right; None for a choice."""
    within: float
    """How far off is still right, in the number's own unit."""
    slips: tuple[Slip, ...]
    choices: tuple[str, ...]
    answer: str
    """The right choice's letter; empty where any will do."""
    reasons: tuple[str, ...] = ()
    """Why each choice is not right, empty for the right one; none at all where that is not told."""

    def letter(self, given: str) -> str:
        """The letter of a choice that was given by its letter or its text; empty where it is none."""
        wanted = "".join(given.split()).casefold()
        for letter, text in zip(LETTERS, self.choices, strict=False):
            if wanted in (letter, "".join(text.split()).casefold()):
                return letter
        return ""

    def right(self, given: str) -> bool:
        if self.choices:
            letter = self.letter(given)
            return bool(letter) and self.answer in ("", letter)
        number = read_number(given)
        return number is not None and self.value is not None and abs(number - self.value) <= self.within

    def slip(self, given: str) -> str:
        """What seems to have gone wrong, in a sentence; empty where that cannot be told."""
        if self.choices:
            letter = self.letter(given)
            return self.reasons[LETTERS.index(letter)] if letter and self.reasons else ""
        number = read_number(given)
        if number is None or self.value is None or self.right(given):
            return ""
        if (plain := without_thousands(given)) and self.right(plain):
            return tr("A comma is decimal here: write {plain} without it.", plain=plain.replace("-", "−"))
        near = [slip for slip in self.slips if abs(number - slip.value) <= self.within]
        return min(near, key=lambda slip: abs(number - slip.value)).says if near else ""


def read_field(table: Table, measured: Mapping[str, float]) -> Field:
    """Choices, or a number that is one of the measured figures."""
    if table.raw("choices") is not None:
        choices = table.texts("choices", least=2, most=6)
        answer = table.one_of("answer", LETTERS[: len(choices)], "")
        reasons = reasons_for(table, "reasons", choices, answer)
        return table.make(Field, value=None, within=0.0, slips=(), choices=choices, answer=answer, reasons=reasons)
    name = table.text("measured", takes=tr("the key of a [[measured]] figure"))
    number = measured.get(name, 0.0)
    if name not in measured and name != "?":
        table.refuse("measured", "the key of a [[measured]] figure that is a number")
    tol = table.number("tol")
    slips = [Slip(-number, SLIPS["sign"])] if number else []
    return table.make(Field, value=number, within=abs(number) * TIGHT if tol is None else tol, choices=(), answer="",
                      slips=(*slips, *table.all_made("slips", Slip)))  # fmt: skip


def read_number(text: str) -> float | None:
    """A number, or what a small sum such as ``30*0,5406`` or ``(1.5-2)²`` comes to; None for anything else.

    A comma is decimal.
    """
    number = read_plain(text)
    bare = _SQUARE.sub(r"(\1*\1)", _bare(text))
    if number is not None or len(bare) > LONGEST_TYPED or not _COMPUTES.search(bare):
        return number
    if not set(_FUNCTION.sub("", bare)) <= set("0123456789+-*/().,eE "):
        return None
    try:
        expression = parse(bare)
    except CheckError:
        return None
    value = expression.constant if expression.kind == "number" else None
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
