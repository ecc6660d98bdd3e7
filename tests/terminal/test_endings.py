from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.terminal.person import OTHER_SCREEN, Person

Start = Callable[..., Person]
IGNORING_HANGUPS = ("sh", "-c", 'trap "" HUP; exec "$@"', "sh")


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, *(pytest.param(one, marks=pytest.mark.slow) for one in (signal.SIGHUP, signal.SIGINT))],
)
def test_a_signal_saves_the_run_restores_the_terminal_and_tells_the_shell(start: Start, number: signal.Signals) -> None:
    person = start()
    person.play()
    before = person.saved_updates
    person.kill(number)
    assert person.terminal.wait_for_end() == 128 + number
    person.finds_the_terminal_whole()
    assert person.saved_updates > before


def test_a_signal_before_torch_is_loaded_ends_the_app_as_well(start: Start) -> None:
    person = start()
    person.terminal.wait_for(lambda: person.terminal.modes.get(OTHER_SCREEN), "the app's screen")
    person.kill(signal.SIGTERM)
    assert person.terminal.wait_for_end() == 128 + signal.SIGTERM
    person.finds_the_terminal_whole()


@pytest.mark.slow
@pytest.mark.parametrize("through", [(), IGNORING_HANGUPS], ids=["with SIGHUP", "without SIGHUP"])
def test_a_terminal_that_vanishes_ends_the_app_with_the_run_saved(start: Start, through: tuple[str, ...]) -> None:
    person = start(through=through)
    person.play()
    before = person.saved_updates
    person.terminal.hang_up()
    assert person.terminal.wait_for_end() == 128 + signal.SIGHUP
    assert person.saved_updates > before


@pytest.mark.slow
def test_a_terminal_that_stops_reading_does_not_stop_training_nor_saving_nor_sigterm(start: Start) -> None:
    person = start(size=(200, 60))
    person.play()
    terminal = person.terminal
    terminal.stop_reading()
    person.wait_for_autosaves(3)  # by then the event loop stands still
    before = person.saved_updates
    person.kill(signal.SIGTERM)
    assert terminal.wait_for_end() == 128 + signal.SIGTERM
    assert person.saved_updates > before
    terminal.read_on()
    terminal.wait_for_end()
    person.finds_the_terminal_whole()


@pytest.mark.slow
def test_a_terminal_that_reads_again_shows_the_run_as_it_is_and_takes_keys(start: Start) -> None:
    person = start(size=(200, 60))
    person.play()
    person.terminal.stop_reading()
    person.wait_for_autosaves(3)
    person.terminal.read_on()
    person.terminal.press("space")
    person.terminal.wait_for_text("paused")


@pytest.mark.parametrize("key", ["q", pytest.param("ctrl+q", marks=pytest.mark.slow)])
def test_quitting_saves_the_run_and_leaves_the_terminal_as_it_was(start: Start, key: str) -> None:
    person = start()
    person.play()
    before = person.saved_updates
    person.terminal.press(key)
    assert person.terminal.wait_for_end() == 0
    person.finds_the_terminal_whole()
    assert person.saved_updates > before


def test_quitting_while_torch_loads_is_quick_and_quiet(start: Start) -> None:
    person = start()
    person.terminal.wait_for_text("Train")
    person.terminal.press("q")
    assert person.terminal.wait_for_end(timeout=10) == 0
    person.finds_the_terminal_whole()
