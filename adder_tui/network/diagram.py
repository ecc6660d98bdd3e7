"""The network as a picture: neurons with their values, edges with their signs and sizes, the chosen one in full."""

from __future__ import annotations

from adder_engine.language import tr
from adder_tui.network.layout import BUS, LABEL, NUMBER_WIDTHS, WEB, layout
from adder_tui.selection import Neuron, Parameter
from adder_tui.ui.heatmap import Dots
from adder_tui.ui.line import Role
from adder_tui.ui.network_values import OUTCOME, Drawn, NetworkDrawing
from adder_tui.ui.numbers import role_of
from adder_tui.ui.phrases import brought_mark, compact, sign_mark, weight_of
from adder_tui.ui.view import ClickTarget, ViewState

MOST_DIGITS, DIGITS = 6, 4
"""Significant digits of a neuron's number in eight columns, and in fewer."""
MOST_LINES = 48
"""Lines drawn between two columns; of more only the largest are."""


class DiagramDrawing(NetworkDrawing):
    """A view's numbers, and the diagram of ``width`` by ``height`` cells that comes about."""

    def __init__(self, view: ViewState, width: int, height: int) -> None:
        super().__init__(view, width, height)
        keep: list[set[int]] = [set() for _ in self.layers]
        keep[self.column].add(self.neuron)
        if self.source is not None and self.source < self.layers[self.column - 1]:
            keep[self.column - 1].add(self.source)
        self.columns = layout(
            self.layers, keep, self.sizes, self.column, max(2, *map(len, self.inputs)),
            not view.glyphs.ascii, self.outcome_rows, width, height,
        )  # fmt: skip

    @property
    def outcome_rows(self) -> int:
        """Rows below the output: wanted, off by and loss; the answer too where outputs are scaled."""
        return 4 if self.trace is not None and self.trace.target_scale != 1 else 3


def draw_edges(s: DiagramDrawing, c: int) -> None:
    """All edges that lead into a column."""
    x0, x1 = s.columns[c].gap
    if c == s.column and x1 - x0 >= BUS:
        _bus_in(s, c)
    elif c - 1 == s.column and s.source is None and x1 - x0 >= BUS:
        _bus_out(s, c)
    elif x1 - x0 >= WEB and not s.glyphs.ascii and s.weights is not None:
        _web(s, c)
    _marks(s, c)


# --- marks ---------------------------------------------------------------------------------------


def _marks(s: DiagramDrawing, c: int) -> None:
    column, before = s.columns[c], s.columns[c - 1]
    goes_on = s.reach.stage is not None and s.reach.stage.phase == "forward"
    arrow = s.glyphs.edges.forward if goes_on else s.glyphs.edges.backward
    for i, y in zip(column.shown, column.rows, strict=True):
        if before.hidden:
            s.grid.put(column.fold, y, s.glyphs.ellipsis, "faint")
        if s.is_working(c):
            s.grid.put(column.arrow, y, arrow, "accent")
        for x, source in enumerate(before.shown, column.marks):
            _mark(s, c, i, source, x, y)
        _mark(s, c, i, s.layers[c - 1], column.bias, y)
    for y in (column.rows[0] - 1, column.rows[-1] + 2):
        if s.grid.is_blank(column.bias - 1, y, 3):
            s.grid.put(column.bias, y, "b", "faint")
            break


def _mark(s: DiagramDrawing, c: int, neuron: int, source: int, x: int, y: int) -> None:
    index = s.index_of(c, neuron, source)
    if s.weights is None:
        s.grid.put(x, y, s.glyphs.edges.zero, "faint")
        return
    most, most_brought = s.largest[c - 1]
    mark, role = sign_mark(float(s.weights[index]), most, s.glyphs)
    s.grid.put(x, y, mark, "chosen" if s.view.selection == Parameter(index) else role)
    if index in s.kept:
        s.grid.put(x, y + 1, s.glyphs.kept, "accent")
    elif s.brought is not None and s.brings(c, neuron):
        s.grid.put(x, y + 1, *brought_mark(float(s.brought[index]), most_brought, s.glyphs))
    s.spots.append(ClickTarget(x, y, 1, Parameter(index)))


# --- lines ---------------------------------------------------------------------------------------


