"""What can be said about a tensor in a line, about one number in three, and about what a layer's neurons put out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from adder_engine.snapshot import LayerActivity
from adder_tui.inspect.state import (
    ACTIVATIONS,
    CellPosition,
    Doubles,
    InspectState,
    comparable,
    earlier,
    fitting_quantity,
    label,
    quantities,
    since,
    values,
)
from adder_tui.selection import Neuron, neuron_name
from adder_tui.ui.heatmap import CELL, cell, histogram, sign_role
from adder_tui.ui.line import Line, Role, Span, roomiest
from adder_tui.ui.network_values import NetworkValues
from adder_tui.ui.numbers import plain_number
from adder_tui.ui.phrases import gradient_is_past, held_text
from adder_tui.ui.run_state import sum_text
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

LABEL = 8
"""Columns of a row's name, with a mark before it."""
ALL_BEFORE, ALL_AFTER, ALL_SHORT = 5, 7, 5
"""Columns before the decimal point, and from it on where there is room and where there is little."""
DEAD = 5
LESS_NEEDED = ("before it", "δ")
"""Columns that give way first where there is little room."""
Column = tuple[str, Sequence[float] | None, str]
"""A name, a number for each neuron, or None where there are none yet, and the phase that brings them, if one does."""
BEFORE, AFTER, SHORT = 5, 6, 4
"""Columns before the decimal point, and from it on where there is room and where there is little."""
COLUMNS = ("mean", "std", "min", "max", "norm")
MOST_BINS = 40
LEAST_NAME = 12
"""Columns of the name of a chosen number's quantity."""
THEN = {"start": "start", "step": "before", "": ""}
"""What the moment compared with is called where there is little room."""


def neuron_label(view: ViewState, layer: int, row: int, chosen: bool) -> Line:
    """A table row's name: the neuron that the layer's row belongs to, marked where it is chosen or silenced."""
    glyphs = view.glyphs
    name = neuron_name(Neuron(layer + 1, row), view.experiment)
    muted = view.snapshot is not None and (layer, row) in view.snapshot.silenced
    role: Role = "strong" if chosen else "faint" if muted else "dim"
    mark = glyphs.current if chosen else " "
    return Line.of((mark, "accent"), ((name + (glyphs.muted if muted else "")).ljust(LABEL - 1), role))


def activity_lines(
    view: ViewState, inspection: InspectState, here: CellPosition, first: int, count: int, width: int
) -> list[Line]:
    """A header, and the rows of ``count`` neurons of the chosen layer from ``first`` on."""
    columns = _columns(view, inspection, here.layer)
    dead = _dead(view, inspection, here.layer)
    room = width - LABEL - (DEAD if _bends(view, here.layer) else 0)
    for name in LESS_NEEDED:
        if len(columns) * (1 + ALL_BEFORE + ALL_SHORT) > room:
            columns = [column for column in columns if column[0] != view.glyphs.text(name)]
    after = ALL_AFTER if len(columns) * (1 + ALL_BEFORE + ALL_AFTER) <= room else ALL_SHORT
    pitch = 1 + ALL_BEFORE + after
    names = [name if len(name) < pitch else "the sum" for name, *_ in columns]
    scale = view.experiment.data.scale
    over = "" if scale == 1 else f" /{plain_number(scale, view.glyphs)}"  # what all values here are divided by
    header = (over if len(over) < LABEL else " scaled").ljust(LABEL)
    header += "".join(name.rjust(ALL_BEFORE + 4).ljust(pitch) for name in names)
    head = Line.of((header + ("dead".rjust(DEAD) if dead is not None else ""), "band-dim"))
    lines = [head.fit(width, view.glyphs.ellipsis, fill="band-dim")]
    shown = NetworkValues(view)
    for row in range(first, min(first + count, here.rows)):
        line = neuron_label(view, here.layer, row, row == here.row)
        there = {
            "forward": shown.has_value(here.layer + 1, row),
            "backward": shown.has_error(here.layer + 1, row),
            "": True,
        }
        for _, numbers, phase in columns:
            value = numbers[row] if numbers is not None else None
            phrase: Span = (cell(value, view.glyphs, ALL_BEFORE, after), sign_role(value))
            if value is not None and not there[phase]:
                phrase = ((" " * (ALL_BEFORE - 1) + view.glyphs.ellipsis).ljust(ALL_BEFORE + after), "dim")
            line = Line.of(line, " ", phrase)
        if dead is not None:
            line = Line.of(line, (f"{dead[row]:.0%}".rjust(DEAD), "strong" if dead[row] >= 1 else "text"))
        lines.append(line.fit(width))
    return lines


