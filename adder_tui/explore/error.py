"""The error over a plane of sums, and the neurons' outputs over it, all of them as small pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from adder_engine.language import tr
from adder_tui.explore.plane import Cells, Ruler, cells_in, plane_picture, point_mark
from adder_tui.explore.state import ExploreState, PlaneArea, asked_in, hidden_neuron
from adder_tui.selection import Neuron, neuron_name
from adder_tui.ui import heatmap
from adder_tui.ui.axis import LABELS
from adder_tui.ui.line import Line, beside, roomiest
from adder_tui.ui.numbers import answer_text, count, number, off_by, percent, plain_number, role_of, truth_text, verdict
from adder_tui.ui.run_state import sum_text
from adder_tui.ui.view import WIDE, ViewState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adder_engine.analysis.results import AnswerGrid

    Doubles = NDArray[np.float64]
    Levels = NDArray[np.int64]
    Scale = heatmap.Scale


ABOVE, UNDER = 1, 2
"""Rows of the legend, and of what is told below."""
SIDE = 42
"""Columns of the neurons beside the plane where there is room."""
NAME = 7
"""Columns of a neuron's name beside its picture; one more where its number has two digits."""
LEAST, MOST = 5, 15
"""Columns of a small picture."""
LEAST_ROWS, MOST_ROWS = 2, 7
SURE = (0.1, 0.3, 0.45)
"""How far a yes must be likelier than a half for a darker shade; between them lies the boundary."""
NONE = tr("This network has no hidden neurons: its inputs lead straight to the answer.")


def error_cells(explore_state: ExploreState, width: int, height: int) -> Cells:
    """The cells of the plane in a view of this size."""
    return cells_in(width - (SIDE + 2 if width >= WIDE else 1), height - ABOVE - UNDER, explore_state.halved)


def error_view(
    view: ViewState, explore_state: ExploreState, width: int, height: int
) -> tuple[list[Line], PlaneArea | None]:
    """The plane, what its characters mean, and the sum under the cross-hair in numbers."""
    plane = explore_state.found.plane
    if plane is None:
        return [], None
    glyphs = view.glyphs
    yes_or_no = view.experiment.is_yes_or_no
    known, by_size = truth_is_known(plane) and not yes_or_no, explore_state.by_size and not yes_or_no
    shown = plane.error if known else plane.answers - 0.5 if yes_or_no else plane.answers
    largest, room = heatmap.largest_size(shown), width - LABELS
    scale: Scale = "size" if by_size else "sign"
    if by_size:
        sizes = heatmap.size_steps(largest, plane.log)
        levels, legend = heatmap.size_levels(shown, sizes), heatmap.size_legend(sizes, glyphs, room)
    else:
        steps = SURE if yes_or_no else heatmap.sign_steps(largest, plane.log)
        levels = heatmap.sign_levels(shown, steps)
        legend = (heatmap.boundary_legend if yes_or_no else heatmap.sign_legend)(steps, glyphs, room)
    drawn = _drawn(view, explore_state, plane, levels, scale, plane.points)
    off = tr("size") if by_size else tr("off by")
    word = off if known else tr("yes") if yes_or_no else tr("answer")
    lines = [Line.of((f" {word} ".rjust(LABELS), "dim"), legend), *drawn.lines]
    if width >= WIDE:
        side = gallery(view, explore_state, SIDE, len(lines))
        lines = beside(lines, side, LABELS + drawn.area.cells.columns)
    about = _about(view, plane, largest, drawn.marked, width)
    return [*lines, cell_line(view, explore_state, plane, drawn), about], drawn.area


def truth_is_known(plane: AnswerGrid) -> bool:
    """Whether the right answers over the plane are; else it shows the answers alone, and no errors are made up."""
    return not np.isnan(plane.wanted).any()


