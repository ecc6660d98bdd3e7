"""The data: pairs as a table of which only the rows in sight are drawn, and as a scatter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from adder_engine.language import tr
from adder_engine.wanted import HELD_OUT_SEED
from adder_tui.ui.heatmap import cell, sign_role
from adder_tui.ui.line import Line, Role, Span, joined, roomiest
from adder_tui.ui.list_view import head_line
from adder_tui.ui.numbers import answer_text, count, number, plain_number, plural, truth_text, verdict, verdict_name
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from adder_engine.snapshot import DatasetArrays, Doubles

Colour = Literal["target", "off by"]
MOST_POINTS = 4_000
"""More pairs are thinned evenly for the scatter."""
COLUMNS = ("a", "b", "target", "answer", "off by")
NOISY_COLUMNS = ("a", "b", "target", "wanted", "answer", "off wanted")
"""Where noise parts what is trained towards from what is wanted."""
HEADS = {
    "a": "a", "b": "b", "target": tr("target"), "wanted": tr("wanted"), "answer": tr("answer"),
    "off by": tr("off by"), "off wanted": tr("off wanted"),
}  # fmt: skip
"""The columns as they are headed."""
ROUNDING = 1e-6
"""Targets that come so near to what is wanted, beside the largest, differ by float32's rounding alone."""
CELL = 13
LEAST_CELL = 11
"""Columns that a number takes at least, so that it stands clear of the one before."""
LEAST_BEFORE = 5
"""Columns before a decimal point; where there are few in all, digits behind it give way first."""
LABEL_WIDTH = 9
"""Columns left of the scatter."""


@dataclass(frozen=True)
class Look:
    """What of the data is looked at."""

    held_out: bool = False
    at: int = 0
    """The chosen row."""
    top: int = 0
    colour: Colour = "target"


def pairs_of(data: DatasetArrays, look: Look) -> tuple[Doubles, Doubles]:
    """The pairs ``(n, 2)`` and targets ``(n,)`` that are looked at."""
    return (data.test_inputs, data.test_targets) if look.held_out else (data.inputs, data.targets)


def wanted_of(data: DatasetArrays, look: Look) -> Doubles:
    """The right answers to them ``(n,)``, without noise."""
    return data.test_targets if look.held_out else data.wanted


def is_noisy(data: DatasetArrays, look: Look) -> bool:
    """Whether the targets are others than what is wanted."""
    targets, wanted = pairs_of(data, look)[1], wanted_of(data, look)
    return len(targets) > 0 and abs(targets - wanted).max() > ROUNDING * max(abs(wanted).max(), abs(data.inputs).max())


def close_to(data: DatasetArrays) -> float:
    """An answer that is off by no more counts as right: what the checks call close."""
    from adder_engine.wanted import thresholds

    if data.is_yes_or_no:
        return 0.5
    return thresholds(data.wanted)[0]


def data_table(
    data: DatasetArrays | None, look: Look, answers: Doubles | None, width: int, height: int, glyphs: Glyphs
) -> list[Line]:
    """The rows from ``look.top`` on; ``answers`` are those to them, None while they are awaited."""
    if data is None:
        return [Line.of((tr("  loading{ellipsis}", ellipsis=glyphs.ellipsis), "dim")).fit(width)]
    inputs, targets = pairs_of(data, look)
    right, noisy, near = wanted_of(data, look), is_noisy(data, look), close_to(data)
    index = max(5, len(count(len(targets))) + 2)
    columns: tuple[str, ...] = NOISY_COLUMNS if noisy else COLUMNS
    if noisy and (width - index) // len(columns) < LEAST_CELL:  # the line below tells the chosen row's target
        columns = tuple(name for name in columns if name != "target")
    wide = CELL if width >= index + CELL * len(columns) else (width - index) // len(columns)
    after = max(5, min(7, wide - LEAST_BEFORE))
    heads = [HEADS[name] for name in columns]
    heads = [*heads[:-1], verdict_name(True)] if data.is_yes_or_no else heads
    head = " " * index + "".join(name.rjust(wide - after + 2).ljust(wide) for name in heads)
    lines = [head_line(head, width)]
    for row in range(look.top, min(len(targets), look.top + height - 1)):
        known = answers is not None and row - look.top < len(answers)
        answer = float(answers[row - look.top]) if known and answers is not None else None
        a, b, target, wanted = (float(x) for x in (*inputs[row], targets[row], right[row]))
        off = None if answer is None else answer - wanted
        given = {"a": a, "b": b, "target": target, "wanted": wanted}
        numbers = [*(given[name] for name in columns if name in given), answer]
        before, chosen = wide - after, row == look.at
        shown = cell(off, glyphs, before, after, sign=True)
        if data.is_yes_or_no:
            said = verdict(off, True, glyphs)[0] if off is not None else glyphs.ellipsis
            shown = said.rjust(before + 2).ljust(wide)
        line = Line.of((glyphs.current if chosen else " ", "accent"))
        line = Line.of(line, (count(row).rjust(index - 2) + " ", "chosen" if chosen else "dim"))
        texts = "".join(cell(value, glyphs, before, after) for value in numbers)
        role: Role = "dim" if off is not None and abs(off) <= near else sign_role(off)
        lines.append(Line.of(line, (texts, "chosen" if chosen else "text"), (shown, role)).fit(width))
    return lines


