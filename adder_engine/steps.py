"""Work that is done in slices, so that other requests can be answered in between."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")

Steps = Generator[None, None, Result]
"""Work in slices of some milliseconds: it yields after each, and returns its result after the last."""

GIVES_WAY = 10
"""How much nicer a thread that computes for long is than one that answers keys (see nice(1))."""


def at_once(work: Steps[Result]) -> Result:
    """Do all slices one after another."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result


def give_way() -> None:
    """Have this thread leave the processor to whoever waits for a key, in this process and in other users'."""
    if sys.platform == "linux":  # elsewhere a process is meant, and it all
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + GIVES_WAY)
