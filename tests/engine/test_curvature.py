"""The loss's slopes, curvature and cuts, held against autograd, torch.optim and brute force."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from torch import Tensor

from adder_engine.analysis.curvature import LossSurface, hessian, largest_curvature, limit_for, stability, steepest
from adder_engine.analysis.landscape import along_gradient, along_parameter, loss_slice
from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.reference import ACTIVATION_MODULES
from adder_engine.runs.run import Run
from adder_engine.sections import OPTIMIZERS
from adder_engine.steps import at_once
from adder_engine.training.checkpoint import Constraints
from adder_engine.training.trainer import Trainer
from tests.engine.strategies import examples, experiments

TANH: dict[str, Any] = {"network.activation": "tanh", "data.scale": 500.0, "data.count": 50, "training.lr": 0.01}
Criterion = Callable[[Tensor, Tensor], Tensor]
CRITERIA: dict[str, Criterion] = {
    "mse": torch.nn.MSELoss(), "mae": torch.nn.L1Loss(), "huber": torch.nn.HuberLoss(),
    "bce": torch.nn.BCEWithLogitsLoss(),
}  # fmt: skip


def binary_cross_entropy(answers: Tensor, targets: Tensor) -> Tensor:
    """``nn.BCEWithLogitsLoss`` for its curvature, which torch takes as p·(1 − p): far out 1 − p has no digits left."""
    sure = torch.where(answers > 0, answers * (1 - targets), -answers * targets)
    return (sure + torch.log1p(torch.exp(torch.where(answers > 0, -answers, answers)))).mean()


def plain_loss(trainer: Trainer, flat: Tensor, bce: Criterion = CRITERIA["bce"]) -> Tensor:
    """The loss at these parameters in float64, the way one writes it for autograd."""
    experiment, x = trainer.experiment, torch.tensor(trainer.dataset.inputs).double()
    depth = len(experiment.layer_names)
    for i in range(depth):
        w, b = trainer.layout.weight(i), trainer.layout.bias(i)
        x = torch.nn.functional.linear(x, flat[w.span].view(w.shape), flat[b.span])
        x = ACTIVATION_MODULES[experiment.activations[i]]()(x)
        if i < depth - 1:
            alive = [float((i, n) not in trainer.constraints.muted) for n in range(x.shape[1])]
            x = x * torch.tensor(alive, dtype=torch.float64)
    targets = torch.tensor(trainer.dataset.targets).double()
    if experiment.training.flat_target:
        x, targets = torch.broadcast_tensors(x, targets.flatten())
    loss: Tensor = {**CRITERIA, "bce": bce}[experiment.training.loss](x, targets)
    return loss


@st.composite
def held_trainers(draw: st.DrawFn) -> Trainer:
    """A trainer after a few updates, with some parameters frozen and some neurons silenced."""
    experiment = draw(experiments(most_rows=6, widest=4))
    trainer = Trainer(experiment)
    for _ in range(draw(st.integers(0, 4))):
        trainer.update()
    size, hidden = trainer.layout.size, experiment.network.layers[1:-1]
    neurons = [(layer, n) for layer, count in enumerate(hidden) for n in range(count)]
    frozen = draw(st.frozensets(st.integers(0, size - 1), max_size=size - 2))
    muted = draw(st.frozensets(st.sampled_from(neurons), max_size=2)) if neurons else frozenset()
    trainer.constrain(Constraints(frozen, muted))
    return trainer


def closely(wanted: Tensor | float, size: float) -> Any:
    return pytest.approx(np.asarray(wanted), rel=1e-6, abs=1e-9 * size + 1e-14)


SURE = Trainer(
    Experiment(epochs=0).replace(
        **{
            "network.layers": (2, 1), "network.init": 0.25, "data.task": "a + b > 100", "data.kind": "rows",
            "data.rows": ((0.0, 119.0),), "data.test_count": 0, "data.scale": 1.0, "training.loss": "bce",
        }
    )
)  # fmt: skip
"""Log-odds of 30: a curvature of 119²·e⁻³⁰."""
AT_A_KINK = Trainer(
    Experiment(epochs=0).replace(
        **{
            "network.layers": (2, 1, 1), "network.init": "zeros", "network.output_activation": "gelu",
            "data.rows": ((0.0, 0.0),), "data.kind": "rows", "data.test_count": 0, "data.scale": 1.0,
            "training.loss": "mae",
        }
    )
)  # fmt: skip
"""Nothing is off, and what bends is the answer: no square of a direction may come into its sign."""


@examples(60)
@given(held_trainers())
@example(SURE)
@example(AT_A_KINK)
def test_loss_gradient_and_hessian_are_those_of_autograd(trainer: Trainer) -> None:
    surface = LossSurface(trainer)
    loss, gradient = at_once(surface.gradient(surface.here))
    assume(math.isfinite(loss) and loss < 1e30)
    flat = torch.tensor(surface.here, requires_grad=True)
    wanted = plain_loss(trainer, flat)
    (slope,) = torch.autograd.grad(wanted, flat)
    free = np.flatnonzero(surface.free)
    assert loss == pytest.approx(wanted.item(), rel=1e-9)
    assert at_once(surface.losses([surface.here]))[0] == pytest.approx(loss, rel=1e-9)
    assert gradient[free] == closely(slope[free].numpy(), float(slope.abs().max()))
    assert not gradient[surface.free == 0].any()
    curved = torch.autograd.functional.hessian(
        lambda p: plain_loss(trainer, p, binary_cross_entropy), torch.tensor(surface.here)
    )
    ours = at_once(hessian(surface))
    assert ours == closely(curved[free][:, free].numpy(), float(torch.maximum(curved.abs().max(), slope.abs().max())))


def test_blocks_of_rows_add_up_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = Trainer(Experiment().replace(**TANH))
    whole = LossSurface(trainer)
    monkeypatch.setattr("adder_engine.analysis.curvature.CELLS_AT_ONCE", 77)
    parts = LossSurface(trainer)
    work = parts.gradient(parts.here)
    assert sum(1 for _ in work) == 8  # of 7 rows each
    for ours, theirs in zip(at_once(parts.gradient(parts.here)), at_once(whole.gradient(whole.here)), strict=True):
        assert np.asarray(ours) == pytest.approx(np.asarray(theirs), rel=1e-12)
    product = at_once(parts.curved(parts.here))
    assert product == pytest.approx(at_once(whole.curved(whole.here)), rel=1e-9)


@pytest.mark.parametrize("activation", ["none", "tanh", "relu", "gelu"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_power_iteration_finds_the_largest_eigenvalue(activation: str, seed: int) -> None:
    changes = {**TANH, "network.activation": activation, "network.layers": [2, 8, 8, 1], "seed": seed}
    trainer = Trainer(Experiment().replace(**changes))
    surface = LossSurface(trainer)
    wanted = float(np.linalg.eigvalsh(at_once(hessian(surface)))[-1])
    found = at_once(steepest(surface))
    assert found.curvature == pytest.approx(wanted, rel=2e-3)
    assert found.curvature <= wanted * (1 + 1e-9)
    assert largest_curvature(trainer) == pytest.approx(wanted, rel=0.01)
    assert np.linalg.norm(found.direction) == pytest.approx(1)


@pytest.mark.parametrize(
    ("layers", "biases", "sizes"), [([2, 1, 1, 1], {1, 2, 4, 6}, 1.3), ([2, 1, 1], {1, 2, 4}, 0.9)]
)
def test_where_the_loss_curves_down_as_much_the_largest_eigenvalue_is_still_the_upward_one(
    layers: list[int], biases: set[int], sizes: float
) -> None:
    # Far below its target a product of three equal weights curves down more than up, of two as much.
    changes = {"network.layers": layers, "data.kind": "rows", "data.rows": [[1, 0, 100]], "network.init": 0.1}
    trainer = Trainer(Experiment().replace(**changes))
    trainer.constrain(Constraints(frozenset(biases), frozenset()))
    surface = LossSurface(trainer)
    values = np.linalg.eigvalsh(at_once(hessian(surface)))
    assert -float(values[0]) > sizes * float(values[-1]) > 0
    found = at_once(steepest(surface))
    assert found.converged
    assert found.curvature == pytest.approx(float(values[-1]), rel=1e-3)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov"])
@pytest.mark.parametrize("decay", [0.0, 0.5])
@pytest.mark.parametrize("share", [0.98, 1.02])
def test_at_the_limit_the_optimizers_steps_begin_to_grow(optimizer: str, decay: float, share: float) -> None:
    changes = {"training.optimizer": optimizer, "training.weight_decay": decay, "training.momentum": 0.8}
    limit = limit_for(Experiment().replace(**changes).training, 3.0)
    assert limit is not None
    x = torch.tensor([1.0], dtype=torch.float64, requires_grad=True)
    momentum = 0.0 if optimizer == "sgd" else 0.8
    steps = torch.optim.SGD(
        [x], lr=limit * share, momentum=momentum, weight_decay=decay, nesterov=optimizer == "nesterov"
    )
    for _ in range(1000):
        steps.zero_grad()
        (1.5 * x * x).sum().backward()  # curvature 3
        steps.step()
    assert (abs(x.item()) > 1) == (share > 1)


def test_raw_sums_make_a_long_narrow_valley_and_scaled_ones_a_round_one() -> None:
    straight: dict[str, Any] = {"network.layers": [2, 1], "training.optimizer": "sgd"}
    raw = at_once(stability(Trainer(Experiment().replace(**straight))))
    assert raw.method == "Hessian"
    assert raw.limit == pytest.approx(1.18e-5, rel=2e-3)
    assert raw.condition == pytest.approx(84_676, rel=1e-5)  # 84,791 on the rows that a 2-4-4-1 network draws
    on_those = Trainer(Experiment().replace(**straight))
    on_those.inputs[:] = Trainer(Experiment()).inputs
    assert at_once(stability(on_those)).condition == pytest.approx(84_791, rel=1e-5)
    scaled = at_once(stability(Trainer(Experiment().replace(**straight, **{"data.scale": 500.0}))))
    assert scaled.limit == pytest.approx(1.00, rel=1e-3)
    assert scaled.condition == pytest.approx(3.02, rel=1e-3)
    assert (raw.flat, raw.negative) == (0, 0)


@pytest.mark.parametrize(("lr", "holds"), [(1.15e-5, True), (1.2e-5, False)])
def test_a_rate_above_the_limit_makes_the_loss_grow(lr: float, holds: bool) -> None:
    changes = {"network.layers": [2, 1], "training.optimizer": "sgd", "training.lr": lr, "data.test_count": 0}
    trainer = Trainer(Experiment().replace(**changes))
    assert at_once(stability(trainer)).holds == holds
    trainer.train(400)
    late = trainer.loss
    trainer.train(100)
    assert late is not None
    assert trainer.loss is not None
    assert (trainer.loss < late) == holds


def test_many_parameters_are_looked_at_by_power_iteration() -> None:
    trainer = Trainer(Experiment().replace(**TANH, **{"network.layers": [2, 16, 16, 1]}))
    found = at_once(stability(trainer))
    assert (found.method, found.eigenvalues, found.condition) == ("power iteration", None, None)
    values = np.linalg.eigvalsh(at_once(hessian(LossSurface(trainer))))
    assert found.curvature == pytest.approx(float(values[-1]), rel=2e-3)


@examples(40)
@given(st.sampled_from(OPTIMIZERS), st.integers(0, 3), st.booleans(), st.sampled_from([0.0, 0.1]))
def test_the_marked_step_is_the_one_the_optimizer_takes(
    optimizer: str, updates: int, zero_grad: bool, penalty: float
) -> None:
    changes = {
        **TANH, "training.optimizer": optimizer, "training.zero_grad": zero_grad, "training.l1": penalty,
        "training.weight_decay": penalty, "training.lr": 1e-3,
    }  # fmt: skip
    trainer = Trainer(Experiment().replace(**changes))
    for _ in range(updates):
        trainer.update()
    trainer.constrain(Constraints(frozenset({3, 20}), frozenset()))
    curve = at_once(along_gradient(trainer, 21))
    surface, before = LossSurface(trainer), trainer.state[0].astype(np.float64)
    _, gradient = at_once(surface.gradient(before))
    assert curve.loss == pytest.approx(at_once(surface.losses([before]))[0], rel=1e-9)
    for t, loss in zip(curve.t, curve.losses, strict=True):
        assert loss == pytest.approx(plain_loss(trainer, torch.tensor(before - t * gradient)).item(), rel=1e-9)
    assert 0 in curve.t
    trainer.update()
    moved = trainer.state[0].astype(np.float64) - before
    assert curve.step_loss == pytest.approx(plain_loss(trainer, torch.tensor(before + moved)).item(), rel=1e-4)
    assert curve.step_length == pytest.approx(float(np.linalg.norm(moved)), rel=1e-3)
    cosine = -float(moved @ gradient) / float(np.linalg.norm(moved) * np.linalg.norm(gradient))
    assert curve.step_cosine == pytest.approx(cosine, abs=1e-3)
    assert curve.step_t == pytest.approx(-float(moved @ gradient) / float(gradient @ gradient), rel=1e-2, abs=1e-9)


@examples(30)
@given(held_trainers(), st.data())
def test_the_loss_against_a_number_and_its_slope_are_pytorchs_at_every_value(
    trainer: Trainer, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, trainer.layout.size - 1))
    before = trainer.state.copy()
    assume(np.isfinite(before[0]).all() and np.abs(before[0]).max() < 1e3)
    try:
        line = at_once(along_parameter(trainer, index, 25))
    except RequestError:
        assume(False)
    assert line.values[line.here] == trainer.state[0, index]
    assert line.name == trainer.layout.name_of(index)
    assert (line.frozen, line.rows_used) == (index in trainer.constraints.frozen, trainer.experiment.row_count)
    for at in data.draw(st.lists(st.integers(0, len(line.values) - 1), min_size=3, max_size=3)):
        flat = torch.tensor(before[0].astype(np.float64))
        flat[index] = float(line.values[at])
        flat.requires_grad_()
        loss = plain_loss(trainer, flat)
        (gradient,) = torch.autograd.grad(loss, flat)
        assert line.losses[at] == pytest.approx(loss.item(), rel=1e-9, abs=1e-9)
        assert line.slopes[at] == pytest.approx(gradient[index].item(), rel=1e-7, abs=1e-6 * max(1, loss.item()))
    assert np.array_equal(trainer.state, before, equal_nan=True)


def test_the_curve_of_a_straight_networks_number_is_a_parabola_that_a_nudge_of_ten_measures_exactly() -> None:
    trainer = Trainer(Experiment().replace(**{"data.kind": "rows", "data.rows": [[30, 70]]}))
    line = at_once(along_parameter(trainer, trainer.layout.size - 1, 121))
    miss = trainer.predict(30, 70) - 100
    assert line.losses == pytest.approx((miss + line.values - line.values[line.here]) ** 2, rel=1e-6, abs=1e-6)
    assert line.slopes == pytest.approx(2 * (miss + line.values - line.values[line.here]), rel=1e-6, abs=1e-6)
    assert line.size == 10
    assert line.values[line.here + line.nudge] == pytest.approx(line.values[line.here] + 10)
    assert line.measured(line.here) == pytest.approx(2 * miss, rel=1e-6)
    assert line.bottom == pytest.approx(line.values[line.here] - miss, rel=1e-6)
    assert line.range[0] < line.values[line.here] < line.bottom < line.range[1]


def test_a_number_that_was_moved_lies_elsewhere_on_the_same_picture() -> None:
    trainer = Trainer(Experiment().replace(**{"data.kind": "rows", "data.rows": [[30, 70]]}))
    first = at_once(along_parameter(trainer, 36, 121))
    trainer.edit(36, 40.0)
    second = at_once(along_parameter(trainer, 36, 121, first.range))
    assert second.values[second.here] == 40
    assert second.here > first.here
    step = float(first.values[1] - first.values[0])
    assert second.range == pytest.approx(first.range, abs=step)
    assert second.losses[second.here] == pytest.approx(np.interp(40, first.values, first.losses), rel=1e-2)
    trainer.edit(36, 4_000.0)
    left = at_once(along_parameter(trainer, 36, 121, first.range))
    assert left.range[0] < 4_000 < left.range[1]
    assert left.range != pytest.approx(first.range, rel=0.5)


@pytest.mark.parametrize(("index", "points"), [(37, 50), (-1, 50), (0, 19), (0, 1_001)])
def test_a_curve_of_no_number_or_of_too_few_or_many_points_is_refused(index: int, points: int) -> None:
    with pytest.raises(RequestError, match=r"There is no parameter|points make no curve"):
        at_once(along_parameter(Trainer(Experiment()), index, points))


def test_the_parabolas_bottom_is_the_lowest_point_of_a_straight_network_of_one_layer() -> None:
    trainer = Trainer(Experiment().replace(**{"network.layers": [2, 1], "data.count": 20}))
    curve = at_once(along_gradient(trainer, 601))
    assert curve.t[np.argmin(curve.losses)] == pytest.approx(curve.bottom, abs=curve.t[1] - curve.t[0])


def test_the_slice_lies_along_the_paths_principal_directions() -> None:
    trainer, frames = Trainer(Experiment().replace(**TANH)), []
    for _ in range(40):
        frames.append(trainer.checkpoint())
        trainer.train(10)
    trainer.restore(frames[20])
    slice_ = at_once(loss_slice(trainer, frames, 7, 5))
    assert slice_.directions == "path"
    here = trainer.state[0].astype(np.float64)
    states = {k.counters.epochs_done: k.state[0].astype(np.float64) for k in frames}
    path = np.array([states[epoch] for epoch in slice_.path_epochs]) - here
    _, sizes, directions = np.linalg.svd(path, full_matrices=False)
    for i, shadow in enumerate((slice_.path_x, slice_.path_y)):
        sign = np.sign(shadow @ (path @ directions[i]))
        directions[i] *= sign
        assert shadow == pytest.approx(path @ directions[i], abs=1e-9)
    assert slice_.shares == pytest.approx(sizes[:2] ** 2 / (sizes**2).sum())
    assert (slice_.path_x[slice_.path_here], slice_.path_y[slice_.path_here]) == (0, 0)
    assert slice_.path_epochs[slice_.path_here] == 200
    assert slice_.path_epochs[0] == 0
    assert slice_.path_epochs[-1] > 380
    for i, y in enumerate(slice_.y):
        for j, x in enumerate(slice_.x):
            point = torch.from_numpy(here + x * directions[0] + y * directions[1])
            assert slice_.losses[i, j] == pytest.approx(plain_loss(trainer, point).item(), rel=1e-9)
    assert slice_.y[0] > slice_.y[-1]


def test_before_the_first_step_the_slice_lies_along_the_gradient() -> None:
    recording = Run(Experiment().replace(**TANH))
    slice_ = at_once(loss_slice(recording.trainer, recording.timeline.keyframes, 41, 5))
    assert slice_.directions == "gradient"
    assert list(slice_.path_x) == list(slice_.path_y) == [0]
    middle = slice_.losses[2]
    assert middle[21] < middle[20] < middle[19]  # to the right it goes down
    assert middle[20] == pytest.approx(
        at_once(LossSurface(recording.trainer).losses([recording.trainer.state[0].astype(np.float64)]))
    )


def test_what_cannot_be_looked_at_is_refused_in_a_sentence() -> None:
    recording = Run(Experiment().replace(**TANH))
    trainer = recording.trainer
    for points in (2, 1001):
        with pytest.raises(RequestError, match=f"^{points} points make no curve"):
            at_once(along_gradient(trainer, points))
    with pytest.raises(RequestError, match=r"^A grid of 2 by 5 will not do"):
        at_once(loss_slice(recording.trainer, recording.timeline.keyframes, 2, 5))
    trainer.constrain(Constraints(frozenset(range(trainer.layout.size)), frozenset()))
    with pytest.raises(RequestError, match=r"^Every parameter is frozen"):
        at_once(stability(trainer))
    trainer.constrain(Constraints(frozenset(range(1, trainer.layout.size)), frozenset()))
    with pytest.raises(RequestError, match=r"^All parameters but one are frozen"):
        at_once(loss_slice(recording.trainer, recording.timeline.keyframes, 5, 5))
    zeros = Trainer(Experiment().replace(**{"data.kind": "rows", "data.rows": [[1, -1]], "network.init": "zeros"}))
    with pytest.raises(RequestError, match=r"^The gradient is 0 here"):
        at_once(along_gradient(zeros, 21))


def test_at_the_edge_of_stability_the_limit_before_the_last_step_is_told_too():
    recording = Run(Experiment.preset("explode").replace(**{"training.lr": 4e-5, "epochs": 600}))
    recording.run(600)
    trainer = recording.trainer
    found = at_once(stability(trainer))
    now, before = trainer.state.copy(), trainer.previous.copy()
    trainer.state[:] = before
    assert found.limit_before == pytest.approx(at_once(stability(trainer)).optimizer_limit, rel=0.01)
    trainer.state[:] = now
    assert found.held_before != found.holds
    trainer.restore(trainer.checkpoint())
    assert at_once(stability(trainer)).limit_before is None
