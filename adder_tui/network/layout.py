"""Where the diagram's neurons and edges stand: which neurons of wide layers are shown, and what room each part has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

LEAST_SPACING, MOST_SPACING = 2, 4
"""Rows from one neuron to the next: its own, and at least the one below it, for errors, gradients and changes."""
LABEL = 7
"""Columns of a number beside an edge."""
BUS = LABEL + 2
"""Columns that the edges of the chosen neuron take at least with their numbers; a blank follows them."""
WEB = 3
"""Columns that lines without numbers take at least."""
WIDEST_GAP = 26
NUMBER_WIDTHS = (8, 6)
"""Columns of a neuron's number, the widest first."""
TINY_WIDTHS = (4, 3)
"""The same for layers far from the cursor where there is little room; one column takes the number's sign alone."""
LEAST_INDEXED = 5
"""Columns of a number from which on there is room for the neuron's own number too."""
MANY, FEW = 6, 3
"""So many neurons of a layer are left before numbers of far layers get short, and before these give up any."""
SOME = 2
"""So many layers give up their numbers before neurons of a layer that would all fit are folded away."""


@dataclass(frozen=True)
class Column:
    """One column of neurons, and the edges that lead into it."""

    shown: tuple[int, ...]
    """Neurons that are drawn, in order."""
    hidden: int
    """How many are folded away."""
    rows: tuple[int, ...]
    """The row of each neuron that is shown."""
    gap: tuple[int, int]
    """Columns of the screen, from and to, where lines come in; empty where there is no room for lines."""
    marks: int
    """Where the marks of the weights begin, one for each neuron that is shown before this column."""
    fold: int
    """Where they end: a blank, or a mark for those folded away."""
    bias: int
    arrow: int
    """Where an arrow stands while the phase is at work here; where there is no room, in the place of a bracket."""
    cell: int
    """Where the neurons begin."""
    cell_width: int
    index_width: int
    """Columns of the neuron's own number, at the left of its cell; 0 for none."""

    @property
    def number_width(self) -> int:
        """Columns of the neurons' values."""
        return self.cell_width - 2 - self.index_width

    @property
    def end(self) -> int:
        return self.cell + self.cell_width

    def row_of(self, neuron: int) -> int | None:
        """The row of a neuron, None if it is folded away."""
        return self.rows[self.shown.index(neuron)] if neuron in self.shown else None


Sizes = Callable[[int], Sequence[float] | None]
"""How much each neuron of a column matters; None where nothing is known."""


def fold(count: int, room: int, keep: Collection[int], sizes: Sequence[float] | None) -> tuple[int, ...]:
    """The neurons to show of ``count``: all, or those to keep and then the largest, in order."""
    if count <= room:
        return tuple(range(count))
    order = sorted(range(count), key=(lambda i: (-abs(sizes[i]), i)) if sizes is not None else None)
    picked = [i for i in order if i in keep] + [i for i in order if i not in keep]
    return tuple(sorted(picked[: max(1, room)]))


def layout(
    layers: Sequence[int], keep: Sequence[Collection[int]], sizes: Sizes, focus: int, input_width: int,
    lines: bool, below: int, width: int, height: int,
) -> list[Column]:  # fmt: skip
    """Give every part its place in ``width`` by ``height``; the first row is left for headings.

    Args:
        layers: neurons in each column.
        keep: for each column the neurons that must be seen.
        sizes: how much each neuron of a column matters.
        focus: the column whose edges are drawn in full.
        input_width: columns that the numbers of the inputs take.
        lines: whether there are lines between the other columns.
        below: rows that the last column needs below its neuron.
    """
    room = height - 1
    most = room // LEAST_SPACING
    if max(layers) > most:
        most = (room - 1) // LEAST_SPACING  # a row for the count of those folded away
    scales = [*_scales(partial(_Scale, layers, input_width), layers, max(1, focus), most, lines)]
    scale = next((s for s in scales if s.total <= width), scales[-1])
    shown = [fold(count, scale.most, keep[c], sizes(c)) for c, count in enumerate(layers)]
    rows = _rows(layers, [len(s) for s in shown], room, below)
    gaps = _widened(scale, width)
    total = scale.total - sum(scale.gaps) + sum(gaps)
    x = max(0, width - total) // 2
    columns = []
    for c, count in enumerate(layers):
        gap = (x, x + gaps[c])
        marks = x = gap[1] + scale.lead(c)
        fold_at = bias = arrow = x
        if c:
            folded = len(shown[c - 1]) < layers[c - 1]
            fold_at = marks + len(shown[c - 1])
            bias = fold_at + (folded if scale.tight else 1 + (scale.roomy and folded))
            arrow = bias + 1 if scale.roomy else fold_at
            x = bias + 1 + scale.roomy
        index, cell = scale.index_width(c), scale.cell_width(c)
        arrow = x + index if scale.tight else arrow
        columns.append(
            Column(shown[c], count - len(shown[c]), rows[c], gap, marks, fold_at, bias, arrow, x, cell, index)
        )
        x += cell
    return columns


