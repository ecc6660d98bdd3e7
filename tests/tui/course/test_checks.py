"""The language of checks: what it refuses, and what it makes of things not known."""

import ast
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_tui.course.expressions import TRUTHS, Argument, Call, Expression, Value, parse, parse_check
from adder_tui.course.source import CheckError
from adder_tui.course.vocabulary import ARITHMETIC, WORDS


def given_values(values: dict[str, Value]) -> Any:
    def look_up(word: str, arguments: tuple[Argument, ...]) -> Value:
        return values.get(word)

    return look_up


def value_of(text: str, **values: Value) -> Value:
    return parse(text).value(given_values({name.replace("__", "."): value for name, value in values.items()}))


REFUSED = [
    "__import__('os')", "().__class__", "run.__class__", "run.loss.real", "ask.__globals__", "open('x')", "eval('1')",
    "lambda: 1", "(lambda: 1)()", "[1]", "{1: 2}", "{1}", "(1, 2)", "[x for x in y]", "f'{1}'", "1 if true else 2",
    "x := 1", "loss ** 2", "loss % 2", "loss // 2", "1 << 2", "1 | 2", "~1", "loss[0]", "ask(*a)", "ask(a=1, b=2)",
    "ask(30, 70, 1)", "ask(30)", "ask(loss, 70)", "ask('30', 70)", "ask(true, 70)", "asked", "loss()", "run", "cfg",
    "run.exploded()", "run.first_below", "'a' < 'b'", "1 is 1", "1 in cfg('x')", "loss and true", "not loss",
    "loss == 'x'", "abs()", "abs(1, 2)", "min(1)", "abs('x')", "-'x'", "-true", "'a' + 'b'", "1j", "b'x'", "...",
    "None", "9" * 30, "1e999", "await x", "yield 1", "import os", "a; b", "", " ", "\0", "(" * 300, "-" * 499 + "1",
    "u'x' == 'x'", "'" + "x" * 300 + "' == 'x'", "1 + " * 200 + "1", "loss > 1 and " * 60 + "true", "@", "\\", "é",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_whatever_is_outside_of_the_language_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(CheckError) as caught:
        parse(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_misspelt_name_is_said_the_nearest_one() -> None:
    with pytest.raises(CheckError, match=r"did you mean run\.exploded\?"):
        parse("run.explodet")


def test_a_check_must_be_true_or_false() -> None:
    with pytest.raises(CheckError, match="compare it with something"):
        parse_check("sorted")
    assert parse_check("sorted == 13").kind == "truth"


@given(st.text(max_size=60))
def test_any_text_is_an_expression_of_ours_or_refused(text: str) -> None:
    _refused_or_walkable(text)


_TOKENS = [
    *WORDS, "abs", "min", "sqrt", "and", "or", "not", "(", ")", ",", "<", "==", "!=", "+", "-", "*", "/", "30", "0.5",
    "1e308", "'x'", "true", ".", "run", "__class__", "lambda", "[", "]", "if", "else", "for", "in", ":", "{", "}",
]  # fmt: skip


@given(st.lists(st.sampled_from(_TOKENS), max_size=14).map(" ".join))
def test_any_mixture_of_the_languages_tokens_is_an_expression_of_ours_or_refused(text: str) -> None:
    _refused_or_walkable(text)


_NODES = (
    ast.Constant, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.UAdd, ast.BinOp, ast.Add, ast.Sub,
    ast.Mult, ast.Div, ast.Compare, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Name, ast.Attribute,
    ast.Call, ast.Load,
)  # fmt: skip


def _refused_or_walkable(text: str) -> None:
    try:
        expression = parse(text)
    except CheckError:
        return
    nodes = [*ast.walk(ast.parse(text.strip(), mode="eval").body)]
    assert all(isinstance(node, _NODES) for node in nodes)
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    assert names <= {name.partition(".")[0] for name in WORDS} | set(ARITHMETIC) | set(TRUTHS)
    for value in (None, 1.0, -0.0, math.inf, True, "x"):
        _walk(expression, value)


def _walk(expression: Expression, value: Value) -> None:
    """It gives a value, whatever the words in it mean, and never raises."""
    assert isinstance(expression.value(lambda word, arguments: value), float | bool | str | None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3 - 4 / 2", 5), ("-(2 - 5)", 3), ("abs(-3)", 3), ("sqrt(9)", 3), ("min(3, 1, 2)", 1),
        ("max(3, 1)", 3), ("1 < 2 <= 2", True), ("1 < 2 < 2", False), ("'a' == 'a'", True), ("'a' != 'a'", False),
        ("not false", True),
        ("true and false", False), ("false or true", True), ("1 / 0", None), ("sqrt(-1)", None),
    ],
)  # fmt: skip
def test_arithmetic_and_logic_come_out_as_one_expects(text: str, value: Value) -> None:
    assert parse(text).value(lambda word, arguments: None) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("loss < 1", None), ("not (loss < 1)", None), ("loss < 1 and true", None), ("loss < 1 and false", False),
        ("loss < 1 or true", True), ("loss < 1 or false", None), ("loss + 1 > 0", None), ("abs(loss) >= 0", None),
        ("loss == loss", None), ("1 < 0 < loss", False), ("cfg('training.lr') == 'x'", None),
    ],
)  # fmt: skip
def test_what_is_not_known_decides_nothing(text: str, value: Value) -> None:
    assert parse(text).value(lambda word, arguments: None) is value


def test_a_setting_of_another_kind_is_unequal_and_in_no_order() -> None:
    assert value_of("cfg('training.optimizer') == 1", cfg="sgd") is False
    assert value_of("cfg('training.optimizer') != 1", cfg="sgd") is True
    assert value_of("cfg('training.optimizer') < 1", cfg="sgd") is False


def test_an_expression_says_what_the_engine_must_be_asked() -> None:
    expression = parse("abs(ask(-330000, 30000) + 300000) < 5 and run.rises > 1 and bench('hits', 0.5) > 0.2")
    assert expression.needs == {Call("ask", (-330000.0, 30000.0)), Call("bench", ("hits", 0.5))}
