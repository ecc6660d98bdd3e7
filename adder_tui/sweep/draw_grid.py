"""A sweep over two settings as a heat map of the final losses, and what is known about one of its cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_engine.parsing import pair_text
from adder_tui.sweep.draw import letter, range_text, runs_of, so_far, value_text
from adder_tui.ui.heatmap import SIZES, UNKNOWN, size_legend, size_levels
from adder_tui.ui.line import Line, Role, Span, Tone, cut, roomiest
from adder_tui.ui.list_view import centred, head_line
from adder_tui.ui.numbers import answer_text, number
from adder_tui.ui.phrases import compact
from adder_tui.ui.run_state import over_pairs
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from adder_engine.sweep import Sweep, SweepState

NUMBERED = 9
"""Columns of a cell from which on its loss is written in it."""
WIDEST, NARROWEST = 14, 3
LONGEST_NAME = 20
LEAST_SHARE = 1e-12
"""Losses below this share of the largest are told apart no further."""


def loss_steps(losses: Sequence[float]) -> tuple[float, ...]:
    """The losses at which the levels 1 to 5 begin: equally far apart on a log scale, between the smallest and largest.

    Each is rounded to as few digits as keep them apart.
    """
    high = max(losses, default=1.0)
    if not high > 0 or not math.isfinite(high):
        high = 1.0
    low = max(min(losses, default=high), high * LEAST_SHARE)
    if low >= high * (1 - 1e-9):  # all alike: one level, the lowest
        return tuple(high * 10.0**k for k in range(1, 6))
    exact = [low * (high / low) ** (k / 6) for k in range(1, 6)]
    for digits in range(1, 8):
        rounded = [float(f"{step:.{digits}g}") for step in exact]
        inside = low < rounded[0] and rounded[-1] <= high
        if inside and all(a < b for a, b in pairwise(rounded)):
            return tuple(rounded)
    return tuple(exact)


def grid_lines(
    plan: Sweep, state: SweepState, at: int | None, width: int, height: int, glyphs: Glyphs
) -> list[Line]:  # fmt: skip
    """A row for each value of the first setting and a column for each of the second, the median losses in the cells.

    Small losses have the emptier characters. Where there is little room a cell is its level alone, and the part of the
    grid around the chosen one is shown.

    Args:
        at: the chosen cell, counted along the rows; None for none.
    """
    import numpy as np

    minus: Role = "minus"
    dim: Role = "dim"
    lines, across = state.lines, len(plan.across_values)
    steps = loss_steps([line.loss for line in lines if line.loss is not None])
    losses = np.array([math.nan if line.loss is None else line.loss for line in lines])
    levels = size_levels(losses, steps).tolist()
    names = [cut(glyphs.text(value_text(value)), LONGEST_NAME, glyphs.ellipsis) for value in plan.values]
    heading = cut(plan.over, LONGEST_NAME, glyphs.ellipsis)
    margin = 1 + max(len(heading), *map(len, names)) + 1
    size = max(NARROWEST, min(WIDEST, (width - margin) // across))
    shown = max(1, min(across, (width - margin) // size))
    row, column = divmod(at or 0, across)
    first = centred(column, shown, across)
    rows = max(1, height - 3)
    top = centred(row, rows, len(plan.values))

    def cell(i: int) -> list[Span]:
        line, mark = lines[i], glyphs.current if i == at else " "
        if levels[i] == UNKNOWN:
            now = so_far(runs_of(plan, state, i))
            if line.stopped and line.stopped == len(plan.seeds):
                text, role = (tr("blew up") if size >= NUMBERED else "?"), minus
            else:
                text, role = (glyphs.none if now is None or size < NUMBERED else compact(now, size - 3, glyphs)), dim
            return [(mark, "accent"), (text.rjust(size - 2), role), (" ", "text")]
        character = SIZES[levels[i]]
        ground = Tone("size", levels[i], levels[i], marked=True)
        if size < NUMBERED:
            return [(mark, "accent"), (character * (size - 2), ground), (" ", "text")]
        assert line.loss is not None
        some = "!" if line.stopped else " "
        loss = compact(line.loss, size - 4, glyphs).rjust(size - 4)
        return [(mark, "accent"), (f"{character}{loss}{some}", ground), (" ", "text")]

    def title(j: int) -> str:
        name = glyphs.text(value_text(plan.across_values[j]))
        full = name if at is None else f"{letter(j)} {name}".strip()
        return cut(full, size - 1, glyphs.ellipsis).rjust(size - 1) + " "

    spoken = cut(plan.across, shown * size, glyphs.ellipsis)
    drawn = [
        Line.of((" " * margin, "dim"), (spoken, "dim")).fit(width),
        head_line(f" {heading}".ljust(margin) + "".join(title(j) for j in range(first, first + shown)), width),
    ]
    for i in range(top, min(len(plan.values), top + rows)):
        cells = [span for j in range(first, first + shown) for span in cell(i * across + j)]
        drawn.append(Line.of((f" {names[i]}".ljust(margin), "text"), *cells).fit(width))
    legend = size_legend(steps, glyphs, width - 24)
    over = over_pairs(plan.experiment, glyphs)[2]
    ways = (Line.of((tr(" median train loss{over}  ", over=over), "dim"), legend), Line.of(" ", legend))
    return [*drawn, roomiest(width, *ways).fit(width)]


def cell_line(plan: Sweep, state: SweepState, at: int, width: int, glyphs: Glyphs) -> Line:
    """The chosen pair of values, and what became of its runs."""
    line = state.lines[at]
    pair = Line.of(
        (f" {plan.over} ", "dim"), (value_text(line.value), "strong"),
        (f", {plan.across} ", "dim"), (value_text(line.across), "strong"),
    )  # fmt: skip
    loss = line.loss if line.loss is not None else so_far(runs_of(plan, state, at))
    done = tr("{done}/{seeds} done", done=line.done, seeds=len(plan.seeds))
    done += tr(", {runs} blew up", runs=line.stopped) if line.stopped else ""
    yes_or_no = runs_of(plan, state, at)[0].experiment.is_yes_or_no
    answers = "".join(
        f", {pair_text(asked.a, asked.b, plan.experiment.wanted.rule)} = {answer_text(answer, yes_or_no, glyphs)}"
        for asked, answer in zip(plan.sums, line.answers, strict=False)
    )
    spread = f" ({range_text(line.low, line.high, glyphs)})" if line.done > 1 else ""
    brief = tr(": loss {loss}, {done}", loss=number(loss, glyphs), done=done)
    told = tr(": loss {loss}, {done}", loss=f"{number(loss, glyphs)}{spread}", done=f"{done}{answers}")
    full, short = Line.of(pair, (told, "text")), Line.of(pair, (brief, "text"))
    leaves = Line.of(
        (f" {leaf(plan.over)} ", "dim"), (value_text(line.value), "strong"),
        (f", {leaf(plan.across)} ", "dim"), (value_text(line.across), "strong"),
        (brief, "text"),
    )  # fmt: skip
    return roomiest(width, full, short, leaves).fit(width, glyphs.ellipsis)


def leaf(key: str) -> str:
    """A key without its section."""
    return key.rpartition(".")[2]
