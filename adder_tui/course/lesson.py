"""A lesson, whole and frozen, as it was read from its file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from adder_engine.experiment import Experiment
from adder_tui.course.expressions import Expression
from adder_tui.course.vocabulary import Action

PredictKind = Literal["number", "choice", "text"]
FigureClass = Literal["E", "T", "B", "Q"]
Settings = Mapping[str, Any]
"""Keys of the experiment, dotted, with values as the experiment holds them."""

LETTERS = "abcdefgh"
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
TIGHT = 1e-3
"""Relative tolerance of class T, and of a field that states none."""


@dataclass(frozen=True)
class Prediction:
    """A question whose answer is locked in and never marked."""

    id: str
    kind: PredictKind
    ask: str
    choices: tuple[str, ...]
    shows: str
    """What stands beside it afterwards, with ``{{name}}`` for figures of the learner's run."""
    before: int
    """The task before which it is asked."""

    def said(self, value: str) -> str:
        """The prediction in words: a choice's text for its letter."""
        if self.choices and value in LETTERS[: len(self.choices)]:
            return self.choices[LETTERS.index(value)]
        return value


@dataclass(frozen=True)
class Task:
    """One thing to do, and how it is known to be done."""

    id: int
    do: str
    check: Expression
    when: Settings | None
    hints: tuple[str, ...]
    actions: tuple[Action, ...]
    """The solution, played after those of the tasks before."""


@dataclass(frozen=True)
class Slip:
    """A mistake that can be told from the number that comes out."""

    value: float
    says: str


@dataclass(frozen=True)
class Field:
    """A number or a choice that the learner types."""

    id: str
    ask: str
    value: float | None
    """What is right; None for a choice."""
    within: float
    """How far off is still right, in the number's own unit."""
    slips: tuple[Slip, ...] = ()
    choices: tuple[str, ...] = ()
    answer: str = ""
    """The right choice's letter; empty where any will do."""

    def right(self, given: str) -> bool:
        """Whether what was typed is right."""
        if self.choices:
            return given in LETTERS[: len(self.choices)] and (not self.answer or given == self.answer)
        number = read_number(given)
        return number is not None and self.value is not None and abs(number - self.value) <= self.within

    def slip(self, given: str) -> str:
        """What seems to have gone wrong, in a sentence; empty where that cannot be told."""
        number = read_number(given)
        if number is None or self.value is None or self.right(given):
            return ""
        near = [slip for slip in self.slips if abs(number - slip.value) <= self.within]
        return min(near, key=lambda slip: abs(number - slip.value)).says if near else ""


@dataclass(frozen=True)
class Card:
    """A card of the sorting board."""

    id: str
    says: str
    bins: tuple[str, ...]
    """Where it may lie."""


@dataclass(frozen=True)
class Board:
    """Cards to be sorted into bins."""

    bins: tuple[str, ...]
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Worked:
    """A worked example that fades: lines of text, and blanks by the ids of fields."""

    title: str
    lines: tuple[tuple[str, ...], ...]
    """Each line as text, field id, text, field id, …, text: every second piece is a field's id."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The blanks' field ids, in order."""
        return tuple(piece for line in self.lines for piece in line[1::2])


@dataclass(frozen=True)
class Quote:
    """A figure of the learner's own run for the text."""

    name: str
    value: Expression
    format: str
    when: Settings | None

    def written(self, value: float | bool | str | None) -> str:
        """The value as the text shows it, with a true minus sign; "…" where it is not known."""
        if value is None:
            return "…"
        try:
            text = format(
                int(value) if self.format.endswith("d") and not isinstance(value, str) else value, self.format
            )
        except (ValueError, OverflowError):  # words where a number was expected, or no finite one
            text = str(value)
        return text.replace("-", "−") if not isinstance(value, str) else text


@dataclass(frozen=True)
class Measured:
    """A figure that the text states, and how it is measured again."""

    key: str
    value: float | str | None
    figure_class: FigureClass
    within: float
    """How far off it may come out, in its own unit."""
    preset: Settings
    actions: tuple[Action, ...]
    expression: Expression
    slow: bool

    def holds(self, value: float | bool | str | None) -> bool:
        """Whether this is what the text may state."""
        if self.figure_class == "Q":
            return value is True
        if isinstance(self.value, str) or isinstance(value, str):
            return value == self.value
        return value is not None and self.value is not None and abs(value - self.value) <= self.within


