"""Tasks by a formula: what is read, what is refused, and what is right for a pair."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_engine.errors import ExperimentError
from adder_engine.experiment import Experiment
from adder_engine.formula import read
from adder_engine.training.data import wanted_over
from adder_engine.wanted import Wanted
from tests.engine.plain import PLAINLY
from tests.engine.strategies import examples

_atoms = st.sampled_from(["a", "b", "3", "0.5", "2e1"])


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    two = st.tuples(inner, st.sampled_from([" + ", "-", "*", " / ", "**"]), inner).map("".join)
    called = st.sampled_from(["abs({})", "sin({})", "cos({})", "sqrt({})", "-{}", "({})"])
    both = st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})")
    return two | both | st.tuples(called, inner).map(lambda t: t[0].format(t[1]))


_formulas = st.recursive(_atoms, _grown, max_leaves=8).filter(lambda text: {"a", "b"} & set(text.replace("abs", "")))
_PLACE = {"sin": math.sin, "cos": math.cos, "sqrt": math.sqrt, "abs": abs, "min": min, "max": max}
_numbers = st.floats(-50, 50).map(lambda x: round(x, 2))


@examples(300)
@given(_formulas, _numbers, _numbers)
def test_a_formula_says_what_python_says(text: str, a: float, b: float) -> None:
    try:
        formula = read(text)
    except ExperimentError:
        assert len(text) > 200 or "min(" in text or "max(" in text or "a" not in text
        return
    plain_text = text.replace("3", "3.0").replace("2e1", "20.0")
    try:
        plain = eval(plain_text, {"__builtins__": {}}, {**_PLACE, "a": a, "b": b})
        plain = math.nan if isinstance(plain, complex) or not math.isfinite(plain) else plain
    except (ArithmeticError, ValueError, TypeError):
        plain = math.nan
    found = formula.of(a, b)
    if "**" in text and math.isnan(found):  # Python goes on with complex numbers
        return
    assert math.isnan(found) if math.isnan(plain) else found == plain
    (over,) = wanted_over(Wanted(text), np.array([a]), np.array([b]))
    assert math.isnan(over) == math.isnan(plain) or "**" in text  # numpy knows powers that Python calls too large
    if not math.isnan(plain) and not math.isnan(over):
        assert math.isclose(over, plain, rel_tol=1e-9, abs_tol=1e-9)


@examples(200)
@given(_formulas, _numbers, _numbers)
def test_the_slopes_of_a_formula_are_those_of_small_steps(text: str, a: float, b: float) -> None:
    try:
        formula = read(text)
    except ExperimentError:
        return
    slopes, here, h = formula.slopes(a, b), formula.of(a, b), 1e-6
    around = [formula.of(a + x, b + y) for x, y in ((h, 0), (-h, 0), (0, h), (0, -h))]
    if slopes is None or not all(map(math.isfinite, around)) or abs(here) > 1e3 or max(map(abs, slopes)) > 1e3:
        return
    ahead = ((around[0] - here) / h, (around[2] - here) / h)
    behind = ((here - around[1]) / h, (here - around[3]) / h)
    for slope, one, other in zip(slopes, ahead, behind, strict=True):
        if abs(one - other) < 1e-3:  # it does not bend here
            assert math.isclose(slope, (one + other) / 2, rel_tol=1e-2, abs_tol=1e-2)
    if (straight := formula.linear) is not None:
        assert math.isclose(straight[0] * a + straight[1] * b + straight[2], here, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize("task", PLAINLY)
def test_the_formulas_of_the_other_tests_are_read_as_python_reads_them(task: str) -> None:
    for a, b in ((3.0, 5.0), (-120.5, 7.25), (99.0, 2.0)):
        assert math.isclose(read(task).of(a, b), PLAINLY[task](a, b), rel_tol=1e-14)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is empty"), ("2*a +", "something is missing at its end"), ("2a", "between '2' and 'a' a sign"),
        ("a b", "between 'a' and 'b' a sign"), ("(a", "never closed"), ("a)", "')' is one too many"),
        ("sin a", "as in sin(a)"), ("min(a)", "min takes 2 numbers, not 1"), ("c + a", "there is no 'c'"),
        ("a < b < 3", "compares twice"), ("7 - 2", "neither a nor b"), ("__import__('os')", "is no part of a formula"),
        ("a.real", "is no part"), ("a if b else 1", "between 'a' and 'if'"), ("1e999*a", "too large"),
        ("a*" * 120 + "b", "200 is the limit"), ("-" * 60 + "a", "within each other"), ("* a", "before '*'"),
    ],
)  # fmt: skip
def test_what_is_no_formula_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(ExperimentError, match="it takes sum, difference, product, or a formula such as") as caught:
        Experiment().replace(**{"data.task": text})
    assert words in str(caught.value)
    assert str(caught.value).startswith("data.task = ")


def test_signs_that_were_copied_from_elsewhere_are_read() -> None:
    assert read("2·a − 3×b").of(5, 1) == 7
    assert read("a ≤ b").of(1, 2) == 1


def test_a_straight_formula_has_a_map_and_another_has_none() -> None:
    assert Wanted("2*a - (b - 8)/4").map == (2.0, -0.25, 2.0)
    assert Wanted("a*b + 1").map is None
    assert Wanted("a*b + 1").tangent(3, 5) == (5.0, 3.0, -14.0)
    assert Wanted("a > b").map is None
    assert Wanted("a > b").tangent(3, 5) is None


def test_rows_whose_targets_are_the_formulas_follow_it_and_others_set_the_truth() -> None:
    rows = {"data.kind": "rows", "data.task": "2*a + 3*b"}
    same = Experiment().replace(**rows, **{"data.rows": [[30, 70, 270], [1, 2], [0.1, 0.2, 0.8]]})
    assert same.wanted.rule == "formula"
    assert same.wanted.of(100, 1) == 203
    other = Experiment().replace(**rows, **{"data.rows": [[30, 70, 271], [1, 2]]})
    assert other.wanted.rule == "rows"
    assert [other.wanted.of(*pair) for pair in ((30, 70), (1, 2), (100, 1))] == [271, 8, None]


def test_where_a_formula_has_no_value_no_truth_is_known() -> None:
    wanted = Wanted("1/(a - b)")
    assert wanted.of(2, 1) == 1
    assert wanted.of(1, 1) is None
    assert np.isnan(wanted_over(wanted, np.array([1.0]), np.array([1.0]))).all()


@pytest.mark.parametrize("text", ["min(a, b / a)", "1 / a > 3", "3 < 1 / a", "0 * sqrt(a - 1)"])
def test_there_is_no_value_where_a_step_on_the_way_has_none(text: str) -> None:
    assert math.isnan(read(text).of(0.0, 1.0))
    assert math.isnan(read(text).of(np.float64(0.0), np.float64(1.0)))
    assert np.isnan(wanted_over(Wanted(text), np.array([0.0]), np.array([1.0]))).all()
