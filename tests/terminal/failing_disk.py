"""Runs the app on a disk that fails as it is told: ``python -m tests.terminal.failing_disk TOLD FOLDER OPTION...``.

TOLD is a file that names the fault, one of :data:`FAULTS`, or nothing; it is looked at with each call, so that the
disk fails and recovers while the app runs. Only calls that concern FOLDER, the app's data folder, fail.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import faulthandler
import fcntl
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

import adder_engine.disk as disk

_CHANGES = ("open for writing", "replace", "rename", "unlink", "mkdir")
_ALL = (*_CHANGES, "open", "stat", "lstat", "scandir", "fsync", "flock", "write")
FAULTS: dict[str, tuple[int, tuple[str, ...]]] = {
    "read-only": (errno.EROFS, _CHANGES),
    "forbidden": (errno.EACCES, (*_CHANGES, "open", "scandir")),
    "broken": (errno.EIO, _ALL),
    "stale": (errno.ESTALE, _ALL),
    "full": (errno.ENOSPC, ("write", "fsync", "mkdir")),
    "no rename": (errno.EXDEV, ("replace", "rename")),
    "no sync": (errno.EIO, ("fsync",)),
    "no locks": (errno.ENOLCK, ("flock",)),
}
"""A fault's name to what the disk says, and which calls it fails."""


_plain_open = os.open


def install(fault: Callable[[], str], folder: str | os.PathLike[str]) -> Callable[[], None]:
    """Have the calls of this process that concern the folder fail as ``fault()`` names it; what undoes that."""
    inside, undo = os.path.abspath(folder), contextlib.ExitStack()

    def fail(call: str, *paths: object) -> None:
        number, calls = FAULTS.get(fault(), (0, ()))
        if call in calls and (not paths or any(map(concerns, paths))):
            name = next((os.fspath(path) for path in paths if isinstance(path, str | os.PathLike)), None)
            raise OSError(number, os.strerror(number), name)

    def concerns(path: object) -> bool:
        return isinstance(path, str | os.PathLike) and os.path.abspath(os.fspath(path)).startswith(inside)

    def put(module: Any, name: str, value: object) -> None:
        undo.callback(setattr, module, name, getattr(module, name))
        setattr(module, name, value)

    def guard(module: Any, name: str, paths: int) -> None:
        does: Callable[..., Any] = getattr(module, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            fail(name, *args[:paths])
            return does(*args, **kwargs)

        put(module, name, call)

    def guarded_open(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        fail("open for writing" if flags & os.O_ACCMODE != os.O_RDONLY else "open", path)
        return _plain_open(path, flags, *args, **kwargs)

    def failing_file(number: int, mode: str) -> Any:
        file = os.fdopen(number, mode)
        return _Writing(file, fail) if "w" in mode else file

    for name, paths in (("replace", 2), ("rename", 2), ("unlink", 1), ("mkdir", 1), ("stat", 1), ("lstat", 1),
                        ("scandir", 1), ("fsync", 0)):  # fmt: skip
        guard(os, name, paths)
    guard(fcntl, "flock", 0)
    put(os, "open", guarded_open)
    disk.open = failing_file  # type: ignore[attr-defined]
    undo.callback(delattr, disk, "open")
    return undo.close


class _Writing:
    """A file that asks before it writes."""

    def __init__(self, file: Any, ask: Callable[[str], None]) -> None:
        self._file, self._ask = file, ask

    def write(self, data: Any) -> int:
        self._ask("write")
        written: int = self._file.write(data)
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Writing:
        return self

    def __exit__(self, *what: object) -> None:
        self._file.close()


def _held(file: str) -> str:
    """What a file holds, read past the calls that may fail."""
    number = _plain_open(file, os.O_RDONLY)
    try:
        return os.read(number, 100).decode()
    finally:
        os.close(number)


def tell_on_signal(file: str) -> None:
    """Write down where each thread and each task is when SIGUSR1 comes."""
    told = open(file, "a")  # noqa: SIM115 it stays open as long as the process

    def tell() -> None:
        for task in asyncio.all_tasks():
            print(task.get_name(), file=told)
            waits: Any = task.get_coro()
            while waits is not None:
                frame = getattr(waits, "cr_frame", None) or getattr(waits, "gi_frame", None)
                if frame is not None:
                    print(f"    {frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}", file=told)
                waits = getattr(waits, "cr_await", None) or getattr(waits, "gi_yieldfrom", None)
        told.flush()

    signal.signal(signal.SIGUSR1, lambda *_: asyncio.get_running_loop().call_soon_threadsafe(tell))
    faulthandler.register(signal.SIGUSR1, told, chain=True)


def tell_faults(file: str) -> None:
    """Write down where a fault of ours is, and beside it that somebody quit, as by a click on the footer.

    So is that the app was suspended from the palette: until it is back, Ctrl+C is the terminal's own, and ends it.
    """
    from adder_tui.app import AdderApp

    handle, leave, rest = AdderApp._handle_exception, AdderApp.action_quit, AdderApp.action_suspend_process

    def note() -> None:
        os.close(_plain_open(f"{file}.quit", os.O_CREAT | os.O_WRONLY))

    async def quits(app: AdderApp) -> None:
        note()
        await leave(app)

    def rests(app: AdderApp) -> None:
        note()
        rest(app)

    AdderApp.action_quit = quits  # type: ignore[method-assign]
    AdderApp.action_suspend_process = rests  # type: ignore[method-assign]

    def told(app: AdderApp, error: Exception) -> None:
        with open(file, "a") as written:
            traceback.print_exception(error, file=written)
            if isinstance(error, WorkerFailed):
                traceback.print_exception(error.error, file=written)
        handle(app, error)

    AdderApp._handle_exception = told  # type: ignore[method-assign]


if __name__ == "__main__":
    from adder_tui.cli.main import _ENVIRONMENT, main

    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from textual.worker import WorkerFailed

    install(lambda: _held(sys.argv[1]), sys.argv[2])
    tell_on_signal(f"{sys.argv[1]}.tasks")
    tell_faults(f"{sys.argv[1]}.tasks")

    sys.exit(main(["--data-dir", *sys.argv[2:]]))
