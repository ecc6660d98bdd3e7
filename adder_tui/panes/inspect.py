"""The Inspect tab: every tensor of the network, every number of it, now and at another moment."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from adder_engine.errors import AdderError
from adder_tui.panes.pane import Pane
from adder_tui.selection import Parameter, Selection
from adder_tui.widgets.canvas import ViewSource
from adder_tui.widgets.tensors import TensorTable

if TYPE_CHECKING:
    from adder_engine.snapshot import Snapshot
    from adder_tui.app import AdderApp


class InspectPane(Pane):
    """A table, and what the session is asked for beside the snapshot."""

    def __init__(self, source: ViewSource, *, id: str) -> None:
        super().__init__(source, id=id)
        self._table = TensorTable(source, lambda selection: self._app.select(selection))
        self._fetched: tuple[int, str] | None = None
        """Version and comparison that were last fetched for."""
        self.fetching = False
        """Whether an answer of the session is awaited."""
        self._before_find: Selection | None = None

    @property
    def _app(self) -> AdderApp:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        yield self._table

    # --- fetching --------------------------------------------------------------------------------

    def redraw(self) -> None:
        super().redraw()
        snapshot = self.source().snapshot
        if snapshot is not None and not self.fetching and self._wanted(snapshot) != self._fetched:
            self.fetching = True
            self.run_worker(self._fetch(snapshot))

    def _wanted(self, snapshot: Snapshot) -> tuple[int, str]:
        return snapshot.version, self._table.inspection.against

    async def _fetch(self, snapshot: Snapshot) -> None:
        """Ask for the outputs over all rows, and for the start where it is compared with."""
        wanted = self._wanted(snapshot)
        # Of many rows only while the run stands still.
        may_look = snapshot.experiment.is_quickly_surveyed or snapshot.status != "playing"
        try:
            session = await self._app.player.ready()
            with contextlib.suppress(AdderError):
                activity = await session.activity() if may_look else ()
                start = await session.start_state() if wanted[1] == "start" else None
                self._table.inspect(activity=activity, start=start)
        finally:
            self.fetching, self._fetched = False, wanted
        if self.display:
            self.redraw()

    # --- commands --------------------------------------------------------------------------------

    def next_layer(self, change: int) -> None:
        """Show the next layer, or the one before."""
        self._table.action_layer(change)

    def next_quantity(self, change: int) -> None:
        """Show the next quantity, or the one before."""
        self._table.next_quantity(change)

    def next_comparison(self) -> None:
        """Compare with the start, with the last step, or not."""
        self._table.next_comparison()
        self.redraw()

    def find(self) -> None:
        """Jump to a tensor or a number by its name."""
        from adder_tui.screens.find import Find

        self._app.push_screen(Find(self.source), self._found)

    def _found(self, parameter: Parameter | None) -> None:
        if parameter is not None:
            self._before_find = self._before_find or self.source().selection
            self._app.select(parameter)

    def clear(self) -> None:
        """Undo the search: back to what was chosen before it."""
        if self._before_find is None:
            self._app.say("There is no search to clear: f finds a tensor or a number by its name.")
            return
        before, self._before_find = self._before_find, None
        self._app.select(before)

    async def show_module(self) -> None:
        """Show the network as PyTorch prints it."""
        from adder_tui.screens.module import ModuleScreen

        session = await self._app.player.ready()
        text = await session.module_text()
        await self._app.push_screen(ModuleScreen(self.source, text))
