"""Reading a lesson's file: TOML between ``+++`` lines, what it asks and states, then the text."""

from __future__ import annotations

from pathlib import Path

from adder_engine.language import tr
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
        told = tr("A lesson begins with a line {fence}, TOML, and a second such line.", fence=FENCE)
        raise LessonError([Problem(file, 1, told)])
    end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == FENCE), 0)
    if not end:
        told = tr("The line {fence} that ends the TOML is missing.", fence=FENCE)
        raise LessonError([Problem(file, len(lines), told)])
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
        found, needed = ", ".join(headings) or tr("none"), ", ".join(markup.PARTS)
        told = tr("The text's parts are {found}: it needs {parts}, in this order.", found=found, parts=needed)
        source.complain(body_line, told)
    for heading, text, line in parts:
        if not text.strip():
            part = heading or tr("The lead, before the first heading,")
            source.complain(body_line + line - 1, tr("{part} has no text.", part=part))
    found_parts = {heading: text for heading, text, _ in parts}
    if "Facts" in found_parts and not 3 <= (count := len(markup.numbered(found_parts["Facts"]))) <= 6:
        line = next(line for heading, _, line in parts if heading == "Facts")
        source.complain(body_line + line - 1, tr("Facts has {count} numbered lines: it takes 3 to 6.", count=count))
    return found_parts
