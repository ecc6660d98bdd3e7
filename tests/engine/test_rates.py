"""The test of learning rates against a plain computation, and what it says of where it ended."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from adder_engine import Experiment, ExperimentError, Trainer
from adder_engine.analysis.curvature import largest_curvature
from adder_engine.rates import RateTest, planned_rates, rates_in_slices


def found_by(experiment: Experiment, low: float, high: float, updates: int) -> RateTest:
    *_, last = rates_in_slices(planned_rates(experiment, low, high, updates))
    return last


LINEAR = Experiment().replace(
    **{"network.layers": [2, 1], "network.activation": "none", "data.count": 20, "data.scale": 500.0,
       "training.optimizer": "sgd", "seed": 3, "training.schedule": "cosine", "epochs": 2}
)  # fmt: skip


def test_the_losses_are_those_of_a_plain_descent_whose_rate_rises_by_the_same_factor() -> None:
    found = found_by(LINEAR, 1e-2, 30.0, 25)
    trainer = Trainer(LINEAR)
    x, y = trainer.inputs.T.astype(np.float64), trainer.targets.astype(np.float64)
    *w, b = trainer.state[0].astype(np.float64).tolist()
    parameters, ones = np.array([*w, b]), np.column_stack([x, np.ones(len(x))])
    assert found.curvature == pytest.approx(np.linalg.eigvalsh(2 / len(x) * ones.T @ ones)[-1], rel=1e-5)
    assert found.limit == pytest.approx(2 / found.curvature)
    assert found.optimizer_limit == pytest.approx(found.limit)
    losses: list[float] = []
    for k in range(25):
        off = ones @ parameters - y
        losses.append(float(off @ off) / len(x))
        parameters -= 1e-2 * 3000 ** (k / 24) * 2 / len(x) * ones.T @ off
        if losses[-1] > 4 * losses[0]:
            break
    assert len(losses) < 25
    assert found.losses == pytest.approx(losses, rel=1e-3)
    assert found.rates[1] / found.rates[0] == pytest.approx(3000 ** (1 / 24))
    assert found.finished
    assert "more than 4 times the start's" in found.ended
    assert found.limit is not None
    assert found.rates[int(np.argmin(losses))] == found.rates[found.lowest or 0] > found.limit / 3


def test_a_deep_networks_losses_are_those_of_torchs_adam_with_its_rate_set_before_each_step() -> None:
    experiment = Experiment().replace(**{"data.count": 50, "data.scale": 500.0})
    found = found_by(experiment, 1e-4, 0.1, 40)
    trainer = Trainer(experiment)
    sizes = experiment.network.layers
    model = torch.nn.Sequential()
    at = 0
    for i, (entering, leaving) in enumerate(pairwise(sizes)):
        layer = torch.nn.Linear(entering, leaving)
        flat = torch.from_numpy(trainer.state[0].copy())
        with torch.no_grad():
            layer.weight.copy_(flat[at : at + entering * leaving].reshape(leaving, entering))
            at += entering * leaving
            layer.bias.copy_(flat[at : at + leaving])
            at += leaving
        model.append(layer)
        if i < len(sizes) - 2 and experiment.network.activation != "none":
            model.append(torch.nn.ReLU())
    assert experiment.network.activation in ("none", "relu")
    x, y = torch.from_numpy(trainer.inputs.T.copy()), torch.from_numpy(trainer.targets.copy())[:, None]
    optimizer = torch.optim.Adam(model.parameters())
    for k, ours in enumerate(found.losses):
        optimizer.param_groups[0]["lr"] = found.rates[k]
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        assert ours == pytest.approx(loss.item(), rel=1e-3)
        optimizer.step()
    assert found.optimizer_limit is None


def test_small_batches_and_dropout_go_through_too_and_the_run_that_is_tested_is_untouched() -> None:
    experiment = Experiment.preset("many-pairs").replace(**{"training.batch_size": 64, "data.count": 500})
    found = found_by(experiment.replace(**{"network.dropout": 0.2}), 1e-6, 1e-2, 30)
    assert found.losses
    assert all(map(math.isfinite, found.losses))
    assert found.experiment.training.batch_size == 64


def test_a_run_that_is_finite_no_more_ends_the_test_with_the_rates_before() -> None:
    found = found_by(LINEAR.replace(**{"data.scale": 1.0}), 1e-8, 1e6, 20)
    assert found.ended
    assert found.finished
    assert len(found.rates) == len(found.losses) < 20


def test_the_limit_is_that_of_the_start() -> None:
    experiment = Experiment.preset("explode")
    assert found_by(experiment, 1e-9, 1.0, 50).curvature == largest_curvature(Trainer(experiment))


@pytest.mark.parametrize(
    ("low", "high", "updates", "phrase"),
    [
        (1e-3, 1e-3, 9, "must rise"),
        (0.0, 1.0, 9, "training.lr"),
        (1e-3, 1e9, 9, "training.lr"),
        (1e-3, 1, 1, "1 updates"),
    ],
)
def test_rates_that_cannot_be_are_refused(low: float, high: float, updates: int, phrase: str) -> None:
    with pytest.raises(ExperimentError, match=phrase):
        planned_rates(Experiment(), low, high, updates)
