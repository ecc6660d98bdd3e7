"""The language of checks: parsed, held against a whitelist, and walked. Never run as code."""

from __future__ import annotations

import ast
import difflib
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from adder_engine.language import tr
from adder_tui.course.source import CheckError
from adder_tui.course.vocabulary import ARITHMETIC, WORDS, Kind

LONGEST_WORDS = 200
"""Characters of one text in an expression."""

Value = float | bool | str | None
"""What an expression gives; None: not known yet."""
Argument = float | str
Lookup = Callable[[str, tuple[Argument, ...]], Value]
"""Gives the value of a word with its arguments, or None while it is not known."""
Meaning = Callable[[Lookup], Value]
"""What an expression, or a part of one, gives; None while that is not known."""

COMPARE: Mapping[type[ast.cmpop], tuple[Callable[..., bool], bool]] = {
    ast.Lt: (operator.lt, True), ast.LtE: (operator.le, True), ast.Gt: (operator.gt, True),
    ast.GtE: (operator.ge, True), ast.Eq: (operator.eq, False), ast.NotEq: (operator.ne, False),
}  # fmt: skip
"""The comparisons, and whether they need an order."""
SIGNS: Mapping[type[ast.unaryop], Callable[[float], float]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}
OPERATIONS: Mapping[type[ast.operator], Callable[[float, float], float | None]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: lambda a, b: a / b if b else None,
}  # fmt: skip
FUNCTIONS: Mapping[str, Callable[..., float | None]] = {
    "abs": abs, "sqrt": lambda x: math.sqrt(x) if x >= 0 else None, "min": min, "max": max,
}  # fmt: skip
KINDS: Mapping[Kind, str] = {
    "number": tr("a number"), "truth": tr("true or false"), "words": tr("words"), "any": tr("a setting"),
}  # fmt: skip
TRUTHS = {"true": True, "false": False, "True": True, "False": False}
LONGEST, MOST_NODES, DEEPEST = 500, 200, 40
"""Limits of an expression: characters, nodes of its tree, nesting."""


class Call(NamedTuple):
    """A word with its arguments."""

    word: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True)
class Expression:
    """An expression that was found to be ours: ``parse`` makes it."""

    text: str
    kind: Kind
    needs: frozenset[Call]
    """What has to be asked of the engine."""
    words: tuple[Call, ...]
    """Every word in it with its arguments, as they stand."""
    value: Meaning = field(compare=False, repr=False)
    """What it gives. ``and`` is false as soon as one side is, and ``or`` true, whatever is unknown beside it."""

    @property
    def constant(self) -> Value:
        """What it gives by itself; None where it hangs on words."""
        return self.value(lambda word, arguments: None)


@lru_cache(maxsize=512)
def parse(text: str) -> Expression:
    """Read an expression.

    Raises:
        CheckError: it is too long, no expression, or holds something that is not in the vocabulary.
    """
    if len(text) > LONGEST:
        raise CheckError("It has {length:,} characters: use at most {most}.", length=len(text), most=LONGEST)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as of odd escapes, which are refused below if they matter
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else tr("it is nested too deeply or holds odd characters")
        raise CheckError(
            "{text} is no expression ({why}): write, say, abs(ask(30, 70) - 100) < 1.", text=_short(text), why=why
        ) from None
    if _depth(tree) > DEEPEST or sum(1 for _ in ast.walk(tree)) > MOST_NODES:
        raise CheckError("{text} is too large: split it into several tasks.", text=_short(text))
    reader = _Reader()
    kind, value = reader.read(tree)
    needs = frozenset(call for call in reader.found if WORDS[call.word].fetched)
    return Expression(text.strip(), kind, needs, tuple(reader.found), value)


def parse_check(text: str) -> Expression:
    """Read an expression that is true or false.

    Raises:
        CheckError: as :func:`parse`, or it gives a number or words.
    """
    expression = parse(text)
    if expression.kind not in ("truth", "any"):
        sentence = tr("{short} gives {kind}: compare it with something, such as {text} > 1.",
                  short=_short(text), kind=KINDS[expression.kind], text=text)  # fmt: skip
        raise CheckError(sentence)
    return expression


