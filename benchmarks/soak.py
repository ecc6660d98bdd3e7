"""``python -m benchmarks.soak``: what must hold for hours. Fuzzed events, kills, memory, rate, idle time, a class."""

from __future__ import annotations

import argparse
import itertools
import os
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import users
from benchmarks.figures import Figure, row_of, table
from benchmarks.memory import resident
from benchmarks.programs import endless_adder
from tests.terminal.fuzz import fuzz
from tests.terminal.harness import Terminal
from tests.terminal.kills import Victim

MINUTE = 60.0
IDLE_SECONDS = 30.0
_EPOCH = re.compile(r"epoch ([\d,]+) of")


def measure(events: int, minutes: float, kills: int, class_minutes: float, seed: int) -> Iterator[Figure]:
    """The figures of a soak.

    Args:
        events: things done by the fuzzer.
        minutes: of training at full speed.
        kills: of an app that trains, saves, edits, sweeps and is in a lesson.
        class_minutes: of a class of real users, where this machine can have one.
        seed: the first of the fuzzer's.

    Raises:
        AssertionError: the app ended, froze, told a fault of ours, or a file was not whole; names the seed.
    """
    counts = fuzz(itertools.count(seed), events)
    yield Figure("fuzzed events survived", sum(counts.values()) - counts["most MiB"], "events")
    yield Figure("memory of the fuzzed app, most", counts["most MiB"], "MiB")
    yield from _training(minutes)
    with tempfile.TemporaryDirectory() as folder:
        victim = Victim(Path(folder), random.Random(seed))
        lost = [kill.lost for kill in victim.kills(kills)]
    yield Figure("kills survived, nothing unreadable", len(lost), "kills", limit=kills, at_least=True)
    yield Figure("saves broken off by a kill", victim.torn, "kills")
    yield Figure("work lost by a kill, most", max(lost, default=0.0), "s", limit=5.0)
    if class_minutes:
        try:
            yield from users.measure(class_minutes)
        except users.Unable as reason:
            print(f"No class: {reason}", file=sys.stderr)


def _training(minutes: float) -> Iterator[Figure]:
    """Memory and rate of a run at full speed, the first minute against the last; then the processor's time at rest."""
    with tempfile.TemporaryDirectory() as folder, endless_adder(Path(folder)) as terminal:
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
    """Epochs a second, as the state line tells them."""
    before, begun = _epoch(terminal), time.monotonic()
    time.sleep(seconds)
    return (_epoch(terminal) - before) / (time.monotonic() - begun)


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
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    args = parser.parse_args()
    figures = list(measure(args.events, args.minutes, args.kills, args.class_minutes, args.seed))
    print(table(map(row_of, figures)))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main())
