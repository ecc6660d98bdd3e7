"""What a terminal and a shell may send to Textual's driver, mended where it falls."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from textual import events
from textual.drivers import linux_driver
from textual.message import Message

from adder_tui.process import ENDINGS, ShutdownGuard, mend_driver

BAD = ("\x1b[48;24;80;0;0t", "\x1b[48;0;0;0;0t", "\x1b[99999999999u", "\x1b[:u", "\x1b[1114112u", "\x1b[<0;-1;0M")


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("XTermParser", "getincrementaldecoder"):
        monkeypatch.setattr(linux_driver, name, getattr(linux_driver, name))
    for name in ("_sigtstp_application", "_sigcont_application"):
        monkeypatch.setattr(linux_driver.LinuxDriver, name, getattr(linux_driver.LinuxDriver, name))
    mend_driver()
    return linux_driver.XTermParser()


def keys(messages: list[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, events.Key)]


@pytest.mark.parametrize("bad", BAD)
def test_a_sequence_that_cannot_be_meant_is_dropped_and_what_follows_is_taken(parser: Any, bad: str) -> None:
    messages = [*parser.feed(bad), *parser.feed("\x1b[<0;5;7M"), *parser.feed("x")]
    assert keys(messages) == ["x"]
    mouse = next(message for message in messages if isinstance(message, events.MouseDown))
    assert (mouse.x, mouse.y) == (4, 6)


def test_pixels_that_the_terminal_tells_are_turned_into_cells(parser: Any) -> None:
    messages = [*parser.feed("\x1b[48;24;80;480;800t"), *parser.feed("\x1b[<0;41;61M")]
    (mouse,) = [message for message in messages if isinstance(message, events.MouseDown)]
    assert (int(mouse.x), int(mouse.y)) == (4, 3)


@pytest.mark.parametrize("end", ["\x07", "\x1b\\", "\x9c"])
@pytest.mark.parametrize("piece", [4096, 7])
def test_a_terminals_reply_is_dropped_however_long_and_in_whatever_pieces(parser: Any, end: str, piece: int) -> None:
    sent = "a\x1b]52;c;" + "QUJD" * 50_000 + end + "b"
    sent = sent if piece > 100 else f"a\x1b]11;rgb:0000/0000/0000{end}b"
    pieces = (
        [sent[i : i + piece] for i in range(0, len(sent), piece)] if piece > 100 else [sent[:8], sent[8:20], sent[20:]]
    )
    assert keys([message for part in pieces for message in parser.feed(part)]) == ["a", "b"]


def test_a_reply_that_never_ends_holds_no_key_back_for_good(parser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keys([*parser.feed("\x1b]52;c;QUJD"), *parser.feed("QUJD")]) == []
    monkeypatch.setattr("adder_tui.process.REPLY_PAUSE", 0.0)
    assert keys([*parser.feed("x"), *parser.feed("y")]) == ["x", "y"]


def test_alt_and_a_bracket_begin_no_reply(parser: Any) -> None:
    assert parser._without_replies("\x1b]x") == "\x1b]x"


@pytest.mark.parametrize("size", ["99999;99999", "0;0", "24;0", "0;80"])
def test_a_size_that_no_terminal_has_is_not_taken(parser: Any, size: str) -> None:
    assert not [*parser.feed(f"\x1b[48;{size};0;0t")]


@pytest.mark.parametrize(("suspended", "resumed"), [(True, 1), (False, 0)])
def test_only_an_app_that_was_suspended_is_resumed(parser: Any, suspended: bool, resumed: int) -> None:
    told: list[int] = []
    driver: Any = Mock(
        _key_thread=SimpleNamespace(is_alive=lambda: not suspended), _app=SimpleNamespace(_exit=False),
        _auto_restart=True, resume_application_mode=lambda: told.append(1),
    )  # fmt: skip
    linux_driver.LinuxDriver._sigcont_application(driver)
    assert len(told) == resumed


def test_a_continue_while_the_app_is_being_suspended_breaks_in_on_nothing(parser: Any) -> None:
    resumed: list[int] = []

    class Driver(linux_driver.LinuxDriver):
        _app = SimpleNamespace(_exit=False)
        _key_thread = SimpleNamespace(is_alive=lambda: False)

        def __init__(self) -> None:
            self._auto_restart = True

        def stop_application_mode(self) -> None:
            self._sigcont_application()

        def close(self) -> None:
            self._sigcont_application()

        def resume_application_mode(self) -> None:
            resumed.append(1)

    driver = Driver()
    driver.suspend_application_mode()
    assert resumed == []
    driver._sigcont_application()
    assert resumed == [1]


async def test_an_app_is_suspended_by_its_loop_and_not_within_what_a_signal_breaks_in_on(
    parser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(os, "kill", lambda *_: told.append("stopped"))
    driver: Any = SimpleNamespace(_auto_restart=True, suspend_application_mode=lambda: told.append("suspended"))
    linux_driver.LinuxDriver._sigtstp_application(driver)
    assert told == []
    await asyncio.sleep(0)
    assert told == ["suspended", "stopped"]


def test_a_signal_wakes_the_loop_that_has_just_gone_to_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    woken = threading.Event()
    app: Any = SimpleNamespace(call_later=lambda *_: woken.set())
    before = {number: signal.getsignal(number) for number in (*ENDINGS, signal.SIGWINCH)}
    signal.signal(signal.SIGWINCH, lambda *_: None)
    reads, writes = os.pipe()
    monkeypatch.setattr("sys.__stdin__", os.fdopen(reads, "rb"))
    try:
        with ShutdownGuard(app, on_end=lambda: None):
            os.kill(os.getpid(), signal.SIGWINCH)
            assert woken.wait(10)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writes)


@pytest.mark.parametrize("number", ENDINGS)
def test_a_signal_once_the_app_is_left_ends_the_process_with_its_exit_code(number: int) -> None:
    script = (
        "import os, signal, types; from adder_tui.process import ShutdownGuard\n"
        f"signal.signal({int(number)}, signal.SIG_DFL)\n"
        f"with ShutdownGuard(types.SimpleNamespace(), on_end=print): pass\nos.kill(os.getpid(), {int(number)})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (128 + number, "")
