"""The optimizer's step in text: its formula with the numbers in place, its effect, and a table of all parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len

from adder_engine.experiment import Training
from adder_engine.layout import Layout
from adder_tui.render.figures import Figures, Formula
from adder_tui.render.focus import Focus
from adder_tui.render.lines import Line, Span, wrapped
from adder_tui.render.numbers import count, number, plain_number, role_of
from adder_tui.selection import layout_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adder_engine.snapshot import Snapshot
    from adder_engine.trace import StepTrace, Trace

EPS = 1e-8
"""``eps`` of PyTorch's Adam and RMSprop."""

_SYMBOLS = re.compile(r"m̂|v̂|g'|lr|[θgmvbsdε](?![a-z])")


def step_head(snapshot: Snapshot, trace: Trace, focus: Focus, figures: Figures, width: int) -> tuple[str, list[Line]]:
    """Title and lines: the chosen parameter's change in full, and what the step did to the loss and the sum."""
    step = trace.step
    if step is None:
        words = "No step has been made yet."
        if snapshot.moment.rung:
            words = "It comes when the backward pass is done."
        elif snapshot.moment.update:
            words = "Something was changed or opened since the last step: the next one has its arithmetic again."
        return "step", [Line.of(("  " + row, "dim")) for row in wrapped(words, width - 2)]
    lr = plain_number(step.lr, figures.glyphs)
    title = f"step, update {count(snapshot.moment.update)}: {step.optimizer}, lr {lr}"
    whose = wrapped(figures.glyphs.text(_whose_gradient(snapshot, trace, step)), width - 2)
    return title, [
        *(Line.of(("  " + row, "dim")) for row in whose),
        *_worked(snapshot, step, focus.parameter, figures, width),
        *_effect(snapshot, step, figures, width),
    ]


def _whose_gradient(snapshot: Snapshot, trace: Trace, step: StepTrace) -> str:
    """How the step's gradient is joined to the way that is told above it; nothing where it is that way's own."""
    if trace.row is not None:
        return "g is the whole batch's gradient, the last number of the share above."
    if step.way is None:
        return "g is of the whole batch, measured before the step; the way above is of the network after it."
    training = snapshot.experiment.training
    more = [f"the l1 penalty of {training.l1:g}"] if training.l1 else []
    if not training.zero_grad:
        more.append("the gradients kept from earlier passes")
    return f"g is the gradient above and {' and '.join(more)}." if more else ""


def _worked(snapshot: Snapshot, step: StepTrace, index: int, figures: Figures, width: int) -> list[Line]:
    """The optimizer's formula, line by line, with this parameter's numbers."""
    text = figures.glyphs.text
    name = layout_for(snapshot.experiment).name_of(index)
    old, new = float(step.before[index]), float(step.after[index])
    if step.frozen[index]:
        return [Line.of(f"  {name} is frozen: it stands still at {figures(new)}.")]
    gradient = float(step.gradient[index])
    lines = [Line.of(f"  {name}, with the gradient g = {figures(gradient)}")]
    first, second = (float(row[index]) for row in snapshot.previous[2:])
    values = {"θ": old, "g": gradient, "lr": step.lr, "ε": EPS, "m": first, "b": first, "v": second}
    for term in step.terms:
        formula = _exact(term.formula, snapshot.experiment.training, figures)
        placed = in_place(formula, values, figures)
        values[term.symbol] = float(term.values[index])
        first_part, plus, rest = placed.partition(") + ")  # only AdamW's change is long enough to be broken
        placed_parts = (f"= {first_part})", f"+ {rest}") if plus else (f"= {placed}",)
        if cell_len(text(placed_parts[0])) > width - 8:  # of many digits: the quotient is broken too
            above, line, below = placed_parts[0].partition("/(")
            placed_parts = (above, line + below, *placed_parts[1:])
        pieces = (f"{term.symbol} = {formula}", *placed_parts, f"= {figures(values[term.symbol])}")
        lines += Formula(tuple(text(_uncombined(piece)) for piece in pieces)).lines(width, 4)
    change = float(step.change[index])
    pieces = (text("new θ = θ + Δ"), f"= {figures(old)} + {figures.factor(change)}", f"= {figures(new)}")
    return lines + Formula(pieces).lines(width, 4)


def _exact(formula: str, training: Training, figures: Figures) -> str:
    """The formula with momentum and decay in the digits that are shown; the engine writes them with six."""
    formula = formula.replace(f"{training.momentum:g}·b", f"{figures(training.momentum)}·b")
    return formula.replace(f"{training.weight_decay:g}·θ", f"{figures(training.weight_decay)}·θ")


def _uncombined(text: str) -> str:
    """The text with hats as characters of their own, for not every terminal puts one character over another."""
    return text.replace("\u0302", "ˆ")


def in_place(formula: str, values: dict[str, float], figures: Figures) -> str:
    """The formula with numbers where its symbols stood, negative ones in brackets."""
    return _SYMBOLS.sub(lambda found: figures.factor(values[found.group()]), formula)


