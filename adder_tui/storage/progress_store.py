"""Progress on disk: its file, shared by apps; as one line of text, carried elsewhere; and in a class's drop folder."""

from __future__ import annotations

import atexit
import base64
import binascii
import contextlib
import copy
import fcntl
import getpass
import json
import os
import re
import stat
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Concatenate, ParamSpec

from adder_engine.disk import clear_leftovers, open_regular, read_bounded, write_whole
from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_tui.storage.data_dir import make_data_dir
from adder_tui.storage.progress import Progress, Tree, fresh, tree_of

PROGRESS = "progress.json"
LARGEST_FILE = 5_000_000
"""Bytes; twenty lessons take ten thousand."""
LOCK_SECONDS = 2.0
"""How long another app's writing is waited for; it takes milliseconds."""
LONGEST_LINE = 5_000_000
MARK = "adder-tui-progress:1:"
MOST_BYTES = 5_000_000
"""What a line may unfold to."""
CLOSING_SECONDS = 2.0
"""How long leaving waits for the drop folder."""
_ODD = re.compile(r"[^\w.-]+")
_NO_NAME = re.compile(r"[^a-z0-9]+")

Of = ParamSpec("Of")


class ProgressError(AdderError):
    """Progress that cannot be read or taken over; nothing was changed."""


def progress_file(course: Path | None) -> str:
    """The name of a course's progress file: one of its own for a course that somebody else wrote."""
    if course is None:
        return PROGRESS
    return (
        f"progress-{_NO_NAME.sub('-', os.path.basename(os.path.realpath(course)).lower()).strip('-') or 'course'}.json"
    )


