"""A recording of a terminal, asciicast version 2, as an animated SVG that draws only what changes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import pyte
from pyte.screens import Char

WIDE, HIGH, EDGE = 8, 16, 10
"""Of a cell in pixels, and of the border around all of them."""
INK, GROUND = "c6c6c6", "1c1c1c"
REST = 2.5
"""Seconds that the last picture stands before it begins again."""


class Cell(NamedTuple):
    """A character, its colours as hex, and whether it is bold."""

    text: str
    ink: str
    ground: str
    bold: bool


Picture = dict[tuple[int, int], Cell]
"""Cells by column and row."""


def animated(cast: Path, begin: float, seconds: float, rate: float) -> str:
    """The part of a recording that begins at ``begin`` seconds, in so many pictures a second, as SVG."""
    header, *events = map(json.loads, cast.read_text(encoding="utf-8").splitlines())
    screen = pyte.Screen(header["width"], header["height"])
    stream = pyte.Stream(screen)
    written = iter([(at, data.replace("\x1b[>", "\x1b[?")) for at, kind, data in events if kind == "o"])
    at, data = next(written)
    moments, pictures = [i / rate for i in range(round(seconds * rate) + 1)], list[Picture]()
    for moment in moments:
        while at <= begin + moment:
            stream.feed(data)
            at, data = next(written, (float("inf"), ""))
        pictures.append(_picture(screen))
    width, height = (2 * EDGE + n * size for n, size in ((screen.columns, WIDE), (screen.lines, HIGH)))
    styles, groups = list[str](), [f"<g>{_drawn(pictures[0], pictures[0])}</g>"]
    for i, (moment, (old, new)) in enumerate(zip(moments[1:], pairwise(pictures), strict=True)):
        if changed := {place: cell for place, cell in new.items() if cell != old[place]}:
            share = 100 * moment / (seconds + REST)
            styles.append(f"@keyframes k{i}{{0%{{visibility:hidden}}{share:.2f}%,to{{visibility:visible}}}}")
            groups.append(f'<g style="animation-name:k{i}">{_drawn(changed, new)}</g>')
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
            "<style>text{font:13.3px 'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}.b{font-weight:bold}"
            f"g g{{animation:{seconds + REST}s step-end infinite}}{''.join(styles)}</style>",
            f'<rect width="{width}" height="{height}" rx="6" fill="#{GROUND}"/>',
            f'<g transform="translate({EDGE} {EDGE})">',
            *groups,
            "</g></svg>\n",
        )
    )


def _picture(screen: pyte.Screen) -> Picture:
    return {(x, y): _cell(screen.buffer[y][x]) for y in range(screen.lines) for x in range(screen.columns)}


def _cell(char: Char) -> Cell:
    ink, ground = (
        default if colour == "default" else colour for colour, default in ((char.fg, INK), (char.bg, GROUND))
    )
    return Cell(char.data, *((ground, ink) if char.reverse else (ink, ground)), char.bold)


def _drawn(changed: Picture, whole: Picture) -> str:
    """The cells that changed: grounds, half blocks and dots as paths of one colour each, all else as text."""
    boxes = defaultdict[str, list[str]](list)
    dots = defaultdict[str, list[str]](list)
    for y, row in groupby(sorted(changed, key=lambda place: (place[1], place[0])), key=lambda place: place[1]):
        columns = [x for x, _ in row]
        for half in (0, 1):
            for colour, first, stop in _runs(columns, [_half(whole[x, y], half) for x in columns]):
                x, width = first * WIDE, (stop - first) * WIDE
                boxes[colour].append(f"M{x} {y * HIGH + half * HIGH // 2}h{width}v{HIGH // 2}h-{width}z")
        for x in columns:
            cell = whole[x, y]
            bits = ord(cell.text[:1] or " ") - 0x2800
            for bit, (i, j) in enumerate(((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))):
                if 0 < bits < 256 and bits >> bit & 1:
                    dots[cell.ink].append(f"M{x * WIDE + 1 + 4 * i} {y * HIGH + 1 + 4 * j}h2v2h-2z")
    paths = [f'<path fill="#{c}" d="{"".join(d)}"/>' for kind in (boxes, dots) for c, d in kind.items()]
    return "".join((*paths, *_texts(changed)))


def _half(cell: Cell, lower: int) -> str:
    return cell.ink if cell.text == "█" or (cell.text == "▀" and not lower) else cell.ground


def _runs(columns: Sequence[int], colours: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Neighbours of one colour: the colour, the first column, and the one behind the last."""
    for (colour, _), run in groupby(
        zip(columns, colours, range(len(columns)), strict=True), key=lambda part: (part[1], part[0] - part[2])
    ):
        places = [x for x, *_ in run]
        yield colour, places[0], places[-1] + 1


def _texts(changed: Picture) -> Iterator[str]:
    words = {place: cell for place, cell in changed.items() if cell.text.strip() and not _is_drawn(cell.text)}
    places = sorted(words, key=lambda place: (place[1], place[0]))
    for (y, _, style), run in groupby(
        enumerate(places), key=lambda part: (part[1][1], part[1][0] - part[0], words[part[1]][1:])
    ):
        at = [place for _, place in run]
        text = escape("".join(words[place].text for place in at))
        kind = ' class="b"' if style[2] else ""
        length = f' textLength="{len(at) * WIDE}"' if len(at) > 1 else ""
        yield f'<text x="{at[0][0] * WIDE}" y="{y * HIGH + 12}" fill="#{style[0]}"{length}{kind}>{text}</text>'


def _is_drawn(text: str) -> bool:
    return text in "▀█" or "⠀" <= text <= "⣿"
