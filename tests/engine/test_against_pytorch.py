"""The engine held against autograd, torch.optim and torch.optim.lr_scheduler, each time from the engine's state."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, event, example, given
from hypothesis import strategies as st
from torch import Tensor

from adder_engine import Adder, Experiment, Trainer
from adder_engine.kernels import activations, losses
from adder_engine.kernels.loop import lr_at, settings_of
from adder_engine.reference import (
    ACTIVATIONS,
    KINKED,
    LOSSES,
    PlainAdder,
    ReferencePass,
    clipped_verdict,
    judge,
    masks_of,
    optimizer_verdict,
    step_within,
)
from adder_engine.training.checkpoint import Constraints
from tests.engine.strategies import examples, experiments


def tensor(array: Any) -> Tensor:
    return torch.tensor(np.ascontiguousarray(array))


def leads_nowhere(trainer: Trainer, before: Tensor, verdict: ReferencePass, lr: float, steps: int) -> bool:
    """Whether PyTorch's step, too, leads to a loss that is not finite, over the training rows or the held-out ones."""
    given_theirs = before.clone()
    given_theirs[1] = clipped_verdict(trainer.experiment, verdict.gradients)
    module = PlainAdder(trainer.experiment)
    module.load_flat(optimizer_verdict(trainer.experiment, lr, steps, given_theirs)[0])
    module.eval()
    data, criterion = trainer.dataset, LOSSES[trainer.experiment.training.loss]
    both = [(data.inputs, data.targets), (data.test_inputs, data.test_targets)][: 1 + bool(len(data.test_inputs))]
    with torch.no_grad():
        found = [criterion(module(tensor(inputs)), tensor(targets)).item() for inputs, targets in both]
    return any(not loss <= 1e36 for loss in found)


def assert_update_agrees(trainer: Trainer, precision: torch.dtype = torch.float32) -> None:
    """Run one update and hold every number of it against PyTorch, started from the same state.

    Autograd works in ``precision``; the optimizer in float32, given our gradient.
    """
    experiment, counters = trainer.experiment, dataclasses.replace(trainer.counters)
    before, lr = tensor(trainer.state), trainer.lr
    twin = Trainer(experiment, trainer)  # whose batch is there even where the loss is not finite
    twin.restore(trainer.checkpoint())
    twin.climb()
    trainer.update()
    batch = twin.batch if trainer.stopped else trainer.batch
    assert batch is not None
    data, rows = trainer.dataset, (twin if trainer.stopped else trainer).batch_rows
    inputs, targets = (tensor(x if rows is None else x[rows]) for x in (data.inputs, data.targets))
    piled_up = before[1] if not experiment.training.zero_grad and counters.has_gradients else None
    verdict = judge(experiment, before[0], piled_up, inputs, targets, masks_of(batch), precision)

    if trainer.stopped:
        overflowed = not math.isfinite(verdict.loss) or verdict.loss > 1e36
        assert overflowed or leads_nowhere(trainer, before, verdict, lr, counters.optimizer_steps)
        return
    assert trainer.counters.batch_loss == pytest.approx(verdict.loss, rel=0, abs=verdict.loss_within)

    for i, (theirs, within) in enumerate(zip(verdict.sums, verdict.sums_within, strict=True)):
        ours = tensor(batch.pre(i).T)
        assert ((ours - theirs).double().abs() <= within).all(), (ours, theirs)

    frozen = torch.zeros(before.shape[1], dtype=torch.bool)
    frozen[sorted(trainer.constraints.frozen)] = True
    after = tensor(trainer.state)
    gradients = tensor(trainer.previous[1])  # as they came, before they were clipped
    assert not gradients[frozen].any()
    if on_the_same_side_of_every_kink(trainer, verdict) and torch.isfinite(verdict.gradients).all():
        off = (gradients - verdict.gradients).double().abs()
        assert (off <= verdict.gradients_within)[~frozen].all(), (gradients, verdict.gradients)

    given_ours = before.clone()
    given_ours[1] = after[1]
    clipped = clipped_verdict(experiment, gradients)
    if torch.isfinite(gradients).all() and torch.isfinite(clipped).all() and gradients.abs().max() < 1e18:
        torch.testing.assert_close(after[1], clipped, rtol=16 * 2.0**-24, atol=1e-37)
    wanted = optimizer_verdict(experiment, lr, counters.optimizer_steps, given_ours)
    for row in (0, 2, 3):
        assert torch.equal(after[row, frozen], before[row, frozen])
        ours, theirs = after[row, ~frozen], wanted[row, ~frozen]
        fine = (
            ((ours - theirs).double().abs() <= step_within(before[row, ~frozen], theirs))
            | (ours == theirs)
            | ~torch.isfinite(theirs) & ~torch.isfinite(ours)
        )
        assert fine.all(), (row, ours, theirs)


