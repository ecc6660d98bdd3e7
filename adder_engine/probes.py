"""Figures that lessons compute beside a run: each from the run as it stands, which it does not change."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from adder_engine.analysis.curvature import stability
from adder_engine.analysis.evaluation import (
    Doubles,
    EvaluationSet,
    drawn,
    held_out,
    least_squares,
    neighbours,
    rmse,
    taught_rows,
)
from adder_engine.analysis.grids import FrozenNetwork
from adder_engine.analysis.results import CurvatureReport
from adder_engine.analysis.tracing import layer_activity
from adder_engine.errors import AdderError, RequestError
from adder_engine.experiment import Experiment
from adder_engine.kernels.backprop import IN_ORDER, NOTHING, ask, net_of, scratch_for
from adder_engine.kernels.layers import FEW
from adder_engine.kernels.random import seeded, uniform_double
from adder_engine.language import listed, tr
from adder_engine.parameters import ParameterLayout
from adder_engine.steps import at_once
from adder_engine.training.data import Dataset
from adder_engine.training.passes import Pass
from adder_engine.training.trainer import Trainer, initial_parameters

MOST_SEEDS = 2_000
STUCK_SEEDS, STUCK_ROWS, STUCK_EPOCHS, STUCK_LOSS = 100, 1_000, 300, 10_000.0
"""A run is stuck whose loss on so many sums is still above this after so many epochs of Adam at 0.01."""
SPOILED_ROWS, SPOILED_SHARE, SPOILED_BY, SPOILED_EPOCHS = 1_000, 0.05, 2_000.0, 1_000
LARGEST_SIZE, MOST_DIMENSIONS, MOST_ENTRIES, MOST_PRODUCTS = 10_000, 4, 100_000, 1_000_000
Figure = float | str
Argument = float | str


# --- gradients --------------------------------------------------------------------------------------


def parameter_index(layout: ParameterLayout, name: str) -> int:
    """The flat index of ``hidden.weight[2,0]``, or of ``output.bias`` where the tensor has one number.

    Raises:
        RequestError: no such parameter.
    """
    name_of_all, _, place = str(name).partition("[")
    tensor = layout.by_name.get(name_of_all)
    if tensor is not None and not place and tensor.stop - tensor.start == 1:
        return tensor.start
    numbers = [text.strip() for text in place.rstrip("]").split(",")]
    if not all(text.isdecimal() for text in numbers):
        raise RequestError("{name!r} is no parameter: write such as hidden.weight[2,0] or output.bias[0].", name=name)
    return layout.index_of(name_of_all, tuple(map(int, numbers)))


def whole(value: float, most: int) -> int:
    """A whole number from 1 to ``most``; raises RequestError for any other."""
    number = float(value)
    if number != int(number) or not 1 <= number <= most:
        raise RequestError("{number:g} will not do: use a whole number from 1 to {most:,}.", number=number, most=most)
    return int(number)


def gradient(trainer: Trainer, name: str) -> float:
    """One parameter's gradient over all training rows, without dropout."""
    return float(gradients(trainer)[parameter_index(trainer.layout, name)])


def slopes(trainer: Trainer) -> float:
    """How many parameters have a gradient that is not 0."""
    return float(np.count_nonzero(gradients(trainer)))


def nudge(trainer: Trainer, name: str, amount: float) -> float:
    """The loss with one parameter moved."""
    parameters = trainer.state[0].copy()
    parameters[parameter_index(trainer.layout, name)] += np.float32(amount)
    return trainer.whole_pass(parameters).run()


def uphill(trainer: Trainer, lr: float) -> float:
    """The loss after one step of plain SGD with the wrong sign."""
    return trainer.whole_pass(trainer.state[0] + np.float32(lr) * gradients(trainer)).run()


def promised(trainer: Trainer, lr: float) -> float:
    """By how much one step of plain SGD would change the loss if its slopes stayed as they are: ``−lr·g·g``."""
    slopes_now = gradients(trainer).astype(np.float64)
    return -float(lr) * float(slopes_now @ slopes_now)


def backwards(trainer: Trainer, times: float) -> float:
    """``.grad`` of the last bias after so many backward calls of autograd without clearing."""
    from adder_engine.reference import autograd

    return autograd(trainer, times=whole(times, 100))[-1].item()


