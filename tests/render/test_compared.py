"""Runs beside each other: what they are called, the list, two side by side, the read-out, blow-ups."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from adder_engine.experiment import Experiment
from adder_engine.snapshot import Answer, BlowUp, CollapsedMap, Look, Mark, Run, Snapshot
from adder_tui.render.blowup import blow_up_lines, blow_up_sentence
from adder_tui.render.chart import Axis, axis_of, loss_chart
from adder_tui.render.compared import branch_sentence, on_chart, run_now, same_start, start_sentence, told_beside
from adder_tui.render.lines import plain, wrapped
from adder_tui.render.readout import loss_at, near, read_out
from adder_tui.render.runs import run_told, runs_lines
from adder_tui.render.shell import standing_notice
from adder_tui.render.side_by_side import side_by_side
from adder_tui.render.state import state_line
from adder_tui.render.view import View
from tests.render.views import losses_of, view_of
from tests.tui.screens import check_golden

ONE_PAIR = Experiment.preset("one-pair")
BLOWN = BlowUp(
    update=123, epoch=122.0, lost_at=140, tensor="hidden.weight", factor=1.8734, over=12, lr=0.1, limit=0.03125,
    back_to=113,
)  # fmt: skip


def run_of(id: int, name: str, *, epoch: int = 800, fall: float = 200.0, **changes: Any) -> Run:
    """A run that was left, with losses by a formula."""
    fields = {key: changes.pop(key) for key in [*changes] if key in {f.name for f in dataclasses.fields(Run)}}
    snapshot = snapshot_of(view_of(epoch=epoch))
    losses = losses_of(9764.15 * np.exp(-np.arange(1, epoch + 1) / fall))
    run = Run(
        id=id, name=name, experiment=ONE_PAIR.replace(**changes), epoch=epoch, train_loss=float(losses.train[-1]),
        test_loss=None, answers=snapshot.answers, collapsed=CollapsedMap(1.0, 1.0, 0.0), losses=losses,
    )  # fmt: skip
    return dataclasses.replace(run, **fields)


def snapshot_of(view: View) -> Snapshot:
    assert view.snapshot is not None
    return view.snapshot


def several(ascii: bool = False, **fields: Any) -> View:
    """A run in progress after two that were left."""
    runs = (
        run_of(1, "one-pair", fall=400.0),
        run_of(2, "lr 0.001 at epoch 300", **{"training.lr": 0.001}, parent=1, branched_at=300.0),
    )
    marks = (Mark(300.0, "lr 0.002"),)
    return view_of(
        "one-pair", 412, ascii=ascii, **({"runs": runs, "run": 3, "run_name": "lr 0.002", "marks": marks} | fields)
    )


def test_a_run_is_called_by_what_differs_from_the_one_in_progress() -> None:
    snapshot = snapshot_of(several())
    assert told_beside(snapshot, snapshot.runs[1]) == "lr 0.001"
    assert told_beside(snapshot, snapshot.runs[0]) == "one-pair"
    edited = run_of(4, "lr 0.002", parent=2)
    before = dataclasses.replace(snapshot, parent=4, branched_at=10.0)
    assert told_beside(before, edited) == "as it went before"


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
    assert any(marker in line.plain[7:] for line in rows[:-2])
    alone = loss_chart(dataclasses.replace(view, charted=frozenset()), 60, 14)[1:-2]
    assert not any(marker in line.plain[7:] for line in alone)


def test_what_was_done_is_marked_on_the_axis() -> None:
    view = several()
    axis = axis_of(view, 60)
    foot = loss_chart(view, 60, 14)[-2].plain
    assert foot[7 + axis.column(300)] == view.glyphs.mark


def test_the_cursor_that_reads_out_has_a_line_and_a_foot() -> None:
    view = several()
    column = 7 + axis_of(view, 60).column(200)
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
    look = Look(300, 300, 77.5, None, answers, None)
    told = read_out(view, 300, look, axis, width)
    assert "update 300" in told[0].plain
    assert "77.50" in told[0].plain
    assert "30 + 70 = 12.25" in told[1].plain
    if width >= 80:
        assert "lr 0.002" in told[0].plain


def test_identical_weights_are_told_and_so_is_what_makes_them_differ() -> None:
    one = run_of(1, "one-pair")
    assert "identical weights: seed 42" in start_sentence(one, run_of(2, "x", **{"training.lr": 0.1}))
    assert "another seed" in start_sentence(one, run_of(2, "x", seed=7))
    assert "up to epoch 300" in start_sentence(one, run_of(2, "x", parent=1, branched_at=300.0))
    assert "up to epoch 300" in start_sentence(run_of(2, "x", parent=1, branched_at=300.0), one)
    first = ONE_PAIR.replace(**{"data.draw_first": True})
    assert not same_start(ONE_PAIR, first)


def test_a_new_branch_is_told_and_going_back_to_a_run_is_not() -> None:
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
    assert "update 12" in plain(run_told(view, run, 78, 3))


@pytest.mark.parametrize(("name", "width", "height"), [("pair_78x20", 78, 20), ("pair_118x36", 118, 36)])
def test_two_runs_side_by_side_look_as_they_did(name: str, width: int, height: int) -> None:
    view = several()
    snapshot = snapshot_of(view)
    check_golden(name, plain(side_by_side(view, (run_now(snapshot), snapshot.runs[1]), width, height)) + "\n")


def test_a_blow_up_is_told_with_what_grew_and_the_rate_beside_its_limit() -> None:
    view = several(blow_up=BLOWN, status="stopped", message="The loss stopped being finite.")
    told = plain(blow_up_lines(view, BLOWN, 80))
    for text in ("update 123", "hidden.weight grew first", "×1.87 an update", "0.1", "2/λmax 0.0312", "guide for adam",
                 "rate 0.05"):  # fmt: skip
        assert text in told
    assert plain(blow_up_lines(several(True), BLOWN, 80)).isascii()
    assert "blew up at update 123" in state_line(view, 80).plain
    assert "10 updates and halves" in blow_up_sentence(BLOWN)
    late = dataclasses.replace(BLOWN, update=12_345, lost_at=12_350, back_to=12_335)
    assert "(loss 1,000 times the first; not finite at 12,350)" in blow_up_sentence(late)
    assert len(wrapped(blow_up_sentence(late), 58)) <= 3  # whole at 60 columns
    assert standing_notice(view.snapshot, None) == blow_up_sentence(BLOWN)


def test_without_a_limit_none_is_told() -> None:
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
