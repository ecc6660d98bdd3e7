"""A run that is not being trained: what it takes to go on with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from adder_engine.experiment import Experiment
from adder_engine.history import History
from adder_engine.snapshot import Moment, Told
from adder_engine.timeline import Timeline


@dataclass
class Left:
    """A run as it was left: all that it takes to go on with it, without a trainer."""

    first_experiment: Experiment
    timeline: Timeline
    history: History
    newest: Moment
    newest_epoch: int
    stop: tuple[Moment, str] | None
    moment: Moment
    epoch: int
    """Epochs finished at ``moment``."""
    line: int = 0
    """The number under which a session lists the run."""
    told: Told | None = None
    """What was undone to leave it; None where it was left otherwise."""

    def copy(self) -> Left:
        """An equal one that shares the keyframes and nothing that changes."""
        return replace(self, timeline=self.timeline.branch(), history=self.history.copy())

    def at_its_end(self) -> Left:
        """The same run, left at its newest moment."""
        return replace(self, moment=self.newest, epoch=self.newest_epoch)
