"""The diagram, the ladder and the explanation as pure drawings of real snapshots."""

from __future__ import annotations

import dataclasses
import re
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum
from adder_engine.runs.workspace import Workspace
from adder_engine.sections import ACTIVATIONS, OPTIMIZERS
from adder_engine.snapshot import ParameterHistory, Snapshot
from adder_tui.network.diagram import diagram
from adder_tui.network.explain import course_lines, explanation, weighted_sum
from adder_tui.network.layout import fold
from adder_tui.network.phase_bar import ladder_lines, place_in_words
from adder_tui.selection import Neuron, Parameter, Selection, end_of, layout_for, moved, number_of
from adder_tui.ui.line import plain
from adder_tui.ui.network_values import Drawn, NetworkValues
from adder_tui.ui.phrases import tiny
from adder_tui.ui.symbols import ASCII, UNICODE, Glyphs
from adder_tui.ui.view import ClickTarget, ViewState


@cache
def workspace(layers: tuple[int, ...] = (2, 4, 4, 1), activation: str = "none", optimizer: str = "adam") -> Workspace:
    changes = {"network.layers": layers, "network.activation": activation, "training.optimizer": optimizer}
    return Workspace(Experiment.preset("one-pair").replace(**changes))


def view_of(snapshot: Snapshot, selection: Selection, glyphs: Glyphs = UNICODE) -> ViewState:
    return ViewState(snapshot.experiment, snapshot, glyphs, "network", "layer", None, selection, "")


def at_rung(stage: int, **kind: object) -> Snapshot:
    """The snapshot after one update and so many rungs of the next."""
    held = workspace(**kind)  # type: ignore[arg-type]
    held.run.seek(held.run.newest.__class__())
    held.run.step("update", 1)
    for _ in range(stage):
        held.run.step("layer", 1)
    return held.snapshot(False)


shapes = st.lists(st.integers(1, 64), max_size=6).map(lambda hidden: (2, *hidden, 1))


@st.composite
def views(draw: st.DrawFn) -> tuple[ViewState, Workspace]:
    """A random network after some rungs of the ladder, with something chosen."""
    layers = draw(shapes)
    settings = {
        "network.layers": layers,
        "network.activation": draw(st.sampled_from(ACTIVATIONS)),
        "training.optimizer": draw(st.sampled_from(OPTIMIZERS)),
    }
    preset = draw(st.sampled_from(["one-pair", "many-pairs"]))
    held = Workspace(Experiment.preset(preset).replace(**settings))
    for _ in range(draw(st.integers(0, 20))):
        held.run.step("layer", 1)
    snapshot = held.snapshot(False)
    column = draw(st.integers(0, len(layers) - 1))
    selection: Selection = Neuron(column, draw(st.integers(0, layers[column] - 1)))
    if draw(st.booleans()):
        selection = Parameter(draw(st.integers(0, layout_for(snapshot.experiment).size - 1)))
    return view_of(snapshot, selection, draw(st.sampled_from([UNICODE, ASCII]))), held


widths, heights = st.integers(60, 160), st.integers(9, 50)


@settings(max_examples=60)
@given(views(), widths, heights)
def test_any_network_is_drawn_in_any_size_with_the_chosen_one_on_it(
    drawn_from: tuple[ViewState, Workspace], width: int, height: int
) -> None:
    view, held = drawn_from
    drawn = diagram(view, width, height)
    assert len(drawn.lines) == height
    chosen = view.selection
    below = explanation(view, held.explorer.course(chosen.index) if isinstance(chosen, Parameter) else None, width, 6)
    lines = [*drawn.lines, *ladder_lines(view, width), *below]
    assert {line.width for line in lines} == {width}
    assert view.glyphs is UNICODE or plain(lines).isascii()
    assert all(s.x >= 0 and s.x + s.width <= width and 0 <= s.y < height for s in drawn.spots)
    assert chosen in [spot.chosen for spot in drawn.spots]


def marks_of(drawn: Drawn) -> dict[int, ClickTarget[Selection]]:
    """Where each weight's and bias's mark is, by the number's flat index."""
    return {s.chosen.index: s for s in drawn.spots if isinstance(s.chosen, Parameter) and s.width == 1}


def neurons_of(drawn: Drawn) -> dict[tuple[int, int], ClickTarget[Selection]]:
    return {(s.chosen.column, s.chosen.index): s for s in drawn.spots if isinstance(s.chosen, Neuron)}


