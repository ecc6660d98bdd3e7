"""The network over many sums: its answers and its neurons over a plane, its slopes and what they foretell."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from adder_engine.analysis.results import (
    ActivationGrid,
    AnswerGrid,
    ExtrapolatedError,
    Extrapolation,
    GridSpec,
    LocalLinearMap,
    symmetric_exp,
    symmetric_log,
)
from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.kernels.backprop import IN_ORDER, NOTHING, ask, net_of, scratch_for
from adder_engine.kernels.layers import BLOCK, FEW
from adder_engine.parsing import LARGEST_TERM, Sum
from adder_engine.snapshot import AffineMap, Scales
from adder_engine.steps import Steps
from adder_engine.training.data import wanted_over
from adder_engine.training.passes import Pass
from adder_engine.training.trainer import MOST_ALONE, Trainer

CELLS_AT_ONCE = 400_000
"""Sums times neurons between two looks at other requests: some milliseconds."""
Doubles = NDArray[np.float64]
MOST_POINTS = 100_000
MOST_OUTPUTS = 20_000_000
"""Grid points times hidden neurons."""
MOST_TRAINED = 500
"""Training sums that a plane shows."""
FARTHER = (1.0, 1e1, 1e2, 1e3)
"""How many times the first power of ten beyond the training range the far-out sums reach."""
DIRECTIONS = ((1, 1), (-1, -1), (1, -1), (-1, 1), (1, 0), (0, 1))


class FrozenNetwork:
    """A copy of a trainer's network: without dropout, muted neurons silent. It answers in float32, as the run's."""

    def __init__(self, trainer: Trainer) -> None:
        self.experiment, self._net, self._data = trainer.experiment, trainer.net, trainer.dataset
        self._parameters = trainer.state[0].copy()

    def _parts(self, a: Doubles, b: Doubles) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Some of the sums ``(n,)`` at a time, whole blocks, in scaled units: ``(2, some)``."""
        scaled = np.stack([a, b]).astype(np.float32) / np.float32(self._data.scales.inputs)
        some = max(1, CELLS_AT_ONCE // sum(self.experiment.network.layers) // BLOCK) * BLOCK
        for start in range(0, len(a), some):
            place = slice(start, start + some)
            yield place, np.ascontiguousarray(scaled[:, place])

    def answers(self, a: Doubles, b: Doubles) -> Steps[Doubles]:
        """The answers to sums ``(n,)``, in units of sums, ``(n,)``: the same numbers as ``Trainer.answers``."""
        found = np.empty(len(a), dtype=np.float32)
        size = FEW if len(a) <= MOST_ALONE else BLOCK
        scratch = scratch_for(self._net, size)
        for place, inputs in self._parts(a, b):
            ask(self._net, self._parameters, scratch, inputs, NOTHING, IN_ORDER, size, found[place])
            yield
        return self._data.meant(found)

    def hidden(self, a: Doubles, b: Doubles) -> Steps[list[NDArray[np.float32]]]:
        """What leaves each hidden layer for sums ``(n,)``: ``(neurons, n)`` a layer, in scaled units."""
        found = [np.empty((n, len(a)), dtype=np.float32) for n in self.experiment.network.layers[1:-1]]
        for place, inputs in self._parts(a, b):
            way = Pass(self._net, self._parameters, inputs, inputs[0])
            way.run()
            for i, outputs in enumerate(found):
                outputs[:, place] = way.post(i)
            yield
        return found

    def tangent(self, a: float, b: float) -> tuple[float, float, float]:
        """The answer to one sum and how fast it rises with a and with b, in units of sums, in float64; of a yes or no
        the log-odds. By the backward pass, gone on through the first layer to the inputs.
        """
        scales, first = self._data.scales, self.experiment.layout.weight(0)
        way = Pass(self._net, self._parameters.astype(np.float64), np.array([[a], [b]]) / scales.inputs, np.zeros(1))
        way.run()
        way.back_from(1.0)
        rise = first.of(way.parameters).T @ way.delta(0)[:, 0] * (scales.targets / scales.inputs)
        return float(way.answers[0]) * scales.targets, float(rise[0]), float(rise[1])


class Grid:
    """A grid of sums: a from left (lowest) to right, b from the top (highest) down; numbers that float32 holds.

    Raises:
        RequestError: limits that are no range within ±1e12, or a grid that is too fine.
    """

    def __init__(self, extent: GridSpec) -> None:
        ranges = ("a", extent.a_low, extent.a_high), ("b", extent.b_low, extent.b_high)
        for name, low, high in ranges:
            if not -LARGEST_TERM <= low < high <= LARGEST_TERM:
                raise RequestError(
                    "{name} from {low:g} to {high:g} is no range: use two numbers within ±1e12.",
                    name=name,
                    low=low,
                    high=high,
                )
        columns, rows, log = extent.columns, extent.rows, extent.log
        if not (columns >= 2 and rows >= 2 and columns * rows <= MOST_POINTS):
            raise RequestError(
                "A grid of {columns} by {rows} will not do: use 2 by 2 up to {most:,} points in all.",
                columns=columns,
                rows=rows,
                most=MOST_POINTS,
            )
        self.log = log
        self.a = _axis(extent.a_low, extent.a_high, columns, log)
        """``(columns,)``"""
        self.b = _axis(extent.b_low, extent.b_high, rows, log)[::-1].copy()
        """``(rows,)``"""
        self.shape = rows, columns
        down, across = np.meshgrid(self.b, self.a, indexing="ij")
        self.sums = across.ravel(), down.ravel()
        """a and b of every point, each ``(rows · columns,)``, row by row."""


def _axis(low: float, high: float, count: int, log: bool) -> Doubles:
    if log:
        steps = np.linspace(symmetric_log(low), symmetric_log(high), count)
        numbers = np.array([symmetric_exp(step) for step in steps])
    else:
        numbers = np.linspace(low, high, count)
    return numbers.astype(np.float32).astype(np.float64)


def plane(trainer: Trainer, extent: GridSpec) -> Steps[AnswerGrid]:
    """The network's answers over a grid of sums, beside what is wanted.

    Raises:
        RequestError: limits that are no range within ±1e12, or a grid that is too fine.
    """
    network, experiment, grid = FrozenNetwork(trainer), trainer.experiment, Grid(extent)
    stride = -(-trainer.inputs.shape[1] // MOST_TRAINED)
    points = trainer.dataset.pairs[::stride].astype(np.float64)
    answers = yield from network.answers(*grid.sums)
    trained_a, trained_b = experiment.trained_range
    return AnswerGrid(
        a=grid.a,
        b=grid.b,
        log=grid.log,
        answers=answers.reshape(grid.shape),
        wanted=wanted_over(experiment.wanted, *grid.sums).reshape(grid.shape),
        trained_a=trained_a,
        trained_b=trained_b,
        points=points,
        row_count=experiment.row_count,
    )


def neurons(
    trainer: Trainer, extent: GridSpec, only: tuple[int, int] | None = None
) -> Steps[tuple[ActivationGrid, ...]]:
    """Every hidden neuron's output over a grid of sums, or only one's.

    Raises:
        RequestError: limits that are no range, a grid that is too fine, or no such hidden neuron.
    """
    grid = Grid(extent)
    sizes = trainer.experiment.network.layers[1:-1]
    wanted = [(layer, n) for layer, size in enumerate(sizes) for n in range(size)] if only is None else [only]
    if only is not None and not (0 <= only[0] < len(sizes) and 0 <= only[1] < sizes[only[0]]):
        raise RequestError("There is no hidden neuron {neuron} in layer {layer}.", neuron=only[1], layer=only[0])
    if grid.shape[0] * grid.shape[1] * sum(sizes) > MOST_OUTPUTS:
        raise RequestError(
            "A grid of {columns} by {rows} is too fine for {neurons} neurons: use at most {most:,} points.",
            columns=grid.shape[1],
            rows=grid.shape[0],
            neurons=sum(sizes),
            most=MOST_OUTPUTS // sum(sizes),
        )
    outputs = yield from FrozenNetwork(trainer).hidden(*grid.sums)
    found = []
    for layer, n in wanted:
        over = outputs[layer][n].reshape(grid.shape)
        found.append(ActivationGrid(layer, n, over, float(over.min()), float(over.max())))
    return tuple(found)


def slopes(trainer: Trainer, a: float, b: float) -> LocalLinearMap:
    """The answer's slopes at the sum (a, b). Raises RequestError: a or b is no finite number within ±1e12."""
    for name, value in (("a", a), ("b", b)):
        if not abs(value) <= LARGEST_TERM:
            raise RequestError(
                "{name} = {value:g} cannot be asked about: use a number within ±1e12.", name=name, value=value
            )
    network = FrozenNetwork(trainer)
    everywhere = trainer.experiment.is_affine
    answer, d_a, d_b = network.tangent(a, b)
    # Of a straight rule the answer to 0 + 0 is the intercept, without a difference of large numbers.
    intercept = network.tangent(0, 0)[0] if everywhere else answer - d_a * a - d_b * b
    return LocalLinearMap(a, b, answer, d_a, d_b, intercept, trainer.experiment.wanted.tangent(a, b), everywhere)


def far_sizes(experiment: Experiment) -> tuple[float, ...]:
    """How large the terms of far-out sums are: powers of ten that begin just beyond the training range."""
    reach = max(abs(limit) for limits in experiment.trained_range for limit in limits) or 1.0
    first = 10.0 ** (math.floor(math.log10(reach)) + 1)
    return tuple(first * more for more in FARTHER if first * more <= LARGEST_TERM)


def forecast(trainer: Trainer, current: Sum, watched: list[Sum]) -> Steps[Extrapolation]:
    """The errors that the slopes at the current sum foretell, for the watched sums and far-out ones.

    Sums whose right answer is not known are left out; a yes or no is off by nothing.
    """
    network, wanted = FrozenNetwork(trainer), trainer.experiment.wanted
    at = slopes(trainer, current.a, current.b)
    if trainer.experiment.is_yes_or_no:
        return Extrapolation(at, ())
    known = {(s.a, s.b) for s in watched}
    far = [Sum(x * size, y * size) for size in far_sizes(trainer.experiment) for x, y in DIRECTIONS]
    asked = [s for s in (*watched, *(s for s in far if (s.a, s.b) not in known)) if wanted.of(s.a, s.b) is not None]
    if not asked:
        return Extrapolation(at, ())
    answers = yield from network.answers(np.array([s.a for s in asked]), np.array([s.b for s in asked]))
    rows = []
    for one, answer in zip(asked, answers.tolist(), strict=True):
        right = wanted.of(one.a, one.b)
        assert right is not None
        extrapolated = math.fsum((at.d_a * one.a, at.d_b * one.b, at.intercept, -right))
        rows.append(ExtrapolatedError(one, right, extrapolated, answer - right, (one.a, one.b) in known))
    return Extrapolation(at, tuple(rows))


def collapsed_map(
    experiment: Experiment,
    scales: Scales,
    parameters: NDArray[np.float32],
    muted: frozenset[tuple[int, int]] = frozenset(),
) -> AffineMap | None:
    """The whole network as ``w_a·a + w_b·b + c``, from its parameters ``(P,)``; None where it has an activation.

    Of a yes or no it is the log-odds. Affine after affine is affine: ``W = W_n···W_1``, and the bias is folded along.
    In float64.
    """
    if not experiment.is_affine:
        return None
    layout = experiment.layout
    weight, bias = np.eye(2), np.zeros(2)
    for i in range(len(experiment.layer_names)):
        matrix = layout.weight(i).of(parameters).astype(np.float64)
        weight, bias = matrix @ weight, matrix @ bias + layout.bias(i).of(parameters)
        for layer, neuron in muted:
            if layer == i:
                weight[neuron], bias[neuron] = 0, 0
    share = scales.targets / scales.inputs
    return AffineMap(float(weight[0, 0]) * share, float(weight[0, 1]) * share, float(bias[0] * scales.targets))


def neuron_grids(
    experiment: Experiment, parameters: NDArray[np.float32], points: NDArray[np.float64],
    muted: Collection[tuple[int, int]] = (), scale: float = 1.0,
) -> list[NDArray[np.float32]]:  # fmt: skip
    """What leaves each layer for sums ``points`` ``(n, 2)``: ``(neurons, n)`` a layer, in scaled units, no dropout.

    The last is the answer.

    Args:
        parameters: ``(P,)`` float32, row 0 of a snapshot's state.
        muted: (layer, neuron) pairs whose output is held at 0, as in a snapshot.
        scale: what the inputs are divided by, as in a snapshot.
    """
    inputs = points.T.astype(np.float32) / np.float32(scale)
    way = Pass(net_of(experiment, frozenset(muted)), np.ascontiguousarray(parameters), inputs, inputs[0])
    way.stages(1, way.depth)
    return [way.post(i) for i in range(way.depth)]
