"""When all objects are looked over."""

import gc
from collections.abc import Iterator

import pytest

from adder_tui.process.gc_pacing import IDLE, ROUNDS, Tidying


@pytest.fixture
def tidying(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tidying]:
    """At a clock that starts at 0, with all due to be looked over."""
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    monkeypatch.setattr("gc.get_count", lambda: (0, 0, ROUNDS))
    thresholds = gc.get_threshold()
    yield Tidying()
    gc.set_threshold(*thresholds)


def test_all_is_looked_over_when_nobody_has_pressed_a_key_for_a_while(
    tidying: Tidying, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tidying.look()
    tidying.key()
    assert not tidying.look()
    monkeypatch.setattr("time.monotonic", lambda: 100.0 + IDLE)
    assert tidying.look()
    monkeypatch.setattr("gc.get_count", lambda: (0, 0, ROUNDS - 1))
    assert not tidying.look()


def test_python_itself_looks_all_over_only_where_keys_never_cease(tidying: Tidying) -> None:
    first, second, _ = gc.get_threshold()
    tidying.begin()
    assert gc.isenabled()
    assert gc.get_threshold()[:2] == (first, second)
    assert gc.get_threshold()[2] >= 10 * ROUNDS
