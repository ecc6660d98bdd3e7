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
def multiply(out: Any, factor: Any) -> None:
    """out *= factor, one by one."""
    for i in range(len(out)):
        out[i] *= factor[i]


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
def add_column(out: Any, weights: Any, w: Any, leap: Any, x: Any, rows: Any) -> None:
    """out_j += weights[w + j·leap] · x, four features whose rows lie ``BLOCK`` apart."""
    a, b, c, d = weights[w], weights[w + leap], weights[w + 2 * leap], weights[w + 3 * leap]
    for r in range(rows):
        out[r] += a * x[r]
        out[r + BLOCK] += b * x[r]
        out[r + 2 * BLOCK] += c * x[r]
        out[r + 3 * BLOCK] += d * x[r]


@compiled
def add_tile(out: Any, weights: Any, w: Any, step: Any, leap: Any, x: Any, rows: Any) -> None:
    """out_j += Σᵢ weights[w + i·step + j·leap] · xᵢ, four by four: sixteen products for twelve looks at the memory."""
    a, b, c, d = w, w + leap, w + 2 * leap, w + 3 * leap
    a0, a1, a2, a3 = weights[a], weights[a + step], weights[a + 2 * step], weights[a + 3 * step]
    b0, b1, b2, b3 = weights[b], weights[b + step], weights[b + 2 * step], weights[b + 3 * step]
    c0, c1, c2, c3 = weights[c], weights[c + step], weights[c + 2 * step], weights[c + 3 * step]
    d0, d1, d2, d3 = weights[d], weights[d + step], weights[d + 2 * step], weights[d + 3 * step]
    for r in range(rows):
        p, q, s, t = x[r], x[r + BLOCK], x[r + 2 * BLOCK], x[r + 3 * BLOCK]
        out[r] += a0 * p + a1 * q + a2 * s + a3 * t
        out[r + BLOCK] += b0 * p + b1 * q + b2 * s + b3 * t
        out[r + 2 * BLOCK] += c0 * p + c1 * q + c2 * s + c3 * t
        out[r + 3 * BLOCK] += d0 * p + d1 * q + d2 * s + d3 * t


@compiled
def add_products(out: Any, leaving: Any, weights: Any, first: Any, step: Any, leap: Any, x: Any, entering: Any,
                 rows: Any) -> None:  # fmt: skip
    """out_j += Σᵢ weights[first + i·step + j·leap] · xᵢ; the rows of a feature lie ``BLOCK`` apart."""
    odd = entering % 4
    for j in range(0, leaving - leaving % 4, 4):
        z, w = out[j * BLOCK :], first + j * leap
        for i in range(odd):
            add_column(z, weights, w + i * step, leap, x[i * BLOCK :], rows)
        for i in range(odd, entering, 4):
            add_tile(z, weights, w + i * step, step, leap, x[i * BLOCK :], rows)
    for j in range(leaving - leaving % 4, leaving):
        lane = out[j * BLOCK : j * BLOCK + rows]
        for i in range(odd):
            add(lane, weights[first + i * step + j * leap], x[i * BLOCK : i * BLOCK + rows])
        for i in range(odd, entering, 4):
            w, at = first + i * step + j * leap, i * BLOCK
            add_four(
                lane,
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
        fill(z[j * BLOCK : j * BLOCK + rows], parameters[bias + j])
    add_products(z, leaving, parameters, start, 1, entering, x, entering, rows)


@compiled
def send_back(parameters: Any, start: Any, leaving: Any, count: Any, step: Any, delta: Any, back: Any,
              rows: Any) -> None:  # fmt: skip
    """back = Wᵀ·δ for ``count`` of a layer's ``step`` inputs, whose weights begin at ``start``, for many rows."""
    for j in range(count):
        fill(back[j * BLOCK : j * BLOCK + rows], parameters.dtype.type(0))
    add_products(back, count, parameters, start, step, 1, delta, leaving, rows)


@compiled
def dot_tile(into: Any, w: Any, leap: Any, delta: Any, x: Any, rows: Any) -> None:
    """into[w + i + j·leap] += Σ δ_j·xᵢ, four by four: sixteen products for eight looks at the memory."""
    zero = into.dtype.type(0)
    a0, a1, a2, a3, b0, b1, b2, b3 = zero, zero, zero, zero, zero, zero, zero, zero
    c0, c1, c2, c3, d0, d1, d2, d3 = zero, zero, zero, zero, zero, zero, zero, zero
    for r in range(rows):
        p, q, s, t = x[r], x[r + BLOCK], x[r + 2 * BLOCK], x[r + 3 * BLOCK]
        a, b, c, d = delta[r], delta[r + BLOCK], delta[r + 2 * BLOCK], delta[r + 3 * BLOCK]
        a0, a1, a2, a3 = a0 + a * p, a1 + a * q, a2 + a * s, a3 + a * t
        b0, b1, b2, b3 = b0 + b * p, b1 + b * q, b2 + b * s, b3 + b * t
        c0, c1, c2, c3 = c0 + c * p, c1 + c * q, c2 + c * s, c3 + c * t
        d0, d1, d2, d3 = d0 + d * p, d1 + d * q, d2 + d * s, d3 + d * t
    for j, found in enumerate(((a0, a1, a2, a3), (b0, b1, b2, b3), (c0, c1, c2, c3), (d0, d1, d2, d3))):
        for i in range(4):
            into[w + i + j * leap] += found[i]


@compiled
def gradients(into: Any, start: Any, entering: Any, leaving: Any, x: Any, delta: Any, rows: Any) -> None:
    """dW += δ·xᵀ and db += Σ δ, for many rows."""
    bias, even, fours = start + leaving * entering, leaving - leaving % 4, entering - entering % 4
    for j in range(0, even, 4):
        for i in range(0, fours, 4):
            dot_tile(into, start + j * entering + i, entering, delta[j * BLOCK :], x[i * BLOCK :], rows)
    for j in range(leaving):
        d, w = delta[j * BLOCK : j * BLOCK + rows], start + j * entering
        into[bias + j] += total(d)
        for i in range(0 if j >= even else fours, fours, 4):
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
        for i in range(fours, entering):
            into[w + i] += dot(d, x[i * BLOCK : i * BLOCK + rows])


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
