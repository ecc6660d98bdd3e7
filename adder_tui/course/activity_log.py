"""What a learner did in a lesson, and its runs, gathered from snapshots and commands. The same for app and test."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from adder_engine.experiment import Experiment

if TYPE_CHECKING:
    from adder_engine.snapshot import Answer, GradientCheck, Losses, Position, Snapshot
    from adder_tui.course.probe_views import ProbeCall


MOST_RUNS = 50
"""Runs that are remembered; the oldest make room."""


@dataclass
class LoggedRun:
    """One run: its settings, how far it came, its losses. All from snapshots; nothing is counted twice."""

    settings: list[tuple[int, Experiment]]
    """(update, experiment): the settings in force from that update on."""
    asked: list[Answer] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)
    """Views that were looked at with it at hand."""
    edits: int = 0
    """Numbers set by hand."""
    shown: bool = False
    """Whether "show me" had a hand in it: no challenge is met by such a run."""
    newest: int = 0
    """The furthest update."""
    losses: Losses | None = None
    current_loss: float | None = None
    target_scale: float = 1.0
    test_loss: float | None = None
    stopped_at: Position | None = None
    exploded: bool = False

    def goes_on(self, snapshot: Snapshot) -> bool:
        """Whether a snapshot can be of this run: not another seed, network or data, nor one that begins anew."""
        begun_anew = self.newest > 0 and snapshot.newest.update == 0
        return not begun_anew and _fixed(snapshot.experiment) == _fixed(self.experiment)

    def see(self, snapshot: Snapshot) -> None:
        """Take in what a snapshot of this run shows."""
        update, experiment = snapshot.moment.update, snapshot.experiment
        kept = [(begun, one) for begun, one in self.settings if begun < update]
        if not kept or kept[-1][1] != experiment:
            kept.append((update, experiment))
        self.settings = kept
        self.newest = snapshot.newest.update
        self.losses = snapshot.losses
        self.current_loss, self.target_scale = snapshot.current_loss, snapshot.scales.targets
        self.test_loss = snapshot.test_loss
        if snapshot.status == "stopped":
            self.stopped_at = snapshot.newest
        self.exploded = self.stopped_at is not None and self.stopped_at == snapshot.newest

    @property
    def experiment(self) -> Experiment:
        """The settings in force last."""
        return self.settings[-1][1]

    def matches(self, when: Mapping[str, Any]) -> bool:
        """Whether these settings held from the run's start to its end."""
        return all(same(experiment[key], value) for _, experiment in self.settings for key, value in when.items())

    def answers_to(self, pair: tuple[object, ...]) -> list[float]:
        """What the network said to a pair, each time it was asked."""
        return [one.predicted for one in self.asked if (one.sum.a, one.sum.b) == pair]

    # --- figures ---------------------------------------------------------------------------------

    @property
    def train(self) -> list[float]:
        """Each epoch's loss; beyond 4096 epochs the last of each bucket."""
        return [] if self.losses is None else self.losses.train.tolist()

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """The losses of the first and of the last epoch."""
        train = self.train
        return (train[0], train[-1]) if train else (None, None)

    @property
    def epochs(self) -> int:
        return 0 if self.losses is None or not len(self.losses.epochs) else int(self.losses.epochs[-1])

    @property
    def rises(self) -> int:
        """Epochs whose loss lies above the one before."""
        return sum(after > before for before, after in pairwise(self.train))

    def first_below(self, value: float) -> float | None:
        """The first epoch whose loss lies below a value."""
        return next((epoch for epoch, loss in self._by_epoch if loss < value), None)

    def at(self, epoch: float) -> float | None:
        """That epoch's loss; beyond 4096 epochs the loss of the bucket that holds it."""
        return next((loss for last, loss in self._by_epoch if last >= epoch), None) if epoch >= 1 else None

    @property
    def _by_epoch(self) -> list[tuple[int, float]]:
        losses = self.losses
        return [] if losses is None else [*zip(losses.epochs.tolist(), losses.train.tolist(), strict=True)]

    @property
    def train_rmse(self) -> float | None:
        """Root of the loss over all training rows as last seen, in units of sums; None unless the loss is mse."""
        return self._root(self.current_loss)

    @property
    def test_rmse(self) -> float | None:
        return self._root(self.test_loss)

    @property
    def best_test(self) -> tuple[float | None, float | None]:
        """The lowest held-out RMSE, and its epoch."""
        if self.losses is None or not len(self.losses.test_low):
            return None, None
        lowest = int(self.losses.test_low.argmin())
        return self._root(float(self.losses.test_low[lowest])), float(self.losses.test_epochs[lowest])

    def _root(self, loss: float | None) -> float | None:
        if loss is None or self.experiment.training.loss != "mse":
            return None
        return math.sqrt(loss) * self.target_scale


