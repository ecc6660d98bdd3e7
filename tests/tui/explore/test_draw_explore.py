"""The explorer's drawings: what their characters and numbers say."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adder_engine.analysis.results import AnswerGrid, ExtrapolatedError, Extrapolation, GradientLine, GridSpec, Region
from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum
from adder_engine.snapshot import Answer
from adder_engine.training.data import wanted_over
from adder_tui.explore.draw import HEADING, explore_lines, percent
from adder_tui.explore.error import error_cells, neuron_cells
from adder_tui.explore.plane import (
    FINEST,
    LABELS,
    Cells,
    Ruler,
    Viewport,
    extent_of,
    first_window,
    moved,
    plane_picture,
    rulers,
    zoomed,
)
from adder_tui.explore.state import VIEWS, ExploreResults, ExploreState, hidden_neuron, next_neuron
from adder_tui.selection import Neuron, Parameter
from adder_tui.ui.axis import label_value
from adder_tui.ui.heatmap import (
    HALF,
    SIGNS,
    SIZES,
    HeatMap,
    ranges_text,
    sign_legend,
    sign_levels,
    sign_steps,
    size_levels,
    size_steps,
)
from adder_tui.ui.line import Tone, plain
from adder_tui.ui.symbols import UNICODE
from adder_tui.ui.theme import SHADES, role_styles
from adder_tui.ui.view import WIDE, ViewState
from tests.tui import findings
from tests.tui.views import view_of

SIZES_OF_WINDOW = [(60, 15), (80, 19), (120, 35)]


def explored(seen: ViewState, width: int, height: int, **changes: Any) -> ExploreState:
    """An exploration with everything found, for a drawing of this size."""
    explore_state = ExploreState(**changes)
    if explore_state.view == "neurons":
        cells = neuron_cells(seen, explore_state, width, height)
    else:
        cells = error_cells(explore_state, width, height)
    extent = extent_of(explore_state.window(seen), cells)
    layers = seen.experiment.network.layers[1:-1]
    chosen = hidden_neuron(seen.selection, seen.experiment)
    own = [p for p in findings.neurons_of(extent, layers) if (p.layer, p.neuron) == chosen]
    found = ExploreResults(
        plane=findings.plane_of(extent),
        neuron=(extent, own[0]) if own else None,
        neurons=findings.neurons_of(GridSpec(-600, 600, -600, 600, 9, 6), layers),
        course=findings.course(),
        forecast=findings.forecast(seen.experiment.is_affine),
        stability=findings.stability(),
        curve=findings.loss_curve(),
        slice=findings.loss_slice(39, 22),
        line=findings.parameter_line(),
        checks=findings.checks(),
        rivals=findings.rivals(),
    )
    return dataclasses.replace(explore_state, found=found)


def drawn(seen: ViewState, width: int = 80, height: int = 20, **changes: Any) -> str:
    explore_state = explored(seen, width, height - HEADING, **changes)
    return plain(explore_lines(seen, explore_state, width, height)[0])


# --- characters --------------------------------------------------------------------------------------


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("halved", [False, True])
def test_each_cells_character_tells_the_sign_of_its_error(log: bool, halved: bool) -> None:
    window = Viewport() if log else Viewport(span=600, log=False)
    error = findings.plane_of(extent_of(window, Cells(71, 15, halved))).error
    steps = sign_steps(float(np.abs(error).max()), log)
    heat = HeatMap(sign_levels(error, steps), "sign", halved)
    seen = set()
    for y, row in enumerate(heat.cells):
        for x, (character, tone) in enumerate(row):
            halves = error[2 * y : 2 * y + 2, x] if halved else error[y : y + 1, x]
            assert isinstance(tone, Tone)
            assert [tone.upper, tone.lower][: len(halves)] == [_level(float(e), steps) for e in halves]
            if character == HALF:
                assert tone.upper != tone.lower
                continue
            level = SIGNS.index(character) - 3
            seen.add(level)
            for one in halves:
                assert level == _level(float(one), steps)
                assert level * one > 0 if level else abs(one) < steps[0]
    assert {-2, -1, 0, 1, 2} <= seen


def _level(error: float, steps: tuple[float, ...]) -> int:
    size = sum(abs(error) >= step for step in steps)
    return size if error > 0 else -size


def test_a_picture_without_halves_has_a_sign_in_each_cell() -> None:
    error = np.linspace(-90, 90, 60).reshape(6, 10)
    heat = HeatMap(sign_levels(error, sign_steps(90, False)), "sign", False)
    assert HALF not in "".join(character for row in heat.cells for character, _ in row)
    assert "".join(character for character, _ in heat.cells[0]) == "=" * 10
    assert "".join(character for character, _ in heat.cells[5]) == "#" * 10


def test_by_size_both_signs_look_alike() -> None:
    steps = size_steps(100, False)
    values = np.array([[-100.0, 100.0], [-30.0, 30.0], [0.0, 1.0]])
    heat = HeatMap(size_levels(values, steps), "size", False)
    assert [[c for c, _ in row] for row in heat.cells] == [["#", "#"], ["*", "*"], [" ", " "]]


def test_what_is_no_number_is_said_as_such() -> None:
    values = np.array([[np.nan, np.inf, -np.inf, 0.0]])
    heat = HeatMap(sign_levels(values, sign_steps(0.0, False)), "sign", False)
    assert [c for c, _ in heat.cells[0]] == ["?", "#", "=", "."]


@pytest.mark.parametrize(("steps", "width"), [((25, 100, 250), 51), ((25, 100, 250), 73), ((2e-6, 1e-5, 2e-5), 73)])
def test_a_legends_names_stand_apart_from_their_characters(steps: tuple[float, ...], width: int) -> None:
    legend = sign_legend(steps, UNICODE, width)
    assert legend.width <= width
    assert legend.plain.split()[::2] == list(SIGNS)


def test_no_two_levels_share_a_character_or_a_colour() -> None:
    for characters in (SIGNS, SIZES):
        assert len(set(characters)) == len(characters)
    for heat in SHADES.values():
        for grounds in (heat.signs, heat.sizes):
            assert len(set(grounds)) == len(grounds)


@pytest.mark.parametrize("theme", ["dark", "light", "basic"])
def test_letters_over_colour_cells_are_seen_only_where_16_colours_cannot_tell(theme: str) -> None:
    for tone in (Tone("sign", 2, 2), Tone("size", 4, 4)):
        style = role_styles(theme)[tone]
        assert (style.color == style.bgcolor) == (theme != "basic")


@pytest.mark.parametrize("theme", ["dark", "light", "basic"])
def test_every_theme_has_a_style_for_each_tone(theme: str) -> None:
    styles = role_styles(theme)
    tones = [Tone("sign", n, n) for n in range(-3, 4)]
    phrase = {(styles[tone].color, styles[tone].bgcolor, styles[tone].bold) for tone in tones}
    assert len(phrase) == (7 if theme != "basic" else 5)  # 16 colours tell the sign; the characters tell the rest
    assert styles[Tone("sign", -1, 2)] is styles[Tone("sign", -1, 2)]


# --- the plane ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("halved", [False, True])
def test_even_steps_are_round_sums_and_hold_the_training_range(halved: bool) -> None:
    window = first_window(Experiment.preset("many-pairs"))
    for cells in (Cells(71, 15, halved), Cells(51, 10, halved), Cells(67, 30, halved)):
        extent = extent_of(window, cells)
        plane = findings.plane_of(extent)
        own = plane.b[::2] if halved else plane.b
        for places in (plane.a, own):
            step = abs(places[1] - places[0])
            assert float(f"{step:.1g}") == pytest.approx(step)
            assert np.abs(places / step - np.round(places / step)).max() < 1e-9
        assert plane.a.min() <= -500
        assert plane.a.max() >= 500
        assert plane.b.min() <= -500
        assert plane.b.max() >= 500
        assert 0.0 in plane.a.round(9)
        assert 0.0 in own.round(9)


def test_log_steps_reach_a_million_either_way() -> None:
    extent = extent_of(Viewport(), Cells(71, 15, False))
    assert (extent.a_low, extent.a_high) == pytest.approx((-1e6, 1e6))
    assert (extent.b_low, extent.b_high) == pytest.approx((-1e6, 1e6))
    assert extent.log


def test_the_cross_hair_moves_by_cells_and_takes_the_plane_along_at_its_edge() -> None:
    window, cells = Viewport(span=600, log=False), Cells(71, 15, True)
    a, _ = rulers(window, cells)
    cursor = (0.0, 0.0)
    for _ in range(36):
        window, cursor = moved(window, cells, cursor, 1, 0)
    assert cursor == (36 * a.step, 0.0)
    assert window.a > 0
    ruler, _ = rulers(window, cells)
    assert 0 <= ruler.index(cursor[0]) < cells.columns


def test_zooming_keeps_what_is_under_the_cross_hair() -> None:
    window, cells = Viewport(span=600, log=False), Cells(71, 15, True)
    before = [ruler.step for ruler in rulers(window, cells)]
    for by in (-1, 1):
        other = zoomed(window, (200.0, -100.0), by)
        after = rulers(other, cells)
        assert all(2 <= (new.step / old) ** by <= 2.5 for new, old in zip(after, before, strict=True))
        assert abs(after[0].index(200.0) - 45) <= 2
        assert abs(after[1].index(-100.0) - 8) <= 1
        again = zoomed(other, (200.0, -100.0), -by)
        assert (again.a, again.b, again.zoom) == (pytest.approx(0, abs=1e-4), pytest.approx(0, abs=1e-4), 0)


def test_the_plane_ends_at_a_million_in_log_steps() -> None:
    window, cells, cursor = Viewport(), Cells(71, 15, True), (0.0, 0.0)
    for _ in range(200):
        window, cursor = moved(window, cells, cursor, 1, 0)
    assert cursor[0] == pytest.approx(1e6)


@pytest.mark.parametrize(("width", "height"), SIZES_OF_WINDOW)
def test_the_cell_under_the_cross_hair_is_said_in_numbers(width: int, height: int) -> None:
    text = drawn(view_of("many-pairs"), width, height, cursor=(200.0, 100.0))
    phrase = next(row for row in text.splitlines() if row.startswith(" ┼ "))
    a, _, b = phrase.split("answer")[0].replace("┼", "").split()
    error = findings.answer(float(a), float(b)) - float(a) - float(b)
    assert f"off by {error:.2f}".replace("-", "−") in phrase


def test_the_current_sum_is_said_wherever_the_cells_lie() -> None:
    view = view_of("many-pairs")
    assert view.snapshot is not None
    phrase = drawn(view)
    assert f"┼ 30 + 70   answer {view.snapshot.asked.predicted:.2f}" in phrase


def test_the_training_range_is_framed_and_its_sums_are_marked() -> None:
    text = drawn(view_of("many-pairs"))
    assert all(corner in text for corner in "┌┐┘")  # in the fourth lies a sum
    assert "∘" in text
    assert "of 10,000 training sums, framed ±500" in text


def plane_over(view: ViewState, width: int = 80, height: int = 19) -> AnswerGrid:
    """The plane of a view's first window as an engine of formulas gives it, with the experiment's own rows."""
    explore_state = ExploreState()
    found = findings.plane_of(extent_of(explore_state.window(view), error_cells(explore_state, width, height)))
    down, across = np.meshgrid(found.b, found.a, indexing="ij")
    data = view.experiment.data
    a, b = view.experiment.trained_range
    points = np.array([row[:2] for row in data.rows], dtype=float) if data.kind == "rows" else found.points[:0]
    right = wanted_over(view.experiment.wanted, across.ravel(), down.ravel()).reshape(across.shape)
    return dataclasses.replace(found, wanted=right, trained_a=a, trained_b=b, points=points, row_count=len(points))


def error_drawn(view: ViewState, **changes: Any) -> str:
    explore_state = ExploreState(found=ExploreResults(plane=plane_over(view)), **changes)
    return plain(explore_lines(view, explore_state, 80, 20)[0])


def asking(rows: list[list[float]], a: float, b: float) -> ViewState:
    """A view of a run on rows of one's own, in which this pair is asked."""
    view = view_of("one-pair")
    experiment = view.experiment.replace(**{"data.rows": rows})
    asked = Answer(Sum(a, b), findings.answer(a, b), experiment.wanted.of(a, b))
    assert view.snapshot is not None
    snapshot = dataclasses.replace(view.snapshot, asked=asked, answers=(asked,), experiment=experiment)
    return dataclasses.replace(view, experiment=experiment, snapshot=snapshot)


