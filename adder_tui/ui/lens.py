"""How a chart is looked at: its scale, the part in sight, and whether it is smoothed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from adder_engine.language import tr, trn
from adder_tui.ui.numbers import count

SMOOTHED = (0, 10, 100, 1000)
"""Epochs that a moving average goes over; 0 for none."""
LEAST_PART = 4.0
"""Epochs in sight at the nearest."""

LOOK_KEYS = (("g", "scale"), ("+ -", "zoom"), ("m", "smooth"))
"""Keys that look at a chart in another way, the most telling first."""


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