def same(setting: Any, wanted: Any) -> bool:
    """Whether a setting is the wanted one; numbers within the last digits of a float."""
    numbers = isinstance(setting, int | float) and isinstance(wanted, int | float)
    if numbers and not isinstance(setting, bool) and not isinstance(wanted, bool):
        return math.isclose(setting, wanted, rel_tol=1e-9)
    return bool(setting == wanted)


def _fixed(experiment: Experiment) -> tuple[Any, ...]:
    """What cannot change during a run."""
    return experiment.seed, experiment.network, experiment.data, experiment.training.flat_target


@dataclass
class ActivityLog:
    """The record that checks look at.

    Feed it every snapshot (:meth:`saw`) and every command that a snapshot does not tell of. A sum is noted
    with the run at hand, so see the snapshot first.
    """

    predictions: dict[str, str] = field(default_factory=dict)
    """One that is locked in stays as it is."""
    answers: dict[str, str] = field(default_factory=dict)
    """The newest answer to each field."""
    opened: set[str] = field(default_factory=set)
    sorted: dict[str, str] = field(default_factory=dict)
    """Card to bin."""
    nudges: dict[tuple[str, float], float] = field(default_factory=dict)
    """(parameter, amount) to the loss there."""
    checks: dict[str, GradientCheck] = field(default_factory=dict)
    """The newest measured slope of each parameter."""
    used: list[ProbeCall] = field(default_factory=list)
    """Benches with their arguments."""
    runs: list[LoggedRun] = field(default_factory=list)
    """Oldest first; the last one is at hand."""
    snapshot: Snapshot | None = None
    """The newest one seen."""
    seeds: Counter[int] = field(default_factory=Counter)
    """How many runs were begun with each seed."""
    showing: bool = False
    """Whether "show me" has the wheel."""
    first_run: int | None = None
    """The session's id of the run that was seen first: earlier ones were left by other lessons."""

    @property
    def run(self) -> LoggedRun | None:
        return self.runs[-1] if self.runs else None

    @property
    def plays(self) -> bool:
        """Whether the run at hand is being played."""
        return self.snapshot is not None and self.snapshot.status == "playing"

    def saw(self, snapshot: Snapshot) -> None:
        """Take in a snapshot: it goes on with the run at hand, or begins another. One that comes late is left out."""
        if self.snapshot is not None and snapshot.version < self.snapshot.version:
            return
        run = self.run
        self.first_run = snapshot.run if self.first_run is None else self.first_run
        if run is None or not run.goes_on(snapshot):
            run = LoggedRun([(snapshot.moment.update, snapshot.experiment)])
            self.runs = [*self.runs, run][-MOST_RUNS:]
            self.seeds[snapshot.experiment.seed] += 1
        run.see(snapshot)
        run.shown |= self.showing
        self.snapshot = snapshot

    def ask(self, answer: Answer) -> None:
        """A sum was asked of the run at hand."""
        if self.run is not None:
            self.run.asked.append(answer)

    def open(self, view: str) -> None:
        """A view was looked at, with the run at hand."""
        self.opened.add(view)
        if self.run is not None:
            self.run.opened.add(view)

    def edit(self) -> None:
        """A number of the run at hand was set by hand."""
        if self.run is not None:
            self.run.edits += 1

    def nudge(self, parameter: str, amount: float, loss: float) -> None:
        """A number was moved, the loss noted, and the number put back."""
        self.nudges[parameter_name(parameter), amount] = loss

    def check_gradient(self, parameter: str, check: GradientCheck) -> None:
        self.checks[parameter_name(parameter)] = check


def parameter_name(name: str) -> str:
    """One spelling for each parameter: ``output.bias`` for ``output.bias[0]``, no blanks."""
    return name.replace(" ", "").removesuffix("[0]") if ".bias" in name else name.replace(" ", "")
