"""Many runs that differ in one setting or in two, one after another on each core; and the thread they train in."""

from __future__ import annotations

import queue
import statistics
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from adder_engine.errors import ExperimentError, RequestError
from adder_engine.experiment import Experiment, key_named
from adder_engine.language import listed, tr, trn
from adder_engine.parsing import Sum
from adder_engine.schema import LARGEST_SEED, Value
from adder_engine.snapshot import ended_text
from adder_engine.steps import give_way
from adder_engine.watched_sums import starting_sums

MOST_RUNS = 1_000
LOOKS = 200
"""How often the runs are looked at over the longest of them."""
STRETCH = 0.05
"""Seconds that a run trains for between two looks at what is asked, about."""


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
    across: Value | None = None
    """The second setting's value; None in a sweep over one."""

    @property
    def done(self) -> bool:
        """All epochs are run, or one of the experiment's rules ended it."""
        all_run = self.epochs >= self.experiment.epochs
        return self.begun and self.stopped is None and (all_run or bool(self.paused))


@dataclass(frozen=True)
class SweepRow:
    """What became of one value, in a grid of one pair, over all seeds.

    Runs that stopped or have not finished are only counted.
    """

    value: Value
    across: Value | None
    """The second setting's value; None in a sweep over one."""
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
    """Value by value, in a grid the second setting's within the first one's, and seed by seed within that."""

    @property
    def finished(self) -> bool:
        return all(run.done or run.stopped for run in self.runs)

    @property
    def lines(self) -> tuple[SweepRow, ...]:
        """One line a value, or a pair of them, in the order in which they were given."""
        by_value: dict[tuple[Value, Value | None], list[SweepRun]] = {}
        for run in self.runs:
            by_value.setdefault((run.value, run.across), []).append(run)
        return tuple(_line(runs) for runs in by_value.values())


