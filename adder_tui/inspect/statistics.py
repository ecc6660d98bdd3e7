"""What can be said about a tensor in a line, about one number in three, and about what a layer's neurons put out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adder_engine.language import tr
from adder_engine.snapshot import LayerActivity
from adder_tui.inspect.state import ACTIVATIONS, CellPosition, Doubles, Look, label, quantities
from adder_tui.selection import Neuron, neuron_name
from adder_tui.ui.heatmap import BEFORE, CELL, cell, histogram, sign_role
from adder_tui.ui.line import Line, Role, Span, roomiest
from adder_tui.ui.list_view import head_line
from adder_tui.ui.network_values import NetworkValues
from adder_tui.ui.numbers import plain_number
from adder_tui.ui.phrases import gradient_is_past, held_text
from adder_tui.ui.run_state import sum_text
from adder_tui.ui.view import ViewState

LABEL = 8
"""Columns of a row's name, with a mark before it."""
DEAD = 5
BEFORE_IT = tr("before it")
LESS_NEEDED = (BEFORE_IT, "δ")
"""Columns that give way first where there is little room."""
Column = tuple[str, Sequence[float] | None, str]
"""A name, a number for each neuron, or None where there are none yet, and the phase that brings them, if one does."""
AFTER, SHORT = 7, 5
STATISTICS_AFTER, STATISTICS_SHORT = 6, 4
"""Columns from the decimal point on where there is room and where there is little: of activations, of statistics."""
COLUMNS = (tr("mean"), "std", tr("min"), tr("max"), tr("norm"))
MOST_BINS = 40
LEAST_NAME = 12
"""Columns of the name of a chosen number's quantity."""
LAST = {"change": tr("last change"), "ratio": tr("last ratio")}
THEN = {"start": tr("start"), "step": tr("before"), "": ""}
"""What the moment compared with is called where there is little room."""


def neuron_label(view: ViewState, layer: int, row: int, chosen: bool) -> Line:
    """A table row's name: the neuron that the layer's row belongs to, marked where it is chosen or muted."""
    glyphs = view.glyphs
    name = neuron_name(Neuron(layer + 1, row), view.experiment)
    muted = view.snapshot is not None and (layer, row) in view.snapshot.muted
    role: Role = "strong" if chosen else "faint" if muted else "dim"
    mark = glyphs.current if chosen else " "
    return Line.of((mark, "accent"), ((name + (glyphs.muted if muted else "")).ljust(LABEL - 1), role))


def activity_lines(look: Look, here: CellPosition, first: int, count: int, width: int) -> list[Line]:
    """A header, and the rows of ``count`` neurons of the chosen layer from ``first`` on."""
    view, glyphs = look.view, look.view.glyphs
    over = _over_rows(look, here.layer)
    bends = view.experiment.activations[here.layer] != "none"
    columns = _columns(view, here.layer, bends, over)
    dead: Sequence[float] | None = over.dead.tolist() if over is not None and bends else None
    room = width - LABEL - (DEAD if bends else 0)
    for name in LESS_NEEDED:
        if len(columns) * (1 + BEFORE + SHORT) > room:
            columns = [column for column in columns if column[0] != glyphs.text(name)]
    after = AFTER if len(columns) * (1 + BEFORE + AFTER) <= room else SHORT
    pitch = 1 + BEFORE + after
    names = [name if len(name) < pitch or name == BEFORE_IT else tr("the sum") for name, *_ in columns]
    scale = view.scales.targets
    divided = "" if scale == 1 else f" /{plain_number(scale, glyphs)}"  # what all values here are divided by
    header = (divided if len(divided) < LABEL else tr(" scaled")).ljust(LABEL)
    header += "".join(name[: pitch - 1].rjust(BEFORE + 4).ljust(pitch) for name in names)
    head = Line.of((header + (tr("dead")[: DEAD - 1].rjust(DEAD) if dead is not None else ""), "band-dim"))
    lines = [head.fit(width, glyphs.ellipsis, fill="band-dim")]
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
            phrase: Span = (cell(value, glyphs, BEFORE, after), sign_role(value))
            if value is not None and not there[phase]:
                phrase = ((" " * (BEFORE - 1) + glyphs.ellipsis).ljust(BEFORE + after), "dim")
            line = Line.of(line, " ", phrase)
        if dead is not None:
            line = Line.of(line, (f"{dead[row]:.0%}".rjust(DEAD), "strong" if dead[row] >= 1 else "text"))
        lines.append(line.fit(width))
    return lines


