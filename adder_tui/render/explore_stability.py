"""How large a step the loss allows: the limit beside the rate, and under it two pictures of the loss."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from adder_tui.render.exploration import Exploration
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, Role, Span, joined, wrapped
from adder_tui.render.loss_curve import loss_curve
from adder_tui.render.loss_slice import slice_lines
from adder_tui.render.numbers import count, number, plural, rate_text
from adder_tui.render.plane_picture import beside
from adder_tui.render.view import View

if TYPE_CHECKING:
    from adder_engine.findings import Stability

TOP = 5
"""Rows above the pictures."""
GAUGE_DECADES = 2.0
"""The gauge reaches so far to either side of the limit."""


def stability_view(view: View, exploration: Exploration, width: int, height: int) -> list[Line]:
    """The sentence and its gauge, what is known of the curvature, and two pictures side by side."""
    found = exploration.found
    if found.stability is None and found.curve is None and found.slice is None:
        return []
    top: list[Line] = []
    if found.stability is not None:
        top = [*_verdict(view, found.stability, width), _gauge(found.stability, width, view.glyphs)]
        top += _curvature(found.stability, view.experiment.row_count, width, view.glyphs)
    else:
        top = _refusal(view, exploration, "stability", width)
    rows = height - TOP
    left, right = halves(width)
    curve = loss_curve(view, found.curve, left, rows) if found.curve else _refusal(view, exploration, "curve", left)
    if found.slice:
        loss = slice_lines(view, found.slice, exploration.halved, right, rows)
    else:
        loss = _refusal(view, exploration, "slice", right)
    return [*top, *[Line()] * (TOP - len(top)), *beside(curve, loss, left, 1)]


def halves(width: int) -> tuple[int, int]:
    """Columns of the two pictures."""
    left = width // 2
    return left, width - left - 1


def _refusal(view: View, exploration: Exploration, finding: str, width: int) -> list[Line]:
    """Why a finding is not there, in the words of the engine."""
    words = view.glyphs.text(exploration.refused.get(finding, ""))
    return [Line.of((f"  {row}", "dim")) for row in wrapped(words, width - 4)]


def _times(ratio: float, glyphs: Glyphs) -> str:
    return number(ratio, glyphs, 2) if ratio < 100 else number(ratio, glyphs, 3)


def _verdict(view: View, stability: Stability, width: int) -> list[Line]:
    """Whether the rate in use holds, in one sentence."""
    glyphs = view.glyphs
    lr, limit = stability.lr, stability.optimizer_limit
    rate = f"lr {rate_text(lr, glyphs)}"
    optimizer = view.experiment.training.optimizer
    if limit is None:
        if not math.isfinite(stability.limit):
            text = "The loss curves upwards nowhere here, so no limit comes from its curvature."
        else:
            times = _times(lr / stability.limit, glyphs)
            text = (
                f"{rate} is {times} times {rate_text(stability.limit, glyphs)}, the limit of plain gradient descent;"
                f" {optimizer} has a rate for each parameter."
            )
        return [Line.of(f"  {row}") for row in wrapped(text, width - 4)[:2]]
    if not math.isfinite(limit):
        return [Line.of(("  The loss curves upwards nowhere here: no rate overshoots by curvature alone.", "text"))]
    ratio = lr / limit
    told = f"is {_times(ratio, glyphs)} times the limit {rate_text(limit, glyphs)}: "
    outcome: tuple[str, Role] = ("it holds", "accent") if stability.holds else ("it will overshoot", "minus")
    mark = "+ " if stability.holds else "! "
    return [Line.of("  ", (mark, outcome[1]), (rate, "strong"), f" {told}", (outcome[0] + ".", outcome[1]))]


def _gauge(stability: Stability, width: int, glyphs: Glyphs) -> Line:
    """The rate on a log scale around the limit: below it at the left, beyond it at the right."""
    limit = stability.limit if stability.optimizer_limit is None else stability.optimizer_limit
    if not math.isfinite(limit) or limit <= 0 or stability.lr <= 0:
        return Line()
    columns = max(20, min(60, width - 20))
    middle = columns // 2
    place = math.log10(stability.lr / limit) / GAUGE_DECADES
    at = middle + round(max(-1.0, min(1.0, place)) * (columns - 1 - middle))
    own = stability.optimizer_limit is not None
    role: Role = ("minus" if stability.lr >= limit else "accent") if own else "text"
    cells: list[Span] = [(glyphs.bar_rest, "faint")] * columns
    for i in range(at + 1):
        cells[i] = (glyphs.bar, role)
    cells[middle] = (glyphs.centre, "strong")
    cells[at] = (glyphs.done, role)
    return Line.of("  ", joined(cells), (f" limit {glyphs.centre}  lr {glyphs.done}", "dim"))


def _curvature(stability: Stability, row_count: int, width: int, glyphs: Glyphs) -> list[Line]:
    """The steepest curvature, and how the others lie."""
    largest = (
        f"at least {number(stability.curvature, glyphs)}"
        if not stability.converged
        else number(stability.curvature, glyphs)
    )
    line = Line.of(
        ("  steepest curvature ", "dim"), (largest, "strong"), (", 2 over that is ", "dim"),
        (rate_text(stability.limit, glyphs), "strong"),
    )  # fmt: skip
    how = Line.of((f"   by {_method(stability)}", "dim"))
    if stability.rows_used < row_count:
        how = Line.of((f"   on {count(stability.rows_used)} of {count(row_count)} rows", "dim"))
    lines = [Line.of(line, how) if line.width + how.width <= width else line]
    if stability.eigenvalues is not None:
        free = len(stability.eigenvalues)
        told = [plural(free, "direction")]
        if stability.flat:
            told.append(f"{count(stability.flat)} flat")
        if stability.negative:
            verb = "curves" if stability.negative == 1 else "curve"
            told.append(f"{count(stability.negative)} {verb} downwards, as at a saddle")
        if stability.condition is not None:
            told.append(f"steepest over flattest {number(stability.condition, glyphs)}")
        lines.append(Line.of((f"  {', '.join(told)}", "dim")))
    return [line.fit(width, glyphs.ellipsis) for line in lines]


def _method(stability: Stability) -> str:
    if stability.method == "Hessian":
        return "the Hessian"
    return f"power iteration, {plural(stability.iterations, 'product')}"
