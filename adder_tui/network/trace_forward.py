"""A sum's way through the network as text that can be read aloud: forward, loss, backward, and the step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_engine.snapshot import PHASES, Stage
from adder_tui.network.matrix import Part, block
from adder_tui.network.trace_backward import StepTable, backward_layer, share, step_head, step_table
from adder_tui.selection import Focus, Selection, focus_of
from adder_tui.ui.line import Line, wrapped
from adder_tui.ui.numbers import count, plural
from adder_tui.ui.phrases import FULL_DIGITS, Formula, NumberFormat, added_up, indented, kept, sum_of_products
from adder_tui.ui.run_state import over_pairs
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import Snapshot
    from adder_engine.trace import LayerTrace, Trace

ACTIVATION_WORDS = {"none": "{}", "relu": "max(0, {})", "leaky_relu": "leaky({})", "sine": "sin({})"}

UNKNOWN = tr(
    "The right answer to this pair is not known, so there is no error to send back: b follows a row, whose target is."
)
P_YES = tr("p(yes)")


@dataclass(frozen=True)
class TraceLines:
    """The trace as lines. The long table of the step is drawn line by line, as it comes into sight."""

    lines: Sequence[Line]
    starts: Mapping[Stage, int]
    """The line at which a rung of the ladder is told."""
    table: StepTable | None

    def __len__(self) -> int:
        return len(self.lines) + (len(self.table) if self.table else 0)

    def line(self, i: int) -> Line:
        if i < len(self.lines):
            return self.lines[i]
        assert self.table is not None
        return self.table.line(i - len(self.lines))


def tell(
    trace: Trace, snapshot: Snapshot, selection: Selection, figures: NumberFormat, width: int,
    forward: bool = False, keys: bool = True,
) -> TraceLines:  # fmt: skip
    """The whole way of one example, with the chosen neuron and parameter worked out.

    After a step it is the way that the step was made from, wherever the step was of this example alone.

    Args:
        trace: of the current sum or of a row; of the same moment as the snapshot.
        forward: the way back and the step are left out.
        keys: whether the Network tab's keys work here, so that they can be told.
    """
    experiment, trace = snapshot.experiment, trace.chain
    focus = focus_of(selection, experiment)
    lines: list[Line] = [*_head(trace, snapshot, figures, width, forward, keys)]
    starts: dict[Stage, int] = {}

    def section(stage: Stage, title: str, body: Sequence[Line]) -> None:
        lines.append(Line())
        starts[stage] = len(lines)
        here = stage == snapshot.stage
        mark = figures.glyphs.current if here else " "
        first, *more = wrapped(figures.glyphs.text(title), max(20, width - 3))
        lines.append(Line.of((f"{mark} {first} ", "active" if here else "strong")))
        lines.extend(Line.of((f"    {row}", "strong")) for row in more)
        lines.extend(body)

    clears = experiment.training.zero_grad
    if not forward:
        left_out = tr("zero_grad is left out: gradients go on adding up")
        section(Stage(PHASES[0]), tr("zero_grad: every gradient is cleared") if clears else left_out, ())
    for i in range(len(trace.layers)):
        section(Stage("forward", i), _forward_title(trace, i, experiment.activations[i]),
                _forward(trace, i, focus, experiment.activations[i], figures, width))  # fmt: skip
        if i == len(trace.layers) - 1:
            lines.extend(_answer(trace, figures, width))
    unknown = indented(UNKNOWN, width, "text", figures.glyphs)
    title = tr("loss") if trace.row is None else tr("loss of this row")
    body = [*_not_trained_on(trace, experiment, figures, width), *_loss(trace, figures, width)]
    title += tr(", of the scaled numbers") if trace.target_scale != 1 else ""
    section(Stage("loss"), title, body if trace.known else unknown)
    if forward:
        return TraceLines(lines, starts, None)
    for i in reversed(range(len(trace.layers))):
        title, body = backward_layer(trace, i, focus, experiment, figures, width)
        body = body if trace.known else unknown if i == len(trace.layers) - 1 else []
        section(Stage("backward", i), title, body)
    if trace.row is not None:
        lines.append(Line())
        lines.extend(share(trace, snapshot, focus, figures, width))
    title, body = step_head(snapshot, trace, focus, figures, width)
    section(Stage("step"), title, body)
    table = None if trace.step is None else step_table(snapshot, trace.step, focus.parameter, figures, width)
    if table is not None:
        lines.append(Line())
    return TraceLines(lines, starts, table)


def trace_header(
    row: int | None, digits: int, last: int, of: int, width: int, glyphs: Glyphs, keys: bool = True
) -> Line:
    """What is followed and in how many digits, the keys that change it where there is room, and how far it goes.

    Args:
        last: the last line in sight, counted from 1.
        of: all lines; 0 while there are none.
        keys: whether the keys work here.
    """
    what = tr("of the current sum, ") if row is None else tr("of row {row} of the data, ", row=count(row))
    precision = tr("every digit") if digits >= FULL_DIGITS else tr("{digits} digits", digits=digits)
    left = Line.of((tr(" Trace "), "strong"), (what + precision, "dim"))
    right = Line.of((tr("{last} of {all} ", last=count(last), all=count(of)) if of else "", "dim"))
    for key, does in (("p", tr("digits")), ("b", tr("row")), ("y", tr("copy")), ("w", tr("write"))) if keys else ():
        more = Line.of(left, "   ", (key, "key"), (f" {does}", "dim"))
        if more.width + 2 + right.width > width:
            break
        left = more
    return left.with_right(right, width, glyphs.ellipsis)


def pair_words(trace: Trace, rule: str, figures: NumberFormat) -> str:
    """``30 + 70``, ``30 − (−70)``, ``3·7``; ``30, −70`` where rows set the targets."""
    a, b = trace.pair
    if rule == "rows":
        return f"{figures(a)}, {figures(b)}"
    sign = {"sum": " + ", "difference": f" {figures.glyphs.minus} ", "product": figures.glyphs.times}.get(rule, ", ")
    return f"{figures(a)}{sign}{figures.factor(b)}"


def _head(trace: Trace, snapshot: Snapshot, figures: NumberFormat, width: int, forward: bool, keys: bool) -> list[Line]:
    glyphs = figures.glyphs
    pair = pair_words(trace, snapshot.experiment.wanted.rule, figures)
    if trace.row is None:
        when = tr("as it is now")
        if trace.step is not None and trace.step.way is not None:
            when = tr("as it was before the step of update {update}", update=count(snapshot.moment.update))
        dropout = tr(", without dropout,") if snapshot.experiment.network.dropout else ""
        back = tr(" and its own error back") if trace.known and not forward else ""
        words = tr("The way of {pair} through the network {when}", pair=pair, when=when) + f"{dropout}{back}."
        if snapshot.experiment.row_count > 1 and keys:
            rows = plural(snapshot.experiment.row_count, "row", "rows")
            words += tr(" Training works on {rows}: b follows one of them.", rows=rows)
    else:
        update = snapshot.moment.update + (1 if snapshot.moment.stage else 0)
        since = tr("from its start, worked out ahead on a copy") if trace.ahead else tr("from before its step")
        words = tr(
            "Row {row} of the data, {pair}, in the batch of {rows} of update {update}, with the numbers {since}.",
            row=count(trace.row), pair=pair, rows=plural(trace.rows, "row", "rows"), update=count(update), since=since,
        )  # fmt: skip
        if trace.left_out:
            words += tr(" What was changed by hand since is left out.")
    lines = [Line.of((row, "text")) for row in wrapped(glyphs.text(words), max(20, width))]
    if trace.scale != 1:
        scale, target_scale = figures(trace.scale), figures(trace.target_scale)
        words = tr("Inside, the inputs are divided by {scale}, the target by {target_scale}:", scale=scale,
                   target_scale=target_scale)  # fmt: skip
        if trace.target_scale == trace.scale:
            words = tr("Inside, numbers are divided by {scale}:", scale=scale)
        elif trace.target_scale == 1:
            words = tr("Inside, the inputs are divided by {scale}:", scale=scale)
        lines += [Line.of((row, "text")) for row in wrapped(words, max(20, width))]
        for name, x, inner in zip("ab", trace.pair, trace.inputs, strict=True):
            lines += Formula((f"{name} = {figures(x)}/{figures.factor(trace.scale)}", f"= {figures(inner)}")).lines(
                width, 2
            )
    return lines


def _symbol(trace: Trace, i: int) -> str:
    """What enters layer i: X for the inputs, H1 … for hidden layers."""
    return f"H{i}" if i else "X"


def _forward_title(trace: Trace, i: int, activation: str) -> str:
    layer = trace.layers[i]
    n, m = layer.weight.shape
    straight = activation == "none" and layer.mask is None
    last = i == len(trace.layers) - 1
    out = f"Z{i + 1}" if not straight else "Y" if last else f"H{i + 1}"
    formula = f"{out} = {_symbol(trace, i)}·W{i + 1}ᵀ + b{i + 1}   (1, {m})·({m}, {n}) + ({n},) → (1, {n})"
    return tr("forward, layer {name}: {formula}", name=layer.name, formula=formula)


def names_of(trace: Trace, i: int) -> list[str]:
    """Names of the numbers that leave layer i − 1: ``a b``, ``h1[0] …``; ``y`` for the last one's."""
    if i == 0:
        return ["a", "b"]
    if i == len(trace.layers):
        return ["y"]
    return [f"h{i}[{k}]" for k in range(len(trace.layers[i - 1].bias))]


