"""What a lesson's page is drawn from: the lesson, the step, and what the learner did there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adder_tui.learning.steps import Step

if TYPE_CHECKING:
    from adder_tui.lessons.lesson import Lesson, Task


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
        """The lesson whose question is asked."""
        return self.lessons[self.at]

    @property
    def right(self) -> bool:
        return self.given == self.question.quiz.answer


@dataclass(frozen=True)
class Page:
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
    told: Mapping[str, str] = field(default_factory=dict)
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
