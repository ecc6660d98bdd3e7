"""A learner in the course: which lesson has the live network, and what the course sees of what is done there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from adder_tui.learning.answers import Answers
from adder_tui.learning.benches import Benches, standing
from adder_tui.learning.controls import Controls
from adder_tui.learning.help import Help
from adder_tui.learning.own_run import OwnRun
from adder_tui.learning.sheets import LASTING
from adder_tui.learning.sitting import Sitting
from adder_tui.learning.steps import HANDS_ON, furthest, steps_of
from adder_tui.learning.wandering import bring_back, is_the_lessons, needs_its_network
from adder_tui.lessons import progress
from adder_tui.lessons.attempt import Attempt, completed
from adder_tui.lessons.lesson import Lesson
from adder_tui.lessons.player import LessonPlayer
from adder_tui.render.page import Page

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Answer, Snapshot
    from adder_tui.lessons.course import Course
    from adder_tui.lessons.store import Store
    from adder_tui.player import Player


class Classroom:
    """One lesson at a time on the live network.

    Args:
        course: the lessons.
        store: where progress is kept.
        own_run: where the learner's own run is kept meanwhile.
        player: what reaches the session.
        show: takes each snapshot on the way.
        changed: called when something to be drawn has changed.
    """

    def __init__(
        self, course: Course, store: Store, own_run: OwnRun, player: Player, show: Callable[[Snapshot], None],
        changed: Callable[[], None],
    ) -> None:  # fmt: skip
        self.course, self.store, self._own_run, self._player = course, store, own_run, player
        self.show, self.changed = show, changed
        self.sitting: Sitting | None = None
        """The lesson that has the network; None on the list."""
        self.answers, self.help, self.benches, self.controls = Answers(self), Help(self), Benches(self), Controls(self)
        self._looking = asyncio.Lock()
        self._look_again = False
        self._changing = asyncio.Lock()

    # --- entering and leaving --------------------------------------------------------------------

    async def enter(self, lesson: Lesson) -> None:
        """Load a lesson's preset; the learner's own run is kept until :meth:`leave`."""
        async with self._changing:
            kept = self.store.change(lambda tree: progress.enter(tree, lesson.id)).lesson(lesson.id)
            attempt, steps = Attempt(lesson, kept), steps_of(lesson)
            at = min(kept.step, furthest(steps, set(kept.prediction), attempt.done), len(steps) - 1)
            answered = lesson.quiz.answer if completed(lesson, kept) else ""
            # The text can be read while the engine is still loading.
            self.sitting = sitting = Sitting(attempt, steps, at, dict(kept.figures), answered=answered)
            self.changed()
            session = await self._player.ready()
            await self._own_run.keep(session)
            await LessonPlayer(session, attempt, self.show).enter()
            assert attempt.deeds.snapshot is not None
            sitting.since = attempt.deeds.snapshot.version
            self.changed()

    async def leave(self) -> None:
        """Give the learner's own run back; the way to the list.

        Raises:
            RunFileError: the run cannot be read. It stays in its file, and the lesson is left all the same.
        """
        async with self._changing:
            self.sitting = None
            self.changed()
            snapshot = await self._own_run.give_back(await self._player.ready())
            if snapshot is not None:
                self.show(snapshot)

    async def settled(self) -> None:
        """Wait until the lesson that was entered has its run."""
        async with self._changing:
            pass

    async def ready(self) -> Session:
        """The session, once the lesson that was entered has its run there."""
        await self.settled()
        return await self._player.ready()

    @property
    def lesson(self) -> Lesson | None:
        """The lesson that has the network; None on the list."""
        return self.sitting.lesson if self.sitting is not None else None

    # --- what the app tells ----------------------------------------------------------------------

    def saw(self, snapshot: Snapshot) -> bool:
        """Take in a snapshot. Returns whether there is something to look at: :meth:`look` does that."""
        sitting = self.sitting
        if sitting is None or sitting.since is None or snapshot.version < sitting.since:
            return False
        deeds = sitting.attempt.deeds
        before = deeds.snapshot
        deeds.saw(snapshot)
        if before is not None and standing(before) != standing(snapshot):
            sitting.results = {call: known for call, known in sitting.results.items() if call.bench in LASTING}
        if not sitting.showing and _edited(before, snapshot):
            deeds.edit()
        if is_the_lessons(sitting.lesson, snapshot):
            sitting.run = snapshot.run
        return True

    def heard(self, answer: Answer) -> None:
        """A sum was asked and answered. One asked on another tab before it was predicted is none of the lesson's."""
        if self.sitting is not None and self.sitting.has_run and self.sitting.step.kind in HANDS_ON:
            self.sitting.attempt.deeds.ask(answer)

    def opened(self, view: str) -> bool:
        """A view was opened. Returns whether it was the first time."""
        if self.sitting is None or self.was_opened(view):
            return False
        self.sitting.attempt.deeds.open(view)
        return True

    def was_opened(self, view: str) -> bool:
        """Whether the learner has opened a view."""
        return self.sitting is not None and view in self.sitting.attempt.deeds.opened

    async def look(self, shown: bool = False) -> None:
        """See which tasks and challenges are done now, and keep it. Looks that are asked for meanwhile are one more."""
        if self._looking.locked():
            self._look_again = True
            return
        async with self._looking:
            while True:
                self._look_again = False
                if self.sitting is not None and self.sitting.has_run:
                    await self._look(self.sitting, shown)
                if not self._look_again:
                    return

    async def _look(self, sitting: Sitting, shown: bool) -> None:
        session = await self._player.ready()
        attempt, id = sitting.attempt, sitting.lesson.id
        shown = shown or bool(sitting.showing)
        for task in await attempt.look(session):
            self.store.change(lambda tree, task=task.id: progress.finish_task(tree, id, task, shown))  # type: ignore[misc]
            sitting.refusal = ""
            self.changed()
        for one in await attempt.look_at_challenges(session):
            best = attempt.best[one.id]
            self.store.change(lambda tree, one=one.id, best=best: progress.better(tree, id, one, best))  # type: ignore[misc]
            self.changed()
        if sitting.step.kind not in ("read", "predict", "do"):
            await self._quote(session, sitting)

    async def _quote(self, session: Session, sitting: Sitting) -> None:
        """Fetch the figures that the text quotes, and keep them once all tasks are done."""
        found = {}
        for quote in sitting.lesson.quotes:
            text = await sitting.attempt.quote(session, quote.name)
            if text != "…" and quote.name not in sitting.figures:
                found[quote.name] = text
        if found and self.sitting is sitting:
            sitting.figures |= found
            self.store.change(lambda tree: progress.keep_figures(tree, sitting.lesson.id, found))
            self.changed()

    async def call_back(self) -> bool:
        """Coming from another tab: bring the lesson's network back where another one has taken its place.

        Returns whether it had to be.
        """
        sitting = self.sitting
        if sitting is None or not sitting.has_run or sitting.showing or not needs_its_network(sitting):
            return False
        snapshot = sitting.attempt.deeds.snapshot
        if snapshot is None or is_the_lessons(sitting.lesson, snapshot):
            return False
        self.show(await bring_back(sitting, await self.ready()))
        return True

    # --- where one is ----------------------------------------------------------------------------

    @property
    def page(self) -> Page | None:
        """What there is to draw of the lesson; None on the list."""
        sitting = self.sitting
        if sitting is None:
            return None
        after = self.course.after(sitting.lesson.id)
        finished = self.store.progress.lesson(sitting.lesson.id).done
        return sitting.page(finished, after.title if after else "", self.review_due(sitting.lesson))

    def review_due(self, lesson: Lesson) -> bool:
        """Whether a chapter ends with this lesson."""
        after = self.course.after(lesson.id)
        return after is None or after.chapter != lesson.chapter

    def go(self, change: int) -> bool:
        """To the next or the previous step; False where there is none, or this one is not done."""
        sitting = self.sitting
        if sitting is None:
            return False
        at = sitting.at + change
        if not 0 <= at < len(sitting.steps) or (change > 0 and not sitting.may_go_on):
            return False
        sitting.at = at
        self.store.change(lambda tree: progress.stand(tree, sitting.lesson.id, at))
        sitting.arrive()
        self.changed()
        return True


def _edited(before: Snapshot | None, after: Snapshot) -> bool:
    """Whether a number was set by hand between two snapshots of one run."""
    return (
        before is not None
        and after.moment.edits > before.moment.edits
        and (after.moment.update, after.moment.rung) == (before.moment.update, before.moment.rung)
    )
