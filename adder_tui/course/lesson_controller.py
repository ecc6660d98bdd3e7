"""A learner in the course: which lesson has the network, what is done there, the settings and the help it gives."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from adder_engine.errors import AdderError
from adder_engine.experiment import KEYS, key_named, why_idle
from adder_engine.language import tr
from adder_engine.snapshot import RunSummary
from adder_tui.course.action_runner import FIRST_SUM, ActionRunner, Benches, standing
from adder_tui.course.answers import Answers
from adder_tui.course.attempt import LessonAttempt, completed
from adder_tui.course.lesson import Lesson
from adder_tui.course.probe_views import LASTING, keys_of, view_for
from adder_tui.course.state import PRACTICE, LessonState, activity_of, furthest, restore_activity, restore_runs
from adder_tui.storage import progress
from adder_tui.storage.run_files import LessonRuns, OwnRun

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Answer, Snapshot
    from adder_tui.course.course import Course
    from adder_tui.storage.progress_store import Store


SHOWN_SECONDS = 1.8
"""How long the keys of each action of "show me" stand before it is done: time to read them."""
MOST_SECONDS = 24.0
"""How long those of one task stand together at most, so that thirteen cards take no minute."""


class SessionSource(Protocol):
    """What reaches the session once it is there."""

    async def ready(self) -> Session: ...


def is_the_lessons(lesson: Lesson, snapshot: Snapshot | RunSummary) -> bool:
    """Whether a run can be one of the lesson's: nothing is set in it that the lesson does not have one set."""
    actions = lesson.solution
    held_by_hand = not isinstance(snapshot, RunSummary) and bool(snapshot.frozen or snapshot.muted)
    if not any(action.verb == "edit" for action in actions) and (
        held_by_hand or any(" = " in mark.text for mark in snapshot.marks)
    ):
        return False
    free = {*lesson.controls, *(key for action in actions for key in action.keys)}
    if any(action.verb == "seed" for action in actions):
        free.add("seed")
    if lesson.experiment.epochs:
        free.add("epochs")
    held = [key.name for key in KEYS if key.name not in free]
    runs = (lesson.experiment, *(station.experiment for station in lesson.stations))
    return any(all(snapshot.experiment[name] == run[name] for name in held) for run in runs)


def settings_in(text: str, key: str, controls: Sequence[str]) -> dict[str, str]:
    """What is typed into the settings' line, by the names of keys; a value without a name is the key's own."""
    names = {name: name for name in controls} | {name.rpartition(".")[2]: name for name in controls}
    found: dict[str, str] = {}
    for piece in re.split(r"[;,]\s+", text.strip()):
        name, _, value = re.sub(r"\s*=\s*|\s+", " ", piece.strip(), count=1).partition(" ")
        if value and name in names:
            found[names[name]] = value.strip()
        elif found:
            return {key: text}
        else:
            found[key] = piece
    return found


