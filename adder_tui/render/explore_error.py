"""The error over a plane of sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from adder_tui.render.exploration import WIDE, Exploration, Spot
from adder_tui.render.gallery import gallery
from adder_tui.render.heat import (
    largest_size,
    range_text,
    ranges_text,
    sign_legend,
    sign_levels,
    sign_steps,
    size_legend,
    size_levels,
    size_steps,
)
from adder_tui.render.lines import Line, roomiest
from adder_tui.render.numbers import count, number, off_by, plain_number, role_of, signed
from adder_tui.render.plane_picture import LABELS, Axes, Trained, beside, cells_in, plane_picture, point_mark
from adder_tui.render.plane_window import Cells
from adder_tui.render.sums import sum_text
from adder_tui.render.view import View

if TYPE_CHECKING:
    from adder_engine.findings import Plane

ABOVE, UNDER = 1, 2
"""Rows of the legend, and of what is told below."""
SIDE = 42
"""Columns of the neurons beside the plane where there is room."""


def error_cells(exploration: Exploration, width: int, height: int) -> Cells:
    """The cells of the plane in a view of this size."""
    return cells_in(width - (SIDE + 2 if width >= WIDE else 1), height - ABOVE - UNDER, exploration.halved)


def error_view(view: View, exploration: Exploration, width: int, height: int) -> tuple[list[Line], Spot | None]:
    """The plane, what its characters mean, and the sum under the cross-hair in numbers."""
    plane = exploration.found.plane
    if plane is None:
        return [], None
    glyphs = view.glyphs
    known = truth_is_known(plane)
    shown = plane.error if known else plane.answers
    largest = largest_size(shown)
    if exploration.by_size:
        sizes = size_steps(largest, plane.log)
        levels, legend = size_levels(shown, sizes), size_legend(sizes, glyphs, width - LABELS)
    else:
        steps = sign_steps(largest, plane.log)
        levels, legend = sign_levels(shown, steps), sign_legend(steps, glyphs, width - LABELS)
    axes = axes_of(plane, exploration.halved)
    cursor = axes.nearest(exploration.cursor_in(view))
    asked = view.snapshot.asked.sum if view.snapshot else None
    picture, marked = plane_picture(
        levels, "size" if exploration.by_size else "sign", axes, exploration.halved, glyphs, cursor=cursor,
        asked=(asked.a, asked.b) if asked else (0.0, 0.0), trained=trained_of(plane),
    )  # fmt: skip
    spot = Spot(LABELS, ABOVE, Cells(len(axes.a), len(axes.b), exploration.halved))
    word = ("size" if exploration.by_size else "off by") if known else "answer"
    lines = [Line.of((f" {word} ".rjust(LABELS), "dim"), legend), *picture]
    if width >= WIDE:
        side = gallery(view, exploration, SIDE, len(lines))
        lines = beside(lines, side, LABELS + len(axes.a))
    return [*lines, *told(view, exploration, plane, cursor), _about(view, plane, largest, marked, width)], spot


def truth_is_known(plane: Plane) -> bool:
    """Whether the right answers over the plane are; else it shows the answers alone, and no errors are made up."""
    return not np.isnan(plane.wanted).any()


def axes_of(plane: Plane, halved: bool) -> Axes:
    """The sums of the picture's cells: of two halves the upper one's."""
    return Axes(plane.a, plane.b[::2] if halved else plane.b, plane.log)


def trained_of(plane: Plane) -> Trained:
    """What the picture marks of the training data."""
    return Trained(plane.trained_a, plane.trained_b, plane.points)


def told(view: View, exploration: Exploration, plane: Plane, cursor: tuple[int, int]) -> list[Line]:
    """The cell under the cross-hair in numbers."""
    from adder_engine.sums import Sum  # not at the top: drawings import no more of the engine than they draw

    glyphs = view.glyphs
    row = cursor[1] * (2 if exploration.halved else 1)
    a, b = float(plane.a[cursor[0]]), float(plane.b[row])
    answer, truth = float(plane.answers[row, cursor[0]]), float(plane.wanted[row, cursor[0]])
    if exploration.cursor is None and view.snapshot is not None:  # the current sum itself, wherever the cells lie
        asked = view.snapshot.asked
        a, b, answer = asked.sum.a, asked.sum.b, asked.predicted
        truth = np.nan if asked.wanted is None else asked.wanted
    line = Line.of(
        (" X " if glyphs.ascii else " ┼ ", "accent"),
        (sum_text(Sum(float(f"{a:.6g}"), float(f"{b:.6g}")), view.experiment.wanted.rule, glyphs), "strong"),
        ("   answer ", "dim"), (number(answer, glyphs), "strong"),
    )  # fmt: skip
    if np.isnan(truth):
        return [Line.of(line, ("   no truth known", "dim"))]
    error = answer - truth
    line = Line.of(
        line,
        ("   truth ", "dim"), plain_number(float(f"{truth:.6g}"), glyphs),
        "   ", (off_by(error, glyphs) if np.isfinite(error) else "off by " + signed(error, glyphs), role_of(error)),
    )  # fmt: skip
    return [line]


def _about(view: View, plane: Plane, largest: float, marked: int, width: int) -> Line:
    """What is marked and framed, and the largest number; of too much for the width the least needed is left out."""
    glyphs = view.glyphs
    line = Line.of((f" {point_mark(glyphs)} ", "strong"))
    if plane.row_count == 1:
        line = Line.of(line, ("the one training sum", "dim"))
    elif marked == plane.row_count:
        line = Line.of(line, (f"the {count(plane.row_count)} training sums", "dim"))
    else:
        line = Line.of(line, (f"{count(marked)} of {count(plane.row_count)} training sums", "dim"))
    framed = _range(plane, view)
    frame = Line.of((f", framed {framed}", "dim")) if framed else Line()
    most = "furthest off" if truth_is_known(plane) else "largest answer"
    size = Line.of((f"   {most} ", "dim"), number(largest, glyphs))
    current = Line.of((f"   {glyphs.current} ", "accent"), ("current sum", "dim"))
    ways = ((frame, size, current), (frame, size), (size, current), (size,))
    return roomiest(width, *(Line.of(line, *parts) for parts in ways))


def _range(plane: Plane, view: View) -> str:
    glyphs, a, b = view.glyphs, plane.trained_a, plane.trained_b
    if a[0] == a[1] and b[0] == b[1]:
        return ""
    if a == b and a[0] == -a[1]:
        return glyphs.text(f"±{range_text(a[1], a[1], glyphs)}")
    return ranges_text(a, b, glyphs)
