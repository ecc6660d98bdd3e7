"""``python -m benchmarks.users``: a class of 12 real users of this machine, over a real sshd, all dropped at once."""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adder_engine.runs.files import read
from adder_tui.storage.progress import LessonRecord
from adder_tui.storage.progress_store import Store
from benchmarks.figures import Figure, percentile, row_of, table
from benchmarks.keys import LETTERS
from benchmarks.programs import epochs_done
from tests.terminal.harness import Terminal

LEARNERS, TRAINING, IN_LESSONS = 12, 4, 4
"""All, those who train at full speed, and those in the first lesson, one of whom is stuck. The rest edit numbers."""
LESSON = "rule-or-guess"
GONE_SECONDS = 5.0
COMPILING = 15.0
"""Seconds of processor time; compiling the kernels takes some fifty."""
ENDLESS = "--experiment many-pairs --set epochs=10000000"
THINKING = (0.2, 1.2)
"""Seconds from what a key has brought to the next key."""
TOOLS = ("sshd", "ssh", "ssh-keygen", "useradd", "userdel")
CHECKOUT = Path(__file__).resolve().parents[1]

_READS = """
import json, os, sys
for path in json.load(sys.stdin):
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError:
        continue
    print(path)
"""


class Unable(Exception):
    """What this machine lacks, in one sentence."""


# --- the machine ------------------------------------------------------------------------------------


