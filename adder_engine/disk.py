"""Files that are written whole or not at all, and read up to a size. Needs neither torch nor numpy."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

from adder_engine.language import tr

JUST_MADE = 1.0
"""Seconds after which whoever writes a file holds its lock."""
LEFT_OVER = 60.0
"""Seconds after which an unfinished file is nobody's any more, on disks without locks."""


def read_bounded(path: Path, most: int) -> bytes:
    """What a regular file holds; one byte more than ``most`` tells that it is larger.

    Raises:
        OSError or ValueError: it cannot be read, is no regular file, or this is no path.
    """
    with open_regular(path) as file:
        held: bytes | None = file.read(most + 1)
    if held is None:  # as of /proc/kmsg, which is called a regular file and would have to be waited for
        raise BlockingIOError(errno.EAGAIN, tr("it holds nothing yet, and would have to be waited for"))
    return held


def files_in(folder: Path, *patterns: str) -> list[Path]:
    """What in a folder is called by one of the patterns (``*.npz``), the newest first.

    Raises:
        OSError: the folder cannot be read. What cannot be looked at within it is left out.
    """
    found: list[tuple[float, Path]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if any(fnmatchcase(entry.name, pattern) for pattern in patterns):
                with contextlib.suppress(OSError):  # it has just gone
                    found.append((entry.stat().st_mtime, folder / entry.name))
    return [path for _, path in sorted(found, reverse=True)]


def open_regular(path: Path, flags: int = os.O_RDONLY) -> BinaryIO:
    """Open a regular file without waiting, as for a pipe's other end; links are followed for reading alone.

    Args:
        flags: as :func:`os.open` takes them; a file that is made or written is its owner's alone.

    Raises:
        OSError or ValueError: it cannot be opened, is a folder, a pipe, a socket or a device, or this is no path.
    """
    writes = flags & os.O_ACCMODE != os.O_RDONLY
    number = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC | (os.O_NOFOLLOW if writes else 0), 0o600)
    try:
        mode = os.fstat(number).st_mode
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, tr("it is a folder") if stat.S_ISDIR(mode) else tr("it is no regular file"))
        if writes:
            with contextlib.suppress(OSError):  # somebody else's, or a disk without permissions
                os.fchmod(number, 0o600)
        return os.fdopen(number, "wb" if writes else "rb")
    except BaseException:
        os.close(number)
        raise


def write_whole(path: Path, fill: Callable[[BinaryIO], object], mode: int = 0o666, most_names: int = 0) -> Path:
    """Write a file beside the path, named ``….part`` and locked, then put it in the path's place.

    What earlier attempts left beside it because they were killed, or the disk failed, is removed with it.

    Args:
        path: what was there stays until the new file is whole.
        fill: writes the content.
        mode: the new file's permissions, before the person's umask.
        most_names: nothing is replaced then: where there is such a file already the new one gets a number, as in
            ``trace-2.txt``, of at most so many.

    Returns:
        Where it is.

    Raises:
        OSError or ValueError: it could not be written; nothing is left of the attempt.
    """
    part = path.with_name(f"{path.name}.{os.urandom(4).hex()}.part")
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    left = [part]
    try:
        with open(number, "wb") as file:
            with contextlib.suppress(OSError):  # a disk without locks
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            fill(file)
            file.flush()
            os.fsync(file.fileno())
            if most_names:
                left.append(path := _free(path, most_names))
            os.replace(part, path)
    except BaseException:
        for one in left:
            with contextlib.suppress(OSError):
                os.unlink(one)
        raise
    clear_leftovers(path.parent, f"{path.name}*.part")
    return path


def _free(path: Path, most: int) -> Path:
    """The path, or the first with a number that no file has; an empty file holds it."""
    for number in range(1, most + 1):
        free = path if number == 1 else path.with_stem(f"{path.stem}-{number}")
        with contextlib.suppress(FileExistsError):
            os.close(os.open(free, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            return free
    raise FileExistsError(errno.EEXIST, tr("there are {most:,} files of this name", most=most))


def clear_leftovers(folder: Path, *patterns: str) -> None:
    """Remove unfinished files of these names that nobody writes any more."""
    with contextlib.suppress(OSError):
        for left in files_in(folder, *patterns):
            with contextlib.suppress(OSError):
                age = time.time() - left.lstat().st_mtime
                if age > JUST_MADE and not _is_written(left, age):
                    os.unlink(left)


def _is_written(part: Path, age: float) -> bool:
    """Whether somebody is writing the file, or may be where locks tell nothing."""
    try:
        with open_regular(part) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return age <= LEFT_OVER
    return False
