"""The update rules: how an optimizer turns gradients into new parameters.

Each follows the algorithm box on its page of ``torch.optim``'s documentation, with PyTorch's defaults
(``betas=(0.9, 0.999)``, ``eps=1e-8``, RMSprop's ``alpha=0.99``). All tensors are flat, ``(P,)``;
or ``(networks, P)`` with one rate, momentum and decay for all or for each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from adder_engine.experiment import Training

BETA1, BETA2, EPS = 0.9, 0.999, 1e-8
ALPHA = 0.99
"""RMSprop's smoothing constant."""
LARGEST_LOG_LR = math.log(1e37)
"""Rates beyond are infinite: torch refuses factors over 3.4e38, and Adam's first is ten times the rate."""


Number = float | Tensor
"""A number, or one for each of many networks, ``(networks, 1)``."""


class Rule(Protocol):
    """What an update rule goes by; :class:`~adder_engine.experiment.Training` is one."""

    @property
    def optimizer(self) -> str: ...
    @property
    def momentum(self) -> Number: ...
    @property
    def weight_decay(self) -> Number: ...


def optimizer_step(rule: Rule, lr: Number, step: int, rows: Sequence[Tensor]) -> None:
    """Change the parameters once, in place.

    ``rows`` are the state's: parameters, gradients, and two rows of moments, each ``(P,)``. Row 2 holds
    ``momentum_buffer`` or ``exp_avg``, row 3 ``square_avg`` or ``exp_avg_sq``. ``step`` counts from 1 since the
    moments were fresh.
    """
    parameters, gradients, first, second = rows
    name, decay = rule.optimizer, rule.weight_decay
    if isinstance(decay, Tensor) or decay:
        if name == "adamw":
            parameters.mul_(1 - lr * decay)
        else:
            gradients = plus(gradients, decay, parameters)

    if name == "sgd":
        plus(parameters, -lr, gradients, out=parameters)
    elif name in ("momentum", "nesterov"):
        first.mul_(rule.momentum).add_(gradients)
        direction = plus(gradients, rule.momentum, first) if name == "nesterov" else first
        plus(parameters, -lr, direction, out=parameters)
    elif name == "rmsprop":
        second.mul_(ALPHA).addcmul_(gradients, gradients, value=1 - ALPHA)
        _take_ratio(parameters, lr, gradients, second.sqrt().add_(EPS))
    else:  # adam, adamw
        first.lerp_(gradients, 1 - BETA1)
        second.mul_(BETA2).addcmul_(gradients, gradients, value=1 - BETA2)
        size = lr / (1 - BETA1**step)
        spread = second.sqrt().div_(math.sqrt(1 - BETA2**step)).add_(EPS)
        _take_ratio(parameters, size, first, spread)


def plus(base: Tensor, factor: Number, other: Tensor, out: Tensor | None = None) -> Tensor:
    """``base + factor · other``, written into ``out`` where it is given."""
    if isinstance(factor, Tensor):
        return torch.addcmul(base, factor, other, out=out)
    return torch.add(base, other, alpha=factor, out=out)


def _take_ratio(parameters: Tensor, factor: Number, above: Tensor, below: Tensor) -> None:
    """``parameters −= factor · above / below``."""
    if isinstance(factor, Tensor):
        parameters.addcdiv_(factor * above, below, value=-1)
    else:
        parameters.addcdiv_(above, below, value=-factor)


def scheduled_lr(training: Training, epoch: int, epochs: int) -> float:
    """The learning rate in epoch ``epoch`` (0-based) of a run planned for ``epochs``."""
    lr, schedule = training.lr, training.schedule
    if schedule == "step":
        return lr * 0.5 ** (epoch // training.schedule_every)
    if schedule == "exponential":
        grown = math.log(lr) + epoch * math.log(training.schedule_gamma)
        return lr * training.schedule_gamma**epoch if grown < LARGEST_LOG_LR else math.inf
    if schedule == "cosine":
        return lr * (1 + math.cos(math.pi * min(epoch / max(epochs, 1), 1))) / 2
    if schedule == "warmup":
        return lr * min(1.0, (epoch + 1) / training.warmup_epochs)
    return lr


def keep_frozen(state: Tensor, before: Tensor, frozen: Tensor) -> None:
    """Put frozen parameters and their moments back to what they were; both ``(4, P)``, ``frozen`` ``(P,)`` bool."""
    torch.where(frozen, before, state, out=state)
