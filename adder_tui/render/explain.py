"""What is under the cursor, in words and live numbers: a neuron as the sum it computes, an edge with its course."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from adder_tui.render.explain_number import number_explained
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, Span, roomiest
from adder_tui.render.numbers import number, plain_number, role_of
from adder_tui.render.phrases import LABEL, UNKNOWN, factor_text, facts_told, gradient_is_past, row, six
from adder_tui.render.shown import Shown
from adder_tui.render.strokes import strokes_of
from adder_tui.render.view import View
from adder_tui.selection import Neuron, layout_for, neuron_name

if TYPE_CHECKING:
    from adder_engine.snapshot import Course, Snapshot
    from adder_engine.trace import LayerTrace, Trace

SHORTEST_TERM = 7
"""Columns of ``+ 0·0.1``."""


def explanation(view: View, course: Course | None, width: int, height: int) -> list[Line]:
    """The chosen neuron or number explained; ``course`` is the number's, once it is there."""
    snapshot = view.snapshot
    if snapshot is None or snapshot.trace is None:
        return []
    if isinstance(view.selection, Neuron):
        if view.selection.column == 0:
            lines = _input(view, snapshot.trace, view.selection.index, width)
        else:
            lines = _neuron(view, snapshot, snapshot.trace, view.selection, width, height)
        return [line.fit(width, view.glyphs.ellipsis) for line in lines[:height]]
    return number_explained(view, snapshot, snapshot.trace, view.selection, course, width, height)


def _input(view: View, trace: Trace, index: int, width: int) -> list[Line]:
    g = view.glyphs
    value = plain_number(float(trace.inputs[index]), g)
    which = "first" if index == 0 else "second"
    lines = [
        Line.of((f" input {'ab'[index]}", "strong"), (f"  the {which} number of the sum", "dim")),
        row("value", (value, "strong")),
    ]
    if trace.scale != 1:
        asked = plain_number(trace.pair[index], g)
        lines[-1] = Line.of(lines[-1], (f" = {asked}/{plain_number(trace.scale, g)}: inputs are scaled", "dim"))
    return [*lines, row("", ("It enters every neuron of the first layer, times that neuron's weight.", "dim"))]


