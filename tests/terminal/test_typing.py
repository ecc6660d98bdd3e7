"""What arrives in one piece, as over a slow line, is done key by key, in the order typed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from adder_tui.process import lenient_decoder
from tests.terminal.harness import Terminal
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


@pytest.mark.parametrize("options", [(), pytest.param(("--lesson", "rule-or-guess"), marks=pytest.mark.slow)])
def test_a_key_that_comes_before_the_lesson_is_there_goes_to_it(tmp_path: Path, options: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "adder_tui", "--data-dir", str(tmp_path), *options]
    with Terminal(command) as terminal:
        terminal.wait_for_text("1 Learn")
        terminal.press("enter")
        terminal.wait_for_text("step 2 of 9")


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


@pytest.mark.parametrize(
    "bad",
    [b"\xe9", b"\x80", b"\xed\xa0\x80", b"\xf0\x9f", b"\xc0\xaf", b"\xff\xfe", bytes(range(128, 256))],
    ids=["latin-1", "lone", "surrogate", "cut", "overlong", "mark", "all"],
)
def test_bytes_that_are_no_utf_8_are_dropped_and_the_rest_is_typed(bad: bytes) -> None:
    decode = lenient_decoder("utf-8")().decode
    assert decode(b"/3" + bad) + decode(b"0+70\r", final=True) == "/30+70\r"


def test_a_character_that_arrives_in_two_pieces_is_typed_whole() -> None:
    decode = lenient_decoder("utf-8")().decode
    assert [decode(piece) for piece in (b"\xe2\x88", b"\x92")] == ["", "−"]


def test_the_app_takes_a_paste_with_bad_bytes_and_sequences_that_are_no_keys(start: Start) -> None:
    person = start()
    person.terminal.wait_for_text("paused", timeout=60)
    for bad in (b"\xe9\x80\xed\xa0\x80", b"\x1b[:u", b"\x1b[1114112u", b"\x1b[99999999999999999999u"):
        os.write(person.terminal.master, bad)
    os.write(person.terminal.master, b"/13\xff\x1b[200~0 \xe4+ \xf0\x9f\x1b[201~31")
    person.terminal.wait_for_text("130 + 31")
    person.terminal.press("ctrl+q")
    assert person.terminal.wait_for_end() == 0
