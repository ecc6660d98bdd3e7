"""The inspector's drawing, on snapshots of a real session."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import re
import time
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_engine.experiment import Experiment
from adder_engine.runs.workspace import Workspace
from adder_engine.sections import OPTIMIZERS
from adder_engine.session import Session
from adder_engine.snapshot import LayerActivity, Snapshot
from adder_tui.inspect.state import InspectState, Look, in_layer, label, place, quantities
from adder_tui.inspect.tab import found, module_lines, nothing
from adder_tui.inspect.tables import tensor_lines
from adder_tui.selection import Neuron, Parameter, Selection, layout_for, place_of
from adder_tui.ui.heatmap import cell, histogram, shade
from adder_tui.ui.line import plain
from adder_tui.ui.phrases import brought_mark
from adder_tui.ui.symbols import ASCII, UNICODE
from adder_tui.ui.view import ViewState


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a session has to show at one moment."""

    snapshot: Snapshot
    start: Any
    activity: tuple[LayerActivity, ...]


def seen(updates: int, **changes: Any) -> Seen:
    async def look() -> Seen:
        async with Session(Experiment.preset("one-pair").replace(**changes)) as session:
            snapshot = await (session.step("update", updates) if updates else session.snapshot())
            return Seen(snapshot, await session.start_state(), await session.activity())

    return asyncio.run(look())


@pytest.fixture(scope="module")
def fresh() -> Seen:
    return seen(0)


@pytest.fixture(scope="module")
def trained() -> Seen:
    return seen(3)


@pytest.fixture(scope="module")
def wide() -> Seen:
    return seen(2, **{"network.layers": [2, 64, 64, 1], "network.activation": "relu"})


def drawn(
    what: Seen, selection: Selection, size: tuple[int, int] = (80, 20), *, ascii: bool = False, **inspect_state: Any
) -> str:
    view = view_of(what, selection, ascii)
    looked = InspectState(**{"start": what.start, "activity": what.activity, **inspect_state})
    lines, _ = tensor_lines(view, looked, *size)
    assert len(lines) <= size[1]
    assert {line.width for line in lines} == {size[0]}
    return plain(lines)


def view_of(what: Seen, selection: Selection, ascii: bool = False) -> ViewState:
    return ViewState(
        experiment=what.snapshot.experiment,
        snapshot=what.snapshot,
        glyphs=ASCII if ascii else UNICODE,
        tab="inspect",
        step_size="update",
        pace=None,
        selection=selection,
        notice="",
    )


def at(what: Seen, name: str, *index: int) -> Parameter:
    return Parameter(layout_for(what.snapshot.experiment).index_of(name, index))


# --- cells -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (57.924957, "   57.9250  "),
        (-4793.5493, "−4793.55    "),
        (0.54058784, "    0.540588"),
        (1.1862825, "    1.18628 "),
        (0.0, "    0       "),
        (9999.9999, "    1.0000e4"),
        (-151234.5, "   −1.5123e5"),
        (1.23456e-5, "    1.235e−5"),
        (-9.99996e-11, "   −1.00e−10"),
        (-math.inf, "   −∞       "),
        (None, "    –       "),
    ],
)
def test_a_cell_keeps_its_point_in_one_column(value: float | None, text: str) -> None:
    assert cell(value, UNICODE) == text


@given(st.floats(width=32), st.sampled_from([(5, 7), (5, 6), (5, 5)]))
def test_a_cell_is_its_numbers_correct_rounding_in_a_fixed_width(value: float, size: tuple[int, int]) -> None:
    text = cell(value, ASCII, *size)
    assert len(text) == sum(size)
    if math.isfinite(value):
        shown = Decimal(text.strip())
        _, digits, exponent = shown.as_tuple()
        assert isinstance(exponent, int)
        assert abs(shown - Decimal(value)) <= Decimal(10) ** exponent / 2
        assert value == 0 or any(digits)
        assert "." not in text or text.index(".") == size[0]


def test_shades_grow_with_the_share_of_the_largest() -> None:
    assert [shade(v, 10, UNICODE) for v in (0.0, 0.1, 1, -4, 6, -10)] == [" ", " ", "░", "▒", "▓", "█"]
    assert shade(1, 0.0, UNICODE) == shade(None, 1, UNICODE) == " "