def test_training_sums_on_the_frame_are_seen() -> None:
    text = error_drawn(asking([[30, 70], [70, 30], [-50, -50]], 1, 2))
    assert sum(row.count("∘") for row in text.splitlines()[:-2]) == 3
    assert "the 3 training sums, framed −50 to 70" in text


@pytest.mark.parametrize("by_size", [False, True])
def test_where_no_truth_is_known_the_plane_shows_the_answers_and_no_errors(by_size: bool) -> None:
    rows: list[list[float]] = [[30, 70, 270], [1, 2, 8], [5, -9, -17]]
    text = error_drawn(asking(rows, 12, 13), by_size=by_size)
    assert text.splitlines()[1].startswith(" answer ")
    assert "┼ 12, 13   answer 22.38   no truth known" in text
    assert "largest answer" in text
    assert not any(word in text for word in ("off by", "furthest off", "nan", "?"))
    known = error_drawn(asking(rows, 30, 70), by_size=by_size)
    assert "┼ 30, 70   answer 85.75   truth 270   off by −184.2" in known


@pytest.mark.parametrize(
    ("changes", "asked", "low", "high"),
    [
        ({"data.kind": "uniform", "data.low": -1.0, "data.high": 1.0}, (0.5, 0.5), -1, 1),
        ({"data.kind": "uniform", "data.low": 0.01, "data.high": 0.02}, (0.015, 0.015), 0.01, 0.02),
        ({"data.kind": "uniform", "data.low": 0.0, "data.high": 100.0}, (30, 70), 0, 100),
        ({"data.kind": "uniform", "data.low": -500.0, "data.high": 500.0}, (900, 800), -500, 900),
        ({"data.kind": "uniform", "data.low": -500.0, "data.high": 500.0}, (-330000, 30000), -500, 500),
        ({"data.rows": [[1000, 1000], [1010, 1005]]}, (1010, 1005), 1000, 1010),
        ({"data.rows": [[30, 70]]}, (30, 70), -70, 70),
        ({"data.rows": [[0, 0]]}, (0, 0), -1, 1),
        ({"data.rows": [[1e7, 1e7], [3e7, 2e7]]}, (1e7, 1e7), 1e7, 3e7),
        ({"data.rows": [[1e12, 1e12], [-1e12, 2]]}, (5, 5), -1e11, 1e11),
    ],
)
def test_the_first_plane_fits_what_is_trained_and_the_current_sum_unless_it_is_far(
    changes: dict[str, Any], asked: tuple[float, float], low: float, high: float
) -> None:
    window = first_window(Experiment.preset("one-pair").replace(**changes), asked)
    for cells in (Cells(71, 15, True), Cells(51, 10, False)):
        extent = extent_of(window, cells)
        assert extent.a_low <= low
        assert extent.a_high >= high
        assert extent.a_high - extent.a_low <= 6 * (high - low)  # cells are round numbers, and asked sums add a side
        assert -1e12 <= extent.b_low < extent.b_high <= 1e12
    assert zoomed(window, asked, -1) != window
    right, _ = moved(window, Cells(71, 15, True), (window.a, window.b), 1, 0)[1]
    assert right > window.a or window.a == 0


