"""The lists of runs and of saved runs, and what was done by hand, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adder_engine.snapshot import Answer
from adder_tui.selection import Neuron, layout_for, neuron_name
from adder_tui.train.draw_chart import on_chart, shown_beside
from adder_tui.train.readout import held_out_age
from adder_tui.ui.line import Line, Role, cut, wrapped
from adder_tui.ui.losses import marked, over_pairs, pairs_marks
from adder_tui.ui.numbers import aligned, count, number, plural
from adder_tui.ui.run_state import shown
from adder_tui.ui.sums import sum_text
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import HistoryMove, InterventionDiff, RunSummary, Snapshot
    from adder_tui.storage.saved_runs import RunFile


LEAST_NAME = 18
GAP = 2

Column = tuple[str, list[str], Role]
"""A heading, a text for each run, and what its numbers are."""
MOST_NAMED = 3
"""Numbers or neurons that are named one by one."""


def runs_lines(
    view: ViewState, runs: Sequence[RunSummary], at: int, picked: Sequence[int], width: int, height: int
) -> list[Line]:
    """A header and a row a run, the chosen one in sight; below, where there is room, the chosen one's settings.

    Args:
        runs: the run in progress first.
        at: which of them is chosen.
        picked: ids of those picked to be set side by side.
    """
    glyphs, snapshot = view.glyphs, view.snapshot
    assert snapshot is not None
    columns, name_width = _columns(view, runs, width)
    charted = {run.id: marker for run, marker in on_chart(view)}
    header = Line.of(("    " + "run".ljust(name_width), "band-dim"))
    for heading, texts, _ in columns:
        header = Line.of(header, (" " * GAP + heading.rjust(len(texts[0])), "band-dim"))
    rows = max(1, height - 1)
    first = max(0, min(at - rows // 2, len(runs) - rows))
    lines = [header.fit(width, fill="band-dim")]
    for index in range(first, min(len(runs), first + rows)):
        run = runs[index]
        chosen: Role | None = "chosen" if index == at else None
        marker = charted.get(run.id, " ")
        picks = glyphs.kept if run.id in picked else " "
        name = f"{_name(view, run)}"
        line = Line.of(
            (glyphs.current if index == at else " ", chosen or "text"), (picks, chosen or "accent"),
            (f"{marker} ", chosen or "dim"),
            (cut(name, name_width, glyphs.ellipsis).ljust(name_width), chosen or "text"),
        )  # fmt: skip
        for _, texts, role in columns:
            line = Line.of(line, (" " * GAP + texts[index], chosen or role))
        lines.append(line.fit(width, fill=chosen or "text"))
    return lines


def _columns(view: ViewState, runs: Sequence[RunSummary], width: int) -> tuple[list[Column], int]:
    """The columns that fit, and what is left for the names."""
    glyphs = view.glyphs
    asked = view.snapshot.answers if view.snapshot else ()
    columns: list[Column] = []
    over, marks = pairs_marks([run.experiment for run in runs], glyphs)
    offered: list[Column] = [
        _column("epochs", [count(run.epoch) for run in runs], "text"),
        _column("train loss" + over, marked([_loss(run, glyphs) for run in runs], marks), "train"),
        *(
            _column(
                sum_text(answer.sum, view.experiment.wanted.rule, glyphs).replace(" ", ""),
                [_answer(run, answer, glyphs) for run in runs], "text",
            )
            for answer in asked[:1]
        ),
    ]  # fmt: skip
    if any(run.test_loss is not None for run in runs):
        offered.append(_column("held-out", [number(run.test_loss, glyphs) for run in runs], "test"))
    offered += [
        _column(
            sum_text(answer.sum, view.experiment.wanted.rule, glyphs).replace(" ", ""),
            [_answer(run, answer, glyphs) for run in runs], "text",
        )
        for answer in [*asked[3:4], *asked[1:3], *asked[4:]]
    ]  # fmt: skip
    wanted = max(LEAST_NAME, min(34, max(len(_name(view, run)) for run in runs)))
    taken = 4
    for column in offered:
        needed = GAP + len(column[1][0])
        if taken + needed + (wanted if len(columns) >= 3 else LEAST_NAME) > width:
            break
        columns.append(column)
        taken += needed
    return columns, min(wanted, width - taken)


def _column(heading: str, texts: list[str], role: Role) -> Column:
    padded = aligned(texts)
    size = max(len(heading), *map(len, padded))
    return heading, [text.rjust(size) for text in padded], role


def _loss(run: RunSummary, glyphs: Glyphs) -> str:
    if run.stopped:
        return "diverged" if run.diverged else "blew up"
    return number(run.train_loss, glyphs)


def _answer(run: RunSummary, wanted: Answer, glyphs: Glyphs) -> str:
    found = (a.predicted for a in run.answers if (a.sum.a, a.sum.b) == (wanted.sum.a, wanted.sum.b))
    return number(next(found, None), glyphs)


def _name(view: ViewState, run: RunSummary) -> str:
    """The run in progress by its own name, the others by what differs from it."""
    snapshot = view.snapshot
    assert snapshot is not None
    return view.glyphs.text(f"{run.name} (now)" if run.id == snapshot.run else shown_beside(snapshot, run))


def run_text(view: ViewState, run: RunSummary, width: int, height: int) -> list[Line]:
    """The chosen run in words: where it comes from, what was done on its way, why it ended."""
    snapshot, glyphs = view.snapshot, view.glyphs
    assert snapshot is not None
    if run.id == snapshot.run:
        diff = f"The run in progress: {run.name}."
    elif run.branched_at is not None:
        diff = f"{run.name}, branched off at epoch {run.branched_at:,.4g}."
    else:
        diff = f"{run.name}."
    if run.marks:
        diff += " Done on the way: " + "; ".join(f"{m.text} at epoch {m.epoch:,.4g}" for m in run.marks[-4:]) + "."
    age = "" if run.test_loss is None else held_out_age(run.experiment, run.losses, run.epoch)
    if age:
        diff += f" Its held-out loss was measured last{age.replace(' at', ' at epoch')}."
    if over := over_pairs(run.experiment, glyphs)[0]:
        diff += f" Its train loss is a mean{over}."
    if run.stopped:
        diff += f" {run.stopped}"
    return [Line.of((row, "dim")).fit(width) for row in wrapped(glyphs.text(diff), width)][:height]


def move_text(crossing: HistoryMove, snapshot: Snapshot, glyphs: Glyphs) -> str:
    """``Undone: hidden.weight[0, 0] 0.5 → 0.369; back at epoch 412.``

    Args:
        snapshot: of the moment that it led to.
    """
    backwards = crossing.how in ("back", "undone")
    if not crossing.count:
        which = "the run before" if backwards else "the run after it"
        return f"{crossing.how.capitalize()}: this is {which}, at epoch {count(snapshot.epoch)}."
    sentence = _opening(crossing) + (
        plural(crossing.count, "change") + " made by hand" if crossing.diff is None
        else intervention_text(crossing.diff, snapshot, glyphs, backwards)
    )  # fmt: skip
    if crossing.how in ("undone", "redone") and snapshot.epoch != crossing.epoch:
        sentence += f"; {'back' if snapshot.epoch < crossing.epoch else 'on'} at epoch {count(snapshot.epoch)}"
    return sentence[0].upper() + sentence[1:] + "."


def _opening(crossing: HistoryMove) -> str:
    if crossing.how in ("undone", "redone"):
        return f"{crossing.how.capitalize()}: "
    edit = crossing.diff is not None and crossing.diff.index is not None
    if crossing.diff is None:
        return "Back over " if crossing.how == "back" else "On over "
    return ("Back before the " if crossing.how == "back" else "") + ("edit: " if edit else "change: ")


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
    frozen, silenced = (diff.frozen, diff.silenced) if not backwards else (diff.frozen[::-1], diff.silenced[::-1])
    for which, words in ((frozen[1] - frozen[0], "kept"), (frozen[0] - frozen[1], "free again")):
        parts.append(_named([layout.name_of(index) for index in sorted(which)], "numbers", words))
    for neurons, words in ((silenced[1] - silenced[0], "muted"), (silenced[0] - silenced[1], "awake again")):
        names = [neuron_name(Neuron(layer + 1, i), snapshot.experiment) for layer, i in sorted(neurons)]
        parts.append(_named(names, "neurons", words))
    return ", ".join(part for part in parts if part)


def _named(names: list[str], kind: str, words: str) -> str:
    """``h1[2] muted``; many are counted; nothing for none."""
    if not names:
        return ""
    return f"{', '.join(names) if len(names) <= MOST_NAMED else f'{count(len(names))} {kind}'} {words}"


def file_lines(files: Sequence[RunFile], at: int, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """A header and a row a file, the chosen one in sight: name, when it was saved, what it is."""
    name = max([12, *(len(file.path.stem) for file in files)])
    name = min(name, max(12, width - 46))
    lines = [
        Line.of(("  " + "name".ljust(name) + "  saved             epochs  run", "band-dim")).fit(width, fill="band-dim")
    ]
    rows = max(1, height - 1)
    first = max(0, min(at - rows // 2, len(files) - rows))
    for i in range(first, min(len(files), first + rows)):
        file = files[i]
        chosen: Role | None = "chosen" if i == at else None
        stem = glyphs.text(file.path.stem)
        stem = stem if len(stem) <= name else stem[: name - 1] + glyphs.ellipsis
        line = Line.of(
            (f"{glyphs.current if i == at else ' '} ", chosen or "text"), (stem.ljust(name), chosen or "text"),
            (f"  {file.saved:%Y-%m-%d %H:%M}  ", chosen or "dim"),
        )  # fmt: skip
        if file.damaged:
            line = Line.of(line, ("damaged, or not a run", chosen or "minus"))
        else:
            line = Line.of(line, (f"{file.epoch:>6,}  {glyphs.text(file.title)}", chosen or "text"))
        lines.append(line.fit(width, glyphs.ellipsis, fill=chosen or "text"))
    return lines[:height]
