"""The error's way back through one layer in text, and one row's share of the batch's gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from adder_engine.experiment import Experiment
from adder_tui.network.matrix import MOST_ROWS, Part, block
from adder_tui.selection import Focus, layout_for
from adder_tui.ui.line import Line, wrapped
from adder_tui.ui.numbers import aligned, count, plural
from adder_tui.ui.phrases import Formula, NumberFormat, bracketed, kept, sum_of_products

if TYPE_CHECKING:
    from adder_engine.snapshot import Snapshot
    from adder_engine.trace import Trace


def backward_layer(
    trace: Trace, i: int, focus: Focus, experiment: Experiment, figures: NumberFormat, width: int
) -> tuple[str, list[Line]]:
    """Title and lines of the backward pass through layer i: its delta, then the gradients of its parameters."""
    layer, last, text = trace.layers[i], i == len(trace.layers) - 1, figures.glyphs.text
    n, m = layer.weight.shape
    j, k = focus.neurons[i], focus.entering_of(i)
    number = i + 1
    outs = [f"{number}[{place}]" for place in range(n)]
    if last:
        title = f"backward, layer {layer.name}: δ{number} = dL/dy, the error starts here"
        lines = _first_delta(trace, figures, width)
    else:
        size = len(trace.layers[i + 1].bias)
        bends = experiment.network.activation != "none"
        factors = ("" if layer.mask is None else f", times m{number}") + (f", times slope{number}" if bends else "")
        title = (
            f"backward, layer {layer.name}: δ{number} = δ{number + 1}·W{number + 1}{factors}"
            f"   (1, {size})·({size}, {n}) → (1, {n})"
        )
        lines = _delta(trace, i, j, bends, figures, width)
    entering = "X" if i == 0 else f"H{i}"
    names = ["a", "b"] if i == 0 else [f"h{i}[{place}]" for place in range(m)]
    what = _part_of(trace, experiment)
    words = text(
        f"{what}{layer.name}.weight.grad = δ{number}ᵀ·{entering}   ({n}, 1)·(1, {m}) → ({n}, {m});"
        f"   {what}{layer.name}.bias.grad = δ{number}"
    )
    lines += [Line.of(("  " + row, "dim")) for row in wrapped(words, width - 2)]
    rows = kept(n, j, MOST_ROWS)
    deltas = aligned([figures(layer.delta[p]) for p in rows])
    beside = {p: f"{text('δ')}{outs[p]} = {delta}" for p, delta in zip(rows, deltas, strict=True)}
    lines += block(
        [Part(entering, layer.entering), Part("part" if what else "grad", layer.weight_grad, row=j, beside=beside)],
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
    return "this sum's share of " if trace.row is None else "this row's share of "


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


def _first_delta(trace: Trace, figures: NumberFormat, width: int) -> list[Line]:
    """Delta of the output: the slope of the loss by the answer."""
    glyphs, name, n = figures.glyphs, trace.loss_name, trace.rows
    delta = float(trace.layers[-1].delta[0])
    number = len(trace.layers)
    label = glyphs.text(f"δ{number}[0]")
    differences = trace.differences.tolist()
    flat = len(differences) > 1
    share = f"/{n * n if flat else n}" if n > 1 else ""
    words = {"mse": f"2{glyphs.times}d", "mae": "sign(d)", "huber": f"d, held within {glyphs.minus}1 and 1"}[name]
    lines: list[Line] = []
    if n > 1:
        why = f"The loss of the batch is the mean over its {count(n)} rows, so this row counts 1/{count(n)}."
        if flat:
            why = f"With the flat target the loss is a mean over {count(n)}{glyphs.times}{count(n)} differences."
        lines = [Line.of(("  " + row, "dim")) for row in wrapped(glyphs.text(why), width - 2)]
    if not flat:
        inner = _slope_words(name, differences[0], figures)
        pieces = [f"{label} = {words}{share}", f"= {inner}{share}", f"= {figures(delta)}"]
        if name == "huber":
            pieces = [f"{label} = d held within {glyphs.minus}1 and 1", *pieces[1:]]
        return lines + Formula(tuple(pieces)).lines(width, 2)
    places = kept(n, None, figures.terms)
    shown = [_slope_words(name, differences[k], figures) for k in places]
    if n > len(places):
        rest = sum(_slope(name, d) for k, d in enumerate(differences) if k not in places)
        shown.append(f"{figures.factor(rest)} [{count(n - len(places))} others]")
    formula = bracketed(f"{label} =", [shown[0], *(f"+ {piece}" for piece in shown[1:])], share)
    return lines + formula.then(f"= {figures(delta)}").lines(width, 2)


def _slope(name: str, d: float) -> float:
    if name == "mse":
        return 2 * d
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
    lines = [Line.of(("  share: this row + the rest = .grad", "strong"))]
    lines += [Line.of(("  " + row, "dim")) for row in wrapped(figures.glyphs.text(_rest(trace, snapshot)), width - 2)]
    if m > figures.terms:
        lines.append(Line.of((f"  {len(places)} of the neuron's {m} weights, and its bias:", "dim")))
    for place in (*places, bias.start + j):
        rest = float(batch[place]) - float(own[place])
        frozen = "  but it is frozen: .grad reads 0" if place in snapshot.frozen else ""
        name = layout.name_of(place).replace("[", ".grad[")
        lines += Formula(
            (f"{name} =", figures(own[place]), f"+ {figures.factor(rest)}", f"= {figures(batch[place])}{frozen}")
        ).lines(width, 2)
    return lines


def _rest(trace: Trace, snapshot: Snapshot) -> str:
    training = snapshot.experiment.training
    parts = [plural(trace.rows - 1, "other row")] if trace.rows > 1 else []
    if training.l1:
        parts.append(f"the l1 penalty of {training.l1:g}")
    if not training.zero_grad:
        parts.append("the gradients kept from earlier passes")
    return f"The rest: {' and '.join(parts)}." if parts else "It is the only row: the rest is 0."
