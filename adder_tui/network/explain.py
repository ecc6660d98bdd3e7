"""What is under the cursor, in words and live numbers: a neuron as the sum it computes, a weight with its course."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_tui.selection import Neuron, Parameter, layout_for, neuron_name, place_of
from adder_tui.ui.heatmap import SIGNS, Dots, Grid
from adder_tui.ui.line import Line, Span, beside, packed, roomiest
from adder_tui.ui.network_values import NetworkValues, reach_of
from adder_tui.ui.numbers import count, number, plain_number, role_of
from adder_tui.ui.phrases import (
    LABEL,
    UNKNOWN,
    factor_text,
    facts_text,
    gradient_is_past,
    gradient_text,
    last_change,
    row,
    six,
)
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import ParameterHistory, Snapshot
    from adder_engine.trace import LayerTrace, Trace


SHORTEST_TERM = 7
"""Columns of ``+ 0·0.1``."""
LEAST_CURVE = 18
MOMENTS = {"momentum": ("b", ""), "nesterov": ("b", ""), "rmsprop": ("", "v"), "adam": ("m", "v"), "adamw": ("m", "v")}
"""What each optimizer keeps in the two rows of moments; sgd keeps nothing."""


def explanation(view: ViewState, course: ParameterHistory | None, width: int, height: int) -> list[Line]:
    """The chosen neuron or number explained; ``course`` is the number's, once it is there."""
    snapshot = view.snapshot
    if snapshot is None or snapshot.trace is None:
        return []
    if height == 1:
        return [in_a_line(view, snapshot, snapshot.trace, width).fit(width, view.glyphs.ellipsis)]
    if isinstance(view.selection, Neuron):
        if view.selection.column == 0:
            lines = _input(view, snapshot.trace, view.selection.index, width)
        else:
            lines = _neuron(view, snapshot, snapshot.trace, view.selection, width, height)
        return [line.fit(width, view.glyphs.ellipsis) for line in lines[:height]]
    return number_explained(view, snapshot, snapshot.trace, view.selection, course, width, height)


def in_a_line(view: ViewState, snapshot: Snapshot, trace: Trace, width: int) -> Line:
    """The chosen neuron's sum, or the chosen number with its gradient and last change, in one row."""
    g, at = view.glyphs, view.selection
    if isinstance(at, Parameter):
        title = Line.of((f" {layout_for(view.experiment).name_of(at.index)}  ", "strong"))
        return Line.of(title, *facts_text(view, snapshot, at.index, width - title.width))
    name = neuron_name(at, view.experiment)
    if at.column == 0:
        return Line.of((f" {name}", "strong"), (" = ", "dim"), plain_number(float(trace.inputs[at.index]), g),
                       (tr("  enters every neuron of the first layer, times its weight"), "dim"))  # fmt: skip
    if not NetworkValues(view).has_value(at.column, at.index):
        return Line.of((f" {name}", "strong"), (tr("  not yet: forward has not come to it"), "dim"))
    layer = trace.layers[at.column - 1]
    title = Line.of((f" {name}  ", "strong"))
    value: list[str | Span] = []
    if layer.post[at.index] != layer.pre[at.index]:
        muted = (at.column - 1, at.index) in snapshot.muted
        function = tr("muted") if muted else view.experiment.activations[at.column - 1]
        value = [("  ", "text"), (f"{function}: ", "dim"), (six(float(layer.post[at.index]), g), "strong")]
    room = width - title.width - Line.of(*value).width
    return Line.of(title, weighted_sum(layer, at.index, room, 1, g)[0], *value)


def _input(view: ViewState, trace: Trace, index: int, width: int) -> list[Line]:
    g = view.glyphs
    value = plain_number(float(trace.inputs[index]), g)
    which = tr("  the second number of the sum") if index else tr("  the first number of the sum")
    title = Line.of((tr(" input {name}", name="ab"[index]), "strong"), (which, "dim"))
    lines = [title, row(tr("value"), (value, "strong"))]
    if trace.scale != 1:
        asked, scale = plain_number(trace.pair[index], g), plain_number(trace.scale, g)
        lines[-1] = Line.of(lines[-1], (tr(" = {asked}/{scale}: inputs are scaled", asked=asked, scale=scale), "dim"))
    return [*lines, row("", (tr("It enters every neuron of the first layer, times that neuron's weight."), "dim"))]


