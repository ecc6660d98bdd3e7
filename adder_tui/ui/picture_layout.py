"""Where the picture's tiles stand: how large they get, which neurons of wide layers are shown, and what goes beside."""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True)
class Box:
    """A tile and its place; ``height`` 0 for a neuron without one, told by its number alone."""

    neuron: int
    x: int
    y: int
    width: int
    height: int
    """Rows of the tile."""
    number: int
    """Columns of the value beside it, a blank included; 0 where it stands under the tile or nowhere."""
    under: bool
    """Whether its value stands under it."""

    @property
    def end(self) -> int:
        """The column behind it."""
        return self.x + self.width + self.number

    @property
    def rows(self) -> int:
        return max(1, self.height) + self.under


@dataclass(frozen=True)
class PictureLayout:
    """All boxes, column by column; the inputs have none but places."""

    columns: tuple[tuple[Box, ...], ...]
    """Boxes of the neurons that are shown; those of the inputs have no tile."""
    above: tuple[int, ...]
    """How many neurons of each column are folded away above those that are shown."""
    below: tuple[int, ...]
    plane: Box | None
    """The tile for the trained range, between the inputs."""
    wanted: Box | None
    """The tile of what is wanted, beside the output or below it."""
    heading: bool
    """Whether row 0 is left for the layers' names."""
    long_inputs: bool
    """Whether inputs are told as ``a = 30`` rather than as 30."""


@dataclass(frozen=True)
class _Form:
    """How the neurons of one column look."""

    height: int
    width: int
    number: int = 0
    under: bool = False

    @property
    def columns(self) -> int:
        return self.width + self.number

    @property
    def rows(self) -> int:
        return max(1, self.height) + self.under


