"""Pieces of an explanation: rows with a label, numbers as factors, and what is known of one parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, Span
from adder_tui.render.numbers import count, number, plain_number, role_of
from adder_tui.render.strokes import compact
from adder_tui.render.view import View

if TYPE_CHECKING:
    from adder_engine.snapshot import Snapshot

LABEL = 11
UNKNOWN = "none: no truth is known for this pair"
"""In the place of an error or of a gradient of its own."""


def row(label: str, *parts: str | Span | Line) -> Line:
    """A line with its label in front."""
    return Line.of((" " + label.ljust(LABEL), "dim"), *parts)


def factor_text(value: float, glyphs: Glyphs) -> str:
    """A number as a factor: in brackets where it is below 0."""
    text = plain_number(value, glyphs) if value.is_integer() else number(value, glyphs)
    return f"({text})" if value < 0 else text


def six(value: float, glyphs: Glyphs) -> str:
    """``value`` to six significant digits."""
    return number(value, glyphs, 6)


def gradient_told(view: View, snapshot: Snapshot, index: int, short: bool = False) -> list[str | Span]:
    """One parameter's gradient as ``.grad`` holds it, and over how many rows unless it is told in ``short``."""
    if not snapshot.gradient_set(index):
        return [("None" if short else "none yet: .grad is None", "dim")]
    gradient = float(snapshot.state[1, index])
    if index in snapshot.frozen:
        return held_told(snapshot, index, view.glyphs, short)
    rows = snapshot.batch_rows or view.experiment.rows_per_update
    told: list[str | Span] = [(six(gradient, view.glyphs), role_of(gradient))]
    return told if rows == 1 or short else [*told, (f" over {count(rows)} rows", "dim")]


def held_told(snapshot: Snapshot, index: int, glyphs: Glyphs, short: bool = False) -> list[str | Span]:
    """A frozen parameter's gradient: it is held at 0, and what it would be where the newest batch came to it."""
    held = snapshot.held_gradient(index)
    told: list[str | Span] = [("0" if short else "held at 0", "dim")]
    if held is None:
        return told
    return [*told, (", else ", "dim"), (number(held, glyphs, 4 if short else 6), role_of(held))]


def gradient_is_past(snapshot: Snapshot, index: int) -> bool:
    """Whether the gradient is what an update left that is over, so that errors of now do not belong to it."""
    return not snapshot.moment.rung and snapshot.gradient_set(index)


def last_change(view: View, snapshot: Snapshot, index: int) -> list[str | Span]:
    """What the last step did to one parameter; after an edit nothing says that any more, until the next step."""
    if not snapshot.stepped:
        return [("none since it was edited" if snapshot.moment.update else "none yet", "dim")]
    change = float(snapshot.state[0, index]) - float(snapshot.previous[0, index])
    return [(compact(change, 11, view.glyphs, 4, sign=True), role_of(change))]


def facts_told(view: View, snapshot: Snapshot, index: int, width: int) -> list[str | Span]:
    """Value, gradient and last change of one parameter in a row of ``width`` columns."""
    value = float(snapshot.state[0, index])
    parts: list[str | Span] = [(number(value, view.glyphs), role_of(value))]
    if index in snapshot.frozen:
        parts.append(("  kept", "accent"))
    gradient = "last gradient" if gradient_is_past(snapshot, index) else "gradient"
    for short in (False, True):
        told = [*parts, (f"   {gradient} ", "dim"), *gradient_told(view, snapshot, index, short),
                ("   last step ", "dim"), *last_change(view, snapshot, index)]  # fmt: skip
        if Line.of(*told).width <= width:
            return told
    return parts
