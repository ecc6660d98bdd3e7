"""Many runs that differ in one setting, trained together; and the thread they train in."""

from __future__ import annotations

import math
import os
import statistics
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from adder_engine.errors import ExperimentError, RequestError
from adder_engine.experiment import Experiment, key_named
from adder_engine.parsing import Sum
from adder_engine.schema import LARGEST_SEED, Value
from adder_engine.snapshot import ended_text
from adder_engine.watched_sums import starting_sums

if TYPE_CHECKING:
    from adder_engine.runs.divergence import Bound
    from adder_engine.training.stopping import RuledTraining
    from adder_engine.training.trainer import Trainer


MOST_RUNS = 1_000
CELLS_TOGETHER = 450_000
"""Rows of an update times neurons times networks that train side by side: what fits a processor's cache."""
GELU_CELLS = 4
"""A cell of gelu takes the place of so many: its formula has more steps on the way, and gains nothing beyond."""
ROWS_TOGETHER = 4_000_000
"""Limit on all their rows of data, trained on or held out: some hundred MiB."""
LOOKS = 200
"""How often the runs are looked at over the longest of them."""


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep, as far as it has come."""

    value: Value
    seed: int
    experiment: Experiment
    begun: bool = False
    """Whether its turn has come; nothing below is known before."""
    epochs: int = 0
    """Epochs finished."""
    updates: int = 0
    loss: float | None = None
    """``train_loss`` of the last finished epoch."""
    test_loss: float | None = None
    answers: tuple[float, ...] = ()
    """To the sweep's sums, in their order, in units of sums."""
    stopped: str | None = None
    """Why the loss stopped being finite, in one sentence; losses and answers are then of the last finite state. Or
    that the run, by the rule of :mod:`adder_engine.runs.divergence`, ended diverged."""
    diverged: float | None = None
    """How many times the start's loss the loss was at the end of a run that diverged; None where it did not."""
    loss_now: float | None = None
    """That loss: over all rows, with the last parameters."""
    paused: str = ""
    """Which of the experiment's rules ended the run, in one sentence; empty where none did."""
    course: tuple[tuple[int, float], ...] = ()
    """``(epoch, train_loss)`` at each look at it."""

    @property
    def done(self) -> bool:
        """All epochs are run, or one of the experiment's rules ended it."""
        all_run = self.epochs >= self.experiment.epochs
        return self.begun and self.stopped is None and (all_run or bool(self.paused))


@dataclass(frozen=True)
class SweepRow:
    """What became of one value over all seeds. Runs that stopped or have not finished are only counted."""

    value: Value
    done: int
    stopped: int
    loss: float | None
    """The median of the final training losses; None where no run has finished."""
    low: float | None
    high: float | None
    answers: tuple[float, ...]
    """The median answers to the sweep's sums."""


@dataclass(frozen=True)
class SweepState:
    """A sweep as far as it has come."""

    runs: tuple[SweepRun, ...]
    """Value by value, and seed by seed within a value."""

    @property
    def finished(self) -> bool:
        return all(run.done or run.stopped for run in self.runs)

    @property
    def lines(self) -> tuple[SweepRow, ...]:
        """One line a value, in the order in which they were given."""
        by_value: dict[Value, list[SweepRun]] = {}
        for run in self.runs:
            by_value.setdefault(run.value, []).append(run)
        return tuple(_line(value, runs) for value, runs in by_value.items())


