"""What a learner did in a lesson, gathered from snapshots and commands. The same for the app and for a test."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adder_tui.lessons.runs import Asked, Run

if TYPE_CHECKING:
    from adder_engine.snapshot import Answer, GradientCheck, Snapshot
    from adder_tui.lessons.tokens import Argument

MOST_RUNS = 50
"""Runs that are remembered; the oldest make room."""


@dataclass
class Deeds:
    """The record that checks look at.

    Feed it every snapshot (:meth:`saw`) and every command that a snapshot does not tell of. A sum is noted
    with the run at hand, so see the snapshot first.
    """

    predictions: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    """The newest answer to each field."""
    opened: set[str] = field(default_factory=set)
    sorted: dict[str, str] = field(default_factory=dict)
    """Card to bin."""
    nudges: dict[tuple[str, float], float] = field(default_factory=dict)
    """(parameter, amount) to the loss there."""
    checks: dict[str, GradientCheck] = field(default_factory=dict)
    """The newest measured slope of each parameter."""
    used: list[tuple[str, tuple[Argument, ...]]] = field(default_factory=list)
    """Benches with their arguments."""
    runs: list[Run] = field(default_factory=list)
    """Oldest first; the last one is at hand."""
    snapshot: Snapshot | None = None
    """The newest one seen."""
    seeds: Counter[int] = field(default_factory=Counter)
    """How many runs were begun with each seed."""

    @property
    def run(self) -> Run | None:
        """The run at hand."""
        return self.runs[-1] if self.runs else None

    def saw(self, snapshot: Snapshot) -> None:
        """Take in a snapshot: it goes on with the run at hand, or begins another. One that comes late is left out."""
        if self.snapshot is not None and snapshot.version < self.snapshot.version:
            return
        run = self.run
        if run is None or not run.goes_on(snapshot):
            run = Run([(snapshot.moment.update, snapshot.experiment)])
            self.runs = [*self.runs, run][-MOST_RUNS:]
            self.seeds[snapshot.experiment.seed] += 1
        run.see(snapshot)
        self.snapshot = snapshot

    def predict(self, id: str, value: str) -> None:
        """Lock a prediction in; one that is locked stays as it is."""
        self.predictions.setdefault(id, value)

    def answer(self, id: str, value: str) -> None:
        """A field was filled in."""
        self.answers[id] = value

    def ask(self, answer: Answer) -> None:
        """A sum was asked of the run at hand."""
        if self.run is not None:
            self.run.asked.append(Asked(answer.sum.a, answer.sum.b, answer.predicted, answer.wanted))

    def open(self, view: str) -> None:
        """A view was opened."""
        self.opened.add(view)

    def sort(self, card: str, bin: str) -> None:
        """A card was put into a bin."""
        self.sorted[card] = bin

    def edit(self) -> None:
        """A number of the run at hand was set by hand."""
        if self.run is not None:
            self.run.edits += 1

    def nudge(self, parameter: str, amount: float, loss: float) -> None:
        """A number was moved, the loss noted, and the number put back."""
        self.nudges[parameter_name(parameter), amount] = loss

    def check_gradient(self, parameter: str, check: GradientCheck) -> None:
        """A slope was measured with nudges."""
        self.checks[parameter_name(parameter)] = check

    def use(self, bench: str, *arguments: Argument) -> None:
        """A bench was used."""
        self.used.append((bench, arguments))


def parameter_name(name: str) -> str:
    """One spelling for each parameter: ``output.bias`` for ``output.bias[0]``, no blanks."""
    return name.replace(" ", "").removesuffix("[0]") if ".bias" in name else name.replace(" ", "")
