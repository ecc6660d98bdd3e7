"""Runs on disk: the one of last time, a lesson's stand-in, each lesson's, those that were saved. Cheap to import."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from adder_engine.disk import files_in, open_regular, write_whole
from adder_engine.errors import RequestError, RunFileError
from adder_engine.language import tr
from adder_tui.storage.data_dir import InstanceLock, is_taken, make_data_dir, nowhere, read_place

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.session import Session
    from adder_engine.snapshot import Snapshot


AUTOSAVE = "autosave.npz"
LAST_RUN = "last-run"
EARLIER_RUN = "earlier-run"
MOST_EARLIER = 9
"""Kept runs that newer ones have displaced; ``O`` lists them, the oldest goes."""
UNREADABLE = "unreadable-run"
OPENED = "opened-run.npz"
OWN_RUN = "own-run"
ENDING = ".npz"
LONGEST_NAME = 200
"""Bytes; folders take 255, and while a file is written it has a longer name."""
OURS = (Path(AUTOSAVE).stem, LAST_RUN, EARLIER_RUN, Path(OPENED).stem, UNREADABLE)
"""What names begin with that the program itself writes, and writes over."""


def make_lessons_dir(folder: Path) -> Path:
    """Make the folder of a course's runs within the data folder, where it is missing.

    Raises:
        OSError: it cannot be made, or something else has its name: a link too, for it leads to what is not ours.
    """
    if folder.is_symlink():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return make_data_dir(folder)


def autosave_path(data_dir: Path, instance_lock: int = 1) -> Path:
    """The run that is saved every few seconds. Apps that run at once have seats 1, 2, …"""
    return data_dir / (AUTOSAVE if instance_lock == 1 else f"{Path(AUTOSAVE).stem}-{instance_lock}.npz")


@dataclass(frozen=True)
class LastRun:
    """A kept run that can be opened."""

    path: Path
    title: str
    epoch: int


async def start_session(
    experiment: Experiment, data_dir: Path, instance_lock: InstanceLock, resume: Path | None = None
) -> tuple[Session, LastRun | None]:
    """A session that is saved as it goes, started once the last run is out of its way; and that last run.

    Where nothing can be kept the session goes without, and files that are there stay as they are.
    ``resume`` is a saved run to go on with.
    """
    from adder_engine.session import Session

    if instance_lock.warning:
        return Session(experiment, resume=resume), None
    try:
        if resume is not None:
            resume = await asyncio.to_thread(_out_of_the_way, resume, data_dir)
        last = await asyncio.to_thread(set_aside, data_dir, instance_lock.number)
    except OSError as error:  # what is in the way must not be written over
        instance_lock.warning = nowhere(data_dir, error.strerror or str(error)).warning
        return Session(experiment, resume=resume), None
    return Session(experiment, autosave=autosave_path(data_dir, instance_lock.number), resume=resume), last


def _out_of_the_way(run: Path, data_dir: Path) -> Path:
    """The run, or a copy of it where it is one of those that are moved and written over."""
    folder = Path(os.path.realpath(data_dir))
    if Path(os.path.realpath(run)).parent != folder or not run.name.startswith(("autosave", LAST_RUN)):
        return run
    with open_regular(run) as held:
        write_whole(folder / OPENED, lambda file: shutil.copyfileobj(held, file), 0o600)
    return folder / OPENED


def set_aside(data_dir: Path, instance_lock: int = 1) -> LastRun | None:
    """Move this seat's autosaved run out of the new one's way; the newest kept run that can be opened.

    A run that was neither trained nor changed displaces none and is not offered. Runs of other seats whose app
    has ended are offered too. Imports numpy.
    """
    # Not at the top: it imports numpy, which waits until the shell is painted.
    from adder_engine.runs.files import summary

    autosave = autosave_path(data_dir, instance_lock)
    ending = "" if instance_lock == 1 else f"-{instance_lock}"
    kept = autosave.with_name(f"{LAST_RUN}{ending}.npz")
    if os.path.lexists(autosave):
        found = summary(autosave)
        if found is None:
            os.replace(autosave, autosave.with_name(f"{UNREADABLE}{ending}.npz"))
        elif not found.untouched or not os.path.lexists(kept):
            _make_way(kept, ending)
            os.replace(autosave, kept)
    for path in files_in(data_dir, f"{LAST_RUN}*.npz", "autosave-*.npz"):
        last = summary(path)
        if last is not None and not last.untouched:
            return LastRun(path, last.title, last.epoch)
    return None


def _make_way(kept: Path, ending: str) -> None:
    """Number the kept run among the earlier ones, in place of the oldest of them."""
    if os.path.lexists(kept):
        places = [kept.with_name(f"{EARLIER_RUN}{ending}-{n}.npz") for n in range(1, MOST_EARLIER + 1)]
        os.replace(kept, min(places, key=lambda place: os.lstat(place).st_mtime if os.path.lexists(place) else 0.0))


class OwnRun:
    """One app's own run; the file is there exactly while a lesson's run is in its place.

    A line that drops within a lesson leaves the file: the next start goes back to the lesson, and the file
    is still what leaving it gives back.
    """

    def __init__(self, data_dir: Path, instance_lock: int = 1) -> None:
        self._left: int | None = None
        """The run's id in the session's list: what is given back where there is no file that can be read."""
        self._autosave = autosave_path(data_dir, instance_lock)
        self.path = data_dir / (f"{OWN_RUN}.npz" if instance_lock == 1 else f"{OWN_RUN}-{instance_lock}.npz")

    async def keep(self, session: Session) -> None:
        """Set the run aside, unless a lesson has the network already.

        Where no file can be written the session's own list of runs has to do, which ends with the app.
        """
        if self._left is None and not os.path.lexists(self.path):
            self._left = (await session.snapshot()).run
            with contextlib.suppress(RunFileError):
                await session.save(self.path)

    async def give_back(self, session: Session) -> Snapshot | None:
        """Open the run again; None where none was kept.

        Raises:
            RunFileError: it cannot be read, nor is it on the session's list; it stays where it is.
            RequestError: no file could be written, and it is on the session's list no more.
        """
        left, self._left = self._left, None
        if not os.path.lexists(self.path):
            return None if left is None else await session.switch(left)
        try:
            snapshot = await session.open(self.path)
        except RunFileError as error:
            if left is None:
                raise
            with contextlib.suppress(RequestError):
                return await session.switch(left)
            raise error
        with contextlib.suppress(OSError):  # not removed: a kill may come before the next save
            os.replace(self.path, self._autosave)
        return snapshot


class LessonRuns:
    """Keeps the run of each lesson, so that leaving it, a line that drops or a kill loses nothing.

    Args:
        folder: where they lie, a file each.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runs: dict[str, int] = {}
        """A lesson's id to its run in the session's list."""

    def path(self, lesson: str) -> Path:
        return self._folder / f"{lesson}{ENDING}"

    async def keep(self, session: Session, lesson: str) -> None:
        """Keep the run at hand as the lesson's; where no file can be written the session's list has to do."""
        self._runs[lesson] = (await session.snapshot()).run
        with contextlib.suppress(RunFileError, OSError):
            await asyncio.to_thread(make_lessons_dir, self._folder)
            await session.save(self.path(lesson))

    async def bring(self, session: Session, lesson: str) -> Snapshot | None:
        """Go on with the lesson's run; None where there is none."""
        now, run = await session.snapshot(), self._runs.get(lesson)
        if run is not None and any(one.id == run for one in now.runs):
            return await session.switch(run)
        try:
            return await session.open(self.path(lesson)) if self.path(lesson).exists() else None
        except (RunFileError, OSError):
            return None

    def forget(self, lesson: str) -> None:
        """The lesson is begun afresh."""
        self._runs.pop(lesson, None)
        with contextlib.suppress(OSError):
            if not self._folder.is_symlink():
                self.path(lesson).unlink(missing_ok=True)