def _columns(view: ViewState, layer: int, bends: bool, over: LayerActivity | None) -> list[Column]:
    """What there is to tell of the layer's neurons."""
    snapshot, glyphs = view.snapshot, view.glyphs
    trace = snapshot.trace.layers[layer] if snapshot is not None and snapshot.trace is not None else None
    asked = tr("the sum")
    if snapshot is not None:
        asked = sum_text(snapshot.asked.sum, view.experiment.wanted.rule, glyphs)
    known = snapshot is not None and snapshot.asked.wanted is not None
    before: list[Column] = [(BEFORE_IT, trace.pre.tolist() if trace else None, "forward")]
    return [
        *(before if bends else []),
        (asked, trace.post.tolist() if trace else None, "forward"),
        (glyphs.text("δ"), trace.delta.tolist() if trace and known else None, "backward"),
        (tr("mean"), over.mean.tolist() if over else None, ""),
        (tr("min"), over.low.tolist() if over else None, ""),
        (tr("max"), over.high.tolist() if over else None, ""),
    ]


def _over_rows(look: Look, layer: int) -> LayerActivity | None:
    """The layer's outputs over all rows, if they are those of the network in view."""
    over = dict(enumerate(look.inspect_state.activity)).get(layer)
    return over if over is not None and len(over.mean) == look.view.experiment.network.layers[layer + 1] else None


def statistics(look: Look, width: int, with_then: bool) -> list[Line]:
    """A header, and for the layer's weight and bias mean, std (as ``torch.std``), min, max, norm and a histogram."""
    glyphs, here = look.view.glyphs, look.here
    shown = "parameter" if look.quantity == ACTIVATIONS else look.quantity
    last = tr("of norms") if shown == "ratio" else COLUMNS[-1]
    after = STATISTICS_AFTER
    if LABEL + len(COLUMNS) * (1 + BEFORE + after) > width:
        after = STATISTICS_SHORT
    pitch = 1 + BEFORE + after
    names = "".join(name[: pitch - 1].rjust(BEFORE + 3).ljust(pitch) for name in (*COLUMNS[:-1], last))
    room = width - LABEL - pitch * len(COLUMNS) - 1
    names += tr("histogram") if room >= 8 else ""
    lines = [head_line(" " * LABEL + names, width)]
    for tensor in (here.weight, here.bias):
        for then in (False, True) if with_then else (False,):
            numbers = look.values(shown, tensor.span, then)
            summary = _summary(numbers)
            if shown == "ratio":
                summary = (*summary[:-1], _ratio_of_norms(look, tensor.span))
            name = f"  {THEN[look.inspect_state.against]}" if then else f" {tensor.name.rpartition('.')[2]}"
            line = Line.of((name[:LABEL].ljust(LABEL), "dim"))
            for value in summary:
                line = Line.of(line, (cell(value, glyphs, BEFORE, after) + " ", "dim" if then else "text"))
            if numbers is not None and room >= 8:
                line = Line.of(line, histogram(numbers, min(room, MOST_BINS), glyphs))
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


def _ratio_of_norms(look: Look, span: slice) -> float | None:
    """‖change‖ / ‖tensor before‖."""
    before, change = look.earlier, look.values("change", span)
    if before is None or change is None:
        return None
    size = float(np.linalg.norm(before[0, span].astype(np.float64)))
    return float(np.linalg.norm(change)) / size if size else None


