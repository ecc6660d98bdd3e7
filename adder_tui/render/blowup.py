"""Why a run blew up, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_tui.render.lines import Line
from adder_tui.render.numbers import count, number, rate_text

if TYPE_CHECKING:
    from adder_engine.snapshot import BlowUp
    from adder_tui.render.view import View

SCALED = frozenset({"adam", "adamw", "rmsprop"})
"""Optimizers that divide by the gradient's size, so that 2/λmax is no hard limit for them."""
ROWS = 2


def blow_up_told(blow_up: BlowUp) -> str:
    """What happened, in one sentence; the same in the app and on the command line."""
    beyond = f"loss 1,000 times the first; not finite at {count(blow_up.lost_at)}"
    how = beyond if blow_up.update < blow_up.lost_at else "loss not finite"
    return f"This run blew up at update {count(blow_up.update)} ({how}): {blow_up.tensor} grew first."


def blow_up_sentence(blow_up: BlowUp, rescues: bool = True) -> str:
    """What happened, and what would do; ``rescues``: whether the key that halves the rate works here."""
    if not rescues:
        return f"{blow_up_told(blow_up)} Home looks at its start."
    steps = blow_up.update - blow_up.back_to
    back = f"{steps} updates" if steps != 1 else "one update"
    return f"{blow_up_told(blow_up)} h goes back {back} and halves the rate; r starts again."


def blow_up_lines(view: View, blow_up: BlowUp, width: int) -> list[Line]:
    """Two lines: what grew first and by how much, then the rate beside the limit."""
    glyphs = view.glyphs
    grew = f", {glyphs.times_sign}{number(blow_up.factor, glyphs, 3)} an update" if blow_up.over else ""
    first = Line.of(
        ("  blew up   ", "minus"), ("at update ", "dim"), (count(blow_up.update), "strong"), (": ", "dim"),
        (blow_up.tensor, "strong"), (f" grew first{grew}", "text"),
        (f" over {count(blow_up.over)}" if blow_up.over else "", "dim"),
    )  # fmt: skip
    second = Line.of(("  rate      ", "dim"), (rate_text(blow_up.lr, glyphs), "strong"))
    if blow_up.limit is not None:
        limit = glyphs.text("2/λmax")
        second = Line.of(second, (f"   limit {limit} ", "dim"), (rate_text(blow_up.limit, glyphs), "strong"))
        if view.experiment.training.optimizer in SCALED and width >= 76:
            second = Line.of(second, (f" (guide for {view.experiment.training.optimizer})", "dim"))
    half = rate_text(blow_up.lr / 2, glyphs)
    keys = Line.of(("h", "key"), (f" back to {count(blow_up.back_to)}, rate {half} ", "dim"))
    return [first.fit(width, glyphs.ellipsis), second.with_right(keys, width, glyphs.ellipsis)]
