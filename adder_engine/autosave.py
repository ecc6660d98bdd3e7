"""Keeping a run in a file as it goes."""

from __future__ import annotations

import time
from collections.abc import Callable

from adder_engine.errors import RunFileError


class Autosave:
    """Saves what is new, every so many seconds; a run that cannot be saved goes on with a warning.

    Args:
        save: writes the run; raises RunFileError where it cannot be written. None keeps nothing.
        every: seconds between two saves.
        version: what the run's version is now; it counts as saved.
    """

    def __init__(self, save: Callable[[], None] | None, every: float, version: int) -> None:
        self._save = save
        self._every = every
        self._version = version
        self._at = time.monotonic()

    def due(self, version: int) -> float | None:
        """Seconds until the run is to be saved; None where there is nothing new to save."""
        if self._save is None or version == self._version:
            return None
        return max(0.0, self._at + self._every - time.monotonic())

    def soon(self) -> None:
        """Save at the next look at the clock."""
        self._at = -self._every

    def save(self, version: int) -> str | None:
        """Save what is new. Returns why it could not be saved, empty where it was; None where nothing was new."""
        if self._save is None or version == self._version:
            return None
        self._at = time.monotonic()
        try:
            self._save()
        except RunFileError as error:
            return str(error)
        self._version = version
        return ""
