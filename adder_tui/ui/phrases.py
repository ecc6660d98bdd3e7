"""Arithmetic in words: numbers in a chosen precision, sums of products, signs and sizes of edges, labelled rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_tui.ui.line import Line, Role, Span, wrapped
from adder_tui.ui.numbers import count, number, plain_number, role_of, spelled
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import Snapshot


SHORT_DIGITS = 6
FULL_DIGITS = 9
"""Nine significant digits tell every float32 from its neighbours."""
MOST_TERMS = 8
"""Terms of a sum that are written out; the others are added up."""
MOST_FULL_TERMS = 64
"""The same where all digits are shown."""
NEAR_ZERO, LARGE = 0.06, 0.5
"""Shares of the layer's largest number: below the one it is next to nothing, from the other on it is large."""
LABEL = 11
UNKNOWN = tr("none: no truth is known for this pair")
"""In the place of an error or of a gradient of its own."""


@dataclass(frozen=True)
class NumberFormat:
    """How numbers are written: each is the correct rounding of the full one, exact ones without trailing zeros."""

    glyphs: Glyphs
    digits: int = SHORT_DIGITS

    def __call__(self, value: float) -> str:
        value = float(value) + 0.0  # no zero has a sign
        short = f"{value:.{self.digits}g}"
        if math.isfinite(value) and float(short) == value:
            return spelled(short, self.glyphs)
        return number(value, self.glyphs, self.digits).replace(",", "")

    @property
    def terms(self) -> int:
        """How many terms of a sum are written out."""
        return MOST_FULL_TERMS if self.digits >= FULL_DIGITS else MOST_TERMS

    def factor(self, value: float) -> str:
        """The number as a part of a product or sum: a negative one in brackets."""
        text = self(value)
        return f"({text})" if text.startswith(self.glyphs.minus) else text

    def product(self, *factors: float) -> str:
        return self.glyphs.times.join(map(self.factor, factors))


def arithmetic(pieces: Sequence[str], width: int, indent: int) -> list[Line]:
    """A line of arithmetic in rows of at most ``width`` columns, broken between its pieces; the last is the result.

    Rows after the first stand further in.
    """
    rows = [Line.of(" " * indent)]
    for i, piece in enumerate(pieces):
        role: Role = "strong" if i == len(pieces) - 1 else "text"
        begun = len(rows[-1].spans) > 1
        longer = Line.of(rows[-1], (" " * begun + piece, role))
        if begun and longer.width > width:
            rows.append(Line.of(" " * (indent + 4), (piece, role)))
        else:
            rows[-1] = longer
    return rows


def sum_of_products(
    pairs: Sequence[tuple[float, float]], places: Sequence[int], figures: NumberFormat, bias: float | None = None
) -> list[str]:
    """``30·0.5406 + 70·0.5869 + 0.6233`` in pieces; products at other ``places`` are added up to one number."""
    return _added(
        [figures.product(*pairs[i]) for i in places], [x * y for x, y in pairs], places, figures,
        [] if bias is None else [figures.factor(bias)],
    )  # fmt: skip


def _added(
    shown: Sequence[str], worth: Sequence[float], places: Sequence[int], figures: NumberFormat,
    more: Sequence[str] = (),
) -> list[str]:  # fmt: skip
    """What is written out, the ``worth`` at other places in one number, and ``more``, with plus signs before them."""
    pieces = [*shown]
    if left := len(worth) - len(places):
        rest = sum(x for i, x in enumerate(worth) if i not in places)
        pieces.append(tr("{sum} [{others} others]", sum=figures.factor(rest), others=count(left)))
    first, *others = [*pieces, *more]
    return [first, *(f"+ {piece}" for piece in others)]


def bracketed(name: str, terms: Sequence[str], after: str) -> list[str]:
    """``name = (a + b)·c`` in pieces."""
    *opened, last = (f"{name} ({terms[0]}", *terms[1:])
    return [*opened, f"{last}){after}"]


def added_up(
    name: str, differences: Sequence[float], words: Callable[[float], str], worth: Callable[[float], float], after: str,
    figures: NumberFormat,
) -> list[str]:  # fmt: skip
    """``L = (0.5² + 2² + 7.2 [98 others])/100``: what differences come to, those not written out in one number.

    Args:
        words: how one is written out.
        worth: what it comes to.
    """
    places = kept(len(differences), None, figures.terms)
    shown = [words(differences[i]) for i in places]
    return bracketed(name, _added(shown, [*map(worth, differences)], places, figures), after)


def kept(count: int, chosen: int | None, most: int) -> tuple[int, ...]:
    """At most ``most`` of ``count`` places, in order: the first ones, the chosen one, and the last."""
    if count <= most:
        return tuple(range(count))
    places = {count - 1} if most > 1 else set()
    if chosen is not None:
        places.add(chosen)
    for i in range(count):
        if len(places) >= most:
            break
        places.add(i)
    return tuple(sorted(places))


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
    strokes = glyphs.edges
    return _mark(value, largest, strokes.zero, strokes.plus, strokes.minus)


