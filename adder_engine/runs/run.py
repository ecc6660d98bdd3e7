"""A run whose every update is remembered: played, gone back in to any moment, edited, undone, gone on from."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

from adder_engine.errors import RequestError
from adder_engine.experiment import CHANGEABLE, Experiment, key_named
from adder_engine.export.export import ExportedRun
from adder_engine.kernels import loop
from adder_engine.language import tr
from adder_engine.runs.timeline import (
    ChangeSettings,
    Event,
    Intervention,
    SetConstraints,
    SetParameter,
    SuspendedRun,
    Timeline,
    intervention_diff,
)
from adder_engine.snapshot import STEP_SIZES, HistoryMove, Position
from adder_engine.training.checkpoint import Checkpoint, Constraints
from adder_engine.training.history import History
from adder_engine.training.stopping import StopEvent, StoppingRules
from adder_engine.training.trainer import NO_RULES, Trainer

EPOCHS_IN = {"epoch": 1, "10 epochs": 10, "100 epochs": 100}
LOOK = 0.01
"""Seconds of a step between two looks whether it is enough."""


class Run:
    """One run, its past, and what a person does to it. All positions are :class:`Position`; time never runs beyond the
    experiment's epochs.

    Args:
        experiment: what to train, from its beginning.
        twin: a trainer that began with the same experiment, to share its data; the run must then be taken over
            from elsewhere by :meth:`take`.
    """

    def __init__(self, experiment: Experiment, twin: Trainer | None = None) -> None:
        self.trainer = Trainer(experiment, twin)
        self.timeline = Timeline.for_experiment(experiment)
        self.history = History()
        self.first_experiment = experiment
        """As the run began, before any change on the way."""
        self.edits = 0
        """Events done at this very place."""
        self.newest = Position()
        """The furthest that this run has been, and the epochs finished there."""
        self.newest_epoch = 0
        self.stop: tuple[Position, str] | None = None
        """Where and why the loss stopped being finite."""
        self.paused: str | None = None
        """Which of the experiment's rules ended the last stretch of training, in one sentence."""
        self.rules = StoppingRules(self.trainer)
        self._rules_at: Position | None = None
        """Where the rules last saw how things stand."""
        self._ruled = False
        """Whether a rule may end this stretch of training."""
        self._fired: StopEvent | None = None
        self._update_seconds = experiment.update_seconds
        """How long an update took in the newest stretch without a stop."""
        self.history_move: HistoryMove | None = None
        """What the newest step, undo or redo went over of what a person had done."""
        self.futures: list[SuspendedRun] = []
        """What was undone, newest last."""
        self.line = 0
        """The number under which a session lists the run."""
        if twin is None:
            self.timeline.note(self.trainer)

    @property
    def experiment(self) -> Experiment:
        """The settings in force at this moment."""
        return self.trainer.experiment

    @property
    def moment(self) -> Position:
        return Position(self.trainer.counters.updates_done, self.trainer.stage, self.edits)

    @property
    def stopped(self) -> str | None:
        """Why training cannot go on from this moment, if the loss stopped being finite right after it."""
        return self.stop[1] if self.stop and self.stop[0] == self.moment else None

    @property
    def finished(self) -> bool:
        return self.at_end_of(self.experiment.epochs)

    @property
    def epochs_begun(self) -> int:
        """Epochs finished, and the one in progress."""
        return self.trainer.epochs_done + (self.trainer.counters.row > 0 or self.trainer.stage > 0)

    @property
    def can_undo(self) -> bool:
        return self.timeline.next_event(self.moment) > 0

    @property
    def can_redo(self) -> bool:
        return bool(self.futures)

    def at_end_of(self, epoch: float) -> bool:
        return self.trainer.stage == 0 and self.trainer.epochs_done >= epoch

    # --- leaving and taking up -------------------------------------------------------------------

    def left(self) -> SuspendedRun:
        """This run as it stands; it shares what goes on changing, so copy it to keep it."""
        return SuspendedRun(
            self.first_experiment, self.timeline, self.history, self.newest, self.newest_epoch, self.stop, self.moment,
            self.trainer.epochs_done, self.line,
        )  # fmt: skip

    def take(self, left: SuspendedRun) -> None:
        """Go on with a run that was left and that began as this one, from where it stood."""
        self.timeline, self.history = left.timeline, left.history
        self.newest, self.newest_epoch, self.stop = left.newest, left.newest_epoch, left.stop
        self.line = left.line
        self.seek(left.moment)

    def scout(self) -> Run:
        """Another copy of the same run, at its start, to look around with; this one is not moved or disturbed."""
        return scout(self.left(), self.trainer)

    def at_start_of_update(self) -> tuple[Trainer, int]:
        """A trainer of its own at the start of the update in progress, and how many of a person's doings lie between
        there and now.
        """
        now, timeline = self.moment, self.timeline
        start = timeline.behind(now.update)
        looking = self.scout()
        looking.seek(start)
        return looking.trainer, timeline.next_event(now) - timeline.next_event(start)

    def exported(self, title: str) -> ExportedRun:
        """What files of every kind tell of this run at this moment."""
        began, later = self.first_experiment, self.timeline.events
        while later and isinstance(later[0].intervention, ChangeSettings) and later[0].at.is_start:
            began, later = later[0].intervention.experiment, later[1:]  # set before it trained: it began with that
        changed_at = later[0].at.update if later else None
        return ExportedRun.of(self.trainer, title, began, self.history.losses(), changed_at)

    # --- forward ---------------------------------------------------------------------------------

    def play(self, updates: int, seconds: float = math.inf, until: float = math.inf) -> int:
        """As :meth:`run`, but an epoch at whose end one of the experiment's rules comes true is the last one.

        ``paused`` says which rule it was. Epochs that the run has been at before are gone through without a stop.
        """
        if self._rules_at != self.moment:
            self.rules.begin()
        self.paused, self._ruled = None, True
        try:
            done = self.run(updates, seconds, until)
            fired = self._fired
        finally:
            self._ruled, self._fired = False, None
        self._rules_at = self.moment
        if fired is None or fired.epoch > self.newest_epoch:  # a run that blows up goes back behind its last step
            return done
        self.paused = fired.sentence
        if fired.epoch < self.trainer.epochs_done or self.stopped:  # what came after it was never asked for
            self.seek_epoch(fired.epoch)
            self._forget_after(self.moment)
            self._rules_at, self.paused = None, fired.sentence
        if fired.best_epoch is not None:
            self.seek_epoch(fired.best_epoch)
            self.paused += tr(
                " This is its best, epoch {epoch:,}; End goes to where it stopped.", epoch=fired.best_epoch
            )
        return done

    def run(self, updates: int, seconds: float = math.inf, until: float = math.inf) -> int:
        """Train on for at most this many updates or about this long, and no further than to the end of epoch
        ``until``. Returns how many were run.

        From a past moment the log is followed: what was done then is done again, to the same bits.
        """
        deadline = time.perf_counter() + seconds
        start = self.trainer.counters.updates_done
        trainer, counters = self.trainer, self.trainer.counters
        while (left := start + updates - counters.updates_done) > 0:
            self._do_events(Position(counters.updates_done, trainer.stage + 1))
            if self.finished or self.at_end_of(until):
                break
            stop, last = self.timeline.next_stop(self.moment), counters.updates_done + left
            if trainer.stage or (stop is not None and stop.update == counters.updates_done):
                self._climb()
            else:
                goal = last if stop is None else min(last, stop.update)
                self._train_freely(goal, min(until, self.experiment.epochs), deadline)
            counters = trainer.counters
            if trainer.stopped or self._fired or time.perf_counter() + self._update_seconds > deadline:
                break
        self._arrive()
        return max(0, self.trainer.counters.updates_done - start)

    def _train_freely(self, until: int, last_epoch: float, deadline: float) -> None:
        """Updates without a person's doing in between, as far as to the next keyframe, and as many as there is time
        for until the deadline, but one at least.
        """
        trainer, timeline = self.trainer, self.timeline
        self.edits = 0
        begun, done = time.perf_counter(), trainer.updates_done
        if deadline < math.inf:
            until = min(until, done + max(1, int((deadline - begun) / self._update_seconds)))
        due = (done // timeline.spacing + 1) * timeline.spacing
        rules = self.rules.of(self.newest_epoch) if self._ruled and self._fired is None else NO_RULES
        fired = trainer.advance(min(until, due), last_epoch, self.history, rules)
        if trainer.stopped:
            return
        self._update_seconds = (time.perf_counter() - begun) / (trainer.updates_done - done)
        if fired:
            self._fired = self.rules.event(fired)
        timeline.note(trainer)

    def _climb(self) -> None:
        """One stage on; where that ends an epoch, note it and the rule that came true with it."""
        trainer, self.edits = self.trainer, 0
        if trainer.climb():
            trainer.note(self.history)
            if self._ruled and self._fired is None and (fired := trainer.rule_met(self.rules.of(self.newest_epoch))):
                self._fired = self.rules.event(fired)
        if trainer.stage == 0 and not trainer.stopped:
            self.timeline.note(trainer)

    def _do_events(self, until: Position) -> None:
        """Do again what the log holds from here to before ``until``, as long as it is at this very place."""
        events = self.timeline.events
        i = self.timeline.next_event(self.moment)
        while i < len(events) and events[i].at < until and events[i].at == self.moment:
            events[i].intervention.apply(self.trainer)
            self.edits += 1
            i += 1

    def _arrive(self) -> None:
        """Note how far the run has come, and whether it stopped here."""
        before = self.newest
        if self.trainer.stopped:
            why, update = self.trainer.stopped, self.trainer.counters.updates_done
            self._restore(self.timeline.before(max(0, update - 1)))
            self._follow(self.timeline.behind(update))
            paused = self.paused
            self._forget_after(self.moment)  # what lies beyond is not finite: this is the newest moment now
            self.stop, self.paused = (self.moment, why), paused
        if self.moment > self.newest:
            self._mark_newest()
        if self.newest > before:
            self.futures.clear()

    def _mark_newest(self) -> None:
        self.newest, self.newest_epoch = self.moment, self.trainer.epochs_done

    def step(self, size: str, count: int = 1, enough: Callable[[], bool] = lambda: False) -> None:
        """Go forward ``count`` times by one of :data:`STEP_SIZES`, or until it is ``enough``.

        A step of many epochs ends early where a rule comes true, as playing does. On the way of one of an epoch or
        less everything that a person did is a stop of its own, and so it is going back.

        Raises:
            RequestError: no such size, or all epochs are done.
        """
        _check_size(size)
        if self.stopped:
            return
        self.check_unfinished()
        self.paused = None
        start, epoch = self.moment, self.trainer.epochs_done
        for _ in range(count):
            before = self.moment
            if _is_long(size, count):
                goal = self.trainer.epochs_done + EPOCHS_IN[size]
                while self.trainer.epochs_done < goal and self.play(loop.NEVER, LOOK, goal):
                    if enough() or self.paused:
                        break
            else:
                self._step_to_a_stop(size, enough)
            if self.moment <= before or enough() or self.paused:  # stopped, or finished
                break
        if self.trainer.stage == 0 and not self.edits and not self.stopped:
            self.trainer.look_ahead()
            self._arrive()
        self._note_move("forward", start, epoch)

    def check_unfinished(self) -> None:
        """Raises RequestError when all epochs are done, and the run has been no further."""
        if self.finished and self.moment >= self.newest:
            epochs = self.experiment.epochs
            raise RequestError("All {epochs:,} epochs are done: give the run more epochs to go on.", epochs=epochs)

    def _step_to_a_stop(self, size: str, enough: Callable[[], bool]) -> None:
        """One step of an epoch or less; what a person did is done again alone, and met on the way it ends the step."""
        update, stage = self.moment.update, self.moment.stage
        if self.timeline.next_stop(self.moment) == self.moment:
            self._do_events(Position(update, stage, self.edits + 1))
        elif self.finished:
            return
        elif size == "epoch":
            goal = self.trainer.epochs_done + 1
            while self.trainer.epochs_done < goal and self._run_to_a_stop(loop.NEVER, goal) and not enough():
                pass
        elif size == "update":
            self._run_to_a_stop(1)
        else:
            stages = self.trainer.stages
            self._climb()
            while size == "phase" and self.trainer.stage and stages[self.trainer.stage].phase == stages[stage].phase:
                if self.timeline.next_stop(self.moment) == self.moment:
                    break
                self._climb()
        self._arrive()

    def _run_to_a_stop(self, updates: int, until: float = math.inf) -> bool:
        """Run for a look's time at most, or as far as to what a person did. Returns whether one can go on from here."""
        intervention, here = self.timeline.next_stop(self.moment), self.moment
        if intervention is not None:
            if intervention.update == here.update:
                self._follow(intervention)
                return False
            updates = min(updates, intervention.update - here.update)
        return self.run(updates, LOOK, until) > 0 and self.timeline.next_stop(self.moment) != self.moment

    # --- back and anywhere -----------------------------------------------------------------------

    def seek(self, moment: Position) -> None:
        """Go to any moment of the run, the past's or the log's. Raises RequestError: the run has not been there."""
        if not 0 <= moment.stage < len(self.trainer.stages):
            raise RequestError(
                "There is no rung {stage}: they go from 0 to {last}.",
                stage=moment.stage,
                last=len(self.trainer.stages) - 1,
            )
        if not Position() <= moment <= self.newest:
            raise RequestError(
                "The run has not been at {asked}: it has come to {newest}.",
                asked=moment.words,
                newest=self.newest.words,
            )
        self._restore(self.timeline.before(max(0, moment.update - 1)))
        self._follow(moment)

    def seek_epoch(self, epoch: int) -> None:
        """Go to the end of an epoch (0 is the start). Raises RequestError: the run has not been there."""
        if not 0 <= epoch <= self.newest_epoch:
            raise RequestError(
                "The run has not been at epoch {epoch:,}: it has come to {newest:,}.",
                epoch=epoch,
                newest=self.newest_epoch,
            )
        self._restore(self.timeline.before_epoch(epoch))
        while self.trainer.epochs_done < epoch and self.run(1):
            pass
        self._follow(self.timeline.behind(self.moment.update))

    def go_on_to(self, moment: Position, most: int) -> None:
        """Go on to a later moment, by at most ``most`` updates, from here or from a keyframe that is nearer to it."""
        keyframe = self.timeline.before(moment.update)
        if keyframe.counters.updates_done > self.moment.update:
            self._restore(keyframe)
        self._follow(min(moment, Position(self.moment.update + most)))

    def walk(self, start: Position, stop: Position) -> Iterator[Position]:
        """Go from one moment on to a later one, and halt after each update, and before and after each event.

        Raises:
            RequestError: the run has not been there.
        """
        self._restore(self.timeline.before(start.update))
        for halt in self.timeline.halts(start, stop):
            self._follow(halt)
            yield halt

    def back(self, size: str, count: int = 1, enough: Callable[[], bool] = lambda: False) -> None:
        """Go back ``count`` times by one of :data:`STEP_SIZES`; at the start it stays there.

        Args:
            enough: asked between two steps whether to stay where it is.

        Raises:
            RequestError: no such size.
        """
        _check_size(size)
        start, epoch = self.moment, self.trainer.epochs_done
        for _ in range(count):
            before = self.moment
            stop = Position() if _is_long(size, count) else self.timeline.last_stop(self.moment)
            if size in EPOCHS_IN:
                self.seek_epoch(max(0, self.epochs_begun - EPOCHS_IN[size]))
            else:
                self.seek(self.timeline.one_back(size, self.moment, self.trainer.stages))
            if self.moment < stop:
                self.seek(stop)
            if self.moment >= before or enough():
                break
        self._note_move("back", start, epoch)

    def _note_move(self, how: Literal["forward", "back"], start: Position, epoch: int) -> None:
        """Note what a step from ``start`` to here went over of what a person had done."""
        here, paused = self.moment, self.paused
        first, stop = sorted(map(self.timeline.next_event, (start, here)))
        self.history_move = None
        if first == stop:
            return
        doing = None
        if stop - first == 1:
            event = self.timeline.events[first]
            self.seek(event.at)
            doing = intervention_diff(event.intervention, self.trainer)
            self.seek(here)
            self.paused = paused
        self.history_move = HistoryMove(how, epoch, stop - first, doing)

    def _forget_after(self, moment: Position) -> None:
        epochs = self.trainer.epochs_done
        again = self.history.cut(epochs)
        self.timeline.cut(moment)
        self.stop = self.paused = None
        self._mark_newest()
        if again < epochs:  # a bucket held both sides: record its earlier epochs once more
            self._restore(self.timeline.before_epoch(again))
            self._follow(moment)

    def _restore(self, keyframe: Checkpoint) -> None:
        self.trainer.restore(keyframe)
        self.edits = 0

    def _follow(self, moment: Position) -> None:
        """Replay the log from here to a moment ahead."""
        if self.moment.update < moment.update:
            self.run(moment.update - self.moment.update)
        while self.moment.stage < moment.stage:
            self._do_events(Position(moment.update, self.moment.stage + 1))
            self._climb()
        self._do_events(moment)

    # --- doing -----------------------------------------------------------------------------------

    def do(self, intervention: Intervention) -> None:
        """Do something to the run at this moment. What came after it is forgotten, as history and keyframes too.

        Raises:
            RequestError: it cannot be done to this run.
        """
        intervention.check(self.experiment)
        moment = self.moment
        self._forget_after(moment)
        self.futures.clear()
        self.timeline.events.append(Event(moment, intervention))
        intervention.apply(self.trainer)
        self.edits += 1
        self._mark_newest()

    def edit(self, index: int, value: float) -> None:
        """Set one parameter by hand. Raises RequestError: no such parameter, or not a finite float32."""
        self.do(SetParameter(int(index), float(value)))

    def constrain(self, constraints: Constraints) -> None:
        """Freeze these parameters and mute these hidden neurons, and no others.

        Raises:
            RequestError: no such parameter or hidden neuron.
        """
        self.do(SetConstraints(constraints))

    def change(self, **changes: object) -> None:
        """Change training settings from here on.

        Raises:
            ExperimentError: a value that will not do.
            RequestError: a key that cannot change during a run, or epochs that lie behind.
        """
        for name in changes:
            if key_named(name).name not in CHANGEABLE:
                raise RequestError("{name} cannot change during a run: start a new one with it.", name=name)
        old, experiment = self.experiment, self.experiment.replace(**changes)
        ChangeSettings(experiment).check(old)
        begun = self.epochs_begun
        if experiment.epochs < min(begun, old.epochs):
            raise RequestError(
                "epochs = {epochs:,} lies behind, the run is in epoch {begun:,}: go back there first, or use "
                "{begun:,} or more.",
                epochs=experiment.epochs,
                begun=begun,
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
            raise RequestError("There is nothing to undo.")
        future = self.left().copy()
        event, epoch = self.timeline.events[i], self.trainer.epochs_done
        self.seek(event.at)
        future.diff = intervention_diff(event.intervention, self.trainer)
        self._forget_after(event.at)
        self.futures.append(future)
        self.history_move = HistoryMove("undone", epoch, 1, future.diff)

    def redo(self) -> None:
        """Bring back what the last undo took away.

        Raises:
            RequestError: nothing was undone, or the run has gone on since.
        """
        if not self.futures:
            raise RequestError("There is nothing to redo.")
        future, epoch = self.futures.pop(), self.trainer.epochs_done
        self.take(future)
        self.history_move = HistoryMove("redone", epoch, 1, future.diff)


def scout(left: SuspendedRun, twin: Trainer) -> Run:
    """A copy of a run that was left, to look around with; ``twin`` is a trainer that began as it did.

    It keeps no history, and neither moves nor disturbs the run.
    """
    looking = Run(left.first_experiment, twin)
    history = History(left.newest_epoch)
    looking.take(replace(left, timeline=left.timeline.branch(), history=history, moment=Position(), epoch=0))
    return looking


def _is_long(size: str, count: int) -> bool:
    """Whether so many steps of this size are more than an epoch, so that they run over what a person did."""
    return EPOCHS_IN.get(size, 0) * count > 1


def _check_size(size: str) -> None:
    if size not in STEP_SIZES:
        raise RequestError(
            "There is no step of size {size!r}: there are {sizes}.", size=size, sizes=", ".join(STEP_SIZES)
        )
