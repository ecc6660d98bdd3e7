"""The way back in text: the error through a layer, a row's share of the gradient, and the optimizer's step."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len

from adder_engine.experiment import Experiment
from adder_engine.language import tr
from adder_engine.parameters import ParameterLayout
from adder_engine.sections import Training
from adder_tui.network.matrix import MOST_ROWS, Part, block
from adder_tui.selection import Focus, layout_for
from adder_tui.ui.line import Line, Role, Span
from adder_tui.ui.numbers import aligned, count, number, plain_number, plural, role_of, written_apart
from adder_tui.ui.phrases import (
    FULL_DIGITS,
    NumberFormat,
    added_up,
    arithmetic,
    bracketed,
    indented,
    kept,
    sum_of_products,
)
from adder_tui.ui.run_state import sum_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adder_engine.snapshot import Doubles, Snapshot
    from adder_engine.trace import StepTrace, Trace


_SYMBOLS = re.compile(r"m̂|v̂|g'|lr|(?<![a-z.])[θgmvbsdεcn](?![a-z])")


LOSS_SLOPES: dict[str, Callable[[float], float]] = {
    "mse": lambda d: 2 * d,
    "mae": lambda d: float(np.sign(d)),
    "huber": lambda d: min(1.0, max(-1.0, d)),
    "bce": lambda d: d,
}
"""The slope of each loss by the answer, in float64."""


@dataclass(frozen=True)
class Way:
    """One example's way, what is worked out on it, and how that is written: in which digits, into how many columns."""

    trace: Trace
    snapshot: Snapshot
    focus: Focus
    figures: NumberFormat
    width: int

    @property
    def experiment(self) -> Experiment:
        return self.snapshot.experiment

    @property
    def last(self) -> int:
        """The output's layer."""
        return len(self.trace.layers) - 1

    def bends(self, i: int) -> bool:
        """Whether layer i has an activation."""
        return self.experiment.activations[i] != "none"

    def symbol(self, i: int) -> str:
        """What enters layer i: X for the inputs, H1 … for hidden layers."""
        return f"H{i}" if i else "X"

    def names(self, i: int) -> list[str]:
        """Names of the numbers that leave layer i − 1: ``a b``, ``h1[0] …``; ``y`` for the last one's."""
        if i in (0, self.last + 1):
            return ["y"] if i else ["a", "b"]
        return [f"h{i}[{k}]" for k in range(len(self.trace.layers[i - 1].bias))]

    def said(self, words: str, role: Role = "dim") -> list[Line]:
        return indented(words, self.width, role, self.figures.glyphs)

    def worked(self, *pieces: str, indent: int = 2) -> list[Line]:
        """A line of arithmetic, broken between its pieces."""
        return arithmetic(pieces, self.width, indent)

    def block(self, parts: Sequence[Part], column: int | None, names: Sequence[str]) -> list[Line]:
        return block(parts, column, names, self.figures, self.width)


def backward_layer(way: Way, i: int) -> tuple[str, list[Line]]:
    """Title and lines of the backward pass through layer i: its delta, then the gradients of its parameters."""
    figures, layer, text = way.figures, way.trace.layers[i], way.figures.glyphs.text
    n, m = layer.weight.shape
    j, k = way.focus.neurons[i], way.focus.entering_of(i)
    number, name, names = i + 1, layer.name, way.names(i)
    factors = [f"m{number}"] * (layer.mask is not None and i < way.last) + [f"slope{number}"] * way.bends(i)
    by = "".join(tr(", times {factor}", factor=factor) for factor in factors)
    if i == way.last:
        formula = f"δ{number} = dL/dy{by}"
        title = tr("backward, layer {name}: {formula}, the error starts here", name=name, formula=formula)
        lines = _first_delta(way)
    else:
        formula = f"δ{number} = δ{number + 1}·W{number + 1}{by}"
        size = len(way.trace.layers[i + 1].bias)
        title = tr("backward, layer {name}: {formula}", name=name, formula=formula)
        title += f"   (1, {size})·({size}, {n}) → (1, {n})"
        lines = _delta(way, i)
    what = _part_of(way)
    weight, bias = f"{what}{name}.weight.grad", f"{what}{name}.bias.grad"
    lines += way.said(f"{weight} = δ{number}ᵀ·{way.symbol(i)}   ({n}, 1)·(1, {m}) → ({n}, {m});   {bias} = δ{number}")
    rows = kept(n, j, MOST_ROWS)
    delta = text(f"δ{number}")
    deltas = aligned([figures(layer.delta[p]) for p in rows])
    beside = {p: f"{delta}[{p}] = {value}" for p, value in zip(rows, deltas, strict=True)}
    grad = Part(tr("part") if what else "grad", layer.weight_grad, row=j, beside=beside)
    return title, [
        *lines,
        *way.block([Part(way.symbol(i), layer.entering), grad], k, names),
        *way.worked(
            f"{weight}[{j}, {k}]", f"= {delta}[{j}]{figures.glyphs.times}{names[k]}",
            f"= {figures.product(layer.delta[j], layer.entering[k])}", f"= {figures(layer.weight_grad[j, k])}",
        ),
        *way.worked(f"{bias}[{j}]", f"= {delta}[{j}]", f"= {figures(layer.bias_grad[j])}"),
    ]  # fmt: skip


