"""What was done in a lesson, judged: tasks, challenges, figures for the text, and what expressions' words mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from adder_engine.errors import AdderError
from adder_tui.course.activity_log import ActivityLog, LoggedRun, parameter_name
from adder_tui.course.expressions import Argument, Call, Expression, Value
from adder_tui.course.lesson import Challenge, Lesson, Quote, Settings, Task
from adder_tui.storage.progress import LessonRecord

if TYPE_CHECKING:
    from adder_engine.session import Session
    from adder_engine.snapshot import Snapshot

Figures = Mapping[Call, Value]
"""What was asked of the engine, about one moment of one run."""


class LessonAttempt:
    """A lesson and what was done in it. Tasks latch: once done they stay done.

    Args:
        lesson: the lesson.
        record: what was kept of it, to go on from.
    """

    def __init__(self, lesson: Lesson, record: LessonRecord | None = None) -> None:
        self.lesson = lesson
        record = record or LessonRecord()
        self.activity = ActivityLog(predictions=dict(record.prediction), answers=dict(record.answers))
        self.done: set[int] = {task.id for task in lesson.tasks} & set(record.tasks)
        """Ids of tasks."""
        self.best: dict[str, float] = dict(record.best)
        """Challenges that were met, with the best score; 0 where there is no score."""
        self.figures: dict[str, str] = dict(record.figures)
        """What the text quotes of the learner's own runs, as it is written there."""
        self._early = {one.name for one in lesson.quotes if one.name in self.figures and not self._in_turn(one)}
        """Those that were taken while a task before theirs was open."""

    async def look(self, session: Session) -> tuple[Task, ...]:
        """See which tasks have become done, asking the engine where a check hangs on it. Returns the new ones."""
        new = []
        for task in self.lesson.tasks:
            if task.id not in self.done and await self.value(session, task.check, task.when) is True:
                self.done.add(task.id)
                new.append(task)
        return tuple(new)

    async def look_at_challenges(self, session: Session) -> tuple[Challenge, ...]:
        """See which challenges are met now with a better score than before."""
        better: list[Challenge] = []
        if self.activity.run is None or self.activity.run.shown:
            return ()
        for one in self.lesson.challenges:
            if await self.value(session, one.check, one.when) is not True:
                continue
            score = 0.0 if one.score is None else await self.value(session, one.score, one.when)
            if isinstance(score, float) and score < self.best.get(one.id, float("inf")):
                self.best[one.id] = score
                better.append(one)
        return tuple(better)

    async def take_figures(self, session: Session) -> dict[str, str]:
        """Take each quoted figure whose task is done, from the run that did it. Returns the new ones.

        One that is done early, such as a view that was looked into, is taken anew when those before it are done too;
        where no run at hand does it then, what it was is kept.
        """
        new = {}
        for quote in self.lesson.quotes:
            in_turn, name = self._in_turn(quote), quote.name
            if name in self.figures and (name not in self._early or not in_turn):
                continue
            if text := await self._figure_of(session, quote):
                new[name] = text
                (self._early.discard if in_turn else self._early.add)(name)
        self.figures |= new
        return new

    def _in_turn(self, quote: Quote) -> bool:
        """Whether a figure's task and all before it are done."""
        return self.done.issuperset(range(1, self.lesson.task_of(quote).id + 1))

    async def _figure_of(self, session: Session, quote: Quote) -> str:
        """A figure as the text writes it; empty while its task is open, or where its run is to be had no more.

        It is of the newest run that makes the task's check true, once that run has come to rest.
        """
        task = self.lesson.task_of(quote)
        if task.id not in self.done:
            return ""
        for run in reversed(self.activity.runs):
            if any(when is not None and not run.matches(when) for when in (quote.when, task.when)):
                continue
            if run is self.activity.run and self.activity.plays:
                return ""
            if await self._value_of(session, task.check, run) is True:
                value = await self._value_of(session, quote.value, run)
                if value is not None:
                    return quote.written(value)
        return ""

    async def _value_of(self, session: Session, expression: Expression, run: LoggedRun) -> Value:
        """What an expression gives of one run; the one at hand says what it does now, an earlier one what it said."""
        sums = {Call("ask", given) for word, given in expression.words if word in ("said", "ask")}
        if run is self.activity.run and self.activity.snapshot is not None:
            figures = await fetch(session, expression.needs | sums)
        else:
            figures = {need: said[-1] for need in sums if (said := run.answers_to(need.arguments))}
        return expression.value(Resolver(self.lesson, self.activity, run, True, figures).look_up)

    async def value(self, session: Session, expression: Expression, when: Settings | None = None) -> Value:
        """What an expression gives now. The engine is asked only where the answer hangs on it."""
        value = self._known(expression, when, {})
        run = self.activity.run
        if value is not None or not expression.needs or self.activity.snapshot is None or run is None:
            return value
        if when is not None and not run.matches(when):
            return value  # an earlier run is meant: the engine knows the one at hand
        if self.activity.plays and any(need.word != "ask" for need in expression.needs):
            return None  # what takes long is not computed several times a second
        return self._known(expression, when, await fetch(session, expression.needs))

    def _known(self, expression: Expression, when: Settings | None, figures: Figures) -> Value:
        """What an expression gives for what was done; None where that is not known.

        With ``when`` it is asked of the runs with these settings, newest first, and gives the first that is not
        false or unknown; false only if it is so for all of them. Without, of the run at hand.
        """
        runs = self.activity.runs
        fitting = runs[-1:] if when is None else [run for run in reversed(runs) if run.matches(when)]
        unknown = not fitting
        for run in fitting:
            value = expression.value(Resolver(self.lesson, self.activity, run, when is not None, figures).look_up)
            if value is not None and value is not False:
                return value
            unknown = unknown or value is None
        return None if unknown else False

    @property
    def all_done(self) -> bool:
        """Every task is done and every prediction locked in."""
        return len(self.done) == len(self.lesson.tasks) and all(
            one.id in self.activity.predictions for one in self.lesson.predictions
        )