@pytest.mark.parametrize(
    ("a", "b", "text"),
    [
        ((0, 100), (0, 100), "0 to 100"), ((-500, 500), (-500, 500), "−500 to 500"),
        ((0, 10), (50, 100), "a 0 to 10, b 50 to 100"), ((5, 5), (50, 100), "a 5, b 50 to 100"),
        ((0.1234, 99.87), (1234.5, 123456), "a 0.123 to 99.9, b 1,230 to 123k"),
    ],
)  # fmt: skip
def test_ranges_of_both_terms_are_said_where_they_differ(a: Any, b: Any, text: str) -> None:
    assert ranges_text(a, b, UNICODE) == text


def checks_drawn(width: int, **changes: Any) -> str:
    explore_state = explored(view_of("many-pairs"), width, 19, view="checks")
    found = dataclasses.replace(explore_state.found, checks=dataclasses.replace(findings.checks(), **changes))
    return plain(explore_lines(view_of("many-pairs"), dataclasses.replace(explore_state, found=found), width, 20)[0])


@pytest.mark.parametrize("width", [60, 80, 120])
def test_checks_on_training_rows_say_so_and_end_where_no_truth_is_known(width: int) -> None:
    region = Region("inside", (0, 10), (50, 100), 400, 12345.678, 9999.25)
    text = checks_drawn(width, judged_on="training", count=400, regions=(region,))
    assert " of 400 training rows" in text
    assert "a 0 to 10, b 50 to 100" in text
    assert "typical, these rows" in text
    assert "elsewhere no truth is known" in text
    assert "12,346" in text
    assert "9,999" in text