def _forward(trace: Trace, i: int, focus: Focus, activation: str, figures: NumberFormat, width: int) -> list[Line]:
    layer, last, text = trace.layers[i], i == len(trace.layers) - 1, figures.glyphs.text
    j = focus.neurons[i]
    bends = activation != "none"
    parts = [Part(text(f"W{i + 1}ᵀ"), layer.weight.T), Part(f"+ b{i + 1}", layer.bias)]
    if bends or layer.mask is not None:
        parts.append(Part(f"= Z{i + 1}", layer.pre))
    if layer.mask is not None:
        parts.append(Part(text(f"· m{i + 1}"), layer.mask))
    leaving = "Y" if last else f"H{i + 1}"
    parts.append(Part(leaving if bends else f"= {leaving}", layer.post))
    lines = block(
        [Part(_symbol(trace, i), layer.entering, all=True)], None, names_of(trace, i), figures, width
    ) + block(parts, j, names_of(trace, i + 1), figures, width)
    if layer.mask is not None:
        lines += indented(_mask_words(layer, j, i + 1), width, "dim", figures.glyphs)

    name = names_of(trace, i + 1)[j]
    places = kept(len(layer.entering), focus.entering_of(i), figures.terms)
    pairs = list(zip(layer.entering.tolist(), layer.weight[j].tolist(), strict=True))
    terms = sum_of_products(pairs, places, figures, float(layer.bias[j]))
    if not bends and layer.mask is None:
        return [*lines, *Formula((f"{name} =", *terms, f"= {figures(layer.post[j])}")).lines(width, 2)]
    weighted = f"z{i + 1}[{j}]"
    lines += Formula((f"{weighted} =", *terms, f"= {figures(layer.pre[j])}")).lines(width, 2)
    factor = "" if layer.mask is None else figures.glyphs.times + figures.factor(layer.mask[j])
    mask = "" if layer.mask is None else f"{figures.glyphs.times}m{i + 1}[{j}]"
    formula = Formula((
        f"{name} = {_bent(activation, weighted)}{mask}",
        f"= {_bent(activation, figures(layer.pre[j]) if bends else figures.factor(layer.pre[j]))}{factor}",
        f"= {figures(layer.post[j])}",
    ))  # fmt: skip
    return [*lines, *formula.lines(width, 2)]


