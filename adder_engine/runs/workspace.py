"""What a session asks of its runs: a request each, answered from the run in progress."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from adder_engine.analysis import curvature, evaluation, grids, landscape, outlook
from adder_engine.analysis.results import (
    ActivationGrid,
    AffineMapHistory,
    AnswerGrid,
    Baseline,
    CurvatureReport,
    Evaluation,
    Extrapolation,
    GradientLine,
    GridSpec,
    LocalLinearMap,
    LossLandscape,
    Query,
)
from adder_engine.analysis.tracing import (
    batch_rows,
    held_gradients,
    is_through,
    layer_activity,
    trace_row,
    trace_row_ahead,
    trace_step,
    trace_sum,
)
from adder_engine.errors import RequestError, RunFileError
from adder_engine.experiment import Experiment
from adder_engine.kernels.network import Adder
from adder_engine.parsing import Sum
from adder_engine.reference.proof import check_gradient, prove
from adder_engine.runs.files import write
from adder_engine.runs.open_runs import OpenRuns, answers_of, collapsed_of, course_of, finite, look_at
from adder_engine.runs.restoring import companions_saved, saved
from adder_engine.runs.run import Run
from adder_engine.snapshot import (
    DatasetArrays,
    EpochSummary,
    GradientCheck,
    LayerActivity,
    Outlook,
    ParameterHistory,
    ReferenceCheck,
    Snapshot,
    Status,
)
from adder_engine.steps import Steps, in_one
from adder_engine.trace import Trace
from adder_engine.training.checkpoint import Checkpoint

POINTS = 81
"""Of the curve along the gradient."""


class Autosave:
    """Saves what is new, every so many seconds; a run that cannot be saved goes on with a warning.

    Args:
        save: writes the run; raises RunFileError where it cannot be written. None keeps nothing.
        every: seconds between two saves.
        version: what the run's version is now; it counts as saved.
    """

    def __init__(self, save: Callable[[], None] | None, every: float, version: int) -> None:
        self._save = save
        self._every = every
        self._version = version
        self._at = time.monotonic()

    def due(self, version: int) -> float | None:
        """Seconds until the run is to be saved; None where there is nothing new to save."""
        if self._save is None or version == self._version:
            return None
        return max(0.0, self._at + self._every - time.monotonic())

    def soon(self) -> None:
        """Save at the next look at the clock."""
        self._at = -self._every

    def save(self, version: int) -> str | None:
        """Save what is new. Returns why it could not be saved, empty where it was; None where nothing was new."""
        if self._save is None or version == self._version:
            return None
        self._at = time.monotonic()
        try:
            self._save()
        except RunFileError as error:
            return str(error)
        self._version = version
        return ""


@dataclass(frozen=True)
class Explorer:
    """Looks at a run as it is when the work begins. What is needed later is copied, so the run may go on meanwhile."""

    recording: Run
    asked: Sum
    """The current sum."""
    watched: list[Sum]

    @property
    def _path(self) -> list[Checkpoint]:
        return self.recording.timeline.thinned(landscape.MOST_PATH_POINTS)

    def find(self, question: Query) -> Steps[object]:
        """What is asked for by name."""
        found: Steps[object] = getattr(self, question.name)(*question.arguments)
        return found

    def plane(self, extent: GridSpec) -> Steps[AnswerGrid]:
        """The network's answers over a grid of sums."""
        return grids.plane(self.recording.trainer, extent)

    def neurons(self, extent: GridSpec, only: tuple[int, int] | None = None) -> Steps[tuple[ActivationGrid, ...]]:
        """The hidden neurons' outputs over a grid of sums."""
        return grids.neurons(self.recording.trainer, extent, only)

    def map_course(self) -> Steps[AffineMapHistory | None]:
        """The collapsed map over the run."""
        return in_one(lambda: landscape.map_course(self.recording.trainer, self._path))

    def slopes(self, a: float | None, b: float | None) -> LocalLinearMap:
        """The answer's slopes at a sum, by default the current one."""
        return grids.slopes(self.recording.trainer, self.asked.a if a is None else a, self.asked.b if b is None else b)

    def forecast(self) -> Steps[Extrapolation]:
        """What the slopes at the current sum foretell."""
        return grids.forecast(self.recording.trainer, self.asked, self.watched)

    def stability(self, rough: bool = False) -> Steps[CurvatureReport]:
        """The loss's curvature and the limit that it sets; ``rough`` on fewer rows, as beside a run that plays."""
        return curvature.stability(self.recording.trainer, rough)

    def outlook(self) -> Steps[Outlook]:
        """Whether the rate holds, and whether the run is stuck."""
        return outlook.outlook_of(self.recording.trainer, self.recording.history, self.recording.moment)

    def along_gradient(self, points: int = POINTS, rough: bool = False) -> Steps[GradientLine]:
        """The loss along the current gradient."""
        return landscape.along_gradient(self.recording.trainer, points, rough)

    def loss_slice(self, columns: int, rows: int, rough: bool = False) -> Steps[LossLandscape]:
        """The loss over two directions, with the run's path."""
        return landscape.loss_slice(self.recording.trainer, self._path, columns, rows, rough)

    def checks(self) -> Steps[Evaluation]:
        """Shares of sums answered well, and the error by region."""
        return evaluation.checks(self.recording.trainer)

    def rivals(self) -> Steps[tuple[Baseline, ...]]:
        """Other learners on the same rows."""
        return evaluation.rivals(self.recording.trainer, self.watched)


