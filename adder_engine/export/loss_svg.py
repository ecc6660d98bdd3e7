"""The losses of a run as a picture: plain SVG, logarithmic, training and held-out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from adder_engine.snapshot import Doubles, Losses

WIDTH, HEIGHT = 800, 480
LEFT, RIGHT, TOP, BOTTOM = 80, 20, 50, 50
INK, GRID, TRAIN, TEST = "#222222", "#dddddd", "#0087d7", "#d75f00"
MOST_TICKS = 8


def svg(losses: Losses, title: str, criterion: str) -> str:
    """The chart; ``criterion`` names the loss. Losses of 0 have no place on a log scale and are left out."""
    ax = _Axes(losses)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        ' font-family="sans-serif" font-size="13">',
        f"<title>{_text(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="28" font-size="16" fill="{INK}">{_text(title)}</text>',
        *_scale(ax),
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 10}" text-anchor="middle" fill="{INK}">epoch</text>',
        f'<text transform="translate(18 {HEIGHT / 2:g}) rotate(-90)" text-anchor="middle" fill="{INK}">'
        f"loss ({_text(criterion)})</text>",
    ]
    if bool((losses.high > losses.low).any()):
        there = ax.points(losses.epochs, losses.high)
        back = ax.points(losses.epochs, losses.low)[::-1]
        parts.append(f'<polygon points="{_joined(there + back)}" fill="{TRAIN}" fill-opacity="0.2"/>')
    for place, (name, colour, xs, ys) in enumerate((
        ("training", TRAIN, losses.epochs, losses.train), ("held-out", TEST, losses.test_epochs, losses.test),
    )):  # fmt: skip
        points = ax.points(xs, ys)
        if points:
            dash = ' stroke-dasharray="7 4"' if place else ""
            line = f'fill="none" stroke="{colour}" stroke-width="1.6"{dash}'
            parts.append(f'<polyline points="{_joined(points)}" {line}/>')
            y = TOP + 18 + 20 * place
            parts.append(f'<polyline points="{WIDTH - 130},{y} {WIDTH - 100},{y}" {line}/>')
            parts.append(f'<text x="{WIDTH - 92}" y="{y + 4}" fill="{INK}">{name}</text>')
    if not len(losses.epochs):
        parts.append(
            f'<text x="{WIDTH / 2:g}" y="{HEIGHT / 2:g}" text-anchor="middle">No epoch is finished yet.</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Axes:
    """Where epochs and losses stand on the picture."""

    def __init__(self, losses: Losses) -> None:
        seen = np.concatenate([losses.train, losses.low, losses.high, losses.test])
        seen = seen[np.isfinite(seen) & (seen > 0)]
        self.low = math.floor(math.log10(seen.min())) if len(seen) else 0
        self.high = max(math.ceil(math.log10(seen.max())), self.low + 1) if len(seen) else 1
        self.last = max([1.0, *(float(x[-1]) for x in (losses.epochs, losses.test_epochs) if len(x))])

    def x(self, epoch: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * epoch / self.last

    def y(self, power: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - power) / (self.high - self.low)

    def points(self, epochs: Doubles, values: Doubles) -> list[tuple[float, float]]:
        """The places of what can be drawn."""
        pairs = zip(epochs.tolist(), values.tolist(), strict=True)
        return [(self.x(epoch), self.y(math.log10(v))) for epoch, v in pairs if 0 < v < math.inf]


def _scale(ax: _Axes) -> Iterator[str]:
    """Lines and labels at powers of ten, and at round epochs."""
    for power in range(ax.low, ax.high + 1, math.ceil((ax.high - ax.low) / MOST_TICKS)):
        y = f"{ax.y(power):.1f}"
        yield f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="{GRID}"/>'
        yield f'<text x="{LEFT - 8}" y="{y}" dy="4" text-anchor="end" fill="{INK}">1e{power}</text>'
    for epoch in _round_steps(ax.last):
        x = f"{ax.x(epoch):.1f}"
        yield f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{HEIGHT - BOTTOM}" stroke="{GRID}"/>'
        yield f'<text x="{x}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="{INK}">{epoch:,}</text>'


def _round_steps(last: float) -> range:
    """Multiples of 1, 2 or 5 times a power of ten from 0, at most :data:`MOST_TICKS` and one."""
    magnitude = 10 ** max(0, math.floor(math.log10(last / MOST_TICKS)))
    step = next(magnitude * k for k in (1, 2, 5, 10) if last / (magnitude * k) <= MOST_TICKS)
    return range(0, int(last) + 1, step)


def _joined(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _text(text: str) -> str:
    """Text that no reader of XML takes for anything else."""
    return escape("".join(c if c.isprintable() else "?" for c in text))
