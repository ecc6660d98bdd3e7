"""What autograd notes down on the way forward, as a graph: each operation, what it put out, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_tui.course.state import LessonState
from adder_tui.ui.line import Line
from adder_tui.ui.network_values import NetworkValues
from adder_tui.ui.numbers import count, number
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from adder_engine.trace import Trace

NAME, VALUE = 20, 28
"""Columns of the operation's name and of what it put out."""
WAITING = tr("The graph has its numbers once you have worked out yours.")


def graph_view(view: ViewState, state: LessonState, width: int, height: int) -> list[Line]:
    """The graph from the loss down to the leaves: that is the way back; a dash where the update has not come yet."""
    glyphs = view.glyphs
    if view.snapshot is None or view.snapshot.trace is None:
        return [Line(), Line.of((f"  {WAITING}", "dim"))]
    chain, values = view.snapshot.trace.chain, NetworkValues(view)
    full = height >= 2 + 3 * len(chain.layers)
    last = len(chain.layers)
    phase = values.reach.rung.phase if values.reach.rung is not None else ""
    begun = not view.snapshot.moment.is_start
    lost = begun and values.has_value(last, 0) and phase != "forward"
    node, branch, leaf = ("o", "|-", "`-") if glyphs.ascii else ("●", "├─", "└─")
    head = f" {tr('note of autograd'):<{NAME}}{tr('put out'):<{VALUE}}{tr('gradient of the loss')}"
    lines = [Line.of((head, "dim"))]
    lines.append(
        _row(
            view,
            f"{node} MseLoss",
            [chain.loss] if lost else None,
            [1.0] if begun and values.has_error(last, 0) else None,
        )
    )
    for layer in range(last - 1, -1, -1):
        made, column = chain.layers[layer], layer + 1
        size = len(made.bias)
        seen = [begun and values.has_value(column, i) for i in range(size)]
        back = [begun and values.has_error(column, i) for i in range(size)]
        out = [float(x) if there else None for x, there in zip(made.post.tolist(), seen, strict=True)]
        error = [float(x) if there else None for x, there in zip(made.delta.tolist(), back, strict=True)]
        weights = made.weight_grad.ravel().tolist() if all(back) else None
        shape = f"{size}{glyphs.times_sign}{made.weight.shape[1]}"
        lines.append(_row(view, f"{node} Addmm {made.name}", out, error))
        lines.append(_row(view, f"{glyphs.vertical} {branch if full else leaf}T {'weight' if full else 'weight, bias'}",
                          f"{made.name}.weight, {shape}", weights))  # fmt: skip
        if full:
            lines.append(_row(view, f"{glyphs.vertical} {leaf} bias", f"{made.name}.bias, {size}", error))
    figures = [f"{call.arguments[0]} {count(round(value))}" for call, value in state.results.items()
               if call.bench == "graph" and isinstance(value, float)]  # fmt: skip
    tied = next((v for call, v in state.results.items() if call.bench == "tied" and isinstance(v, float)), None)
    if tied is not None:
        lines.append(Line.of((tr(" one weight 0.5 for both 30 and 70: its gradient is the sum, "), "dim"),
                             (number(tied, glyphs), "strong")))  # fmt: skip
    if figures:
        lines.append(Line.of((tr(" in all: {figures}", figures=", ".join(figures)), "dim")))
    return lines[:height]


def _row(
    view: ViewState, name: str, out: Sequence[float | None] | str | None, grad: Sequence[float | None] | None
) -> Line:
    """One operation or leaf."""
    put = Line.of((out, "dim")) if isinstance(out, str) else _numbers(view, out)
    room = Line.of((f" {name:<{NAME}}", "text"), put.fit(VALUE - 1, view.glyphs.ellipsis), " ")
    return Line.of(room, _numbers(view, grad, "accent"))


def _numbers(view: ViewState, values: Sequence[float | None] | None, role: str = "strong") -> Line:
    """The first numbers; a dash for those that are not there yet."""
    glyphs = view.glyphs
    if values is None:
        return Line.of((glyphs.none, "dim"))
    texts = [glyphs.none if x is None else number(x, glyphs, 4) for x in values[:4]]
    more = f" {glyphs.ellipsis}" if len(values) > 4 else ""
    return Line.of((" ".join(texts) + more, "accent" if role == "accent" else "strong"))


def step_view(view: ViewState, state: LessonState, width: int, height: int) -> list[Line]:
    """What the last step did to the loss and the answer, to the chosen number, and what was worked out by hand."""
    from adder_tui.network.phase_bar import effect_line
    from adder_tui.selection import focus_of, layout_for

    glyphs, snapshot = view.glyphs, view.snapshot
    trace: Trace | None = snapshot.trace if snapshot is not None else None
    step = trace.step if trace is not None else None
    answers = state.activity.answers
    by_hand = [Line.of((f" {one.ask} ", "dim"), (glyphs.text(answers[id]), "strong"), (tr("  by your hand"), "dim"))
               for id in (state.lesson.worked.fields if state.lesson.worked else ())
               if (one := state.lesson.field_named(id)) is not None and state.is_right(id)]  # fmt: skip
    if step is None or snapshot is None:
        none = Line.of((tr(" No step was taken just now: "), "dim"), (".", "key"), (tr(" takes one."), "dim"))
        return [none, *by_hand]
    index = focus_of(view.selection, view.experiment).parameter
    before, gradient, after = (
        _written(array, index, glyphs.minus) for array in (step.before, step.gradient, step.after)
    )
    slope = f"({gradient})" if gradient.startswith(glyphs.minus) else gradient
    rate = f"{step.lr:g}".replace("e-0", "e-").replace("-", glyphs.minus)
    name = layout_for(view.experiment).name_of(index)
    how = (f"{before} {glyphs.minus} {rate}{glyphs.times}{slope} = " if step.optimizer == "sgd"
           else glyphs.text(f"{before} → "))  # fmt: skip
    aside = tr("   by {optimizer}, at a slope of {gradient}", optimizer=step.optimizer, gradient=gradient)
    aside = "" if step.optimizer == "sgd" else aside
    return [effect_line(view, width), Line.of((f" {name}  ", "dim"), how, (after, "strong"), (aside, "dim")), *by_hand]


def _written(array: NDArray[np.float32], index: int, minus: str) -> str:
    value = float(array[index])
    return (f"{value:.5f}" if abs(value) < 1 else f"{value:.6g}").replace("-", minus)
