"""Reading a lesson's file: TOML between ``+++`` lines, then the text; and whether what it names is there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from adder_engine.experiment import KEYS
from adder_engine.language import tr
from adder_tui.course import markup
from adder_tui.course.expressions import Expression
from adder_tui.course.lesson import Lesson
from adder_tui.course.questions import LETTERS
from adder_tui.course.source import LessonError, Problem, Source, Table, read_text
from adder_tui.course.vocabulary import BENCHES, Action

FENCE = "+++"
SETTINGS = frozenset(key.name for key in KEYS)
_NUMBER_NAME = re.compile(r"[a-z]+\d?\.(bias(\[\d+\])?|weight\[\d+, ?\d+\])")
NAMED: Mapping[str, str] = {
    "answered": "field", "answer": "field", "predicted": "predict", "predict": "predict", "opened": "view",
    "open": "view", "station": "station", "bench": "bench", "did": "bench",
    **dict.fromkeys(("value", "gradient", "grad", "nudged", "nudge_loss", "gradcheck", "estimate", "edit", "nudge"),
                    "number"),
}  # fmt: skip
"""What the first name behind a word of the checks, or behind an action's verb, names."""


def read_lesson(path: Path) -> Lesson:
    """The lesson in a file.

    Raises:
        LessonError: it cannot be used; ``problems`` names each line and key, and what would do.
    """
    file = str(path)
    lines = read_text(path).split("\n")
    if lines[0].strip() != FENCE:
        sentence = tr("A lesson begins with a line {fence}, TOML, and a second such line.", fence=FENCE)
        raise LessonError([Problem(file, 1, sentence)])
    end = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == FENCE), 0)
    if not end:
        sentence = tr("The line {fence} that ends the TOML is missing.", fence=FENCE)
        raise LessonError([Problem(file, len(lines), sentence)])
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
        sentence = tr("The text's parts are {found}: it needs {parts}, in this order.", found=found, parts=needed)
        source.complain(body_line, sentence)
    for heading, text, line in parts:
        if not text.strip():
            part = heading or tr("The lead, before the first heading,")
            source.complain(body_line + line - 1, "{part} has no text.", part=part)
    found_parts = {heading: text for heading, text, _ in parts}
    if "Facts" in found_parts and not 3 <= (count := len(markup.numbered(found_parts["Facts"]))) <= 6:
        line = next(line for heading, _, line in parts if heading == "Facts")
        source.complain(body_line + line - 1, "Facts has {count} numbered lines: it takes 3 to 6.", count=count)
    return found_parts


def check_words(lesson: Lesson, source: Source, body: str, body_line: int) -> None:
    """Note every name in a lesson that leads nowhere."""
    _check_twice(lesson, source)
    for table, key, ones in (
        ("task", "check", lesson.tasks), ("challenge", "check", lesson.challenges), ("quote", "value", lesson.quotes),
        ("measured", "expression", lesson.measured),
    ):  # fmt: skip
        for index, one in enumerate(ones):
            _check_expression(lesson, source, source.line(table, index, key), getattr(one, key))
            _check_actions(lesson, source, source.line(table, index, "actions"), getattr(one, "actions", ()))
    for index, prediction in enumerate(lesson.predictions):
        at = source.line("predict", index, "shows")
        _check_marks(lesson, source, at, prediction.shows)
        if prediction.before > len(lesson.tasks):
            before, tasks = prediction.before, len(lesson.tasks)
            source.complain(at, "predict.before = {before}: there are {tasks} tasks.", before=before, tasks=tasks)
    if lesson.number:
        _check_name(lesson, source, source.line("", 0, "number"), "number", lesson.number)
    for id in lesson.worked.fields if lesson.worked else ():
        if lesson.field_named(id) is None:
            sentence = tr("worked.lines has a blank {{{id}}}, but no such field.", id=id)
            source.complain(source.line("worked", 0, "lines"), sentence)
    for place, quiz in (("quiz", 0), lesson.quiz), *((("question", i), one) for i, one in enumerate(lesson.questions)):
        if lesson.facts and quiz.fact > len(lesson.facts):
            sentence = tr("{table}.fact = {fact}: there are {facts} facts.",
                      table=place[0], fact=quiz.fact, facts=len(lesson.facts))  # fmt: skip
            source.complain(source.line(*place, "fact"), sentence)
        for key, says in quiz.problems():
            source.complain(source.line(*place, key), f"{place[0]}.{key} {says}")
    quoted = {name for name, _ in markup.quotes_in(lesson.screen_text)}
    for index, quote in enumerate(lesson.quotes):
        if quote.name not in quoted:
            sentence = tr("{{{{{name}}}}} stands nowhere in the text.", name=quote.name)
            source.complain(source.line("quote", index, "name"), sentence)
    _check_marks(lesson, source, body_line, body)
    for number, width in markup.too_wide(body):
        sentence = tr("This line is {width} characters wide: tables and code have {widest}.",
                  width=width, widest=markup.WIDEST)  # fmt: skip
        source.complain(body_line + number - 1, sentence)


