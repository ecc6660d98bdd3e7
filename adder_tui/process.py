"""The process: how it reads its terminal, when it collects garbage, and how it ends by a signal or a hang-up."""

from __future__ import annotations

import codecs
import contextlib
import gc
import math
import os
import re
import select
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable, Generator, Iterable
from functools import partial
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from adder_engine.language import tr

if TYPE_CHECKING:
    from textual.app import App
    from textual.drivers.linux_driver import LinuxDriver
    from textual.message import Message


LARGEST_SIDE = 2_000
"""Columns or rows of a terminal; what tells of more is no terminal."""
REPLY_BEGINS, REPLY_ENDS = re.compile("\x1b\\]\\d+;"), re.compile("[\x07\x9c]|\x1b\\\\|(?=\x1b)")
"""How a terminal's reply about itself (OSC) begins, which no key does, and ends."""
REPLY_PAUSE = 0.5
"""Seconds after which the rest of a reply is no longer expected."""
IDLE = 1.0
"""Seconds without a key after which nobody is taken to wait."""
PAUSE = 0.12
"""Seconds without a key after which the next letter of a word is no longer expected at once."""
ROUNDS = 10
"""Smaller rounds after which all is due to be looked over; Python's own number."""
ROUNDS_AT_MOST = 200
"""Smaller rounds after which it is looked over while somebody types, too."""
ENDINGS: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
"""Signals that end the app. Exit codes are the shells': 128 + the signal's number, so SIGHUP 129, SIGTERM 143."""

LEAVE_SECONDS: Final = 3.0
"""How long the app may take to leave the screen by itself."""

SAVE_SECONDS: Final = 5.0
"""How long saving may take; it starts at once, beside leaving."""

RESTORE: Final = (
    b"\x18"  # CAN: breaks off a sequence that was cut in the middle
    b"\x1b[?2026l"  # synchronized output off
    b"\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # mouse off
    b"\x1b[?2004l\x1b[?2048l\x1b[?1004l"  # bracketed paste, in-band resize and focus reports off
    b"\x1b[<u\x1b[?7h"  # plain keys, lines wrap
    b"\x1b[?1049l\x1b[0m\x1b[?25h"  # normal screen, plain text, cursor shown
)
"""Undoes what Textual's Linux driver sets (``textual.drivers.linux_driver``)."""


class KeyPauses:
    """When nobody waits for what a key does: in short pauses others go on, in long ones all objects are looked over.

    The smaller rounds of that, which are short, go on by themselves.
    """

    def __init__(self) -> None:
        self._key = 0.0
        """When a key was pressed last (``time.monotonic``)."""
        self._grown = False
        """Whether something was loaded that stays."""

    def begin(self) -> None:
        """All is loaded and stays: leave it out from here on, and begin to look over what comes."""
        gc.freeze()
        gc.set_threshold(*gc.get_threshold()[:2], ROUNDS_AT_MOST)
        gc.enable()

    def grown(self) -> None:
        """Something was loaded that stays: next time it is looked over for the last time."""
        self._grown = True

    def key(self) -> None:
        """A key was pressed or the mouse used: somebody waits for what it does."""
        self._key = time.monotonic()

    def until_pause(self) -> float:
        """Seconds until there is a pause in what is typed, if no key comes; 0 or less once there is."""
        return self._key + PAUSE - time.monotonic()

    def look(self) -> bool:
        """Look all over where that is due and nobody waits. Returns whether it was done."""
        due = gc.isenabled() and gc.get_count()[2] >= ROUNDS and time.monotonic() - self._key >= IDLE
        if due:
            gc.collect()
            if self._grown:
                gc.freeze()
                self._grown = False
        return due


