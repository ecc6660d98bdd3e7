"""Time from the start of the process until something is on the screen, beside a Textual hello-world."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, median
from benchmarks.programs import ANSWER, CONTENTS, HELLO, SHELL, adder, hello, seen_after

PAIRS = 10


def measure() -> Iterator[Figure]:
    shells, contents, answers, hellos = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for round_ in range(PAIRS + 1):  # the first warms the disk's cache
            with hello() as terminal:
                to_hello = seen_after(terminal, terminal.started, HELLO)
            with adder(Path(folder), "--experiment", "many-pairs") as terminal:
                to_shell = seen_after(terminal, terminal.started, SHELL)
                to_contents = seen_after(terminal, terminal.started, CONTENTS)
                to_answer = seen_after(terminal, terminal.started, ANSWER)
            if round_:
                hellos.append(to_hello)
                shells.append(to_shell)
                contents.append(to_contents)
                answers.append(to_answer)
    yield Figure("the network's first answer", median(answers), "s")
    for name, ours, limit in (("first frame of the shell", shells, 1.3), ("contents of Train", contents, 2.0)):
        yield Figure(
            name,
            median(ours),
            "s",
            rival=median(hellos),
            ratio=median([a / b for a, b in zip(ours, hellos, strict=True)]),
            limit=limit,
        )