def chosen_number(look: Look, width: int) -> list[Line]:
    """The chosen number: its name and way in full, then all its quantities, then how it compares."""
    lines = [_title(look.view, look.here), *_quantities(look, width)]
    if look.compared:
        lines += _compared(look, width)
    return [line.fit(width, look.view.glyphs.ellipsis) for line in lines]


def _title(view: ViewState, here: CellPosition) -> Line:
    glyphs, experiment = view.glyphs, view.experiment
    to = neuron_name(Neuron(here.layer + 1, here.row), experiment)
    if here.on_bias:
        name, way = f"{here.bias.name}[{here.row}]", tr("of {neuron}", neuron=to)
    else:
        source = neuron_name(Neuron(here.layer, here.column), experiment)
        name, way = f"{here.weight.name}[{here.row}, {here.column}]", tr("from {source} to {to}", source=source, to=to)
    line = Line.of((f"{glyphs.current} ", "accent"), (name, "strong"), (f"  {way}", "dim"))
    if view.snapshot is not None:
        value = view.snapshot.state[0, here.index]
        line = Line.of(line, ("  ", "dim"), (str(value).replace("-", glyphs.minus), sign_role(float(value))))
        if here.index in view.snapshot.frozen:
            line = Line.of(line, (f"  {glyphs.kept} {tr('kept')}", "accent"))
        if (here.layer, here.row) in view.snapshot.muted:
            line = Line.of(line, (f"  {glyphs.muted} {tr('muted')}", "accent"))
    return line


def _quantities(look: Look, width: int) -> list[Line]:
    """Value, gradient, moments, change and ratio; compared with the start these two stand apart, and say so."""
    view, snapshot, index = look.view, look.view.snapshot, look.here.index
    figures: list[tuple[str, str, Role]] = []
    for quantity in quantities(view.experiment):
        changes = quantity in LAST
        if quantity == ACTIVATIONS or (changes and look.from_start):
            continue
        value = look.value(quantity, index)
        name = LAST[quantity] if changes else label(quantity, view.experiment)
        text = cell(value, view.glyphs)
        if quantity == "gradient" and snapshot is not None and not snapshot.gradient_set(index):
            text = "None".rjust(BEFORE).ljust(CELL)
        figures.append((name, text, sign_role(value)))
    lines = _side_by_side(figures, width)
    if snapshot is not None and index in snapshot.frozen and snapshot.gradient_set(index):
        when: Span = (tr(" in the last backward") if gradient_is_past(snapshot, index) else "", "dim")
        phrase = Line.of((tr("  its gradient: "), "dim"), *held_text(snapshot, index, view.glyphs))
        lines.append(roomiest(width, Line.of(phrase, when), phrase))
    if look.from_start:
        line = Line()
        for quantity, before in (("change", tr("  change {since} ", since=look.since)), ("ratio", tr("  ratio "))):
            value = look.value(quantity, index)
            line = Line.of(line, (before, "dim"), (cell(value, view.glyphs), sign_role(value)))
        lines.append(line)
    return lines


def _compared(look: Look, width: int) -> list[Line]:
    now, then = (look.value(look.quantity, look.here.index, then) for then in (False, True))
    difference = now - then if now is not None and then is not None else None
    glyphs = look.view.glyphs
    return _side_by_side(
        [
            (tr("now"), cell(now, glyphs), sign_role(now)),
            (THEN[look.inspect_state.against], cell(then, glyphs), sign_role(then)),
            (tr("difference"), cell(difference, glyphs, sign=True), sign_role(difference)),
        ],
        width,
    )


def _side_by_side(figures: Sequence[tuple[str, str, Role]], width: int) -> list[Line]:
    """Names and numbers, three or fewer in a row."""
    label = max(LEAST_NAME, *(len(name) + 1 for name, _, _ in figures))
    shown = [Line.of((f"  {name.ljust(label)}", "dim"), (text, role)) for name, text, role in figures]
    beside = max(1, min(3, width // (2 + label + CELL)))
    return [Line.of(*shown[i : i + beside]) for i in range(0, len(shown), beside)]
