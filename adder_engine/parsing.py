"""Sums and numbers as people type and spreadsheets write them. Never evaluated as code."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass

from adder_engine.errors import AdderError, RequestError, SumError, shortened
from adder_engine.language import tr

LARGEST_TERM = 1e12

NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
"""A number as people type it, as a regular expression; digits match in one way alone, so that many take no time."""
_PAIR = re.compile(rf"\s*({NUMBER})\s*([+*,-])\s*({NUMBER})\s*", re.ASCII)
_TYPED = r"[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][+-]?\d+)?"
_PAIR_WITH_COMMAS = re.compile(rf"\s*({_TYPED})\s*([+*-]|,(?=\s))\s*({_TYPED})\s*", re.ASCII)
_IN_BRACKETS = re.compile(rf"(?<![\d.,)])\(\s*({_TYPED})\s*\)(?![\d.,(])", re.ASCII)
_DECIMAL = re.compile(r"(?<![\d.,])(\d*),(\d+)(?![\d.,])")
SIGNS = str.maketrans("−–×·", "--**")
"""What stands for a minus or for times in text that was copied from elsewhere."""
MINUS_SIGNS = str.maketrans("−–", "--")
READ = {"sum": "+-,", "difference": "+-,", "product": "*,", "formula": ","}
"""Which signs between two numbers ask about a pair, by task."""
NAMES = {"sum": tr("a sum"), "difference": tr("a difference"), "product": tr("a product"), "formula": tr("a pair")}
EXAMPLES = {
    "sum": tr("30+70, 12-5 or 3.5+1e3"),
    "difference": tr("30-70 or 12.5-1e3"),
    "product": tr("5*5 or 0.5*-0.3"),
    "formula": "30, 70",
}
FIRST_EXAMPLE = {"sum": "30+70", "difference": "30-70", "product": "0.5*0.5", "formula": "30, 70"}
LONGEST_SUM = 900
"""Characters; two numbers of 400 digits fit."""
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
    and ``a+b`` about (a, −b); for a product ``a*b``, ``a×b`` and ``a·b`` ask about (a, b). ``a, b`` always
    does, and alone does so where the task is a formula.
    A comma within a number is decimal: ``0,5+1,25``. A number may stand in brackets: ``130 + (-30)``.

    Args:
        task: ``sum``, ``difference``, ``product``, or a formula.

    Raises:
        SumError: anything else, or a number beyond ±1e12; one sentence that shows what would do.
    """
    task = task if task in READ else "formula"
    plain = _IN_BRACKETS.sub(r"\1", text.translate(SIGNS)) if len(text) <= LONGEST_SUM else ""
    match = _PAIR.fullmatch(plain) or _PAIR_WITH_COMMAS.fullmatch(plain)
    if not match or match[2] not in READ[task]:
        shown = text.strip()
        if not shown:
            raise SumError(
                "Type {what} of two numbers, such as {example}.", what=NAMES[task], example=FIRST_EXAMPLE[task]
            )
        raise SumError(
            "{shown} is not {what} of two numbers: try {example}.",
            shown=shortened(shown, 40),
            what=NAMES[task],
            example=EXAMPLES[task],
        )
    a, b = (float(match[side].replace(",", ".")) for side in (1, 3))
    for value, typed in ((a, match[1]), (b, match[3])):
        if not abs(value) <= LARGEST_TERM:
            raise SumError("{typed} is too large to ask about: use numbers within ±1e12.", typed=shortened(typed, 40))
    turned = match[2] == {"sum": "-", "difference": "+"}.get(task)
    return Sum(a, -b if turned else b, text.strip())


def whole(value: object, name: str) -> int:
    """The value as a whole number; raises RequestError where it is none, or none within ±2⁶³."""
    try:
        number = int(operator.index(value))  # type: ignore[arg-type]  # True would stay what it is
    except TypeError:
        raise RequestError("{name} = {value!r} is no whole number.", name=name, value=value) from None
    if number.bit_length() > 63:
        raise RequestError("{name} is too large: use a number within ±{most:,}.", name=name, most=2**63 - 1)
    return number


def decimal_points(text: str) -> str:
    """With a point for each decimal comma: in what a person types ``-197,627`` is a fraction, never thousands."""
    return _DECIMAL.sub(r"\1.\2", text)


def parse_number(text: str) -> float | None:
    """A finite number as a person types it, with a decimal comma or either minus sign; None for anything else."""
    plain = decimal_points(text.strip().translate(MINUS_SIGNS))
    if len(plain) > LONGEST_NUMBER or not _PLAIN.fullmatch(plain):
        return None
    return float(plain) if abs(float(plain)) < float("inf") else None


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
    """The pair as one types it: ``130 + -30``, ``130 - -30``, ``0.5 * 3``; ``30, 70`` where rows or a formula do.

    Args:
        rule: a task, ``formula`` or ``rows``; see :class:`adder_engine.wanted.Wanted`.
    """
    between = {"sum": " + ", "difference": " - ", "product": " * "}.get(rule, ", ")
    return f"{number_text(a)}{between}{number_text(b)}"


def brief_text(value: float, digits: int = 6) -> str:
    """So many digits at most, as one types them: ``0.05``, ``1e-7``."""
    mantissa, e, power = f"{value:.{digits}g}".partition("e")
    return f"{mantissa}e{int(power)}" if e else mantissa


def number_text(value: float) -> str:
    """A number as it is typed: whole ones without a point; it reads back as the same number."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


class NoNumberError(AdderError, ValueError):
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
        raise NoNumberError(
            "has {length:,} characters: a number takes at most {most}", length=len(cell), most=LONGEST_NUMBER
        )
    kind = kind_of(cell)
    if kind == PLAIN:
        if comma.means == DECIMAL and _THREE_BEHIND.fullmatch(cell):
            raise NoNumberError(
                "can be {whole} or {cell} where commas are decimal, as in {seen}: write {whole} or {cell}0",
                whole=cell.replace(".", ""),
                cell=cell,
                seen=comma.cell,
            )
        return float(cell)
    if kind == EITHER and comma.means == EITHER:
        whole, point = cell.replace(",", ""), cell.replace(",", ".")
        raise NoNumberError(
            "can be {whole} or {point}: write {whole} without the comma, or {point} with a point",
            whole=whole,
            point=point,
        )
    if kind == THOUSANDS or (kind == EITHER and comma.means == THOUSANDS):
        return float(cell.replace(",", ""))
    if kind in (DECIMAL, EITHER):
        return float(cell.replace(".", "").replace(",", "."))
    if _GROUPED.fullmatch(cell):
        plain = re.sub("[^0-9.+-]", "", cell.replace(",", "."))
        raise NoNumberError("is parted into thousands: write {plain}", plain=plain)
    raise NoNumberError


def could_be_number(cell: str) -> bool:
    """Whether a cell holds a number in any manner of writing."""
    plain = cell.translate(MINUS_SIGNS)
    return kind_of(plain) != NONE or (len(plain) <= LONGEST_NUMBER and _GROUPED.fullmatch(plain) is not None)
