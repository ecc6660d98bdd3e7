"""The draws that only torch can make: normal numbers and dropout's masks. Everything else is drawn without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from adder_engine.kernels.random import from_torch, to_torch

Stream = NDArray[np.uint32]
"""``(625,)``, see :mod:`adder_engine.kernels.random`."""


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