class Controls:
    """Changes the run of the lesson at hand."""

    def __init__(self, room: LessonController) -> None:
        self._room = room

    @property
    def chosen(self) -> str:
        """The control under the settings' cursor; empty where there is none."""
        state = self._room.lesson_state
        keys = state.lesson.controls if state is not None else ()
        return keys[min(state.rows.get("settings", 0), len(keys) - 1)] if state is not None and keys else ""

    def choose_next(self) -> None:
        """Put the settings' cursor where the next task wants another value, if it wants one."""
        state = self._room.open
        keys = state.next_action.keys if state.next_action is not None else ()
        wanted = (i for i, key in enumerate(state.lesson.controls) if key in keys)
        state.rows["settings"] = next(wanted, state.rows.get("settings", 0))

    async def set(self, key: str, text: str) -> str:
        """Give a control another value: a new run, or the run at hand where the lesson changes it on the way.

        Others may be named behind it, or in its place: ``2-1, lr 0.01`` or ``layers 2-1, lr 0.01``. Returns a sentence
        where the value has no effect.

        Raises:
            ExperimentError: a value that will not do.
        """
        state = self._room.lesson_state
        if state is None:
            return ""
        session = await self._room.ready()
        values = settings_in(text, key, state.lesson.controls)
        experiment = session.experiment.parsed(*(f"{name}={value}" for name, value in values.items()))
        changing = {name for action in state.lesson.solution if action.verb == "change" for name in action.keys}
        in_place = changing.issuperset(values)
        changes = {name: experiment[name] for name in values}
        self._room.show(await (session.change(**changes) if in_place else session.load(experiment)))
        idle = ((name, why) for name in values if (why := why_idle(name, experiment)))
        return next((tr("{key} has no effect now: {why}.", key=name, why=why) for name, why in idle), "")

    async def turn(self, change: int) -> None:
        """Choose the next word of the chosen control, where it is one that has words.

        Raises:
            ExperimentError: a value that will not do.
        """
        key = self.chosen
        if not key:
            return
        value = (await self._room.ready()).experiment[key]
        words = ("false", "true") if isinstance(value, bool) else getattr(key_named(key), "choices", ()) or ()
        if not words:
            return
        here = str(value).lower() if isinstance(value, bool) else str(value)
        await self.set(key, words[(words.index(here) + change) % len(words) if here in words else 0])

    async def action_station(self) -> None:
        """Load the next of the lesson's stations; after the last one the lesson's own run again."""
        state = self._room.open
        if not state.lesson.stations:
            return
        ids = ["", *(one.id for one in state.lesson.stations)]
        state.station = ids[(ids.index(state.station) + 1) % len(ids)]
        chosen = state.lesson.station_named(state.station)
        session = await self._room.ready()
        with contextlib.suppress(AdderError):
            self._room.show(await session.load(state.lesson.experiment if chosen is None else chosen.experiment))


class Help:
    """Gives it for the current task of the lesson at hand."""

    def __init__(self, room: LessonController) -> None:
        self._room = room

    def hint(self) -> None:
        """One more hint for the current task; after the third one ask whether to show it."""
        state, task = self._room.open, self._room.open.task
        if task is None or state.showing:
            return
        if state.hints_open >= len(task.hints):
            state.asking = True
        else:
            state.hints[task.id] = state.hints_open + 1
            self._room.store.change(progress.take_hint, state.lesson.id)
        self._room.changed()

    def action_no(self) -> None:
        """No, the learner does it."""
        self._room.open.asking = False
        self._room.changed()

    async def show_me(self) -> None:
        """Play the solution up to the current task on the live network, visibly; then the learner has the wheel."""
        room, state = self._room, self._room.open
        wanted = state.task
        if wanted is None:
            return
        state.asking = False
        player = ActionRunner(await room.ready(), state.attempt, room.show)
        state.showing, state.activity.showing = tr("from the start"), True
        room.changed()
        try:
            await player.enter()
            for task in state.lesson.tasks[: wanted.id]:
                for action in task.actions:
                    state.showing = keys_of(action, state.lesson)
                    state.stage = view_for(action, state.lesson.shown_views)
                    room.changed()
                    await asyncio.sleep(min(SHOWN_SECONDS, MOST_SECONDS / len(task.actions)))
                    await player.do(action)
                    await room.benches.shown(action)
                    room.changed()
                    if room.lesson_state is not state:
                        return
                await room.look(shown=task is wanted)
        except AdderError as error:
            state.refusal = str(error)
        finally:
            state.showing = state.stage = ""
            state.activity.showing = False
            room.changed()


