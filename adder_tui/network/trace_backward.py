"""The way back in text: the error through a layer, a row's share of the gradient, and the optimizer's step."""

from __future__ import annotations

import re
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
from adder_tui.ui.line import Line, Span, wrapped
from adder_tui.ui.numbers import aligned, count, number, plain_number, plural, role_of, written_apart
from adder_tui.ui.phrases import (
    FULL_DIGITS,
    Formula,
    NumberFormat,
    added_up,
    bracketed,
    indented,
    kept,
    sum_of_products,
)
from adder_tui.ui.run_state import sum_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adder_engine.snapshot import Snapshot
    from adder_engine.trace import StepTrace, Trace


_SYMBOLS = re.compile(r"m̂|v̂|g'|lr|(?<![a-z.])[θgmvbsdεcn](?![a-z])")


def backward_layer(
    trace: Trace, i: int, focus: Focus, experiment: Experiment, figures: NumberFormat, width: int
) -> tuple[str, list[Line]]:
    """Title and lines of the backward pass through layer i: its delta, then the gradients of its parameters."""
    layer, last, text = trace.layers[i], i == len(trace.layers) - 1, figures.glyphs.text
    n, m = layer.weight.shape
    j, k = focus.neurons[i], focus.entering_of(i)
    number = i + 1
    outs = [f"{number}[{place}]" for place in range(n)]
    bends = experiment.activations[i] != "none"
    if last:
        formula = f"δ{number} = dL/dy" + (tr(", times {factor}", factor=f"slope{number}") if bends else "")
        title = tr("backward, layer {name}: {formula}, the error starts here", name=layer.name, formula=formula)
        lines = _first_delta(trace, bends, figures, width)
    else:
        size = len(trace.layers[i + 1].bias)
        factors = [] if layer.mask is None else [f"m{number}"]
        factors += [f"slope{number}"] if bends else []
        formula = f"δ{number} = δ{number + 1}·W{number + 1}" + "".join(
            tr(", times {factor}", factor=f) for f in factors
        )
        title = tr("backward, layer {name}: {formula}", name=layer.name, formula=formula)
        title += f"   (1, {size})·({size}, {n}) → (1, {n})"
        lines = _delta(trace, i, j, bends, figures, width)
    entering = "X" if i == 0 else f"H{i}"
    names = ["a", "b"] if i == 0 else [f"h{i}[{place}]" for place in range(m)]
    what = _part_of(trace, experiment)
    words = text(
        f"{what}{layer.name}.weight.grad = δ{number}ᵀ·{entering}   ({n}, 1)·(1, {m}) → ({n}, {m});   "
        f"{what}{layer.name}.bias.grad = δ{number}"
    )
    lines += indented(words, width, "dim", figures.glyphs)
    rows = kept(n, j, MOST_ROWS)
    deltas = aligned([figures(layer.delta[p]) for p in rows])
    beside = {p: f"{text('δ')}{outs[p]} = {delta}" for p, delta in zip(rows, deltas, strict=True)}
    lines += block(
        [Part(entering, layer.entering), Part(tr("part") if what else "grad", layer.weight_grad, row=j, beside=beside)],
        k, names, figures, width,
    )  # fmt: skip
    lines += Formula((
        f"{what}{layer.name}.weight.grad[{j}, {k}]",
        f"= {text('δ')}{outs[j]}{figures.glyphs.times}{names[k]}",
        f"= {figures.product(layer.delta[j], layer.entering[k])}",
        f"= {figures(layer.weight_grad[j, k])}",
    )).lines(width, 2)  # fmt: skip
    lines += Formula((
        f"{what}{layer.name}.bias.grad[{j}]", f"= {text('δ')}{outs[j]}", f"= {figures(layer.bias_grad[j])}"
    )).lines(width, 2)  # fmt: skip
    return title, lines


def _part_of(trace: Trace, experiment: Experiment) -> str:
    """Words before ``.grad`` where this example's gradient is not all that PyTorch has there."""
    training = experiment.training
    if trace.row is not None:
        alone = trace.rows == 1
    elif trace.step is not None:
        alone = trace.step.way is not None  # the sum was the whole batch
    else:
        alone = experiment.row_count == 1
    if alone and training.zero_grad and not training.l1:
        return ""
    return tr("this sum's share of ") if trace.row is None else tr("this row's share of ")


