"""PyTorch's random numbers, most without PyTorch: its generator on the CPU is the Mersenne twister of 32 bits.

A stream is ``(625,)`` uint32: the twister's 624 words, and how many of them are used up. Matsumoto and Nishimura,
"Mersenne Twister" (1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adder_engine.kernels.compiler import exactly, fma

if TYPE_CHECKING:
    import torch

WORDS, SHIFT = 624, 397
U = np.uint32
Stream = NDArray[np.uint32]


def seeded(seed: int) -> Any:
    """A stream as ``torch.manual_seed(seed)`` starts it: torch uses the seed's lowest 32 bits."""
    bits = np.random.MT19937()
    bits._legacy_seeding(seed & 0xFFFFFFFF)
    return np.append(bits.state["state"]["key"], U(WORDS)).astype(U)


@exactly
def draw(stream: Any) -> Any:
    """The next 32 bits."""
    if stream[WORDS] >= WORDS:
        for i in range(WORDS):
            y = (stream[i] & U(0x80000000)) | (stream[(i + 1) % WORDS] & U(0x7FFFFFFF))
            stream[i] = stream[(i + SHIFT) % WORDS] ^ (y >> U(1)) ^ (U(0x9908B0DF) if y & U(1) else U(0))
        stream[WORDS] = 0
    y = stream[stream[WORDS]]
    stream[WORDS] += U(1)
    y ^= y >> U(11)
    y ^= (y << U(7)) & U(0x9D2C5680)
    y ^= (y << U(15)) & U(0xEFC60000)
    return y ^ (y >> U(18))


@exactly
def uniform(stream: Any, low: Any, high: Any, out: Any) -> None:
    """Fill ``out`` (n,) float32 as ``torch.Tensor.uniform_`` does: 24 bits a number, scaled in double by the float32
    width of the range, and rounded once.
    """
    below, width = np.float64(np.float32(low)), np.float64(np.float32(high) - np.float32(low))
    for i in range(len(out)):
        out[i] = np.float32((draw(stream) & U(0xFFFFFF)) * 2.0**-24 * width + below)


@exactly
def uniform_double(stream: Any, low: Any, high: Any, out: Any) -> None:
    """The same for ``out`` (n,) float64: 53 bits of two draws, the upper ones first, and one rounding."""
    for i in range(len(out)):
        upper = np.uint64(draw(stream)) << np.uint64(32)
        bits = (upper | np.uint64(draw(stream))) & np.uint64(2**53 - 1)
        out[i] = fma(np.float64(bits) * 2.0**-53, high - low, low)


@exactly
def permute(stream: Any, order: Any) -> None:
    """Fill ``order`` (n,) as ``torch.randperm(n)`` does: Fisher and Yates' shuffle from the front."""
    n = len(order)
    for i in range(n):
        order[i] = i
    for i in range(n - 1):
        j = i + np.int64(draw(stream) % U(n - i))
        order[i], order[j] = order[j], order[i]


_STATE = np.dtype([("seed", "<u8"), ("left", "<i4"), ("seeded", "<i4"), ("next", "<u8"), ("words", "<u8", (WORDS,)),
                   ("normal", "u1", (40,))])  # fmt: skip
"""What ``torch.Generator.get_state`` gives on the CPU, as bytes."""


def to_torch(stream: Stream) -> NDArray[np.uint8]:
    """The stream as ``torch.Generator.set_state`` takes it."""
    state = np.zeros(1, dtype=_STATE)
    used = int(stream[WORDS])
    state["seeded"], state["words"] = 1, stream[:WORDS]
    state["left"], state["next"] = (1, 0) if used >= WORDS else (WORDS - used + 1, used)
    return state.view(np.uint8).reshape(-1)


def from_torch(state: NDArray[np.uint8]) -> Stream:
    """The stream of a generator's state.

    Raises:
        ValueError: this is none.
    """
    if state.dtype != np.uint8 or state.shape != (_STATE.itemsize,):
        raise ValueError("not a generator's state")
    found = np.ascontiguousarray(state).view(_STATE)[0]
    used = WORDS if found["left"] == 1 else int(found["next"])
    if not found["seeded"] or not 0 <= used <= WORDS:
        raise ValueError("not a generator's state")
    return np.append(found["words"], used).astype(np.uint32)


# --- what torch alone can draw -----------------------------------------------------------------------


def normal(stream: Stream, shape: Sequence[int]) -> Any:
    """``torch.randn``, float32; the stream goes on."""
    import torch

    generator = _generator(stream)
    found = torch.randn(tuple(shape), generator=generator, dtype=torch.float32).numpy()
    stream[:] = from_torch(generator.get_state().numpy())
    return found


def dropout_masks(stream: Stream, keep: float, rows: int, sizes: Sequence[int]) -> Any:
    """What ``nn.Dropout`` multiplies each layer's outputs by, for all features of the network ``(rows, features)``.

    It draws layer by layer, in (rows, features) order, and scales what is kept by 1/(1 − p). ``sizes`` are the
    network's, inputs and answer included, which nothing is dropped from. The stream goes on.
    """
    import torch

    generator = _generator(stream)
    masks = [np.ones((rows, sizes[0]), dtype=np.float32)]
    for size in sizes[1:-1]:
        masks.append(torch.empty(rows, size).bernoulli_(keep, generator=generator).div_(keep).numpy())
    masks.append(np.ones((rows, sizes[-1]), dtype=np.float32))
    stream[:] = from_torch(generator.get_state().numpy())
    return np.concatenate(masks, axis=1)


def _generator(stream: Stream) -> torch.Generator:
    import torch

    generator = torch.Generator()
    generator.set_state(torch.from_numpy(to_torch(stream)))
    return generator
