"""The network as a picture: what its cells tell is what the engine computed, in every size and set of characters."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adder_engine.analysis.grids import neuron_grids
from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum
from adder_engine.runs.workspace import Workspace
from adder_engine.sections import ACTIVATIONS
from adder_engine.session import Session
from adder_engine.snapshot import Snapshot
from adder_tui.network.tab import NetworkDiagram
from adder_tui.selection import Neuron, Parameter, Selection, layout_for
from adder_tui.storage.data_dir import read_network_view, write_network_view
from adder_tui.ui.line import Tone, plain
from adder_tui.ui.picture import Picture, edge_size, picture, plane_points
from adder_tui.ui.picture_layout import Box
from adder_tui.ui.symbols import ASCII, BLOCKS, UNICODE, Glyphs
from adder_tui.ui.view import ViewState
from tests.tui.network.test_diagram import at_rung
from tests.tui.network.test_network_tab import network
from tests.tui.screens import app_of, check_golden, press, screen_text, shows

FIRST = Neuron(1, 0)


def workspace_of(layers: tuple[int, ...], activation: str = "none", seed: int = 42) -> Workspace:
    changes = {"network.layers": layers, "network.activation": activation, "seed": seed}
    return Workspace(Experiment.preset("many-pairs").replace(**changes))


def view_of(snapshot: Snapshot, selection: Selection = FIRST, glyphs: Glyphs = UNICODE) -> ViewState:
    return ViewState(snapshot.experiment, snapshot, glyphs, "network", "epoch", None, selection, "")


def cells_of(drawn: Picture) -> list[list[tuple[str, object]]]:
    return [list(line.cells()) for line in drawn.lines]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_grids_of_all_neurons_are_the_engines_own_numbers(activation: str) -> None:
    held = workspace_of((2, 5, 4, 1), activation)
    sums = [(30.0, 70.0), (-400.0, 12.5), (0.0, 0.0), (999.0, -1000.0)]
    grids = neuron_grids(held.run.experiment, held.snapshot(False).state[0], np.array(sums))
    for i, (a, b) in enumerate(sums):
        held.ask(Sum(a, b))
        snapshot = held.snapshot(False)
        assert snapshot.trace is not None
        for grid, layer in zip(grids, snapshot.trace.layers, strict=True):
            np.testing.assert_allclose(grid[:, i], layer.post, rtol=1e-5, atol=1e-4)
        assert grids[-1][0, i] == pytest.approx(snapshot.asked.predicted, rel=1e-5, abs=1e-4)


def test_a_muted_neurons_grid_is_zero_and_what_follows_does_without_it() -> None:
    held = workspace_of((2, 3, 1), "tanh")
    held.constrain(muted=frozenset({(0, 1)}))
    snapshot = held.snapshot(False)
    assert snapshot.trace is not None
    point = np.array([snapshot.trace.pair])
    hidden, answer = neuron_grids(snapshot.experiment, snapshot.state[0], point, snapshot.muted)
    assert hidden[1, 0] == 0
    assert answer[0, 0] == pytest.approx(snapshot.asked.predicted, rel=1e-5)


small = st.lists(st.integers(1, 5), max_size=3).map(lambda hidden: (2, *hidden, 1))


@settings(max_examples=15, deadline=None)
@given(small, st.sampled_from(ACTIVATIONS), st.integers(0, 999))
def test_the_values_of_every_tile_can_be_read_back_out_of_its_cells(
    layers: tuple[int, ...], activation: str, seed: int
) -> None:
    held = workspace_of(layers, activation, seed)
    snapshot = held.snapshot(False)
    drawn = picture(view_of(snapshot), 110, 24)
    cells = cells_of(drawn)
    for c, boxes in enumerate(drawn.layout.columns[1:]):
        for box in boxes:
            points = plane_points(snapshot.experiment, box.width, 2 * box.height)
            grid = neuron_grids(snapshot.experiment, snapshot.state[0], points)[c][box.neuron]
            largest = float(abs(grid).max()) or 1.0
            for i, value in enumerate(grid.tolist()):
                y, x = divmod(i, box.width)
                tone = cells[box.y + y // 2][box.x + x][1]
                assert isinstance(tone, Tone)
                assert tone.scale == "tile"
                level = tone.lower if y % 2 else tone.upper
                assert abs(level - value / largest * 5) <= 0.501
    # The points are where they are said to be: some of them asked of the engine.
    box = drawn.layout.columns[-1][0]
    points = plane_points(snapshot.experiment, box.width, 2 * box.height)
    answers = []
    for a, b in points.tolist()[:: max(1, len(points) // 12)]:
        answers.append(held.ask(Sum(a, b)).predicted)
    grid = neuron_grids(snapshot.experiment, snapshot.state[0], points)[-1][0]
    np.testing.assert_allclose(grid[:: max(1, len(points) // 12)], answers, rtol=1e-4, atol=1e-3)


def _way(source: Box, to: Box) -> set[tuple[int, int]]:
    """The cells of the straight line between two boxes, without the lines' own code; between two rows those of both."""
    x0, x1 = source.end + 1, to.x - 1
    y0, y1 = (box.y + max(1, box.height) / 2 for box in (source, to))
    steps = 40 * (x1 - x0 + abs(round(y1 - y0)) + 1)
    points = [(min(x1 - 1, int(x0 + (x1 - x0) * i / steps)), y0 + (y1 - y0) * i / steps) for i in range(steps + 1)]
    return {(x, int(y - side)) for x, y in points for side in (0, 1e-6)}