@dataclass(frozen=True)
class Station:
    """A run that the lesson keeps ready beside the one it begins with."""

    id: str
    title: str
    """As the settings view lists it."""
    preset: Settings
    """How it differs from the lesson's own run."""
    experiment: Experiment
    """That run, whole."""


@dataclass(frozen=True)
class Challenge:
    """Something to try beside the tasks; the fewest of its score wins."""

    id: str
    ask: str
    check: Expression
    when: Settings | None
    score: Expression | None
    par: float | None
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Quiz:
    """One question without the network."""

    ask: str
    choices: tuple[str, ...]
    answer: str
    """The right choice's letter."""
    why: str
    fact: int
    """The number of the fact that answers it."""


@dataclass(frozen=True)
class Lesson:
    """One lesson."""

    file: str
    id: str
    order: int
    title: str
    goal: str
    chapter: str
    minutes: int
    needs: tuple[str, ...]
    covers: tuple[str, ...]
    terms: tuple[str, ...]
    views: tuple[str, ...]
    controls: tuple[str, ...]
    experiment: Experiment
    """The run that is loaded on entering."""
    stations: tuple[Station, ...]
    """Runs to choose from, in the order of the way through the lesson."""
    predictions: tuple[Prediction, ...]
    tasks: tuple[Task, ...]
    fields: tuple[Field, ...]
    quotes: tuple[Quote, ...]
    measured: tuple[Measured, ...]
    challenges: tuple[Challenge, ...]
    quiz: Quiz
    worked: Worked | None
    board: Board | None
    glossary: Mapping[str, str]
    parts: Mapping[str, str] = field(repr=False)
    """The text by its headings, the lead under the empty one."""

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """The numbered lines under ``## Facts``, marks included."""
        return numbered(self.parts.get("Facts", ""))

    @cached_property
    def solution(self) -> tuple[Action, ...]:
        """All that its tasks and challenges have one do."""
        return tuple(
            action
            for actions in (*(task.actions for task in self.tasks), *(one.actions for one in self.challenges))
            for action in actions
        )

    @property
    def shown_views(self) -> tuple[str, ...]:
        """Its views; where it has controls, the settings are one of them."""
        return self.views if not self.controls or "settings" in self.views else (*self.views, "settings")

    def field_named(self, id: str) -> Field | None:
        return next((one for one in self.fields if one.id == id), None)

    def prediction_named(self, id: str) -> Prediction | None:
        return next((one for one in self.predictions if one.id == id), None)

    def station_named(self, id: str) -> Station | None:
        return next((one for one in self.stations if one.id == id), None)

    def quote_named(self, name: str) -> Quote | None:
        return next((one for one in self.quotes if one.name == name), None)

    @property
    def screen_text(self) -> str:
        """All text that can hold terms and quotes."""
        return "\n\n".join([*self.parts.values(), *(one.shows for one in self.predictions)])


def numbered(text: str) -> tuple[str, ...]:
    """The items of a numbered list, each on one line."""
    items: list[str] = []
    for line in text.split("\n"):
        head, point, rest = line.partition(". ")
        if point and head.isdigit():
            items.append(rest.strip())
        elif items and line.strip():
            items[-1] += " " + line.strip()
    return tuple(items)


def read_number(text: str) -> float | None:
    """A number as people type it, with either minus sign; None for anything else."""
    bare = text.strip().replace("−", "-").replace("–", "-")
    thousands = "." in bare or _THOUSANDS.fullmatch(bare)
    bare = bare.replace(",", "" if thousands else ".")  # 10,000 is ten thousand; 39,98 has a decimal comma
    if not bare or len(bare) > 40 or not set(bare) <= set("0123456789+-.eE"):
        return None
    try:
        number = float(bare)
    except ValueError:
        return None
    return number if abs(number) < 1e300 else None