def _part_of(way: Way) -> str:
    """Words before ``.grad`` where this example's gradient is not all that PyTorch has there."""
    trace, training = way.trace, way.experiment.training
    if trace.row is not None:
        alone = trace.rows == 1
    elif trace.step is not None:
        alone = trace.step.way is not None  # the sum was the whole batch
    else:
        alone = way.experiment.row_count == 1
    if alone and training.zero_grad and not training.l1:
        return ""
    return tr("this sum's share of ") if trace.row is None else tr("this row's share of ")


def _delta(way: Way, i: int) -> list[Line]:
    """Delta of a hidden layer: the next one's, sent back through its weights."""
    figures, text, j = way.figures, way.figures.glyphs.text, way.focus.neurons[i]
    layer, following = way.trace.layers[i : i + 2]
    here, behind = (text(f"δ{number}") for number in (i + 1, i + 2))
    factors = [] if layer.mask is None else [(f"· m{i + 1}", layer.mask)]
    factors += [(f"· slope{i + 1}", layer.slope)] if way.bends(i) else []
    parts = [(f"W{i + 2}", following.weight), *factors, (f"= δ{i + 1}", layer.delta)]
    names = [f"{here}[{p}]" for p in range(len(layer.delta))]
    size = len(following.delta)
    pairs = list(zip(following.delta.tolist(), following.weight[:, j].tolist(), strict=True))
    terms = sum_of_products(pairs, kept(size, 0, figures.terms), figures)
    after = "".join(figures.glyphs.times + figures.factor(values[j]) for _, values in factors)
    formula = bracketed(f"{names[j]} =", terms, after) if factors else [f"{names[j]} =", *terms]
    return [
        *way.block([Part(behind, following.delta, all=True)], None, [f"{behind}[{p}]" for p in range(size)]),
        *way.block([Part(text(label), values) for label, values in parts], j, names),
        *way.worked(*formula, f"= {figures(layer.delta[j])}"),
    ]


def _first_delta(way: Way) -> list[Line]:
    """Delta of the output: the slope of the loss by the answer, and that of the answer by the sum that was bent."""
    figures, glyphs, name, n = way.figures, way.figures.glyphs, way.trace.loss_name, way.trace.rows
    layer, number = way.trace.layers[-1], way.last + 1
    label, result = glyphs.text(f"δ{number}[0]"), f"= {figures(layer.delta[0])}"
    differences = way.trace.differences.tolist()
    flat, bends = len(differences) > 1, way.bends(way.last)
    share = f"/{n * n if flat else n}" if n > 1 else ""
    bend = f"{glyphs.times}{figures.factor(layer.slope[0])}" if bends else ""
    lines: list[Line] = []
    if n > 1:
        why = tr("The loss of the batch is the mean over its {n} rows, so this row counts 1/{n}.", n=count(n))
        if flat:
            differences_of = f"{count(n)}{glyphs.times}{count(n)}"
            why = tr("With the flat target the loss is a mean over {count} differences.", count=differences_of)
        lines = way.said(why)

    def slope_words(d: float) -> str:
        return figures.product(2, d) if name == "mse" else figures.factor(LOSS_SLOPES[name](d))

    if flat:
        formula = added_up(f"{label} =", differences, slope_words, LOSS_SLOPES[name], share + bend, figures)
        return lines + way.worked(*formula, result)
    if name == "huber":
        held = tr("d held within {minus}1 and 1", minus=glyphs.minus)
        first = held + (tr(", times {factor}", factor=f"slope{number}[0]") if bends else "")
    else:
        slope = {"mse": f"2{glyphs.times}d", "mae": "sign(d)", "bce": f"(p {glyphs.minus} t)"}[name]
        first = f"{slope}{share}" + (f"{glyphs.times}slope{number}[0]" if bends else "")
    return lines + way.worked(f"{label} = {first}", f"= {slope_words(differences[0])}{share}{bend}", result)


