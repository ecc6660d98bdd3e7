"""A sum's way through the network as text that can be read aloud: forward, loss, backward, and the step."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_engine.snapshot import PHASES, Stage
from adder_tui.network.matrix import Part
from adder_tui.network.trace_backward import StepTable, Way, backward_layer, share, step_head, step_table
from adder_tui.selection import Selection, focus_of
from adder_tui.ui.line import Line, wrapped
from adder_tui.ui.numbers import count, plural
from adder_tui.ui.phrases import FULL_DIGITS, NumberFormat, added_up, kept, sum_of_products
from adder_tui.ui.run_state import over_pairs
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from adder_engine.snapshot import Floats, Snapshot
    from adder_engine.trace import Trace

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
    way = Way(trace.chain, snapshot, focus_of(selection, snapshot.experiment), figures, width)
    trace, experiment = way.trace, way.experiment
    lines: list[Line] = [*_head(way, forward, keys)]
    starts: dict[Stage, int] = {}

    def section(stage: Stage, title: str, body: Sequence[Line] = ()) -> None:
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
        section(Stage(PHASES[0]), tr("zero_grad: every gradient is cleared") if clears else left_out)
    for i in range(way.last + 1):
        section(Stage("forward", i), _forward_title(way, i), _forward(way, i))
    lines += _answer(way)
    unknown = way.said(UNKNOWN, "text")
    title = tr("loss") if trace.row is None else tr("loss of this row")
    title += tr(", of the scaled numbers") if trace.target_scale != 1 else ""
    section(Stage("loss"), title, [*_not_trained_on(way), *_loss(way)] if trace.known else unknown)
    if forward:
        return TraceLines(lines, starts, None)
    for i in range(way.last, -1, -1):
        title, body = backward_layer(way, i)
        section(Stage("backward", i), title, body if trace.known else unknown if i == way.last else ())
    if trace.row is not None:
        lines += [Line(), *share(way)]
    section(Stage("step"), *step_head(way))
    if trace.step is None:
        return TraceLines(lines, starts, None)
    return TraceLines([*lines, Line()], starts, step_table(way, trace.step))


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


def _pair_words(way: Way) -> str:
    """``30 + 70``, ``30 − (−70)``, ``3·7``; ``30, −70`` where rows set the targets."""
    figures, rule, (a, b) = way.figures, way.experiment.wanted.rule, way.trace.pair
    if rule == "rows":
        return f"{figures(a)}, {figures(b)}"
    sign = {"sum": " + ", "difference": f" {figures.glyphs.minus} ", "product": figures.glyphs.times}.get(rule, ", ")
    return f"{figures(a)}{sign}{figures.factor(b)}"


def _head(way: Way, forward: bool, keys: bool) -> list[Line]:
    trace, figures, moment = way.trace, way.figures, way.snapshot.moment
    pair = _pair_words(way)
    if trace.row is None:
        when = tr("as it is now")
        if trace.step is not None and trace.step.way is not None:
            when = tr("as it was before the step of update {update}", update=count(moment.update))
        dropout = tr(", without dropout,") if way.experiment.network.dropout else ""
        back = tr(" and its own error back") if trace.known and not forward else ""
        words = tr("The way of {pair} through the network {when}", pair=pair, when=when) + f"{dropout}{back}."
        if way.experiment.row_count > 1 and keys:
            rows = plural(way.experiment.row_count, "row", "rows")
            words += tr(" Training works on {rows}: b follows one of them.", rows=rows)
    else:
        since = tr("from its start, worked out ahead on a copy") if trace.ahead else tr("from before its step")
        words = tr(
            "Row {row} of the data, {pair}, in the batch of {rows} of update {update}, with the numbers {since}.",
            row=count(trace.row), pair=pair, rows=plural(trace.rows, "row", "rows"),
            update=count(moment.update + (moment.stage > 0)), since=since,
        )  # fmt: skip
        if trace.left_out:
            words += tr(" What was changed by hand since is left out.")
    scaling: list[Line] = []
    sentences = [figures.glyphs.text(words)]
    if trace.scale != 1:
        scale, target_scale = figures(trace.scale), figures(trace.target_scale)
        words = tr("Inside, the inputs are divided by {scale}, the target by {target_scale}:", scale=scale,
                   target_scale=target_scale)  # fmt: skip
        if trace.target_scale == trace.scale:
            words = tr("Inside, numbers are divided by {scale}:", scale=scale)
        elif trace.target_scale == 1:
            words = tr("Inside, the inputs are divided by {scale}:", scale=scale)
        sentences.append(words)
        for name, x, inner in zip("ab", trace.pair, trace.inputs, strict=True):
            scaling += way.worked(f"{name} = {figures(x)}/{figures.factor(trace.scale)}", f"= {figures(inner)}")
    broken = [row for sentence in sentences for row in wrapped(sentence, max(20, way.width))]
    return [*map(Line.of, broken), *scaling]


def _forward_title(way: Way, i: int) -> str:
    layer = way.trace.layers[i]
    n, m = layer.weight.shape
    out = f"Z{i + 1}" if way.bends(i) or layer.mask is not None else _leaving(way, i)
    formula = f"{out} = {way.symbol(i)}·W{i + 1}ᵀ + b{i + 1}   (1, {m})·({m}, {n}) + ({n},) → (1, {n})"
    return tr("forward, layer {name}: {formula}", name=layer.name, formula=formula)


def _leaving(way: Way, i: int) -> str:
    """What leaves layer i."""
    return "Y" if i == way.last else way.symbol(i + 1)


def _forward(way: Way, i: int) -> list[Line]:
    layer, figures, j, bends = way.trace.layers[i], way.figures, way.focus.neurons[i], way.bends(i)
    number, mask, names = i + 1, layer.mask, way.names(i + 1)
    straight = not bends and mask is None
    parts = [(f"W{number}ᵀ", layer.weight.T), (f"+ b{number}", layer.bias)]
    parts += [] if straight else [(f"= Z{number}", layer.pre)]
    parts += [] if mask is None else [(f"· m{number}", mask)]
    parts.append((_leaving(way, i) if bends else f"= {_leaving(way, i)}", layer.post))
    lines = way.block([Part(way.symbol(i), layer.entering, all=True)], None, way.names(i))
    lines += way.block([Part(figures.glyphs.text(label), values) for label, values in parts], j, names)
    if mask is not None:
        lines += way.said(_mask_words(mask, j, number))
    places = kept(len(layer.entering), way.focus.entering_of(i), figures.terms)
    pairs = list(zip(layer.entering.tolist(), layer.weight[j].tolist(), strict=True))
    terms = sum_of_products(pairs, places, figures, float(layer.bias[j]))
    weighted, result = names[j] if straight else f"z{number}[{j}]", f"= {figures(layer.post[j])}"
    lines += way.worked(f"{weighted} =", *terms, f"= {figures(layer.pre[j])}")
    if straight:
        return lines
    bent = ACTIVATION_WORDS.get(activation := way.experiment.activations[i], activation + "({})").format
    inside = figures(layer.pre[j]) if bends else figures.factor(layer.pre[j])
    by, factor = ("", "") if mask is None else (
        figures.glyphs.times + one for one in (f"m{number}[{j}]", figures.factor(mask[j]))
    )  # fmt: skip
    return lines + way.worked(f"{names[j]} = {bent(weighted)}{by}", f"= {bent(inside)}{factor}", result)


def _mask_words(mask: Floats, j: int, number: int) -> str:
    zeros, neurons = int((mask == 0).sum()), plural(len(mask), "neuron", "neurons")
    if zeros == len(mask):
        return tr("m{number}, the mask, holds all {neurons} of the layer at 0.", number=number, neurons=neurons)
    words = tr(
        "m{number}, the mask, holds {zeros} of {neurons} at 0 and multiplies the others by {factor}",
        number=number, zeros=zeros, neurons=neurons, factor=f"{float(mask.max()):.4g}",
    )  # fmt: skip
    return words + (tr("; the chosen one is held at 0.") if mask[j] == 0 else tr("; the chosen one passes."))


def _answer(way: Way) -> list[Line]:
    trace, figures, glyphs = way.trace, way.figures, way.figures.glyphs
    if trace.loss_name == "bce":
        said = glyphs.text(f"{P_YES} = σ(y) = 1/(1 + e^{glyphs.minus}y)")
        return way.worked(said, f"= {figures(trace.answer)}")
    if trace.target_scale == 1:
        return []
    said = f"{tr('answer')} = y{glyphs.times}{figures(trace.target_scale)}"
    return way.worked(said, f"= {figures.product(trace.output, trace.target_scale)}", f"= {figures(trace.answer)}")


def _not_trained_on(way: Way) -> list[Line]:
    """With a flat target, that the current sum's own loss is not the one that training makes smaller."""
    full = over_pairs(way.experiment, way.figures.glyphs, "")[0]
    if way.trace.row is not None or not full:
        return []
    words = tr(
        "This is the sum's own loss, of its answer and its own target. Training has the flat target: its "
        "loss is the mean of {differences}, each answer minus every row's target; b follows a row there.",
        differences=full,
    )
    return way.said(words, "text")


