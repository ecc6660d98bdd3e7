"""One learner in one lesson: its steps, what the page is drawn from, and what of it is kept with the progress."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from adder_engine.language import tr
from adder_engine.parsing import Sum
from adder_engine.snapshot import Answer
from adder_tui.course.activity_log import LoggedRun
from adder_tui.course.attempt import LessonAttempt
from adder_tui.course.lesson import Lesson, Task
from adder_tui.course.probe_views import PROBE_VIEWS, ProbeCall, Shown, call_for, calls_of
from adder_tui.course.questions import Quiz
from adder_tui.course.vocabulary import Action
from adder_tui.storage.progress import as_list, as_table

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import RunSummary, Snapshot
    from adder_tui.course.course import Course
    from adder_tui.storage.progress_store import Store


Kind = Literal["read", "predict", "do", "observe", "explain", "keep", "quiz", "more"]

STEP_NAMES: Mapping[str, str] = {
    "read": tr("read"), "predict": tr("predict"), "do": tr("do"), "observe": tr("observe"),
    "explain": tr("explain"), "keep": tr("keep"), "quiz": tr("quiz"), "more": tr("more"),
}  # fmt: skip
"""What they are called."""
PARTS: dict[Kind, str] = {"observe": "Observe", "explain": "Explain", "keep": "Facts", "more": "Go further"}
"""The headings that hold a step's text."""
VEILED = frozenset({"network", "trace", "graph", "slope", "downhill"})
"""Views that tell nothing while a blank of a worked example is to be computed by hand."""
PRACTICE = frozenset[Kind]({"do", "observe", "explain", "keep", "more"})
"""Steps in which the network may be worked with: before that one predicts."""


@dataclass(frozen=True)
class Review:
    """A chapter's review: questions of earlier lessons, one at a time."""

    lessons: tuple[Lesson, ...]
    """Whose questions they are."""
    quizzes: tuple[Quiz, ...]
    """The questions as they are put."""
    at: int = 0
    given: str = ""
    """The letter given last; empty while the question is open."""
    at_once: int = 0
    """Questions that were right at the first go."""

    @property
    def question(self) -> Lesson:
        """The lesson whose question is asked."""
        return self.lessons[self.at]

    @property
    def quiz(self) -> Quiz:
        """The question itself."""
        return self.quizzes[self.at]

    @property
    def right(self) -> bool:
        return self.given == self.quiz.answer


@dataclass(frozen=True)
class Step:
    """One step of a lesson."""

    kind: Kind
    prediction: str = ""
    """For predict: its id."""
    tasks: tuple[int, ...] = ()
    """For do: ids of the tasks that are done here."""

    def is_done(self, predicted: Container[str], done: set[int]) -> bool:
        """Whether nothing is left to be predicted, and no task to be done."""
        return (not self.prediction or self.prediction in predicted) and done.issuperset(self.tasks)


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


def furthest(steps: Sequence[Step], predicted: Container[str], done: set[int]) -> int:
    """The index of the first step that one cannot leave yet."""
    return next((i for i, step in enumerate(steps) if not step.is_done(predicted, done)), len(steps) - 1)