class ShutdownGuard:
    """Guards an app while it runs, around ``App.run`` in the main thread::

        with ShutdownGuard(app, on_end=session.close_now):
            app.run()
        sys.exit(app.return_code or 0)

    When a signal of :data:`ENDINGS` arrives or the terminal vanishes, ``on_end`` is called in a thread of its own
    and the app is asked to leave; then the process ends with exit code 128 + signal (a vanished terminal counts as
    SIGHUP). For an app that does not leave in time the terminal is restored here. A terminal that is gone, or that
    belongs to another process group because this one is suspended, is left alone. Afterwards, while the process tidies
    up, a signal ends it at once and with the same exit code.

    Args:
        app: the app to guard; it need not run yet.
        on_end: saves the work. It runs in another thread than the app and should need no longer than two seconds.
    """

    def __init__(self, app: App[Any], on_end: Callable[[], object]) -> None:
        self._app = app
        self._on_end = on_end
        self._left = threading.Event()
        self._terminal = sys.__stdin__.fileno() if sys.__stdin__ else 0
        self._before: list[Any] | None = None
        self._handlers: set[int] = set()
        """The signals that are served."""
        self._wakeup_before = -1

    def __enter__(self) -> Self:
        with contextlib.suppress(termios.error):
            self._before = termios.tcgetattr(self._terminal)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        for number in ENDINGS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup asks for
                signal.signal(number, self._noted)
                self._handlers.add(number)
        # Python writes each signal's number here at once, whatever the main thread is busy with.
        self._wakeup_before = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._watch, name="shutdown guard", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"\0")
        self._thread.join()
        signal.set_wakeup_fd(self._wakeup_before)
        for number in self._handlers:
            signal.signal(number, _leave)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _noted(self, number: int, frame: FrameType | None) -> None:
        """Runs in the main thread; the watch does the work, this only holds a suspended app back.

        A stopped job that is killed gets SIGCONT right behind. Textual would then take the terminal back, which
        now is the shell's, and the kernel would stop us for that before the work is saved.
        """
        if not self._owns_terminal():
            threading.Event().wait()

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        poll.register(self._terminal, 0)  # reports a hang-up, and nothing else
        while True:
            for descriptor, event in poll.poll():
                if descriptor == self._wake_read:
                    for number in os.read(self._wake_read, 64):
                        if number == 0:
                            return
                        if number in self._handlers:
                            self._end(128 + number)
                        # Such as another size: the main thread may just have gone to sleep, and sleeps until a key.
                        with contextlib.suppress(RuntimeError):  # the loop is not there yet, or no more
                            self._app.call_later(_nothing)
                elif event & select.POLLHUP:
                    self._end(128 + signal.SIGHUP)
                else:  # an input that cannot be polled
                    poll.unregister(descriptor)

    def _end(self, code: int) -> NoReturn:
        saving = threading.Thread(target=self._save, name="save at shutdown", daemon=True)
        saving.start()
        if not self._owns_terminal():
            saving.join(SAVE_SECONDS)
            os._exit(code)
        with contextlib.suppress(RuntimeError):  # the loop has just closed
            self._app.call_later(self._app.exit, return_code=code)  # exit itself would break in on a mount
        left = self._left.wait(LEAVE_SECONDS)
        saving.join(SAVE_SECONDS)
        if not left:
            self._restore_terminal()
        os._exit(code)  # tidying up would abort where torch is still being imported in another thread

    def _save(self) -> None:
        try:
            self._on_end()
        except Exception as error:
            self._left.wait(LEAVE_SECONDS)
            print(tr("adder-tui: the run could not be saved: {error}", error=error), file=sys.__stderr__)

    def _owns_terminal(self) -> bool:
        """Whether the terminal is there and this process is in its foreground."""
        poll = select.poll()
        poll.register(self._terminal, 0)
        if any(event & select.POLLHUP for _, event in poll.poll(0)):
            return False
        try:
            return os.tcgetpgrp(self._terminal) == os.getpgrp()
        except OSError:
            return False

    def _restore_terminal(self) -> None:
        """Bring the terminal back without the app's help."""
        with contextlib.suppress(OSError, termios.error):
            terminal = os.open("/dev/tty", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
            # Textual draws on stderr. What it still has in hand must not come after the restoring sequences.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            _write_first(terminal, RESTORE)
        if self._before is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._terminal, termios.TCSANOW, self._before)
                termios.tcflush(self._terminal, termios.TCIFLUSH)