@dataclass(frozen=True)
class _Fit:
    """One way to share the columns of the screen."""

    tallest: int
    narrow: int
    """0 for the usual widths, 1 for the least that take a number, from 2 on without digits."""
    gap: int
    beside: bool = False
    """Whether what is wanted stands beside the output."""


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
    chosen = next((f for f in _fits(room, wanted) if _total(layers, inputs, f, room) <= width), _Fit(1, 6, 1))
    forms = [_form(n, chosen, room) for n in layers[1:-1]]
    output = _output_form(chosen, room)
    if room == height and height > LEAST_NAMED:
        room -= all(n * form.rows < height for n, form in zip(layers[1:-1], forms, strict=True))
    top = height - room
    first = _input_width(chosen, inputs, room)
    last = _output_width(chosen, output)
    taken = first + sum(f.columns for f in forms) + last
    gaps = len(layers) - 1
    gap = min(WIDEST_GAP, (width - taken) // gaps)
    x = max(0, width - taken - gaps * gap) // 2
    if output.columns == last and x + taken + gaps * gap >= width:
        output = replace(output, width=output.width - 1)  # for the frame's right side
    place, columns, above, below = x, list[tuple[Box, ...]](), [0], [0]
    plane_height = _plane_height(chosen, room)
    columns.append(_inputs(place, first, top, room, plane_height))
    place += first + gap
    for n, form, kept in zip(layers[1:-1], forms, keep[1:-1], strict=True):
        boxes, hidden = _column(n, form, kept, place, top, room)
        columns.append(boxes)
        above.append(hidden)
        below.append(n - hidden - len(boxes))
        place += form.columns + gap
    answer, want = _outcome_boxes(output, chosen, wanted, place, last, top, room)
    plane = None
    if plane_height:
        middle = top + (room - plane_height) // 2
        tile = TILE_WIDTHS[plane_height]
        plane = Box(0, x + first - tile, middle, tile, plane_height, 0, False)
    return PictureLayout((*columns, (answer,)), (*above, 0), (*below, 0), plane, want, top > 0, chosen.narrow < 2)


def _fits(height: int, wanted: bool) -> list[_Fit]:
    """From the roomiest to the most frugal: gaps give way first, then widths, then heights, then numbers."""
    tallest = min(TALLEST, max(1, height - 1))
    found = [_Fit(tallest, 0, gap, True) for gap in (14, 12) if wanted]
    for high in range(tallest, 2, -1):
        found += [_Fit(high, 0, 9), _Fit(high, 1, 8)]
    found += [_Fit(min(tallest, high), narrow, gap) for high, narrow, gap in (
        (3, 1, 6), (2, 1, 6), (2, 1, 5), (1, 1, 5), (1, 2, 5), (3, 3, 5), (2, 3, 4), (1, 3, 3), (1, 4, 3), (1, 5, 3),
        (1, 6, 2),
    )]  # fmt: skip
    return found


def _form(count: int, fit: _Fit, height: int) -> _Form:
    """The largest tile of which so many fit into the rows, or one row for each neuron."""
    tall = min(fit.tallest, height // count - 1)
    if tall >= 1:
        if fit.narrow < 2:
            return _Form(tall, (TILE_WIDTHS, NARROWEST)[fit.narrow][tall], under=True)
        width = max(2, 8 - fit.narrow - (fit.narrow > 2))
        return _Form(tall, width, under=width >= LEAST_UNDER - 1)
    if fit.narrow < 2:
        return _Form(1, 6 - fit.narrow, NUMBER)
    return _Form(0, 6) if fit.narrow == 2 else _Form(1, max(2, 8 - fit.narrow - 1))


def _output_form(fit: _Fit, height: int) -> _Form:
    """As tall as the hidden ones, and three rows where what stands under it has room then: it is wide enough for it."""
    tall = max(1, min(max(fit.tallest, 3 if height >= 2 * 4 + OUTCOME else 1), height - 1, 5 if height >= 20 else 3))
    return _Form(tall, (NARROWEST if fit.narrow else TILE_WIDTHS)[tall], under=height > 1)


def _output_width(fit: _Fit, form: _Form) -> int:
    return max(OUTPUT_WIDTH if fit.narrow < 3 else 8, form.columns * (2 if fit.beside else 1) + 3 * fit.beside)


def _plane_height(fit: _Fit, height: int) -> int:
    """Rows of the tile for the trained range; 0 where there is no room for one."""
    if fit.narrow > 1 or height < 7:
        return 0
    return min(_output_form(fit, height).height, height - 4)


def _input_width(fit: _Fit, inputs: int, height: int) -> int:
    return max(inputs + 4 * (fit.narrow < 2), TILE_WIDTHS[_plane_height(fit, height)])


def _total(layers: Sequence[int], inputs: int, fit: _Fit, height: int) -> int:
    """Columns that all of it takes with the least gaps."""
    hidden = sum(_form(n, fit, height).columns for n in layers[1:-1])
    output = _output_width(fit, _output_form(fit, height))
    return _input_width(fit, inputs, height) + hidden + output + fit.gap * (len(layers) - 1)


def _inputs(x: int, width: int, top: int, room: int, plane: int) -> tuple[Box, ...]:
    """The rows of a and b, above and below the plane; they end where the column ends."""
    middle = top + (room - 1) / 2
    away = max(plane / 2 + 1, room / 4) if room > 3 else 1
    rows = int(middle - away + 0.5), min(top + room - 1, int(middle + away + 0.5))
    return tuple(Box(i, x, max(top, y), width, 0, 0, False) for i, y in enumerate(rows))


def _column(count: int, form: _Form, kept: int, x: int, top: int, room: int) -> tuple[tuple[Box, ...], int]:
    """A column of boxes in the middle of the rows, and how many are folded away above them."""
    shown = count if count * form.rows <= room else max(1, (room - 1) // form.rows)
    first = 0 if shown == count else max(0, min(kept - shown // 2, count - shown))
    air = min(MOST_AIR, (room - shown * form.rows) // max(1, shown - 1)) if shown > 1 and shown == count else 0
    start = top if shown < count else top + (room - shown * form.rows - (shown - 1) * air) // 2
    return tuple(
        Box(first + i, x, start + i * (form.rows + air), form.width, form.height, form.number, form.under)
        for i in range(shown)
    ), first


def _outcome_boxes(
    form: _Form, fit: _Fit, wanted: bool, x: int, width: int, top: int, room: int
) -> tuple[Box, Box | None]:  # fmt: skip
    """The output's box in the middle, as far up as what stands under it asks for; and the box of what is wanted."""
    middle = top + (room - form.height) // 2
    below = form.rows + OUTCOME
    stacked = wanted and not fit.beside and room >= 2 * form.rows + OUTCOME
    rows = form.rows + 1 + form.height + OUTCOME if stacked and room >= 2 * form.rows + OUTCOME + 1 else below
    if stacked and rows == below:
        rows += form.height + 1
    y = max(top, min(middle, top + room - rows))
    answer = Box(0, x, y, form.width, form.height, 0, form.under)
    if fit.beside:
        return answer, Box(0, x + form.width + 3, y, form.width, form.height, 0, True)
    if stacked:
        return answer, Box(0, x, y + form.rows + 1, form.width, form.height, 0, True)
    return answer, None
