"""Two runs side by side: settings that differ, charts over each other, answers to the watched sums."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adder_tui.train.draw_chart import comparable, start_sentence
from adder_tui.train.readout import held_out_age
from adder_tui.ui.chart import LABEL_WIDTH, fine_curve, overlay
from adder_tui.ui.line import Line, Role, wrapped
from adder_tui.ui.numbers import aligned, count, number, role_of, signed
from adder_tui.ui.run_state import shown
from adder_tui.ui.sums import sum_text
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import Answer, RunSummary

WIDE = 100
"""From so many columns on the answers stand beside the chart."""
LEAST_CHART = 6
ROLES: tuple[Role, Role] = ("accent", "train")


def _held_out(run: RunSummary, glyphs: Glyphs) -> str:
    age = "" if run.test_loss is None else held_out_age(run.experiment, run.losses, run.epoch)
    return number(run.test_loss, glyphs) + age


def side_by_side(view: ViewState, pair: tuple[RunSummary, RunSummary], width: int, height: int) -> list[Line]:
    """The whole comparison in ``height`` rows."""
    glyphs = view.glyphs
    head = _head(pair, width, glyphs)
    answers = _answers(view, pair, width)
    if width >= WIDE:
        answers = _answers(view, pair, width * 3 // 5)
        beside = max(len(line.plain.rstrip()) for line in answers)
        left, rows = width - beside - 2, max(0, height - len(head))
        right = [*answers[:rows], *[Line()] * (rows - len(answers))]
        chart = _chart(pair, left, rows, glyphs)
        return [*head, *(Line.of(a, "  ", b.fit(beside)) for a, b in zip(chart, right, strict=True))][:height]
    if height - len(head) - len(answers) < LEAST_CHART:
        answers = answers[: max(3, height - len(head) - LEAST_CHART)]
    rows = max(0, height - len(head) - len(answers))
    return [*head, *_chart(pair, width, rows, glyphs), *answers][:height]


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


def _chart(pair: tuple[RunSummary, RunSummary], width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """Both training losses over each other, each with its letter at its end."""
    last = float(max(1, *(run.epoch for run in pair)))
    curves = []
    for run, letter, role, marker in zip(pair, "AB", ROLES, ("*", "o"), strict=True):
        losses = run.losses
        drawn = fine_curve(losses.epochs, losses.train, width - LABEL_WIDTH, last, role, marker if glyphs.ascii else "")
        if drawn is not None:
            curves.append(replace(drawn, label=letter))
    return overlay(curves, last, width, height, glyphs)


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
