"""The lists of runs and of saved runs; and two runs side by side: settings that differ, charts, answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adder_engine.snapshot import Answer
from adder_tui.ui.chart import LABELS, WHOLE, Lens, fine_curve, overlay, smoothed
from adder_tui.ui.line import Line, Role, cut, wrapped
from adder_tui.ui.numbers import aligned, count, number, role_of, signed
from adder_tui.ui.run_state import held_out_age, marked, over_pairs, pairs_marks, shown, sum_text
from adder_tui.ui.run_words import comparable, on_chart, shown_beside, start_sentence
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import RunSummary
    from adder_tui.storage.run_files import RunFile


LEAST_NAME = 18
GAP = 2

Column = tuple[str, list[str], Role]
"""A heading, a text for each run, and what its numbers are."""
WIDE = 100
"""From so many columns on the answers stand beside the chart."""
LEAST_CHART = 6
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
    lines += [Line.of((f" {row}", "text")) for row in wrapped(glyphs.text(said), width - 2)]
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
    columns: list[list[str]] = []
    offs: list[list[float | None]] = []
    for run in pair:
        found = [_find(run, answer) for answer in asked]
        columns.append(aligned([number(a.predicted if a else None, glyphs) for a in found]))
        off = [a.off_by if a else None for a in found]
        offs.append(off)
        columns.append(aligned([glyphs.none if o is None else signed(o, glyphs) for o in off]))
    heads = ("A answers", "off by", "B answers", "off by")
    sizes = [max([len(head), *map(len, column)]) for head, column in zip(heads, columns, strict=True)]
    gap = 3 if first + sum(sizes) + 14 <= width else 1
    header = Line.of((" sum".ljust(first + 1), "band-dim"))
    for head, size in zip(heads, sizes, strict=True):
        header = Line.of(header, (" " * gap + head.rjust(size), "band-dim"))
    lines = [header.fit(width, fill="band-dim")]
    for i, question in enumerate(questions):
        line = Line.of(" " + question.ljust(first))
        for j, (column, size) in enumerate(zip(columns, sizes, strict=True)):
            off_by = offs[j // 2][i]
            role: Role = "strong" if j % 2 == 0 else role_of(off_by) if off_by is not None else "dim"
            line = Line.of(line, (" " * gap + column[i].rjust(size), role))
        lines.append(line.fit(width, glyphs.ellipsis))
    return lines


def _find(run: RunSummary, wanted: Answer) -> Answer | None:
    return next((a for a in run.answers if (a.sum.a, a.sum.b) == (wanted.sum.a, wanted.sum.b)), None)
