"""One pass with parameters of its own, beside the run's; and PyTorch's own twin of the network."""

from __future__ import annotations

import torch
from torch import Tensor

from adder_engine.backprop import Pass
from adder_engine.errors import RequestError
from adder_engine.layout import Layout
from adder_engine.network import Adder, linear_views
from adder_engine.trainer import Trainer


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


def parameter_index(layout: Layout, name: str) -> int:
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
