"""A data folder that fails while the app runs: it is told, nothing in memory is lost, and it is tried again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

import adder_engine.disk as disk_module
import adder_engine.session as session_module
from adder_engine.disk import JUST_MADE, LEFT_OVER, write_whole
from adder_engine.errors import RequestError, RunFileError
from adder_engine.experiment import Experiment
from adder_engine.runs.files import read
from adder_engine.session import Session
from adder_tui.app import AdderApp
from adder_tui.network.trace_view import write_text
from adder_tui.settings import Settings
from adder_tui.storage.data_dir import (
    is_new,
    read_network_view,
    read_place,
    take_instance_lock,
    write_network_view,
    write_place,
)
from adder_tui.storage.progress import enter
from adder_tui.storage.progress_store import Store
from adder_tui.storage.run_files import OwnRun, autosave_path, free_name, run_files, set_aside, settle
from tests.terminal.failing_disk import FAULTS, install
from tests.tui.screens import screen_text, shows, until

SMALL = Experiment.preset("one-pair")
SAVING = [fault for fault in FAULTS if fault != "no locks"]


class Disk:
    """A folder, and what is wrong with it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.fault = folder, ""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    disk = Disk(tmp_path / "data")
    disk.folder.mkdir(mode=0o700)
    undo = install(lambda: disk.fault, disk.folder)
    yield disk
    undo()


@pytest.mark.parametrize("fault", FAULTS)
async def test_whatever_the_app_does_with_its_folder_ends_it_at_no_fault(disk: Disk, fault: str) -> None:
    write_place(disk.folder, "train", "")
    (disk.folder / "last-run.npz").write_bytes(b"damaged")
    disk.fault = fault
    assert read_place(disk.folder) in (None, ("train", ""))
    assert read_network_view(disk.folder) == ""
    assert is_new(disk.folder) in (True, False)
    assert free_name(disk.folder, "one-pair") == "one-pair"
    write_place(disk.folder, "explore", "")
    write_network_view(disk.folder, "trace")
    settle(disk.folder, 1, into_lesson=False, lessons=disk.folder / "lessons")
    place = take_instance_lock(disk.folder)
    assert ("Nothing will be kept" in place.warning) == (fault in SAVING)
    hides = "scandir" in FAULTS[fault][1]
    with pytest.raises(RequestError, match="cannot be read") if hides else contextlib.nullcontext():
        assert [file.path.name for file in run_files(disk.folder)] == ["last-run.npz"]
    with (
        pytest.raises(OSError, match=r"error|denied|handle") if hides else contextlib.nullcontext()
    ):  # which start_session tells
        set_aside(disk.folder)


@pytest.mark.parametrize("fault", SAVING)
async def test_a_run_that_cannot_be_saved_goes_on_and_is_saved_when_it_can_be(
    disk: Disk, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "SAVE_EVERY", 0.0)
    monkeypatch.setattr(disk_module, "JUST_MADE", -1.0)  # what a fault in mid-write left is old enough at once
    file = disk.folder / "run.npz"
    async with Session(SMALL, autosave=disk.folder / "autosave.npz") as session:
        await session.step("epoch", 3)
        await session.save(file)
        disk.fault = fault
        with pytest.raises(RunFileError, match=os.strerror(FAULTS[fault][0])):
            await session.save(file)
        snapshot = await session.step("epoch", 4)
        while not snapshot.warning:
            snapshot = await session.snapshot(snapshot.version)
        assert os.strerror(FAULTS[fault][0]) in snapshot.warning
        assert snapshot.epoch == 7
        disk.fault = ""
        await session.save(file)
    assert read(file).facts["epoch"] == 7
    assert read(disk.folder / "autosave.npz").facts["epoch"] == 7
    assert not list(disk.folder.glob("*.part"))


@pytest.mark.parametrize("fault", SAVING)
def test_progress_is_kept_in_memory_and_written_when_it_can_be(disk: Disk, fault: str) -> None:
    store = Store(disk.folder)
    disk.fault = fault
    for id in ("loss", "slope"):
        assert store.change(lambda tree, id=id: enter(tree, id)).lesson(id).tries == 1  # type: ignore[misc]
    assert "Progress" in store.warning
    assert Store(disk.folder).progress.current == ""
    disk.fault = ""
    store.change(lambda tree: enter(tree, "loss"))
    assert store.warning == ""
    kept = Store(disk.folder).progress
    assert (kept.lesson("loss").tries, kept.lesson("slope").tries, kept.current) == (2, 1, "loss")