def _loss(way: Way) -> list[Line]:
    """The difference to the target, and what the criterion makes of it."""
    trace, figures, text, minus = way.trace, way.figures, way.figures.glyphs.text, way.figures.glyphs.minus
    result = f"= {figures(trace.loss)}"
    differences = trace.differences.tolist()

    def counted(d: float) -> str:
        return _loss_form(way, d).format(d=figures(d), squared=figures.factor(d) + text("²"))

    if len(differences) > 1:
        n = len(differences)
        words = tr(
            "The flat target compares this answer with the targets of all {n} rows: d = y {minus} t.",
            n=count(n),
            minus=minus,
        )
        lines = way.said(words, "text") + way.block([Part("d", trace.differences)], None, [str(k) for k in range(n)])
        formula = added_up("L =", differences, counted, LOSSES[trace.loss_name], f"/{n}", figures)
        return lines + way.worked(*formula, result)
    if trace.loss_name == "bce":
        return _loss_of_yes_or_no(way)
    d = differences[0]
    difference = f"= {figures(trace.output)} {minus} {figures.factor(trace.target)}", f"= {figures(d)}"
    form = _loss_form(way, d).format(d="d", squared=text("d²"))
    return way.worked(f"d = y {minus} t", *difference) + way.worked(f"L = {form}", f"= {counted(d)}", result)