@settings(max_examples=80)
@given(views(), widths, heights)
def test_every_edge_between_neurons_on_the_picture_and_every_bias_tells_its_sign_by_a_character(
    drawn_from: tuple[ViewState, Workspace], width: int, height: int
) -> None:
    view, _ = drawn_from
    drawn, shown = diagram(view, width, height), NetworkValues(view)
    marks, neurons = marks_of(drawn), neurons_of(drawn)
    assert {c for c, _ in neurons} == set(range(len(shown.layers)))
    strokes = view.glyphs.edges
    for c, i in neurons:
        if not c:
            continue
        for source in [*(j for before, j in neurons if before == c - 1), shown.layers[c - 1]]:
            index = shown.index_of(c, i, source)
            assert shown.weights is not None
            value, spot = shown.weights[index], marks[index]
            assert drawn.lines[spot.y].plain[spot.x] in (
                strokes.plus if value > 0 else strokes.minus if value < 0 else strokes.zero
            )


def test_no_two_meanings_share_a_mark() -> None:
    for glyphs in (UNICODE, ASCII):
        s = glyphs.edges
        for above, below in ((s.plus, s.minus), (s.up, s.down)):
            assert len({*above, *below, s.zero}) == 7


@settings(max_examples=80)
@given(views(), widths, heights)
def test_the_phase_lights_up_on_every_neuron_and_edge_of_the_picture(
    drawn_from: tuple[ViewState, Workspace], width: int, height: int
) -> None:
    view, _ = drawn_from
    drawn, shown = diagram(view, width, height), NetworkValues(view)
    reach, strokes = shown.reach, view.glyphs.edges

    def below(spot: ClickTarget[Selection]) -> str:
        return drawn.lines[spot.y + 1].plain[spot.x : spot.x + spot.width]

    for (c, _), spot in neurons_of(drawn).items():
        row = drawn.lines[spot.y].plain
        if c:
            came_back = not reach.between and c - 1 >= reach.errors
            assert (below(spot).strip()[:1] in ("δ", "d") and len(below(spot).strip()) > 1) == came_back
            there = c < reach.columns
            assert there == (view.glyphs.ellipsis not in row[spot.x : spot.x + spot.width])
        at_work = reach.stage is not None and c > 0 and reach.stage.layer == c - 1
        if at_work and reach.stage is not None:
            arrow = strokes.forward if reach.stage.phase == "forward" else strokes.backward
            assert arrow in row[spot.x - 3 : spot.x] + row[spot.x : spot.x + spot.width].lstrip("0123456789 ")[:1]
    layers_of = {index: c for c in range(1, len(shown.layers)) for index in layer_indices(shown, c)}
    for index, spot in marks_of(drawn).items():
        if shown.brought is None or not shown.brings(layers_of[index], 0):
            assert below(spot) == " "
        else:
            value = shown.brought[index]
            assert below(spot) in (strokes.up if value > 0 else strokes.down if value < 0 else strokes.zero)


def layer_indices(shown: NetworkValues, column: int) -> range:
    return range(shown.layout.weight(column - 1).start, shown.layout.bias(column - 1).stop)


@settings(max_examples=60)
@given(views(), widths, heights)
def test_once_the_output_is_there_it_is_held_against_the_truth_in_every_size(
    drawn_from: tuple[ViewState, Workspace], width: int, height: int
) -> None:
    view, _ = drawn_from
    text = plain(diagram(view, width, height).lines)
    shown = NetworkValues(view)
    for label in ("want", "off", "loss"):
        there = shown.reach.columns == len(shown.layers)
        if label == "loss" and shown.reach.stage is not None:
            there = there and shown.reach.stage.phase != "forward"
        assert bool(re.search(rf"\b{label} +\S", text)) == there


def test_the_loss_stands_below_the_output_only_from_its_rung_on() -> None:
    def below(stage: int) -> list[str]:
        text = plain(diagram(view_of(at_rung(stage), Neuron(2, 1)), 80, 11).lines)
        return [label for label in ("want", "off", "loss") if re.search(rf"\b{label} +\S", text)]

    assert [below(stage) for stage in (3, 4, 5)] == [[], ["want", "off"], ["want", "off", "loss"]]


def outcome_of(experiment: Experiment, asked: Sum, size: tuple[int, int] = (80, 14)) -> tuple[str, Snapshot]:
    held = Workspace(experiment)
    held.ask(asked)
    held.run.step("update", 1)
    snapshot = held.snapshot(False)
    lines = [line.plain for line in diagram(view_of(snapshot, Neuron(2, 1)), *size).lines]
    return "\n".join(lines), snapshot


