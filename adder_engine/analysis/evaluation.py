"""How good the answers are on sums that were not trained on: shares, regions, and other learners on the same data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from adder_engine.analysis.grids import FrozenNetwork
from adder_engine.analysis.results import Baseline, Evaluation, Hits, Region
from adder_engine.experiment import Experiment
from adder_engine.kernels.random import seeded, uniform_double
from adder_engine.parsing import Sum
from adder_engine.snapshot import Answer
from adder_engine.steps import Steps
from adder_engine.training.data import wanted_over
from adder_engine.training.trainer import Trainer
from adder_engine.wanted import HELD_OUT_SEED, thresholds

NEIGHBOURS = 5
DISTANCES_AT_ONCE = 200_000
"""Distances between two looks at other requests: some milliseconds."""
SURE = 0.5
"""How likely yes is from where on the answer is a yes."""
DIGITS = 9
"""After the point, to which answers that are worked out in float64 are good."""
DRAWN = 2_000
"""Sums that are drawn for a region."""
MOST_DISTANCES = 20_000_000
Doubles = NDArray[np.float64]
Range = tuple[float, float]
Name = Literal["inside", "near", "far"]
TIMES: dict[Name, int] = {"inside": 1, "near": 2, "far": 10}
"""How many times as wide as the training range each region is."""


def taught_rows(trainer: Trainer) -> tuple[Doubles, Doubles]:
    """The rows that the run's network is taught, for others: sums ``(n, 2)``, targets ``(n,)``, unscaled, float64."""
    data = trainer.dataset
    return data.pairs.astype(np.float64), data.answers[:, 0].astype(np.float64)


def least_squares(inputs: Doubles, targets: Doubles, asked: Doubles) -> Steps[Doubles]:
    """The straight rule with the smallest squared error on ``inputs`` (n, 2), ``targets`` (n,), asked at (m, 2).

    Where several fit as well, the one of the smallest slopes and intercept.
    """
    with_one, asked_with_one = (np.column_stack([rows, np.ones(len(rows))]) for rows in (inputs, asked))
    solution, *_ = np.linalg.lstsq(with_one, targets, rcond=None)
    yield
    return np.asarray(asked_with_one @ solution)


