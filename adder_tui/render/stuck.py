"""Why a loss stands still, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_tui.render.glyphs import UNICODE, Glyphs
from adder_tui.render.lines import Line
from adder_tui.render.numbers import count, number, plain_number

if TYPE_CHECKING:
    from adder_engine.snapshot import Cause, Outlook, Stuck
    from adder_tui.render.view import View

WORDS: dict[Cause, str] = {
    "dead": "dead", "saturated": "saturated", "muted": "muted", "zero": "without weights",
}  # fmt: skip
"""What units are called that are the same for every row."""


def stuck_told(stuck: Stuck) -> str:
    """That the loss stands still and why, in two sentences; for the command line."""
    return f"The loss stands still: {_seen(stuck, UNICODE)}. {_upper(_why(stuck, UNICODE))}."


def stuck_lines(view: View, stuck: Stuck, width: int) -> list[Line]:
    """Two lines: what is seen, then why."""
    glyphs = view.glyphs
    first = Line.of(("  stuck     ", "minus"), (_seen(stuck, glyphs), "strong"))
    second = Line.of(("  because   ", "dim"), glyphs.text(_why(stuck, glyphs)))
    return [first.fit(width, glyphs.ellipsis), second.fit(width, glyphs.ellipsis)]


def stuck_here(view: View) -> Stuck | None:
    """Why the loss stands still at the moment shown; None where it does not, or in a lesson, which may ask for it."""
    outlook: Outlook | None = view.outlook
    if outlook is None or view.snapshot is None or view.lesson is not None or view.words:
        return None
    return outlook.stuck if outlook.moment == view.snapshot.moment else None


def _seen(stuck: Stuck, glyphs: Glyphs) -> str:
    if not stuck.alike:
        return f"at loss {number(stuck.loss, glyphs)}"
    low, high = plain_number(float(f"{stuck.low:.4g}"), glyphs), plain_number(float(f"{stuck.high:.4g}"), glyphs)
    least, most = (number(answer, glyphs) for answer in stuck.answers)
    if least == most:
        return f"every answer is {least}, targets reach from {low} to {high}"
    return f"answers reach from {least} to {most}, targets from {low} to {high}"


def _why(stuck: Stuck, glyphs: Glyphs) -> str:
    text = _cause(stuck, glyphs)
    return f"{text}; the targets are flat too" if stuck.broadcast and stuck.cause != "broadcast" else text


def _cause(stuck: Stuck, glyphs: Glyphs) -> str:
    if stuck.cause == "broadcast":
        return "flat_target: each answer is compared with every target, so their mean is the best there is"
    if stuck.cause in ("zero", "copies") and stuck.weight == 0:
        return "all weights are 0, so that no gradient reaches any of them"
    if stuck.cause == "copies" and stuck.weight is not None:
        same = f"all weights are equal ({plain_number(float(f'{stuck.weight:.4g}'), glyphs)})"
        return f"{same}: the units of a layer learn the same and stay copies"
    if stuck.cause == "copies":
        return "the units of each layer have the same weights: they learn the same and stay copies"
    if len(stuck.counts) > 1:
        parts = [f"{count(many)} {WORDS[cause]}" for cause, many in stuck.counts]
        return f"of the {count(stuck.units)} units of layer {stuck.layer} {', '.join(parts)}"
    if stuck.cause == "zero":
        return f"all weights of layer {stuck.layer} from units that differ are 0"
    units = "the one unit" if stuck.units == 1 else f"all {count(stuck.units)} units"
    verb = "is" if stuck.units == 1 else "are"
    after = {
        "dead": "0 for every row, no gradient passes",
        "saturated": "flat for every row, next to no gradient passes",
    }.get(stuck.cause, "their outputs are held at 0")
    return f"{units} of layer {stuck.layer} {verb} {WORDS[stuck.cause]}: {after}"


def _upper(text: str) -> str:
    return text if text.startswith("flat_target") else text[:1].upper() + text[1:]