def share(way: Way) -> list[Line]:
    """One row's gradient and the rest, which together are the batch's: for the chosen neuron's weights and bias."""
    figures, focus, layout = way.figures, way.focus, layout_for(way.experiment)
    weight, bias = layout.weight(focus.layer), layout.bias(focus.layer)
    j, m = focus.neurons[focus.layer], weight.shape[1]
    own, batch = way.trace.gradient, way.trace.batch_gradient
    assert batch is not None
    places = [weight.start + j * m + k for k in kept(m, focus.entering_of(focus.layer), figures.terms)]
    others = [plural(way.trace.rows - 1, "other row", "other rows")] if way.trace.rows > 1 else []
    parts = tr(" and ").join(others + _besides(way))
    rest_words = tr("The rest: {parts}.", parts=parts) if parts else tr("It is the only row: the rest is 0.")
    lines = [Line.of((tr("  share: this row + the rest = .grad"), "strong")), *way.said(rest_words)]
    if m > figures.terms:
        words = tr("  {some} of the neuron's {all} weights, and its bias:", some=len(places), all=m)
        lines.append(Line.of((words, "dim")))
    for place in (*places, bias.start + j):
        rest = figures.factor(float(batch[place]) - float(own[place]))
        frozen = tr("  but it is frozen: .grad reads 0") if place in way.snapshot.frozen else ""
        name = layout.name_of(place).replace("[", ".grad[")
        lines += way.worked(f"{name} =", figures(own[place]), f"+ {rest}", f"= {figures(batch[place])}{frozen}")
    return lines


def _besides(way: Way) -> list[str]:
    """What adds to a batch's gradient besides its rows."""
    training = way.experiment.training
    parts = [tr("the l1 penalty of {l1:g}", l1=training.l1)] if training.l1 else []
    return parts if training.zero_grad else [*parts, tr("the gradients kept from earlier passes")]


def step_head(way: Way) -> tuple[str, list[Line]]:
    """Title and lines: the chosen parameter's change in full, and what the step did to the loss and the sum."""
    step, moment = way.trace.step, way.snapshot.moment
    if step is None:
        words = tr("No step has been made yet.")
        if moment.stage:
            words = tr("It comes when the backward pass is done.")
        elif moment.update:
            words = tr("Something was changed or opened since the last step: the next one has its arithmetic again.")
        return tr("step"), way.said(words)
    lr, update = plain_number(step.lr, way.figures.glyphs), count(moment.update)
    title = tr("step, update {update}: {optimizer}, lr {lr}", update=update, optimizer=step.optimizer, lr=lr)
    return title, [*way.said(_whose_gradient(way, step)), *_worked(way, step), *_effect(way, step)]


def _whose_gradient(way: Way, step: StepTrace) -> str:
    """How the step's gradient is joined to the way that is told above it; nothing where it is that way's own."""
    if way.trace.row is not None:
        return tr("g is the whole batch's gradient, the last number of the share above.")
    if step.way is None:
        return tr("g is of the whole batch, measured before the step; the way above is of the network after it.")
    more = tr(" and ").join(_besides(way))
    return tr("g is the gradient above and {others}.", others=more) if more else ""


