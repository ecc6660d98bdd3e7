"""The two losses by their names: ``train loss``, as training measured it, and ``loss now``, with its RMSE."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from adder_tui.ui.numbers import count
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import Snapshot


def line_loss(snapshot: Snapshot) -> tuple[str, float] | None:
    """The loss that a line has room for, and its name: ``train loss``, and before the first epoch ``loss now``."""
    if snapshot.train_loss is not None:
        return "train loss", snapshot.train_loss
    return None if snapshot.current_loss is None else ("loss now", snapshot.current_loss)


def rmse_now(snapshot: Snapshot) -> float | None:
    """The root of ``loss now``, in units of sums; None where that is no mean square, or not known."""
    loss = snapshot.current_loss
    if loss is None or loss < 0 or snapshot.experiment.training.loss != "mse":
        return None
    return math.sqrt(loss) * snapshot.experiment.data.scale


def over_pairs(experiment: Experiment, glyphs: Glyphs, lead: str = " over ") -> tuple[str, str, str]:
    """What the train loss is a mean over where the target is flat: in full, in words, in short; else three times ''."""
    if not experiment.compares_all_pairs:
        return "", "", ""
    times, n = glyphs.times, count(experiment.rows_per_update)
    return tuple(lead + words for words in (f"{n}{times}{n} differences", f"n{times}n differences", f"n{times}n"))  # type: ignore[return-value]


def pairs_marks(experiments: Sequence[Experiment], glyphs: Glyphs) -> tuple[str, list[str]]:
    """What a column of train losses says of flat targets: behind its heading where all are so, else behind each."""
    marks = [over_pairs(experiment, glyphs, " ")[2] for experiment in experiments]
    return (marks[0], [""] * len(marks)) if marks and all(marks) else ("", marks)


def marked(texts: Sequence[str], marks: Sequence[str]) -> list[str]:
    """Losses with what is to be said behind each; nothing behind words and dashes."""
    return [text + mark if text[-1:].isdigit() else text for text, mark in zip(texts, marks, strict=True)]
