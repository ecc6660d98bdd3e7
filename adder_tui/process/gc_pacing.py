"""Python's looking-over of all objects, kept for moments at which nobody waits: it takes longer than a key may."""

from __future__ import annotations

import gc
import time

IDLE = 1.0
"""Seconds without a key after which nobody is taken to wait."""
ROUNDS = 10
"""Smaller rounds after which all is due to be looked over; Python's own number."""
ROUNDS_AT_MOST = 200
"""Smaller rounds after which it is looked over while somebody types, too."""


class GcPacing:
    """When all objects are looked over. The smaller rounds, which are short, go on by themselves."""

    def __init__(self) -> None:
        self._key = 0.0
        """When a key was pressed last (``time.monotonic``)."""
        self._grown = False
        """Whether something was loaded that stays."""

    def begin(self) -> None:
        """All is loaded and stays: leave it out from here on, and begin to look over what comes."""
        gc.freeze()
        gc.set_threshold(*gc.get_threshold()[:2], ROUNDS_AT_MOST)
        gc.enable()

    def grown(self) -> None:
        """Something was loaded that stays: next time it is looked over for the last time."""
        self._grown = True

    def key(self) -> None:
        """A key was pressed or the mouse used: somebody waits for what it does."""
        self._key = time.monotonic()

    def look(self) -> bool:
        """Look all over where that is due and nobody waits. Returns whether it was done."""
        due = gc.isenabled() and gc.get_count()[2] >= ROUNDS and time.monotonic() - self._key >= IDLE
        if due:
            gc.collect()
            if self._grown:
                gc.freeze()
                self._grown = False
        return due