def lesson_runs(data_dir: Path, progress_file: str) -> Path:
    """The folder of a course's runs, named as its progress file is."""
    return data_dir / Path(progress_file).stem.replace("progress", "lessons", 1)


def settle(data_dir: Path, instance_lock: int, into_lesson: bool, lessons: Path) -> None:
    """After an end within a lesson: see to it that the learner's own run is what counts as the last one.

    Going back into the lesson, the lesson's autosaved run is what it goes on with, unless a newer one is kept in
    ``lessons``; else the own run takes its place. So do the own runs of seats whose app has ended, for nobody may
    ever sit there again.
    """
    with contextlib.suppress(OSError):
        for path in files_in(data_dir, f"{OWN_RUN}*.npz"):
            number = _instance_lock_of(path)
            if number == instance_lock and into_lesson:
                _take_over(autosave_path(data_dir, instance_lock), read_place(data_dir), lessons)
            elif number == instance_lock or (number and not is_taken(data_dir, number)):
                os.replace(path, autosave_path(data_dir, number))


def _take_over(autosave: Path, place: tuple[str, str] | None, lessons: Path) -> None:
    """Keep an autosaved run as that of the lesson in which the app has ended."""
    lesson = lessons / f"{place[1]}{ENDING}" if place is not None and place[1] else None
    newer = (
        lesson is not None
        and autosave.exists()
        and (not lesson.exists() or lesson.stat().st_mtime < autosave.stat().st_mtime)
    )
    if lesson is not None and newer:
        make_lessons_dir(lessons)
        os.replace(autosave, lesson)
    autosave.unlink(missing_ok=True)