def _columns(view: ViewState, inspection: InspectState, layer: int) -> list[Column]:
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


def _dead(view: ViewState, inspection: InspectState, layer: int) -> list[float] | None:
    """The shares of rows on which each neuron's activation is flat; None where the layer has no activation."""
    over = _over_rows(view, inspection, layer)
    if over is None or not _bends(view, layer):
        return None
    shares: list[float] = over.dead.tolist()
    return shares


def _over_rows(view: ViewState, inspection: InspectState, layer: int) -> LayerActivity | None:
    """The layer's outputs over all rows, if they are those of the network in view."""
    if layer >= len(inspection.activity):
        return None
    over = inspection.activity[layer]
    return over if len(over.mean) == view.experiment.network.layers[layer + 1] else None


def _bends(view: ViewState, layer: int) -> bool:
    return view.experiment.network.activation != "none" and layer < len(view.experiment.layer_names) - 1


def _sum_name(view: ViewState, glyphs: Glyphs) -> str:
    if view.snapshot is None:
        return "the sum"
    return sum_text(view.snapshot.asked.sum, view.experiment.wanted.rule, glyphs)


def statistics(
    view: ViewState, inspection: InspectState, here: CellPosition, width: int, with_then: bool
) -> list[Line]:
    """A header, and for the layer's weight and bias mean, std (as ``torch.std``), min, max, norm and a histogram."""
    quantity = fitting_quantity(inspection.quantity, view.experiment)
    shown = "parameter" if quantity == ACTIVATIONS else quantity
    last = "of norms" if shown == "ratio" else "norm"
    after = AFTER if LABEL + len(COLUMNS) * (1 + BEFORE + AFTER) <= width else SHORT
    pitch = 1 + BEFORE + after
    names = "".join(name.rjust(BEFORE + 3).ljust(pitch) for name in (*COLUMNS[:-1], last))
    room = width - LABEL - pitch * len(COLUMNS) - 1
    names += "histogram" if room >= 8 else ""
    lines = [Line.of(((" " * LABEL + names).ljust(width), "band-dim"))]
    for slot in (here.weight, here.bias):
        for then in (False, True) if with_then else (False,):
            numbers = values(view, inspection, shown, slot.span, then)
            size = _ratio_of_norms(view, inspection, slot.span) if shown == "ratio" else None
            name = THEN[inspection.against] if then else slot.name.rpartition(".")[2]
            line = Line.of(((f"  {name}" if then else f" {name}").ljust(LABEL), "dim"))
            for i, number in enumerate(_summary(numbers)):
                value = size if shown == "ratio" and i == len(COLUMNS) - 1 else number
                line = Line.of(line, (cell(value, view.glyphs, BEFORE, after) + " ", "dim" if then else "text"))
            if numbers is not None and room >= 8:
                line = Line.of(line, histogram(numbers, min(room, MOST_BINS), view.glyphs))
            lines.append(line.fit(width))
    return lines


def _summary(numbers: Doubles | None) -> tuple[float | None, ...]:
    """Mean, std, min, max and norm; std with n − 1 as torch has it, so that one number has none."""
    known = numbers[~np.isnan(numbers)] if numbers is not None else np.empty(0)
    if not known.size:
        return (None,) * len(COLUMNS)
    with np.errstate(over="ignore", invalid="ignore"):
        std = float(known.std(ddof=1)) if known.size > 1 else None
        return (float(known.mean()), std, float(known.min()), float(known.max()), float(np.linalg.norm(known)))


def _ratio_of_norms(view: ViewState, inspection: InspectState, span: slice) -> float | None:
    """‖change‖ / ‖tensor before‖."""
    before = earlier(view, inspection)
    change = values(view, inspection, "change", span)
    if before is None or change is None:
        return None
    size = float(np.linalg.norm(before[0, span].astype(np.float64)))
    return float(np.linalg.norm(change)) / size if size else None


def chosen_number(view: ViewState, inspection: InspectState, here: CellPosition, width: int) -> list[Line]:
    """The chosen number: its name and way in full, then all its quantities, then how it compares."""
    lines = [_title(view, here), *_quantities(view, inspection, here, width)]
    if compared(view, inspection):
        lines += _compared(view, inspection, here, width)
    return [line.fit(width, view.glyphs.ellipsis) for line in lines]


def compared(view: ViewState, inspection: InspectState) -> bool:
    """Whether each number is shown beside what it was."""
    return bool(inspection.against) and comparable(fitting_quantity(inspection.quantity, view.experiment))