def _worked(way: Way, step: StepTrace) -> list[Line]:
    """The optimizer's formula, line by line, with the chosen parameter's numbers."""
    figures, text, index = way.figures, way.figures.glyphs.text, way.focus.parameter
    name, training = layout_for(way.experiment).name_of(index), way.experiment.training
    old, new, gradient = (float(row[index]) for row in (step.before, step.after, step.gradient))
    if step.frozen[index]:
        held = way.snapshot.held_gradient(index)
        words = tr("{name} is frozen: it stands still at {number}.", name=name, number=figures(new))
        kept_at_0 = tr(" Its gradient is held at 0.")
        if held is not None:
            kept_at_0 = tr(" Its gradient, which would be {held}, is held at 0.", held=figures(held))
        return way.said(words + kept_at_0, "text")
    lines = [Line.of(tr("  {name}, with the gradient g = {gradient}", name=name, gradient=figures(gradient)))]
    first, second = (float(row[index]) for row in way.snapshot.previous[2:])
    values = {"θ": old, "g": gradient, "lr": step.lr, "m": first, "b": first, "v": second, "ε": training.eps}
    for term in step.terms:
        formula = _exact(term.formula, training, figures)
        placed = _SYMBOLS.sub(lambda found: figures.factor(values[found.group()]), formula)
        values[term.symbol] = float(term.values[index])
        first_part, plus, rest = placed.partition(") + ")  # only AdamW's change is long enough to be broken
        placed_parts = (f"= {first_part})", f"+ {rest}") if plus else (f"= {placed}",) if placed != formula else ()
        if placed_parts and cell_len(text(placed_parts[0])) > way.width - 8:  # of many digits: it is broken once more
            above, sign, below = placed_parts[0].partition("/(" if "/(" in placed_parts[0] else " + ")
            placed_parts = (above, sign.lstrip() + below, *placed_parts[1:])
        pieces = (f"{term.symbol} = {formula}", *placed_parts, f"= {figures(values[term.symbol])}")
        lines += way.worked(*(text(_uncombined(piece)) for piece in pieces), indent=4)
    change = figures.factor(float(step.change[index]))
    return lines + way.worked(
        text(tr("new θ = θ + Δ")), f"= {figures(old)} + {change}", f"= {figures(new)}", indent=4
    )  # fmt: skip


def _exact(formula: str, training: Training, figures: NumberFormat) -> str:
    """The formula with the settings in the digits that are shown; the engine writes them with six."""
    beta1, beta2 = training.betas
    written: list[tuple[str, tuple[float, ...]]] = [
        ("{}·b", (training.momentum,)), ("{}·θ", (training.weight_decay,)), ("·{}/(n", (training.clip_norm,)),
        ("{}·m + {}·", (beta1, round(1 - beta1, 12))), ("{}·v + {}·", (beta2, round(1 - beta2, 12))),
        ("m/(1 − {}^", (beta1,)), ("v/(1 − {}^", (beta2,)),
    ]  # fmt: skip
    for pattern, numbers in written:
        formula = formula.replace(
            pattern.format(*(f"{one:g}" for one in numbers)),
            pattern.format(*(_setting(one, figures) for one in numbers)),
        )
    return formula


def _setting(value: float, figures: NumberFormat) -> str:
    """A setting; in full digits all that were typed, for what is left of 1 − β has as many fewer as β is near 1."""
    full = range(figures.digits, 18) if figures.digits >= FULL_DIGITS else ()
    digits = next((d for d in full if float(f"{value:.{d}g}") == value), figures.digits)
    return replace(figures, digits=digits)(value)


def _uncombined(text: str) -> str:
    """The text with hats as characters of their own, for not every terminal puts one character over another."""
    return text.replace("\u0302", "ˆ")


def _effect(way: Way, step: StepTrace) -> list[Line]:
    """What was expected of the loss, what came of it, and what it did to the current sum."""
    figures, glyphs, snapshot = way.figures, way.figures.glyphs, way.snapshot
    lines: list[Line] = []
    before = snapshot.batch_loss
    if before is not None:

        def signed(change: float, digits: int) -> str:
            return ("+" if change > 0 else "") + replace(figures, digits=digits)(change)

        digits = range(figures.digits, max(FULL_DIGITS, figures.digits) + 1)
        expected, real = written_apart(step.expected_change, step.real_change, signed, digits)
        words = tr("expected of the loss, by the slope alone:")
        if way.experiment.row_count > 1:
            words = tr("expected of the batch's loss, by the slope alone:")
        came = tr("what came of it: {loss}", loss=figures(before + step.real_change))
        lines = way.worked(words, glyphs.text("Σ g·Δ"), f"= {expected}")
        lines += way.worked(came, f"{glyphs.minus} {figures.factor(before)}", f"= {real}")
    of_the_sum = snapshot.trace.step if snapshot.trace is not None else None  # a row's step does not know the sum
    if of_the_sum is not None and of_the_sum.previous_answer is not None:
        asked, was = snapshot.asked, of_the_sum.previous_answer
        lines += way.worked(
            f"{sum_text(asked.sum, way.experiment.wanted.rule, glyphs)}:",
            f"{figures(was)} {glyphs.text('→')} {figures(asked.predicted)},",
            tr("no truth known") if asked.wanted is None else tr("wanted {wanted}", wanted=figures(asked.wanted)),
        )
    return lines


