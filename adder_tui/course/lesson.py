"""A lesson, whole and frozen: what its file's tables may hold, key by key, and what is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import Any, Literal, get_args

from adder_engine.errors import AdderError
from adder_engine.experiment import Experiment, key_named
from adder_engine.language import tr
from adder_engine.runs.labels import difference_words
from adder_engine.snapshot import STEP_SIZES
from adder_tui.course import markup
from adder_tui.course.expressions import NOTHING, Call, Expression, parse, parse_check
from adder_tui.course.questions import TIGHT, Field, Prediction, Quiz, read_field
from adder_tui.course.source import Table, declare, optional, schema, under
from adder_tui.course.vocabulary import VIEWS, Action, parse_action

FigureClass = Literal["E", "T", "B", "Q"]
Settings = Mapping[str, Any]
"""Keys of the experiment, dotted, with values as the experiment holds them."""
LONGEST_TITLE, LONGEST_STATION = 40, 50
LONGEST_CARD = 36
"""So that the bins' names stand beside it in 80 columns."""


def _place(table: Table, name: str) -> int:
    number = table.index + 1
    if table.whole(name, 1, 99) != number:
        table.refuse(name, "{number}: tasks are numbered 1, 2, 3 in order", number=number)
    return number


@schema
class Task:
    """One thing to do, and how it is known to be done."""

    id: int = declare(_place)
    do: str = declare(Table.text, 160)
    check: Expression = declare(Table.parsed, parse_check, NOTHING, tr("an expression, such as asked(30, 70)"))
    when: Settings | None = declare(Table.settings)
    hints: tuple[str, ...] = declare(Table.texts, 3, 3, tr("exactly three hints, each saying more than the one before"))
    actions: tuple[Action, ...] = declare(Table.all_parsed, parse_action, 1)
    """The solution, played after those of the tasks before."""

    @property
    def blanks(self) -> tuple[str, ...]:
        """Ids of the fields that are to be filled in for it."""
        return tuple(str(arguments[0]) for word, arguments in self.check.words if word == "answered")


def _stated(table: Table, name: str) -> float | str | None:
    given = table.raw(name)
    if table.made["figure_class"] == "Q":
        if given is not None:
            table.complain(name, "is not for class Q: the expression is a comparison that must come out true.")
        return None
    if given is not None and table.made["expression"].kind in ("words", "any") and not isinstance(given, int | float):
        return table.text(name, 300)
    value = table.number(name)
    if value is None:
        table.refuse(name, "the figure as the text states it")
    return value


def _within(table: Table, name: str) -> float:
    tol, rel = table.number(name), table.number("rel")
    figure_class, value = table.made["figure_class"], table.made["value"]
    if figure_class == "B" and (tol is None) == (rel is None):
        table.complain("tol", "or rel is needed for class B, one of them: how far off the figure may come out.")
    if figure_class in ("E", "Q") and (tol is not None or rel is not None):
        table.complain("tol" if tol is not None else "rel", "is for the classes T and B.")
    size = abs(value) if isinstance(value, float) else 0.0
    if tol is not None:
        return tol
    if rel is not None:
        return size * rel
    return size * TIGHT if figure_class == "T" else 1e-9 * max(1.0, size)


@schema
class Measured:
    """A figure that the text states, and how it is measured again."""

    key: str = declare(Table.text, 120)
    figure_class: FigureClass = under("class", Table.one_of, get_args(FigureClass))
    expression: Expression = declare(Table.parsed, parse, NOTHING, tr("an expression, such as ask(30, 70)"))
    value: float | str | None = declare(_stated)
    within: float = under("tol", _within)
    """How far off it may come out, in its own unit."""
    preset: Settings
    actions: tuple[Action, ...] = declare(Table.all_parsed, parse_action)
    slow: bool = declare(Table.truth)

    def holds(self, value: float | bool | str | None) -> bool:
        """Whether this is what the text may state."""
        if self.figure_class == "Q":
            return value is True
        if isinstance(self.value, str) or isinstance(value, str):
            return value == self.value
        return value is not None and self.value is not None and abs(value - self.value) <= self.within


