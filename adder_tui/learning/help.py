"""Help with a lesson's task: three hints, and after them "show me", which plays the solution on the live network."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adder_engine.errors import AdderError
from adder_tui.learning.sheets import view_for
from adder_tui.lessons import progress
from adder_tui.lessons.player import LessonPlayer

if TYPE_CHECKING:
    from adder_tui.learning.classroom import Classroom
    from adder_tui.learning.sitting import Sitting
    from adder_tui.lessons.actions import Action
    from adder_tui.lessons.lesson import Task

SHOWN_SECONDS = 0.8
"""How long each action of "show me" stands before the next."""
HINTS = 3


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
