"""The inspector's table, as a widget with a cursor."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from adder_tui.render.inspection import (
    COMPARISONS,
    Inspection,
    Place,
    fitting_quantity,
    in_layer,
    place,
    quantities,
)
from adder_tui.render.lines import Line
from adder_tui.render.tensors import Sight, tensor_lines
from adder_tui.render.view import View
from adder_tui.selection import Selection
from adder_tui.widgets.canvas import WHEEL_ROWS, Canvas, ViewSource
from adder_tui.widgets.shell import Clickable


class TensorTable(Canvas, can_focus=True):
    """One layer's weight and bias; the cursor is the app's selection.

    A click chooses a number, or a layer, a quantity or a comparison by its name above.

    Args:
        select: takes the number that the cursor moves to.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", show=False),
        Binding("down", "move(1, 0)", show=False),
        Binding("left", "move(0, -1)", show=False),
        Binding("right", "move(0, 1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("tab", "layer(1)", show=False),
        Binding("shift+tab", "layer(-1)", show=False),
    ]

    def __init__(self, source: ViewSource, select: Callable[[Selection], None]) -> None:
        super().__init__(source)
        self._select = select
        self.inspection = Inspection()
        """What is looked at; the pane fills in what it has fetched."""
        self._sight: Sight | None = None

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        lines, sight = tensor_lines(view, self.inspection, width, height)
        self._sight = sight
        self.inspection = dataclasses.replace(self.inspection, top=sight.chosen.top, left=sight.chosen.left)
        return lines

    @property
    def here(self) -> Place:
        """The chosen number's place."""
        return place(self.view.selection, self.view.experiment)

    def inspect(self, **changes: object) -> None:
        """Look at something else."""
        self.inspection = dataclasses.replace(self.inspection, **changes)  # type: ignore[arg-type]
        self.redraw()

    def action_move(self, down: int, right: int) -> None:
        """Move the cursor by cells."""
        self._select(self.here.moved(down, right))

    def action_page(self, pages: int) -> None:
        """Move the cursor by as many rows as are in sight."""
        self.action_move(pages * (self._sight.chosen.rows if self._sight else 1), 0)

    def action_layer(self, change: int) -> None:
        """Go on to the next layer's table, or back."""
        experiment = self.view.experiment
        layer = (self.here.layer + change) % len(experiment.layer_names)
        self._select(in_layer(self.here, layer, experiment))

    def next_quantity(self, change: int) -> None:
        """Show the next quantity, or the one before."""
        known = quantities(self.view.experiment)
        at = known.index(fitting_quantity(self.inspection.quantity, self.view.experiment))
        self.inspect(quantity=known[(at + change) % len(known)])

    def next_comparison(self) -> None:
        """Compare with another moment, or with none."""
        at = COMPARISONS.index(self.inspection.against)
        self.inspect(against=COMPARISONS[(at + 1) % len(COMPARISONS)])

    def on_click(self, event: events.Click) -> None:
        experiment = self.view.experiment
        choice = self._sight.choice_at(event.x, event.y) if self._sight else None
        if choice is not None:
            if choice.what == "layer":
                self._select(in_layer(self.here, choice.index, experiment))
            elif choice.what == "quantity":
                self.inspect(quantity=quantities(experiment)[choice.index])
            else:
                self.post_message(Clickable.Clicked("compare"))
            return
        found = self._sight.cell_at(event.x, event.y, experiment.network.layers) if self._sight else None
        if found is not None:
            layer, row, column = found
            there = place(in_layer(self.here, layer, experiment), experiment)
            self._select(there.moved(row - there.row, column - there.column))

    def on_mouse_scroll_down(self) -> None:
        self.action_move(WHEEL_ROWS, 0)

    def on_mouse_scroll_up(self) -> None:
        self.action_move(-WHEEL_ROWS, 0)
