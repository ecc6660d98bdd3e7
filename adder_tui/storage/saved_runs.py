"""Saved runs in the data folder: what is there, and under which name another one goes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adder_engine.errors import RequestError
from adder_tui.storage.autosave import EARLIER_RUN, LAST_RUN, OPENED, UNREADABLE
from adder_tui.storage.paths import AUTOSAVE

ENDING = ".npz"
LONGEST_NAME = 200
"""Bytes; folders take 255, and while a file is written it has a longer name."""
OURS = (Path(AUTOSAVE).stem, LAST_RUN, EARLIER_RUN, Path(OPENED).stem, UNREADABLE)
"""What names begin with that the program itself writes, and writes over."""


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
    """
    from adder_engine.runs.files import summary

    found: list[tuple[float, Path]] = []
    for path in data_dir.glob(f"*{ENDING}"):
        try:
            found.append((path.stat().st_mtime, path))
        except OSError:  # it has just gone
            continue
    for time, path in sorted(found, reverse=True):
        if path == but_not:
            continue
        read = summary(path)
        saved = datetime.fromtimestamp(time)
        yield RunFile(path, saved, "") if read is None else RunFile(path, saved, read.title, read.epoch)


def free_name(data_dir: Path, title: str) -> str:
    """A name for a run of this title that no file in the folder has: ``one-pair``, ``one-pair-2``."""
    plain = re.sub(r"[^a-z0-9.]+", "-", title.lower()).strip("-.") or "run"
    names = (plain if n == 1 else f"{plain}-{n}" for n in range(1, 10_000))
    return next(name for name in names if not (data_dir / f"{name}{ENDING}").exists())


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
        raise RequestError(f"{_short(text)} has a character that no name takes: use letters, digits, - and _.")
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise RequestError(f"{text!r} names nobody's home folder.") from None
    if not path.is_absolute() and ("/" in text or "\\" in text):
        plain = re.sub(r"[/\\]+", "-", text).strip("-.") or "my-run"
        raise RequestError(
            f"{_short(text)} would lie in a folder that the list does not show: type a name without / and \\,"
            f" such as {_short(plain)}, or a whole path."
        )
    if not path.name or path.name.startswith(".") or text.endswith(("/", "/..")):
        raise RequestError(f"{_short(text)} is no name for a file: begin it with a letter or a digit, such as my-run.")
    path = data_dir / path
    if path.suffix != ENDING:
        path = path.with_name(path.name + ENDING)
    if (length := len(os.fsencode(path.name))) > LONGEST_NAME:
        raise RequestError(f"{_short(path.stem)} is too long with {length:,} bytes: a name takes {LONGEST_NAME}.")
    if path.parent.resolve() == data_dir.resolve() and path.name.startswith(OURS):
        raise RequestError(f"{path.stem} is a name that adder-tui writes to by itself: take another one.")
    return path


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