def _bent(activation: str, inside: str) -> str:
    return ACTIVATION_WORDS.get(activation, activation + "({})").format(inside)


def _mask_words(layer: LayerTrace, j: int, number: int) -> str:
    assert layer.mask is not None
    zeros = int((layer.mask == 0).sum())
    if zeros == len(layer.mask):
        neurons = plural(zeros, "neuron", "neurons")
        return tr("m{number}, the mask, holds all {neurons} of the layer at 0.", number=number, neurons=neurons)
    words = tr(
        "m{number}, the mask, holds {zeros} of {neurons} at 0 and multiplies the others by {factor}",
        number=number, zeros=zeros, neurons=plural(len(layer.mask), "neuron", "neurons"),
        factor=f"{float(layer.mask.max()):.4g}",
    )  # fmt: skip
    return words + (tr("; the chosen one is held at 0.") if layer.mask[j] == 0 else tr("; the chosen one passes."))


def _answer(trace: Trace, figures: NumberFormat, width: int) -> list[Line]:
    if trace.loss_name == "bce":
        text, minus = figures.glyphs.text, figures.glyphs.minus
        said = (text(f"{P_YES} = σ(y) = 1/(1 + e^{minus}y)"), f"= {figures(trace.answer)}")
        return Formula(said).lines(width, 2)
    if trace.target_scale == 1:
        return []
    pieces = (
        f"{tr('answer')} = y{figures.glyphs.times}{figures(trace.target_scale)}",
        f"= {figures.product(trace.output, trace.target_scale)}",
        f"= {figures(trace.answer)}",
    )
    return Formula(pieces).lines(width, 2)