@dataclass(frozen=True)
class _Drawn:
    """The picture of a plane, and what is to be known of it."""

    lines: list[Line]
    area: PlaneArea
    marked: int
    """How many training sums are marked."""
    inside: bool
    """Whether the cross-hair lies on the plane."""
    column: int
    """Of the plane's numbers under the cross-hair, or nearest to it."""
    row: int
    """The same; where cells are halved each has two rows of them."""


def _drawn(
    view: ViewState, explore_state: ExploreState, plane: AnswerGrid, levels: Levels, scale: Scale, points: Doubles
) -> _Drawn:  # fmt: skip
    """Draw levels over the plane, with cross-hair, current sum and training data."""
    halves = 2 if explore_state.halved else 1
    axes = Ruler.over(plane.a, plane.log), Ruler.over(plane.b[::halves], plane.log)  # of two halves the upper one's
    cursor = [*zip(axes, explore_state.cursor_in(view), strict=True)]
    column, row = (axis.nearest(x) for axis, x in cursor)
    inside = all(axis.nearest(x) == axis.index(x) for axis, x in cursor)
    lines, marked = plane_picture(
        levels, scale, *axes, explore_state.halved, view.glyphs, cursor=(column, row) if inside else None,
        asked=asked_in(view), trained=(plane.trained_a, plane.trained_b), points=points,
    )  # fmt: skip
    area = PlaneArea(LABELS, ABOVE, Cells(axes[0].cells, axes[1].cells, explore_state.halved))
    return _Drawn(lines, area, marked, inside, column, row * halves)


def cell_line(view: ViewState, explore_state: ExploreState, plane: AnswerGrid, drawn: _Drawn) -> Line:
    """The cell under the cross-hair in numbers."""
    from adder_engine.parsing import Sum  # not at the top: drawings import no more of the engine than they draw

    glyphs = view.glyphs
    row, column = drawn.row, drawn.column
    a, b = float(plane.a[column]), float(plane.b[row])
    answer, truth = float(plane.answers[row, column]), float(plane.wanted[row, column])
    if explore_state.cursor is None and view.snapshot is not None:  # the current sum itself, wherever the cells lie
        asked = view.snapshot.asked
        a, b, answer = asked.sum.a, asked.sum.b, asked.predicted
        truth = np.nan if asked.wanted is None else asked.wanted
    yes_or_no = view.experiment.is_yes_or_no
    line = Line.of(
        (f" {glyphs.cross} " if drawn.inside else tr(" beyond "), "accent"),
        (sum_text(Sum(float(f"{a:.6g}"), float(f"{b:.6g}")), view.experiment.wanted.rule, glyphs), "strong"),
        (tr("   answer "), "dim"),
        (answer_text(answer, yes_or_no, glyphs) + (tr(" yes") if yes_or_no else ""), "strong"),
    )
    if np.isnan(truth):
        return Line.of(line, (tr("   no truth known"), "dim"))
    error = answer - truth
    if yes_or_no:
        sentence = truth_text(truth, True, glyphs), "   ", verdict(error, True, glyphs)
        return Line.of(line, (tr("   truth "), "dim"), *sentence)
    return Line.of(
        line,
        (tr("   truth "), "dim"), plain_number(float(f"{truth:.6g}"), glyphs),
        "   ", (off_by(error, glyphs), role_of(error)),
    )  # fmt: skip


