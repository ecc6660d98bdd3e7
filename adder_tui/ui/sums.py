"""The watched sums as a table, and what the network has learned as a formula."""

from __future__ import annotations

import math
from collections.abc import Sequence

from adder_engine.parsing import Sum
from adder_engine.snapshot import Answer
from adder_tui.ui.line import Line, Role
from adder_tui.ui.numbers import aligned, number, plain_number, role_of, signed
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

LEAST_BAR, FULL_BAR = 0.01, 1e6
"""A difference of the one size begins to show in the bar, one of the other fills its half."""


def sum_text(question: Sum, rule: str, glyphs: Glyphs) -> str:
    """``130 + −30``, by what is wanted ``130 − −30``, ``130 · −30``, or ``130, −30`` where rows have own targets."""
    between = {"sum": " + ", "difference": f" {glyphs.minus} ", "product": f" {glyphs.times} ", "rows": ", "}[rule]
    return f"{plain_number(question.a, glyphs)}{between}{plain_number(question.b, glyphs)}"


def picked(answers: tuple[Answer, ...], asked: Answer, rows: int) -> tuple[Answer, ...]:
    """As many answers as there are rows: the first ones, and of what was asked later the newest."""
    if len(answers) <= rows:
        return answers
    current = next((a for a in answers if _same(a, asked)), answers[-1])
    kept = answers[: max(0, rows - 1)]
    return (*kept, answers[-1] if current in kept else current)[:rows]


def watched_sums(view: ViewState, width: int, height: int) -> list[Line]:
    """A header and a row for each watched sum: answer, truth, off by, and that difference as a bar."""
    glyphs = view.glyphs
    snapshot = view.snapshot
    answers = picked(snapshot.answers, snapshot.asked, height - 1) if snapshot else ()
    sums = [sum_text(a.sum, view.experiment.wanted.rule, glyphs) for a in answers]
    columns: dict[str, list[str]] = {
        "answer": aligned([number(a.predicted, glyphs) for a in answers]),
        "truth": aligned([glyphs.none if a.wanted is None else plain_number(a.wanted, glyphs) for a in answers]),
        "off by": aligned([glyphs.none if a.off_by is None else signed(a.off_by, glyphs) for a in answers]),
    }
    sum_width = max([18, *(len(text) + 2 for text in sums)])
    widths = {name: max([9, *map(len, column)]) for name, column in columns.items()}
    room = width - sum_width - sum(widths.values()) - 3 * len(widths) - 4
    bar = room if room >= 9 else 0
    lines = [_header([("  sum", sum_width), *widths.items()], width, bar, glyphs)]
    for row, answer in enumerate(answers):
        current = snapshot is not None and _same(answer, snapshot.asked)
        line = Line.of(
            (glyphs.current if current else " ", "accent"),
            (" " + sums[row].ljust(sum_width - 2), "strong" if current else "text"),
        )
        off = answer.off_by
        roles: dict[str, Role] = {"answer": "strong", "truth": "dim", "off by": "dim" if off is None else role_of(off)}
        for name, column in columns.items():
            line = Line.of(line, "   ", (column[row].rjust(widths[name]), roles[name]))
        if bar and off is not None:
            line = Line.of(line, "   ", difference_bar(off, bar, glyphs))
        lines.append(line.fit(width, glyphs.ellipsis))
    return lines[:height]


def _same(one: Answer, other: Answer) -> bool:
    return (one.sum.a, one.sum.b) == (other.sum.a, other.sum.b)


def _header(columns: Sequence[tuple[str, int]], width: int, bar: int, glyphs: Glyphs) -> Line:
    (first, first_width), *rest = columns
    line = Line.of((first.ljust(first_width) + "".join("   " + name.rjust(size) for name, size in rest), "band-dim"))
    if bar >= 15:
        half = (bar - 1) // 2
        line = Line.of(line, (f"   {glyphs.minus:>{half - 1}} 0 +".ljust(bar + 3), "band-dim"))
    return line.fit(width, glyphs.ellipsis, fill="band-dim")


def difference_bar(value: float, width: int, glyphs: Glyphs) -> Line:
    """A bar from the middle, to the right for plus and to the left for minus; its length goes by the logarithm."""
    half = (width - 1) // 2
    size = min(abs(value), FULL_BAR) if math.isfinite(value) else FULL_BAR
    share = math.log1p(size / LEAST_BAR) / math.log1p(FULL_BAR / LEAST_BAR)
    length = round(share * half)
    left, right = (length, 0) if value < 0 else (0, length)
    return Line.of(
        " " * (half - left), (glyphs.block * left, "minus"), (glyphs.centre, "faint"), (glyphs.block * right, "plus"),
        " " * (half - right),
    )  # fmt: skip


def learned(view: ViewState, width: int) -> list[Line]:
    """The collapsed map above the map that is wanted, term under term; bent networks have no such map."""
    glyphs = view.glyphs
    goal, activation = view.experiment.wanted, view.experiment.network.activation
    if activation != "none":
        bent = f"bends with {activation.replace('_', ' ')}: no one formula holds everywhere"
        top = Line.of(("  f(a,b) =  ", "dim"), bent)
        return [top.fit(width, glyphs.ellipsis), _wanted(goal.rule, glyphs).fit(width, glyphs.ellipsis)]
    snapshot = view.snapshot
    found = snapshot.collapsed if snapshot else None
    have = (found.w_a, found.w_b, found.c) if found else (None, None, None)
    top = Line.of(("  f(a,b) =  ", "dim"))
    bottom = Line.of(("  want      ", "dim"))
    for value, want, name in zip(have, goal.map or (None,) * 3, ("a", "b", ""), strict=True):
        first = name == "a"
        shown = aligned([_size(value, first, glyphs), _size(want, first, glyphs)])
        suffix = f"{glyphs.times}{name}" if name else ""
        term = shown[1].rstrip() + suffix
        operators = ["" if first else f" {_operator(v, glyphs)} " for v in (value, want)]
        top = Line.of(top, (operators[0], "dim"), (shown[0], "strong" if value is not None else "dim"), (suffix, "dim"))
        bottom = Line.of(bottom, ((operators[1] + term).ljust(len(operators[0] + shown[0] + suffix)), "dim"))
    if goal.map is None:
        bottom = _wanted(goal.rule, glyphs)
    return [top.fit(width, glyphs.ellipsis), bottom.fit(width, glyphs.ellipsis)]


def wanted_words(rule: str, glyphs: Glyphs) -> str:
    """The right answer as a formula: ``1·a + 1·b + 0``; of rows with targets of their own no formula is known."""
    dot = glyphs.times
    return {
        "sum": f"1{dot}a + 1{dot}b + 0", "difference": f"1{dot}a {glyphs.minus} 1{dot}b + 0", "product": f"a{dot}b",
        "rows": "the targets of the rows: no formula is known for them",
    }[rule]  # fmt: skip


def _wanted(rule: str, glyphs: Glyphs) -> Line:
    return Line.of((f"  want      {wanted_words(rule, glyphs)}", "dim"))


def _size(value: float | None, signed: bool, glyphs: Glyphs) -> str:
    """The number, its sign left to the operator before it unless it is the first."""
    if value is None:
        return glyphs.none
    text = plain_number(value, glyphs) if value in (0.0, 1.0, -1.0) else number(value, glyphs)
    return text if signed else text.removeprefix(glyphs.minus)


def _operator(value: float | None, glyphs: Glyphs) -> str:
    return glyphs.minus if value is not None and value < 0 else "+"
