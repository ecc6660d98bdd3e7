"""``adder-tui predict``: what a saved run answers to sums."""

from __future__ import annotations

from collections.abc import Sequence

from adder_engine.sums import can_be_read, parse_sum
from adder_tui.console import say
from adder_tui.run_source import open_run
from adder_tui.train_command import answer_lines, ask


def predict(source: str, sums: Sequence[str]) -> int:
    """Ask the run where it stood when it was saved, and print the answers; the exit code.

    Args:
        source: the run's file.
        sums: what is asked, as typed.

    Raises:
        SumError: a text that is no question of any task, or not of the run's.
        RunFileError: a file that holds no run.
    """
    for text in sums:
        if not can_be_read(text):
            parse_sum(text)
    trainer = open_run(source).trainer
    asked = [parse_sum(text, trainer.experiment.data.task) for text in sums]
    replies = ask(trainer, asked)
    for line in answer_lines(replies):
        say(line)
    return 0