def completed(lesson: Lesson, record: LessonRecord) -> bool:
    """Whether a lesson is done by what is kept of it: predictions locked in, tasks done, the quiz right."""
    return record.quiz.right and LessonAttempt(lesson, record).all_done


# --- what words mean ------------------------------------------------------------------------------


async def fetch(session: Session, needs: Iterable[Call]) -> dict[Call, Value]:
    """Ask the engine for what expressions need. What it refuses, as a bench does a network without one, is unknown."""
    figures: dict[Call, Value] = {}
    for need in needs:
        try:
            figures[need] = await _figure(session, need)
        except AdderError:
            figures[need] = None
    return figures


async def _figure(session: Session, need: Call) -> Value:
    if need.word == "ask":
        a, b = need.arguments
        answer = await session.predict(float(a), float(b))
        return answer if math.isfinite(answer) else None
    name, *arguments = need.arguments if need.word == "bench" else (need.word, *need.arguments)
    return await session.bench(str(name), *arguments)


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
                return any(run.answers_to(pair) for run in self._runs)
            case "asked_right", (float(tol), float(a), float(b), float(away)):
                return any(
                    math.hypot(one.sum.a - a, one.sum.b - b) > away and abs(one.off_by) < tol
                    for one in self._run.asked
                    if one.off_by is not None
                )
            case "said", pair if (now := self._figures.get(Call("ask", pair))) is not None:
                return now
            case "said", pair:
                said = [answer for run in self._runs for answer in run.answers_to(pair)]
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
            self._figures.get(Call(word, arguments)) if self._now is None else self._of_now(self._now, word, arguments)
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
                answer = known.predicted if known else self._figures.get(Call(word, pair))
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
        return self._figures.get(Call(word, arguments))


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
