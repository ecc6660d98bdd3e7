"""The sums to learn from and the sums held out, made from an experiment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from adder_engine.experiment import Data, Experiment
from adder_engine.kernels.random import seeded, uniform
from adder_engine.snapshot import DatasetArrays
from adder_engine.wanted import Wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Stream = NDArray[np.uint32]

HELD_OUT_SEED = 123
"""Held-out sums come from a generator of their own, so that they never disturb a run."""


@dataclass(frozen=True)
class Dataset:
    """Inputs ``(n, 2)`` and targets ``(n, 1)``, float32: as drawn, in units of sums, and divided by the scale."""

    pairs: Array
    """In units of sums; so are ``answers``, noise included, and the held-out ones."""
    answers: Array
    test_pairs: Array
    """``(m, 2)``; m is 0 where there are no held-out sums."""
    test_answers: Array
    scale: float

    @cached_property
    def inputs(self) -> Array:
        return self.pairs / np.float32(self.scale)

    @cached_property
    def targets(self) -> Array:
        return self.answers / np.float32(self.scale)

    @cached_property
    def test_inputs(self) -> Array:
        return self.test_pairs / np.float32(self.scale)

    @cached_property
    def test_targets(self) -> Array:
        return self.test_answers / np.float32(self.scale)

    @classmethod
    def draw(cls, experiment: Experiment, stream: Stream) -> Dataset:
        """Make the data, drawing the inputs and then the noise from ``stream``."""
        data = experiment.data
        if data.kind == "rows":
            pairs = np.array([row[:2] for row in data.rows], dtype=np.float32)
            answers = np.array([[experiment.wanted.of_row(row)] for row in data.rows], dtype=np.float32)
        else:
            pairs = _drawn(data, data.count, stream)
            answers = _answers(data.task, pairs)
        if data.noise > 0:
            from adder_engine.torch_draws import normal  # the one draw of data for which torch is needed

            answers = answers + np.float32(data.noise) * normal(stream, answers.shape)
        test_pairs = _drawn(data, data.test_count if data.kind == "uniform" else 0, seeded(HELD_OUT_SEED))
        return cls(pairs, answers, test_pairs, _answers(data.task, test_pairs), data.scale)

    def wanted(self, experiment: Experiment) -> NDArray[np.float64]:
        """The right answers to the training rows, without noise, ``(n,)``, in units of sums."""
        wanted = experiment.wanted
        if experiment.data.kind == "rows":
            return np.array([wanted.of_row(row) for row in experiment.data.rows])
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
        )


def wanted_over(wanted: Wanted, a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """The right answers to pairs ``(n,)``: NaN where they are unknown."""
    match wanted.rule:
        case "sum":
            return a + b
        case "difference":
            return a - b
        case "product":
            return a * b
    found = (wanted.of(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True))
    return np.array([np.nan if target is None else target for target in found])


def _drawn(data: Data, count: int, stream: Stream) -> Array:
    shares = np.empty(2 * count, dtype=np.float32)
    uniform(stream, 0.0, 1.0, shares)
    return shares.reshape(count, 2) * np.float32(data.high - data.low) + np.float32(data.low)


def _answers(task: str, pairs: Array) -> Array:
    a, b = pairs[:, :1], pairs[:, 1:]
    return a + b if task == "sum" else a - b if task == "difference" else a * b
