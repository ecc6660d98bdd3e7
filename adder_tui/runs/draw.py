"""The lists of runs and of saved runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_engine.snapshot import Answer
from adder_tui.ui.line import Line, Span, cut
from adder_tui.ui.list_view import GAP, Column, column, head_line, list_lines, said_lines, table_lines
from adder_tui.ui.numbers import aligned, answer_text, count, number
from adder_tui.ui.run_state import held_out_measured, marked, over_pairs, pairs_marks, sum_text
from adder_tui.ui.run_words import on_chart, shown_beside
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import RunSummary
    from adder_tui.storage.run_files import RunFile


LEAST_NAME = 18
MOST_NOTE_SHOWN = 24
"""Characters of a note in the list; the chosen run's stands whole below it."""


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
    names = [
        Line.of(
            (glyphs.kept if run.id in picked else " ", "accent"), (f"{charted.get(run.id, ' ')} ", "dim"),
            cut(_name(view, run), name_width, glyphs.ellipsis).ljust(name_width),
        )
        for run in runs
    ]  # fmt: skip
    return table_lines("   " + tr("run").ljust(name_width), names, columns, at, width, height, glyphs)


def _columns(view: ViewState, runs: Sequence[RunSummary], width: int) -> tuple[list[Column], int]:
    """The columns that fit, and what is left for the names."""
    glyphs = view.glyphs
    asked = view.snapshot.answers if view.snapshot else ()
    columns: list[Column] = []
    over, marks = pairs_marks([run.experiment for run in runs], glyphs)

    def answers(asked: Answer) -> Column:
        heading = sum_text(asked.sum, view.experiment.wanted.rule, glyphs).replace(" ", "")
        return column(heading, aligned([_answer(run, asked, glyphs) for run in runs]), "text")

    offered = [
        column(tr("epochs"), aligned([count(run.epoch) for run in runs]), "text"),
        column(tr("train loss") + over, aligned(marked([_loss(run, glyphs) for run in runs], marks)), "train"),
        *map(answers, asked[:1]),
    ]
    if any(run.test_loss is not None for run in runs):
        offered.append(column(tr("held-out"), aligned([number(run.test_loss, glyphs) for run in runs]), "test"))
    if any(run.note for run in runs):
        notes = [cut(glyphs.text(run.note), MOST_NOTE_SHOWN, glyphs.ellipsis) for run in runs]
        size = max(len(tr("note")), *map(len, notes))
        offered.insert(2, column(tr("note").ljust(size), [note.ljust(size) for note in notes], "dim"))
    offered += map(answers, [*asked[3:4], *asked[1:3], *asked[4:]])
    wanted = max(LEAST_NAME, min(34, max(len(_name(view, run)) for run in runs)))
    taken = 4
    for one in offered:
        needed = GAP + one.width
        if taken + needed + (wanted if len(columns) >= 3 else LEAST_NAME) > width:
            break
        columns.append(one)
        taken += needed
    return columns, min(wanted, width - taken)


def _loss(run: RunSummary, glyphs: Glyphs) -> str:
    if run.stopped:
        return tr("diverged") if run.diverged else tr("blew up")
    return number(run.train_loss, glyphs)


def _answer(run: RunSummary, wanted: Answer, glyphs: Glyphs) -> str:
    found = find_answer(run, wanted)
    return answer_text(found.predicted if found else None, run.experiment.is_yes_or_no, glyphs)


def find_answer(run: RunSummary, wanted: Answer) -> Answer | None:
    """What a run answers to a watched sum; None where it was not asked."""
    return next((a for a in run.answers if (a.sum.a, a.sum.b) == (wanted.sum.a, wanted.sum.b)), None)


def _name(view: ViewState, run: RunSummary) -> str:
    """The run in progress by its own name, the others by what differs from it."""
    snapshot = view.snapshot
    assert snapshot is not None
    now = run.id == snapshot.run
    return view.glyphs.text(tr("{run} (now)", run=run.name) if now else shown_beside(snapshot, run))


def run_text(view: ViewState, run: RunSummary, width: int, height: int) -> list[Line]:
    """The chosen run in words: where it comes from, what was done on its way, why it ended."""
    snapshot, glyphs = view.snapshot, view.glyphs
    assert snapshot is not None
    if run.id == snapshot.run:
        diff = tr("The run in progress: {run}.", run=run.name)
    elif run.branched_at is not None:
        diff = tr("{run}, branched off at epoch {epoch:,.4g}.", run=run.name, epoch=run.branched_at)
    else:
        diff = f"{run.name}."
    if run.note:
        diff = f"“{run.note}” {diff}"
    if run.marks:
        marks = (tr("{mark} at epoch {epoch:,.4g}", mark=mark.text, epoch=mark.epoch) for mark in run.marks[-4:])
        diff += tr(" Done on the way: {marks}.", marks="; ".join(marks))
    measured = None if run.test_loss is None else held_out_measured(run.experiment, run.losses, run.epoch)
    if measured is not None:
        diff += tr(" Its held-out loss was measured last at epoch {epoch}.", epoch=count(measured))
    if over := over_pairs(run.experiment, glyphs)[0]:
        diff += tr(" Its train loss is a mean{over}.", over=over)
    if run.stopped:
        diff += f" {run.stopped}"
    lines = said_lines(diff, width, "dim", glyphs, lead="")
    if len(lines) > height:
        lines[height - 1 :] = [Line.of(lines[height - 1], " ", lines[height]).fit(width, glyphs.ellipsis)]
    return lines


def file_lines(files: Sequence[RunFile], at: int, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """A header and a row a file, the chosen one in sight: name, when it was saved, what it is."""
    name = max([12, *(len(file.path.stem) for file in files)])
    name = min(name, max(12, width - 46))

    def row(i: int) -> Line:
        file = files[i]
        stem = cut(glyphs.text(file.path.stem), name, glyphs.ellipsis).ljust(name)
        what: Span = (f"{file.epoch:>6,}  {glyphs.text(file.title)}", "text")
        if file.damaged:
            what = (tr("damaged, or not a run"), "minus")
        return Line.of(f" {stem}", (f"  {file.saved:%Y-%m-%d %H:%M}  ", "dim"), what)

    heads = f"  {tr('name'):<{name}}  {tr('saved'):<16}  {tr('epochs'):>6}  {tr('run')}"
    head = head_line(heads, width)
    return [head, *list_lines(row, len(files), at, width, max(1, height - 1), glyphs)][:height]
