"""The data folder: made, held by one app, and what is noted there of where one was. Cheap to import."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from adder_engine.disk import clear_leftovers, files_in, open_regular, read_bounded, write_whole
from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_tui.tabs import FIRST_TAB, TABS, TabId

if TYPE_CHECKING:
    from adder_tui.settings import Settings

INSTANCES = 99
"""Apps that may run on one folder at once, each with an autosave of its own."""
FIRST_LESSON = "first"
"""Stands for the id of whichever lesson comes first."""
PROBE = "probe"
"""Written and removed to find out whether a folder can be used."""
LEFTOVERS = ("*.????????.part", ".progress*.json-*")
"""What files that were never finished are called, and once were."""
NETWORK_VIEW = "network_view"
"""What the Network tab showed last."""
PLACE = "place"
"""A file of the data folder: the tab that was in front last, and the lesson's id if one was in a lesson."""
LONGEST = 200
"""Bytes of a note."""


def expanded(typed: str) -> Path:
    """The path that is typed, with ``~`` for one's home folder: a shell leaves it as it is in ``--data=~/rows.csv``.

    Raises:
        AdderError: nobody's home folder is meant.
    """
    try:
        return Path(typed).expanduser()
    except RuntimeError:
        said = tr("{typed!r} names nobody's home folder: write ~/ for your own, or the whole path.", typed=typed)
        raise AdderError(said) from None


def make_data_dir(data_dir: Path) -> Path:
    """Make the folder, for its owner alone, where it is missing; one that exists keeps its permissions.

    Raises:
        OSError: it cannot be made, or something else has its name.
    """
    try:
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        data_dir.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None
    return data_dir


@dataclass
class InstanceLock:
    """One app's place in a data folder, held by a lock until the file is closed or the process ends."""

    number: int
    lock: IO[bytes] | None
    warning: str = ""
    """Why nothing can be kept in the folder, in one sentence; empty where all is well."""


def take_instance_lock(data_dir: Path) -> InstanceLock:
    """The first seat that no other app holds; where files cannot be locked, the first one.

    A folder that cannot be used is no reason to stop: the place is then one without a lock, and its warning says why.
    """
    try:
        make_data_dir(data_dir)
        write_whole(data_dir / PROBE, lambda file: None, 0o600)
        (data_dir / PROBE).unlink(missing_ok=True)
        for folder in (data_dir, *(one for one in data_dir.glob("lessons*/") if not one.is_symlink())):
            clear_leftovers(folder, *LEFTOVERS)
    except OSError as error:
        return nowhere(data_dir, error.strerror or str(error))
    for number in range(1, INSTANCES + 1):
        try:
            lock = _open_lock(data_dir, number)
        except OSError:  # something else has its name
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
        except OSError:
            return InstanceLock(1, lock)
        else:
            return InstanceLock(number, lock)
    return nowhere(data_dir, tr("{apps} apps run on it already", apps=INSTANCES))


def _open_lock(data_dir: Path, number: int) -> BinaryIO:
    return open_regular(data_dir / f"seat-{number}.lock", os.O_RDWR | os.O_CREAT)


def nowhere(data_dir: Path, why: str) -> InstanceLock:
    """No place in a folder that cannot be used; its number names no file that an app has left."""
    said = tr("Nothing will be kept: {folder} ({why}); --data-dir names another folder.", folder=data_dir, why=why)
    return InstanceLock(0, None, said)


def is_taken(data_dir: Path, number: int) -> bool:
    """Whether another app holds a seat."""
    try:
        with _open_lock(data_dir, number) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # and lets go at once, on closing
    except OSError:
        return True
    return False


def read_place(data_dir: Path) -> tuple[str, str] | None:
    """The tab and the lesson (or nothing) where one was; None where that is not known."""
    tab, _, lesson = _read_note(data_dir / PLACE).partition(" ")
    return (tab, lesson) if tab.isidentifier() else None


def write_place(data_dir: Path, tab: str, lesson: str) -> None:
    """Keep where one is."""
    _write_note(data_dir / PLACE, f"{tab} {lesson}")


def read_network_view(data_dir: Path) -> str:
    """What the Network tab showed last; nothing where that is not known."""
    return _read_note(data_dir / NETWORK_VIEW)


def write_network_view(data_dir: Path, shown: str) -> None:
    """Keep what the Network tab shows."""
    _write_note(data_dir / NETWORK_VIEW, shown)


def _read_note(path: Path) -> str:
    try:
        return read_bounded(path, LONGEST).decode("ascii").strip()
    except (OSError, ValueError):
        return ""


def _write_note(path: Path, text: str) -> None:
    """Write a line, not brought to the disk at once: what is lost with it is where one was.

    A folder that cannot be written to is no reason to stop.
    """
    with contextlib.suppress(OSError, ValueError):
        held = f"{text}\n".encode("ascii")
        with open_regular(path, os.O_WRONLY | os.O_CREAT) as file:
            file.truncate()
            file.write(held)


def is_new(data_dir: Path) -> bool:
    """Whether nobody has used this folder: there is no progress and no run in it."""
    try:
        return not files_in(data_dir, "*.npz", "progress*")
    except OSError:
        return True


def begin(settings: Settings) -> tuple[TabId, str]:
    """The tab to begin on, and the lesson to open there: its id, :data:`FIRST_LESSON`, or nothing."""
    if settings.lesson:
        return "learn", settings.lesson
    if settings.experiment is not None or settings.open_run is not None:
        return FIRST_TAB, ""
    if settings.course is not None:
        return "learn", ""
    place = read_place(settings.data_dir)
    tab = next((tab.id for tab in TABS if place is not None and tab.id == place[0]), None)
    if place is not None and tab is not None:
        return ("learn", place[1]) if place[1] else (tab, "")
    return ("learn", FIRST_LESSON) if is_new(settings.data_dir) else (FIRST_TAB, "")
