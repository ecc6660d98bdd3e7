"""The language of checks: parsed, held against a whitelist, and walked. Never run as code."""

from __future__ import annotations

import ast
import difflib
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from adder_tui.course.source import CheckError
from adder_tui.course.vocabulary import ARITHMETIC, WORDS, Kind

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
LONGEST, MOST_NODES, DEEPEST = 500, 200, 40
"""Limits of an expression: characters, nodes of its tree, nesting."""


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


@dataclass(frozen=True)
class Need:
    """A value that has to be asked of the engine before an expression can be told."""

    word: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True)
class Expression:
    """An expression that was found to be ours: ``parse`` makes it."""

    text: str
    kind: Kind
    needs: frozenset[Need]
    """What has to be asked of the engine."""
    words: tuple[tuple[str, tuple[Argument, ...]], ...]
    """Every word in it with its arguments, as they stand."""
    _tree: ast.expr

    def value(self, lookup: Lookup) -> Value:
        """What it gives; None where that hangs on something that is not known.

        ``and`` is false as soon as one side is, and ``or`` true, whatever is unknown beside it.
        """
        return evaluate(self._tree, lookup)


@lru_cache(maxsize=512)
def parse(text: str) -> Expression:
    """Read an expression.

    Raises:
        CheckError: it is too long, no expression, or holds something that is not in the vocabulary.
    """
    if len(text) > LONGEST:
        raise CheckError(f"It has {len(text):,} characters: use at most {LONGEST}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as of odd escapes, which are refused below if they matter
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else "it is nested too deeply or holds odd characters"
        raise CheckError(f"{short(text)} is no expression ({why}): write, say, abs(ask(30, 70) - 100) < 1.") from None
    if _depth(tree) > DEEPEST or sum(1 for _ in ast.walk(tree)) > MOST_NODES:
        raise CheckError(f"{short(text)} is too large: split it into several tasks.")
    found: list[tuple[str, tuple[Argument, ...]]] = []
    kind = _kind(tree, found)
    needs = frozenset(Need(word, arguments) for word, arguments in found if WORDS[word].fetched)
    return Expression(text.strip(), kind, needs, tuple(found), tree)


def parse_check(text: str) -> Expression:
    """Read an expression that is true or false.

    Raises:
        CheckError: as :func:`parse`, or it gives a number or words.
    """
    expression = parse(text)
    if expression.kind not in ("truth", "any"):
        raise CheckError(f"{short(text)} gives {_a(expression.kind)}: compare it with something, such as {text} > 1.")
    return expression


def _kind(node: ast.expr, found: list[tuple[str, tuple[Argument, ...]]]) -> Kind:
    """What a node gives; notes the words in it. Raises CheckError for whatever is not ours."""
    match node:
        case ast.Constant():
            constant = constant_of(node)
            return "truth" if isinstance(constant, bool) else "words" if isinstance(constant, str) else "number"
        case ast.BoolOp(values=values):
            for value in values:
                _demand(value, "truth", found)
            return "truth"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _demand(operand, "truth", found)
            return "truth"
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _demand(operand, "number", found)
            return "number"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATIONS:
            _demand(left, "number", found)
            _demand(right, "number", found)
            return "number"
        case ast.Compare(left=left, ops=ops, comparators=comparators) if all(type(op) in COMPARE for op in ops):
            kinds = [_kind(side, found) for side in (left, *comparators)]
            known = {kind for kind in kinds if kind != "any"}
            if len(known) > 1:
                raise CheckError(f"{source_of(node)} compares {' with '.join(map(_a, sorted(known)))}.")
            if known - {"number"} and any(COMPARE[type(op)][1] for op in ops):
                raise CheckError(f"{source_of(node)} puts {_a(known.pop())} in order: use == or !=.")
            return "truth"
        case ast.Name(id=name) if name in TRUTHS:
            return "truth"
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in ARITHMETIC:
            least, most = ARITHMETIC[name]
            if not least <= len(arguments) <= most:
                count = f"{least}" if least == most else f"{least} to {most}"
                raise CheckError(f"{source_of(node)}: {name} takes {count} numbers.")
            for argument in arguments:
                _demand(argument, "number", found)
            return "number"
        case ast.Name() | ast.Attribute():
            return _word(node, node, None, found)
        case ast.Call(func=function, args=arguments, keywords=[]):
            return _word(node, function, arguments, found)
    raise CheckError(
        f"{source_of(node)} is not in the language of checks: it has comparisons, and, or, not, + - * /, numbers,"
        ' "words", and the names of the author\'s guide.'
    )


def _demand(node: ast.expr, wanted: Kind, found: list[tuple[str, tuple[Argument, ...]]]) -> None:
    kind = _kind(node, found)
    if kind not in (wanted, "any"):
        raise CheckError(f"{source_of(node)} gives {_a(kind)}, where {_a(wanted)} is due.")


def _word(
    node: ast.expr, function: ast.expr, arguments: list[ast.expr] | None, found: list[tuple[str, tuple[Argument, ...]]]
) -> Kind:
    name = name_of(function)
    word = WORDS.get(name)
    if word is None:
        near = difflib.get_close_matches(name, [*WORDS, *ARITHMETIC], n=1)
        hint = f": did you mean {near[0]}?" if near else ": the author's guide lists what there is."
        raise CheckError(f"There is no {short(name)}{hint}")
    if word.call != (arguments is not None):
        what = f"is written with brackets: {_pattern(name)}" if word.call else f"is written without brackets: {name}"
        raise CheckError(f"{name} {what}.")
    given = tuple(plain_of(argument) for argument in arguments or ())
    kinds = ["words" if isinstance(value, str) else "number" for value in given]
    if kinds[: len(word.takes)] != list(word.takes) or (len(given) > len(word.takes) and not word.more):
        raise CheckError(f"{source_of(node)} does not fit: write {_pattern(name)}.")
    found.append((name, given))
    return word.kind


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


def _a(kind: Kind) -> str:
    return {"number": "a number", "truth": "true or false", "words": "words", "any": "a setting"}[kind]


NOTHING = parse("false")
"""Stands where an author's expression will not do."""
