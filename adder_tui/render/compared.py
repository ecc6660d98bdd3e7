"""Runs beside each other: which are on the chart, what they are called, and what differs between two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_engine.naming import MOST_WORDS, difference_words, title_of
from adder_engine.snapshot import Run, ended_told

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import Snapshot
    from adder_tui.render.view import View

MOST_ON_CHART = 4
"""Other runs on the chart: as many as it has characters for."""
DRAWN = ("seed", "network.layers", "network.init", "data.draw_first")
"""What the initial weights depend on; with the data drawn first also on how much of it is drawn."""


def on_chart(view: View) -> list[tuple[Run, str]]:
    """The other runs whose curves lie behind this one's, newest last, each with the character it is drawn with."""
    snapshot = view.snapshot
    if snapshot is None:
        return []
    if view.charted is None:
        shown = [run for run in snapshot.runs[-1:] if comparable(run.experiment, snapshot.experiment)]
    else:
        shown = [run for run in snapshot.runs if run.id in view.charted][-MOST_ON_CHART:]
    return list(zip(shown, view.glyphs.others, strict=False))


def comparable(one: Experiment, other: Experiment) -> bool:
    """Whether their losses mean the same: the same kind of data, and the same way to measure."""
    return one.data == other.data and one.training.loss == other.training.loss


def told_beside(snapshot: Snapshot, run: Run) -> str:
    """What another run has that this one has not, in a few words; its name where that is nothing or too much."""
    words = difference_words(snapshot.experiment, run.experiment)
    if 0 < len(words) <= MOST_WORDS:
        return ", ".join(words)
    if run.name != snapshot.run_name:
        return run.name
    return "as it went before" if snapshot.parent == run.id and snapshot.branched_at is not None else run.name


def run_now(snapshot: Snapshot) -> Run:
    """The run in progress, as it stands, in the form of one that was left."""
    return Run(
        id=snapshot.run, name=snapshot.run_name or title_of(snapshot.experiment), experiment=snapshot.experiment,
        epoch=snapshot.epoch, train_loss=snapshot.train_loss, test_loss=snapshot.test_loss, answers=snapshot.answers,
        collapsed=snapshot.collapsed, losses=snapshot.losses, marks=snapshot.marks, parent=snapshot.parent,
        branched_at=snapshot.branched_at, stopped=_stopped(snapshot),
        diverged=snapshot.blow_up is not None and snapshot.blow_up.lost_at is None,
    )  # fmt: skip


def _stopped(snapshot: Snapshot) -> str:
    """Why the run blew up, or that it ended diverged; empty where neither is so."""
    if snapshot.blow_up is not None and snapshot.blow_up.times is not None:
        return ended_told(snapshot.blow_up.times)
    return snapshot.message if snapshot.status == "stopped" else ""


def same_start(one: Experiment, other: Experiment) -> bool:
    """Whether both began with identical weights."""
    keys = [*DRAWN]
    if one.data.draw_first or other.data.draw_first:
        keys += ["data.kind", "data.count", "data.noise", "data.rows"]
    return all(one[key] == other[key] for key in keys)


def start_sentence(one: Run, other: Run) -> str:
    """What the two have in common at their start, in one sentence."""
    at = one.branched_at if one.parent == other.id else other.branched_at if other.parent == one.id else None
    if at is not None:
        return f"They are one run up to epoch {at:,.4g}: identical weights until there."
    if same_start(one.experiment, other.experiment):
        return f"Both began with identical weights: seed {one.experiment.seed}."
    differ = [key for key in DRAWN if one.experiment[key] != other.experiment[key]] or ["data.draw_first"]
    names = " and ".join(key.rpartition(".")[2].replace("_", " ") for key in differ)
    return f"They began with different weights: another {names}."


def branch_sentence(before: Snapshot, after: Snapshot) -> str:
    """Where something was done in a run's past, what became of the line that it cut off; empty where none was."""
    newer = after.run > max([before.run, *(run.id for run in before.runs)])
    old = next((run for run in after.runs if run.id == before.run), None)
    if old is None or not newer or after.parent != before.run or after.branched_at is None:
        return ""
    return f"The old line stays on the chart: {told_beside(after, old)}."
