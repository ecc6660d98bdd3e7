"""The line under a lesson's text: the current task, or what the next key is."""

from __future__ import annotations

import re

from adder_tui.lessons.lesson import LETTERS
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lesson import marks
from adder_tui.render.lines import Line
from adder_tui.render.lines import Span as Piece
from adder_tui.render.page import Page, Review

PART_ENDS = re.compile(r"(\S[.:;]) ")
"""Where a sentence, or a part of one that could stand alone, ends."""


def now_line(page: Page, width: int, glyphs: Glyphs) -> Line:
    """The current task, or what the next key is."""
    line = Line.of(" ", _now(page, glyphs, width - 1))
    return line.fit(width, glyphs.ellipsis)


def _beginning(text: str, width: int) -> str:
    """As much of a text as fits, whole sentences or parts of one; all of it where not even that does."""
    ends = [found.end(1) for found in PART_ENDS.finditer(text)]
    fitting = [end for end in (*ends, len(text)) if end <= width]
    return text[: max(fitting)].rstrip(":;") if fitting else text


def _now(page: Page, glyphs: Glyphs, width: int) -> Line:
    kind, task = page.step.kind, page.task
    if page.review is not None:
        return _review_now(page.review)
    if page.showing:
        return Line.of(("show me: ", "accent"), glyphs.text(page.showing))
    if page.asking:
        return Line.of(
            "Shall the program do this task? ", ("y", "key"), (" yes  ", "dim"), ("n", "key"), (" no", "dim")
        )
    if page.refusal:
        return Line.of((glyphs.text(page.refusal), "minus"))
    if kind == "predict" and page.step.prediction not in page.predictions:
        asked = page.lesson.prediction_named(page.step.prediction)
        if asked is not None and asked.choices:
            last = LETTERS[len(asked.choices) - 1]
            locks: list[Piece] = [(", ", "dim"), ("Enter", "key"), (" locks it in", "dim")] if page.picked else []
            return Line.of(("a", "key"), (" to ", "dim"), (last, "key"), (" picks", "dim"), *locks)
        return Line.of(("Type it; ", "dim"), ("Enter", "key"), (" locks it in. It is never marked.", "dim"))
    if kind == "do" and task is not None:
        position = page.step.tasks.index(task.id) + 1
        count = len(page.step.tasks)
        front = Line.of((marks(glyphs)[0], "accent"), (f" task {position} of {count}  ", "dim"))
        return Line.of(front, _beginning(glyphs.text(task.do), width - front.width))
    if kind == "quiz" and page.answered != page.lesson.quiz.answer:
        last = LETTERS[len(page.lesson.quiz.choices) - 1]
        tells = " answers" if not page.answered else " has another go"
        return Line.of(("a", "key"), (" to ", "dim"), (last, "key"), (tells, "dim"))
    if page.enter_taken:
        return Line.of(
            ("Tab", "key"), (" leads back to the text; there ", "dim"), ("Enter", "key"), (" goes on", "dim")
        )
    if page.number == page.count:
        goes = (
            "to the chapter's review"
            if page.review_due
            else f"on to {page.next_title}"
            if page.next_title
            else "to the list"
        )
        return Line.of(("Enter", "key"), (" goes " + glyphs.text(goes), "dim"))
    done = "All done here. " if kind == "do" else ""
    return Line.of((done, "accent"), ("Enter", "key"), (" goes on", "dim"))


def _review_now(review: Review) -> Line:
    if review.right:
        return Line.of(("Enter", "key"), (" goes on", "dim"))
    last = LETTERS[len(review.question.quiz.choices) - 1]
    return Line.of(("a", "key"), (" to ", "dim"), (last, "key"), (" answers", "dim"))
