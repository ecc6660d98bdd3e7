"""A sweep in words, as a table, as a chart, and over two settings as a heat map of the final losses."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Any

from adder_engine.language import tr
from adder_engine.parsing import pair_text
from adder_engine.schema import toml
from adder_tui.ui.axis import LABELS, WHOLE, Lens
from adder_tui.ui.chart import overlay
from adder_tui.ui.curve import Curve, fine_curve, smoothed
from adder_tui.ui.heatmap import SIZES, UNKNOWN, size_legend, size_levels
from adder_tui.ui.line import Line, Role, Span, Tone, cut, roomiest
from adder_tui.ui.list_view import GAP, Column, centred, column, head_line, table_lines
from adder_tui.ui.numbers import aligned, answer_text, number, plural
from adder_tui.ui.phrases import compact
from adder_tui.ui.run_state import marked, over_pairs, pairs_marks, sum_text
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from adder_engine.parsing import Sum
    from adder_engine.snapshot import Snapshot
    from adder_engine.sweep import Sweep, SweepRun, SweepState

LETTERS = "abcdefghijklmnopqrstuvwxyz"
"""What the values' curves are called; those beyond have none."""
RANGE_ROOM = 7
"""Columns of the lowest loss and of the highest, so that both stand beside the median in 80 columns."""
MOST_DRAWN = 12
"""Values with a curve; the chosen one always has one."""
NUMBERED = 9
"""Columns of a cell from which on its loss is written in it."""
WIDEST, NARROWEST = 14, 3
LONGEST_NAME = 20
LEAST_SHARE = 1e-12
"""Losses below this share of the largest are told apart no further."""


def headlines(plan: Sweep, title: str) -> tuple[str, ...]:
    """What is to be trained, in one line: in full, then with fewer words each."""
    runs = plan.state.runs
    epochs = sorted({run.experiment.epochs for run in runs})
    least, most = epochs[0], epochs[-1]
    each = f"{least:,}" if least == most else tr("{least:,} to {most:,}", least=least, most=most)
    seeds = tr(" from {seeds}", seeds=plural(len(plan.seeds), "seed", "seeds"))
    seeds = "" if "seed" in (plan.over, plan.across) else seeds
    across = tr(" by {values:,} of {setting}", values=len(plan.across_values), setting=plan.across)
    across = across if plan.across else ""
    values = plural(len(plan.values), "value", "values")
    bare = tr("{values} of {setting}{across}", values=values, setting=plan.over, across=across)
    trained = f"{bare}{seeds}, {plural(len(runs), 'run', 'runs')}"
    long = tr("{trained} of {each} epochs", trained=trained, each=each)
    return f"{title}: {long}", f"{title}: {trained}", long, trained, bare


def value_text(value: Any) -> str:
    """A value as one would type it: ``2e-5``, ``[2, 8, 1]``, ``tanh``, ``tanh-relu``."""
    if isinstance(value, list | tuple) and value and isinstance(value[0], str):
        return "-".join(value)
    return value if isinstance(value, str) else re.sub(r"e-0(?=\d)", "e-", toml(value))


def runs_of(plan: Sweep, state: SweepState, value: int) -> list[SweepRun]:
    """The runs of the n-th value, in a grid of the n-th pair, seed by seed."""
    seeds = len(state.runs) // len(plan.settings)
    return list(state.runs[value * seeds : (value + 1) * seeds])


def share(state: SweepState) -> float:
    """How much of all epochs is done."""
    whole = sum(run.experiment.epochs for run in state.runs)
    done = sum(run.experiment.epochs if run.done or run.stopped else run.epochs for run in state.runs)
    return done / whole if whole else 1.0


