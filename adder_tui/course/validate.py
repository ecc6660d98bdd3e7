"""Whether what a lesson names is there: ids, views, cards, terms, quotes, facts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from adder_engine.experiment import KEYS
from adder_tui.course import markup
from adder_tui.course.expressions import Expression
from adder_tui.course.lesson import LETTERS, Lesson
from adder_tui.course.source import Source
from adder_tui.course.vocabulary import BENCHES, Action

SETTINGS = frozenset(key.name for key in KEYS)
_OF_A_NUMBER = ("value", "gradient", "grad", "nudged", "nudge_loss", "gradcheck", "estimate")
"""Words whose first argument names a weight or a bias."""
_NUMBER_NAME = re.compile(r"[a-z]+\d?\.(bias(\[\d+\])?|weight\[\d+, ?\d+\])")


def check_words(lesson: Lesson, source: Source, body: str, body_line: int) -> None:
    """Note every name in a lesson that leads nowhere."""
    _check_twice(lesson, source)
    for index, task in enumerate(lesson.tasks):
        at = source.line("task", index, "check")
        _check_expression(lesson, source, at, task.check)
        _check_actions(lesson, source, source.line("task", index, "actions"), task.actions)
    for index, challenge in enumerate(lesson.challenges):
        _check_expression(lesson, source, source.line("challenge", index, "check"), challenge.check)
        _check_actions(lesson, source, source.line("challenge", index, "actions"), challenge.actions)
    for index, quote in enumerate(lesson.quotes):
        _check_expression(lesson, source, source.line("quote", index, "value"), quote.value)
    for index, one in enumerate(lesson.measured):
        _check_expression(lesson, source, source.line("measured", index, "expression"), one.expression)
        _check_actions(lesson, source, source.line("measured", index, "actions"), one.actions)
    for index, prediction in enumerate(lesson.predictions):
        at = source.line("predict", index, "shows")
        _check_marks(lesson, source, at, prediction.shows)
        if prediction.before > len(lesson.tasks):
            source.complain(at, f"predict.before = {prediction.before}: there are {len(lesson.tasks)} tasks.")
    for id in lesson.worked.fields if lesson.worked else ():
        if lesson.field_named(id) is None:
            source.complain(source.line("worked", 0, "lines"), f"worked.lines has a blank {{{id}}}, but no such field.")
    if lesson.facts and lesson.quiz.fact > len(lesson.facts):
        source.complain(
            source.line("quiz", 0, "fact"), f"quiz.fact = {lesson.quiz.fact}: there are {len(lesson.facts)} facts."
        )
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
        match word, arguments:
            case "answered", (str(id),) if lesson.field_named(id) is None:
                source.complain(line, _nothing("field", id, [one.id for one in lesson.fields]))
            case "predicted", (str(id),) if lesson.prediction_named(id) is None:
                source.complain(line, _nothing("predict", id, [one.id for one in lesson.predictions]))
            case "opened", (str(view),) if view not in lesson.views:
                source.complain(line, _nothing("view", view, lesson.views))
            case "cfg", (str(key),) if key not in SETTINGS:
                source.complain(line, f"cfg({key!r}): there is no such key of the experiment, such as training.lr.")
            case (("bench" | "did"), (str(bench), *_)) if bench not in BENCHES:
                source.complain(line, f"There is no bench {bench!r}: there are {', '.join(BENCHES)}.")
            case word, (str(name), *_) if word in _OF_A_NUMBER and not _NUMBER_NAME.fullmatch(name):
                source.complain(line, f"{name!r} is no weight or bias: write, say, hidden.weight[2,0] or output.bias.")
            case "sorted", () if lesson.board is None:
                source.complain(line, "sorted needs a [board] with cards.")


def _check_actions(lesson: Lesson, source: Source, line: int, actions: Iterable[Action]) -> None:
    for action in actions:
        name, *rest = action.words or ("",)
        field, prediction = lesson.field_named(name), lesson.prediction_named(name)
        match action.verb:
            case "answer" if field is None:
                source.complain(line, _nothing("field", name, [one.id for one in lesson.fields]))
            case "predict" if prediction is None:
                source.complain(line, _nothing("predict", name, [one.id for one in lesson.predictions]))
            case "predict" if prediction and prediction.choices:
                letters = LETTERS[: len(prediction.choices)]
                if " ".join(rest) not in letters:
                    source.complain(line, f"{action.text!r}: {name} is answered with a letter, a to {letters[-1]}.")
            case "bench" if name not in BENCHES:
                source.complain(line, f"There is no bench {name!r}: there are {', '.join(BENCHES)}.")
            case "edit" | "nudge" | "gradcheck" if not _NUMBER_NAME.fullmatch(name):
                source.complain(line, f"{name!r} is no weight or bias: write, say, hidden.weight[2,0] or output.bias.")
            case "open" if name not in lesson.views:
                source.complain(line, _nothing("view", name, lesson.views))
            case "station" if lesson.station_named(name) is None:
                source.complain(line, _nothing("station", name, [one.id for one in lesson.stations]))
            case "sort":
                cards = {card.id for card in lesson.board.cards} if lesson.board else set()
                bins = lesson.board.bins if lesson.board else ()
                if name not in cards or " ".join(rest) not in bins:
                    source.complain(line, f"{action.text!r}: there is no such card or bin on the board.")


def _nothing(what: str, name: str, there: Iterable[str]) -> str:
    names = ", ".join(there)
    return f"There is no {what} {name!r} in this lesson: there {'are ' + names if names else 'is none'}."
