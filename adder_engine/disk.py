"""Files that are written whole or not at all. Needs neither torch nor numpy."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, fill: Callable[[BinaryIO], object], mode: int = 0o666) -> None:
    """Write a file beside the path, named ``….part``, then put it in the path's place.

    Args:
        path: what was there stays until the new file is whole.
        fill: writes the content.
        mode: the new file's permissions, before the person's umask.

    Raises:
        OSError or ValueError: it could not be written; nothing is left of the attempt.
    """
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
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
