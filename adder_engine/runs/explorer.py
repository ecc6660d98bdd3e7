"""What is read out of a run as it stands, and what is found out about it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from adder_engine.analysis import curvature, evaluation, grids, landscape, outlook
from adder_engine.analysis.grids import collapsed_map
from adder_engine.analysis.results import Query, RunHistories
from adder_engine.analysis.tracing import (
    batch_rows,
    is_through,
    layer_activity,
    trace_row,
    trace_row_ahead,
    trace_step,
    trace_sum,
)
from adder_engine.errors import RequestError
from adder_engine.parsing import Sum
from adder_engine.runs.run import Run
from adder_engine.snapshot import (
    AffineMap,
    Answer,
    DatasetArrays,
    EpochSummary,
    GradientCheck,
    LayerActivity,
    ParameterHistory,
    Position,
    ReferenceCheck,
)
from adder_engine.steps import Steps
from adder_engine.trace import Trace
from adder_engine.training.trainer import Trainer

MOST_POINTS = 200
"""Of a parameter's course: of its keyframes, and of the updates before now that are replayed."""
REPLAY = 0.025
"""Seconds that the replay for a course may take, about."""
MOST_MOMENTS = 1_000
MOST_BINS = 100
MOST_BINNED = 5_000
"""Of a larger tensor so many numbers, evenly picked, go into its histograms."""
REPLAY_SLICE = 0.005
"""Seconds that one slice of the replay may take, about."""


def answers_of(trainer: Trainer, sums: Sequence[Sum]) -> tuple[Answer, ...]:
    """The network's answers, beside what is wanted."""
    wanted = trainer.experiment.wanted
    predicted = trainer.answers([(s.a, s.b) for s in sums]).tolist()
    return tuple(Answer(s, p, wanted.of(s.a, s.b)) for s, p in zip(sums, predicted, strict=True))


def collapsed_of(trainer: Trainer) -> AffineMap | None:
    """The whole network as one map, for networks without activation."""
    return collapsed_map(trainer.experiment, trainer.dataset.scales, trainer.state[0], trainer.constraints.muted)


def _replayed_from(run: Run) -> Position:
    """The earliest keyframe that is needed and from which a replay to now is cheap; now if there is none."""
    now, timeline, experiment = run.moment, run.timeline, run.experiment
    rows = experiment.rows_per_update + experiment.test_row_count / experiment.updates_per_epoch
    cells = rows * (sum(experiment.network.layers) + experiment.parameter_count / 8) + 8 * experiment.parameter_count
    # How many updates may be halted at, guessed from the network's size and its rows.
    most = int(REPLAY / (1.2e-5 * (len(experiment.layer_names) + 3) + 0.35e-9 * cells))
    place = timeline.before(max(0, now.update - MOST_POINTS)).counters.updates_done
    done = timeline.next_event(now)
    while place <= now.update:
        start = Position(place)
        if now.update - place + done - timeline.next_event(start) <= most:
            return start
        place += timeline.spacing
    return now


def finite(value: float | None) -> float | None:
    """The value; None where it is not finite."""
    return value if value is not None and math.isfinite(value) else None


