"""The network as a picture: neurons with their values, edges with their signs and sizes, the chosen one in full.

Each neuron has two rows. In the upper one stand its value, and the marks of its weights and its bias; in the lower
one what the phase brings, in every size of window: its error, and its weights' gradients or changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from adder_tui.network.edges import ClickTarget, Sheet, draw_edges
from adder_tui.selection import Neuron
from adder_tui.ui.line import Line, Role
from adder_tui.ui.numbers import plain_number, role_of
from adder_tui.ui.phrases import brought_mark, compact, sign_mark
from adder_tui.ui.view import ViewState

OWN_LOSS, SCALED_LOSS = "own loss", "scaled loss"
"""What the current sum's own loss is called, unscaled and scaled; ``train loss`` and ``loss now`` are over rows."""


@dataclass(frozen=True)
class Diagram:
    """The picture, and where one can click on it."""

    lines: list[Line]
    spots: list[ClickTarget]


def diagram(view: ViewState, width: int, height: int) -> Diagram:
    """Draw the network in ``width`` by ``height`` cells."""
    sheet = Sheet(view, width, height)
    for c in range(len(sheet.layers)):
        _heading(sheet, c)
        _neurons(sheet, c)
    _outcome(sheet)
    for c in range(1, len(sheet.layers)):
        draw_edges(sheet, c)
    return Diagram(sheet.grid.lines(), sheet.spots)


def _heading(s: Sheet, c: int) -> None:
    column = s.plan.columns[c]
    if not c:
        after = s.plan.columns[1]
        room = after.end - len(_shortened(s.names[0], _heading_room(s, 1))) - 1 - column.cell
        s.grid.put(column.cell, 0, _scaled(s, _shortened("inputs", room), room), "dim")
        return
    room = _heading_room(s, c)
    name = _shortened(s.names[c - 1], room)
    if c == len(s.layers) - 1:
        name = _scaled(s, name, room)
    lit = s.reach.lit(c - 1)
    role: Role = ("active" if s.is_working(c) else "accent") if lit else "dim"
    text = f" {name} " if lit and len(name) + 2 <= room else name
    s.grid.put(column.end - len(text), 0, text, role)


def _scaled(s: Sheet, name: str, room: int) -> str:
    """``inputs/500`` where what stands below is divided by 500, as far as there is room."""
    scale = s.view.experiment.data.scale
    divided = name if scale == 1 else f"{name}/{plain_number(scale, s.glyphs)}"
    return divided if len(divided) <= room else name


def _heading_room(s: Sheet, c: int) -> int:
    """Columns over the marks and neurons, less a blank where those of another column stand next to them."""
    column = s.plan.columns[c]
    return column.end - column.marks - (column.marks == s.plan.columns[c - 1].end)


def _shortened(name: str, room: int) -> str:
    """``hidden4`` as ``hid4`` where there is no room for it."""
    number = name.lstrip("abcdefghijklmnopqrstuvwxyz")
    return name if len(name) <= room else name[: min(3, room - len(number))] + number


