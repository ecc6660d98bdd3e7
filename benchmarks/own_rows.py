"""A hundred thousand rows of one's own: read from a file, and trained as rows that are drawn are."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from adder_engine import Experiment
from adder_engine.runs.run import Run
from adder_tui.cli.inputs import read_experiment
from benchmarks.engine import PAIRS, speed
from benchmarks.figures import Figure, median

ROWS = 100_000
READS = 3
BASE = {"epochs": 10_000_000, "data.test_count": 0, "training.lr": 1e-7}


def measure() -> Iterator[Figure]:
    draw = np.random.default_rng(1)
    pairs = draw.uniform(-1_000, 1_000, (ROWS, 2))
    table = np.column_stack([pairs, pairs @ [2, 3]])
    with tempfile.TemporaryDirectory() as folder:
        for name, mark, decimal in (("commas", ",", "."), ("semicolons, decimal commas", ";", ",")):
            path = Path(folder) / f"{name}.csv"
            lines = (mark.join(f"{x:.6f}".replace(".", decimal) for x in row) for row in table)
            path.write_text(mark.join(("a", "b", "target")) + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
            ours = min(_seconds(lambda path=path: read_experiment("many-pairs", (), str(path))) for _ in range(READS))
            yield Figure(f"{ROWS:,} rows read, {name}", 1_000 * ours, "ms", limit=1_000.0)
        own = read_experiment("many-pairs", (), str(path)).replace(**BASE)
    drawn = Experiment().replace(**BASE, **{"data.count": ROWS})
    # Made anew each time: so many rows run faster or slower by where in memory they come to lie.
    blocks = [(speed(Run(own).run), speed(Run(drawn).run)) for _ in range(PAIRS + 1)][1:]
    yield Figure(
        f"{ROWS:,} own rows, trained", median([a for a, _ in blocks]), "updates/s",
        rival=median([b for _, b in blocks]), ratio=median([a / b for a, b in blocks]), limit=0.95, at_least=True,
    )  # fmt: skip


def _seconds(work: object) -> float:
    assert callable(work)
    start = time.process_time()  # of the processor: reading waits for nothing
    work()
    return time.process_time() - start
