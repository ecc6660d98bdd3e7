"""PyTorch itself as the judge: an ordinary module, autograd and ``torch.optim``, written apart from the engine. One
update is held against it, which does not disturb the run. Whoever imports this imports torch.

Whatever is compared starts from the engine's own state, because free-running comparisons drift. How far two
correct float32 computations may lie apart follows from the sizes of what is added up: see :func:`sizes`.
"""

from __future__ import annotations

import io
import math
import pickle
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from adder_engine.errors import WeightsError
from adder_engine.experiment import Experiment
from adder_engine.parameters import ParameterLayout
from adder_engine.snapshot import ReferenceCheck, ReferenceRow
from adder_engine.training.passes import Pass
from adder_engine.training.trainer import Trainer

BOUND = 16 * 2.0**-24
"""Two gradients agree within this times the sum of the products' sizes."""
SMALLEST = 2.0**-126
"""float32 below this is not held to relative bounds."""


class Sine(nn.Module):
    """``torch.sin`` as a module."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.sin(x)


class Step(nn.Module):
    """1 above 0, else 0, with the gradient 0 that it has."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(torch.sign(x))


ACTIVATION_MODULES: dict[str, type[nn.Module]] = {
    "none": nn.Identity, "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU, "sine": Sine, "step": Step,
}  # fmt: skip
ACTIVATIONS: dict[str, nn.Module] = {name: module() for name, module in ACTIVATION_MODULES.items()}
LOSSES: dict[str, nn.Module] = {
    "mse": nn.MSELoss(), "mae": nn.L1Loss(), "huber": nn.HuberLoss(),
    "bce": nn.BCEWithLogitsLoss(),
}  # fmt: skip
KINKED = ("relu", "leaky_relu", "step")
MANY_ROWS = 2_000
ULPS = 2
"""Units in the last place that an optimizer's step may lie from ``torch.optim``'s."""
MOMENTS: dict[str, dict[str, int]] = {
    "sgd": {}, "momentum": {"momentum_buffer": 2}, "nesterov": {"momentum_buffer": 2}, "rmsprop": {"square_avg": 3},
    "adam": {"exp_avg": 2, "exp_avg_sq": 3}, "adamw": {"exp_avg": 2, "exp_avg_sq": 3},
}  # fmt: skip
"""What ``torch.optim`` keeps by each optimizer, and the row of our state that it is."""
Masks = Sequence[Tensor | None]


