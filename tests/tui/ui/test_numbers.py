"""Numbers as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_tui.ui.numbers import aligned, number, off_by, plain_number, role_of, signed, verdict
from adder_tui.ui.symbols import ASCII, UNICODE


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (27.4382, "27.44"),
        (-2.634, "−2.634"),
        (9764.15, "9,764"),
        (9999.6, "10,000"),
        (0.99996, "1.000"),
        (157707.7, "157,708"),
        (-299593.6, "−299,594"),
        (0.0002, "0.0002000"),
        (2.502e-5, "2.502e−5"),
        (1.5e12, "1.500e12"),
        (0.0, "0"),
        (-0.0, "0"),
        (float("inf"), "∞"),
        (float("-inf"), "−∞"),
        (float("nan"), "nan"),
        (None, "–"),
    ],
)
def test_a_number_has_four_significant_digits_and_keeps_whole_units(value: float | None, shown: str) -> None:
    assert number(value, UNICODE) == shown


@given(st.floats(min_value=1e-12, max_value=1e15), st.booleans())
def test_what_is_shown_is_the_correct_rounding(size: float, negative: bool) -> None:
    value = -size if negative else size
    shown = Decimal(number(value, ASCII).replace(",", ""))
    exact = Decimal(value)
    digits = len(shown.as_tuple().digits)
    unit = Decimal(1).scaleb(int(shown.as_tuple().exponent))
    assert abs(shown - exact) <= unit / 2
    assert digits >= 4


@pytest.mark.parametrize(
    ("value", "shown"), [(100.0, "100"), (-300000.0, "−300,000"), (0.0002, "0.0002"), (2.5e-7, "2.5e−7"), (3.5, "3.5")]
)
def test_a_plain_number_reads_as_it_would_be_typed(value: float, shown: str) -> None:
    assert plain_number(value, UNICODE) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-2.634, "−2.63"), (0.0222, "+0.02"), (406.4, "+406.4"), (-72.56, "−72.56"), (0.0036, "+0.0036"), (0.0, "0")],
)
def test_a_difference_always_tells_its_sign(value: float, shown: str) -> None:
    assert signed(value, UNICODE) == shown


def test_off_by_is_said_in_words() -> None:
    assert off_by(-2.634, UNICODE) == "off by −2.63"
    assert off_by(-2.634, ASCII) == "off by -2.63"
    assert off_by(0.0, UNICODE) == "exactly right"


def test_plus_and_minus_have_their_own_roles() -> None:
    assert [role_of(v) for v in (0.5, -0.5, 0.0)] == ["plus", "minus", "text"]


@given(st.lists(st.floats(allow_nan=False, width=32), min_size=1, max_size=8))
def test_aligned_numbers_have_their_points_under_each_other(values: list[float]) -> None:
    texts = [number(v, ASCII) for v in values]
    padded = aligned(texts)
    assert len({len(text) for text in padded}) == 1
    assert [text.strip() for text in padded] == texts
    ends = {len(text.rstrip()) for text in padded}
    assert len({text.index(".") for text in padded if "." in text}) <= 1 or ends == {max(map(len, texts))}


def test_numbers_that_lie_far_apart_take_no_more_room_than_the_longest_has() -> None:
    assert aligned(["380,685,451", "9.955e-10", "blew up"]) == ["380,685,451", "  9.955e-10", "    blew up"]
    assert aligned(["7,799", "0.00136", "5.821e-11"]) == ["7,799        ", "    0.00136  ", "    5.821e-11"]


@pytest.mark.parametrize(("off", "said"), [(0.5, "right"), (0.51, "wrong"), (-0.5, "wrong"), (-0.49, "right")])
def test_an_answer_of_one_half_is_a_no(off: float, said: str) -> None:
    assert verdict(off, True, UNICODE)[0] == said