def tenths(trainer: Trainer) -> float:
    """Largest gap between ten backward calls over tenths and one over all, as a share of the gradient."""
    from adder_engine.reference import autograd

    if trainer.experiment.row_count % 10:
        raise RequestError(
            "The number of rows, {rows:,}, does not split into tenths: use a multiple of 10.",
            rows=trainer.experiment.row_count,
        )
    at_once = autograd(trainer)
    return ((autograd(trainer, parts=10) - at_once).abs() / at_once.abs()).max().item()


def graph(trainer: Trainer, node: str) -> float:
    """How many nodes of that name autograd recorded for one sum's loss."""
    from adder_engine.reference import graph_nodes

    return float(graph_nodes(trainer, node))


def tied(_: Trainer) -> float:
    """The gradient of one weight, 0.5, that serves both inputs of 30 + 70."""
    from adder_engine.reference import tied_gradient

    return tied_gradient()


def agreement(trainer: Trainer, size: float) -> float:
    """Mean cosine between the full gradient and those of ten batches of a size: the rows in the order drawn."""
    return statistics.fmean(_cosines(trainer, size))


def worst_agreement(trainer: Trainer, size: float) -> float:
    """The lowest of these ten cosines."""
    return min(_cosines(trainer, size))


def _cosines(trainer: Trainer, size: float) -> Iterator[float]:
    inputs, targets = trainer.inputs, trainer.targets
    count, full = whole(size, len(targets)), gradients(trainer).astype(np.float64)
    for start in range(0, len(targets), count)[:10]:
        some = slice(start, start + count)
        way = trainer.quiet_pass(inputs[:, some], targets[some])
        way.run()
        one = way.back().astype(np.float64)
        yield float(one @ full / (np.linalg.norm(one) * np.linalg.norm(full)))


def gradients(trainer: Trainer) -> NDArray[np.float32]:
    """The loss's gradient by every parameter ``(P,)``, over all training rows, without dropout."""
    way = trainer.whole_pass(trainer.state[0].copy())
    way.run()
    return way.back()


# --- how networks start, curvature, neurons that are alike or dead ----------------------------------


def seeds(trainer: Trainer, what: str, count: float) -> float:
    """Of the untrained answers to 30 + 70 by seeds 0 to count−1: mean, spread, low, high, or how many are near."""
    answers = _untrained(trainer.experiment, whole(count, MOST_SEEDS))
    figures = {
        "mean": answers.mean(), "spread": answers.std(), "low": answers.min(), "high": answers.max(),
        "near": (abs(answers - 100) < 1).sum(),
    }  # fmt: skip
    if what not in figures:
        raise RequestError("{what!r} is not among {figures}.", what=what, figures=", ".join(figures))
    return float(figures[what])


def _untrained(experiment: Experiment, count: int) -> Doubles:
    """The untrained answers to 30 + 70 by the seeds 0 to count−1, ``(count,)``."""
    net, scale = net_of(experiment), Trainer(experiment).dataset.scales
    scratch, found = scratch_for(net, 1), np.empty((count, 1), dtype=np.float32)
    inputs = np.array([[30], [70]], dtype=np.float32) / np.float32(scale.inputs)
    for seed in range(count):
        stream = seeded(seed)
        if experiment.data.draw_first:
            Dataset.draw(experiment, stream)
        ask(net, initial_parameters(experiment, stream), scratch, inputs, NOTHING, IN_ORDER, FEW, found[seed])
    return found[:, 0].astype(np.float64) * scale.targets


def curvature(trainer: Trainer) -> float:
    """The steepest direction's curvature over the flattest one's."""
    condition = _stability(trainer).condition
    if condition is None:
        raise RequestError("The loss is flat in some direction here: there is no steepest over flattest.")
    return condition


def rate_cap(trainer: Trainer) -> float:
    """The learning rate up to which plain SGD holds: 2 over the largest curvature."""
    return _stability(trainer).limit


def _stability(trainer: Trainer) -> CurvatureReport:
    """The loss's curvature, of a network for which it is the same at every moment of the run."""
    if len(trainer.experiment.layer_names) != 1 or trainer.experiment.training.loss != "mse":
        raise RequestError("Curvature is the same everywhere only for network.layers = [2, 1] with the loss mse.")
    return at_once(stability(trainer))