def test_a_histogram_counts_between_the_smallest_and_the_largest() -> None:
    line = histogram(np.array([-2.0, -1.0, -1.0, 2.0]), 4, UNICODE)
    assert line.plain == "▄█ ▄"
    assert [role for _, role in line.spans] == ["minus", "minus", "plus", "plus"]
    assert histogram(np.array([5.0, 5.0]), 8, ASCII).plain == "#"
    assert histogram(np.array([np.nan]), 8, ASCII).plain == ""


# --- the table -------------------------------------------------------------------------------------


def test_the_first_lessons_numbers_stand_in_the_activations(fresh: Seen) -> None:
    for name, numbers in {
        "input.bias": "57.9250 39.9805 5.95485 18.8736",
        "hidden.bias": "24.2555 25.8031 −10.1860 −39.0174",
        "output.bias": "1.18627",
    }.items():
        text = drawn(fresh, at(fresh, name, 0), quantity="activations")
        assert all(number in text for number in numbers.split()), text


def test_the_gradients_of_the_backprop_lesson_stand_in_the_table(fresh: Seen) -> None:
    once = seen(1)
    assert "−197.627" in drawn(once, at(once, "output.bias", 0), quantity="gradient")
    for number in ("−4793.55", "−5099.40", "2013.04", "7710.91"):
        assert number in drawn(once, at(once, "output.weight", 0, 0), (120, 36), quantity="gradient")
    assert "−534.310" in drawn(once, at(once, "input.weight", 0, 0), quantity="gradient")


def test_before_any_backward_pass_grad_is_none(fresh: Seen) -> None:
    text = drawn(fresh, at(fresh, "hidden.weight", 0, 0), quantity="gradient")
    assert "hidden.weight.grad is None" in text
    assert re.search(r"gradient +None", text)


def test_scaled_activations_say_what_they_are_divided_by(fresh: Seen) -> None:
    scaled = seen(0, **{"data.scale": 500.0})
    for what, said in ((fresh, False), (scaled, True)):
        assert (" /500 " in drawn(what, at(what, "hidden.bias", 0), quantity="activations")) == said


def test_the_activations_go_as_far_as_the_ladder(fresh: Seen) -> None:
    made = Workspace(fresh.snapshot.experiment)

    def rows(stages: int, reached: int | None = None) -> list[list[str]]:
        while made.snapshot(False).moment.stage < stages:
            made.run.step("layer", 1)
        here = Seen(made.snapshot(False), fresh.start, fresh.activity)
        view = dataclasses.replace(view_of(here, Neuron(2, 0)), reached=reached)
        inspect_state = InspectState(quantity="activations", start=here.start, activity=here.activity)
        lines = plain(tensor_lines(view, inspect_state, 80, 20)[0]).splitlines()
        return [line.split()[1:3] for line in lines if re.match(r"[ ▸]h2\[", line)][:4]

    assert rows(1) == rows(2) == [["…", "…"]] * 4
    assert [row.count("…") for row in rows(3, 1)] == [1, 2, 2, 2]
    for stages, hidden in ((3, 1), (5, 1), (6, 1), (7, 0)):
        assert [row.count("…") for row in rows(stages)] == [hidden] * 4


def test_the_title_of_the_gradient_names_the_biass_grad_too() -> None:
    once = seen(1)
    title = drawn(once, at(once, "input.weight", 0, 0), quantity="gradient").splitlines()[2].strip()
    assert title == "input.weight.grad (4, 2) row by row, stride (2, 1); input.bias.grad (4,)"


@pytest.mark.parametrize(
    ("width", "quantity"),
    [(60, "parameter"), (60, "gradient"),
     *((width, quantity) for width in (80, 120)
       for quantity in ("parameter", "gradient", "first", "second", "change", "ratio"))],
)  # fmt: skip
def test_the_title_of_a_wide_tensor_keeps_its_shape_and_storage_order(wide: Seen, quantity: str, width: int) -> None:
    chosen = Parameter(layout_for(wide.snapshot.experiment).weight(1).start + 40 * 64 + 30)
    title = drawn(wide, chosen, (width, 20), quantity=quantity).splitlines()[2]
    assert "hidden.weight" in title
    assert "(64, 64) stride (64, 1)" in title.replace(" row by row,", "")
    assert re.search(r"rows \d+-\d+, columns \d+-\d+ $|\[\d+-\d+, \d+-\d+\] $", title)
    assert "…" not in title


