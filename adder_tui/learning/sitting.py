"""One learner in one lesson: the step, what was done, and what stands on the page meanwhile. Made anew on entering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adder_tui.learning.doing import next_action
from adder_tui.learning.steps import Step
from adder_tui.render.page import Page, Review
from adder_tui.render.workbench import Shown

if TYPE_CHECKING:
    from adder_tui.learning.sheets import Call
    from adder_tui.lessons.actions import Action
    from adder_tui.lessons.attempt import Attempt
    from adder_tui.lessons.lesson import Lesson, Task


@dataclass
class Sitting:
    """Whoever changes something here has the page drawn anew."""

    attempt: Attempt
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
    told: dict[str, str] = field(default_factory=dict)
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
    results: dict[Call, Shown] = field(default_factory=dict)
    """The benches' figures that were asked for."""
    working: Call | None = None
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
        """Whether the lesson's run is loaded."""
        return self.since is not None

    @property
    def has_asked(self) -> bool:
        """Whether a sum was asked in this lesson."""
        return any(run.asked for run in self.attempt.deeds.runs)

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
                return self.step.prediction in self.attempt.deeds.predictions
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
        return one is not None and one.right(self.attempt.deeds.answers.get(id, ""))

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

    def page(self, finished: bool, next_title: str, review_due: bool) -> Page:
        """What there is to draw.

        Args:
            finished: all of the lesson is done.
            next_title: of the lesson after this one; empty after the last.
            review_due: a chapter's review waits after this lesson.
        """
        deeds = self.attempt.deeds
        predictions: Mapping[str, str] = deeds.predictions
        return Page(
            lesson=self.lesson, step=self.step, number=self.at + 1, count=len(self.steps),
            predictions=predictions, done=frozenset(self.attempt.done), answers=deeds.answers, told=self.told,
            hints=self.hints.get(self.task.id, 0) if self.task is not None else 0, asking=self.asking,
            showing=self.showing, stage=self.stage, picked=self.picked, typed=self.typed, blank=self.blank,
            refusal=self.refusal, figures=self.figures, best=self.attempt.best, answered=self.answered,
            finished=finished, next_title=next_title, review_due=review_due, review=self.review,
        )  # fmt: skip
