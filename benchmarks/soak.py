"""``python -m benchmarks.soak``: what must hold for hours. Fuzzed events, kills, memory, rate, idle time, a class."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import TypeVar

from benchmarks import users
from benchmarks.figures import Figure, row_of, table
from benchmarks.memory import resident
from benchmarks.programs import endless_adder
from tests.terminal.fuzz import fuzz
from tests.terminal.harness import Terminal
from tests.terminal.kills import Victim

MINUTE = 60.0
IDLE_SECONDS = 30.0
ROWS = 100_000
"""So many that the largest number of epochs lasts for hours at full speed."""
EVENTS, KILLS = 1_000, 50
"""In one piece of work: a seed's, on a folder of its own."""
_EPOCH = re.compile(r"epoch ([\d,]+) of")

Done = TypeVar("Done")


def measure(events: int, minutes: float, kills: int, class_minutes: float, seed: int, jobs: int) -> Iterator[Figure]:
    """The figures of a soak. What fell is printed as it falls, and the rest goes on.

    Args:
        events: things done by the fuzzer.
        minutes: of training at full speed.
        kills: of an app that trains, saves, edits, sweeps and is in a lesson.
        class_minutes: of a class of real users, where this machine can have one.
        seed: the first of the fuzzer's and of the kills'.
        jobs: programs that are fuzzed or killed at the same time.
    """
    fuzzed = [*_at_once(_fuzzed, events, EVENTS, seed, jobs)]
    yield Figure("fuzzed events survived", sum(done for done, _ in fuzzed), "events", limit=events, at_least=True)
    yield Figure("memory of the fuzzed app, most", max((most for _, most in fuzzed), default=0), "MiB")
    killed = [*_at_once(_killed, kills, KILLS, seed, jobs)]
    lost = [seconds for seconds, _ in killed]
    yield Figure("kills survived, nothing unreadable", sum(map(len, lost)), "kills", limit=kills, at_least=True)
    yield Figure("saves broken off by a kill", sum(torn for _, torn in killed), "kills")
    yield Figure("work lost by a kill, most", max(map(max, lost), default=0.0), "s", limit=5.0)
    yield from _training(minutes)
    if class_minutes:
        try:
            yield from users.measure(class_minutes)
        except users.Unable as reason:
            print(f"No class: {reason}", file=sys.stderr)


def _at_once(work: Callable[[int, int], Done], count: int, piece: int, seed: int, jobs: int) -> Iterator[Done]:
    """What came of each piece of the work that held."""
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        counts = [min(piece, count - begun) for begun in range(0, count, piece)]
        for done in as_completed([pool.submit(work, seed + i, one) for i, one in enumerate(counts)]):
            if fault := done.exception():
                print(f"{work.__name__[1:]}: {''.join(traceback.format_exception(fault))}", flush=True)
            else:
                yield done.result()


def _fuzzed(seed: int, events: int) -> tuple[int, int]:
    """Events done, and the most MiB that the app took.

    Raises:
        AssertionError: the app ended, froze, told a fault of ours, or a file was not whole; names the seed.
    """
    counts = fuzz(iter([seed]), events)
    return events, counts["most MiB"]


def _killed(seed: int, kills: int) -> tuple[list[float], int]:
    """Seconds of work that each kill cost, and how many broke off a save.

    Raises:
        AssertionError: a start did not offer what is kept.
        RunFileError: a file is not whole.
    """
    with tempfile.TemporaryDirectory() as folder:
        victim = Victim(Path(folder), random.Random(seed))
        return [kill.lost for kill in victim.kills(kills)], victim.torn


def _training(minutes: float) -> Iterator[Figure]:
    """Memory and rate of a run at full speed, the first minute against the last; then the processor's time at rest."""
    with tempfile.TemporaryDirectory() as folder, endless_adder(Path(folder), rows=ROWS) as terminal:
        terminal.press("space")
        terminal.wait_for_text("playing")
        time.sleep(min(10.0, minutes * 6))  # until it is settled
        span = min(MINUTE, minutes * MINUTE / 3)
        first = _rate(terminal, span)
        memory = resident(terminal)
        time.sleep(max(0.0, minutes * MINUTE - 2 * span))
        last = _rate(terminal, span)
        yield Figure("memory gained by training", resident(terminal) - memory, "MiB", limit=60.0)
        yield Figure("rate of updates, last minute", last, "1/s", rival=first, limit=0.9, at_least=True)
        terminal.press("space")
        terminal.wait_for_text("paused")
        time.sleep(10.0)  # the last save, and what is tidied up
        used = _processor(terminal)
        time.sleep(IDLE_SECONDS)
        yield Figure("processor when idle", 100 * (_processor(terminal) - used) / IDLE_SECONDS, "%", limit=0.5)


def _rate(terminal: Terminal, seconds: float) -> float:
    """Epochs that the state line tells, in a second of the app's processor time: others may be at work beside it."""
    before, begun = _epoch(terminal), _processor(terminal)
    time.sleep(seconds)
    return (_epoch(terminal) - before) / (_processor(terminal) - begun)


def _epoch(terminal: Terminal) -> int:
    found = _EPOCH.search(terminal.text)
    assert found, terminal.text
    return int(found[1].replace(",", ""))


def _processor(terminal: Terminal) -> float:
    """Seconds of processor time that the app has taken."""
    fields = Path(f"/proc/{terminal.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--class-minutes", type=float, default=10.0)
    parser.add_argument("--jobs", type=int, default=2, help="programs at the same time, fuzzed or killed")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    args = parser.parse_args()
    figures = []
    for figure in measure(args.events, args.minutes, args.kills, args.class_minutes, args.seed, args.jobs):
        print(f"{time.strftime('%H:%M')} {'  '.join(filter(None, row_of(figure)))}", flush=True)
        figures.append(figure)
    print(table(map(row_of, figures)))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
