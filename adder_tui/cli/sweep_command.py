"""``adder-tui sweep`` and ``rates``: many runs, or one at a rising rate; as text, in lines of JSON, or as CSV."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_engine.parsing import parse_sum
from adder_engine.rates import planned_rates, rates_in_slices
from adder_engine.sweep import LOOKS, Sweep, SweepRun, SweepState, planned
from adder_engine.wanted import is_right
from adder_tui.cli.output import ProgressLine, complain, finite_or_null, pairs_note, question_text, say, tell
from adder_tui.sweep.draw import grid_lines, headlines, median_answers, value_text
from adder_tui.sweep.rates_screen import rates_chart, rates_said
from adder_tui.ui.numbers import aligned, number, plural
from adder_tui.ui.run_state import marked, pairs_marks
from adder_tui.ui.symbols import UNICODE

if TYPE_CHECKING:
    from adder_engine import Experiment


WIDE = 1_000
"""Columns that the grid may take: a terminal wraps it, a file keeps it."""
CHART_ROWS = 20
WIDEST = 120
SHOWN = (tr("median"), tr("lowest"), tr("highest"))
"""Which of a value's losses the table tells."""


def sweep(
    experiment: Experiment, title: str, overs: Sequence[str], seeds: int | None, sums: Sequence[str], jobs: int | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Train the sweep and tell what became of each value; the exit code, 1 where no run came to its end.

    Args:
        experiment: what all runs have in common.
        title: its name, for the first line of text.
        overs: one setting and its values as they were typed, or two.
        seeds: how many seeds, counted from the experiment's own; None for the usual number.
        sums: what every network is asked, as typed; none for the first of those that are watched.
        jobs: how many runs train at the same time; None for one on each core.
        as_json: one JSON object a run instead of text.

    Raises:
        ExperimentError: a setting, a value or a number of seeds that will not do, or more than two settings.
        SumError: a text that is no sum.
    """
    plan = planned(experiment, overs, seeds, [parse_sum(text, experiment.data.task) for text in sums])
    if not as_json:
        say(headlines(plan, title)[0])
    state, interrupted = _run(plan, jobs or os.cpu_count() or 1)
    if as_json:
        for run in state.runs:
            say(json.dumps(_object(plan, run), allow_nan=False))
        if plan.across:
            say(json.dumps(_grid(plan, state), allow_nan=False))
    else:
        say(*table(plan, state))
        if plan.across:
            say("")
            for drawn in grid_lines(plan, state, None, WIDE, len(plan.values) + 3, UNICODE):
                say(drawn.plain.rstrip())
    if interrupted:
        finished, runs = sum(run.done for run in state.runs), plural(len(state.runs), "run", "runs")
        complain("Stopped by Ctrl+C with {finished:,} of {runs} done.", finished=finished, runs=runs)
        return 1
    if not any(run.done for run in state.runs):
        complain("No run came to its end. {stopped}", stopped=state.runs[0].stopped)
        return 1
    return 0


def table(plan: Sweep, state: SweepState) -> list[str]:
    """One line a value or a pair: median and range of the final training loss, median answers, how many blew up."""
    lines = state.lines
    runs = state.runs[:: len(plan.seeds)]
    over, marks = pairs_marks([run.experiment for run in runs], UNICODE)
    losses = [
        aligned(marked([number(value, UNICODE) for value in column], marks))
        for column in ([line.loss for line in lines], [line.low for line in lines], [line.high for line in lines])
    ]
    answers = [median_answers(plan, state, i, UNICODE) for i in range(len(plan.sums))]
    stopped = [tr("{stopped:,} of {seeds:,}", stopped=line.stopped, seeds=len(plan.seeds)) for line in lines]
    columns = [(plan.over, [value_text(line.value) for line in lines])]
    if plan.across:
        columns.append((plan.across, [value_text(line.across) for line in lines]))
    for which, column in zip(SHOWN, losses, strict=True):
        columns.append((tr("{which} train loss{over}", which=which, over=over), column))
    for asked, column in zip(plan.sums, answers, strict=True):
        columns.append((tr("median {asked}", asked=question_text(asked, plan.experiment)), column))
    columns.append((tr("blew up"), stopped))
    widths = [max(len(heading), *map(len, cells)) for heading, cells in columns]
    rows = [[heading for heading, _ in columns], *zip(*(cells for _, cells in columns), strict=True)]
    named = 2 if plan.across else 1
    return [
        "  ".join([*map(str.ljust, row[:named], widths), *map(str.rjust, row[named:], widths[named:])]).rstrip()
        for row in rows
    ]


def _run(plan: Sweep, jobs: int) -> tuple[SweepState, bool]:
    """Where the sweep ended, and whether that was by Ctrl+C."""
    state = plan.state
    bar = ProgressLine(sum(run.experiment.epochs for run in state.runs))
    longest = max(run.experiment.epochs for run in state.runs)
    try:
        for state in plan.steps(max(1, longest // LOOKS), jobs):
            bar.show(sum(run.experiment.epochs if run.stopped else run.epochs for run in state.runs))
    except KeyboardInterrupt:
        return state, True
    finally:
        bar.clear()
    return state, False


def _grid(plan: Sweep, state: SweepState) -> dict[str, Any]:
    """The heat map as JSON: a row of median losses for each value of the first setting; null where no run finished."""
    losses = [finite_or_null(line.loss) for line in state.lines]
    size = len(plan.across_values)
    return {
        "grid": [plan.over, plan.across],
        "values": plan.values,
        "across_values": plan.across_values,
        "median_train_loss": [losses[i : i + size] for i in range(0, len(losses), size)],
    }


def _object(plan: Sweep, run: SweepRun) -> dict[str, Any]:
    """A run as JSON; numbers that are not finite, and those of a run that was not begun, are null."""
    answers = run.answers or (None,) * len(plan.sums)
    named = [question_text(asked, plan.experiment) for asked in plan.sums]
    wanted = [run.experiment.wanted.of(asked.a, asked.b) for asked in plan.sums]
    both = zip(answers, wanted, strict=True)
    off_by = [None if answer is None or want is None else finite_or_null(answer - want) for answer, want in both]
    rights = [None if off is None else is_right(off) for off in off_by]
    asks = plan.experiment.is_yes_or_no
    line: dict[str, Any] = {
        "over": plan.over,
        "value": run.value,
        **({"across": plan.across, "across_value": run.across} if plan.across else {}),
        "seed": run.seed,
        "epochs": run.epochs,
        "updates": run.updates,
        "train_loss": finite_or_null(run.loss),
        **pairs_note(run.experiment),
        "test_loss": finite_or_null(run.test_loss),
        "predictions": dict(zip(named, map(finite_or_null, answers), strict=True)),
        "wanted": dict(zip(named, wanted, strict=True)),
        "right" if asks else "off_by": dict(zip(named, rights if asks else off_by, strict=True)),
        "done": run.done,
    }  # fmt: skip
    if run.stopped is None:
        return line
    line["stopped"] = run.stopped
    if run.diverged is None:
        return line
    return line | {"diverged": finite_or_null(run.diverged), "loss_now": finite_or_null(run.loss_now)}


def rates(
    experiment: Experiment, title: str, low: float, high: float, updates: int, as_json: bool, as_csv: bool
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
        AdderError: rates or a number of updates that will not do, or two forms at once.
    """
    if as_json and as_csv:
        raise AdderError("--json and --csv ask for different things: use one of them.")
    planned = planned_rates(experiment, low, high, updates)
    if not (as_json or as_csv):
        values = {"title": title, "updates": updates, "low": low, "high": high}
        tell("{title}: {updates:,} updates, the rate rising from {low:g} to {high:g}", **values)
    *_, test = rates_in_slices(planned)
    if as_json:
        sentence = {
            "rates": test.rates, "losses": test.losses, "curvature": finite_or_null(test.curvature),
            "limit": finite_or_null(test.limit), "optimizer_limit": finite_or_null(test.optimizer_limit),
            "lowest": None if test.lowest is None else test.rates[test.lowest], "proposed": test.proposed,
            "ended": test.ended,
        }  # fmt: skip
        say(json.dumps(sentence, allow_nan=False))
    elif as_csv:
        say("rate,loss")
        for rate, loss in zip(test.rates, test.losses, strict=True):
            say(f"{rate!r},{loss!r}")
    elif test.losses:
        width = min(WIDEST, shutil.get_terminal_size().columns)
        for line in rates_chart(test, None, width, CHART_ROWS, UNICODE):
            say(line.plain.rstrip())
        say(*rates_said(test, UNICODE))
    if not test.losses:
        complain("No loss was finite. {ended}", ended=test.ended)
        return 1
    return 0
