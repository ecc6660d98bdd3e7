"""A person who does everything at once, on the real program in a real terminal: ``python -m tests.terminal.fuzz SEED``.

Keys, pastes, mouse reports, bytes that are no text, other window sizes, signals, and a disk that fails: all drawn from
one seed. The program may end only where it was told to, with the exit code that this has, its files whole.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path

from adder_engine.runs.files import summary
from tests.terminal.failing_disk import FAULTS
from tests.terminal.harness import KEYS, Terminal

PRESSED = (
    *"1234512345.,,ss[]uU??vvcnbttaagmkhddelrRSfxoiKpyO+-0/ywj",
    *("space", "up", "down", "left", "right", "enter", "escape") * 4,
    *("tab", "backspace", "home", "end", "f1", "ctrl+p", "ctrl+c"),
)
"""Keys; none of them quits."""
PASTED = (
    "30+70", "nan", "[red]", "1e9", "0.01", "training.lr = 0.1, 1", "30,70,100\n1;2;3\n", "−5 × 3", "日本 ́🙂",
    "9" * 900, "a" * 5000 + "\n", "~nobody/x", "/dev/zero", "../..", "run", "my-run", "\x00\x01\x02", "sum\r",
    "\t\t\r\r", " \r" * 20,
)  # fmt: skip
SEQUENCES = (
    b"\xe9\x80\xed\xa0\x80", b"\xf0\x9f", b"\xff\xfe", b"\x1b[:u", b"\x1b[1114112u", b"\x1b[99999999999u", b"\x1b[",
    b"\x1bO", b"\x1b[200~", b"\x1b[201~", b"\x1b[I", b"\x1b[O", b"\x1b[?2026;2$y", b"\x1b[?1;1R", b"\x1b[8;0;0t",
    b"\x1b[48;24;80;0;0t", b"\x1b]11;rgb:0/0/0\x07", b"\x1bP>|x\x1b\\", b"\x1b[<35;9999;9999M", b"\x1b[<0;-1;0M",
    b"\x1b[M  ",
)  # fmt: skip
SIZES = ((80, 24), (80, 24), (120, 40), (60, 20), (200, 60), (40, 10), (1, 1), (300, 3))
STARTS = (
    (), (), ("--experiment", "one-pair"), ("--experiment", "many-pairs"), ("--experiment", "mini-batches"),
    ("--experiment", "explode"), ("--experiment", "overfit"), ("--experiment", "tanh", "--ascii"),
    ("--lesson", "rule-or-guess"), ("--lesson", "forward-by-hand"), ("--lesson", "one-step"),
)  # fmt: skip
QUITS = {signal.SIGTERM: 143, signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGQUIT: 131, signal.SIGKILL: -9}
FAULTY = (b"fault of ours", b"Traceback")
ANSWERS = 30.0
"""Seconds within which the app draws its newest size on a busy machine."""
LOOKS = 100
"""Events between two looks whether it still answers."""


class Fuzzer:
    """Sits at one terminal after the other, on one data folder.

    Args:
        seed: everything is drawn from it; how fast the app answers is not.
        folder: for the data, and what the disk is told.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed, self.data, self._told = seed, folder / "data", folder / "told"
        self._draw = random.Random(seed)
        self._log: deque[str] = deque(maxlen=40)
        self.counts: Counter[str] = Counter()
        """What was done, by kind."""
        self.most_memory = 0
        """KiB that an app was seen to take at most."""
        self._size = SIZES[0]

    def run(self, events: int, seconds: float = math.inf) -> None:
        """Do so many things, or as many as can be done in the time, on as many starts of the app as it takes.

        Raises:
            AssertionError: what must not be; names the seed and the last events.
        """
        until = time.monotonic() + seconds
        while events > 0 and time.monotonic() < until:
            session = min(events, self._draw.choice((5, 60, 250, 400)))
            events -= session
            self._told.write_text("")
            for file in self._told.parent.glob("told.*"):
                file.unlink()
            options = self._draw.choice(STARTS)
            self._size = self._draw.choice(SIZES[:5])
            self._log.append(f"start {' '.join(options)} at {self._size}")
            before = set(self.data.glob("*.part"))
            spoiled = False
            command = [sys.executable, "-m", "tests.terminal.failing_disk", str(self._told), str(self.data), *options]
            with Terminal(command, size=self._size) as terminal:
                self._wait_for_screen(terminal)  # until then Ctrl+C is the terminal's own key
                for i in range(session):
                    if time.monotonic() > until:
                        break
                    try:
                        spoiled |= self._do(terminal)
                        self._is_well(terminal)
                        if i % LOOKS == LOOKS - 1:
                            self._answers(terminal)
                    except (AssertionError, ProcessLookupError):
                        if not self._has_quit(terminal):
                            raise
                        break
                killed = terminal.ended or self._end(terminal)
            for path in self.data.glob("*.npz"):
                self._claim(summary(path) is not None, f"{path.name} is whole")
            left = set(self.data.glob("*.part")) - before
            self._claim(not left or spoiled or killed, f"nothing is left behind: {left}")
            for part in left:
                part.unlink()

    # --- one event -------------------------------------------------------------------------------

    def _do(self, terminal: Terminal) -> bool:
        """One event; whether it made the disk fail."""
        draw = self._draw
        kinds = ("keys", "paste", "mouse", "bytes", "resize", "disk", "signal", "blind")
        kind = draw.choices(kinds, (62, 7, 10, 6, 7, 3, 2, 1))[0]
        self.counts[kind] += 1
        written = len(terminal.output)
        match kind:
            case "keys":
                keys = draw.choices(PRESSED, k=draw.choice((1, 1, 1, 2, 5, 12)))
                self._send(terminal, b"".join(KEYS.get(key, key.encode()) for key in keys), " ".join(keys))
            case "paste":
                text = draw.choice(PASTED).encode()
                self._send(terminal, b"\x1b[200~" + text + b"\x1b[201~" if draw.random() < 0.7 else text)
            case "mouse":
                self._send(terminal, b"".join(self._report() for _ in range(draw.choice((1, 2, 8)))))
            case "bytes":
                noise = bytes(b for b in draw.randbytes(draw.choice((1, 3, 30))) if b not in b"qQ\x11\x1a")
                self._send(terminal, noise if draw.random() < 0.4 else draw.choice(SEQUENCES))
            case "resize":
                for _ in range(draw.choice((1, 1, 3))):
                    self._size = draw.choice(SIZES)
                    self._log.append(f"size {self._size}")
                    terminal.resize(*self._size)
            case "disk":
                fault = draw.choice((*FAULTS, "", "", "", ""))
                self._log.append(f"disk {fault or 'well'}")
                self._told.write_text(fault)
                return bool(fault)
            case "signal":
                number = draw.choice((signal.SIGWINCH, signal.SIGCONT, signal.SIGTSTP))
                self._log.append(number.name)
                os.kill(terminal.pid, number)
                if number == signal.SIGTSTP:
                    with contextlib.suppress(AssertionError):
                        terminal.wait_for(lambda: _is_stopped(terminal.pid), timeout=ANSWERS)
                        # What it wrote before is to be read, or the screen would seem to be back at once, and a
                        # Ctrl+C would still be the terminal's own.
                        terminal.wait_for(lambda: not terminal.modes.get(2004), timeout=1)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(terminal.pid, signal.SIGCONT)
                    self._wait_for_screen(terminal)
            case "blind":
                terminal.stop_reading()
                time.sleep(draw.choice((0.05, 0.4)))
                terminal.read_on()
        terminal.wait_for_bytes(written, timeout=draw.choice((0.0, 0.005, 0.02, 0.1)))
        return False

    def _wait_for_screen(self, terminal: Terminal) -> None:
        self._must(terminal, lambda: terminal.modes.get(2004), "the app's screen")  # its last mode but one

    def _report(self) -> bytes:
        """A mouse report, mostly within the window."""
        draw = self._draw
        x, y = (draw.randint(1, most + (draw.random() < 0.05) * 500) for most in self._size)
        button = draw.choice((0, 0, 0, 2, 32, 35, 64, 65, 4, 99))
        if button == 0:
            return f"\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m".encode()
        return f"\x1b[<{button};{x};{y}M".encode()

    def _send(self, terminal: Terminal, data: bytes, name: str = "") -> None:
        self._log.append(name or repr(data[:60]))
        while data:  # as a terminal does: what the program has no room for is not waited for
            os.set_blocking(terminal.master, False)
            try:
                data = data[os.write(terminal.master, data) :]
            except BlockingIOError:
                return
            finally:
                os.set_blocking(terminal.master, True)

    # --- what must be ----------------------------------------------------------------------------

    def _has_quit(self, terminal: Terminal) -> bool:
        """Whether it was left in its own ways, by a click on the footer or from the palette.

        While it tidies up or is suspended the terminal is the shell's, and Ctrl+C is SIGINT; a signal may come as late
        as when Python takes itself down.
        """
        left = Path(f"{self._told}.tasks.quit")
        late = (-number for number in QUITS if number != signal.SIGKILL)
        return left.exists() and terminal.ended and terminal.exit_code in (0, 130, *late)

    def _is_well(self, terminal: Terminal) -> None:
        self._claim(not terminal.ended, f"the app goes on; it ended with {terminal.exit_code}", terminal)

    def _answers(self, terminal: Terminal) -> None:
        """A new size is drawn, whatever is going on."""
        self._told.write_text("")
        for size in ((81, 25), (80, 24)):
            self._size = size
            written = len(terminal.output)
            terminal.resize(*size)
            self._must(terminal, lambda w=written: len(terminal.output) > w, f"a screen of {size}")  # type: ignore[misc]
        with contextlib.suppress(OSError, IndexError):  # it has just ended
            status = Path(f"/proc/{terminal.pid}/status").read_text()
            self.most_memory = max(self.most_memory, int(status.partition("VmRSS:")[2].split()[0]))

    def _end(self, terminal: Terminal) -> bool:
        """Have the app end in one way or another; whether it was killed, or could save nothing."""
        draw = self._draw
        failing = self._told.read_text() != ""
        how = draw.choice(("key", "key", *QUITS, "hang up"))
        self._log.append(f"end by {how}")
        self.counts["end"] += 1
        if how == "key":
            # Whatever was begun is broken off: a sequence, a paste. A sweep is told of first.
            for _ in range(3):
                self._send(terminal, b"\x18\x1b[201~\x11")
                with contextlib.suppress(AssertionError):
                    terminal.wait_for(lambda: terminal.ended, timeout=ANSWERS / 3)
                    break
            expected = 0
        elif how == "hang up":
            pid = terminal.pid
            terminal.hang_up()
            self._must(terminal, lambda: terminal.ended, f"{pid} to end")
            return failing
        else:
            with contextlib.suppress(ProcessLookupError):
                os.kill(terminal.pid, how)
            expected = QUITS[signal.Signals(how)]
        self._must(terminal, lambda: terminal.ended, "the end")
        code = terminal.wait_for_end()
        self._claim(code == expected or self._has_quit(terminal), f"exit code {expected}, not {code}", terminal)
        self._claim(not any(word in terminal.output for word in FAULTY), "no fault is told", terminal)
        if how != signal.SIGKILL:
            left = [mode for mode in (1000, 1003, 1049) if terminal.modes.get(mode)]
            self._claim(not left, f"the terminal is whole, not in modes {left}", terminal)
        return failing or how == signal.SIGKILL

    def _must(self, terminal: Terminal, condition: Callable[[], object], what: str) -> None:
        try:
            terminal.wait_for(condition, what, timeout=ANSWERS)
        except AssertionError as error:
            with contextlib.suppress(OSError):
                os.kill(terminal.pid, signal.SIGUSR1)
                time.sleep(1)
            self._claim(False, str(error), terminal)

    def _claim(self, holds: bool, what: str, terminal: Terminal | None = None) -> None:
        if holds:
            return
        events = "\n  ".join(self._log)
        tasks = Path(f"{self._told}.tasks")
        what += f"\n{tasks.read_text() if tasks.exists() else ''}"
        written = b"" if terminal is None else bytes(terminal.output)
        faults = [at for at in map(written.find, FAULTY) if at >= 0]
        end = written[min([*faults, len(written) - 2_000]) :][:4_000].decode(errors="replace")
        shown = terminal.text if terminal is not None else ""
        raise AssertionError(f"seed {self.seed}: {what}\nevents:\n  {events}\nscreen:\n{shown}\nwritten:\n{end}")


def _is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def fuzz(seeds: Iterator[int], events: int, chunk: int = 1_000) -> Counter[str]:
    """Events from one seed after the other, each on a new folder; what was done, by kind."""
    counts: Counter[str] = Counter()
    while events > 0:
        seed = next(seeds)
        print(f"seed {seed}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            fuzzer = Fuzzer(seed, Path(folder))
            fuzzer.run(min(chunk, events))
        events -= chunk
        counts += fuzzer.counts
        counts["most MiB"] = max(counts["most MiB"], fuzzer.most_memory // 1024)
    return counts


if __name__ == "__main__":
    first, events = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    print(dict(fuzz(iter(range(first, 10**9)), events)))
