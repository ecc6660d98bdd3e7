"""The proof against PyTorch and the gradient check, as lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from adder_engine.snapshot import GradientCheck, Nudge, Proof
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, Role, wrapped
from adder_tui.render.numbers import aligned, count, number, plain_number, plural

POOR = 0.05
"""From this relative error on an estimate is marked."""


def proof_lines(proof: Proof, glyphs: Glyphs, width: int) -> list[Line]:
    """The verdict in words, then tensor by tensor the largest difference beside what rounding allows."""
    verdict, role = _verdict(proof)
    lines = [Line.of((row, role)) for row in wrapped(glyphs.text(verdict), width)]
    if not proof.lines:
        return lines
    lines += [
        Line(),
        Line.of((f"{'tensor':<18}{'what':<17}{'largest':>11}{'allowed':>11}{'share':>9}", "dim")),
        Line.of((f"{'':<18}{'':<17}{'difference':>11}{'':>11}", "dim")),
    ]
    for name, group in groupby(proof.lines, key=lambda line: line.name):
        for i, line in enumerate(group):
            share = line.difference / line.allowed if line.allowed else math.inf
            mark: Role = "text" if line.agrees else "minus"
            lines.append(
                Line.of(
                    (f"{name if i == 0 else '':<18}", "strong"),
                    f"{line.what:<17}{_small(line.difference, glyphs):>11}{_small(line.allowed, glyphs):>11}",
                    (f"{share:>8.0%}" if share < 100 else f"{'':>8}", mark),
                    ("  agrees" if line.agrees else "  differs", "accent" if line.agrees else "minus"),
                )
            )
    return [line.fit(max(width, 1), glyphs.ellipsis) for line in lines]


def _verdict(proof: Proof) -> tuple[str, Role]:
    if not proof.lines:
        words = f"The loss of update {count(proof.update)} would not be finite: there is nothing to compare."
        return words, "text"
    rows = plural(proof.rows, "row")
    where = f"The next update, {count(proof.update)}, {rows}: run on a copy, by us and by autograd with torch.optim."
    apart = [line for line in proof.lines if not line.agrees]
    if not apart:
        return f"They agree. {where} Every number lies within what rounding allows.", "accent"
    names = ", ".join(f"{line.name} ({line.what})" for line in apart[:3]) + (", and others" if len(apart) > 3 else "")
    return f"They differ in {count(len(apart))} of {count(len(proof.lines))} lines: {names}. {where}", "minus"


def _small(value: float, glyphs: Glyphs) -> str:
    return number(value, glyphs, 3)


def gradient_lines(check: GradientCheck, glyphs: Glyphs, width: int) -> list[Line]:
    """The gradient, then the slope measured with ever smaller nudges, and where float32 runs out of digits."""
    best = best_nudge(check.nudges)
    minus = glyphs.minus
    intro = (
        f"{check.name}: backpropagation says its gradient is {number(check.gradient, glyphs, 6)}, over all training"
        f" rows. Here the slope is measured instead, without calculus: (L(w + e) {minus} L(w {minus} e)) / 2e."
    )
    lines = [Line.of(row) for row in wrapped(glyphs.text(intro), width)]
    lines += [Line(), Line.of((_row("nudge e", "L(w + e)", f"L(w {minus} e)", "slope", "off by"), "dim"))]
    sizes = [plain_number(n.size, glyphs) for n in check.nudges]
    higher = _column([n.higher for n in check.nudges], glyphs, 8)
    lower = _column([n.lower for n in check.nudges], glyphs, 8)
    estimates = _column([n.estimate for n in check.nudges], glyphs, 6)
    for i, nudge in enumerate(check.nudges):
        off = _off(nudge, check.gradient, glyphs)
        poor = not nudge.relative_error <= POOR
        text = _row(sizes[i], higher[i], lower[i], estimates[i], off)
        if nudge is best:
            lines.append(Line.of((text, "strong"), (f"  {glyphs.current} the best", "accent")))
        elif poor:
            lines.append(Line.of((text, "minus"), ("  over 5 %" if check.gradient else "  far off", "minus")))
        else:
            lines.append(Line.of(text))
    lines.append(Line())
    lines += [Line.of((row, "text")) for row in wrapped(glyphs.text(_moral(check, best, glyphs)), width)]
    return [line.fit(max(width, 1), glyphs.ellipsis) for line in lines]


def best_nudge(nudges: Sequence[Nudge]) -> Nudge | None:
    """The nudge whose estimate comes nearest to the gradient; None where none is finite."""
    finite = [nudge for nudge in nudges if math.isfinite(nudge.relative_error)]
    return min(finite, key=lambda nudge: nudge.relative_error, default=None)


def _column(values: Sequence[float], glyphs: Glyphs, digits: int) -> list[str]:
    return aligned([number(value, glyphs, digits).replace(",", "") for value in values])


def _row(size: str, higher: str, lower: str, estimate: str, off: str) -> str:
    return f"{size:>7}  {higher:>12}  {lower:>12}  {estimate:>12}  {off:>9}"


def _off(nudge: Nudge, gradient: float, glyphs: Glyphs) -> str:
    error = nudge.relative_error
    if not gradient:
        return number(error, glyphs, 2)
    if error == 0:
        return "0 %"
    return f"{error * 100:.2g} %" if 1e-6 <= error < 1 else f"{number(error * 100, glyphs, 2)} %"


def _moral(check: GradientCheck, best: Nudge | None, glyphs: Glyphs) -> str:
    if best is None:
        return "No estimate is a finite number: the loss itself overflows."
    words = f"The best nudge is {plain_number(best.size, glyphs)}."
    smaller = [n for n in check.nudges if n.size < best.size and not n.relative_error <= POOR]
    larger = [n for n in check.nudges if n.size > best.size and not n.relative_error <= POOR]
    if smaller and check.gradient:
        first = max(n.size for n in smaller)
        words += (
            f" From {plain_number(first, glyphs)} down float32 runs out of digits: the two losses agree in nearly"
            " all of their seven, and little is left of their difference."
        )
    if larger:
        words += f" From {plain_number(min(n.size for n in larger), glyphs)} up the loss bends within the nudge."
    return words
