"""When all objects are looked over."""

import gc
from collections.abc import Iterator

import pytest

from adder_tui.process import IDLE, PAUSE, ROUNDS, KeyPauses


@pytest.fixture
def key_pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyPauses]:
    """At a clock that starts at 0, with all due to be looked over."""
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    monkeypatch.setattr("gc.get_count", lambda: (0, 0, ROUNDS))
    thresholds = gc.get_threshold()
    yield KeyPauses()
    gc.set_threshold(*thresholds)


def test_all_is_looked_over_when_nobody_has_pressed_a_key_for_a_while(
    key_pauses: KeyPauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert key_pauses.look()
    key_pauses.key()
    assert not key_pauses.look()
    monkeypatch.setattr("time.monotonic", lambda: 100.0 + IDLE)
    assert key_pauses.look()
    monkeypatch.setattr("gc.get_count", lambda: (0, 0, ROUNDS - 1))
    assert not key_pauses.look()


def test_python_itself_looks_all_over_only_where_keys_never_cease(key_pauses: KeyPauses) -> None:
    first, second, _ = gc.get_threshold()
    key_pauses.begin()
    assert gc.isenabled()
    assert gc.get_threshold()[:2] == (first, second)
    assert gc.get_threshold()[2] >= 10 * ROUNDS


def test_there_is_a_pause_once_no_key_came_for_a_while(key_pauses: KeyPauses, monkeypatch: pytest.MonkeyPatch) -> None:
    key_pauses.key()
    assert key_pauses.until_pause() == pytest.approx(PAUSE)
    monkeypatch.setattr("time.monotonic", lambda: 100.0 + PAUSE)
    assert key_pauses.until_pause() <= 0
