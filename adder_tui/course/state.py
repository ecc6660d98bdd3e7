"""One learner in one lesson: its steps, what was done, which tasks are done, what the page is drawn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from adder_engine.parsing import parse_sum
from adder_tui.course.activity_log import ActivityLog
from adder_tui.course.expressions import Expression, Value
from adder_tui.course.lesson import Challenge, Lesson, Quote, Settings, Task
from adder_tui.course.probe_views import Shown
from adder_tui.course.resolver import Figures, fetch, figure_text
from adder_tui.course.vocabulary import Action
from adder_tui.storage.progress import LessonRecord

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_tui.course.course import Course
    from adder_tui.course.probe_views import ProbeCall
    from adder_tui.storage.progress import Store


Kind = Literal["read", "predict", "do", "observe", "explain", "keep", "quiz", "more"]

TITLES: dict[Kind, str] = {
    "read": "read", "predict": "predict", "do": "do", "observe": "observe", "explain": "explain", "keep": "keep",
    "quiz": "quiz", "more": "more",
}  # fmt: skip
PARTS: dict[Kind, str] = {"observe": "Observe", "explain": "Explain", "keep": "Facts", "more": "Go further"}
"""The headings that hold a step's text."""
PRACTICE = frozenset[Kind]({"do", "observe", "explain", "keep", "more"})
"""Steps in which the network may be worked with: before that one predicts."""


class LessonAttempt:
    """A lesson and what was done in it. Tasks latch: once done they stay done.

    Args:
        lesson: the lesson.
        record: what was kept of it, to go on from.
    """

    def __init__(self, lesson: Lesson, record: LessonRecord | None = None) -> None:
        self.lesson = lesson
        record = record or LessonRecord()
        self.activity = ActivityLog(predictions=dict(record.prediction), answers=dict(record.answers))
        self.done: set[int] = {task.id for task in lesson.tasks} & set(record.tasks)
        """Ids of tasks."""
        self.best: dict[str, float] = dict(record.best)
        """Challenges that were met, with the best score; 0 where there is no score."""

    async def look(self, session: Session) -> tuple[Task, ...]:
        """See which tasks have become done, asking the engine where a check hangs on it. Returns the new ones."""
        new = []
        for task in self.lesson.tasks:
            if task.id not in self.done and await self.value(session, task.check, task.when) is True:
                self.done.add(task.id)
                new.append(task)
        return tuple(new)

    async def look_at_challenges(self, session: Session) -> tuple[Challenge, ...]:
        """See which challenges are met now with a better score than before."""
        better = []
        for one in self.lesson.challenges:
            if await self.value(session, one.check, one.when) is not True:
                continue
            score = 0.0 if one.score is None else await self.value(session, one.score, one.when)
            if isinstance(score, float) and score < self.best.get(one.id, float("inf")):
                self.best[one.id] = score
                better.append(one)
        return tuple(better)

    async def quote(self, session: Session, name: str) -> str:
        """A figure of the learner's own for the text, as it is written there."""
        quote: Quote | None = self.lesson.quote_named(name)
        return "…" if quote is None else quote.written(await self.value(session, quote.value, quote.when))

    async def value(self, session: Session, expression: Expression, when: Settings | None = None) -> Value:
        """What an expression gives now. The engine is asked only where the answer hangs on it."""
        value = figure_text(self.lesson, self.activity, expression, when)
        run = self.activity.run
        if value is not None or not expression.needs or self.activity.snapshot is None or run is None:
            return value
        if when is not None and not run.matches(when):
            return value  # an earlier run is meant: the engine knows the one at hand
        if self.activity.snapshot.status == "playing" and any(need.word != "ask" for need in expression.needs):
            return None  # what takes long is not computed several times a second
        figures: Figures = await fetch(session, expression.needs)
        return figure_text(self.lesson, self.activity, expression, when, figures)

    @property
    def all_done(self) -> bool:
        """Every task is done and every prediction locked in."""
        return len(self.done) == len(self.lesson.tasks) and all(
            one.id in self.activity.predictions for one in self.lesson.predictions
        )


def completed(lesson: Lesson, record: LessonRecord) -> bool:
    """Whether a lesson is done by what is kept of it: predictions locked in, tasks done, the quiz right."""
    return (
        all(one.id in record.prediction for one in lesson.predictions)
        and all(task.id in record.tasks for task in lesson.tasks)
        and record.quiz.right
    )


def next_action(task: Task, attempt: LessonAttempt) -> Action | None:
    """The action that comes next; None where each of them seems done."""
    return next((action for action in task.actions if not _is_done(action, attempt)), None)


