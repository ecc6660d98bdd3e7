"""Runs beside each other: what they are called, the list, two side by side, the read-out, blow-ups."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from adder_engine.experiment import Experiment
from adder_engine.snapshot import (
    AffineMap,
    Annotation,
    Answer,
    Divergence,
    EpochSummary,
    Outlook,
    Position,
    RunSummary,
    Snapshot,
    Stuck,
    ended_text,
)
from adder_tui.runs.compare import side_by_side
from adder_tui.runs.draw import run_text, runs_lines
from adder_tui.train.draw_chart import Axis, axis_of, loss_at, loss_chart, near, read_out
from adder_tui.train.draw_panels import blow_up_lines, run_panel, stuck_here, stuck_lines, stuck_text
from adder_tui.ui.line import Line, plain, wrapped
from adder_tui.ui.run_state import blow_up_sentence, divergence_text, run_state, state_line
from adder_tui.ui.run_words import branch_sentence, on_chart, run_now, same_start, shown_beside, start_sentence
from adder_tui.ui.shell import standing_notice
from adder_tui.ui.view import ViewState
from tests.tui.screens import check_golden
from tests.tui.views import losses_of, view_of

ONE_PAIR = Experiment.preset("one-pair")
BLOWN = Divergence(
    update=123, epoch=122.0, lost_at=140, tensor="hidden.weight", factor=1.8734, over=12, lr=0.1, limit=0.03125,
    back_to=113, setting=0.1, rescue_lr=0.05,
)  # fmt: skip


def run_of(id: int, name: str, *, epoch: int = 800, fall: float = 200.0, **changes: Any) -> RunSummary:
    """A run that was left, with losses by a formula."""
    fields = {key: changes.pop(key) for key in [*changes] if key in {f.name for f in dataclasses.fields(RunSummary)}}
    snapshot = snapshot_of(view_of(epoch=epoch))
    losses = losses_of(9764.15 * np.exp(-np.arange(1, epoch + 1) / fall))
    run = RunSummary(
        id=id, name=name, experiment=ONE_PAIR.replace(**changes), epoch=epoch, train_loss=float(losses.train[-1]),
        test_loss=None, answers=snapshot.answers, collapsed=AffineMap(1.0, 1.0, 0.0), losses=losses,
    )  # fmt: skip
    return dataclasses.replace(run, **fields)


def snapshot_of(view: ViewState) -> Snapshot:
    assert view.snapshot is not None
    return view.snapshot


def several(ascii: bool = False, **fields: Any) -> ViewState:
    """A run in progress after two that were left."""
    runs = (
        run_of(1, "one-pair", fall=400.0),
        run_of(2, "lr 0.001 at epoch 300", **{"training.lr": 0.001}, parent=1, branched_at=300.0),
    )
    marks = (Annotation(300.0, "lr 0.002"),)
    return view_of(
        "one-pair", 412, ascii=ascii, **({"runs": runs, "run": 3, "run_name": "lr 0.002", "marks": marks} | fields)
    )


def test_a_run_is_called_by_what_differs_from_the_one_in_progress() -> None:
    snapshot = snapshot_of(several())
    assert shown_beside(snapshot, snapshot.runs[1]) == "lr 0.001"
    assert shown_beside(snapshot, snapshot.runs[0]) == "one-pair"
    edited = run_of(4, "lr 0.002", parent=2)
    before = dataclasses.replace(snapshot, parent=4, branched_at=10.0)
    assert shown_beside(before, edited) == "as it went before"


def test_the_run_just_left_is_on_the_chart_unless_others_are_picked() -> None:
    view = several()
    assert [run.id for run, _ in on_chart(view)] == [2]
    picked = dataclasses.replace(view, charted=frozenset({1, 2}))
    assert [run.id for run, _ in on_chart(picked)] == [1, 2]
    assert len({marker for _, marker in on_chart(picked)}) == 2
    assert on_chart(dataclasses.replace(view, charted=frozenset())) == []


def test_a_run_on_other_data_is_not_on_the_chart_by_itself() -> None:
    other = run_of(5, "elsewhere", **{"data.scale": 100.0})
    assert on_chart(several(runs=(other,))) == []


@pytest.mark.parametrize("ascii", [False, True])
def test_another_runs_line_has_its_own_character_and_its_name_in_the_legend(ascii: bool) -> None:
    view = several(ascii)
    marker = view.glyphs.others[0]
    legend, *rows = loss_chart(view, 60, 14)
    assert f"{marker * 2} lr 0.001" in legend.plain
    assert any(marker in line.plain[8:] for line in rows[:-2])
    alone = loss_chart(dataclasses.replace(view, charted=frozenset()), 60, 14)[1:-2]
    assert not any(marker in line.plain[8:] for line in alone)


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize(
    ("width", "height", "whole"), [(80, 14, True), (60, 14, True), (44, 14, True), (60, 8, False), (44, 8, False)]
)
def test_of_four_runs_each_has_its_name_in_the_legend(width: int, height: int, whole: bool, ascii: bool) -> None:
    names = ("lr 0.001", "lr 0.01", "dropout 0.5", "seed 7")
    changes = ({"training.lr": 0.001}, {"training.lr": 0.01}, {"network.dropout": 0.5}, {"seed": 7})
    runs = tuple(run_of(i, names[i], **changes[i]) for i in range(4))
    view = dataclasses.replace(several(ascii, runs=runs, run=9), charted=frozenset(range(4)))
    lines = [line.plain for line in loss_chart(view, width, height)]
    assert len(lines) == height
    assert {len(line) for line in lines} == {width}
    legend = "".join(lines[: next(i for i, line in enumerate(lines) if line[7] in "│|")])
    for marker, name in zip(view.glyphs.others, names, strict=True):
        assert f"{marker * 2} {name if whole else name[:1]}" in legend


@pytest.mark.parametrize(("width", "named"), [(64, False), (80, False), (120, True)])
def test_of_four_runs_each_has_its_loss_in_the_read_out(width: int, named: bool) -> None:
    runs = tuple(run_of(i, "", seed=i) for i in range(4))
    view = dataclasses.replace(several(False, runs=runs, run=9), charted=frozenset(range(4)))
    axis, look = axis_of(view, width), EpochSummary(200, 200, 2348.0, None, (), None)
    for line in (read_out(view, 200, None, axis, width)[0].plain, read_out(view, 200, look, axis, width)[0].plain):
        for i, marker in enumerate(view.glyphs.others):
            assert f" {marker} {f'seed {i} ' if named else ''}3,592" in line


def test_what_was_done_is_marked_on_the_axis() -> None:
    view = several()
    axis = axis_of(view, 60)
    foot = loss_chart(view, 60, 14)[-2].plain
    assert foot[8 + axis.column(300)] == view.glyphs.mark


def test_the_cursor_that_reads_out_has_a_line_and_a_foot() -> None:
    view = several()
    column = 8 + axis_of(view, 60).column(200)
    lines = loss_chart(view, 60, 14, reading=200)
    assert lines[-2].plain[column] == view.glyphs.read_foot
    assert any(list(line.cells())[column] == (view.glyphs.cursor, "key") for line in lines[1:-2])


@pytest.mark.parametrize("last", [5.0, 100.0, 2000.0])
def test_moving_by_a_column_always_moves(last: float) -> None:
    axis = Axis(last, 40)
    epoch = 0
    for _ in range(200):
        further = axis.moved(epoch, 1)
        assert further > epoch
        assert axis.moved(further, -1) < further
        epoch = further
        if epoch >= last:
            break
    assert epoch >= last


def test_losses_are_read_out_of_the_curves_where_they_have_that_very_epoch() -> None:
    losses = losses_of([100.0, 50.0, 25.0], epochs=[1, 2, 10])
    assert [loss_at(losses, epoch)[0] for epoch in (0, 1, 2, 7, 10)] == [None, 100.0, 50.0, None, 25.0]
    assert [near(losses, epoch) for epoch in (0, 2, 7, 10)] == [(None, 0), (50.0, 2), (25.0, 10), (25.0, 10)]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_read_out_tells_losses_at_once_and_answers_when_they_come(width: int) -> None:
    view = several()
    snapshot = snapshot_of(view)
    axis = axis_of(view, 60)
    early = read_out(view, 300, None, axis, width)
    assert [line.width for line in early] == [width, width]
    assert "epoch 300" in early[0].plain
    assert f"30 + 70 = {view.glyphs.ellipsis}" in early[1].plain
    answers = tuple(Answer(a.sum, 12.25, a.wanted) for a in snapshot.answers)
    look = EpochSummary(300, 300, 77.5, None, answers, None)
    phrase = read_out(view, 300, look, axis, width)
    assert "update 300" in phrase[0].plain
    assert "77.50" in phrase[0].plain
    assert "30 + 70 = 12.25" in phrase[1].plain
    if width >= 80:
        assert "lr 0.002" in phrase[0].plain


def test_identical_weights_are_said_and_so_is_what_makes_them_differ() -> None:
    one = run_of(1, "one-pair")
    assert "identical weights: seed 42" in start_sentence(one, run_of(2, "x", **{"training.lr": 0.1}))
    assert "another seed" in start_sentence(one, run_of(2, "x", seed=7))
    assert "up to epoch 300" in start_sentence(one, run_of(2, "x", parent=1, branched_at=300.0))
    assert "up to epoch 300" in start_sentence(run_of(2, "x", parent=1, branched_at=300.0), one)
    first = ONE_PAIR.replace(**{"data.draw_first": True})
    assert not same_start(ONE_PAIR, first)


def test_a_new_branch_is_said_and_going_back_to_a_run_is_not() -> None:
    before = dataclasses.replace(snapshot_of(several()), runs=(), run=1, run_name="one-pair")
    old = run_of(1, "one-pair", **{"training.lr": 0.001})
    after = dataclasses.replace(before, run=2, parent=1, branched_at=100.0, runs=(old,), run_name="lr 0.0002")
    assert branch_sentence(before, after) == "The old line stays on the chart: lr 0.001."
    assert branch_sentence(after, dataclasses.replace(before, runs=(run_of(2, "x"),))) == ""


@pytest.mark.parametrize("size", [(58, 14), (78, 18), (118, 34)])
@pytest.mark.parametrize("ascii", [False, True])
def test_list_and_comparison_fill_their_size(size: tuple[int, int], ascii: bool) -> None:
    view = several(ascii)
    snapshot = snapshot_of(view)
    runs = [run_now(snapshot), *reversed(snapshot.runs)]
    for lines in (runs_lines(view, runs, 1, [3], *size), side_by_side(view, (runs[0], runs[1]), *size)):
        assert len(lines) <= size[1]
        assert {line.width for line in lines} == {size[0]}
        assert not ascii or plain(lines).isascii()


def test_the_chosen_run_is_in_sight_in_a_long_list() -> None:
    view = several(runs=tuple(run_of(i, f"seed {i}", seed=i) for i in range(1, 25)))
    runs = [*snapshot_of(view).runs]
    for at in (0, 11, 23):
        text = plain(runs_lines(view, runs, at, [], 78, 8))
        assert f"seed {at + 1} " in text


def test_a_run_that_blew_up_says_so_in_the_list() -> None:
    view = several()
    run = run_of(1, "lr 1", stopped="The loss stopped being finite at update 12.")
    assert "blew up" in plain(runs_lines(view, [run], 0, [], 78, 8))
    diverged = dataclasses.replace(run, stopped=ended_text(1e9), diverged=True)
    assert "diverged" in plain(runs_lines(view, [diverged], 0, [], 78, 8))
    assert "ended 1e9 times above its start" in plain(run_text(view, diverged, 78, 3))
    assert "update 12" in plain(run_text(view, run, 78, 3))


@pytest.mark.parametrize(("name", "width", "height"), [("pair_78x20", 78, 20), ("pair_118x36", 118, 36)])
def test_two_runs_side_by_side_look_as_they_did(name: str, width: int, height: int) -> None:
    view = several()
    snapshot = snapshot_of(view)
    check_golden(name, plain(side_by_side(view, (run_now(snapshot), snapshot.runs[1]), width, height)) + "\n")


def four(ascii: bool = False) -> tuple[ViewState, list[RunSummary]]:
    """The run in progress and three that were left, all different."""
    view = several(ascii)
    snapshot = snapshot_of(view)
    last = run_of(4, "another seed", fall=300.0, seed=7, **{"training.optimizer": "adam", "data.scale": 100.0})
    return view, [run_now(snapshot), *reversed(snapshot.runs), last]


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize(("size", "many"), [((78, 21), 3), ((118, 37), 4), ((78, 40), 3), ((198, 57), 4)])
def test_three_runs_fit_at_80_columns_and_four_at_120(size: tuple[int, int], many: int, ascii: bool) -> None:
    view, runs = four(ascii)
    lines = side_by_side(view, runs[:many], *size)
    text = plain(lines)
    assert len(lines) == size[1]
    assert {line.width for line in lines} == {size[0]}
    assert not ascii or text.isascii()
    assert "No room" not in text
    for letter, run in zip("ABCD"[:many], runs, strict=False):
        assert f"{letter} {run.name}"[:12] in lines[0].plain
        assert f"{letter} answers" in text
    chart = "\n".join(line.plain for line in lines[6:])
    assert all(letter in chart for letter in "ABCD"[:many])


def test_where_a_run_has_no_room_beside_the_others_that_is_said_and_how_it_comes_into_sight() -> None:
    view, runs = four()
    lines = side_by_side(view, runs, 58, 17)
    assert len(lines) == 17
    assert {line.width for line in lines} == {58}
    text = plain(lines)
    assert "C answers" in text
    assert "D answers" not in text
    assert "No room for D: Tab brings the next one here" in text
    assert "No room" not in plain(side_by_side(view, runs[:3], 58, 17))
    assert "another seed" in plain(side_by_side(view, [*runs[1:], runs[0]], 58, 17))


def test_where_off_by_has_no_room_the_answers_stand_beside_what_is_wanted() -> None:
    view, runs = four()
    assert plain(side_by_side(view, runs[:3], 98, 21)).count("off by") == 3
    narrow = plain(side_by_side(view, runs[:3], 78, 21))
    assert "off by" not in narrow
    assert " want " in narrow


def test_what_several_runs_have_in_common_at_their_start_is_said() -> None:
    _, (now, second, first, last) = four()
    assert start_sentence(first, now, second) == (
        "All began with identical weights: seed 42. A and C are one run up to epoch 300."
    )
    assert start_sentence(first, last, run_of(9, "x")) == (
        "A and C began with identical weights, others with another seed."
    )
    others = [run_of(i, f"seed {i}", seed=i) for i in (5, 6, 7)]
    assert start_sentence(others[0], last, run_of(8, "x", seed=7), others[1]) == (
        "B and C began with identical weights, others with another seed."
    )
    assert start_sentence(*others) == "They began with different weights: another seed."


@pytest.mark.parametrize(("name", "many", "width", "height"), [
    ("compared_78x21", 3, 78, 21), ("compared_118x37", 4, 118, 37), ("compared_58x17", 4, 58, 17),
])  # fmt: skip
def test_several_runs_side_by_side_look_as_they_did(name: str, many: int, width: int, height: int) -> None:
    view, runs = four()
    check_golden(name, plain(side_by_side(view, runs[:many], width, height)) + "\n")


def test_answers_of_a_yes_or_no_are_told_by_how_likely_yes_is_in_the_list_and_side_by_side() -> None:
    view = several()
    asked = tuple(dataclasses.replace(answer, predicted=0.75, wanted=1.0) for answer in snapshot_of(view).answers)
    asks = {"data.kind": "uniform", "data.task": "a + b > 100", "training.loss": "bce", "data.rows": ()}
    runs = [dataclasses.replace(run_of(i, f"seed {i}", seed=i, **asks), answers=asked) for i in (5, 6, 7)]
    view = dataclasses.replace(view, experiment=runs[0].experiment)
    listed = plain(runs_lines(view, runs, 0, [], 78, 8))
    assert listed.count("75.0%") >= 3
    assert "0.75" not in listed
    for width in (58, 78, 118):
        beside = plain(side_by_side(view, runs, width, 24))
        assert "75.0%" in beside
        assert "0.75" not in beside


def test_a_blow_up_is_said_with_what_grew_and_the_rate_beside_its_limit() -> None:
    view = several(blow_up=BLOWN, status="stopped", message="The loss stopped being finite.")
    phrase = plain(blow_up_lines(view, BLOWN, 80))
    for text in ("update 123", "hidden.weight grew first", "×1.87 an update", "0.1", "2/λmax 0.03125", "guide for adam",
                 "rate 0.05"):  # fmt: skip
        assert text in phrase
    assert plain(blow_up_lines(several(True), BLOWN, 80)).isascii()
    assert "blew up at update 123" in state_line(view, 80).plain
    assert "h goes back to update 113 at rate 0.05, half of it." in blow_up_sentence(BLOWN)
    late = dataclasses.replace(
        BLOWN, update=12_345, lost_at=12_350, back_to=12_335, own_limit=8.095e-5, rescue_lr=4.05e-5
    )
    assert "h goes back to update 12,335 at rate 4.05e−5, half the limit 8.095e−5." in blow_up_sentence(late)
    assert "(loss 1,000-fold; not finite at 12,350)" in blow_up_sentence(late)
    assert len(wrapped(blow_up_sentence(late), 58)) <= 3  # whole at 60 columns
    assert standing_notice(view.snapshot, None) == blow_up_sentence(BLOWN)


def test_a_run_that_diverged_is_said_so_with_what_it_ended_at_and_what_h_will_do() -> None:
    blow_up = dataclasses.replace(
        BLOWN, lost_at=None, times=1.1327e9, lr=1.25e-6, setting=1.25e-6, limit=1.1849e-6, own_limit=1.1849e-6,
        rescue_lr=5.92e-7,
    )  # fmt: skip
    view = several(blow_up=blow_up, status="done")
    assert "the loss ended 1.13e9 times above its start; hidden.weight grew first. h goes back to update 113 at rate" \
        " 5.92e−7, half the limit 1.185e−6." in standing_notice(view.snapshot, None)  # fmt: skip
    assert len(wrapped(blow_up_sentence(blow_up), 58)) <= 3
    assert "The rate 1.25e−6 stood above the limit 1.185e−6 = 2/λmax." in divergence_text(blow_up)
    assert run_state(view).plain == "■ diverged"
    assert "diverged at update 123" in state_line(view, 80).plain
    phrase = plain(blow_up_lines(view, blow_up, 80))
    for text in (
        "diverged  at update 123",
        "rate      1.25e−6",
        "limit 2/λmax 1.185e−6",
        "h back to 113, rate 5.92e−7",
    ):
        assert text in phrase
    below = dataclasses.replace(blow_up, lr=1e-6)
    assert "limit" not in divergence_text(below)
    assert "Home looks at its start." in blow_up_sentence(blow_up, rescues=False)


def test_a_rate_above_the_limit_is_said_beside_the_run_with_where_it_was_measured() -> None:
    view = several(status="paused")
    snapshot = snapshot_of(view)
    training = snapshot.experiment.training

    def phrase(**changes: Any) -> str:
        outlook = Outlook(snapshot.moment, training, snapshot.lr, snapshot.lr / 2, None)
        seen = dataclasses.replace(view, outlook=dataclasses.replace(outlook, **changes))
        return plain([Line.of(row, "|") for row in run_panel(seen, 30, 14)]).replace(" ", "")

    assert "overlimit0.0001|" in phrase()
    assert "overlimit0.0001atepoch0|" in phrase(moment=Position())
    assert "overlimit0.0001astepago|" in phrase(limit=snapshot.lr * 2, limit_before=snapshot.lr / 2)
    for changes in ({"limit": snapshot.lr}, {"limit": None}, {"training": dataclasses.replace(training, lr=1.0)}):
        assert "limit" not in phrase(**changes)
    assert "limit" not in plain(run_panel(view, 30, 14))


STUCK = Stuck(1.6e6, True, (16.5, 16.5), -1620.0, 2190.0, "dead", "hidden", 4, (("dead", 4),))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "all 4 units of layer hidden are dead: 0 for every row, no gradient passes"),
        ({"units": 1, "counts": (("dead", 1),)}, "the one unit of layer hidden is dead"),
        ({"cause": "saturated", "counts": (("saturated", 4),)}, "all 4 units of layer hidden are saturated"),
        ({"cause": "muted", "counts": (("muted", 4),)}, "muted: their outputs are held at 0"),
        ({"counts": (("dead", 3), ("muted", 1))}, "of the 4 units of layer hidden 3 dead, 1 muted"),
        (
            {"cause": "zero", "counts": (("zero", 1),), "layer": "output"},
            "all weights of layer output from units that differ",
        ),
        ({"cause": "zero", "weight": 0.0}, "all weights are 0, so that no gradient reaches any of them"),
        ({"cause": "copies", "weight": 0.5}, "all weights are equal (0.5)"),
        ({"cause": "broadcast", "broadcast": True}, "flat_target: each answer is compared with every target"),
        ({"broadcast": True}, "passes; the targets are flat too"),
    ],
)
def test_a_loss_that_stands_still_is_said_with_its_reason(changes: dict[str, Any], words: str) -> None:
    stuck = dataclasses.replace(STUCK, **changes)
    assert words in stuck_text(stuck).replace("All", "all").replace("The one", "the one").replace("Of the", "of the")
    view = several()
    phrase = plain(stuck_lines(view, stuck, 120))
    assert words in phrase
    assert "every answer is 16.50, targets reach from −1,620 to 2,190" in phrase
    assert all(line.width <= 60 for line in stuck_lines(several(True), stuck, 60))
    assert plain(stuck_lines(several(True), stuck, 60)).isascii()
    here = dataclasses.replace(
        view, outlook=Outlook(snapshot_of(view).moment, view.experiment.training, 1.0, None, stuck)
    )
    assert stuck_here(here) is stuck
    for width in (60, 80):
        row = stuck_lines(view, stuck, width)[1].plain.rstrip()
        assert not row.endswith(view.glyphs.ellipsis)
        assert row.partition("because")[2].strip()
    ahead = several(moment=Position(10**6), status="playing")
    assert stuck_here(dataclasses.replace(ahead, outlook=here.outlook)) is stuck  # what was found a moment ago
    assert stuck_here(dataclasses.replace(here, words=frozenset({"visiting"}))) is None  # a lesson asks that itself
    assert stuck_here(several()) is None


def test_without_a_limit_none_is_said() -> None:
    assert "limit" not in plain(blow_up_lines(several(), dataclasses.replace(BLOWN, limit=None), 80))


def test_the_chart_and_the_list_look_as_they_did() -> None:
    for name, ascii in (("runs_78x20", False), ("runs_78x20_ascii", True)):
        view = several(ascii)
        snapshot = snapshot_of(view)
        runs = [run_now(snapshot), *reversed(snapshot.runs)]
        drawn = [
            *loss_chart(view, 78, 14, reading=150),
            *read_out(view, 150, None, axis_of(view, 78), 78),
            *runs_lines(view, runs, 1, [3], 78, 4),
        ]
        check_golden(name, plain(drawn) + "\n")


def test_a_run_whose_train_loss_is_over_all_differences_says_so() -> None:
    view, run = several(), run_of(1, "lr 1")
    flat_target = Experiment.preset("three-pairs").replace(**{"training.flat_target": True})
    flat = dataclasses.replace(run, id=9, experiment=flat_target)
    assert plain(runs_lines(view, [run, flat], 0, [], 78, 8)).count(" n·n") == 1
    assert "train loss n·n" in plain(runs_lines(view, [flat], 0, [], 78, 8))
    assert "Its train loss is a mean over 3·3 differences." in plain(run_text(view, flat, 120, 3))