def mend_driver() -> None:
    """Have Textual's driver take what a terminal and a shell may send.

    What is typed is read without what is no UTF-8 and no key: the first such would end the input thread. A paste in
    Latin-1 brings such bytes, and so does a line that loses some. A character that arrives in two pieces is still read
    whole. The app is suspended by its loop, not within whatever SIGTSTP breaks in on: that may hold the lock of the
    queue to the terminal, for which it would wait for ever. And SIGCONT for an app that was not suspended by itself,
    but stopped or not stopped at all, or is just being suspended, starts no second input thread beside the first.
    """
    # Not at the top: the command line must come without textual.
    from textual._parser import ParseError, Peek1, Read1
    from textual._xterm_parser import XTermParser
    from textual.drivers import linux_driver
    from textual.events import Resize

    class LenientParser(XTermParser):
        """Drops a sequence whose numbers cannot be meant, and it alone; and a reply (OSC), for none is asked for."""

        _in_reply = -math.inf
        """When the last piece of a reply came that has not ended (``time.monotonic``)."""

        def feed(self, data: str) -> Iterable[Message]:
            kept = self._without_replies(data) if data else data
            return super().feed(kept) if kept or not data else ()

        def _without_replies(self, data: str) -> str:
            """Each character of a reply would be a key: one as long as a clipboard would keep the app busy a minute."""
            kept, at, now = list[str](), 0, time.monotonic()
            inside = now - self._in_reply < REPLY_PAUSE
            while True:
                if inside:
                    end = REPLY_ENDS.search(data, at)
                    self._in_reply = now if end is None else -math.inf
                    if end is None:
                        return "".join(kept)
                    at = end.end()
                begins = REPLY_BEGINS.search(data, at)
                if begins is None:
                    return "".join((*kept, data[at:]))
                kept.append(data[at : begins.start()])
                inside, at = True, begins.end()

        def parse(self, token_callback: Callable[[Message], None]) -> Generator[Read1 | Peek1, str, None]:
            def take(token: Message) -> None:
                if not isinstance(token, Resize) or (min(token.size) > 0 and max(token.size) <= LARGEST_SIDE):
                    token_callback(token)

            while True:
                try:
                    yield from super().parse(take)
                    return
                except ParseError:
                    raise
                except Exception:
                    continue

        def parse_mouse_code(self, code: str) -> Message | None:
            # A terminal that tells no pixels counts cells, whatever it says of its size.
            self.mouse_pixels &= all(self.terminal_size or (0,)) and all(self.terminal_pixel_size or (0,))
            return super().parse_mouse_code(code)

    linux_driver.getincrementaldecoder = lenient_decoder  # type: ignore[attr-defined, assignment]
    linux_driver.XTermParser = LenientParser  # type: ignore[attr-defined]
    suspend, resume = linux_driver.LinuxDriver._sigtstp_application, linux_driver.LinuxDriver._sigcont_application
    leave = linux_driver.LinuxDriver.suspend_application_mode
    leaving: set[LinuxDriver] = set()

    def leave_whole(driver: LinuxDriver) -> None:
        leaving.add(driver)
        try:
            leave(driver)
        finally:
            leaving.discard(driver)

    def rest(driver: LinuxDriver, *_: object) -> None:
        import asyncio  # with textual: the command line comes without it

        with contextlib.suppress(RuntimeError):  # the loop is not there yet, or no more
            asyncio.get_running_loop().call_soon_threadsafe(suspend, driver)

    def go_on(driver: LinuxDriver, *_: object) -> None:
        reader = driver._key_thread
        if driver not in leaving and reader is not None and not reader.is_alive() and not driver._app._exit:
            resume(driver)  # at once: the loop stands still where it was suspended, and draws nothing before

    linux_driver.LinuxDriver.suspend_application_mode = leave_whole  # type: ignore[assignment, method-assign]
    linux_driver.LinuxDriver._sigtstp_application = rest  # type: ignore[assignment, method-assign]
    linux_driver.LinuxDriver._sigcont_application = go_on  # type: ignore[assignment, method-assign]


def lenient_decoder(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
    """As :func:`codecs.getincrementaldecoder`, but bytes that make no character are left out."""
    return partial(codecs.getincrementaldecoder(encoding), errors="ignore")


def _leave(number: int, frame: FrameType | None) -> None:
    """All is saved, and the terminal is as it was."""
    os._exit(128 + number)


def _nothing() -> None:
    """Wakes the loop, which then looks for signals."""


def stop_job() -> None:
    """Stop the whole job, as Ctrl+Z does, until the shell continues it; for use inside ``App.suspend()``.

    Without a shell that could continue it (an orphaned process group) nothing happens: the kernel then ignores a
    SIGTSTP that is not handled, where Textual's SIGSTOP would stop the app for good. The group is signalled, not
    this process alone, because the shell waits for all of it: ``make run`` would hold the terminal.
    """
    handler = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    try:
        os.killpg(0, signal.SIGTSTP)
    finally:
        signal.signal(signal.SIGTSTP, handler)


def _write_first(terminal: int, data: bytes, seconds: float = 0.5) -> None:
    """Write to a terminal that may not be reading, in place of what waits to be read."""
    deadline = time.monotonic() + seconds
    while data and time.monotonic() < deadline:
        for thread in threading.enumerate():
            if thread.name == "textual-output" and thread.ident is not None:
                signal.pthread_kill(thread.ident, signal.SIGTERM)  # breaks off its write, which holds the terminal
        termios.tcflush(terminal, termios.TCOFLUSH)
        try:
            data = data[os.write(terminal, data) :]
        except BlockingIOError:
            time.sleep(0.01)
