"""Losses of answers beside targets: ``nn.MSELoss``, ``nn.L1Loss``, ``nn.HuberLoss`` with delta 1, and
``nn.BCEWithLogitsLoss``, whose answers are log-odds.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adder_engine.kernels.activations import exp
from adder_engine.kernels.compiler import compiled

CODES = {"mse": 0, "mae": 1, "huber": 2, "bce": 3}
MSE, MAE, HUBER, BCE = CODES.values()


@compiled
def summed(code: Any, answers: Any, targets: Any, out: Any, count: Any) -> Any:
    """The sum of the losses of ``answers`` (n,) beside ``targets`` (n,), and into ``out`` (n,) the derivative of a mean
    over ``count`` of them by each answer.
    """
    kind = answers.dtype.type
    zero, one, half, share = kind(0), kind(1), kind(0.5), kind(1 / count)
    total = zero
    if code == MSE:
        twice = kind(2 / count)
        for r in range(len(answers)):
            d = answers[r] - targets[r]
            total += d * d
            out[r] = d * twice
    elif code == MAE:
        for r in range(len(answers)):
            d = answers[r] - targets[r]
            total += d if d.real > 0 else -d
            out[r] = share if d.real > 0 else (-share if d.real < 0 else d * zero)
    elif code == BCE:  # max(x, 0) − x·t + log(1 + e^−|x|), and σ(x) − t
        for r in range(len(answers)):
            x, yes = answers[r], answers[r].real > 0
            small = exp(-x if yes else x)
            total += (x if yes else zero) - x * targets[r] + kind(math.log1p(small.real))
            out[r] = ((one if yes else small) / (one + small) - targets[r]) * share
    else:
        for r in range(len(answers)):
            d = answers[r] - targets[r]
            size = d if d.real > 0 else -d
            total += half * d * d if size.real < 1 else size - half
            d = one if d.real >= 1 else d
            out[r] = (-one if d.real <= -1 else d) * share
    return total


@compiled
def summed_against_all(code: Any, answers: Any, every: Any, out: Any, count: Any) -> Any:
    """As :func:`summed`, with each answer beside every one of the targets ``every`` (m,): what PyTorch makes of targets
    ``(m,)`` beside answers ``(n, 1)``.
    """
    total = 0.0  # of so many terms float32 would lose count
    for r in range(len(answers)):
        answer, one, slope = answers[r : r + 1], out[r : r + 1], 0.0
        for s in range(len(every)):
            total += summed(code, answer, every[s : s + 1], one, count)
            slope += one[0]
        one[0] = slope
    return total


def mean_of_zeros(loss: str, targets: Any) -> float:
    """The mean loss of answers that are all 0 beside targets ``(n,)``, float32 or float64."""
    zeros = np.zeros_like(targets)
    return float(summed(CODES[loss], zeros, np.ascontiguousarray(targets), zeros.copy(), 1) / len(zeros))
