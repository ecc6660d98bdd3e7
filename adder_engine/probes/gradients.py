"""Gradients: one, all, nudged, added up, uphill, of mini-batches, and what autograd recorded."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from adder_engine.errors import RequestError
from adder_engine.kernels.backprop import Pass
from adder_engine.kernels.network import Adder, linear_views
from adder_engine.kernels.parameters import ParameterLayout
from adder_engine.training.trainer import Trainer


def pass_through(
    trainer: Trainer, parameters: Tensor, inputs: Tensor, targets: Tensor, gradients: Tensor | None = None
) -> Pass:
    """A pass of the run's network with these parameters ``(P,)`` over inputs ``(2, n)`` and targets ``(1, n)``."""
    experiment = trainer.experiment
    views = linear_views(trainer.layout, parameters, torch.zeros_like(parameters) if gradients is None else gradients)
    flat = experiment.training.flat_target and inputs.shape[1] == trainer.inputs.shape[1]
    way = Pass(views, inputs.shape[1], experiment.network.activation, experiment.training.loss, flat)
    way.masks = trainer.silence()
    way.take(inputs, targets)
    return way


def torch_twin(trainer: Trainer) -> tuple[Adder, Tensor, Tensor]:
    """The network as PyTorch's own module, evaluated without dropout, and the data rows first."""
    with torch.random.fork_rng(devices=[]):
        module = Adder(trainer.experiment)
    module.load_flat(trainer.state[0].clone())
    return module.eval(), trainer.inputs.T, trainer.targets.T


def parameter_index(layout: ParameterLayout, name: str) -> int:
    """The flat index of ``hidden.weight[2,0]``, or of ``output.bias`` where the tensor has one number.

    Raises:
        RequestError: no such parameter.
    """
    tensor, _, place = str(name).partition("[")
    slot = layout.by_name.get(tensor)
    if slot is not None and not place and slot.stop - slot.start == 1:
        return slot.start
    numbers = [text.strip() for text in place.rstrip("]").split(",")]
    if not all(text.isdecimal() for text in numbers):
        raise RequestError(f"{name!r} is no parameter: write such as hidden.weight[2,0] or output.bias[0].")
    return layout.index_of(tensor, tuple(map(int, numbers)))


def whole(value: float, most: int) -> int:
    """A whole number from 1 to ``most``; raises RequestError for any other."""
    number = float(value)
    if number != int(number) or not 1 <= number <= most:
        raise RequestError(f"{number:g} will not do: use a whole number from 1 to {most:,}.")
    return int(number)


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
