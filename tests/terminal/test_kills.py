from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.terminal.kills import Victim

KILLS = 20
LONGEST_LOSS = 20.0
"""Seconds: the five that are promised, and what a busy machine may add. ``make bench`` holds it to the five."""


@pytest.mark.slow
def test_a_killed_app_finds_its_run_at_the_next_start_intact_but_for_the_last_seconds(tmp_path: Path) -> None:
    killed = list(Victim(tmp_path, random.Random(20)).kills(KILLS))
    assert len(killed) == KILLS
    assert max(kill.lost for kill in killed) < LONGEST_LOSS