@pytest.mark.parametrize("preset", ["tanh", "overfit", "three-pairs", "product"])
@pytest.mark.parametrize("size", [(80, 14), (120, 24), (60, 10)])
def test_want_and_off_are_in_units_of_sums_as_on_every_other_screen(preset: str, size: tuple[int, int]) -> None:
    text, snapshot = outcome_of(Experiment.preset(preset), Sum(30, 70), size)
    asked, scaled = snapshot.asked, snapshot.experiment.data.scale != 1
    assert asked.wanted is not None
    assert asked.off_by is not None
    phrase = dict(re.findall(r"(answer|want|off|loss) +([+−\d.,e]+)", text))
    read = {name: float(words.replace("−", "-").replace(",", "")) for name, words in phrase.items()}
    assert read["want"] == (100 if preset != "product" else 2100)
    assert read["off"] == pytest.approx(asked.off_by, rel=1e-3)
    assert ("scaled loss" in text) == scaled == ("answer" in read)
    assert ("inputs/500" in text) == scaled
    if scaled:
        assert read["answer"] == pytest.approx(asked.predicted, rel=1e-3)
        assert read["answer"] - read["want"] == pytest.approx(read["off"], rel=0.01)
    assert snapshot.trace is not None
    assert read["loss"] == pytest.approx(snapshot.trace.loss, rel=5e-3 if size[0] == 60 else 1e-3)


OWN = Experiment.preset("three-pairs").replace(
    **{"data.rows": [[30, 70, 270], [1, 2, 8], [5, -9, -17]], "network.activation": "tanh"}
)


@pytest.mark.parametrize("scale", [1.0, 500.0])
@pytest.mark.parametrize("size", [(120, 24), (80, 14), (60, 10)])
@pytest.mark.parametrize("stages", range(10))
def test_where_no_truth_is_known_the_picture_and_what_is_under_the_cursor_say_so(
    scale: float, size: tuple[int, int], stages: int
) -> None:
    held = Workspace(OWN.replace(**{"data.scale": scale}))
    held.ask(Sum(12, 13))
    held.run.step("update", 1)
    for _ in range(stages):
        held.run.step("layer", 1)
    snapshot = held.snapshot(False)
    for chosen in (Neuron(0, 0), Neuron(1, 2), Neuron(3, 0), Parameter(0), Parameter(8), Parameter(36)):
        view = view_of(snapshot, chosen)
        picture = plain(diagram(view, *size).lines)
        words = plain([*explanation(view, None, size[0], 8), *ladder_lines(view, size[0])])
        there = NetworkValues(view).has_value(3, 0)
        assert ("no truth" in picture and "known" in picture) == there
        for text in (picture, words):
            assert "nan" not in text
            assert "?" not in text
        assert not re.search(r"\b(want|off|loss) +\S", picture)


def test_a_row_with_a_target_of_its_own_is_held_against_it() -> None:
    text, snapshot = outcome_of(OWN, Sum(30, 70))
    assert snapshot.asked.wanted == 270
    assert re.search(r"want +270", text)


def test_backward_by_neuron_brings_no_gradient_to_those_it_has_not_come_to() -> None:
    view = dataclasses.replace(view_of(at_rung(7), Neuron(3, 0)), reached=2)
    drawn, shown = diagram(view, 120, 22), NetworkValues(view)
    marks = marks_of(drawn)
    for neuron in range(4):
        below = {drawn.lines[s.y + 1].plain[s.x] for j in range(5) if (s := marks[shown.index_of(2, neuron, j)])}
        assert (below == {" "}) == (neuron >= 2), (neuron, below)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_the_legend_has_every_mark_of_gradients_and_changes(glyphs: Glyphs) -> None:
    view, s = view_of(at_rung(0), Neuron(2, 1), glyphs), glyphs.edges
    view = dataclasses.replace(view, drawn_as="numbers")
    legend = plain(explanation(view, None, 80, 12)).splitlines()[-1]
    assert f"{s.up[1]} {s.up[2]} {s.down[1]} {s.down[2]} gradient, change" in legend
    assert "kept" in legend


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_the_pictures_legend_takes_a_row_that_nothing_else_needs_and_is_whole_there(glyphs: Glyphs) -> None:
    view = dataclasses.replace(view_of(at_rung(0), Neuron(2, 1), glyphs), drawn_as="picture")
    for width in (60, 80, 120):
        taken = len([line for line in explanation(view, None, width, 40) if line.plain.strip()]) - 1
        last = explanation(view, None, width, taken + 1)[-1]
        assert last.plain.startswith(" lines:")
        assert last.width <= width
        assert not any(line.plain.startswith(" lines:") for line in explanation(view, None, width, taken))


