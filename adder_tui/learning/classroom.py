"""A learner in the course: which lesson and step, what was done there, and what happens on the live network for it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from adder_engine.errors import AdderError
from adder_tui.learning.own_run import OwnRun
from adder_tui.learning.sheets import BY_HAND, LASTING, SHEETS, Call, argument_of, calls_of
from adder_tui.learning.steps import Step, furthest, steps_of
from adder_tui.lessons import progress
from adder_tui.lessons.actions import Action
from adder_tui.lessons.attempt import Attempt, completed
from adder_tui.lessons.lesson import LETTERS, Lesson, read_number
from adder_tui.lessons.player import LessonPlayer
from adder_tui.lessons.review import draw_review
from adder_tui.render.page import Page, Review
from adder_tui.render.workbench import AskedSum, RunLine, Shown, Workbench

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Answer, GradientCheck, Snapshot
    from adder_tui.lessons.course import Course
    from adder_tui.lessons.lesson import Station
    from adder_tui.lessons.store import Store
    from adder_tui.player import Player

SHOWN_SECONDS = 0.8
"""How long each action of "show me" stands before the next."""
HINTS = 3
NOT_YET = "That is not it yet."


class Classroom:
    """One lesson at a time on the live network.

    Args:
        course: the lessons.
        store: where progress is kept.
        own_run: where the learner's own run is kept meanwhile.
        player: what reaches the session.
        show: takes each snapshot on the way.
        redraw: called when something to be drawn has changed.
    """

    def __init__(
        self, course: Course, store: Store, own_run: OwnRun, player: Player, show: Callable[[Snapshot], None],
        redraw: Callable[[], None],
    ) -> None:  # fmt: skip
        self.course, self.store, self._own_run, self._player = course, store, own_run, player
        self._show, self._redraw = show, redraw
        self.lesson: Lesson | None = None
        """The lesson that has the network; None on the list."""
        self.steps: tuple[Step, ...] = ()
        self.at = 0
        """Index of the step."""
        self._attempt: Attempt | None = None
        self._since: int | None = None
        """Version of the snapshot that the lesson began with; what comes later may be older. None till it is there."""
        self._looking = asyncio.Lock()
        self._look_again = False
        self._changing = asyncio.Lock()
        self._clear()

    def _clear(self) -> None:
        self.hints: dict[int, int] = {}
        self.told: dict[str, str] = {}
        self.figures: dict[str, str] = {}
        self.picked = self.typed = self.field = self.refusal = self.answered = self.showing = self.station = ""
        self.asking = False
        self.results: dict[Call, Shown] = {}
        self.working: Call | None = None
        self.rows: dict[str, int] = {}
        self.review: Review | None = None
        """The chapter's review, while it is asked."""

    # --- entering and leaving --------------------------------------------------------------------

    async def enter(self, lesson: Lesson) -> None:
        """Load a lesson's preset; the learner's own run is kept until :meth:`leave`."""
        async with self._changing:
            self._clear()
            kept = self.store.change(lambda tree: progress.enter(tree, lesson.id)).lesson(lesson.id)
            attempt = Attempt(lesson, kept)
            self.steps = steps_of(lesson)
            self.at = min(kept.step, furthest(self.steps, set(kept.prediction), attempt.done), len(self.steps) - 1)
            self.figures = dict(kept.figures)
            if completed(lesson, kept):
                self.answered = lesson.quiz.answer
            # The text can be read while the engine is still loading.
            self.lesson, self._attempt, self._since = lesson, attempt, None
            self._arrived()
            session = await self._player.ready()
            await self._own_run.keep(session)
            await LessonPlayer(session, attempt, self._show).enter()
            assert attempt.deeds.snapshot is not None
            self._since = attempt.deeds.snapshot.version
            self._changed()

    async def leave(self) -> None:
        """Give the learner's own run back; the way to the list.

        Raises:
            RunFileError: the run cannot be read. It stays in its file, and the lesson is left all the same.
        """
        async with self._changing:
            self.lesson, self._attempt, self.steps, self.at = None, None, (), 0
            self._clear()
            snapshot = await self._own_run.give_back(await self._player.ready())
            if snapshot is not None:
                self._show(snapshot)

    async def settled(self) -> None:
        """Wait until the lesson that was entered has its run."""
        async with self._changing:
            pass

    @property
    def has_run(self) -> bool:
        """Whether the lesson's run is loaded."""
        return self._since is not None

    # --- what the app tells ----------------------------------------------------------------------

    def saw(self, snapshot: Snapshot) -> bool:
        """Take in a snapshot. Returns whether there is something to look at: :meth:`look` does that."""
        attempt = self._attempt
        if attempt is None or self._since is None or snapshot.version < self._since:
            return False
        before = attempt.deeds.snapshot
        attempt.deeds.saw(snapshot)
        if before is not None and _stands(before) != _stands(snapshot):
            self.results = {call: known for call, known in self.results.items() if call.bench in LASTING}
        if not self.showing and _edited(before, snapshot):
            attempt.deeds.edit()
        return True

    def heard(self, answer: Answer) -> None:
        """A sum was asked and answered."""
        if self._attempt is not None and self._since is not None:
            self._attempt.deeds.ask(answer)

    def opened(self, view: str) -> bool:
        """A view was opened. Returns whether it was the first time."""
        if self._attempt is None or view in self._attempt.deeds.opened:
            return False
        self._attempt.deeds.open(view)
        return True

    def was_opened(self, view: str) -> bool:
        """Whether the learner has opened a view."""
        return self._attempt is not None and view in self._attempt.deeds.opened

    async def look(self, shown: bool = False) -> None:
        """See which tasks and challenges are done now, and keep it. Looks that are asked for meanwhile are one more."""
        if self._looking.locked():
            self._look_again = True
            return
        async with self._looking:
            while True:
                self._look_again = False
                await self._look(shown)
                if not self._look_again:
                    return

    async def _look(self, shown: bool) -> None:
        attempt, lesson = self._attempt, self.lesson
        if attempt is None or lesson is None or self._since is None:
            return
        session = await self._player.ready()
        shown = shown or bool(self.showing)
        for task in await attempt.look(session):
            self.store.change(lambda tree, id=task.id: progress.finish_task(tree, lesson.id, id, shown))  # type: ignore[misc]
            self.refusal = ""
            self._changed()
        for one in await attempt.look_at_challenges(session):
            best = attempt.best[one.id]
            self.store.change(lambda tree, id=one.id, best=best: progress.better(tree, lesson.id, id, best))  # type: ignore[misc]
            self._changed()
        if self.step.kind not in ("read", "predict", "do"):
            await self._quote()

    async def _quote(self) -> None:
        """Fetch the figures that the text quotes, and keep them once all tasks are done."""
        attempt, lesson = self._attempt, self.lesson
        if attempt is None or lesson is None or self._since is None:
            return
        session = await self._player.ready()
        found = {}
        for quote in lesson.quotes:
            text = await attempt.quote(session, quote.name)
            if text != "…" and quote.name not in self.figures:
                found[quote.name] = text
        if found and self.lesson is lesson:
            self.figures |= found
            self.store.change(lambda tree: progress.keep_figures(tree, lesson.id, found))
            self._changed()

    # --- where one is ----------------------------------------------------------------------------

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self.steps[self.at]

    @property
    def page(self) -> Page | None:
        """What there is to draw of the lesson; None on the list."""
        lesson, attempt = self.lesson, self._attempt
        if lesson is None or attempt is None:
            return None
        record = self.store.progress.lesson(lesson.id)
        after = self.course.after(lesson.id)
        page = Page(
            lesson=lesson, step=self.step, number=self.at + 1, count=len(self.steps),
            predictions=attempt.deeds.predictions, done=frozenset(attempt.done), answers=attempt.deeds.answers,
            told=self.told, asking=self.asking, showing=self.showing, picked=self.picked, typed=self.typed,
            blank=self.field, refusal=self.refusal, figures=self.figures, best=attempt.best, answered=self.answered,
            finished=record.done, next_title=after.title if after else "",
            review_due=self.review_due(lesson), review=self.review,
        )  # fmt: skip
        task = page.task
        return dataclasses.replace(page, hints=self.hints.get(task.id, 0)) if task is not None else page

    @property
    def by_hand(self) -> bool:
        """Whether a blank of a worked example is being filled in: till then the network does not tell its number."""
        worked = self.lesson.worked if self.lesson is not None else None
        return bool(worked is not None and self.step.kind == "do" and self.field in worked.fields and self.field)

    @property
    def has_asked(self) -> bool:
        """Whether a sum was asked in this lesson."""
        return self._attempt is not None and any(run.asked for run in self._attempt.deeds.runs)

    def review_due(self, lesson: Lesson) -> bool:
        """Whether a chapter ends with this lesson."""
        after = self.course.after(lesson.id)
        return after is None or after.chapter != lesson.chapter

    @property
    def workbench(self) -> Workbench | None:
        """What there is to draw of the lesson's own views."""
        lesson, attempt = self.lesson, self._attempt
        if lesson is None or attempt is None:
            return None
        deeds = attempt.deeds
        return Workbench(
            lesson=lesson,
            asked=tuple(AskedSum(a.a, a.b, a.answer, a.truth) for run in deeds.runs for a in run.asked),
            runs=tuple(
                RunLine(run.experiment, run.epochs, run.train[0] if run.train else None,
                        run.train[-1] if run.train else None, run.exploded)
                for run in deeds.runs
            ),
            results=self.results, checks=deeds.checks, working=self.working, rows=self.rows,
            calls={view: calls_of(view, lesson) for view in lesson.views if view in SHEETS},
            sorted=deeds.sorted, best=attempt.best, station=self.station,
        )  # fmt: skip

    def may_go_on(self) -> bool:
        """Whether the step is done."""
        attempt, step = self._attempt, self.step
        if attempt is None:
            return False
        if step.kind == "predict":
            return step.prediction in attempt.deeds.predictions
        if step.kind == "do":
            return set(step.tasks) <= attempt.done
        if step.kind == "quiz":
            return self.lesson is not None and self.answered == self.lesson.quiz.answer
        return True

    def go(self, change: int) -> bool:
        """To the next or the previous step; False where there is none, or this one is not done."""
        at = self.at + change
        if not 0 <= at < len(self.steps) or (change > 0 and not self.may_go_on()):
            return False
        self.at = at
        lesson = self.lesson
        assert lesson is not None
        self.store.change(lambda tree: progress.stand(tree, lesson.id, at))
        self._arrived()
        return True

    def _arrived(self) -> None:
        self.picked = self.typed = self.refusal = ""
        self.asking = False
        self.field = self.wanted_field()
        self._changed()

    def wanted_field(self) -> str:
        """The id of what is to be typed at this step, if anything is."""
        attempt, lesson, step = self._attempt, self.lesson, self.step
        if attempt is None or lesson is None:
            return ""
        if step.kind == "predict":
            asked = lesson.prediction_named(step.prediction)
            locked = step.prediction in attempt.deeds.predictions
            return "" if asked is None or asked.choices or locked else asked.id
        task = self.page.task if step.kind == "do" and self.page else None
        for word, arguments in task.check.words if task is not None else ():
            if word == "answered" and not self._right(str(arguments[0])):
                return str(arguments[0])
        return ""

    def _right(self, id: str) -> bool:
        assert self._attempt is not None
        assert self.lesson is not None
        one = self.lesson.field_named(id)
        return one is not None and one.right(self._attempt.deeds.answers.get(id, ""))

    def _changed(self) -> None:
        if self.lesson is not None and self._attempt is not None and self.step.kind == "do":
            self.field = self.wanted_field()
        self._redraw()

    # --- predicting and answering ----------------------------------------------------------------

    @property
    def choice_count(self) -> int:
        """How many choices there are to pick from now."""
        lesson = self.lesson
        if lesson is None or self._attempt is None:
            return 0
        if self.review is not None:
            return len(self.review.question.quiz.choices)
        if self.step.kind == "quiz":
            return len(lesson.quiz.choices)
        asked = lesson.prediction_named(self.step.prediction)
        return len(asked.choices) if asked is not None and not self.may_go_on() else 0

    def pick(self, letter: str) -> None:
        """A choice's letter: picked for a prediction, given for the quiz, filled in for a field."""
        lesson = self.lesson
        if lesson is None or self._attempt is None:
            return
        step = self.step
        if step.kind == "predict":
            asked = lesson.prediction_named(step.prediction)
            if asked is not None and letter in LETTERS[: len(asked.choices)] and not self.may_go_on():
                self.picked = letter
        elif self.review is not None:
            self._answer_review(letter)
        elif step.kind == "quiz" and letter in LETTERS[: len(lesson.quiz.choices)] and not self.may_go_on():
            self.answered = letter
            when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            right = letter == lesson.quiz.answer
            self.store.change(lambda tree: progress.answer_quiz(tree, lesson.id, right, when))
            self._finish()
        self._changed()

    def _finish(self) -> None:
        lesson = self.lesson
        if lesson is not None and completed(lesson, self.store.progress.lesson(lesson.id)):
            self.store.change(lambda tree: progress.finish(tree, lesson.id))

    def lock_in(self) -> bool:
        """Lock in what was picked for the prediction; whether there was something."""
        if not self.picked:
            return False
        self._predict(self.step.prediction, self.picked)
        return True

    def _predict(self, id: str, value: str) -> None:
        lesson, attempt = self.lesson, self._attempt
        assert lesson is not None
        assert attempt is not None
        attempt.deeds.predict(id, value)
        self.store.change(lambda tree: progress.predict(tree, lesson.id, id, value))
        self.go(1)

    def submit(self, text: str) -> bool:
        """What was typed into the field: a prediction or an answer. False where it stays to be mended."""
        lesson, attempt, id = self.lesson, self._attempt, self.field
        if lesson is None or attempt is None or not id:
            return False
        typed = text.strip()
        if self.step.kind == "predict":
            asked = lesson.prediction_named(id)
            assert asked is not None
            if not typed or (asked.kind == "number" and read_number(typed) is None):
                what = "a number, such as 40 or −2.5" if asked.kind == "number" else "a word or two"
                self.refusal = f"{typed} is no number: type {what}." if typed else f"Type {what}; a guess is enough."
                self._changed()
                return False
            self._predict(id, typed)
            return True
        one = lesson.field_named(id)
        assert one is not None
        if not typed or (not one.choices and read_number(typed) is None):
            self.refusal = f"{typed} is no number." if typed else "Type a number."
            self._changed()
            return False
        attempt.deeds.answer(id, typed)
        self.store.change(lambda tree: progress.answer(tree, lesson.id, id, typed))
        self.refusal = ""
        if one.right(typed):
            self.told.pop(id, None)
            self.typed = ""
        else:
            self.told[id] = one.slip(typed) or NOT_YET
        self._changed()
        return one.right(typed)

    def type(self, text: str) -> None:
        """What stands in the field while it is being typed."""
        if text != self.typed:
            self.typed = text
            self.refusal = ""
            self._redraw()

    # --- the chapter's review --------------------------------------------------------------------

    def begin_review(self) -> bool:
        """Draw questions of all lessons so far; False where there is none."""
        lesson = self.lesson
        if lesson is None:
            return False
        so_far = [one for one in self.course.lessons if one.order <= lesson.order]
        drawn = draw_review(so_far, self.store.progress, random.Random())
        self.review = Review(drawn) if drawn else None
        self._changed()
        return self.review is not None

    def _answer_review(self, letter: str) -> None:
        review = self.review
        assert review is not None
        asked = review.question
        if letter not in LETTERS[: len(asked.quiz.choices)] or review.right:
            return
        first = not review.given
        right = letter == asked.quiz.answer
        when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        self.store.change(lambda tree: progress.answer_quiz(tree, asked.id, right, when))
        self.review = dataclasses.replace(review, given=letter, at_once=review.at_once + (first and right))

    def next_question(self) -> bool:
        """The review's next question; False where this one is not right yet, or it was the last: the review is over."""
        review = self.review
        if review is None or not review.right:
            return False
        if review.at + 1 < len(review.lessons):
            self.review = dataclasses.replace(review, at=review.at + 1, given="")
            self._changed()
            return True
        self.review = None
        return False

    # --- hints and "show me" ---------------------------------------------------------------------

    def hint(self) -> None:
        """One more hint for the current task; after the third one ask whether to show it."""
        page, lesson = self.page, self.lesson
        if page is None or lesson is None or page.task is None or self.showing:
            return
        shown = self.hints.get(page.task.id, 0)
        if shown >= HINTS:
            self.asking = True
        else:
            self.hints[page.task.id] = shown + 1
            self.store.change(lambda tree: progress.take_hint(tree, lesson.id))
        self._changed()

    def decline(self) -> None:
        """No, the learner does it."""
        self.asking = False
        self._changed()

    async def show_me(self) -> None:
        """Play the solution up to the current task on the live network, visibly; then the learner has the wheel."""
        page, attempt = self.page, self._attempt
        if page is None or attempt is None or page.task is None:
            return
        self.asking = False
        wanted = page.task
        await self.settled()
        session = await self._player.ready()
        player = LessonPlayer(session, attempt, self._show)
        self.showing = "from the start"
        self._changed()
        try:
            await player.enter()
            for task in page.lesson.tasks:
                if task.id > wanted.id:
                    break
                for action in task.actions:
                    await self._show_action(player, action)
                    if self._attempt is not attempt:
                        return
                await self.look(shown=task.id == wanted.id)
        except AdderError as error:
            self.refusal = str(error)
        finally:
            self.showing = ""
            self._changed()

    async def _show_action(self, player: LessonPlayer, action: Action) -> None:
        self.showing = action.text
        self._changed()
        await asyncio.sleep(SHOWN_SECONDS)
        await player.do(action)
        call = _call_of(action)
        if call is not None:
            await self._work_out(call, tell=False)
        self._changed()

    # --- benches, cards, controls ----------------------------------------------------------------

    def move(self, view: str, change: int) -> None:
        """Move a view's cursor."""
        count = self._row_count(view)
        if count:
            self.rows[view] = max(0, min(count - 1, self.rows.get(view, 0) + change))
            self._redraw()

    def _row_count(self, view: str) -> int:
        lesson, bench = self.lesson, self.workbench
        if lesson is None or bench is None:
            return 0
        if view == "board":
            return len(lesson.board.cards) if lesson.board else 0
        if view == "settings":
            return len(lesson.controls)
        return len(bench.calls.get(view, ()))

    async def use(self, view: str) -> None:
        """Work out the figure under the view's cursor."""
        bench = self.workbench
        calls = bench.calls.get(view, ()) if bench else ()
        if calls and self.working is None:
            await self._work_out(calls[min(self.rows.get(view, 0), len(calls) - 1)], tell=True)

    async def fill(self, view: str) -> None:
        """Work out all of a view's figures that need no asking, while nothing is played."""
        if self.working is not None:
            return
        while True:
            attempt, bench = self._attempt, self.workbench
            snapshot = attempt.deeds.snapshot if attempt is not None else None
            if bench is None or snapshot is None or snapshot.status == "playing":
                return
            calls = bench.calls.get(view, ())
            missing = [call for call in calls if call.bench not in BY_HAND and call not in self.results]
            if not missing:
                return
            await self._work_out(missing[0], tell=False)

    async def use_shapes(self, text: str) -> None:
        """Work out what two typed shapes give: ``1x2 @ 2x4``, or ``10000x4 + 4``."""
        name = "broadcast" if "+" in text else "matmul"
        shapes = " ".join(text.replace("@", " ").replace("+", " ").replace("*", "x").split())
        await self._work_out(Call(name, (shapes,)), tell=True)

    async def _work_out(self, call: Call, tell: bool) -> None:
        """Ask the engine for a figure; with ``tell`` it is a deed of the learner's."""
        attempt = self._attempt
        if attempt is None:
            return
        await self.settled()
        session = await self._player.ready()
        self.working = call
        self._redraw()
        try:
            if call.bench == "gradcheck":
                await self._check_gradient(session, attempt, str(call.arguments[0]), tell)
            else:
                stands = _stands(attempt.deeds.snapshot) if attempt.deeds.snapshot else ()
                value = await session.bench(call.bench, *call.arguments)
                if call.bench in LASTING or (attempt.deeds.snapshot and stands == _stands(attempt.deeds.snapshot)):
                    self.results[call] = value
                if tell:
                    attempt.deeds.use(call.bench, *call.arguments)
                    if call.bench == "nudge":
                        attempt.deeds.nudge(str(call.arguments[0]), float(call.arguments[1]), float(value))
        except AdderError as error:
            self.results[call] = str(error)
        finally:
            self.working = None
            self._changed()
        await self.look()

    async def _check_gradient(self, session: Session, attempt: Attempt, name: str, tell: bool) -> None:
        check: GradientCheck | None = attempt.deeds.checks.get(name)
        if tell or check is None:
            await LessonPlayer(session, attempt).do(Action("gradcheck", (name,), f"gradcheck {name}"))

    def sort(self, change: int) -> None:
        """Move the card under the cursor to the next bin."""
        lesson, attempt = self.lesson, self._attempt
        if lesson is None or lesson.board is None or attempt is None:
            return
        card = lesson.board.cards[self.rows.get("board", 0)]
        bins = lesson.board.bins
        lies = attempt.deeds.sorted.get(card.id)
        at = (bins.index(lies) + change) % len(bins) if lies in bins else 0 if change > 0 else len(bins) - 1
        attempt.deeds.sort(card.id, bins[at])
        self._changed()

    def control(self) -> str:
        """The control under the settings' cursor; empty where there is none."""
        lesson = self.lesson
        if lesson is None or not lesson.controls:
            return ""
        return lesson.controls[min(self.rows.get("settings", 0), len(lesson.controls) - 1)]

    async def set_control(self, key: str, text: str) -> None:
        """Give a control another value: a new run, or the run at hand where the lesson changes it on the way.

        Raises:
            ExperimentError: a value that will not do.
        """
        attempt = self._attempt
        if attempt is None:
            return
        await self.settled()
        session = await self._player.ready()
        experiment = session.experiment.parsed(f"{key}={text}")
        in_place = any(
            action.verb == "change" and any(word.startswith(f"{key}=") for word in action.words)
            for action in attempt.lesson.solution
        )
        self._show(await (session.change(**{key: experiment[key]}) if in_place else session.load(experiment)))

    def stations(self) -> tuple[Station, ...]:
        """The lesson's other presets."""
        return self.lesson.stations if self.lesson is not None else ()

    async def next_station(self) -> None:
        """Load the next of the lesson's presets; after the last one the first again."""
        lesson = self.lesson
        if lesson is None or not self.stations() or self._attempt is None:
            return
        ids = ["", *(one.id for one in self.stations())]
        self.station = ids[(ids.index(self.station) + 1) % len(ids)]
        chosen = lesson.station_named(self.station)
        await self.settled()
        session = await self._player.ready()
        experiment = lesson.experiment if chosen is None else chosen.experiment
        with contextlib.suppress(AdderError):
            self._show(await session.load(experiment))


def _stands(snapshot: Snapshot) -> tuple[object, ...]:
    """What the benches' figures hang on."""
    return snapshot.moment, snapshot.experiment


def _edited(before: Snapshot | None, after: Snapshot) -> bool:
    """Whether a number was set by hand between two snapshots of one run."""
    return (
        before is not None
        and after.moment.edits > before.moment.edits
        and (after.moment.update, after.moment.rung) == (before.moment.update, before.moment.rung)
    )


def _call_of(action: Action) -> Call | None:
    if action.verb == "gradcheck":
        return Call("gradcheck", action.words)
    if action.verb == "nudge":
        return Call("nudge", (action.words[0], float(action.words[1])))
    if action.verb == "bench":
        return Call(action.words[0], tuple(argument_of(word) for word in action.words[1:]))
    return None