def _not_trained_on(trace: Trace, experiment: Experiment, figures: NumberFormat, width: int) -> list[Line]:
    """With a flat target, that the current sum's own loss is not the one that training makes smaller."""
    full = over_pairs(experiment, figures.glyphs, "")[0]
    if trace.row is not None or not full:
        return []
    words = tr(
        "This is the sum's own loss, of its answer and its own target. Training has the flat target: its "
        "loss is the mean of {differences}, each answer minus every row's target; b follows a row there.",
        differences=full,
    )
    return indented(words, width, "text", figures.glyphs)


def _loss(trace: Trace, figures: NumberFormat, width: int) -> list[Line]:
    """The difference to the target, and what the criterion makes of it."""
    glyphs, minus = figures.glyphs, figures.glyphs.minus
    differences = trace.differences.tolist()
    if len(differences) > 1:
        n = len(differences)
        words = tr(
            "The flat target compares this answer with the targets of all {n} rows: d = y {minus} t.",
            n=count(n),
            minus=minus,
        )
        lines = indented(words, width, "text", figures.glyphs)
        lines += block([Part("d", trace.differences)], None, [str(k) for k in range(n)], figures, width)
        name = trace.loss_name
        formula = added_up(
            "L =", differences, lambda d: _loss_words(name, d, figures), lambda d: one_loss(name, d), f"/{n}", figures
        )
        return lines + formula.then(f"= {figures(trace.loss)}").lines(width, 2)
    d = differences[0]
    if trace.loss_name == "bce":
        return _loss_of_yes_or_no(trace, figures, width)
    lines = Formula((f"d = y {minus} t", f"= {figures(trace.output)} {minus} {figures.factor(trace.target)}",
                     f"= {figures(d)}")).lines(width, 2)  # fmt: skip
    symbol = {"mse": glyphs.text("d²"), "mae": "abs(d)"}.get(trace.loss_name)
    if symbol is None:
        symbol = f"0.5{glyphs.times}{glyphs.text('d²')}" if abs(d) < 1 else f"abs(d) {minus} 0.5"
    return lines + Formula(
        (f"L = {symbol}", f"= {_loss_words(trace.loss_name, d, figures)}", f"= {figures(trace.loss)}")
    ).lines(width, 2)


def _loss_of_yes_or_no(trace: Trace, figures: NumberFormat, width: int) -> list[Line]:
    """The surprise: minus the logarithm of the probability that was given to what is right."""
    text, minus, yes = figures.glyphs.text, figures.glyphs.minus, trace.target > 0.5
    given = trace.answer if yes else 1 / (1 + math.exp(min(700.0, trace.output)))
    what, target = P_YES if yes else f"(1 {minus} {P_YES})", figures(trace.target)
    words = tr("  right is no, t = {target}: p is to be 0", target=target)
    if yes:
        words = tr("  right is yes, t = {target}: p is to be 1", target=target)
    pieces = text(f"L = {minus}log {what}"), f"= {minus}log {figures.factor(given)}", f"= {figures(trace.loss)}"
    return [Line.of((words, "text")), *Formula(pieces).lines(width, 2)]


def one_loss(name: str, d: float) -> float:
    """The loss of one difference, in float64."""
    if name == "mse":
        return d * d
    if name == "mae":
        return abs(d)
    return 0.5 * d * d if abs(d) < 1 else abs(d) - 0.5


def _loss_words(name: str, d: float, figures: NumberFormat) -> str:
    squared = figures.factor(d) + figures.glyphs.text("²")
    if name == "mse":
        return squared
    if name == "mae":
        return f"abs({figures(d)})"
    if abs(d) < 1:
        return f"0.5{figures.glyphs.times}{squared}"
    return f"abs({figures(d)}) {figures.glyphs.minus} 0.5"