def neighbours(inputs: Doubles, targets: Doubles, asked: Doubles) -> Steps[Doubles]:
    """The mean target of the five rows ``inputs`` (n, 2) that lie nearest to each sum asked, (m, 2)."""
    count = min(NEIGHBOURS, len(inputs))
    answers = []
    some = max(1, DISTANCES_AT_ONCE // len(inputs))
    for start in range(0, len(asked), some):
        apart = np.subtract.outer(asked[start : start + some, 0], inputs[:, 0]) ** 2
        apart += np.subtract.outer(asked[start : start + some, 1], inputs[:, 1]) ** 2
        answers.append(targets[np.argpartition(apart, count - 1)[:, :count]].mean(axis=1))
        yield
    return np.concatenate(answers)


@dataclass(frozen=True)
class EvaluationSet:
    """Sums that judge a run and their right answers, each ``(n,)``, in units of sums."""

    a: Doubles
    b: Doubles
    wanted: Doubles


def region_of(experiment: Experiment, name: Name) -> tuple[Range, Range]:
    """From where a and b are drawn: the training range, or wider about its middle.

    A single pair has no range: there both reach out to its largest number, to both sides of 0.
    """
    ranges = experiment.trained_range
    halves = [(high - low) / 2 for low, high in ranges]
    middles = [(low + high) / 2 for low, high in ranges]
    if not any(halves):
        reach = max(abs(middle) for middle in middles) or 1.0
        halves, middles = [reach, reach], [0.0, 0.0]
    wider = [TIMES[name] * half if half else (TIMES[name] - 1) * max(halves) for half in halves]
    a, b = ((middle - half, middle + half) for middle, half in zip(middles, wider, strict=True))
    return a, b


def drawn(experiment: Experiment, a: Range, b: Range) -> EvaluationSet:
    """Sums drawn evenly from two ranges, always the same ones, by a generator of their own."""
    shares = np.empty(2 * DRAWN)
    uniform_double(seeded(HELD_OUT_SEED), 0.0, 1.0, shares)
    low, high = np.array([a, b]).T
    of_a, of_b = (shares.reshape(DRAWN, 2) * (high - low) + low).astype(np.float32).astype(np.float64).T
    return EvaluationSet(of_a, of_b, wanted_over(experiment.wanted, of_a, of_b))


def judging(trainer: Trainer) -> tuple[Literal["held-out", "newly drawn", "training"], EvaluationSet]:
    """What judges a run: its held-out sums; else sums drawn from inside the training range; or its own rows.

    The rows judge where the right answers are known for them alone.
    """
    experiment, data = trainer.experiment, trainer.dataset
    if len(data.test_pairs):
        a, b = data.test_pairs.T.astype(np.float64)
        own = [experiment.wanted.of_row(row) for row in experiment.test_rows]
        wanted = np.array(own) if own else wanted_over(experiment.wanted, a, b)
        return "held-out", EvaluationSet(a, b, wanted)
    if experiment.wanted.rule == "rows":
        rows = [(*row[:2], experiment.wanted.of_row(row)) for row in experiment.training_rows]
        a, b, wanted = np.array(rows, dtype=np.float64).T
        return "training", EvaluationSet(a, b, wanted)
    return "newly drawn", drawn(experiment, *region_of(experiment, "inside"))


def held_out(trainer: Trainer) -> EvaluationSet:
    """The sums that judge a run."""
    return judging(trainer)[1]


def checks(trainer: Trainer) -> Steps[Evaluation]:
    """Shares of sums that are answered well, and the error inside and outside of the training range."""
    network, experiment = FrozenNetwork(trainer), trainer.experiment
    judged_on, inside = judging(trainer)
    answers = yield from network.answers(inside.a, inside.b)
    off = answers - inside.wanted
    close, limit = thresholds(inside.wanted)
    regions = [_region(experiment, "inside", off[_within(inside, region_of(experiment, "inside"))])]
    wider: tuple[Name, ...] = () if experiment.wanted.rule == "rows" else ("near", "far")
    for name in wider:
        sums = drawn(experiment, *region_of(experiment, name))
        regions.append(_region(experiment, name, (yield from network.answers(sums.a, sums.b)) - sums.wanted))
    size, said, yes = np.abs(off), answers > SURE, inside.wanted > SURE
    hits = Hits(*(int(which.sum()) for which in (said & yes, ~said & yes, said & ~yes, ~said & ~yes)))
    return Evaluation(
        judged_on=judged_on,
        count=len(off),
        close=close,
        within_close=float((size <= close).mean()),
        near=10 * close,
        within_near=float((size <= 10 * close).mean()),
        limit=limit,
        over_limit=float(((answers > limit) == (inside.wanted > limit)).mean()),
        rmse=rmse(off),
        regions=tuple(regions),
        hits=hits if experiment.is_yes_or_no else None,
    )


def _within(sums: EvaluationSet, ranges: tuple[Range, Range]) -> NDArray[np.bool_]:
    """Which of them ``(n,)`` lie in the ranges of a and b: rows of one's own that are held out may lie anywhere."""
    found = np.ones(len(sums.a), dtype=np.bool_)
    for values, (low, high) in zip((sums.a, sums.b), ranges, strict=True):
        rounded = values.astype(np.float32)  # as the rows are
        found &= (np.float32(low) <= rounded) & (rounded <= np.float32(high))
    return found


def _region(experiment: Experiment, name: Name, off: Doubles) -> Region:
    a, b = region_of(experiment, name)
    off = off[~np.isnan(off)]  # a formula may have no value far out
    if not len(off):
        return Region(name, a, b, 0, math.nan, math.nan, math.nan)
    return Region(name, a, b, len(off), rmse(off), float(np.abs(off).mean()), float((np.abs(off) < SURE).mean()))


def rmse(off: Doubles) -> float:
    """The root mean square of errors ``(n,)``."""
    return math.sqrt(float(np.mean(off * off)))


def rivals(trainer: Trainer, watched: list[Sum]) -> Steps[tuple[Baseline, ...]]:
    """Least squares and nearest neighbours on the same rows, and this network beside them."""
    network, experiment = FrozenNetwork(trainer), trainer.experiment
    inputs, targets = taught_rows(trainer)
    judged = held_out(trainer)
    a = np.concatenate([[s.a for s in watched], judged.a])
    b = np.concatenate([[s.b for s in watched], judged.b])
    asked = np.stack([a, b], axis=1)

    def rival(name: Literal["least squares", "nearest neighbours", "this network"], found: Doubles) -> Baseline:
        answers = tuple(
            Answer(s, float(answer), experiment.wanted.of(s.a, s.b))
            for s, answer in zip(watched, found, strict=False)  # the held-out ones follow
        )
        held = found[len(watched) :]
        off = held - judged.wanted[: len(held)]
        yes = held.round(DIGITS) > SURE  # what is one half but for its rounding is no yes
        right = float((yes == (judged.wanted[: len(held)] > SURE)).mean())
        return Baseline(name, answers, rmse(off), len(held), right)

    most = len(watched) + max(20, min(len(judged.a), MOST_DISTANCES // len(inputs)))
    straight = yield from least_squares(inputs, targets, asked)
    near = yield from neighbours(inputs, targets, asked[:most])
    own = yield from network.answers(a, b)
    return rival("least squares", straight), rival("nearest neighbours", near), rival("this network", own)