@dataclass
class LessonState:
    """A lesson that is open, at one of its steps: what its page and views are drawn from.

    Whoever changes something here has the page drawn anew.
    """

    attempt: LessonAttempt
    at: int = 0
    """Index of the step."""
    answered: str = ""
    """The letter given to the quiz; empty while it is open."""
    finished: bool = False
    """All of the lesson is done."""
    next_title: str = ""
    """The lesson after this one; empty after the last."""
    closing: str = ""
    """The course's closing word, where this is its last lesson."""
    review_due: bool = False
    """A chapter's review waits after this lesson."""
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
    """What stands in the field that is being filled in."""
    refusal: str = ""
    """What is wrong with what was typed or picked."""
    asking: bool = False
    """Whether "show me" is being asked about, yes or no."""
    showing: str = ""
    """The action that is being shown; empty while the learner has the wheel."""
    stage: str = ""
    """The view in which that is seen."""
    enter_taken: bool = False
    """Whether Enter does something else at the moment, because a view has the keys."""
    scrolls: bool = False
    """Whether the text does not fit into its place."""
    text_left: bool = False
    """Whether some of it lies below what is in sight."""
    review: Review | None = None
    """The chapter's review, while it is asked."""
    results: dict[ProbeCall, Shown] = field(default_factory=dict)
    """The benches' figures that were asked for; a sentence where there is none."""
    working: ProbeCall | None = None
    """The figure that is being computed."""
    rows: dict[str, int] = field(default_factory=dict)
    """View to the row under its cursor."""
    station: str = ""
    """The id of the station that is loaded; empty for the preset."""
    put: Quiz | None = None
    """The lesson's question as it is put; None for as it is written."""

    def __post_init__(self) -> None:
        self.lesson, self.activity = self.attempt.lesson, self.attempt.activity
        self.steps = steps_of(self.lesson)

    @property
    def quiz(self) -> Quiz:
        """The lesson's question."""
        return self.put or self.lesson.quiz

    @property
    def step(self) -> Step:
        return self.steps[self.at]

    @property
    def has_run(self) -> bool:
        return self.since is not None

    @property
    def asked(self) -> list[Answer]:
        """The sums that were asked, of whichever run."""
        return [one for run in self.activity.runs for one in run.asked]

    @property
    def task(self) -> Task | None:
        """The first task of this step that is not done."""
        done = self.attempt.done
        return next((t for t in self.lesson.tasks if t.id in self.step.tasks and t.id not in done), None)

    @property
    def next_action(self) -> Action | None:
        """What is to be done next of that task; None where each of its actions seems done."""
        return next((one for one in self.task.actions if not self._did(one)), None) if self.task is not None else None

    def _did(self, action: Action) -> bool:
        run = self.activity.run
        match action.verb, action.words:
            case "answer", (id, *_):
                return self.is_right(id)
            case "open", (view,):
                own = run if self.task is not None and self.task.when is not None else self.activity
                return own is not None and view in own.opened
        if run is None:
            return False
        match action.verb, action.words:
            case "ask", _:
                return action.sum is not None and bool(run.answers_to((action.sum.a, action.sum.b)))
            case "run", (epochs,):
                return run.epochs >= int(epochs)
            case (("set" | "change"), changes):
                return run.experiment == run.experiment.parsed(*changes)
            case "station", (id,):
                if id == self.station and self.task is not None and "set" in {one.verb for one in self.task.actions}:
                    return True  # its settings are to be changed from there
                station = self.lesson.station_named(id)
                return station is not None and station.is_set_in(run.experiment)
        return False

    @property
    def may_go_on(self) -> bool:
        """Whether the step is done."""
        if self.step.kind == "quiz":
            return self.answered == self.quiz.answer
        return self.step.is_done(self.activity.predictions, self.attempt.done)

    @property
    def reads_on(self) -> bool:
        """Whether Enter shows the rest of the text before it goes on."""
        if not self.text_left or self.step.kind in ("predict", "do"):
            return False
        return self.review.right if self.review is not None else self.may_go_on

    @property
    def blank(self) -> str:
        """The id of what is to be typed at this step, a field's or a prediction's; empty where nothing is."""
        if self.step.kind == "predict":
            asked = self.lesson.prediction_named(self.step.prediction)
            return "" if asked is None or asked.choices or self.may_go_on else asked.id
        blanks = self.task.blanks if self.task is not None else ()
        return next((id for id in blanks if not self.is_right(id)), "")

    def is_right(self, id: str) -> bool:
        one = self.lesson.field_named(id)
        return one is not None and one.right(self.activity.answers.get(id, ""))

    @property
    def types_now(self) -> bool:
        """Whether that is what comes next: nothing of the task has to be done before it."""
        following = self.next_action
        return bool(self.blank) and (following is None or following.verb == "answer")

    @property
    def by_hand(self) -> bool:
        """Whether a blank of a worked example is being filled in: till then the network does not tell its number."""
        worked = self.lesson.worked
        return worked is not None and self.blank in worked.fields

    def veiled(self, view: str) -> bool:
        """Whether a view tells nothing till then."""
        return view in VEILED and self.step.kind == "do" and self.by_hand

    @property
    def choices(self) -> tuple[str, ...]:
        """What there is to pick from now."""
        if self.review is not None:
            return self.review.quiz.choices
        if self.step.kind == "quiz":
            return self.quiz.choices
        asked = self.lesson.prediction_named(self.step.prediction)
        return asked.choices if asked is not None and not self.may_go_on else ()

    @property
    def hints_open(self) -> int:
        """How many hints of the current task are open."""
        return self.hints.get(self.task.id, 0) if self.task is not None else 0

    def calls(self, view: str) -> tuple[ProbeCall, ...]:
        """A view's figures, those that the learner typed at the end."""
        probe_view = PROBE_VIEWS.get(view)
        if probe_view is None:
            return ()
        typed = (call for call in self.results if probe_view.typed and call.bench in probe_view.benches)
        return tuple(dict.fromkeys([*calls_of(view, self.lesson), *typed]))

    def chosen_call(self, view: str) -> ProbeCall | None:
        """The figure under a view's cursor; None where the view has none."""
        calls = self.calls(view)
        return calls[min(self.rows.get(view, 0), len(calls) - 1)] if calls else None

    def waits(self, call: ProbeCall) -> bool:
        """Whether a bench's figure is for a task that begins with a prediction which is still to be made."""
        of = [task.id for task in self.lesson.tasks if any(call_for(action) == call for action in task.actions)]
        open = [one.before for one in self.lesson.predictions if one.id not in self.activity.predictions]
        return bool(of) and any(before <= min(of) for before in open)

    def knows(self, call: ProbeCall) -> bool:
        """Whether a bench's figure was worked out."""
        return call in self.results or (call.bench == "gradcheck" and call.arguments[0] in self.activity.checks)

    def figure(self, name: str) -> str:
        """A figure of the learner's own run, as the text writes it."""
        return self.attempt.figures.get(name, "…")

    def arrive(self, at: int) -> None:
        """Come to a step: nothing is picked, typed or being asked yet."""
        self.at = at
        self.picked = self.typed = self.refusal = ""
        self.asking = False