def _delta(trace: Trace, i: int, j: int, bends: bool, figures: NumberFormat, width: int) -> list[Line]:
    """Delta of a hidden layer: the next one's, sent back through its weights."""
    layer, following, text = trace.layers[i], trace.layers[i + 1], figures.glyphs.text
    number = i + 1
    size = len(following.delta)
    behind = [text(f"δ{number + 1}[{p}]") for p in range(size)]
    parts = [Part(f"W{number + 1}", following.weight)]
    factors: list[float] = []
    if layer.mask is not None:
        parts.append(Part(text(f"· m{number}"), layer.mask))
        factors.append(float(layer.mask[j]))
    if bends:
        parts.append(Part(text(f"· slope{number}"), layer.slope))
        factors.append(float(layer.slope[j]))
    parts.append(Part(text(f"= δ{number}"), layer.delta))
    names = [text(f"δ{number}[{p}]") for p in range(len(layer.delta))]
    lines = block([Part(text(f"δ{number + 1}"), following.delta, all=True)], None, behind, figures, width)
    lines += block(parts, j, names, figures, width)
    pairs = list(zip(following.delta.tolist(), following.weight[:, j].tolist(), strict=True))
    terms = sum_of_products(pairs, kept(size, 0, figures.terms), figures)
    if factors:
        after = "".join(figures.glyphs.times + figures.factor(x) for x in factors)
        formula = bracketed(f"{names[j]} =", terms, after)
    else:
        formula = Formula((f"{names[j]} =", *terms))
    return lines + formula.then(f"= {figures(layer.delta[j])}").lines(width, 2)


def _first_delta(trace: Trace, bends: bool, figures: NumberFormat, width: int) -> list[Line]:
    """Delta of the output: the slope of the loss by the answer, and that of the answer by the sum that was bent."""
    glyphs, name, n = figures.glyphs, trace.loss_name, trace.rows
    delta = float(trace.layers[-1].delta[0])
    number = len(trace.layers)
    label = glyphs.text(f"δ{number}[0]")
    differences = trace.differences.tolist()
    flat = len(differences) > 1
    share = f"/{n * n if flat else n}" if n > 1 else ""
    slope = f"{glyphs.times}slope{number}[0]" if bends else ""
    bend = f"{glyphs.times}{figures.factor(trace.layers[-1].slope[0])}" if bends else ""
    words = {
        "mse": f"2{glyphs.times}d",
        "mae": "sign(d)",
        "huber": tr("d, held within {minus}1 and 1", minus=glyphs.minus),
        "bce": f"(p {glyphs.minus} t)",
    }[name]
    lines: list[Line] = []
    if n > 1:
        why = tr("The loss of the batch is the mean over its {n} rows, so this row counts 1/{n}.", n=count(n))
        if flat:
            differences_of = f"{count(n)}{glyphs.times}{count(n)}"
            why = tr("With the flat target the loss is a mean over {count} differences.", count=differences_of)
        lines = indented(why, width, "dim", figures.glyphs)
    if not flat:
        inner = _slope_words(name, differences[0], figures)
        pieces = [f"{label} = {words}{share}{slope}", f"= {inner}{share}{bend}", f"= {figures(delta)}"]
        if name == "huber":
            factor = tr(", times {factor}", factor=slope.removeprefix(glyphs.times)) if slope else ""
            pieces[0] = f"{label} = {tr('d held within {minus}1 and 1', minus=glyphs.minus)}{factor}"
        return lines + Formula(tuple(pieces)).lines(width, 2)
    formula = added_up(
        f"{label} =", differences, lambda d: _slope_words(name, d, figures), lambda d: _slope(name, d), share + bend,
        figures,
    )  # fmt: skip
    return lines + formula.then(f"= {figures(delta)}").lines(width, 2)


def _slope(name: str, d: float) -> float:
    if name in ("mse", "bce"):
        return 2 * d if name == "mse" else d
    return float(np.sign(d)) if name == "mae" else min(1.0, max(-1.0, d))


def _slope_words(name: str, d: float, figures: NumberFormat) -> str:
    if name == "mse":
        return figures.product(2, d)
    return figures.factor(_slope(name, d))


