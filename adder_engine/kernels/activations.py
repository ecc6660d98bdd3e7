"""Activations, row by row: formulas of ``torch.nn``'s documentation, and the float32 functions that they need."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from adder_engine.kernels.compiler import compiled, exactly, float_of_bits, fma

CODES = {"none": 0, "relu": 1, "leaky_relu": 2, "tanh": 3, "sigmoid": 4, "gelu": 5, "sine": 6, "step": 7}
NONE, RELU, LEAKY_RELU, TANH, SIGMOID, GELU, SINE, STEP = CODES.values()
LEAKY_SLOPE = 0.01
"""``nn.LeakyReLU``'s default ``negative_slope``."""

F = np.float32
PI = math.pi
PI_REST = 1.2246467991473532e-16
"""π − ``PI``."""
FAR = 2.0**45
"""From here on the quick sine is not to be trusted: π in two doubles is too coarse."""


@exactly
def _exp32(x: Any) -> Any:
    """e^x to 1.3·2⁻²⁴ for x from −87.3 to 88.3, beyond it 0 and infinity (Cephes' ``expf``)."""
    low, high = x < F(-87.3), x > F(88.3)
    x = F(88.3) if high else x
    x = F(-87.3) if low else x
    n = np.floor(x * F(1.44269504088896341) + F(0.5))
    r = x - n * F(0.693359375)
    r = r + n * F(2.12194440e-4)
    y = F(1.9875691500e-4)
    y = y * r + F(1.3981999507e-3)
    y = y * r + F(8.3334519073e-3)
    y = y * r + F(4.1665795894e-2)
    y = y * r + F(1.6666665459e-1)
    y = y * r + F(5.0000001201e-1)
    y = y * r * r + r + F(1.0)
    y = y * float_of_bits((np.int32(n) + np.int32(127)) << np.int32(23))
    return F(0) if low else (F(np.inf) if high else y)


@exactly
def _tanh32(x: Any) -> Any:
    """tanh to 5·2⁻²⁴: the rational function of Eigen's ``ptanh``."""
    x = F(7.90531110763549805) if x > F(7.90531110763549805) else x
    x = F(-7.90531110763549805) if x < F(-7.90531110763549805) else x
    s = x * x
    p = F(-2.76076847742355e-16)
    p = p * s + F(2.00018790482477e-13)
    p = p * s + F(-8.60467152213735e-11)
    p = p * s + F(5.12229709037114e-08)
    p = p * s + F(1.48572235717979e-05)
    p = p * s + F(6.37261928875436e-04)
    p = p * s + F(4.89352455891786e-03)
    q = F(1.19825839466702e-06)
    q = q * s + F(1.18534705686654e-04)
    q = q * s + F(2.26843463243900e-03)
    q = q * s + F(4.89352518554385e-03)
    return x * p / q


@exactly
def _erf32(x: Any) -> Any:
    """The error function to 4·2⁻²⁴, better far out, where gelu multiplies by much (Abramowitz and Stegun, 7.1.26)."""
    size = x if x > F(0) else -x
    t = F(1) / (F(1) + F(0.3275911) * size)
    p = F(1.061405429)
    p = p * t - F(1.453152027)
    p = p * t + F(1.421413741)
    p = p * t - F(0.284496736)
    p = p * t + F(0.254829592)
    y = F(1) - p * t * _exp32(-size * size)
    return y if x > F(0) else -y


@exactly
def _sine_in(quarter: Any) -> Any:
    """sin of a double within ±π/2, to 1e-9: its series."""
    s = quarter * quarter
    p = -1 / 1307674368000.0
    p = p * s + 1 / 6227020800.0
    p = p * s - 1 / 39916800.0
    p = p * s + 1 / 362880.0
    p = p * s - 1 / 5040.0
    p = p * s + 1 / 120.0
    p = p * s - 1 / 6.0
    return fma(p * s, quarter, quarter)


@exactly
def _turned(x: Any) -> Any:
    """Of x float32: what is left of it beside the nearest multiple of π, a double, and −1 for odd multiples, else 1."""
    double = np.float64(x)
    turns = np.floor(double * (1 / PI) + 0.5)
    rest: Any = fma(-turns, PI_REST, fma(-turns, PI, double))
    return min(max(rest, -PI / 2), PI / 2) if rest == rest else rest, 1 - 2 * (turns - 2 * np.floor(turns * 0.5))


@exactly
def _sine32(x: Any) -> Any:
    """sin x, rounded to the nearest but for some in a thousand, while |x| < :data:`FAR`."""
    rest, sign = _turned(x)
    return F(sign * _sine_in(rest))


@exactly
def _far_sine32(x: Any) -> Any:
    """sin x by the machine's own, which takes its time and has no bound."""
    return F(math.sin(np.float64(x)))


