"""Numbers as people read them: four significant digits, aligned on the decimal point, the sign always told."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from adder_engine.language import tr, trn
from adder_engine.wanted import is_right
from adder_tui.ui.symbols import Glyphs

if TYPE_CHECKING:
    from adder_tui.ui.line import Role


DIGITS = 4


def number(value: float | None, glyphs: Glyphs, digits: int = DIGITS) -> str:
    """``value`` to ``digits`` significant digits, correctly rounded; whole units are never rounded away below 1e9.

    ``27.4382 → 27.44``, ``-299593.6 → −299,594``, ``2.502e-5 → 2.502e−5``; None shows as a dash.
    """
    if value is None:
        return glyphs.none
    if math.isnan(value):
        return "nan"
    sign = glyphs.minus if value < 0 else ""
    size = abs(value)
    if math.isinf(size):
        return sign + glyphs.infinity
    if size == 0:
        return "0"
    powered = f"{size:.{digits - 1}e}"
    exponent = int(powered.partition("e")[2])
    if -4 <= exponent < digits:
        return f"{sign}{size:,.{digits - 1 - exponent}f}"
    if digits <= exponent < 9:
        return f"{sign}{size:,.0f}"
    return sign + spelled(powered, glyphs)


def spelled(text: str, glyphs: Glyphs) -> str:
    """A number as Python writes it, with our minus and without zeros before its power of ten: ``−2.5e−7``."""
    return re.sub(r"e\+?(-?)0*(?=\d)", r"e\1", text).replace("-", glyphs.minus)


def written_apart(
    before: float, after: float, write: Callable[[float, int], str], digits: Iterable[int]
) -> tuple[str, str]:
    """Two numbers with as many of the ``digits`` as it takes to see that they differ, or with the last of them."""
    texts = ("", "")
    for more in digits:
        texts = write(before, more), write(after, more)
        if texts[0] != texts[1]:
            break
    return texts


def plain_number(value: float, glyphs: Glyphs) -> str:
    """A number as somebody would type it: ``100``, ``−300,000``, ``0.0002``, ``2.5e−7``."""
    if not math.isfinite(value):
        return number(value, glyphs)
    is_short = value == int(value) and abs(value) < 1e12
    return spelled(f"{int(value):,}" if is_short else f"{value:.6g}", glyphs)


def rate_text(value: float, glyphs: Glyphs) -> str:
    """A learning rate or its limit to three significant digits: ``0.000112``."""
    return plain_number(float(f"{value:.3g}"), glyphs)


def signed(value: float, glyphs: Glyphs, digits: int = DIGITS) -> str:
    """A difference: the sign is always there, ``+0.02`` or ``−72.56``; two decimals do for those below a hundred."""
    sign = "+" if value > 0 and math.isfinite(value) else ""
    if 0.01 <= abs(value) < 100:
        return f"{glyphs.minus if value < 0 else sign}{abs(value):.2f}"
    return sign + number(value, glyphs, 2 if abs(value) < 0.01 else digits)


def off_by(value: float, glyphs: Glyphs) -> str:
    """``off by −2.63``, or ``exactly`` where nothing is missing."""
    return tr("off by {difference}", difference=signed(value, glyphs)) if value else tr("exactly right")


def percent(share: float) -> str:
    """A share as a correct rounding that says 100 % and 0 % only for all and for none."""
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    near_an_end = not 0.01 <= share <= 0.99
    text = f"{share * 100:.{2 if near_an_end else 1}f}"
    if text in ("100.00", "0.00"):
        text = ">99.99" if share > 0.5 else "<0.01"
    return f"{text}%"


def answer_text(answer: float | None, yes_or_no: bool, glyphs: Glyphs) -> str:
    """An answer; of a yes or no how likely yes is."""
    if not yes_or_no or answer is None or not math.isfinite(answer):
        return number(answer, glyphs)
    return percent(answer)


def truth_text(wanted: float | None, yes_or_no: bool, glyphs: Glyphs) -> str:
    """What is right, or a dash where that is not known."""
    if wanted is None or not math.isfinite(wanted):
        return glyphs.none
    return (tr("yes") if wanted > 0.5 else tr("no")) if yes_or_no else plain_number(wanted, glyphs)


def verdict(off: float | None, yes_or_no: bool, glyphs: Glyphs) -> tuple[str, Role]:
    """How far off an answer is; of a yes or no, which is off by nothing that says much, whether it is right."""
    if off is None:
        return glyphs.none, "dim"
    if not yes_or_no:
        return signed(off, glyphs), role_of(off)
    return (tr("right"), "text") if is_right(off) else (tr("wrong"), "minus")


def verdict_name(yes_or_no: bool) -> str:
    """What a column of such verdicts is called."""
    return tr("right?") if yes_or_no else tr("off by")


def role_of(value: float) -> Role:
    """Blue for plus, orange for minus."""
    if value > 0:
        return "plus"
    return "minus" if value < 0 else "text"


WIDEST_ALIGNED = 16
"""So wide a column keeps its decimal points under each other in any case."""


def aligned(texts: Sequence[str]) -> list[str]:
    """The numbers padded so that their decimal points stand under each other; all come out equally long.

    Where that would take half as much room again as the longest number has, they end at the same column instead.
    """
    heads = [before_point(text) for text in texts]
    before = max(map(len, heads), default=0)
    after = max((len(text) - len(head) for text, head in zip(texts, heads, strict=True)), default=0)
    longest = max(map(len, texts), default=0)
    if before + after > max(WIDEST_ALIGNED, longest * 3 // 2):
        return [text.rjust(longest) for text in texts]
    return [
        " " * (before - len(head)) + text + " " * (after - len(text) + len(head))
        for text, head in zip(texts, heads, strict=True)
    ]


def before_point(text: str) -> str:
    """What stands before the decimal point."""
    return re.split("[.e]", text, maxsplit=1)[0]


def count(value: int) -> str:
    """A whole number with its thousands parted: ``12,400``."""
    return f"{value:,}"


def plural(value: int, one: str, many: str) -> str:
    """``1 row``, ``10,000 rows``."""
    return f"{count(value)} {trn(one, many, value)}"


def round_up(value: float) -> float:
    """The next number of 1, 2 or 5 times a power of ten."""
    if not value > 0 or not math.isfinite(value):
        return 1.0
    scale = 10.0 ** math.floor(math.log10(value))
    found = next(m for m in (1, 2, 5, 10) if m * scale >= value * (1 - 1e-9))
    return float(f"{found * scale:.6g}")


def short_count(value: int) -> str:
    """``500``, ``2,000``, ``50k``, ``3M``, ``2e11``: always exact."""
    if value >= 1_000_000_000:
        digits = str(value).rstrip("0")
        short = f"{digits[0]}.{digits[1:]}".rstrip(".") + f"e{len(str(value)) - 1}"
        return short if len(short) < len(count(value)) else count(value)
    if value >= 1_000_000 and value % 100_000 == 0:
        return f"{value / 1_000_000:g}M"
    if value >= 10_000 and value % 100 == 0:
        return f"{value / 1_000:,.1f}".removesuffix(".0") + "k"
    return count(value)


def short_number(value: float, glyphs: Glyphs) -> str:
    """A round number in few characters: ``0.5``, ``2,000``, ``50k``, ``1M``, with its minus."""
    sign = glyphs.minus if value < 0 else ""
    size = abs(value)
    if size >= 1 and size == round(size):
        return sign + (short_count(round(size)) if size < 1e15 else plain_number(size, glyphs))
    return sign + (f"{size:.3g}" if size == 0 or size >= 1e-3 else number(size, glyphs, 2))
