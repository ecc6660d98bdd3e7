"""The trace as text: the tutorial's numbers, the ladder, rows of a batch, the step."""

from __future__ import annotations

import pytest

from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum
from adder_engine.runs.workspace import Workspace
from adder_engine.sections import OPTIMIZERS
from adder_engine.snapshot import FiniteDifference, GradientCheck, ReferenceCheck, ReferenceRow, Stage
from adder_engine.training.checkpoint import Constraints
from adder_tui.network.reference_check import gradient_lines, proof_lines
from adder_tui.network.trace_backward import StepTable
from adder_tui.network.trace_forward import TraceLines, tell
from adder_tui.selection import Neuron, Parameter, Selection, layout_for
from adder_tui.ui.line import plain
from adder_tui.ui.numbers import number
from adder_tui.ui.phrases import NumberFormat, kept
from adder_tui.ui.symbols import ASCII, UNICODE, Glyphs

FIRST = Neuron(1, 0)
ONE_PAIR = Experiment.preset("one-pair")
ONE_PAIR_LAYOUT = layout_for(ONE_PAIR)


def workspace(experiment: Experiment, size: str = "update", count: int = 0) -> Workspace:
    made = Workspace(experiment)
    if count:
        made.run.step(size, count)
    return made


def phrase(
    made: Workspace, row: int | None = None, chosen: Selection = FIRST, width: int = 80, glyphs: Glyphs = UNICODE
) -> TraceLines:
    return tell(made.explorer.trace(row), made.snapshot(False), chosen, NumberFormat(glyphs), width)


def text(*args: object, **kwargs: object) -> str:
    text = phrase(*args, **kwargs)  # type: ignore[arg-type]
    return "\n".join(text.line(i).plain for i in range(len(text)))


def test_the_tutorials_layer_values_gradients_and_errors_are_on_it() -> None:
    shown = text(workspace(ONE_PAIR))
    for value in ("57.9250", "39.9805", "18.8736", "24.2555", "25.8031", "−10.1860", "−39.0174"):
        assert value in shown
    assert "5.954" in shown  # 5.9549 in the fifth digit on some processors, 5.95485 here
    assert "output.bias.grad[0] = δ3[0] = −197.627" in shown
    for value in ("−76.28", "−16.44", "32.08", "−61.06"):
        assert value in shown
    assert "L = d² = (−98.8137)² = 9764.15" in shown


def test_the_first_step_of_plain_descent_is_worked_out_with_its_effect() -> None:
    sgd = ONE_PAIR.replace(**{"training.optimizer": "sgd", "training.lr": 1e-5})
    shown = text(workspace(sgd, count=1), chosen=Neuron(3, 0))
    assert "step, update 1: sgd, lr 1e−5" in shown
    assert "output.bias[0], with the gradient g = −197.627" in shown
    assert "Δ = −lr·g = −1e−5·(−197.627) = 0.00197627" in shown
    assert "8038.70 − 9764.15 = −1725.45" in shown
    assert "10.3412, wanted 100" in shown


def test_adam_is_said_with_both_moments_their_corrections_and_the_quotient() -> None:
    shown = text(workspace(ONE_PAIR, count=2), chosen=Parameter(36))
    for part in ("m = 0.9·m + 0.1·g = 0.9·(", "v = 0.999·v + 0.001·g²", "mˆ = m/(1 − 0.9^2)", "vˆ = v/(1 − 0.999^2)",
                 "Δ = −lr·mˆ/(√vˆ + ε)", "new θ = θ + Δ"):  # fmt: skip
        assert part in shown


def line_of(table: StepTable, index: int) -> int:
    """The first line of one parameter: heads, then for each tensor its name and its parameters."""
    before = next(n for n, tensor in enumerate(table.layout.tensors) if index < tensor.stop)
    return (2 if table.rows == 1 else 1) + index * table.rows + 1 + before


