"""Whether what a lesson names is there: ids, views, cards, terms, quotes, facts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from adder_engine.experiment import KEYS
from adder_tui.course import markup
from adder_tui.course.expressions import Expression
from adder_tui.course.lesson import LETTERS, Lesson
from adder_tui.course.source import Source
from adder_tui.course.vocabulary import BENCHES, Action

SETTINGS = frozenset(key.name for key in KEYS)
_NUMBER_NAME = re.compile(r"[a-z]+\d?\.(bias(\[\d+\])?|weight\[\d+, ?\d+\])")
NAMED: Mapping[str, str] = {
    "answered": "field", "answer": "field", "predicted": "predict", "predict": "predict", "opened": "view",
    "open": "view", "station": "station", "bench": "bench", "did": "bench",
    **dict.fromkeys(("value", "gradient", "grad", "nudged", "nudge_loss", "gradcheck", "estimate", "edit", "nudge"),
                    "number"),
}  # fmt: skip
"""What the first name behind a word of the checks, or behind an action's verb, names."""


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
            source.complain(at, f"predict.before = {prediction.before}: there are {len(lesson.tasks)} tasks.")
    for id in lesson.worked.fields if lesson.worked else ():
        if lesson.field_named(id) is None:
            source.complain(source.line("worked", 0, "lines"), f"worked.lines has a blank {{{id}}}, but no such field.")
    for place, quiz in (("quiz", 0), lesson.quiz), *((("question", i), one) for i, one in enumerate(lesson.questions)):
        if lesson.facts and quiz.fact > len(lesson.facts):
            told = f"{place[0]}.fact = {quiz.fact}: there are {len(lesson.facts)} facts."
            source.complain(source.line(*place, "fact"), told)
        for key, says in quiz.problems():
            source.complain(source.line(*place, key), f"{place[0]}.{key} {says}")
    quoted = {name for name, _ in markup.quotes_in(lesson.screen_text)}
    for index, quote in enumerate(lesson.quotes):
        if quote.name not in quoted:
            source.complain(source.line("quote", index, "name"), f"{{{{{quote.name}}}}} stands nowhere in the text.")
    _check_marks(lesson, source, body_line, body)
    for number, width in markup.too_wide(body):
        source.complain(
            body_line + number - 1, f"This line is {width} characters wide: tables and code have {markup.WIDEST}."
        )


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
                source.complain(source.line(table, index, key), f"{table}.{key} = {name!r} is there already.")


def _check_marks(lesson: Lesson, source: Source, line: int, text: str) -> None:
    known = {term.casefold() for term in (*lesson.terms, *lesson.glossary)}
    for term, below in markup.terms_in(text):
        if term.casefold() not in known:
            source.complain(line + below - 1, f"[[{term}]] is not among the lesson's terms: add it there.")
    for name, below in markup.quotes_in(text):
        if lesson.quote_named(name) is None:
            source.complain(line + below - 1, f"{{{{{name}}}}} is no [[quote]] of the lesson.")


def _check_expression(lesson: Lesson, source: Source, line: int, expression: Expression) -> None:
    for word, arguments in expression.words:
        if word in NAMED:
            _check_name(lesson, source, line, NAMED[word], str(arguments[0]))
        elif word == "cfg" and arguments[0] not in SETTINGS:
            source.complain(
                line, f"cfg({arguments[0]!r}): there is no such key of the experiment, such as training.lr."
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
            source.complain(line, f"{action.text!r}: {name} is answered with a letter, a to {letters[-1]}.")
        if action.verb == "sort":
            cards = {card.id for card in lesson.board.cards} if lesson.board else set()
            bins = lesson.board.bins if lesson.board else ()
            if name not in cards or " ".join(rest) not in bins:
                source.complain(line, f"{action.text!r}: there is no such card or bin on the board.")


def _check_name(lesson: Lesson, source: Source, line: int, what: str, name: str) -> None:
    """See whether a name leads somewhere."""
    there = {"field": [one.id for one in lesson.fields], "predict": [one.id for one in lesson.predictions],
             "station": [one.id for one in lesson.stations], "view": lesson.views}  # fmt: skip
    if what == "number" and not _NUMBER_NAME.fullmatch(name):
        source.complain(line, f"{name!r} is no weight or bias: write, say, hidden.weight[2,0] or output.bias.")
    elif what == "bench" and name not in BENCHES:
        source.complain(line, f"There is no bench {name!r}: there are {', '.join(BENCHES)}.")
    elif what in there and name not in there[what]:
        names = ", ".join(there[what])
        found = f"there {'are ' + names if names else 'is none'}"
        source.complain(line, f"There is no {what} {name!r} in this lesson: {found}.")
