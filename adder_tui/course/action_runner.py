"""Doing what a lesson's actions say, on a session; the figures and cards beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from adder_engine.errors import AdderError, RequestError
from adder_engine.parsing import Sum
from adder_engine.snapshot import PHASES
from adder_tui.course.attempt import LessonAttempt, index_of, place_of
from adder_tui.course.probe_views import BY_HAND, LASTING, ProbeCall, call_for
from adder_tui.course.source import ActionError
from adder_tui.course.vocabulary import Action

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Snapshot
    from adder_tui.course.lesson import Settings
    from adder_tui.course.state import LessonHost, LessonState


FIRST_SUM = Sum(30, 70)
"""The current sum when a lesson is entered."""
EPOCHS_AT_ONCE = 100
"""Epochs between two looks while training."""


class ActionRunner:
    """Plays actions on a session, telling an attempt of them as the app does.

    Args:
        session: what the actions are done to.
        attempt: whose actions they are.
        show: takes each snapshot on the way.
    """

    def __init__(
        self, session: Session, attempt: LessonAttempt, show: Callable[[Snapshot], None] = lambda snapshot: None
    ) -> None:
        self._session, self._attempt, self._show = session, attempt, show

    async def enter(self, changes: Settings | None = None) -> None:
        """Load the lesson's preset, with these changes if any, and make 30 + 70 the current sum again."""
        experiment = self._attempt.lesson.experiment.replace(**(changes or {}))
        await self._session.load(experiment)
        await self._session.ask(FIRST_SUM)
        self._see(await self._session.snapshot())

    async def play(self, actions: Iterable[Action]) -> None:
        """Do actions one after the other."""
        for action in actions:
            await self.do(action)

    async def do(self, action: Action) -> None:
        """Do one action.

        Raises:
            ActionError: it cannot be done here; the sentence names it.
        """
        try:
            await self._do(action)
        except (RequestError, ValueError) as error:
            raise ActionError("{action!r} cannot be done: {error}", action=action.text, error=error) from None

    def _see(self, snapshot: Snapshot) -> None:
        self._attempt.activity.saw(snapshot)
        self._show(snapshot)

    async def _do(self, action: Action) -> None:
        session, activity = self._session, self._attempt.activity
        match action.verb, action.words:
            case "predict", (id, *value):
                activity.predictions.setdefault(id, " ".join(value))
            case "answer", (id, *value):
                activity.answers[id] = " ".join(value)
            case "open", (view,):
                activity.open(view)
            case "sort", (card, *bin):
                activity.sorted[card] = " ".join(bin)
            case "ask", _ if action.sum is not None:
                answer = await session.ask(action.sum)
                self._see(await session.snapshot())
                activity.ask(answer)
            case "station", (id,):
                station = self._attempt.lesson.station_named(id)
                if station is None:
                    raise RequestError("There is no station {station!r} in this lesson.", station=id)
                self._see(await session.load(station.experiment))
            case "set", changes:
                self._see(await session.load(session.experiment.parsed(*changes)))
            case "change", changes:
                parsed = session.experiment.parsed(*changes)
                self._see(await session.change(**{key: parsed[key] for key in action.keys}))
            case "seed", (seed,):
                self._see(await session.reseed(int(seed)))
            case "reset", _:
                self._see(await session.reset())
            case "undo", _:
                self._see(await session.undo(within=True))
            case "run", (epochs,):
                await self._run(int(epochs))
            case "step", ("back",):
                self._see(await session.back())
            case "step", _:
                await self._step(action.argument)
            case "edit", (name, value):
                self._see(await session.edit(*place_of(name), float(value)))
                activity.edit()
            case "gradcheck", (name,):
                index = index_of(await session.snapshot(), name)
                activity.check_gradient(name, await session.check_gradient(index))
            case (("bench" | "nudge"), _) if (call := call_for(action)) is not None:
                await self.measure(call)

    async def measure(self, call: ProbeCall, tell: bool = True) -> float | str:
        """Have a bench work a figure out; with ``tell`` it is an act of the learner's."""
        value: float | str = await self._session.bench(call.bench, *call.arguments)
        activity = self._attempt.activity
        if tell:
            activity.used.append(call)
            if call.bench == "nudge":
                activity.nudge(str(call.arguments[0]), float(call.arguments[1]), float(value))
        return value

    async def _run(self, epochs: int) -> None:
        """Train on, giving the run more epochs where it has too few; a loss that is not finite ends it."""
        session = self._session
        snapshot = await session.snapshot()
        goal = snapshot.epoch + epochs
        if goal > snapshot.experiment.epochs:
            self._see(await session.change(epochs=goal))
        while snapshot.epoch < goal and snapshot.status != "stopped":
            snapshot = await session.step("epoch", min(EPOCHS_AT_ONCE, goal - snapshot.epoch))
            self._see(snapshot)

    async def _step(self, size: str) -> None:
        """One step of a size, or on to the end of a phase."""
        session = self._session
        snapshot = await session.snapshot()
        if snapshot.experiment.epochs <= snapshot.epoch:
            await session.change(epochs=snapshot.epoch + 1)
        if size not in PHASES:
            self._see(await session.step(size))
            return
        for _ in PHASES:
            snapshot = await session.step("phase")
            self._see(snapshot)
            if snapshot.stage is not None and snapshot.stage.phase == size:
                return


