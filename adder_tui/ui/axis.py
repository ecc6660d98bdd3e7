"""Axes of charts: spans and ticks, whose labels differ and read back to where they stand; how they are looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from adder_engine.language import tr, trn
from adder_tui.ui.numbers import count, number, round_up, short_number, spelled
from adder_tui.ui.symbols import Glyphs

LEAST_DECADES = 0.25
"""A log axis spans at least this much, so that a flat loss is a flat line rather than noise."""
GRIDS = ((1.5, 0.5), (0.6, 0.25), (0.0, 0.1))
"""(span, grid): an axis of at least that many decades begins and ends on that grid.

So a falling loss moves the axis now and then instead of at every drawing: calmer, and fewer bytes over the wire.
"""
LABELS = 8
"""Columns left of the plot: a tick's label, and the axis."""
SMOOTHED = (0, 10, 100, 1000)
"""Epochs that a moving average goes over; 0 for none."""
LEAST_PART = 4.0
"""Epochs in sight at the nearest."""
LOOK_KEYS = (("g", "scale"), ("+ -", "zoom"), ("m", "smooth"))
"""Keys that look at a chart in another way, the most telling first."""


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis, in the axis's own coordinates."""

    at: float
    label: str


def log_span(low: float, high: float) -> tuple[float, float]:
    """The range of a log10 axis around values from ``low`` to ``high`` (both log10), with a little air."""
    missing = LEAST_DECADES - (high - low)
    if missing > 0:
        low, high = low - missing / 2, high + missing / 2
    grid = next(grid for span, grid in GRIDS if high - low >= span)
    air = (high - low) * 0.02
    return math.floor((low - air) / grid) * grid, math.ceil((high + air) / grid) * grid


def log_ticks(low: float, high: float, most: int, glyphs: Glyphs) -> list[Tick]:
    """At most ``most`` ticks from ``low`` to ``high`` (log10): whole decades, or round numbers within a decade."""
    decades = list(range(math.ceil(low), math.floor(high) + 1))
    if len(decades) >= 2:
        stride = max(1, math.ceil(len(decades) / max(1, most)))
        first = next(d for d in decades if d % stride == 0) if len(decades) > stride else decades[0]
        return [Tick(float(d), spelled(f"1e{d}", glyphs)) for d in decades if (d - first) % stride == 0]
    if high > 300:  # beyond what float64 holds
        return [Tick(float(d), spelled(f"1e{d}", glyphs)) for d in decades]
    ticks = ticks_between(10**low, 10**high, max(2, most - 1), glyphs)
    return [Tick(math.log10(tick.at), tick.label) for tick in ticks if tick.at > 0]


def ticks_between(low: float, high: float, most: int, glyphs: Glyphs, least: float = 0.0) -> list[Tick]:
    """Round numbers from low to high, at most about ``most``, and so few that exact labels have room.

    Where no two exact ones have, the first is rounded and the others tell how much further on they are: ``+0.02``.

    Args:
        least: the smallest step; 1 for what is counted.
    """
    found: list[Tick] = []
    for dense in (most, 2 * most, 4 * most):
        if len(exact := _exact(low, high, dense, glyphs, least)) > len(found):
            found = exact
        if len(found) > 1 or least:
            return found
    fewer = (_offsets(low, high, dense, glyphs) for dense in (4 * most, 2 * most, most, 2.5))  # one or two of a digit
    return next(filter(None, fewer), found)


