"""What a learner did in a lesson, as it is kept with the progress: read leniently, so that old files open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adder_engine.snapshot import RunSummary
from adder_tui.course.activity_log import Asked, LoggedRun

if TYPE_CHECKING:
    from adder_engine.snapshot import Snapshot
    from adder_tui.course.state import LessonState


def activity_of(state: LessonState) -> dict[str, Any]:
    """What is kept of a lesson that is open, as JSON holds it: all that neither its run nor its answers tell."""
    activity = state.activity
    return {
        "opened": sorted(activity.opened),
        "looked": [] if activity.run is None else sorted(activity.run.opened),
        "sorted": dict(activity.sorted),
        "nudges": [[name, amount, loss] for (name, amount), loss in activity.nudges.items()],
        "used": [[name, *arguments] for name, arguments in dict.fromkeys(activity.used)],
        "asked": [] if activity.run is None else [[one.a, one.b, one.answer, one.wanted] for one in activity.run.asked],
        "hints": {str(task): count for task, count in state.hints.items()},
        "station": state.station,
    }


def restore_activity(state: LessonState, kept: Mapping[str, Any]) -> None:
    """Take up what was kept, all but what was asked: that is a run's."""
    activity = state.activity
    activity.opened |= {view for view in _list(kept, "opened") if view in state.lesson.shown_views}
    activity.sorted |= {card: bin for card, bin in _table(kept, "sorted").items() if isinstance(bin, str)}
    for row in _list(kept, "nudges"):
        match row:
            case [str(name), int() | float() as amount, int() | float() as loss]:
                activity.nudges[name, float(amount)] = float(loss)
    for row in _list(kept, "used"):
        match row:
            case [str(name), *arguments] if all(isinstance(one, str | int | float) for one in arguments):
                activity.used.append((name, tuple(one if isinstance(one, str) else float(one) for one in arguments)))
    for task in state.lesson.tasks:
        count = _table(kept, "hints").get(str(task.id))
        if isinstance(count, int) and 0 < count <= len(task.hints):
            state.hints[task.id] = count


def restore_runs(state: LessonState, snapshot: Snapshot, earlier: list[RunSummary], kept: Mapping[str, Any]) -> None:
    """Take up the lesson's own runs: those that were left, and the one that goes on."""
    activity = state.activity
    for run in earlier:
        updates = run.epoch * -(-run.experiment.row_count // (run.experiment.training.batch_size or 1 << 60))
        logged = LoggedRun([(0, run.experiment)], newest=updates, losses=run.losses, exploded=bool(run.stopped))
        logged.current_loss, logged.test_loss = run.train_loss, run.test_loss
        activity.runs.append(logged)
    activity.saw(snapshot)
    assert activity.run is not None
    activity.run.opened |= {view for view in _list(kept, "looked") if view in state.lesson.shown_views}
    for row in _list(kept, "asked"):
        match row:
            case [int() | float() as a, int() | float() as b, int() | float() as answer, wanted]:
                activity.run.asked.append(Asked(a, b, answer, wanted if isinstance(wanted, int | float) else None))
    station = state.lesson.station_named(kept.get("station", ""))
    held = state.lesson.controls
    if station is not None and all(
        snapshot.experiment[key] == value for key, value in station.preset.items() if key not in held
    ):
        state.station = station.id


def _list(kept: Mapping[str, Any], key: str) -> list[Any]:
    value = kept.get(key)
    return value if isinstance(value, list) else []


def _table(kept: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = kept.get(key)
    return value if isinstance(value, dict) else {}
