"""The network: its layers as views into one state tensor, its first parameters, and PyTorch's own twin."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from adder_engine.experiment import Experiment
from adder_engine.kernels.parameters import ParameterLayout, layout_of


@dataclass(frozen=True)
class Linear:
    """One layer's weights, biases and their gradients: views into flat vectors of P numbers.

    For many networks at once each shape has one more dimension in front.
    """

    weight: Tensor
    """``(out_features, in_features)``"""
    bias: Tensor
    """``(out_features, 1)``, a column, so that it broadcasts over the rows of a batch."""
    weight_grad: Tensor
    bias_grad: Tensor
    """``(out_features,)``"""
    weight_t: Tensor
    """``weight`` transposed: a view, made once because making one costs as much as a small product."""


def linear_views(layout: ParameterLayout, parameters: Tensor, gradients: Tensor) -> tuple[Linear, ...]:
    """The layers of a network whose parameters and gradients are these flat vectors, ``(P,)`` or ``(networks, P)``."""
    views = []
    *many, _ = parameters.shape
    for i in range(len(layout.slots) // 2):
        w, b = layout.weight(i), layout.bias(i)
        weight = parameters[..., w.span].view(*many, *w.shape)
        views.append(
            Linear(
                weight,
                parameters[..., b.span].unsqueeze(-1),
                gradients[..., w.span].view(*many, *w.shape),
                gradients[..., b.span],
                weight.mT,
            )
        )
    return tuple(views)


def layout_for(experiment: Experiment) -> ParameterLayout:
    """Where each parameter of the experiment's network stands."""
    return layout_of(experiment.network.layers, experiment.layer_names)


def initial_parameters(experiment: Experiment, generator: torch.Generator) -> Tensor:
    """The first parameters, ``(P,)``: drawn as ``nn.Linear`` draws them, then overridden where ``init`` says so.

    Weights come from ``kaiming_uniform_(a=√5)``, which is ±1/√in_features, and biases from the same range
    (PyTorch's documentation of ``nn.Linear``). The draws are made even where they are overridden.
    """
    layout = layout_for(experiment)
    parameters = torch.empty(layout.size, dtype=torch.float32)
    for layer in linear_views(layout, parameters, torch.empty_like(parameters)):
        nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
        bound = 1 / math.sqrt(layer.weight.shape[1])
        nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
    init = experiment.network.init
    if init == "zeros":
        parameters.zero_()
    elif not isinstance(init, str):
        parameters.fill_(init)
    return parameters


ACTIVATION_MODULES: dict[str, type[nn.Module]] = {
    "none": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
}


class Adder(nn.Module):
    """The same network as an ordinary PyTorch module, for export and as the judge of our arithmetic.

    Its parameters carry the tutorial's names (``input.weight`` … ``output.bias``). It works in scaled units:
    divide inputs by the experiment's ``data.scale`` and multiply the answer back.
    """

    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        sizes = experiment.network.layers
        self.names = experiment.layer_names
        for i, name in enumerate(self.names):
            self.add_module(name, nn.Linear(sizes[i], sizes[i + 1], dtype=torch.float32))
        self.activation = ACTIVATION_MODULES[experiment.network.activation]()
        self.dropout = nn.Dropout(experiment.network.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs ``(n, 2)`` to answers ``(n, 1)``."""
        for name in self.names[:-1]:
            x = self.dropout(self.activation(self.get_submodule(name)(x)))
        answer: Tensor = self.get_submodule(self.names[-1])(x)
        return answer

    def load_flat(self, parameters: Tensor) -> None:
        """Take over parameters from a flat vector ``(P,)`` in the order of ``parameters()``."""
        nn.utils.vector_to_parameters(parameters, self.parameters())