def test_a_small_network_is_not_folded_in_a_small_window() -> None:
    view = view_of(at_rung(0), Neuron(2, 1))
    for width, height in ((60, 10), (60, 9), (80, 11), (120, 22)):
        assert len(neurons_of(diagram(view, width, height))) == 11


def test_a_wide_layer_is_folded_with_a_count_of_those_left_out() -> None:
    view = view_of(at_rung(0, layers=(2, 64, 64, 64, 1)), Neuron(2, 17))
    drawn = diagram(view, 80, 11)
    shown = {s.chosen for s in drawn.spots if isinstance(s.chosen, Neuron) and s.chosen.column == 2}
    assert Neuron(2, 17) in shown
    assert f"… {64 - len(shown)} more" in plain(drawn.lines)


def test_folding_keeps_the_chosen_one_and_the_largest_in_their_order() -> None:
    assert fold(6, 3, {4}, [0.1, -9.0, 0.2, 5.0, 0.0, 0.3]) == (1, 3, 4)
    assert fold(3, 3, {1}, None) == (0, 1, 2)


def test_values_flow_in_layer_by_layer_and_errors_flow_back() -> None:
    def numbers(stage: int) -> str:
        return plain(diagram(view_of(at_rung(stage), Neuron(2, 1)), 80, 11).lines)

    assert "(     …)" in numbers(1)
    assert numbers(1).count("…") > numbers(2).count("…") > numbers(3).count("…") > numbers(4).count("…") == 0
    assert [numbers(stage).count("δ") for stage in (5, 6, 7, 8)] == [0, 1, 5, 9]
    assert numbers(8).count("δ ") == 9  # a blank between it and its number


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_the_edges_into_the_chosen_neuron_carry_their_weights(glyphs: Glyphs) -> None:
    snapshot = at_rung(0)
    text = plain(diagram(view_of(snapshot, Neuron(2, 1), glyphs), 80, 11).lines)
    layout = layout_for(snapshot.experiment)
    for index in [*(layout.index_of("hidden.weight", (1, j)) for j in range(4)), layout.index_of("hidden.bias", (1,))]:
        value = float(snapshot.state[0, index])
        assert f"{'+' if value > 0 else glyphs.minus}{abs(value):.4f}"[:6] in text


def test_nothing_is_claimed_before_the_engine_is_ready() -> None:
    view = ViewState(Experiment.preset("one-pair"), None, UNICODE, "network", "layer", None, Neuron(1, 0), "")
    text = plain(diagram(view, 80, 11).lines)
    assert "hidden" in text
    assert not re.search(r"\d\.\d", text)
    assert explanation(view, None, 80, 6) == []


def test_the_sum_of_a_wide_neuron_shows_the_largest_terms_and_what_the_others_come_to() -> None:
    snapshot = at_rung(0, layers=(2, 64, 64, 64, 1))
    assert snapshot.trace is not None
    layer = snapshot.trace.layers[1]
    rows = weighted_sum(layer, 5, 70, 2, UNICODE)
    text = " ".join(row.plain for row in rows).replace("−", "-").replace(",", "")
    assert len(rows) <= 2
    left = int(re.search(r"\((\d+) more\)", text)[1])  # type: ignore[index]
    assert left + text.count("·") == 64
    terms, total = text.replace(f"({left} more)", "").split(" = ")
    value = eval(terms.replace("·", "*"))  # our own digits and signs
    assert value == pytest.approx(float(total), abs=0.05)


