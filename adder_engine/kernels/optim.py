"""The update rules: how an optimizer turns gradients into new parameters.

Each follows the algorithm box on its page of ``torch.optim``'s documentation, with PyTorch's defaults.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adder_engine.kernels.compiler import exactly, fma

CODES = {"sgd": 0, "momentum": 1, "nesterov": 2, "rmsprop": 3, "adam": 4, "adamw": 5}
SGD, MOMENTUM, NESTEROV, RMSPROP, ADAM, ADAMW = CODES.values()
SCHEDULES = {"constant": 0, "step": 1, "exponential": 2, "cosine": 3, "warmup": 4}
CONSTANT, STEP, EXPONENTIAL, COSINE, WARMUP = SCHEDULES.values()
ALPHA = 0.99
"""RMSprop's smoothing constant."""
CLIP_EPS = 1e-6
"""What ``clip_grad_norm_`` adds to the norm that it divides by."""
LARGEST_LOG_LR = math.log(1e37)
"""Rates beyond are infinite: torch refuses factors over 3.4e38, and Adam's first is ten times the rate."""


@exactly
def clip_gradients(most: Any, gradients: Any) -> None:
    """Shorten gradients ``(P,)`` whose norm is above ``most``, as ``torch.nn.utils.clip_grad_norm_`` does."""
    total = 0.0
    for i in range(len(gradients)):
        total += np.float64(gradients[i]) * np.float64(gradients[i])
    share = most / (math.sqrt(total) + CLIP_EPS)
    if share < 1:
        for i in range(len(gradients)):
            gradients[i] *= gradients.dtype.type(share)


@exactly
def optimizer_step(
    code: Any, lr: Any, momentum: Any, beta1: Any, beta2: Any, epsilon: Any, decay: Any, step: Any, state: Any
) -> None:
    """Change the parameters once, in place.

    ``state`` is ``(4, P)``: parameters, gradients, and two rows of moments. Row 2 holds ``momentum_buffer`` or
    ``exp_avg``, row 3 ``square_avg`` or ``exp_avg_sq``. ``step`` counts from 1 since the moments were fresh.
    Products go into sums unrounded (``fma``) where PyTorch's own loops have them so.
    """
    kind = state.dtype.type
    theta, gradients, first, second = state[0], state[1], state[2], state[3]
    rate, mu, shrink = kind(lr), kind(momentum), kind(decay)
    if code == SGD:
        for i in range(len(theta)):
            theta[i] = fma(-rate, fma(shrink, theta[i], gradients[i]), theta[i])
    elif code in (MOMENTUM, NESTEROV):
        for i in range(len(theta)):
            g: Any = fma(shrink, theta[i], gradients[i])
            first[i] = mu * first[i] + g
            theta[i] = fma(-rate, fma(mu, first[i], g) if code == NESTEROV else first[i], theta[i])
    elif code == RMSPROP:
        keep, take, eps = kind(ALPHA), kind(1 - ALPHA), kind(epsilon)
        for i in range(len(theta)):
            g = fma(shrink, theta[i], gradients[i])
            second[i] = fma(take * g, g, keep * second[i])
            theta[i] -= rate * g / (np.sqrt(second[i]) + eps)
    else:
        take_first, keep, take, eps = kind(1 - beta1), kind(beta2), kind(1 - beta2), kind(epsilon)
        size = kind(lr / (1 - beta1**step))
        spread = kind(math.sqrt(1 - beta2**step))
        kept = kind(1 - lr * decay) if code == ADAMW else kind(1)
        coupled = kind(0) if code == ADAMW else shrink
        for i in range(len(theta)):
            g = fma(coupled, theta[i], gradients[i])
            away: Any = g - first[i]  # as ``torch.lerp`` does, from the nearer end
            first[i] = fma(take_first, away, first[i]) if take_first < 0.5 else fma(take_first - kind(1), away, g)
            second[i] = fma(take * g, g, keep * second[i])
            theta[i] = kept * theta[i] - size * first[i] / (np.sqrt(second[i]) / spread + eps)


@exactly
def scheduled_lr(code: Any, lr: Any, every: Any, gamma: Any, warmup: Any, epoch: Any, epochs: Any) -> Any:
    """The learning rate in epoch ``epoch`` (0-based) of a run planned for ``epochs``."""
    if code == STEP:
        return lr * 0.5 ** (epoch // every)
    if code == EXPONENTIAL:
        return lr * gamma**epoch if math.log(lr) + epoch * math.log(gamma) < LARGEST_LOG_LR else math.inf
    if code == COSINE:
        return lr * (1 + math.cos(math.pi * min(epoch / max(epochs, 1), 1.0))) / 2
    if code == WARMUP:
        return lr * min(1.0, (epoch + 1) / warmup)
    return lr
