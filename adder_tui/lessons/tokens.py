"""What checks are made of: their values, operators and leaves, as Python's syntax tree has them."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping

from adder_tui.lessons.errors import CheckError

LONGEST_WORDS = 200
"""Characters of one text in an expression."""

Value = float | bool | str | None
"""What an expression gives; None: not known yet."""
Argument = float | str
Lookup = Callable[[str, tuple[Argument, ...]], Value]
"""Gives the value of a word with its arguments, or None while it is not known."""


COMPARE: Mapping[type[ast.cmpop], tuple[Callable[..., bool], bool]] = {
    ast.Lt: (operator.lt, True), ast.LtE: (operator.le, True), ast.Gt: (operator.gt, True),
    ast.GtE: (operator.ge, True), ast.Eq: (operator.eq, False), ast.NotEq: (operator.ne, False),
}  # fmt: skip
"""The comparisons, and whether they need an order."""
OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
}  # fmt: skip
TRUTHS = {"true": True, "false": False, "True": True, "False": False}


def name_of(node: ast.expr) -> str:
    """A word's name: ``parameters``, ``run.loss``. Raises CheckError where it is none."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return f"{owner}.{name}"
    raise CheckError(f"{source_of(node)} is no name of the language of checks.")


def plain_of(node: ast.expr) -> Argument:
    """An argument: a number, with a sign if need be, or words."""
    match node:
        case ast.Constant():
            value = constant_of(node)
            if not isinstance(value, bool):
                return value
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=ast.Constant() as inner):
            value = constant_of(inner)
            if not isinstance(value, bool | str):
                return -value if isinstance(sign, ast.USub) else value
    raise CheckError(f"{source_of(node)} stands in brackets where only a plain number or words can.")


def constant_of(node: ast.Constant) -> float | bool | str:
    """A number, a truth or words of ordinary size. Raises CheckError for any other."""
    match node.value:
        case bool(truth):
            return truth
        case str(words) if len(words) <= LONGEST_WORDS and node.kind is None:
            return words
        case int(number) if number.bit_length() < 64:
            return float(number)
        case float(number) if math.isfinite(number):
            return number
    raise CheckError(f"{source_of(node)} will not do: use numbers of ordinary size, and short words.")


def source_of(node: ast.AST) -> str:
    """What an author wrote there, in quotes and not too long."""
    return short(ast.unparse(node))


def short(text: str) -> str:
    """The text in quotes, cut where it is long."""
    shown = " ".join(text.split())
    return repr(shown if len(shown) <= 60 else shown[:57] + "...")