def _neurons(s: Sheet, c: int) -> None:
    column = s.plan.columns[c]
    values = s.values(c)
    largest = float(abs(values).max()) if values is not None else 0.0
    room = column.number_width
    for i, y in zip(column.shown, column.rows, strict=True):
        here = Neuron(c, i)
        chosen = s.view.selection == here
        role: Role = "dim"
        text = s.glyphs.none if values is None else s.glyphs.ellipsis
        if values is not None and s.has_value(c, i):
            value = float(values[i])
            text, role = s.inputs[i] if not c and room > 1 else s.value_text(value, room), role_of(value)
            if not text:
                text, role = sign_mark(value, largest, s.glyphs)
        if s.view.snapshot is not None and (c - 1, i) in s.view.snapshot.silenced:
            text, role = ("muted" if room >= 5 else "x"), "faint"
        left, right = ("[", "]") if chosen else ("(", ")")
        bracket: Role = "chosen" if chosen else "accent" if s.is_working(c) else "dim"
        x = column.cell
        if column.index_width:
            s.grid.put(x, y, str(i).rjust(column.index_width), "dim")
            x += column.index_width
        s.grid.put(x, y, left, bracket)
        s.grid.put(x + 1, y, text.rjust(room), "chosen" if chosen else role)
        s.grid.put(x + 1 + room, y, right, bracket)
        s.spots.append(ClickTarget(column.cell, y, column.cell_width, here))
        if c:
            _error(s, c, i, x, y + 1, room)
    if column.hidden:
        text = f"{s.glyphs.ellipsis} {column.hidden} more"
        if len(text) >= column.cell_width:
            text = f"{s.glyphs.ellipsis}{column.hidden}"
        beside = len(text) < column.cell_width and s.plan.columns[c + 1].gap[1] > column.end  # the bias next to it
        s.grid.put(column.end - len(text) - beside, column.rows[-1] + 2, text, "dim")


def _error(s: Sheet, c: int, i: int, x: int, y: int, room: int) -> None:
    """The error below its neuron, once the backward pass has brought it."""
    if s.reach.between or not s.reach.has_error(c - 1) or s.trace is None or not s.trace.known:
        return
    deltas = s.trace.layers[c - 1].delta
    delta = float(deltas[i])
    role: Role
    if not s.has_error(c, i):  # the walk by neuron has not come to it
        text, role = s.glyphs.ellipsis, "dim"
    else:
        text, role = s.value_text(delta, room), role_of(delta)
        if not text:
            text, role = brought_mark(delta, float(abs(deltas).max()), s.glyphs)
    s.grid.put(x + 1, y, text.rjust(room), role)
    s.grid.put(x, y, "d" if s.glyphs.ascii else "δ", "accent" if s.is_working(c) else "dim")


def _outcome(s: Sheet) -> None:
    """Below the output: what is wanted and how far off it is, in units of sums, and from its rung on the loss."""
    column, snapshot = s.plan.columns[-1], s.view.snapshot
    if s.trace is None or snapshot is None or not s.has_value(len(s.names), 0):
        return
    phase = s.reach.rung.phase if s.reach.rung is not None else ""
    at_loss = phase == "loss"
    trace, asked, g = s.trace, snapshot.asked, s.glyphs
    rows: list[tuple[str, float, Role]] = []
    if trace.scale != 1:
        rows.append(("answer", asked.predicted, "text"))
    if asked.wanted is not None and asked.off_by is not None:
        rows += [("want", asked.wanted, "text"), ("off", asked.off_by, role_of(asked.off_by))]
        if phase != "forward":
            rows.append((OWN_LOSS if trace.scale == 1 else SCALED_LOSS, trace.loss, "strong" if at_loss else "text"))
    else:
        _unknown(s, column.rows[-1] + 2 + len(rows))
    for y, (label, value, role) in enumerate(rows, start=column.rows[-1] + 2):
        room = column.end - max(0, column.marks - (label == SCALED_LOSS) * len("scaled ")) - len(label) - 1
        text = compact(value, min(room, 8), g, 4, sign=label == "off")
        if label == "want" and value == int(value) and len(plain_number(value, g)) <= room:
            text = plain_number(value, g)
        x = column.end - max(6, len(text)) - 1 - len(label)
        s.grid.put(x, y, label, "active" if at_loss and label in (OWN_LOSS, SCALED_LOSS) else "dim")
        s.grid.put(column.end - len(text), y, text, role)


def _unknown(s: Sheet, y: int) -> None:
    """No truth known: in one row, or where the column is narrow in two."""
    column = s.plan.columns[-1]
    words = ("no truth known",) if column.end - column.marks >= len("no truth known") else ("no truth", "known")
    for row, text in enumerate(words, start=y):
        s.grid.put(column.end - len(text), row, text, "dim")