def test_the_table_of_the_step_has_a_row_for_every_parameter_and_room_for_all_columns_at_120() -> None:
    made = workspace(ONE_PAIR, count=1)
    table = phrase(made, width=120, chosen=Parameter(20)).table
    assert table is not None
    assert (len(table), table.rows) == (2 + 6 + 37, 1)
    assert table.line(1).plain.split() == ["θ", "g", "m", "v", "mˆ", "vˆ", "Δ", "new", "θ"]
    assert table.line(line_of(table, 20)).plain.strip().startswith("▸[2, 0]")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize(("width", "digits"), [(60, 6), (80, 6), (80, 9), (120, 9)])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_in_any_window_every_parameter_has_all_numbers_of_the_optimizers_formula(
    optimizer: str, decay: float, width: int, digits: int, glyphs: Glyphs
) -> None:
    changes = {"training.optimizer": optimizer, "training.lr": 1e-5, "training.weight_decay": decay}
    made = workspace(ONE_PAIR.replace(**changes), count=2)
    snapshot, figures = made.snapshot(False), NumberFormat(glyphs, digits)
    assert snapshot.trace is not None
    step = snapshot.trace.step
    assert step is not None
    table = tell(snapshot.trace, snapshot, Parameter(20), figures, width).table
    assert table is not None
    lines = [table.line(i).plain for i in range(len(table))]
    assert max(map(len, lines)) <= width
    for index in range(37):
        first = line_of(table, index)
        phrase = " ".join(lines[first : first + table.rows])
        assert f"[{ONE_PAIR_LAYOUT.name_of(index).partition('[')[2]}" in phrase
        assert ("▸" if glyphs is UNICODE else ">") not in phrase or index == 20
        columns = [step.before, step.gradient, *(term.values for term in step.terms), step.after]
        wanted = [number(float(values[index]), glyphs, table.digits).replace(",", "") for values in columns]
        symbols = {*table.heads, "new", glyphs.text("θ")}
        shown = [word for word in phrase.partition("]")[2].split() if word not in symbols]
        assert shown == wanted
        assert table.rows == 1 or phrase.count(glyphs.text("new θ") + " ") == 1


def test_where_the_right_answer_is_unknown_the_trace_says_so_and_points_to_the_rows() -> None:
    own = Experiment.preset("three-pairs").replace(**{"data.rows": [[30, 70, 270], [1, 2, 8], [5, -9, -17]]})
    made = workspace(own, count=1)
    made.ask(Sum(12, 13))
    for width in (60, 80, 120):
        shown = text(made, width=width)
        assert "The way of 12, 13 through the network" in shown
        assert " ".join(shown.split()).count("is not known, so there is no error to send back: b follows a row") == 2
        assert "nan" not in shown
    row = text(made, 0)
    assert "Row 0 of the data, 30, 70," in row
    assert "y − 270" in row.replace("t\n", "t") or "− 270" in row
    assert "nan" not in row


@pytest.mark.parametrize("digits", [6, 9])
def test_a_row_is_written_as_it_was_typed_and_the_loss_says_that_it_is_scaled(digits: int) -> None:
    rows = [[30, 70], [0.1, 0.7]]
    made = workspace(Experiment.preset("three-pairs").replace(**{"data.rows": rows, "data.scale": 500.0}), count=1)
    for i, pair in enumerate(("30 + 70", "0.1 + 0.7")):
        phrase = tell(made.explorer.trace(i), made.snapshot(False), FIRST, NumberFormat(UNICODE, digits), 80)
        shown = "\n".join(phrase.line(n).plain for n in range(len(phrase)))
        assert f"Row {i} of the data, {pair}, in the batch" in shown
        assert "loss of this row, of the scaled numbers" in shown


def test_before_the_first_step_and_within_an_update_it_says_that_there_is_no_step() -> None:
    assert "No step has been made yet." in text(workspace(ONE_PAIR))
    assert "It comes when the backward pass is done." in text(workspace(ONE_PAIR, "layer", 3))


@pytest.mark.parametrize("stages", range(1, 10))
def test_each_rung_of_the_ladder_has_its_marked_section(stages: int) -> None:
    made = workspace(ONE_PAIR, "layer", stages)
    stage = made.snapshot(False).stage
    assert stage is not None
    shown = phrase(made)
    heading = shown.line(shown.starts[stage])
    assert heading.spans[0][1] == "active"
    assert heading.plain.startswith("▸ ")
    assert stage.phase in heading.plain
    assert sum(shown.line(start).plain.startswith("▸") for start in shown.starts.values()) == 1


def test_all_rungs_are_said_in_the_order_in_which_they_are_climbed() -> None:
    shown = phrase(workspace(ONE_PAIR))
    starts = [shown.starts[stage] for stage in workspace(ONE_PAIR).snapshot(False).stages]
    assert starts == sorted(starts)
    assert Stage("step") in shown.starts


def test_a_row_of_a_batch_has_its_share_and_the_rest() -> None:
    made = workspace(Experiment.preset("three-pairs"), count=1)
    shown = text(made, row=1, chosen=Neuron(3, 0))
    assert "Row 1 of the data, 70 + 30, in the batch of 3 rows of update 1" in shown
    assert "this row counts 1/3" in shown
    assert "The rest: 2 other rows." in shown
    share, batch = float(made.explorer.trace(1).gradient[36]), float(made.snapshot(False).state[1, 36])
    figures = NumberFormat(UNICODE)
    assert f"output.bias.grad[0] = {figures(share)} + {figures.factor(batch - share)} = {figures(batch)}" in shown


