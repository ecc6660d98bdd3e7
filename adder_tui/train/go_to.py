"""The dialog that goes to an epoch of the run by its number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from adder_engine.errors import RequestError
from adder_engine.language import tr
from adder_tui.train.draw_chart import newest_epoch
from adder_tui.ui.dialogs import FieldDialog
from adder_tui.ui.numbers import count

if TYPE_CHECKING:
    from adder_tui.services import Services

PARTED = re.compile(r"\d{1,3}(?:,\d{3})+", re.ASCII)


def epoch_typed(typed: str, newest: int) -> int:
    """The epoch that is typed, from 0, the start, to the newest that the run has been at.

    Raises:
        RequestError: it is none; one sentence that tells which there are.
    """
    digits = "".join(typed.split())
    if PARTED.fullmatch(digits):  # as the screen writes it; no epoch has a decimal comma
        digits = digits.replace(",", "")
    last = count(newest)
    if not (digits.isascii() and digits.isdigit()):
        shown = typed.strip()
        if not shown:
            raise RequestError(tr("Type an epoch: the run has been at epochs 0 to {last}.", last=last))
        shown = shown if len(shown) <= 24 else shown[:23] + "…"
        raise RequestError(tr("{typed} is no epoch: the run has been at epochs 0 to {last}.", typed=shown, last=last))
    if len(digits) > 15 or int(digits) > newest:
        raise RequestError(tr("The run has been at epochs 0 to {last}; space or . trains on.", last=last))
    return int(digits)


class GoToEpoch(FieldDialog):
    """The number of the epoch to go to."""

    DEFAULT_CSS = """
    GoToEpoch > Vertical { width: 60; }
    """

    def __init__(self, services: Services) -> None:
        self._controller = services.controller
        view = services.view()
        if view.snapshot is None:
            raise RequestError(tr("The engine is still loading."))
        last = count(newest_epoch(view))
        super().__init__(
            services.view, ((tr("Go to epoch"), "strong"),), str(view.snapshot.epoch),
            tr("Enter goes there, Esc leaves. The run has been at epochs 0 to {last}.", last=last),
        )  # fmt: skip

    async def take(self, typed: str) -> None:
        await self._controller.seek_epoch(epoch_typed(typed, newest_epoch(self.source())))
        self.dismiss()
