"""What tabs and windows may ask of the app, so that they need not know it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

    from adder_engine.parsing import Sum
    from adder_engine.snapshot import Snapshot
    from adder_engine.sweep import SweepThread
    from adder_tui.controller import Controller
    from adder_tui.selection import Selection
    from adder_tui.settings import Settings
    from adder_tui.storage.data_dir import InstanceLock
    from adder_tui.ui.prompt import Prompt
    from adder_tui.ui.view import DrawnAs, ViewState


class Services(Protocol):
    """Handed to each tab and window when it is made. What Textual's own app has they find at ``self.app``."""

    settings: Settings
    controller: Controller
    """What sends requests to the session."""
    charted: frozenset[int] | None
    """Other runs picked for the chart; None for the run just left."""
    drawn_as: DrawnAs
    """What the network is drawn as."""
    telling: bool
    """Whether the Network tab shows the trace in the diagram's place."""
    sweep: SweepThread | None
    """The sweep that was begun last."""
    given_up: SweepThread | None
    """The sweep that is lost if one leaves, as was told."""
    instance_lock: InstanceLock | None
    """Our place in the data folder, once it is taken."""
    lock_taken: asyncio.Event
    """Set once it is known which place is ours."""
    prompt: Prompt
    """Where sums are typed."""
    first_lesson: str
    """Id of the lesson to begin with; empty for the list."""

    def view(self) -> ViewState:
        """What there is to draw."""

    def redraw(self) -> None:
        """Draw what is visible anew."""

    def typing(self) -> bool:
        """Whether a text field has the focus."""

    def show(self, snapshot: Snapshot) -> None:
        """Take a snapshot unless a newer one is there."""

    def select(self, selection: Selection) -> None:
        """Choose a neuron or a parameter, on every tab."""

    def say(self, sentence: str) -> None:
        """Show one sentence until the next command."""

    async def ask(self, asked: Sum) -> None:
        """Ask the network; a lesson that is open hears of it."""

    def carry_out(self, id: str) -> None:
        """Do a command of the table."""

    async def attempt(self, work: Awaitable[None]) -> None:
        """Wait for it; where it is refused, say why."""

    def start(self, work: Awaitable[None], name: str) -> None:
        """The same without waiting; it goes on when the caller is closed."""