@pytest.mark.parametrize(("row", "whose"), [(None, "this sum's share of "), (1, "this row's share of ")])
def test_only_the_whole_batchs_gradient_is_called_grad(row: int | None, whose: str) -> None:
    shown = text(workspace(Experiment.preset("three-pairs"), count=1), row=row, width=120)
    text_back = shown[shown.index("backward, layer output") : shown.index("share: " if row else "step, update")]
    for name in ("output.weight.grad", "output.bias.grad", "output.weight.grad[0, 0]", "output.bias.grad[0]"):
        assert f"{whose}{name} = " in text_back
    assert text_back.count(whose) == text_back.count(".grad") == 12
    assert "part▸" in text_back
    assert "grad▸" not in text_back


@pytest.mark.parametrize("count", [0, 1])
def test_a_batch_of_one_row_keeps_grad(count: int) -> None:
    assert "share of" not in text(workspace(ONE_PAIR, count=count))
    assert "share of" not in text(workspace(ONE_PAIR, count=1), row=0)


def test_the_rest_names_penalty_and_kept_gradients() -> None:
    changes = {"training.l1": 0.5, "training.zero_grad": False}
    shown = text(workspace(ONE_PAIR.replace(**changes), count=1), row=0, width=120)
    assert "The rest: the l1 penalty of 0.5 and the gradients kept from earlier passes." in shown


def test_a_muted_neuron_is_multiplied_by_0_where_it_stands() -> None:
    made = workspace(ONE_PAIR)
    made.run.constrain(Constraints(muted=frozenset({(0, 1)})))
    shown = text(made, chosen=Neuron(1, 1), width=120)
    assert "z1[1] = 30·(−0.16565" in shown
    assert "h1[1] = z1[1]·m1[1] = 39.9805·0 = 0" in shown
    assert "the chosen one is held at 0" in shown


def test_a_frozen_parameter_stands_still() -> None:
    made = workspace(ONE_PAIR)
    made.run.constrain(Constraints(frozen=frozenset({36})))
    made.run.step("update", 1)
    assert "output.bias[0] is frozen: it stands still at 0.077925" in text(made, chosen=Parameter(36))


def test_after_a_change_by_hand_the_last_steps_arithmetic_is_gone() -> None:
    made = workspace(ONE_PAIR, count=2)
    made.run.edit(35, 2.0)
    assert "Something was changed or opened since the last step" in text(made)
    made.run.step("update", 1)
    assert "new θ = θ + Δ = 2 + " in text(made, chosen=Parameter(35))


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("preset", ["one-pair", "tanh", "overfit", "mini-batches"])
def test_no_line_is_wider_than_the_window(preset: str, glyphs: Glyphs, width: int) -> None:
    shown = phrase(workspace(Experiment.preset(preset), count=1), width=width, chosen=Parameter(15), glyphs=glyphs)
    too_wide = [shown.line(i).plain for i in range(min(len(shown), 400)) if shown.line(i).width > width]
    assert not too_wide


def test_ascii_has_no_other_character() -> None:
    assert text(workspace(Experiment.preset("tanh"), count=1), glyphs=ASCII).isascii()


def test_a_folded_row_keeps_the_first_the_last_and_the_chosen() -> None:
    assert kept(64, 33, 5) == (0, 1, 2, 33, 63)
    assert kept(4, 2, 8) == (0, 1, 2, 3)
    assert kept(64, 33, 1) == (33,)


def test_the_proof_says_in_words_whether_all_agrees() -> None:
    fine = ReferenceRow("output.bias", "gradient", 1e-7, 1e-6)
    off = ReferenceRow("output.weight", "parameter", 1e-3, 1e-6)
    assert plain(proof_lines(ReferenceCheck(3, 1, (fine,)), UNICODE, 80)).startswith(
        "They agree. The next update, 3, 1 row:"
    )
    verdict = plain(proof_lines(ReferenceCheck(3, 10_000, (fine, off)), UNICODE, 80))
    assert verdict.startswith("They differ in 1 of 2 lines: output.weight (parameter).")
    assert "agrees" in verdict
    assert "differs" in verdict
    assert "would not be finite" in plain(proof_lines(ReferenceCheck(3, 0, ()), UNICODE, 80))


def test_the_gradient_check_marks_the_best_nudge_and_those_far_off() -> None:
    nudges = tuple(
        FiniteDifference(size, 1.0, 2.0, 3.0, error)
        for size, error in ((1, 1e-7), (0.1, 1e-3), (1e-5, 0.24), (1e-6, 4))
    )
    shown = plain(gradient_lines(GradientCheck(36, "output.bias[0]", 9764.15, -197.627, nudges), UNICODE, 80))
    rows = shown.splitlines()
    assert [row.rstrip().endswith("the best") for row in rows].count(True) == 1
    assert sum("over 5 %" in row for row in rows) == 2
    assert "The best nudge is 1." in shown
    assert "From 0.00001 down float32 runs out of digits" in shown or "From 1e−5 down float32 runs" in shown
