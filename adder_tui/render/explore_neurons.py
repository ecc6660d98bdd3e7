"""One neuron's output over a plane of sums, and all of them as small pictures."""

from __future__ import annotations

import dataclasses

from adder_tui.render.exploration import Exploration, Spot, hidden_neuron
from adder_tui.render.explore_error import axes_of, told, trained_of
from adder_tui.render.gallery import NAME, gallery
from adder_tui.render.heat import largest_size, sign_legend, sign_levels, sign_steps
from adder_tui.render.lines import Line
from adder_tui.render.numbers import number, role_of
from adder_tui.render.plane_picture import LABELS, beside, cells_in, plane_picture
from adder_tui.render.plane_window import Cells
from adder_tui.render.view import View
from adder_tui.selection import Neuron, neuron_name

ABOVE, UNDER = 1, 2
NONE = "This network has no hidden neurons: its inputs lead straight to the answer."


def gallery_width(view: View, width: int) -> int:
    """Columns of the small pictures at the right."""
    layers = max(1, len(view.experiment.network.layers) - 2)
    return min(layers * (NAME + (12 if width >= 100 else 8)), width * 9 // 20)


def neuron_cells(view: View, exploration: Exploration, width: int, height: int) -> Cells:
    """The cells of the large picture in a view of this size."""
    room = width - gallery_width(view, width) - 2
    return cells_in(room, height - ABOVE - UNDER, exploration.halved)


def neurons_view(view: View, exploration: Exploration, width: int, height: int) -> tuple[list[Line], Spot | None]:
    """The chosen neuron at the left, all of them at the right."""
    glyphs = view.glyphs
    chosen = hidden_neuron(view.selection, view.experiment)
    if chosen is None:
        return [Line(), Line.of((f" {NONE}", "dim"))], None
    plane, found = exploration.found.plane, exploration.found.neuron
    if plane is None or found is None or plane.answers.shape != found[1].outputs.shape:
        return [], None
    picture_of = found[1]
    outputs = picture_of.outputs.astype(float)
    steps = sign_steps(largest_size(outputs), plane.log)
    axes = axes_of(plane, exploration.halved)
    cursor = axes.nearest(exploration.cursor_in(view))
    asked = view.snapshot.asked.sum if view.snapshot else None
    trained = dataclasses.replace(trained_of(plane), points=plane.points[:0])
    picture, _ = plane_picture(
        sign_levels(outputs, steps), "sign", axes, exploration.halved, glyphs, cursor=cursor,
        asked=(asked.a, asked.b) if asked else (0.0, 0.0), trained=trained,
    )  # fmt: skip
    name = neuron_name(Neuron(picture_of.layer + 1, picture_of.neuron), view.experiment)
    legend = Line.of((f" {name} ".rjust(LABELS), "strong"), sign_legend(steps, glyphs, width - LABELS))
    side = gallery(view, exploration, gallery_width(view, width), height - ABOVE - UNDER + 1)
    room = width - gallery_width(view, width) - 2
    row = cursor[1] * (2 if exploration.halved else 1)
    here = float(outputs[row, cursor[0]])
    if exploration.cursor is None and view.snapshot is not None and view.snapshot.trace is not None:
        here = float(view.snapshot.trace.layers[picture_of.layer].post[picture_of.neuron])
    span = Line.of(
        (f" {name}", "strong"), (" hands on ", "dim"), (number(here, glyphs), role_of(here)), (" there, from ", "dim"),
        number(picture_of.low, glyphs), (" to ", "dim"), number(picture_of.high, glyphs), (" over this plane", "dim"),
    )  # fmt: skip
    spot = Spot(LABELS, ABOVE, Cells(len(axes.a), len(axes.b), exploration.halved))
    blocks = (
        [legend, *beside(picture, side[: len(picture)], room)]
        if width < 100
        else beside([legend, *picture], side, room)
    )
    return [*blocks, *told(view, exploration, plane, cursor), span], spot
