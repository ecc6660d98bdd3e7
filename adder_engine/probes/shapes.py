"""Which shapes fit together, and what PyTorch says of those that do not."""

from __future__ import annotations

import math

import torch

from adder_engine.errors import RequestError
from adder_engine.training.trainer import Trainer

LARGEST_SIZE, MOST_DIMENSIONS, MOST_ENTRIES, MOST_PRODUCTS = 10_000, 4, 100_000, 1_000_000


def matmul(_: Trainer, shapes: str) -> str:
    """The shape of a matrix product, or PyTorch's own error message."""
    a, b = _two_shapes(shapes)
    if math.prod(a[:-1]) * math.prod(b[:-2]) * b[-1] > MOST_PRODUCTS:
        raise RequestError(f"{shapes} would be multiplied into too many entries: use smaller sizes.")
    try:
        product = torch.zeros(()).expand(a) @ torch.zeros(()).expand(b)
    except RuntimeError as error:
        return str(error)
    return _shape_text(tuple(product.shape))


def broadcast(_: Trainer, shapes: str) -> str:
    """The shape of an element-wise sum, or PyTorch's own error message."""
    a, b = _two_shapes(shapes)
    try:
        # Not added up: a sum of this shape might not fit into memory.
        return _shape_text(tuple(torch.broadcast_shapes(a, b)))  # type: ignore[no-untyped-call]
    except RuntimeError:
        pass
    try:
        torch.zeros(()).expand(a) + torch.zeros(()).expand(b)
    except RuntimeError as error:
        return str(error)
    raise AssertionError("shapes that cannot be broadcast were added")


def _two_shapes(text: str) -> list[tuple[int, ...]]:
    shapes = []
    for word in str(text).split():
        sizes = word.split("x")
        if len(sizes) > MOST_DIMENSIONS or not all(s.isdecimal() and 0 < int(s) <= LARGEST_SIZE for s in sizes):
            raise RequestError(f"{word!r} is no shape: write such as 1x2, each size from 1 to {LARGEST_SIZE:,}.")
        shapes.append(tuple(map(int, sizes)))
        if math.prod(shapes[-1]) > MOST_ENTRIES:
            raise RequestError(f"{word} has more than {MOST_ENTRIES:,} entries: use smaller sizes.")
    if len(shapes) != 2:
        raise RequestError(f"{text!r} is not two shapes: write such as 1x2 2x4.")
    return shapes


def _shape_text(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "()"
