"""The tabs. Another one is an entry here, and a folder of its name with the pane in its ``tab``."""

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

    def pane_class(self) -> Callable[..., Any]:
        """Makes the :class:`~adder_tui.ui.canvas.Pane` from the app's services and its ``id``; imported only now."""
        found: Callable[..., Any] = getattr(import_module(f"adder_tui.{self.id}.tab"), f"{self.id.capitalize()}Pane")
        return found


TABS: tuple[Tab, ...] = (
    Tab("learn", "1", tr("Learn"), tr("Lessons on the live network.")),
    Tab("network", "2", tr("Network"), tr("Follow a sum through the network, step by step.")),
    Tab("inspect", "3", tr("Inspect"), tr("Look at every tensor, number by number.")),
    Tab("train", "4", tr("Train"), tr("Train the network; watch its loss and its answers.")),
    Tab("explore", "5", tr("Explore"), tr("See why: errors far and near, neurons, slopes, stability, checks.")),
)

FIRST_TAB: TabId = "train"
