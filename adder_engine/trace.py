"""One example's way through the network with every number, as it travels to whoever shows it. Needs no torch."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class LayerTrace:
    """One layer's numbers for one example. All float32 and as the engine computed them."""

    name: str
    entering: Floats
    """``(in_features,)``: what came in."""
    weight: Floats
    """``(out_features, in_features)``"""
    bias: Floats
    """``(out_features,)``"""
    pre: Floats
    """``(out_features,)``: ``entering · weightᵀ + bias``."""
    post: Floats
    """``(out_features,)``: after activation and mask."""
    mask: Floats | None
    """``(out_features,)``: dropout's and silence's factor; None where there is none."""
    slope: Floats
    """``(out_features,)``: the activation's derivative at ``pre``; ones where there is no activation."""
    arriving: Floats
    """``(out_features,)``: gradient of the loss by ``post``: the next layer's ``delta · weight``."""
    delta: Floats
    """``(out_features,)``: gradient of the loss by ``pre``: ``arriving · mask · slope``."""
    weight_grad: Floats
    """``(out_features, in_features)``: ``deltaᵀ · entering``, this example's alone."""
    bias_grad: Floats
    """``(out_features,)``: ``delta``."""


@dataclass(frozen=True)
class Term:
    """One intermediate result of the optimizer's formula, for every parameter."""

    symbol: str
    formula: str
    values: Doubles
    """``(P,)``, computed in float64 from the float32 numbers before and after the step."""


@dataclass(frozen=True)
class StepTrace:
    """The last optimizer step, for every parameter. Flat arrays ``(P,)``."""

    optimizer: str
    lr: float
    number: int
    """Counts from 1 since the optimizer's moments were fresh."""
    before: Floats
    gradient: Floats
    """As accumulated in ``.grad``."""
    terms: tuple[Term, ...]
    """The last one is the change: ``after = before + change``, within float32's rounding."""
    after: Floats
    frozen: NDArray[np.bool_]
    expected_change: float
    """First-order change of the batch's loss: Σ g·Δ, with the gradient of this pass alone, without penalties, and the
    change as the formula gives it, before float32 rounds the parameters."""
    real_change: float
    """Loss of the same batch after the step, minus before."""
    previous_answer: float | None = None
    """What the current sum's answer was before the step, in units of sums; None in a row's trace."""
    way: Trace | None = None
    """The current sum's way before the step where it was the whole batch, so that its error's gradient is the step's;
    None where the batch had other rows, dropout, or a parameter set by hand on its way."""

    @property
    def change(self) -> Doubles:
        return self.terms[-1].values


@dataclass(frozen=True)
class Trace:
    """An example's whole way. Scaled units inside; ``pair`` and ``answer`` in units of sums."""

    pair: tuple[float, float]
    row: int | None
    """Row of the data, or None for the current sum."""
    scale: float
    """What the inputs are divided by."""
    inputs: Floats
    """``(2,)``: the pair divided by the scale."""
    layers: tuple[LayerTrace, ...]
    answer: float
    output: float
    target: float
    differences: Floats
    """``(1,)``: output minus target, or how likely yes is minus target; with a flat target
    ``(n,)``: minus each row's target."""
    loss_name: str
    loss: float
    """This example's own loss."""
    share: float
    """What this example's gradient is multiplied by: 1 for the current sum, 1/n in a batch of n rows."""
    rows: int
    """n."""
    step: StepTrace | None
    """The step that led here; None before the first, within an update, and after an edit or a change of settings."""
    target_scale: float = 1.0
    """What the target is divided by, and the output multiplied by."""
    batch_gradient: Floats | None = None
    """``(P,)``: ``.grad`` at the end of the batch's backward pass, and what it would be for frozen parameters, whose
    ``.grad`` reads 0; None in the current sum's trace."""
    ahead: bool = False
    """Whether it was worked out on a copy, from the start of the update in progress to the end of its backward."""
    left_out: int = 0
    """How many changes that were made by hand since that start were left out."""

    @property
    def known(self) -> bool:
        """Whether the right answer is; else target, loss, errors and gradients are NaN."""
        return not math.isnan(self.target)

    @property
    def chain(self) -> Trace:
        """The way that the last step was made from, and that step: one chain of the same numbers.

        Where there is no such way (see :attr:`StepTrace.way`) it is this trace, of the network after the step.
        """
        if self.step is None or self.step.way is None:
            return self
        return dataclasses.replace(self.step.way, step=self.step)

    @property
    def gradient(self) -> Floats:
        """This example's gradient by all parameters, flat ``(P,)``."""
        import numpy as np  # who only reads a trace needs none

        parts = [part.ravel() for layer in self.layers for part in (layer.weight_grad, layer.bias_grad)]
        return np.concatenate(parts)
