"""Asking once for each thing that an answer hangs on."""

import asyncio
from collections.abc import Awaitable

import pytest

from adder_tui.ui.asked_once import AskedOnce


class Asker:
    """Asks when it is let; wants what it is to want as soon as an answer is there."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.wants = 0
        self.work: list[Awaitable[None]] = []
        self.once = AskedOnce(self.work.append, self.ask, lambda: self.once.want(self.wants))

    async def ask(self, about: int) -> None:
        self.asked.append(about)
        if about < 0:
            raise ValueError("refused")

    def want(self, about: int) -> None:
        self.wants = about
        self.once.want(about)


async def test_the_same_is_asked_once_and_something_else_as_soon_as_no_answer_is_awaited() -> None:
    asker = Asker()
    for about in (1, 1, 2, 3):
        asker.want(about)
    assert asker.once.waiting
    while asker.work:
        await asker.work.pop()
    assert asker.asked == [1, 3]
    assert not asker.once.waiting
    asker.want(3)
    assert asker.work == []


async def test_what_was_forgotten_or_refused_can_be_asked_again() -> None:
    asker = Asker()
    asker.want(1)
    await asker.work.pop()
    asker.once.forget()
    asker.want(1)
    await asker.work.pop()
    assert asker.asked == [1, 1]
    asker.want(-1)
    with pytest.raises(ValueError, match="refused"):
        await asker.work.pop()
    assert not asker.once.waiting
    asker.want(2)
    await asyncio.wait_for(asker.work.pop(), 1)
    assert asker.asked == [1, 1, -1, 2]