class Sweep:
    """One experiment with one key set to each of several values, or two keys to all pairs, each from several seeds.

    Args:
        experiment: what all runs have in common.
        over: the dotted name of the key, such as ``training.lr``.
        values: what it is set to.
        seeds: the seeds of each value's runs; default: the experiment's own.
        sums: what every network is asked; default: the first of the sums that are watched (30 + 70 where it fits).
        across: a second key with its values, which makes a grid; None for one key alone.

    Raises:
        ExperimentError: no such key, one key twice, no values, too many runs, or a value or a pair that will not do.
    """

    def __init__(
        self,
        experiment: Experiment,
        over: str,
        values: Sequence[Value],
        seeds: Sequence[int] = (),
        sums: Sequence[Sum] = (),
        across: tuple[str, Sequence[Value]] | None = None,
    ) -> None:
        self.experiment = experiment
        self.over, self.values = _converted(experiment, over, values)
        self.across, self.across_values = ("", ()) if across is None else _converted(experiment, *across)
        """The second key and its values; empty in a sweep over one."""
        self.seeds = tuple(dict.fromkeys(seeds)) or (experiment.seed,)
        self.sums = tuple(sums) or starting_sums(experiment)[:1]
        if self.over == self.across:
            raise ExperimentError(
                "A grid takes two settings, and both are {over}: give all its values at once.", over=over
            )
        if "seed" in (self.over, self.across) and len(self.seeds) > 1:
            raise ExperimentError("A sweep over seed takes its seeds from its values: leave out the other seeds.")
        count = len(self.settings) * len(self.seeds)
        if count > MOST_RUNS:
            one, other, each = len(self.values), len(self.across_values), len(self.seeds)
            raise ExperimentError(
                "{values} from {seeds} make {count:,} runs: a sweep takes at most {most:,}.",
                values=tr("{one:,} by {other:,} values", one=one, other=other)
                if self.across
                else trn("{count:,} value", "{count:,} values", one, count=one),
                seeds=trn("{count:,} seed", "{count:,} seeds", each, count=each),
                count=count,
                most=MOST_RUNS,
            )
        self._runs = tuple(
            SweepRun(value, changed.seed, changed, across=other)
            for value, other in self.settings
            for seed in self.seeds
            for set_across in [{self.across: other} if other is not None else {}]
            for changed in [experiment.replace(**{"seed": seed, self.over: value, **set_across})]
        )

    @property
    def settings(self) -> tuple[tuple[Value, Value | None], ...]:
        """What is set in the runs of each of the state's lines: a value, and in a grid the second setting's."""
        return tuple((value, other) for value in self.values for other in self.across_values or (None,))

    @property
    def state(self) -> SweepState:
        """The sweep before anything is trained."""
        return SweepState(self._runs)

    def steps(self, every_epochs: int, jobs: int = 1) -> Iterator[SweepState]:
        """Train, and look at each run after each so many epochs, and between; the last state is the finished one.

        Args:
            every_epochs: between two points of a run's course.
            jobs: how many runs train at the same time.

        Raises:
            RequestError: fewer than one epoch, or one job.
        """
        if every_epochs < 1:
            raise RequestError("{epochs} epochs between two looks will not do: take at least 1.", epochs=every_epochs)
        if jobs < 1:
            raise RequestError("{jobs} jobs will not do: take at least 1.", jobs=jobs)
        runs = list(self._runs)
        looks: queue.SimpleQueue[tuple[int, SweepRun] | BaseException] = queue.SimpleQueue()
        waiting, enough = iter(range(len(runs))), threading.Event()

        def work() -> None:
            """Train one run after another, as long as some are left."""
            give_way()
            try:
                for place in waiting:
                    for look in self._train(self._runs[place], every_epochs):
                        looks.put((place, look))
                        if enough.is_set():
                            return
            except BaseException as error:  # told where the sweep is followed
                looks.put(error)

        threads = [threading.Thread(target=work, name="sweeping", daemon=True) for _ in range(min(jobs, len(runs)))]
        for thread in threads:
            thread.start()
        try:
            while not SweepState(tuple(runs)).finished:
                found = looks.get()
                if isinstance(found, BaseException):
                    raise found
                place, run = found
                runs[place] = run
                yield SweepState(tuple(runs))
        finally:
            enough.set()
            for thread in threads:
                thread.join()

    def run(self, progress: Callable[[SweepState], None] | None = None, jobs: int = 1) -> SweepState:
        """Train all runs to their ends, ``jobs`` at the same time, telling ``progress`` some fifty times a run."""
        state = self.state
        for state in self.steps(max(1, max(run.experiment.epochs for run in self._runs) // 50), jobs):
            if progress is not None:
                progress(state)
        return state

    def _train(self, run: SweepRun, every_epochs: int) -> Iterator[SweepRun]:
        """Train one run to its end, and look at it now and then."""
        # Not at the top: a sweep can be described without numpy and the kernels.
        from adder_engine.runs.divergence import Bound
        from adder_engine.training.stopping import RuledTraining
        from adder_engine.training.trainer import Trainer

        trainer = Trainer(run.experiment)
        training, bound = RuledTraining(trainer), Bound(trainer, [trainer.state[0]])
        updates = max(1, int(STRETCH / run.experiment.update_seconds))
        while True:
            look = (trainer.epochs_done // every_epochs + 1) * every_epochs
            training.train(updates, look)
            epochs, course = trainer.epochs_done, run.course
            here = epochs >= look or training.finished
            if here and trainer.loss is not None and not trainer.stopped and (not course or epochs > course[-1][0]):
                course = (*course, (epochs, trainer.loss))
            run = replace(
                run,
                begun=True,
                epochs=epochs,
                updates=trainer.updates_done,
                loss=trainer.loss,
                test_loss=trainer.test_loss,
                answers=tuple(trainer.answers([(asked.a, asked.b) for asked in self.sums]).tolist()),
                stopped=trainer.stopped,
                paused=training.sentence,
                course=course,
            )
            if run.done and (times := bound.times(loss := trainer.current_loss())) is not None:
                run = replace(run, stopped=ended_text(times, loss), diverged=times, loss_now=loss)
            yield run
            if training.finished:
                return


def parse_over(text: str) -> tuple[str, list[Value]]:
    """Read a setting and its values as they are typed: ``training.lr=1e-4,1e-3`` or ``network.layers=2-1,2-4-1``.

    Between semicolons a comma is decimal: ``training.lr=0,1; 0,01``.

    Raises:
        ExperimentError: no equals sign, no such key, or a value that cannot be read.
    """
    name, equals, rest = text.partition("=")
    key = key_named(name.strip())
    if not equals or not rest.strip():
        raise ExperimentError(
            "{text!r} gives no values: write key=value,value, such as training.lr=1e-4,1e-3.", text=text
        )
    return key.name, [key.parse(part.strip()) for part in _split(rest, ";" in rest and key.name != "data.rows")]


def planned(experiment: Experiment, overs: Sequence[str], seeds: int | None, sums: Sequence[Sum] = ()) -> Sweep:
    """The sweep over one setting, or the grid over two, each with its values as :func:`parse_over` reads them.

    Args:
        seeds: how many, counted from the experiment's own; None for the usual number.

    Raises:
        ExperimentError: a setting, a value or a number of seeds that will not do, or more than two settings.
    """
    if len(overs) > 2:
        raise ExperimentError(
            "A sweep goes over one setting or two, and here are {count}, {settings}: keep two of them, and set "
            "the others to one value.",
            count=len(overs),
            settings=listed(overs),
        )
    (over, values), *others = map(parse_over, overs)
    across = others[0] if others else None
    counted = "seed" if across is not None and across[0] == "seed" else over
    return Sweep(experiment, over, values, seeds_from(experiment, counted, seeds), sums, across)


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
        raise ExperimentError("{count:,} seeds will not do: a sweep takes 1 to {most:,}.", count=count, most=MOST_SEEDS)
    first = min(experiment.seed, LARGEST_SEED - count + 1)
    return range(first, first + count)


def _split(text: str, semicolons: bool) -> Iterator[str]:
    """The text between commas, or between semicolons, that stand outside of brackets."""
    start = depth = 0
    mark = ";" if semicolons else ","
    for i, character in enumerate(text):
        depth += (character == "[") - (character == "]")
        if character == mark and depth == 0:
            yield text[start:i]
            start = i + 1
    yield text[start:]


def _converted(experiment: Experiment, name: str, values: Sequence[Value]) -> tuple[str, tuple[Value, ...]]:
    """The key's full name, and its values as the experiment has them, each once.

    Raises:
        ExperimentError: no such key, no values, or one that will not do.
    """
    key = key_named(name)
    if not values:
        raise ExperimentError(
            "A sweep over {name} needs values, such as {name}={value}.", name=name, value=experiment[name]
        )
    converted = [key.convert(value) for value in values]
    return key.name, tuple(dict.fromkeys(tuple(v) if isinstance(v, list) else v for v in converted))


def _line(runs: Sequence[SweepRun]) -> SweepRow:
    done = [run for run in runs if run.done]
    losses = [run.loss for run in done if run.loss is not None]
    return SweepRow(
        runs[0].value,
        runs[0].across,
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
            longest = max(run.experiment.epochs for run in self.plan.state.runs)
            for state in self.plan.steps(max(1, longest // LOOKS)):
                self.state = state
                if self._enough.is_set():
                    return
        except Exception as error:
            self.failure = tr(
                "Something in the sweep went wrong ({kind}: {error}).", kind=type(error).__name__, error=error
            )
