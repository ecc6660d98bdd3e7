"""The lists of runs and of saved runs; and two runs side by side: settings that differ, charts, answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adder_engine.snapshot import Answer
from adder_tui.ui.axis import LABELS
from adder_tui.ui.chart import overlay
from adder_tui.ui.curve import fine_curve, smoothed
from adder_tui.ui.lens import WHOLE, Lens
from adder_tui.ui.line import Line, Role, Span, cut
from adder_tui.ui.list_view import GAP, Column, column, head_line, list_lines, said_lines, table_lines
from adder_tui.ui.numbers import aligned, answer_text, count, number, verdict, verdict_name
from adder_tui.ui.run_state import held_out_age, marked, over_pairs, pairs_marks, shown, sum_text
from adder_tui.ui.run_words import comparable, on_chart, shown_beside, start_sentence
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import RunSummary
    from adder_tui.storage.run_files import RunFile


LEAST_NAME = 18
WIDE = 100
"""From so many columns on the answers stand beside the chart."""
LEAST_CHART = 6
MOST_NOTE_SHOWN = 24
"""Characters of a note in the list; the chosen run's stands whole below it."""
ROLES: tuple[Role, Role] = ("accent", "train")


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
    return table_lines("   " + "run".ljust(name_width), names, columns, at, width, height, glyphs)


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
        column("epochs", aligned([count(run.epoch) for run in runs]), "text"),
        column("train loss" + over, aligned(marked([_loss(run, glyphs) for run in runs], marks)), "train"),
        *map(answers, asked[:1]),
    ]
    if any(run.test_loss is not None for run in runs):
        offered.append(column("held-out", aligned([number(run.test_loss, glyphs) for run in runs]), "test"))
    if any(run.note for run in runs):
        notes = [cut(glyphs.text(run.note), MOST_NOTE_SHOWN, glyphs.ellipsis) for run in runs]
        size = max(len("note"), *map(len, notes))
        offered.insert(2, column("note".ljust(size), [note.ljust(size) for note in notes], "dim"))
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
        return "diverged" if run.diverged else "blew up"
    return number(run.train_loss, glyphs)


def _answer(run: RunSummary, wanted: Answer, glyphs: Glyphs) -> str:
    found = _find(run, wanted)
    return number(found.predicted if found else None, glyphs)


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
    if run.note:
        diff = f"“{run.note}” {diff}"
    if run.marks:
        diff += " Done on the way: " + "; ".join(f"{m.text} at epoch {m.epoch:,.4g}" for m in run.marks[-4:]) + "."
    age = "" if run.test_loss is None else held_out_age(run.experiment, run.losses, run.epoch)
    if age:
        diff += f" Its held-out loss was measured last{age.replace(' at', ' at epoch')}."
    if over := over_pairs(run.experiment, glyphs)[0]:
        diff += f" Its train loss is a mean{over}."
    if run.stopped:
        diff += f" {run.stopped}"
    return said_lines(diff, width, "dim", glyphs, lead="")[:height]


