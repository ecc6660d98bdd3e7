"""Runs in words: which lie on the chart, what sets one apart from this one, what was done by hand on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_engine.runs.labels import MOST_WORDS, difference_words, title_of
from adder_engine.snapshot import RunSummary, ended_text
from adder_tui.selection import Neuron, layout_for, neuron_name
from adder_tui.ui.numbers import count, number, plural
from adder_tui.ui.run_state import shown
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import HistoryMove, InterventionDiff, Snapshot


MOST_ON_CHART = 4
"""Other runs on the chart: as many as it has characters for."""
DRAWN = ("seed", "network.layers", "network.init", "data.draw_first")
"""What the initial weights depend on; with the data drawn first also on how much of it is drawn."""
MOST_NAMED = 3
"""Numbers or neurons that are named one by one."""
HOW = {"forward": tr("Forward"), "back": tr("Back"), "undone": tr("Undone"), "redone": tr("Redone")}


def on_chart(view: ViewState) -> list[tuple[RunSummary, str]]:
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


def shown_beside(snapshot: Snapshot, run: RunSummary) -> str:
    """What another run has that this one has not, in a few words; its name where that is nothing or too much."""
    words = difference_words(snapshot.experiment, run.experiment)
    if 0 < len(words) <= MOST_WORDS:
        return ", ".join(words)
    if run.name != snapshot.run_name:
        return run.name
    return tr("as it went before") if snapshot.parent == run.id and snapshot.branched_at is not None else run.name


def run_now(snapshot: Snapshot) -> RunSummary:
    """The run in progress, as it stands, in the form of one that was left."""
    return RunSummary(
        id=snapshot.run, name=snapshot.run_name or title_of(snapshot.experiment), experiment=snapshot.experiment,
        epoch=snapshot.epoch, train_loss=snapshot.train_loss, test_loss=snapshot.test_loss, answers=snapshot.answers,
        collapsed=snapshot.collapsed, losses=snapshot.losses, marks=snapshot.marks, parent=snapshot.parent,
        branched_at=snapshot.branched_at, stopped=_stopped(snapshot), note=snapshot.note,
        diverged=snapshot.blow_up is not None and snapshot.blow_up.lost_at is None,
    )  # fmt: skip


def _stopped(snapshot: Snapshot) -> str:
    """Why the run blew up, or that it ended diverged; empty where neither is so."""
    if snapshot.blow_up is not None and snapshot.blow_up.times is not None:
        return ended_text(snapshot.blow_up.times, snapshot.blow_up.loss)
    return snapshot.message if snapshot.status == "stopped" else ""


def same_start(one: Experiment, other: Experiment) -> bool:
    """Whether both began with identical weights."""
    keys = [*DRAWN]
    if one.data.draw_first or other.data.draw_first:
        keys += ["data.kind", "data.count", "data.noise", "data.rows"]
    return all(one[key] == other[key] for key in keys)


def start_sentence(*runs: RunSummary) -> str:
    """What runs side by side, called A, B and so on, have in common at their start, in one sentence."""
    one, other = runs[:2]
    if len(runs) == 2 and (at := _parted(one, other)) is not None:
        return tr("They are one run up to epoch {at:,.4g}: identical weights until there.", at=at)
    alike: list[list[int]] = []
    for i, run in enumerate(runs):
        group = next((g for g in alike if same_start(runs[g[0]].experiment, run.experiment)), None)
        if group is None:
            alike.append([i])
        else:
            group.append(i)
    parted = "".join(
        tr(" {one} and {other} are one run up to epoch {at:,.4g}.", one=chr(65 + i), other=chr(65 + j), at=at)
        for i in range(len(runs)) for j in range(i + 1, len(runs))
        if len(runs) > 2 and (at := _parted(runs[i], runs[j])) is not None
    )  # fmt: skip
    if len(alike) == 1:
        seed = one.experiment.seed
        both = tr("Both began with identical weights: seed {seed}.", seed=seed)
        return (both if len(runs) == 2 else tr("All began with identical weights: seed {seed}.", seed=seed)) + parted
    differ = [key for key in DRAWN if len({run.experiment[key] for run in runs}) > 1] or ["data.draw_first"]
    names = tr(" and ").join(key.rpartition(".")[2].replace("_", " ") for key in differ)
    groups = [[chr(65 + i) for i in group] for group in alike if len(group) > 1]
    some = "; ".join(tr("{runs} and {last}", runs=", ".join(group[:-1]), last=group[-1]) for group in groups)
    if not some:
        return tr("They began with different weights: another {names}.", names=names) + parted
    return tr("{some} began with identical weights, others with another {names}.", some=some, names=names) + parted


def _parted(one: RunSummary, other: RunSummary) -> float | None:
    """The epoch up to which one is the other, where one branched off the other."""
    return one.branched_at if one.parent == other.id else other.branched_at if other.parent == one.id else None


def branch_sentence(before: Snapshot, after: Snapshot) -> str:
    """Where something was done in a run's past, what became of the line that it cut off; empty where none was."""
    newer = after.run > max([before.run, *(run.id for run in before.runs)])
    old = next((run for run in after.runs if run.id == before.run), None)
    if old is None or not newer or after.parent != before.run or after.branched_at is None:
        return ""
    return tr("The old line stays on the chart: {run}.", run=shown_beside(after, old))