@dataclass(frozen=True)
class _Scale:
    """How much room the parts get."""

    layers: Sequence[int]
    input_width: int
    numbers: tuple[int, ...]
    """Columns of a neuron's number, for each column of neurons; 1 for its sign alone."""
    web: int
    """Columns of lines without numbers."""
    buses: Collection[int]
    """Columns into which the edges come with their numbers."""
    roomy: bool
    """Whether marks have blanks around them."""
    most: int
    """Neurons that are shown of one layer."""
    tight: bool = False
    """Whether not even a blank parts the marks of weights from that of the bias."""

    def lead(self, column: int) -> int:
        """Blanks before the marks."""
        return int(column > 0 and (self.roomy or column in self.buses))

    @property
    def gaps(self) -> list[int]:
        return [0, *(BUS if c in self.buses else self.web for c in range(1, len(self.layers)))]

    def index_width(self, column: int) -> int:
        count = self.layers[column]
        return len(str(count - 1)) if self.most < count and self.numbers[column] >= LEAST_INDEXED else 0

    def cell_width(self, column: int) -> int:
        number = self.numbers[column] if column or self.numbers[0] == 1 else self.input_width
        return number + 2 + self.index_width(column)

    @property
    def total(self) -> int:
        """Columns that all of it takes."""
        cells = sum(map(self.cell_width, range(len(self.layers))))
        beside = 1 if self.tight else 3 if self.roomy else 2
        marks = sum(
            self.lead(c) + min(count, self.most) + beside + ((self.roomy or self.tight) and count > self.most)
            for c, count in enumerate(self.layers[:-1], start=1)
        )
        return cells + marks + sum(self.gaps)


def _scales(make: Callable[..., _Scale], layers: Sequence[int], focus: int, most: int, lines: bool) -> Iterator[_Scale]:
    """From the roomiest to the most frugal: numbers beside far edges give way first, then those beside any and the
    digits of far neurons, marks and biases never.
    """
    last = len(layers) - 1
    one: tuple[int, ...] = (focus,)
    both = (focus, min(focus + 1, last))
    wide, narrow = ((width,) * len(layers) for width in NUMBER_WIDTHS)
    for numbers in (wide, narrow):
        yield make(numbers, BUS * lines, both, True, most)
    for roomy, buses, web in (
        (True, both, WEB), (False, both, WEB), (False, both, 0), (False, one, WEB), (False, one, 0),
    ):  # fmt: skip
        yield make(narrow, web * lines, buses, roomy, most)
    for fewer in range(most - 1, MANY - 1, -1):
        yield make(narrow, 0, one, False, fewer)
    far = sorted((c for c in range(1, last) if c != focus), key=lambda c: -abs(c - focus))
    for buses in (one, ()):
        for tight in (False, True):
            for n in range(len(far) + 1):
                yield make(_short(layers, far, n), 0, buses, False, most, tight)
    short = _short(layers, far, len(far))
    whole = max(layers) <= most
    for fewer in (most, *range(most - 1, FEW - 1, -1)):
        for signs in range(SOME + 1 if whole else 1):  # rather than fold away whole neurons
            yield make(_signs(short, far, signs), 0, (), False, fewer, True)
    for signs in range(1, len(far) + 1):
        yield make(_signs(short, far, signs), 0, (), False, min(most, FEW), True)
    for fewer in range(min(most, FEW), 1, -1):
        for number in (narrow[0], *TINY_WIDTHS):
            cells = (number if c == focus else 1 for c in range(last))
            yield make((*cells, narrow[0]), 0, (), False, fewer, True)
    for fewer in range(most, 0, -1):
        yield make((*[1] * last, narrow[0]), 0, (), False, fewer)


def _short(layers: Sequence[int], far: Sequence[int], shortest: int) -> tuple[int, ...]:
    """Widths of numbers: tiny ones in the far columns, the least in so many of the farthest."""
    widths = [NUMBER_WIDTHS[-1]] * len(layers)
    for n, column in enumerate(far):
        widths[column] = TINY_WIDTHS[n < shortest]
    return tuple(widths)


def _signs(numbers: Sequence[int], far: Sequence[int], count: int) -> tuple[int, ...]:
    """The widths with signs alone in so many of the farthest columns."""
    return tuple(1 if c in far[:count] else width for c, width in enumerate(numbers))


def _widened(scale: _Scale, width: int) -> list[int]:
    """The gaps with what room is left over, where there are lines."""
    gaps = scale.gaps
    growing = sum(gap > 0 for gap in gaps)
    if not growing:
        return gaps
    more = min((width - scale.total) // growing, WIDEST_GAP - max(gaps))
    return [gap + max(0, more) if gap else 0 for gap in gaps]


def _rows(layers: Sequence[int], shown: Sequence[int], room: int, below: int) -> list[tuple[int, ...]]:
    """The rows of each column's neurons, in the middle of what the highest column takes.

    Two rows at the bottom are for the bias of the chosen neuron and what the phase brings to it, if there is room.
    """
    highest = max(shown)
    spacing = next(
        (s for s in range(MOST_SPACING, LEAST_SPACING, -1) if (highest - 1) * s + 2 <= room - 2), LEAST_SPACING
    )
    taken = [(n - 1) * spacing + 2 + (n < count) for n, count in zip(shown, layers, strict=True)]
    area = max(*taken, room - 2)
    tops = [1 + (area - rows) // 2 for rows in taken]
    tops[-1] = max(1, min(tops[-1], room + 1 - 2 - below))
    return [tuple(top + i * spacing for i in range(n)) for top, n in zip(tops, shown, strict=True)]
