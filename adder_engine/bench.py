"""What lessons compute beside a run: each figure from the run as it stands, which it does not change."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from adder_engine.backprop import Pass
from adder_engine.data import HELD_OUT_SEED, Dataset, truth
from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.layout import Layout
from adder_engine.network import Adder, initial_parameters, layout_for, linear_views
from adder_engine.rivals import least_squares, neighbours
from adder_engine.trace import layer_activity
from adder_engine.trainer import Trainer

Figure = float | str
Argument = float | str

JUDGING_SUMS, JUDGING_REACH = 2_000, 500.0
"""Sums that judge a run which has no held-out ones of its own, drawn evenly from ± the reach."""
SPOILED_ROWS, SPOILED_SHARE, SPOILED_BY, SPOILED_EPOCHS = 1_000, 0.05, 2_000.0, 1_000
MOST_SEEDS = 2_000
LARGEST_SIZE, MOST_DIMENSIONS, MOST_ENTRIES, MOST_PRODUCTS = 10_000, 4, 100_000, 1_000_000


def bench(trainer: Trainer, name: str, *arguments: Argument) -> Figure:
    """A figure by its name: a number, or words.

    Raises:
        RequestError: no such figure, arguments that do not fit, or a network that has none.
    """
    if name not in BENCHES:
        raise RequestError(f"There is no bench {name!r}: there are {', '.join(BENCHES)}.")
    try:
        return BENCHES[name](trainer, *arguments)
    except RequestError:
        raise
    except (TypeError, ValueError):
        raise RequestError(f"The bench {name} does not take {', '.join(map(repr, arguments)) or 'nothing'}.") from None


# --- shapes --------------------------------------------------------------------------------------


def _matmul(_: Trainer, shapes: str) -> str:
    """The shape of a matrix product, or PyTorch's own error message."""
    a, b = _two_shapes(shapes)
    if math.prod(a[:-1]) * math.prod(b[:-2]) * b[-1] > MOST_PRODUCTS:
        raise RequestError(f"{shapes} would be multiplied into too many entries: use smaller sizes.")
    try:
        product = torch.zeros(()).expand(a) @ torch.zeros(()).expand(b)
    except RuntimeError as error:
        return str(error)
    return _shape_text(tuple(product.shape))


def _broadcast(_: Trainer, shapes: str) -> str:
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


# --- how wrong -----------------------------------------------------------------------------------


def _square(_: Trainer, prediction: float, target: float) -> float:
    return (float(prediction) - float(target)) ** 2


def _hits(trainer: Trainer, within: float) -> float:
    """Share of the held-out sums that are answered within so much."""
    answers, targets = _held_out(trainer)
    return ((answers - targets).abs() <= float(within)).double().mean().item()


def _over(trainer: Trainer, limit: float) -> float:
    """Share of the held-out sums where "is it more than the limit?" is answered rightly."""
    answers, targets = _held_out(trainer)
    return ((answers > float(limit)) == (targets > float(limit))).double().mean().item()


def _rmse(trainer: Trainer, reach: float) -> float:
    """Root mean squared error over sums drawn evenly from ±reach."""
    answers, targets = _judged(trainer, _drawn(float(reach)))
    return float((answers - targets).pow(2).mean().sqrt().item())


def _held_out(trainer: Trainer) -> tuple[Tensor, Tensor]:
    """Answers and truths of the held-out sums, in units of sums, float64."""
    inputs = trainer.dataset.test_inputs * trainer.experiment.data.scale
    return _judged(trainer, inputs if len(inputs) else _drawn(JUDGING_REACH))


def _drawn(reach: float) -> Tensor:
    generator = torch.Generator().manual_seed(HELD_OUT_SEED)
    return torch.rand(JUDGING_SUMS, 2, generator=generator) * (2 * reach) - reach


def _judged(trainer: Trainer, inputs: Tensor) -> tuple[Tensor, Tensor]:
    scale, task = trainer.experiment.data.scale, trainer.experiment.data.task
    way = _pass(trainer, trainer.state[0].clone(), inputs.T / scale, torch.zeros(1, len(inputs)))
    way.run()
    pairs = inputs.double().tolist()
    targets = torch.tensor([truth(task, a, b) for a, b in pairs], dtype=torch.float64)
    return way.post[-1][0].double() * scale, targets


def _spoiled(trainer: Trainer, loss: str) -> float:
    """The answer to 30 + 70 of a network trained with a loss on sums of which some are spoiled."""
    changes = {
        "data.count": SPOILED_ROWS, "data.test_count": 0, "training.lr": 0.01, "training.loss": loss,
        "epochs": SPOILED_EPOCHS,
    }  # fmt: skip
    learner = Trainer(Experiment(seed=trainer.experiment.seed).replace(**changes))
    learner.targets[:, : int(SPOILED_ROWS * SPOILED_SHARE)] += SPOILED_BY
    learner.train(SPOILED_EPOCHS)
    return learner.predict(30, 70)


# --- gradients -----------------------------------------------------------------------------------


