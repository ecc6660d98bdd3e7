"""Two to four runs side by side: settings that differ, what their starts have in common, charts, answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from adder_engine.language import tr, trn
from adder_tui.runs.draw import find_answer
from adder_tui.ui.axis import LABELS, WHOLE, Lens
from adder_tui.ui.chart import overlay
from adder_tui.ui.curve import Curve, fine_curve, smoothed
from adder_tui.ui.line import Line, Role, beside, cut
from adder_tui.ui.list_view import Column, column, said_lines, table_lines
from adder_tui.ui.numbers import aligned, answer_text, count, number, truth_text, verdict, verdict_name
from adder_tui.ui.run_state import held_out_age, shown, sum_text
from adder_tui.ui.run_words import comparable, start_sentence
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import RunSummary


LETTERS = "ABCD"
ROLES: tuple[Role, ...] = ("accent", "test", "plus", "minus")
MARKERS = "*ox+"
"""What the curves are drawn with in plain ASCII."""
MOST_COMPARED = len(LETTERS)
WIDE = 100
"""From so many columns on the answers stand beside the chart, where that leaves room for it."""
LEAST_CHART = 6
LEAST_COLUMN, MOST_COLUMN = 12, 40
MOST_SETTINGS = 4


def side_by_side(
    view: ViewState, runs: Sequence[RunSummary], width: int, height: int, lens: Lens = WHOLE
) -> list[Line]:
    """The whole comparison in ``height`` rows; of several runs as many as there is room for, and which are left out."""
    glyphs = view.glyphs
    shown = runs[: next(n for n in range(len(runs), 1, -1) if n == 2 or _fits(view, runs[:n], width))]
    head = _head(shown, width, glyphs)
    if left_out := LETTERS[len(shown) : len(runs)]:
        names = tr(" and ").join(left_out)
        said = tr("No room for {names}: Tab brings the next one here, a wider window shows all.", names=names)
        head += [line.fit(width) for line in said_lines(said, width, "minus", glyphs)]
    answers = _answers(view, shown, width)
    if width >= WIDE and (len(shown) == 2 or _answers_width(view, shown) <= width * 3 // 5):
        answers = _answers(view, shown, width * 3 // 5)
        right = max(len(line.plain.rstrip()) for line in answers)
        left, rows = width - right - 2, max(0, height - len(head))
        chart = _chart(shown, left, rows, glyphs, lens)
        return [*head, *(line.fit(width) for line in beside(chart, answers[:rows], left))][:height]
    if height - len(head) - len(answers) < LEAST_CHART:
        answers = answers[: max(3, height - len(head) - LEAST_CHART)]
    rows = max(0, height - len(head) - len(answers))
    return [*head, *_chart(shown, width, rows, glyphs, lens), *answers][:height]


def last_epoch(runs: Sequence[RunSummary]) -> float:
    """Where the chart's axis ends."""
    return float(max(1, *(run.epoch for run in runs)))


def _fits(view: ViewState, runs: Sequence[RunSummary], width: int) -> bool:
    """Whether each run has a column of its own, in the settings and in the answers."""
    label = max(len(row[0]) for row in _rows(runs, view.glyphs, short=True)) + 3
    return label + LEAST_COLUMN * len(runs) <= width and _answers_width(view, runs, offs=False, gap=1) <= width


