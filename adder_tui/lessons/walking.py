"""What an expression gives: its tree is walked, with a lookup for the words in it."""

from __future__ import annotations

import ast
import math

from adder_tui.lessons.tokens import (
    COMPARE,
    OPERATIONS,
    TRUTHS,
    Lookup,
    Value,
    constant_of,
    name_of,
    plain_of,
)  # fmt: skip
from adder_tui.lessons.vocabulary import ARITHMETIC


def evaluate(node: ast.expr, lookup: Lookup) -> Value:
    """What a tree that was looked through gives; None while that is not known."""
    match node:
        case ast.Constant():
            return constant_of(node)
        case ast.BoolOp(op=op, values=values):
            return _decide(values, lookup, isinstance(op, ast.Or))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            truth = evaluate(operand, lookup)
            return None if truth is None else not truth
        case ast.UnaryOp(op=op, operand=operand):
            number = _number(operand, lookup)
            return None if number is None else -number if isinstance(op, ast.USub) else number
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _number(left, lookup), _number(right, lookup)
            if a is None or b is None or (isinstance(op, ast.Div) and b == 0):
                return None
            return OPERATIONS[type(op)](a, b)
        case ast.Compare(left=left, ops=ops, comparators=comparators):
            sides = [evaluate(side, lookup) for side in (left, *comparators)]
            return _compare(ops, sides)
        case ast.Name(id=name) if name in TRUTHS:
            return TRUTHS[name]
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in ARITHMETIC:
            numbers = [_number(argument, lookup) for argument in arguments]
            known = [number for number in numbers if number is not None]
            return _function(name, known) if len(known) == len(numbers) else None
        case ast.Call(func=function, args=arguments):
            return lookup(name_of(function), tuple(plain_of(argument) for argument in arguments))
    return lookup(name_of(node), ())


def _number(node: ast.expr, lookup: Lookup) -> float | None:
    """A number; None where it is not known, or where a setting turns out to be words."""
    value = evaluate(node, lookup)
    return float(value) if isinstance(value, int | float) else None


def _function(name: str, numbers: list[float]) -> float | None:
    match name:
        case "abs":
            return abs(numbers[0])
        case "sqrt":
            return math.sqrt(numbers[0]) if numbers[0] >= 0 else None
        case "min":
            return min(numbers)
    return max(numbers)


def _decide(values: list[ast.expr], lookup: Lookup, either: bool) -> bool | None:
    """``or`` where ``either``, else ``and``: decided by the first side that decides it."""
    unknown = False
    for node in values:
        truth = evaluate(node, lookup)
        if truth is None:
            unknown = True
        elif bool(truth) == either:
            return either
    return None if unknown else not either


def _compare(ops: list[ast.cmpop], sides: list[Value]) -> bool | None:
    unknown = False
    for op, a, b in zip(ops, sides, sides[1:], strict=False):
        compare, ordered = COMPARE[type(op)]
        if a is None or b is None:
            unknown = True
        elif isinstance(a, str) != isinstance(b, str):
            return not ordered and isinstance(op, ast.NotEq)
        elif (ordered and isinstance(a, str)) or not compare(a, b):
            return False
    return None if unknown else True