def _gradient(trainer: Trainer, name: str) -> float:
    """One parameter's gradient over all training rows, without dropout."""
    return _gradients(trainer)[parameter_index(trainer.layout, name)].item()


def _slopes(trainer: Trainer) -> float:
    """How many parameters have a gradient that is not 0."""
    return float(_gradients(trainer).count_nonzero().item())


def _nudge(trainer: Trainer, name: str, amount: float) -> float:
    """The loss with one parameter moved."""
    parameters = trainer.state[0].clone()
    parameters[parameter_index(trainer.layout, name)] += float(amount)
    return float(_pass(trainer, parameters, trainer.inputs, trainer.targets).run().item())


def _uphill(trainer: Trainer, lr: float) -> float:
    """The loss after one step of plain SGD with the wrong sign."""
    parameters = trainer.state[0] + float(lr) * _gradients(trainer)
    return float(_pass(trainer, parameters, trainer.inputs, trainer.targets).run().item())


def _backwards(trainer: Trainer, times: float) -> float:
    """``.grad`` of the last bias after so many backward calls of autograd without clearing."""
    module, inputs, targets = _torch_twin(trainer)
    for _ in range(_whole(times, 100)):
        nn.functional.mse_loss(module(inputs), targets).backward()  # type: ignore[no-untyped-call]
    last = [*module.parameters()][-1]
    return 0.0 if last.grad is None else last.grad[0].item()


def _tenths(trainer: Trainer) -> float:
    """Largest gap between ten backward calls over tenths and one over all, as a share of the gradient."""
    module, inputs, targets = _torch_twin(trainer)
    if len(inputs) % 10:
        raise RequestError(f"{len(inputs):,} rows do not split into tenths: use a multiple of 10.")
    for x, t in zip(inputs.chunk(10), targets.chunk(10), strict=True):
        (nn.functional.mse_loss(module(x), t) / 10).backward()  # type: ignore[no-untyped-call]
    added = nn.utils.parameters_to_vector([p.grad for p in module.parameters() if p.grad is not None])
    module.zero_grad()
    nn.functional.mse_loss(module(inputs), targets).backward()  # type: ignore[no-untyped-call]
    whole = nn.utils.parameters_to_vector([p.grad for p in module.parameters() if p.grad is not None])
    return float(((added - whole).abs() / whole.abs()).max().item())


def _graph(trainer: Trainer, node: str) -> float:
    """How many nodes of that name autograd recorded for one sum's loss."""
    module, _, _ = _torch_twin(trainer)
    loss = nn.functional.mse_loss(module(torch.tensor([[30.0, 70.0]])), torch.tensor([[100.0]]))
    seen, waiting, count = set(), [loss.grad_fn], 0
    while waiting:
        one = waiting.pop()
        if one is not None and one not in seen:
            seen.add(one)
            count += type(one).__name__ == node
            waiting += [inner for inner, _ in one.next_functions]
    return float(count)


def _tied(_: Trainer) -> float:
    """The gradient of one weight, 0.5, that serves both inputs of 30 + 70."""
    weight = torch.tensor(0.5, requires_grad=True)
    loss = (weight * 30 + weight * 70 - 100) ** 2
    loss.backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None
    return weight.grad.item()


def _agreement(trainer: Trainer, size: float) -> float:
    """Mean cosine between the full gradient and those of ten batches of a size: the rows in the order drawn."""
    cosines = [*_cosines(trainer, size)]
    return sum(cosines) / len(cosines)


def _worst_agreement(trainer: Trainer, size: float) -> float:
    return min(_cosines(trainer, size))


def _cosines(trainer: Trainer, size: float) -> Iterator[float]:
    rows = trainer.inputs.shape[1]
    count = _whole(size, rows)
    full = _gradients(trainer).double()
    for chosen in torch.split(torch.arange(rows), count)[:10]:
        one = _gradients(trainer, trainer.inputs[:, chosen], trainer.targets[:, chosen]).double()
        yield nn.functional.cosine_similarity(one, full, dim=0).item()


def _gradients(trainer: Trainer, inputs: Tensor | None = None, targets: Tensor | None = None) -> Tensor:
    gradients = torch.zeros(trainer.layout.size)
    inputs = trainer.inputs if inputs is None else inputs
    targets = trainer.targets if targets is None else targets
    way = _pass(trainer, trainer.state[0].clone(), inputs, targets, gradients)
    way.run()
    for i in reversed(range(len(way.layers))):
        way.backward(i, add=False)
    return gradients


def _pass(
    trainer: Trainer, parameters: Tensor, inputs: Tensor, targets: Tensor, gradients: Tensor | None = None
) -> Pass:
    experiment = trainer.experiment
    views = linear_views(trainer.layout, parameters, torch.zeros_like(parameters) if gradients is None else gradients)
    flat = experiment.training.flat_target and inputs.shape[1] == trainer.inputs.shape[1]
    way = Pass(views, inputs.shape[1], experiment.network.activation, experiment.training.loss, flat)
    way.masks = trainer.silence()
    way.take(inputs, targets)
    return way