def brought_mark(value: float, largest: float, glyphs: Glyphs) -> tuple[str, Role]:
    """The same for an error, gradient or change, which stand below the rest and must not be taken for weights."""
    strokes = glyphs.edges
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
        text = plus + spelled(f"{value:.{decimals}e}", glyphs)
        if len(text) <= width:
            break
    return text


def row(label: str, *parts: str | Span | Line) -> Line:
    """A line with its label in front."""
    return Line.of((" " + label_cell(label, LABEL), "dim"), *parts)


def label_cell(label: str, width: int) -> str:
    """A label and at least a blank behind it, in so many columns; one that is longer is cut short, with a point."""
    return label.ljust(width) if len(label) < width else f"{label[: width - 2].rstrip()}. ".ljust(width)


def indented(text: str, width: int, role: Role, glyphs: Glyphs) -> list[Line]:
    """Sentences in as many rows of at most ``width`` columns as they take, each two columns in."""
    return [Line.of((f"  {row}", role)) for row in wrapped(glyphs.text(text), width - 2)]


def factor_text(value: float, glyphs: Glyphs) -> str:
    """A number as a factor: in brackets where it is below 0."""
    text = plain_number(value, glyphs) if float(value).is_integer() else number(value, glyphs)
    return f"({text})" if value < 0 else text


def six(value: float, glyphs: Glyphs) -> str:
    """``value`` to six significant digits."""
    return number(value, glyphs, 6)


def gradient_text(view: ViewState, snapshot: Snapshot, index: int, short: bool = False) -> list[str | Span]:
    """One parameter's gradient as ``.grad`` holds it, and over how many rows unless it is told in ``short``."""
    if not snapshot.gradient_set(index):
        return [("None" if short else tr("none yet: .grad is None"), "dim")]
    gradient = float(snapshot.state[1, index])
    if index in snapshot.frozen:
        return held_text(snapshot, index, view.glyphs, short)
    rows = snapshot.batch_rows or view.experiment.rows_per_update
    phrase: list[str | Span] = [(six(gradient, view.glyphs), role_of(gradient))]
    if short:
        return phrase
    if view.experiment.training.clip_norm and snapshot.stepped and gradient_is_past(snapshot, index):
        phrase += [(tr(", clipped"), "dim")] if float(snapshot.previous[1, index]) != gradient else []
    return phrase if rows == 1 else [*phrase, (tr(" over {rows} rows", rows=count(rows)), "dim")]


def held_text(snapshot: Snapshot, index: int, glyphs: Glyphs, short: bool = False) -> list[str | Span]:
    """A frozen parameter's gradient: it is held at 0, and what it would be where the newest batch came to it."""
    held, digits = snapshot.held_gradient(index), 4 if short else 6
    was = float(snapshot.previous[1, index])
    if was and gradient_is_past(snapshot, index):  # it was taken hold of after the last update
        return [(tr("held at 0 now, was "), "dim"), (number(was, glyphs, digits), role_of(was))]
    phrase: list[str | Span] = [(tr("held at 0"), "dim")]
    if held is None:
        return phrase
    return [*phrase, (tr(", else "), "dim"), (number(held, glyphs, digits), role_of(held))]


def gradient_is_past(snapshot: Snapshot, index: int) -> bool:
    """Whether the gradient is what an update left that is over, so that errors of now do not belong to it."""
    return not snapshot.moment.stage and snapshot.gradient_set(index)


def last_change(view: ViewState, snapshot: Snapshot, index: int) -> list[str | Span]:
    """What the last step did to one parameter; after an edit nothing says that any more, until the next step."""
    if not snapshot.stepped:
        return [(tr("none since it was edited") if snapshot.moment.update else tr("none yet"), "dim")]
    change = float(snapshot.state[0, index]) - float(snapshot.previous[0, index])
    return [(compact(change, 11, view.glyphs, 4, sign=True), role_of(change))]


def facts_text(view: ViewState, snapshot: Snapshot, index: int, width: int) -> list[str | Span]:
    """Value, gradient and last change of one parameter in a row of ``width`` columns."""
    value = float(snapshot.state[0, index])
    parts: list[str | Span] = [(number(value, view.glyphs), role_of(value))]
    if index in snapshot.frozen:
        parts.append((tr("  kept"), "accent"))
    gradient = tr("last gradient") if gradient_is_past(snapshot, index) else tr("gradient")
    ways = ((False, gradient, tr("last step")), (True, gradient, tr("last step")), (True, tr("gradient"), tr("step")))
    for short, name, step in ways:
        phrase = [*parts, (f"   {name} ", "dim"), *gradient_text(view, snapshot, index, short),
                (f"   {step} ", "dim"), *last_change(view, snapshot, index)]  # fmt: skip
        if Line.of(*phrase).width <= width:
            return phrase
    return parts
