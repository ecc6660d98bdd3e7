"""One update's way through the network and back, stage by stage: forward by layer, loss, backward by layer."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adder_engine.experiment import Experiment
from adder_engine.kernels import activations, losses
from adder_engine.kernels.compiler import compiled
from adder_engine.kernels.layers import (
    BLOCK,
    FEW,
    affine,
    affine_row,
    copy,
    fill,
    gradients,
    gradients_row,
    multiply,
    send_back,
    send_back_row,
)

Floats = NDArray[np.float32] | NDArray[np.float64]
NOTHING = np.zeros((0, 0), dtype=np.float32)
IN_ORDER = np.zeros(0, dtype=np.int64)
NO, ZERO, ONE = np.bool_(False), np.int64(0), np.int64(1)
"""Written so, numba does not compile a function once more for just these values."""


class Net(NamedTuple):
    """A network as the kernels know it, for L layers."""

    sizes: Any
    """``(L + 1,)``"""
    codes: Any
    """``(L,)``: which activation follows each layer."""
    starts: Any
    """``(L,)``: where each layer's weights begin among the parameters; its biases follow them."""
    offsets: Any
    """``(L + 1,)``: where what enters and leaves each layer begins among the features."""
    plain: Any
    """``(L,)``: 1 where a layer's sums leave it as they are."""
    keep: Any
    """``(features,)``: 0 for muted neurons."""


def net_of(experiment: Experiment, muted: frozenset[tuple[int, int]] = frozenset()) -> Net:
    """The experiment's network, in which these neurons, (layer, neuron) pairs, say nothing."""
    network = experiment.network
    layout = experiment.layout
    offsets = np.cumsum([0, *network.layers])[:-1]
    codes = np.array([activations.CODES[name] for name in experiment.activations])
    keep = np.ones(sum(network.layers), dtype=np.float32)
    plain = (codes == activations.NONE).astype(np.int64)
    if network.dropout:
        plain[:-1] = 0
    for layer, neuron in muted:
        keep[offsets[layer + 1] + neuron] = 0
        plain[layer] = 0
    starts = np.array([layout.weight(i).start for i in range(len(codes))])
    return Net(np.array(network.layers), codes.astype(np.int64), starts, offsets, plain, keep)


class Scratch(NamedTuple):
    """Where a pass writes. ``pre``, ``post`` and ``delta`` are ``(blocks, features · rows of a block)``."""

    pre: Any
    """The weighted sums, of layers that are not plain."""
    post: Any
    """What entered, then what left each layer after activation, dropout and muting."""
    delta: Any
    """The activation's slope on the way forward; on the way back the gradient by the weighted sums."""
    targets: Any
    """``(blocks, rows of a block)``"""
    spare: Any
    """Room for one row of features, or for four features of a block."""
    every: Any
    """``(rows,)``: the batch's targets, where each answer is held against all of them."""


