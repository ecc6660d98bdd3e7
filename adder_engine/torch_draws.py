"""The draws that only torch can make: normal numbers and dropout's masks. Everything else is drawn without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Stream = NDArray[np.uint32]
"""``(625,)``: the twister's words and how many are used up, see :mod:`adder_engine.kernels.random`."""
WORDS = 624
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


def _generator(stream: Stream) -> torch.Generator:
    generator = torch.Generator()
    generator.set_state(torch.from_numpy(to_torch(stream)))
    return generator


def normal(stream: Stream, shape: Sequence[int]) -> Any:
    """``torch.randn``, float32; the stream goes on."""
    generator = _generator(stream)
    found = torch.randn(tuple(shape), generator=generator, dtype=torch.float32).numpy()
    stream[:] = from_torch(generator.get_state().numpy())
    return found


def dropout_masks(stream: Stream, keep: float, rows: int, sizes: Sequence[int]) -> Any:
    """What ``nn.Dropout`` multiplies each layer's outputs by, for all features of the network ``(rows, features)``.

    It draws layer by layer, in (rows, features) order, and scales what is kept by 1/(1 − p). ``sizes`` are the
    network's, inputs and answer included, which nothing is dropped from. The stream goes on.
    """
    generator = _generator(stream)
    masks = [np.ones((rows, sizes[0]), dtype=np.float32)]
    for size in sizes[1:-1]:
        masks.append(torch.empty(rows, size).bernoulli_(keep, generator=generator).div_(keep).numpy())
    masks.append(np.ones((rows, sizes[-1]), dtype=np.float32))
    stream[:] = from_torch(generator.get_state().numpy())
    return np.concatenate(masks, axis=1)