def _check_twice(lesson: Lesson, source: Source) -> None:
    for table, key, names in (
        ("predict", "id", [one.id for one in lesson.predictions]),
        ("field", "id", [one.id for one in lesson.fields]),
        ("station", "id", [one.id for one in lesson.stations]),
        ("quote", "name", [one.name for one in lesson.quotes]),
        ("measured", "key", [one.key for one in lesson.measured]),
        ("challenge", "id", [one.id for one in lesson.challenges]),
    ):
        for name, count in Counter(names).items():
            if count > 1:
                index = len(names) - 1 - names[::-1].index(name)
                sentence = tr("{key} = {name!r} is there already.", key=f"{table}.{key}", name=name)
                source.complain(source.line(table, index, key), sentence)


def _check_marks(lesson: Lesson, source: Source, line: int, text: str) -> None:
    known = {term.casefold() for term in (*lesson.terms, *lesson.glossary)}
    for term, below in markup.terms_in(text):
        if term.casefold() not in known:
            source.complain(line + below - 1, "[[{term}]] is not among the lesson's terms: add it there.", term=term)
    quotes = {quote.name for quote in lesson.quotes}
    for name, below in markup.quotes_in(text):
        if name not in quotes:
            source.complain(line + below - 1, "{{{{{name}}}}} is no [[quote]] of the lesson.", name=name)


def _check_expression(lesson: Lesson, source: Source, line: int, expression: Expression) -> None:
    for word, arguments in expression.words:
        if word in NAMED:
            _check_name(lesson, source, line, NAMED[word], str(arguments[0]))
        elif word == "cfg" and arguments[0] not in SETTINGS:
            source.complain(
                line, "cfg({key!r}): there is no such key of the experiment, such as training.lr.", key=arguments[0]
            )
        elif word == "sorted" and lesson.board is None:
            source.complain(line, "sorted needs a [board] with cards.")


def _check_actions(lesson: Lesson, source: Source, line: int, actions: Iterable[Action]) -> None:
    for action in actions:
        name, *rest = action.words or ("",)
        if action.verb in NAMED:
            _check_name(lesson, source, line, NAMED[action.verb], name)
        prediction = lesson.prediction_named(name) if action.verb == "predict" else None
        letters = LETTERS[: len(prediction.choices)] if prediction is not None else ""
        if letters and " ".join(rest) not in tuple(letters):
            sentence = tr("{action!r}: {name} is answered with a letter, a to {last}.",
                      action=action.text, name=name, last=letters[-1])  # fmt: skip
            source.complain(line, sentence)
        if action.verb == "sort" and not (lesson.board and lesson.board.takes(action)):
            source.complain(line, "{action!r}: there is no such card or bin on the board.", action=action.text)


def _check_name(lesson: Lesson, source: Source, line: int, what: str, name: str) -> None:
    """See whether a name leads somewhere."""
    there = {"field": [one.id for one in lesson.fields], "predict": [one.id for one in lesson.predictions],
             "station": [one.id for one in lesson.stations], "view": lesson.views}  # fmt: skip
    if what == "number" and not _NUMBER_NAME.fullmatch(name):
        sentence = tr("{name!r} is no weight or bias: write, say, hidden.weight[2,0] or output.bias.", name=name)
        source.complain(line, sentence)
    elif what == "bench" and name not in BENCHES:
        source.complain(line, "There is no bench {name!r}: there are {benches}.", name=name, benches=", ".join(BENCHES))
    elif what in there and name not in there[what]:
        names = ", ".join(there[what])
        found = tr("there are {names}", names=names) if names else tr("there is none")
        source.complain(line, "There is no {what} {name!r} in this lesson: {found}.", what=what, name=name, found=found)
