"""A terminal for programs under test: a real pty, what the program wrote to it, and what that looks like."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyte

KEYS = {
    "enter": b"\r", "escape": b"\x1b", "tab": b"\t", "space": b" ", "backspace": b"\x7f",
    "up": b"\x1b[A", "down": b"\x1b[B", "right": b"\x1b[C", "left": b"\x1b[D", "home": b"\x1b[H", "end": b"\x1b[F",
    "f1": b"\x1bOP", "ctrl+c": b"\x03", "ctrl+p": b"\x10", "ctrl+q": b"\x11", "ctrl+z": b"\x1a",
}  # fmt: skip
"""What a terminal sends for keys that are no plain characters."""

_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_BEYOND_PYTE = re.compile(rb"\x1b\[[<>=][\d;]*u")


class Terminal:
    """Runs a command in a pty of its own, as the leader of a new session, and reads what it writes.

    Args:
        command: the program and its arguments.
        size: columns and rows.
        env: added to this process's environment, which passes no COLORTERM and a UTF-8 locale.
        cwd: where the command starts; None leaves it where this process is.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: tuple[int, int] = (80, 24),
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.master, self._slave = pty.openpty()
        self.settings: list[Any] = termios.tcgetattr(self._slave)
        """The terminal's settings before the command ran."""
        self.output = bytearray()
        """Every byte that the command wrote."""
        self.arrivals: list[tuple[float, int]] = []
        """When bytes arrived (``time.perf_counter``), and how many there were in all by then."""
        self.exit_code: int | None = None
        """Exit code, or minus the signal that ended the command; None while it lives."""
        self._columns, self._rows = size
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._drawn = 0
        self._reading = threading.Event()
        self._reading.set()
        self._arrived = threading.Condition()
        self._set_size()
        argv = list(command)
        if cwd is not None:
            argv = ["sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", str(cwd), *argv]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("TEXTUAL", "LC_", "COLOR", "NO_COLOR"))}
        self.started = time.perf_counter()
        # Of a session that has no terminal yet, the first that it opens becomes the controlling one.
        self.pid = os.posix_spawnp(
            argv[0],
            argv,
            {**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(env or {})},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.ttyname(self._slave), os.O_RDWR, 0),
                (os.POSIX_SPAWN_DUP2, 0, 1),
                (os.POSIX_SPAWN_DUP2, 0, 2),
            ],
            setsid=True,
            setsigdef=(signal.SIGHUP, signal.SIGINT, signal.SIGQUIT),  # who is started in the background ignores some
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self.wait_for(lambda: self.ended, "the command to be killed")
        self.hang_up()
        os.close(self._slave)

    # --- what the person does ------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Send keys by name (:data:`KEYS`), or text as it is."""
        for key in keys:
            os.write(self.master, KEYS.get(key, key.encode()))

    def resize(self, columns: int, rows: int) -> None:
        """Change the window's size; the kernel tells the foreground job with SIGWINCH."""
        self.draw()
        self._columns, self._rows = columns, rows
        self._screen.resize(rows, columns)
        self._set_size()

    def stop_reading(self) -> None:
        """Leave what the command writes in the kernel's buffer, until it is full."""
        self._reading.clear()

    def read_on(self) -> None:
        """Read again after :meth:`stop_reading`."""
        self._reading.set()

    def hang_up(self) -> None:
        """Close the terminal, as when a connection breaks; the session's leader gets SIGHUP."""
        master, self.master = self.master, -1
        if master >= 0:
            self._reading.set()
            self._thread.join()
            os.close(master)

    # --- what is to be seen --------------------------------------------------------------------

    def draw(self) -> pyte.Screen:
        """The screen as it is now."""
        new = bytes(self.output[self._drawn :])
        self._drawn += len(new)
        self._stream.feed(_BEYOND_PYTE.sub(b"", new))
        return self._screen

    def skip(self) -> None:
        """Leave out what was written until now, where much was; another size has all drawn anew."""
        self._drawn = len(self.output)
        self._screen.reset()

    @property
    def text(self) -> str:
        """The screen's characters, line by line."""
        return "\n".join(line.rstrip() for line in self.draw().display)

    @property
    def modes(self) -> dict[int, bool]:
        """Private modes that the command set or reset last: 25 cursor, 1000 and 1003 mouse, 1049 other screen."""
        found: dict[int, bool] = {}
        for numbers, switch in _MODE.findall(bytes(self.output)):
            found |= {int(number): switch == b"h" for number in numbers.split(b";")}
        return found

    @property
    def settings_now(self) -> list[Any]:
        """The terminal's settings (``termios.tcgetattr``)."""
        return termios.tcgetattr(self._slave)

    @property
    def ended(self) -> bool:
        """Whether the command has ended; its :attr:`exit_code` is known then."""
        if self.exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code is not None

    # --- waiting -------------------------------------------------------------------------------

    def wait_for(self, condition: Callable[[], object], what: str = "", timeout: float = 30.0) -> None:
        """Wait until a condition holds.

        Raises:
            AssertionError: it does not within ``timeout`` seconds; the message shows the screen.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                state = f"ended with {self.exit_code}" if self.ended else "running"
                raise AssertionError(f"waited {timeout:g} s for {what or condition}; {state}; the screen:\n{self.text}")
            time.sleep(0.02)

    def wait_for_text(self, text: str, timeout: float = 30.0) -> None:
        """Wait until the screen shows a text."""
        self.wait_for(lambda: text in self.text, repr(text), timeout)

    def wait_for_end(self, timeout: float = 30.0) -> int:
        """Wait until the command ends and all that it wrote is read; its exit code."""
        self.wait_for(lambda: self.ended, "the command to end", timeout)
        if self.master >= 0 and self._reading.is_set():
            self.wait_for(lambda: not select.select([self.master], [], [], 0)[0], "its last words")
        assert self.exit_code is not None
        return self.exit_code

    def wait_for_bytes(self, beyond: int, timeout: float = 30.0) -> float | None:
        """Wait until more than so many bytes have arrived in all; the time of arrival, None if none came."""
        with self._arrived:
            self._arrived.wait_for(lambda: self.arrivals and self.arrivals[-1][1] > beyond, timeout)
            return next((at for at, count in self.arrivals if count > beyond), None)

    # --- inside --------------------------------------------------------------------------------

    def _set_size(self) -> None:
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", self._rows, self._columns, 0, 0))

    def _read(self) -> None:
        while True:
            self._reading.wait()
            master = self.master
            if master < 0:
                return
            if not select.select([master], [], [], 0.1)[0] or not self._reading.is_set():
                continue
            try:
                data = os.read(master, 65536)
            except BlockingIOError:
                continue
            except OSError:
                return
            with self._arrived:
                self.output += data
                self.arrivals.append((time.perf_counter(), len(self.output)))
                self._arrived.notify_all()
