"""The run of last time: set aside before a new one is saved over it, and offered."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from adder_tui.paths import autosave_path, make_data_dir

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.session import Session

LAST_RUN = "last-run"
EARLIER_RUN = "earlier-run"
MOST_EARLIER = 9
"""Kept runs that newer ones have displaced; ``O`` lists them, the oldest goes."""
UNREADABLE = "unreadable-run"
SEATS = 99
"""Apps that may run on one folder at once, each with an autosave of its own."""
OPENED = "opened-run.npz"


@dataclass(frozen=True)
class LastRun:
    """A kept run that can be opened."""

    path: Path
    title: str
    epoch: int


@dataclass(frozen=True)
class Seat:
    """One app's place in a data folder, held by a lock until the file is closed or the process ends."""

    number: int
    lock: IO[bytes]


def take_seat(data_dir: Path) -> Seat:
    """The first seat that no other app holds; where files cannot be locked, the first one."""
    make_data_dir(data_dir)
    for number in range(1, SEATS + 1):
        lock = (data_dir / f"seat-{number}.lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
        except OSError:
            return Seat(1, lock)
        else:
            return Seat(number, lock)
    raise OSError(f"{SEATS} apps run on {data_dir} already")


def is_taken(data_dir: Path, number: int) -> bool:
    """Whether another app holds a seat."""
    try:
        with (data_dir / f"seat-{number}.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # and lets go at once, on closing
    except OSError:
        return True
    return False


async def start_session(
    experiment: Experiment, data_dir: Path, seat: Seat, resume: Path | None = None
) -> tuple[Session, LastRun | None]:
    """A session that is saved as it goes, started once the last run is out of its way; and that last run.

    ``resume`` is a saved run to go on with.
    """
    from adder_engine.session import Session

    if resume is not None:
        resume = await asyncio.to_thread(_out_of_the_way, resume, data_dir)
    last = await asyncio.to_thread(set_aside, data_dir, seat.number)
    return Session(experiment, autosave=autosave_path(data_dir, seat.number), resume=resume), last


def _out_of_the_way(run: Path, data_dir: Path) -> Path:
    """The run, or a copy of it where it is one of those that are moved and written over."""
    folder = data_dir.resolve()
    if run.resolve().parent != folder or not run.name.startswith(("autosave", LAST_RUN)):
        return run
    return shutil.copyfile(run, folder / OPENED)


def set_aside(data_dir: Path, seat: int = 1) -> LastRun | None:
    """Move this seat's autosaved run out of the new one's way; the newest kept run that can be opened.

    A run that was never trained does not displace one that was. Runs of other seats whose app has ended are offered
    too. Imports numpy.
    """
    # Not at the top: it imports numpy, which waits until the shell is painted.
    from adder_engine.runfile import summary

    autosave = autosave_path(data_dir, seat)
    ending = "" if seat == 1 else f"-{seat}"
    kept = autosave.with_name(f"{LAST_RUN}{ending}.npz")
    if autosave.exists():
        found = summary(autosave)
        if found is None:
            os.replace(autosave, autosave.with_name(f"{UNREADABLE}{ending}.npz"))
        elif found.epoch > 0 or not kept.exists():
            _make_way(kept, ending)
            os.replace(autosave, kept)
    candidates = [*data_dir.glob(f"{LAST_RUN}*.npz"), *data_dir.glob("autosave-*.npz")]
    for path in sorted(candidates, key=lambda path: path.stat().st_mtime, reverse=True):
        last = summary(path)
        if last is not None and last.epoch > 0:
            return LastRun(path, last.title, last.epoch)
    return None


def _make_way(kept: Path, ending: str) -> None:
    """Number the kept run among the earlier ones, in place of the oldest of them."""
    if kept.exists():
        places = [kept.with_name(f"{EARLIER_RUN}{ending}-{n}.npz") for n in range(1, MOST_EARLIER + 1)]
        os.replace(kept, min(places, key=lambda place: place.stat().st_mtime if place.exists() else 0.0))