@pytest.mark.parametrize(
    ("activation", "width", "rows"),
    [("none", 80, 6), ("none", 60, 6), ("none", 120, 11), ("tanh", 80, 6), ("tanh", 120, 11)],
)
def test_the_error_of_a_neuron_that_feeds_many_is_a_sum_that_adds_up_too(
    activation: str, width: int, rows: int
) -> None:
    snapshot = at_rung(9, layers=(2, 64, 64, 64, 1), activation=activation)
    assert snapshot.trace is not None
    here = snapshot.trace.layers[1]
    phrase = plain(explanation(view_of(snapshot, Neuron(2, 5)), None, width, rows))
    text = " ".join(phrase[phrase.index("error") + 5 : phrase.index("\n bias ")].split()).replace("−", "-")
    left = int(re.search(r"\((\d+) more\)", text)[1])  # type: ignore[index]
    terms, *rest = text.replace(f" ({left} more)", "").split(" = ")
    assert left + terms.count("·") == 64
    assert eval(terms.replace("·", "*")) == pytest.approx(float(here.arriving[5]), abs=0.05)  # our own digits
    assert len(rest) == (1 if activation == "none" else 2)
    assert float(rest[-1]) == pytest.approx(float(here.delta[5]), rel=1e-5)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_in_the_backward_pass_of_a_batch_the_ladder_says_whose_errors_and_whose_gradients_are_shown(
    width: int, glyphs: Glyphs
) -> None:
    held = Workspace(Experiment.preset("mini-batches").replace(**{"data.count": 1_040}))
    held.run.step("update", 10)  # the last batch has 40 rows
    held.run.step("layer", 6)

    def phrase(held: Workspace) -> str:
        return ladder_lines(view_of(held.snapshot(False), Neuron(1, 0), glyphs), width)[2].plain

    assert "30 + 70 alone" in phrase(held)
    assert "over 40 rows." in phrase(held)
    assert phrase(held).split()[0].rstrip(":") == ("d" if glyphs.ascii else "δ")
    one = Workspace(Experiment.preset("one-pair"))
    one.run.step("layer", 6)
    assert "alone" not in phrase(one)
    one.ask(Sum(3, 7))
    assert "3 + 7 alone" in phrase(one)
    assert "over 1 row." in phrase(one)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_numbers_beyond_float32_are_drawn_as_what_they_are() -> None:
    held = Workspace(Experiment.preset("one-pair"))
    for index in (0, 12, 32):
        held.run.edit(index, 1e30)
    snapshot = held.snapshot(False)
    for selection in (Neuron(2, 0), Neuron(3, 0), Neuron(1, 0), Parameter(12), Parameter(36)):
        view = view_of(snapshot, selection)
        assert "∞" in plain([*diagram(view, 80, 11).lines, *explanation(view, None, 80, 6)])
        assert len(ladder_lines(view, 80)) == 3


def test_the_place_is_said_in_words() -> None:
    held = Workspace(Experiment.preset("many-pairs").replace(**{"training.batch_size": 100}))
    assert place_in_words(held.snapshot(False)) == "at the start, before the first update"
    held.run.step("update", 102)
    for _ in range(7):
        held.run.step("layer", 1)
    assert place_in_words(held.snapshot(False)) == "update 3 of 100 in epoch 2: backward, layer hidden"


def test_the_cursor_reaches_every_neuron_and_every_number() -> None:
    experiment = Experiment.preset("one-pair")
    reached: set[Selection] = set()
    border: list[Selection] = [Neuron(1, 0)]
    while border:
        here = border.pop()
        if here not in reached:
            reached.add(here)
            border += [moved(here, direction, experiment) for direction in ("left", "right", "up", "down")]
    assert reached == {Neuron(c, i) for c, n in enumerate((2, 4, 4, 1)) for i in range(n)} | {
        Parameter(i) for i in range(37)
    }


def test_editing_a_neuron_is_editing_its_bias() -> None:
    experiment = Experiment.preset("one-pair")
    assert number_of(Neuron(3, 0), experiment) == Parameter(36)
    assert number_of(Neuron(0, 1), experiment) is None
    assert end_of(Parameter(36), experiment) == (3, 0, 4)


def test_a_curve_shows_where_a_number_began_and_how_far_it_came() -> None:
    snapshot = at_rung(0)
    course = ParameterHistory(0, np.array([0.0, 50.0, 100.0]), np.array([0.5, 1.5, 1.0]), 100, 50)
    for glyphs in (UNICODE, ASCII):
        text = plain(explanation(view_of(snapshot, Parameter(0), glyphs), course, 100, 6))
        assert "1.500" in text
        assert "0.5000" in text
        assert "updates 100" in text
        assert "every 50th update" in text


def test_updates_that_are_left_out_are_not_drawn_over_and_those_that_are_not_are_said() -> None:
    updates = np.array([0.0, 16.0, 32.0, 33.0, 33.0, 34.0])
    course = ParameterHistory(0, updates, np.array([0.0, 0.0, 0.0, 0.0, 9.0, 9.0]), 32, 16)
    for glyphs in (UNICODE, ASCII):
        drawn = course_lines(course, 60, 6, glyphs)
        assert "every update since 32; before that every 16th" in plain(drawn)
        low = plain([drawn[3]])
        assert len(low[6:50].split()) == 2
    whole = ParameterHistory(0, updates[2:], course.values[2:], 32, 16)
    assert "every" not in plain(course_lines(whole, 60, 6, UNICODE))