StateSource = Callable[[], LessonState | None]
"""Gives the lesson that is open; None on the list."""


# --- kept with the progress, read leniently: old files open ---------------------------------------


def activity_of(state: LessonState) -> dict[str, Any]:
    """What is kept of a lesson that is open, as JSON holds it: all that neither its run nor its answers tell."""
    activity, run = state.activity, state.activity.run
    return {
        "opened": sorted(activity.opened),
        "looked": sorted(run.opened) if run is not None else [],
        "sorted": dict(activity.sorted),
        "nudges": [[name, amount, loss] for (name, amount), loss in activity.nudges.items()],
        "used": [[name, *arguments] for name, arguments in dict.fromkeys(activity.used)],
        "asked": [[one.sum.a, one.sum.b, one.predicted, one.wanted] for one in (run.asked if run is not None else ())],
        "hints": {str(task): count for task, count in state.hints.items()},
        "station": state.station,
    }


def restore_activity(state: LessonState, kept: Mapping[str, Any]) -> None:
    """Take up what was kept, all but what was asked: that is a run's."""
    activity = state.activity
    activity.opened |= {view for view in as_list(kept.get("opened")) if view in state.lesson.shown_views}
    activity.sorted |= {card: bin for card, bin in as_table(kept.get("sorted")).items() if isinstance(bin, str)}
    for row in as_list(kept.get("nudges")):
        match row:
            case [str(name), int() | float() as amount, int() | float() as loss]:
                activity.nudges[name, float(amount)] = float(loss)
    for row in as_list(kept.get("used")):
        match row:
            case [str(name), *arguments] if all(isinstance(one, str | int | float) for one in arguments):
                given = tuple(one if isinstance(one, str) else float(one) for one in arguments)
                activity.used.append(ProbeCall(name, given))
    for task in state.lesson.tasks:
        count = as_table(kept.get("hints")).get(str(task.id))
        if isinstance(count, int) and 0 < count <= len(task.hints):
            state.hints[task.id] = count


def restore_runs(state: LessonState, snapshot: Snapshot, earlier: list[RunSummary], kept: Mapping[str, Any]) -> None:
    """Take up the lesson's own runs: those that were left, and the one that goes on."""
    activity = state.activity
    for run in earlier:
        updates = run.epoch * -(-run.experiment.row_count // (run.experiment.training.batch_size or 1 << 60))
        logged = LoggedRun([(0, run.experiment)], newest=updates, losses=run.losses, exploded=bool(run.stopped))
        logged.current_loss, logged.test_loss = run.train_loss, run.test_loss
        activity.runs.append(logged)
    activity.saw(snapshot)
    assert activity.run is not None
    activity.run.opened |= {view for view in as_list(kept.get("looked")) if view in state.lesson.shown_views}
    for row in as_list(kept.get("asked")):
        match row:
            case [int() | float() as a, int() | float() as b, int() | float() as answer, wanted]:
                wanted = wanted if isinstance(wanted, int | float) else None
                activity.run.asked.append(Answer(Sum(a, b), answer, wanted))
    station = state.lesson.station_named(kept.get("station", ""))
    if station is not None and station.is_set_in(snapshot.experiment, but=state.lesson.controls):
        state.station = station.id


class LessonHost(Protocol):
    """What answers and benches need of the controller that they work for."""

    lesson_state: LessonState | None
    course: Course
    store: Store

    @property
    def open(self) -> LessonState: ...

    @property
    def changed(self) -> Callable[[], None]: ...

    async def ready(self) -> Session: ...

    async def look(self, shown: bool = False) -> None: ...

    def go(self, change: int) -> bool: ...