class _Reader:
    """Reads an expression's tree, gathering the words in it; whatever is not ours raises CheckError."""

    def __init__(self) -> None:
        self.found: list[Call] = []

    def refuse(self, node: ast.expr, message: str, /, **values: object) -> CheckError:
        """Why a part will not do."""
        return CheckError(message, expression=_short(ast.unparse(node)), **values)

    def read(self, node: ast.expr) -> tuple[Kind, Meaning]:
        """What a node gives."""
        match node:
            case ast.Constant():
                constant = self.constant(node)
                words: Kind = "words" if isinstance(constant, str) else "number"
                return "truth" if isinstance(constant, bool) else words, lambda lookup: constant
            case ast.Name(id=name) if name in TRUTHS:
                return "truth", lambda lookup: TRUTHS[name]
            case ast.BoolOp(op=op, values=values):
                sides = [self.demand(value, "truth") for value in values]
                return "truth", lambda lookup: _decide(sides, lookup, isinstance(op, ast.Or))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                side = self.demand(operand, "truth")
                return "truth", lambda lookup: None if (truth := side(lookup)) is None else not truth
            case ast.UnaryOp(op=sign, operand=operand) if type(sign) in SIGNS:
                return "number", self.computed(SIGNS[type(sign)], operand)
            case ast.BinOp(left=left, op=operation, right=right) if type(operation) in OPERATIONS:
                return "number", self.computed(OPERATIONS[type(operation)], left, right)
            case ast.Compare(left=left, ops=ops, comparators=comparators) if all(type(op) in COMPARE for op in ops):
                read = [self.read(side) for side in (left, *comparators)]
                known = {kind for kind, _ in read if kind != "any"}
                if len(known) > 1:
                    kinds = tr(" with ").join(KINDS[kind] for kind in sorted(known))
                    raise self.refuse(node, "{expression} compares {kinds}.", kinds=kinds)
                if known - {"number"} and any(COMPARE[type(op)][1] for op in ops):
                    raise self.refuse(node, "{expression} puts {what} in order: use == or !=.", what=KINDS[known.pop()])
                return "truth", lambda lookup: _compare(ops, [side(lookup) for _, side in read])
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in ARITHMETIC:
                least, most = ARITHMETIC[name]
                if not least <= len(arguments) <= most:
                    count = f"{least}" if least == most else tr("{least} to {most}", least=least, most=most)
                    raise self.refuse(node, "{expression}: {name} takes {count} numbers.", name=name, count=count)
                return "number", self.computed(FUNCTIONS[name], *arguments)
            case ast.Name() | ast.Attribute():
                return self.word(node, node, None)
            case ast.Call(func=function, args=arguments, keywords=[]):
                return self.word(node, function, arguments)
        raise self.refuse(
            node,
            "{expression} is not in the language of checks: it has comparisons, and, or, not, + - * /, numbers, "
            '"words", and the names of the author\'s guide.',
        )

    def demand(self, node: ast.expr, wanted: Kind) -> Meaning:
        kind, meaning = self.read(node)
        if kind not in (wanted, "any"):
            due = {"kind": KINDS[kind], "wanted": KINDS[wanted]}
            raise self.refuse(node, "{expression} gives {kind}, where {wanted} is due.", **due)
        return meaning

    def computed(self, compute: Callable[..., float | None], *nodes: ast.expr) -> Meaning:
        """A number made of numbers; not known where one of them is not, or where a setting turns out to be words."""
        sides = [self.demand(node, "number") for node in nodes]

        def meaning(lookup: Lookup) -> Value:
            numbers = [float(value) for side in sides if isinstance(value := side(lookup), int | float)]
            return compute(*numbers) if len(numbers) == len(sides) else None

        return meaning

    def word(self, node: ast.expr, function: ast.expr, arguments: list[ast.expr] | None) -> tuple[Kind, Meaning]:
        name = self.name(function)
        word = WORDS.get(name)
        if word is None:
            near = difflib.get_close_matches(name, [*WORDS, *ARITHMETIC], n=1)
            hint = (
                tr(": did you mean {near}?", near=near[0]) if near else tr(": the author's guide lists what there is.")
            )
            raise CheckError("There is no {name}{hint}", name=_short(name), hint=hint)
        if word.call and arguments is None:
            raise CheckError("{name} is written with brackets: {pattern}.", name=name, pattern=_pattern(name))
        if not word.call and arguments is not None:
            raise CheckError("{name} is written without brackets: {name}.", name=name)
        given = tuple(self.argument(argument) for argument in arguments or ())
        kinds = ["words" if isinstance(value, str) else "number" for value in given]
        if kinds[: len(word.takes)] != list(word.takes) or (len(given) > len(word.takes) and not word.more):
            raise self.refuse(node, "{expression} does not fit: write {pattern}.", pattern=_pattern(name))
        self.found.append(Call(name, given))
        return word.kind, lambda lookup: lookup(name, given)

    def name(self, node: ast.expr) -> str:
        """A word's name: ``parameters``, ``run.loss``."""
        match node:
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                return f"{owner}.{name}"
        raise self.refuse(node, "{expression} is no name of the language of checks.")

    def argument(self, node: ast.expr) -> Argument:
        """A number, with a sign if need be, or words."""
        match node:
            case ast.Constant():
                value = self.constant(node)
                if not isinstance(value, bool):
                    return value
            case ast.UnaryOp(op=sign, operand=ast.Constant() as inner) if type(sign) in SIGNS:
                value = self.constant(inner)
                if not isinstance(value, bool | str):
                    return SIGNS[type(sign)](value)
        raise self.refuse(node, "{expression} stands in brackets where only a plain number or words can.")

    def constant(self, node: ast.Constant) -> float | bool | str:
        """A number, a truth or words of ordinary size."""
        match node.value:
            case bool(truth):
                return truth
            case str(words) if len(words) <= LONGEST_WORDS and node.kind is None:
                return words
            case int(number) if number.bit_length() < 64:
                return float(number)
            case float(number) if math.isfinite(number):
                return number
        raise self.refuse(node, "{expression} will not do: use numbers of ordinary size, and short words.")


def _decide(sides: list[Meaning], lookup: Lookup, either: bool) -> bool | None:
    """``or`` where ``either``, else ``and``: decided by the first side that decides it."""
    unknown = False
    for side in sides:
        truth = side(lookup)
        if truth is not None and bool(truth) == either:
            return either
        unknown = unknown or truth is None
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


def _short(text: str) -> str:
    """The text in quotes, cut where it is long."""
    shown = " ".join(text.split())
    return repr(shown if len(shown) <= 60 else shown[:57] + "...")


def _pattern(name: str) -> str:
    word = WORDS[name]
    takes = ", ".join({"words": '"..."', "number": "number"}.get(kind, kind) for kind in word.takes)
    return f"{name}({takes}{', ...' if word.more else ''})" if word.call else name


def _depth(tree: ast.AST) -> int:
    """How deeply it is nested, counted without recursion."""
    deepest, open_nodes = 0, [(tree, 1)]
    while open_nodes:
        node, depth = open_nodes.pop()
        deepest = max(deepest, depth)
        open_nodes.extend((child, depth + 1) for child in ast.iter_child_nodes(node))
    return deepest


NOTHING = parse("false")
"""Stands where an author's expression will not do."""