def test_after_a_step_errors_and_gradients_belong_together_or_say_that_they_do_not() -> None:
    held = Workspace(Experiment.preset("one-pair"))
    held.run.step("update")
    snapshot = held.snapshot(False)
    assert snapshot.trace is not None
    assert snapshot.trace.chain is not snapshot.trace
    phrase = plain(explanation(view_of(snapshot, Neuron(3, 0)), None, 110, 8))
    gradient = plain(explanation(view_of(snapshot, Parameter(36)), None, 110, 8))
    number = re.search(r"last gradient (\S+)", phrase)
    assert number is not None
    assert re.search(rf"last error .*= {re.escape(number[1])}  the slope", phrase)
    assert "in the last backward" in gradient
    assert "this sum's" in gradient
    held.edit("output.bias", (0,), 1.0)  # no chain leads here any more
    snapshot = held.snapshot(False)
    assert "error now" in plain(explanation(view_of(snapshot, Neuron(3, 0)), None, 110, 8))
    assert "sum's, now" in plain(explanation(view_of(snapshot, Parameter(36)), None, 110, 8))


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("wide", [4, 64])
@pytest.mark.parametrize("activation", ["none", "tanh"])
def test_with_six_hidden_layers_too_every_neuron_on_the_picture_shows_its_number_at_80_columns(
    activation: str, wide: int, glyphs: Glyphs
) -> None:
    snapshot = at_rung(0, layers=(2, *[wide] * 6, 1), activation=activation)
    for column in range(8):
        view = view_of(snapshot, Neuron(column, 0), glyphs)
        drawn, shown = diagram(view, 80, 11), NetworkValues(view)
        for (c, i), spot in neurons_of(drawn).items():
            cell = drawn.lines[spot.y].plain[spot.x : spot.x + spot.width]
            phrase = cell[cell.index("[" if (c, i) == (column, 0) else "(") + 1 : -1].strip().replace("−", "-")
            value = float(shown.values(c)[i])  # type: ignore[index]
            decimals = len(phrase.partition(".")[2])
            assert phrase in (f"{value:.{decimals}f}", f"{value:.{decimals}f}".replace("0.", ".", 1))
            assert c != max(1, column) or len(phrase) > 4


@pytest.mark.parametrize("column", range(1, 7))
def test_where_only_signs_fit_the_cursors_column_still_has_its_numbers(column: int) -> None:
    snapshot = at_rung(0, layers=(2, *[64] * 6, 1), activation="tanh")
    drawn = diagram(view_of(snapshot, Neuron(column, 3)), 60, 9)
    cells = [drawn.lines[s.y].plain[s.x : s.x + s.width] for (c, _), s in neurons_of(drawn).items() if c == column]
    assert cells
    assert all(re.search(r"\d", cell) for cell in cells)


@given(st.floats(-1e7, 1e7), st.sampled_from([3, 4]))
def test_a_tiny_number_is_the_correct_rounding_in_its_width(value: float, width: int) -> None:
    phrase = tiny(value, width, UNICODE).replace("−", "-")
    assert len(phrase) <= width
    if not phrase:
        assert value <= -100 if width == 3 else value <= -1e3
        return
    if "e" in phrase:
        assert float(phrase) == float(f"{value:.0e}")
    else:
        assert float(phrase) == float(f"{value:.{len(phrase.partition('.')[2])}f}")


def test_where_an_error_has_little_room_its_sum_stands_in_brackets() -> None:
    snapshot = at_rung(16, layers=(2, 4, 4, 4, 4, 4, 4, 1), activation="tanh")
    assert snapshot.trace is not None
    shown = 0
    for column in range(1, 7):
        for i in range(4):
            phrase = plain(explanation(view_of(snapshot, Neuron(column, i)), None, 80, 6))
            text = phrase[phrase.index("\n error") + 7 : phrase.index("\n bias ")].strip().replace("−", "-")
            assert "weighed" not in text
            if text.startswith("(") and ")·" in text and ", " not in text:
                shown += 1
                left, right = re.sub(r" \(\d more\)", "", text).split(" = ")
                here = snapshot.trace.layers[column - 1]
                assert float(right) == pytest.approx(float(here.delta[i]), rel=1e-5)
                assert eval(left.replace("·", "*")) == pytest.approx(float(right), rel=0.01, abs=0.002)
    assert shown
