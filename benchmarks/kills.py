"""Kills the app without warning, over and over, in training, saves, edits, sweeps and lessons; what was lost."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, median
from tests.terminal.kills import Victim

KILLS = 200
SEED = 0


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        victim = Victim(Path(folder), random.Random(SEED))
        lost = [kill.lost for kill in victim.kills(KILLS)]
    yield Figure("kills survived, nothing unreadable", len(lost), "kills", limit=KILLS, at_least=True)
    yield Figure("saves broken off by a kill", victim.torn, "kills")
    yield Figure("work lost by a kill, median", median(lost), "s")
    yield Figure("work lost by a kill, most", max(lost), "s", limit=5.0)