def thinned(pairs: Doubles) -> slice:
    """Evenly spread pairs, few enough for a scatter."""
    return slice(None, None, max(1, math.ceil(len(pairs) / MOST_POINTS)))


def scatter(
    data: DatasetArrays | None, look: Look, answers: Doubles | None, held_out_range: tuple[float, float] | None,
    width: int, height: int, glyphs: Glyphs,
) -> list[Line]:  # fmt: skip
    """The pairs over a and b, each cell the sign of its targets or of its answers' errors.

    Args:
        answers: the network's answers to the :func:`thinned` pairs; None while they are awaited.
        held_out_range: the lowest and the highest input of the held-out sums; None where there are none.
    """
    import numpy as np

    columns, rows = width - LABEL_WIDTH - 1, height - 3
    if data is None or columns < 8 or rows < 4:
        loading = tr("  loading{ellipsis}", ellipsis=glyphs.ellipsis)
        return [Line.of((loading if data is None else "", "dim")).fit(width)]
    inputs, targets = pairs_of(data, look)
    part, near = thinned(inputs), close_to(data)
    pairs, values = inputs[part], targets[part]
    if look.colour == "off by":
        there = answers is not None and len(answers) == len(pairs)
        values = answers - wanted_of(data, look)[part] if there and answers is not None else np.full(len(pairs), np.nan)
    (a_low, a_high), (b_low, b_high) = _span(inputs[:, 0], held_out_range), _span(inputs[:, 1], held_out_range)
    x = np.rint((pairs[:, 0] - a_low) / (a_high - a_low) * (columns - 1)).astype(int)
    y = np.rint((b_high - pairs[:, 1]) / (b_high - b_low) * (rows - 1)).astype(int)
    cells: list[list[Span]] = [[(" ", "text")] * columns for _ in range(rows)]
    if held_out_range is not None:
        _frame(cells, held_out_range, (a_low, a_high), (b_low, b_high), glyphs)
    order = np.argsort(np.abs(np.nan_to_num(values, nan=0.0)), kind="stable")
    strongest = dict(zip((y * columns + x)[order].tolist(), values[order].tolist(), strict=True))  # of a cell: the last
    for place, value in strongest.items():
        cells[place // columns][place % columns] = _point(value, look.colour, near, glyphs)
    if not look.held_out and look.at < len(inputs):
        a, b = float(inputs[look.at, 0]), float(inputs[look.at, 1])
        column = round((a - a_low) / (a_high - a_low) * (columns - 1))
        row = round((b_high - b) / (b_high - b_low) * (rows - 1))
        cells[row][column] = (cells[row][column][0], "chosen")
    framed = held_out_range is not None
    lines = [_legend(look, near, len(pairs), len(inputs), framed, data.is_yes_or_no, glyphs, width)]
    for row, spans in enumerate(cells):
        value = b_high if row == 0 else b_low if row == rows - 1 else None
        label = "" if value is None else plain_number(value, glyphs)
        name = "b" if row == rows // 2 else label
        lines.append(Line.of((name.rjust(LABEL_WIDTH - 1), "dim"), (glyphs.vertical, "faint"), joined(spans)))
    lines.append(Line.of((" " * (LABEL_WIDTH - 1) + glyphs.corner + glyphs.horizontal * columns, "faint")))
    low, high = plain_number(a_low, glyphs), plain_number(a_high, glyphs)
    lines.append(Line.of((" " * LABEL_WIDTH + low + "a".center(columns - len(low) - len(high)) + high, "dim")))
    return [line.fit(width, glyphs.ellipsis) for line in lines]


def _span(values: Doubles, also: tuple[float, float] | None) -> tuple[float, float]:
    """An axis's range with a little air, at round ends."""
    low, high = float(values.min()), float(values.max())
    if also is not None:
        low, high = min(low, also[0]), max(high, also[1])
    air = (high - low) * 0.05 or max(1.0, abs(low) * 0.1)
    grid = 10.0 ** math.floor(math.log10(air))
    return math.floor((low - air) / grid) * grid, math.ceil((high + air) / grid) * grid


def _point(value: float, colour: Colour, near: float, glyphs: Glyphs) -> Span:
    if math.isnan(value):
        return "?", "dim"
    if colour == "off by" and abs(value) <= near:
        return glyphs.times if not glyphs.ascii else ".", "dim"
    if value == 0:
        return "0", "dim"
    return ("+", "plus") if value > 0 else (glyphs.minus, "minus")


def _frame(
    cells: list[list[Span]], held: tuple[float, float], a: tuple[float, float], b: tuple[float, float], glyphs: Glyphs
) -> None:
    columns, rows = len(cells[0]), len(cells)
    left, right = (round((v - a[0]) / (a[1] - a[0]) * (columns - 1)) for v in held)
    bottom, top = (round((b[1] - v) / (b[1] - b[0]) * (rows - 1)) for v in held)
    for column in range(left, right + 1):
        cells[top][column] = cells[bottom][column] = (glyphs.horizontal, "faint")
    for row in range(top, bottom + 1):
        cells[row][left] = cells[row][right] = (glyphs.vertical, "faint")


def _legend(
    look: Look, near: float, shown: int, there: int, framed: bool, yes_or_no: bool, glyphs: Glyphs, width: int
) -> Line:
    right = "." if glyphs.ascii else glyphs.times
    if yes_or_no and look.colour == "target":
        parts: list[Span] = [(tr("  target "), "dim"), ("+", "plus"), (tr(" yes  "), "dim"), ("0", "dim"),
                             (tr(" no"), "dim")]  # fmt: skip
    elif yes_or_no:
        parts = [(tr("  said "), "dim"), ("+", "plus"), (tr(" yes for no  "), "dim"), (glyphs.minus, "minus"),
                 (tr(" no for yes  "), "dim"), (right, "dim"), (tr(" right"), "dim")]  # fmt: skip
    elif look.colour == "target":
        parts = [(tr("  target "), "dim"), ("+", "plus"), (tr(" above 0  "), "dim"), (glyphs.minus, "minus"),
                             (tr(" below"), "dim")]  # fmt: skip
    else:
        within = tr(" within {distance}", distance=plain_number(near, glyphs))
        parts = [(tr("  off by "), "dim"), ("+", "plus"), (tr(" too high  "), "dim"), (glyphs.minus, "minus"),
                 (tr(" too low  "), "dim"), (right, "dim"), (within, "dim")]  # fmt: skip
    corner = f"   {glyphs.horizontal}{glyphs.vertical} "
    frame, short = (corner + tr("held-out range"), corner + tr("held-out")) if framed else ("", "")
    drawn = tr("   {pairs} drawn", pairs=count(shown)) if shown < there else ""
    line = Line(tuple(parts))
    ways = (frame + drawn, short + drawn, short, "")
    return roomiest(width, *(Line.of(line, (words, "faint")) for words in ways))


def data_heading(data: DatasetArrays | None, look: Look, own: bool, glyphs: Glyphs) -> Line:
    """What the data is and how much of it there is."""
    line = Line.of((tr(" Data"), "strong"))
    if data is None:
        return line
    n, m = len(data.targets), len(data.test_targets)
    rows = plural(n, "row", "rows") if own else plural(n, "pair", "pairs")
    trained: Span = (tr("   {rows} to train on", rows=rows), "dim" if look.held_out else "accent")
    drawn = tr(", drawn by seed {seed}", seed=HELD_OUT_SEED) if own else ""
    held: Span = (tr("   {rows} held out{drawn}", rows=count(m), drawn=drawn), "accent" if look.held_out else "dim")
    return Line.of(line, trained, held if m else (tr("   nothing held out"), "dim"))


def chosen_pair(data: DatasetArrays | None, look: Look, answer: float | None, glyphs: Glyphs) -> Line:
    """The chosen row in words."""
    if data is None:
        return Line()
    inputs, targets = pairs_of(data, look)
    if look.at >= len(targets):
        return Line.of((tr(" nothing is held out"), "dim"))
    a, b, target = float(inputs[look.at, 0]), float(inputs[look.at, 1]), float(targets[look.at])
    aim = truth_text(target, True, glyphs) if data.is_yes_or_no else number(target, glyphs)
    words = tr(" row {row}: {a} and {b}, target {target}",
               row=count(look.at), a=number(a, glyphs), b=number(b, glyphs), target=aim)  # fmt: skip
    if is_noisy(data, look):
        words += tr(", wanted {wanted}", wanted=number(float(wanted_of(data, look)[look.at]), glyphs))
    said = "" if answer is None else tr(", answer {answer}", answer=answer_text(answer, data.is_yes_or_no, glyphs))
    return Line.of((words, "text"), (said, "text"))
