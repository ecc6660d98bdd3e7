"""What a layer's neurons put out: for the current sum, and over all training rows."""

from __future__ import annotations

from collections.abc import Sequence

from adder_engine.snapshot import LayerActivity
from adder_tui.render.cells import cell, sign_role
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.inspection import Inspection, Place
from adder_tui.render.lines import Line, Role, Span
from adder_tui.render.shown import Shown
from adder_tui.render.sums import sum_text
from adder_tui.render.view import View
from adder_tui.selection import Neuron, neuron_name

LABEL = 8
"""Columns of a row's name, with a mark before it."""
BEFORE, AFTER, SHORT = 5, 7, 5
"""Columns before the decimal point, and from it on where there is room and where there is little."""
DEAD = 5
LESS_NEEDED = ("before it", "δ")
"""Columns that give way first where there is little room."""
Column = tuple[str, Sequence[float] | None, str]
"""A name, a number for each neuron, or None where there are none yet, and the phase that brings them, if one does."""


def neuron_label(view: View, layer: int, row: int, chosen: bool) -> Line:
    """A table row's name: the neuron that the layer's row belongs to, marked where it is chosen or silenced."""
    glyphs = view.glyphs
    name = neuron_name(Neuron(layer + 1, row), view.experiment)
    muted = view.snapshot is not None and (layer, row) in view.snapshot.silenced
    role: Role = "strong" if chosen else "faint" if muted else "dim"
    mark = glyphs.current if chosen else " "
    return Line.of((mark, "accent"), ((name + (glyphs.muted if muted else "")).ljust(LABEL - 1), role))


def activity_lines(view: View, inspection: Inspection, here: Place, first: int, count: int, width: int) -> list[Line]:
    """A header, and the rows of ``count`` neurons of the chosen layer from ``first`` on."""
    columns = _columns(view, inspection, here.layer)
    dead = _dead(view, inspection, here.layer)
    room = width - LABEL - (DEAD if _bends(view, here.layer) else 0)
    for name in LESS_NEEDED:
        if len(columns) * (1 + BEFORE + SHORT) > room:
            columns = [column for column in columns if column[0] != view.glyphs.text(name)]
    after = AFTER if len(columns) * (1 + BEFORE + AFTER) <= room else SHORT
    pitch = 1 + BEFORE + after
    names = [name if len(name) < pitch else "the sum" for name, *_ in columns]
    header = " " * LABEL + "".join(name.rjust(BEFORE + 4).ljust(pitch) for name in names)
    head = Line.of((header + ("dead".rjust(DEAD) if dead is not None else ""), "band-dim"))
    lines = [head.fit(width, view.glyphs.ellipsis, fill="band-dim")]
    shown = Shown(view)
    for row in range(first, min(first + count, here.rows)):
        line = neuron_label(view, here.layer, row, row == here.row)
        there = {
            "forward": shown.has_value(here.layer + 1, row),
            "backward": shown.has_error(here.layer + 1, row),
            "": True,
        }
        for _, numbers, phase in columns:
            value = numbers[row] if numbers is not None else None
            told: Span = (cell(value, view.glyphs, BEFORE, after), sign_role(value))
            if value is not None and not there[phase]:
                told = ((" " * (BEFORE - 1) + view.glyphs.ellipsis).ljust(BEFORE + after), "dim")
            line = Line.of(line, " ", told)
        if dead is not None:
            line = Line.of(line, (f"{dead[row]:.0%}".rjust(DEAD), "strong" if dead[row] >= 1 else "text"))
        lines.append(line.fit(width))
    return lines


def _columns(view: View, inspection: Inspection, layer: int) -> list[Column]:
    """What there is to tell of the layer's neurons."""
    snapshot, glyphs = view.snapshot, view.glyphs
    known = snapshot is not None and snapshot.asked.wanted is not None
    trace = snapshot.trace.layers[layer] if snapshot is not None and snapshot.trace is not None else None
    columns: list[Column] = []
    if _bends(view, layer):
        columns.append(("before it", trace.pre.tolist() if trace else None, "forward"))
    asked = _sum_name(view, glyphs)
    columns += [
        (asked, trace.post.tolist() if trace else None, "forward"),
        (glyphs.text("δ"), trace.delta.tolist() if trace and known else None, "backward"),
    ]
    over = _over_rows(view, inspection, layer)
    return [
        *columns,
        ("mean", over.mean.tolist() if over else None, ""),
        ("min", over.low.tolist() if over else None, ""),
        ("max", over.high.tolist() if over else None, ""),
    ]


def _dead(view: View, inspection: Inspection, layer: int) -> list[float] | None:
    """The shares of rows on which each neuron's activation is flat; None where the layer has no activation."""
    over = _over_rows(view, inspection, layer)
    if over is None or not _bends(view, layer):
        return None
    shares: list[float] = over.dead.tolist()
    return shares


def _over_rows(view: View, inspection: Inspection, layer: int) -> LayerActivity | None:
    """The layer's outputs over all rows, if they are those of the network in view."""
    if layer >= len(inspection.activity):
        return None
    over = inspection.activity[layer]
    return over if len(over.mean) == view.experiment.network.layers[layer + 1] else None


def _bends(view: View, layer: int) -> bool:
    return view.experiment.network.activation != "none" and layer < len(view.experiment.layer_names) - 1


def _sum_name(view: View, glyphs: Glyphs) -> str:
    if view.snapshot is None:
        return "the sum"
    return sum_text(view.snapshot.asked.sum, view.experiment.wanted.rule, glyphs)
