"""Where the diagram's neurons and edges stand: which neurons of wide layers are shown, and what room each part has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

MOST_SPACING = 4
LABEL = 7
"""Columns of a number beside an edge."""
BUS = LABEL + 3
"""Columns that the edges of the chosen neuron take with their numbers."""
WEB = 3
WIDEST_GAP = 26
SIGN_CELL = 3
"""Columns of a neuron for which there is room for no more than its sign."""


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
    """Columns of the screen, from and to, where lines come in; empty for the inputs."""
    strip: int
    """Where the signs of the weights begin; -1 where there is no room for them."""
    cell: int
    """Where the neurons begin."""
    cell_width: int
    index_width: int
    """Columns of the neuron's own number, at the left of its cell; 0 for none."""

    @property
    def end(self) -> int:
        return self.cell + self.cell_width

    def row_of(self, neuron: int) -> int | None:
        """The row of a neuron, None if it is folded away."""
        return self.rows[self.shown.index(neuron)] if neuron in self.shown else None


@dataclass(frozen=True)
class Floorplan:
    """All columns, and the rows from one neuron to the next."""

    columns: tuple[Column, ...]
    spacing: int

    @property
    def has_lower_rows(self) -> bool:
        """Whether each neuron has a row of its own below it for errors, gradients and changes."""
        return self.spacing > 1


Sizes = Callable[[int], Sequence[float] | None]
"""How much each neuron of a column matters; None where nothing is known."""


def fold(count: int, room: int, keep: Collection[int], sizes: Sequence[float] | None) -> tuple[int, ...]:
    """The neurons to show of ``count``: all, or those to keep and then the largest, in order."""
    if count <= room:
        return tuple(range(count))
    order = sorted(range(count), key=(lambda i: (-abs(sizes[i]), i)) if sizes is not None else None)
    picked = [i for i in order if i in keep] + [i for i in order if i not in keep]
    return tuple(sorted(picked[: max(1, room)]))


def floorplan(
    layers: Sequence[int], keep: Sequence[Collection[int]], sizes: Sizes, focus: int, input_width: int,
    number_widths: Sequence[int], width: int, height: int,
) -> Floorplan:  # fmt: skip
    """Give every part its place in ``width`` by ``height``; the first row is left for headings.

    Args:
        layers: neurons in each column.
        keep: for each column the neurons that must be seen.
        sizes: how much each neuron of a column matters.
        focus: the column whose edges are drawn in full.
        input_width: columns that the numbers of the inputs take.
        number_widths: widths to try for the other numbers, the widest first.
    """
    room = max(1, height - (3 if height > 6 else 2))
    spacing = _spacing(max(layers), room)
    shown = []
    for column, count in enumerate(layers):
        fits = _capacity(room, spacing)
        shown.append(fold(count, fits if count <= fits else _capacity(room - 1, spacing), keep[column], sizes(column)))
    rows = [_rows(len(s), len(s) < count, spacing, room) for s, count in zip(shown, layers, strict=True)]
    levels, gaps, number = _shares(layers, shown, focus, input_width, number_widths, width)
    spare = width - _total(layers, shown, levels, gaps, input_width, number)
    more = min(max(0, spare) // max(1, len(gaps)), max(0, WIDEST_GAP - max(gaps)))
    gaps = [gap + more for gap in gaps]
    x = max(0, width - _total(layers, shown, levels, gaps, input_width, number)) // 2
    columns = []
    for c, count in enumerate(layers):
        start = x
        strip = -1
        if c:
            x += gaps[c - 1]
            strip = x + 1 if levels[c] == 2 else -1
            gap = (start, x)
            x += _strip_width(len(shown[c - 1]), layers[c - 1]) if levels[c] == 2 else 1
        else:
            gap = (x, x)
        index = _index_width(len(shown[c]), count)
        cell = _cell_width(c, levels[c], index, input_width, number)
        columns.append(Column(shown[c], count - len(shown[c]), rows[c], gap, strip, x, cell, index if levels[c] else 0))
        x += cell
    return Floorplan(tuple(columns), spacing)


def _spacing(widest: int, room: int) -> int:
    for spacing in range(MOST_SPACING, 0, -1):
        if _capacity(room, spacing) >= widest:
            return spacing
    return 2 if room >= 15 else 1


def _capacity(room: int, spacing: int) -> int:
    return (room - (2 if spacing > 1 else 1)) // spacing + 1 if room > 1 else 1


def _rows(count: int, folded: bool, spacing: int, room: int) -> tuple[int, ...]:
    taken = (count - 1) * spacing + (2 if spacing > 1 else 1) + folded
    top = 1 + max(0, room - taken) // 2
    return tuple(top + i * spacing for i in range(count))


def _shares(
    layers: Sequence[int], shown: Sequence[Sequence[int]], focus: int, input_width: int, number_widths: Sequence[int],
    width: int,
) -> tuple[list[int], list[int], int]:  # fmt: skip
    """Level of detail of each column (2 signs and numbers, 1 numbers, 0 sign alone), gaps, and width of numbers.

    Columns far from the chosen one give way first.
    """
    count = len(layers)
    levels = [2] * count
    gaps = [BUS] * (count - 1)
    for number in number_widths:
        if _total(layers, shown, levels, gaps, input_width, number) <= width:
            return levels, gaps, number
    far = sorted(range(count), key=lambda c: -abs(c - focus))
    for c in far:
        for gap in (c - 1, c):
            if 0 <= gap < count - 1 and gap not in (focus - 1, focus):
                gaps[gap] = WEB
        if _total(layers, shown, levels, gaps, input_width, number) <= width:
            return levels, gaps, number
    for level in (1, 0):
        for c in far:
            levels[c] = level
            if _total(layers, shown, levels, gaps, input_width, number) <= width:
                return levels, gaps, number
    if focus < count - 1:
        gaps[focus] = WEB
    return levels, gaps, number


def _total(
    layers: Sequence[int], shown: Sequence[Sequence[int]], levels: Sequence[int], gaps: Sequence[int], input_width: int,
    number: int,
) -> int:  # fmt: skip
    total = sum(gaps)
    for c, count in enumerate(layers):
        total += _cell_width(c, levels[c], _index_width(len(shown[c]), count), input_width, number)
        if c:
            total += _strip_width(len(shown[c - 1]), layers[c - 1]) if levels[c] == 2 else 1
    return total


def _index_width(shown: int, count: int) -> int:
    return len(str(count - 1)) if shown < count else 0


def _cell_width(column: int, level: int, index: int, input_width: int, number: int) -> int:
    if not level:
        return SIGN_CELL
    return (input_width if column == 0 else number) + 2 + index


def _strip_width(shown: int, count: int) -> int:
    """A blank, a mark for each weight that is shown, one for those folded away, a blank, the bias, and the arrow."""
    return shown + (shown < count) + 4
