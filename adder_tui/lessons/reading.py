"""Reading a lesson's file: TOML between ``+++`` lines, then the text."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from adder_engine.errors import AdderError
from adder_engine.experiment import Experiment, key_named
from adder_tui.lessons import prose
from adder_tui.lessons.actions import parse_action
from adder_tui.lessons.checks import Expression, parse, parse_check
from adder_tui.lessons.errors import LessonError, Problem
from adder_tui.lessons.lesson import (
    LETTERS,
    TIGHT,
    Board,
    Card,
    Challenge,
    Field,
    FigureClass,
    Lesson,
    Measured,
    Prediction,
    PredictKind,
    Quiz,
    Quote,
    Settings,
    Slip,
    Station,
    Task,
    Worked,
    numbered,
)  # fmt: skip
from adder_tui.lessons.table import Source, Table, read_text
from adder_tui.lessons.vocabulary import SLIPS, VIEWS
from adder_tui.lessons.words import check_words

FENCE = "+++"
LONGEST_TITLE = 40
LONGEST_STATION = 50
LONGEST_CARD = 36
"""So that the bins' names stand beside it in 80 columns."""
_NOTHING = parse("false")


def read_lesson(path: Path) -> Lesson:
    """The lesson in a file.

    Raises:
        LessonError: it cannot be used; ``problems`` names each line and key, and what would do.
    """
    file = str(path)
    lines = read_text(path).split("\n")
    if lines[0].strip() != FENCE:
        raise LessonError([Problem(file, 1, f"A lesson begins with a line {FENCE}, TOML, and a second such line.")])
    end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == FENCE), 0)
    if not end:
        raise LessonError([Problem(file, len(lines), f"The line {FENCE} that ends the TOML is missing.")])
    source = Source(file, "\n".join(lines[1:end]), first_line=2)
    lesson = _lesson(file, source, "\n".join(lines[end + 1 :]), end + 2)
    if source.problems:
        raise LessonError(sorted(source.problems, key=lambda problem: problem.line))
    return lesson


def _lesson(file: str, source: Source, body: str, body_line: int) -> Lesson:
    top = Table(source, source.values)
    experiment = top.experiment("preset")
    measured = tuple(_measured(table, experiment) for table in top.tables("measured"))
    worked = _worked(top.table("worked"))
    glossary_table = top.table("glossary")
    lesson = Lesson(
        file=file,
        id=_id(top, "id"),
        order=top.whole("order", 1, 999),
        title=top.text("title", LONGEST_TITLE),
        goal=top.text("goal", 200),
        chapter=_id(top, "chapter"),
        minutes=top.whole("minutes", 1, 120),
        needs=top.texts("needs"),
        covers=top.texts("covers"),
        terms=top.texts("terms"),
        views=_views(top),
        controls=_controls(top),
        experiment=experiment,
        stations=tuple(_station(table, experiment) for table in top.tables("station")),
        predictions=tuple(_prediction(table) for table in top.tables("predict", least=1)),
        tasks=tuple(_task(table, number) for number, table in enumerate(top.tables("task", least=1), 1)),
        fields=tuple(_field(table, measured) for table in top.tables("field")),
        quotes=tuple(_quote(table) for table in top.tables("quote")),
        measured=measured,
        challenges=tuple(_challenge(table) for table in top.tables("challenge")),
        quiz=_quiz(top),
        worked=worked,
        board=_board(top.table("board")),
        glossary={} if glossary_table is None else {
            term: glossary_table.text(term, 600) for term, _ in glossary_table.items()
        },
        parts=_parts(source, body, body_line),
    )  # fmt: skip
    top.end()
    check_words(lesson, source, body, body_line)
    return lesson


def _id(table: Table, key: str) -> str:
    value = table.text(key, 60)
    if value != "?" and not (
        value.replace("-", "").replace("_", "").isalnum() and value.isascii() and value == value.lower()
    ):
        table.refuse(key, "small letters, digits, hyphens and underscores")
    return value


def _views(top: Table) -> tuple[str, ...]:
    views = top.texts("views", least=1, takes=f"a list of views: {', '.join(VIEWS)}")
    if any(view not in VIEWS for view in views):
        top.refuse("views", f"views: {', '.join(VIEWS)}")
    return views


def _controls(top: Table) -> tuple[str, ...]:
    controls = top.texts("controls")
    for control in controls:
        try:
            key_named(control)
        except AdderError as error:
            top.complain("controls", f"does not work. {error}")
    return controls