def _about(view: ViewState, plane: AnswerGrid, largest: float, marked: int, width: int) -> Line:
    """What is marked and framed, and the largest number; of too much for the width the least needed is left out."""
    glyphs = view.glyphs
    some, total = count(marked), count(plane.row_count)
    words = tr("{some} of {all} training sums", some=some, all=total)
    if plane.row_count == 1:
        words = tr("the one training sum")
    elif marked == plane.row_count:
        words = tr("the {count} training sums", count=total)
    line = Line.of((f" {point_mark(glyphs)} ", "strong"), (words, "dim"))
    (left, right), (low, high) = plane.trained_a, plane.trained_b
    in_sight = left <= plane.a.max() and right >= plane.a.min() and low <= plane.b.max() and high >= plane.b.min()
    framed = _range(plane, view) if in_sight else ""
    frame = Line.of((tr(", framed {range}", range=framed), "dim")) if framed else Line()
    most = tr("furthest off") if truth_is_known(plane) else tr("largest answer")
    size = Line.of((f"   {most} ", "dim"), number(largest, glyphs))
    if view.experiment.is_yes_or_no:
        share = float(((plane.answers > 0.5) == (plane.wanted > 0.5)).mean())
        size = Line.of((tr("   right here "), "dim"), percent(share)) if truth_is_known(plane) else Line()
    current = Line.of((f"   {glyphs.current} ", "accent"), (tr("current sum"), "dim"))
    ways = ((frame, size, current), (size, current), (current,))  # what marks the current sum is always told
    return roomiest(width, *(Line.of(line, *parts) for parts in ways))


def _range(plane: AnswerGrid, view: ViewState) -> str:
    glyphs, a, b = view.glyphs, plane.trained_a, plane.trained_b
    if a[0] == a[1] and b[0] == b[1]:
        return ""
    if a == b and a[0] == -a[1]:
        return glyphs.text(f"±{heatmap.range_text(a[1], a[1], glyphs)}")
    return heatmap.ranges_text(a, b, glyphs)


@dataclass(frozen=True)
class GalleryLayout:
    """Which neurons find room, and how large each is drawn: pictures down, layers across."""

    layers: range
    neurons: tuple[range, ...]
    """For each shown layer the neurons that are shown."""
    cells: Cells
    pitch: tuple[int, int]
    """Columns and rows from one picture to the next."""
    name: int
    """Columns of the names beside the pictures."""


