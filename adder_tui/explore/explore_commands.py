"""What the explorer's keys do."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adder_tui.app import AdderApp
    from adder_tui.explore.tab import ExplorePane


def next_view(app: AdderApp) -> None:
    """Show the next view."""
    _pane(app).next_view(1)


def previous_view(app: AdderApp) -> None:
    """Show the view before."""
    _pane(app).next_view(-1)


def zoom_in(app: AdderApp) -> None:
    """Look at the plane from nearer."""
    _pane(app).zoom(-1)


def zoom_out(app: AdderApp) -> None:
    """Look at more of the plane."""
    _pane(app).zoom(+1)


def switch_log(app: AdderApp) -> None:
    """Log steps, or even ones."""
    _pane(app).switch_log()


def switch_size(app: AdderApp) -> None:
    """The error's size alone, or its sign too."""
    _pane(app).switch_size()


def take_sum(app: AdderApp) -> Awaitable[None] | None:
    """Ask the sum under the cross-hair."""
    return _pane(app).take_sum()


def next_neuron(app: AdderApp) -> None:
    """Choose the next hidden neuron."""
    _pane(app).next_neuron(1)


def previous_neuron(app: AdderApp) -> None:
    """Choose the hidden neuron before."""
    _pane(app).next_neuron(-1)


def back_to_range(app: AdderApp) -> None:
    """Back to the training range and the current sum."""
    _pane(app).back_to_range()


def _pane(app: AdderApp) -> ExplorePane:
    from adder_tui.explore.tab import ExplorePane

    return app.screen_stack[0].query_one(ExplorePane)