def limit(trainer: Trainer) -> float:
    """The largest rate at which the optimizer's steps hold where the run stands; infinite where nothing curves."""
    report = at_once(stability(trainer))
    if report.optimizer_limit is None:
        raise RequestError(
            "{optimizer} has a rate for each number: no one limit.", optimizer=trainer.experiment.training.optimizer
        )
    return report.optimizer_limit


def twins(trainer: Trainer) -> float:
    """How many neurons of the first layer have the same weights as another."""
    _, weight = next(trainer.named_parameters())
    _, counts = np.unique(weight, axis=0, return_counts=True)
    return float(counts[counts > 1].sum())


def dead(trainer: Trainer, layer: float) -> float:
    """How many neurons of a layer, counted from 1, pass no gradient on for any row."""
    activities = layer_activity(trainer)
    return float((activities[whole(layer, len(activities)) - 1].dead >= 1).sum())


def double(trainer: Trainer) -> float:
    """The untrained answer to 30 + 70 by the same seed in float64: other draws, so another network."""
    stream, layout = seeded(trainer.experiment.seed), trainer.layout
    if not trainer.experiment.is_affine:
        raise RequestError("The float64 twin is there only for networks without activation.")
    parameters = np.empty(layout.size)
    for i, entering in enumerate(trainer.experiment.network.layers[:-1]):
        reach = 1 / math.sqrt(entering)
        uniform_double(stream, -reach, reach, parameters[layout.weight(i).start : layout.bias(i).stop])
    way = Pass(net_of(trainer.experiment), parameters, np.array([[30.0], [70.0]]), np.zeros(1))
    way.run()
    return float(way.answers[0])


def stuck(_: Trainer, activation: str, count: float) -> float:
    """Of the seeds 0 to count−1, how many leave a network with this activation stuck high up."""
    changes = {
        "data.count": STUCK_ROWS, "data.test_count": 0, "training.lr": 0.01, "epochs": STUCK_EPOCHS,
        "network.activation": activation,
    }  # fmt: skip
    found = 0
    for seed in range(whole(count, STUCK_SEEDS)):
        learner = Trainer(Experiment(seed=seed).replace(**changes))
        learner.train(STUCK_EPOCHS)
        found += learner.counters.loss is None or learner.counters.loss > STUCK_LOSS
    return float(found)


# --- how wrong the network is -----------------------------------------------------------------------


def square(_: Trainer, prediction: float, target: float) -> float:
    """The squared error of one answer."""
    return (float(prediction) - float(target)) ** 2


def hits(trainer: Trainer, within: float) -> float:
    """Share of the held-out sums that are answered within so much."""
    sums = held_out(trainer)
    return float((np.abs(_answers(trainer, sums) - sums.wanted) <= float(within)).mean())


def over(trainer: Trainer, limit: float) -> float:
    """Share of the held-out sums where "is it more than the limit?" is answered rightly."""
    sums = held_out(trainer)
    return float(((_answers(trainer, sums) > float(limit)) == (sums.wanted > float(limit))).mean())


def held_out_rmse(trainer: Trainer) -> float:
    """Root mean squared error over the held-out sums, those that :func:`hits` counts."""
    sums = held_out(trainer)
    return rmse(_answers(trainer, sums) - sums.wanted)


def error_within(trainer: Trainer, reach: float) -> float:
    """Root mean squared error over sums drawn evenly from ±reach."""
    span = (-float(reach), float(reach))
    sums = drawn(trainer.experiment, span, span)
    return rmse(_answers(trainer, sums) - sums.wanted)


def _answers(trainer: Trainer, sums: EvaluationSet) -> Doubles:
    return at_once(FrozenNetwork(trainer).answers(sums.a, sums.b))


def spoiled(trainer: Trainer, loss: str) -> float:
    """The answer to 30 + 70 of a network trained with a loss on sums of which some are spoiled."""
    changes = {
        "data.count": SPOILED_ROWS, "data.test_count": 0, "training.lr": 0.01, "training.loss": loss,
        "epochs": SPOILED_EPOCHS,
    }  # fmt: skip
    learner = Trainer(Experiment(seed=trainer.experiment.seed).replace(**changes))
    learner.targets[: int(SPOILED_ROWS * SPOILED_SHARE)] += SPOILED_BY
    learner.train(SPOILED_EPOCHS)
    return learner.predict(30, 70)


