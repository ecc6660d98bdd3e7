"""``adder-tui rates``: the loss against a rising learning rate, as a chart in text, as JSON or as CSV."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_engine.rates import planned_rates, rates_in_slices
from adder_tui.cli.output import complain, finite_or_null, say
from adder_tui.sweep.rates_screen import rates_chart, rates_said
from adder_tui.ui.symbols import UNICODE

if TYPE_CHECKING:
    from adder_engine import Experiment

CHART_ROWS = 20
WIDEST = 120


def rates(
    experiment: Experiment, title: str, low: float, high: float, updates: int, *, as_json: bool, as_csv: bool
) -> int:
    """Carry the test out and tell it; the exit code, 1 where not even the first loss was finite.

    Args:
        experiment: what is trained.
        title: its name, for the first line of text.
        low: the first update's rate.
        high: the last one's.
        updates: how many.
        as_json: one JSON object instead of text.
        as_csv: a line for each update instead of text, its rate and its loss.

    Raises:
        ExperimentError: rates or a number of updates that will not do.
    """
    planned = planned_rates(experiment, low, high, updates)
    if not (as_json or as_csv):
        say(
            tr(
                "{title}: {updates:,} updates, the rate rising from {low:g} to {high:g}",
                title=title,
                updates=updates,
                low=low,
                high=high,
            )
        )
    *_, test = rates_in_slices(planned)
    if as_json:
        told = {
            "rates": test.rates, "losses": test.losses, "curvature": finite_or_null(test.curvature),
            "limit": finite_or_null(test.limit), "optimizer_limit": finite_or_null(test.optimizer_limit),
            "lowest": None if test.lowest is None else test.rates[test.lowest], "proposed": test.proposed,
            "ended": test.ended,
        }  # fmt: skip
        say(json.dumps(told, allow_nan=False))
    elif as_csv:
        say("rate,loss")
        for rate, loss in zip(test.rates, test.losses, strict=True):
            say(f"{rate!r},{loss!r}")
    elif test.losses:
        width = min(WIDEST, shutil.get_terminal_size().columns)
        for line in rates_chart(test, None, width, CHART_ROWS, UNICODE):
            say(line.plain.rstrip())
        for said in rates_said(test, UNICODE):
            say(said)
    if not test.losses:
        complain(tr("No loss was finite. {ended}", ended=test.ended))
        return 1
    return 0