def _neuron(view: ViewState, snapshot: Snapshot, trace: Trace, at: Neuron, width: int, height: int) -> list[Line]:
    g, names = view.glyphs, view.experiment.layer_names
    layer, i = trace.layers[at.column - 1], at.index
    muted = (at.column - 1, i) in snapshot.muted
    title = Line.of(
        (f" {neuron_name(at, view.experiment)}", "strong"),
        (tr("  neuron {place} of {size} in layer {layer}", place=i + 1, size=len(layer.bias), layer=layer.name), "dim"),
        (tr("  muted") if muted else "", "accent"),
    )
    hidden = at.column < len(names)
    right = Line.of((tr("Enter + -"), "key"), (tr(" its bias "), "dim"))
    if hidden:
        right = Line.of(right, ("m", "key"), (tr(" wakes it ") if muted else tr(" mutes it "), "dim"))
    lines = [title.with_right(right, width) if title.width + right.width + 2 <= width else title]
    reached = NetworkValues(view)
    if not reached.has_value(at.column, i):
        words = tr("not yet: forward has not come to it")
        if at.column >= reached.reach.columns:
            words = tr("not yet: forward has not come to layer {layer}", layer=layer.name)
        return [*lines, row(tr("sum"), (words, "dim"))]
    rows = weighted_sum(layer, i, width - LABEL - 2, min(3, max(1, height - 4)), g)
    lines += [row(tr("sum") if n == 0 else "", phrase) for n, phrase in enumerate(rows)]
    bias = layout_for(view.experiment).bias(at.column - 1).start + i
    value, answer, more = _activated(view, layer, at, hidden, muted), number(snapshot.asked.predicted, g), list[str]()
    if not hidden and trace.loss_name == "bce":
        more = [tr("; its sigmoid is how likely yes is, {p}", p=answer), tr("; yes by {p}", p=answer)]
    elif not hidden and trace.target_scale != 1:
        scale = plain_number(trace.target_scale, g)
        more = [tr("; times {scale} it is the answer, {answer}", scale=scale, answer=answer),
                tr(", scaled; the answer is {answer}", answer=answer)]  # fmt: skip
    lines.append(roomiest(width, *(row(tr("value"), *value, (words, "dim")) for words in (*more, ""))))
    if not trace.known:
        lines.append(row(tr("error"), (UNKNOWN, "dim")))
    elif not reached.has_error(at.column, i):
        lines.append(row(tr("error"), (tr("not yet: it comes back in the backward pass"), "dim")))
    else:
        stage = reached.reach.stage
        comes_first = stage is not None and stage.phase == "backward" and height <= len(lines)
        room = min(3, max(1, height - (1 if comes_first else len(lines)) - 1))
        chain = trace.chain
        errors = _error(view, chain, at.column - 1, i, width - LABEL - 2, room)
        label = tr("error now") if gradient_is_past(snapshot, bias) else tr("error")
        label = tr("last error") if chain is not trace else label
        rows = [row(label if n == 0 else "", phrase) for n, phrase in enumerate(errors)]
        lines = [lines[0], *rows, *lines[1:]] if comes_first else [*lines, *rows]
    lines.append(row(tr("bias"), *facts_text(view, snapshot, bias, width - LABEL - 1)))
    if height > len(lines):
        lines += [Line()] * (height > len(lines) + 2)
        lines.append(_picture_legend(view, width) if view.drawn_as == "picture" else _legend(g))
    return lines


def weighted_sum(layer: LayerTrace, i: int, width: int, rows: int, glyphs: Glyphs) -> list[Line]:
    """``30·0.5406 + 70·0.5869 + 0.6233 = 57.92`` in at most so many rows; of too many terms the largest."""
    total: Span = (six(float(layer.pre[i]), glyphs), "strong")
    end = [_term("", float(layer.bias[i]), glyphs), Line.of((" = ", "dim"), total)]
    return _products(layer.entering.tolist(), layer.weight[i].tolist(), end, width, rows, glyphs)


