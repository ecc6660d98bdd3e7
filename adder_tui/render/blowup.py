"""Why a run blew up or diverged, in words, and whether its rate stands above the limit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from adder_tui.render.glyphs import UNICODE, Glyphs
from adder_tui.render.lines import Line
from adder_tui.render.numbers import count, number, plain_number, rate_text

if TYPE_CHECKING:
    from adder_engine.snapshot import BlowUp
    from adder_tui.render.view import View

SCALED = frozenset({"adam", "adamw", "rmsprop"})
"""Optimizers that divide by the gradient's size, so that 2/λmax is no hard limit for them."""
LEAST_NAMED = 66
"""Columns from which on there is room for whose limit it is."""
ROWS = 2


def blow_up_told(blow_up: BlowUp) -> str:
    """What happened and why, in a sentence or two; on the command line."""
    rate = limit = ""
    if blow_up.above_limit and blow_up.own_limit is not None:
        limit = f"{_fine(blow_up.own_limit, UNICODE)}{'' if _is_own(blow_up) else ' = 2/λmax'}"
        rate = f" The rate {_fine(blow_up.lr, UNICODE)} stood above the limit {limit}."
    return f"{_happened(blow_up)}{rate}"


def _happened(blow_up: BlowUp) -> str:
    if blow_up.lost_at is None:
        ended = "far above its start at 0" if blow_up.times is None or math.isinf(blow_up.times) else (
            f"{number(blow_up.times, UNICODE, 3)} times above its start"
        )  # fmt: skip
        return f"This run diverged: the loss ended {ended}; {blow_up.tensor} grew first."
    beyond = f"loss 1,000-fold; not finite at {count(blow_up.lost_at)}"
    how = beyond if blow_up.update < blow_up.lost_at else "loss not finite"
    return f"This run blew up at update {count(blow_up.update)} ({how}): {blow_up.tensor} grew first."


def _is_own(blow_up: BlowUp) -> bool:
    """Whether the optimizer's limit is another than plain gradient descent's."""
    return blow_up.own_limit is not None and blow_up.own_limit != blow_up.limit


def _fine(rate: float, glyphs: Glyphs) -> str:
    """A rate to four digits: a limit may lie close to it."""
    return plain_number(float(f"{rate:.4g}"), glyphs)


def blow_up_sentence(blow_up: BlowUp, rescues: bool = True) -> str:
    """What happened, and what would do; ``rescues``: whether the key that goes back works here."""
    if not rescues:
        return f"{_happened(blow_up)} Home looks at its start."
    return f"{_happened(blow_up)} h goes back to update {count(blow_up.back_to)} at rate {_rescue(blow_up)}."


def _rescue(blow_up: BlowUp) -> str:
    """The rate that ``h`` takes, and what it is."""
    rate = rate_text(blow_up.rescue_lr, UNICODE)
    if blow_up.rescue_lr == blow_up.setting / 2:
        return f"{rate}, half of it"
    if blow_up.own_limit is not None and math.isclose(blow_up.rescue_lr, blow_up.own_limit / 2, rel_tol=0.01):
        return f"{rate}, half the limit {_fine(blow_up.own_limit, UNICODE)}"
    return rate


def blow_up_lines(view: View, blow_up: BlowUp, width: int) -> list[Line]:
    """Two lines: what grew first and by how much, then the rate beside the limit."""
    glyphs = view.glyphs
    grew = f", {glyphs.times_sign}{number(blow_up.factor, glyphs, 3)} an update" if blow_up.over else ""
    happened = "  diverged  " if blow_up.lost_at is None else "  blew up   "
    first = Line.of(
        (happened, "minus"), ("at update ", "dim"), (count(blow_up.update), "strong"), (": ", "dim"),
        (blow_up.tensor, "strong"), (f" grew first{grew}", "text"),
        (f" over {count(blow_up.over)}" if blow_up.over else "", "dim"),
    )  # fmt: skip
    second = Line.of(("  rate      ", "dim"), (_fine(blow_up.lr, glyphs), "strong"))
    limit = blow_up.own_limit or blow_up.limit
    if limit is not None:
        name = f"limit for {view.experiment.training.optimizer}" if _is_own(blow_up) else glyphs.text("limit 2/λmax")
        name = name if width >= LEAST_NAMED else "limit"
        second = Line.of(second, (f"   {name} ", "dim"), (_fine(limit, glyphs), "strong"))
        if view.experiment.training.optimizer in SCALED and width >= 76:
            second = Line.of(second, (f" (guide for {view.experiment.training.optimizer})", "dim"))
    rescue = rate_text(blow_up.rescue_lr, glyphs)
    keys = Line.of(("h", "key"), (f" back to {count(blow_up.back_to)}, rate {rescue} ", "dim"))
    return [first.fit(width, glyphs.ellipsis), second.with_right(keys, width, glyphs.ellipsis)]


def limit_rows(view: View) -> list[Line]:
    """Where the rate stands above the limit that the curvature sets, one row that says so; none in a lesson.

    With the epoch where the limit was measured, as long as the run has gone on since.
    """
    snapshot, outlook = view.snapshot, view.outlook
    if snapshot is None or outlook is None or view.lesson is not None or view.words or snapshot.blow_up is not None:
        return []
    if outlook.limit is None or outlook.training != snapshot.experiment.training or snapshot.lr <= outlook.limit:
        return []
    row = Line.of(("over limit ", "minus"), (_fine(outlook.limit, view.glyphs), "strong"))
    if outlook.moment.update == snapshot.moment.update:
        return [row]
    return [Line.of(row, (f" at {count(outlook.moment.update // snapshot.experiment.updates_per_epoch)}", "dim"))]