class Workspace(OpenRuns):
    """All of a session that needs torch. Only the session's thread touches it."""

    def __init__(self, experiment: Experiment, autosave: Path | None, save_every: float) -> None:
        torch.set_num_threads(1)
        super().__init__(experiment)
        self.autosave = Autosave(None if autosave is None else partial(self.save, autosave), save_every, self.version)
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

    def train(self, seconds: float, pace: float | None, until: float) -> float:
        """Train for a while at a pace in epochs a second, no further than to the end of epoch ``until``.

        Returns how long to rest before the next call.
        """
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
            self.recording.play(due, seconds, until)
            self.version += 1
        self._measure_speed()
        return rest

    def _measure_speed(self) -> None:
        now, done = time.perf_counter(), self.recording.trainer.updates_done
        start, first = self._speed_mark
        if now - start > 0.5:
            self._speed = max(0.0, (done - first) / (now - start))
            self._speed_mark = (now, done)

    # --- looking ---------------------------------------------------------------------------------

    def trace(self, row: int | None) -> Trace:
        """The way of the current sum, or of one row of the newest batch; of an unfinished one from its start.

        Raises:
            RequestError: there has been no batch yet, the row was not in it, or a parameter was set by hand meanwhile.
        """
        trainer = self.recording.trainer
        if row is not None and trainer.rung and not is_through(trainer):
            start, left_out = self.recording.at_start_of_update()
            return replace(trace_row_ahead(start, row), left_out=left_out)
        step = trace_step(trainer)
        return trace_sum(trainer, self.asked.a, self.asked.b, step) if row is None else trace_row(trainer, row, step)

    def batch_rows(self) -> tuple[int, ...]:
        """The rows of the data in the newest batch.

        Raises:
            RequestError: there has been no batch yet.
        """
        return batch_rows(self.recording.trainer)

    def prove(self) -> ReferenceCheck:
        """The next update, or the one in progress from its start, beside autograd and ``torch.optim``."""
        if not self.recording.trainer.rung:
            return prove(self.recording.trainer)
        start, left_out = self.recording.at_start_of_update()
        return replace(prove(start), begun=True, left_out=left_out)

    def check_gradient(self, index: int) -> GradientCheck:
        """One parameter's gradient beside finite differences.

        Raises:
            RequestError: no such parameter.
        """
        self._check_index(index)
        return check_gradient(self.recording.trainer, index)

    def course(self, index: int) -> ParameterHistory:
        """One parameter over the run so far, up to this moment.

        Raises:
            RequestError: no such parameter.
        """
        self._check_index(index)
        return course_of(self.recording, index)

    def look(self, epoch: int) -> EpochSummary:
        """What the run was at the end of an epoch, without going there.

        Raises:
            RequestError: the run has not been there.
        """
        return look_at(self.recording, epoch, self.watched)

    def activity(self) -> tuple[LayerActivity, ...]:
        """Every layer's outputs over all training rows, with the parameters as they are now, without dropout."""
        return layer_activity(self.recording.trainer)

    @property
    def explorer(self) -> Explorer:
        """What looks at the run from afar, as it is now."""
        return Explorer(self.recording, self.asked, list(self.watched))

    def data(self) -> DatasetArrays:
        """The run's pairs, in units of sums."""
        return self.recording.trainer.dataset.view(self.recording.experiment)

    def answers_to(self, pairs: NDArray[np.float64]) -> NDArray[np.float64]:
        """The network's answers ``(n,)`` to pairs ``(n, 2)``."""
        return np.array(self.recording.trainer.answers([(a, b) for a, b in pairs.tolist()]), dtype=np.float64)

    def start_state(self) -> NDArray[np.float32]:
        """The state ``(4, P)`` that the run began with."""
        return self.recording.timeline.keyframes[0].state.numpy().copy()

    def bench(self, name: str, *arguments: float | str) -> float | str:
        """A figure that a lesson computes beside the run.

        Raises:
            RequestError: no such figure, or arguments that do not fit.
        """
        from adder_engine.probes.registry import bench  # only lessons need it

        return bench(self.recording.trainer, name, *arguments)

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
        look = not playing or experiment.is_quickly_surveyed
        state = trainer.state.numpy().copy()
        size = experiment.training.batch_size or experiment.row_count
        trace = trace_sum(trainer, self.asked.a, self.asked.b, trace_step(trainer) if look else None)
        *answers, asked = answers_of(trainer, [*self.watched, self.asked])
        marks, line = self.marks(), self.run_list.line(recording.line)
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
            stepped=trainer.stepped,
            gradients_set=counters.has_gradients,
            frozen=tuple(sorted(trainer.handles.frozen)),
            held_gradients=held_gradients(trainer) if look else (),
            asked=asked,
            answers=tuple(answers),
            collapsed=collapsed_of(trainer),
            losses=recording.history.losses(),
            trace=trace,
            batch_rows=trainer.batch.rows if trainer.batch is not None else 0,
            silenced=tuple(sorted(trainer.handles.silenced)),
            can_undo=self.can_undo,
            can_redo=self.can_redo,
            crossing=recording.crossing,
            run=recording.line,
            run_name=self.run_list.name(recording.line, recording.first_experiment, marks),
            parent=line.parent,
            branched_at=line.branched_at,
            runs=self.run_list.runs,
            marks=marks,
            first_loss=recording.first_experiment.training.loss,
            blow_up=self.blow_up(),
            warning=self.warning,
        )

    # --- saving ----------------------------------------------------------------------------------

    def save(self, path: Path) -> None:
        """Save the run, and the runs in the list.

        Raises:
            RunFileError: it cannot be written.
        """
        line = self.run_list.line(self.recording.line)
        extra = {
            "watched": [[s.a, s.b] for s in self.watched],
            "asked": [self.asked.a, self.asked.b],
            "line": {"parent": line.parent, "branched_at": line.branched_at},
        }
        write(path, saved(self.recording.left(), extra), companions_saved(self.run_list.kept()))

    def save_now(self) -> None:
        """Save what is new; a run that cannot be saved goes on with a warning."""
        warning = self.autosave.save(self.version)
        if warning is not None and warning != self.warning:
            self.warning = warning
            self.version += 1
