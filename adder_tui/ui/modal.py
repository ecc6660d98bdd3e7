"""What all windows over the app have in common: each is closed once, and only itself."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

Result = TypeVar("Result")


class Modal(ModalScreen[Result]):
    """Lies over the app until it is dismissed.

    Textual's own ``dismiss`` takes whatever lies on top away: a second Escape that arrives in one piece with the
    first, or work that ends while another window lies over this one, would close the wrong one, or end the app.
    """

    def __init__(self) -> None:
        super().__init__()
        self._dismissed = False
        self._covered: tuple[Result | None] | None = None
        """The result with which this one closes once nothing lies over it any more."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close this window, once; where another one lies over it, as soon as that is closed."""
        if self._dismissed or not self.is_attached:
            return AwaitComplete()
        if self.app.screen is not self:
            self._covered = (result,)
            return AwaitComplete()
        self._dismissed = True
        return super().dismiss(result)

    def on_screen_resume(self) -> None:
        """Nothing lies over this one any more."""
        if self._covered is not None:
            self.dismiss(*self._covered)
