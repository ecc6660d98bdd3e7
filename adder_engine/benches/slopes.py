"""Gradients: one, all, nudged, added up, uphill, of mini-batches, and what autograd recorded."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from adder_engine.benches.passes import parameter_index, pass_through, torch_twin, whole
from adder_engine.errors import RequestError
from adder_engine.trainer import Trainer


def gradient(trainer: Trainer, name: str) -> float:
    """One parameter's gradient over all training rows, without dropout."""
    return gradients(trainer)[parameter_index(trainer.layout, name)].item()


def slopes(trainer: Trainer) -> float:
    """How many parameters have a gradient that is not 0."""
    return float(gradients(trainer).count_nonzero().item())


def nudge(trainer: Trainer, name: str, amount: float) -> float:
    """The loss with one parameter moved."""
    parameters = trainer.state[0].clone()
    parameters[parameter_index(trainer.layout, name)] += float(amount)
    return float(pass_through(trainer, parameters, trainer.inputs, trainer.targets).run().item())


def uphill(trainer: Trainer, lr: float) -> float:
    """The loss after one step of plain SGD with the wrong sign."""
    parameters = trainer.state[0] + float(lr) * gradients(trainer)
    return float(pass_through(trainer, parameters, trainer.inputs, trainer.targets).run().item())


def backwards(trainer: Trainer, times: float) -> float:
    """``.grad`` of the last bias after so many backward calls of autograd without clearing."""
    module, inputs, targets = torch_twin(trainer)
    for _ in range(whole(times, 100)):
        nn.functional.mse_loss(module(inputs), targets).backward()  # type: ignore[no-untyped-call]
    last = [*module.parameters()][-1]
    return 0.0 if last.grad is None else last.grad[0].item()


def tenths(trainer: Trainer) -> float:
    """Largest gap between ten backward calls over tenths and one over all, as a share of the gradient."""
    module, inputs, targets = torch_twin(trainer)
    if len(inputs) % 10:
        raise RequestError(f"{len(inputs):,} rows do not split into tenths: use a multiple of 10.")
    for x, t in zip(inputs.chunk(10), targets.chunk(10), strict=True):
        (nn.functional.mse_loss(module(x), t) / 10).backward()  # type: ignore[no-untyped-call]
    added = nn.utils.parameters_to_vector([p.grad for p in module.parameters() if p.grad is not None])
    module.zero_grad()
    nn.functional.mse_loss(module(inputs), targets).backward()  # type: ignore[no-untyped-call]
    whole = nn.utils.parameters_to_vector([p.grad for p in module.parameters() if p.grad is not None])
    return float(((added - whole).abs() / whole.abs()).max().item())


def graph(trainer: Trainer, node: str) -> float:
    """How many nodes of that name autograd recorded for one sum's loss."""
    module, _, _ = torch_twin(trainer)
    loss = nn.functional.mse_loss(module(torch.tensor([[30.0, 70.0]])), torch.tensor([[100.0]]))
    seen, waiting, count = set(), [loss.grad_fn], 0
    while waiting:
        one = waiting.pop()
        if one is not None and one not in seen:
            seen.add(one)
            count += type(one).__name__ == node
            waiting += [inner for inner, _ in one.next_functions]
    return float(count)


def tied(_: Trainer) -> float:
    """The gradient of one weight, 0.5, that serves both inputs of 30 + 70."""
    weight = torch.tensor(0.5, requires_grad=True)
    loss = (weight * 30 + weight * 70 - 100) ** 2
    loss.backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None
    return weight.grad.item()


def agreement(trainer: Trainer, size: float) -> float:
    """Mean cosine between the full gradient and those of ten batches of a size: the rows in the order drawn."""
    cosines = [*_cosines(trainer, size)]
    return sum(cosines) / len(cosines)


def worst_agreement(trainer: Trainer, size: float) -> float:
    """The lowest of these ten cosines."""
    return min(_cosines(trainer, size))


def _cosines(trainer: Trainer, size: float) -> Iterator[float]:
    rows = trainer.inputs.shape[1]
    count = whole(size, rows)
    full = gradients(trainer).double()
    for chosen in torch.split(torch.arange(rows), count)[:10]:
        one = gradients(trainer, trainer.inputs[:, chosen], trainer.targets[:, chosen]).double()
        yield nn.functional.cosine_similarity(one, full, dim=0).item()


def gradients(trainer: Trainer, inputs: Tensor | None = None, targets: Tensor | None = None) -> Tensor:
    """The loss's gradient by every parameter ``(P,)``, over all training rows or over these, without dropout."""
    found = torch.zeros(trainer.layout.size)
    inputs = trainer.inputs if inputs is None else inputs
    targets = trainer.targets if targets is None else targets
    way = pass_through(trainer, trainer.state[0].clone(), inputs, targets, found)
    way.run()
    for i in reversed(range(len(way.layers))):
        way.backward(i, add=False)
    return found
