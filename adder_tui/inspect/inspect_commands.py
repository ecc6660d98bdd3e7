"""What the inspector's keys do."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adder_tui.app import AdderApp
    from adder_tui.inspect.tab import InspectPane, TensorTable


def next_layer(app: AdderApp) -> None:
    """Show the next layer's tensors."""
    _table(app).action_layer(1)


def previous_layer(app: AdderApp) -> None:
    """Show the tensors of the layer before."""
    _table(app).action_layer(-1)


def next_quantity(app: AdderApp) -> None:
    """Show the next quantity."""
    _table(app).next_quantity(1)


def previous_quantity(app: AdderApp) -> None:
    """Show the quantity before."""
    _table(app).next_quantity(-1)


def compare(app: AdderApp) -> None:
    """Compare with another moment."""
    _table(app).next_comparison()
    app.redraw()


def find(app: AdderApp) -> None:
    """Find a tensor or a number."""
    _pane(app).find()


def clear(app: AdderApp) -> None:
    """Go back to where a search began."""
    _pane(app).clear()


def show_module(app: AdderApp) -> Awaitable[None]:
    """Show the network as PyTorch prints it."""
    return _pane(app).show_module()


def _table(app: AdderApp) -> TensorTable:
    """The table of this tab, or of the lesson in front."""
    table = app.learn.lesson_view.views.table if app.tab == "learn" and app.learn is not None else _pane(app).table
    assert table is not None
    return table


def _pane(app: AdderApp) -> InspectPane:
    from adder_tui.inspect.tab import InspectPane

    return app.screen_stack[0].query_one(InspectPane)