def _all_measured(table: Table, name: str) -> tuple[Measured, ...]:
    found = []
    for one in table.tables(name):
        preset = one.settings("preset") or {}
        one.changed("preset", table.made["experiment"], preset)
        found.append(one.make(Measured, preset=preset))
    return tuple(found)


@schema
class Cited:
    """Figures that the text states and the program cannot measure, and where they come from."""

    source: str = declare(Table.text, 200)
    values: tuple[float, ...] = declare(Table.numbers, tr("the figures as the text states them, such as [69.22, 9.81]"))


def _fields(table: Table, name: str) -> tuple[Field, ...]:
    known = {one.key: one.value for one in table.made["measured"] if isinstance(one.value, float)}
    return tuple(read_field(one, known) for one in table.tables(name))


def _bins(table: Table, name: str) -> tuple[str, ...]:
    return table.texts(name) if isinstance(table.raw(name), list) else (table.text(name),)


@schema
class Card:
    """A card of the sorting board."""

    id: str = declare(Table.identifier)
    says: str = declare(Table.text, LONGEST_CARD)
    bins: tuple[str, ...] = under("bin", _bins)
    """Where it may lie."""


def _cards(table: Table, name: str) -> tuple[Card, ...]:
    bins, cards = table.made["bins"], []
    for one in table.tables(name, least=1):
        cards.append(one.make(Card))
        if not set(cards[-1].bins) <= set(bins):
            one.refuse("bin", "one of {bins}", bins=", ".join(bins))
    return tuple(cards)


@schema
class Board:
    """Cards to be sorted into bins."""

    bins: tuple[str, ...] = declare(Table.texts, 2, 4)
    cards: tuple[Card, ...] = declare(_cards)

    def takes(self, action: Action) -> bool:
        """Whether what is to be sorted is one of the cards, and where it is to lie one of the bins."""
        card, *bin = action.words
        return card in {one.id for one in self.cards} and " ".join(bin) in self.bins


def _lines(table: Table, name: str) -> tuple[tuple[str, ...], ...]:
    lines = []
    for line in table.texts(name, least=1):
        pieces = tuple(piece for part in line.split("{") for piece in part.split("}"))
        if line.count("{") != line.count("}") or len(pieces) % 2 == 0:
            table.complain(name, "has {line!r}, where a blank is not written {{id}}.", line=line)
            continue
        if (width := sum(map(len, pieces[::2])) + 10 * len(pieces[1::2])) > markup.WIDEST:
            sentence = tr("has {line!r}, {width} characters wide: there is room for {widest}.",
                      line=line, width=width, widest=markup.WIDEST)  # fmt: skip
            table.complain(name, sentence)
        lines.append(pieces)
    return tuple(lines)


@schema
class Worked:
    """A worked example that fades: lines of text, and blanks by the ids of fields."""

    title: str = declare(Table.text, 70)
    lines: tuple[tuple[str, ...], ...] = declare(_lines)
    """Each line as text, field id, text, field id, …, text: every second piece is a field's id."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The blanks' field ids, in order."""
        return tuple(piece for line in self.lines for piece in line[1::2])


def _format(table: Table, name: str) -> str:
    form = table.text(name, 10, "g")
    try:
        format(1 if form.endswith("d") else "" if form.endswith("s") else 1.0, form)
    except ValueError:
        table.refuse(name, 'how Python writes a number: ".4f", ".0f", ",.0f", ".4g", "d", or "s" for words')
        return "g"
    return form


@schema
class Quote:
    """A figure of the learner's own run for the text, and how it is written."""

    name: str = declare(Table.identifier)
    value: Expression = declare(Table.parsed, parse, NOTHING, tr("an expression, such as ask(30, 70)"))
    format: str = declare(_format)
    when: Settings | None = declare(Table.settings)
    task: int = declare(Table.whole, 0, 99, 0)
    """The task with which it is taken; 0 for the one that its words and its settings tell."""

    def written(self, value: float | bool | str | None) -> str:
        """The value as the text shows it, with a true minus sign; "…" where it is not known."""
        if value is None:
            return "…"
        whole = self.format.endswith("d") and not isinstance(value, str)
        try:
            text = format(int(value) if whole else value, self.format)
        except (ValueError, OverflowError):  # words where a number was expected, or no finite one
            text = str(value)
        return text.replace("-", "−") if not isinstance(value, str) else text


