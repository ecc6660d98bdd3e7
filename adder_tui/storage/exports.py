"""Progress as one line of text: carried elsewhere, put into a class's drop folder, and read from there."""

from __future__ import annotations

import atexit
import base64
import binascii
import contextlib
import getpass
import json
import os
import re
import stat
import sys
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from adder_engine.disk import read_bounded, write_whole
from adder_engine.language import tr
from adder_tui.storage.progress import LARGEST_FILE, Progress, ProgressError, Tree, tree_of

LONGEST_LINE = 5_000_000
MARK = "adder-tui-progress:1:"
MOST_BYTES = 5_000_000
"""What a line may unfold to."""
CLOSING_SECONDS = 2.0
"""How long leaving waits for the drop folder."""
_ODD = re.compile(r"[^\w.-]+")


@dataclass(frozen=True)
class CourseMark:
    """Which course an export is of."""

    id: str = ""
    """Empty for a course without one, and for exports of old."""
    folder: str = ""
    """Where it lies; empty for the one that comes with the program."""


def to_line(progress: Progress, course: CourseMark | None = None) -> str:
    """The progress as one line of letters, digits, ``-`` and ``_``: short enough to be pasted into a terminal."""
    tree = progress.tree if course is None else {**progress.tree, "course": vars(course)}
    text = json.dumps(tree, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    packed = zlib.compress(text.encode("utf-8"), 9)
    return MARK + base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def from_line(line: str) -> Tree:
    """The progress that a line holds; blanks and line breaks in it, as mail programs make them, do no harm.

    Raises:
        ProgressError: it is none of ours, or it is not whole.
    """
    bare = "".join(line.split())
    if not bare.startswith(MARK):
        told = tr("This is no exported progress: what adder-tui lessons export writes begins with {mark}", mark=MARK)
        raise ProgressError(told)
    body = bare[len(MARK) :]
    try:
        packed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, MOST_BYTES)
        if not unpacker.eof:
            raise ValueError
        return tree_of(text)
    except (ValueError, RecursionError, binascii.Error, zlib.error):
        raise ProgressError(tr("This exported progress is not whole: copy the line again, all of it.")) from None


def read_export(path: Path | None) -> tuple[Tree, CourseMark]:
    """The progress in a file, or in what is typed or piped in, and the course that it is of.

    Raises:
        ProgressError: it cannot be read, or is none.
    """
    try:
        if path is None:
            text = sys.stdin.readline(LONGEST_LINE)
        else:
            text = read_bounded(path, LONGEST_LINE)[:LONGEST_LINE].decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    except OSError as error:
        raise ProgressError(tr("{path} cannot be read ({why}).", path=path, why=error.strerror)) from None
    tree = from_line(text)
    told = tree.pop("course", None)
    found = told if isinstance(told, dict) else {}
    return tree, CourseMark(*(value if isinstance(value := found.get(key), str) else "" for key in ("id", "folder")))


def keep_under(path: Path, formerly: Path) -> None:
    """Give progress that was kept under another name its new one, where there is none yet; the old file stays."""
    with contextlib.suppress(OSError, ValueError):
        if not os.path.lexists(path):
            held = read_bounded(formerly, LARGEST_FILE)
            write_whole(path, lambda file: file.write(held), mode=0o600)


class Drop:
    """A class's drop folder, into which progress exports itself, written beside the app: a slow disk holds nobody up.

    Args:
        folder: somebody else's, as a rule; learners may write there. Where it hands on its group (mode 3773) that may
            read what lies there, and else everybody may who knows the file's name.
        data_dir: where the learner's progress is kept. The file is named after the user, and after the data folder
            where that is not the usual one, so that learners who share an account have a file each.
        usual: the usual data folder.
        course: what is written into the exports.
    """

    def __init__(self, folder: Path, data_dir: Path, usual: Path, course: CourseMark) -> None:
        self.path = folder / f"{_learner(data_dir, usual)}.txt"
        self.warning = ""
        """What the learner should know, in one sentence; empty where all is well."""
        self._course = course
        self._newest: Progress | None = None
        self._wanted = threading.Condition()
        self._idle = True
        threading.Thread(target=self._write_on, name="drop", daemon=True).start()
        atexit.register(self.close)

    def put(self, progress: Progress) -> None:
        """Have this written; what came before it and is not written yet need not be."""
        with self._wanted:
            self._newest, self._idle = progress, False
            self._wanted.notify_all()

    def close(self, seconds: float = CLOSING_SECONDS) -> bool:
        """Wait until all is written, so long at most; whether it is."""
        with self._wanted:
            return self._wanted.wait_for(lambda: self._idle, seconds)

    def _write_on(self) -> None:
        while True:
            with self._wanted:
                self._wanted.wait_for(lambda: self._newest is not None)
                newest, self._newest = self._newest, None
            assert newest is not None
            self._write(to_line(newest, self._course) + "\n")
            with self._wanted:
                self._idle = self._newest is None
                self._wanted.notify_all()

    def _write(self, line: str) -> None:
        def fill(file: BinaryIO) -> None:
            os.fchmod(file.fileno(), mode)  # the teacher reads it, whatever the umask
            file.write(line.encode())

        try:
            mode = 0o640 if self.path.parent.stat().st_mode & stat.S_ISGID else 0o644
            write_whole(self.path, fill, mode=mode)
            self.warning = ""
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            told = tr("Your progress is kept, but {path} cannot be written ({why}): tell your teacher.",
                      path=self.path, why=why)  # fmt: skip
            self.warning = told


def _learner(data_dir: Path, usual: Path) -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        user = f"user{os.getuid()}"
    names = [user] if data_dir == usual else [user, data_dir.name]
    return "-".join(_ODD.sub("_", name) for name in names if name).lstrip(".-") or "learner"