def _web(s: DiagramDrawing, c: int) -> None:
    """All lines of a layer, lightly; the larger the weight the denser the line."""
    column, before = s.columns[c], s.columns[c - 1]
    assert s.weights is not None
    x0, x1 = column.gap
    most = s.largest[c - 1][0]
    edges = sorted(
        (abs(float(s.weights[s.index_of(c, i, j)])), s.index_of(c, i, j), y, z)
        for i, y in zip(column.shown, column.rows, strict=True)
        for j, z in zip(before.shown, before.rows, strict=True)
    )[-MOST_LINES:]
    dots = Dots(x1 - x0, s.grid.height)
    lit = s.reach.lit(c - 1) and not s.reach.between
    for size, index, y, z in edges:
        weight = weight_of(size, most)
        value = float(s.weights[index])
        role: Role = role_of(value) if weight == 2 or (lit and weight) else "faint"
        dots.line(0, 4 * z + 1, 2 * (x1 - x0) - 1, 4 * y + 1, role, every=(4, 2, 1)[weight])
    for x, y, character, role in dots.cells(s.glyphs):
        s.grid.put(x0 + x, y, character, role)


def _bus_in(s: DiagramDrawing, c: int) -> None:
    """The edges into the chosen neuron, each with its number, and the bias as one from a constant 1."""
    column, before = s.columns[c], s.columns[c - 1]
    x0, x1 = column.gap
    trunk = x1 - 1
    row = column.row_of(s.neuron)
    assert row is not None
    ends = [(z, j) for j, z in zip(before.shown, before.rows, strict=True)]
    # In the lowest of windows the bias takes the row in which the last weight's gradient or change would stand.
    ends.append((min(before.rows[-1] + 2, s.grid.height - 1), s.layers[c - 1]))
    _trunk(s, trunk, [z for z, _ in ends], row, inward=True)
    for y, source in ends:
        is_bias = source == s.layers[c - 1]
        _edge(s, c, s.neuron, source, x0 + 1 + (trunk - x0 > LABEL + 2) if is_bias else x0, trunk, y)
        if is_bias:
            s.grid.put(x0, y, "1", "dim")


def _bus_out(s: DiagramDrawing, c: int) -> None:
    """The edges that lead away from the chosen neuron, each with its number."""
    column, before = s.columns[c], s.columns[c - 1]
    x0, x1 = column.gap
    row = before.row_of(s.neuron)
    assert row is not None
    _trunk(s, x0, list(column.rows), row, inward=False)
    for i, y in zip(column.shown, column.rows, strict=True):
        _edge(s, c, i, s.neuron, x0 + 1, x1, y)


def _trunk(s: DiagramDrawing, x: int, ends: list[int], row: int, inward: bool) -> None:
    """The upright line that joins the rows ``ends`` with ``row``."""
    top, bottom = min(*ends, row), max(*ends, row)
    towards, away = (1, 4) if inward else (4, 1)
    for y in range(top, bottom + 1):
        arms = (2 if y > top else 0) | (8 if y < bottom else 0)
        arms |= (towards if y in ends else 0) | (away if y == row else 0)
        s.grid.put(x, y, s.glyphs.edges.trunk[arms], "text")
    if inward:
        s.grid.put(x + 1, row, s.glyphs.edges.forward, "text")