COMES_FROM = {"said": "asked", "ask": "asked", "nudge_loss": "nudged", "estimate": "gradcheck", "bench": "did"}
"""A word that gives a figure, and the one that tells of what it comes from."""


def _act(call: Call) -> Call:
    """What a word of an expression is about, so that a figure and a check can be told to be about the same."""
    return Call("run") if call.word.startswith("run.") else Call(COMES_FROM.get(call.word, call.word), call.arguments)


@schema
class Station:
    """A run that the lesson keeps ready beside the one it begins with."""

    id: str = declare(Table.identifier)
    title: str = declare(Table.text, LONGEST_STATION)
    """As the settings view lists it."""
    preset: Settings
    """How it differs from the lesson's own run."""
    experiment: Experiment
    """That run, whole."""

    def is_set_in(self, experiment: Experiment, but: Sequence[str] = ()) -> bool:
        """Whether a run has what this one is about; ``but``: keys that do not count."""
        return all(experiment[key] == value for key, value in self.preset.items() if key not in but)


def _stations(table: Table, name: str) -> tuple[Station, ...]:
    own, stations = table.made["experiment"], []
    for one in table.tables(name):
        preset = one.settings("preset") or {}
        changed = one.changed("preset", own, preset)
        if not one.raw("preset"):
            one.refuse("preset", "how this run differs from the lesson's own, such as { training.lr = 0.01 }")
        elif preset and changed == own:
            one.complain("preset", "changes nothing: the lesson's own run is there without a station.")
        stations.append(one.make(Station, preset=preset, experiment=changed))
    return tuple(stations)


@schema
class Challenge:
    """Something to try beside the tasks; the fewest of its score wins."""

    id: str = declare(Table.identifier)
    ask: str = declare(Table.text, 300)
    check: Expression = declare(Table.parsed, parse_check, NOTHING, tr("an expression, such as loss < 1"))
    when: Settings | None = declare(Table.settings)
    score: Expression | None = declare(optional(Table.parsed), parse, NOTHING, tr("an expression, such as run.updates"))
    par: float | None = declare(Table.number)
    actions: tuple[Action, ...] = declare(Table.all_parsed, parse_action, 1)


def _quiz(table: Table, name: str) -> Quiz:
    made = table.one_made(name, Quiz)
    if made is None:
        table.refuse(name, "a table under [quiz]")
    return made or Quiz("", (), "a", "", 1, (), {}, False)


def _views(table: Table, name: str) -> tuple[str, ...]:
    views = table.texts(name, least=1, takes=tr("a list of views: {views}", views=", ".join(VIEWS)))
    if not set(views) <= set(VIEWS):
        table.refuse(name, "views: {views}", views=", ".join(VIEWS))
    return views


def _controls(table: Table, name: str) -> tuple[str, ...]:
    controls = table.texts(name)
    for control in controls:
        try:
            key_named(control)
        except AdderError as error:
            table.complain(name, "does not work. {error}", error=error)
    return controls


