"""A run whose every update is remembered: played, gone back in, edited, undone, gone on from."""

from __future__ import annotations

from adder_engine.errors import RequestError
from adder_engine.experiment import CHANGEABLE, Experiment, key_named
from adder_engine.export.export import ExportedRun
from adder_engine.runs.playback import Replay, SuspendedRun
from adder_engine.runs.timeline import (
    ChangeSettings,
    Event,
    Intervention,
    SetConstraints,
    SetParameter,
    intervention_diff,
)
from adder_engine.snapshot import HistoryMove
from adder_engine.training.checkpoint import Constraints
from adder_engine.training.trainer import Trainer


class Run(Replay):
    """One run, its past, and what a person does to it."""

    def __init__(self, experiment: Experiment, twin: Trainer | None = None) -> None:
        super().__init__(experiment, twin)
        self.futures: list[SuspendedRun] = []
        """What was undone, newest last."""

    def _arrive(self) -> None:
        before = self.newest
        super()._arrive()
        if self.newest > before:
            self.futures.clear()

    def exported(self, title: str) -> ExportedRun:
        """What files of every kind tell of this run at this moment."""
        began, later = self.first_experiment, self.timeline.events
        while later and isinstance(later[0].intervention, ChangeSettings) and later[0].at.is_start:
            began, later = later[0].intervention.experiment, later[1:]  # set before it trained: it began with that
        changed_at = later[0].at.update if later else None
        return ExportedRun.of(self.trainer, title, began, self.history.losses(), changed_at)

    # --- doing -----------------------------------------------------------------------------------

    def do(self, intervention: Intervention) -> None:
        """Do something to the run at this moment. What came after it is forgotten, as history and keyframes too."""
        moment = self.moment
        self._forget_after(moment)
        self.futures.clear()
        self.timeline.events.append(Event(moment, intervention))
        intervention.apply(self.trainer)
        self.edits += 1
        self._mark_newest()

    def edit(self, index: int, value: float) -> None:
        """Set one parameter by hand.

        Raises:
            RequestError: no such parameter, or not a finite float32.
        """
        if not 0 <= index < self.trainer.layout.size:
            raise RequestError(f"There is no parameter {index}: there are {self.trainer.layout.size}.")
        if not abs(value) <= 1e30:
            raise RequestError(f"{value:g} is no value for a parameter: use a number within ±1e30.")
        self.do(SetParameter(int(index), float(value)))

    def hold(self, handles: Constraints) -> None:
        """Freeze these parameters and silence these hidden neurons, and no others.

        Raises:
            RequestError: no such parameter or hidden neuron.
        """
        sizes = self.experiment.network.layers[1:-1]
        if any(not 0 <= i < self.trainer.layout.size for i in handles.frozen):
            raise RequestError(f"Parameters are numbered 0 to {self.trainer.layout.size - 1}.")
        if any(not (0 <= layer < len(sizes) and 0 <= n < sizes[layer]) for layer, n in handles.silenced):
            raise RequestError("Only neurons of hidden layers can be silenced.")
        self.do(SetConstraints(handles))

    def change(self, **changes: object) -> None:
        """Change training settings from here on.

        Raises:
            ExperimentError: a value that will not do.
            RequestError: a key that cannot change during a run, or epochs that lie behind.
        """
        for name in changes:
            if key_named(name).name not in CHANGEABLE:
                raise RequestError(f"{name} cannot change during a run: start a new one with it.")
        old, experiment = self.experiment, self.experiment.replace(**changes)
        begun = self.trainer.epochs_done + (self.trainer.counters.row > 0 or self.trainer.rung > 0)
        if experiment.epochs < min(begun, old.epochs):
            raise RequestError(
                f"epochs = {experiment.epochs:,} lies behind, the run is in epoch {begun:,}:"
                f" go back there first, or use {begun:,} or more."
            )
        if experiment != old:
            self.do(ChangeSettings(experiment))
            if experiment.stop != old.stop:
                self.rules.set_anew()
                self._rules_at = self.moment

    def undo(self) -> None:
        """Take back the last thing done before this moment, and what came after it.

        Raises:
            RequestError: nothing has been done yet.
        """
        i = self.timeline.next_event(self.moment) - 1
        if i < 0:
            raise RequestError("There is nothing to undo: nothing has been changed yet.")
        future = self.left().copy()
        event, epoch = self.timeline.events[i], self.trainer.epochs_done
        self.seek(event.at)
        future.diff = intervention_diff(event.intervention, self.trainer)
        self._forget_after(event.at)
        self.futures.append(future)
        self.crossing = HistoryMove("undone", epoch, 1, future.diff)

    def redo(self) -> None:
        """Bring back what the last undo took away.

        Raises:
            RequestError: nothing was undone, or the run has gone on since.
        """
        if not self.futures:
            raise RequestError("There is nothing to redo.")
        future, epoch = self.futures.pop(), self.trainer.epochs_done
        self.take(future)
        self.crossing = HistoryMove("redone", epoch, 1, future.diff)

    @property
    def can_undo(self) -> bool:
        return self.timeline.next_event(self.moment) > 0

    @property
    def can_redo(self) -> bool:
        return bool(self.futures)
