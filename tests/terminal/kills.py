"""Kills the app without warning at a random moment of its work, and looks at what the next start finds."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adder_engine.runs.files import read
from adder_engine.runs.restoring import opened
from adder_tui.storage.progress_store import PROGRESS, Store
from adder_tui.storage.run_files import AUTOSAVE, LAST_RUN, OWN_RUN
from tests.terminal.harness import Terminal

CHANGES = ("training", "saving", "editing", "sweeping", "lesson")
LESSON = "rule-or-guess"
LONGEST = 4.0
"""Seconds of work before a kill, at most: longer than the time between two saves."""
FIRST = ("--experiment", "many-pairs", "--set", "epochs=10000000")

_STEP = re.compile(r"step (\d+) of")
_HINT = re.compile(r"hint (\d+)")
_EPOCH = re.compile(r"epoch ([\d,]+) of")


@dataclass(frozen=True)
class Kill:
    """What was done when the kill came, and how much of it was gone."""

    doing: str
    lost: float
    """Seconds between the first thing that the kept run lacks and the kill; 0 where it lacks nothing."""


@dataclass(frozen=True)
class Progress:
    """How far a run is: epochs finished, and deeds in its log."""

    epoch: int = 0
    changes: int = 0


@dataclass(frozen=True)
class Studied:
    """How far a lesson is: the step, counted from 1, tasks that are done, and hints that were looked at."""

    step: int
    tasks: int
    hints: int

    def lacks(self, seen: Studied) -> bool:
        return seen.step > self.step or seen.tasks > self.tasks or seen.hints > self.hints


class Victim:
    """The app on one data folder, killed and started again.

    Args:
        folder: where its data lie.
        draws: chooses what is done and when the kill comes.
    """

    def __init__(self, folder: Path, draws: random.Random) -> None:
        self.folder = folder
        self.draws = draws
        self.torn = 0
        """Saves that a kill broke off in their midst."""

    def kills(self, count: int) -> Iterator[Kill]:
        """Start, go on with the run that is offered, work, kill; so many times.

        Raises:
            AssertionError: a start did not offer the run.
            RunFileError: a file is not whole.
        """
        with self._started(*FIRST) as terminal:
            terminal.press("space")
            terminal.wait_for((self.folder / AUTOSAVE).exists, "the first save")
            self._kill(terminal)
        kept = self._kept()
        for i in range(count):
            doing = CHANGES[i % len(CHANGES)]
            if doing == "lesson":  # the same one afresh
                (self.folder / PROGRESS).unlink(missing_ok=True)
                shutil.rmtree(self.folder / "lessons", ignore_errors=True)
            with self._started() as terminal:
                self._open(terminal, kept)
                if doing == "lesson":
                    kept, lost = self._in_lesson(terminal)
                    yield Kill(doing, lost)
                    continue
                work = {"editing": self._edit, "sweeping": self._sweep}.get(doing, self._train)
                seen = work(terminal, kept)
                if doing == "saving":
                    self._catch_a_save()
                killed = self._kill(terminal)
            kept = self._kept()
            gone = [at for at, progress in seen if progress.epoch > kept.epoch or progress.changes > kept.changes]
            yield Kill(doing, killed - min(gone, default=killed))

    def _in_lesson(self, terminal: Terminal) -> tuple[Progress, float]:
        """Train on, work in a lesson, kill, go back to it, leave it, kill; what is kept, and how much was lost.

        Raises:
            AssertionError: the lesson is not found again as it was kept, or one's own run is not given back.
        """
        terminal.press("space")
        terminal.wait_for_text("playing")
        time.sleep(self.draws.uniform(0.1, 0.5))
        terminal.press("space")
        terminal.wait_for_text("paused")
        own = self._shown(terminal)
        seen = self._study(terminal)
        killed = self._kill(terminal)
        in_lesson = (self.folder / f"{OWN_RUN}.npz").exists()  # else one's own run still was at hand, and is offered
        record = Store(self.folder).progress.lesson(LESSON)
        studied = Studied(record.step + 1, len(record.tasks), record.hints)
        gone = [at for at, one in seen if studied.lacks(one)]
        with self._started() as terminal:
            terminal.wait_for_text(f"step {studied.step} of")
            assert terminal.text.count("●") >= studied.tasks
            while "Twenty lessons" not in terminal.text:  # out of the prompt first, where that has the keys
                assert time.monotonic() < killed + 120, terminal.text
                terminal.press("escape")
                time.sleep(0.3)
            if not in_lesson:
                self._open(terminal, Progress(own))
            terminal.wait_for(lambda: self._shown(terminal) == own, f"one's own run, of epoch {own:,}")
            time.sleep(self.draws.uniform(0, 0.5))
            self._kill(terminal)
        kept = self._kept()
        assert kept.epoch == own, f"one's own run of epoch {own:,} is given back, not {kept.epoch:,}"
        return kept, killed - min(gone, default=killed)

    def _study(self, terminal: Terminal) -> list[tuple[float, Studied]]:
        """Open the first lesson and do what there is to do in it, for a random while; when what was to be seen."""
        seen: list[tuple[float, Studied]] = []
        until = time.monotonic() + self.draws.uniform(0.2, LONGEST)
        terminal.press("1")
        terminal.wait_for_text("A rule and a guesser")
        terminal.press("enter")
        terminal.wait_for_text("step 1 of")
        while time.monotonic() < until:
            asks = "Enter ask" in terminal.text
            typed = self.draws.choice(("30+70\r", "70+30\r", "i") if asks else ("enter", "i", "space"))
            terminal.press(typed)
            time.sleep(self.draws.uniform(0.02, 0.4))
            text = terminal.text
            if step := _STEP.search(text):
                hints = max(map(int, _HINT.findall(text)), default=0)
                seen.append((time.monotonic(), Studied(int(step[1]), text.count("●") if step[1] == "2" else 0, hints)))
        return seen

    def _started(self, *options: str) -> Terminal:
        terminal = Terminal([sys.executable, "-m", "adder_tui", "--data-dir", str(self.folder), *options])
        terminal.wait_for_text("paused", timeout=120)
        return terminal

    def _open(self, terminal: Terminal, kept: Progress) -> None:
        """Take the run that is offered."""
        terminal.press("4")
        terminal.wait_for_text(f"epoch {kept.epoch:,}) is kept")
        terminal.press("o")
        terminal.wait_for(lambda: self._shown(terminal) == kept.epoch, f"epoch {kept.epoch:,}")

    def _train(self, terminal: Terminal, start: Progress) -> list[tuple[float, Progress]]:
        """Train for a random while; when which progress was to be seen."""
        seen: list[tuple[float, Progress]] = []
        until = time.monotonic() + self.draws.uniform(0, LONGEST)
        terminal.press("space")
        while time.monotonic() < until:
            seen.append((time.monotonic(), Progress(self._shown(terminal), start.changes)))
            time.sleep(0.02)
        return seen

    def _edit(self, terminal: Terminal, start: Progress) -> list[tuple[float, Progress]]:
        """Nudge a number up and down for a random while; when which progress was made."""
        seen: list[tuple[float, Progress]] = []
        until = time.monotonic() + self.draws.uniform(0, LONGEST)
        terminal.press("2")
        terminal.wait_for_text("Enter + -")
        while time.monotonic() < until:
            terminal.press("+-"[len(seen) % 2])
            seen.append((time.monotonic(), Progress(start.epoch, start.changes + len(seen) + 1)))
            time.sleep(self.draws.uniform(0.01, 0.3))
        return seen

    def _sweep(self, terminal: Terminal, start: Progress) -> list[tuple[float, Progress]]:
        """Begin a sweep beside the run, for a random while."""
        terminal.press("S")
        terminal.wait_for_text("training.lr =")
        terminal.press("enter")
        terminal.wait_for_text("trains")
        time.sleep(self.draws.uniform(0, LONGEST))
        return [(time.monotonic(), start)]

    def _catch_a_save(self) -> None:
        """Wait until a save has begun, and a moment longer, so that the kill comes in its midst or right after."""
        deadline = time.monotonic() + 30
        while not any(self.folder.glob("*.part")):
            assert time.monotonic() < deadline, "no save was begun"
        time.sleep(self.draws.uniform(0, 0.005))

    def _shown(self, terminal: Terminal) -> int:
        """The epoch on the state line."""
        phrase = _EPOCH.search(terminal.text)
        return int(phrase[1].replace(",", "")) if phrase else 0

    def _kill(self, terminal: Terminal) -> float:
        """Kill the app; when that was."""
        killed = time.monotonic()
        os.kill(terminal.pid, signal.SIGKILL)
        assert terminal.wait_for_end() == -signal.SIGKILL
        for part in self.folder.glob("*.part"):
            self.torn += 1
            part.unlink()
        return killed

    def _kept(self) -> Progress:
        """How far the run is that the next start will offer; all files must be whole."""
        for path in self.folder.glob("*.npz"):
            opened(read(path))
        runs = [read(path) for name in (AUTOSAVE, f"{LAST_RUN}.npz") if (path := self.folder / name).exists()]
        # One that was neither trained nor changed displaces none.
        run = next((run for run in runs if run.facts["epoch"] or run.facts["events"]), runs[0])
        return Progress(run.facts["epoch"], len(run.facts["events"]))
