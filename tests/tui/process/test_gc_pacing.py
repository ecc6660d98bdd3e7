"""When all objects are looked over."""

import gc
from collections.abc import Iterator

import pytest

from adder_tui.process import IDLE, PAUSE, ROUNDS, GcPacing


@pytest.fixture
def gc_pacing(monkeypatch: pytest.MonkeyPatch) -> Iterator[GcPacing]:
    """At a clock that starts at 0, with all due to be looked over."""
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    monkeypatch.setattr("gc.get_count", lambda: (0, 0, ROUNDS))
    thresholds = gc.get_threshold()
    yield GcPacing()
    gc.set_threshold(*thresholds)


def test_all_is_looked_over_when_nobody_has_pressed_a_key_for_a_while(
    gc_pacing: GcPacing, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gc_pacing.look()
    gc_pacing.key()
    assert not gc_pacing.look()
    monkeypatch.setattr("time.monotonic", lambda: 100.0 + IDLE)
    assert gc_pacing.look()
    monkeypatch.setattr("gc.get_count", lambda: (0, 0, ROUNDS - 1))
    assert not gc_pacing.look()


def test_python_itself_looks_all_over_only_where_keys_never_cease(gc_pacing: GcPacing) -> None:
    first, second, _ = gc.get_threshold()
    gc_pacing.begin()
    assert gc.isenabled()
    assert gc.get_threshold()[:2] == (first, second)
    assert gc.get_threshold()[2] >= 10 * ROUNDS


def test_there_is_a_pause_once_no_key_came_for_a_while(gc_pacing: GcPacing, monkeypatch: pytest.MonkeyPatch) -> None:
    gc_pacing.key()
    assert gc_pacing.until_pause() == pytest.approx(PAUSE)
    monkeypatch.setattr("time.monotonic", lambda: 100.0 + PAUSE)
    assert gc_pacing.until_pause() <= 0
