"""What the session's thread works on: the run in progress, the runs before it, the sums, and saving."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from adder_engine.analysis import collapsed_map
from adder_engine.data import truth
from adder_engine.errors import RequestError, RunFileError
from adder_engine.experiment import Experiment
from adder_engine.explorer import Explorer
from adder_engine.keeping import opened, saved
from adder_engine.network import Adder
from adder_engine.proof import check_gradient, prove
from adder_engine.recording import Recording
from adder_engine.runfile import read, write
from adder_engine.snapshot import Answer, Course, GradientCheck, LayerActivity, Proof, Snapshot, Status
from adder_engine.sums import LARGEST_TERM, Sum
from adder_engine.trace import Trace, layer_activity, trace_row, trace_step, trace_sum
from adder_engine.trainer import Handles

TUTORIAL_SUMS = (Sum(30, 70), Sum(70, 30), Sum(130, -30), Sum(3, 7), Sum(33, 7), Sum(-330000, 30000))
MOST_WATCHED = 30
MOST_RUNS = 4
"""Earlier runs that undo can bring back."""
QUICK_CELLS = 2_000_000
"""Rows times neurons that may be looked over once more for every snapshot of a playing run."""


class Desk:
    """All of a session that needs torch. Only the session's thread touches it."""

    def __init__(self, experiment: Experiment, autosave: Path | None, save_every: float) -> None:
        torch.set_num_threads(1)
        self.recording = Recording(experiment)
        self.version = 1
        self.failure = ""
        """A fault of ours, in one sentence."""
        self.watched: list[Sum] = list(TUTORIAL_SUMS)
        self.asked = TUTORIAL_SUMS[0]
        self._earlier: list[Recording] = []
        self._later: list[Recording] = []
        self._autosave = autosave
        self._save_every = save_every
        self._saved_version = self.version
        self._saved_at = time.monotonic()
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
            self.recording.run(due, seconds)
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
        self._replace(Recording(experiment))

    def open(self, path: Path) -> None:
        """Go on with a saved run.

        Raises:
            RunFileError: it cannot be read.
        """
        run = read(path)
        recording = opened(run)
        try:
            watched = [_sum(pair) for pair in run.facts["watched"]]
            asked = _sum(run.facts["asked"])
        except (KeyError, TypeError, ValueError):
            raise RunFileError(f"{path} is not a run of adder-tui, or it is damaged.") from None
        self._replace(recording)
        self.watched = watched[:MOST_WATCHED]
        self.ask(asked)

    def resume(self, path: Path) -> None:
        """Go on with a saved run in place of the one at hand; keep that, with a warning, where it cannot be read."""
        try:
            self.open(path)
        except RunFileError as error:
            self.warning = str(error)
        self._earlier.clear()

    def _replace(self, recording: Recording) -> None:
        self._earlier = [*self._earlier, self.recording][-MOST_RUNS:]
        self._later.clear()
        self.recording.futures.clear()
        self.recording, self.failure = recording, ""

    def undo(self) -> None:
        """Take back the last thing done in this run, or go back to the run before it.

        Raises:
            RequestError: there is neither.
        """
        if self.recording.can_undo or not self._earlier:
            self.recording.undo()
        else:
            self._later.append(self.recording)
            self.recording, self.failure = self._earlier.pop(), ""

    def redo(self) -> None:
        """Bring back what was undone last.

        Raises:
            RequestError: nothing was undone.
        """
        if self.recording.can_redo or not self._later:
            self.recording.redo()
        else:
            self._earlier.append(self.recording)
            self.recording = self._later.pop()

    def hold(self, frozen: frozenset[int] | None = None, silenced: frozenset[tuple[int, int]] | None = None) -> None:
        """Hold these parameters or these neurons still, leaving the other kind as it is.

        Raises:
            RequestError: no such parameter or hidden neuron.
        """
        now = self.recording.trainer.handles
        self.recording.hold(
            Handles(now.frozen if frozen is None else frozen, now.silenced if silenced is None else silenced)
        )

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

    def answers(self, sums: Sequence[Sum]) -> tuple[Answer, ...]:
        """The network's answers, beside the truth of the experiment's task."""
        task = self.recording.experiment.data.task
        predicted = self.recording.trainer.answers([(s.a, s.b) for s in sums])
        return tuple(Answer(s, p, truth(task, s.a, s.b)) for s, p in zip(sums, predicted, strict=True))

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
        now = self.recording.trainer
        kept = [k for k in self.recording.timeline.thinned(200) if k.counters.updates_done < now.updates_done]
        updates = [k.counters.updates_done for k in kept] + [now.updates_done]
        values = [k.state[0, index].item() for k in kept] + [now.state[0, index].item()]
        return Course(index, np.array(updates, dtype=np.float64), np.array(values, dtype=np.float64))

    def activity(self) -> tuple[LayerActivity, ...]:
        """Every layer's outputs over all training rows, with the parameters as they are now, without dropout."""
        return layer_activity(self.recording.trainer)

    @property
    def explorer(self) -> Explorer:
        """What looks at the run from afar, as it is now."""
        return Explorer(self.recording, self.asked, list(self.watched))

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
        everyone = self.answers([*self.watched, self.asked])
        return Snapshot(
            version=self.version,
            status=status,
            message=self.failure or recording.stopped or "",
            experiment=experiment,
            moment=recording.moment,
            newest=recording.newest,
            rungs=trainer.rungs,
            epoch=counters.epochs_done,
            epoch_update=-(-counters.row // size),
            lr=trainer.lr,
            train_loss=counters.loss,
            test_loss=_finite(counters.test_loss),
            batch_loss=counters.batch_loss,
            current_loss=_finite(trainer.current_loss()) if look else None,
            speed=self._speed if playing else 0.0,
            state=state,
            previous=trainer.previous.numpy().copy(),
            gradients_set=counters.has_gradients,
            frozen=tuple(sorted(trainer.handles.frozen)),
            asked=everyone[-1],
            answers=everyone[:-1],
            collapsed=collapsed_map(experiment, state[0], trainer.handles.silenced),
            losses=recording.history.losses(),
            trace=trace_sum(trainer, self.asked.a, self.asked.b, trace_step(trainer) if look else None),
            silenced=tuple(sorted(trainer.handles.silenced)),
            can_undo=recording.can_undo or bool(self._earlier),
            can_redo=recording.can_redo or bool(self._later),
            warning=self.warning,
        )

    # --- saving ----------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Save the run.

        Raises:
            RunFileError: it cannot be written.
        """
        extra = {"watched": [[s.a, s.b] for s in self.watched], "asked": [self.asked.a, self.asked.b]}
        write(path, saved(self.recording, extra))

    def save_due(self) -> float | None:
        """Seconds until the run is to be saved; None where there is nothing new to save."""
        if self._autosave is None or self.version == self._saved_version:
            return None
        return max(0.0, self._saved_at + self._save_every - time.monotonic())

    def save_soon(self) -> None:
        """Save at the next look at the clock."""
        self._saved_at = -self._save_every

    def save_if_due(self) -> None:
        """Save if it is time."""
        if self.save_due() == 0.0:
            self.save_now()

    def save_now(self) -> None:
        """Save what is new; a run that cannot be saved goes on with a warning."""
        if self._autosave is None or self.version == self._saved_version:
            return
        self._saved_at = time.monotonic()
        warning = ""
        try:
            self.save(self._autosave)
        except RunFileError as error:
            warning = str(error)
        if warning != self.warning:
            self.warning = warning
            self.version += 1
        if not warning:
            self._saved_version = self.version


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _sum(pair: Sequence[float]) -> Sum:
    """The sum that a file holds as [a, b]; raises ValueError or TypeError where it is none that can be asked."""
    a, b = map(float, pair)
    if not (abs(a) <= LARGEST_TERM and abs(b) <= LARGEST_TERM):
        raise ValueError(pair)
    return Sum(a, b)
