"""The glossary: terms to choose from, and the chosen one's text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, wrapped

if TYPE_CHECKING:
    from adder_tui.lessons.course import Course
    from adder_tui.lessons.glossary import Entry

TERM_WIDTH = 26


def entries(course: Course, words: str, first: Sequence[str]) -> tuple[Entry, ...]:
    """What the words find; for no words the lesson's own terms first."""
    found = course.glossary.search(words)
    if words.strip():
        return found
    own = [entry for term in first if (entry := course.glossary.find(term)) is not None]
    return tuple(dict.fromkeys([*own, *found]))


def term_lines(found: Sequence[Entry], at: int, own: int, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """The terms in sight; the first ``own`` ones are the lesson's and have a mark."""
    if not found:
        return [Line.of((" No term fits.", "dim")).fit(width)]
    top = max(0, min(at - height // 2, len(found) - height))
    lines = []
    for i, entry in enumerate(found[top : top + height], top):
        line = Line.of(f" {'*' if i < own else ' '} {glyphs.text(entry.term)}").fit(width, glyphs.ellipsis)
        lines.append(Line.of((line.plain, "chosen")) if i == at else line)
    return lines


def entry_lines(entry: Entry | None, course: Course, width: int, glyphs: Glyphs) -> list[Line]:
    """A term's text, its other names, and the lessons that explain it."""
    if entry is None:
        return []
    lines = [Line.of((glyphs.text(entry.term), "strong")), Line()]
    lines += [Line.of(row) for row in wrapped(glyphs.text(entry.text), width)]
    if entry.also:
        lines += [
            Line(),
            *(Line.of((row, "dim")) for row in wrapped(glyphs.text("also: " + ", ".join(entry.also)), width)),
        ]
    lessons = [course.by_id[id] for id in entry.lessons if id in course.by_id]
    if lessons:
        lines.append(Line())
        for i, lesson in enumerate(lessons):
            told = f"lesson {lesson.order}, {lesson.title}"
            lines.append(Line.of(("Enter opens " if not i else "            ", "dim"), (glyphs.text(told), "accent"))
                         .fit(width, glyphs.ellipsis))  # fmt: skip
    return lines