def test_rows_and_columns_are_named_after_their_neurons(fresh: Seen) -> None:
    rows = drawn(fresh, at(fresh, "hidden.weight", 2, 1)).splitlines()
    assert rows[2].strip() == "hidden.weight (4, 4) row by row, stride (4, 1); hidden.bias (4,)"
    assert rows[3].split() == ["h1[0]", "▸h1[1]", "h1[2]", "h1[3]", "bias"]
    assert [row.split()[0] for row in rows[4:8]] == ["h2[0]", "h2[1]", "▸h2[2]", "h2[3]"]
    assert "▸ hidden.weight[2, 1]  from h1[1] to h2[2]" in "\n".join(rows)
    assert drawn(fresh, at(fresh, "input.weight", 0, 0)).splitlines()[3].split() == ["▸a", "b", "bias"]
    assert "▸y " in drawn(fresh, at(fresh, "output.weight", 0, 0))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_moments_are_shown_by_torchs_names_and_only_where_there_are_any(optimizer: str) -> None:
    experiment = Experiment.preset("one-pair").replace(**{"training.optimizer": optimizer})
    names = {label(q, experiment) for q in quantities(experiment)}
    expected = {
        "sgd": set(),
        "momentum": {"momentum_buffer"},
        "nesterov": {"momentum_buffer"},
        "rmsprop": {"square_avg"},
        "adam": {"exp_avg", "exp_avg_sq"},
        "adamw": {"exp_avg", "exp_avg_sq"},
    }[optimizer]
    assert names == {"parameter", "gradient", "change", "ratio", "activations"} | expected


def test_a_moment_that_the_new_optimizer_lacks_gives_way_to_the_parameter(fresh: Seen) -> None:
    plain_sgd = seen(1, **{"training.optimizer": "sgd"})
    text = drawn(plain_sgd, at(plain_sgd, "input.bias", 0), quantity="second")
    assert "▸parameter" in text
    assert "exp_avg" not in text


def test_change_and_ratio_are_those_of_the_last_update(trained: Seen) -> None:
    view = view_of(trained, Neuron(1, 0))
    everything = slice(0, 37)
    change = Look(view, InspectState()).values("change", everything)
    ratio = Look(view, InspectState()).values("ratio", everything)
    assert change is not None
    assert ratio is not None
    before = trained.snapshot.previous[0].astype(np.float64)
    assert np.array_equal(before + change, trained.snapshot.state[0].astype(np.float64))
    assert np.allclose(ratio, np.abs(change / before), rtol=1e-12)
    assert np.allclose(np.abs(change), 2e-4, rtol=0.02), "Adam's first steps are as long as the learning rate"


def test_change_against_the_start_covers_the_whole_run(trained: Seen) -> None:
    inspect_state = InspectState("change", "start", start=trained.start)
    change = Look(view_of(trained, Neuron(1, 0)), inspect_state).values("change", slice(0, 37))
    assert np.array_equal(change, trained.snapshot.state[0].astype(np.float64) - trained.start[0])
    assert "change since the start" in drawn(trained, at(trained, "input.bias", 0), quantity="change", against="start")


def test_two_moments_stand_under_each_other_with_their_difference(trained: Seen) -> None:
    where = at(trained, "hidden.weight", 0, 0)
    for against, then, called in (("start", trained.start, "start"), ("step", trained.snapshot.previous, "before")):
        text = drawn(trained, where, against=against)
        rows = text.splitlines()
        now, before = float(trained.snapshot.state[0, where.index]), float(then[0, where.index])
        mark = brought_mark(now - before, largest_change(trained, then), UNICODE)[0]
        assert re.match(rf"▸h2\[0\]   {re.escape(mark)} +{cell(now, UNICODE, 5, 6).strip()} ", rows[4])
        assert rows[5].split()[:2] == [called, cell(before, UNICODE, 5, 6).strip()]
        assert f"+{cell(now - before, UNICODE).strip()}" in text


def largest_change(what: Seen, then: np.ndarray) -> float:
    """In the layer hidden."""
    return float(np.abs(what.snapshot.state[0].astype(np.float64) - then[0])[12:32].max())


@pytest.mark.parametrize(("ascii", "marks"), [(False, "▲▼"), (True, "AV")])
def test_which_way_a_number_went_stands_in_a_column_of_its_own(trained: Seen, ascii: bool, marks: str) -> None:
    where = at(trained, "output.weight", 0, 0)
    moved = trained.snapshot.state.copy()
    moved[0, 32:37] = trained.start[0, 32:37] + np.float32([-998, 998, -998, 998, 998])
    changed = dataclasses.replace(trained, snapshot=dataclasses.replace(trained.snapshot, state=moved))
    row = drawn(changed, where, against="start", ascii=ascii).splitlines()[4]
    assert re.findall(rf" [{marks}]  +[−-]?\d", row), row
    assert not re.search(rf"[{marks}][−-]|[−-]{{2}}", row), row