@settings(max_examples=15, deadline=None)
@given(small, st.integers(0, 999))
def test_the_sign_and_size_of_every_edge_can_be_read_back_out_of_cells_that_are_its_alone(
    layers: tuple[int, ...], seed: int
) -> None:
    snapshot = workspace_of(layers, seed=seed).snapshot(False)
    drawn = picture(view_of(snapshot, Neuron(0, 0)), 120, 40)
    cells = cells_of(drawn)
    layout = layout_for(snapshot.experiment)
    read, told = 0, set[tuple[int, int, int]]()
    for c in range(1, len(layers)):
        weights = snapshot.state[0][layout.weight(c - 1).span].reshape(layers[c], layers[c - 1])
        largest = float(abs(weights).max())
        ways = {(to.neuron, source.neuron): _way(source, to)
                for to in drawn.layout.columns[c] for source in drawn.layout.columns[c - 1]}  # fmt: skip
        for edge, way in ways.items():
            others = {(x + dx, y + dy) for other, taken in ways.items() if other != edge
                      for x, y in taken for dx in (-1, 0, 1) for dy in (-1, 0, 1)}  # fmt: skip
            weight = float(weights[edge])
            size = edge_size(weight, largest)
            own = c == 1 and edge[1] == 0
            if size and len(way - others) > 3:
                told.add((c, *edge))
            for x, y in way - others:
                character, role = cells[y][x]
                if not 0x2800 < ord(character) < 0x2900:
                    continue  # a weak line leaves some out
                read += 1
                told.discard((c, *edge))
                if not size:
                    assert role == "faint"
                    continue
                assert isinstance(role, Tone)
                assert role.scale == "edge"
                assert (role.upper > 0) == (weight > 0)
                assert abs(role.upper) == max(1, size - (not own))
    assert read or len(layers) == 5
    assert not told, "edges with cells of their own that nothing was drawn in"


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1), st.sampled_from([-1, 1]), st.booleans(), st.sampled_from([80, 120]))
def test_the_weight_of_an_edge_can_be_read_back_out_of_its_dots(
    share: float, sign: int, upper: bool, width: int
) -> None:
    held = workspace_of((2, 1))
    held.edit("output.weight", (0, int(upper)), 1.0)
    held.edit("output.weight", (0, int(not upper)), sign * share)
    drawn = picture(view_of(held.snapshot(False), Neuron(1, 0)), width, 24)
    (a, b), (y,) = drawn.layout.columns
    middle = y.y + y.height // 2
    counts = []
    for rows in (range(a.y, middle), range(middle + 1, b.y + 1)):
        cells = [cells_of(drawn)[row][column] for row in rows for column in range(a.end, y.x)]
        counts.append(sum((ord(character) - 0x2800).bit_count() for character, _ in cells if "⠀" < character <= "⣿"))
    smaller, largest = counts if upper else counts[::-1]
    parts = (1 / 6, 1 / 2, 1, 2, 3)  # dots for each column of dots, by size
    assert smaller / largest == pytest.approx(parts[edge_size(float(np.float32(share)), 1.0)] / 3, abs=0.06)


