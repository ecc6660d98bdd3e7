"""Work that is done in slices, so that other requests can be answered in between."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

Result = TypeVar("Result")

Steps = Generator[None, None, Result]
"""Work in slices of some milliseconds: it yields after each, and returns its result after the last."""


def in_one(work: Callable[[], Result]) -> Steps[Result]:
    """Work that takes no longer than a slice."""
    yield from ()
    return work()


def at_once(work: Steps[Result]) -> Result:
    """Do all slices one after another."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result
