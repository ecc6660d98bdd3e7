"""Files that are written whole or not at all, and read up to a size. Needs neither torch nor numpy."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def read_bounded(path: Path, most: int) -> bytes:
    """What a file holds; one byte more than ``most`` tells that it is larger.

    Bounded, because a path may lead to something that never ends, such as /dev/zero.

    Raises:
        OSError or ValueError: it cannot be read, or this is no path.
    """
    with path.open("rb") as file:
        return file.read(most + 1)


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
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        if writes:
            with contextlib.suppress(OSError):  # somebody else's, or a disk without permissions
                os.fchmod(number, 0o600)
        return os.fdopen(number, "wb" if writes else "rb")
    except BaseException:
        os.close(number)
        raise


def write_whole(path: Path, fill: Callable[[BinaryIO], object], mode: int = 0o666) -> None:
    """Write a file beside the path, named ``….part``, then put it in the path's place.

    Args:
        path: what was there stays until the new file is whole.
        fill: writes the content.
        mode: the new file's permissions, before the person's umask.

    Raises:
        OSError or ValueError: it could not be written; nothing is left of the attempt.
    """
    part = path.with_name(f"{path.name}.{os.urandom(4).hex()}.part")
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with open(number, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