def move_text(history_move: HistoryMove, snapshot: Snapshot, glyphs: Glyphs) -> str:
    """``Undone: hidden.weight[0, 0] 0.5 → 0.369; back at epoch 412.``

    Args:
        snapshot: of the moment that it led to.
    """
    backwards = history_move.how in ("back", "undone")
    if not history_move.count:
        how, epoch = HOW[history_move.how], count(snapshot.epoch)
        if backwards:
            return tr("{how}: this is the run before, at epoch {epoch}.", how=how, epoch=epoch)
        return tr("{how}: this is the run after it, at epoch {epoch}.", how=how, epoch=epoch)
    sentence = _opening(history_move) + (
        plural(history_move.count, "change made by hand", "changes made by hand") if history_move.diff is None
        else intervention_text(history_move.diff, snapshot, glyphs, backwards)
    )  # fmt: skip
    if history_move.how in ("undone", "redone") and snapshot.epoch != history_move.epoch:
        epoch = count(snapshot.epoch)
        back = snapshot.epoch < history_move.epoch
        sentence += tr("; back at epoch {epoch}", epoch=epoch) if back else tr("; on at epoch {epoch}", epoch=epoch)
    return sentence[0].upper() + sentence[1:] + "."


def _opening(history_move: HistoryMove) -> str:
    if history_move.how in ("undone", "redone"):
        return f"{HOW[history_move.how]}: "
    edit = history_move.diff is not None and history_move.diff.index is not None
    if history_move.diff is None:
        return tr("Back over ") if history_move.how == "back" else tr("On over ")
    return (tr("Back before the ") if history_move.how == "back" else "") + (tr("edit: ") if edit else tr("change: "))


def intervention_text(diff: InterventionDiff, snapshot: Snapshot, glyphs: Glyphs, backwards: bool = False) -> str:
    """``hidden.weight[0, 0] 0.369 → 0.5``, ``h1[2] muted``, ``lr 0.001 → 0.01``; ``backwards`` as it was taken back."""
    layout = layout_for(snapshot.experiment)

    if diff.index is not None:
        before, after = (number(value, glyphs) for value in (diff.values[::-1] if backwards else diff.values))
        return f"{layout.name_of(diff.index)} {before} → {after}"
    parts = []
    for name, pair in diff.experiments[0].differences(diff.experiments[1]).items():
        was, now = (shown(value, glyphs) for value in (pair[::-1] if backwards else pair))
        parts.append(f"{name.rpartition('.')[2].replace('_', ' ')} {was} → {now}")
    frozen, muted = (diff.frozen, diff.muted) if not backwards else (diff.frozen[::-1], diff.muted[::-1])
    for which, what in ((frozen[1] - frozen[0], tr("kept")), (frozen[0] - frozen[1], tr("free again"))):
        names = [layout.name_of(index) for index in sorted(which)]
        parts.append(_named(names, plural(len(names), "number", "numbers"), what))
    for neurons, what in ((muted[1] - muted[0], tr("muted")), (muted[0] - muted[1], tr("awake again"))):
        names = [neuron_name(Neuron(layer + 1, i), snapshot.experiment) for layer, i in sorted(neurons)]
        parts.append(_named(names, plural(len(names), "neuron", "neurons"), what))
    return ", ".join(part for part in parts if part)


def _named(names: list[str], many: str, what: str) -> str:
    """``h1[2] muted``; many are counted; nothing for none."""
    if not names:
        return ""
    return f"{', '.join(names) if len(names) <= MOST_NAMED else many} {what}"