def on_the_same_side_of_every_kink(trainer: Trainer, verdict: ReferencePass) -> bool:
    """Whether no sum lies so near to a kink that rounding alone put ours and PyTorch's on different sides of it."""
    batch, experiment = trainer.batch, trainer.experiment
    assert batch is not None
    same = True
    for i, (theirs, within) in enumerate(zip(verdict.sums, verdict.sums_within, strict=True)):
        if experiment.activations[i] in KINKED:
            apart = (tensor(batch.pre(i).T) > 0) != (theirs > 0)
            assert (theirs.abs() <= within)[apart].all()
            same &= not apart.any()
    if experiment.training.loss == "mae":
        ours = tensor(batch.difference if experiment.training.flat_target else batch.difference.T)
        apart = ours.sign() != verdict.differences.sign()
        assert (verdict.differences.abs() <= verdict.differences_within)[apart].all()
        same &= not apart.any()
    return same


FAR_SINES = Experiment(seed=745229, epochs=0).replace(
    **{
        "network.layers": (2, 3, 2, 1), "network.activation": "sine", "network.output_activation": "tanh",
        "network.init": 1.0, "data.task": "product", "data.count": 8, "data.low": -18.0, "data.high": 112.0,
        "data.test_count": 0, "training.optimizer": "sgd", "training.lr": 0.00707, "training.zero_grad": False,
        "training.flat_target": True,
    }
)  # fmt: skip
"""Its second step leads to sums so large that float32 rounds them by a good part of a turn."""


@examples(100)
@given(experiments(), st.integers(1, 6))
@example(FAR_SINES, 3)
def test_losses_gradients_and_steps_of_any_experiment_are_those_of_pytorch(experiment: Experiment, count: int) -> None:
    trainer = Trainer(experiment)
    for _ in range(count):
        assert_update_agrees(trainer)
        if trainer.stopped:
            event("the loss stopped being finite")
            break


@examples(25)
@given(experiments(most_rows=300, widest=64))
def test_wide_networks_and_hundreds_of_rows_agree_with_float64(experiment: Experiment) -> None:
    # from equal parameters or equal rows all products round alike, and roundings add up instead of cancelling
    apart = {"network.init": "torch", "data.kind": "uniform", "data.low": -500, "data.high": 500}
    trainer = Trainer(experiment.replace(**apart))
    for _ in range(3):
        if not trainer.current_loss() < 1e15:  # blown up: products of products leave what the bound is made for
            event("the loss blew up")
            break
        assert_update_agrees(trainer, torch.float64)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("changes", [{}, {"network.layers": [2, 1]}, {"network.activation": "tanh", "data.scale": 500}])
def test_ten_thousand_rows_agree_with_float64(loss: str, changes: dict[str, Any]) -> None:
    task = "a + b > 100" if loss == "bce" else "sum"
    trainer = Trainer(Experiment().replace(**changes, **{"training.loss": loss, "data.task": task}))
    for _ in range(3):
        assert_update_agrees(trainer, torch.float64)


