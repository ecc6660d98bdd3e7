"""The loss against one number of the network: the curve, the point on it, its tangent and a nudge to either side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_tui.ui.chart import Upright, plot, span_of
from adder_tui.ui.curve import Curve
from adder_tui.ui.line import Line, roomiest
from adder_tui.ui.numbers import number, plain_number, plural
from adder_tui.ui.phrases import indented
from adder_tui.ui.run_state import over_pairs
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.analysis.results import ParameterLine


POINTS = 121
"""Values of the number that are asked for, about: two dots a column where there are 70."""
ABOVE, UNDER = 1, 1
DIGITS = 6
ROUNDING = 0.03
"""By so much of itself float32's rounding may change a small loss."""


def slope_lines(view: ViewState, found: ParameterLine, tried: int, width: int, height: int) -> list[Line]:
    """The number, its loss and slope in numbers, the picture, and what a nudge measures.

    Args:
        tried: how many points beside the number's own value the point lies.
    """
    import numpy as np

    glyphs, at = view.glyphs, point_at(found, tried)
    seen = np.isfinite(found.losses)
    if not math.isfinite(float(found.losses[at])):
        words = tr(
            "{name} at {place}: the loss is no finite number there.",
            name=found.name,
            place=number(float(found.values[at]), glyphs),
        )
        return indented(words, width, "dim", glyphs)
    x, y = found.range, span_of(found.losses[seen].tolist())
    place, loss = float(found.values[at]), float(found.losses[at])
    slope = float(found.slopes[at])
    ends = np.array(x)
    if slope:  # as far as it lies in the frame
        low, high = sorted(place + (edge - loss) / slope for edge in y)
        ends = np.clip(ends, low, high)
    tangent = Curve(ends, loss + slope * (ends - place), "test", "." if glyphs.ascii else "")
    curves = [tangent, Curve(found.values[seen], found.losses[seen], "train")]
    curves += [_dot(found, at + n, glyphs) for n in (-found.nudge, found.nudge) if 0 <= at + n < len(seen)]
    curves.append(_dot(found, at, glyphs, chosen=True))
    uprights = [Upright(place, tr("tried") if at != found.here else tr("here"), "accent")]
    if at != found.here:
        uprights.append(Upright(float(found.values[found.here]), tr("here"), "strong"))
    if found.bottom is not None and abs(found.bottom - place) > (x[1] - x[0]) / 10:
        uprights.append(Upright(found.bottom, tr("lowest") if _is_parabola(found) else tr("parabola"), "dim"))
    drawn = plot(curves, x, y, width, height - ABOVE - UNDER, glyphs, uprights=uprights)
    lines = [_at_the_point(view, found, at, width), *drawn, _nudged(view, found, at, width)]
    return [line.fit(width, glyphs.ellipsis) for line in lines]


def point_at(found: ParameterLine, tried: int) -> int:
    """The index of the point that lies so many points beside the number's own value; at an end the last one."""
    return max(0, min(len(found.values) - 1, found.here + tried))


def _is_parabola(found: ParameterLine) -> bool:
    """Whether the curve is one as far as it is drawn: its slope rises in a straight line."""
    import numpy as np

    bends = np.diff(found.slopes, 2)
    return bool(np.isfinite(bends).all() and np.abs(bends).max() <= 1e-6 * np.abs(found.slopes).max())


def _dot(found: ParameterLine, at: int, glyphs: Glyphs, chosen: bool = False) -> Curve:
    """A mark on the curve: the point, or where a nudge from it leads."""
    mark = glyphs.point if chosen else glyphs.nudged
    return Curve(found.values[at : at + 1], found.losses[at : at + 1], "strong" if chosen else "test", label=mark)


def _at_the_point(view: ViewState, found: ParameterLine, at: int, width: int) -> Line:
    """``output.bias[0] 0.0779  loss 9764.15  slope −197.627``; of a point beside it also what the number is."""
    glyphs = view.glyphs
    value, loss, slope = (
        number(float(array[at]), glyphs, DIGITS) for array in (found.values, found.losses, found.slopes)
    )
    own = number(float(found.values[found.here]), glyphs)
    aside = at != found.here
    phrase = Line.of(
        (f" {found.name}", "strong"), (tr(" at ") if aside else " = ", "dim"), (value, "strong"),
        (tr("   loss "), "dim"), (loss, "strong"), (tr("   slope "), "dim"), (slope, "accent"),
    )  # fmt: skip
    over = over_pairs(view.experiment, glyphs, ", ")[2]
    if found.rows_used < view.experiment.row_count:
        over = tr(", over {rows}", rows=plural(found.rows_used, "row", "rows"))
    elif view.snapshot is not None and view.snapshot.status != "playing":
        now, here = view.snapshot.current_loss, float(found.losses[found.here])
        close = now is not None and math.isclose(now, here, rel_tol=ROUNDING)
        if close and number(now, glyphs) != number(here, glyphs):
            over += tr(", by float64")  # float32 rounds it otherwise, which other views show
    more = [tr("   (it is {own})", own=own)] if aside else [tr("   all other numbers as they are") + over, over]
    return roomiest(width, *(Line.of(phrase, (words, "dim")) for words in (*more, "")))


def _nudged(view: ViewState, found: ParameterLine, at: int, width: int) -> Line:
    """What is measured without calculus: the losses after a nudge up and down, and the slope that they give."""
    glyphs, measured = view.glyphs, found.measured(at)
    size = plain_number(found.size, glyphs)
    if not math.isfinite(measured):
        return Line.of((f" {glyphs.nudged} ", "test"), (tr("a nudge of {size} leaves the picture", size=size), "dim"))
    up, down = (number(float(found.losses[at + n]), glyphs, DIGITS) for n in (found.nudge, -found.nudge))
    slope = float(found.slopes[at])
    off = abs(measured - slope) / abs(slope) if slope else math.inf
    sentence = number(measured, glyphs, DIGITS)
    apart = "" if off == math.inf else tr(", off by {off} %", off=number(off * 100, glyphs, 2))
    apart = tr(", the same") if off < 5e-5 else apart
    first = Line.of((f" {glyphs.nudged} ", "test"), (tr("nudge "), "dim"), size)
    ways = (
        Line.of(
            (tr(": loss {up} up, {down} down: slope ", up=up, down=down), "dim"), (sentence, "strong"), (apart, "dim")
        ),
        Line.of((tr(": slope "), "dim"), (sentence, "strong"), (apart, "dim")),
    )
    return roomiest(width, *(Line.of(first, way) for way in ways))