def file_lines(files: Sequence[RunFile], at: int, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """A header and a row a file, the chosen one in sight: name, when it was saved, what it is."""
    name = max([12, *(len(file.path.stem) for file in files)])
    name = min(name, max(12, width - 46))

    def row(i: int) -> Line:
        file = files[i]
        stem = cut(glyphs.text(file.path.stem), name, glyphs.ellipsis).ljust(name)
        what: Span = (f"{file.epoch:>6,}  {glyphs.text(file.title)}", "text")
        if file.damaged:
            what = ("damaged, or not a run", "minus")
        return Line.of(f" {stem}", (f"  {file.saved:%Y-%m-%d %H:%M}  ", "dim"), what)

    head = head_line("  " + "name".ljust(name) + "  saved             epochs  run", width)
    return [head, *list_lines(row, len(files), at, width, max(1, height - 1), glyphs)][:height]


def _held_out(run: RunSummary, glyphs: Glyphs) -> str:
    age = "" if run.test_loss is None else held_out_age(run.experiment, run.losses, run.epoch)
    return number(run.test_loss, glyphs) + age


def side_by_side(
    view: ViewState, pair: tuple[RunSummary, RunSummary], width: int, height: int, lens: Lens = WHOLE
) -> list[Line]:
    """The whole comparison in ``height`` rows."""
    glyphs = view.glyphs
    head = _head(pair, width, glyphs)
    answers = _answers(view, pair, width)
    if width >= WIDE:
        answers = _answers(view, pair, width * 3 // 5)
        beside = max(len(line.plain.rstrip()) for line in answers)
        left, rows = width - beside - 2, max(0, height - len(head))
        right = [*answers[:rows], *[Line()] * (rows - len(answers))]
        chart = _chart(pair, left, rows, glyphs, lens)
        return [*head, *(Line.of(a, "  ", b.fit(beside)) for a, b in zip(chart, right, strict=True))][:height]
    if height - len(head) - len(answers) < LEAST_CHART:
        answers = answers[: max(3, height - len(head) - LEAST_CHART)]
    rows = max(0, height - len(head) - len(answers))
    return [*head, *_chart(pair, width, rows, glyphs, lens), *answers][:height]


def _head(pair: tuple[RunSummary, RunSummary], width: int, glyphs: Glyphs) -> list[Line]:
    """Both names, the settings that differ in two columns, and what their starts have in common."""
    one, other = pair
    differ = one.experiment.differences(other.experiment)
    rows: list[tuple[str, str, str]] = [(key, _value(a, glyphs), _value(b, glyphs)) for key, (a, b) in differ.items()]
    if len(rows) > 4:
        rows = [*rows[:3], (f"{len(rows) - 3} more settings", "", "")]
    rows += [
        ("epochs done", count(one.epoch), count(other.epoch)),
        ("train loss", number(one.train_loss, glyphs), number(other.train_loss, glyphs)),
    ]
    if one.test_loss is not None or other.test_loss is not None:
        rows.append(("held-out loss", _held_out(one, glyphs), _held_out(other, glyphs)))
    label = max(len(row[0]) for row in rows) + 3
    column = max(12, min(40, (width - label - 2) // 2))
    names = [
        Line.of((f"{letter} ", role), (glyphs.text(run.name), "strong")).fit(column - 1, glyphs.ellipsis)
        for letter, role, run in zip("AB", ROLES, pair, strict=True)
    ]
    lines = [Line.of(" " * label, names[0], " ", names[1])]
    for key, a, b in rows:
        lines.append(Line.of((f" {key}".ljust(label), "dim"), a.ljust(column), b))
    said = start_sentence(one, other)
    if not differ:
        said = f"Their settings are the same. {said}"
    if not comparable(one.experiment, other.experiment):
        said = f"{said} Their losses do not mean the same."
    lines += said_lines(said, width, "text", glyphs)
    return [line.fit(width, glyphs.ellipsis) for line in lines]


def _value(value: Any, glyphs: Glyphs) -> str:
    """A setting's value; rows of one's own are counted."""
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return f"{len(value)} of its own"
    if isinstance(value, tuple) and not value:
        return glyphs.none
    return glyphs.text(shown(value, glyphs))


def last_epoch(pair: tuple[RunSummary, RunSummary]) -> float:
    """Where the chart's axis ends."""
    return float(max(1, *(run.epoch for run in pair)))


def _chart(pair: tuple[RunSummary, RunSummary], width: int, height: int, glyphs: Glyphs, lens: Lens) -> list[Line]:
    """Both training losses over each other, each with its letter at its end; one that blew up is cut off."""
    span, columns = lens.span(last_epoch(pair)), max(1, width - LABELS)
    curves = []
    for run, letter, role, marker in zip(pair, "AB", ROLES, ("*", "o"), strict=True):
        losses = run.losses
        values = smoothed(losses.epochs, losses.train, lens.smooth) if lens.smooth else losses.train
        drawn = fine_curve(
            losses.epochs, values, columns, span, lens, role, marker if glyphs.ascii else "",
            bold=letter == "A", cut=bool(run.stopped),
        )  # fmt: skip
        if drawn is not None:
            curves.append(replace(drawn, label=letter))
    return overlay(curves, span, lens, width, height, glyphs)


def _answers(view: ViewState, pair: tuple[RunSummary, RunSummary], width: int) -> list[Line]:
    """What both answer to the watched sums, and how far off that is."""
    glyphs = view.glyphs
    asked = view.snapshot.answers if view.snapshot else ()
    questions = [sum_text(answer.sum, view.experiment.wanted.rule, glyphs) for answer in asked]
    first = max([12, *map(len, questions)])
    columns: list[Column] = []
    for letter, run in zip("AB", pair, strict=True):
        found, yes_or_no = [_find(run, answer) for answer in asked], run.experiment.is_yes_or_no
        said = [answer_text(a.predicted if a else None, yes_or_no, glyphs) for a in found]
        offs = [verdict(a.off_by if a else None, yes_or_no, glyphs) for a in found]
        columns += [
            column(f"{letter} answers", said if yes_or_no else aligned(said), "strong"),
            column(verdict_name(yes_or_no), aligned([text for text, _ in offs]),
                   *(role for _, role in offs)),
        ]  # fmt: skip
    gap = 3 if first + sum(one.width for one in columns) + 14 <= width else 1
    names = [Line.of(question.ljust(first)) for question in questions]
    return table_lines("sum".ljust(first), names, columns, -1, width, len(names) + 1, glyphs, gap)


def _find(run: RunSummary, wanted: Answer) -> Answer | None:
    return next((a for a in run.answers if (a.sum.a, a.sum.b) == (wanted.sum.a, wanted.sum.b)), None)
