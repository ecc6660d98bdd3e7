"""A lesson and the other tabs: whether the network that one comes back with is still the lesson's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_engine.experiment import KEYS

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Snapshot
    from adder_tui.learning.sitting import Sitting
    from adder_tui.lessons.lesson import Lesson


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
