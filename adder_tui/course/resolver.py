"""What an expression's words mean: looked up in what was done, in a run, and in what the engine was asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from adder_engine.errors import AdderError
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
    """What an expression gives for what a learner did; None where that is not known.

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


def value_of(lesson: Lesson, activity: ActivityLog, expression: Expression, run: LoggedRun, figures: Figures) -> Value:
    """What an expression gives of one run, as it stands."""
    return expression.value(Resolver(lesson, activity, run, True, figures).look_up)


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


OF_A_RUN: Mapping[str, Callable[..., Value]] = {
    "epochs": lambda run: run.epochs, "updates": lambda run: run.newest,
    "examples": lambda run: run.experiment.row_count,
    "first_loss": lambda run: run.ends[0], "loss": lambda run: run.ends[1],
    "lowest": lambda run: min(run.train, default=None), "highest": lambda run: max(run.train, default=None),
    "at": LoggedRun.at, "rises": lambda run: run.rises, "first_below": LoggedRun.first_below,
    "exploded": lambda run: run.exploded, "train_rmse": lambda run: run.train_rmse,
    "test_rmse": lambda run: run.test_rmse, "best_test_rmse": lambda run: run.best_test[0],
    "best_test_epoch": lambda run: run.best_test[1],
}  # fmt: skip
"""What the words behind ``run.`` mean."""


class Resolver:
    """The meaning of words for one run of a lesson."""

    def __init__(self, lesson: Lesson, activity: ActivityLog, run: LoggedRun, bound: bool, figures: Figures) -> None:
        self._lesson, self._activity, self._run, self._figures = lesson, activity, run, figures
        self._runs = [run] if bound else activity.runs
        """The runs whose sums count."""
        self._opened = run.opened if bound else activity.opened
        """The views that count: of a task's own run those that were looked at with it."""
        here = activity.snapshot is not None and run is activity.run
        self._now: Snapshot | None = activity.snapshot if here else None
        """The run at hand as it stands; None where an earlier run is meant."""

    def look_up(self, word: str, arguments: tuple[Argument, ...]) -> Value:
        """The value of a word of the vocabulary."""
        value = self._value(word, arguments)
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    def _value(self, word: str, arguments: tuple[Argument, ...]) -> Value:
        activity, lesson = self._activity, self._lesson
        if word.startswith("run."):
            return OF_A_RUN[word.removeprefix("run.")](self._run, *arguments)
        match word, arguments:
            case "parameters", ():
                return self._run.experiment.parameter_count
            case "cfg", (str(key),):
                return self._setting(key)
            case "predicted", (id,):
                return id in activity.predictions
            case "answered", (str(id),):
                answered = lesson.field_named(id)
                return answered is not None and id in activity.answers and answered.right(activity.answers[id])
            case "asked", pair:
                return any((one.a, one.b) == pair for run in self._runs for one in run.asked)
            case "asked_right", (float(tol), float(a), float(b), float(away)):
                return any(
                    math.hypot(one.a - a, one.b - b) > away and abs(one.answer - one.wanted) < tol
                    for one in self._run.asked
                    if one.wanted is not None
                )
            case "said", pair if (now := self._figures.get(Need("ask", pair))) is not None:
                return now
            case "said", pair:
                said = [one.answer for run in self._runs for one in run.asked if (one.a, one.b) == pair]
                return said[-1] if said else None
            case "opened", (view,):
                return view in self._opened
            case "sorted", ():
                cards = lesson.board.cards if lesson.board else ()
                return sum(activity.sorted.get(card.id) in card.bins for card in cards)
            case "nudged", (str(parameter), float(sign)):
                name = parameter_name(parameter)
                return any(one == name and amount * sign > 0 for one, amount in activity.nudges)
            case "nudge_loss", (str(parameter), float(amount)):
                return activity.nudges.get((parameter_name(parameter), amount))
            case "gradcheck" | "estimate", (str(parameter), float(size)):
                check = activity.checks.get(parameter_name(parameter))
                near = [one for one in check.nudges if math.isclose(one.size, size, rel_tol=1e-9)] if check else []
                return None if not near else near[0].relative_error if word == "gradcheck" else near[0].estimate
            case "did", (bench, *given):
                return any(name == bench and list(used[: len(given)]) == given for name, used in activity.used)
            case "tried", (float(seed),):
                return activity.seeds[int(seed)]
            case "seeds_tried", ():
                return len(activity.seeds)
            case "edits", ():
                return self._run.edits
        return (
            self._figures.get(Need(word, arguments)) if self._now is None else self._of_now(self._now, word, arguments)
        )

    def _setting(self, name: str) -> Value:
        try:
            setting: Any = self._run.experiment[name]
        except AttributeError:
            return None
        if isinstance(setting, tuple):
            return "-".join(map(str, setting)) if name == "network.layers" else len(setting)
        return setting if isinstance(setting, bool | str) else float(setting)

    def _of_now(self, now: Snapshot, word: str, arguments: tuple[Argument, ...]) -> Value:
        match word, arguments:
            case "ask", pair:
                known = next((one for one in now.answers if (one.sum.a, one.sum.b) == pair), None)
                answer = known.predicted if known else self._figures.get(Need(word, pair))
                return answer if isinstance(answer, float) and math.isfinite(answer) else None
            case "loss", ():
                return now.current_loss
            case "epochs", ():
                return now.epoch
            case "updates", ():
                return now.moment.update
            case "lr", ():
                return now.lr
            case "value" | "grad", (str(name),):
                index = _index(now, name)
                if index is None or (word == "grad" and not now.gradient_set(index)):
                    return None
                return float(now.state[0 if word == "value" else 1, index])
            case (("out" | "error"), (float(layer), float(neuron))):
                return _in_trace(now, word, int(layer), int(neuron))
            case (("map.w_a" | "map.w_b" | "map.c"), ()):
                return None if now.collapsed is None else float(getattr(now.collapsed, word.removeprefix("map.")))
        return self._figures.get(Need(word, arguments))


def place_of(name: str) -> tuple[str, tuple[int, ...]]:
    """A parameter's tensor and its place there: ``hidden.weight[2,0]``, or ``output.bias`` for its one number.

    Raises:
        ValueError: the place is none.
    """
    tensor, _, place = name.partition("[")
    numbers = [text.strip() for text in place.rstrip("]").split(",") if text.strip()] or ["0"]
    return tensor, tuple(map(int, numbers))


def index_of(snapshot: Snapshot, name: str) -> int:
    """A parameter's flat index.

    Raises:
        RequestError: this network has no such parameter.
        ValueError: the name is none.
    """
    return snapshot.experiment.layout.index_of(*place_of(name))


def _index(now: Snapshot, name: str) -> int | None:
    try:
        return index_of(now, name)
    except (AdderError, ValueError):
        return None


def _in_trace(now: Snapshot, word: str, layer: int, neuron: int) -> float | None:
    layers = now.trace.layers if now.trace else ()
    if not 1 <= layer <= len(layers):
        return None
    numbers = layers[layer - 1].post if word == "out" else layers[layer - 1].delta
    return float(numbers[neuron - 1]) if 1 <= neuron <= len(numbers) else None