def rival(trainer: Trainer, name: str, a: float, b: float) -> float:
    """What another learner answers to a + b, taught with the run's sums."""
    return float(_rival(trainer, name, np.array([float(a)]), np.array([float(b)]))[0])


def rival_rmse(trainer: Trainer, name: str) -> float:
    """Another learner's root mean squared error on the held-out sums."""
    sums = held_out(trainer)
    return rmse(_rival(trainer, name, sums.a, sums.b) - sums.wanted)


def _rival(trainer: Trainer, name: str, a: Doubles, b: Doubles) -> Doubles:
    rivals = {"least-squares": least_squares, "neighbours": neighbours}
    if name not in rivals:
        raise RequestError("There is no rival {name!r}: there are {rivals}.", name=name, rivals=listed(tuple(rivals)))
    return at_once(rivals[name](*taught_rows(trainer), np.stack([a, b], axis=1)))


# --- which shapes fit together ----------------------------------------------------------------------


def matmul(_: Trainer, shapes: str) -> str:
    """The shape of a matrix product, or PyTorch's own error message."""
    a, b = _two_shapes(shapes)
    if math.prod(a[:-1]) * math.prod(b[:-2]) * b[-1] > MOST_PRODUCTS:
        raise RequestError("{shapes} would be multiplied into too many entries: use smaller sizes.", shapes=shapes)
    from adder_engine.reference import product_shape

    return _shape_text(product_shape(a, b))


def broadcast(_: Trainer, shapes: str) -> str:
    """The shape of an element-wise sum, or PyTorch's own error message."""
    a, b = _two_shapes(shapes)
    from adder_engine.reference import sum_shape

    return _shape_text(sum_shape(a, b))


def _two_shapes(text: str) -> list[tuple[int, ...]]:
    shapes = []
    for word in str(text).split():
        sizes = word.split("x")
        if len(sizes) > MOST_DIMENSIONS or not all(s.isdecimal() and 0 < int(s) <= LARGEST_SIZE for s in sizes):
            raise RequestError(
                "{word!r} is no shape: write such as 1x2, each size from 1 to {most:,}.", word=word, most=LARGEST_SIZE
            )
        shapes.append(tuple(map(int, sizes)))
        if math.prod(shapes[-1]) > MOST_ENTRIES:
            raise RequestError(
                "{word} has more than {most:,} entries: use smaller sizes.", word=word, most=MOST_ENTRIES
            )
    if len(shapes) != 2:
        raise RequestError("{text!r} is not two shapes: write such as 1x2 2x4.", text=text)
    return shapes


def _shape_text(shape: tuple[int, ...] | str) -> str:
    return shape if isinstance(shape, str) else "x".join(map(str, shape)) or "()"


# --- by name ------------------------------------------------------------------------------------------

BENCHES: Mapping[str, Callable[..., Figure]] = {figure.__name__: figure for figure in (
    matmul, broadcast, square, hits, over, held_out_rmse, spoiled, rival, rival_rmse, gradient, slopes, nudge, uphill,
    promised, backwards, tenths, graph, tied, agreement, worst_agreement, seeds, double, stuck, curvature, rate_cap,
    limit, twins, dead,
)} | {"rmse": error_within}  # fmt: skip
"""The figures by name; each takes the trainer, then its arguments."""


def bench(trainer: Trainer, name: str, *arguments: Argument) -> Figure:
    """A figure by its name: a number, or words.

    Raises:
        RequestError: no such figure, arguments that do not fit, or a network that has none.
    """
    if not isinstance(name, str) or name not in BENCHES:
        raise RequestError("There is no bench {name!r}: there are {benches}.", name=name, benches=", ".join(BENCHES))
    try:
        return BENCHES[name](trainer, *arguments)
    except AdderError:
        raise
    except (TypeError, ValueError, OverflowError):
        raise RequestError(
            "The bench {name} does not take {arguments}.",
            name=name,
            arguments=", ".join(map(repr, arguments)) or tr("nothing"),
        ) from None