class Machine:
    """An installation that all may read, users, and an sshd on a port of its own; all of it goes in the end.

    Args:
        folder: for all of it; others may read it.

    Raises:
        Unable: something is missing.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        os.environ["PATH"] += ":/usr/sbin"
        missing = [tool for tool in TOOLS if shutil.which(tool) is None]
        if os.geteuid() != 0 or missing:
            raise Unable(f"It needs root, and {', '.join(TOOLS)}; {', '.join(missing) or 'root'} is missing.")
        self.app = self._installation()
        self.drop = folder / "drop"
        self.drop.mkdir()
        self.drop.chmod(0o3773)
        self.class_file = folder / "class.toml"
        self.class_file.write_text(f'assigned = [1]\npace = "full"\ndrop = "{self.drop}"\n')
        self.users = [stack.enter_context(self._user(number)) for number in range(LEARNERS)]
        self.port = stack.enter_context(self._sshd())

    def _installation(self) -> Path:
        """A venv on a Python that others may run, with this checkout and what it needs."""
        version = f"python3.{sys.version_info.minor}"
        for python in (os.path.realpath(sys.executable), f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                subprocess.run([python, "-c", ""], user="nobody", cwd="/", check=True, capture_output=True)
                break
        else:
            raise Unable(f"It needs a {version} that other users may run, such as /usr/bin/{version}.")
        subprocess.run([python, "-m", "venv", "--without-pip", self.folder / "venv"], check=True)
        paths = [CHECKOUT, *(path for path in map(Path, sys.path) if path.name in ("site-packages", "dist-packages"))]
        site = self.folder / "venv" / "lib" / version / "site-packages"
        (site / "here.pth").write_text("".join(f"{path}\n" for path in paths))
        self.python = self.folder / "venv" / "bin" / "python"
        tried = [self.python, "-c", "import adder_engine, adder_tui, numba, textual"]
        if subprocess.run(tried, user="nobody", cwd="/", check=False, capture_output=True).returncode:
            raise Unable(f"It needs {' and '.join(map(str, paths))} where other users may read them.")
        app = self.folder / "venv" / "bin" / "adder-tui"
        app.write_text(f"#!{self.python}\nimport sys\nfrom adder_tui.cli.main import main\nsys.exit(main())\n")
        app.chmod(0o755)
        return app

    @contextlib.contextmanager
    def _user(self, number: int) -> Iterator[User]:
        user = User(f"adder{os.getpid()}-{number + 1:02}", self.folder / f"home-{number + 1:02}")
        command = ["useradd", "--no-create-home", "--home-dir", user.home, "--shell", "/bin/sh", "--password", "*"]
        subprocess.run([*command, user.name], check=True, capture_output=True)
        try:
            user.home.mkdir()  # that others may look into, so that the app's own permissions count
            shutil.chown(user.home, user.name, user.name)
            yield user
        finally:
            for pid in user.processes():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            subprocess.run(["userdel", "--force", user.name], check=True, capture_output=True)

    @contextlib.contextmanager
    def _sshd(self) -> Iterator[int]:
        for name in ("host", "learner"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name]
            subprocess.run(command, check=True)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        config = self.folder / "sshd_config"
        config.write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {self.folder}/host\nPidFile none\nStrictModes no\n"
            f"AuthorizedKeysFile {self.folder}/learner.pub\nPasswordAuthentication no\nUsePAM no\nMaxStartups 100\n"
            "LogLevel ERROR\n"
        )
        os.makedirs("/run/sshd", 0o755, exist_ok=True)
        server = subprocess.Popen([shutil.which("sshd") or "sshd", "-D", "-e", "-f", config])
        try:
            yield port
        finally:
            server.terminate()
            server.wait()

    def ssh(self, user: User, options: str = "") -> Terminal:
        """The app, as the README tells learners to start it."""
        given = ["-F", "none", "-tt", "-p", str(self.port), "-i", str(self.folder / "learner")]
        for option in (
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "LogLevel=QUIET",
            "ConnectionAttempts=10",
        ):
            given += ["-o", option]
        command = f"LANG=C.UTF-8 ADDER_TUI_CLASS={self.class_file} {self.app} {options}"
        return Terminal(["ssh", *given, f"{user.name}@127.0.0.1", command], env={"HOME": str(self.folder)})


@dataclass(frozen=True)
class User:
    name: str
    home: Path

    @property
    def data(self) -> Path:
        return self.home / ".local" / "state" / "adder-tui"

    def processes(self, name: str = "") -> list[int]:
        """Ids of the user's processes, or of those of them whose name begins so."""
        uid = int(subprocess.run(["id", "-u", self.name], capture_output=True, text=True, check=True).stdout)
        found = []
        for path in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                status = path.read_text()
                if f"\nUid:\t{uid}\t" in status and "\nState:\tZ" not in status:
                    found += [int(path.parent.name)] if status.startswith(f"Name:\t{name}") else []
        return found

    def can_read(self, paths: Iterable[Path]) -> list[str]:
        """Those that the user may open."""
        given = json.dumps([*map(str, paths)])
        python = ["/usr/bin/env", "python3", "-c", _READS]
        done = subprocess.run(
            python, user=self.name, group=self.name, extra_groups=[], cwd="/", env={"PATH": "/usr/bin:/bin"},
            input=given, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.splitlines()


# --- the learners -----------------------------------------------------------------------------------


@dataclass
class Learner:
    """Sits at a terminal of their own."""

    user: User
    terminal: Terminal
    draws: random.Random
    waits: list[float] = field(default_factory=list)
    """Milliseconds from each key to what it brings to the screen."""
    changes: int = 0
    """Made to numbers."""
    epoch: int = 0
    """Seen last before the line dropped."""

    def begin(self) -> None:
        """Wait for the app, and have a look at today's lessons."""
        self.terminal.wait_for_text("paused", timeout=120)
        self.terminal.press("1")
        self.terminal.wait_for_text("A rule and a guesser")
        self.terminal.press("4")
        self.terminal.wait_for_text("loss now")

    def work(self, until: float) -> None:
        raise NotImplementedError

    def look(self) -> None:
        """See how far the run is."""
        self.terminal.skip()
        self.terminal.resize(81, 25)
        self.terminal.wait_for(lambda: re.search(r"epoch [\d,]+ of", self.terminal.text), "the state line")
        self.epoch = epochs_done(self.terminal)

    def lost(self) -> int:
        """Things that were done and are not kept."""
        run = read(self.user.data / "autosave.npz")
        return max(0, self.epoch - run.facts["epoch"]) + max(0, self.changes - len(run.facts["events"]))

    def finds_it_again(self, terminal: Terminal) -> None:
        """Start again, and open what is offered."""
        run = read(next(path for name in ("autosave", "last-run") if (path := self.user.data / f"{name}.npz").exists()))
        terminal.wait_for_text(f"epoch {run.facts['epoch']:,}) is kept", timeout=60)
        terminal.press("o")
        terminal.wait_for_text(f"epoch {run.facts['epoch']:,} of")

    def _press(self, key: str, effect: bytes = b"") -> None:
        """Press a key, wait for what it brings (anything, where nothing is named), and think for a moment."""
        terminal = self.terminal
        before, start = len(terminal.output), time.perf_counter()
        terminal.press(key)
        if effect:
            terminal.wait_for(lambda: terminal.output.find(effect, before) >= 0, key)
            before = terminal.output.find(effect, before)
        arrived = terminal.wait_for_bytes(before)
        assert arrived is not None, f"nothing came of {key}"
        self.waits.append(1000 * (arrived - start))
        time.sleep(self.draws.uniform(*THINKING))

    def _type(self, until: float) -> None:
        """Type words into the prompt, which has the keys."""
        while time.monotonic() < until:
            for letter in LETTERS:
                self._press(letter, letter.encode())
            self.terminal.press(*["backspace"] * len(LETTERS))
            time.sleep(0.3)


class Trainer(Learner):
    """Trains at full speed, and asks."""

    def work(self, until: float) -> None:
        self.terminal.press("space")
        self.terminal.wait_for_text("playing")
        self.terminal.press("/")
        self._type(until)


class Editor(Learner):
    """Trains a little, changes numbers, and walks about the tabs."""

    def work(self, until: float) -> None:
        self.terminal.press("space")
        self.terminal.wait_for_text("playing")
        self.terminal.press("space")
        self.terminal.wait_for_text("paused")
        self.terminal.press("2")
        self.terminal.wait_for_text("Enter + -")
        while time.monotonic() < until:
            for key in "+-++-+":
                self._press(key)
                self.changes += 1
            for tab in "3452":
                self._press(tab)


class InLesson(Learner):
    """Does the first task of the first lesson."""

    before: LessonRecord

    def begin(self) -> None:
        self.terminal.wait_for_text("step 1 of", timeout=120)

    def work(self, until: float) -> None:
        self.terminal.press("enter")
        self.terminal.wait_for_text("Enter ask")
        self._try()
        self.terminal.press("/")
        self._type(until)

    def _try(self) -> None:
        self.terminal.press("30+70", "enter")
        self.terminal.wait_for_text("● Type 30+70")

    def look(self) -> None:
        """What is kept is compared at the next start; nothing was typed since."""

    def kept(self) -> LessonRecord:
        return Store(self.user.data, "progress.json").progress.lesson(LESSON)

    def lost(self) -> int:
        self.before = self.kept()
        return int(self.before.step != 1) + int(self.before.tasks != (1,))

    def finds_it_again(self, terminal: Terminal) -> None:
        terminal.wait_for_text("step 2 of", timeout=60)
        terminal.wait_for_text("● Type 30+70" if self.before.tasks else "○ Type 30+70")
        now = self.kept()
        assert (now.step, now.tasks, now.hints) == (self.before.step, self.before.tasks, self.before.hints)


class Stuck(InLesson):
    """Tries wrong sums, takes all hints, and stays with it."""

    def _try(self) -> None:
        for typed in ("30+7", "3+70", "7+30"):
            self.terminal.press(typed, "enter")
            self.terminal.wait_for_text("off by")
            time.sleep(0.5)
        for number in (1, 2, 3):
            self.terminal.press("i")
            self.terminal.wait_for_text(f"hint {number}")

    def lost(self) -> int:
        self.before = self.kept()
        return int(self.before.step != 1) + abs(3 - self.before.hints)


ROLES = [Trainer] * TRAINING + [Stuck] + [InLesson] * (IN_LESSONS - 1) + [Editor] * (LEARNERS - TRAINING - IN_LESSONS)

SEATS: tuple[tuple[str, type[Learner]], ...] = (
    ("all", Learner), ("those who train", Trainer), ("those in lessons", InLesson),
    ("those who change numbers", Editor),
)  # fmt: skip


# --- what is measured -------------------------------------------------------------------------------


def measure(minutes: float, seed: int = 0) -> Iterator[Figure]:
    """The figures of a class.

    Raises:
        Unable: the machine lacks something.
        AssertionError: something was not to be seen, or is not found again.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="adder-class-")))
        folder.chmod(0o755)
        machine = Machine(folder, stack)
        pool = stack.enter_context(ThreadPoolExecutor(LEARNERS))
        learners = [
            role(user, stack.enter_context(machine.ssh(user, ENDLESS if role in (Trainer, Editor) else "")),
                 random.Random(seed + number))
            for number, (user, role) in enumerate(zip(machine.users, ROLES, strict=True))
        ]  # fmt: skip
        each(pool, learners, lambda one: one.begin())
        compiling = max(_seconds(pid) for user in machine.users for pid in user.processes("adder-tui"))
        yield Figure("processor of a first start, most", compiling, "s", limit=COMPILING)
        until = time.monotonic() + 60 * minutes
        each(pool, learners, lambda one: one.work(until))
        yield from _memory(machine.users)
        each(pool, learners, lambda one: one.look())
        gone = _drop(learners)
        yield Figure("all processes gone after the drop", gone, "s", limit=GONE_SECONDS)
        for told, roles in SEATS:
            waits = [wait for one in learners if isinstance(one, roles) for wait in one.waits]
            yield Figure(f"keys pressed by {told}", len(waits), "keys")
            yield Figure(f"key to screen over ssh, {told}, median", percentile(waits, 0.5), "ms")
            yield Figure(f"key to screen over ssh, {told}, 99th percentile", percentile(waits, 0.99), "ms", limit=100.0)
        yield Figure("epochs trained before the drop", sum(one.epoch for one in learners), "epochs")
        yield Figure("changes made before the drop", sum(one.changes for one in learners), "changes")
        yield Figure("lost by the drop", sum(one.lost() for one in learners), "things", limit=0)
        yield from _privacy(machine)
        again = [stack.enter_context(machine.ssh(one.user)) for one in learners]
        each(pool, [*zip(learners, again, strict=True)], lambda pair: pair[0].finds_it_again(pair[1]))
        yield Figure("found again at the next start", len(learners), "learners", limit=LEARNERS, at_least=True)
        for terminal in again:
            terminal.press("ctrl+q")
        codes = each(pool, again, lambda one: one.wait_for_end())
        yield Figure("left with exit code 0", codes.count(0), "learners", limit=LEARNERS, at_least=True)
        yield _report(machine, next(one.user.name for one in learners if isinstance(one, Stuck)))


def each(pool: ThreadPoolExecutor, things: Iterable[Any], do: Callable[[Any], Any]) -> list[Any]:
    return list(pool.map(do, things))


def _drop(learners: list[Learner]) -> float:
    """Cut all lines at once, one half at the learner's end and one at ours; seconds until nobody's process is left."""
    cut = [one.terminal.pid for one in learners[::2]]
    cut += [pid for one in learners[1::2] for pid in one.user.processes("sshd")]
    start = time.monotonic()
    for pid in cut:
        os.kill(pid, signal.SIGKILL)
    while any(one.user.processes() for one in learners):
        assert time.monotonic() < start + 60, "processes that were dropped a minute ago are still there"
        time.sleep(0.05)
    return time.monotonic() - start


def _memory(users: list[User]) -> Iterator[Figure]:
    """What the apps take in all, each page that several share counted once."""
    shares = []
    for user in users:
        for pid in user.processes("adder-tui"):
            held = re.search(r"Pss: +(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text())
            assert held
            shares.append(int(held[1]) / 1024)
    yield Figure("memory of all apps", sum(shares), "MiB")
    yield Figure("memory of one app, most", max(shares), "MiB")


def _privacy(machine: Machine) -> Iterator[Figure]:
    """Files of one that another can open, or whose names another can list."""
    owned = {user: [*user.home.rglob("*"), machine.drop / f"{user.name}.txt"] for user in machine.users}
    files = {user: [path for path in paths if path.is_file() or path == user.data] for user, paths in owned.items()}
    yield Figure("files that learners have", sum(map(len, files.values())), "files")
    opened = {
        path
        for user in machine.users
        for path in user.can_read(path for other in machine.users if other != user for path in files[other])
    }
    for path in sorted(opened)[:20]:
        print(f"others can read {path}", file=sys.stderr)
    yield Figure("of them readable by others", len(opened), "files", limit=0)


def _report(machine: Machine, stuck: str) -> Figure:
    """The teacher's report as CSV names all, and the one who is stuck."""
    command = [machine.python, "-m", "adder_tui", "lessons", "report", machine.drop, "--csv"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd="/", env={**os.environ, "LANG": "C.UTF-8"}
    )
    rows = [*csv.DictReader(io.StringIO(done.stdout))]
    print(done.stdout, file=sys.stderr)
    assert [row["learner"] for row in rows if row["stuck"]] == [stuck], done.stdout
    return Figure(
        "learners in the report", len({row["learner"] for row in rows}), "learners", limit=LEARNERS, at_least=True
    )


def _seconds(pid: int) -> float:
    """Processor time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.users", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    args = parser.parse_args()
    try:
        figures = list(measure(args.minutes))
    except Unable as reason:
        print(reason, file=sys.stderr)
        return 2
    print(table(map(row_of, figures)))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