def sweep_table(plan: Sweep, state: SweepState, at: int, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """A header and a row a value: median loss with its range, how many are done or blew up, the median answer."""
    lines = state.lines
    going = [so_far(runs_of(plan, state, i)) for i in range(len(lines))]
    losses = [line.loss if line.loss is not None else now for line, now in zip(lines, going, strict=True)]
    values = [cut(glyphs.text(value_text(line.value)), 20, glyphs.ellipsis) for line in lines]
    seeds = len(state.runs) // len(lines)
    over, marks = pairs_marks([runs_of(plan, state, i)[0].experiment for i in range(len(lines))], glyphs)
    medians = aligned(marked([number(value, glyphs) for value in losses], marks))
    roles: list[Role] = ["dim" if line.loss is None else "text" for line in lines]
    offered = [
        column(tr("median train loss{over}", over=over), medians, *roles),
        column(tr("its range"), [range_text(line.low, line.high, glyphs) for line in lines], "text"),
        column(tr("done"), [f"{line.done}/{seeds}" for line in lines], "text"),
    ]
    if any(line.stopped for line in lines):
        offered.append(column(tr("blew up"), [str(line.stopped or glyphs.none) for line in lines], "text"))
    for i, asked in enumerate(plan.sums):
        question = sum_text(asked, plan.experiment.wanted.rule, glyphs).replace(" ", "")
        offered.append(column(tr("median {sum}", sum=question), median_answers(plan, state, i, glyphs), "text"))
    name = max(len(plan.over), *map(len, values))
    columns: list[Column] = []
    for one in offered:
        if 4 + name + sum(GAP + other.width for other in [*columns, one]) <= width:
            columns.append(one)
    names = [Line.of((f" {letter(i)} ", "accent"), value.ljust(name)) for i, value in enumerate(values)]
    return table_lines("   " + plan.over.ljust(name), names, columns, at, width, height, glyphs)


def median_answers(plan: Sweep, state: SweepState, asked: int, glyphs: Glyphs) -> list[str]:
    """The median answers to one of the sums that are asked, value by value; of a yes or no how likely yes is."""
    asks = [runs_of(plan, state, i)[0].experiment.is_yes_or_no for i in range(len(state.lines))]
    found = [line.answers[asked] if line.answers else None for line in state.lines]
    texts = [answer_text(answer, ask, glyphs) for answer, ask in zip(found, asks, strict=True)]
    return texts if all(asks) else aligned(texts)


def range_text(low: float | None, high: float | None, glyphs: Glyphs) -> str:
    """The lowest loss and the highest; a dash where no run has finished."""
    if low is None or high is None:
        return glyphs.none
    return tr("{low} to {high}", low=compact(low, RANGE_ROOM, glyphs), high=compact(high, RANGE_ROOM, glyphs))


def letter(value: int) -> str:
    """What a value's curve is called."""
    return LETTERS[value] if value < len(LETTERS) else " "


def so_far(runs: Sequence[SweepRun]) -> float | None:
    """The median loss of the runs in progress."""
    losses = [run.loss for run in runs if run.loss is not None and not run.stopped]
    return statistics.median(losses) if losses else None


def seed_line(plan: Sweep, state: SweepState, at: int, seed: int, width: int, glyphs: Glyphs) -> Line:
    """One run of the chosen value in words."""
    runs = runs_of(plan, state, at)
    place = min(seed, len(runs) - 1)
    run = runs[place]
    line = Line.of((tr(" seed "), "dim"), (str(run.seed), "strong"))
    if len(runs) > 1:
        line = Line.of(line, (tr(" ({place} of {runs})", place=place + 1, runs=len(runs)), "dim"))
    if run.stopped:
        return Line.of(line, "  ", (glyphs.text(run.stopped), "minus")).fit(width, glyphs.ellipsis)
    if not run.begun:
        return Line.of(line, (tr("  waits for its turn"), "dim")).fit(width)
    epoch = "" if run.done else tr("epoch {epoch:,}, ", epoch=run.epochs)
    line = Line.of(line, (tr("  {epoch}train loss ", epoch=epoch), "dim"), number(run.loss, glyphs))
    line = Line.of(line, (over_pairs(run.experiment, glyphs)[2], "dim"), (zero_since(run), "strong"))
    for asked, answer in zip(plan.sums, run.answers, strict=True):
        question = sum_text(asked, plan.experiment.wanted.rule, glyphs)
        said = answer_text(answer, run.experiment.is_yes_or_no, glyphs)
        line = Line.of(line, (f"  {question} = ", "dim"), said)
    if run.paused:
        line = Line.of(line, (f"  {glyphs.text(run.paused)}", "dim"))
    return line.fit(width, glyphs.ellipsis)


def zero_since(run: SweepRun) -> str:
    """`` by epoch 120``: where a run's loss was seen to be 0 and stayed so; empty where it is not."""
    if run.loss != 0:
        return ""
    zeros = takewhile(lambda point: point[1] == 0, reversed(run.course))
    return next((tr(" by epoch {epoch:,}", epoch=epoch) for epoch, _ in reversed([*zeros])), "")


def trains_again(run: SweepRun) -> str:
    """What Enter on a row does, while it is done."""
    if not run.begun:
        return tr("This run of the sweep has not begun: here it stands at its start. S goes back to the sweep.")
    to = tr("to epoch {epoch:,}", epoch=run.epochs)
    to = tr("to where it blew up") if run.stopped and run.diverged is None else to
    return tr("Trains this run of the sweep again here, {to}. S goes back to the sweep.", to=to)


def as_in_the_sweep(run: SweepRun, here: Snapshot, sums: Sequence[Sum], glyphs: Glyphs) -> str:
    """Whether a run of the sweep that was trained again has come to the same figures."""
    if not run.begun or run.stopped:
        return "" if run.begun else trains_again(run)
    rule, known = run.experiment.wanted.rule, {(a.sum.a, a.sum.b): a.predicted for a in here.answers}
    offered = [(tr("train loss"), run.loss, here.train_loss)]
    offered += [
        (f"{sum_text(s, rule, glyphs)} =", answer, known.get((s.a, s.b)))
        for s, answer in zip(sums, run.answers, strict=True)
    ]
    pairs = [(name, there, found) for name, there, found in offered if there is not None and found is not None]
    ours = ", ".join(f"{name} {number(found, glyphs)}" for name, _, found in pairs)
    theirs = ", ".join(f"{name} {number(there, glyphs)}" for name, there, _ in pairs)
    start = tr("Trained again to epoch {epoch:,}: {figures}", epoch=run.epochs, figures=ours)
    if all(there == found for _, there, found in pairs):
        return tr("{start}, to the last bit as in the sweep.", start=start)
    if ours == theirs:
        return tr("{start}, in these digits as in the sweep.", start=start)
    return tr("{start}. In the sweep, rounded otherwise side by side: {figures}.", start=start, figures=theirs)


def last_epoch(state: SweepState) -> float:
    """Where the chart's axis ends."""
    return float(max(1, *(run.experiment.epochs for run in state.runs)))


def sweep_chart(
    plan: Sweep, state: SweepState, at: int, seed: int, width: int, height: int, glyphs: Glyphs, lens: Lens = WHOLE
) -> list[Line]:
    """Each value's median loss over the epochs, named by its letter; the chosen value's seeds behind it.

    Of a grid those of the chosen row, named by their columns.

    The medians of values with a run that did not blow up set the scale.
    """
    import numpy as np

    last = last_epoch(state)
    span, columns = lens.span(last), width - LABELS

    def drawn(
        course: Sequence[tuple[int, float]], role: Role, marker: str, label: str = "", **how: bool
    ) -> list[Curve]:
        if not course or columns < 8:
            return []
        points = np.asarray(course, dtype=np.float64)
        losses = smoothed(points[:, 0], points[:, 1], lens.smooth if label else 0)
        return fine_curve(points[:, 0], losses, columns, span, lens, role, marker, label=label, **how)

    curves: list[Curve] = []
    in_a_row = len(plan.across_values) or len(plan.values)
    first = at - at % in_a_row
    for i in [*(i for i in range(first, first + min(in_a_row, MOST_DRAWN)) if i != at), at]:
        runs = runs_of(plan, state, i)
        if i == at and len(runs) > 1:
            for other in runs:
                curves += drawn(other.course, "faint", ":" if glyphs.ascii else "", cut=True)
            curves += drawn(runs[min(seed, len(runs) - 1)].course, "dim", "-" if glyphs.ascii else "", cut=True)
        role: Role = "accent" if i == at else "test"
        name = letter(i - first).strip()
        blew_up = all(run.stopped for run in runs)
        marker = (name or "*") if glyphs.ascii else ""
        curves += drawn(_median_course(runs), role, marker, name, bold=i == at, cut=blew_up)
    return overlay(curves, span, lens, width, height, glyphs)


def _median_course(runs: Sequence[SweepRun]) -> list[tuple[int, float]]:
    """The median loss at each epoch where at least half of the runs were looked at."""
    seen: dict[int, list[float]] = {}
    for run in runs:
        for epoch, loss in run.course:
            seen.setdefault(epoch, []).append(loss)
    most = max(map(len, seen.values()), default=0)
    return [(epoch, statistics.median(found)) for epoch, found in sorted(seen.items()) if 2 * len(found) >= most]


def loss_steps(losses: Sequence[float]) -> tuple[float, ...]:
    """The losses at which the levels 1 to 5 begin: equally far apart on a log scale, between the smallest and largest.

    Each is rounded to as few digits as keep them apart.
    """
    high = max(losses, default=1.0)
    if not high > 0 or not math.isfinite(high):
        high = 1.0
    low = max(min(losses, default=high), high * LEAST_SHARE)
    if low >= high * (1 - 1e-9):  # all alike: one level, the lowest
        return tuple(high * 10.0**k for k in range(1, 6))
    exact = [low * (high / low) ** (k / 6) for k in range(1, 6)]
    for digits in range(1, 8):
        rounded = [float(f"{step:.{digits}g}") for step in exact]
        inside = low < rounded[0] and rounded[-1] <= high
        if inside and all(a < b for a, b in pairwise(rounded)):
            return tuple(rounded)
    return tuple(exact)


def grid_lines(plan: Sweep, state: SweepState, at: int | None, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """A row for each value of the first setting and a column for each of the second, the median losses in the cells.

    Small losses have the emptier characters. Where there is little room a cell is its level alone, and the part of the
    grid around the chosen one is shown.

    Args:
        at: the chosen cell, counted along the rows; None for none.
    """
    import numpy as np

    lines, across = state.lines, len(plan.across_values)
    steps = loss_steps([line.loss for line in lines if line.loss is not None])
    losses = np.array([math.nan if line.loss is None else line.loss for line in lines])
    levels = size_levels(losses, steps).tolist()
    names = [cut(glyphs.text(value_text(value)), LONGEST_NAME, glyphs.ellipsis) for value in plan.values]
    heading = cut(plan.over, LONGEST_NAME, glyphs.ellipsis)
    margin = 1 + max(len(heading), *map(len, names)) + 1
    size = max(NARROWEST, min(WIDEST, (width - margin) // across))
    shown = max(1, min(across, (width - margin) // size))
    row, column = divmod(at or 0, across)
    first = centred(column, shown, across)
    rows = max(1, height - 3)
    top = centred(row, rows, len(plan.values))

    def cell(i: int) -> list[Span]:
        line, mark = lines[i], glyphs.current if i == at else " "
        if levels[i] == UNKNOWN:
            now = so_far(runs_of(plan, state, i))
            text = glyphs.none if now is None or size < NUMBERED else compact(now, size - 3, glyphs)
            role: Role = "dim"
            if line.stopped and line.stopped == len(plan.seeds):
                text, role = tr("blew up") if size >= NUMBERED else "?", "minus"
            return [(mark, "accent"), (text.rjust(size - 2), role), (" ", "text")]
        character = SIZES[levels[i]]
        ground = Tone("size", levels[i], levels[i], marked=True)
        if size < NUMBERED:
            return [(mark, "accent"), (character * (size - 2), ground), (" ", "text")]
        assert line.loss is not None
        some = "!" if line.stopped else " "
        loss = compact(line.loss, size - 4, glyphs).rjust(size - 4)
        return [(mark, "accent"), (f"{character}{loss}{some}", ground), (" ", "text")]

    def title(j: int) -> str:
        name = glyphs.text(value_text(plan.across_values[j]))
        full = name if at is None else f"{letter(j)} {name}".strip()
        return cut(full, size - 1, glyphs.ellipsis).rjust(size - 1) + " "

    spoken = cut(plan.across, shown * size, glyphs.ellipsis)
    drawn = [
        Line.of((" " * margin, "dim"), (spoken, "dim")).fit(width),
        head_line(f" {heading}".ljust(margin) + "".join(title(j) for j in range(first, first + shown)), width),
    ]
    for i in range(top, min(len(plan.values), top + rows)):
        cells = [span for j in range(first, first + shown) for span in cell(i * across + j)]
        drawn.append(Line.of((f" {names[i]}".ljust(margin), "text"), *cells).fit(width))
    legend = size_legend(steps, glyphs, width - 24)
    over = over_pairs(plan.experiment, glyphs)[2]
    ways = (Line.of((tr(" median train loss{over}  ", over=over), "dim"), legend), Line.of(" ", legend))
    return [*drawn, roomiest(width, *ways).fit(width)]


def cell_line(plan: Sweep, state: SweepState, at: int, width: int, glyphs: Glyphs) -> Line:
    """The chosen pair of values, and what became of its runs."""
    line = state.lines[at]
    loss = line.loss if line.loss is not None else so_far(runs_of(plan, state, at))
    done = tr("{done}/{seeds} done", done=line.done, seeds=len(plan.seeds))
    done += tr(", {runs} blew up", runs=line.stopped) if line.stopped else ""
    yes_or_no = runs_of(plan, state, at)[0].experiment.is_yes_or_no
    answers = "".join(
        f", {pair_text(asked.a, asked.b, plan.experiment.wanted.rule)} = {answer_text(answer, yes_or_no, glyphs)}"
        for asked, answer in zip(plan.sums, line.answers, strict=False)
    )
    spread = f" ({range_text(line.low, line.high, glyphs)})" if line.done > 1 else ""
    brief = tr(": loss {loss}, {done}", loss=number(loss, glyphs), done=done)
    sentence = tr(": loss {loss}, {done}", loss=f"{number(loss, glyphs)}{spread}", done=f"{done}{answers}")

    def named(over: str, across: str, words: str) -> Line:
        pair = Line.of((f" {over} ", "dim"), (value_text(line.value), "strong"), (f", {across} ", "dim"))
        return Line.of(pair, (value_text(line.across), "strong"), words)

    over, across = (setting.rpartition(".")[2] for setting in (plan.over, plan.across))  # without their sections
    ways = named(plan.over, plan.across, sentence), named(plan.over, plan.across, brief), named(over, across, brief)
    return roomiest(width, *ways).fit(width, glyphs.ellipsis)
