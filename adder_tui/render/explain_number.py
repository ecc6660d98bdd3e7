"""A weight or a bias explained: its value, gradient, moments and last change, and its course over the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_tui.render.braille import curve
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.grid import Grid
from adder_tui.render.lines import Line, Span, roomiest
from adder_tui.render.numbers import count, number, role_of
from adder_tui.render.phrases import UNKNOWN, factor_text, gradient_is_past, gradient_told, last_change, row, six
from adder_tui.render.reach import reach_of
from adder_tui.render.view import View
from adder_tui.selection import Neuron, Parameter, layout_for, neuron_name, place_of

if TYPE_CHECKING:
    from adder_engine.snapshot import Course, Snapshot
    from adder_engine.trace import Trace

LEAST_CURVE = 18
MOMENTS = {"momentum": ("b", ""), "nesterov": ("b", ""), "rmsprop": ("", "v"), "adam": ("m", "v"), "adamw": ("m", "v")}
"""What each optimizer keeps in the two rows of moments; sgd keeps nothing."""


def number_explained(
    view: View, snapshot: Snapshot, trace: Trace, at: Parameter, course: Course | None, width: int, height: int
) -> list[Line]:  # fmt: skip
    """What is known of the chosen weight or bias, its course at the right where there is room."""
    g, names = view.glyphs, view.experiment.layer_names
    name, place = place_of(at, view.experiment)
    layer = next(slot.layer for slot in layout_for(view.experiment).slots if slot.name == name)
    chain = trace.chain
    traced, made, neuron = trace.layers[layer], chain.layers[layer], place[0]
    target = neuron_name(Neuron(layer + 1, neuron), view.experiment)
    kept = at.index in snapshot.frozen
    reach = reach_of(snapshot, len(names))
    value, state = float(snapshot.state[0, at.index]), snapshot.state
    if len(place) == 2:
        source = place[1]
        about = f"from {neuron_name(Neuron(layer, source), view.experiment)} to {target}"
        entering = float(traced.entering[source])
        carries: list[str | Span] = []
        if layer < reach.columns:
            product = float(traced.entering[source].astype("float64") * traced.weight[neuron, source])
            factors = f"{factor_text(entering, g)}{g.times}{factor_text(value, g)}"
            carries = [(f"  brings {factors} = ", "dim"), number(product, g)]
        error, entered = float(made.delta[neuron]), float(made.entering[source])
        own = f"{factor_text(error, g)}{g.times}{factor_text(entered, g)} = "
        own_gradient = float(made.weight_grad[neuron, source])
    else:
        about, carries, own = f"the bias of {target}", [], "the error itself, "
        own_gradient = float(made.bias_grad[neuron])
    title = Line.of((f" {name}[{', '.join(map(str, place))}]", "strong"), (f"  {about}", "dim"),
                    ("  kept" if kept else "", "accent"))  # fmt: skip
    keys = Line.of(("Enter", "key"), (" sets it ", "dim"), ("+ -", "key"), (" nudge ", "dim"),
                   ("k", "key"), (" lets it go " if kept else " keeps it ", "dim"))  # fmt: skip
    head = title.with_right(keys, width) if title.width + keys.width + 2 <= width else title
    own_value = row("bias" if len(place) == 1 else "weight", (six(value, g), role_of(value)))
    past = gradient_is_past(snapshot, at.index)
    gradient = row("gradient", *gradient_told(view, snapshot, at.index))
    lines = [roomiest(width, Line.of(own_value, *carries), own_value)]
    lines.append(roomiest(width, Line.of(gradient, (" in the last backward", "dim")), gradient) if past else gradient)
    if reach.has_error(layer):
        label = "sum's, now" if past and chain is trace else "this sum's"
        if trace.known:
            lines.append(roomiest(width, *(row(label, (words, "dim"), six(own_gradient, g)) for words in (own, ""))))
        else:
            lines.append(row(label, (UNKNOWN, "dim")))
    moments = MOMENTS.get(view.experiment.training.optimizer, ("", ""))
    told = [f"{symbol} {number(float(state[row, at.index]), g)}" for row, symbol in enumerate(moments, 2) if symbol]
    lines.append(row("moments", "  ".join(told)) if told else row("moments", ("none: sgd keeps nothing", "dim")))
    lines.append(row("last step", *last_change(view, snapshot, at.index)))
    return [head.fit(width, g.ellipsis), *_beside(lines, course, at, g, width, height - 1)]


def _beside(
    lines: list[Line], course: Course | None, at: Parameter, g: Glyphs, width: int, height: int
) -> list[Line]:  # fmt: skip
    """The facts at the left and, where there is room, the number's course at the right."""
    left = max((line.width for line in lines), default=0) + 3
    room = min(width - left - 1, 72)
    if course is None or course.index != at.index or room < LEAST_CURVE or height < 3:
        return [line.fit(width, g.ellipsis) for line in lines[:height]]
    drawn = course_lines(course, room, min(height, 9), g)
    blank = Line()
    return [
        Line.of((lines[y] if y < len(lines) else blank).fit(width - room - 1), drawn[y] if y < len(drawn) else blank)
        .fit(width, g.ellipsis)
        for y in range(min(height, max(len(lines), len(drawn))))
    ]  # fmt: skip


def course_lines(course: Course, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """A number over the run as a small curve, its highest and lowest at the left, the updates below."""
    values, updates = course.values.tolist(), course.updates.tolist()
    high, low = number(max(values), glyphs), number(min(values), glyphs)
    margin = max(len(high), len(low)) + 1
    told = _left_out(course, width) if height > 3 else ""
    rows = height - 1 - bool(told)
    grid = Grid(width, height)
    grid.put(margin - 1 - len(high), 0, high, "dim")
    if rows > 1 and low != high:
        grid.put(margin - 1 - len(low), rows - 1, low, "dim")
    room = width - margin
    cells = curve(values, updates, room, rows, "accent", 1).cells()
    for x, y, character, role in cells:
        grid.put(margin + x, y, "*" if glyphs.ascii else character, role)
    grid.put(width - len(told), height - 1, told, "dim")
    first, last = count(int(updates[0])), count(int(updates[-1]))
    caption = f"updates {last}" if updates[-1] > updates[0] else "no update yet" if not updates[-1] else f"at {last}"
    if updates[-1] > updates[0] and len(first) + 1 + len(caption) <= room:
        grid.put(margin, rows, first, "dim")
    grid.put(width - len(caption), rows, caption, "dim")
    return grid.lines()


def _left_out(course: Course, width: int) -> str:
    """From where on no update is left out, as far as the width takes it; nothing where none is."""
    if course.spacing == 1 or course.exact_from <= course.updates[0]:
        return ""
    since, every = f"every update since {count(course.exact_from)}", f"every {_ordinal(course.spacing)} update"
    if course.exact_from == course.updates[-1]:
        return every if len(every) <= width else ""
    return next((words for words in (f"{since}; before that every {_ordinal(course.spacing)}", since)
                 if len(words) <= width), "")  # fmt: skip


def _ordinal(n: int) -> str:
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{count(n)}{ending}"