def _is_done(action: Action, attempt: LessonAttempt) -> bool:
    activity, lesson = attempt.activity, attempt.lesson
    run = activity.run
    match action.verb, action.words:
        case "answer", (id, *_):
            field = lesson.field_named(id)
            return field is not None and field.right(activity.answers.get(id, ""))
        case "open", (view,):
            return view in activity.opened
    if run is None:
        return False
    match action.verb, action.words:
        case "ask", _:
            wanted = parse_sum(action.argument)
            return any((one.a, one.b) == (wanted.a, wanted.b) for one in run.asked)
        case "run", (epochs,):
            return run.epochs >= int(epochs)
        case (("set" | "change"), changes):
            return run.experiment == run.experiment.parsed(*changes)
        case "station", (id,):
            station = lesson.station_named(id)
            return station is not None and all(run.experiment[key] == value for key, value in station.preset.items())
    return False


@dataclass(frozen=True)
class Review:
    """A chapter's review: questions of earlier lessons, one at a time."""

    lessons: tuple[Lesson, ...]
    """Whose questions they are."""
    at: int = 0
    given: str = ""
    """The letter given last; empty while the question is open."""
    at_once: int = 0
    """Questions that were right at the first go."""

    @property
    def question(self) -> Lesson:
        return self.lessons[self.at]

    @property
    def right(self) -> bool:
        return self.given == self.question.quiz.answer


@dataclass(frozen=True)
class PageState:
    """One step of a lesson, whole and frozen."""

    lesson: Lesson
    step: Step
    number: int
    """Of the step, from 1."""
    count: int
    """Steps in the lesson."""
    predictions: Mapping[str, str] = field(default_factory=dict)
    done: frozenset[int] = frozenset()
    """Ids of tasks."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Field's id to what was typed last."""
    replies: Mapping[str, str] = field(default_factory=dict)
    """Field's id to what is wrong with its answer."""
    hints: int = 0
    """Hints of the current task that are open."""
    asking: bool = False
    """Whether "show me" is being asked about, yes or no."""
    showing: str = ""
    """The action that is being shown; empty while the learner has the wheel."""
    stage: str = ""
    """The view in which that is seen."""
    enter_taken: bool = False
    """Whether Enter does something else at the moment, because a view has the keys."""
    picked: str = ""
    """The letter that is picked, not yet locked in."""
    typed: str = ""
    """What stands in the field that is being filled in."""
    blank: str = ""
    """The id of the field that the line takes now; for a prediction its id."""
    refusal: str = ""
    """What is wrong with what was typed or picked."""
    figures: Mapping[str, str] = field(default_factory=dict)
    best: Mapping[str, float] = field(default_factory=dict)
    """Challenges that were met, with the best score."""
    answered: str = ""
    """The letter given to the quiz; empty while it is open."""
    finished: bool = False
    """All of the lesson is done."""
    next_title: str = ""
    """The lesson after this one; empty after the last."""
    review_due: bool = False
    """A chapter review waits after this lesson."""
    review: Review | None = None
    """The review, while it is asked."""

    @property
    def task(self) -> Task | None:
        """The first task of this step that is not done."""
        return next((t for t in self.lesson.tasks if t.id in self.step.tasks and t.id not in self.done), None)

    def figure(self, name: str) -> str:
        """A figure of the learner's own run, as the text writes it."""
        return self.figures.get(name, "…")


@dataclass(frozen=True)
class Step:
    """One step of a lesson."""

    kind: Kind
    prediction: str = ""
    """For predict: its id."""
    tasks: tuple[int, ...] = ()
    """For do: ids of the tasks that are done here."""


def steps_of(lesson: Lesson) -> tuple[Step, ...]:
    """The lesson's steps; a prediction that is asked before a later task parts the doing in two."""
    steps = [Step("read")]
    tasks: list[int] = []
    for task in lesson.tasks:
        asked = [one for one in lesson.predictions if one.before == task.id]
        if asked and tasks:
            steps.append(Step("do", tasks=tuple(tasks)))
            tasks = []
        steps += [Step("predict", one.id) for one in asked]
        tasks.append(task.id)
    steps.append(Step("do", tasks=tuple(tasks)))
    steps.append(Step("observe"))
    steps += [Step(kind) for kind in ("explain", "keep") if lesson.parts.get(PARTS[kind])]
    steps.append(Step("quiz"))
    if lesson.parts.get(PARTS["more"]) or lesson.challenges:
        steps.append(Step("more"))
    return tuple(steps)


def furthest(steps: Sequence[Step], predicted: set[str], done: set[int]) -> int:
    """The index of the first step that one cannot leave yet."""
    for index, step in enumerate(steps):
        if step.kind == "predict" and step.prediction not in predicted:
            return index
        if step.kind == "do" and not set(step.tasks) <= done:
            return index
    return len(steps) - 1


