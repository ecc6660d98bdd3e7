"""Compiling the kernels ahead of time: ``python -m adder_engine.warm_up``, which the set-up runs once."""

from __future__ import annotations

import time


def is_compiled() -> bool:
    """Whether what training needs lies compiled in the cache."""
    from adder_engine.kernels.compiler import FOLDER

    return FOLDER is not None and any(FOLDER.glob("*/loop.train-*.nbc"))


def warm_up() -> None:
    """Go every way through the kernels once, so that all of them are compiled."""
    from adder_engine.analysis.curvature import largest_curvature
    from adder_engine.analysis.grids import slopes
    from adder_engine.analysis.tracing import trace_step, trace_sum
    from adder_engine.experiment import Experiment
    from adder_engine.runs.run import Run

    run = Run(Experiment().replace(**{"data.count": 20, "data.test_count": 3, "epochs": 3, "training.batch_size": 9}))
    run.play(4)
    run.step("layer", 12)
    run.step("update", 1)
    run.back("update", 2)
    trainer = run.trainer
    trace_sum(trainer, 30, 70, trace_step(trainer))
    slopes(trainer, 30, 70)
    largest_curvature(trainer)


if __name__ == "__main__":
    started = time.perf_counter()
    warm_up()
    print(f"The engine is compiled ({time.perf_counter() - started:.0f} s).")
