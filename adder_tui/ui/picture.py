"""The network as a picture: every edge in its sign and size, every neuron a tile of what it makes of all sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, cast

import numpy as np

from adder_engine.language import tr
from adder_tui.selection import Neuron, Parameter
from adder_tui.ui.heatmap import HALF, PLANE, SIGNS, UNKNOWN, Dots, largest_size
from adder_tui.ui.line import Role, Span, Tone
from adder_tui.ui.network_values import OUTCOME, Drawn, NetworkDrawing, OutcomeName
from adder_tui.ui.numbers import role_of
from adder_tui.ui.phrases import compact, sign_mark
from adder_tui.ui.picture_layout import LEAST_UNDER, Box, PictureLayout, picture_layout
from adder_tui.ui.view import ClickTarget, ViewState

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import Doubles, Floats
    from adder_tui.ui.heatmap import Levels

STRONGEST = 4
"""Sizes of edges go from 0, next to nothing, to this, beside the largest weight of the layer."""
SIZE_BEGINS = (0.04, 0.25, 0.5, 0.75)
BRIGHTEST = 5
"""Levels of a tile go from −5 to 5, beside the largest output in it."""
REACH = 1.25
"""The plane of the tiles reaches so many times as far from 0 as the training range."""
FEW_EDGES, CROWDED = 20, 40
"""Lines between two columns up to which the thickest have three dots, and from which on all have one."""
NARROW, ROOMY = 8, 14
"""Columns between them that lines of two dots and of three take."""
DASH, PAUSE = 6, 3
"""Dots of a line below 0: so many are drawn, so many left out."""
SPACING, SPARSE = (6, 2, 1, 1, 1), (9, 7, 6, 5, 4)
"""From dot to dot of lines by their size; of those in a crowd that are neither among its strongest nor the cursor's."""
MOST_KEPT = 16
"""Kept edges of a layer that are marked one by one."""


def reach_of_plane(experiment: Experiment) -> float:
    """How far the tiles' plane reaches from 0, in a and in b: the same to all sides, so that 0 is in the middle."""
    return REACH * (max(abs(limit) for limits in experiment.trained_range for limit in limits) or 1.0)


def plane_points(experiment: Experiment, columns: int, rows: int) -> Doubles:
    """The sums in the middles of a tile's cells, ``(rows · columns, 2)``: a rises to the right, b upwards."""
    reach = reach_of_plane(experiment)
    a = ((np.arange(columns) + 0.5) / columns * 2 - 1) * reach
    b = (1 - (np.arange(rows) + 0.5) / rows * 2) * reach
    down, across = np.meshgrid(b, a, indexing="ij")
    return np.stack([across.ravel(), down.ravel()], axis=1)


def tile_levels(values: Doubles) -> Levels:
    """Levels −5 to 5 by sign and size beside the largest finite one; what is no number is UNKNOWN."""
    largest = largest_size(values)
    with np.errstate(all="ignore"):
        share = np.clip(values / largest if largest else values * 0, -1, 1)
    levels = np.where(np.isfinite(share), np.trunc(np.nan_to_num(share) * BRIGHTEST + np.copysign(0.5, share)), UNKNOWN)
    return levels.astype(np.int64)


def edge_size(weight: float, largest: float) -> int:
    """0 for next to nothing up to 4 for the largest weights of a layer."""
    if math.isinf(weight):
        return STRONGEST
    if not largest or math.isnan(weight):
        return 0
    share = abs(weight) / largest
    return sum(share >= begins for begins in SIZE_BEGINS)


@lru_cache(maxsize=64)
def _wanted_levels(experiment: Experiment, columns: int, rows: int) -> Levels:
    points = plane_points(experiment, columns, rows).tolist()
    answers = [experiment.wanted.of(a, b) for a, b in points]
    levels = np.array([np.nan if x is None else x for x in answers]).reshape(rows, columns)
    return tile_levels(2 * levels - 1 if experiment.is_yes_or_no else levels)  # as the log-odds: above 0 for yes


