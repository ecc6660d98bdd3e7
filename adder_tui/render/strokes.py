"""How an edge's sign and size are drawn: by character, weight of line and colour, in Unicode and in plain ASCII."""

from __future__ import annotations

import math
from dataclasses import dataclass

from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Role
from adder_tui.render.numbers import number, role_of

NEAR_ZERO, LARGE = 0.06, 0.5
"""Shares of the layer's largest number: below the one it is next to nothing, from the other on it is large."""


@dataclass(frozen=True)
class Strokes:
    """One set of characters; triples go from next to nothing over small to large. Each tells the sign."""

    zero: str
    plus: tuple[str, str, str]
    minus: tuple[str, str, str]
    up: tuple[str, str, str]
    """For what a phase brings to a number, gradient or change, above 0."""
    down: tuple[str, str, str]
    line: tuple[str, str, str]
    trunk: str
    """Sixteen junctions, by left 1, up 2, right 4, down 8."""
    forward: str
    backward: str


_UNICODE = Strokes(
    zero="·", plus=("'", "+", "╋"), minus=(",", "−", "━"), up=("'", "↑", "▲"), down=(",", "↓", "▼"),
    line=("╌", "─", "━"),
    trunk=" ╴╵┘╶─└┴╷┐│┤┌┬├┼", forward="›", backward="‹",
)  # fmt: skip
_ASCII = Strokes(
    zero=".", plus=("'", "+", "#"), minus=(",", "-", "="), up=("'", "^", "A"), down=(",", "v", "V"),
    line=(".", "-", "="),
    trunk=" -|'--''|.|+.+++", forward=">", backward="<",
)  # fmt: skip


def strokes_of(glyphs: Glyphs) -> Strokes:
    """The set that goes with these glyphs."""
    return _ASCII if glyphs.ascii else _UNICODE


def weight_of(value: float, largest: float) -> int:
    """0 for next to nothing, 1 for small, 2 for large, beside the largest of its layer."""
    if math.isinf(value):
        return 2
    if not largest or math.isnan(value):
        return 0
    share = abs(value) / largest
    return 0 if share < NEAR_ZERO else 1 if share < LARGE else 2


def sign_mark(value: float, largest: float, glyphs: Glyphs) -> tuple[str, Role]:
    """One character that tells sign and size."""
    strokes = strokes_of(glyphs)
    return _mark(value, largest, strokes.zero, strokes.plus, strokes.minus)


def brought_mark(value: float, largest: float, glyphs: Glyphs) -> tuple[str, Role]:
    """The same for an error, gradient or change, which stand below the rest and must not be taken for weights."""
    strokes = strokes_of(glyphs)
    return _mark(value, largest, strokes.zero, strokes.up, strokes.down)


def _mark(
    value: float, largest: float, zero: str, above: tuple[str, str, str], below: tuple[str, str, str]
) -> tuple[str, Role]:
    if math.isnan(value):
        return "?", "text"
    if not value:
        return zero, "faint"
    return (below if value < 0 else above)[weight_of(value, largest)], role_of(value)


def tiny(value: float, width: int, glyphs: Glyphs) -> str:
    """``value`` correctly rounded to three or four columns, ``.83`` or ``1e4``; nothing where it takes more."""
    if not math.isfinite(value) or not value:
        text = number(value, glyphs)
        return text if len(text) <= width else ""
    minus = glyphs.minus if value < 0 else ""
    for decimals in range(width, -1, -1):
        whole, point, rest = f"{abs(value):.{decimals}f}".partition(".")
        text = minus + (point + rest if point and whole == "0" else whole + point + rest)
        if len(text) <= width:
            return text
    mantissa, _, exponent = f"{abs(value):.0e}".partition("e")
    text = f"{minus}{mantissa}e{int(exponent)}"
    return text if len(text) <= width else ""


def compact(value: float, width: int, glyphs: Glyphs, digits: int = 4, sign: bool = False) -> str:
    """``value`` to ``digits`` significant digits, fewer where ``width`` asks for it; ``sign`` shows a plus too."""
    plus = "+" if sign and value > 0 else ""
    for fewer in range(digits, 0, -1):
        text = plus + number(value, glyphs, fewer)
        if len(text) <= width:
            return text
    for decimals in (2, 1, 0):
        mantissa, _, exponent = f"{abs(value):.{decimals}e}".partition("e")
        power = f"{glyphs.minus if exponent.startswith('-') else ''}{abs(int(exponent or 0))}"
        text = f"{glyphs.minus if value < 0 else plus}{mantissa}e{power}"
        if len(text) <= width:
            break
    return text
