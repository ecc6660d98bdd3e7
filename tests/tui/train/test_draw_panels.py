"""Run panel, watched sums, state line and the shell's lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum
from adder_engine.presets import PRESETS
from adder_engine.snapshot import AffineMap, Answer, Position
from adder_tui.course.course import read_course
from adder_tui.tabs import TABS
from adder_tui.train.draw_panels import batch, difference_bar, picked, run_panel, watched_sums
from adder_tui.ui.line import Line, plain
from adder_tui.ui.numbers import written_apart
from adder_tui.ui.phrases import compact, facts_text, gradient_text
from adder_tui.ui.run_state import bar, learned, place, state_line, title
from adder_tui.ui.shell import footer, notice, tab_line
from adder_tui.ui.symbols import ASCII, UNICODE
from tests.tui.views import view_of


def answer(a: float, b: float, predicted: float) -> Answer:
    return Answer(Sum(a, b), predicted, a + b)


def test_the_progress_bar_goes_in_half_columns() -> None:
    assert bar(0.0, 10, UNICODE).plain == "──────────"
    assert bar(0.25, 10, UNICODE).plain == "━━╸───────"
    assert bar(1.0, 10, UNICODE).plain == "━━━━━━━━━━"
    assert bar(0.25, 10, ASCII).plain == "==-......."


def test_the_panel_says_how_far_how_wrong_and_with_what() -> None:
    text = plain(run_panel(view_of("many-pairs", 412), 32, 20))
    for part in ("412 of 2,000", "train loss", "held-out", "adam, lr 0.0002", "all 10,000 rows", "2-4-4-1, linear"):
        assert part in text


def test_the_rmse_is_in_units_of_sums() -> None:
    view = view_of("tanh", 10, train_loss=0.36, current_loss=0.04)
    assert "100.0 a sum" in plain(run_panel(view, 32, 20))


def test_there_is_no_held_out_row_where_nothing_is_held_out() -> None:
    assert "held-out" not in plain(run_panel(view_of("one-pair"), 32, 20))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_every_row_of_the_sums_is_as_wide_as_the_table(width: int) -> None:
    lines = watched_sums(view_of(), width, 8)
    assert {line.width for line in lines} == {width}
    assert "−330,000 + 30,000" in plain(lines)


def test_the_current_sum_is_marked() -> None:
    rows = plain(watched_sums(view_of(), 80, 8)).splitlines()
    assert [row[:9] for row in rows if row.startswith("▸")] == ["▸ 30 + 70"]


def test_the_sum_asked_last_is_shown_even_where_there_is_no_room_for_all() -> None:
    answers = tuple(answer(i, i, 0.0) for i in range(9))
    assert [a.sum.a for a in picked(answers, answers[8], 4)] == [0, 1, 2, 8]
    assert [a.sum.a for a in picked(answers, answers[5], 4)] == [0, 1, 2, 5]
    assert [a.sum.a for a in picked(answers, answers[1], 4)] == [0, 1, 2, 8]
    assert picked(answers, answers[1], 9) == answers


def test_the_bar_points_to_the_left_for_too_little_and_grows_with_the_size() -> None:
    minus, small, large = (difference_bar(v, 21, UNICODE).plain for v in (-50.0, 0.5, 5e4))
    assert minus.index("━") < minus.index("│")
    assert small.index("━") > small.index("│")
    assert large.count("━") > small.count("━")
    assert difference_bar(0.0, 21, UNICODE).plain.count("━") == 0
    assert len(difference_bar(float("-inf"), 21, UNICODE).plain) == 21


@pytest.mark.parametrize(
    ("task", "truth_words"), [("sum", "1·a      + 1·b"), ("difference", "1·a      − 1·b"), ("product", "a·b")]
)
def test_the_learned_map_stands_above_the_wanted_one(task: str, truth_words: str) -> None:
    view = view_of(collapsed=AffineMap(0.2144, -0.2871, -0.93))
    view = type(view)(**{**vars(view), "experiment": view.experiment.replace(**{"data.task": task})})
    top, bottom = (line.plain for line in learned(view, 80))
    assert "0.2144·a − 0.2871·b − 0.9300" in top
    assert truth_words in bottom


def test_a_bent_network_says_that_it_has_no_single_formula() -> None:
    assert "bends with tanh" in plain(learned(view_of("tanh", collapsed=None), 80))


def test_the_state_line_gives_up_the_formula_first() -> None:
    wide, narrow = (state_line(view_of(), width).plain for width in (90, 60))
    assert "f = 0." in wide
    assert "f = 0." not in narrow
    assert "epoch 412 of 2,000" in narrow
    assert len(narrow) == 60


@pytest.mark.parametrize(
    ("preset", "moment", "words"),
    [
        ("one-pair", Position(3), "epoch 3 of 2,000"),
        ("one-pair", Position(3, 2), "epoch 4: forward, layer input"),
        ("mini-batches", Position(102), "update 2 of 100 in epoch 2"),
        ("mini-batches", Position(102, 7), "update 3 of 100 in epoch 2: backward, layer hidden"),
        ("mini-batches", Position(102, 5), "update 3 of 100 in epoch 2: loss"),
    ],
)
def test_a_place_within_an_update_is_said_in_words(preset: str, moment: Position, words: str) -> None:
    per_epoch = Experiment.preset(preset).updates_per_epoch
    epoch, epoch_update = divmod(moment.update, per_epoch)
    snapshot = view_of(preset, moment=moment, epoch_update=epoch_update).snapshot
    assert snapshot is not None
    snapshot = type(snapshot)(**{**vars(snapshot), "epoch": epoch})
    assert place(snapshot) == words


def test_presets_are_known_by_name_and_others_by_what_differs() -> None:
    assert [title(Experiment.preset(name), UNICODE) for name in PRESETS] == list(PRESETS)
    one_pair = Experiment.preset("one-pair")
    assert title(one_pair.replace(**{"training.lr": 0.001}), UNICODE) == "one-pair, lr 0.001"
    assert title(one_pair.replace(seed=7, epochs=9), UNICODE) == "one-pair, 2 changes"
    assert title(one_pair.replace(**{"data.rows": [[1, 2], [3, 4]]}), UNICODE) == "own rows, 2 rows"


@pytest.mark.parametrize(
    ("preset", "words"),
    [("one-pair", "1 row"), ("many-pairs", "all 10,000 rows"), ("mini-batches", "100 of 10,000 rows")],
)
def test_a_batch_is_said_in_words(preset: str, words: str) -> None:
    assert batch(Experiment.preset(preset)) == words


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_footer_keeps_help_and_quit_in_any_width(width: int) -> None:
    line, spots = footer(view_of(), False, width)
    assert line.width == width
    assert line.plain.rstrip().endswith("? help  q quit")
    for spot in spots:
        assert line.plain[spot.x : spot.x + spot.width].strip()


def test_the_tab_line_shows_the_tab_the_experiment_and_the_state() -> None:
    line, spots = tab_line(view_of(status="playing"), TABS, 100)
    assert line.plain.rstrip().endswith("one-pair   ▶ playing, 200 epochs/s")
    assert [line.plain[s.x : s.x + s.width].strip() for s in spots] == [f"{tab.key} {tab.label}" for tab in TABS]


def test_in_a_lesson_that_names_its_runs_the_tab_line_has_that_name_cut_where_it_must_be() -> None:
    lesson = read_course().by_id["learning-rate"]
    for station, shown in (("exploding", "rate 2e-4   ▶ playing"), ("many", "10,000 sums, Adam… ▶ playing")):
        view = view_of(status="playing")
        chosen = lesson.station_named(station)
        assert chosen is not None
        view = replace(view, tab="learn", lesson=lesson, experiment=chosen.experiment, unmet=frozenset({"epoch"}))
        assert tab_line(view, TABS, 80)[0].plain.rstrip().endswith(shown)
        elsewhere = tab_line(replace(view, tab="train"), TABS, 80)[0].plain.rstrip()
        assert elsewhere.endswith("   lesson 12: 1 goes back"), "on another tab the way back comes before the name"


def test_a_long_notice_takes_three_rows_at_most() -> None:
    view = view_of()
    view = type(view)(**{**vars(view), "notice": "word " * 200})
    rows = notice(view, 60)
    assert len(rows) == 3
    assert rows[-1].plain.rstrip().endswith("…")


@pytest.mark.parametrize("status", ["playing", "paused", "done"])
def test_the_state_line_has_the_train_loss_while_a_run_plays_and_after_it(status: str) -> None:
    view = view_of("tanh", 10, train_loss=0.04, current_loss=0.25, status=status)
    assert "train loss 0.04000" in state_line(view, 100).plain


def test_before_the_first_epoch_the_state_line_has_the_loss_now() -> None:
    assert "  loss now 0.2500" in state_line(view_of("tanh", 0, current_loss=0.25), 100).plain


def test_a_kept_numbers_gradient_is_held_at_0_and_what_it_would_be_is_said() -> None:
    since = view_of("three-pairs", 3)
    assert since.snapshot is not None
    state = since.snapshot.state.copy()
    state[1] = 0
    view = view_of("three-pairs", 3, frozen=(0, 1), held_gradients=(-0.322, None), previous=state)
    assert view.snapshot is not None
    phrase, unknown = (Line.of(*gradient_text(view, view.snapshot, i)).plain for i in (0, 1))
    assert phrase == "held at 0, else −0.322000"
    assert unknown == "held at 0"
    assert "held at 0, else −0.3220" in Line.of(*facts_text(view, view.snapshot, 0, 68)).plain
    state[1, 0] = -12.54  # held only after the update that this gradient made
    phrase, row = (Line.of(*words).plain for words in (
        gradient_text(view, view.snapshot, 0), facts_text(view, view.snapshot, 0, 68)
    ))  # fmt: skip
    assert phrase == "held at 0 now, was −12.5400"
    assert "held at 0 now, was −12.54" in row
    assert "step" in row


def test_two_changes_that_differ_are_said_in_digits_that_tell_them_apart() -> None:
    def write(change: float, digits: int) -> str:
        return compact(change, 13, UNICODE, digits, sign=True)

    assert written_apart(-0.03171, -0.03168, write, range(3, 10)) == ("−0.03171", "−0.03168")
    assert written_apart(-136.23, 2.0, write, range(3, 10)) == ("−136", "+2.00")
