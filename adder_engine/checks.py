"""How good the answers are on sums that were not trained on: shares, regions, and rivals on the same data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from adder_engine.data import HELD_OUT_SEED, truth
from adder_engine.experiment import Experiment
from adder_engine.far_sums import trained_range, truths
from adder_engine.findings import Checks, Region, Rival
from adder_engine.network_copy import NetworkCopy
from adder_engine.rivals import least_squares, neighbours, taught_rows
from adder_engine.slices import Sliced
from adder_engine.snapshot import Answer
from adder_engine.sums import Sum
from adder_engine.trainer import Trainer

DRAWN = 2_000
"""Sums that are drawn for a region."""
HUNDRED = 100.0
MOST_DISTANCES = 20_000_000
Doubles = NDArray[np.float64]
Name = Literal["inside", "near", "far"]
TIMES: dict[Name, int] = {"inside": 1, "near": 2, "far": 10}
"""How many times as wide as the training range each region is."""


@dataclass(frozen=True)
class Judging:
    """Sums that judge a run and their right answers, each ``(n,)``, in units of sums."""

    a: Doubles
    b: Doubles
    truth: Doubles


def region_of(experiment: Experiment, name: Name) -> tuple[float, float]:
    """From where both terms are drawn: the training range, or wider about its middle.

    Rows listed one by one span the range out to the largest number among them, to both sides of 0.
    """
    (a_low, a_high), (b_low, b_high) = trained_range(experiment)
    middle, half = (a_low + a_high) / 2, (a_high - a_low) / 2
    if experiment.data.kind == "rows" or half == 0:
        middle, half = 0.0, max(abs(x) for x in (a_low, a_high, b_low, b_high)) or 1.0
    return middle - TIMES[name] * half, middle + TIMES[name] * half


def drawn(experiment: Experiment, low: float, high: float) -> Judging:
    """Sums drawn evenly with both terms between two numbers, always the same ones, by a generator of their own."""
    generator = torch.Generator().manual_seed(HELD_OUT_SEED)
    pairs = torch.rand(DRAWN, 2, generator=generator, dtype=torch.float64) * (high - low) + low
    a, b = pairs.float().double().T.numpy()
    return Judging(a, b, truths(experiment.data.task, a, b))


def held_out(trainer: Trainer) -> Judging:
    """The experiment's held-out sums; where it has none, sums drawn from inside the training range."""
    data, scale = trainer.dataset, trainer.experiment.data.scale
    if not len(data.test_inputs):
        return drawn(trainer.experiment, *region_of(trainer.experiment, "inside"))
    a, b = data.test_inputs.T.double().numpy() * scale
    return Judging(a, b, data.test_targets[:, 0].double().numpy() * scale)


def checks(trainer: Trainer) -> Sliced[Checks]:
    """Shares of held-out sums that are answered well, and the error inside and outside of the training range."""
    network, experiment = NetworkCopy(trainer), trainer.experiment
    inside = held_out(trainer)
    off = (yield from network.answers(inside.a, inside.b)) - inside.truth
    size = np.abs(off)
    regions = [_region(experiment, "inside", off)]
    wider: tuple[Name, ...] = ("near", "far")
    for name in wider:
        sums = drawn(experiment, *region_of(experiment, name))
        regions.append(_region(experiment, name, (yield from network.answers(sums.a, sums.b)) - sums.truth))
    return Checks(
        held_out=len(trainer.dataset.test_inputs) > 0,
        count=len(off),
        within_half=float((size <= 0.5).mean()),
        within_five=float((size <= 5).mean()),
        over_hundred=float(((off + inside.truth > HUNDRED) == (inside.truth > HUNDRED)).mean()),
        rmse=rmse(off),
        regions=tuple(regions),
    )


def _region(experiment: Experiment, name: Name, off: Doubles) -> Region:
    low, high = region_of(experiment, name)
    return Region(name, low, high, len(off), rmse(off), float(np.abs(off).mean()))


def rmse(off: Doubles) -> float:
    """The root mean square of errors ``(n,)``."""
    return math.sqrt(float(np.mean(off * off)))


def rivals(trainer: Trainer, watched: list[Sum]) -> Sliced[tuple[Rival, ...]]:
    """Least squares and nearest neighbours on the same rows, and this network beside them."""
    network, experiment = NetworkCopy(trainer), trainer.experiment
    inputs, targets = taught_rows(trainer)
    judging = held_out(trainer)
    a = np.concatenate([[s.a for s in watched], judging.a])
    b = np.concatenate([[s.b for s in watched], judging.b])
    asked = torch.from_numpy(np.stack([a, b], axis=1))

    def rival(name: Literal["least squares", "nearest neighbours", "this network"], found: Doubles) -> Rival:
        answers = tuple(
            Answer(s, float(answer), truth(experiment.data.task, s.a, s.b))
            for s, answer in zip(watched, found, strict=False)  # the held-out ones follow
        )
        held = found[len(watched) :]
        return Rival(name, answers, rmse(held - judging.truth[: len(held)]), len(held))

    most = len(watched) + max(20, min(len(judging.a), MOST_DISTANCES // len(inputs)))
    straight = yield from least_squares(inputs, targets, asked)
    near = yield from neighbours(inputs, targets, asked[:most])
    own = yield from network.answers(a, b)
    return (
        rival("least squares", straight.numpy()),
        rival("nearest neighbours", near.numpy()),
        rival("this network", own),
    )
