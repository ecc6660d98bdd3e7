"""The proof against PyTorch and the gradient check, as lines and as screens."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from adder_engine.language import tr
from adder_engine.snapshot import FiniteDifference, GradientCheck, ReferenceCheck, ReferenceRow
from adder_tui.ui.canvas import ViewSource, hidden
from adder_tui.ui.line import Line, Role, Span
from adder_tui.ui.list_view import said_lines
from adder_tui.ui.modal import TextWindow, sentence
from adder_tui.ui.numbers import aligned, count, number, plain_number, plural
from adder_tui.ui.slope import point_at, slope_lines
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from adder_engine.analysis.results import ParameterLine
    from adder_tui.ui.view import ViewState

TABLE = 76
"""Columns of the proof's table."""
POOR = 0.05
"""From this relative error on an estimate is marked."""
WHAT = {"loss": tr("loss"), "gradient": tr("gradient"), "clipped": tr("clipped"), "parameter": tr("parameter")}
"""What is compared and has no name of ``torch.optim``."""
PICTURE_ROWS = 13
"""Of the loss's curve."""


def proof_lines(proof: ReferenceCheck, glyphs: Glyphs, width: int) -> list[Line]:
    """The verdict in words, then tensor by tensor the largest difference beside what rounding allows."""
    verdict, role = _verdict(proof)
    lines = said_lines(verdict, width, role, glyphs, lead="")
    if not proof.lines:
        return lines
    wide = width >= TABLE
    head = f"{tr('largest'):>11}{tr('allowed'):>11}"
    if wide:
        lines += [Line(), Line.of((f"{tr('tensor'):<18}{tr('what'):<17}{head}{tr('share'):>9}", "dim"))]
        lines.append(Line.of((f"{'':<35}{tr('difference'):>11}", "dim")))
    else:
        lines += [Line(), Line.of((f"  {'':<17}{head}", "dim"))]
    for name, group in groupby(proof.lines, key=lambda line: line.name):
        rows = [_differences(line, glyphs, wide) for line in group]
        if wide:  # the tensor's name beside its first row, else on one of its own
            lines += [Line.of((f"{'' if i else name:<18}", "strong"), *row) for i, row in enumerate(rows)]
        else:
            lines += [Line.of((name, "strong")), *(Line.of("  ", *row) for row in rows)]
    return lines


def _differences(line: ReferenceRow, glyphs: Glyphs, share: bool) -> list[str | Span]:
    """How far ours and PyTorch's lie apart, what is allowed, the one as a share of the other, and the verdict."""
    part = line.difference / line.allowed if line.allowed else math.inf
    mark: Role = "text" if line.agrees else "minus"
    apart, allowed = (number(value, glyphs, 3) for value in (line.difference, line.allowed))
    shown: list[str | Span] = [f"{WHAT.get(line.what, line.what):<17}{apart:>11}{allowed:>11}"]
    if share:
        shown.append((f"{part:>8.0%}" if part < 100 else f"{'':>8}", mark))
    return [*shown, (tr("  agrees") if line.agrees else tr("  differs"), "accent" if line.agrees else "minus")]


def _verdict(proof: ReferenceCheck) -> tuple[str, Role]:
    if not proof.lines:
        words = tr("The loss of update {n} would not be finite: there is nothing to compare.", n=count(proof.update))
        return words, "text"
    rows = plural(proof.rows, "row", "rows")
    update, by_whom = count(proof.update), tr("by us and by autograd with torch.optim.")
    where = tr("The next update, {update}, {rows}: run on a copy,", update=update, rows=rows)
    if proof.begun:
        where = tr("This update, {update}, {rows}: run on a copy from its start,", update=update, rows=rows)
    where += f" {by_whom}"
    if proof.left_out:
        where += tr(" What was changed by hand since its start is left out.")
    apart = [line for line in proof.lines if not line.agrees]
    if not apart:
        return tr("They agree. {where} Every number lies within what rounding allows.", where=where), "accent"
    names = ", ".join(f"{line.name} ({WHAT.get(line.what, line.what)})" for line in apart[:3])
    names += tr(", and others") if len(apart) > 3 else ""
    some, lines = count(len(apart)), count(len(proof.lines))
    said = tr("They differ in {some} of {lines} lines: {names}.", some=some, lines=lines, names=names)
    return f"{said} {where}", "minus"


def gradient_lines(check: GradientCheck, glyphs: Glyphs, width: int) -> list[Line]:
    """The gradient, then the slope measured with ever smaller nudges, and where float32 runs out of digits."""
    best = best_nudge(check.nudges)
    minus = glyphs.minus
    intro = tr(
        "{name}: backpropagation says its gradient is {gradient}, over all training rows. Here the slope "
        "is measured instead, without calculus: (L(w + e) {minus} L(w {minus} e)) / 2e.",
        name=check.name,
        gradient=number(check.gradient, glyphs, 6),
        minus=minus,
    )
    lines = said_lines(intro, width, "text", glyphs, lead="")
    far, mark = tr("over 5 %") if check.gradient else tr("far off"), glyphs.current
    roomy = f"  {far}", tr("  {mark} the best", mark=mark)
    tight = " !", f" {mark}"  # a character must do, and a sentence says what it means
    for gap, words, digits, points in (
        ("  ", roomy, 8, True), (" ", tight, 8, True), (" ", tight, 7, True), (" ", tight, 6, False),
    ):  # fmt: skip
        columns = _columns(check, glyphs, digits, points)
        widths = {name: max(len(name), *map(len, texts)) for name, texts in columns.items()}
        if sum(widths.values()) + len(gap) * (len(widths) - 1) + max(map(len, words)) <= width:
            break
    if words is tight:
        message = tr("{mark} marks the best, ! those far off.", mark=mark)
        message = tr("{mark} marks the best, ! those over 5 % off.", mark=mark) if check.gradient else message
        lines += said_lines(message, width, "text", glyphs, lead="")
    heading = gap.join(name.rjust(size) for name, size in widths.items())
    lines += [Line(), Line.of((heading, "dim"))]
    for i, nudge in enumerate(check.nudges):
        text = gap.join(columns[name][i].rjust(size) for name, size in widths.items())
        if nudge is best:
            lines.append(Line.of((text, "strong"), (words[1], "accent")))
        elif not nudge.relative_error <= POOR:
            lines.append(Line.of((text, "minus"), (words[0], "minus")))
        else:
            lines.append(Line.of(text))
    return [*lines, Line(), *said_lines(_moral(check, best, glyphs), width, "text", glyphs, lead="")]