def share(trace: Trace, snapshot: Snapshot, focus: Focus, figures: NumberFormat, width: int) -> list[Line]:
    """One row's gradient and the rest, which together are the batch's: for the chosen neuron's weights and bias."""
    assert trace.row is not None
    layout = layout_for(snapshot.experiment)
    weight, bias = layout.weight(focus.layer), layout.bias(focus.layer)
    j, m = focus.neurons[focus.layer], weight.shape[1]
    own, batch = trace.gradient, trace.batch_gradient
    assert batch is not None
    places = [weight.start + j * m + k for k in kept(m, focus.entering_of(focus.layer), figures.terms)]
    lines = [Line.of((tr("  share: this row + the rest = .grad"), "strong"))]
    lines += indented(_rest(trace, snapshot), width, "dim", figures.glyphs)
    if m > figures.terms:
        words = tr("  {some} of the neuron's {all} weights, and its bias:", some=len(places), all=m)
        lines.append(Line.of((words, "dim")))
    for place in (*places, bias.start + j):
        rest = float(batch[place]) - float(own[place])
        frozen = tr("  but it is frozen: .grad reads 0") if place in snapshot.frozen else ""
        name = layout.name_of(place).replace("[", ".grad[")
        lines += Formula(
            (f"{name} =", figures(own[place]), f"+ {figures.factor(rest)}", f"= {figures(batch[place])}{frozen}")
        ).lines(width, 2)
    return lines


def _rest(trace: Trace, snapshot: Snapshot) -> str:
    training = snapshot.experiment.training
    parts = [plural(trace.rows - 1, "other row", "other rows")] if trace.rows > 1 else []
    if training.l1:
        parts.append(tr("the l1 penalty of {l1:g}", l1=training.l1))
    if not training.zero_grad:
        parts.append(tr("the gradients kept from earlier passes"))
    if not parts:
        return tr("It is the only row: the rest is 0.")
    return tr("The rest: {parts}.", parts=tr(" and ").join(parts))


def step_head(
    snapshot: Snapshot, trace: Trace, focus: Focus, figures: NumberFormat, width: int
) -> tuple[str, list[Line]]:
    """Title and lines: the chosen parameter's change in full, and what the step did to the loss and the sum."""
    step = trace.step
    if step is None:
        words = tr("No step has been made yet.")
        if snapshot.moment.stage:
            words = tr("It comes when the backward pass is done.")
        elif snapshot.moment.update:
            words = tr("Something was changed or opened since the last step: the next one has its arithmetic again.")
        return tr("step"), indented(words, width, "dim", figures.glyphs)
    lr = plain_number(step.lr, figures.glyphs)
    update = count(snapshot.moment.update)
    title = tr("step, update {update}: {optimizer}, lr {lr}", update=update, optimizer=step.optimizer, lr=lr)
    whose = wrapped(figures.glyphs.text(_whose_gradient(snapshot, trace, step)), width - 2)
    return title, [
        *(Line.of(("  " + row, "dim")) for row in whose),
        *_worked(snapshot, step, focus.parameter, figures, width),
        *_effect(snapshot, step, figures, width),
    ]


def _whose_gradient(snapshot: Snapshot, trace: Trace, step: StepTrace) -> str:
    """How the step's gradient is joined to the way that is told above it; nothing where it is that way's own."""
    if trace.row is not None:
        return tr("g is the whole batch's gradient, the last number of the share above.")
    if step.way is None:
        return tr("g is of the whole batch, measured before the step; the way above is of the network after it.")
    training = snapshot.experiment.training
    more = [tr("the l1 penalty of {l1:g}", l1=training.l1)] if training.l1 else []
    if not training.zero_grad:
        more.append(tr("the gradients kept from earlier passes"))
    return tr("g is the gradient above and {others}.", others=tr(" and ").join(more)) if more else ""


