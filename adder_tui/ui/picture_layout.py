"""Where the picture's tiles stand: how large they get, which neurons of wide layers are shown, and what goes beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

TILE_WIDTHS = (0, 6, 7, 9, 11, 13, 15, 17)
"""Columns of a tile of so many rows: about square, for a cell is twice as high as wide."""
NARROWEST = (0, 6, 6, 7, 8, 10, 12, 14)
TALLEST = len(TILE_WIDTHS) - 1
NUMBER = 7
"""Columns of a value beside its tile, a blank included."""
LEAST_UNDER = 5
"""Columns of a tile from which on its value has room under it in digits."""
WIDEST_GAP = 26
MOST_AIR = 2
"""Rows that stay free between two neurons at most."""
OUTPUT_WIDTH = 9
"""Columns that the output takes at least, for what stands under it: ``off −98.81``."""
OUTCOME = 3
"""Rows under the output's tiles: what is wanted, how far off it is, and the loss."""

NAMED, LEAST_NAMED = 18, 5
"""Rows from which on the layers' names have one in any case, and the most where there never is one."""
FRUGAL = ((3, 1, 6), (2, 1, 6), (2, 1, 5), (1, 1, 5), (1, 2, 5), (3, 3, 5), (2, 3, 4), (1, 3, 3), (1, 4, 3), (1, 5, 3),
          (1, 6, 2))  # fmt: skip
"""Ways to share narrow windows: the tallest tile, how narrow all is, and the gaps."""


@dataclass(frozen=True)
class Box:
    """A tile and its place; ``height`` 0 for a neuron without one, told by its number alone."""

    width: int
    height: int
    """Rows of the tile."""
    number: int = 0
    """Columns of the value beside it, a blank included; 0 where it stands under the tile or nowhere."""
    under: bool = False
    """Whether its value stands under it."""
    neuron: int = 0
    x: int = 0
    y: int = 0

    @property
    def columns(self) -> int:
        return self.width + self.number

    @property
    def end(self) -> int:
        """The column behind it."""
        return self.x + self.columns

    @property
    def rows(self) -> int:
        return max(1, self.height) + self.under


@dataclass(frozen=True)
class PictureLayout:
    """All boxes, column by column; the inputs have none but places."""

    columns: tuple[tuple[Box, ...], ...]
    """Boxes of the neurons that are shown; those of the inputs have no tile."""
    plane: Box | None
    """The tile for the trained range, between the inputs."""
    wanted: Box | None
    """The tile of what is wanted, beside the output or below it."""
    heading: bool
    """Whether row 0 is left for the layers' names."""
    long_inputs: bool
    """Whether inputs are told as ``a = 30`` rather than as 30."""


