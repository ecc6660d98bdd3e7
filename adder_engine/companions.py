"""The runs in a session's list, saved beside the run in progress and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from adder_engine.errors import RunFileError
from adder_engine.experiment import Experiment
from adder_engine.keeping import DAMAGED, restored, saved
from adder_engine.left import Left
from adder_engine.marks import marks_of
from adder_engine.runfile import SavedRun
from adder_engine.snapshot import Answer, CollapsedMap, Run
from adder_engine.sums import Sum

MOST_KEYFRAMES = 8
MOST_BYTES = 2**20
"""Their states may take, of one run; wide networks keep the first and the last."""


def companions_saved(kept: Sequence[tuple[Run, Left]]) -> list[SavedRun]:
    """Each run of a list as arrays and JSON values; the way between few keyframes is replayed after opening."""
    return [saved(left, {"run": _facts(run)}, _keyframes(left)) for run, left in kept]


def companions_restored(others: Sequence[SavedRun]) -> list[tuple[Run, Left]]:
    """The runs of a list that was saved.

    Raises:
        RunFileError: their parts do not fit together.
    """
    try:
        return [_restored(other) for other in others]
    except Exception:  # a file may hold anything
        raise RunFileError(DAMAGED) from None


def _keyframes(left: Left) -> int:
    return max(1, min(MOST_KEYFRAMES, MOST_BYTES // left.timeline.keyframes[0].state.nbytes))


def _facts(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "name": run.name,
        "experiment": run.experiment.to_toml(),
        "epoch": run.epoch,
        "train_loss": run.train_loss,
        "test_loss": run.test_loss,
        "answers": [[a.sum.a, a.sum.b, a.sum.typed, a.predicted, a.wanted] for a in run.answers],
        "collapsed": dataclasses.astuple(run.collapsed) if run.collapsed else None,
        "parent": run.parent,
        "branched_at": run.branched_at,
        "stopped": run.stopped,
        "diverged": run.diverged,
        "pinned": run.pinned,
    }


def _restored(other: SavedRun) -> tuple[Run, Left]:
    left, facts = restored(other), other.facts["run"]
    run = Run(
        id=int(facts["id"]),
        name=str(facts["name"]),
        experiment=Experiment.from_toml(facts["experiment"]),
        epoch=int(facts["epoch"]),
        train_loss=_number(facts["train_loss"]),
        test_loss=_number(facts["test_loss"]),
        answers=tuple(
            Answer(Sum(float(a), float(b), str(typed)), float(predicted), _number(wanted))
            for a, b, typed, predicted, wanted in facts["answers"]
        ),
        collapsed=CollapsedMap(*map(float, facts["collapsed"])) if facts["collapsed"] else None,
        losses=left.history.losses(),
        marks=marks_of(left.first_experiment, left.timeline.events),
        parent=None if facts["parent"] is None else int(facts["parent"]),
        branched_at=_number(facts["branched_at"]),
        stopped=str(facts["stopped"]),
        diverged=bool(facts.get("diverged", False)),  # files written before there was such a thing
        pinned=bool(facts["pinned"]),
    )
    return run, left


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