def _neuron(view: View, snapshot: Snapshot, trace: Trace, at: Neuron, width: int, height: int) -> list[Line]:
    g, names = view.glyphs, view.experiment.layer_names
    layer, i = trace.layers[at.column - 1], at.index
    muted = (at.column - 1, i) in snapshot.silenced
    title = Line.of(
        (f" {neuron_name(at, view.experiment)}", "strong"),
        (f"  neuron {i + 1} of {len(layer.bias)} in layer {layer.name}", "dim"),
        ("  muted" if muted else "", "accent"),
    )
    hidden = at.column < len(names)
    right = Line.of(("Enter + -", "key"), (" its bias ", "dim"))
    if hidden:
        right = Line.of(right, ("m", "key"), (" wakes it " if muted else " mutes it ", "dim"))
    lines = [title.with_right(right, width) if title.width + right.width + 2 <= width else title]
    reached = Shown(view)
    if not reached.has_value(at.column, i):
        what = f"layer {layer.name}" if at.column >= reached.reach.columns else "it"
        return [*lines, row("sum", (f"not yet: forward has not come to {what}", "dim"))]
    rows = weighted_sum(layer, i, width - LABEL - 2, min(3, 1 + max(1, height - 5)), g)
    lines += [row("sum" if n == 0 else "", told) for n, told in enumerate(rows)]
    bias = layout_for(view.experiment).bias(at.column - 1).start + i
    lines.append(row("value", *_activated(view, layer, i, hidden, muted)))
    if not hidden and trace.scale != 1:
        scale, answer, value = plain_number(trace.scale, g), number(snapshot.asked.predicted, g), lines[-1]
        more = (f"; times {scale} it is the answer, {answer}", f", scaled; the answer is {answer}", "")
        lines[-1] = roomiest(width, *(Line.of(value, (words, "dim")) for words in more))
    if not trace.known:
        lines.append(row("error", (UNKNOWN, "dim")))
    elif not reached.has_error(at.column, i):
        lines.append(row("error", ("not yet: it comes back in the backward pass", "dim")))
    else:
        room = min(3, max(1, height - len(lines) - 1))
        chain = trace.chain
        errors = _error(view, chain, at.column - 1, i, width - LABEL - 2, room)
        label = "last error" if chain is not trace else "error now" if gradient_is_past(snapshot, bias) else "error"
        lines += [row(label if n == 0 else "", told) for n, told in enumerate(errors)]
    lines.append(row("bias", *facts_told(view, snapshot, bias, width - LABEL - 1)))
    if height > len(lines) + 2:
        lines += [Line(), _legend(g)]
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
            pieces.append(Line.of(f" {sign} {number(abs(rest), glyphs)}", (f" ({len(left)} more)", "dim")))
        lines = _packed([Line.of(lead, pieces[0]), *pieces[1:], *end], width)
        if len(lines) <= rows or kept <= 1:
            return lines
        kept -= max(1, kept // 8)


def _term(factor: str, weight: float, glyphs: Glyphs, first: bool = False) -> Line:
    sign = glyphs.minus if weight < 0 else "+"
    lead = (glyphs.minus if weight < 0 else "") if first else f" {sign} "
    size: Span = (number(abs(weight), glyphs), role_of(weight))
    return Line.of(lead, (factor + glyphs.times, "text") if factor else "", size)


def _packed(pieces: Sequence[Line], width: int) -> list[Line]:
    """The pieces one after the other, a new row where the next one does not fit."""
    rows: list[list[Line]] = [[]]
    used = 0
    for piece in pieces:
        taken = piece.width
        if used and used + taken > width:
            rows.append([])
            used = 0
        rows[-1].append(piece)
        used += taken
    return [Line.of(*row) for row in rows]


def _activated(view: View, layer: LayerTrace, i: int, hidden: bool, muted: bool) -> list[str | Span]:
    g, activation = view.glyphs, view.experiment.network.activation
    post = six(float(layer.post[i]), g)
    if muted:
        return [(post, "strong"), (", because it is muted", "dim")]
    if not hidden:
        return [(post, "strong"), (", the network's output", "dim")]
    if activation == "none":
        return [(post, "strong"), (", handed on as it is: there is no activation", "dim")]
    return [f"{activation}({number(float(layer.pre[i]), g)}) = ", (post, "strong")]


def _error(view: View, trace: Trace, layer: int, i: int, width: int, rows: int) -> list[Line]:
    """How this neuron's error comes about from those after it; in short where the rows do not take it all."""
    g, here = view.glyphs, trace.layers[layer]
    delta = six(float(here.delta[i]), g)
    if layer == len(trace.layers) - 1:
        if trace.loss_name == "mse":
            made = f"2{g.times}({number(trace.output, g)} {g.minus} {factor_text(trace.target, g)}) = "
        else:
            made = f"slope of {trace.loss_name} at {number(trace.output - trace.target, g)} = "
        return [Line.of(made, (delta, "strong"), ("  the slope of its own loss by the output", "dim"))]
    after = trace.layers[layer + 1]
    sources = after.delta.tolist()
    arriving = number(float(here.arriving[i]), g)
    factors = [float(here.slope[i]), 1.0 if here.mask is None else float(here.mask[i])]
    result = Line.of((" = ", "dim"), (delta, "strong"))
    ways = [("", result)]
    if factors != [1.0, 1.0]:
        shown = "".join(f"{g.times}{number(f, g)}" for f in factors if f != 1.0)
        factor = f"({arriving})" if here.arriving[i] < 0 else arriving
        ways = [("", Line.of((" = ", "dim"), f"{arriving}, {factor}{shown}", result)),
                ("(", Line.of(f"){shown}", result))]  # fmt: skip
    for lead, end in ways:
        told = _products(sources, after.weight[:, i].tolist(), [end], width, rows, g, lead)
        if len(told) <= rows and all(line.width <= width for line in told):
            return told
    return [Line.of((f"{len(sources)} errors, weighed", "dim"), result)]


def _legend(g: Glyphs) -> Line:
    s = strokes_of(g)
    return Line.of(
        (" weights:  ", "faint"),
        (f"{s.plus[1]} {s.plus[2]}", "plus"), (" plus  ", "faint"), (f"{s.minus[1]} {s.minus[2]}", "minus"),
        (" minus  ", "faint"), (s.plus[0], "plus"), (" ", "faint"), (s.minus[0], "minus"), (" next to 0  ", "faint"),
        (f"{s.up[1]} {s.up[2]}", "plus"), (" ", "faint"), (f"{s.down[1]} {s.down[2]}", "minus"),
        (" gradient, change  ", "faint"),
        (g.kept, "accent"), (" kept", "faint"),
    )  # fmt: skip
