"""The network as a picture: neurons with their values, edges with their signs and sizes, the chosen one in full.

Between two columns of neurons stand the lines, and before each neuron the marks of its weights, one for each
neuron that feeds it and one for its bias: the rows and columns of PyTorch's weight. The row below a neuron holds
what the phase brings: its error, and its weights' gradients or changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from adder_tui.render.braille import Dots
from adder_tui.render.floorplan import LABEL, Floorplan, floorplan
from adder_tui.render.grid import Grid
from adder_tui.render.lines import Line, Role
from adder_tui.render.numbers import number, plain_number, role_of
from adder_tui.render.shown import Shown
from adder_tui.render.strokes import brought_mark, compact, sign_mark, strokes_of, weight_of
from adder_tui.render.view import View
from adder_tui.selection import Neuron, Parameter, Selection

MOST_LINES = 48
"""Lines drawn between two columns; of more only the largest are."""
NUMBER_WIDTHS = (8, 6)
DIGITS = {8: 6, 6: 4}


@dataclass(frozen=True)
class Spot:
    """A part of the picture that can be clicked, and what is chosen by it."""

    x: int
    y: int
    width: int
    selection: Selection


@dataclass(frozen=True)
class Diagram:
    """The picture, and where one can click on it."""

    lines: list[Line]
    spots: list[Spot]


def diagram(view: View, width: int, height: int) -> Diagram:
    """Draw the network in ``width`` by ``height`` cells."""
    return _Drawing(view, width, height).drawn()


class _Drawing(Shown):
    def __init__(self, view: View, width: int, height: int) -> None:
        super().__init__(view)
        self.strokes = strokes_of(view.glyphs)
        self.grid = Grid(width, height)
        self.spots: list[Spot] = []
        keep: list[set[int]] = [set() for _ in self.layers]
        keep[self.column].add(self.neuron)
        if self.source is not None and self.source < self.layers[self.column - 1]:
            keep[self.column - 1].add(self.source)
        self.plan: Floorplan = floorplan(
            self.layers, keep, self.sizes, self.column, max(2, *map(len, self.inputs)), NUMBER_WIDTHS, width, height
        )
        number_width = max(c.cell_width - 2 - c.index_width for c in self.plan.columns[1:])
        self.digits = DIGITS.get(number_width, 4)

    def drawn(self) -> Diagram:
        for c in range(len(self.layers)):
            self._heading(c)
            if c:
                self._gap(c)
                self._strips(c)
            self._neurons(c)
        self._outcome()
        return Diagram(self.grid.lines(), self.spots)

    # --- headings --------------------------------------------------------------------------------

    def _heading(self, c: int) -> None:
        column = self.plan.columns[c]
        name = "inputs" if c == 0 else self.names[c - 1]
        lit = c > 0 and self.reach.lit(c - 1)
        working = self.reach.rung is not None and self.reach.rung.phase != "step"
        role: Role = ("active" if working else "accent") if lit else "dim"
        room = column.cell_width
        if len(name) > room and (c or room < 4):
            number = name.lstrip("abcdefghijklmnopqrstuvwxyz")
            name = name[: room - len(number)] + number
        text = f" {name} " if lit and len(name) + 2 <= room else name
        self.grid.put(column.end - len(text) if c else column.cell, 0, text, role)

    # --- neurons ---------------------------------------------------------------------------------

    def _neurons(self, c: int) -> None:
        column = self.plan.columns[c]
        values = self.values(c)
        largest = float(abs(values).max()) if values is not None else 0.0
        for i, y in zip(column.shown, column.rows, strict=True):
            here = Neuron(c, i)
            chosen = self.view.selection == here
            role: Role = "dim"
            text = self.glyphs.none if values is None else self.glyphs.ellipsis
            room = column.cell_width - 2 - column.index_width
            if values is not None and c < self.reach.columns:
                value = float(values[i])
                role = role_of(value)
                if room == 1:
                    text, role = sign_mark(value, largest, self.glyphs)
                elif c == 0:
                    text = self.inputs[i]
                else:
                    text = compact(value, room, self.glyphs, self.digits)
            muted = self.view.snapshot is not None and (c - 1, i) in self.view.snapshot.silenced
            if muted:
                text, role = ("muted" if room >= 5 else "x"), "faint"
            left, right = ("[", "]") if chosen else ("(", ")")
            bracket: Role = "chosen" if chosen else "accent" if self._is_lit(c) else "dim"
            x = column.cell
            if column.index_width:
                self.grid.put(x, y, str(i).rjust(column.index_width), "dim")
                x += column.index_width
            self.grid.put(x, y, left, bracket)
            self.grid.put(x + 1, y, text.rjust(room), "chosen" if chosen else role)
            self.grid.put(x + 1 + room, y, right, bracket)
            self.spots.append(Spot(column.cell, y, column.cell_width, here))
            if c and self.plan.has_lower_rows:
                self._error(c, i, x + 1, y + 1, room)
        if column.hidden:
            text = f"{self.glyphs.ellipsis} {column.hidden} more"
            if len(text) > column.cell_width + 3:
                text = f"{self.glyphs.ellipsis}{column.hidden}"
            last = column.rows[-1] + (2 if self.plan.has_lower_rows else 1)
            self.grid.put(max(0, column.end - len(text)), last, text, "dim")

    def _is_lit(self, c: int) -> bool:
        return c > 0 and self.reach.lit(c - 1) and self.reach.rung is not None and self.reach.rung.phase != "step"

    def _error(self, c: int, i: int, x: int, y: int, room: int) -> None:
        if self.reach.between or not self.reach.has_error(c - 1) or self.trace is None or room < 4:
            return
        delta = float(self.trace.layers[c - 1].delta[i])
        text = compact(delta, room, self.glyphs, self.digits)
        self.grid.put(x, y, text.rjust(room), role_of(delta))
        mark = "d" if self.glyphs.ascii else "δ"
        self.grid.put(x - 1, y, mark, "accent" if self.reach.lit(c - 1) else "dim")

    # --- marks of weights ------------------------------------------------------------------------

    def _strips(self, c: int) -> None:
        column, before = self.plan.columns[c], self.plan.columns[c - 1]
        arrow = self._arrow(c)
        sources = [*enumerate(before.shown), (len(before.shown) + (before.hidden > 0) + 1, self.layers[c - 1])]
        for i, y in zip(column.shown, column.rows, strict=True):
            if arrow:
                self.grid.put(column.cell - 1, y, arrow, "accent")
            if column.strip < 0:
                continue
            if before.hidden:
                self.grid.put(column.strip + len(before.shown), y, self.glyphs.ellipsis, "faint")
            for place, source in sources:
                self._mark(c, i, source, column.strip + place, y)
        if column.strip >= 0 and self.grid.is_blank(column.strip + sources[-1][0], column.rows[0] - 1):
            self.grid.put(column.strip + sources[-1][0], column.rows[0] - 1, "b", "faint")

    def _arrow(self, c: int) -> str:
        rung = self.reach.rung
        if rung is None or rung.layer != c - 1:
            return ""
        return self.strokes.forward if rung.phase == "forward" else self.strokes.backward

    def _mark(self, c: int, neuron: int, source: int, x: int, y: int) -> None:
        index = self.index_of(c, neuron, source)
        chosen = self.view.selection == Parameter(index)
        weights, brought = self.weights, self.brought if self.brings(c - 1) else None
        if weights is None:
            self.grid.put(x, y, self.strokes.plus[0], "faint")
            return
        most, most_brought = self.largest[c - 1]
        mark, role = sign_mark(float(weights[index]), most, self.glyphs)
        lower = brought_mark(float(brought[index]), most_brought, self.glyphs) if brought is not None else (" ", "text")
        frozen = index in self.kept
        if not self.plan.has_lower_rows:
            if brought is not None and not self.reach.between:
                mark, role = lower
            mark = self.glyphs.kept if frozen else mark
        else:
            self.grid.put(x, y + 1, self.glyphs.kept if frozen else lower[0], "accent" if frozen else lower[1])
        self.grid.put(x, y, mark, "chosen" if chosen else role)
        self.spots.append(Spot(x, y, 1, Parameter(index)))

    # --- lines -----------------------------------------------------------------------------------

    def _gap(self, c: int) -> None:
        if c == self.column:
            self._bus_in(c)
        elif c - 1 == self.column and self.source is None:
            self._bus_out(c)
        elif not self.glyphs.ascii and self.weights is not None:
            self._web(c)

    def _web(self, c: int) -> None:
        """All lines of a layer, lightly; the larger the weight the denser the line."""
        column, before = self.plan.columns[c], self.plan.columns[c - 1]
        assert self.weights is not None
        x0, x1 = column.gap
        most = self.largest[c - 1][0]
        edges = sorted(
            (abs(float(self.weights[self.index_of(c, i, j)])), self.index_of(c, i, j), y, z)
            for i, y in zip(column.shown, column.rows, strict=True)
            for j, z in zip(before.shown, before.rows, strict=True)
        )[-MOST_LINES:]
        dots = Dots(x1 - x0, self.grid.height)
        lit = self.reach.lit(c - 1) and not self.reach.between
        for size, index, y, z in edges:
            weight = weight_of(size, most)
            value = float(self.weights[index])
            role: Role = role_of(value) if weight == 2 or (lit and weight) else "faint"
            dots.line(0, 4 * z + 1, 2 * (x1 - x0) - 1, 4 * y + 1, role, every=(4, 2, 1)[weight])
        for x, y, character, role in dots.cells():
            self.grid.put(x0 + x, y, character, role)

    def _bus_in(self, c: int) -> None:
        """The edges into the chosen neuron, each with its number, and the bias as one from a constant 1."""
        column, before = self.plan.columns[c], self.plan.columns[c - 1]
        x0, x1 = column.gap
        trunk = x1 - 1
        row = column.row_of(self.neuron)
        assert row is not None
        ends = [(z, j) for j, z in zip(before.shown, before.rows, strict=True)]
        bias_row = before.rows[-1] + (2 if self.plan.has_lower_rows else 1) + (before.hidden > 0)
        bias_row = min(bias_row, self.grid.height - 1)
        ends.append((bias_row, self.layers[c - 1]))
        self._trunk(trunk, [z for z, _ in ends], row, inward=True)
        for y, source in ends:
            index = self.index_of(c, self.neuron, source)
            is_bias = source == self.layers[c - 1]
            self._edge(c, index, x0 + 1 + (trunk - x0 > LABEL + 2) if is_bias else x0, trunk, y)
            if is_bias:
                self.grid.put(x0, y, "1", "dim")

    def _bus_out(self, c: int) -> None:
        """The edges that lead away from the chosen neuron, each with its number."""
        column, before = self.plan.columns[c], self.plan.columns[c - 1]
        x0, x1 = column.gap
        row = before.row_of(self.neuron)
        assert row is not None
        self._trunk(x0, list(column.rows), row, inward=False)
        for i, y in zip(column.shown, column.rows, strict=True):
            self._edge(c, self.index_of(c, i, self.neuron), x0 + 1, x1, y)

    def _trunk(self, x: int, ends: list[int], row: int, inward: bool) -> None:
        """The upright line that joins the rows ``ends`` with ``row``."""
        top, bottom = min(*ends, row), max(*ends, row)
        towards, away = (1, 4) if inward else (4, 1)
        for y in range(top, bottom + 1):
            arms = (2 if y > top else 0) | (8 if y < bottom else 0)
            arms |= (towards if y in ends else 0) | (away if y == row else 0)
            self.grid.put(x, y, self.strokes.trunk[arms], "text")
        if inward:
            self.grid.put(x + 1, row, self.strokes.forward, "text")

    def _edge(self, c: int, index: int, x0: int, x1: int, y: int) -> None:
        """A line with its number from column ``x0`` to ``x1``, and below it what the phase brings."""
        weights = self.weights
        if weights is None:
            self.grid.put(x0, y, self.strokes.line[0] * (x1 - x0), "faint")
            return
        value = float(weights[index])
        role = role_of(value) if value else "faint"
        self.grid.put(x0, y, self.strokes.line[weight_of(value, self.largest[c - 1][0])] * (x1 - x0), role)
        room = min(LABEL + (x1 - x0 > LABEL + 3), x1 - x0 - 1)
        if room < 4:
            return
        chosen = self.view.selection == Parameter(index)
        brings = self.brought is not None and self.brings(c - 1)
        if brings and not self.plan.has_lower_rows and not self.reach.between:
            assert self.brought is not None
            value = float(self.brought[index])
            role = role_of(value)
        text = compact(value, room, self.glyphs, 4, sign=True)
        x = x0 + (x1 - x0 - len(text) + 1) // 2
        if chosen and x > x0:
            self.grid.put(x - 1, y, self.glyphs.current, "chosen")
        self.grid.put(x, y, text, "chosen" if chosen else role)
        self.spots.append(Spot(x0, y, x1 - x0, Parameter(index)))
        if not self.plan.has_lower_rows or y + 1 >= self.grid.height:
            return
        if index in self.kept:
            self.grid.put(x, y + 1, "kept" + self.glyphs.kept, "accent")
        elif brings:
            assert self.brought is not None
            brought = float(self.brought[index])
            lower = compact(brought, room, self.glyphs, 4, sign=True)
            if self.grid.is_blank(x0, y + 1, x1 - x0):
                self.grid.put(x0 + (x1 - x0 - len(lower) + 1) // 2, y + 1, lower, role_of(brought))

    # --- the outcome -----------------------------------------------------------------------------

    def _outcome(self) -> None:
        """Below the output: what is wanted, how far off it is, and the loss."""
        column = self.plan.columns[-1]
        if self.trace is None or self.reach.columns <= len(self.names):
            return
        at_loss = self.reach.rung is not None and self.reach.rung.phase == "loss"
        trace, g = self.trace, self.glyphs
        wanted = number(trace.target, g) if trace.target != int(trace.target) else plain_number(trace.target, g)
        off = trace.output - trace.target
        rows: list[tuple[str, str, Role]] = [
            ("want", wanted, "text"),
            ("off", compact(off, 8, g, 4, sign=True), role_of(off)),
            ("loss", number(trace.loss, g), "strong" if at_loss else "text"),
        ]
        if trace.scale != 1:
            rows.insert(0, ("answer", number(trace.answer, g), "text"))
        y = column.rows[-1] + (2 if self.plan.has_lower_rows else 1)
        for label, text, role in rows:
            width = len(label) + 1 + max(6, len(text))
            x = column.end - width
            if column.gap[1] <= x and self.grid.is_blank(x, y, width):
                self.grid.put(x, y, label, "active" if at_loss and label == "loss" else "dim")
                self.grid.put(column.end - len(text), y, text, role)
            y += 1
