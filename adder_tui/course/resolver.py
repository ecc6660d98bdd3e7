"""What an expression's words mean: looked up in the deeds, in a run, and in what the engine was asked."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from adder_engine.errors import AdderError
from adder_engine.kernels.parameters import layout_of
from adder_tui.course.activity_log import ActivityLog, LoggedRun, parameter_name
from adder_tui.course.expressions import Argument, Expression, Need, Value
from adder_tui.course.lesson import Lesson, Settings

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Snapshot

Figures = Mapping[Need, Value]
"""What was asked of the engine, about one moment of one run."""


def figure_text(
    lesson: Lesson,
    activity: ActivityLog,
    expression: Expression,
    when: Settings | None = None,
    figures: Figures | None = None,
) -> Value:
    """What an expression gives for a learner's deeds; None where that is not known.

    With ``when`` it is asked of the runs with these settings, newest first, and gives the first that is not
    false or unknown; false only if it is so for all of them. Without, of the run at hand.
    """
    runs = activity.runs[-1:] if when is None else [run for run in reversed(activity.runs) if run.matches(when)]
    unknown = not runs
    for run in runs:
        facts = Resolver(lesson, activity, run, when is not None, figures or {})
        value = expression.value(facts.look_up)
        if value is not None and value is not False:
            return value
        unknown = unknown or value is None
    return None if unknown else False


async def fetch(session: Session, needs: Iterable[Need]) -> dict[Need, Value]:
    """Ask the engine for what expressions need. What it refuses, as a bench does a network without one, is unknown."""
    figures: dict[Need, Value] = {}
    for need in needs:
        try:
            figures[need] = await _figure(session, need)
        except AdderError:
            figures[need] = None
    return figures


async def _figure(session: Session, need: Need) -> Value:
    if need.word == "ask":
        a, b = need.arguments
        answer = await session.predict(float(a), float(b))
        return answer if math.isfinite(answer) else None
    name, arguments = (
        (str(need.arguments[0]), need.arguments[1:]) if need.word == "bench" else (need.word, need.arguments)
    )
    return await session.bench(name, *arguments)


class Resolver:
    """The meaning of words for one run of a lesson."""

    def __init__(self, lesson: Lesson, activity: ActivityLog, run: LoggedRun, bound: bool, figures: Figures) -> None:
        self._lesson, self._activity, self._run, self._bound, self._figures = lesson, activity, run, bound, figures
        here = activity.snapshot is not None and run is activity.run
        self._now: Snapshot | None = activity.snapshot if here else None
        """The run at hand as it stands; None where an earlier run is meant."""

    def look_up(self, word: str, arguments: tuple[Argument, ...]) -> Value:
        """The value of a word of the vocabulary."""
        owner, _, name = word.partition(".")
        if owner == "run":
            return self._of_run(name, arguments)
        if word == "parameters":
            return float(self._run.experiment.parameter_count)
        if word == "cfg":
            return self._setting(str(arguments[0]))
        entry = self._entry(word, arguments)
        if entry is not None:
            return entry
        return None if self._now is None else self._of_now(self._now, word, arguments)

    # --- deeds -----------------------------------------------------------------------------------

    def _entry(self, word: str, arguments: tuple[Argument, ...]) -> Value:
        activity, lesson = self._activity, self._lesson
        match word, arguments:
            case "predicted", (id,):
                return id in activity.predictions
            case "answered", (str(id),):
                answered = lesson.field_named(id)
                return answered is not None and id in activity.answers and answered.right(activity.answers[id])
            case "asked", (a, b):
                runs = [self._run] if self._bound else activity.runs
                return any((one.a, one.b) == (a, b) for run in runs for one in run.asked)
            case "asked_right", (float(tol), float(a), float(b), float(away)):
                return any(
                    math.hypot(one.a - a, one.b - b) > away and abs(one.answer - one.wanted) < tol
                    for one in self._run.asked
                    if one.wanted is not None
                )
            case "said", (a, b):
                runs = [self._run] if self._bound else activity.runs
                said = [one.answer for run in runs for one in run.asked if (one.a, one.b) == (a, b)]
                return said[-1] if said else None
            case "opened", (view,):
                return view in activity.opened
            case "sorted", ():
                cards = lesson.board.cards if lesson.board else ()
                return float(sum(activity.sorted.get(card.id) in card.bins for card in cards))
            case "nudged", (str(parameter), float(sign)):
                name = parameter_name(parameter)
                return any(one == name and amount * sign > 0 for one, amount in activity.nudges)
            case "nudge_loss", (str(parameter), float(amount)):
                return activity.nudges.get((parameter_name(parameter), amount))
            case "gradcheck" | "estimate", (str(parameter), float(size)):
                return self._measured_slope(word, parameter_name(parameter), size)
            case "did", (bench, *given):
                return any(name == bench and list(used[: len(given)]) == given for name, used in activity.used)
            case "tried", (float(seed),):
                return float(activity.seeds[int(seed)])
            case "seeds_tried", ():
                return float(len(activity.seeds))
            case "edits", ():
                return float(self._run.edits)
        return None

    def _measured_slope(self, word: str, parameter: str, size: float) -> Value:
        check = self._activity.checks.get(parameter)
        for nudge in check.nudges if check else ():
            if math.isclose(nudge.size, size, rel_tol=1e-9):
                return nudge.relative_error if word == "gradcheck" else nudge.estimate
        return None

    # --- a run -----------------------------------------------------------------------------------

    def _of_run(self, name: str, arguments: tuple[Argument, ...]) -> Value:
        run = self._run
        losses = run.train
        match name, arguments:
            case "epochs", ():
                return float(run.epochs)
            case "updates", ():
                return float(run.newest)
            case "examples", ():
                return float(run.experiment.row_count)
            case "first_loss", ():
                return losses[0] if losses else None
            case "loss", ():
                return losses[-1] if losses else None
            case "lowest", ():
                return min(losses, default=None)
            case "highest", ():
                return max(losses, default=None)
            case "at", (float(epoch),):
                return run.at(epoch)
            case "rises", ():
                return float(run.rises)
            case "first_below", (float(value),):
                return run.first_below(value)
            case "exploded", ():
                return run.exploded
            case "train_rmse", ():
                return run.train_rmse
            case "test_rmse", ():
                return run.test_rmse
            case "best_test_rmse", ():
                return run.best_test[0]
            case "best_test_epoch", ():
                return run.best_test[1]
        return None

    def _setting(self, name: str) -> Value:
        try:
            setting: Any = self._run.experiment[name]
        except AttributeError:
            return None
        if isinstance(setting, tuple):
            return "-".join(map(str, setting)) if name == "network.layers" else float(len(setting))
        return setting if isinstance(setting, bool | str) else float(setting)

    # --- now -------------------------------------------------------------------------------------

    def _of_now(self, now: Snapshot, word: str, arguments: tuple[Argument, ...]) -> Value:
        match word, arguments:
            case "ask", (a, b):
                known = next((one for one in now.answers if (one.sum.a, one.sum.b) == (a, b)), None)
                answer = known.predicted if known else self._figures.get(Need(word, arguments))
                return answer if isinstance(answer, float) and math.isfinite(answer) else None
            case "loss", ():
                return now.current_loss
            case "epochs", ():
                return float(now.epoch)
            case "updates", ():
                return float(now.moment.update)
            case "lr", ():
                return now.lr
            case "value", (str(name),):
                index = _index(now, name)
                return None if index is None else float(now.state[0, index])
            case "grad", (str(name),):
                index = _index(now, name)
                return None if index is None or not now.gradient_set(index) else float(now.state[1, index])
            case (("out" | "error"), (float(layer), float(neuron))):
                return _in_trace(now, word, int(layer), int(neuron))
            case (("map.w_a" | "map.w_b" | "map.c"), ()):
                return None if now.collapsed is None else float(getattr(now.collapsed, word.removeprefix("map.")))
        return self._figures.get(Need(word, arguments))


def _index(now: Snapshot, name: str) -> int | None:
    """A parameter's flat index; None where this network has no such parameter."""
    layout = layout_of(now.experiment.network.layers, now.experiment.layer_names)
    tensor, _, place = parameter_name(name).partition("[")
    numbers = [text for text in place.rstrip("]").split(",") if text] or ["0"]
    if not all(text.isdecimal() for text in numbers):
        return None
    try:
        return layout.index_of(tensor, tuple(map(int, numbers)))
    except AdderError:
        return None


def _in_trace(now: Snapshot, word: str, layer: int, neuron: int) -> float | None:
    layers = now.trace.layers if now.trace else ()
    if not 1 <= layer <= len(layers):
        return None
    numbers = layers[layer - 1].post if word == "out" else layers[layer - 1].delta
    return float(numbers[neuron - 1]) if 1 <= neuron <= len(numbers) else None
