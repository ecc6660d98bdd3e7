"""What lies on a lesson's benches: figures that are worked out, and cards that are sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_engine.errors import AdderError
from adder_tui.learning.sheets import BY_HAND, LASTING, SHEETS, Call, call_for, calls_of
from adder_tui.lessons.actions import Action
from adder_tui.lessons.player import LessonPlayer
from adder_tui.render.workbench import AskedSum, RunLine, Workbench

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Snapshot
    from adder_tui.learning.classroom import Classroom
    from adder_tui.learning.sitting import Sitting


class Benches:
    """Works the figures out for the lesson at hand, and keeps them while they hold."""

    def __init__(self, room: Classroom) -> None:
        self._room = room

    @property
    def workbench(self) -> Workbench | None:
        """What there is to draw of the lesson's own views; None on the list."""
        sitting = self._room.sitting
        if sitting is None:
            return None
        lesson, deeds = sitting.lesson, sitting.attempt.deeds
        return Workbench(
            lesson=lesson,
            asked=tuple(AskedSum(a.a, a.b, a.answer, a.wanted) for run in deeds.runs for a in run.asked),
            runs=tuple(
                RunLine(run.experiment, run.epochs, run.train[0] if run.train else None,
                        run.train[-1] if run.train else None, run.exploded)
                for run in deeds.runs
            ),
            results=sitting.results, checks=deeds.checks, working=sitting.working, rows=sitting.rows,
            calls={view: calls_of(view, lesson) for view in lesson.views if view in SHEETS},
            sorted=deeds.sorted, best=sitting.attempt.best, station=sitting.station,
        )  # fmt: skip

    def move(self, view: str, change: int) -> None:
        """Move a view's cursor."""
        sitting = self._room.sitting
        count = self._row_count(sitting, view) if sitting is not None else 0
        if sitting is not None and count:
            sitting.rows[view] = max(0, min(count - 1, sitting.rows.get(view, 0) + change))
            self._room.changed()

    def point_at(self, view: str, action: Action) -> None:
        """Put a view's cursor on the figure that an action works out."""
        sitting, call, calls = self._room.sitting, call_for(action), self.calls(view)
        if sitting is not None and call in calls:
            sitting.rows[view] = calls.index(call)

    def _row_count(self, sitting: Sitting, view: str) -> int:
        if view == "board":
            return len(sitting.lesson.board.cards) if sitting.lesson.board else 0
        if view == "settings":
            return len(sitting.lesson.controls)
        return len(self.calls(view))

    def calls(self, view: str) -> tuple[Call, ...]:
        """A view's figures."""
        sitting = self._room.sitting
        return calls_of(view, sitting.lesson) if sitting is not None and view in SHEETS else ()

    def sort(self, change: int) -> None:
        """Move the card under the cursor to the next bin."""
        sitting = self._room.sitting
        board = sitting.lesson.board if sitting is not None else None
        if sitting is None or board is None:
            return
        card = board.cards[sitting.rows.get("board", 0)]
        lies = sitting.attempt.deeds.sorted.get(card.id)
        at = (
            (board.bins.index(lies) + change) % len(board.bins)
            if lies in board.bins
            else 0
            if change > 0
            else len(board.bins) - 1
        )
        sitting.attempt.deeds.sort(card.id, board.bins[at])
        self._room.changed()

    # --- figures ---------------------------------------------------------------------------------

    async def use(self, view: str) -> None:
        """Work out the figure under the view's cursor."""
        sitting, calls = self._room.sitting, self.calls(view)
        if sitting is not None and calls and sitting.working is None:
            await self._work_out(calls[min(sitting.rows.get(view, 0), len(calls) - 1)], tell=True)

    async def fill(self, view: str) -> None:
        """Work out all of a view's figures that need no asking, while nothing is played."""
        sitting = self._room.sitting
        if sitting is None or sitting.working is not None:
            return
        while self._room.sitting is sitting:
            snapshot = sitting.attempt.deeds.snapshot
            if snapshot is None or snapshot.status == "playing":
                return
            missing = [c for c in self.calls(view) if c.bench not in BY_HAND and c not in sitting.results]
            if not missing:
                return
            await self._work_out(missing[0], tell=False)

    async def use_shapes(self, text: str) -> None:
        """Work out what two typed shapes give: ``1x2 @ 2x4``, or ``10000x4 + 4``."""
        name = "broadcast" if "+" in text else "matmul"
        shapes = " ".join(text.replace("@", " ").replace("+", " ").replace("*", "x").split())
        await self._work_out(Call(name, (shapes,)), tell=True)

    async def shown(self, action: Action) -> None:
        """An action of "show me" was played: its figure, if it has one, is put on the bench."""
        call = call_for(action)
        if call is not None:
            await self._work_out(call, tell=False)

    async def _work_out(self, call: Call, tell: bool) -> None:
        """Ask the engine for a figure; with ``tell`` it is a deed of the learner's."""
        sitting = self._room.sitting
        if sitting is None:
            return
        session = await self._room.ready()
        sitting.working = call
        self._room.changed()
        try:
            if call.bench == "gradcheck":
                await self._check_gradient(session, sitting, str(call.arguments[0]), tell)
            else:
                await self._measure(session, sitting, call, tell)
        except AdderError as error:
            sitting.results[call] = str(error)
        finally:
            sitting.working = None
            self._room.changed()
        await self._room.look()

    async def _measure(self, session: Session, sitting: Sitting, call: Call, tell: bool) -> None:
        deeds = sitting.attempt.deeds
        stands = standing(deeds.snapshot) if deeds.snapshot else ()
        value = await session.bench(call.bench, *call.arguments)
        if call.bench in LASTING or (deeds.snapshot and stands == standing(deeds.snapshot)):
            sitting.results[call] = value
        if tell:
            deeds.use(call.bench, *call.arguments)
            if call.bench == "nudge":
                deeds.nudge(str(call.arguments[0]), float(call.arguments[1]), float(value))

    async def _check_gradient(self, session: Session, sitting: Sitting, name: str, tell: bool) -> None:
        if tell or name not in sitting.attempt.deeds.checks:
            await LessonPlayer(session, sitting.attempt).do(Action("gradcheck", (name,), f"gradcheck {name}"))


def standing(snapshot: Snapshot) -> tuple[object, ...]:
    """What the benches' figures hang on."""
    return snapshot.moment, snapshot.experiment
