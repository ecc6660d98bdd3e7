"""Folders that cannot be used, things that are no files under our names, and whom what we write belongs to."""

from __future__ import annotations

import errno
import io
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import adder_engine.disk as disk_module
from adder_engine import weights_file
from adder_engine.disk import read_bounded
from adder_engine.errors import AdderError, RunFileError
from adder_engine.experiment import Experiment
from adder_engine.runs.files import read
from adder_engine.session import Session
from adder_tui.app import AdderApp
from adder_tui.cli.inputs import read_experiment
from adder_tui.course.course import read_glossary
from adder_tui.course.loader import read_lesson
from adder_tui.settings import Settings
from adder_tui.storage.data_dir import (
    NETWORK_VIEW,
    PLACE,
    read_network_view,
    read_place,
    take_instance_lock,
    write_network_view,
    write_place,
)
from adder_tui.storage.progress_store import Store
from adder_tui.storage.run_files import AUTOSAVE, LessonRuns, lesson_runs, set_aside, settle, start_session
from tests.tui.screens import shows


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


KINDS: list[Callable[[Path], object]] = [
    os.mkfifo,
    os.mkdir,
    lambda path: path.symlink_to("/dev/zero"),
    lambda path: path.symlink_to("/dev/tty"),
    _socket,
]
each_kind = pytest.mark.parametrize("make", KINDS, ids=["pipe", "folder", "endless", "terminal", "socket"])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A short relative path, as sockets want it."""
    monkeypatch.chdir(tmp_path)
    return Path()


@each_kind
def test_what_is_no_file_is_never_waited_for(folder: Path, make: Callable[[Path], object]) -> None:
    names = (AUTOSAVE, PLACE, NETWORK_VIEW, "progress.json", "progress.lock", "seat-1.lock", "last-run.npz")
    for name in names:
        make(folder / name)
    with pytest.raises(RunFileError):
        read(folder / AUTOSAVE)
    write_place(folder, "train", "")
    write_network_view(folder, "numbers")
    assert read_place(folder) is None
    assert read_network_view(folder) == ""
    place = take_instance_lock(folder)
    assert (place.number, place.warning) == (2, "")
    assert set_aside(folder) is None
    store = Store(folder)
    store.change(lambda tree: tree.update(current="x"))
    assert store.progress.current == "x"
    assert "progress.json cannot be read" in store.warning
    assert not list(folder.glob("*.part"))


def test_a_folder_that_cannot_be_written_to_is_told_once_and_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for call in ("fsync", "replace"):
        with monkeypatch.context() as fault:
            fault.setattr(os, call, fail)
            place = take_instance_lock(tmp_path)
        assert place.warning == (
            f"Nothing will be kept: {tmp_path} (Read-only file system); --data-dir names another folder."
        )
        assert list(tmp_path.iterdir()) == []


async def test_the_app_runs_where_nothing_can_be_kept_and_says_so() -> None:
    settings = Settings(data_dir=Path("/proc/adder-tui"), experiment=Experiment.preset("one-pair"))
    app = AdderApp(settings)
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "paused", "Nothing will be kept: /proc/adder-tui", "--data-dir names another folder.")
        await pilot.press("2", "1")
        assert app.return_code in (None, 0)
    assert app.controller.unsaved == ""


async def test_a_run_that_cannot_be_moved_out_of_the_way_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / AUTOSAVE).write_bytes(b"somebody's")
    place = take_instance_lock(tmp_path)

    def fail(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "replace", fail)
    session, last = await start_session(Experiment.preset("one-pair"), tmp_path, place)
    assert last is None
    assert "Permission denied" in place.warning
    await session.step("epoch", 2)
    await session.close()
    assert (tmp_path / AUTOSAVE).read_bytes() == b"somebody's"


def test_what_is_written_is_for_the_owner_alone_and_no_link_is_followed(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        (tmp_path / PLACE).write_text("explore and a lesson with a long name\n")
        (tmp_path / "other").write_text("kept")
        (tmp_path / NETWORK_VIEW).symlink_to(tmp_path / "other")
        folder = tmp_path / "data"
        for one in (tmp_path, folder):
            place = take_instance_lock(one)
            write_place(one, "train", "")
            write_network_view(one, "numbers")
            Store(one).change(lambda tree: tree.update(current="x"))
            assert place.lock is not None
            place.lock.close()
    finally:
        os.umask(before)
    assert (tmp_path / "other").read_text() == "kept"
    assert read_place(tmp_path) == ("train", "")
    assert folder.stat().st_mode & 0o777 == 0o700
    made = [*folder.iterdir(), tmp_path / PLACE]
    assert {path.name for path in made} >= {PLACE, NETWORK_VIEW, "seat-1.lock", "progress.json", "progress.lock"}
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}


@each_kind
def test_what_is_no_file_is_refused_by_every_reader(folder: Path, make: Callable[[Path], object]) -> None:
    for name, read_it in {
        "one.toml": lambda path: read_experiment(f"./{path}"),
        "rows.csv": lambda path: read_experiment("one-pair", data=str(path)),
        "01-one.md": read_lesson,
        "glossary.toml": read_glossary,
    }.items():
        make(folder / name)
        with pytest.raises(AdderError, match="cannot be read"):
            read_it(folder / name)


def test_a_regular_file_that_holds_nothing_yet_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As /proc/kmsg is."""

    class Waits(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return None  # type: ignore[return-value]

    monkeypatch.setattr(disk_module, "open_regular", lambda path: Waits())
    with pytest.raises(OSError, match="it holds nothing yet"):
        read_bounded(tmp_path / "x", 10)
    with pytest.raises(AdderError, match=r"x\.csv cannot be read: it holds nothing yet, and"):
        read_experiment("one-pair", data=str(tmp_path / "x.csv"))
    with pytest.raises(AdderError, match=r"x\.json cannot be read: it holds nothing yet"):
        weights_file.read(tmp_path / "x.json")


async def test_lessons_runs_are_not_written_through_a_link(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    for one in data, other:
        one.mkdir()
    link = lesson_runs(data, "progress.json")
    link.symlink_to(other, target_is_directory=True)
    left = [other / "slope.npz", other / "x.npz.12345678.part"]
    for path in left:
        path.write_bytes(b"somebody's")
        os.utime(path, (1, 1))
    assert take_instance_lock(data).warning == ""
    runs = LessonRuns(link)
    async with Session(Experiment.preset("one-pair")) as session:
        await session.step("epoch", 3)
        for lesson in "slope", "loss":
            await runs.keep(session, lesson)
        await session.load(Experiment.preset("three-pairs"))
        back = await runs.bring(session, "loss")
        assert back is not None
        assert back.epoch == 3
        await session.save(data / "own-run.npz")
        await session.save(data / AUTOSAVE)
    runs.forget("slope")
    write_place(data, "learn", "slope")
    settle(data, 1, into_lesson=True, lessons=link)
    assert (data / AUTOSAVE).exists()
    assert sorted(other.iterdir()) == left
    assert {path.read_bytes() for path in left} == {b"somebody's"}
