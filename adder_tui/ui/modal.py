"""What all windows over the app have in common: each is closed once, and only itself."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from adder_tui.commands import COMMANDS, Window

Result = TypeVar("Result")


def bindings_of(window: Window) -> list[BindingType]:
    """The keys that the table gives a window; those that work while somebody types come before the text field."""
    named: list[BindingType] = [
        Binding(command.keys, command.action or command.id, show=False, priority=bool(command.typing))
        for command in COMMANDS
        if command.owner == "window" and window in command.contexts
    ]
    return [*named, Binding("f1", "app.do('help')", show=False)]


class Modal(ModalScreen[Result]):
    """Lies over the app until it is dismissed.

    Textual's own ``dismiss`` takes whatever lies on top away: a second Escape that arrives in one piece with the
    first, or work that ends while another window lies over this one, would close the wrong one, or end the app.
    """

    window: ClassVar[Window | None] = None
    """What its commands are found by in the table; None where it has none there."""

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