def _title(view: ViewState, here: CellPosition) -> Line:
    glyphs, experiment = view.glyphs, view.experiment
    to = neuron_name(Neuron(here.layer + 1, here.row), experiment)
    if here.on_bias:
        name, way = f"{here.bias.name}[{here.row}]", f"of {to}"
    else:
        source = neuron_name(Neuron(here.layer, here.column), experiment)
        name, way = f"{here.weight.name}[{here.row}, {here.column}]", f"from {source} to {to}"
    line = Line.of((f"{glyphs.current} ", "accent"), (name, "strong"), (f"  {way}", "dim"))
    if view.snapshot is not None:
        value = view.snapshot.state[0, here.index]
        line = Line.of(line, ("  ", "dim"), (str(value).replace("-", glyphs.minus), sign_role(float(value))))
        if here.index in view.snapshot.frozen:
            line = Line.of(line, (f"  {glyphs.kept} kept", "accent"))
        if (here.layer, here.row) in view.snapshot.silenced:
            line = Line.of(line, (f"  {glyphs.muted} muted", "accent"))
    return line


def _quantities(view: ViewState, inspection: InspectState, here: CellPosition, width: int) -> list[Line]:
    """Value, gradient, moments, change and ratio; compared with the start these two stand apart, and say so."""
    whole_run = inspection.against == "start"
    slots: list[tuple[str, str, Role]] = []
    for quantity in quantities(view.experiment):
        changes = quantity in ("change", "ratio")
        if quantity == ACTIVATIONS or (changes and whole_run):
            continue
        value = _one(view, inspection, quantity, here.index)
        name = f"last {quantity}" if changes else label(quantity, view.experiment)
        if quantity == "gradient" and view.snapshot is not None and not view.snapshot.gradient_set(here.index):
            text, role = "None".rjust(BEFORE).ljust(CELL), sign_role(None)
        else:
            text, role = cell(value, view.glyphs), sign_role(value)
        slots.append((name, text, role))
    lines = _side_by_side(slots, width)
    snapshot = view.snapshot
    if snapshot is not None and here.index in snapshot.frozen and snapshot.gradient_set(here.index):
        when: Span = (" in the last backward" if gradient_is_past(snapshot, here.index) else "", "dim")
        phrase = Line.of(("  its gradient: ", "dim"), *held_text(snapshot, here.index, view.glyphs))
        lines.append(roomiest(width, Line.of(phrase, when), phrase))
    if whole_run:
        change, ratio = (_one(view, inspection, quantity, here.index) for quantity in ("change", "ratio"))
        lines.append(
            Line.of(
                (f"  change {since(inspection)} ", "dim"), (cell(change, view.glyphs), sign_role(change)),
                ("  ratio ", "dim"), (cell(ratio, view.glyphs), sign_role(ratio)),
            )
        )  # fmt: skip
    return lines


def _compared(view: ViewState, inspection: InspectState, here: CellPosition, width: int) -> list[Line]:
    quantity = fitting_quantity(inspection.quantity, view.experiment)
    now = _one(view, inspection, quantity, here.index)
    then = _one(view, inspection, quantity, here.index, then=True)
    difference = now - then if now is not None and then is not None else None
    slots: list[tuple[str, str, Role]] = []
    for name, value in (("now", now), (THEN[inspection.against], then), ("difference", difference)):
        role = sign_role(value)
        slots.append((name, _signed(value, name, view.glyphs), role))
    return _side_by_side(slots, width)


def _side_by_side(slots: Sequence[tuple[str, str, Role]], width: int) -> list[Line]:
    """Names and numbers, three or fewer in a row."""
    label = max(LEAST_NAME, *(len(name) + 1 for name, _, _ in slots))
    shown = [Line.of((f"  {name.ljust(label)}", "dim"), (text, role)) for name, text, role in slots]
    beside = max(1, min(3, width // (2 + label + CELL)))
    return [Line.of(*shown[i : i + beside]) for i in range(0, len(shown), beside)]


def _signed(value: float | None, name: str, glyphs: Glyphs) -> str:
    text = cell(value, glyphs)
    if name != "difference" or value is None or not value > 0:
        return text
    return text[: len(text) - len(text.lstrip()) - 1] + "+" + text.lstrip()


def _one(view: ViewState, inspection: InspectState, quantity: str, index: int, then: bool = False) -> float | None:
    numbers = values(view, inspection, quantity, slice(index, index + 1), then)
    if numbers is None or (quantity == "ratio" and math.isnan(numbers[0])):
        return None
    return float(numbers[0])