@schema
class Lesson:
    """One lesson."""

    file: str
    parts: Mapping[str, str]
    """The text by its headings, the lead under the empty one."""
    experiment: Experiment = under("preset", Table.experiment)
    """The run that is loaded on entering."""
    id: str = declare(Table.identifier)
    order: int = declare(Table.whole, 1, 999)
    title: str = declare(Table.text, LONGEST_TITLE)
    goal: str = declare(Table.text, 200)
    chapter: str = declare(Table.identifier)
    minutes: int = declare(Table.whole, 1, 120)
    needs: tuple[str, ...] = declare(Table.texts)
    covers: tuple[str, ...] = declare(Table.texts)
    terms: tuple[str, ...] = declare(Table.texts)
    views: tuple[str, ...] = declare(_views)
    controls: tuple[str, ...] = declare(_controls)
    number: str = declare(Table.text, 60, "")
    """The weight or bias that is chosen on entering; empty for none."""
    pictured: bool = declare(Table.truth)
    """Whether its lead is read beside the picture of the network."""
    step_size: str = under("step", Table.one_of, STEP_SIZES, "")
    """How far a step goes at first; empty for as far as before."""
    run_title: str = under("run", Table.text, LONGEST_STATION, "")
    """What its own run is called beside its stations; empty where that has no name."""
    stations: tuple[Station, ...] = under("station", _stations)
    """Runs to choose from, in the order of the way through the lesson."""
    predictions: tuple[Prediction, ...] = under("predict", Table.all_made, Prediction, 1)
    tasks: tuple[Task, ...] = under("task", Table.all_made, Task, 1)
    measured: tuple[Measured, ...] = declare(_all_measured)
    cited: tuple[Cited, ...] = declare(Table.all_made, Cited)
    fields: tuple[Field, ...] = under("field", _fields)
    quotes: tuple[Quote, ...] = under("quote", Table.all_made, Quote)
    challenges: tuple[Challenge, ...] = under("challenge", Table.all_made, Challenge)
    quiz: Quiz = declare(_quiz)
    """What is asked at its end."""
    questions: tuple[Quiz, ...] = under("question", Table.all_made, Quiz)
    """Further ones, for reviews."""
    worked: Worked | None = declare(Table.one_made, Worked)
    board: Board | None = declare(Table.one_made, Board)
    glossary: Mapping[str, str] = declare(Table.definitions, 600)

    @cached_property
    def facts(self) -> tuple[str, ...]:
        """The numbered lines under ``## Facts``, marks included."""
        return markup.numbered(self.parts.get("Facts", ""))

    @property
    def all_questions(self) -> tuple[Quiz, ...]:
        return (self.quiz, *self.questions)

    @cached_property
    def solution(self) -> tuple[Action, ...]:
        """All that its tasks and challenges have one do."""
        done = (*(task.actions for task in self.tasks), *(one.actions for one in self.challenges))
        return tuple(chain.from_iterable(done))

    @property
    def shown_views(self) -> tuple[str, ...]:
        """Its views; where it has controls, the settings are one of them."""
        return self.views if not self.controls or "settings" in self.views else (*self.views, "settings")

    def field_named(self, id: str) -> Field | None:
        return next((one for one in self.fields if one.id == id), None)

    def prediction_named(self, id: str) -> Prediction | None:
        return next((one for one in self.predictions if one.id == id), None)

    def task_of(self, quote: Quote) -> Task:
        """The task with which a figure is taken: of those whose settings agree the one that asks for most of the same.

        Where none does it is the last one.
        """
        if 0 < quote.task <= len(self.tasks):
            return self.tasks[quote.task - 1]
        same = {one.value for one in self.measured if one.expression.words == quote.value.words}
        fields = {one.id for one in self.fields if isinstance(one.value, float) and one.value in same}

        def likeness(task: Task) -> tuple[int, int, int]:
            mine, theirs = quote.when or {}, task.when or {}
            if any(key in theirs and theirs[key] != value for key, value in mine.items()):
                return -1, 0, 0
            shared = len({_act(word) for word in quote.value.words} & {_act(word) for word in task.check.words})
            shared += sum(id in fields for id in task.blanks)
            return bool(shared), sum(key in theirs for key in mine) if shared else 0, shared

        return max(reversed(self.tasks), key=likeness)

    def station_named(self, id: str) -> Station | None:
        return next((one for one in self.stations if one.id == id), None)

    def title_of(self, experiment: Experiment) -> str:
        """What a run with these settings is called: after the station that is nearest, and what it has else."""
        runs = [(self.run_title, self.experiment), *((one.title, one.experiment) for one in self.stations)]
        title, nearest = min(runs, key=lambda run: len(run[1].differences(experiment)))
        return ", ".join([title, *difference_words(nearest, experiment)])

    @property
    def screen_text(self) -> str:
        """All text that can hold terms and quotes."""
        return "\n\n".join([*self.parts.values(), *(one.shows for one in self.predictions)])
