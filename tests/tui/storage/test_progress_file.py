"""The progress file under everything that can happen to it."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adder_tui.storage import progress
from adder_tui.storage.progress_store import PROGRESS, Store, progress_file

HINT = partial(progress.take_hint, id="x")

WRITER = """
import sys
from functools import partial
from pathlib import Path
from adder_tui.storage import progress
from adder_tui.storage.progress_store import Store
store = Store(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    store.change(partial(progress.take_hint, id=sys.argv[3]))
    print(store.progress.lesson(sys.argv[3]).hints, store.warning, flush=True)
"""


def _writer(folder: Path, count: int, id: str = "x") -> subprocess.Popen[str]:
    """A process that begins to write when it is told to, and says after each change how many there are."""
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), str(count), id],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def _begin(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    assert process.stdin
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


def test_what_was_changed_is_there_the_next_time(tmp_path: Path) -> None:
    Store(tmp_path).change(partial(progress.enter, id="x"))
    store = Store(tmp_path)
    assert store.progress.current == "x"
    assert store.warning == ""
    assert json.loads((tmp_path / PROGRESS).read_text())["version"] == 1


def test_the_folder_is_made_when_it_is_first_needed(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep" / "er")
    assert not (tmp_path / "deep").exists()
    store.change(HINT)
    assert Store(tmp_path / "deep" / "er").progress.lesson("x").hints == 1


def test_an_app_killed_at_any_moment_leaves_a_file_with_all_that_it_had_confirmed(tmp_path: Path) -> None:
    dice = random.Random(5)
    confirmed = 0
    for _ in range(6):
        process = _writer(tmp_path, 100_000)
        _begin(process)
        assert process.stdout
        for _ in range(dice.randrange(1, 40)):
            confirmed = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        for line in process.stdout.read().splitlines():  # what it had still confirmed
            confirmed = int(line) if line.strip().isdecimal() else confirmed
        process.wait()
        kept = json.loads((tmp_path / PROGRESS).read_text(encoding="utf-8"))["lessons"]["x"]["hints"]
        assert kept in (confirmed, confirmed + 1)  # written, and killed before it could say so
        confirmed = kept
    assert Store(tmp_path).progress.lesson("x").hints == confirmed
    assert not list(tmp_path.glob("*.bad*"))


def test_two_apps_at_once_do_not_undo_each_others_changes(tmp_path: Path) -> None:
    writers = [_writer(tmp_path, 60), _writer(tmp_path, 60), _writer(tmp_path, 30, "y")]
    for writer in writers:
        _begin(writer)
    for writer in writers:
        writer.communicate(timeout=60)
    store = Store(tmp_path)
    assert store.progress.lesson("x").hints == 120
    assert store.progress.lesson("y").hints == 30


UNREADABLE = [b"", b"{", b"[1]", b"\xff\xfe", b'{"lessons": []}', b"[" * 100_000, b" " * 5_000_001, b"null", b"1e999"]


@pytest.mark.parametrize("held", UNREADABLE, ids=range(len(UNREADABLE)))
def test_an_unreadable_file_is_kept_aside_and_said(tmp_path: Path, held: bytes) -> None:
    (tmp_path / PROGRESS).write_bytes(held)
    (tmp_path / f"{PROGRESS}.bad").write_text("an earlier one")
    store = Store(tmp_path)
    assert (
        store.warning == "progress.json could not be read. It is kept as progress.json.bad2; the course starts afresh."
    )
    assert (tmp_path / f"{PROGRESS}.bad2").read_bytes() == held
    assert (tmp_path / f"{PROGRESS}.bad").read_text() == "an earlier one"
    store.change(HINT)
    assert "kept as progress.json.bad2" in store.warning
    assert Store(tmp_path).progress.lesson("x").hints == 1


def test_a_file_spoiled_while_the_app_runs_costs_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.change(HINT)
    (tmp_path / PROGRESS).write_text("spoiled")
    store.change(HINT)
    assert Store(tmp_path).progress.lesson("x").hints == 2
    assert (tmp_path / f"{PROGRESS}.bad").read_text() == "spoiled"
    assert "kept as progress.json.bad" in store.warning


def test_unknown_keys_are_kept(tmp_path: Path) -> None:
    held = {"version": 7, "colour": "blue", "lessons": {"x": {"later": [1], "hints": 2}, "z": 5}}
    (tmp_path / PROGRESS).write_text(json.dumps(held))
    store = Store(tmp_path)
    store.change(HINT)
    kept = json.loads((tmp_path / PROGRESS).read_text())
    assert kept["lessons"]["x"].pop("date")
    assert kept == {**held, "current": "", "lessons": {"x": {"later": [1], "hints": 3}, "z": 5}}
    assert store.warning == ""


def _fails(number: int) -> Any:
    opens = os.open

    def fail(path: Any, flags: int = os.O_CREAT, *_: object, **__: object) -> int:
        if isinstance(flags, int) and not flags & os.O_CREAT:
            return opens(path, flags)  # what is there can still be read
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(
    ("module", "call", "number", "why"),
    [
        (os, "fsync", errno.ENOSPC, "No space left on device"),
        (os, "open", errno.EROFS, "Read-only file system"),
        (os, "open", errno.EACCES, "Permission denied"),
        (os, "replace", errno.EDQUOT, "Disk quota exceeded"),
    ],
)
def test_where_it_cannot_be_written_one_sentence_says_so_and_the_course_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, call: str, number: int, why: str
) -> None:
    store = Store(tmp_path)
    store.change(HINT)
    before = (tmp_path / PROGRESS).read_bytes()
    with monkeypatch.context() as fault:
        fault.setattr(module, call, _fails(number))
        store.change(HINT)
        assert store.change(HINT).lesson("x").hints == 3
        assert store.warning == f"Progress cannot be saved in {tmp_path} ({why}). The course goes on."
        assert (tmp_path / PROGRESS).read_bytes() == before
        assert sorted(path.name for path in tmp_path.iterdir()) == ["progress.json", "progress.lock"]
    assert store.change(HINT).lesson("x").hints == 4
    assert store.warning == ""
    assert Store(tmp_path).progress.lesson("x").hints == 4


def test_a_home_that_is_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    for folder in tmp_path / "home", tmp_path / "home" / "x":
        store = Store(folder)
        assert store.change(HINT).lesson("x").hints == 1
        assert store.warning == f"Progress cannot be saved in {folder} (Not a directory). The course goes on."


def test_a_file_that_may_not_be_read_is_never_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path).change(HINT)
    before = (tmp_path / PROGRESS).read_bytes()
    real = os.open

    def refuse(path: Any, *args: Any, **kwargs: Any) -> Any:
        if path == tmp_path / PROGRESS:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, *args, **kwargs)

    with monkeypatch.context() as fault:
        fault.setattr(os, "open", refuse)
        store = Store(tmp_path)
        assert "cannot be read (Permission denied)" in store.warning
        store.change(HINT)
        assert store.warning.endswith("The course goes on.")
    assert (tmp_path / PROGRESS).read_bytes() == before


def test_an_app_that_sleeps_on_the_lock_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    monkeypatch.setattr("adder_tui.storage.progress_store.LOCK_SECONDS", 0.05)
    with (tmp_path / "progress.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Store(tmp_path).change(HINT)
    assert Store(tmp_path).progress.lesson("x").hints == 1


def test_what_killed_apps_have_left_is_removed_in_time(tmp_path: Path) -> None:
    old, new = tmp_path / f"{PROGRESS}.old.part", tmp_path / f"{PROGRESS}.new.part"
    older = tmp_path / f".{PROGRESS}-old"
    for path in (old, new, older):
        path.write_text("half")
    os.utime(old, (0, 0))
    os.utime(older, (0, 0))
    Store(tmp_path).change(HINT)
    assert not old.exists()
    assert not older.exists()
    assert new.exists()


def test_a_course_of_ones_own_has_a_progress_file_of_its_own(tmp_path: Path) -> None:
    assert progress_file(None) == "progress.json"
    assert progress_file(tmp_path / "My Course!") == "progress-my-course.json"
