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


def gradient_told(view: View, snapshot: Snapshot, index: int) -> list[str | Span]:
    """One parameter's gradient as ``.grad`` holds it."""
    if not snapshot.gradient_set(index):
        return [("none yet: .grad is None", "dim")]
    gradient = float(snapshot.state[1, index])
    rows = view.experiment.rows_per_update
    told: list[str | Span] = [(six(gradient, view.glyphs), role_of(gradient))]
    return told if rows == 1 else [*told, (f" over {count(rows)} rows", "dim")]


def last_change(view: View, snapshot: Snapshot, index: int) -> list[str | Span]:
    """What the last step did to one parameter."""
    step = snapshot.trace.step if snapshot.trace else None
    if step is None:
        return [("none yet" if not snapshot.moment.update else "still to come", "dim")]
    change = float(step.change[index])
    return [(compact(change, 11, view.glyphs, 4, sign=True), role_of(change))]


def facts_told(view: View, snapshot: Snapshot, index: int) -> list[str | Span]:
    """Value, gradient and last change of one parameter in a row."""
    value = float(snapshot.state[0, index])
    parts: list[str | Span] = [(number(value, view.glyphs), role_of(value))]
    if index in snapshot.frozen:
        parts.append(("  kept", "accent"))
    return [*parts, ("   gradient ", "dim"), *gradient_told(view, snapshot, index),
            ("   last step ", "dim"), *last_change(view, snapshot, index)]  # fmt: skip