class Benches:
    """Works the figures out for the lesson at hand, and keeps them while they hold."""

    def __init__(self, room: LessonHost) -> None:
        self._room = room

    def move(self, view: str, change: int) -> None:
        state = self._room.open
        if count := _row_count(state, view):
            state.rows[view] = max(0, min(count - 1, state.rows.get(view, 0) + change))
            self._room.changed()

    def point_at(self, view: str, action: Action) -> None:
        """Put a view's cursor on the figure that an action works out."""
        state, call = self._room.open, call_for(action)
        if call in (calls := state.calls(view)):
            state.rows[view] = calls.index(call)

    def sort(self, change: int) -> None:
        """Move the card under the cursor to the next bin."""
        state = self._room.open
        board, lie = state.lesson.board, state.activity.sorted
        if board is not None:
            card, bins = board.cards[state.rows.get("board", 0)], board.bins
            at = bins.index(lie[card.id]) if lie.get(card.id) in bins else -1 if change > 0 else 0
            lie[card.id] = bins[(at + change) % len(bins)]
            self._room.changed()

    # --- figures ---------------------------------------------------------------------------------

    async def use(self, view: str) -> None:
        """Work out the figure under the view's cursor."""
        state = self._room.open
        call = state.chosen_call(view) if state.working is None else None
        if call is not None and not state.waits(call):
            await self._work_out(call, tell=True)

    async def fill(self, view: str) -> None:
        """Work out all of a view's figures that need no asking, while nothing is played."""
        state = self._room.lesson_state
        if state is None or state.working is not None:
            return
        while self._room.lesson_state is state:
            snapshot = state.activity.snapshot
            missing = [c for c in state.calls(view) if c.bench not in BY_HAND and c not in state.results]
            if snapshot is None or snapshot.status == "playing" or not missing:
                return
            await self._work_out(missing[0], tell=False)

    async def use_shapes(self, text: str) -> None:
        """Work out what two typed shapes give: ``1x2 @ 2x4``, or ``10000x4 + 4``."""
        name = "broadcast" if "+" in text else "matmul"
        shapes = shapes_in(text)
        await self._work_out(call := ProbeCall(name, (shapes,)), tell=True)
        if (state := self._room.lesson_state) is not None and call in (calls := state.calls("shapes")):
            state.rows["shapes"] = calls.index(call)
            self._room.changed()

    async def shown(self, action: Action) -> None:
        """An action of "show me" was played: its figure, if it has one, is put on the bench."""
        if (call := call_for(action)) is not None:
            await self._work_out(call, tell=False)

    async def _work_out(self, call: ProbeCall, tell: bool) -> None:
        """Ask the engine for a figure; with ``tell`` it is an act of the learner's."""
        state = self._room.lesson_state
        if state is None:
            return
        activity, runner = state.activity, ActionRunner(await self._room.ready(), state.attempt)
        state.working = call
        self._room.changed()
        try:
            if call.bench != "gradcheck":
                stands = standing(activity.snapshot)
                value = await runner.measure(call, tell)
                if call.bench in LASTING or (stands is not None and stands == standing(activity.snapshot)):
                    state.results[call] = value
            elif tell or call.arguments[0] not in activity.checks:
                name = str(call.arguments[0])
                await runner.do(Action("gradcheck", (name,), f"gradcheck {name}"))
        except AdderError as error:
            state.results[call] = str(error)
        finally:
            state.working = None
            self._room.changed()
        await self._room.look()


def shapes_in(text: str) -> str:
    """Two shapes as the engine takes them: ``2x3 3x4``, parted by whatever sign of a product people put between."""
    text = text.lower().replace("×", "x").replace("·", "*")
    if "@" not in text and "+" not in text:
        text = text.replace("*", "@") if "x" in text and text.count("*") == 1 else text.replace("*", "x")
        text = re.sub(r"(?<=\d)\s+x\s+(?=\d+x)", "@", text, count=1)
    halves = re.split(r"[@+]", text.replace("*", "x"))
    return " ".join((re.sub(r"\s*x\s*", "x", half) if len(halves) > 1 else half).strip() for half in halves)


def _row_count(state: LessonState, view: str) -> int:
    if view == "board":
        return len(state.lesson.board.cards) if state.lesson.board else 0
    if view == "settings":
        return len(state.lesson.controls)
    return len(state.calls(view))


def standing(snapshot: Snapshot | None) -> tuple[object, ...] | None:
    """What the benches' figures hang on."""
    return None if snapshot is None else (snapshot.moment, snapshot.experiment)
