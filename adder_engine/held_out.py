"""Which of one's own rows are held out: drawn once for so many rows and such a share. Needs neither torch nor numpy."""

from __future__ import annotations

import random
from functools import lru_cache

HELD_OUT_SEED = 123
"""Held-out sums come from a generator of their own, so that they never disturb a run."""


@lru_cache(maxsize=8)
def held_out_places(rows: int, share: float) -> tuple[int, ...]:
    """The places of the rows that are held out, in order: the first of ``torch.randperm(rows)`` with the data's seed.

    At least one, and at least one stays to be trained on; none where the share is 0.
    """
    if not share or rows < 2:
        return ()
    twister = random.Random()
    words = [HELD_OUT_SEED]
    for i in range(1, 624):  # as torch.manual_seed fills them
        words.append((1_812_433_253 * (words[-1] ^ (words[-1] >> 30)) + i) & 0xFFFFFFFF)
    twister.setstate((3, (*words, 624), None))
    order = list(range(rows))
    count = held_out_count(rows, share)
    for i in range(count):
        j = i + twister.getrandbits(32) % (rows - i)
        order[i], order[j] = order[j], order[i]
    return tuple(sorted(order[:count]))


def held_out_count(rows: int, share: float) -> int:
    """How many of so many rows a share is."""
    return max(1, min(rows - 1, round(share * rows))) if share and rows > 1 else 0