class Store:
    """Keeps progress in a file of the data folder.

    Each change is made to what the file holds by then, under a lock, so that two apps do not undo each other's.
    It is written to a file beside it, brought to the disk, and renamed over the old one: whatever happens, there
    is an old or a new file. Where it cannot be written the course goes on, ``warning`` says so in a sentence,
    and the next change, or :meth:`retry`, tries to write all of them.
    """

    def __init__(self, data_dir: Path, name: str = PROGRESS) -> None:
        self.path = data_dir / name
        self.warning = ""
        """What the person should know, in one sentence; empty where all is well."""
        self._fault = False
        """Whether ``warning`` is of a write that failed, which the next good one ends."""
        self.saved: Callable[[Progress], None] = lambda progress: None
        """Told of what is on the disk after each change."""
        self._pending: list[Callable[[Tree], None]] = []
        """Changes that are not on the disk yet."""
        with self._lock():  # while no other app writes
            self._saved = self._read() or fresh()
        """What the file is known to hold."""
        self._tree = self._saved
        """The same with the pending changes."""

    @property
    def progress(self) -> Progress:
        """As of the last change."""
        return Progress(self._tree)

    @property
    def unsaved(self) -> str:
        """Why changes are not on the disk, in one sentence; empty where they are."""
        return self.warning if self._pending else ""

    def change(self, change: Callable[Concatenate[Tree, Of], None], *what: Of.args, **more: Of.kwargs) -> Progress:
        """Make a change and save it: one of those in :mod:`adder_tui.storage.progress`, and what it takes."""
        self._pending.append(lambda tree: change(tree, *what, **more))
        return self.retry()

    def retry(self) -> Progress:
        """Save what is not on the disk yet, if there is any: the disk may have recovered."""
        if not self._pending:
            return self.progress
        try:
            self._save()
        except OSError as error:
            folder, why = self.path.parent, error.strerror or error
            said = tr("Progress cannot be saved in {folder} ({why}). The course goes on.", folder=folder, why=why)
            if isinstance(error, _UnreadableNow):
                said = tr("Progress is not being saved: {why}. The course goes on.", why=error)
            self.warning = said
            self._tree, self._fault = self._with_pending(self._saved), True
        return self.progress

    def _save(self) -> None:
        make_data_dir(self.path.parent)
        with self._lock():
            before = self.warning
            tree = self._read()
            if tree is None and os.path.lexists(self.path):
                raise _UnreadableNow(self.warning.rstrip("."))
            tree = self._with_pending(self._saved if tree is None else tree)
            self._write(tree)
            clear_leftovers(self.path.parent, f".{self.path.name}-*")  # as they were called once
            self._saved = self._tree = tree
            self._pending.clear()
            if self._fault and self.warning == before:
                self.warning = ""
            self._fault = False
        self.saved(self.progress)

    def _with_pending(self, tree: Tree) -> Tree:
        tree = copy.deepcopy(tree)
        for change in self._pending:
            change(tree)
        return tree

    # --- the file --------------------------------------------------------------------------------

    def _read(self) -> Tree | None:
        """What the file holds, under the lock; None where it is none that can be used: such a one is set aside."""
        try:
            held = read_bounded(self.path, LARGEST_FILE)
        except FileNotFoundError:
            return None
        except OSError as error:
            self.warning = tr("{path} cannot be read ({why}).", path=self.path, why=error.strerror or error)
            return None
        try:
            if len(held) > LARGEST_FILE:
                raise ValueError
            tree = tree_of(held)
        except (ValueError, RecursionError):
            self._set_aside()
            return None
        return {**fresh(), **tree}

    def _set_aside(self) -> None:
        """Rename a file that cannot be used; one that was set aside before is never written over."""
        names = (f"{self.path.name}.bad{number or ''}" for number in (0, *range(2, 1000)))
        places = map(self.path.with_name, names)
        kept = next((place for place in places if not os.path.lexists(place)), None)
        try:
            if kept is None:
                raise FileExistsError
            os.rename(self.path, kept)
        except OSError as error:
            why = error.strerror or error
            self.warning = tr("{path} cannot be used, nor set aside ({why}).", path=self.path, why=why)
            return
        name, other = self.path.name, kept.name
        said = tr("{name} could not be read. It is kept as {other}; the course starts afresh.", name=name, other=other)
        self.warning = said

    def _write(self, tree: Tree) -> None:
        text = json.dumps(tree, ensure_ascii=False, indent=1) + "\n"
        write_whole(self.path, lambda file: file.write(text.encode()), mode=0o600)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold the lock, where files can be locked; an app that was put to sleep while it held it is not waited for."""
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):
                lock = self.path.with_name(f"{self.path.stem}.lock")
                file = stack.enter_context(open_regular(lock, os.O_RDWR | os.O_CREAT))
                until = time.monotonic() + LOCK_SECONDS
                while True:
                    try:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        break
                    except BlockingIOError:
                        if time.monotonic() > until:
                            break
                        time.sleep(0.005)
            yield


class _UnreadableNow(OSError):
    """The file is there and cannot be read, so it must not be written over."""


def keep_under(path: Path, formerly: Path) -> None:
    """Give progress that was kept under another name its new one, where there is none yet; the old file stays."""
    with contextlib.suppress(OSError, ValueError):
        if not os.path.lexists(path):
            held = read_bounded(formerly, LARGEST_FILE)
            write_whole(path, lambda file: file.write(held), mode=0o600)


# --- as one line ----------------------------------------------------------------------------------


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
        said = tr("This is no exported progress: what adder-tui lessons export writes begins with {mark}", mark=MARK)
        raise ProgressError(said)
    body = bare[len(MARK) :]
    try:
        packed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, MOST_BYTES)
        if not unpacker.eof:
            raise ValueError
        return tree_of(text)
    except (ValueError, RecursionError, binascii.Error, zlib.error):
        raise ProgressError("This exported progress is not whole: copy the line again, all of it.") from None


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
        raise ProgressError("{path} cannot be read ({why}).", path=path, why=error.strerror) from None
    tree = from_line(text)
    said = tree.pop("course", None)
    found = said if isinstance(said, dict) else {}
    return tree, CourseMark(*(value if isinstance(value := found.get(key), str) else "" for key in ("id", "folder")))


# --- in a drop folder -----------------------------------------------------------------------------


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
            said = tr("Your progress is kept, but {path} cannot be written ({why}): tell your teacher.",
                      path=self.path, why=why)  # fmt: skip
            self.warning = said


def _learner(data_dir: Path, usual: Path) -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        user = f"user{os.getuid()}"
    names = [user] if data_dir == usual else [user, data_dir.name]
    return "-".join(_ODD.sub("_", name) for name in names if name).lstrip(".-") or "learner"