def _effect(snapshot: Snapshot, step: StepTrace, figures: Figures, width: int) -> list[Line]:
    """What was expected of the loss, what came of it, and what it did to the current sum."""
    glyphs, text = figures.glyphs, figures.glyphs.text
    minus = glyphs.minus
    lines: list[Line] = []
    before = snapshot.batch_loss
    if before is not None:
        whose = "the loss" if snapshot.experiment.row_count == 1 else "the batch's loss"
        lines += Formula((
            f"expected of {whose}, by the slope alone:", text("Σ g·Δ"), f"= {_signed(step.expected_change, figures)}",
        )).lines(width, 2)  # fmt: skip
        lines += Formula((
            f"what came of it: {figures(before + step.real_change)}", f"{minus} {figures.factor(before)}",
            f"= {_signed(step.real_change, figures)}",
        )).lines(width, 2)  # fmt: skip
    of_the_sum = snapshot.trace.step if snapshot.trace is not None else None  # a row's step does not know the sum
    if of_the_sum is not None and of_the_sum.previous_answer is not None:
        asked, was = snapshot.asked, of_the_sum.previous_answer
        lines += Formula((
            f"{asked.sum}:", f"{figures(was)} {text('→')} {figures(asked.predicted)},",
            f"wanted {figures(asked.truth)}",
        )).lines(width, 2)  # fmt: skip
    return lines


def _signed(value: float, figures: Figures) -> str:
    return ("+" if value > 0 else "") + figures(value)


@dataclass(frozen=True)
class StepTable:
    """Every parameter's step, a row each, made one by one as they are looked at."""

    layout: Layout
    heads: tuple[str, ...]
    """The columns' symbols, as the glyphs write them."""
    columns: tuple[NDArray[np.float64], ...]
    chosen: int
    frozen: NDArray[np.bool_]
    figures: Figures
    cell: int
    digits: int
    left: int
    note: str
    """What there is no room for."""
    more: tuple[Line, ...]
    """That of the chosen parameter, on rows below its own."""

    def __len__(self) -> int:
        return self._heading + len(self.layout.slots) + self.layout.size + len(self.more)

    @property
    def _heading(self) -> int:
        """Lines before the first tensor."""
        return 3 if self.note else 2

    def line(self, i: int) -> Line:
        """The i-th line: what it is, the heads, then for each tensor its name and its parameters."""
        if i == 0:
            return Line.of(("  the same for every parameter", "strong"))
        if i == self._heading - 1:
            heads = (" " * (self.cell - cell_len(head)) + head for head in self.heads)
            return Line.of(" " * self.left, ("".join(heads), "dim"))
        if i == 1:
            return Line.of((f"  {self.note}", "dim"))
        below = i - self.line_of(self.chosen) - 1
        if 0 <= below < len(self.more):
            return self.more[below]
        i -= self._heading + (len(self.more) if below >= 0 else 0)
        for slot in self.layout.slots:
            size = slot.stop - slot.start
            if i == 0:
                return Line.of((f"  {slot.name}  {slot.shape}", "strong"))
            if i <= size:
                return self._row(slot.start + i - 1)
            i -= size + 1
        raise IndexError(i)

    def line_of(self, index: int) -> int:
        """The line of one parameter."""
        before = next(n for n, slot in enumerate(self.layout.slots) if index < slot.stop)
        return self._heading + index + 1 + before + (len(self.more) if index > self.chosen else 0)

    def _row(self, index: int) -> Line:
        place = self.layout.name_of(index).partition("[")[2]
        here = index == self.chosen
        glyphs = self.figures.glyphs
        spans: list[Span] = [
            (f"  {glyphs.current if here else ' '}[{place}".ljust(self.left), "chosen" if here else "text")
        ]
        for values in self.columns:
            value = float(values[index])
            shown = number(value, glyphs, self.digits).replace(",", "").rjust(self.cell)
            spans.append((shown, role_of(value)))
        if self.frozen[index]:
            spans.append(("  frozen", "dim"))
        return Line.of(*spans)


def step_table(snapshot: Snapshot, step: StepTrace, chosen: int, figures: Figures, width: int) -> StepTable:
    """The table, with as many columns as there is room for; old, gradient, change and new come first."""
    layout = layout_for(snapshot.experiment)
    left = 5 + max(len(layout.name_of(slot.stop - 1).partition("[")[2]) for slot in layout.slots)
    every: list[tuple[str, NDArray[np.float64]]] = [
        ("θ", step.before.astype(np.float64)),
        ("g", step.gradient.astype(np.float64)),
        *((term.symbol, term.values) for term in step.terms),
        ("new θ", step.after.astype(np.float64)),
    ]
    digits = figures.digits
    while digits > 4 and left + len(every) * (digits + 7) > width and figures.digits < 9:
        digits -= 1
    cell = digits + 7
    ranks = {"θ": 0, "Δ": 1, "new θ": 2, "g": 3, "m": 4, "v": 5, "b": 6, "s": 7, "d": 8, "g'": 9}
    room = max(3, (width - left) // cell)
    by_rank = sorted(every, key=lambda pair: ranks.get(pair[0], 10))
    wanted = {symbol for symbol, _ in by_rank[:room]}
    shown = [pair for pair in every if pair[0] in wanted]
    hidden = [pair for pair in every if pair[0] not in wanted]

    def head(symbol: str) -> str:
        return figures.glyphs.text(_uncombined(symbol))

    note = f"{' '.join(head(symbol) for symbol, _ in hidden)}: below the chosen one" if hidden else ""
    parts = tuple(f"{head(symbol)} = {figures(values[chosen])} " for symbol, values in hidden)
    return StepTable(
        layout, tuple(head(symbol) for symbol, _ in shown), tuple(values for _, values in shown), chosen, step.frozen,
        figures, cell, digits, left, note, tuple(Formula(parts).lines(width, left, result="text") if hidden else ()),
    )  # fmt: skip
