"""Every random number is the one that the tutorial's loop would draw from the global generator, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from torch import Tensor, nn

from adder_engine import Dataset, Experiment, Trainer
from adder_engine.kernels.random import from_torch, seeded, uniform, uniform_double
from adder_engine.reference import PlainAdder, masks_of
from adder_engine.training.checkpoint import Constraints
from tests.engine.plain import PLAINLY, QUESTIONS, auto_scale, by_task
from tests.engine.strategies import examples, experiments


def rounded_by(experiment: Experiment, pairs: Tensor) -> Tensor:
    """By how much a formula's values move where the pairs ``(n, 2)`` are rounded to float32, ``(n, 1)``; else 0."""
    formula = experiment.wanted.formula
    if formula is None:
        return torch.zeros(len(pairs), 1)
    moved = []
    for a, b in pairs.tolist():
        steps = [(abs(a) * 2**-24, 0.0), (0.0, abs(b) * 2**-24)]
        around = [formula.of(a + sign * x, b + sign * y) - formula.of(a, b) for x, y in steps for sign in (1, -1)]
        moved.append([sum(map(abs, around))])
    return torch.tensor(moved).nan_to_num()


@contextmanager
def global_stream(seed: int) -> Iterator[None]:
    """The tutorial's ``set_random_seed``; other tests' global stream is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def tutorial_data(experiment: Experiment) -> tuple[Tensor, Tensor]:
    """Inputs ``(n, 2)`` and targets ``(n, 1)`` from the global generator."""
    data = experiment.data
    if data.kind == "rows":
        x = torch.tensor([row[:2] for row in data.rows])
    else:
        x = torch.rand(data.count, 2) * (data.high - data.low) + data.low
    if data.task == "sum":
        t = torch.sum(x, dim=1, keepdim=True)
    elif data.task in PLAINLY:
        t = torch.tensor([[PLAINLY[data.task](a, b)] for a, b in x.double().tolist()]).float()
    elif data.task == "difference":
        t = x[:, [0]] - x[:, [1]]
    else:
        t = x[:, [0]] * x[:, [1]]
    if data.kind == "rows":
        given_targets = [row[2] if len(row) == 3 else float("nan") for row in data.rows]
        t = torch.where(torch.tensor(given_targets).isnan(), t[:, 0], torch.tensor(given_targets)).unsqueeze(1)
        kept = torch.randperm(len(x), generator=torch.Generator().manual_seed(123))
        share = max(1, round(data.test_share * len(x))) if data.test_share else 0
        kept = kept[share:].sort().values
        x, t = x[kept], t[kept]
    if data.noise > 0:
        t = t + data.noise * torch.randn(len(x), 1)
    scale = data.scale if data.scale != "auto" else auto_scale(x.numpy())
    own = {"same": scale, "auto": auto_scale(t.numpy())}.get(str(data.target_scale), data.target_scale)
    return x / scale, t / (1.0 if experiment.training.loss == "bce" else own)


class DropoutSeen(nn.Module):
    """A real ``nn.Dropout`` in training, run on ones so that what it multiplied by can be read off."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(p)
        self.masks: list[Tensor] = []

    def forward(self, x: Tensor) -> Tensor:
        self.masks.append(self.dropout(torch.ones_like(x)))
        return x * self.masks[-1]


@examples(100)
@given(experiments())
def test_parameters_data_shuffles_and_dropout_are_those_of_the_tutorials_global_generator(
    experiment: Experiment,
) -> None:
    trainer = Trainer(experiment)
    with global_stream(experiment.seed):
        if experiment.data.draw_first:
            x, t = tutorial_data(experiment)
        module = PlainAdder(experiment)
        if not experiment.data.draw_first:
            x, t = tutorial_data(experiment)
        drawn = nn.utils.parameters_to_vector(module.parameters()).detach()
        init = experiment.network.init
        wanted = drawn if init == "torch" else torch.full_like(drawn, 0.0 if init == "zeros" else float(init))
        assert np.array_equal(trainer.state[0], wanted.numpy())
        assert np.array_equal(trainer.dataset.inputs, x.numpy())
        ours, theirs = torch.tensor(trainer.dataset.targets), t
        if experiment.data.kind == "rows":  # a listed row's target is rounded once, the tutorial's sum twice
            task = experiment.data.task
            for a, b, *_ in experiment.data.rows if task in QUESTIONS else ():
                assume(by_task(task, a, b) == by_task(task, float(np.float32(a)), float(np.float32(b))))
            pairs = x.double() * trainer.dataset.scales.inputs
            near = 1e-4 + rounded_by(experiment, pairs) / trainer.dataset.scales.targets
            assert ((ours - theirs).abs() <= near + 1e-6 * theirs.abs()).all()
        else:
            assert torch.equal(ours, theirs)

        module.dropout = DropoutSeen(experiment.network.dropout)
        module.train()
        for _ in range(3):
            order = torch.randperm(len(x)) if experiment.training.batch_size else torch.arange(len(x))
            for rows in order.split(experiment.training.batch_size or len(x)):
                trainer.update()
                assume(not trainer.stopped)
                assert trainer.batch is not None
                module.dropout.masks.clear()
                module(x[rows])
                assert np.array_equal(trainer.batch.inputs, x[rows].T.numpy())
                assert np.array_equal(trainer.batch.targets, trainer.dataset.targets[rows.numpy(), 0])
                masks = [mask for mask in masks_of(trainer.batch) if mask is not None]
                if experiment.network.dropout:
                    assert len(masks) == len(module.dropout.masks)
                    assert all(torch.equal(o, s) for o, s in zip(masks, module.dropout.masks, strict=True))
                else:
                    assert not masks
        assert np.array_equal(trainer.stream, from_torch(torch.get_rng_state().numpy()))