@dataclass(frozen=True)
class Picture(Drawn):
    """The drawing, and where everything stands."""

    layout: PictureLayout


def picture(view: ViewState, width: int, height: int) -> Picture:
    """Draw the network in ``width`` by ``height`` cells."""
    drawing = _PictureDrawing(view, width, height)
    for column in range(1, len(drawing.layers)):
        drawing.draw_edges(column)
    for column in range(len(drawing.layers)):
        drawing.draw_column(column)
    drawing.draw_plane()
    drawing.draw_outcome()
    return Picture(drawing.grid.lines(), drawing.spots, drawing.plan)


@dataclass(frozen=True)
class _Edge:
    """A weight as a line between two boxes."""

    index: int
    value: float
    size: int
    dimmer: int
    """By how many steps it is darker than the cursor's."""
    own: bool
    """Whether it is the cursor's: the chosen one, or one that enters or leaves the chosen neuron."""
    chosen: bool
    source: Box
    to: Box

    @property
    def rank(self) -> tuple[bool, int, float, int]:
        return self.own, self.size, abs(self.value), self.index


class _PictureDrawing(NetworkDrawing):
    """A view's numbers, and the picture that comes about."""

    def __init__(self, view: ViewState, width: int, height: int) -> None:
        super().__init__(view, width, height)
        self.shaded = view.colours == "many" and not view.glyphs.ascii
        """Whether a cell holds two values of a tile by its colours, or one by its character."""
        self.halves = 2 if self.shaded else 1
        """Rows of a tile's values in a row of cells."""
        keep = [0] * len(self.layers)
        keep[self.column] = self.neuron
        if self.source is not None:
            keep[self.column - 1] = min(self.source, self.layers[self.column - 1] - 1)
        is_known = view.experiment.wanted.rule != "rows"
        self.plan = picture_layout(self.layers, keep, max(2, *map(len, self.inputs)), is_known, width, height)
        self._grids: dict[tuple[int, int], list[Floats]] = {}

    # --- edges -----------------------------------------------------------------------------------

    def draw_edges(self, c: int) -> None:
        """All lines from the neurons of the column before to those of column ``c``, the stronger over the weaker."""
        before, here = self.plan.columns[c - 1], self.plan.columns[c]
        x0, x1 = before[0].end + 1, here[0].x - 1
        if self.weights is None or x1 <= x0:
            return
        crowd = len(before) * len(here)
        most = 1 if crowd > CROWDED else 2 if crowd > FEW_EDGES or x1 - x0 < ROOMY else 3
        most = 1 if x1 - x0 < NARROW or not self.glyphs.dots else most
        clear = crowd if crowd <= CROWDED else 2 * (x1 - x0)
        dashed = self.view.colours != "many"
        cells: dict[tuple[int, int], tuple[int, Role, _Edge]] = {}
        """Each cell is the first line's that runs through it, so the strongest come first."""
        edges = sorted(self._edges(c), key=lambda edge: edge.rank, reverse=True)
        for rank, edge in enumerate(edges):
            size, is_below = edge.size, edge.value < 0
            is_clear = edge.own or rank < clear
            thickness = 3 if edge.chosen else min(most, max(1, size - 1))
            every = 1 if edge.chosen else (SPACING if is_clear else SPARSE)[size]
            bright = max(1, size - edge.dimmer)
            role: Role = Tone("edge", bright if edge.value > 0 else -bright, 0) if size else "faint"
            ends = _middle(edge.source), _middle(edge.to)
            for cell, bits in dots_of_line(2 * (x1 - x0), *ends, thickness, every, dashed and size > 0 and is_below):
                if (there := cells.get(cell)) is None:
                    cells[cell] = bits, role, edge
                elif (there[2].value > 0) == (edge.value > 0) and is_clear and (self.glyphs.dots or crowd <= FEW_EDGES):
                    cells[cell] = there[0] | bits, *there[1:]  # both are seen, in the colour of the first
        for (x, y), (bits, role, edge) in cells.items():
            self.grid.put(x0 + x, y, self._edge_character(bits, edge), role)
        for edge in edges:
            self._label(edge, x0, x1)
        self._bias(c, x1)

    def _edges(self, c: int) -> Iterator[_Edge]:
        """The edges into a column; where neurons are folded, one stands for all of theirs: the strongest."""
        tensor = self.layout.weight(c - 1)
        assert self.weights is not None
        weights = self.weights[tensor.span].reshape(tensor.shape)
        lit, largest = self._lit_by(c), largest_size(weights)
        for to, source in product(self._ends(c), self._ends(c - 1)):
            if min(source.neuron, to.neuron) < 0:
                before, here = self._neurons_at(c - 1, source), self._neurons_at(c, to)
                sizes = np.nan_to_num(np.abs(weights[np.ix_(here, before)]), nan=-1)
                row, place = divmod(int(sizes.argmax()), len(before))
                source, to = replace(source, neuron=before[place]), replace(to, neuron=here[row])
            index, value = self.index_of(c, to.neuron, source.neuron), float(weights[to.neuron, source.neuron])
            own = self._is_own(c, to.neuron, source.neuron)
            size = edge_size(value, largest) if lit is None else lit[index - tensor.start]
            dimmer = 0 if own else 2 if self.source is not None else int(lit is None)
            chosen = self.view.selection == Parameter(index)
            yield _Edge(index, value, size, dimmer, own, chosen, source, to)

    def _edge_character(self, bits: int, edge: _Edge) -> str:
        """Braille's dots, quarters of blocks, or a character that tells sign and size."""
        if not self.glyphs.ascii:
            return Dots.character(bits, self.glyphs)
        strokes = self.glyphs.edges
        marks = strokes.plus if edge.value > 0 else strokes.minus
        return marks[0 if edge.size < 2 else 1 if edge.size < STRONGEST else 2] if edge.size else strokes.zero

    def _ends(self, c: int) -> tuple[Box, ...]:
        """The boxes of a column; where neurons are folded, one of neuron −1 in the row that counts them."""
        boxes = self.plan.columns[c]
        if len(boxes) == self.layers[c]:
            return boxes
        return *boxes, replace(boxes[-1], neuron=-1, y=boxes[-1].y + boxes[-1].rows, height=0, under=False)

    def _neurons_at(self, c: int, box: Box) -> list[int]:
        shown = {box.neuron for box in self.plan.columns[c]}
        return [box.neuron] if box.neuron >= 0 else [n for n in range(self.layers[c]) if n not in shown]

    def _is_own(self, c: int, neuron: int, source: int) -> bool:
        """Whether an edge is the chosen one, or enters or leaves the chosen neuron."""
        enters = c == self.column and neuron == self.neuron
        if self.source is not None:
            return enters and source == self.source
        return enters or (c - 1 == self.column and source == self.neuron)

    def _lit_by(self, c: int) -> list[int] | None:
        """Sizes by what the phase brings to each weight of a layer, gradient or change; None where weights count."""
        stage, brought = self.reach.stage, self.brought
        if brought is None or stage is None or self.view.snapshot is None or self.view.snapshot.status == "playing":
            return None
        if self.reach.between and self.view.step_size not in ("layer", "phase"):
            return None
        if stage.phase == "backward" and not self.reach.has_error(c - 1):
            return None
        found = brought[self.layout.weight(c - 1).span]
        largest = largest_size(found)
        return [edge_size(value, largest) for value in found.tolist()]

    def _label(self, edge: _Edge, x0: int, x1: int) -> None:
        """The number of the chosen edge on its line, and the mark of a kept one."""
        x, y = (x0 + x1) // 2, (_middle(edge.source) + _middle(edge.to)) // 8
        if edge.chosen and x1 - x0 > NUMBER_ROOM:
            text = self.glyphs.current + compact(edge.value, 7, self.glyphs, 4, sign=True)
            self.grid.put(x - len(text) // 2, y, text, "chosen")
        elif edge.index in self.kept and len(self.kept) <= MOST_KEPT:
            self.grid.put(x, y, self.glyphs.kept, "accent")
        self.spots.append(ClickTarget(x, y, 1, Parameter(edge.index)))

    def _bias(self, c: int, x1: int) -> None:
        """The chosen bias beside its neuron."""
        if self.weights is None or c != self.column or self.source != self.layers[c - 1]:
            return
        box = next((box for box in self.plan.columns[c] if box.neuron == self.neuron), None)
        if box is not None:
            index = self.index_of(c, box.neuron, self.source)
            value = compact(float(self.weights[index]), 7, self.glyphs, 4, sign=True)
            text = f"{self.glyphs.current}b {value}"
            self.grid.put(max(0, x1 - len(text)), box.y + box.rows - 1, text, "chosen")

    # --- neurons ---------------------------------------------------------------------------------

    def draw_column(self, c: int) -> None:
        """The neurons of a column, what is folded away, and its name."""
        boxes = self.plan.columns[c]
        for box in boxes:
            if not c:
                self._input(box)
            else:
                self._neuron(c, box)
            here = Neuron(c, box.neuron)
            for y in range(box.rows):
                self.spots.insert(0, ClickTarget(box.x, box.y + y, box.columns, here))
        first = boxes[0]
        if folded := self.layers[c] - len(boxes):
            self.grid.put(first.x, boxes[-1].y + boxes[-1].rows, self.more_text(folded, first.columns + 2), "dim")
        if self.plan.heading:
            text, role = self.heading(c, first.columns + 2, first.columns)
            x = first.x + max(0, (first.columns - len(text)) // 2) if c else max(0, first.end - len(text))
            self.grid.put(x, 0, text, role)

    def _input(self, box: Box) -> None:
        text = self.inputs[box.neuron]
        name = f"{'ab'[box.neuron]} = " if self.plan.long_inputs else ""
        chosen = self.view.selection == Neuron(0, box.neuron)
        x = box.end - len(name + text)
        self.grid.put(x, box.y, name, "dim")
        self.grid.put(x + len(name), box.y, text, "chosen" if chosen else "strong")

    def _neuron(self, c: int, box: Box) -> None:
        """A tile and its value, which is the neuron's error once the backward pass has come there."""
        here = Neuron(c, box.neuron)
        chosen = self.view.selection == here
        errors, values = self.errors(c), self.values(c)
        is_error = errors is not None and self.has_error(c, box.neuron)
        found = errors if is_error else values if self.has_value(c, box.neuron) else None
        number = None if found is None else float(found[box.neuron])
        largest = 0.0 if found is None else largest_size(found)
        room = box.number - 1 if box.number else box.width
        text, role = (self.glyphs.none if values is None else self.glyphs.ellipsis), cast(Role, "dim")
        if number is not None:
            text, role = self.value_text(number, room - (is_error and room >= LEAST_UNDER)), role_of(number)
        if self.is_muted(c, box.neuron):
            text, role = (tr("muted") if room >= len(tr("muted")) else self.glyphs.muted), "faint"
        if box.height:
            share = number / (largest or 1) if is_error and number is not None else None
            self._fill(box, self._levels(c, box, share), self._tile_cell)
        elif not text and number is not None:
            text, role = sign_mark(number, largest, self.glyphs)
        if is_error and len(text) + 1 <= room:
            text = self.glyphs.delta + " " * (len(text) + 2 <= room) + text
        x, y = (box.x + (box.width - len(text) + 1) // 2, box.y + box.height) if box.under else (
            box.end - len(text), box.y)  # fmt: skip
        if box.under or box.number or not box.height or (chosen and number is not None):  # the last in its tile's place
            self.grid.put(x, y, text, "chosen" if chosen else role)
        if chosen:
            self._outline(box)

    def _outline(self, box: Box) -> None:
        """Around a tile: at its sides always, above and below where nothing stands and there is a row."""
        left, right = box.x - 1, box.end
        side, flat = ("|", "-") if self.glyphs.ascii else ("│", "─")
        corners = "++++" if self.glyphs.ascii else "┌┐└┘"
        if box.rows == 1:
            self.grid.put(left, box.y, "[", "accent")
            self.grid.put(right, box.y, "]", "accent")
            return
        for y in range(box.y, box.y + box.height):
            ends = corners[:2] if y == 0 else 2 * side  # no row is left above it
            self.grid.put(left, y, ends[0], "accent")
            self.grid.put(right, y, ends[1], "accent")
        for y, pair in ((box.y - 1, corners[:2]), (box.y + box.height, corners[2:])):
            for x in range(left, right + 1):
                mark = pair[0] if x == left else pair[1] if x == right else flat
                if self.grid.is_blank(x, y) or x in (left, right):
                    self.grid.put(x, y, mark, "accent")

    # --- tiles -----------------------------------------------------------------------------------

    def _levels(self, c: int, box: Box, error: float | None) -> Levels:
        """The levels of a neuron's tile: of its error, beside the layer's largest, or of its values, once they came."""
        size = (box.width, box.height * self.halves)
        levels = np.zeros(size[::-1], dtype=np.int64)
        if error is not None:
            levels[:] = round(error * BRIGHTEST) if math.isfinite(error) else UNKNOWN
        elif self.weights is not None and self.trace is not None and self.has_value(c, box.neuron):
            if size not in self._grids:
                from adder_engine.analysis.grids import neuron_grids  # brings the kernels: after the first paint

                experiment, scale = self.view.experiment, self.view.scales.inputs
                muted = self.view.snapshot.muted if self.view.snapshot else ()
                self._grids[size] = neuron_grids(
                    experiment, self.weights, plane_points(experiment, *size), muted, scale
                )
            levels = tile_levels(self._grids[size][c - 1][box.neuron].astype(np.float64).reshape(levels.shape))
        return levels

    def _fill(self, box: Box, levels: Levels, cell: Callable[[int, int], Span]) -> None:
        """Levels in a box's cells, of which each tells an upper and a lower half where they are shaded."""
        rows: list[list[int]] = levels.tolist()
        for y, (upper, lower) in enumerate(
            zip(rows[:: self.halves], rows[self.halves - 1 :: self.halves], strict=True)
        ):
            self.grid.put_spans(box.x, box.y + y, map(cell, upper, lower))

    def _tile_cell(self, upper: int, lower: int) -> Span:
        if UNKNOWN in (upper, lower):
            return "?", "faint"
        tone = Tone("tile", upper, lower)
        if self.shaded:
            return (HALF if upper != lower else " "), tone
        level = (abs(upper) + 1) // 2
        return SIGNS[(level if upper > 0 else -level) + 3], tone

    def _plane_cell(self, upper: int, lower: int) -> Span:
        if self.shaded:
            return HALF, Tone("plane", upper, lower)
        roles: tuple[Role, ...] = ("faint", "dim", "accent")
        return PLANE[upper], roles[upper]

    def draw_plane(self) -> None:
        """Between the inputs the plane that all tiles are over: what of it was trained on, and the current sum."""
        box, experiment = self.plan.plane, self.view.experiment
        if box is None:
            return
        rows, columns, reach = box.height * self.halves, box.width, reach_of_plane(experiment)
        levels = np.zeros((rows, columns), dtype=np.int64)
        (a0, a1), (b0, b1) = experiment.trained_range
        levels[np.ix_(_pixels(-b1, -b0, reach, rows), _pixels(a0, a1, reach, columns))] = 1
        if self.view.snapshot is not None:
            asked = self.view.snapshot.asked.sum
            levels[_pixel(-asked.b, reach, rows), _pixel(asked.a, reach, columns)] = 2
        self._fill(box, levels, self._plane_cell)

    # --- the outcome -----------------------------------------------------------------------------

    def draw_outcome(self) -> None:
        """What is wanted as a tile, and under the output in numbers, in units of sums."""
        box, want = self.plan.columns[-1][0], self.plan.wanted
        if want is not None and self.trace is not None:
            rows = want.height * self.halves
            self._fill(want, _wanted_levels(self.view.experiment, want.width, rows), self._tile_cell)
        sentence = self.outcome
        is_beside = want is not None and want.y == box.y
        right = min(self.grid.width, max(box.x + OUTPUT_ROOM, *(b.end for b in (box, want or box))))
        y = box.y + box.rows
        if self.has_no_truth:
            for i, words in enumerate((tr("no truth"), tr("known")), len(sentence)):
                self.grid.put(box.x, y + i, words, "dim")
        for label, value, role in sentence:
            if label == "want" and want is not None:
                y = want.y + want.height
            beside = label == "want" and is_beside
            x = right if not is_beside else want.x if beside and want else box.x
            self._outcome_row(label, value, role, x, y, right)
            y = box.y + box.rows if beside else y + 1

    def _outcome_row(self, label: OutcomeName, value: float, role: Role, x: int, y: int, right: int) -> None:
        """A number with its label, cut short or left out where there is no room: from ``x`` on, or up to the right."""
        lit = self.reach.stage is not None and self.reach.stage.phase == "loss" and "loss" in label
        names = (*(f"{name} " for name in OUTCOME[label]), "")
        wide = [(names[0], room, 1) for room in (OUTPUT_ROOM, OUTPUT_ROOM - 2) if x == right]
        for name, room, gap in [*wide, *((name, max(5, right - x - len(name)), 0) for name in names)]:
            text = self.outcome_text(label, value, room)
            start = min(x, right - len(name + text))
            if self.grid.is_blank(start - gap, y, len(name + text) + gap):
                self.grid.put(start, y, name, "active" if lit else "dim")
                self.grid.put(start + len(name), y, text, role)
                return


OUTPUT_ROOM = 9
NUMBER_ROOM = 9
"""Columns of a gap from which on the chosen edge's number stands on it."""


def _pixel(value: float, reach: float, count: int) -> int:
    """The cell of a tile that a number lies in; what lies beyond the plane is at its border."""
    return max(0, min(count - 1, round((value / reach + 1) / 2 * count - 0.5)))


def _pixels(low: float, high: float, reach: float, count: int) -> range:
    """The cells of a tile whose middles lie in a span; the nearest one where there is none."""
    first, last = (x * count / 2 for x in (low / reach + 1, high / reach + 1))
    middle = _pixel((low + high) / 2, reach, count)
    return range(math.ceil(first - 0.5), math.floor(last - 0.5) + 1) or range(middle, middle + 1)


def _middle(box: Box) -> int:
    """The row of dots in which a neuron's lines begin and end."""
    return 4 * box.y + 2 * max(1, box.height) - (box.height % 2 == 0)


Dotted = tuple[tuple[tuple[int, int], int], ...]
"""Cells, each with its dots."""


@lru_cache(maxsize=8192)
def dots_of_line(width: int, y0: int, y1: int, thickness: int, every: int, dashed: bool) -> Dotted:
    """The cells that a line runs through with their dots; it is ``width`` dots wide.

    It has a dot in ``every`` so many places; one that is ``dashed`` has gaps.
    """
    cells: dict[tuple[int, int], int] = {}
    steep = abs(y1 - y0) > width
    steps = max(width - 1, abs(y1 - y0), 1)
    for i in range(0, steps + 1, every):
        if dashed and i % (DASH + PAUSE) >= DASH:
            continue
        x, y = round((width - 1) * i / steps), round(y0 + (y1 - y0) * i / steps)
        for beside in range(-((thickness - 1) // 2), thickness // 2 + 1):
            dx, dy = (x + beside, y) if steep else (x, y + beside)
            if 0 <= dx < width and dy >= 0:
                cell = (dx // 2, dy // 4)
                cells[cell] = cells.get(cell, 0) | Dots.bit(dx, dy)
    return tuple(cells.items())
