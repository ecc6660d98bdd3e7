"""A lesson on paper: its text as plain lines, with blanks for the learner's own figures."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from adder_engine.language import tr
from adder_tui.course.lesson import Lesson
from adder_tui.course.markup import fill, plain
from adder_tui.course.questions import LETTERS
from adder_tui.learn.prose import prose_lines
from adder_tui.ui.symbols import UNICODE

WIDTH = 78
BLANK = "________"
STEP_WORDS: dict[str, str] = {
    "read": tr("read"), "predict": tr("predict"), "do": tr("do"), "observe": tr("observe"), "explain": tr("explain"),
    "keep": tr("keep"), "quiz": tr("quiz"), "more": tr("more"),
}  # fmt: skip
"""The kinds of steps, as a line names them."""


def printed(lesson: Lesson) -> Iterator[str]:
    """The lesson's text line by line, in the order of its steps; figures of the learner's own are blanks."""

    def part(heading: str, title: str) -> Iterator[str]:
        text = fill(lesson.parts.get(heading, ""), lambda name: BLANK)
        if text.strip():
            yield from ("", *([title, ""] if title else []))
            yield from _prose(text)

    yield f"{lesson.order}. {lesson.title}"
    yield from _prose(tr("{goal} About {minutes} minutes.", goal=lesson.goal, minutes=lesson.minutes))
    yield from part("", "")
    for one in lesson.predictions:
        yield from ("", tr("PREDICT"), "", *_prose(one.ask), *_choices(one.choices))
    yield from ("", tr("DO"), "")
    if lesson.worked is not None:
        yield from (lesson.worked.title, *("".join(_blanked(pieces)) for pieces in lesson.worked.lines), "")
    for task in lesson.tasks:
        yield from _prose(f"{task.id}. {task.do}")
    inline = lesson.worked.fields if lesson.worked is not None else ()
    for field in lesson.fields:
        if field.id not in inline:
            yield from ("", *_prose(f"{field.ask} {BLANK}"), *_choices(field.choices))
    yield from part("Observe", tr("OBSERVE"))
    for one in lesson.predictions:
        yield from ("", *_prose(fill(one.shows, lambda name: BLANK)))
    yield from part("Explain", tr("WHY IT IS SO"))
    yield from part("Facts", tr("TO KEEP"))
    yield from ("", tr("QUESTION"), "", *_prose(lesson.quiz.ask), *_choices(lesson.quiz.choices))
    for challenge in lesson.challenges:
        yield from ("", *_prose(tr("Challenge: {ask}", ask=challenge.ask)))
    yield from part("Go further", tr("FOR WHO WANTS MORE"))


def _prose(text: str, width: int = WIDTH) -> list[str]:
    return [line.plain.rstrip() for line in prose_lines(text, width, UNICODE)]


def _choices(choices: Sequence[str]) -> Iterator[str]:
    for letter, text in zip(LETTERS, choices, strict=False):
        yield from textwrap.wrap(plain(text), WIDTH, initial_indent=f"  {letter}  ", subsequent_indent=" " * 5)


def _blanked(pieces: tuple[str, ...]) -> Iterator[str]:
    for i, piece in enumerate(pieces):
        yield BLANK if i % 2 else piece