def _station(table: Table, experiment: Experiment) -> Station:
    preset = table.settings("preset") or {}
    made = Station(
        _id(table, "id"), table.text("title", LONGEST_STATION), preset, _changed(table, experiment, preset)
    )  # fmt: skip
    if preset and made.experiment == experiment:
        table.complain("preset", "changes nothing: the lesson's own run is there without a station.")
    elif not preset:
        table.refuse("preset", "how this run differs from the lesson's own, such as { training.lr = 0.01 }")
    table.end()
    return made


def _changed(table: Table, experiment: Experiment, changes: Settings) -> Experiment:
    """The lesson's run with the changes under ``preset``, each of which will do alone."""
    try:
        return experiment.replace(**changes)
    except AdderError as error:
        table.complain("preset", f"does not work. {error}")
        return experiment


def _prediction(table: Table) -> Prediction:
    kind = cast(PredictKind, table.one_of("kind", ("choice", "number", "text")))
    choices = table.texts("choices", least=2, most=6) if kind == "choice" else ()
    made = Prediction(
        _id(table, "id"),
        kind,
        table.text("ask", 400),
        choices,
        table.text("shows", 300),
        table.whole("before", 1, 99, 1),
    )
    table.end()
    return made


def _task(table: Table, number: int) -> Task:
    if table.whole("id", 1, 99) != number:
        table.refuse("id", f"{number}: tasks are numbered 1, 2, 3 in order")
    made = Task(
        number,
        table.text("do", 160),
        table.parsed("check", parse_check, "an expression, such as asked(30, 70)") or _NOTHING,
        table.settings("when"),
        table.texts("hints", least=3, most=3, takes="exactly three hints, each saying more than the one before"),
        table.all_parsed("actions", parse_action, least=1),
    )
    table.end()
    return made


def _field(table: Table, measured: tuple[Measured, ...]) -> Field:
    id, ask = _id(table, "id"), table.text("ask", 200)
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


def _worked(table: Table | None) -> Worked | None:
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


def _board(table: Table | None) -> Board | None:
    if table is None:
        return None
    bins = table.texts("bins", least=2, most=4)
    cards = []
    for one in table.tables("cards", least=1):
        right = one.texts("bin") if isinstance(dict(one.items()).get("bin"), list) else (one.text("bin"),)
        if any(bin not in bins for bin in right):
            one.refuse("bin", f"one of {', '.join(bins)}")
        cards.append(Card(_id(one, "id"), one.text("says", LONGEST_CARD), right))
    table.end()
    return Board(bins, tuple(cards))


def _quote(table: Table) -> Quote:
    form = table.text("format", 10, default="g")
    try:
        format(1 if form.endswith("d") else "" if form.endswith("s") else 1.0, form)
    except ValueError:
        table.refuse("format", 'how Python writes a number: ".4f", ".0f", ",.0f", ".4g", "d", or "s" for words')
        form = "g"
    value = table.parsed("value", parse, "an expression, such as ask(30, 70)") or _NOTHING
    made = Quote(_id(table, "name"), value, form, table.settings("when"))
    table.end()
    return made


def _measured(table: Table, experiment: Experiment) -> Measured:
    key = table.text("key", 120)
    figure_class = cast(FigureClass, table.one_of("class", ("E", "T", "B", "Q")))
    expression: Expression = table.parsed("expression", parse, "an expression, such as ask(30, 70)") or _NOTHING
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
    _changed(table, experiment, changes)
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


def _challenge(table: Table) -> Challenge:
    score = table.parsed("score", parse, "an expression, such as run.updates") if table.has("score") else None
    made = Challenge(
        _id(table, "id"),
        table.text("ask", 300),
        table.parsed("check", parse_check, "an expression, such as loss < 1") or _NOTHING,
        table.settings("when"),
        score,
        table.number("par"),
        table.all_parsed("actions", parse_action, least=1),
    )
    table.end()
    return made


def _quiz(top: Table) -> Quiz:
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


def _parts(source: Source, body: str, body_line: int) -> dict[str, str]:
    parts, amiss = prose.parts_of(body)
    for line, says in amiss:
        source.complain(body_line + line - 1, says)
    headings = [heading for heading, _, _ in parts[1:]]
    if not amiss and headings != list(prose.PARTS):
        found = ", ".join(headings) or "none"
        source.complain(body_line, f"The text's parts are {found}: it needs {', '.join(prose.PARTS)}, in this order.")
    for heading, text, line in parts:
        if not text.strip():
            source.complain(body_line + line - 1, f"{heading or 'The lead, before the first heading,'} has no text.")
    found_parts = {heading: text for heading, text, _ in parts}
    if "Facts" in found_parts and not 3 <= (count := len(numbered(found_parts["Facts"]))) <= 6:
        line = next(line for heading, _, line in parts if heading == "Facts")
        source.complain(body_line + line - 1, f"Facts has {count} numbered lines: it takes 3 to 6.")
    return found_parts
