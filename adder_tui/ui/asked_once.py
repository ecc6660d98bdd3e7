"""Asking the session for something once: for each run, version or setting that the answer hangs on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

About = TypeVar("About")


class AskedOnce(Generic[About]):
    """Has something asked once for whatever it is about, and only while no other answer is awaited.

    Args:
        start: begins work that is waited for beside the screen, such as a widget's ``run_worker``.
        ask: asks what is about this, and keeps the answer.
        then: called after that: by now something else may be wanted.
    """

    def __init__(
        self,
        start: Callable[[Awaitable[None]], object],
        ask: Callable[[About], Awaitable[None]],
        then: Callable[[], None],
    ) -> None:
        self._start, self._ask, self._then = start, ask, then
        self.about: About | None = None
        """What was asked about last."""
        self.waiting = False
        """Whether its answer is awaited."""

    def want(self, about: About) -> None:
        """Have it asked, unless it was, or an answer is awaited."""
        if about != self.about and not self.waiting:
            self.about, self.waiting = about, True
            self._start(self._answered(about))

    def forget(self) -> None:
        """Have it asked again once it is wanted next."""
        self.about = None

    async def _answered(self, about: About) -> None:
        try:
            await self._ask(about)
        finally:
            self.waiting = False
        self._then()