POINTS = torch.cat(
    [torch.linspace(-12, 12, 4801), torch.tensor([-1e4, -90.0, -1.0, -1e-20, -0.0, 1e-20, 1.0, 90.0, 1e4])]
)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_their_slopes_are_those_of_torch_nn(name: str) -> None:
    x = POINTS.double().requires_grad_()
    value = ACTIVATIONS[name](x)
    (slope,) = torch.autograd.grad(value.sum(), x)
    for kind in (np.float32, np.float64):
        z = POINTS.numpy().astype(kind)
        found, ours = np.empty_like(z), np.empty_like(z)  # compared absolutely too: erf, tanh are good to some ulp of 1
        activations.activate(activations.CODES[name], z, found, ours, True)
        torch.testing.assert_close(torch.tensor(found).double(), value.detach(), rtol=4e-7, atol=4e-7)
        torch.testing.assert_close(torch.tensor(ours).double(), slope, rtol=4e-7, atol=1e-6)


def test_the_sine_of_any_number_is_that_of_float64() -> None:
    z = np.concatenate([10.0**p * np.linspace(-1, 1, 999) for p in range(-8, 39)]).astype(np.float32)
    found, slope = np.empty_like(z), np.empty_like(z)
    activations.activate(activations.SINE, z, found, slope, True)
    for ours, exact in ((found, np.sin(z.astype(float))), (slope, np.cos(z.astype(float)))):
        assert (np.abs(ours - exact) <= 0.52 * np.spacing(np.abs(exact).astype(np.float32)) + 1e-15).all()


@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_their_slopes_are_those_of_torch_nn(name: str) -> None:
    x = POINTS.double().requires_grad_()
    loss = LOSSES[name](x, torch.zeros_like(x))
    (slope,) = torch.autograd.grad(loss, x)
    points = POINTS.numpy()
    ours, count = np.empty_like(points), len(points)
    total = losses.summed(losses.CODES[name], points, np.zeros_like(points), ours, count)
    assert total / count == pytest.approx(loss.item(), rel=2e-6)
    torch.testing.assert_close(torch.tensor(ours).double(), slope, rtol=4e-7, atol=1e-38)  # float32 ends there


@examples(40)
@given(experiments(), experiments())
def test_settings_changed_during_a_run_are_taken_up_as_pytorch_would(before: Experiment, after: Experiment) -> None:
    assume(before.is_yes_or_no == after.is_yes_or_no and not (before.is_yes_or_no and after.training.flat_target))
    trainer = Trainer(before)
    for _ in range(2):
        trainer.update()
    assume(not trainer.stopped)
    parameters, moments = trainer.state[0].copy(), trainer.state[2:].copy()
    trainer.change(dataclasses.replace(before, training=after.training))
    assert np.array_equal(trainer.state[0], parameters)
    if before.training.optimizer == after.training.optimizer:
        assert np.array_equal(trainer.state[2:], moments)
    else:
        assert not trainer.state[2:].any()
        assert trainer.counters.optimizer_steps == 0
    for _ in range(3):
        if not trainer.stopped:
            assert_update_agrees(trainer)


@examples(40)
@given(experiments(), st.data())
def test_frozen_parameters_stand_still_and_silenced_neurons_say_nothing(
    experiment: Experiment, data: st.DataObject
) -> None:
    trainer = Trainer(experiment)
    for _ in range(data.draw(st.integers(0, 2), label="updates before")):
        trainer.update()
    sizes = experiment.network.layers
    neurons = [(layer, n) for layer, size in enumerate(sizes[1:-1]) for n in range(size)]
    muted = data.draw(st.frozensets(st.sampled_from(neurons)) if neurons else st.just(frozenset()))
    frozen = data.draw(st.frozensets(st.integers(0, experiment.parameter_count - 1)))
    trainer.constrain(Constraints(frozen, muted))
    assume(not trainer.stopped)
    start = trainer.state.copy()
    for _ in range(2):
        assert_update_agrees(trainer)
        assume(not trainer.stopped)
        assert trainer.batch is not None
        for layer, neuron in muted:
            assert not trainer.batch.post(layer)[neuron].any()
            assert not trainer.batch.delta(layer)[neuron].any()
    standing = sorted(frozen)
    for row in (0, 2, 3):
        assert np.array_equal(trainer.state[row, standing], start[row, standing])
    if neurons and experiment.training.zero_grad and not experiment.training.l1:
        for layer, neuron in muted:
            weight, bias = trainer.layout.weight(layer), trainer.layout.bias(layer)
            assert not trainer.state[1, weight.span].reshape(weight.shape)[neuron].any()
            assert not trainer.state[1, bias.start + neuron]
            onward = trainer.layout.weight(layer + 1)
            assert not trainer.state[1, onward.span].reshape(onward.shape)[:, neuron].any()