def test_of_two_edges_that_cross_the_stronger_lies_over_the_weaker() -> None:
    held = workspace_of((2, 2, 1))
    for place, value in (((0, 0), 0.01), ((0, 1), 1.0), ((1, 0), -0.4), ((1, 1), 0.01)):
        held.edit("input.weight", place, value)
    drawn = picture(view_of(held.snapshot(False), Neuron(2, 0)), 80, 16)
    cells = cells_of(drawn)
    a, b = drawn.layout.columns[0]
    x = (a.end + drawn.layout.columns[1][0].x) // 2
    history_move = {role.upper for row in cells[a.y : b.y] for _, role in row[x - 1 : x + 2] if isinstance(role, Tone)}
    assert 3 in history_move


shapes = st.lists(st.integers(1, 64), max_size=6).map(lambda hidden: (2, *hidden, 1))


@settings(max_examples=25, deadline=None)
@given(shapes, st.integers(56, 140), st.integers(8, 40), st.sampled_from([UNICODE, BLOCKS, ASCII]), st.data())
def test_any_network_fits_into_any_room_with_the_chosen_neuron_in_sight(
    layers: tuple[int, ...], width: int, height: int, glyphs: Glyphs, data: st.DataObject
) -> None:
    column = data.draw(st.integers(0, len(layers) - 1))
    at = Neuron(column, data.draw(st.integers(0, layers[column] - 1)))
    snapshot = workspace_of(layers, "relu").snapshot(False)
    drawn = picture(view_of(snapshot, at, glyphs), width, height)
    assert [line.width for line in drawn.lines] == [width] * height
    text = plain(drawn.lines)
    assert text.isascii() or not glyphs.ascii
    assert glyphs.dots or not any("⠀" <= character <= "⣿" for character in text)
    for boxes, above, below, count in zip(
        drawn.layout.columns, drawn.layout.above, drawn.layout.below, layers, strict=True
    ):
        assert above + len(boxes) + below == count
        assert all(box.x >= 0 and box.end <= width and box.y >= 0 and box.y + box.rows <= height for box in boxes)
        assert all(one.y + one.rows <= other.y for one, other in pairwise(boxes))
    assert drawn.layout.columns[-1][0].end < width, "the output's frame has a right side"
    for before, here in pairwise(drawn.layout.columns):
        assert before[0].end < here[0].x
    assert any(spot.chosen == at for spot in drawn.spots)


def test_four_neurons_have_tiles_of_three_rows_in_the_smallest_usual_window() -> None:
    drawn = picture(view_of(workspace_of((2, 4, 4, 1)).snapshot(False)), 80, 16)
    assert all(box.height == 3 and box.under for boxes in drawn.layout.columns[1:] for box in boxes)
    assert drawn.layout.wanted is not None
    assert drawn.layout.plane is not None


def test_in_the_backward_phase_tiles_turn_to_errors_from_the_output_back() -> None:
    drawn = picture(view_of(at_rung(7)), 80, 16)
    text = plain(drawn.lines)
    assert text.count("δ ") == text.count("δ") == 5
    assert "57.9" in text
    box = drawn.layout.columns[2][0]
    assert {cells_of(drawn)[box.y][box.x + i][1] for i in range(box.width)} == {Tone("tile", -5, -5)}


def test_where_no_tile_has_room_for_its_value_the_chosen_one_tells_it_in_its_place() -> None:
    snapshot = workspace_of((2, *[8] * 6, 1)).snapshot(False)
    assert "[12.9]" in plain(picture(view_of(snapshot, Neuron(2, 3)), 60, 12).lines)


