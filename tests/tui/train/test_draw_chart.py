"""The loss chart."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_engine.experiment import Experiment
from adder_engine.runs.labels import difference_words
from adder_engine.snapshot import Annotation, Position
from adder_tui.train.draw_chart import Axis, curves_of, loss_changes, loss_chart, zeros
from adder_tui.train.draw_panels import run_panel
from adder_tui.ui.axis import label_value, log_span, log_ticks, ticks_between
from adder_tui.ui.curve import smoothed, thin
from adder_tui.ui.lens import WHOLE, Lens, looked
from adder_tui.ui.line import plain
from adder_tui.ui.numbers import short_count
from adder_tui.ui.run_state import held_out_age
from adder_tui.ui.run_words import run_now
from adder_tui.ui.symbols import UNICODE
from tests.tui.views import losses_of, view_of


@given(st.integers(1, 3000), st.integers(4, 90), st.randoms(use_true_random=False))
def test_thinning_keeps_every_columns_extremes_in_at_most_two_points(points: int, columns: int, random: object) -> None:
    rng = np.random.default_rng(points * columns)
    x = np.arange(1.0, points + 1)
    y = rng.normal(size=points)
    thin_x, thin_y = thin(x, y, columns, (0.0, float(points)))
    assert len(thin_x) <= 2 * columns
    assert (np.diff(thin_x) >= 0).all()
    bucket = np.minimum((x / points * columns).astype(int), columns - 1)
    if points > 2 * columns:
        kept = np.minimum((thin_x / points * columns).astype(int), columns - 1)
        for column in np.unique(bucket):
            assert thin_y[kept == column].max() == y[bucket == column].max()
            assert thin_y[kept == column].min() == y[bucket == column].min()


@pytest.mark.parametrize("ascii", [False, True])
def test_one_bad_epoch_among_many_is_seen(ascii: bool) -> None:
    quiet = np.full(5000, 1e-2)
    spiked = quiet.copy()
    spiked[2345] = 1e4
    rows = {}
    for name, train in (("quiet", quiet), ("spiked", spiked)):
        view = view_of("one-pair", 2000, ascii=ascii, losses=losses_of(train, epochs=np.linspace(1, 2000, 5000)))
        rows[name] = [line.plain[8:] for line in loss_chart(view, 48, 12)[1:-2]]
    top = [row[: len(row) - 2] for row in rows["spiked"][:2]]
    bottom = [row[: len(row) - 2] for row in rows["spiked"][-2:]]
    assert "".join(top).strip(" ⠀")
    assert "".join(bottom).strip(" ⠀")
    assert rows["quiet"] != rows["spiked"]


def test_losses_that_no_axis_can_show_are_left_out_and_a_loss_of_0_is_not() -> None:
    losses = losses_of([100.0, 0.0, np.inf, np.nan, 1.0])
    (curve,) = curves_of(losses, Axis(5.0, 20), UNICODE)
    assert curve.y.tolist() == [2.0, -np.inf, 0.0]
    assert curve.x.tolist() == [1.0, 2.0, 5.0]


@pytest.mark.parametrize("ascii", [False, True])
def test_a_loss_of_0_lies_on_the_floor_and_is_said(ascii: bool) -> None:
    losses = losses_of([100.0, *[0.0] * 35])
    lines = loss_chart(view_of("one-pair", 36, ascii=ascii, losses=losses), 60, 12)
    assert "0 from epoch 2" in lines[0].plain
    floor = lines[-3]
    assert floor.plain[:8].strip("┤+ ") == "0"
    drawn = [role for _, role in list(floor.cells())[8:]]
    assert drawn.count("train") > 15
    assert all("train" not in {role for _, role in list(line.cells())[12:]} for line in lines[1:-3])


@pytest.mark.parametrize(
    ("train", "words"),
    [
        ([1.0, 2.0], ""), ([1.0, 0.0, 1.0], "0 at epoch 2"), ([1.0, 0.0, 0.0, 1.0], "0 from epoch 2 to 3"),
        ([0.0], "0 from epoch 1"), ([1.0, 0.0], "0 at epoch 2"), ([1.0, 0.0, 0.0], "0 from epoch 2"),
    ],
)  # fmt: skip
def test_where_the_loss_was_0_is_told(train: list[float], words: str) -> None:
    assert zeros(losses_of(train)) == words


def test_a_block_with_a_0_keeps_its_peak() -> None:
    values = np.ones(5000)
    values[2000], values[2001] = 0.0, 1e4
    (curve,) = curves_of(losses_of(values), Axis(5000.0, 40), UNICODE)
    assert curve.y.max() == 4.0
    assert curve.y.min() == -np.inf


@pytest.mark.parametrize("ascii", [False, True])
def test_another_runs_line_is_cut_off_at_the_frame_and_marked(ascii: bool) -> None:
    view = view_of("one-pair", 500, ascii=ascii, losses=losses_of(np.geomspace(100, 1, 500)))
    assert view.snapshot is not None
    run = dataclasses.replace(run_now(view.snapshot), id=99, losses=losses_of(np.geomspace(100, 1e24, 300)))
    view = dataclasses.replace(view, snapshot=dataclasses.replace(view.snapshot, runs=(run,)))
    lines = loss_chart(view, 60, 14)
    alone = loss_chart(view_of("one-pair", 500, ascii=ascii, losses=losses_of(np.geomspace(100, 1, 500))), 60, 14)
    assert [line.plain[:8] for line in lines[1:]] == [line.plain[:8] for line in alone[1:]]
    mark = "^" if ascii else "↑"
    assert mark in lines[1].plain[8:]
    assert mark in lines[0].plain


def test_before_its_first_loss_a_run_has_its_own_scale_and_one_that_blew_up_is_cut_off_as_later_on() -> None:
    view = view_of("explode", 0, losses=losses_of([]), current_loss=9764.0)
    assert view.snapshot is not None
    blown = dataclasses.replace(run_now(view.snapshot), id=99, epoch=9, losses=losses_of(np.geomspace(1e4, 1e24, 9)))
    for stopped, top in (("It diverged.", 1e5), ("", 1e25)):
        run = dataclasses.replace(blown, stopped=stopped)
        lines = loss_chart(dataclasses.replace(view, snapshot=dataclasses.replace(view.snapshot, runs=(run,))), 60, 14)
        labels = [label_value(label) for line in lines[1:-2] if (label := line.plain[:7].strip())]
        assert top / 1e10 < max(labels) <= top
        assert any("↑" in line.plain[8:] for line in lines[1:-2]) == bool(stopped)


def test_the_legend_names_every_line() -> None:
    view = view_of("mini-batches", 20, losses=losses_of([100.0] * 20, low=[1.0] * 20, high=[1e4] * 20))
    legend = loss_chart(view, 80, 12, None, Lens(smooth=10))[0].plain
    assert all(word in legend for word in ("train", "batches", "mean of 10", "log scale"))


@pytest.mark.parametrize("ascii", [False, True])
def test_where_there_is_little_room_the_legend_still_names_every_line(ascii: bool) -> None:
    losses = losses_of([100.0] * 20, low=[1.0] * 20, high=[1e4] * 20)
    view = view_of("many-pairs", 20, ascii=ascii, losses=losses)
    legend = loss_chart(view, 46, 12, None, Lens(smooth=10))[0].plain
    assert all(word in legend for word in ("train", "held-out", "batches", "mean 10"))


@pytest.mark.parametrize("lens", [WHOLE, Lens(linear=True), Lens(part=(400.0, 500.0))])
def test_held_out_is_seen_where_the_training_loss_lies_over_it(lens: Lens) -> None:
    losses = losses_of(np.geomspace(1e5, 1.0, 500))
    losses = dataclasses.replace(losses, test_epochs=losses.epochs, test=losses.train * 1.001)
    lines = loss_chart(view_of("many-pairs", 500, losses=losses), 70, 14, None, lens)
    roles = [role for line in lines[1:-2] for _, role in list(line.cells())[8:]]
    assert roles.count("train") > roles.count("test") > 2
    assert UNICODE.held_out in plain(lines[1:-2])


def test_on_a_linear_scale_the_axis_begins_at_0() -> None:
    lines = loss_chart(view_of("one-pair", 20, losses=losses_of([8.0, 4.0, 0.0])), 60, 12, None, Lens(linear=True))
    assert lines[-3].plain[:8].strip("┤ ") == "0"
    assert "linear scale" in lines[0].plain


@given(st.integers(1, 300), st.sampled_from([10, 100]))
def test_a_moving_average_is_the_mean_of_the_last_epochs(count: int, epochs: int) -> None:
    values = np.random.default_rng(count).uniform(0, 1e3, count)
    mean = smoothed(np.arange(1.0, count + 1), values, epochs)
    assert np.allclose(mean, [values[max(0, i + 1 - epochs) : i + 1].mean() for i in range(count)])


@given(st.floats(20, 1e6), st.floats(0, 1), st.lists(st.sampled_from([-1, 1]), max_size=12))
def test_a_zoom_keeps_the_cursor_in_sight_and_its_own_inverse_leads_back_to_all(
    last: float, share: float, ways: list[int]
) -> None:
    lens = WHOLE
    for by in ways:
        lens = lens.zoomed(by, share * last, last)
        low, high = lens.span(last)
        assert -1e-6 <= low <= share * last + 1e-6 * last
        assert share * last - 1e-6 * last <= high <= last * (1 + 1e-9)
    for _ in range(13):
        lens = lens.zoomed(1, share * last, last)
    assert lens == WHOLE


def test_a_pan_stops_where_the_run_has_got_to_and_says_so() -> None:
    lens, words = Lens(part=(300.0, 400.0)), []
    for _ in range(20):
        lens, said = looked(lens, "pan", 1, None, 1000.0, 620.0)
        words.append(said)
    assert lens.part == (570.0, 670.0)
    assert words[-1] == "This is as far as it was trained."
    beyond = Lens(part=(700.0, 800.0))
    assert looked(beyond, "pan", 1, None, 1000.0, 620.0)[0] == beyond
    assert looked(beyond, "pan", -1, None, 1000.0, 620.0)[0].part == (650.0, 750.0)


def test_a_part_that_was_not_trained_yet_says_so_and_the_cursor_is_not_in_it() -> None:
    view = view_of("one-pair", 500, losses=losses_of(np.geomspace(100, 1, 500)))
    lines = loss_chart(view, 60, 14, None, Lens(part=(900.0, 1000.0)))
    assert "nothing trained here yet" in plain(lines)
    assert "space" not in plain(lines)
    assert UNICODE.cursor_foot not in lines[-2].plain


@pytest.mark.parametrize("train", [[], [0.0], [np.nan, np.inf], [5.0], [5.0, 5.0, 5.0], [1e-30, 1e30]])
@pytest.mark.parametrize("size", [(9, 3), (20, 6), (46, 12), (113, 30), (300, 80)])
def test_a_chart_fills_its_size_whatever_the_losses(train: list[float], size: tuple[int, int]) -> None:
    lines = loss_chart(view_of(losses=losses_of(train)), *size)
    assert [line.width for line in lines] == [size[0]] * size[1]


def test_an_empty_chart_says_how_to_begin() -> None:
    view = view_of(epoch=0)
    assert "trains" in plain(loss_chart(view, 48, 12))
    reading = dataclasses.replace(view, words=frozenset({"lesson", "read"}))
    assert "trains" not in plain(loss_chart(reading, 48, 12))  # a step of a lesson where space does nothing


def test_what_lies_ahead_of_the_cursor_is_greyed() -> None:
    view = view_of("one-pair", 500, newest=Position(2000), losses=losses_of(np.linspace(1e4, 1.0, 2000)))
    roles = {role for line in loss_chart(view, 60, 12)[1:-2] for text, role in line.spans if text.strip(" ⠀│")}
    assert {"train", "faint"} <= roles
    right = [c for line in loss_chart(view, 60, 12)[1:-2] for c in list(line.cells())[30:]]
    assert "train" not in {role for _, role in right}


def test_the_range_within_epochs_is_drawn_faintly_behind_the_curve() -> None:
    view = view_of("mini-batches", 20, losses=losses_of([100.0] * 20, low=[1.0] * 20, high=[1e4] * 20))
    roles = {role for line in loss_chart(view, 60, 12)[1:-2] for text, role in line.spans if text.strip(" ⠀│")}
    assert {"train", "faint"} <= roles


def test_a_young_run_has_a_short_axis() -> None:
    young = plain(loss_chart(view_of("one-pair", 30), 60, 12))
    older = plain(loss_chart(view_of("one-pair", 300), 60, 12))
    assert " 2,000" not in young
    assert "2,000" in older


@given(st.floats(-30, 30), st.floats(0, 20))
def test_a_log_axis_holds_its_values_and_does_not_move_with_every_small_change(low: float, span: float) -> None:
    first, last = log_span(low, low + span)
    assert first <= low
    assert low + span <= last
    assert last - first >= 0.25


@given(st.floats(-20, 20), st.floats(0.3, 20), st.integers(2, 10))
def test_log_ticks_lie_on_the_axis_and_are_few(low: float, span: float, most: int) -> None:
    ticks = log_ticks(low, low + span, most, UNICODE)
    assert all(low - 1e-9 <= tick.at <= low + span + 1e-9 for tick in ticks)
    assert len(ticks) <= most + 2
    assert len({tick.label for tick in ticks}) == len(ticks)


def test_ticks_are_labelled_as_people_say_them() -> None:
    assert [t.label for t in log_ticks(-2.5, 4.5, 8, UNICODE)] == ["1e−2", "1e−1", "1e0", "1e1", "1e2", "1e3", "1e4"]
    assert [t.label for t in log_ticks(4.7, 5.5, 6, UNICODE)] == ["100k", "200k", "300k"]
    assert [t.label for t in ticks_between(0, 2000, 5, UNICODE, 1.0)] == ["0", "500", "1,000", "1,500", "2,000"]
    assert [short_count(v) for v in (500, 2_000, 50_000, 3_000_000)] == ["500", "2,000", "50k", "3M"]


def test_a_loss_function_that_changed_on_the_way_is_named_with_the_one_before() -> None:
    marks = (
        Annotation(200.0, "lr 0.01"),
        Annotation(1000.0, "loss mae, lr 0.001"),
        Annotation(1010.5, "stop loss 0.1"),
    )
    assert loss_changes(marks) == [(1000.0, "mae")]
    lines = loss_chart(view_of("one-pair", 1800, marks=marks), 60, 14)
    row = next(line.plain for line in lines if "mae" in line.plain)
    assert row.index("mse") < row.index("mae")
    assert all(line.width == 60 for line in lines)
    view = view_of("one-pair", 1800, marks=marks[:1])
    assert "mae" not in plain(loss_chart(view, 60, 14))
    assert difference_words(view.experiment, view.experiment.replace(**{"training.loss": "mae"})) == ["loss mae"]


@pytest.mark.parametrize(("epoch", "age"), [(9, ""), (10, ""), (13, " at 10"), (6666, " at 6,660")])
def test_a_held_out_loss_of_an_earlier_epoch_tells_which(epoch: int, age: str) -> None:
    view = view_of("many-pairs", epoch)
    assert view.snapshot is not None
    assert held_out_age(view.experiment, view.snapshot.losses, epoch) == age
    row = next(line.plain for line in run_panel(view, 30, 12) if "held-out" in line.plain)
    assert row.rstrip().endswith(age)
    assert ("at" in row) == bool(age)


def test_a_held_out_loss_at_an_end_that_was_moved_tells_its_epoch() -> None:
    experiment = Experiment.preset("many-pairs").replace(epochs=25)
    assert (experiment.held_out_epoch(24), experiment.held_out_epoch(25)) == (20, 25)
    losses = losses_of([1.0] * 27)
    moved = dataclasses.replace(losses, test_epochs=np.array([10.0, 20.0, 25.0]), test=np.ones(3))
    assert held_out_age(experiment.replace(epochs=50), moved, 27) == " at 25"