def test_a_silenced_neuron_changes_what_is_asked_and_letting_go_brings_it_back() -> None:
    trainer = Trainer(Experiment.preset("one-pair"))
    whole = trainer.predict(30, 70)
    trainer.constrain(Constraints(muted=frozenset({(1, 2)})))
    value, weight = -10.1860, trainer.state_dict()["output.weight"][0, 2]
    assert trainer.predict(30, 70) == pytest.approx(whole - value * weight, abs=1e-3)
    trainer.constrain(Constraints())
    assert trainer.predict(30, 70) == whole


@examples(40)
@given(experiments(), st.lists(st.sampled_from(["climb", "phase", "update", "epoch"]), max_size=12))
def test_any_mixture_of_rungs_phases_updates_and_epochs_gives_the_same_bits(
    experiment: Experiment, moves: list[str]
) -> None:
    mixed, plain = Trainer(experiment), Trainer(experiment)
    for move in moves:
        getattr(mixed, move)()
    while mixed.stage:
        mixed.climb()
    while plain.updates_done < mixed.updates_done or (mixed.stopped and not plain.stopped):
        plain.update()
        if plain.stopped:
            break
    if mixed.stopped and not plain.stopped:
        plain.update()
    assert mixed.stopped == plain.stopped
    if not mixed.stopped:
        assert np.array_equal(mixed.state, plain.state)
    assert mixed.counters == plain.counters
    assert np.array_equal(mixed.stream, plain.stream)


def test_phases_are_those_of_pytorchs_loop_in_order() -> None:
    trainer = Trainer(Experiment.preset("one-pair"))
    trainer.update()
    seen = []
    for _ in range(5):
        start = trainer.state.copy()
        phase = trainer.stages[trainer.stage].phase
        trainer.phase()
        changed = [i for i in range(4) if not np.array_equal(trainer.state[i], start[i])]
        seen.append((phase, changed))
    assert seen == [("zero_grad", [1]), ("forward", []), ("loss", []), ("backward", [1]), ("step", [0, 2, 3])]


@examples(40)
@given(experiments())
def test_an_epochs_loss_is_the_mean_over_its_rows_and_its_last_batch_may_be_short(experiment: Experiment) -> None:
    trainer = Trainer(experiment)
    n, size = experiment.row_count, experiment.training.batch_size or experiment.row_count
    total, seen, ended = 0.0, 0, False
    while not ended:
        ended = trainer.update()
        assume(not trainer.stopped)
        assert trainer.batch is not None
        assert trainer.counters.batch_loss is not None
        assert trainer.batch.rows == min(size, n - seen)
        seen += trainer.batch.rows
        total += trainer.counters.batch_loss * trainer.batch.rows
        assert ended == (seen == n)
    assert trainer.loss == pytest.approx(total / n, rel=1e-9)
    assert trainer.updates_done == math.ceil(n / min(size, n)) == experiment.updates_per_epoch
    assert trainer.epochs_done == 1


