"""Axes and curves belong together: what is drawn at a value lies where its tick does, and ticks tell numbers apart."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adder_tui.train.draw_chart import Axis
from adder_tui.ui.axis import LABELS, Tick, label_value, log_span, log_ticks, ticks_between
from adder_tui.ui.chart import plot, scale_of, span_of, y_labels
from adder_tui.ui.curve import Curve, beyond_mark, column_of, raster, row_of
from adder_tui.ui.lens import WHOLE
from adder_tui.ui.line import Role, Span
from adder_tui.ui.numbers import short_count
from adder_tui.ui.symbols import ASCII, UNICODE, Glyphs

GLYPHS = st.sampled_from([UNICODE, ASCII])
MARKERS = st.sampled_from(["", "o", "x"])
LOWS = st.floats(-1e6, 1e6)
SIZES = st.floats(1e-3, 1e6)


def _inked(cells: list[list[Span]]) -> tuple[set[int], set[int]]:
    """The rows and the columns that something is drawn in."""
    at = [(i, j) for i, row in enumerate(cells) for j, (c, _) in enumerate(row) if c not in " ⠀"]
    return {i for i, _ in at}, {j for _, j in at}


@given(LOWS, SIZES, st.integers(2, 40), st.integers(8, 120), GLYPHS, MARKERS)
def test_a_constant_curve_at_a_ticks_value_is_drawn_in_the_ticks_row(
    low: float, size: float, rows: int, columns: int, glyphs: Glyphs, marker: str
) -> None:
    y = (low, low + size)
    for tick in ticks_between(*y, max(2, rows // 2), glyphs):
        curve = Curve(np.array([0.0, 1.0]), np.full(2, tick.at), "train", marker)
        inked, across = _inked(raster([curve], (0.0, 1.0), y, columns, rows, glyphs))
        assert inked == {row_of(tick.at, y, rows)}
        assert across == set(range(columns))
        lines = plot([curve], (0.0, 1.0), y, columns + LABELS, rows + 2, glyphs)
        (row,) = inked
        assert lines[row].plain[LABELS - 1] == glyphs.y_tick


@given(st.floats(0.0, 1.0), LOWS, SIZES, st.integers(2, 40), st.integers(8, 120), GLYPHS, MARKERS)
def test_a_curve_straight_up_is_drawn_in_its_values_column(
    share: float, low: float, size: float, rows: int, columns: int, glyphs: Glyphs, marker: str
) -> None:
    x = (low, low + size)
    at = min(low + share * size, x[1])
    curve = Curve(np.full(2, at), np.array([0.0, 1.0]), "train", marker)
    inked, across = _inked(raster([curve], x, (0.0, 1.0), columns, rows, glyphs))
    assert across == {column_of(at, x, columns)}
    assert inked == set(range(rows))


@given(st.floats(-6, 6), st.floats(0, 8), st.integers(4, 40), GLYPHS)
def test_log_ticks_lie_in_the_rows_of_their_losses(low: float, size: float, rows: int, glyphs: Glyphs) -> None:
    both = [Curve(np.array([0.0, 1.0]), np.array([low, low + size]), "train")]
    scale = scale_of(both, WHOLE, rows, (0.0, 1.0))
    span, labels = scale.span, y_labels(scale, rows, glyphs)
    for tick in log_ticks(*span, max(2, rows // 2), glyphs):
        curve = Curve(np.array([0.0, 1.0]), np.full(2, tick.at), "train")
        (row,) = _inked(raster([curve], (0.0, 1.0), span, 20, rows, glyphs))[0]
        assert labels[row].plain[-1] == glyphs.y_tick


@given(st.integers(8, 200), st.integers(1, 50))
def test_the_epoch_of_a_column_is_drawn_in_it(columns: int, times: int) -> None:
    axis = Axis(float(4 * columns * times), columns)
    assert [axis.column(axis.epoch(column)) for column in range(columns)] == list(range(columns))


@given(LOWS, st.floats(-4, 6), st.integers(2, 20), GLYPHS)
@example(250_000.0, -4.0, 2, UNICODE)
def test_neighbouring_ticks_tell_their_numbers_apart(low: float, decades: float, most: int, glyphs: Glyphs) -> None:
    ticks = ticks_between(low, low + 10**decades, most, glyphs)
    assert len(ticks) > 1
    _read_back(ticks, low)


def _read_back(ticks: Sequence[Tick], low: float) -> None:
    """Labels are all different, have room, and say where their ticks are; steps from a rounded one are exact."""
    labels = [tick.label for tick in ticks]
    assert len({*labels}) == len(labels)
    assert all(len(label) < LABELS and "e+" not in label for label in labels)
    base = 0.0
    for tick in ticks:
        if tick.label.startswith("+"):
            assert math.isclose(label_value(tick.label), tick.at - low, rel_tol=1e-6, abs_tol=4 * math.ulp(low))
        elif any(label.startswith("+") for label in labels):
            base = label_value(tick.label)
            assert math.isclose(base, tick.at, rel_tol=0.35)  # of one digit, if there is no room for more
        else:
            assert math.isclose(label_value(tick.label), tick.at, rel_tol=1e-9)


ENDS = st.builds(lambda m, e, s: s * m * 10.0**e, st.floats(1, 9.999), st.integers(-30, 30), st.sampled_from([-1, 1]))


@given(ENDS, ENDS, st.integers(2, 20), GLYPHS)
@example(-8.500000000000001e-10, -8.25e-10, 2, UNICODE)
def test_labels_of_any_span_read_back_and_are_all_different(a: float, b: float, most: int, glyphs: Glyphs) -> None:
    low, high = sorted((a, b))
    if high - low > 1e-9 * max(abs(low), abs(high)):
        ticks = ticks_between(low, high, most, glyphs)
        if max(abs(low), abs(high)) < 100_000 and not any(tick.label[0] == "+" for tick in ticks):
            assert len({tick.label[-1] == "k" for tick in ticks if abs(tick.at) >= 1_000}) < 2, "one way per axis"
        assert len(ticks) > 1
        _read_back(ticks, low)


@given(st.floats(-30, 30), st.floats(0, 60), st.integers(2, 40), GLYPHS)
def test_labels_of_any_log_axis_read_back_and_are_all_different(
    low: float, size: float, most: int, glyphs: Glyphs
) -> None:
    ticks = log_ticks(*log_span(low, min(30.0, low + size)), most, glyphs)
    labels = [tick.label for tick in ticks]
    assert ticks
    assert len({*labels}) == len(labels)
    for tick in ticks:
        assert len(tick.label) < LABELS
        assert math.isclose(math.log10(label_value(tick.label)), tick.at, abs_tol=1e-9)


@given(st.integers(1, 10**18), GLYPHS)
def test_a_short_count_says_all_of_its_number(value: int, glyphs: Glyphs) -> None:
    assert label_value(short_count(value)) == float(value)


@pytest.mark.parametrize(
    ("low", "high", "most", "labels"),
    [
        (5998.9, 6000.1, 3, ["5,999.0", "5,999.5", "6,000.0"]),
        (0.8262, 0.8272, 2, ["0.8265", "0.8270"]),
        (-1.0, 1.0, 4, ["−1", "−0.5", "0", "0.5", "1"]),
        (0.0, 2e6, 2, ["0", "1M", "2M"]),
        (23_370.0, 23_480.0, 3, ["23,400", "23,450"]),
    ],
)
def test_ticks_have_as_many_digits_as_they_need(low: float, high: float, most: int, labels: list[str]) -> None:
    assert [tick.label for tick in ticks_between(low, high, most, UNICODE)] == labels


@pytest.mark.parametrize("value", [0.827, 6000.0, -3e5, 1e-7, 0.0, 1234567.0])
def test_a_level_curve_has_ticks(value: float) -> None:
    assert len(ticks_between(*span_of([value]), 6, UNICODE)) >= 2


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_a_curve_across_the_whole_range_begins_and_ends_in_the_corners(glyphs: Glyphs) -> None:
    curve = Curve(np.array([0.0, 10.0]), np.array([1.0, -1.0]), "train", label="E")
    cells = raster([curve], (0.0, 10.0), (-1.0, 1.0), 40, 12, glyphs)
    assert cells[0][0][0] not in " ⠀"
    assert cells[-1][-1] == ("E", "train")


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("lines", [2, 3, 6])
@pytest.mark.parametrize("points", [1, 9, 40])
def test_lines_that_lie_in_the_same_cells_are_all_seen(glyphs: Glyphs, lines: int, points: int) -> None:
    x = np.linspace(3.0, 3.0 + points, points)
    roles: list[Role] = ["accent", "test", "plus", "minus", "train", "dim"]
    curves = [Curve(x, np.full(points, 0.5), role, bold=role == "accent") for role in roles[:lines]]
    beside = Curve(np.linspace(0.0, 80.0, 90), np.full(90, 0.5), "faint")
    cells = raster([beside, *curves, beside], (0.0, 80.0), (0.0, 1.0), 80, 5, glyphs)
    seen = {role for row in cells for character, role in row if character != " "}
    assert "faint" in seen
    assert seen >= {*roles[:lines]} or points < lines


def test_a_faint_line_is_not_seen_through_another() -> None:
    x, y = np.linspace(0.0, 80.0, 90), np.full(90, 0.5)
    cells = raster([Curve(x, y, "faint"), Curve(x, y, "train")], (0.0, 80.0), (0.0, 1.0), 80, 5, UNICODE)
    assert {role for row in cells for character, role in row if character != " "} == {"train"}


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_a_curve_that_is_cut_off_ends_on_the_floor_where_0_has_one_and_leaves_the_frame_where_it_has_none(
    glyphs: Glyphs,
) -> None:
    x = np.arange(40.0)
    falls = np.where(x < 20, 1.0, -np.inf)
    behind = Curve(x, falls, "faint", cut=True)
    for sets, mark in ((falls, False), (np.full(40, 1.0), True)):
        curves = [behind, Curve(x, sets, "train")]
        scale = scale_of(curves, WHOLE, 8, (0.0, 39.0))
        cells = raster([behind], (0.0, 39.0), scale.span, 40, 8, glyphs, floor=scale.floor)
        assert (beyond_mark(glyphs)[1] in {character for character, _ in cells[-1]}) == mark
        assert any(character not in " ⠀" for character, _ in cells[-1])


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("first", [0.5, 2.0])
def test_a_line_that_stays_beyond_the_frame_is_marked_once_and_covers_nothing(first: float, glyphs: Glyphs) -> None:
    x = np.arange(0.0, 81.0)
    away = Curve(x, np.where(x < 8, first, 2.0), "dim", cut=True)
    cells = raster([away, Curve(x, np.full(81, 1.0), "train")], (0.0, 80.0), (0.0, 1.0), 80, 5, glyphs)
    drawn = [character for row in cells for character, _ in row]
    assert drawn.count(beyond_mark(glyphs)[0]) == 1
