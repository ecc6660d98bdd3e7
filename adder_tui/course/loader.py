"""Reading a lesson's file: TOML between ``+++`` lines, what it asks and states, then the text."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from adder_engine.errors import AdderError
from adder_engine.experiment import Experiment, key_named
from adder_tui.course import markup
from adder_tui.course.expressions import NOTHING, Expression, parse, parse_check
from adder_tui.course.lesson import (
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
)
from adder_tui.course.source import LessonError, Problem, Source, Table, read_text
from adder_tui.course.validate import check_words
from adder_tui.course.vocabulary import SLIPS, VIEWS, parse_action

LONGEST_CARD = 36
"""So that the bins' names stand beside it in 80 columns."""
LONGEST_STATION = 50
FENCE = "+++"
LONGEST_TITLE = 40


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
        if (width := sum(map(len, pieces[::2])) + 10 * len(pieces[1::2])) > markup.WIDEST:
            table.complain("lines", f"has {line!r}, {width} characters wide: there is room for {markup.WIDEST}.")
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
    measured = tuple(read_measured(table, experiment) for table in top.tables("measured"))
    worked = read_worked(top.table("worked"))
    glossary_table = top.table("glossary")
    lesson = Lesson(
        file=file,
        id=top.identifier("id"),
        order=top.whole("order", 1, 999),
        title=top.text("title", LONGEST_TITLE),
        goal=top.text("goal", 200),
        chapter=top.identifier("chapter"),
        minutes=top.whole("minutes", 1, 120),
        needs=top.texts("needs"),
        covers=top.texts("covers"),
        terms=top.texts("terms"),
        views=_views(top),
        controls=_controls(top),
        experiment=experiment,
        stations=tuple(read_station(table, experiment) for table in top.tables("station")),
        predictions=tuple(read_prediction(table) for table in top.tables("predict", least=1)),
        tasks=tuple(read_task(table, number) for number, table in enumerate(top.tables("task", least=1), 1)),
        fields=tuple(read_field(table, measured) for table in top.tables("field")),
        quotes=tuple(read_quote(table) for table in top.tables("quote")),
        measured=measured,
        challenges=tuple(read_challenge(table) for table in top.tables("challenge")),
        quiz=read_quiz(top),
        worked=worked,
        board=read_board(top.table("board")),
        glossary={} if glossary_table is None else {
            term: glossary_table.text(term, 600) for term, _ in glossary_table.items()
        },
        parts=_parts(source, body, body_line),
    )  # fmt: skip
    top.end()
    check_words(lesson, source, body, body_line)
    return lesson


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


def _parts(source: Source, body: str, body_line: int) -> dict[str, str]:
    parts, amiss = markup.parts_of(body)
    for line, says in amiss:
        source.complain(body_line + line - 1, says)
    headings = [heading for heading, _, _ in parts[1:]]
    if not amiss and headings != list(markup.PARTS):
        found = ", ".join(headings) or "none"
        source.complain(body_line, f"The text's parts are {found}: it needs {', '.join(markup.PARTS)}, in this order.")
    for heading, text, line in parts:
        if not text.strip():
            source.complain(body_line + line - 1, f"{heading or 'The lead, before the first heading,'} has no text.")
    found_parts = {heading: text for heading, text, _ in parts}
    if "Facts" in found_parts and not 3 <= (count := len(numbered(found_parts["Facts"]))) <= 6:
        line = next(line for heading, _, line in parts if heading == "Facts")
        source.complain(body_line + line - 1, f"Facts has {count} numbered lines: it takes 3 to 6.")
    return found_parts
