"""A linear layer over a block of rows: forward, its gradients, and the error sent back to the layer before.

A block holds its activations in one of two orders. Many rows lie ``(features, rows)``, so that each loop runs along the
rows of one feature; few lie ``(rows, features)``, and each loop runs along the features of one row. Either way it runs
over memory in order, which is what a processor is quick at.
"""

from __future__ import annotations

from typing import Any

from adder_engine.kernels.compiler import compiled

BLOCK = 512
"""Rows that go through together: as many as keep what a narrow network needs in the processor's nearest memory."""
FEW = 8
"""Up to so many rows of a block lie row by row."""


@compiled
def dot(x: Any, y: Any) -> Any:
    """Σ x·y."""
    total = x.dtype.type(0)
    for i in range(len(x)):
        total += x[i] * y[i]
    return total


@compiled
def add(out: Any, factor: Any, x: Any) -> None:
    """out += factor · x."""
    for i in range(len(out)):
        out[i] += factor * x[i]


@compiled
def set_one(out: Any, base: Any, p: Any, a: Any) -> None:
    """out = base + p·a."""
    for i in range(len(out)):
        out[i] = base + p * a[i]


@compiled
def set_two(out: Any, base: Any, p: Any, a: Any, q: Any, b: Any) -> None:
    """out = base + p·a + q·b."""
    for i in range(len(out)):
        out[i] = base + p * a[i] + q * b[i]


@compiled
def set_three(out: Any, base: Any, p: Any, a: Any, q: Any, b: Any, s: Any, c: Any) -> None:
    """out = base + p·a + q·b + s·c."""
    for i in range(len(out)):
        out[i] = base + p * a[i] + q * b[i] + s * c[i]


@compiled
def set_four(out: Any, base: Any, p: Any, a: Any, q: Any, b: Any, s: Any, c: Any, t: Any, d: Any) -> None:
    """out = base + p·a + q·b + s·c + t·d: one pass over ``out`` for four is four times as quick as four."""
    for i in range(len(out)):
        out[i] = base + p * a[i] + q * b[i] + s * c[i] + t * d[i]


@compiled
def add_four(out: Any, p: Any, a: Any, q: Any, b: Any, s: Any, c: Any, t: Any, d: Any) -> None:
    """out += p·a + q·b + s·c + t·d."""
    for i in range(len(out)):
        out[i] += p * a[i] + q * b[i] + s * c[i] + t * d[i]


@compiled
def dot_four(x: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    """Σ x·a, Σ x·b, Σ x·c and Σ x·d."""
    zero = x.dtype.type(0)
    p, q, s, t = zero, zero, zero, zero
    for i in range(len(x)):
        p += x[i] * a[i]
        q += x[i] * b[i]
        s += x[i] * c[i]
        t += x[i] * d[i]
    return p, q, s, t


@compiled
def fill(out: Any, value: Any) -> None:
    """out = value."""
    for i in range(len(out)):
        out[i] = value


@compiled
def copy(out: Any, x: Any) -> None:
    """out = x."""
    for i in range(len(out)):
        out[i] = x[i]


@compiled
def total(x: Any) -> Any:
    """Σ x."""
    found = x.dtype.type(0)
    for i in range(len(x)):
        found += x[i]
    return found


@compiled
def mix(out: Any, base: Any, weights: Any, first: Any, step: Any, x: Any, count: Any, rows: Any) -> None:
    """out = base + Σᵢ weights[first + i·step] · xᵢ over ``count`` features, whose rows lie ``BLOCK`` apart in ``x``."""
    w, odd = first, count % 4
    a = x[:rows]
    if odd == 1:
        set_one(out, base, weights[w], a)
    elif odd == 2:
        set_two(out, base, weights[w], a, weights[w + step], x[BLOCK : BLOCK + rows])
    else:
        b, c = x[BLOCK : BLOCK + rows], x[2 * BLOCK : 2 * BLOCK + rows]
        if odd == 3:
            set_three(out, base, weights[w], a, weights[w + step], b, weights[w + 2 * step], c)
        else:
            odd, d = 4, x[3 * BLOCK : 3 * BLOCK + rows]
            set_four(out, base, weights[w], a, weights[w + step], b, weights[w + 2 * step], c, weights[w + 3 * step], d)
    for i in range(odd, count, 4):
        w, at = first + i * step, i * BLOCK
        add_four(
            out,
            weights[w], x[at : at + rows],
            weights[w + step], x[at + BLOCK : at + BLOCK + rows],
            weights[w + 2 * step], x[at + 2 * BLOCK : at + 2 * BLOCK + rows],
            weights[w + 3 * step], x[at + 3 * BLOCK : at + 3 * BLOCK + rows],
        )  # fmt: skip


@compiled
def affine(parameters: Any, start: Any, entering: Any, leaving: Any, x: Any, z: Any, rows: Any) -> None:
    """z = W·x + b of a layer whose weights begin at ``start``, for many rows."""
    bias = start + leaving * entering
    for j in range(leaving):
        out = z[j * BLOCK : j * BLOCK + rows]
        mix(out, parameters[bias + j], parameters, start + j * entering, 1, x, entering, rows)


@compiled
def gradients(into: Any, start: Any, entering: Any, leaving: Any, x: Any, delta: Any, rows: Any) -> None:
    """dW += δ·xᵀ and db += Σ δ, for many rows."""
    bias = start + leaving * entering
    for j in range(leaving):
        d = delta[j * BLOCK : j * BLOCK + rows]
        into[bias + j] += total(d)
        w, i = start + j * entering, 0
        while i + 4 <= entering:
            at = i * BLOCK
            p, q, s, t = dot_four(
                d,
                x[at : at + rows],
                x[at + BLOCK : at + BLOCK + rows],
                x[at + 2 * BLOCK : at + 2 * BLOCK + rows],
                x[at + 3 * BLOCK : at + 3 * BLOCK + rows],
            )
            into[w + i] += p
            into[w + i + 1] += q
            into[w + i + 2] += s
            into[w + i + 3] += t
            i += 4
        while i < entering:
            into[w + i] += dot(d, x[i * BLOCK : i * BLOCK + rows])
            i += 1


@compiled
def affine_row(parameters: Any, start: Any, entering: Any, leaving: Any, x: Any, z: Any) -> None:
    """z = W·x + b for one row."""
    bias = start + leaving * entering
    for j in range(leaving):
        w = start + j * entering
        z[j] = parameters[bias + j] + dot(parameters[w : w + entering], x)


@compiled
def gradients_row(into: Any, start: Any, entering: Any, leaving: Any, x: Any, delta: Any) -> None:
    """dW += δ·xᵀ and db += δ for one row."""
    for j in range(leaving):
        w = start + j * entering
        add(into[w : w + entering], delta[j], x)
    bias = start + leaving * entering
    add(into[bias : bias + leaving], into.dtype.type(1), delta)


@compiled
def send_back_row(parameters: Any, start: Any, entering: Any, leaving: Any, delta: Any, back: Any) -> None:
    """back = Wᵀ·δ for one row."""
    fill(back, parameters.dtype.type(0))
    for j in range(leaving):
        w = start + j * entering
        add(back, delta[j], parameters[w : w + entering])
