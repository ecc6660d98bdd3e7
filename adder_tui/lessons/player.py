"""Doing what a lesson's actions say, on a session: for tests, and for "show me"."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from adder_engine.errors import RequestError
from adder_engine.layout import layout_of
from adder_engine.snapshot import PHASES
from adder_engine.sums import Sum, parse_sum
from adder_tui.lessons.actions import Action
from adder_tui.lessons.attempt import Attempt
from adder_tui.lessons.errors import ActionError

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Snapshot
    from adder_tui.lessons.lesson import Settings, Task
    from adder_tui.lessons.tokens import Argument

FIRST_SUM = Sum(30, 70)
"""The current sum when a lesson is entered."""
EPOCHS_AT_ONCE = 100
"""Epochs between two looks while training."""


class LessonPlayer:
    """Plays actions on a session, telling an attempt's deeds of them as the app does.

    Args:
        session: what the actions are done to.
        attempt: whose deeds they are.
        show: takes each snapshot on the way.
    """

    def __init__(
        self, session: Session, attempt: Attempt, show: Callable[[Snapshot], None] = lambda snapshot: None
    ) -> None:
        self._session, self._attempt, self._show = session, attempt, show

    async def enter(self, changes: Settings | None = None) -> None:
        """Load the lesson's preset, with these changes if any, and make 30 + 70 the current sum again."""
        experiment = self._attempt.lesson.experiment.replace(**(changes or {}))
        await self._session.load(experiment)
        await self._session.ask(FIRST_SUM)
        self._see(await self._session.snapshot())

    async def play(self, task: Task) -> None:
        """Do a task's actions; those of the tasks before it come first."""
        await self.play_all(task.actions)

    async def play_all(self, actions: Iterable[Action]) -> None:
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
            raise ActionError(f"{action.text!r} cannot be done: {error}") from None

    def _see(self, snapshot: Snapshot) -> None:
        self._attempt.deeds.saw(snapshot)
        self._show(snapshot)

    async def _do(self, action: Action) -> None:
        session, deeds = self._session, self._attempt.deeds
        match action.verb, action.words:
            case "predict", (id, *value):
                deeds.predict(id, " ".join(value))
            case "answer", (id, *value):
                deeds.answer(id, " ".join(value))
            case "open", (view,):
                deeds.open(view)
            case "sort", (card, *bin):
                deeds.sort(card, " ".join(bin))
            case "ask", _:
                answer = await session.ask(parse_sum(action.argument))
                self._see(await session.snapshot())
                deeds.ask(answer)
            case "station", (id,):
                station = self._attempt.lesson.station_named(id)
                if station is None:
                    raise RequestError(f"There is no station {id!r} in this lesson.")
                self._see(await session.load(station.experiment))
            case "set", changes:
                self._see(await session.load(session.experiment.parsed(*changes)))
            case "change", changes:
                parsed = session.experiment.parsed(*changes)
                keys = [one.partition("=")[0] for one in changes]
                self._see(await session.change(**{key: parsed[key] for key in keys}))
            case "seed", (seed,):
                self._see(await session.reseed(int(seed)))
            case "reset", _:
                self._see(await session.reset())
            case "run", (epochs,):
                await self._run(int(epochs))
            case "step", _:
                await self._step(action.argument)
            case "edit", (name, value):
                tensor, place = await self._place(name)
                self._see(await session.edit(tensor, place, float(value)))
                deeds.edit()
            case "nudge", (name, amount):
                loss = await session.bench("nudge", name, float(amount))
                deeds.use("nudge", name, float(amount))
                deeds.nudge(name, float(amount), float(loss))
            case "gradcheck", (name,):
                tensor, place = await self._place(name)
                snapshot = await session.snapshot()
                layout = layout_of(snapshot.experiment.network.layers, snapshot.experiment.layer_names)
                deeds.check_gradient(name, await session.check_gradient(layout.index_of(tensor, place)))
            case "bench", (name, *texts):
                arguments = tuple(map(_argument, texts))
                await session.bench(name, *arguments)
                deeds.use(name, *arguments)

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
            if snapshot.rung is not None and snapshot.rung.phase == size:
                return

    async def _place(self, name: str) -> tuple[str, tuple[int, ...]]:
        """A parameter's tensor and its place there: ``hidden.weight[2,0]``, or ``output.bias`` for its one number."""
        tensor, _, place = name.partition("[")
        numbers = [text.strip() for text in place.rstrip("]").split(",") if text.strip()] or ["0"]
        return tensor, tuple(map(int, numbers))


def _argument(text: str) -> Argument:
    """A bench's argument as expressions write it: a number where it is one, else words."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text
