"""The Inspect tab: every tensor of the network, every number of it, now and at another moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult

from adder_tui.panes.pane import Pane
from adder_tui.panes.tensor_feed import TensorFeed
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
        self.table = TensorTable(source, lambda selection: self._app.select(selection))
        self._feed = TensorFeed(self.table, lambda: self._app.player.ready())
        self._before_find: Selection | None = None

    @property
    def _app(self) -> AdderApp:
        return self.app  # type: ignore[return-value]

    def compose(self) -> ComposeResult:
        yield self.table

    def redraw(self) -> None:
        super().redraw()
        if self._feed.is_due(snapshot := self.source().snapshot) and snapshot is not None:
            self.run_worker(self._fetch(snapshot))

    async def _fetch(self, snapshot: Snapshot) -> None:
        await self._feed.fetch(snapshot)
        if self.display:
            self.redraw()

    @property
    def fetching(self) -> bool:
        """Whether an answer of the session is awaited."""
        return self._feed.fetching

    # --- commands --------------------------------------------------------------------------------

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
