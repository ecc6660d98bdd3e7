"""What has been learned: the collapsed map over the run, or the slopes here, and the errors that it foretells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adder_tui.explore.plane import beside
from adder_tui.explore.state import WIDE, ExploreState
from adder_tui.ui.chart import Curve, linear_ticks
from adder_tui.ui.even_plot import Upright, plot, span_of
from adder_tui.ui.line import Line, Role
from adder_tui.ui.numbers import aligned, number, plain_number, role_of, signed
from adder_tui.ui.sums import learned, sum_text
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.analysis.results import AffineMapHistory, ExtrapolatedError, Extrapolation, LocalLinearMap

LEAST_CHART, MOST_CHART = 7, 12
LEFT_OUT = "Only rows: of other pairs no truth is known."
"""Said where rows follow no rule, so that errors are foretold for them alone."""


def learned_view(view: ViewState, exploration: ExploreState, width: int, height: int) -> list[Line]:
    """The formula, its course or its slopes, and the table of far-out errors."""
    found = exploration.found
    forecast = found.forecast
    if forecast is None:
        return []
    course = found.course if forecast.slopes.everywhere else None
    top = learned(view, width) if forecast.slopes.everywhere else _slopes(view, forecast.slopes)
    room = height - len(top)
    if course is None:
        return [*top, Line(), *_table(view, forecast, width, room - 1)]
    if width >= WIDE:
        left = width * 9 // 20
        rows = room // 2
        charts = [*_weights(view, course, left, rows), *_constant(view, course, left, room - rows)]
        return [*top, *beside(charts, _table(view, forecast, width - left - 3, room), left, 3)]
    rows = min(MOST_CHART, max(LEAST_CHART, room * 9 // 20))
    half = width // 2
    charts = beside(_weights(view, course, half, rows), _constant(view, course, width - half, rows), half, 0)
    return [*top, *charts, *_table(view, forecast, width, room - rows)]


def _curve(course: AffineMapHistory, values: Sequence[float], role: Role, glyphs: Glyphs) -> Curve:
    import numpy as np

    y = np.asarray(values, dtype=float)
    fine = np.isfinite(y)
    return Curve(course.epochs[fine], y[fine], role, _ink(role, glyphs)[0] if glyphs.ascii else "")


def _weights(view: ViewState, course: AffineMapHistory, width: int, height: int) -> list[Line]:
    """The weights of a and b over the epochs, with what is wanted as a line across."""
    right = view.experiment.wanted.map
    wanted = sorted(set(right[:2])) if right else []
    legend = Line.of(
        ("  w_a ", "dim"), (_ink("train", view.glyphs), "train"),
        ("  w_b ", "dim"), (_ink("test", view.glyphs), "test"), (" by epoch", "dim"),
    )  # fmt: skip
    curves = [
        _curve(course, list(course.w_a), "train", view.glyphs),
        _curve(course, list(course.w_b), "test", view.glyphs),
    ]
    return [legend.fit(width), *_over_epochs(view, course, curves, wanted, width, height - 1)]


def _constant(view: ViewState, course: AffineMapHistory, width: int, height: int) -> list[Line]:
    legend = Line.of(("  c ", "dim"), (_ink("train", view.glyphs), "train"), (" by epoch", "dim"))
    right = view.experiment.wanted.map
    wanted = [right[2]] if right else []
    curves = [_curve(course, list(course.c), "train", view.glyphs)]
    return [legend.fit(width), *_over_epochs(view, course, curves, wanted, width, height - 1)]


def _ink(role: Role, glyphs: Glyphs) -> str:
    return {"train": "**", "test": "oo"}[str(role)] if glyphs.ascii else glyphs.horizontal * 2


def _over_epochs(
    view: ViewState, course: AffineMapHistory, curves: list[Curve], wanted: Sequence[float], width: int, height: int
) -> list[Line]:
    last = max(float(course.epochs[-1]), 1.0)
    y = span_of([float(v) for curve in curves for v in curve.y], wanted)
    here = Upright(float(course.epochs[course.here]), "", "accent")
    ticks = linear_ticks(last, max(4, width // 10), view.glyphs)
    return plot(curves, (0.0, last), y, width, height, view.glyphs, uprights=[here], levels=wanted, x_ticks=ticks)


def _slopes(view: ViewState, slopes: LocalLinearMap) -> list[Line]:
    """How the answer changes around the current sum, in words and numbers."""
    glyphs = view.glyphs
    from adder_engine.parsing import Sum

    where = sum_text(Sum(slopes.a, slopes.b), view.experiment.wanted.rule, glyphs)
    lines = [Line.of((f"  Around {where} the answer", "dim"), (" rises by", "dim"))]
    right = slopes.wanted or (None, None)
    for name, slope, true in (("a", slopes.d_a, right[0]), ("b", slopes.d_b, right[1])):
        line = Line.of("    ", (number(slope, glyphs).rjust(9), "strong"), (f"  for each 1 of {name}", "dim"))
        if true is not None:
            phrase = plain_number(true, glyphs) if true == int(true) else number(true, glyphs)
            line = Line.of(line, (f"   (right: {phrase})", "dim"))
        lines.append(line)
    more = "Far out: the errors this line foretells, and those found." if slopes.wanted else LEFT_OUT
    return [*lines, Line.of((f"  Elsewhere it bends. {more}", "dim"))]


def _table(view: ViewState, forecast: Extrapolation, width: int, height: int) -> list[Line]:
    """The errors that the slopes foretell beside those asked for, the watched sums first."""
    glyphs = view.glyphs
    note = forecast.slopes.wanted is None and forecast.slopes.everywhere
    rows = _picked(forecast, height - 1 - note)
    sums = [sum_text(row.sum, view.experiment.wanted.rule, glyphs) for row in rows]
    foretold = aligned([signed(row.foretold, glyphs, 5) for row in rows])
    asked = aligned([signed(row.asked, glyphs, 5) for row in rows])
    first = max([24, *(len(text) + 4 for text in sums)])
    widths = (max([16, *map(len, foretold)]), max([14, *map(len, asked)]))
    header = "  sum".ljust(first) + "error foretold".rjust(widths[0]) + "  " + "asked".rjust(widths[1])
    lines = [Line.of((header.ljust(width)[:width], "band-dim"))]
    for i, row in enumerate(rows):
        line = Line.of(
            (("  " + sums[i]).ljust(first), "text" if row.watched else "dim"),
            (foretold[i].rjust(widths[0]), role_of(row.foretold)), "  ",
            (asked[i].rjust(widths[1]), role_of(row.asked)),
        )  # fmt: skip
        lines.append(line.fit(width, glyphs.ellipsis))
    if note:
        lines.append(Line.of((f"  {LEFT_OUT}", "dim")).fit(width, glyphs.ellipsis))
    return lines[:height]


def _picked(forecast: Extrapolation, room: int) -> list[ExtrapolatedError]:
    """As many rows as fit: what is furthest out and what is watched tell most."""
    far = [row for row in forecast.rows if not row.watched]
    watched = [row for row in forecast.rows if row.watched]
    if len(far) + len(watched) <= room:
        return [*watched, *far]
    # One row of each distance before the second of any: the two directions in which errors add and cancel come first.
    sizes = sorted({max(abs(row.sum.a), abs(row.sum.b)) for row in far})
    by_size = [[row for row in far if max(abs(row.sum.a), abs(row.sum.b)) == size] for size in sizes]
    order = [rows[i] for i in (0, 2, 4, 5, 1, 3) for rows in by_size if i < len(rows)]
    close = watched[-1:] if room < 6 else [watched[0], *watched[-1:]] if len(watched) > 1 else watched
    kept = order[: max(0, room - len(close))]
    return [*close, *(row for row in far if row in kept)]