def _loss_of_yes_or_no(way: Way) -> list[Line]:
    """The surprise: minus the logarithm of the probability that was given to what is right."""
    trace, figures, minus, yes = way.trace, way.figures, way.figures.glyphs.minus, way.trace.target > 0.5
    given = trace.answer if yes else 1 / (1 + math.exp(min(700.0, trace.output)))
    what, target = P_YES if yes else f"(1 {minus} {P_YES})", figures(trace.target)
    words = tr("  right is no, t = {target}: p is to be 0", target=target)
    if yes:
        words = tr("  right is yes, t = {target}: p is to be 1", target=target)
    pieces = figures.glyphs.text(f"L = {minus}log {what}"), f"= {minus}log {figures.factor(given)}"
    return [Line.of(words), *way.worked(*pieces, f"= {figures(trace.loss)}")]


LOSSES: dict[str, Callable[[float], float]] = {
    "mse": lambda d: d * d,
    "mae": abs,
    "huber": lambda d: 0.5 * d * d if abs(d) < 1 else abs(d) - 0.5,
}
"""The loss of one difference, in float64."""


def _loss_form(way: Way, d: float) -> str:
    """The loss of one difference as a formula of ``d`` and ``squared``; huber's is the one that holds there."""
    half, minus = f"0.5{way.figures.glyphs.times}", way.figures.glyphs.minus
    huber = f"{half}{{squared}}" if abs(d) < 1 else f"abs({{d}}) {minus} 0.5"
    return {"mse": "{squared}", "mae": "abs({d})", "huber": huber}[way.trace.loss_name]
