"""A learner in the course: which lesson has the network, what is done there, the settings and the help it gives."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from adder_engine.errors import AdderError
from adder_engine.experiment import KEYS, key_named
from adder_tui.course.action_runner import Benches, LessonPlayer, standing
from adder_tui.course.answers import Answers
from adder_tui.course.lesson import Lesson
from adder_tui.course.probe_views import LASTING, view_for
from adder_tui.course.state import HANDS_ON, Attempt, Page, Sitting, completed, furthest, steps_of
from adder_tui.storage import progress
from adder_tui.storage.autosave import OwnRun

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Answer, Snapshot
    from adder_tui.controller import Player
    from adder_tui.course.course import Course
    from adder_tui.course.lesson import Task
    from adder_tui.course.vocabulary import Action
    from adder_tui.storage.progress_file import Store


SHOWN_SECONDS = 0.8
"""How long each action of "show me" stands before the next."""
HINTS = 3


def is_the_lessons(lesson: Lesson, snapshot: Snapshot) -> bool:
    """Whether a run can be one of the lesson's: nothing is set in it that the lesson does not have one set."""
    actions = lesson.solution
    if not any(action.verb == "edit" for action in actions) and (
        snapshot.frozen or snapshot.silenced or any(" = " in mark.text for mark in snapshot.marks)
    ):
        return False
    free = set(lesson.controls)
    free |= {word.partition("=")[0] for action in actions if action.verb in ("set", "change") for word in action.words}
    if any(action.verb == "seed" for action in actions):
        free.add("seed")
    if lesson.experiment.epochs:
        free.add("epochs")
    held = [key.name for key in KEYS if key.name not in free]
    runs = (lesson.experiment, *(station.experiment for station in lesson.stations))
    return any(all(snapshot.experiment[name] == run[name] for name in held) for run in runs)


def needs_its_network(sitting: Sitting) -> bool:
    """Whether there is something left to be done or to be quoted for which the lesson's own network is needed."""
    return not sitting.attempt.all_done or any(quote.name not in sitting.figures for quote in sitting.lesson.quotes)


async def bring_back(sitting: Sitting, session: Session) -> Snapshot:
    """The lesson's run that was at hand last, or where that is not to be had its preset anew."""
    now = await session.snapshot()
    if sitting.run != now.run and any(run.id == sitting.run for run in now.runs):
        return await session.switch(sitting.run)
    sitting.station = ""
    return await session.load(sitting.lesson.experiment)


class Controls:
    """Changes the run of the lesson at hand."""

    def __init__(self, room: Classroom) -> None:
        self._room = room

    @property
    def chosen(self) -> str:
        """The control under the settings' cursor; empty where there is none."""
        sitting = self._room.sitting
        keys = sitting.lesson.controls if sitting is not None else ()
        return keys[min(sitting.rows.get("settings", 0), len(keys) - 1)] if sitting is not None and keys else ""

    def choose_next(self) -> None:
        """Put the settings' cursor where the next task wants another value, if it wants one."""
        sitting = self._room.sitting
        following = sitting.next_action if sitting is not None else None
        if sitting is not None and following is not None and following.verb in ("set", "change"):
            keys = [word.partition("=")[0] for word in following.words]
            at = next((i for i, key in enumerate(sitting.lesson.controls) if key in keys), None)
            if at is not None:
                sitting.rows["settings"] = at

    async def set(self, key: str, text: str) -> None:
        """Give a control another value: a new run, or the run at hand where the lesson changes it on the way.

        Raises:
            ExperimentError: a value that will not do.
        """
        sitting = self._room.sitting
        if sitting is None:
            return
        session = await self._room.ready()
        experiment = session.experiment.parsed(f"{key}={text}")
        in_place = any(
            action.verb == "change" and any(word.startswith(f"{key}=") for word in action.words)
            for action in sitting.lesson.solution
        )
        self._room.show(await (session.change(**{key: experiment[key]}) if in_place else session.load(experiment)))

    async def turn(self, change: int) -> None:
        """Choose the next word of the chosen control, where it is one that has words.

        Raises:
            ExperimentError: a value that will not do.
        """
        sitting, key = self._room.sitting, self.chosen
        if sitting is None or not key:
            return
        value = (await self._room.ready()).experiment[key]
        words = ("false", "true") if isinstance(value, bool) else getattr(key_named(key), "choices", ()) or ()
        if not words:
            return
        value = str(value).lower() if isinstance(value, bool) else str(value)
        await self.set(key, words[(words.index(value) + change) % len(words) if value in words else 0])

    async def next_station(self) -> None:
        """Load the next of the lesson's stations; after the last one the lesson's own run again."""
        sitting = self._room.sitting
        if sitting is None or not sitting.lesson.stations:
            return
        ids = ["", *(one.id for one in sitting.lesson.stations)]
        sitting.station = ids[(ids.index(sitting.station) + 1) % len(ids)]
        chosen = sitting.lesson.station_named(sitting.station)
        session = await self._room.ready()
        with contextlib.suppress(AdderError):
            self._room.show(await session.load(sitting.lesson.experiment if chosen is None else chosen.experiment))


class Help:
    """Gives it for the current task of the lesson at hand."""

    def __init__(self, room: Classroom) -> None:
        self._room = room

    def hint(self) -> None:
        """One more hint for the current task; after the third one ask whether to show it."""
        sitting = self._room.sitting
        task = sitting.task if sitting is not None else None
        if sitting is None or task is None or sitting.showing:
            return
        shown = sitting.hints.get(task.id, 0)
        if shown >= HINTS:
            sitting.asking = True
        else:
            sitting.hints[task.id] = shown + 1
            self._room.store.change(lambda tree: progress.take_hint(tree, sitting.lesson.id))
        self._room.changed()

    def decline(self) -> None:
        """No, the learner does it."""
        if self._room.sitting is not None:
            self._room.sitting.asking = False
            self._room.changed()

    async def show_me(self) -> None:
        """Play the solution up to the current task on the live network, visibly; then the learner has the wheel."""
        sitting = self._room.sitting
        task = sitting.task if sitting is not None else None
        if sitting is None or task is None:
            return
        sitting.asking = False
        session = await self._room.ready()
        player = LessonPlayer(session, sitting.attempt, self._room.show)
        sitting.showing = "from the start"
        self._room.changed()
        try:
            await player.enter()
            await self._play(sitting, player, task)
        except AdderError as error:
            sitting.refusal = str(error)
        finally:
            sitting.showing = sitting.stage = ""
            self._room.changed()

    async def _play(self, sitting: Sitting, player: LessonPlayer, wanted: Task) -> None:
        for task in sitting.lesson.tasks:
            if task.id > wanted.id:
                return
            for action in task.actions:
                await self._show(sitting, player, action)
                if self._room.sitting is not sitting:
                    return
            await self._room.look(shown=task.id == wanted.id)

    async def _show(self, sitting: Sitting, player: LessonPlayer, action: Action) -> None:
        sitting.showing, sitting.stage = action.text, view_for(action, sitting.lesson.shown_views)
        self._room.changed()
        await asyncio.sleep(SHOWN_SECONDS)
        await player.do(action)
        await self._room.benches.shown(action)
        self._room.changed()


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