@dataclass(frozen=True)
class _Fit:
    """One way to share ``room`` rows and the columns of the screen."""

    layers: Sequence[int]
    inputs: int
    room: int
    tallest: int
    narrow: int
    """0 for the usual widths, 1 for the least that take a number, from 2 on without digits."""
    gap: int
    beside: bool = False
    """Whether what is wanted stands beside the output."""

    @property
    def hidden(self) -> list[Box]:
        """For each hidden layer the largest tile of which so many fit into the rows, or one row for each neuron."""
        return [self._tile(self.room // count - 1) for count in self.layers[1:-1]]

    def _tile(self, most: int) -> Box:
        tall, narrow = min(self.tallest, most), self.narrow
        if tall >= 1:
            width = (TILE_WIDTHS, NARROWEST)[narrow][tall] if narrow < 2 else max(2, 8 - narrow - (narrow > 2))
            return Box(width, tall, under=narrow < 2 or width >= LEAST_UNDER - 1)
        if narrow < 2:
            return Box(6 - narrow, 1, NUMBER)
        return Box(6, 0) if narrow == 2 else Box(max(2, 8 - narrow - 1), 1)

    @property
    def output(self) -> Box:
        """As tall as the hidden ones, three rows where what stands under it has room then: it is wide enough for it."""
        tall = max(self.tallest, 3 if self.room >= 2 * 4 + OUTCOME else 1)
        tall = max(1, min(tall, self.room - 1, 5 if self.room >= 20 else 3))
        return Box((NARROWEST if self.narrow else TILE_WIDTHS)[tall], tall, under=self.room > 1)

    @property
    def output_width(self) -> int:
        least = OUTPUT_WIDTH if self.narrow < 3 else 8
        return max(least, self.output.columns * (2 if self.beside else 1) + 3 * self.beside)

    @property
    def plane_height(self) -> int:
        """Rows of the tile for the trained range; 0 where there is no room for one."""
        return 0 if self.narrow > 1 or self.room < 7 else min(self.output.height, self.room - 4)

    @property
    def input_width(self) -> int:
        return max(self.inputs + 4 * (self.narrow < 2), TILE_WIDTHS[self.plane_height])

    @property
    def taken(self) -> int:
        """Columns that all of it takes without the gaps."""
        return self.input_width + sum(box.columns for box in self.hidden) + self.output_width

    @property
    def total(self) -> int:
        return self.taken + self.gap * (len(self.layers) - 1)


def picture_layout(
    layers: Sequence[int], keep: Sequence[int], inputs: int, wanted: bool, width: int, height: int
) -> PictureLayout:
    """Give every part its place.

    Args:
        layers: neurons in each column.
        keep: for each column a neuron that must be seen.
        inputs: columns that the numbers of the inputs take at most.
        wanted: whether what is wanted is known, so that there is a tile for it.
    """
    room = height - (height >= NAMED)
    fits = (_Fit(layers, inputs, room, *fit) for fit in _fits(room, wanted))
    fit = next((fit for fit in fits if fit.total <= width), _Fit(layers, inputs, room, *FRUGAL[-1]))
    hidden, output, last = fit.hidden, fit.output, fit.output_width
    if room == height and height > LEAST_NAMED:
        room -= all(n * box.rows < height for n, box in zip(layers[1:-1], hidden, strict=True))
    top, fit = height - room, replace(fit, room=room)
    first, plane_height = fit.input_width, fit.plane_height
    taken = first + sum(box.columns for box in hidden) + last
    gap = min(WIDEST_GAP, (width - taken) // (len(layers) - 1))
    x = max(0, width - taken - (len(layers) - 1) * gap) // 2
    if output.columns == last and x + taken + (len(layers) - 1) * gap >= width:
        output = replace(output, width=output.width - 1)  # for the frame's right side
    plane = None
    if plane_height:
        tile = TILE_WIDTHS[plane_height]
        plane = Box(tile, plane_height, x=x + first - tile, y=top + (room - plane_height) // 2)
    columns, place = [_inputs(x, first, top, room, plane_height)], x + first + gap
    for n, box, kept in zip(layers[1:-1], hidden, keep[1:-1], strict=True):
        columns.append(_column(n, replace(box, x=place), kept, top, room))
        place += box.columns + gap
    answer, want = _outcome_boxes(replace(output, x=place), fit.beside, wanted, top, room)
    return PictureLayout((*columns, (answer,)), plane, want, top > 0, fit.narrow < 2)


def _fits(height: int, wanted: bool) -> Iterator[tuple[int, int, int] | tuple[int, int, int, bool]]:
    """From the roomiest to the most frugal: gaps give way first, then widths, then heights, then numbers."""
    tallest = min(TALLEST, max(1, height - 1))
    if wanted:
        yield from ((tallest, 0, gap, True) for gap in (14, 12))
    for high in range(tallest, 2, -1):
        yield from ((high, 0, 9), (high, 1, 8))
    yield from ((min(tallest, high), narrow, gap) for high, narrow, gap in FRUGAL)


def _inputs(x: int, width: int, top: int, room: int, plane: int) -> tuple[Box, ...]:
    """The rows of a and b, above and below the plane; they end where the column ends."""
    middle = top + (room - 1) / 2
    away = max(plane / 2 + 1, room / 4) if room > 3 else 1
    rows = int(middle - away + 0.5), min(top + room - 1, int(middle + away + 0.5))
    return tuple(Box(width, 0, neuron=i, x=x, y=max(top, y)) for i, y in enumerate(rows))


def _column(count: int, box: Box, kept: int, top: int, room: int) -> tuple[Box, ...]:
    """A column of boxes in the middle of the rows; where they do not all fit, those around the one that is kept."""
    shown = count if count * box.rows <= room else max(1, (room - 1) // box.rows)
    first = 0 if shown == count else max(0, min(kept - shown // 2, count - shown))
    air = min(MOST_AIR, (room - shown * box.rows) // max(1, shown - 1)) if shown > 1 and shown == count else 0
    start = top if shown < count else top + (room - shown * box.rows - (shown - 1) * air) // 2
    return tuple(replace(box, neuron=first + i, y=start + i * (box.rows + air)) for i in range(shown))


def _outcome_boxes(output: Box, beside: bool, wanted: bool, top: int, room: int) -> tuple[Box, Box | None]:
    """The output's box in the middle, as far up as what stands under it asks for; and the box of what is wanted."""
    want, rows = None, output.rows + OUTCOME
    if beside:
        want = replace(output, x=output.end + 3, under=True)
    elif wanted and room >= 2 * output.rows + OUTCOME:
        want = replace(output, under=True)
        rows += output.height + 1
    y = max(top, min(top + (room - output.height) // 2, top + room - rows))
    return replace(output, y=y), want and replace(want, y=y if beside else y + output.rows + 1)