@dataclass
class LessonState:
    """Whoever changes something here has the page drawn anew."""

    attempt: LessonAttempt
    steps: tuple[Step, ...]
    at: int
    """Index of the step."""
    figures: dict[str, str]
    """What the text quotes of the learner's own runs, as it is written there."""
    since: int | None = None
    """Version of the snapshot that the lesson began with; what comes later may be older. None till it is there."""
    run: int = 0
    """The id of the newest run that was the lesson's own."""
    hints: dict[int, int] = field(default_factory=dict)
    """A task's id to how many of its hints are open."""
    replies: dict[str, str] = field(default_factory=dict)
    """A field's id to what is wrong with its answer."""
    picked: str = ""
    """The letter that is picked, not yet locked in."""
    typed: str = ""
    """What stands in the field."""
    refusal: str = ""
    """What is wrong with what was typed."""
    answered: str = ""
    """The letter given to the quiz."""
    asking: bool = False
    """Whether "show me" is being asked about."""
    showing: str = ""
    """The action that is being shown; empty while the learner has the wheel."""
    stage: str = ""
    """The view in which the shown action is seen."""
    review: Review | None = None
    """The chapter's review, while it is asked."""
    results: dict[ProbeCall, Shown] = field(default_factory=dict)
    """The benches' figures that were asked for."""
    working: ProbeCall | None = None
    """The figure that is being computed."""
    rows: dict[str, int] = field(default_factory=dict)
    """View to the row under its cursor."""
    station: str = ""
    """The id of the station that is loaded; empty for the preset."""

    @property
    def lesson(self) -> Lesson:
        """The lesson that has the network."""
        return self.attempt.lesson

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self.steps[self.at]

    @property
    def has_run(self) -> bool:
        return self.since is not None

    @property
    def has_asked(self) -> bool:
        return any(run.asked for run in self.attempt.activity.runs)

    @property
    def task(self) -> Task | None:
        """The first task of this step that is not done."""
        done = self.attempt.done
        return next((t for t in self.lesson.tasks if t.id in self.step.tasks and t.id not in done), None)

    @property
    def next_action(self) -> Action | None:
        """What is to be done next of that task."""
        return next_action(self.task, self.attempt) if self.task is not None else None

    @property
    def may_go_on(self) -> bool:
        """Whether the step is done."""
        match self.step.kind:
            case "predict":
                return self.step.prediction in self.attempt.activity.predictions
            case "do":
                return set(self.step.tasks) <= self.attempt.done
            case "quiz":
                return self.answered == self.lesson.quiz.answer
        return True

    @property
    def blank(self) -> str:
        """The id of what is to be typed at this step, if anything is."""
        if self.step.kind == "predict":
            asked = self.lesson.prediction_named(self.step.prediction)
            return "" if asked is None or asked.choices or self.may_go_on else asked.id
        task = self.task if self.step.kind == "do" else None
        for word, arguments in task.check.words if task is not None else ():
            if word == "answered" and not self._right(str(arguments[0])):
                return str(arguments[0])
        return ""

    def _right(self, id: str) -> bool:
        one = self.lesson.field_named(id)
        return one is not None and one.right(self.attempt.activity.answers.get(id, ""))

    @property
    def types_now(self) -> bool:
        """Whether that is what comes next: nothing of the task has to be done before it."""
        following = self.next_action if self.step.kind == "do" else None
        return bool(self.blank) and (following is None or following.verb == "answer")

    @property
    def by_hand(self) -> bool:
        """Whether a blank of a worked example is being filled in: till then the network does not tell its number."""
        worked = self.lesson.worked
        return worked is not None and self.step.kind == "do" and bool(self.blank) and self.blank in worked.fields

    @property
    def choice_count(self) -> int:
        """How many choices there are to pick from now."""
        if self.review is not None:
            return len(self.review.question.quiz.choices)
        if self.step.kind == "quiz":
            return len(self.lesson.quiz.choices)
        asked = self.lesson.prediction_named(self.step.prediction)
        return len(asked.choices) if asked is not None and not self.may_go_on else 0

    def arrive(self) -> None:
        """A step was come to: nothing is picked, typed or being asked yet."""
        self.picked = self.typed = self.refusal = ""
        self.asking = False

    def page(self, finished: bool, next_title: str, review_due: bool) -> PageState:
        """What there is to draw.

        Args:
            finished: all of the lesson is done.
            next_title: of the lesson after this one; empty after the last.
            review_due: a chapter's review waits after this lesson.
        """
        activity = self.attempt.activity
        predictions: Mapping[str, str] = activity.predictions
        return PageState(
            lesson=self.lesson, step=self.step, number=self.at + 1, count=len(self.steps),
            predictions=predictions, done=frozenset(self.attempt.done), answers=activity.answers, replies=self.replies,
            hints=self.hints.get(self.task.id, 0) if self.task is not None else 0, asking=self.asking,
            showing=self.showing, stage=self.stage, picked=self.picked, typed=self.typed, blank=self.blank,
            refusal=self.refusal, figures=self.figures, best=self.attempt.best, answered=self.answered,
            finished=finished, next_title=next_title, review_due=review_due, review=self.review,
        )  # fmt: skip


class LessonHost(Protocol):
    """What answers and benches need of the controller that they work for."""

    lesson_state: LessonState | None
    course: Course
    store: Store

    @property
    def changed(self) -> Callable[[], None]: ...

    async def ready(self) -> Session: ...

    async def look(self, shown: bool = False) -> None: ...

    def go(self, change: int) -> bool: ...