def _instance_lock_of(own: Path) -> int:
    """Whose run it is; 0 for a file with a name that is none of ours."""
    number = own.stem.removeprefix(OWN_RUN).removeprefix("-") or "1"
    return int(number) if number.isdecimal() else 0


@dataclass(frozen=True)
class RunFile:
    """A file that holds a run, or should."""

    path: Path
    saved: datetime
    title: str
    """What run it is; empty where it cannot be read."""
    epoch: int = 0

    @property
    def damaged(self) -> bool:
        return not self.title


def run_files(data_dir: Path, but_not: Path | None = None) -> Iterator[RunFile]:
    """The runs in the folder, the one saved last first, read one by one. Imports numpy.

    Args:
        but_not: the file that the running app saves to.

    Raises:
        RequestError: the folder cannot be read.
    """
    from adder_engine.runs.files import summary

    try:
        paths = files_in(data_dir, f"*{ENDING}")
    except FileNotFoundError:  # it is made when something is saved
        return
    except OSError as error:
        why = error.strerror or error
        raise RequestError("{folder} cannot be read: {why}.", folder=data_dir, why=why) from None
    for path in paths:
        if path == but_not:
            continue
        read = summary(path)
        try:
            saved = datetime.fromtimestamp(os.stat(path).st_mtime)
        except (OSError, ValueError, OverflowError):  # it has just gone, or is of no time
            continue
        yield RunFile(path, saved, "") if read is None else RunFile(path, saved, read.title, read.epoch)


def free_name(data_dir: Path, title: str) -> str:
    """A name for a run of this title that no file in the folder has: ``one-pair``, ``one-pair-2``."""
    plain = re.sub(r"[^a-z0-9.]+", "-", title.lower()).strip("-.") or "run"
    names = (plain if n == 1 else f"{plain}-{n}" for n in range(1, 10_000))
    return next(name for name in names if not os.path.lexists(data_dir / f"{name}{ENDING}"))


def path_of(typed: str, data_dir: Path) -> Path:
    """The file that is meant: a name in the data folder, or a whole path; ``.npz`` is put behind where it is missing.

    Raises:
        RequestError: nothing is typed, a name that is none or that the list of runs would not show, or one that the
            program itself writes to.
    """
    text = typed.strip()
    if not text:
        raise RequestError("Type a name, such as my-run: it goes into the data folder. A whole path will do too.")
    if not all(map(str.isprintable, text)):
        sentence = tr("{typed} has a character that no name takes: use letters, digits, - and _.", typed=_short(text))
        raise RequestError(sentence)
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise RequestError("{typed!r} names nobody's home folder.", typed=text) from None
    if not path.is_absolute() and ("/" in text or "\\" in text):
        plain = re.sub(r"[/\\]+", "-", text).strip("-.") or "my-run"
        raise RequestError(
            "{typed} would lie in a folder that the list does not show: type a name without / and \\, such as {plain}, "
            "or a whole path.",
            typed=_short(text),
            plain=_short(plain),
        )
    if not path.name or path.name.startswith(".") or text.endswith(("/", "/..")):
        typed = _short(text)
        sentence = tr("{typed} is no name for a file: begin it with a letter or a digit, such as my-run.", typed=typed)
        raise RequestError(sentence)
    path = data_dir / path
    if path.suffix != ENDING:
        path = path.with_name(path.name + ENDING)
    if (length := len(os.fsencode(path.name))) > LONGEST_NAME:
        sentence = tr("{name} is too long with {length:,} bytes: a name takes {most}.",
                  name=_short(path.stem), length=length, most=LONGEST_NAME)  # fmt: skip
        raise RequestError(sentence)
    if os.path.realpath(path.parent) == os.path.realpath(data_dir) and path.name.startswith(OURS):
        raise RequestError("{name} is a name that adder-tui writes to by itself: take another one.", name=path.stem)
    return path


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
