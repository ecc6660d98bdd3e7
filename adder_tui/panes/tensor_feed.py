"""What a table of tensors is told beside the snapshot: the outputs over all rows, and the start of the run."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from adder_engine.errors import AdderError
from adder_tui.widgets.tensors import TensorTable

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Snapshot


class TensorFeed:
    """Asks the session for it, one request at a time.

    Args:
        table: what is fed.
        ready: gives the session.
    """

    def __init__(self, table: TensorTable, ready: Callable[[], Awaitable[Session]]) -> None:
        self._table, self._ready = table, ready
        self._fetched: tuple[int, str] | None = None
        """Version and comparison that were last fetched for."""
        self.fetching = False
        """Whether an answer of the session is awaited."""

    def is_due(self, snapshot: Snapshot | None) -> bool:
        """Whether something is wanted that was not fetched yet."""
        return snapshot is not None and not self.fetching and self._wanted(snapshot) != self._fetched

    def _wanted(self, snapshot: Snapshot) -> tuple[int, str]:
        return snapshot.version, self._table.inspection.against

    async def fetch(self, snapshot: Snapshot) -> None:
        """Ask for the outputs over all rows, and for the start where it is compared with."""
        self.fetching = True
        wanted = self._wanted(snapshot)
        # Of many rows only while the run stands still.
        may_look = snapshot.experiment.is_quickly_surveyed or snapshot.status != "playing"
        try:
            session = await self._ready()
            with contextlib.suppress(AdderError):
                activity = await session.activity() if may_look else ()
                start = await session.start_state() if wanted[1] == "start" else None
                self._table.inspect(activity=activity, start=start)
        finally:
            self.fetching, self._fetched = False, wanted
