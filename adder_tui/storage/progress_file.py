"""The progress file: written whole, shared by apps that run at the same time; and the same as a line to hand on."""

from __future__ import annotations

import base64
import binascii
import contextlib
import copy
import fcntl
import json
import os
import re
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from adder_tui.course.problems import ProgressError
from adder_tui.storage.progress import Progress, Tree, fresh

PROGRESS = "progress.json"
LARGEST_FILE = 5_000_000
"""Bytes; twenty lessons take ten thousand."""
LOCK_SECONDS = 2.0
"""How long another app's writing is waited for; it takes milliseconds."""
STALE_SECONDS = 60.0

_ODD = re.compile(r"[^a-z0-9]+")

Change = Callable[[Tree], None]
MARK = "adder-tui-progress:1:"
MOST_BYTES = 5_000_000
"""What a line may unfold to."""


def progress_file(course: Path | None) -> str:
    """The name of a course's progress file: one of its own for a course that somebody else wrote."""
    if course is None:
        return PROGRESS
    return f"progress-{_ODD.sub('-', course.resolve().name.lower()).strip('-') or 'course'}.json"


class Store:
    """Keeps progress in a file of the data folder.

    Each change is made to what the file holds by then, under a lock, so that two apps do not undo each other's.
    It is written to a file beside it, brought to the disk, and renamed over the old one: whatever happens, there
    is an old or a new file. Where it cannot be written the course goes on, ``warning`` says so in a sentence,
    and the next change tries to write all of them.
    """

    def __init__(self, data_dir: Path, name: str = PROGRESS) -> None:
        self.path = data_dir / name
        self.warning = ""
        self._fault = False
        """Whether ``warning`` is of a write that failed, which the next good one ends."""
        """What the person should know, in one sentence; empty where all is well."""
        self._pending: list[Change] = []
        """Changes that are not on the disk yet."""
        self._saved = self._load() or fresh()
        """What the file is known to hold."""
        self._tree = self._saved
        """The same with the pending changes."""

    @property
    def progress(self) -> Progress:
        """As of the last change or :meth:`refresh`."""
        return Progress(self._tree)

    def refresh(self) -> Progress:
        """Look at the file again: another app may have changed it."""
        tree = self._load()
        if tree is not None:
            self._saved, self._tree = tree, self._with_pending(tree)
        return self.progress

    def change(self, change: Change) -> Progress:
        """Make a change and save it."""
        self._pending.append(change)
        try:
            self._save()
        except _UnreadableNow as error:
            self._tree = self._with_pending(self._saved)
            self.warning = f"Progress is not being saved: {error.args[0]}. The course goes on."
            self._fault = True
        except OSError as error:
            self._tree = self._with_pending(self._saved)
            self.warning = (
                f"Progress cannot be saved in {self.path.parent} ({error.strerror or error}). The course goes on."
            )
            self._fault = True
        return self.progress

    def _save(self) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._lock():
            phrase = self.warning
            tree = self._read()
            if tree is None and self.path.exists():
                raise _UnreadableNow(self.warning.rstrip("."))
            tree = self._with_pending(self._saved if tree is None else tree)
            self._sweep()
            self._write(tree)
            self._saved = self._tree = tree
            self._pending.clear()
            if self._fault and self.warning == phrase:
                self.warning = ""
            self._fault = False

    def _with_pending(self, tree: Tree) -> Tree:
        tree = copy.deepcopy(tree)
        for change in self._pending:
            change(tree)
        return tree

    # --- the file --------------------------------------------------------------------------------

    def _load(self) -> Tree | None:
        """What the file holds, read while no other app writes; None where there is none that can be used."""
        with self._lock():
            return self._read()

    def _read(self) -> Tree | None:
        """What the file holds, under the lock; one that cannot be understood is set aside."""
        try:
            with self.path.open("rb") as file:
                held = file.read(LARGEST_FILE + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            self.warning = f"{self.path} cannot be read ({error.strerror or error})."
            return None
        try:
            if len(held) > LARGEST_FILE:
                raise ValueError
            tree = json.loads(held.decode("utf-8"))
            if not isinstance(tree, dict) or not isinstance(tree.get("lessons", {}), dict):
                raise ValueError
        except (ValueError, RecursionError):
            self._set_aside()
            return None
        return {**fresh(), **tree}

    def _set_aside(self) -> None:
        """Rename a file that cannot be used; one that was set aside before is never written over."""
        names = (f"{self.path.name}.bad{number or ''}" for number in (0, *range(2, 1000)))
        kept = next((self.path.with_name(name) for name in names if not self.path.with_name(name).exists()), None)
        try:
            if kept is None:
                raise FileExistsError
            os.rename(self.path, kept)
        except OSError as error:
            self.warning = f"{self.path} cannot be used, nor set aside ({error.strerror or error})."
            return
        self.warning = f"{self.path.name} could not be read. It is kept as {kept.name}; the course starts afresh."

    def _sweep(self) -> None:
        """Remove what apps that were ended while writing have left."""
        for left in self.path.parent.glob(f".{self.path.name}-*"):
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > STALE_SECONDS:
                    left.unlink()

    def _write(self, tree: Tree) -> None:
        text = json.dumps(tree, ensure_ascii=False, indent=1) + "\n"
        number, name = tempfile.mkstemp(prefix=f".{self.path.name}-", dir=self.path.parent)
        try:
            with open(number, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold the lock, where files can be locked; an app that was put to sleep while it held it is not waited for."""
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):
                file = stack.enter_context(self.path.with_name(f"{self.path.stem}.lock").open("ab"))
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


class _UnreadableNow(Exception):
    """The file is there and cannot be read, so it must not be written over."""


def to_line(progress: Progress) -> str:
    """The progress as one line of letters, digits, ``-`` and ``_``: short enough to be pasted into a terminal."""
    text = json.dumps(progress.tree, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    packed = zlib.compress(text.encode("utf-8"), 9)
    return MARK + base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")


def from_line(line: str) -> Tree:
    """The progress that a line holds; blanks and line breaks in it, as mail programs make them, do no harm.

    Raises:
        ProgressError: it is none of ours, or it is not whole.
    """
    bare = "".join(line.split())
    if not bare.startswith(MARK):
        raise ProgressError(f"This is no exported progress: what adder-tui lessons export writes begins with {MARK}")
    body = bare[len(MARK) :]
    try:
        packed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(packed, MOST_BYTES)
        if not unpacker.eof:
            raise ValueError
        tree = json.loads(text.decode("utf-8"))
        if not isinstance(tree, dict) or not isinstance(tree.get("lessons", {}), dict):
            raise ValueError
    except (ValueError, RecursionError, binascii.Error, zlib.error):
        raise ProgressError("This exported progress is not whole: copy the line again, all of it.") from None
    return tree
