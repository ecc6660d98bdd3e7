"""What a lesson states and runs, read from its file's tables: measured figures, quotes, stations."""

from __future__ import annotations

from typing import cast

from adder_engine.errors import AdderError
from adder_engine.experiment import Experiment
from adder_tui.lessons.actions import parse_action
from adder_tui.lessons.checks import NOTHING, Expression, parse
from adder_tui.lessons.lesson import TIGHT, FigureClass, Measured, Quote, Settings, Station
from adder_tui.lessons.table import Table

LONGEST_STATION = 50


def read_station(table: Table, experiment: Experiment) -> Station:
    """A table under ``[[station]]``: another run than the lesson's own."""
    preset = table.settings("preset") or {}
    made = Station(
        table.identifier("id"), table.text("title", LONGEST_STATION), preset, changed_run(table, experiment, preset)
    )  # fmt: skip
    if preset and made.experiment == experiment:
        table.complain("preset", "changes nothing: the lesson's own run is there without a station.")
    elif not preset:
        table.refuse("preset", "how this run differs from the lesson's own, such as { training.lr = 0.01 }")
    table.end()
    return made


def changed_run(table: Table, experiment: Experiment, changes: Settings) -> Experiment:
    """The lesson's run with the changes under ``preset``, each of which will do alone."""
    try:
        return experiment.replace(**changes)
    except AdderError as error:
        table.complain("preset", f"does not work. {error}")
        return experiment


def read_quote(table: Table) -> Quote:
    """A table under ``[[quote]]``: a figure of the learner's own run, and how it is written."""
    form = table.text("format", 10, default="g")
    try:
        format(1 if form.endswith("d") else "" if form.endswith("s") else 1.0, form)
    except ValueError:
        table.refuse("format", 'how Python writes a number: ".4f", ".0f", ",.0f", ".4g", "d", or "s" for words')
        form = "g"
    value = table.parsed("value", parse, "an expression, such as ask(30, 70)") or NOTHING
    made = Quote(table.identifier("name"), value, form, table.settings("when"))
    table.end()
    return made


def read_measured(table: Table, experiment: Experiment) -> Measured:
    """A table under ``[[measured]]``: a figure that the text states, and how far off it may come out."""
    key = table.text("key", 120)
    figure_class = cast(FigureClass, table.one_of("class", ("E", "T", "B", "Q")))
    expression: Expression = table.parsed("expression", parse, "an expression, such as ask(30, 70)") or NOTHING
    value: float | str | None = None
    if figure_class == "Q":
        if table.has("value"):
            table.complain("value", "is not for class Q: the expression is a comparison that must come out true.")
    elif table.has("value") and expression.kind in ("words", "any") and not _holds_number(table):
        value = table.text("value", 300)
    else:
        value = table.number("value")
        if value is None:
            table.refuse("value", "the figure as the text states it")
    tol, rel = table.number("tol"), table.number("rel")
    if figure_class == "B" and (tol is None) == (rel is None):
        table.complain("tol", "or rel is needed for class B, one of them: how far off the figure may come out.")
    if figure_class in ("E", "Q") and (tol is not None or rel is not None):
        table.complain("tol" if tol is not None else "rel", "is for the classes T and B.")
    size = abs(value) if isinstance(value, float) else 0.0
    exact = 1e-9 * max(1.0, size)
    within = (
        tol if tol is not None else size * rel if rel is not None else size * TIGHT if figure_class == "T" else exact
    )
    changes = table.settings("preset") or {}
    changed_run(table, experiment, changes)
    made = Measured(
        key, value, figure_class, within, changes, table.all_parsed("actions", parse_action), expression,
        table.truth("slow"),
    )  # fmt: skip
    table.end()
    return made


def _holds_number(table: Table) -> bool:
    """Whether the key ``value`` holds a number."""
    value = dict(table.items()).get("value")
    return isinstance(value, int | float)
