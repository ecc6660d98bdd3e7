"""The loss along the current gradient, with where the next step leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from adder_tui.render.even_plot import Upright, plot, span_of
from adder_tui.render.lines import Line, Role
from adder_tui.render.losses import over_pairs
from adder_tui.render.numbers import number
from adder_tui.render.plot import Curve
from adder_tui.render.view import View

if TYPE_CHECKING:
    from adder_engine.findings import LossCurve

ABOVE, UNDER = 1, 1
STEEP = 4.0
"""What lies this many times above the losses that matter is left outside of the picture."""


def loss_curve(view: View, found: LossCurve, width: int, height: int) -> list[Line]:
    """The curve from behind the present place to beyond the valley, and what the step does in numbers."""
    glyphs = view.glyphs
    seen = in_sight(found)
    if not seen.any():
        return [Line.of(("  No loss along the gradient is finite.", "dim"))]
    t, losses = found.t[seen], found.losses[seen]
    x = min(float(t[0]), 0.0), max(float(t[-1]), found.step_t)
    uprights = [Upright(found.step_t, "step", "accent"), Upright(0.0, "here", "strong")]
    if found.bottom is not None:
        uprights.append(Upright(found.bottom, "parabola", "dim"))
    y = span_of(losses.tolist())
    drawn = plot(
        [Curve(t, losses, "train")], x, y, width, height - ABOVE - UNDER, glyphs, uprights=uprights, x_ticks=[]
    )
    rises = found.step_loss > found.loss
    role: Role = "minus" if rises else "accent"
    told = Line.of(
        ("  step ", "dim"), number(found.loss, glyphs), (" to ", "dim"), (number(found.step_loss, glyphs), role),
        (", higher" if rises else ", lower", role),
    )  # fmt: skip
    if found.step_cosine < 0.995:
        cosine = f", cos {number(found.step_cosine, glyphs, 2)}"
        if told.width + len(cosine) <= width:  # half of it would be no number
            told = Line.of(told, (cosine, "dim"))
    title = Line.of((f"  loss along the gradient{over_pairs(view.experiment, glyphs)[2]}", "dim"))
    return [line.fit(width, glyphs.ellipsis) for line in (title, *drawn, told)]


def in_sight(found: LossCurve) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which points are drawn: what is finite and not far above both the present loss and the step's."""
    ends = [loss for loss in (found.loss, found.step_loss) if np.isfinite(loss)]
    seen: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.isfinite(found.losses)
    with np.errstate(invalid="ignore"):
        return seen & (found.losses <= STEEP * max(ends, default=np.inf))
