"""What is to be done next of a task: the first of its actions that is not plainly done yet."""

from __future__ import annotations

from adder_engine.sums import parse_sum
from adder_tui.lessons.actions import Action
from adder_tui.lessons.attempt import Attempt
from adder_tui.lessons.lesson import Task


def next_action(task: Task, attempt: Attempt) -> Action | None:
    """The action that comes next; None where each of them seems done."""
    return next((action for action in task.actions if not _is_done(action, attempt)), None)


def _is_done(action: Action, attempt: Attempt) -> bool:
    deeds, lesson = attempt.deeds, attempt.lesson
    run = deeds.run
    match action.verb, action.words:
        case "answer", (id, *_):
            field = lesson.field_named(id)
            return field is not None and field.right(deeds.answers.get(id, ""))
        case "open", (view,):
            return view in deeds.opened
    if run is None:
        return False
    match action.verb, action.words:
        case "ask", _:
            wanted = parse_sum(action.argument)
            return any((one.a, one.b) == (wanted.a, wanted.b) for one in run.asked)
        case "run", (epochs,):
            return run.epochs >= int(epochs)
        case (("set" | "change"), changes):
            return run.experiment == run.experiment.parsed(*changes)
        case "station", (id,):
            station = lesson.station_named(id)
            return station is not None and all(run.experiment[key] == value for key, value in station.preset.items())
    return False