def test_thresholds_are_said_by_what_is_wanted() -> None:
    text = checks_drawn(80, close=0.0005, near=0.005, limit=0.0)
    for words in ("within 0.0005 of the truth", "within 0.005 of the truth", 'right on "over 0?"'):
        assert words in text


def test_errors_are_foretold_for_rows_alone_where_no_other_truth_is_known() -> None:
    view = asking([[30, 70, 270], [1, 2, 8]], 12, 13)
    for everywhere in (True, False):
        slopes = dataclasses.replace(findings.slopes(everywhere), wanted=None)
        rows = (ExtrapolatedError(Sum(30, 70), 270, -184.25, -184.25, True),)
        found = ExploreResults(forecast=Extrapolation(slopes, rows), course=findings.course())
        text = plain(explore_lines(view, ExploreState(view="learned", found=found), 80, 20)[0])
        assert "  30, 70" in text
        assert "Only rows: of other pairs no truth is known." in text
        assert "right:" not in text


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e11, 1e11), st.floats(-6, 6), st.integers(50, 110), st.integers(8, 30))
@example(123_456_789.0, 0.0, 70, 14)
def test_labels_of_any_plane_are_all_different_and_stand_at_their_sums(
    middle: float, decades: float, columns: int, rows: int
) -> None:
    half = max(10**decades, abs(middle) * FINEST)
    ends = middle - half, middle + half
    a, b = Ruler.over(np.linspace(*ends, columns), False), Ruler.over(np.linspace(*ends[::-1], rows), False)
    lines, _ = plane_picture(
        np.zeros((rows, columns), dtype=np.int64), "sign", a, b, False, UNICODE,
        cursor=(columns // 2, rows // 2), asked=(0.0, 0.0),
        trained=((0.0, 1.0), (0.0, 1.0)), points=np.zeros((0, 2)),
    )  # fmt: skip
    left = [(row, line.plain[: LABELS - 1].strip()) for row, line in enumerate(lines[:-1])]
    left = [(row, label) for row, label in left if label not in ("", "b")]
    below = lines[-1].plain[LABELS:].replace(UNICODE.cursor_foot, " ").split()
    assert len(left) == len({label for _, label in left}) > 1
    assert len(below) == len({*below}) > 0
    steps = any(label.startswith("+") for _, label in left)
    for row, label in left:
        if not steps or label.startswith("+"):
            at = label_value(label) + (ends[0] if steps else 0)
            assert abs(b.position(at) - row) <= 0.51
    assert any(not label.startswith("+") for label in below)  # +2 is from where it is said


def test_log_steps_are_labelled_by_powers_of_ten() -> None:
    text = drawn(view_of("many-pairs"), log=True)
    for label in ("1M", "10k", "100", "−100", "−10k", "−1M"):
        assert label in text


# --- the views ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize(("width", "height"), [*SIZES_OF_WINDOW, (61, 12), (110, 20)])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_each_view_fits_its_window(name: str, width: int, height: int, ascii_only: bool) -> None:
    view = view_of("many-pairs", ascii=ascii_only)
    explore_state = explored(view, width, height - HEADING, view=name, halved=not ascii_only)
    lines, spot = explore_lines(view, explore_state, width, height)
    assert len(lines) <= height
    assert all(line.width == width for line in lines)
    assert (spot is not None) == (name in ("error", "neurons"))
    if ascii_only:
        assert plain(lines).isascii()


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_without_findings_says_what_it_will_show(name: str) -> None:
    view = view_of("many-pairs")
    text = plain(explore_lines(view, ExploreState(view=name), 80, 20)[0])
    assert VIEWS[name] in text
    refused = ExploreState(view=name, refused={"plane": "The loss is not finite here."})
    assert "The loss is not finite here." in plain(explore_lines(view, refused, 80, 20)[0])


def test_all_neurons_are_drawn_and_many_are_folded_around_the_chosen_one() -> None:
    few = drawn(view_of("many-pairs"), view="neurons")
    assert "all 8 hidden neurons" in few
    assert all(f"h{layer}[{n}]" in few for layer in (1, 2) for n in range(4))
    view = view_of("many-pairs")
    wide = view.experiment.replace(**{"network.layers": [2, 64, 64, 1]})
    many = dataclasses.replace(view, experiment=wide, selection=Neuron(2, 40))
    text = drawn(many, view="neurons")
    assert "of 128 hidden neurons" in text
    assert "▸h2[40]" in text
    assert "h1[63]" not in text


def test_a_network_without_hidden_neurons_says_so() -> None:
    view = view_of("many-pairs")
    bare = dataclasses.replace(view, experiment=view.experiment.replace(**{"network.layers": [2, 1]}))
    assert "no hidden neurons" in drawn(bare, view="neurons")
    assert hidden_neuron(Neuron(1, 0), bare.experiment) is None


def test_a_chosen_weight_counts_for_the_neuron_that_owns_it() -> None:
    experiment = Experiment.preset("one-pair")
    assert hidden_neuron(Parameter(0), experiment) == (0, 0)
    assert hidden_neuron(Parameter(7), experiment) == (0, 3)
    assert hidden_neuron(Parameter(12 + 4), experiment) == (1, 1)
    assert hidden_neuron(Parameter(36), experiment) == (0, 0)  # the output's bias: the first hidden neuron instead
    assert next_neuron(Neuron(1, 3), experiment, 1) == Neuron(2, 0)
    assert next_neuron(Neuron(1, 0), experiment, -1) == Neuron(2, 3)


def test_what_the_map_foretells_stands_beside_what_was_asked() -> None:
    text = drawn(view_of("many-pairs"), view="learned")
    row = next(row for row in text.splitlines() if "−330,000 + 30,000" in row)
    error = findings.answer(-330_000, 30_000) + 300_000
    assert row.split()[-2:] == [f"+{error:,.0f}"] * 2


def test_in_ascii_each_curve_is_drawn_with_the_character_of_its_legend() -> None:
    picture = drawn(view_of("many-pairs", ascii=True), view="learned", halved=False).splitlines()
    assert "w_a **  w_b oo" in picture[3]
    assert any("*" in row[8:40] for row in picture[4:9])
    assert any("o" in row[8:40] for row in picture[4:9])


def test_names_of_two_digits_stand_clear_of_their_pictures() -> None:
    view = view_of("many-pairs")
    wide = dataclasses.replace(view, experiment=view.experiment.replace(**{"network.layers": [2, 20, 20, 1]}))
    many = dataclasses.replace(wide, selection=Neuron(1, 12))
    assert "▸h1[12] " in drawn(many, view="neurons")


def test_a_bent_network_shows_its_slopes_here() -> None:
    view = view_of("many-pairs")
    bent = dataclasses.replace(view, experiment=view.experiment.replace(**{"network.activation": "tanh"}))
    text = drawn(bent, view="learned")
    assert "Around 30 + 70 the answer rises by" in text
    assert "0.7500  for each 1 of a   (right: 1)" in text
    assert "0.8750  for each 1 of b" in text


@pytest.mark.parametrize(
    ("lr", "limit", "words"),
    [
        (5e-5, 2.5e-5, "lr 5e−5 is 2.0 times the limit 2.5e−5: it will overshoot."),
        (1e-5, 2.5e-5, "lr 1e−5 is 0.40 times the limit 2.5e−5: it holds."),
        (2e-4, None, "lr 0.0002 is 8.0 times 2.5e−5, the limit of plain gradient descent;"),
        (2e-4, findings.NO_LIMIT, "no rate overshoots by curvature alone"),
    ],
)
def test_the_rate_stands_beside_its_limit(lr: float, limit: float | None, words: str) -> None:
    view = view_of("many-pairs")
    explore_state = explored(view, 80, 19, view="stability")
    found = dataclasses.replace(explore_state.found, stability=findings.stability(lr, limit))
    lines, _ = explore_lines(view, dataclasses.replace(explore_state, found=found), 80, 20)
    assert words in plain(lines)


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (120, "! lr 4.06e−5 is 0.83 times the limit 4.89e−5, and 1.2 times 3.42e−5 an update ago: on the edge."),
        (80, "! lr 4.06e−5 is 0.83 times the limit 4.89e−5, an update ago 1.2: on the edge."),
        (60, "! lr 4.06e−5 is 0.83 or 1.2 times the limit: on the edge."),
    ],
)
def test_a_rate_between_the_limits_of_the_two_newest_states_stands_on_the_edge(width: int, words: str) -> None:
    view = view_of("many-pairs")
    explore_state = explored(view, width, 19, view="stability")
    stability = dataclasses.replace(findings.stability(4.06e-5, 4.89e-5), limit_before=3.42e-5)
    found = dataclasses.replace(explore_state.found, stability=stability)
    text = plain(explore_lines(view, dataclasses.replace(explore_state, found=found), width, 20)[0])
    assert words in text
    assert "it holds" not in text


