"""The sums to learn from and the sums held out, made from an experiment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from adder_engine.errors import ExperimentError
from adder_engine.experiment import Experiment
from adder_engine.formula import Formula
from adder_engine.kernels.random import normal, seeded, uniform
from adder_engine.sections import AUTO, SAME, SMALLEST_SCALE, Data
from adder_engine.snapshot import DatasetArrays, Scales
from adder_engine.wanted import HELD_OUT_SEED, TASKS, Wanted, task_answer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Stream = NDArray[np.uint32]


@dataclass(frozen=True)
class Dataset:
    """Inputs ``(n, 2)`` and targets ``(n, 1)``, float32: as drawn, in units of sums, and divided by the scales."""

    pairs: Array
    """In units of sums; so are ``answers``, noise included, and the held-out ones."""
    answers: Array
    test_pairs: Array
    """``(m, 2)``; m is 0 where there are no held-out sums."""
    test_answers: Array
    scales: Scales
    is_yes_or_no: bool = False

    @cached_property
    def inputs(self) -> Array:
        return self.pairs / np.float32(self.scales.inputs)

    @cached_property
    def targets(self) -> Array:
        return self.answers / np.float32(self.scales.targets)

    @cached_property
    def test_inputs(self) -> Array:
        return self.test_pairs / np.float32(self.scales.inputs)

    @cached_property
    def test_targets(self) -> Array:
        return self.test_answers / np.float32(self.scales.targets)

    def meant(self, outputs: Array) -> NDArray[np.float64]:
        """What the last layer's outputs say, in units of sums; where the question is yes or no, how likely yes is."""
        with np.errstate(over="ignore"):
            if self.is_yes_or_no:
                return np.asarray(1 / (1 + np.exp(-outputs.astype(np.float64))))
            return (outputs * np.float32(self.scales.targets)).astype(np.float64)

    @classmethod
    def draw(cls, experiment: Experiment, stream: Stream) -> Dataset:
        """Make the data, drawing the inputs and then the noise from ``stream``."""
        data = experiment.data
        if data.kind == "rows":
            parts = experiment.training_rows, experiment.test_rows
            pairs, test_pairs = (np.array([row[:2] for row in rows], np.float32).reshape(-1, 2) for rows in parts)
            wanted = ([[experiment.wanted.of_row(row)] for row in rows] for rows in parts)
            answers, test_answers = (np.array(targets, np.float32).reshape(-1, 1) for targets in wanted)
        else:
            pairs, test_pairs = _drawn(data, data.count, stream), _drawn(data, data.test_count, seeded(HELD_OUT_SEED))
            answers, test_answers = (_answers(experiment, some) for some in (pairs, test_pairs))
        if data.noise > 0:
            answers = answers + np.float32(data.noise) * normal(stream, answers.shape)
        scales = _scales(experiment, pairs, answers)
        return cls(pairs, answers, test_pairs, test_answers, scales, experiment.is_yes_or_no)

    def wanted(self, experiment: Experiment) -> NDArray[np.float64]:
        """The right answers to the training rows, without noise, ``(n,)``, in units of sums."""
        wanted = experiment.wanted
        if experiment.data.kind == "rows":
            return np.array([wanted.of_row(row) for row in experiment.training_rows])
        a, b = self.pairs.T.astype(np.float64)
        return wanted_over(wanted, a, b)

    def view(self, experiment: Experiment) -> DatasetArrays:
        """The pairs in units of sums, as frozen arrays of their own."""

        def frozen(array: NDArray[np.float64]) -> NDArray[np.float64]:
            array.flags.writeable = False
            return array

        return DatasetArrays(
            inputs=frozen(self.pairs.astype(np.float64)),
            targets=frozen(self.answers[:, 0].astype(np.float64)),
            wanted=frozen(self.wanted(experiment)),
            test_inputs=frozen(self.test_pairs.astype(np.float64)),
            test_targets=frozen(self.test_answers[:, 0].astype(np.float64)),
            is_yes_or_no=self.is_yes_or_no,
        )


def wanted_over(wanted: Wanted, a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """The right answers to pairs ``(n,)``: NaN where they are unknown."""
    if wanted.rule in TASKS:
        return np.asarray(task_answer(wanted.rule, a, b))
    if wanted.rule == "formula" and wanted.formula is not None:
        return _by_formula(wanted.formula, a, b)
    found = (wanted.of(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True))
    return np.array([np.nan if target is None else target for target in found])


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs, "min": np.minimum, "max": np.maximum, "sin": np.sin, "cos": np.cos, "sqrt": np.sqrt,
    "number": np.float64, "finite": lambda values: np.where(np.isfinite(values), values, np.nan),
}  # fmt: skip


def _by_formula(formula: Formula, a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """The answers to pairs, in arrays of one shape; NaN where the formula has no finite value."""
    with np.errstate(all="ignore"):
        return np.asarray(formula.over(a, b, _FUNCTIONS), dtype=np.float64)


def _drawn(data: Data, count: int, stream: Stream) -> Array:
    shares = np.empty(2 * count, dtype=np.float32)
    uniform(stream, 0.0, 1.0, shares)
    return shares.reshape(count, 2) * np.float32(data.high - data.low) + np.float32(data.low)


def _scales(experiment: Experiment, pairs: Array, answers: Array) -> Scales:
    """What the experiment says of them, with what stands for it worked out from the training rows."""
    data = experiment.data

    def number(scale: float | str, rows: Array) -> float:
        largest = float(np.abs(rows).max()) if scale == AUTO else float(scale)
        return largest if largest >= SMALLEST_SCALE else 1.0

    if experiment.is_yes_or_no:
        return Scales(number(data.scale, pairs), 1.0)
    own = data.scale if data.target_scale == SAME else data.target_scale
    return Scales(number(data.scale, pairs), number(own, pairs if data.target_scale == SAME else answers))


def _answers(experiment: Experiment, pairs: Array) -> Array:
    """The task's answers; a formula's are worked out in float64, and rounded once.

    Raises:
        ExperimentError: a formula has no value at a pair that was drawn.
    """
    task, formula = experiment.data.task, experiment.wanted.formula
    a, b = pairs[:, :1], pairs[:, 1:]
    if formula is not None:
        with np.errstate(over="ignore"):
            found = _by_formula(formula, a.astype(np.float64), b.astype(np.float64)).astype(np.float32)
        if len(bad := np.flatnonzero(~np.isfinite(found))):
            raise ExperimentError(
                'data.task = "{task}" has no value at a = {a:.6g}, b = {b:.6g}, a pair that is drawn: draw from '
                "where it has one (data.low, data.high), or use another formula.",
                task=task,
                a=a[bad[0], 0],
                b=b[bad[0], 0],
            )
        return found
    return np.asarray(task_answer(task, a, b))
