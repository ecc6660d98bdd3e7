"""Compiling the kernels ahead of time: ``python -m adder_engine.warm_up``, which the set-up runs once."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

from adder_engine.language import tr

ANALYSES = "analyses"
"""The half that a process of its own compiles."""
NEEDED = "*/loop.train-*.nbc"
"""What training needs, within a folder of compiled kernels."""


def is_compiled() -> bool:
    """Whether what training needs lies compiled in the cache, or could be taken over from whoever installed us."""
    from adder_engine.kernels.compiler import FOLDER

    return FOLDER is not None and (any(FOLDER.glob(NEEDED)) or _taken_over())


def _taken_over() -> bool:
    """Copy what lies compiled beside the sources to where this user may write; whether that could be done.

    So a class that shares an installation compiles it once, not once for each learner.
    """
    from adder_engine.kernels.compiler import FOLDER, cache_folders

    beside = next(iter(cache_folders()))
    if FOLDER is None or beside == FOLDER:
        return False
    try:
        for whole in {path.parent for path in beside.glob(NEEDED)}:
            with tempfile.TemporaryDirectory(dir=FOLDER) as part:
                copy = shutil.copytree(whole, os.path.join(part, whole.name))
                os.chmod(copy, 0o700)  # the user's alone, as all that lies there
                os.rename(copy, FOLDER / whole.name)  # whole or not at all
    except OSError:
        return False
    return any(FOLDER.glob(NEEDED))


def warm_up() -> None:
    """Go every way through the kernels once, so that all of them are compiled: the two halves on two cores."""
    from adder_engine.kernels.compiler import FOLDER

    beside = None
    if FOLDER is not None:  # what another process compiles is found there
        with contextlib.suppress(OSError):
            beside = subprocess.Popen(
                [sys.executable, "-m", "adder_engine.warm_up", ANALYSES],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
    _training()
    if beside is None or beside.wait():
        _analyses()


def _training() -> None:
    """What is computed in float32: updates, their stages, replays, traces, answers."""
    from adder_engine.analysis.tracing import trace_step, trace_sum
    from adder_engine.experiment import Experiment
    from adder_engine.runs.run import Run

    run = Run(Experiment().replace(**{"data.count": 20, "data.test_count": 3, "epochs": 3, "training.batch_size": 9}))
    run.play(4)
    run.step("layer", 12)
    run.step("update", 1)
    run.back("update", 2)
    trace_sum(run.trainer, 30, 70, trace_step(run.trainer))
    run.trainer.answers([(30, 70)])


def _analyses() -> None:
    """What is computed in float64, and in complex numbers of two of them."""
    from adder_engine.analysis.curvature import stability
    from adder_engine.experiment import Experiment
    from adder_engine.steps import at_once
    from adder_engine.training.trainer import Trainer

    at_once(stability(Trainer(Experiment())))


if __name__ == "__main__":
    started = time.perf_counter()
    (_analyses if sys.argv[1:] == [ANALYSES] else warm_up)()
    print(tr("The engine is compiled ({seconds:.0f} s).", seconds=time.perf_counter() - started))
