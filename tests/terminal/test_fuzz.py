"""Everything at once, on the real program: it ends only where it is told to, with its files whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terminal.fuzz import Fuzzer

SECONDS = 25.0
"""At most, for each: two at a time are done within a minute, however busy the machine is."""


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 5))])
def test_nothing_that_is_typed_sent_or_broken_ends_the_app(tmp_path: Path, seed: int) -> None:
    Fuzzer(seed, tmp_path).run(500, SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 5, 13, 18, 24, 30, 104])
def test_what_fell_once_falls_no_more(tmp_path: Path, seed: int) -> None:
    """Seeds that ended or froze the app while this was written; see tests/tui for each by itself."""
    Fuzzer(seed, tmp_path).run(700)
