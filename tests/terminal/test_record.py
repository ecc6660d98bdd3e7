"""``--record``: the session as an asciicast, which plays what the terminal showed."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pyte

from tests.terminal.person import Person

Start = Callable[..., Person]


def test_a_recording_is_whole_as_far_as_it_came_when_the_app_is_killed(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "session.cast"
    person = start("--record", str(file), "--experiment", "one-pair", size=(90, 26))
    person.terminal.wait_for_text("paused", timeout=60)
    person.terminal.resize(100, 30)
    person.terminal.wait_for(lambda: '"100x30"' in file.read_text(encoding="utf-8"), "the new size in the recording")
    person.terminal.press("4")
    person.terminal.wait_for_text("off by")
    person.kill(signal.SIGKILL)
    person.terminal.wait_for_end()

    header, *lines = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    assert {name: header[name] for name in ("version", "width", "height")} == {"version": 2, "width": 90, "height": 26}
    times = [at for at, _, _ in lines]
    assert times == sorted(times)
    assert times[0] >= 0
    assert {kind for _, kind, _ in lines} == {"o", "r"}
    written = "".join(data for _, kind, data in lines if kind == "o").encode()
    assert written.startswith(bytes(person.terminal.output))
    screen = pyte.Screen(100, 30)
    pyte.ByteStream(screen).feed(written.replace(b"\x1b[>", b"\x1b[?"))
    assert any("off by" in row for row in screen.display)


def test_a_recording_takes_no_other_files_place(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "session.cast"
    file.write_text("something dear", encoding="utf-8")
    person = start("--record", str(file))
    assert person.terminal.wait_for_end() == 2
    text = "".join(person.terminal.text.split())  # the terminal breaks lines anywhere
    assert "istherealready:nameanotherfilewith--record,orremoveit." in text
    assert file.read_text(encoding="utf-8") == "something dear"


def test_a_recording_that_cannot_be_written_is_refused_in_a_sentence(start: Start, tmp_path: Path) -> None:
    person = start("--record", str(tmp_path / "nowhere" / "session.cast"))
    assert person.terminal.wait_for_end() == 2
    text = "".join(person.terminal.text.split())  # the terminal breaks lines anywhere
    assert "cannotbewritten(Nosuchfileordirectory):nameanotherfilewith--record." in text
