"""The language of checks: parsed, held against a whitelist, and walked. Never run as code."""

from __future__ import annotations

import ast
import difflib
import warnings
from dataclasses import dataclass
from functools import lru_cache

from adder_tui.lessons.errors import CheckError
from adder_tui.lessons.tokens import (
    COMPARE,
    OPERATIONS,
    TRUTHS,
    Argument,
    Lookup,
    Value,
    constant_of,
    name_of,
    plain_of,
    short,
    source_of,
)
from adder_tui.lessons.vocabulary import ARITHMETIC, WORDS, Kind
from adder_tui.lessons.walking import evaluate

LONGEST, MOST_NODES, DEEPEST = 500, 200, 40
"""Limits of an expression: characters, nodes of its tree, nesting."""


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