def test_c_says_what_change_and_ratio_are_measured_from(trained: Seen) -> None:
    where = at(trained, "hidden.weight", 0, 0)
    then, now = trained.snapshot.previous[0, where.index], float(trained.snapshot.state[0, where.index])
    text = drawn(trained, where)
    assert f"last change {cell(now - float(then), UNICODE)}" in text
    assert "last ratio" in text
    text = drawn(trained, where, against="start")
    assert f"change since the start {cell(now - float(trained.start[0, where.index]), UNICODE)}" in text
    assert "last" not in text.splitlines()[-4]


def test_the_start_is_a_dash_until_it_is_there(trained: Seen) -> None:
    text = drawn(trained, at(trained, "hidden.weight", 0, 0), against="start", start=None)
    assert text.splitlines()[5].split()[:3] == ["start", "–", "–"]


def test_kept_and_muted_are_marked(fresh: Seen) -> None:
    where = at(fresh, "hidden.weight", 1, 2)
    held = dataclasses.replace(
        fresh, snapshot=dataclasses.replace(fresh.snapshot, frozen=(where.index,), muted=((1, 1),))
    )
    text = drawn(held, where)
    assert text.splitlines()[5].startswith("▸h2[1]×")
    assert text.splitlines()[5].count("◆") == 1
    assert "◆ kept  × muted" in text


def test_statistics_are_those_of_torch(fresh: Seen) -> None:
    import torch

    text = drawn(fresh, at(fresh, "hidden.weight", 0, 0))
    tensors = layout_for(fresh.snapshot.experiment).by_name
    for name, row in (("hidden.weight", " weight "), ("hidden.bias", " bias ")):
        tensor = torch.tensor(fresh.snapshot.state[0, tensors[name].span])
        expected = [tensor.mean(), tensor.std(), tensor.min(), tensor.max(), tensor.norm()]
        shown = next(line for line in text.splitlines() if line.startswith(row)).split()[1:6]
        for number, value in zip(shown, expected, strict=True):
            assert float(number.replace("−", "-")) == pytest.approx(float(value), rel=1e-3)


def test_dead_neurons_are_counted_over_all_rows(wide: Seen) -> None:
    assert max(wide.activity[0].dead) == 1, "with one row a ReLU is dead or alive"
    row = int(np.argmax(wide.activity[0].dead))
    line = next(
        line
        for line in drawn(wide, at(wide, "input.bias", row), quantity="activations").splitlines()
        if line.startswith("▸h1")
    )
    assert line.rstrip().endswith("100%")


# --- large tables ----------------------------------------------------------------------------------


def test_the_cursor_is_always_in_sight(wide: Seen) -> None:
    view = view_of(wide, Neuron(1, 0))
    inspect_state = InspectState()
    for row, column in [(0, 0), (63, 63), (40, 10), (0, 63), (63, 0), (5, 64), (20, 30)]:
        here = place(at(wide, "hidden.weight", 0, 0), view.experiment)
        view = dataclasses.replace(view, selection=here.moved(row, column))
        lines, sight = tensor_lines(view, inspect_state, 80, 20)
        inspect_state = dataclasses.replace(inspect_state, top=sight.chosen.top, left=sight.chosen.left)
        text = plain(lines)
        assert f"▸h2[{row}]" in text
        assert ("▸bias" if column == 64 else f"▸h1[{column}]") in text


def test_a_large_table_draws_what_is_in_sight_and_fast(wide: Seen) -> None:
    view = view_of(wide, at(wide, "hidden.weight", 30, 30))
    times = []
    for _ in range(9):
        begun = time.perf_counter()
        lines, sight = tensor_lines(view, InspectState(against="start", start=wide.start), 120, 36)
        times.append(time.perf_counter() - begun)
    assert 30 < len(lines) <= 36
    assert (sight.chosen.rows, sight.chosen.columns) < (64, 64)
    assert min(times) < 0.02


def test_where_there_is_room_all_layers_stand_under_each_other(fresh: Seen) -> None:
    text = drawn(fresh, at(fresh, "hidden.weight", 0, 0), (120, 36))
    for name in ("input.weight", "hidden.weight", "output.weight"):
        assert name in text
    assert text.count("▸h2[0]") == 2, "once in the table and once in the activations"


