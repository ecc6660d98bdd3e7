"""What a lesson asks, read from its file's tables: predictions, tasks, fields, cards, challenges, the quiz."""

from __future__ import annotations

from typing import cast

from adder_tui.lessons import prose
from adder_tui.lessons.actions import parse_action
from adder_tui.lessons.checks import NOTHING, parse, parse_check
from adder_tui.lessons.lesson import (
    LETTERS,
    TIGHT,
    Board,
    Card,
    Challenge,
    Field,
    Measured,
    Prediction,
    PredictKind,
    Quiz,
    Slip,
    Task,
    Worked,
)
from adder_tui.lessons.table import Table
from adder_tui.lessons.vocabulary import SLIPS

LONGEST_CARD = 36
"""So that the bins' names stand beside it in 80 columns."""


def read_prediction(table: Table) -> Prediction:
    """A table under ``[[predict]]``."""
    kind = cast(PredictKind, table.one_of("kind", ("choice", "number", "text")))
    choices = table.texts("choices", least=2, most=6) if kind == "choice" else ()
    made = Prediction(
        table.identifier("id"),
        kind,
        table.text("ask", 400),
        choices,
        table.text("shows", 300),
        table.whole("before", 1, 99, 1),
    )
    table.end()
    return made


def read_task(table: Table, number: int) -> Task:
    """A table under ``[[task]]``; ``number`` is its place among them, from 1."""
    if table.whole("id", 1, 99) != number:
        table.refuse("id", f"{number}: tasks are numbered 1, 2, 3 in order")
    made = Task(
        number,
        table.text("do", 160),
        table.parsed("check", parse_check, "an expression, such as asked(30, 70)") or NOTHING,
        table.settings("when"),
        table.texts("hints", least=3, most=3, takes="exactly three hints, each saying more than the one before"),
        table.all_parsed("actions", parse_action, least=1),
    )
    table.end()
    return made


def read_field(table: Table, measured: tuple[Measured, ...]) -> Field:
    """A table under ``[[field]]``: choices, or a number that is one of the measured figures."""
    id, ask = table.identifier("id"), table.text("ask", 200)
    if table.has("choices"):
        choices = table.texts("choices", least=2, most=6)
        letters = LETTERS[: len(choices)]
        answer = table.one_of("answer", letters, default="")
        table.end()
        return Field(id, ask, None, 0.0, choices=choices, answer=answer)
    key = table.text("measured", takes="the key of a [[measured]] figure")
    value = next((one.value for one in measured if one.key == key), None)
    if not isinstance(value, float) and key != "?":
        table.refuse("measured", "the key of a [[measured]] figure that is a number")
    number = value if isinstance(value, float) else 0.0
    tol = table.number("tol")
    slips = [Slip(-number, SLIPS["sign"])] if number else []
    slips += [_slip(one) for one in table.tables("slips")]
    table.end()
    return Field(id, ask, number, abs(number) * TIGHT if tol is None else tol, tuple(slips))


def _slip(table: Table) -> Slip:
    value = table.number("value")
    if value is None:
        table.refuse("value", "the number that comes out so")
    says = table.text("says", 200) if table.has("says") else SLIPS[table.one_of("kind", SLIPS)]
    table.end()
    return Slip(value or 0.0, says)


def read_worked(table: Table | None) -> Worked | None:
    """The table ``[worked]``: lines with blanks written ``{id}``."""
    if table is None:
        return None
    lines = []
    for line in table.texts("lines", least=1):
        pieces = tuple(piece for part in line.split("{") for piece in part.split("}"))
        if line.count("{") != line.count("}") or len(pieces) % 2 == 0:
            table.complain("lines", f"has {line!r}, where a blank is not written {{id}}.")
            continue
        if (width := sum(map(len, pieces[::2])) + 10 * len(pieces[1::2])) > prose.WIDEST:
            table.complain("lines", f"has {line!r}, {width} characters wide: there is room for {prose.WIDEST}.")
        lines.append(pieces)
    made = Worked(table.text("title", 70), tuple(lines))
    table.end()
    return made


def read_board(table: Table | None) -> Board | None:
    """The table ``[board]``: bins and cards."""
    if table is None:
        return None
    bins = table.texts("bins", least=2, most=4)
    cards = []
    for one in table.tables("cards", least=1):
        right = one.texts("bin") if isinstance(dict(one.items()).get("bin"), list) else (one.text("bin"),)
        if any(bin not in bins for bin in right):
            one.refuse("bin", f"one of {', '.join(bins)}")
        cards.append(Card(one.identifier("id"), one.text("says", LONGEST_CARD), right))
    table.end()
    return Board(bins, tuple(cards))


def read_challenge(table: Table) -> Challenge:
    """A table under ``[[challenge]]``."""
    score = table.parsed("score", parse, "an expression, such as run.updates") if table.has("score") else None
    made = Challenge(
        table.identifier("id"),
        table.text("ask", 300),
        table.parsed("check", parse_check, "an expression, such as loss < 1") or NOTHING,
        table.settings("when"),
        score,
        table.number("par"),
        table.all_parsed("actions", parse_action, least=1),
    )
    table.end()
    return made


def read_quiz(top: Table) -> Quiz:
    """The table ``[quiz]``."""
    table = top.table("quiz")
    if table is None:
        top.refuse("quiz", "a table under [quiz]")
        return Quiz("", (), "a", "", 1)
    choices = table.texts("choices", least=2, most=5)
    made = Quiz(
        table.text("ask", 300),
        choices,
        table.one_of("answer", LETTERS[: max(2, len(choices))]),
        table.text("why", 400),
        table.whole("fact", 1, 9),
    )
    table.end()
    return made