@dataclass(frozen=True)
class StepTable:
    """Every parameter's step with all its numbers, made one by one as they are looked at.

    Where the window takes them all, a parameter has one row and the columns have heads; else it has several rows,
    in which each number has its symbol before it.
    """

    layout: ParameterLayout
    heads: tuple[str, ...]
    """The numbers' symbols, as the glyphs write them."""
    columns: tuple[Doubles, ...]
    chosen: int
    frozen: NDArray[np.bool_]
    figures: NumberFormat
    cell: int
    """Columns that a number takes, with its symbol where that stands before it."""
    digits: int
    left: int
    """Columns before the first number."""
    beside: int
    """Numbers in a row."""

    def __len__(self) -> int:
        return self._heading + len(self.layout.tensors) + self.layout.size * self.rows

    @property
    def rows(self) -> int:
        return -(-len(self.columns) // self.beside)

    @property
    def _heading(self) -> int:
        """Lines before the first tensor."""
        return 2 if self.rows == 1 else 1

    def line(self, i: int) -> Line:
        """The i-th line: what it is, heads, then for each tensor its name and its parameters."""
        if i == 0:
            return Line.of((tr("  the same for every parameter"), "strong"))
        if i < self._heading:
            heads = (" " * (self.cell - cell_len(head)) + head for head in self.heads)
            return Line.of(" " * self.left, ("".join(heads), "dim"))
        i -= self._heading
        for tensor in self.layout.tensors:
            taken = (tensor.stop - tensor.start) * self.rows
            if i == 0:
                return Line.of((f"  {tensor.name}  {tensor.shape}", "strong"))
            if i <= taken:
                index, row = divmod(i - 1, self.rows)
                return self._row(tensor.start + index, row)
            i -= taken + 1
        raise IndexError(i)

    def _row(self, index: int, row: int) -> Line:
        place, here, glyphs = self.layout.name_of(index).partition("[")[2], index == self.chosen, self.figures.glyphs
        name = f"  {glyphs.current if here else ' '}[{place}" if row == 0 else ""
        spans: list[Span] = [(name.ljust(self.left), "chosen" if here and row == 0 else "text")]
        first = row * self.beside
        for head, values in list(zip(self.heads, self.columns, strict=True))[first : first + self.beside]:
            value = float(values[index])
            shown = number(value, glyphs, self.digits).replace(",", "")
            symbol = f"  {head}" if self.rows > 1 else ""
            spans += [(symbol, "dim"), (shown.rjust(self.cell - cell_len(symbol)), role_of(value))]
        if self.frozen[index] and row == self.rows - 1:
            spans.append((tr("  frozen"), "dim"))
        return Line.of(*spans)


LEAST_DIGITS = 4
NUMBER = 7
"""Columns that a number takes beside its digits: a blank, its sign, its point, an exponent."""


def step_table(way: Way, step: StepTrace) -> StepTable:
    """The table: one row each where the window takes all columns, with fewer digits if need be, else several."""
    figures, width, layout = way.figures, way.width, layout_for(way.experiment)
    left = 5 + max(len(layout.name_of(tensor.stop - 1).partition("[")[2]) for tensor in layout.tensors)
    every: list[tuple[str, Doubles]] = [
        ("θ", step.before.astype(np.float64)),
        ("g", step.gradient.astype(np.float64)),
        *((term.symbol, term.values) for term in step.terms if term.symbol != "n"),  # the norm is one for all
        (tr("new θ"), step.after.astype(np.float64)),
    ]
    heads = tuple(figures.glyphs.text(_uncombined(symbol)) for symbol, _ in every)
    digits, least = figures.digits, figures.digits if figures.digits >= FULL_DIGITS else LEAST_DIGITS
    while digits > least and left + len(every) * (digits + NUMBER) > width:
        digits -= 1
    cell, beside = digits + NUMBER, len(every)
    if left + beside * cell > width:
        left, digits = left - 1, figures.digits  # a symbol brings its own blanks
        cell = digits + NUMBER + 2 + max(map(cell_len, heads))
        beside = max(1, (width - left) // cell)
        beside = -(-len(every) // -(-len(every) // beside))  # as evenly as may be
    return StepTable(
        layout, heads, tuple(values for _, values in every), way.focus.parameter, step.frozen, figures, cell, digits,
        left, beside,
    )  # fmt: skip