def gallery_layout(view: ViewState, explore_state: ExploreState, width: int, height: int) -> GalleryLayout | None:
    """Pictures as large as they can be with all in sight; where that is too small, those around the chosen one."""
    hidden = view.experiment.network.layers[1:-1]
    chosen = hidden_neuron(view.selection, view.experiment)
    if chosen is None or width < NAME + LEAST or height < LEAST_ROWS:
        return None
    most = max(hidden)
    name = NAME + (most > 10)
    across = max(1, min(len(hidden), width // (name + LEAST + 1)))
    columns = min(MOST, width // across - name - 1)
    rows = min(MOST_ROWS, max(LEAST_ROWS, min((height + 1) // most - 1, columns // 2)))
    room = max(1, (height + 1) // (rows + 1))
    layers = _around(chosen[0], len(hidden), across)
    neurons = tuple(_around(chosen[1] if i == chosen[0] else 0, hidden[i], room) for i in layers)
    cells = Cells(columns - 1 + columns % 2, rows, explore_state.halved)
    return GalleryLayout(layers, neurons, cells, (name + columns + 1, rows + 1), name)


def _around(chosen: int, count: int, room: int) -> range:
    first = min(max(0, chosen - room // 2), max(0, count - room))
    return range(first, min(count, first + room))


def gallery(view: ViewState, explore_state: ExploreState, width: int, height: int) -> list[Line]:
    """The small pictures, each by its own scale, with their names."""
    found = {(plane.layer, plane.neuron): plane for plane in explore_state.found.neurons}
    grid = heatmap.Grid(width, height)
    shown = gallery_layout(view, explore_state, width, height - 1)
    if shown is None or not found:
        return grid.lines()
    grid.put(0, 0, _heading(view, shown, width), "dim")
    chosen = hidden_neuron(view.selection, view.experiment)
    for i, (layer, neurons) in enumerate(zip(shown.layers, shown.neurons, strict=True)):
        for j, neuron in enumerate(neurons):
            x, y = i * shown.pitch[0], 1 + j * shown.pitch[1]
            mark = view.glyphs.current if (layer, neuron) == chosen else " "
            grid.put(x, y, mark, "accent")
            name = neuron_name(Neuron(layer + 1, neuron), view.experiment)
            grid.put(x + 1, y, name, "strong" if (layer, neuron) == chosen else "dim")
            plane = found.get((layer, neuron))
            if plane is not None:
                outputs = plane.outputs.astype(float)
                steps = heatmap.sign_steps(heatmap.largest_size(outputs), explore_state.log)
                levels = heatmap.sign_levels(outputs, steps)
                heat = heatmap.HeatMap(levels, "sign", explore_state.halved and len(outputs) % 2 == 0)
                for row, line in enumerate(heat.lines()):
                    grid.put_spans(x + shown.name, y + row, line.spans)
    return grid.lines()


def _heading(view: ViewState, shown: GalleryLayout, width: int) -> str:
    total = sum(view.experiment.network.layers[1:-1])
    seen = sum(map(len, shown.neurons))
    if seen == total:
        return tr(" all {total} hidden neurons", total=total) if total > 1 else tr(" the hidden neuron")
    short = tr(" {seen} of {total}", seen=seen, total=total)
    ways = (short + tr(" hidden neurons: n goes on"), short + tr(" hidden neurons"), short)
    return next((words for words in ways if len(words) <= width), "")


def gallery_width(view: ViewState, width: int) -> int:
    """Columns of the small pictures at the right."""
    layers = max(1, len(view.experiment.network.layers) - 2)
    return min(layers * (NAME + (12 if width >= 100 else 8)), width * 9 // 20)


def neuron_cells(view: ViewState, explore_state: ExploreState, width: int, height: int) -> Cells:
    """The cells of the large picture in a view of this size."""
    room = width - gallery_width(view, width) - 2
    return cells_in(room, height - ABOVE - UNDER, explore_state.halved)


def neurons_view(
    view: ViewState, explore_state: ExploreState, width: int, height: int
) -> tuple[list[Line], PlaneArea | None]:
    """The chosen neuron at the left, all of them at the right."""
    glyphs = view.glyphs
    chosen = hidden_neuron(view.selection, view.experiment)
    if chosen is None:
        return [Line(), Line.of((f" {NONE}", "dim"))], None
    plane, found = explore_state.found.plane, explore_state.found.neuron
    if plane is None or found is None or plane.answers.shape != found[1].outputs.shape:
        return [], None
    picture_of, outputs = found[1], found[1].outputs.astype(float)
    steps = heatmap.sign_steps(heatmap.largest_size(outputs), plane.log)
    drawn = _drawn(view, explore_state, plane, heatmap.sign_levels(outputs, steps), "sign", plane.points[:0])
    name = neuron_name(Neuron(picture_of.layer + 1, picture_of.neuron), view.experiment)
    legend = Line.of((f" {name} ".rjust(LABELS), "strong"), heatmap.sign_legend(steps, glyphs, width - LABELS))
    beside_it = gallery_width(view, width)
    side, room = gallery(view, explore_state, beside_it, height - ABOVE - UNDER + 1), width - beside_it - 2
    here = float(outputs[drawn.row, drawn.column])
    if explore_state.cursor is None and view.snapshot is not None and view.snapshot.trace is not None:
        here = float(view.snapshot.trace.layers[picture_of.layer].post[picture_of.neuron])
    handed = Line.of((f" {name}", "strong"), (tr(" hands on "), "dim"), (number(here, glyphs), role_of(here)))
    reach = Line.of(number(picture_of.low, glyphs), (tr(" to "), "dim"), number(picture_of.high, glyphs))
    there, over = tr(" there, from "), (tr(" over this plane"), tr(" here"))
    ways = [(there, over[0]), (there, over[1]), (tr(" from "), "")]
    span = roomiest(width, *(Line.of(handed, (lead, "dim"), reach, (end, "dim")) for lead, end in ways))
    if width < 100:
        blocks = [legend, *beside(drawn.lines, side[: len(drawn.lines)], room)]
    else:
        blocks = beside([legend, *drawn.lines], side, room)
    return [*blocks, cell_line(view, explore_state, plane, drawn), span], drawn.area
