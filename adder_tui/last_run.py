"""The run of last time: set aside before a new one is saved over it, and offered."""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from adder_tui.paths import autosave_path

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.session import Session

LAST_RUN = "last-run.npz"
UNREADABLE = "unreadable-run.npz"
OPENED = "opened-run.npz"


@dataclass(frozen=True)
class LastRun:
    """A kept run that can be opened."""

    path: Path
    title: str
    epoch: int


async def start_session(
    experiment: Experiment, data_dir: Path, resume: Path | None = None
) -> tuple[Session, LastRun | None]:
    """A session that is saved as it goes, started once the last run is out of its way; and that last run.

    ``resume`` is a saved run to go on with.
    """
    from adder_engine.session import Session

    if resume is not None:
        resume = await asyncio.to_thread(_out_of_the_way, resume, data_dir)
    last = await asyncio.to_thread(set_aside, data_dir)
    return Session(experiment, autosave=autosave_path(data_dir), resume=resume), last


def _out_of_the_way(run: Path, data_dir: Path) -> Path:
    """The run, or a copy of it where it is one of those that are moved and written over."""
    autosave = autosave_path(data_dir)
    own = (autosave, autosave.with_name(LAST_RUN))
    if run.resolve() not in [path.resolve() for path in own]:
        return run
    return shutil.copyfile(run, autosave.with_name(OPENED))


def set_aside(data_dir: Path) -> LastRun | None:
    """Move the autosaved run out of the new one's way; the kept run that can be opened, if there is one.

    A run that was never trained does not displace one that was. Imports numpy.
    """
    # Not at the top: it imports numpy, which waits until the shell is painted.
    from adder_engine.runfile import summary

    autosave = autosave_path(data_dir)
    kept = autosave.with_name(LAST_RUN)
    if autosave.exists():
        found = summary(autosave)
        if found is None:
            os.replace(autosave, autosave.with_name(UNREADABLE))
        elif found.epoch > 0 or not kept.exists():
            os.replace(autosave, kept)
    if not kept.exists():
        return None
    last = summary(kept)
    return LastRun(kept, last.title, last.epoch) if last is not None and last.epoch > 0 else None
