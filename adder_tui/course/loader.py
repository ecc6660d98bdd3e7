"""Reading a lesson's file: TOML between ``+++`` lines, what it asks and states, then the text."""

from __future__ import annotations

from pathlib import Path

from adder_tui.course import markup
from adder_tui.course.lesson import Lesson
from adder_tui.course.source import LessonError, Problem, Source, Table, read_text
from adder_tui.course.validate import check_words

FENCE = "+++"


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
    body, body_line = "\n".join(lines[end + 1 :]), end + 2
    lesson = Table(source, source.values).make(Lesson, file=file, parts=_parts(source, body, body_line))
    check_words(lesson, source, body, body_line)
    if source.problems:
        raise LessonError(sorted(source.problems, key=lambda problem: problem.line))
    return lesson


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
    if "Facts" in found_parts and not 3 <= (count := len(markup.numbered(found_parts["Facts"]))) <= 6:
        line = next(line for heading, _, line in parts if heading == "Facts")
        source.complain(body_line + line - 1, f"Facts has {count} numbered lines: it takes 3 to 6.")
    return found_parts