def test_after_a_step_by_phase_the_edges_that_changed_most_light_up() -> None:
    snapshot = at_rung(0)
    still = dataclasses.replace(view_of(snapshot, Neuron(3, 0)), step_size="epoch")
    lit = dataclasses.replace(still, step_size="phase")
    assert picture(still, 80, 16).lines != picture(lit, 80, 16).lines


def test_without_colours_signs_are_told_by_characters_and_dashes() -> None:
    snapshot = workspace_of((2, 4, 4, 1)).snapshot(False)
    colourless = dataclasses.replace(view_of(snapshot), colours="none")
    box = picture(colourless, 80, 16).layout.columns[1][1]
    tile = [line.plain[box.x : box.end] for line in picture(colourless, 80, 16).lines[box.y : box.y + 3]]
    assert "#" in tile[0]
    assert "=" in tile[2]
    assert plain(picture(colourless, 80, 16).lines) != plain(picture(view_of(snapshot), 80, 16).lines)


def test_the_chosen_edge_carries_its_number() -> None:
    drawn = picture(view_of(workspace_of((2, 4, 4, 1)).snapshot(False), Parameter(0)), 80, 16)
    assert "▸+0.5406" in plain(drawn.lines)


def test_before_the_engine_is_there_the_picture_is_drawn_without_numbers() -> None:
    experiment = Experiment.preset("one-pair")
    view = ViewState(experiment, None, UNICODE, "network", "epoch", None, Neuron(1, 0), "")
    assert "a = –" in plain(picture(view, 80, 16).lines)


@pytest.mark.parametrize(
    ("name", "size", "kind"),
    [("80x24", (80, 24), {}), ("60x20", (60, 20), {}), ("120x40", (120, 40), {}),
     ("80x24_ascii", (80, 24), {"ascii": True}), ("80x24_blocks", (80, 24), {"blocks": True})],
)  # fmt: skip
async def test_the_picture_looks_as_it_should(
    session: Session, name: str, size: tuple[int, int], kind: dict[str, bool]
) -> None:
    async with network(session, size, drawn_as="picture", **kind) as pilot:
        app_of(pilot).select(Neuron(2, 1))
        await shows(pilot, "h2[1]")
        check_golden(f"picture_{name}", screen_text(app_of(pilot)))


async def test_v_goes_from_picture_to_numbers_to_trace_and_back(session: Session) -> None:
    async with network(session, drawn_as="picture") as pilot:
        await shows(pilot, "a = 30", "v numbers")
        await press(pilot, "v")
        await shows(pilot, "(30)", "v trace")
        await press(pilot, "v")
        await shows(pilot, "Trace of the current sum", "t diagram")
        assert not pilot.app.screen.query_one(NetworkDiagram).display
        await press(pilot, "v")
        await shows(pilot, "a = 30", "v numbers")


def test_what_the_network_was_shown_as_is_remembered(tmp_path: Path) -> None:
    assert read_network_view(tmp_path) == ""
    write_network_view(tmp_path, "numbers")
    assert read_network_view(tmp_path) == "numbers"
    write_network_view(tmp_path / "missing", "trace")
    assert read_network_view(tmp_path / "missing") == ""


@pytest.mark.parametrize("seed", [1, 7, 42])
def test_the_strongest_line_of_folded_neurons_runs_to_the_row_that_counts_them(seed: int) -> None:
    snapshot = workspace_of((2, 64, 1), seed=seed).snapshot(False)
    drawn = picture(view_of(snapshot, Neuron(0, 0)), 80, 18)
    cells, boxes = cells_of(drawn), drawn.layout.columns[1]
    row, shown = boxes[-1].y + boxes[-1].rows, {box.neuron for box in boxes}
    assert " more" in "".join(character for character, _ in cells[row])
    weights = snapshot.state[0][layout_for(snapshot.experiment).weight(1).span]
    folded = [n for n in range(64) if n not in shown]
    strongest = max(folded, key=lambda n: abs(weights[n]))
    tone = cells[row][boxes[0].end + 1][1]
    assert isinstance(tone, Tone)
    assert tone.scale == "edge"
    assert (tone.upper > 0) == (weights[strongest] > 0)