class Sweep:
    """One experiment with one key set to each of several values, each from several seeds.

    Args:
        experiment: what all runs have in common.
        over: the dotted name of the key, such as ``training.lr``.
        values: what it is set to.
        seeds: the seeds of each value's runs; default: the experiment's own.
        sums: what every network is asked; default: the first of the sums that are watched (30 + 70 where it fits).

    Raises:
        ExperimentError: no such key, no values, too many runs, or a value that will not do.
    """

    def __init__(
        self,
        experiment: Experiment,
        over: str,
        values: Sequence[Value],
        seeds: Sequence[int] = (),
        sums: Sequence[Sum] = (),
    ) -> None:
        key = key_named(over)
        self.experiment = experiment
        self.over = key.name
        self.values = tuple(dict.fromkeys(_hashable(key.convert(value)) for value in values))
        self.seeds = tuple(dict.fromkeys(seeds)) or (experiment.seed,)
        self.sums = tuple(sums) or starting_sums(experiment)[:1]
        if not self.values:
            raise ExperimentError(f"A sweep over {over} needs values, such as {over}={experiment[over]}.")
        if key.name == "seed" and len(self.seeds) > 1:
            raise ExperimentError("A sweep over seed takes its seeds from its values: leave out the other seeds.")
        if len(self.values) * len(self.seeds) > MOST_RUNS:
            raise ExperimentError(
                f"{len(self.values):,} values from {len(self.seeds):,} seeds make"
                f" {len(self.values) * len(self.seeds):,} runs: a sweep takes at most {MOST_RUNS:,}."
            )
        self._runs = tuple(
            SweepRun(value, changed.seed, changed)
            for value in self.values
            for seed in self.seeds
            for changed in [experiment.replace(**{"seed": seed, key.name: value})]
        )

    @property
    def state(self) -> SweepState:
        """The sweep before anything is trained."""
        return SweepState(self._runs)

    def steps(self, every_epochs: int) -> Iterator[SweepState]:
        """Train, and look at the runs in progress after each so many epochs; the last state is the finished one.

        Raises:
            RequestError: fewer than one epoch.
        """
        if every_epochs < 1:
            raise RequestError(f"{every_epochs} epochs between two looks will not do: take at least 1.")
        runs = list(self._runs)
        from adder_engine.runs.divergence import Bound  # a sweep can be described without torch

        for places in self.teams():
            team = team_of([runs[place].experiment for place in places])
            bounds = [Bound(trainer, [trainer.state[0]]) for trainer in team.trainers]
            finished = False
            while not finished:
                team.train(every_epochs)
                finished = team.finished
                for place, trainer, bound in zip(places, team.trainers, bounds, strict=True):
                    runs[place] = _judged(self._look(runs[place], trainer, team.paused), trainer, bound)
                yield SweepState(tuple(runs))

    def run(self, progress: Callable[[SweepState], None] | None = None) -> SweepState:
        """Train all runs to their ends, telling ``progress`` some fifty times a run."""
        state = self.state
        for state in self.steps(max(1, max(run.experiment.epochs for run in self._runs) // 50)):
            if progress is not None:
                progress(state)
        return state

    def teams(self) -> Iterator[list[int]]:
        """The places of runs that train side by side, team by team; a run with rules of its own trains alone."""
        # Not at the top: a sweep can be described without torch.
        from adder_engine.training.batch import shape_of

        alike: dict[object, list[int]] = {}
        for place, run in enumerate(self._runs):
            alike.setdefault(shape_of(run.experiment), []).append(place)
        for places in alike.values():
            if self._runs[places[0]].experiment.stop.active:
                yield from ([place] for place in places)
                continue
            teams = math.ceil(len(places) / _most_together(self._runs[places[0]].experiment))
            size = math.ceil(len(places) / teams)
            for start in range(0, len(places), size):
                yield places[start : start + size]

    def _look(self, run: SweepRun, trainer: Trainer, paused: str) -> SweepRun:
        if run.stopped:
            return run
        course = run.course
        if trainer.loss is not None and not trainer.stopped and not (course and course[-1][0] >= trainer.epochs_done):
            course = (*course, (trainer.epochs_done, trainer.loss))
        return replace(
            run,
            begun=True,
            epochs=trainer.epochs_done,
            updates=trainer.updates_done,
            loss=trainer.loss,
            test_loss=trainer.test_loss,
            answers=tuple(trainer.answers([(asked.a, asked.b) for asked in self.sums])),
            stopped=trainer.stopped,
            paused=paused,
            course=course,
        )


def _judged(run: SweepRun, trainer: Trainer, bound: Bound) -> SweepRun:
    """The run, told as diverged where it has come to its end and is."""
    if not run.done or (times := bound.times(loss := trainer.current_loss())) is None:
        return run
    return replace(run, stopped=ended_text(times, loss), diverged=times, loss_now=loss)


def parse_over(text: str) -> tuple[str, list[Value]]:
    """Read a setting and its values as they are typed: ``training.lr=1e-4,1e-3`` or ``network.layers=2-1,2-4-1``.

    Raises:
        ExperimentError: no equals sign, no such key, or a value that cannot be read.
    """
    name, equals, rest = text.partition("=")
    key = key_named(name.strip())
    if not equals or not rest.strip():
        raise ExperimentError(f"{text!r} gives no values: write key=value,value, such as training.lr=1e-4,1e-3.")
    return key.name, [key.parse(part.strip()) for part in _split(rest)]


USUAL_SEEDS = 5
MOST_SEEDS = 1_000


def seeds_from(experiment: Experiment, over: str, count: int | None) -> range:
    """So many seeds, counted from the experiment's own; None for the usual number.

    Raises:
        ExperimentError: none, or too many.
    """
    if count is None:
        count = 1 if over == "seed" else USUAL_SEEDS
    if not 1 <= count <= MOST_SEEDS:
        raise ExperimentError(f"{count:,} seeds will not do: a sweep takes 1 to {MOST_SEEDS:,}.")
    first = min(experiment.seed, LARGEST_SEED - count + 1)
    return range(first, first + count)


def _split(text: str) -> Iterator[str]:
    """The text between commas that stand outside of brackets."""
    start = depth = 0
    for i, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            yield text[start:i]
            start = i + 1
    yield text[start:]


class Team(Protocol):
    """Trainers that get on together."""

    @property
    def trainers(self) -> Sequence[Trainer]: ...
    @property
    def finished(self) -> bool: ...
    @property
    def paused(self) -> str: ...
    def train(self, epochs: int) -> None: ...


class _Alone:
    """One trainer as a team of its own: what no other run has the shape of, what has rules by which it ends, or what
    fills the cache by itself.
    """

    def __init__(self, training: RuledTraining) -> None:
        self._training = training
        self.trainers = (training.trainer,)

    @property
    def finished(self) -> bool:
        return self._training.finished

    @property
    def paused(self) -> str:
        return self._training.sentence

    def train(self, epochs: int) -> None:
        for _ in range(epochs):
            if self.finished:
                break
            self._training.epoch()


def team_of(experiments: Sequence[Experiment]) -> Team:
    """Fresh trainers of one shape that get on together."""
    from adder_engine.training.batch import Batch
    from adder_engine.training.stopping import RuledTraining
    from adder_engine.training.trainer import Trainer

    trainers = [Trainer(experiment) for experiment in experiments]
    return Batch(trainers) if len(trainers) > 1 else _Alone(RuledTraining(trainers[0]))


def _most_together(experiment: Experiment) -> int:
    rows = max(experiment.row_count, experiment.data.test_count)
    if experiment.training.flat_target:
        pairs = experiment.rows_per_update**2
    else:
        pairs = experiment.rows_per_update * sum(experiment.network.layers)
        pairs *= GELU_CELLS if experiment.network.activation == "gelu" else 1
    return max(1, min(CELLS_TOGETHER // pairs, ROWS_TOGETHER // rows))


def _hashable(value: Value) -> Value:
    return tuple(value) if isinstance(value, list) else value


def _line(value: Value, runs: Sequence[SweepRun]) -> SweepRow:
    done = [run for run in runs if run.done]
    losses = [run.loss for run in done if run.loss is not None]
    return SweepRow(
        value,
        done=len(done),
        stopped=sum(run.stopped is not None for run in runs),
        loss=statistics.median(losses) if losses else None,
        low=min(losses, default=None),
        high=max(losses, default=None),
        answers=tuple(statistics.median(answers) for answers in zip(*(run.answers for run in done), strict=True)),
    )


class SweepThread:
    """Trains a sweep from the moment it is made; :attr:`state` is always the newest that there is.

    The thread never waits for whoever looks.

    Args:
        plan: what to train.
    """

    def __init__(self, plan: Sweep) -> None:
        self.plan = plan
        self.state: SweepState = plan.state
        """As far as it has come."""
        self.failure = ""
        """A fault of ours, in one sentence; empty where there was none."""
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._main, name="sweep", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def stopped(self) -> bool:
        return self._enough.is_set() and not self.state.finished

    def stop(self, timeout: float = 0.0) -> bool:
        """Train no further than to the next look; waits up to ``timeout`` seconds. Returns whether it has ended."""
        self._enough.set()
        if timeout:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _main(self) -> None:
        try:
            os.environ.setdefault("OMP_NUM_THREADS", "1")
            import torch  # not on the caller's time

            torch.set_num_threads(1)
            longest = max(run.experiment.epochs for run in self.plan.state.runs)
            for state in self.plan.steps(max(1, longest // LOOKS)):
                self.state = state
                if self._enough.is_set():
                    return
        except Exception as error:
            self.failure = f"Something in the sweep went wrong ({type(error).__name__}: {error})."