@pytest.mark.parametrize("fault", SAVING)
async def test_progress_is_tried_once_more_when_the_app_is_left(disk: Disk, fault: str) -> None:
    app = AdderApp(Settings(data_dir=disk.folder, lesson="loss"))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(
            pilot, lambda: app.learn is not None and app.learn.lesson_controller is not None and bool(app.lesson)
        )
        assert app.learn is not None
        assert app.learn.lesson_controller is not None
        disk.fault = fault
        app.learn.lesson_controller.store.change(lambda tree: enter(tree, "slope"))
        await pilot.press("ctrl+q")
    app.close_now()
    assert any(told.startswith("Progress ") for told in app.unsaved)
    assert Store(disk.folder).progress.lesson("slope").tries == 0
    disk.fault = ""
    app.close_now()
    assert not any(told.startswith("Progress ") for told in app.unsaved)
    assert Store(disk.folder).progress.lesson("slope").tries == 1


async def test_the_own_run_comes_back_from_memory_where_its_file_cannot_be_read(disk: Disk) -> None:
    async with Session(SMALL) as session:
        await session.step("epoch", 3)
        own = OwnRun(disk.folder)
        await own.keep(session)
        await session.load(Experiment.preset("three-pairs"))
        disk.fault = "broken"
        back = await own.give_back(session)
        assert back is not None
        assert (back.experiment, back.epoch) == (SMALL, 3)


async def test_the_own_run_is_what_the_next_start_finds_from_the_moment_it_is_given_back(disk: Disk) -> None:
    async with Session(SMALL) as session:  # whose next save is still to come
        await session.step("epoch", 3)
        own = OwnRun(disk.folder)
        await own.keep(session)
        await session.load(Experiment.preset("three-pairs"))
        await own.give_back(session)
        assert not own.path.exists()
        assert read(autosave_path(disk.folder)).facts["epoch"] == 3


async def test_windows_tell_what_the_disk_says_and_the_app_goes_on(disk: Disk) -> None:
    app = AdderApp(Settings(data_dir=disk.folder, experiment=SMALL))
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(pilot, "paused")
        disk.fault = "broken"
        await pilot.press("O")
        await shows(pilot, f"{disk.folder} cannot be read: Input/output error.")
        await pilot.press("escape", "ctrl+s")
        await shows(pilot, "Save the run")
        await pilot.press("enter")
        await shows(pilot, "Input/output error")
        disk.fault = ""
        await pilot.press("enter")
        await until(pilot, lambda: "is saved as" in screen_text(app))
    assert read(disk.folder / "one-pair.npz").facts["epoch"] == 0


@pytest.mark.parametrize("fault", SAVING)
def test_a_trace_is_written_whole_beside_the_others_or_not_at_all(disk: Disk, fault: str) -> None:
    path = disk.folder / "trace.txt"
    assert write_text(path, "one") == path
    disk.fault = fault
    with pytest.raises(OSError, match=os.strerror(FAULTS[fault][0])):
        write_text(path, "two")
    disk.fault = ""
    held = {file.name: file.read_text() for file in disk.folder.iterdir() if file.suffix == ".txt"}
    assert {name: text for name, text in held.items() if text} == {"trace.txt": "one"}
    assert write_text(path, "three").read_text() == "three"
    assert path.read_text() == "one"


def test_what_a_failing_disk_left_is_cleared_once_it_is_well(disk: Disk) -> None:
    path = disk.folder / "run.npz"

    def breaks(file: object) -> None:
        disk.fault = "broken"
        raise OSError(5, os.strerror(5))

    with pytest.raises(OSError, match="Input/output"):
        write_whole(path, breaks)
    disk.fault = ""
    (left,) = disk.folder.glob("run.npz.*.part")
    _aged(left, 2 * JUST_MADE)
    write_whole(path, lambda file: file.write(b"whole"))
    assert [file.name for file in disk.folder.iterdir()] == ["run.npz"]


def _aged(path: Path, seconds: float) -> None:
    before = path.stat().st_mtime - seconds
    os.utime(path, (before, before))


def test_the_next_start_clears_what_nobody_writes_any_more_and_leaves_what_another_app_writes(disk: Disk) -> None:
    lessons = disk.folder / "lessons"
    lessons.mkdir()
    left = [disk.folder / "autosave.npz.0badcafe.part", lessons / "loss.npz.0badcafe.part"]
    for path in left:
        path.write_bytes(b"half")
        _aged(path, 2 * JUST_MADE)

    def starts_another(file: BinaryIO) -> None:
        file.write(b"half")
        file.flush()
        (part,) = disk.folder.glob("run.npz.*.part")
        _aged(part, 2 * LEFT_OVER)
        assert not take_instance_lock(disk.folder).warning
        assert part.exists()
        assert not any(map(os.path.exists, left))

    assert write_whole(disk.folder / "run.npz", starts_another).read_bytes() == b"half"


def test_where_no_lock_tells_who_writes_what_is_young_is_left(disk: Disk) -> None:
    young, old = (disk.folder / f"run.npz.{name}.part" for name in ("0badcafe", "deadbeef"))
    for path, age in ((young, LEFT_OVER / 2), (old, 2 * LEFT_OVER)):
        path.write_bytes(b"half")
        _aged(path, age)
    disk.fault = "no locks"
    write_whole(disk.folder / "run.npz", lambda file: file.write(b"whole"))
    assert young.exists()
    assert not old.exists()