def _exact(low: float, high: float, most: int, glyphs: Glyphs, least: float) -> list[Tick]:
    """Ticks whose labels are exact: the smallest steps that give them room, or the most that there are."""
    step = max(least, round_up((high - low) / max(1, most)))
    found: list[Tick] = []
    while step <= 2 * max(high - low, abs(low), abs(high)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        places = [float(f"{n * step:.12g}") for n in range(first, last + 1)]
        labels = _labels(places, step, glyphs)
        if len(labels) > len(found):
            found = [Tick(place, label) for place, label in zip(places, labels, strict=True)]
        if len(found) > 1:
            break
        step = round_up(step * 1.1)
    return found


def _offsets(low: float, high: float, most: float, glyphs: Glyphs) -> list[Tick]:
    """The low end rounded, and round steps from it; none where float64 has no digits left for them."""
    step = round_up((high - low) / max(1, most))
    places = [n * step for n in range(1, math.floor((high - low) / step + 1e-9) + 1)]
    labels = _labels(places, step, glyphs, LABELS - 1)
    if not labels or low + step == low:
        return []
    forms = [number(low, glyphs, digits) for digits in range(LABELS, 0, -1)]
    forms += [spelled(f"{low:.{digits}e}", glyphs) for digits in range(3, -1, -1)]
    first = next((form for form in forms if len(form) < LABELS), forms[-1])
    return [Tick(low, first), *(Tick(low + p, f"+{label}") for p, label in zip(places, labels, strict=True))]


def _labels(places: Sequence[float], step: float, glyphs: Glyphs, room: int = LABELS) -> list[str]:
    """What the ticks are called, all in the shortest form that is exact; empty where none has room.

    Thousands are all told by their letter, or none is, where that has room.
    """
    if not places:
        return []
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    forms = [[short_number(place, glyphs) for place in places]]
    forms += [
        [f"{place:{comma}.{decimals}f}".replace("-", glyphs.minus) for place in places]
        for comma in (",", "") if decimals < LABELS
    ]  # fmt: skip
    forms += [[number(place, glyphs, digits) for place in places] for digits in range(1, LABELS)]

    def will_do(form: list[str]) -> bool:
        pairs = [(label_value(label), place) for label, place in zip(form, places, strict=True)]
        exact = all(math.isclose(said, place, rel_tol=1e-9) for said, place in pairs)
        apart = all(abs(said - place) <= max(step / 1_000, math.ulp(place)) for said, place in pairs)
        return exact and apart and len({*form}) == len(form) and all(len(label) < room for label in form)

    def mixed(form: list[str]) -> bool:
        return len({label[-1] in "kM" for label, place in zip(form, places, strict=True) if abs(place) >= 1_000}) > 1

    alike = (form for form in forms if not mixed(form) and will_do(form))
    return next(alike, None) or next(filter(will_do, forms), [])


def label_value(label: str) -> float:
    """The number that an axis's label tells."""
    return float(label.replace(",", "").replace("−", "-").replace("k", "e3").replace("M", "e6"))


@dataclass(frozen=True)
class Lens:
    """How a chart is looked at."""

    linear: bool = False
    """The loss on an axis in even steps from 0; else on a log axis."""
    smooth: int = 0
    """Epochs of the moving average beside the raw line, one of :data:`SMOOTHED`."""
    part: tuple[float, float] | None = None
    """The epochs in sight; None for all of them."""

    def span(self, last: float) -> tuple[float, float]:
        """The epochs in sight of a chart that goes to ``last``; all where the part lies beyond it."""
        if self.part is None or self.part[0] >= last:
            return 0.0, last
        return self.part[0], min(self.part[1], last)

    def zoomed(self, by: int, around: float | None, last: float) -> Lens:
        """Half the epochs, or with ``by`` 1 twice as many; ``around`` stays where it is, else the middle does."""
        low, high = self.span(last)
        size = (high - low) * 2.0**by
        if by < 0 and size < min(LEAST_PART, last):
            return self
        around = (low + high) / 2 if around is None else min(high, max(low, around))
        return self._on(around - (around - low) * 2.0**by, size, last)

    def panned(self, parts: float, last: float, drawn: float = math.inf) -> Lens:
        """The part so many times its own length further on, but not beyond where the newest epoch is in its middle."""
        low, high = self.span(last)
        first = low + parts * (high - low)
        if parts > 0:
            first = min(first, max(low, drawn - (high - low) / 2))
        return self._on(first, high - low, last)

    def showing(self, x: float, last: float) -> Lens:
        """The same, gone along as far as it takes for ``x`` to be in sight."""
        low, high = self.span(last)
        if low <= x <= high:
            return self
        return self._on(x - (high - low) / 4 if x < low else x - (high - low) * 3 / 4, high - low, last)

    def _on(self, first: float, size: float, last: float) -> Lens:
        if size >= last:
            return replace(self, part=None)
        first = min(max(0.0, first), last - size)
        return replace(self, part=(first, first + size))

    @property
    def words(self) -> str:
        """What the y axis is."""
        return tr("linear scale") if self.linear else tr("log scale")


WHOLE = Lens()


def looked(
    lens: Lens, way: str, by: float, around: float | None, last: float, drawn: float = math.inf
) -> tuple[Lens, str]:
    """Another look at a chart, by a key that is alike on all of them, and what to say of it.

    Args:
        way: ``scale``, ``smooth``, ``zoom``, ``pan`` or ``whole``.
        by: where to: −1 and 1 for ``zoom`` and ``pan``.
        around: the epoch under the cursor, which a zoom leaves where it is.
        last: where the chart's axis ends.
        drawn: the newest epoch of all lines.
    """
    if way == "scale":
        lens = replace(lens, linear=not lens.linear)
        return lens, tr("The loss on a linear scale.") if lens.linear else tr("The loss on a log scale.")
    if way == "smooth":
        lens = replace(lens, smooth=SMOOTHED[(SMOOTHED.index(lens.smooth) + 1) % len(SMOOTHED)])
        mean = trn("Beside each loss the mean of {epochs} epoch.", "Beside each loss the mean of {epochs} epochs.",
                   lens.smooth, epochs=count(lens.smooth))  # fmt: skip
        return lens, mean if lens.smooth else tr("The loss as it is.")
    if way == "whole":
        return replace(lens, part=None), tr("All epochs.")
    there = lens.zoomed(int(by), around, last) if way == "zoom" else lens.panned(by / 2, last, drawn)
    if there == lens:
        if way == "zoom":
            return lens, tr("This is as near as it goes.") if by < 0 else tr("This is all there is.")
        if not lens.part:
            return lens, tr("All epochs are in sight: + goes nearer.")
        trained = by > 0 and lens.span(last)[1] < last
        return lens, tr("This is as far as it was trained.") if trained else tr("This is where the chart ends.")
    low, high = there.span(last)
    if not there.part:
        return there, tr("All epochs.")
    return there, tr("Epochs {low} to {high}.", low=count(math.ceil(low)), high=count(math.floor(high)))