def best_nudge(nudges: Sequence[FiniteDifference]) -> FiniteDifference | None:
    """The nudge whose estimate comes nearest to the gradient; None where none is finite."""
    finite = [nudge for nudge in nudges if math.isfinite(nudge.relative_error)]
    return min(finite, key=lambda nudge: nudge.relative_error, default=None)


def _columns(check: GradientCheck, glyphs: Glyphs, digits: int, points: bool) -> dict[str, list[str]]:
    """The table's columns by their headings.

    Args:
        digits: of the losses.
        points: whether decimal points stand under each other.
    """

    def column(values: Sequence[float], digits: int) -> list[str]:
        texts = [number(value, glyphs, digits).replace(",", "") for value in values]
        return aligned(texts) if points else texts

    return {
        tr("nudge e"): [plain_number(n.size, glyphs) for n in check.nudges],
        "L(w + e)": column([n.higher for n in check.nudges], digits),
        f"L(w {glyphs.minus} e)": column([n.lower for n in check.nudges], digits),
        tr("slope"): column([n.estimate for n in check.nudges], 6),
        tr("off by"): [_off(n, check.gradient, glyphs) for n in check.nudges],
    }


def _off(nudge: FiniteDifference, gradient: float, glyphs: Glyphs) -> str:
    error = nudge.relative_error
    if not gradient:
        return number(error, glyphs, 2)
    if error == 0:
        return "0 %"
    if error >= 10:
        return tr("over 999 %")
    return f"{error * 100:.2g} %" if 1e-6 <= error < 1 else f"{number(error * 100, glyphs, 2)} %"


def _moral(check: GradientCheck, best: FiniteDifference | None, glyphs: Glyphs) -> str:
    if best is None:
        return tr("No estimate is a finite number: the loss itself overflows.")
    words = tr("The best nudge is {size}.", size=plain_number(best.size, glyphs))
    smaller = [n for n in check.nudges if n.size < best.size and not n.relative_error <= POOR]
    larger = [n for n in check.nudges if n.size > best.size and not n.relative_error <= POOR]
    if smaller and check.gradient:
        first = max(n.size for n in smaller)
        words += tr(
            " From {size} down float32 runs out of digits: the two losses agree in nearly all of their "
            "seven, and little is left of their difference.",
            size=plain_number(first, glyphs),
        )
    if larger:
        least = plain_number(min(n.size for n in larger), glyphs)
        words += tr(" From {size} up the loss bends within the nudge.", size=least)
    return words


class ProofScreen(TextWindow):
    """One update beside autograd and ``torch.optim``."""

    HEADING = tr("The proof")
    BINDINGS = hidden(True, a="dismiss")
    _loaded: ClassVar[bool] = False

    def __init__(self, source: ViewSource) -> None:
        loading = tr("running autograd and torch.optim…") if ProofScreen._loaded else tr("loading torch.optim…")
        super().__init__(source, sentence(loading))

    def show_proof(self, proof: ReferenceCheck) -> None:
        """Show how far ours and PyTorch's lie apart."""
        ProofScreen._loaded = True
        self.show(lambda view, width: proof_lines(proof, view.glyphs, width))


class GradientScreen(TextWindow):
    """A gradient beside slopes that are measured, below the loss's curve where that is known."""

    HEADING = tr("The gradient, checked")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "dismiss", show=False),
        Binding("left", "try(-1)", show=False, priority=True),
        Binding("right", "try(1)", show=False, priority=True),
    ]
    _line: ParameterLine | None = None
    _tried = 0

    def __init__(self, source: ViewSource) -> None:
        super().__init__(source, sentence(tr("nudging the number up and down…")))

    def show_check(self, check: GradientCheck, line: ParameterLine | None) -> None:
        """Show the slope as a picture, its point where the number is, and as measured by every nudge."""
        self._line = line
        self.show(lambda view, width: [*self._picture(view, width), *gradient_lines(check, view.glyphs, width)])

    def _picture(self, view: ViewState, width: int) -> list[Line]:
        if self._line is None:
            return []
        keys = Line.of(("   ", "dim"), (tr("left right"), "key"), (tr(" try other values of it  "), "dim"),
                       (tr("down"), "key"), (tr(" what every nudge measures"), "dim"))  # fmt: skip
        return [*slope_lines(view, self._line, self._tried, width, PICTURE_ROWS), keys, Line()]

    def action_try(self, change: int) -> None:
        """Move the point along the curve; the number itself stays as it is."""
        if self._line is not None:
            self._tried = point_at(self._line, self._tried + change) - self._line.here
            self._fit()