@examples(40)
@given(experiments())
def test_held_out_loss_and_answers_are_those_of_the_module_in_eval_mode(experiment: Experiment) -> None:
    trainer = Trainer(experiment.replace(**{"data.kind": "uniform", "data.test_count": 3, "data.test_every": 1}))
    trainer.epoch()
    assume(not trainer.stopped)
    twin, data = Adder(trainer.experiment).eval(), trainer.dataset
    scale, target_scale = data.scales
    twin.load_flat(trainer.state[0])
    criterion = {
        "mse": torch.nn.MSELoss(), "mae": torch.nn.L1Loss(), "huber": torch.nn.HuberLoss(),
        "bce": torch.nn.BCEWithLogitsLoss(),
    }  # fmt: skip
    with torch.no_grad():
        loss = criterion[experiment.training.loss](twin(tensor(data.test_inputs)), tensor(data.test_targets)).item()
        output = twin(torch.tensor([[30.0, 70.0]]) / scale) * target_scale
        answer = output.sigmoid().item() if experiment.training.loss == "bce" else output.item()
    assume(math.isfinite(loss))
    largest = sum(float(abs(v).max()) for v in trainer.state_dict().values())
    assume(largest < 10)  # so that the sizes of the sums are not far above those of the answers
    assert trainer.test_loss == pytest.approx(loss, rel=1e-3, abs=1e-3)
    assert trainer.predict(30, 70) == pytest.approx(answer, rel=1e-3, abs=1e-3 * target_scale)


def lrs(experiment: Experiment, epochs: int) -> list[float]:
    settings = settings_of(experiment)
    return [lr_at(settings, epoch) for epoch in range(epochs)]


def lrs_of_torch(
    scheduler: type[torch.optim.lr_scheduler.LRScheduler], lr: float, epochs: int, **how: float
) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    schedule = scheduler(optimizer, **how)  # type: ignore[arg-type]
    found = []
    for _ in range(epochs):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


def test_schedule_step_is_pytorchs_step_lr_with_gamma_one_half() -> None:
    experiment = Experiment().replace(**{"training.schedule": "step", "training.schedule_every": 7})
    theirs = lrs_of_torch(torch.optim.lr_scheduler.StepLR, 0.0002, 60, step_size=7, gamma=0.5)
    assert lrs(experiment, 60) == pytest.approx(theirs, rel=1e-12)


def test_schedule_exponential_is_pytorchs_exponential_lr() -> None:
    experiment = Experiment().replace(**{"training.schedule": "exponential", "training.schedule_gamma": 0.97})
    theirs = lrs_of_torch(torch.optim.lr_scheduler.ExponentialLR, 0.0002, 60, gamma=0.97)
    assert lrs(experiment, 60) == pytest.approx(theirs, rel=1e-12)


def test_schedule_cosine_is_pytorchs_cosine_annealing_and_stays_at_0_after_the_run() -> None:
    experiment = Experiment().replace(**{"training.schedule": "cosine", "epochs": 50})
    theirs = lrs_of_torch(torch.optim.lr_scheduler.CosineAnnealingLR, 0.0002, 51, T_max=50)
    assert lrs(experiment, 51) == pytest.approx(theirs, rel=1e-9, abs=1e-18)
    assert lrs(experiment, 70)[51:] == [0.0] * 19


def test_schedule_warmup_is_pytorchs_linear_lr_from_one_step_above_0() -> None:
    experiment = Experiment().replace(**{"training.schedule": "warmup", "training.warmup_epochs": 20})
    theirs = lrs_of_torch(
        torch.optim.lr_scheduler.LinearLR, 0.0002, 40, start_factor=1 / 20, end_factor=1.0, total_iters=19
    )
    assert lrs(experiment, 40) == pytest.approx(theirs, rel=1e-12)


def test_a_rate_that_grows_for_ever_stops_the_run_in_words() -> None:
    trainer = Trainer(
        Experiment.preset("one-pair").replace(
            **{"network.init": "zeros", "training.schedule": "exponential", "training.schedule_gamma": 2.0,
               "training.loss": "mae", "training.optimizer": "adam", "training.lr": 1.0}
        )
    )  # fmt: skip
    trainer.train(2000)
    assert trainer.stopped is not None
    assert np.isfinite(trainer.state[0]).all()


def test_the_rate_follows_the_epoch_and_not_the_update() -> None:
    trainer = Trainer(
        Experiment().replace(
            **{"data.count": 4, "training.batch_size": 2, "training.schedule": "step", "training.schedule_every": 1}
        )
    )
    seen = []
    for _ in range(6):
        seen.append(trainer.lr / 0.0002)
        trainer.update()
    assert seen == pytest.approx([1, 1, 0.5, 0.5, 0.25, 0.25])
