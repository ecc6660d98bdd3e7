"""Where each weight and bias stands among a network's P numbers. Needs no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from adder_engine.errors import RequestError


@dataclass(frozen=True)
class ParameterTensor:
    """One parameter tensor's place in the flat vector of P numbers, in PyTorch's row-major order."""

    name: str
    """As PyTorch names it: ``hidden.weight``."""
    layer: int
    shape: tuple[int, ...]
    """``(out_features, in_features)`` for a weight, ``(out_features,)`` for a bias."""
    start: int

    @property
    def stop(self) -> int:
        return self.start + math.prod(self.shape)

    @property
    def span(self) -> slice:
        return slice(self.start, self.stop)

    def of(self, numbers: Any) -> Any:
        """Its part of an array ``(P,)``, in its shape: a view."""
        return numbers[self.span].reshape(self.shape)

    @property
    def is_weight(self) -> bool:
        return len(self.shape) == 2


@dataclass(frozen=True)
class ParameterLayout:
    """All tensors of a network, in the order of ``module.parameters()``: weight, then bias, layer by layer."""

    tensors: tuple[ParameterTensor, ...]

    @cached_property
    def size(self) -> int:
        """P, the number of parameters."""
        return self.tensors[-1].stop

    @cached_property
    def by_name(self) -> dict[str, ParameterTensor]:
        return {tensor.name: tensor for tensor in self.tensors}

    def weight(self, layer: int) -> ParameterTensor:
        return self.tensors[2 * layer]

    def bias(self, layer: int) -> ParameterTensor:
        return self.tensors[2 * layer + 1]

    def name_of(self, index: int) -> str:
        """The name of one number: ``hidden.weight[2, 0]`` or ``output.bias[0]``."""
        tensor = next(tensor for tensor in self.tensors if index < tensor.stop)
        place = divmod(index - tensor.start, tensor.shape[1]) if tensor.is_weight else (index - tensor.start,)
        return f"{tensor.name}[{', '.join(map(str, place))}]"

    def check(self, index: int) -> None:
        """Raise RequestError where there is no number of that flat index."""
        if not 0 <= index < self.size:
            raise RequestError(
                "There is no parameter {index}: they are numbered 0 to {last}.", index=index, last=self.size - 1
            )

    def tensor(self, name: str) -> ParameterTensor:
        """The tensor of that name; raises RequestError where there is none."""
        if name not in self.by_name:
            raise RequestError(
                "There is no parameter {name!r}: there are {names}.", name=name, names=", ".join(self.by_name)
            )
        return self.by_name[name]

    def index_of(self, name: str, place: tuple[int, ...]) -> int:
        """The flat index of one number. Raises RequestError: no such tensor, or a place outside of it."""
        tensor = self.tensor(name)
        if len(place) != len(tensor.shape) or not all(0 <= i < n for i, n in zip(place, tensor.shape, strict=True)):
            raise RequestError(
                "{name} has the shape {shape}: there is no place {place} in it.",
                name=name,
                shape=tensor.shape,
                place=list(place),
            )
        return tensor.start + (place[0] * tensor.shape[1] + place[1] if tensor.is_weight else place[0])


@lru_cache(maxsize=64)
def layout_of(layers: tuple[int, ...], names: tuple[str, ...]) -> ParameterLayout:
    """The layout of a network with these layer sizes and layer names."""
    tensors: list[ParameterTensor] = []
    start = 0
    for i, name in enumerate(names):
        for kind, shape in (("weight", (layers[i + 1], layers[i])), ("bias", (layers[i + 1],))):
            tensors.append(ParameterTensor(f"{name}.{kind}", i, shape, start))
            start = tensors[-1].stop
    return ParameterLayout(tuple(tensors))
