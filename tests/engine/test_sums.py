"""Sums as people type them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_engine import Experiment, Sum, SumError, parse_sum
from adder_engine.parsing import parse_number


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("30+70", (30, 70)),
        ("130 + -30", (130, -30)),
        ("-330000+30000", (-330000, 30000)),
        ("3.5+1e3", (3.5, 1000)),
        ("12-5", (12, -5)),
        ("12 - -5", (12, 5)),
        ("+1++2", (1, 2)),
        ("  .5 + 2. ", (0.5, 2)),
        ("1e-3+2E+2", (0.001, 200)),
        ("−3 − 4", (-3, -4)),
        ("0-0", (0, 0)),
        ("1e12+-1e12", (1e12, -1e12)),
        ("30, 70", (30, 70)),
        ("1,5+2", (1.5, 2)),
        ("-197,627 - ,5", (-197.627, -0.5)),
        ("0,5, 1,25", (0.5, 1.25)),
        ("130 + (−30)", (130, -30)),
        ("( 1,5 )-(2)", (1.5, -2)),
    ],
)
def test_a_sum_is_read_as_it_is_typed(text: str, pair: tuple[float, float]) -> None:
    found = parse_sum(text)
    assert (found.a, found.b) == pair
    assert found.typed == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "30", "30+", "+30", "30+70+1", "30*70", "a+b", "1_000+2", "0x10+1", "inf+1", "nan+1", "1e+1", "1 2+3",
        "30+70\n1+1", "__import__('os')", "[bold]1+1[/]", "1e5e5+1", "٣+٤", "- 3+4", "\x00", "💥+1",
    ],
)  # fmt: skip
def test_anything_else_gets_one_sentence_with_what_was_typed_and_what_would_do(text: str) -> None:
    with pytest.raises(SumError) as caught:
        parse_sum(text)
    assert repr(text) in str(caught.value)
    assert "30+70" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "   ", "\t"])
def test_nothing_typed_is_answered_with_an_example(text: str) -> None:
    with pytest.raises(SumError, match=r"30\+70"):
        parse_sum(text)


@pytest.mark.parametrize("text", ["1e13+1", "1-1e999", "1" * 400 + "+1"])
def test_numbers_too_large_to_ask_about_are_named(text: str) -> None:
    with pytest.raises(SumError, match="within ±1e12") as caught:
        parse_sum(text)
    assert len(str(caught.value)) < 120


@given(st.text(max_size=30))
def test_no_text_whatever_gives_another_error(text: str) -> None:
    with contextlib.suppress(SumError):
        parse_sum(text)


_terms = st.integers(-(10**12), 10**12).map(float) | st.floats(-1e12, 1e12)


@given(_terms, _terms)
def test_a_sum_written_out_reads_back_as_the_same_pair(a: float, b: float) -> None:
    found = parse_sum(str(Sum(a, b)))
    assert (found.a, found.b) == (a, b)


@given(_terms, _terms)
def test_taking_away_asks_about_the_negative(a: float, b: float) -> None:
    found = parse_sum(f"{a!r} - {b!r}")
    assert (found.a, found.b) == (a, -b)


def test_a_decimal_comma_is_understood_wherever_a_number_is_typed() -> None:
    assert parse_number("−197,627") == -197.627
    assert parse_number("1,000") == 1.0, "never thousands"
    assert [parse_number(text) for text in ("", "1_0", "nan", "1e999", "1,2,3", "0x1")] == [None] * 6
    typed = Experiment().parsed("training.lr=0,01", "network.layers=2,8,8,1", "data.scale=2,5")
    assert (typed.training.lr, typed.network.layers, typed.data.scale) == (0.01, (2, 8, 8, 1), 2.5)