def _torch_twin(trainer: Trainer) -> tuple[Adder, Tensor, Tensor]:
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


# --- starts, valleys, neurons, rivals ------------------------------------------------------------


def _seeds(trainer: Trainer, what: str, count: float) -> float:
    """Of the untrained answers to 30 + 70 by seeds 0 to count−1: mean, spread, low, high, or how many are near."""
    answers = torch.tensor([_untrained(trainer.experiment.replace(seed=i)) for i in range(_whole(count, MOST_SEEDS))])
    figures = {
        "mean": answers.mean(), "spread": answers.std(correction=0), "low": answers.min(), "high": answers.max(),
        "near": ((answers - 100).abs() < 1).sum(),
    }  # fmt: skip
    if what not in figures:
        raise RequestError(f"{what!r} is not among {', '.join(figures)}.")
    return float(figures[what].item())


def _untrained(experiment: Experiment) -> float:
    generator = torch.Generator().manual_seed(experiment.seed)
    if experiment.data.draw_first:
        Dataset.draw(experiment, generator)
    parameters = initial_parameters(experiment, generator)
    layout, scale = layout_for(experiment), experiment.data.scale
    way = Pass(
        linear_views(layout, parameters, torch.zeros_like(parameters)), 1, experiment.network.activation, "mse", False
    )
    way.take(torch.tensor([[30.0], [70.0]]) / scale, torch.zeros(1, 1))
    way.run()
    return way.post[-1].item() * scale


def _curvature(trainer: Trainer) -> float:
    """The steepest direction's curvature over the flattest one's."""
    curvatures = _curvatures(trainer)
    return float((curvatures[-1] / curvatures[0]).item())


def _rate_cap(trainer: Trainer) -> float:
    """The learning rate up to which plain SGD holds: 2 over the largest curvature."""
    return float((2 / _curvatures(trainer)[-1]).item())


def _curvatures(trainer: Trainer) -> Tensor:
    """Eigenvalues of the loss's Hessian for a network of one layer, ascending: mean of 2·x·xᵀ with x = (a, b, 1)."""
    if len(trainer.layers) != 1 or trainer.experiment.training.loss != "mse":
        raise RequestError("Curvature is the same everywhere only for network.layers = [2, 1] with the loss mse.")
    x = torch.cat([trainer.inputs, torch.ones(1, trainer.inputs.shape[1])]).double()
    curvatures: Tensor = torch.linalg.eigvalsh(2 * x @ x.T / x.shape[1])
    return curvatures


def _twins(trainer: Trainer) -> float:
    """How many neurons of the first layer have the same weights as another."""
    _, counts = torch.unique(trainer.layers[0].weight, dim=0, return_counts=True)
    return float(counts[counts > 1].sum().item())


def _dead(trainer: Trainer, layer: float) -> float:
    """How many neurons of a layer, counted from 1, pass no gradient on for any row."""
    activities = layer_activity(trainer)
    return float((activities[_whole(layer, len(activities)) - 1].dead >= 1).sum())


def _rival(trainer: Trainer, name: str, a: float, b: float) -> float:
    return _rivals(trainer, name, torch.tensor([[float(a), float(b)]], dtype=torch.float64))[0].item()


def _rival_rmse(trainer: Trainer, name: str) -> float:
    inputs = trainer.dataset.test_inputs * trainer.experiment.data.scale
    inputs = (inputs if len(inputs) else _drawn(JUDGING_REACH)).double()
    targets = torch.tensor([truth(trainer.experiment.data.task, a, b) for a, b in inputs.tolist()], dtype=torch.float64)
    return math.sqrt((_rivals(trainer, name, inputs) - targets).pow(2).mean().item())


def _rivals(trainer: Trainer, name: str, asked: Tensor) -> Tensor:
    rivals = {"least-squares": least_squares, "neighbours": neighbours}
    if name not in rivals:
        raise RequestError(f"There is no rival {name!r}: there are {' and '.join(rivals)}.")
    scale = trainer.experiment.data.scale
    return rivals[name](trainer.inputs.T.double() * scale, trainer.targets[0].double() * scale, asked)


def _whole(value: float, most: int) -> int:
    number = float(value)
    if number != int(number) or not 1 <= number <= most:
        raise RequestError(f"{number:g} will not do: use a whole number from 1 to {most:,}.")
    return int(number)


BENCHES: Mapping[str, Callable[..., Figure]] = {
    "matmul": _matmul, "broadcast": _broadcast, "square": _square, "hits": _hits, "over": _over, "rmse": _rmse,
    "spoiled": _spoiled, "gradient": _gradient, "slopes": _slopes, "nudge": _nudge, "uphill": _uphill,
    "backwards": _backwards, "tenths": _tenths, "graph": _graph, "tied": _tied, "agreement": _agreement,
    "worst_agreement": _worst_agreement, "seeds": _seeds, "curvature": _curvature, "rate_cap": _rate_cap,
    "twins": _twins, "dead": _dead, "rival": _rival, "rival_rmse": _rival_rmse,
}  # fmt: skip
"""The figures by name."""