def test_a_step_that_lands_higher_says_so() -> None:
    text = drawn(view_of("many-pairs"), view="stability")
    assert "step 775.2 to 1,732, higher" in text
    assert "here" in text
    assert "1 curves downwards, as at a saddle" in text


def curve_text(found: GradientLine, width: int = 80) -> str:
    view = view_of("many-pairs")
    explore_state = explored(view, width, 19, view="stability")
    explore_state = dataclasses.replace(explore_state, found=dataclasses.replace(explore_state.found, curve=found))
    return plain(explore_lines(view, explore_state, width, 20)[0])


def test_the_curve_names_the_arithmetic_that_its_losses_come_from() -> None:
    assert "loss along the gradient, float64" in curve_text(findings.loss_curve())


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (0.1732438846, 0.1732430011, "step 0.173244 to 0.173243, lower"),
        (0.1732438846, 0.1732438955, "step 0.17324388 to 0.17324390, higher"),
        (0.17324388461, 0.17324388462, "step 0.17324388, same to 8 digits"),
    ],
)
def test_a_step_to_another_loss_is_told_in_digits_that_differ_or_as_the_same(
    before: float, after: float, words: str
) -> None:
    found = findings.loss_curve()
    found = dataclasses.replace(found, losses=found.losses * before / found.loss, loss=before, step_loss=after)
    text = curve_text(found)
    assert words in text
    assert ("lower" in text) == ("lower" in words)


