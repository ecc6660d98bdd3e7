"""The tabs. Another one is an entry here with the pane's class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from adder_engine.language import tr

TabId = Literal["learn", "network", "inspect", "train", "explore"]


@dataclass(frozen=True)
class Tab:
    """One tab of the shell."""

    id: TabId
    key: str
    label: str
    help: str
    pane: str
    """``module:class`` of a :class:`~adder_tui.ui.canvas.Pane`, imported when the tab is first shown."""

    def pane_class(self) -> Callable[..., Any]:
        """Makes the pane from the app's services and its ``id``."""
        module, _, name = self.pane.partition(":")
        found: Callable[..., Any] = getattr(import_module(module), name)
        return found


TABS: tuple[Tab, ...] = (
    Tab("learn", "1", tr("Learn"), tr("Lessons on the live network."), "adder_tui.learn.tab:LearnPane"),
    Tab(
        "network",
        "2",
        tr("Network"),
        tr("Follow a sum through the network, step by step."),
        "adder_tui.network.tab:NetworkPane",
    ),
    Tab(
        "inspect",
        "3",
        tr("Inspect"),
        tr("Look at every tensor, number by number."),
        "adder_tui.inspect.tab:InspectPane",
    ),
    Tab(
        "train",
        "4",
        tr("Train"),
        tr("Train the network; watch its loss and its answers."),
        "adder_tui.train.tab:TrainPane",
    ),
    Tab(
        "explore",
        "5",
        tr("Explore"),
        tr("See why: errors far and near, neurons, slopes, stability, checks."),
        "adder_tui.explore.tab:ExplorePane",
    ),
)

FIRST_TAB: TabId = "train"