def _edge(s: DiagramDrawing, c: int, neuron: int, source: int, x0: int, x1: int, y: int) -> None:
    """A line with its number from column ``x0`` to ``x1``, and below it what the phase brings."""
    index = s.index_of(c, neuron, source)
    if s.weights is None:
        s.grid.put(x0, y, s.glyphs.edges.line[0] * (x1 - x0), "faint")
        return
    value = float(s.weights[index])
    role = role_of(value) if value else "faint"
    s.grid.put(x0, y, s.glyphs.edges.line[weight_of(value, s.largest[c - 1][0])] * (x1 - x0), role)
    room = min(LABEL + (x1 - x0 > LABEL + 3), x1 - x0 - 1)
    chosen = s.view.selection == Parameter(index)
    text = compact(value, room, s.glyphs, 4, sign=True)
    x = x0 + (x1 - x0 - len(text) + 1) // 2
    if chosen and x > x0:
        s.grid.put(x - 1, y, s.glyphs.current, "chosen")
    s.grid.put(x, y, text, "chosen" if chosen else role)
    s.spots.append(ClickTarget(x0, y, x1 - x0, Parameter(index)))
    if index in s.kept:
        s.grid.put(x, y + 1, tr("kept") + s.glyphs.kept, "accent")
    elif s.brought is not None and s.brings(c, neuron):
        brought = float(s.brought[index])
        lower = compact(brought, room, s.glyphs, 4, sign=True)
        if s.grid.is_blank(x0, y + 1, x1 - x0):
            s.grid.put(x0 + (x1 - x0 - len(lower) + 1) // 2, y + 1, lower, role_of(brought))


def diagram(view: ViewState, width: int, height: int) -> Drawn:
    """Draw the network in ``width`` by ``height`` cells."""
    drawing = DiagramDrawing(view, width, height)
    for c in range(len(drawing.layers)):
        _heading(drawing, c)
        _neurons(drawing, c)
    for c in range(1, len(drawing.layers)):
        draw_edges(drawing, c)
    _outcome(drawing)
    return Drawn(drawing.grid.lines(), drawing.spots)


def _heading(s: DiagramDrawing, c: int) -> None:
    column, room = s.columns[c], _heading_room(s, c)
    if not c:
        room = s.columns[1].end - len(s.short_name(1, _heading_room(s, 1))) - 1 - column.cell
    text, role = s.heading(c, room, room)
    s.grid.put(column.end - len(text) if c else column.cell, 0, text, role)


def _heading_room(s: DiagramDrawing, c: int) -> int:
    """Columns over the marks and neurons, less a blank where those of another column stand next to them."""
    column = s.columns[c]
    return column.end - column.marks - (column.marks == s.columns[c - 1].end)


def _neurons(s: DiagramDrawing, c: int) -> None:
    column = s.columns[c]
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
            text, role = s.inputs[i] if not c and room > 1 else _value_text(s, value, room), role_of(value)
            if not text:
                text, role = sign_mark(value, largest, s.glyphs)
        if s.is_muted(c, i):
            text, role = (tr("muted") if room >= len(tr("muted")) else "x"), "faint"
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
        text = s.more_text(column.hidden, column.cell_width - 1)
        beside = len(text) < column.cell_width and s.columns[c + 1].gap[1] > column.end  # the bias next to it
        s.grid.put(column.end - len(text) - beside, column.rows[-1] + 2, text, "dim")


def _value_text(s: DiagramDrawing, value: float, room: int) -> str:
    return s.value_text(value, room, MOST_DIGITS if room >= NUMBER_WIDTHS[0] else DIGITS)


def _error(s: DiagramDrawing, c: int, i: int, x: int, y: int, room: int) -> None:
    """The error below its neuron, once the backward pass has brought it."""
    deltas = s.errors(c)
    if deltas is None:
        return
    delta = float(deltas[i])
    role: Role
    if not s.has_error(c, i):  # the walk by neuron has not come to it
        text, role = s.glyphs.ellipsis, "dim"
    else:
        text, role = _value_text(s, delta, room), role_of(delta)
        if not text:
            text, role = brought_mark(delta, float(abs(deltas).max()), s.glyphs)
    behind = s.grid.is_blank(x + 1 + room, y)  # no bracket stands here: room for a blank behind the sign
    s.grid.put(x + 1 + behind, y, text.rjust(room), role)
    s.grid.put(x, y, s.glyphs.delta, "accent" if s.is_working(c) else "dim")


THREE_DIGITS = len("-1.23e10")
"""Columns that show so many of any number below the output; they may reach over what is blank before it."""


def _outcome(s: DiagramDrawing) -> None:
    """Below the output: what is wanted and how far off it is, in units of sums, and from its rung on the loss."""
    column, rows = s.columns[-1], s.outcome
    at_loss = s.reach.stage is not None and s.reach.stage.phase == "loss"
    if s.has_no_truth:
        _unknown(s, column.rows[-1] + 2 + len(rows))
    for y, (label, value, role) in enumerate(rows, start=column.rows[-1] + 2):
        name, short = OUTCOME[label]
        further = len(name) - len(short) - 1 if label == "scaled loss" else 0
        room = column.end - max(0, column.marks - further) - len(name) - 1
        while room < THREE_DIGITS and s.grid.is_blank(column.end - room - len(name) - 3, y, 2):
            room += 1
        text = s.outcome_text(label, value, room)
        x = column.end - max(6, len(text)) - 1 - len(name)
        s.grid.put(x, y, name, "active" if at_loss and label in ("own loss", "scaled loss") else "dim")
        s.grid.put(column.end - len(text), y, text, role)


def _unknown(s: DiagramDrawing, y: int) -> None:
    """No truth known: in one row, or where the column is narrow in two."""
    column = s.columns[-1]
    whole = tr("no truth known")
    words = (whole,) if column.end - column.marks >= len(whole) else (tr("no truth"), tr("known"))
    for row, text in enumerate(words, start=y):
        s.grid.put(column.end - len(text), row, text, "dim")