@exactly
def _far_cosine32(x: Any) -> Any:
    """cos x, as :func:`_far_sine32`."""
    return F(math.cos(np.float64(x)))


@exactly
def _cosine32(x: Any) -> Any:
    """cos x, as :func:`_sine32`."""
    rest, sign = _turned(x)
    return F(sign * _sine_in(PI / 2 - abs(rest)))


@exactly
def _exp_along(x: Any) -> Any:
    y = math.exp(min(x.real, 700.0))
    return complex(y, y * x.imag)


@exactly
def _tanh_along(x: Any) -> Any:
    y = math.tanh(x.real)
    return complex(y, (1 - y * y) * x.imag)


@exactly
def _erf_along(x: Any) -> Any:
    return complex(math.erf(x.real), 2 / math.sqrt(math.pi) * math.exp(-x.real * x.real) * x.imag)


@exactly
def _sine_along(x: Any) -> Any:
    return complex(math.sin(x.real), math.cos(x.real) * x.imag)


@exactly
def _cosine_along(x: Any) -> Any:
    return complex(math.cos(x.real), -math.sin(x.real) * x.imag)


def _offered(single: Any, double: Any, along: Any) -> Any:
    """A function for kernels alone: in float32 what vectorises, in float64 the machine's own.

    In complex numbers, whose imaginary part is tiny, it is how the value changes along a direction.
    """

    def offered(x: Any) -> Any: ...

    @overload(offered, strict=False)
    def choose(x: Any) -> Any:
        if isinstance(x, types.Complex):
            return lambda x: along(x)
        return (lambda x: single(x)) if x == types.float32 else (lambda x: double(x))

    return offered


exp = _offered(_exp32, math.exp, _exp_along)
tanh = _offered(_tanh32, math.tanh, _tanh_along)
erf = _offered(_erf32, math.erf, _erf_along)
sine = _offered(_sine32, math.sin, _sine_along)
cosine = _offered(_cosine32, math.cos, _cosine_along)
far_sine = _offered(_far_sine32, math.sin, _sine_along)
far_cosine = _offered(_far_cosine32, math.cos, _cosine_along)


@compiled
def activate(code: Any, z: Any, out: Any, slope: Any, sloped: Any) -> None:
    """Write the activation of ``z`` into ``out`` and, where wanted, its derivative into ``slope``; all ``(n,)``."""
    kind = z.dtype.type
    one, half = kind(1), kind(0.5)
    if code == RELU:
        for r in range(len(z)):
            out[r] = z[r] if not z[r].real <= 0 else kind(0)  # NaN stays NaN
        if sloped:
            for r in range(len(z)):
                slope[r] = one if z[r].real > 0 else kind(0)
    elif code == LEAKY_RELU:
        for r in range(len(z)):
            out[r] = z[r] if not z[r].real <= 0 else z[r] * kind(LEAKY_SLOPE)
        if sloped:
            for r in range(len(z)):
                slope[r] = one if z[r].real > 0 else kind(LEAKY_SLOPE)
    elif code == TANH:
        for r in range(len(z)):
            out[r] = tanh(z[r])
        if sloped:
            for r in range(len(z)):
                slope[r] = one - out[r] * out[r]
    elif code == SIGMOID:
        for r in range(len(z)):
            out[r] = one / (one + exp(-z[r]))
        if sloped:
            for r in range(len(z)):
                slope[r] = out[r] * (one - out[r])
    elif code == GELU:  # z·Φ(z), and Φ(z) + z·φ(z)
        for r in range(len(z)):
            out[r] = half * (one + erf(z[r] * kind(math.sqrt(0.5))))
        if sloped:
            for r in range(len(z)):
                slope[r] = out[r] + z[r] * kind(1 / math.sqrt(2 * math.pi)) * exp(-half * z[r] * z[r])
        for r in range(len(z)):
            out[r] = out[r] * z[r]
    elif code == SINE:
        for r in range(len(z)):
            out[r] = sine(z[r])
        if sloped:
            for r in range(len(z)):
                slope[r] = cosine(z[r])
        for r in range(len(z)):
            if abs(z[r].real) >= FAR:
                out[r] = far_sine(z[r])
                if sloped:
                    slope[r] = far_cosine(z[r])
    elif code == STEP:  # its slope is 0 wherever it has one: nothing comes back through it
        for r in range(len(z)):
            out[r] = one if z[r].real > 0 else (kind(0) if z[r].real <= 0 else z[r])  # NaN stays NaN
        if sloped:
            for r in range(len(z)):
                slope[r] = kind(0)
    else:
        for r in range(len(z)):
            out[r] = z[r]
        if sloped:
            for r in range(len(z)):
                slope[r] = one
