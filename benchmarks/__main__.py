"""``python -m benchmarks [NAME...]``: our figures, each beside its rival in the same run."""

from __future__ import annotations

import importlib
import os
import sys

from benchmarks.figures import row_of, table

NAMES = ("engine", "own_rows", "sweeps", "attached", "start", "traffic", "keys", "memory")


def main(names: list[str]) -> int:
    """Measure and print one table; 1 where a target is missed."""
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}: there are {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    os.environ["OMP_NUM_THREADS"] = "1"
    figures = []
    for name in names or NAMES:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        figures += importlib.import_module(f"benchmarks.{name}").measure()
    print(table(map(row_of, figures)))
    return 1 if any(figure.kept is False for figure in figures) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
