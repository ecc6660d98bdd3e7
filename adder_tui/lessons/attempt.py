"""One learner's way through one lesson: deeds come in, tasks are found done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_tui.lessons.checks import Expression
from adder_tui.lessons.deeds import Deeds
from adder_tui.lessons.facts import Figures, fetch, told
from adder_tui.lessons.lesson import Challenge, Lesson, Quote, Settings, Task
from adder_tui.lessons.progress import LessonRecord
from adder_tui.lessons.tokens import Value

if TYPE_CHECKING:
    from adder_engine.session import Session


class Attempt:
    """A lesson and what was done in it. Tasks latch: once done they stay done.

    Args:
        lesson: the lesson.
        record: what was kept of it, to go on from.
    """

    def __init__(self, lesson: Lesson, record: LessonRecord | None = None) -> None:
        self.lesson = lesson
        record = record or LessonRecord()
        self.deeds = Deeds(predictions=dict(record.prediction), answers=dict(record.answers))
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
        value = told(self.lesson, self.deeds, expression, when)
        run = self.deeds.run
        if value is not None or not expression.needs or self.deeds.snapshot is None or run is None:
            return value
        if when is not None and not run.matches(when):
            return value  # an earlier run is meant: the engine knows the one at hand
        if self.deeds.snapshot.status == "playing" and any(need.word != "ask" for need in expression.needs):
            return None  # what takes long is not computed several times a second
        figures: Figures = await fetch(session, expression.needs)
        return told(self.lesson, self.deeds, expression, when, figures)

    @property
    def all_done(self) -> bool:
        """Every task is done and every prediction locked in."""
        return len(self.done) == len(self.lesson.tasks) and all(
            one.id in self.deeds.predictions for one in self.lesson.predictions
        )


def completed(lesson: Lesson, record: LessonRecord) -> bool:
    """Whether a lesson is done by what is kept of it: predictions locked in, tasks done, the quiz right."""
    return (
        all(one.id in record.prediction for one in lesson.predictions)
        and all(task.id in record.tasks for task in lesson.tasks)
        and record.quiz.right
    )