def _products(
    factors: Sequence[float], weights: Sequence[float], end: Sequence[Line], width: int, rows: int, glyphs: Glyphs,
    lead: str = "",
) -> list[Line]:  # fmt: skip
    """Products added up, and the end; of too many for so many rows the largest, and what the others come to."""
    order = sorted(range(len(factors)), key=lambda j: -abs(factors[j] * weights[j]))
    kept = min(len(order), max(1, rows * width // SHORTEST_TERM))

    @cache
    def term(j: int, first: bool) -> Line:
        return _term(factor_text(factors[j], glyphs), weights[j], glyphs, first)

    while True:
        shown = sorted(order[:kept])
        pieces = [term(j, n == 0) for n, j in enumerate(shown)]
        left = order[kept:]
        if left:
            rest = sum(factors[j] * weights[j] for j in left)
            sign = glyphs.minus if rest < 0 else "+"
            more = tr(" ({count} more)", count=len(left))
            pieces.append(Line.of(f" {sign} {number(abs(rest), glyphs)}", (more, "dim")))
        lines = packed([Line.of(lead, pieces[0]), *pieces[1:], *end], width)
        if len(lines) <= rows or kept <= 1:
            return lines
        kept -= max(1, kept // 8)


def _term(factor: str, weight: float, glyphs: Glyphs, first: bool = False) -> Line:
    sign = glyphs.minus if weight < 0 else "+"
    lead = (glyphs.minus if weight < 0 else "") if first else f" {sign} "
    size: Span = (number(abs(weight), glyphs), role_of(weight))
    return Line.of(lead, (factor + glyphs.times, "text") if factor else "", size)


def _activated(view: ViewState, layer: LayerTrace, at: Neuron, hidden: bool, muted: bool) -> list[str | Span]:
    g, activation, i = view.glyphs, view.experiment.activations[at.column - 1], at.index
    post = six(float(layer.post[i]), g)
    if muted:
        return [(post, "strong"), (tr(", because it is muted"), "dim")]
    bent = "" if activation == "none" else f"{activation}({number(float(layer.pre[i]), g)}) = "
    if not hidden:
        return [bent, (post, "strong"), (tr(", the network's output"), "dim")]
    if activation == "none":
        return [(post, "strong"), (tr(", handed on as it is: there is no activation"), "dim")]
    return [bent, (post, "strong")]


def _error(view: ViewState, trace: Trace, layer: int, i: int, width: int, rows: int) -> list[Line]:
    """How this neuron's error comes about from those after it; in short where the rows do not take it all."""
    g, here = view.glyphs, trace.layers[layer]
    delta = six(float(here.delta[i]), g)
    if layer == len(trace.layers) - 1:
        if trace.loss_name == "mse":
            made = f"2{g.times}({number(trace.output, g)} {g.minus} {factor_text(trace.target, g)}) = "
        elif trace.loss_name == "bce":
            made = f"{number(trace.answer, g)} {g.minus} {factor_text(trace.target, g)} = "
            made = f"{tr('p(yes)')} {g.minus} t = {made}"
        else:
            made = number(trace.output - trace.target, g)
            made = tr("slope of {loss} at {difference} = ", loss=trace.loss_name, difference=made)
        brief = made
        if here.slope[i] != 1:
            bend, arrived = number(float(here.slope[i]), g), number(float(here.arriving[i]), g)
            brief = f"{arrived}{g.times}{bend} = "
            made = f"{made}{arrived}, {brief}"
        value = Line.of(made, (delta, "strong"))
        ways = (tr("  the slope of its own loss by the output"), tr("  the slope of its own loss"), "")
        long = (Line.of(value, (words, "dim")) for words in ways)
        return [roomiest(width, *long, Line.of(brief, (delta, "strong")))]
    after = trace.layers[layer + 1]
    sources = after.delta.tolist()
    arriving = number(float(here.arriving[i]), g)
    factors = [float(here.slope[i]), 1.0 if here.mask is None else float(here.mask[i])]
    result = Line.of((" = ", "dim"), (delta, "strong"))
    sums = [("", result)]
    if factors != [1.0, 1.0]:
        shown = "".join(f"{g.times}{number(f, g)}" for f in factors if f != 1.0)
        factor = f"({arriving})" if here.arriving[i] < 0 else arriving
        sums = [("", Line.of((" = ", "dim"), f"{arriving}, {factor}{shown}", result)),
                ("(", Line.of(f"){shown}", result))]  # fmt: skip
    for lead, end in sums:
        phrase = _products(sources, after.weight[:, i].tolist(), [end], width, rows, g, lead)
        if len(phrase) <= rows and all(line.width <= width for line in phrase):
            return phrase
    return [Line.of((tr("{count} errors, weighed", count=len(sources)), "dim"), result)]


def _picture_legend(view: ViewState, width: int) -> Line:
    """By colours, or by what stands in their place: characters, and dashes where lines have but two colours, or one."""
    g, s = view.glyphs, view.glyphs.edges
    plus, minus, large = tr("plus"), tr("minus"), tr("large is bright")
    if g.ascii:
        plus, minus, large = f"{plus} {''.join(s.plus)}", f"{minus} {''.join(s.minus)}", tr("small to large")
    elif view.colours != "many":
        minus, large = tr("minus is dashed"), tr("large is thick")
    letters = g.ascii or view.colours != "many"
    tiles = tr("tiles {signs} from minus to plus,", signs=SIGNS) if letters else tr("tiles: outputs")
    signs = Line.of((tr(" lines:  "), "faint"), (plus, "plus"), ("  ", "faint"), (minus, "minus"))
    full = tr("  {large};  {tiles} over a (right) and b (up)  ", large=large, tiles=tiles)
    kept = Line.of((g.kept, "accent"), (f" {tr('kept')}", "faint"))
    short = tr(";  {tiles} over a (right) and b (up)", tiles=tiles)
    return roomiest(width, Line.of(signs, (full, "faint"), kept), Line.of(signs, (short, "faint")), signs)


def _legend(g: Glyphs) -> Line:
    s = g.edges
    return Line.of(
        (tr(" weights:  "), "faint"), (f"{s.plus[1]} {s.plus[2]}", "plus"), (f" {tr('plus')}  ", "faint"),
        (f"{s.minus[1]} {s.minus[2]}", "minus"), (f" {tr('minus')}  ", "faint"),
        (s.plus[0], "plus"), (" ", "faint"), (s.minus[0], "minus"), (tr(" next to 0  "), "faint"),
        (f"{s.up[1]} {s.up[2]}", "plus"), (" ", "faint"), (f"{s.down[1]} {s.down[2]}", "minus"),
        (tr(" gradient, change  "), "faint"), (g.kept, "accent"), (f" {tr('kept')}", "faint"),
    )  # fmt: skip


def number_explained(
    view: ViewState, snapshot: Snapshot, trace: Trace, at: Parameter, course: ParameterHistory | None, width: int,
    height: int
) -> list[Line]:  # fmt: skip
    """What is known of the chosen weight or bias, its course at the right where there is room."""
    g, names = view.glyphs, view.experiment.layer_names
    layout = layout_for(view.experiment)
    tensor, place = place_of(at, view.experiment)
    layer = layout.by_name[tensor].layer
    chain = trace.chain
    traced, made, neuron = trace.layers[layer], chain.layers[layer], place[0]
    target = neuron_name(Neuron(layer + 1, neuron), view.experiment)
    kept = at.index in snapshot.frozen
    reach = reach_of(snapshot, len(names))
    value, state = float(snapshot.state[0, at.index]), snapshot.state
    if len(place) == 2:
        source = place[1]
        sender = neuron_name(Neuron(layer, source), view.experiment)
        about = tr("from {source} to {neuron}", source=sender, neuron=target)
        entering = float(traced.entering[source])
        carries: list[str | Span] = []
        if layer < reach.columns:
            product = float(traced.entering[source].astype("float64") * traced.weight[neuron, source])
            factors = f"{factor_text(entering, g)}{g.times}{factor_text(value, g)}"
            carries = [(tr("  brings {product} = ", product=factors), "dim"), number(product, g)]
        error, entered = float(made.delta[neuron]), float(made.entering[source])
        own = f"{factor_text(error, g)}{g.times}{factor_text(entered, g)} = "
        own_gradient = float(made.weight_grad[neuron, source])
    else:
        about, carries, own = tr("the bias of {neuron}", neuron=target), [], tr("the error itself, ")
        own_gradient = float(made.bias_grad[neuron])
    title = Line.of((f" {layout.name_of(at.index)}", "strong"), (f"  {about}", "dim"),
                    (tr("  kept") if kept else "", "accent"))  # fmt: skip
    keys = Line.of((tr("Enter"), "key"), (tr(" sets it "), "dim"), ("+ -", "key"), (tr(" nudge "), "dim"),
                   ("k", "key"), (tr(" lets it go ") if kept else tr(" keeps it "), "dim"))  # fmt: skip
    head = title.with_right(keys, width) if title.width + keys.width + 2 <= width else title
    own_value = row(tr("bias") if len(place) == 1 else tr("weight"), (six(value, g), role_of(value)))
    past = gradient_is_past(snapshot, at.index)
    gradient = row(tr("gradient"), *gradient_text(view, snapshot, at.index))
    lines = [roomiest(width, Line.of(own_value, *carries), own_value)]
    when = [Line.of(gradient, (tr(" in the last backward"), "dim"))] if past else []
    lines.append(roomiest(width, *when, gradient))
    if reach.has_error(layer):
        label = tr("sum's, now") if past and chain is trace else tr("this sum's")
        if trace.known:
            lines.append(roomiest(width, *(row(label, (words, "dim"), six(own_gradient, g)) for words in (own, ""))))
        else:
            lines.append(row(label, (UNKNOWN, "dim")))
    moments = MOMENTS.get(view.experiment.training.optimizer, ("", ""))
    phrase = [f"{symbol} {number(float(state[row, at.index]), g)}" for row, symbol in enumerate(moments, 2) if symbol]
    lines.append(row(tr("moments"), "  ".join(phrase) if phrase else (tr("none: sgd keeps nothing"), "dim")))
    lines.append(row(tr("last step"), *last_change(view, snapshot, at.index)))
    return [head.fit(width, g.ellipsis), *_beside(lines, course, at, g, width, height - 1)]


def _beside(
    lines: list[Line], course: ParameterHistory | None, at: Parameter, g: Glyphs, width: int, height: int
) -> list[Line]:  # fmt: skip
    """The facts at the left and, where there is room, the number's course at the right."""
    left = max((line.width for line in lines), default=0) + 3
    room = min(width - left - 1, 72)
    if course is None or course.index != at.index or room < LEAST_CURVE or height < 3:
        return [line.fit(width, g.ellipsis) for line in lines[:height]]
    drawn = course_lines(course, room, min(height, 9), g)
    return [line.fit(width, g.ellipsis) for line in beside(lines, drawn, width - room - 1, 0)[:height]]


def course_lines(course: ParameterHistory, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """A number over the run as a small curve, its highest and lowest at the left, the updates below."""
    values, updates = course.values.tolist(), course.updates.tolist()
    high, low = number(max(values), glyphs), number(min(values), glyphs)
    margin = max(len(high), len(low)) + 1
    phrase = _left_out(course, width) if height > 3 else ""
    rows = height - 1 - bool(phrase)
    grid = Grid(width, height)
    grid.put(margin - 1 - len(high), 0, high, "dim")
    if rows > 1 and low != high:
        grid.put(margin - 1 - len(low), rows - 1, low, "dim")
    room = width - margin
    for x, y, character, role in _curve(values, updates, room, rows).cells(glyphs):
        grid.put(margin + x, y, character, role)
    grid.put(width - len(phrase), height - 1, phrase, "dim")
    first, last = count(int(updates[0])), count(int(updates[-1]))
    caption = tr("at {update}", update=last) if updates[-1] else tr("no update yet")
    caption = tr("updates {last}", last=last) if updates[-1] > updates[0] else caption
    if updates[-1] > updates[0] and len(first) + 1 + len(caption) <= room:
        grid.put(margin, rows, first, "dim")
    grid.put(width - len(caption), rows, caption, "dim")
    return grid.lines()


def _curve(values: Sequence[float], updates: Sequence[int], width: int, height: int) -> Dots:
    """The values, filling the sheet; a level one runs through the middle. Those of neighbouring updates are joined."""
    dots = Dots(width, height)
    low, high = min(values), max(values)
    first, last = updates[0], updates[-1]
    columns, rows = 2 * width - 1, 4 * height - 1
    points = [
        (
            round((update - first) / (last - first) * columns) if last > first else columns,
            round((high - value) / (high - low) * rows) if high > low else rows // 2,
        )
        for value, update in zip(values, updates, strict=True)
    ]
    for x, y in points:
        dots.dot(x, y, "accent")
    for ((x0, y0), (x1, y1)), (before, after) in zip(pairwise(points), pairwise(updates), strict=True):
        if after - before == 1:
            dots.line(x0, y0, x1, y1, "accent")
    return dots


def _left_out(course: ParameterHistory, width: int) -> str:
    """From where on no update is left out, as far as the width takes it; nothing where none is."""
    if course.spacing == 1 or course.exact_from <= course.updates[0]:
        return ""
    nth = _ordinal(course.spacing)
    since, every = tr("every update since {update}", update=count(course.exact_from)), tr("every {nth} update", nth=nth)
    if course.exact_from == course.updates[-1]:
        return every if len(every) <= width else ""
    ways = tr("{since}; before that every {nth}", since=since, nth=nth), since
    return next((words for words in ways if len(words) <= width), "")


def _ordinal(n: int) -> str:
    th = tr("th")
    ending = th if n % 100 in (11, 12, 13) else {1: tr("st"), 2: tr("nd"), 3: tr("rd")}.get(n % 10, th)
    return f"{count(n)}{ending}"
