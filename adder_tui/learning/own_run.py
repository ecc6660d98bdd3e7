"""The learner's own run, kept in a file while a lesson has the network, and given back after it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from adder_engine.errors import RunFileError

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Snapshot

OWN_RUN = "own-run"


class OwnRun:
    """One app's own run; the file is there exactly while a lesson's run is in its place.

    A line that drops within a lesson leaves the file: the next start goes back to the lesson, and the file
    is still what leaving it gives back.
    """

    def __init__(self, data_dir: Path, seat: int = 1) -> None:
        self._left: int | None = None
        """The run's id in the session's list, where no file could be written."""
        self.path = data_dir / (f"{OWN_RUN}.npz" if seat == 1 else f"{OWN_RUN}-{seat}.npz")

    async def keep(self, session: Session) -> None:
        """Set the run aside, unless a lesson has the network already.

        Where no file can be written the session's own list of runs has to do, which ends with the app.
        """
        if self.path.exists() or self._left is not None:
            return
        try:
            await session.save(self.path)
        except RunFileError:
            self._left = (await session.snapshot()).run

    async def give_back(self, session: Session) -> Snapshot | None:
        """Open the run again; None where none was kept.

        Raises:
            RunFileError: it cannot be read; it stays where it is.
            RequestError: it is on the session's list no more.
        """
        if self._left is not None:
            run, self._left = self._left, None
            return await session.switch(run)
        if not self.path.exists():
            return None
        snapshot = await session.open(self.path)
        self.path.unlink(missing_ok=True)
        return snapshot


def settle(data_dir: Path, seat: int, into_lesson: bool) -> None:
    """After an end within a lesson: see to it that the learner's own run is what counts as the last one.

    Going back into the lesson, the lesson's autosaved run is dropped, for the lesson begins its run anew; else the
    own run takes its place. So do the own runs of seats whose app has ended, for nobody may ever sit there again.
    """
    from adder_tui.last_run import is_taken
    from adder_tui.paths import autosave_path

    with contextlib.suppress(OSError):
        for path in data_dir.glob(f"{OWN_RUN}*.npz"):
            number = _seat_of(path)
            if number == seat and into_lesson:
                autosave_path(data_dir, seat).unlink(missing_ok=True)
            elif number == seat or (number and not is_taken(data_dir, number)):
                os.replace(path, autosave_path(data_dir, number))


def _seat_of(own: Path) -> int:
    """Whose run it is; 0 for a file with a name that is none of ours."""
    number = own.stem.removeprefix(OWN_RUN).removeprefix("-") or "1"
    return int(number) if number.isdecimal() else 0