def _worked(snapshot: Snapshot, step: StepTrace, index: int, figures: NumberFormat, width: int) -> list[Line]:
    """The optimizer's formula, line by line, with this parameter's numbers."""
    text = figures.glyphs.text
    name = layout_for(snapshot.experiment).name_of(index)
    old, new = float(step.before[index]), float(step.after[index])
    if step.frozen[index]:
        held = snapshot.held_gradient(index)
        words = tr("{name} is frozen: it stands still at {number}.", name=name, number=figures(new))
        kept_at_0 = tr(" Its gradient is held at 0.")
        if held is not None:
            kept_at_0 = tr(" Its gradient, which would be {held}, is held at 0.", held=figures(held))
        words += kept_at_0
        return indented(words, width, "text", figures.glyphs)
    gradient = float(step.gradient[index])
    lines = [Line.of(tr("  {name}, with the gradient g = {gradient}", name=name, gradient=figures(gradient)))]
    first, second = (float(row[index]) for row in snapshot.previous[2:])
    values = {"θ": old, "g": gradient, "lr": step.lr, "m": first, "b": first, "v": second}
    values["ε"] = snapshot.experiment.training.eps
    for term in step.terms:
        formula = _exact(term.formula, snapshot.experiment.training, figures)
        placed = in_place(formula, values, figures)
        values[term.symbol] = float(term.values[index])
        first_part, plus, rest = placed.partition(") + ")  # only AdamW's change is long enough to be broken
        placed_parts = (f"= {first_part})", f"+ {rest}") if plus else (f"= {placed}",) if placed != formula else ()
        if placed_parts and cell_len(text(placed_parts[0])) > width - 8:  # of many digits: it is broken once more
            above, sign, below = placed_parts[0].partition("/(" if "/(" in placed_parts[0] else " + ")
            placed_parts = (above, sign.lstrip() + below, *placed_parts[1:])
        pieces = (f"{term.symbol} = {formula}", *placed_parts, f"= {figures(values[term.symbol])}")
        lines += Formula(tuple(text(_uncombined(piece)) for piece in pieces)).lines(width, 4)
    change = float(step.change[index])
    pieces = (text(tr("new θ = θ + Δ")), f"= {figures(old)} + {figures.factor(change)}", f"= {figures(new)}")
    return lines + Formula(pieces).lines(width, 4)


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


def in_place(formula: str, values: dict[str, float], figures: NumberFormat) -> str:
    """The formula with numbers where its symbols stood, negative ones in brackets."""
    return _SYMBOLS.sub(lambda found: figures.factor(values[found.group()]), formula)


def _effect(snapshot: Snapshot, step: StepTrace, figures: NumberFormat, width: int) -> list[Line]:
    """What was expected of the loss, what came of it, and what it did to the current sum."""
    glyphs, text = figures.glyphs, figures.glyphs.text
    minus = glyphs.minus
    lines: list[Line] = []
    before = snapshot.batch_loss
    if before is not None:

        def signed(change: float, digits: int) -> str:
            return ("+" if change > 0 else "") + replace(figures, digits=digits)(change)

        digits = range(figures.digits, max(FULL_DIGITS, figures.digits) + 1)
        expected, real = written_apart(step.expected_change, step.real_change, signed, digits)
        words = tr("expected of the loss, by the slope alone:")
        if snapshot.experiment.row_count > 1:
            words = tr("expected of the batch's loss, by the slope alone:")
        lines += Formula((words, text("Σ g·Δ"), f"= {expected}")).lines(width, 2)
        came = tr("what came of it: {loss}", loss=figures(before + step.real_change))
        lines += Formula((came, f"{minus} {figures.factor(before)}", f"= {real}")).lines(width, 2)
    of_the_sum = snapshot.trace.step if snapshot.trace is not None else None  # a row's step does not know the sum
    if of_the_sum is not None and of_the_sum.previous_answer is not None:
        asked, was = snapshot.asked, of_the_sum.previous_answer
        pair = sum_text(asked.sum, snapshot.experiment.wanted.rule, figures.glyphs)
        lines += Formula((
            f"{pair}:", f"{figures(was)} {text('→')} {figures(asked.predicted)},",
            tr("no truth known") if asked.wanted is None else tr("wanted {wanted}", wanted=figures(asked.wanted)),
        )).lines(width, 2)  # fmt: skip
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
    columns: tuple[NDArray[np.float64], ...]
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


def step_table(snapshot: Snapshot, step: StepTrace, chosen: int, figures: NumberFormat, width: int) -> StepTable:
    """The table: one row each where the window takes all columns, with fewer digits if need be, else several."""
    layout = layout_for(snapshot.experiment)
    left = 5 + max(len(layout.name_of(tensor.stop - 1).partition("[")[2]) for tensor in layout.tensors)
    every: list[tuple[str, NDArray[np.float64]]] = [
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
        layout, heads, tuple(values for _, values in every), chosen, step.frozen, figures, cell, digits, left, beside
    )