@pytest.mark.parametrize("against", ["", "start", "step"])
@pytest.mark.parametrize("size", [(60, 14), (80, 17), (80, 20), (120, 36)])
def test_everything_is_ascii_in_ascii_mode_and_fits(
    wide: Seen, trained: Seen, size: tuple[int, int], against: str
) -> None:
    for what in (wide, trained):
        for quantity in quantities(what.snapshot.experiment):
            text = drawn(what, at(what, "hidden.weight", 2, 2), size, ascii=True, quantity=quantity, against=against)
            assert text.isascii()
            assert "hidden.weight[2, 2]" in text
            assert f">{label(quantity, what.snapshot.experiment)}" in text
            assert ">hidden" in text.splitlines()[0]


def test_a_click_finds_the_cell_that_it_hits(wide: Seen) -> None:
    sizes = wide.snapshot.experiment.network.layers
    view = view_of(wide, at(wide, "hidden.weight", 30, 30))
    lines, sight = tensor_lines(view, InspectState(), 80, 20)
    rows = plain(lines).splitlines()
    y = next(i for i, row in enumerate(rows) if row.startswith("▸h2[30]"))
    x = rows[3].index("▸h1[30]")
    assert sight.cell_at(x, y, sizes) == (1, 30, 30)
    assert sight.cell_at(78, y - 1, sizes) == (1, 29, 64)
    assert sight.cell_at(10, 0, sizes) is None


# --- moving and finding ----------------------------------------------------------------------------


def test_moving_stops_at_the_edges_and_the_bias_comes_after_the_weights(fresh: Seen) -> None:
    experiment = fresh.snapshot.experiment
    here = place(at(fresh, "hidden.weight", 0, 3), experiment)
    assert place_of(here.moved(0, 1), experiment) == ("hidden.bias", (0,))
    assert place_of(here.moved(-5, 9), experiment) == ("hidden.bias", (0,))
    assert place_of(here.moved(9, -9), experiment) == ("hidden.weight", (3, 0))


def test_another_layer_is_entered_at_the_same_place_or_the_nearest(fresh: Seen) -> None:
    experiment = fresh.snapshot.experiment
    here = place(at(fresh, "hidden.weight", 3, 3), experiment)
    assert place_of(in_layer(here, 0, experiment), experiment) == ("input.weight", (3, 1))
    bias = place(at(fresh, "hidden.bias", 3), experiment)
    assert place_of(in_layer(bias, 2, experiment), experiment) == ("output.bias", (0,))


def test_a_chosen_neuron_is_its_bias(fresh: Seen) -> None:
    experiment = fresh.snapshot.experiment
    for selection, expected in (
        (Neuron(1, 2), ("input.bias", (2,))),
        (Neuron(3, 0), ("output.bias", (0,))),
        (Neuron(0, 1), ("input.weight", (0, 1))),
    ):
        assert place_of(Parameter(place(selection, experiment).index), experiment) == expected


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("hidden.weight[2,0]", ["hidden.weight[2, 0]"]),
        (" Hidden.Weight [ 2 , 0 ", ["hidden.weight[2, 0]"]),
        ("hidden.bias[3]", ["hidden.bias[3]"]),
        ("hidden", ["hidden.weight", "hidden.bias"]),
        ("output.weight[0,", [f"output.weight[0, {i}]" for i in range(4)]),
        ("h2[1]", ["h2[1]"]),
        ("hidden.weight[9,0]", []),
        ("nonsense", []),
    ],
)
def test_a_name_finds_its_tensor_or_number(typed: str, names: list[str]) -> None:
    assert [thing.name for thing in found(typed, Experiment.preset("one-pair"))] == names


def test_every_number_is_found_by_its_own_name() -> None:
    experiment = Experiment.preset("one-pair").replace(**{"network.layers": [2, 12, 3, 1]})
    layout = layout_for(experiment)
    for index in range(layout.size):
        assert [thing.parameter.index for thing in found(layout.name_of(index), experiment)] == [index]


def test_what_is_not_found_is_said_in_a_sentence() -> None:
    experiment = Experiment.preset("one-pair")
    assert "hidden.weight has the shape (4, 4)" in nothing("hidden.weight[9,0]", experiment)
    assert "Nothing is called 'nonsense'" in nothing("nonsense", experiment)


def test_the_module_comes_with_its_parameter_count(fresh: Seen) -> None:
    text = plain(module_lines(view_of(fresh, Neuron(1, 0)), "Adder(\n  (input): Linear()\n)", 80))
    assert "(input): Linear()" in text
    assert re.search(r"hidden\.weight +\(4, 4\) +16", text)
    assert re.search(r"together +37", text)
