"""Reading a lesson's file: TOML between ``+++`` lines, then the text."""

from __future__ import annotations

from pathlib import Path

from adder_engine.errors import AdderError
from adder_engine.experiment import key_named
from adder_tui.lessons import prose
from adder_tui.lessons.errors import LessonError, Problem
from adder_tui.lessons.lesson import Lesson, numbered
from adder_tui.lessons.reading_asked import (
    read_board,
    read_challenge,
    read_field,
    read_prediction,
    read_quiz,
    read_task,
    read_worked,
)
from adder_tui.lessons.reading_figures import read_measured, read_quote, read_station
from adder_tui.lessons.table import Source, Table, read_text
from adder_tui.lessons.vocabulary import VIEWS
from adder_tui.lessons.words import check_words

FENCE = "+++"
LONGEST_TITLE = 40


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