def _histogram(each: NDArray[np.float32], bins: int) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Shares ``(bins, moments)`` of numbers ``(moments, n)``, lowest bin first, and the range that they span."""
    finite = each[np.isfinite(each)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    air = (high - low) * 0.01 or abs(high) * 0.1 or 1.0
    low, high = low - air, high + air
    counts = [np.histogram(row[np.isfinite(row)].astype(np.float64), bins, (low, high))[0] for row in each]
    return np.array(counts, dtype=np.float64).T / each.shape[1], (low, high)


@dataclass(frozen=True)
class Explorer:
    """Looks at a run as it is when the work begins. What is needed later is copied, so the run may go on meanwhile.

    What a session offers under the same name is told there, with what it raises.
    """

    run: Run
    asked: Sum
    """The current sum."""
    watched: list[Sum]

    def find(self, question: Query) -> Steps[object]:
        """What is asked for by name."""
        return self.findings[question.name](*question.arguments)

    @property
    def findings(self) -> dict[str, Callable[..., Steps[object]]]:
        """How each that a session offers is found, from the network and the run's past as they are now."""
        run, trainer = self.run, self.run.trainer
        path = run.timeline.thinned(landscape.MOST_PATH_POINTS)
        return {
            "along_gradient": partial(landscape.along_gradient, trainer),
            "along_parameter": partial(landscape.along_parameter, trainer),
            "checks": partial(evaluation.checks, trainer),
            "forecast": partial(grids.forecast, trainer, self.asked, self.watched),
            "histories": self.histories,
            "loss_slice": partial(landscape.loss_slice, trainer, path),
            "map_course": partial(landscape.map_course, trainer, path),
            "neurons": partial(grids.neurons, trainer),
            "outlook": partial(outlook.outlook_of, trainer, run.history, run.moment),
            "plane": partial(grids.plane, trainer),
            "rivals": partial(evaluation.rivals, trainer, self.watched),
            "stability": partial(curvature.stability, trainer),
        }

    def trace(self, row: int | None) -> Trace:
        trainer = self.run.trainer
        if row is not None and trainer.stage and not is_through(trainer):
            start, left_out = self.run.at_start_of_update()
            return replace(trace_row_ahead(start, row), left_out=left_out)
        step = trace_step(trainer)
        return trace_sum(trainer, self.asked.a, self.asked.b, step) if row is None else trace_row(trainer, row, step)

    def batch_rows(self) -> tuple[int, ...]:
        return batch_rows(self.run.trainer)

    def prove(self) -> ReferenceCheck:
        from adder_engine.reference import prove  # loads torch, for which alone it is there

        if not self.run.trainer.stage:
            return prove(self.run.trainer)
        start, left_out = self.run.at_start_of_update()
        return replace(prove(start), begun=True, left_out=left_out)

    def check_gradient(self, index: int) -> GradientCheck:
        return landscape.check_gradient(self.run.trainer, index)

    def course(self, index: int) -> ParameterHistory:
        """One parameter over the run so far, up to this moment.

        Its last updates are replayed aside, so that none of them and nothing that was done among them is left out; what
        lies further back is told by the keyframes alone.

        Raises:
            RequestError: no such parameter.
        """
        run = self.run
        run.trainer.layout.check(index)
        timeline, now = run.timeline, run.moment
        start = _replayed_from(run)
        exact = max(start.update, now.update - MOST_POINTS) if start < now else now.update
        kept = [k for k in timeline.thinned(MOST_POINTS) if k.counters.updates_done < exact]
        points = [(k.counters.updates_done, k.state[0, index].item()) for k in kept]
        if start < now:
            looking = run.scout()
            for halt in looking.walk(start, now):
                if halt.update >= exact:
                    points.append((halt.update, float(looking.trainer.state[0, index])))
        else:
            points.append((now.update, float(run.trainer.state[0, index])))
        updates, values = np.array(points, dtype=np.float64).T
        spacing = timeline.spacing * -(-len(timeline.keyframes) // MOST_POINTS)
        return ParameterHistory(index, updates, values, exact, spacing)

    def histories(self, index: int, moments: int, bins: int) -> Steps[RunHistories]:
        """What a parameter and its tensor were at about ``moments`` moments from the start to this one.

        Raises:
            RequestError: no such parameter, fewer than 2 or more than 1,000 moments, or than 2 or 100 bins.
        """
        run = self.run
        run.trainer.layout.check(index)
        if not (2 <= moments <= MOST_MOMENTS and 2 <= bins <= MOST_BINS):
            raise RequestError(
                "Use 2 to {moments:,} moments and 2 to {bins} bins.", moments=MOST_MOMENTS, bins=MOST_BINS
            )
        looking, now, layout = run.scout(), run.moment.update, run.trainer.layout
        here = run.trainer.state.copy(), run.trainer.epochs_gone
        tensor = next(tensor for tensor in layout.tensors if index < tensor.stop)
        places = np.unique(
            np.linspace(tensor.start, tensor.stop - 1, min(MOST_BINNED, tensor.stop - tensor.start)).astype(int)
        )
        spans = [slice(layout.weight(i).start, layout.bias(i).stop) for i in range(len(layout.tensors) // 2)]
        most = max(1, int(REPLAY_SLICE / run.experiment.update_seconds))
        updates = np.unique(np.linspace(0, now, moments).round().astype(np.int64))
        numbers, spread, norms, epochs = [], [], [], []
        yield
        for update in updates.tolist():
            while looking.moment.update < update and update < now:
                looking.go_on_to(Position(update), most)
                yield
            state, epoch = here if update == now else (looking.trainer.state, looking.trainer.epochs_gone)
            numbers.append(state[:, index].astype(np.float64))
            spread.append(state[:2, places].copy())
            norms.append([float(np.linalg.norm(state[1, span].astype(np.float64))) for span in spans])
            epochs.append(epoch)
        known = np.array(numbers)
        each = np.array(spread)
        gradients = np.array(norms)
        if updates[0] == 0:  # there is no gradient before the first update
            known[0, 1] = np.nan
            each[0, 1] = np.nan
            gradients[0] = np.nan
        values, value_range = _histogram(each[:, 0], bins)
        slopes, slope_range = _histogram(each[:, 1], bins)
        return RunHistories(
            index=index, tensor=tensor.name, updates=updates, epochs=np.array(epochs), number=known,
            values=values, value_range=value_range, gradients=slopes, gradient_range=slope_range, norms=gradients,
        )  # fmt: skip

    def look(self, epoch: int) -> EpochSummary:
        """What the run was at the end of an epoch; it is replayed aside from the nearest keyframe.

        Raises:
            RequestError: the run has not been there.
        """
        looking = self.run.scout()
        looking.seek_epoch(epoch)
        trainer, counters = looking.trainer, looking.trainer.counters
        return EpochSummary(
            epoch, counters.updates_done, counters.loss, finite(counters.test_loss), answers_of(trainer, self.watched),
            collapsed_of(trainer),
        )  # fmt: skip

    def activity(self) -> tuple[LayerActivity, ...]:
        return layer_activity(self.run.trainer)

    def data(self) -> DatasetArrays:
        return self.run.trainer.dataset.view(self.run.experiment)

    def bench(self, name: str, *arguments: float | str) -> float | str:
        from adder_engine.probes import bench  # only lessons need it

        return bench(self.run.trainer, name, *arguments)

    def module_text(self) -> str:
        from adder_engine.reference import Adder  # loads torch, which prints it

        return repr(Adder(self.run.experiment))