@examples(30)
@given(experiments())
def test_nothing_outside_disturbs_a_run_nor_does_a_run_disturb_what_is_outside(experiment: Experiment) -> None:
    alone, disturbed = Trainer(experiment), Trainer(experiment)
    outside = torch.get_rng_state()
    for _ in range(3):
        alone.update()
    assert torch.equal(outside, torch.get_rng_state())
    for i in range(3):
        with global_stream(i):
            Trainer(experiment.replace(seed=i)).update()
            disturbed.update()
        disturbed.predict(30, 70)
        disturbed.current_loss()
    assert np.array_equal(alone.state, disturbed.state)


def test_held_out_sums_have_a_generator_of_their_own_and_no_noise() -> None:
    with global_stream(123):
        wanted = (torch.rand(2000, 2) * 1000 - 500).numpy()
    for changes in ({"seed": 1}, {"seed": 2, "data.noise": 10.0}):
        found = Trainer(Experiment().replace(**changes)).dataset
        assert np.array_equal(found.test_inputs, wanted)
        assert np.array_equal(found.test_targets, wanted.sum(axis=1, keepdims=True))
    assert len(Dataset.draw(Experiment.preset("one-pair"), seeded(0)).test_inputs) == 0


def test_overriding_the_start_still_makes_the_draws() -> None:
    experiment = Experiment().replace(**{"data.count": 5})
    drawn, zeros = Trainer(experiment), Trainer(experiment.replace(**{"network.init": "zeros"}))
    assert np.array_equal(drawn.dataset.inputs, zeros.dataset.inputs)
    assert not zeros.state[0].any()


def test_silencing_a_neuron_does_not_change_the_draws() -> None:
    experiment = Experiment().replace(**{"data.count": 5, "network.dropout": 0.5, "training.batch_size": 2})
    free, held = Trainer(experiment), Trainer(experiment)
    held.constrain(Constraints(muted=frozenset({(0, 1)})))
    for _ in range(7):
        free.update()
        held.update()
    assert np.array_equal(free.stream, held.stream)
    assert free.batch is not None
    assert held.batch is not None
    own, others = free.batch.mask(1), held.batch.mask(1)
    assert own is not None
    assert others is not None
    assert np.array_equal(own, others)


@pytest.mark.parametrize("seed", [0, 123, 2**40 + 7])
@pytest.mark.parametrize(("draws", "dtype"), [(uniform, torch.float32), (uniform_double, torch.float64)])
def test_uniform_draws_are_torchs(seed: int, draws: Callable[..., None], dtype: torch.dtype) -> None:
    stream, generator = seeded(seed), torch.Generator().manual_seed(seed)
    found = torch.empty(1999, dtype=dtype).numpy()
    for low, high in ((0.0, 1.0), (-0.3, 0.7), (-1 / 3, 1 / 3), (0.1, 1234.5), (-1e-3, 17.0)):
        draws(stream, low, high, found)
        assert np.array_equal(found, torch.empty(1999, dtype=dtype).uniform_(low, high, generator=generator).numpy())


def test_rows_too_small_to_scale_by_are_not_scaled() -> None:
    tiny = Experiment().replace(**{"data.low": 0.0, "data.high": 1e-40, "data.noise": 1.0, "data.scale": "auto"})
    dataset = Trainer(tiny.replace(**{"data.count": 3})).dataset
    assert dataset.scales == (1.0, 1.0)
    assert np.isfinite(dataset.targets).all()
