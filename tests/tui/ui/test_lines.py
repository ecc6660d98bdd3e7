"""Styled lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from adder_tui.ui.line import Line, wrapped

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "M", "Z"]), max_size=30)


@given(st.lists(TEXTS, max_size=4), st.integers(0, 40))
def test_a_fitted_line_is_exactly_as_wide_as_asked(texts: list[str], width: int) -> None:
    assert Line.of(*texts).fit(width, "~").width == width


def test_a_cut_line_says_that_it_is_cut() -> None:
    assert Line.of("learning rate").fit(8, "…").plain == "learnin…"


def test_the_left_part_gives_way_to_the_right_one() -> None:
    assert Line.of("a long name").with_right(Line.of(" done"), 12, "…").plain == "a long… done"


@given(st.text("ab 語", max_size=60), st.integers(2, 20))
def test_wrapping_loses_nothing_and_keeps_to_the_width(text: str, width: int) -> None:
    rows = wrapped(text, width)
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(row) <= width for row in rows)
