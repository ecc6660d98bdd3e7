"""A run's past: keyframes whose spacing doubles when a budget is full, and a log of what a person did; and a run as
it was left.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.snapshot import InterventionDiff, Position, Stage
from adder_engine.training.checkpoint import Checkpoint, Constraints
from adder_engine.training.history import History
from adder_engine.training.trainer import Trainer

BUDGET = 64 * 2**20
"""Bytes that the keyframes may take."""
REPLAY = 0.002
"""Seconds that the replay between two keyframes may take, about."""
MOST_KEYFRAMES = 2048
"""Of runs whose updates are quick: more would take longer to write than the updates."""
OVERHEAD = 1_000
"""About what a keyframe costs beside its numbers."""


@dataclass(frozen=True)
class SetParameter:
    """One parameter was set by hand."""

    index: int
    """Flat index among the P parameters."""
    value: float

    def check(self, experiment: Experiment) -> None:
        """Raise RequestError where there is no such parameter, or the value is not a finite float32."""
        if not 0 <= self.index < experiment.parameter_count:
            raise RequestError(
                "There is no parameter {index}: there are {count}.", index=self.index, count=experiment.parameter_count
            )
        if not abs(self.value) <= 1e30:
            raise RequestError("{value:g} is no value for a parameter: use a number within ±1e30.", value=self.value)

    def apply(self, trainer: Trainer) -> None:
        trainer.edit(self.index, self.value)


@dataclass(frozen=True)
class ChangeSettings:
    """Training settings were changed during the run."""

    experiment: Experiment

    def apply(self, trainer: Trainer) -> None:
        trainer.change(self.experiment)


@dataclass(frozen=True)
class SetConstraints:
    """Parameters were frozen or freed, neurons muted or woken."""

    constraints: Constraints

    def check(self, experiment: Experiment) -> None:
        """Raise RequestError where there is no such parameter or hidden neuron."""
        size, sizes = experiment.parameter_count, experiment.network.layers[1:-1]
        if any(not 0 <= i < size for i in self.constraints.frozen):
            raise RequestError("Parameters are numbered 0 to {last}.", last=size - 1)
        if any(not (0 <= layer < len(sizes) and 0 <= n < sizes[layer]) for layer, n in self.constraints.muted):
            raise RequestError("Only neurons of hidden layers can be silenced.")

    def apply(self, trainer: Trainer) -> None:
        trainer.constrain(self.constraints)


Intervention = SetParameter | ChangeSettings | SetConstraints


@dataclass(frozen=True)
class Event:
    """What a person did, and the moment just before it."""

    at: Position
    intervention: Intervention


def intervention_diff(intervention: Intervention, trainer: Trainer) -> InterventionDiff:
    """What a deed finds and leaves; the trainer stands at the moment just before it."""
    now, held = trainer.experiment, trainer.constraints
    then = intervention.constraints if isinstance(intervention, SetConstraints) else held
    index, values = None, (0.0, 0.0)
    if isinstance(intervention, SetParameter):
        index = intervention.index
        values = (float(trainer.state[0, index]), float(np.float32(intervention.value)))
    return InterventionDiff(
        index=index,
        values=values,
        experiments=(now, intervention.experiment if isinstance(intervention, ChangeSettings) else now),
        frozen=(held.frozen, then.frozen),
        muted=(held.muted, then.muted),
    )


class Timeline:
    """A run's past: any moment is the nearest keyframe before it, replayed.

    Keyframes stand at multiples of ``spacing`` updates. A branch shares the past's keyframes.
    """

    def __init__(self, spacing: int, budget: int = BUDGET, widest: int = 1) -> None:
        self.spacing = spacing
        self.widest = widest
        """Up to this spacing, from where a replay takes about two milliseconds, there need not be many keyframes."""
        self.budget = budget
        self.keyframes: list[Checkpoint] = []
        self.events: list[Event] = []
        self.bytes = 0

    @classmethod
    def for_experiment(cls, experiment: Experiment, budget: int = BUDGET) -> Timeline:
        """A timeline whose spacing keeps a replay within about two milliseconds, as long as the budget does."""
        widest = max(1, min(1024, int(REPLAY / experiment.update_seconds)))
        return cls(min(16, widest), budget, widest)

    def note(self, trainer: Trainer) -> None:
        """Keep a keyframe if one is due here. Call between two updates, before what is done there."""
        update = trainer.counters.updates_done
        if update % self.spacing or (self.keyframes and self.keyframes[-1].counters.updates_done >= update):
            return
        keyframe = trainer.checkpoint()
        self.keyframes.append(keyframe)
        self.bytes += size_of(keyframe)
        if len(self.keyframes) > MOST_KEYFRAMES and 2 * self.spacing <= self.widest:
            self._thin()
        self.shrink(self.budget)

    def shrink(self, budget: int) -> None:
        """Keep no more keyframes than a budget takes: only every second one, and again, until they fit."""
        while self.bytes > budget and len(self.keyframes) > 2:
            self._thin()

    def before(self, update: int) -> Checkpoint:
        """The last keyframe at or before an update."""
        return self.keyframes[bisect.bisect_right(self.keyframes, update, key=_update) - 1]

    def before_epoch(self, epoch: int) -> Checkpoint:
        """The last keyframe before the end of epoch ``epoch``; the first one for epoch 0."""
        i = bisect.bisect_left(self.keyframes, (epoch, 0), key=_place) - 1
        return self.keyframes[max(i, 0)]

    def next_event(self, moment: Position) -> int:
        """Index of the first event that has not been done yet at a moment."""
        return bisect.bisect_left(self.events, moment, key=_at)

    def next_stop(self, moment: Position) -> Position | None:
        """The place of what a person did next, as seen from a moment; None where there is nothing."""
        i = self.next_event(moment)
        return self.events[i].at if i < len(self.events) else None

    def last_stop(self, moment: Position) -> Position:
        """Where a step back from a moment halts at the latest: behind what a person did last before it, or where that
        is right there, before it; the start where there is nothing.
        """
        i = self.next_event(moment) - 1
        if i < 0:
            return Position()
        at = self.events[i].at
        return at if at.behind == moment else at.behind

    def halts(self, start: Position, stop: Position) -> list[Position]:
        """From one moment to a later one: both, each update, and before and after each event."""
        halts = {start, stop} | {Position(update) for update in range(start.update + 1, stop.update + 1)}
        for event in self.events[self.next_event(start) : self.next_event(stop)]:
            halts |= {event.at, event.at.behind}
        return sorted(halts)

    def one_back(self, size: str, moment: Position, stages: Sequence[Stage]) -> Position:
        """The place one layer, phase or update before a moment, or before what was done right there."""
        update, stage = moment.update, moment.stage
        if moment.edits:
            return Position(update, stage, moment.edits - 1)
        if stage == 0:
            if update == 0:
                return moment
            update, stage = update - 1, len(stages)
        if size == "update":
            stage = 0
        elif size == "phase":
            phase = stages[stage - 1].phase
            while stage and stages[stage - 1].phase == phase:
                stage -= 1
        else:
            stage -= 1
        return self.behind(update, stage)

    def behind(self, update: int, stage: int = 0) -> Position:
        """A place of the run, behind all that was done right there."""
        first = self.next_event(Position(update, stage))
        return Position(update, stage, self.next_event(Position(update, stage + 1)) - first)

    def cut(self, moment: Position) -> None:
        """Forget everything that comes after a moment."""
        del self.events[self.next_event(moment) :]
        kept = bisect.bisect_right(self.keyframes, moment.update, key=_update)
        self.bytes -= sum(map(size_of, self.keyframes[kept:]))
        del self.keyframes[kept:]

    def branch(self) -> Timeline:
        """A timeline of its own that shares this one's past."""
        other = Timeline(self.spacing, self.budget, self.widest)
        other.keyframes, other.events, other.bytes = list(self.keyframes), list(self.events), self.bytes
        return other

    def thinned(self, most: int) -> list[Checkpoint]:
        """At most about ``most`` keyframes, evenly spread, the first and the newest among them."""
        stride = -(-len(self.keyframes) // most)
        chosen = self.keyframes[::stride]
        return chosen if not chosen or chosen[-1] is self.keyframes[-1] else [*chosen, self.keyframes[-1]]

    def _thin(self) -> None:
        self.spacing *= 2
        self.keyframes = [k for k in self.keyframes if k.counters.updates_done % self.spacing == 0]
        self.recount()

    def recount(self) -> None:
        """Add up anew what the keyframes take."""
        self.bytes = sum(map(size_of, self.keyframes))


@dataclass
class SuspendedRun:
    """A run as it was left: all that it takes to go on with it, without a trainer."""

    first_experiment: Experiment
    timeline: Timeline
    history: History
    newest: Position
    newest_epoch: int
    stop: tuple[Position, str] | None
    moment: Position
    epoch: int
    """Epochs finished at ``moment``."""
    line: int = 0
    """The number under which a session lists the run."""
    diff: InterventionDiff | None = None
    """What was undone to leave it; None where it was left otherwise."""

    def copy(self) -> SuspendedRun:
        """An equal one that shares the keyframes and nothing that changes."""
        return replace(self, timeline=self.timeline.branch(), history=self.history.copy())

    def at_its_end(self) -> SuspendedRun:
        """The same run, left at its newest moment."""
        return replace(self, moment=self.newest, epoch=self.newest_epoch)


def size_of(keyframe: Checkpoint) -> int:
    """Bytes that a keyframe takes. Runs that draw nothing while training share one stream."""
    streams = 2 * keyframe.stream.nbytes if keyframe.experiment.draws_while_training else 0
    return keyframe.state.nbytes + streams + OVERHEAD


def _update(keyframe: Checkpoint) -> int:
    return keyframe.counters.updates_done


def _place(keyframe: Checkpoint) -> tuple[int, int]:
    return keyframe.counters.epochs_done, keyframe.counters.row


def _at(event: Event) -> Position:
    return event.at