class LessonController:
    """One lesson at a time on the live network.

    Args:
        player: what reaches the session.
        show: takes each snapshot on the way.
        changed: called when something to be drawn has changed.
    """

    course: Course
    """The lessons, once they are read; so are the others here."""
    store: Store
    """Where progress is kept."""
    own_run: OwnRun
    """Where the learner's own run is kept meanwhile."""
    runs: LessonRuns
    """Where those of the lessons are kept."""

    def __init__(self, player: SessionSource, show: Callable[[Snapshot], None], changed: Callable[[], None]) -> None:
        self._player, self.show, self.changed = player, show, changed
        self.lesson_state: LessonState | None = None
        """The lesson that has the network; None on the list."""
        self.answers, self.help, self.benches, self.controls = Answers(self), Help(self), Benches(self), Controls(self)
        self._looking = asyncio.Lock()
        self._look_again = False
        self._changing = asyncio.Lock()

    def begin(self, course: Course, store: Store, own_run: OwnRun, runs: LessonRuns) -> None:
        """The lessons are read."""
        self.course, self.store, self.own_run, self.runs = course, store, own_run, runs

    @property
    def open(self) -> LessonState:
        """The lesson that has the network, for what is only done in one."""
        assert self.lesson_state is not None
        return self.lesson_state

    # --- entering and leaving --------------------------------------------------------------------

    async def enter(self, lesson: Lesson) -> None:
        """Load a lesson's preset; the learner's own run is kept until :meth:`leave`."""
        async with self._changing:
            await self._keep()
            kept = self.store.change(progress.enter, lesson.id).lesson(lesson.id)
            attempt, after = LessonAttempt(lesson, kept), self.course.after(lesson.id)
            quiz = lesson.quiz.put(random.Random(), anew=kept.quiz.tries > 0)
            # The text can be read while the engine is still loading.
            self.lesson_state = state = LessonState(
                attempt, answered=quiz.answer if completed(lesson, kept) else "", put=quiz,
                finished=kept.done, next_title=after.title if after is not None else "",
                closing=self.course.closing if after is None else "",
                review_due=after is None or after.chapter != lesson.chapter,
            )  # fmt: skip
            state.at = min(kept.step, furthest(state.steps, set(kept.prediction), attempt.done))
            self.changed()
            restore_activity(state, kept.activity)
            session = await self._player.ready()
            await self.own_run.keep(session)
            snapshot = await self.runs.bring(session, lesson.id) if kept.activity else None
            if snapshot is not None and is_the_lessons(lesson, snapshot):
                earlier = [run for run in snapshot.runs if is_the_lessons(lesson, run) and run.id != snapshot.run]
                restore_runs(state, snapshot, earlier, kept.activity)
                state.run = snapshot.run
                # What was asked meanwhile is the learner's own run's: here it may be what a prediction is about.
                last = state.activity.run.asked[-1:] if state.activity.run is not None else []
                await session.ask(last[0].sum if last else FIRST_SUM)
                self.show(await session.snapshot())
            else:
                await ActionRunner(session, attempt, self.show).enter()
            assert attempt.activity.snapshot is not None
            state.since = attempt.activity.snapshot.version
            self.changed()

    async def leave(self) -> None:
        """Give the learner's own run back; the way to the list.

        Raises:
            RunFileError: the run cannot be read. It stays in its file, and the lesson is left all the same.
        """
        async with self._changing:
            await self._keep()
            self.lesson_state = None
            self.changed()
            snapshot = await self.own_run.give_back(await self._player.ready())
            if snapshot is not None:
                self.show(snapshot)

    async def _keep(self) -> None:
        """Keep the run of the lesson that is open, and what was done there, so that it can be gone on with."""
        state = self.lesson_state
        if state is None or not state.has_run:
            return
        self._note_activity(state)
        snapshot = state.activity.snapshot
        if snapshot is not None and snapshot.run == state.run and is_the_lessons(state.lesson, snapshot):
            await self.runs.keep(await self._player.ready(), state.lesson.id)

    def _note_activity(self, state: LessonState) -> None:
        """Keep what was done, where something new was."""
        activity, answers = activity_of(state), state.activity.answers
        kept = self.store.progress.lesson(state.lesson.id)
        if kept.activity != activity or kept.answers != answers:
            self.store.change(progress.keep_activity, state.lesson.id, activity, answers)

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
        return self.lesson_state.lesson if self.lesson_state is not None else None

    # --- what the app tells ----------------------------------------------------------------------

    def saw(self, snapshot: Snapshot) -> bool:
        """Take in a snapshot. Returns whether there is something to look at: :meth:`look` does that."""
        state = self.lesson_state
        if state is None or state.since is None or snapshot.version < state.since:
            return False
        before = state.activity.snapshot
        state.activity.saw(snapshot)
        if before is not None and standing(before) != standing(snapshot):
            state.results = {call: known for call, known in state.results.items() if call.bench in LASTING}
        if not state.showing and _edited(before, snapshot):
            state.activity.edit()
        if is_the_lessons(state.lesson, snapshot):
            state.run = snapshot.run
        return True

    def heard(self, answer: Answer) -> None:
        """A sum was asked and answered. One asked on another tab before it was predicted is none of the lesson's."""
        state = self.lesson_state
        if state is not None and state.has_run and state.step.kind in PRACTICE:
            state.activity.ask(answer)

    def opened(self, view: str) -> bool:
        """A view is looked at, unless it tells nothing yet. Returns whether it is the first time with this run."""
        state = self.lesson_state
        if state is None or state.veiled(view):
            return False
        run = state.activity.run
        if self.was_opened(view) and (run is None or view in run.opened):
            return False
        state.activity.open(view)
        return True

    def was_opened(self, view: str) -> bool:
        return self.lesson_state is not None and view in self.lesson_state.activity.opened

    async def look(self, shown: bool = False) -> None:
        """See which tasks and challenges are done now, and keep it. Looks that are asked for meanwhile are one more."""
        if self._looking.locked():
            self._look_again = True
            return
        async with self._looking:
            while True:
                self._look_again = False
                if self.lesson_state is not None and self.lesson_state.has_run:
                    await self._look(self.lesson_state, shown)
                if not self._look_again:
                    return

    async def looked(self) -> None:
        """Wait until the looks that were begun are over."""
        await asyncio.sleep(0)  # what was begun just now has its turn
        while self._looking.locked():
            async with self._looking:
                pass

    async def _look(self, state: LessonState, shown: bool) -> None:
        session = await self._player.ready()
        attempt, id = state.attempt, state.lesson.id
        shown = shown or bool(state.showing)
        new = await attempt.look(session)
        for task in new:
            self.store.change(progress.finish_task, id, task.id, shown)
            state.refusal = ""
            self.changed()
        for one in await attempt.look_at_challenges(session):
            self.store.change(progress.better, id, one.id, attempt.best[one.id])
            self.changed()
        if found := await attempt.take_figures(session):
            self.store.change(progress.keep_figures, id, found)
            self.changed()
        if new and self.lesson_state is state:
            await self._keep()
        else:
            self._note_activity(state)

    async def call_back(self) -> bool:
        """Coming from another tab: bring the lesson's network back where another one has taken its place.

        That is its run that was at hand last, or where that is not to be had its preset anew. Returns whether it had
        to be.
        """
        state = self.lesson_state
        if state is None or not state.has_run or state.showing:
            return False
        left = not state.attempt.all_done or any(one.name not in state.attempt.figures for one in state.lesson.quotes)
        snapshot = state.activity.snapshot
        if not left or snapshot is None or is_the_lessons(state.lesson, snapshot):
            return False
        session = await self.ready()
        now = await session.snapshot()
        if state.run != now.run and any(run.id == state.run for run in now.runs):
            self.show(await session.switch(state.run))
        else:
            state.station = ""
            self.show(await session.load(state.lesson.experiment))
        return True

    def go(self, change: int) -> bool:
        """To the next or the previous step; False where there is none, or this one is not done."""
        state = self.open
        at = state.at + change
        if not 0 <= at < len(state.steps) or (change > 0 and not state.may_go_on):
            return False
        self.store.change(progress.stand, state.lesson.id, at)
        state.arrive(at)
        self.changed()
        return True


def _edited(before: Snapshot | None, after: Snapshot) -> bool:
    """Whether a number was set by hand between two snapshots of one run."""
    return (
        before is not None
        and after.moment.edits > before.moment.edits
        and (after.moment.update, after.moment.stage) == (before.moment.update, before.moment.stage)
    )
