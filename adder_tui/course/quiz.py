"""Questions of a lesson: numbers drawn anew, choices in another order, a reason for each wrong one."""

from __future__ import annotations

import dataclasses
import itertools
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod

from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_tui.course.expressions import FUNCTIONS, parse
from adder_tui.course.source import Table, declare, is_number, schema

LETTERS = "abcdefgh"
MOST_DRAWS = 200
"""How many ways there may be to draw a question's numbers: an author is told what is wrong with any of them."""
_BLANK = re.compile(r"\{([^{}:]+)(?::([^{}]*))?\}")
_NAME = re.compile(r"[A-Za-z_]\w*")

Numbers = Mapping[str, float]
"""Names to the numbers that were drawn for them."""


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
        table.refuse(name, tr('a list of texts, one for each choice, why it is not right; "" for the right one'))
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
        takes = tr("lists of numbers by name, such as {{ n = [10, 20] }}, {most} ways at most", most=MOST_DRAWS)
        table.refuse(name, takes)
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
            told = ", ".join(f"{name} = {value:g}" for name, value in drawn.items())
            try:
                filled = self.filled(drawn)
            except (AdderError, ValueError) as error:
                yield "ask", tr("cannot be computed where {numbers}. {error}", numbers=told, error=error)
                return
            if len({text.casefold() for text in filled.choices}) < len(filled.choices):
                where = tr(" where {numbers}", numbers=told) if told else ""
                yield "choices", tr("has two that are the same{where}.", where=where)
                return


def _written(expression: str, form: str, numbers: Numbers) -> str:
    """A number of a question as it is written, with a true minus sign.

    Raises:
        CheckError: the expression is none.
        ValueError: it has no value, or cannot be written so.
    """
    value = _value(_NAME.sub(lambda found: _number(found[0], numbers), expression))
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


def _value(text: str) -> object:
    meaning: Callable[..., object] = parse(text).value
    return meaning(lambda word, arguments: None)
