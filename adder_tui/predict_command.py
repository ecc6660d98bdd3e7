"""``adder-tui predict``: what a saved run answers to sums."""

from __future__ import annotations

import math
from collections.abc import Sequence

from adder_engine.sums import parse_sum
from adder_tui.console import say
from adder_tui.run_source import open_run
from adder_tui.train_command import Reply, answer_lines


def predict(source: str, sums: Sequence[str]) -> int:
    """Ask the run where it stood when it was saved, and print the answers; the exit code.

    Args:
        source: the run's file.
        sums: what is asked, as typed.

    Raises:
        SumError: a text that is no sum.
        RunFileError: a file that holds no run.
    """
    asked = [parse_sum(text) for text in sums]
    trainer = open_run(source).trainer
    # Not at the top: it imports torch, which a file that is none need not wait for.
    from adder_engine.data import truth

    task = trainer.experiment.data.task
    answers = trainer.answers([(one.a, one.b) for one in asked])
    replies = [
        Reply(one.typed, answer if math.isfinite(answer) else None, truth(task, one.a, one.b))
        for one, answer in zip(asked, answers, strict=True)
    ]
    for line in answer_lines(replies):
        say(line)
    return 0
