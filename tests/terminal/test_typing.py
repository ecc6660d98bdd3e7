"""What arrives in one piece, as over a slow line, is done key by key, in the order typed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.terminal.person import Person

Start = Callable[..., Person]


@pytest.mark.slow
def test_a_sum_that_arrives_with_its_slash_and_enter_in_one_piece_is_asked(start: Start) -> None:
    person = start()
    person.wait_until_ready()
    person.terminal.press("/130 + -31\r")
    person.terminal.wait_for_text("130 + −31 ")
    assert "paused" in person.terminal.text
    assert "loss, log scale" in person.terminal.text


def test_sums_that_arrive_in_one_piece_are_all_asked(start: Start) -> None:
    person = start(size=(120, 40))
    person.wait_until_ready()
    person.terminal.press("/1+1\r2+2\r\x1b[A\x153+4\x7f3\r")
    for asked in ("1 + 1 ", "2 + 2 ", "3 + 3 "):
        person.terminal.wait_for_text(asked)
    assert "3 + 4" not in person.terminal.text


@pytest.mark.slow
def test_two_apps_on_one_folder_keep_a_run_each(start: Start) -> None:
    first = start()
    first.play()
    second = start()
    second.wait_until_ready()
    second.terminal.press(" ")
    second.terminal.wait_for(lambda: first.autosave.with_name("autosave-2.npz").exists(), "the second app's autosave")
    second.terminal.press("q")
    assert second.terminal.wait_for_end() == 0
    first.terminal.press("q")
    assert first.terminal.wait_for_end() == 0
    assert first.saved_updates > 0
