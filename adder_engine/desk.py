"""What the session's thread works on: the run in progress, the runs before it, the sums, and saving."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from adder_engine.autosave import Autosave
from adder_engine.blowup import explain
from adder_engine.companions import companions_restored, companions_saved
from adder_engine.errors import RequestError, RunFileError
from adder_engine.experiment import Experiment
from adder_engine.keeping import opened, saved
from adder_engine.looking import answers_of, collapsed_of, course_of, finite, look_at, summary_of
from adder_engine.marks import marks_of
from adder_engine.network import Adder
from adder_engine.playback import Left
from adder_engine.proof import check_gradient, prove
from adder_engine.recording import Recording
from adder_engine.runfile import read, read_others, write
from adder_engine.shelf import Shelf
from adder_engine.snapshot import (
    Answer,
    BlowUp,
    Course,
    GradientCheck,
    LayerActivity,
    Look,
    Mark,
    Moment,
    Proof,
    Run,
    Snapshot,
    Status,
)
from adder_engine.sums import LARGEST_TERM, Sum
from adder_engine.timeline import Event
from adder_engine.trace import Trace, layer_activity, trace_row, trace_step, trace_sum
from adder_engine.trainer import Handles

TUTORIAL_SUMS = (Sum(30, 70), Sum(70, 30), Sum(130, -30), Sum(3, 7), Sum(33, 7), Sum(-330000, 30000))
MOST_WATCHED = 30
MOST_EARLIER = 4
"""Earlier runs that undo can bring back."""
QUICK_CELLS = 2_000_000
"""Rows times neurons that may be looked over once more for every snapshot of a playing run."""


class Desk:
    """All of a session that needs torch. Only the session's thread touches it."""

    def __init__(self, experiment: Experiment, autosave: Path | None, save_every: float) -> None:
        torch.set_num_threads(1)
        self.shelf = Shelf()
        """The runs that were left."""
        self.recording = Recording(experiment)
        self.recording.line = self.shelf.begin(experiment)
        self.version = 1
        self.failure = ""
        """A fault of ours, in one sentence."""
        self._marks: tuple[tuple[Experiment, int, Event | None], tuple[Mark, ...]] | None = None
        self._blow_up: tuple[tuple[Moment, str], BlowUp | None] | None = None
        self.watched: list[Sum] = list(TUTORIAL_SUMS)
        self.asked = TUTORIAL_SUMS[0]
        self._earlier: list[Recording] = []
        self._later: list[Recording] = []
        self.autosave = Autosave(None if autosave is None else partial(self.save, autosave), save_every, self.version)
        self.warning = ""
        """What the person should know beside the run, such as that it cannot be saved."""
        self._speed = 0.0
        self._speed_mark = (0.0, 0)
        self._pace: float | None = None
        self._pace_mark = (0.0, 0.0)

    # --- training --------------------------------------------------------------------------------

    def check_unfinished(self) -> None:
        """Raises RequestError when all epochs are done; starts the clocks of a stretch of training otherwise."""
        if self.failure:
            raise RequestError(self.failure)
        if self.recording.finished and self.recording.moment >= self.recording.newest:
            epochs = self.recording.experiment.epochs
            raise RequestError(f"All {epochs:,} epochs are done: give the run more epochs to go on.")
        now, done = time.perf_counter(), self.recording.trainer.updates_done
        self._speed_mark = self._pace_mark = (now, done)

    def train(self, seconds: float, pace: float | None) -> float:
        """Train for a while at a pace in epochs a second. Returns how long to rest before the next call."""
        now = time.perf_counter()
        done = self.recording.trainer.updates_done
        due, rest = 1 << 62, 0.0
        if pace is not None:
            rate = pace * self.recording.experiment.updates_per_epoch
            start, first = self._pace_mark
            due = int(first + (now - start) * rate) - done
            if due > rate / 4 + 1 or pace != self._pace:  # cannot keep up, or a new pace: no sprint to catch up
                self._pace_mark, self._pace, due = (now, done), pace, 1
            rest = max(0.0, start + (done + 1 - first) / rate - now) if due < 1 else 0.0
        if due >= 1:
            self.recording.play(due, seconds)
            self.version += 1
        self._measure_speed()
        return rest

    def _measure_speed(self) -> None:
        now, done = time.perf_counter(), self.recording.trainer.updates_done
        start, first = self._speed_mark
        if now - start > 0.5:
            self._speed = max(0.0, (done - first) / (now - start))
            self._speed_mark = (now, done)

    # --- runs ------------------------------------------------------------------------------------

    def start(self, experiment: Experiment) -> None:
        """Begin a new run; undo brings the old one back."""
        recording = Recording(experiment)
        recording.line = self.shelf.begin(experiment, self.recording.line)
        self._replace(recording)

    def open(self, path: Path) -> None:
        """Go on with a saved run. The runs in its list join ours.

        Raises:
            RunFileError: it cannot be read.
        """
        run = read(path)
        recording = opened(run)
        try:
            watched = [_sum(pair) for pair in run.facts["watched"]]
            asked = _sum(run.facts["asked"])
            line = run.facts.get("line", {"parent": None, "branched_at": None})
            parent, branched_at = line["parent"], line["branched_at"]
        except (KeyError, TypeError, ValueError):
            raise RunFileError(f"{path} is not a run of adder-tui, or it is damaged.") from None
        self._replace(recording)
        self.warning = ""
        try:
            numbers = self.shelf.adopt(companions_restored(read_others(path)))
        except RunFileError:
            numbers, self.warning = {}, "The list of earlier runs in this file is damaged; the run itself is whole."
        recording.line = self.shelf.join(recording.first_experiment, numbers.get(parent), branched_at)
        self.watched = watched[:MOST_WATCHED]
        self.ask(asked)

    def resume(self, path: Path) -> None:
        """Go on with a saved run in place of the one at hand; keep that, with a warning, where it cannot be read."""
        try:
            self.open(path)
        except RunFileError as error:
            self.warning = str(error)
        self._earlier.clear()

    def switch(self, run: int) -> None:
        """Go to a run in the list, where it stood when it was left; undo goes back to this one.

        Raises:
            RequestError: no such run in the list.
        """
        left = self.shelf.find(run)
        recording = next((r for r in [*self._earlier, *self._later] if r.line == run), None)
        if recording is None:
            same = left.first_experiment == self.recording.first_experiment
            recording = Recording(left.first_experiment, self.recording.trainer if same else None)
            recording.take(left.copy())
        self._earlier = [r for r in self._earlier if r is not recording]
        self.shelf.remove(run)
        self._replace(recording)

    def _replace(self, recording: Recording) -> None:
        self._leave()
        self._earlier = [*self._earlier, self.recording][-MOST_EARLIER:]
        self._later.clear()
        self.recording.futures.clear()
        self.recording, self.failure = recording, ""

    def _leave(self) -> None:
        """List the run in progress, which is about to make room for another; one where nothing happened is not."""
        if self.recording.newest > Moment():
            self._list(self.recording.left().copy())

    def _list(self, left: Left) -> None:
        """List a run that began as the one in progress."""
        self.shelf.add(left, self._summary)

    def _summary(self, left: Left) -> Run:
        marks, line = marks_of(left.first_experiment, left.timeline.events), self.shelf.line(left.line)
        name = self.shelf.name(left.line, left.first_experiment, marks)
        return summary_of(left, self.recording.trainer, self.watched, name, line.parent, line.branched_at)

    def undo(self) -> None:
        """Take back the last thing done in this run, or go back to the run before it.

        Raises:
            RequestError: there is neither.
        """
        recording = self.recording
        if recording.can_undo or not self._earlier:
            recording.undo()
            gone = recording.futures[-1]
            if gone.newest_epoch > recording.trainer.epochs_done:
                self._list(gone.copy().at_its_end())
                recording.line = self.shelf.again(gone.line)
        else:
            self._leave()
            self._later.append(recording)
            self._return_to(self._earlier.pop())

    def redo(self) -> None:
        """Bring back what was undone last.

        Raises:
            RequestError: nothing was undone.
        """
        if self.recording.can_redo or not self._later:
            self.recording.redo()
            self.shelf.remove(self.recording.line)
        else:
            self._leave()
            self._earlier.append(self.recording)
            self._return_to(self._later.pop())

    def _return_to(self, recording: Recording) -> None:
        self.recording, self.failure = recording, ""
        self.shelf.remove(recording.line)

    # --- doing -----------------------------------------------------------------------------------

    def _branching(self, deed: Callable[[], None], *, keep: bool = False) -> None:
        """Do something to the run; where that cuts off an epoch or more, or all of it is to be kept, list it."""
        recording = self.recording
        cut = recording.newest_epoch - recording.trainer.epochs_done
        left = recording.left().copy().at_its_end() if cut >= 1 or keep else None
        epoch = self._epoch()
        deed()
        if left is not None and recording.newest != left.newest:
            self._list(left)
            recording.line = self.shelf.branch(left.line, epoch)

    def _epoch(self) -> float:
        trainer = self.recording.trainer
        return trainer.epochs_done + trainer.counters.row / trainer.experiment.row_count

    def change(self, **changes: object) -> None:
        """Change training settings from here on.

        Raises:
            ExperimentError: a value that will not do.
            RequestError: a key that cannot change during a run.
        """
        self._branching(lambda: self.recording.change(**changes))

    def edit(self, name: str, place: tuple[int, ...], value: float) -> None:
        """Set one weight or bias.

        Raises:
            RequestError: no such parameter, or a value that is not finite.
        """
        index = self.recording.trainer.layout.index_of(name, place)
        self._branching(lambda: self.recording.edit(index, value))

    def rescue(self) -> None:
        """Go back to ten updates before the run blew up, and halve the learning rate there.

        Raises:
            RequestError: this run has not blown up.
        """
        blow_up = self.blow_up()
        recording = self.recording
        if blow_up is None or recording.stop is None:
            raise RequestError("There is nothing to rescue: this run's loss has stayed finite.")
        recording.seek(recording.stop[0])
        lr = recording.experiment.training.lr / 2
        back = blow_up.back_to
        recording.seek(Moment(back, 0, recording.timeline.edits_at(back, 0)))
        self._branching(lambda: recording.change(**{"training.lr": lr}), keep=True)

    def hold(self, frozen: frozenset[int] | None = None, silenced: frozenset[tuple[int, int]] | None = None) -> None:
        """Hold these parameters or these neurons still, leaving the other kind as it is.

        Raises:
            RequestError: no such parameter or hidden neuron.
        """
        now = self.recording.trainer.handles
        new = Handles(now.frozen if frozen is None else frozen, now.silenced if silenced is None else silenced)
        self._branching(lambda: self.recording.hold(new))

    def fail(self, error: Exception) -> None:
        """Note a fault of ours; the session goes on with a new run or an earlier one."""
        self.failure = f"Something in the engine went wrong ({type(error).__name__}: {error}). Start the run again."
        self.version += 1

    # --- sums ------------------------------------------------------------------------------------

    def ask(self, asked: Sum) -> None:
        """Make this the current sum, and watch it; the oldest of those asked makes room."""
        self.asked = asked
        if not any((s.a, s.b) == (asked.a, asked.b) for s in self.watched):
            if len(self.watched) >= MOST_WATCHED:
                del self.watched[len(TUTORIAL_SUMS)]
            self.watched.append(asked)
        self.version += 1

    def answer(self) -> Answer:
        """The answer to the current sum."""
        return answers_of(self.recording.trainer, [self.asked])[0]

    # --- looking ---------------------------------------------------------------------------------

    def trace(self, row: int | None) -> Trace:
        """The way of the current sum, or of one row of the newest batch."""
        trainer = self.recording.trainer
        step = trace_step(trainer)
        return trace_sum(trainer, self.asked.a, self.asked.b, step) if row is None else trace_row(trainer, row, step)

    def prove(self) -> Proof:
        """The next update beside autograd and ``torch.optim``.

        Raises:
            RequestError: an update is in progress.
        """
        if self.recording.trainer.rung:
            raise RequestError("An update is in progress: step to its end, then the next one can be proved.")
        return prove(self.recording.trainer)

    def check_gradient(self, index: int) -> GradientCheck:
        """One parameter's gradient beside finite differences.

        Raises:
            RequestError: no such parameter.
        """
        self._check_index(index)
        return check_gradient(self.recording.trainer, index)

    def course(self, index: int) -> Course:
        """One parameter over the run so far, up to this moment.

        Raises:
            RequestError: no such parameter.
        """
        self._check_index(index)
        return course_of(self.recording, index)

    def look(self, epoch: int) -> Look:
        """What the run was at the end of an epoch, without going there.

        Raises:
            RequestError: the run has not been there.
        """
        return look_at(self.recording, epoch, self.watched)

    def marks(self) -> tuple[Mark, ...]:
        """What was done on this run's timeline; the same tuple while nothing more is."""
        events = self.recording.timeline.events
        key = (self.recording.first_experiment, len(events), events[-1] if events else None)
        if self._marks is None or any(a is not b for a, b in zip(self._marks[0], key, strict=True)):
            self._marks = key, marks_of(self.recording.first_experiment, events)
        return self._marks[1]

    def blow_up(self) -> BlowUp | None:
        """How this run's loss stopped being finite; measured once."""
        stop = self.recording.stop
        if stop is None:
            return None
        if self._blow_up is None or self._blow_up[0] is not stop:
            self._blow_up = stop, explain(self.recording)
        return self._blow_up[1]

    def activity(self) -> tuple[LayerActivity, ...]:
        """Every layer's outputs over all training rows, with the parameters as they are now, without dropout."""
        return layer_activity(self.recording.trainer)

    def start_state(self) -> NDArray[np.float32]:
        """The state ``(4, P)`` that the run began with."""
        return self.recording.timeline.keyframes[0].state.numpy().copy()

    def module_text(self) -> str:
        """The network as PyTorch prints it."""
        return repr(Adder(self.recording.experiment))

    def _check_index(self, index: int) -> None:
        size = self.recording.trainer.layout.size
        if not 0 <= index < size:
            raise RequestError(f"There is no parameter {index}: they are numbered 0 to {size - 1}.")

    def snapshot(self, playing: bool) -> Snapshot:
        """Everything there is to show, now."""
        recording = self.recording
        trainer, counters, experiment = recording.trainer, recording.trainer.counters, recording.experiment
        status: Status = (
            "failed" if self.failure
            else "playing" if playing
            else "stopped" if recording.stopped
            else "done" if recording.finished
            else "paused"
        )  # fmt: skip
        cells = experiment.row_count * sum(experiment.network.layers)
        look = not playing or cells <= QUICK_CELLS
        state = trainer.state.numpy().copy()
        size = experiment.training.batch_size or experiment.row_count
        everyone = answers_of(trainer, [*self.watched, self.asked])
        marks, line = self.marks(), self.shelf.line(recording.line)
        return Snapshot(
            version=self.version,
            status=status,
            message=self.failure or recording.stopped or recording.paused or "",
            experiment=experiment,
            moment=recording.moment,
            newest=recording.newest,
            rungs=trainer.rungs,
            epoch=counters.epochs_done,
            epoch_update=-(-counters.row // size),
            lr=trainer.lr,
            train_loss=counters.loss,
            test_loss=finite(counters.test_loss),
            batch_loss=counters.batch_loss,
            current_loss=finite(trainer.current_loss()) if look else None,
            speed=self._speed if playing else 0.0,
            state=state,
            previous=trainer.previous.numpy().copy(),
            gradients_set=counters.has_gradients,
            frozen=tuple(sorted(trainer.handles.frozen)),
            asked=everyone[-1],
            answers=everyone[:-1],
            collapsed=collapsed_of(trainer),
            losses=recording.history.losses(),
            trace=trace_sum(trainer, self.asked.a, self.asked.b, trace_step(trainer) if look else None),
            silenced=tuple(sorted(trainer.handles.silenced)),
            can_undo=recording.can_undo or bool(self._earlier),
            can_redo=recording.can_redo or bool(self._later),
            run=recording.line,
            run_name=self.shelf.name(recording.line, recording.first_experiment, marks),
            parent=line.parent,
            branched_at=line.branched_at,
            runs=self.shelf.runs,
            marks=marks,
            blow_up=self.blow_up(),
            warning=self.warning,
        )

    # --- saving ----------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Save the run, and the runs in the list.

        Raises:
            RunFileError: it cannot be written.
        """
        line = self.shelf.line(self.recording.line)
        extra = {
            "watched": [[s.a, s.b] for s in self.watched],
            "asked": [self.asked.a, self.asked.b],
            "line": {"parent": line.parent, "branched_at": line.branched_at},
        }
        write(path, saved(self.recording.left(), extra), companions_saved(self.shelf.kept()))

    def save_now(self) -> None:
        """Save what is new; a run that cannot be saved goes on with a warning."""
        warning = self.autosave.save(self.version)
        if warning is not None and warning != self.warning:
            self.warning = warning
            self.version += 1


def _sum(pair: Sequence[float]) -> Sum:
    """The sum that a file holds as [a, b]; raises ValueError or TypeError where it is none that can be asked."""
    a, b = map(float, pair)
    if not (abs(a) <= LARGEST_TERM and abs(b) <= LARGEST_TERM):
        raise ValueError(pair)
    return Sum(a, b)