def test_at_rate_0_the_next_update_moves_nothing() -> None:
    view = view_of("many-pairs")
    explore_state = explored(view, 80, 19, view="stability")
    still = dataclasses.replace(findings.loss_curve(), lr=0.0, step_t=0.0, step_length=0.0, step_cosine=0.0)
    found = dataclasses.replace(explore_state.found, stability=findings.stability(0.0, 0.181), curve=still)
    text = plain(explore_lines(view, dataclasses.replace(explore_state, found=found), 80, 20)[0])
    assert "lr is 0 for the next update: it moves nothing. The limit is 0.181." in text
    assert "no step at lr 0: the loss stays 775.2" in text
    assert "0 times" not in text
    assert "lower" not in text


def test_losses_that_differ_by_rounding_alone_are_no_curve_and_small_changes_have_ticks() -> None:
    found = findings.loss_curve()
    noise = 0.1732 + 1e-16 * np.sin(np.arange(len(found.t)) * 7.0)
    text = curve_text(dataclasses.replace(found, losses=noise, loss=0.1732, step_loss=0.1731))
    assert "float64 has no" in text
    assert "parabola" not in text
    small = 0.1732 + 1e-9 * (found.t / 1e-5) ** 2
    text = curve_text(dataclasses.replace(found, losses=small, loss=0.1732, step_loss=0.1731))
    assert "change of the loss by float64" in text
    assert "e−8┤" in text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.231, "23.1%"), (0.9995, "99.95%"), (1.0, "100%"), (0.0, "0%"), (0.99999, ">99.99%"), (0.001, "0.10%")],
)
def test_a_share_says_all_only_where_it_is_all(share: float, text: str) -> None:
    assert percent(share) == text


def test_the_checks_tell_shares_regions_and_rivals() -> None:
    text = drawn(view_of("many-pairs"), view="checks")
    for words in ("64.9%", "99.95%", "far, 10 times", "842.5", "neighbours", "−41.91", "7.625e−6"):
        assert words in text, words


def test_two_pictures_stand_side_by_side_where_there_is_room() -> None:
    narrow, wide = drawn(view_of("many-pairs"), WIDE - 1, 34), drawn(view_of("many-pairs"), WIDE, 34)
    assert "hidden neurons" in wide
    assert "hidden neurons" not in narrow


def test_the_glyphs_of_marks_are_no_sign() -> None:
    marks = {"∘", "o", UNICODE.current, "┼", "X", "|", "_", "─", "│"}
    assert marks.isdisjoint(set(SIGNS) | set(SIZES))