def scratch_for(net: Net, rows: int, flat: bool = False, dtype: Any = np.float32, kept: bool = False) -> Scratch:
    """Room for a pass; one that is kept has room for all its rows at once."""
    features = len(net.keep)
    blocks, size = (-(-rows // BLOCK) if kept else 1), (FEW if rows <= FEW else BLOCK)
    pre, post, delta = (np.zeros((blocks, features * size), dtype=dtype) for _ in range(3))
    wanted, spare = np.zeros((blocks, size), dtype=dtype), np.zeros(max(4 * size, *net.sizes), dtype=dtype)
    return Scratch(pre, post, delta, wanted, spare, np.zeros(rows if flat else 0, dtype=dtype))


@compiled
def _load(inputs: Any, targets: Any, order: Any, begin: Any, rows: Any, post: Any, wanted: Any, features: Any) -> None:
    """Copy rows ``begin`` to ``begin + rows`` of an order (empty: of the data) into a block."""
    if rows > FEW and not len(order):
        stop = begin + rows
        copy(post[:rows], inputs[0, begin:stop])
        copy(post[BLOCK : BLOCK + rows], inputs[1, begin:stop])
        copy(wanted[:rows], targets[begin:stop])
        return
    across, down = (1, features) if rows <= FEW else (BLOCK, 1)
    for r in range(rows):
        row = order[begin + r] if len(order) else begin + r
        post[r * down] = inputs[0, row]
        post[across + r * down] = inputs[1, row]
        wanted[r] = targets[row]


@compiled
def forward(net: Any, i: Any, parameters: Any, masks: Any, at: Any, pre: Any, post: Any, delta: Any, rows: Any,
            sloped: Any) -> None:  # fmt: skip
    """Send a block, whose first row is the batch's row ``at``, through layer i."""
    entering, leaving, x0, z0 = net.sizes[i], net.sizes[i + 1], net.offsets[i], net.offsets[i + 1]
    plain, code, start = net.plain[i], net.codes[i], net.starts[i]
    dropped = len(masks) > 0 and i < len(net.codes) - 1
    sums = post if plain else pre
    if rows > FEW:
        affine(parameters, start, entering, leaving, post[x0 * BLOCK :], sums[z0 * BLOCK :], rows)
        if not plain:
            for j in range(z0, z0 + leaving):
                lane = slice(j * BLOCK, j * BLOCK + rows)
                h, slope = post[lane], delta[lane]
                activations.activate(code, pre[lane], h, slope, sloped)
                if net.keep[j] == 0:
                    fill(h, 0)
                    fill(slope, 0)
                elif dropped:
                    for r in range(rows):
                        h[r] *= masks[at + r, j]
                        slope[r] *= masks[at + r, j]
        return
    features = len(net.keep)
    for r in range(rows):
        x, z = r * features + x0, r * features + z0
        affine_row(parameters, start, entering, leaving, post[x : x + entering], sums[z : z + leaving])
        if not plain:
            h, slope = post[z : z + leaving], delta[z : z + leaving]
            activations.activate(code, pre[z : z + leaving], h, slope, sloped)
            for j in range(leaving):
                if net.keep[z0 + j] == 0:
                    h[j], slope[j] = 0, 0
                elif dropped:
                    h[j] *= masks[at + r, z0 + j]
                    slope[j] *= masks[at + r, z0 + j]


@compiled
def measure(net: Any, loss: Any, count: Any, every: Any, post: Any, wanted: Any, delta: Any, spare: Any,
            rows: Any) -> Any:  # fmt: skip
    """The sum of the losses of a block; where the error begins, its gradient by the last layer's sums.

    With targets ``every`` (m,) each answer is held against all of them.
    """
    z0, plain, features = net.offsets[-1], net.plain[-1], len(net.keep)
    size = rows if rows > FEW else 1
    total = 0.0
    for r in range(0, rows, size):
        at = z0 * BLOCK if rows > FEW else r * features + z0
        answers, error = post[at : at + size], delta[at : at + size] if plain else spare[:size]
        if len(every):
            total += losses.summed_against_all(loss, answers, every, error, count)
        else:
            total += losses.summed(loss, answers, wanted[r : r + size], error, count)
        if not plain:
            for s in range(size):
                delta[at + s] *= error[s]
    return total


@compiled
def backward(net: Any, i: Any, parameters: Any, into: Any, post: Any, delta: Any, spare: Any, rows: Any) -> None:
    """Send the error of a block back through layer i: its δ, then its gradients, which are added to ``into``."""
    entering, leaving, x0, z0 = net.sizes[i], net.sizes[i + 1], net.offsets[i], net.offsets[i + 1]
    last, plain, features = i == len(net.codes) - 1, net.plain[i], len(net.keep)
    if rows > FEW:
        if not last:
            after, onward, next0 = net.sizes[i + 2], net.starts[i + 1], net.offsets[i + 2]
            behind = delta[next0 * BLOCK :]
            if plain:
                send_back(parameters, onward, after, leaving, leaving, behind, delta[z0 * BLOCK :], rows)
            else:
                for j in range(0, leaving, 4):
                    some = min(4, leaving - j)
                    send_back(parameters, onward + j, after, some, leaving, behind, spare, rows)
                    for k in range(some):
                        at = (z0 + j + k) * BLOCK
                        multiply(delta[at : at + rows], spare[k * BLOCK : k * BLOCK + rows])
        gradients(into, net.starts[i], entering, leaving, post[x0 * BLOCK :], delta[z0 * BLOCK :], rows)
        return
    for r in range(rows):
        x, z = r * features + x0, r * features + z0
        lane = delta[z : z + leaving]
        if not last:
            after, onward, next0 = net.sizes[i + 2], net.starts[i + 1], r * features + net.offsets[i + 2]
            back = lane if plain else spare[:leaving]
            send_back_row(parameters, onward, leaving, after, delta[next0 : next0 + after], back)
            if not plain:
                for j in range(leaving):
                    lane[j] *= back[j]
        gradients_row(into, net.starts[i], entering, leaving, post[x : x + entering], lane)


@compiled
def work(net: Any, parameters: Any, into: Any, masks: Any, scratch: Any, inputs: Any, targets: Any, order: Any,
         begin: Any, rows: Any, loss: Any, flat: Any, first: Any, last: Any) -> Any:  # fmt: skip
    """Take a batch through stages ``first`` to ``last`` of an update; every way of training is this one.

    Stage 0 is zero_grad's and nothing here, 1 to L are forward by layer, L + 1 the loss, then backward by layer from
    the last to the first. Block by block each stage does the same arithmetic in the same order, alone or with others.
    Returns the mean loss of the batch, where the stages measured it.

    Parameters may be complex: an imaginary part of 1e-200·v is a direction, whose products are too small to be seen,
    and the gradient's imaginary part is 1e-200·Hv, exactly (Squire and Trapp, "Using Complex Variables to Estimate
    Derivatives of Real Functions", 1998).
    """
    depth, kept = len(net.codes), len(scratch.post) > 1
    count = rows * rows if flat else rows
    every = scratch.every[:rows] if flat else targets[:0]
    for r in range(len(every)):
        every[r] = targets[order[begin + r] if len(order) else begin + r]
    sloped = last != depth + 1  # a pass that only measures needs no slopes
    total = 0.0
    for at in range(0, rows, BLOCK):
        n, b = min(BLOCK, rows - at), at // BLOCK if kept else 0
        pre, post, delta, wanted = scratch.pre[b], scratch.post[b], scratch.delta[b], scratch.targets[b]
        if first <= 1 <= last:
            _load(inputs, targets, order, begin + at, n, post, wanted, len(net.keep))
        for i in range(max(first, 1) - 1, min(last, depth)):
            forward(net, i, parameters, masks, at, pre, post, delta, n, sloped)
        if first <= depth + 1 <= last:
            total += measure(net, loss, count, every, post, wanted, delta, scratch.spare, n)
        for stage in range(max(first, depth + 2), last + 1):
            backward(net, 2 * depth + 1 - stage, parameters, into, post, delta, scratch.spare, n)
    kind = parameters.dtype.type
    return np.float64((kind(total) / kind(count)).real)


@compiled
def ask(net: Any, parameters: Any, scratch: Any, inputs: Any, masks: Any, order: Any, size: Any, out: Any) -> None:
    """What the last layer gives for inputs ``(2, n)``, into ``out`` (n,), in parts of ``size`` rows.

    In parts of up to :data:`FEW` rows no answer hangs on what else is asked; more at once round otherwise.
    """
    z0 = net.offsets[-1]
    for at in range(0, inputs.shape[1], size):
        n = min(size, inputs.shape[1] - at)
        work(net, parameters, parameters, masks[:0], scratch, inputs, out, order[:0], at, n, ZERO, NO, ONE,
             len(net.codes) + 1)  # fmt: skip
        for r in range(n):
            out[at + r] = scratch.post[0, r * len(net.keep) + z0 if n <= FEW else z0 * BLOCK + r]