class Adder(nn.Module):
    """The same network as an ordinary PyTorch module, for export and as the judge of our arithmetic.

    Its parameters carry the tutorial's names (``input.weight`` … ``output.bias``). It works in scaled units:
    divide inputs by ``data.scale`` and multiply the answer by that of the targets.
    """

    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        sizes = experiment.network.layers
        self.names = experiment.layer_names
        for i, name in enumerate(self.names):
            self.add_module(name, nn.Linear(sizes[i], sizes[i + 1], dtype=torch.float32))
        self.bends = [ACTIVATIONS[name] for name in experiment.activations]  # no parameters, so no submodules
        self.dropout = nn.Dropout(experiment.network.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs ``(n, 2)`` to answers ``(n, 1)``."""
        for name, bend in zip(self.names[:-1], self.bends, strict=False):
            x = self.dropout(bend(self.get_submodule(name)(x)))
        answer: Tensor = self.bends[-1](self.get_submodule(self.names[-1])(x))
        return answer

    def load_flat(self, parameters: Tensor | NDArray[Any]) -> None:
        """Take over parameters from a flat vector ``(P,)`` in the order of ``parameters()``."""
        nn.utils.vector_to_parameters(torch.tensor(np.asarray(parameters)), self.parameters())


class PlainAdder(Adder):
    """The tutorial's module, that can be given masks in the place of dropout and keeps its weighted sums."""

    def forward(self, x: Tensor, masks: Masks | None = None) -> Tensor:
        """Answers ``(n, 1)``; with ``masks``, ``(n, out_features)`` or None a layer, in the place of dropout."""
        self.sums: list[Tensor] = []
        for i, name in enumerate(self.names):
            x = self.get_submodule(name)(x)
            self.sums.append(x.detach())
            x = self.bends[i](x)
            if i < len(self.names) - 1:
                mask = None if masks is None else masks[i]
                if masks is None:
                    x = self.dropout(x)
                elif mask is not None:
                    x = x * mask
        self.answers = x.detach()
        return x

    def load_gradients(self, gradients: Tensor | None) -> None:
        start = 0
        for p in self.parameters():
            p.grad = None if gradients is None else gradients[start : start + p.numel()].clone().view_as(p)
            start += p.numel()

    def gradients(self) -> Tensor:
        return torch.cat([p.grad.reshape(-1) for p in self.parameters() if p.grad is not None])


@dataclass
class ReferencePass:
    """What PyTorch makes of one batch, and how far a correct answer may lie from it."""

    loss: float
    loss_within: float
    gradients: Tensor
    """``(P,)``"""
    gradients_within: Tensor
    """``(P,)``, float64"""
    sums: list[Tensor]
    """Each layer's weighted sums, ``(n, out_features)``."""
    sums_within: list[Tensor]
    differences: Tensor
    """Answer minus target, ``(n, 1)`` or ``(n, n)``."""
    differences_within: Tensor


def judge(
    experiment: Experiment,
    parameters: Tensor,
    before: Tensor | None,
    inputs: Tensor,
    targets: Tensor,
    masks: Masks,
    precision: torch.dtype = torch.float32,
) -> ReferencePass:
    """Run one forward and backward pass with autograd: inputs ``(n, 2)``, targets ``(n, 1)``.

    ``before`` is what ``.grad`` held, None where it was cleared. From some thousand rows on PyTorch's own
    float32 gradients lie further than :data:`BOUND` from the true ones (it adds row after row): ask for
    float64 there.
    """
    training = experiment.training
    module = PlainAdder(experiment)
    module.load_flat(parameters)
    module.to(precision)
    module.load_gradients(None if before is None else before.to(precision))
    answers = module(inputs.to(precision), [None if mask is None else mask.to(precision) for mask in masks])
    wanted = (targets[:, 0] if training.flat_target else targets).to(precision)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of the broadcasting that flat_target is there to show
        loss = LOSSES[training.loss](answers, wanted)
    total = loss
    if training.l1:
        total = loss + training.l1 * sum(p.abs().sum() for p in module.parameters())
    total.backward()
    verdict = sizes(experiment, module, before, inputs, wanted, masks)
    verdict.loss = loss.item()
    return verdict


def sizes(
    experiment: Experiment, module: PlainAdder, before: Tensor | None, inputs: Tensor, wanted: Tensor, masks: Masks
) -> ReferencePass:
    """The sum of the sizes of all products that enter each number, times :data:`BOUND`.

    It goes the way of forward and backward pass in float64 with every weight, bias, input and target replaced
    by its size; where the way bends, rounding before the bend counts with the slope there.
    """
    training = experiment.training
    layers = [getattr(module, name) for name in module.names]
    weights = [layer.weight.detach().double() for layer in layers]
    value, size = inputs.double(), inputs.double().abs()
    entering, slopes, sums = [], [], []
    for i, (layer, weight) in enumerate(zip(layers, weights, strict=True)):
        entering.append(size)
        bias = layer.bias.detach().double()
        value, size = value @ weight.T + bias, size @ weight.abs().T + bias.abs()
        sums.append(size)
        value, size, slope = _bend(experiment.activations[i], value, size)
        mask = masks[i] if i < len(layers) - 1 else None
        if mask is not None:
            value, size, slope = value * mask, size * mask, slope * mask
        slopes.append(slope)

    said = module.answers
    if training.loss == "bce":  # the sigmoid's slope is at most a quarter
        said = said.sigmoid()
        difference, difference_size = value.sigmoid(), 1 + size / 4 + wanted.double().abs()
    else:
        difference, difference_size = (value - wanted.double()).abs(), size + wanted.double().abs()
    count = difference.numel()
    slack = difference + BOUND * difference_size
    if training.loss == "mse":
        losses, arriving = difference_size * slack, 2 * difference_size
    elif training.loss == "bce":
        losses, arriving = 1 + size * (1 + wanted.double().abs()), difference_size
    elif training.loss == "mae":
        losses, arriving = difference_size, torch.ones_like(difference)
    else:
        losses = difference_size * slack.clamp(max=1) + 0.5
        losses = torch.where(slack < 1, difference_size * slack, losses)
        arriving = torch.where(difference < 1 + BOUND * difference_size, difference_size, 1.0)
    delta = arriving.sum(dim=1, keepdim=True) / count * slopes[-1]

    gradients: list[Tensor] = []
    for i in reversed(range(len(layers))):
        if i < len(layers) - 1:
            delta = (delta @ weights[i + 1].abs()) * slopes[i]
        gradients[:0] = [(delta.T @ entering[i]).reshape(-1), delta.sum(dim=0)]
    within = torch.cat(gradients) + training.l1
    if before is not None:
        within = within + before.double().abs()
    return ReferencePass(
        math.nan,
        BOUND * losses.mean().item() + SMALLEST,
        module.gradients(),
        BOUND * within + SMALLEST,
        module.sums,
        [BOUND * s + SMALLEST for s in sums],
        said - wanted,
        BOUND * difference_size + SMALLEST,
    )


def _bend(name: str, z: Tensor, size: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """An activation's value at z, and the sizes of its value and of its slope, given the size of z.

    To the second order of z's rounding (Taylor): no smooth one's second derivative is beyond 1, no third one beyond 2.
    """
    if name == "none":
        return z, size, torch.ones_like(z)
    x = z.clone().requires_grad_()
    value = ACTIVATIONS[name](x)
    (slope,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    curve = torch.zeros_like(z)
    if name not in KINKED:
        (curve,) = torch.autograd.grad(slope.sum(), x)
    value, slope = value.detach(), slope.detach()
    own, own_slope = value.abs(), slope.abs()
    if name == "step":  # rounding alone may put a sum on the other side
        return value, own + torch.where(z.abs() <= BOUND * size, torch.sign(size) / BOUND, 0.0), own_slope
    if name == "tanh":
        own_slope = 1 + value**2
    elif name == "sigmoid":
        own_slope = value * (1 + value)
    elif name == "gelu":
        cdf = 0.5 * (1 + torch.erf(z / math.sqrt(2)).abs())
        own, own_slope = z.abs() * cdf, cdf + z.abs() * torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    if name not in KINKED:  # sigmoid(-89) is 0 in float32
        far = BOUND * size**2  # a sum that rounding moves far meets other slopes on its way
        own, own_slope = own + SMALLEST / BOUND + far / 2, own_slope + SMALLEST / BOUND + far
    return value, own + slope.abs() * size, own_slope + curve.abs() * size


def clipped_verdict(experiment: Experiment, gradients: Tensor) -> Tensor:
    """What ``torch.nn.utils.clip_grad_norm_`` makes of gradients ``(P,)``.

    In float64 and rounded once: a norm of thousands of numbers in float32 is itself off by more than :data:`BOUND`.
    """
    module = PlainAdder(experiment).double()
    module.load_gradients(gradients.double())
    if experiment.training.clip_norm:
        nn.utils.clip_grad_norm_(module.parameters(), experiment.training.clip_norm)
    return module.gradients().float()


def optimizer_verdict(experiment: Experiment, lr: float, steps: int, state: Tensor) -> Tensor:
    """What ``torch.optim`` makes of a state ``(4, P)`` after ``steps`` steps, given the gradients in it, clipped."""
    training = experiment.training
    module = PlainAdder(experiment)
    module.load_flat(state[0])
    module.load_gradients(state[1])
    parameters = list(module.parameters())
    decay, momentum = training.weight_decay, training.momentum
    rule = {"rmsprop": torch.optim.RMSprop, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}.get(
        training.optimizer, torch.optim.SGD
    )
    options: dict[str, Any] = {"lr": lr, "weight_decay": decay}
    if rule is not torch.optim.SGD:
        options["eps"] = training.eps
    if training.optimizer in ("adam", "adamw"):
        options["betas"] = training.betas
    moments, runs_on = MOMENTS[training.optimizer], training.optimizer in ("momentum", "nesterov")
    if runs_on and momentum:  # torch refuses nesterov without
        options |= {"momentum": momentum, "nesterov": training.optimizer == "nesterov"}
    elif runs_on:
        moments = {}
    optimizer: torch.optim.Optimizer = rule(parameters, **options)
    if steps and moments:
        start = 0
        for p in parameters:
            span = slice(start, start + p.numel())
            optimizer.state[p] = {key: state[row, span].clone().view_as(p) for key, row in moments.items()}
            if "momentum_buffer" not in moments:
                optimizer.state[p]["step"] = torch.tensor(float(steps))
            start = span.stop
    optimizer.step()
    after = state.clone()
    after[0] = nn.utils.parameters_to_vector(parameters).detach()
    for key, row in moments.items():
        after[row] = torch.cat([optimizer.state[p][key].reshape(-1) for p in parameters])
    if runs_on and not momentum:
        after[2] = state[1].add(state[0], alpha=decay)  # torch keeps no buffer then: it would be this
    return after


def ulp(x: Tensor) -> Tensor:
    """The distance from |x| to the next larger float32."""
    return torch.from_numpy(np.spacing(x.abs().numpy()))


def step_within(before: Tensor, after: Tensor) -> Tensor:
    """How far parameters or moments may lie from what ``torch.optim`` made of ``before``, float64.

    Two units in the last place of what enters the last addition, or leaves it, and of the change itself, which may be
    larger than both: torch's square root is not always rounded rightly (MKL's is off by one in some twenty).
    """
    change = (after.double() - before.double()).abs()
    return ULPS * (ulp(torch.maximum(before.abs(), after.abs())).double() + 2.0**-23 * change)


def masks_of(batch: Pass) -> list[Tensor | None]:
    """What each layer's outputs were multiplied by, as :func:`judge` takes it."""
    masks = [batch.mask(i) for i in range(batch.depth)]
    return [None if mask is None else torch.tensor(np.ascontiguousarray(mask.T)) for mask in masks]


def prove(trainer: Trainer) -> ReferenceCheck:
    """Run one update from the trainer's state on a copy, and the same by autograd and ``torch.optim``.

    From :data:`MANY_ROWS` rows on autograd runs in float64, since its own float32 sums are further off than ours.

    Takes the next update; at the end of the run, one beyond it. The copy draws the batch and dropout's masks
    that the run itself will draw. Only between two updates.
    """
    twin = Trainer(trainer.experiment, trainer)
    twin.restore(trainer.checkpoint())
    before = twin.state[1].copy()
    steps, lr = twin.counters.optimizer_steps, twin.lr
    twin.climb_to("step")
    if twin.stopped:
        return ReferenceCheck(trainer.updates_done + 1, 0, ())
    batch = twin.batch
    assert batch is not None
    given = torch.tensor(twin.state)
    kept = None if trainer.experiment.training.zero_grad else torch.tensor(before)
    precision = torch.float64 if batch.rows >= MANY_ROWS else torch.float32
    inputs, targets = (torch.tensor(np.ascontiguousarray(x)) for x in (batch.inputs.T, batch.targets[:, None]))
    verdict = judge(twin.experiment, given[0], kept, inputs, targets, masks_of(batch), precision)
    loss = twin.counters.batch_loss
    assert loss is not None
    twin.climb()
    after = torch.tensor(twin.state)
    unclipped, clipped = given[1].clone(), clipped_verdict(twin.experiment, given[1])
    given[1] = after[1]
    judged = optimizer_verdict(twin.experiment, lr, steps, given)
    frozen = torch.tensor(twin.frozen)
    off = torch.where(frozen, 0.0, (unclipped.double() - verdict.gradients.double()).abs())

    lines = [ReferenceRow("loss", "loss", abs(loss - verdict.loss), verdict.loss_within)]
    rows = {"parameter": 0, **MOMENTS[twin.experiment.training.optimizer]}
    for tensor in twin.layout.tensors:
        lines.append(_line(tensor.name, "gradient", off[tensor.span], verdict.gradients_within[tensor.span]))
        if twin.experiment.training.clip_norm:
            apart = (after[1, tensor.span].double() - clipped[tensor.span].double()).abs()
            lines.append(_line(tensor.name, "clipped", apart, BOUND * clipped[tensor.span].double().abs() + SMALLEST))
        for what, row in rows.items():
            ours, theirs = after[row, tensor.span].double(), judged[row, tensor.span].double()
            difference = torch.where(frozen[tensor.span], 0.0, (ours - theirs).abs())
            allowed = step_within(given[row, tensor.span], judged[row, tensor.span])
            lines.append(_line(tensor.name, what, difference, allowed))
    return ReferenceCheck(trainer.updates_done + 1, batch.rows, tuple(lines))


def _line(name: str, what: str, difference: Tensor, allowed: Tensor) -> ReferenceRow:
    """The entry that came nearest to what is allowed, or went furthest beyond it."""
    worst = int(torch.argmax(difference / allowed))
    return ReferenceRow(name, what, float(difference[worst]), float(allowed[worst]))


# --- what else only PyTorch can tell or write --------------------------------------------------------


def saved_weights(layout: ParameterLayout, parameters: NDArray[np.float32]) -> bytes:
    """Parameters ``(P,)`` as ``torch.save`` writes a state_dict: ``torch.load(file, weights_only=True)`` reads it."""
    file = io.BytesIO()
    torch.save(
        {tensor.name: torch.tensor(parameters[tensor.span].reshape(tensor.shape)) for tensor in layout.tensors}, file
    )
    return file.getvalue()


def loaded_weights(path: str, most: int) -> dict[str, NDArray[np.float32]]:
    """The tensors of a state_dict that ``torch.save`` wrote, of at most so many numbers each.

    Read with ``weights_only``, so that nothing in the file is run, and from the disk's pages, where no version of
    PyTorch reads beyond the file's end; sizes that go beyond their own records are seen afterwards.

    Raises:
        WeightsError: it holds anything else; the sentence goes on from the file's name.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # PyTorch raises whatever it likes
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if isinstance(error, pickle.UnpicklingError):
            raise WeightsError(
                "it holds more than weights, which may run code, and is not read: save model.state_dict(), not the"
                " model."
            ) from None
        raise WeightsError("PyTorch cannot read it ({first}).", first=first[:100]) from None
    if not isinstance(found, dict) or not all(isinstance(tensor, Tensor) for tensor in found.values()):
        raise WeightsError("it is no state_dict, names with tensors: save model.state_dict() alone.")
    with zipfile.ZipFile(path) as archive:
        there = sum(info.file_size for info in archive.infolist() if "/data/" in info.filename)
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in found.values()}
    if sum(storages.values()) > there:
        raise WeightsError("it is damaged: it claims more numbers than it holds.")
    tensors: dict[str, NDArray[np.float32]] = {}
    for name, tensor in found.items():
        if tensor.dtype != torch.float32 or tensor.layout != torch.strided:
            kind = str(tensor.dtype).removeprefix("torch.") if tensor.layout == torch.strided else "sparse"
            raise WeightsError(
                "{name} is {kind}, and the network's numbers are float32: save them so, by model.float().",
                name=name,
                kind=kind,
            )
        if tensor.numel() > most:
            raise WeightsError(
                "{name} has the shape {shape}, which is too large for any network here.",
                name=name,
                shape=tuple(tensor.shape),
            )
        tensors[str(name)] = tensor.detach().contiguous().numpy().copy()
    return tensors


def autograd(trainer: Trainer, parts: int = 1, times: int = 1) -> Tensor:
    """``.grad`` ``(P,)`` of the squared error over all rows, without dropout, after backward calls without clearing.

    Args:
        trainer: whose network and rows are meant; it is not changed.
        parts: in so many equal parts, each part's loss divided by their number.
        times: how often.
    """
    module = _twin(trainer)
    inputs, targets = torch.tensor(trainer.inputs.T), torch.tensor(trainer.targets[:, None])
    for _ in range(times):
        for x, t in zip(inputs.chunk(parts), targets.chunk(parts), strict=True):
            (nn.functional.mse_loss(module(x), t) / parts).backward()  # type: ignore[no-untyped-call]
    return module.gradients()


def _twin(trainer: Trainer) -> PlainAdder:
    with torch.random.fork_rng(devices=[]):
        module = PlainAdder(trainer.experiment)
    module.load_flat(trainer.state[0])
    return module.eval()


def graph_nodes(trainer: Trainer, node: str) -> int:
    """How many nodes of that name autograd recorded for one sum's loss."""
    loss = nn.functional.mse_loss(_twin(trainer)(torch.tensor([[30.0, 70.0]])), torch.tensor([[100.0]]))
    seen, waiting, count = set(), [loss.grad_fn], 0
    while waiting:
        one = waiting.pop()
        if one is not None and one not in seen:
            seen.add(one)
            count += type(one).__name__ == node
            waiting += [inner for inner, _ in one.next_functions]
    return count


def tied_gradient() -> float:
    """The gradient of one weight, 0.5, that serves both inputs of 30 + 70."""
    weight = torch.tensor(0.5, requires_grad=True)
    loss = (weight * 30 + weight * 70 - 100) ** 2
    loss.backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None
    return weight.grad.item()


def product_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | str:
    """The shape of a matrix product, or PyTorch's own error message."""
    try:
        return tuple((torch.zeros(()).expand(a) @ torch.zeros(()).expand(b)).shape)
    except RuntimeError as error:
        return str(error)


def sum_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...] | str:
    """The shape of an element-wise sum, or PyTorch's own error message."""
    try:
        # Not added up: a sum of this shape might not fit into memory.
        return tuple(torch.broadcast_shapes(a, b))  # type: ignore[no-untyped-call]
    except RuntimeError:
        pass
    try:
        torch.zeros(()).expand(a) + torch.zeros(()).expand(b)
    except RuntimeError as error:
        return str(error)
    raise AssertionError("shapes that cannot be broadcast were added")