def _head(runs: Sequence[RunSummary], width: int, glyphs: Glyphs) -> list[Line]:
    """All names, the settings that differ in a column a run, and what their starts have in common."""
    for short in (False, True):
        rows = _rows(runs, glyphs, short)
        label = max(len(row[0]) for row in rows) + 3
        size = min(MOST_COLUMN, (width - label - 2) // len(runs))
        if size >= LEAST_COLUMN:
            break
    size = max(LEAST_COLUMN, size)
    names = [
        Line.of((f"{letter} ", role), (glyphs.text(run.name), "strong")).fit(size - 1, glyphs.ellipsis).fit(size)
        for letter, role, run in zip(LETTERS, ROLES, runs, strict=False)
    ]
    lines = [Line.of(" " * label, *names)]
    for key, *values in rows:
        cells = [cut(value, size - 1, glyphs.ellipsis).ljust(size) for value in values]
        lines.append(Line.of((f" {key}".ljust(label), "dim"), *cells))
    said = start_sentence(*runs)
    if not _differing(runs):
        said = tr("Their settings are the same. {start}", start=said)
    if not all(comparable(runs[0].experiment, run.experiment) for run in runs[1:]):
        said = tr("{start} Their losses do not mean the same.", start=said)
    lines += said_lines(said, width, "text", glyphs)
    return [line.fit(width, glyphs.ellipsis) for line in lines]


def _differing(runs: Sequence[RunSummary]) -> list[str]:
    """The keys in which not all are alike, in the experiment's order."""
    first = runs[0].experiment
    return list(dict.fromkeys(key for run in runs[1:] for key in first.differences(run.experiment)))


def _rows(runs: Sequence[RunSummary], glyphs: Glyphs, short: bool = False) -> list[tuple[str, ...]]:
    """What a row is about, then what each run has there; ``short`` leaves the section before a key away."""
    keys = _differing(runs)
    sentence = keys if len(keys) <= MOST_SETTINGS else keys[: MOST_SETTINGS - 1]
    rows: list[tuple[str, ...]] = [
        (key.rpartition(".")[2] if short else key, *(_value(run.experiment[key], glyphs) for run in runs))
        for key in sentence
    ]
    if more := len(keys) - len(sentence):
        rows.append((trn("{more} more settings", "{more} more settings", more, more=more),))
    rows.append((tr("epochs done"), *(count(run.epoch) for run in runs)))
    rows.append((tr("train loss"), *(number(run.train_loss, glyphs) for run in runs)))
    if any(run.test_loss is not None for run in runs):
        ages = ["" if r.test_loss is None else held_out_age(r.experiment, r.losses, r.epoch) for r in runs]
        losses = (number(run.test_loss, glyphs) + age for run, age in zip(runs, ages, strict=True))
        rows.append((tr("held-out loss"), *losses))
    return rows


def _value(value: Any, glyphs: Glyphs) -> str:
    """A setting's value; rows of one's own are counted."""
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return tr("{rows} of its own", rows=len(value))
    if isinstance(value, tuple) and not value:
        return glyphs.none
    return glyphs.text(shown(value, glyphs))


def _chart(runs: Sequence[RunSummary], width: int, height: int, glyphs: Glyphs, lens: Lens) -> list[Line]:
    """All training losses over each other, each with its letter at its end; one that blew up is cut off."""
    span, columns = lens.span(last_epoch(runs)), max(1, width - LABELS)
    curves: list[Curve] = []
    for run, letter, role, marker in zip(runs, LETTERS, ROLES, MARKERS, strict=False):
        epochs, losses = run.losses.epochs, smoothed(run.losses.epochs, run.losses.train, lens.smooth)
        how = {"bold": letter == "A", "cut": bool(run.stopped)}
        mark = marker if glyphs.ascii else ""
        curves += fine_curve(epochs, losses, columns, span, lens, role, mark, label=letter, **how)
    return overlay(curves, span, lens, width, height, glyphs)


def _columns(view: ViewState, runs: Sequence[RunSummary], offs: bool = True) -> list[Column]:
    """What each run answers to the watched sums, and unless ``offs`` is false how far off that is."""
    glyphs = view.glyphs
    columns: list[Column] = []
    for letter, run in zip(LETTERS, runs, strict=False):
        found = [find_answer(run, answer) for answer in view.snapshot.answers] if view.snapshot else []
        yes_or_no = run.experiment.is_yes_or_no
        said = [answer_text(a.predicted if a else None, yes_or_no, glyphs) for a in found]
        columns.append(column(tr("{run} answers", run=letter), said if yes_or_no else aligned(said), "strong"))
        if offs:
            offs_by = [verdict(a.off_by if a else None, yes_or_no, glyphs) for a in found]
            texts, roles = aligned([text for text, _ in offs_by]), [role for _, role in offs_by]
            columns.append(column(verdict_name(yes_or_no), texts, *roles))
    return columns


def _questions(view: ViewState) -> list[str]:
    asked = view.snapshot.answers if view.snapshot else ()
    return [sum_text(answer.sum, view.experiment.wanted.rule, view.glyphs) for answer in asked]


def _answers_width(view: ViewState, runs: Sequence[RunSummary], offs: bool = True, gap: int = 1) -> int:
    """Columns that the table of answers takes."""
    first = max([12, *map(len, _questions(view))])
    return 2 + first + sum(gap + one.width for one in _columns(view, runs, offs))


def _answers(view: ViewState, runs: Sequence[RunSummary], width: int) -> list[Line]:
    """The table of answers; where there is no room for both, without how far off they are."""
    questions = _questions(view)
    first = max([12, *map(len, questions)])
    offs = len(runs) == 2 or _answers_width(view, runs) <= width
    columns = _columns(view, runs, offs)
    if not offs and view.snapshot:
        yes_or_no = view.experiment.is_yes_or_no
        wanted = [truth_text(answer.wanted, yes_or_no, view.glyphs) for answer in view.snapshot.answers]
        want = column(tr("want"), wanted if yes_or_no else aligned(wanted), "dim")
        if 2 + first + sum(1 + one.width for one in [want, *columns]) <= width:
            columns.insert(0, want)
    gap = 3 if first + sum(one.width for one in columns) + 7 * len(runs) <= width else 1
    names = [Line.of(question.ljust(first)) for question in questions]
    return table_lines("sum".ljust(first), names, columns, -1, width, len(names) + 1, view.glyphs, gap)
