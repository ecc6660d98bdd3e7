"""The tutorial's figures, and the course's cheaper ones, within the last digits' differences between processors."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from adder_engine import Experiment, Trainer

ONE_SUM: dict[str, Any] = {"data.kind": "rows", "data.rows": [[30, 70]]}


def trained(epochs: int | None = None, **changes: Any) -> tuple[Trainer, list[float]]:
    """A trainer after that many epochs (the experiment's own by default), and each epoch's loss."""
    experiment = Experiment().replace(**{"data.test_count": 0, **changes})
    trainer, losses = Trainer(experiment), []
    for _ in range(experiment.epochs if epochs is None else epochs):
        trainer.epoch()
        if trainer.stopped:
            break
        assert trainer.loss is not None
        losses.append(trainer.loss)
    return trainer, losses


def rises(losses: list[float]) -> int:
    """Epochs whose loss lies above the one before."""
    return sum(after > before for before, after in pairwise(losses))


def first_below(losses: list[float], value: float) -> int:
    """The first epoch, counted from 1, whose loss lies below the value."""
    return next(epoch for epoch, loss in enumerate(losses, 1) if loss < value)


def test_one_pair_learns_its_sum_and_nothing_else() -> None:
    trainer = Trainer(Experiment.preset("one-pair"))
    assert trainer.predict(30, 70) == pytest.approx(1.1863, abs=2e-4)
    losses = []
    for _ in range(2000):
        trainer.epoch()
        assert trainer.loss is not None
        losses.append(trainer.loss)
    assert losses[0] == pytest.approx(9764.15, abs=0.05)
    milestones = [losses[epoch - 1] for epoch in range(200, 2001, 200)]
    wanted = [7721, 5396, 3091, 1324, 379, 66.0, 6.91, 0.452, 0.0190, 0.00050]
    assert milestones == pytest.approx(wanted, rel=0.02)
    assert rises(losses) == 0
    assert first_below(losses, 1) == pytest.approx(1546, abs=3)
    answers = trainer.answers([(30, 70), (70, 30), (130, -30), (3, 7), (33, 7)])
    assert answers == pytest.approx([99.9778, 78.66, 46.67, 11.01, 29.47], abs=0.02)


def test_many_pairs_learn_to_add() -> None:
    trainer, losses = trained()
    assert losses[0] == pytest.approx(157707.7, rel=1e-5)
    assert losses[-1] == pytest.approx(0.2502, rel=0.01)
    answers = trainer.answers([(30, 70), (70, 30), (130, -30), (3, 7), (33, 7)])
    assert answers == pytest.approx([99.69, 99.62, 99.51, 9.68, 39.65], abs=0.02)
    assert trainer.predict(-330000, 30000) == pytest.approx(-299593.6, abs=5)


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, 1.1863),
        ({"seed": 43}, -2.6361),
        ({"data.draw_first": True}, 11.0573),
        *(
            ({"seed": i}, a)
            for i, a in enumerate([13.87, -3.73, -12.40, -11.43, -0.93, -14.87, 11.76, -8.33, 22.40, 4.52])
        ),
    ],
)
def test_seeds_and_the_order_of_draws_decide_the_untrained_answer(changes: dict[str, Any], answer: float) -> None:
    assert Trainer(Experiment().replace(**changes)).predict(30, 70) == pytest.approx(answer, abs=6e-3)


def test_an_untrained_network_is_one_affine_map() -> None:
    trainer = Trainer(Experiment.preset("one-pair"))
    c, double = trainer.answers([(0, 0), (60, 140)])
    assert c == pytest.approx(-0.0610, abs=1e-4)
    assert double == pytest.approx(2.4335, abs=2e-3)
    assert trainer.predict(1, 0) - c == pytest.approx(0.1001, abs=1e-4)
    assert trainer.predict(0, 1) - c == pytest.approx(-0.0251, abs=1e-4)


def test_forward_and_backward_through_three_layers() -> None:
    trainer = Trainer(Experiment.preset("one-pair"))
    trainer.update()
    batch = trainer.batch
    assert batch is not None
    assert batch.post(0)[:, 0].tolist() == pytest.approx([57.9250, 39.9805, 5.9549, 18.8736], rel=1e-4)
    assert batch.post(1)[:, 0].tolist() == pytest.approx([24.2555, 25.8031, -10.1860, -39.0174], rel=1e-4)
    assert batch.post(2).item() == pytest.approx(1.1863, abs=2e-4)
    assert batch.delta(2).item() == pytest.approx(-197.627, rel=1e-5)
    assert batch.delta(1)[:, 0].tolist() == pytest.approx([-76.287, -16.445, 32.085, -61.062], rel=1e-4)
    assert batch.delta(0)[:, 0].tolist() == pytest.approx([-17.810, 5.813, -12.449, 32.289], rel=2e-4)
    gradients = dict(trainer.named_gradients())
    assert list(gradients) == [
        "input.weight", "input.bias", "hidden.weight", "hidden.bias", "output.weight", "output.bias"
    ]  # fmt: skip
    assert gradients["output.weight"][0].tolist() == pytest.approx([-4793.55, -5099.40, 2013.04, 7710.91], rel=1e-4)
    assert gradients["input.weight"][0].tolist() == pytest.approx([-534.31, -1246.72], rel=1e-4)
    assert gradients["output.bias"].tolist() == pytest.approx([-197.627], rel=1e-5)
    assert np.linalg.norm(np.concatenate([g.ravel() for g in gradients.values()])) == pytest.approx(13398.3, rel=1e-5)


@pytest.mark.parametrize(
    ("optimizer", "lr", "loss", "answer"), [("sgd", 1e-5, 8038.70, 10.341), ("adam", 2e-4, 9754.21, 1.2366)]
)
def test_the_first_step_of_sgd_and_of_adam(optimizer: str, lr: float, loss: float, answer: float) -> None:
    trainer, _ = trained(1, **ONE_SUM, **{"training.optimizer": optimizer, "training.lr": lr})
    assert trainer.current_loss() == pytest.approx(loss, rel=1e-5)
    assert trainer.predict(30, 70) == pytest.approx(answer, rel=1e-4)
    moved = np.abs(trainer.state[0] - trainer.previous[0])
    if optimizer == "adam":
        assert moved.tolist() == pytest.approx([2e-4] * 37, rel=1e-3)
    else:
        assert trainer.state_dict()["output.bias"].item() == pytest.approx(0.07990, abs=1e-5)


def test_without_zero_grad_gradients_pile_up_and_the_run_swings_past_its_target() -> None:
    trainer = Trainer(Experiment.preset("one-pair").replace(**{"training.zero_grad": False, "training.lr": 1e-30}))
    seen = []
    for _ in range(3):
        trainer.update()
        seen.append(dict(trainer.named_gradients())["output.bias"].item())
    assert seen == pytest.approx([-197.627, -395.254, -592.881], rel=1e-5)

    trainer, losses = trained(**ONE_SUM, **{"training.zero_grad": False})
    assert first_below(losses, 1) == pytest.approx(740, abs=5)
    assert rises(losses) == pytest.approx(857, abs=20)
    assert trainer.predict(30, 70) == pytest.approx(51.66, abs=1)


@pytest.mark.parametrize(
    ("lr", "answer", "risen", "below_1"),
    [
        (1e-9, 2.99, 0, None),
        (1e-7, 99.98, 0, 1326),
        (1e-6, 100.0, 0, 133),
        (1e-5, 100.0, 0, 13),
        (5e-5, 123.87, 999, None),
    ],
)
def test_sgd_crawls_walks_and_bounces(lr: float, answer: float, risen: int, below_1: int | None) -> None:
    trainer, losses = trained(**ONE_SUM, **{"training.optimizer": "sgd", "training.lr": lr})
    assert trainer.predict(30, 70) == pytest.approx(answer, abs=0.02)
    assert rises(losses) == pytest.approx(risen, abs=1)
    if below_1:
        assert first_below(losses, 1) == pytest.approx(below_1, abs=1)


@pytest.mark.parametrize(("lr", "epoch"), [(1e-4, 14), (2e-4, 5)])
def test_sgd_explodes_at_larger_rates_and_stops_at_its_last_finite_state(lr: float, epoch: int) -> None:
    trainer, losses = trained(**ONE_SUM, **{"training.optimizer": "sgd", "training.lr": lr})
    assert trainer.stopped is not None
    assert len(losses) == pytest.approx(epoch, abs=2)
    assert np.isfinite(trainer.state).all()
    assert all(map(math.isfinite, losses))


@pytest.mark.parametrize(("schedule", "risen"), [("step", 99), ("cosine", 305), ("exponential", 123)])
def test_a_schedule_rescues_the_bouncing_run(schedule: str, risen: int) -> None:
    trainer, losses = trained(
        **ONE_SUM, **{"training.optimizer": "sgd", "training.lr": 5e-5, "training.schedule": schedule}
    )
    assert trainer.predict(30, 70) == pytest.approx(100, abs=0.005)
    assert rises(losses) == pytest.approx(risen, abs=3)


def test_adam_reaches_the_sums_sooner_at_larger_rates() -> None:
    for lr, epoch in ((1e-3, 361), (1e-2, 108)):
        _, losses = trained(400, **{"training.lr": lr})
        assert first_below(losses, 1) == pytest.approx(epoch, abs=5)


def test_a_flat_target_teaches_the_mean_of_all_targets() -> None:
    changes = {"data.count": 200, "training.lr": 0.01, "epochs": 500}
    trainer, losses = trained(**changes, **{"training.flat_target": True})
    assert losses[0] == pytest.approx(185547, rel=1e-4)
    assert losses[-1] == pytest.approx(180092, rel=2e-3)
    mean = trainer.dataset.targets.mean().item()
    assert mean == pytest.approx(-75.29, abs=0.01)
    # Adam's last swings are at rounding's mercy: of twelve starts that differ by 1e-7, one ends up to 4.8 away.
    assert trainer.answers([(30, 70), (3, 7), (33, 7)]) == pytest.approx([mean] * 3, abs=6)
    trainer, losses = trained(**changes)
    assert losses[-1] == pytest.approx(0.009, abs=0.002)
    assert trainer.predict(30, 70) == pytest.approx(99.90, abs=0.02)


def test_without_an_activation_no_network_multiplies_and_with_tanh_one_does() -> None:
    product = {"data.task": "product", "data.count": 2000, "data.low": -1, "data.high": 1, "training.lr": 0.01}
    for activation, low, high in (("none", 0.104, 0.108), ("relu", 0.0, 0.006), ("tanh", 0.0, 0.0005)):
        _, losses = trained(1000, **product, **{"network.activation": activation})
        assert low < losses[-1] < high


def test_three_sums_off_one_line_teach_addition_and_three_on_a_line_do_not() -> None:
    for rows, answers in (
        ([[30, 70], [70, 30]], [100.0, 100.0, 11.21]),
        ([[30, 70], [15, 35], [3, 7]], [100.0, 73.76, 10.0]),
        ([[30, 70], [70, 30], [-50, -50]], [100.0, 100.0, 10.0]),
    ):
        trainer, _ = trained(**{"data.kind": "rows", "data.rows": rows, "training.lr": 0.01})
        assert trainer.answers([(30, 70), (70, 30), (3, 7)]) == pytest.approx(answers, abs=0.05)


def test_mini_batches_make_more_updates_of_an_epoch() -> None:
    trainer, _ = trained(20)
    assert trainer.updates_done == 20
    assert trainer.current_loss() == pytest.approx(155100, rel=2e-3)
    assert trainer.predict(30, 70) == pytest.approx(2.18, abs=0.02)
    trainer, losses = trained(20, **{"training.batch_size": 100})
    assert trainer.updates_done == 2000
    assert losses[-1] == pytest.approx(0.59, abs=0.02)
    assert trainer.predict(30, 70) == pytest.approx(100.11, abs=0.02)
    trainer, _ = trained(2, **{"training.batch_size": 10})
    assert trainer.predict(30, 70) == pytest.approx(100.20, abs=0.05)


def test_from_zeros_only_the_last_bias_can_move() -> None:
    trainer, _ = trained(**ONE_SUM, **{"network.init": "zeros", "training.lr": 0.01})
    assert np.count_nonzero(trainer.state[1]) == 1
    assert trainer.answers([(30, 70), (3, 7)]) == pytest.approx([19.19] * 2, abs=0.02)
    trainer, losses = trained(**{"network.init": "zeros", "training.lr": 0.01})
    assert [losses[0], losses[-1]] == pytest.approx([169547, 169530], rel=1e-5)
    assert trainer.predict(30, 70) == trainer.predict(3, 7) == pytest.approx(-4.15, abs=0.02)


def test_from_equal_parameters_neurons_stay_twins_and_still_learn_to_add() -> None:
    trainer, _ = trained(**{"network.init": 0.5, "training.lr": 0.01})
    weights = trainer.state_dict()["input.weight"]
    assert (weights == weights[0]).all()
    assert trainer.predict(30, 70) == pytest.approx(100.0, abs=0.01)


def test_tiny_equal_parameters_stay_on_a_plateau_for_a_thousand_epochs() -> None:
    _, losses = trained(1500, **{"network.init": 0.001, "training.optimizer": "sgd", "training.lr": 1e-6})
    assert [losses[0], losses[999]] == pytest.approx([169547, 169547], rel=1e-4)
    assert first_below(losses, 0.9 * losses[0]) == pytest.approx(1427, abs=15)
    assert first_below(losses, 1) == pytest.approx(1439, abs=15)


def test_tanh_is_good_inside_its_range_and_lost_outside() -> None:
    trainer = Trainer(Experiment.preset("tanh"))
    trainer.train(1000)
    assert trainer.answers([(30, 70), (400, 300)]) == pytest.approx([105.9, 694.1], abs=3)
    assert trainer.predict(5000, 5000) < 1500


LINEAR = {"network.activation": "none"}


@pytest.mark.parametrize(
    ("changes", "train", "held_out", "best", "at"),
    [
        ({"training.weight_decay": 0.1}, 145.2, 91.2, 76.7, 40),
        ({"network.dropout": 0.5}, 122.7, 155.2, 79.8, 9),
        ({"network.layers": [2, 4, 4, 1], **LINEAR}, 99.3, 50.4, 47.9, 63),
        ({"network.layers": [2, 1], **LINEAR}, 143.9, 46.2, 35.2, 75),
    ],
)
def test_each_brake_against_overfitting(
    changes: dict[str, Any], train: float, held_out: float, best: float, at: int
) -> None:
    trainer = Trainer(Experiment.preset("overfit").replace(**changes))
    seen = []
    for _ in range(1000):
        trainer.epoch()
        assert trainer.test_loss is not None
        seen.append(math.sqrt(trainer.test_loss) * 500)
    assert math.sqrt(trainer.current_loss()) * 500 == pytest.approx(train, rel=0.03)
    assert seen[-1] == pytest.approx(held_out, rel=0.03)
    assert min(seen) == pytest.approx(best, rel=0.02)
    assert seen.index(min(seen)) + 1 == pytest.approx(at, abs=3)


def test_a_large_network_learns_the_noise_of_twenty_sums() -> None:
    trainer = Trainer(Experiment.preset("overfit"))
    trainer.train(1000)
    assert math.sqrt(trainer.current_loss()) * 500 < 20
    assert trainer.test_loss is not None
    assert 150 < math.sqrt(trainer.test_loss) * 500 < 300


@pytest.mark.parametrize(
    ("changes", "epochs"),
    [
        ({"training.optimizer": "sgd", "training.lr": 1e-6}, 16),
        ({"training.optimizer": "rmsprop", "training.lr": 1e-3}, 252),
        ({"training.optimizer": "sgd", "training.lr": 0.1, "data.scale": 500}, 40),
        ({"training.optimizer": "sgd", "training.lr": 0.3, "data.scale": 500}, 23),
        ({"training.optimizer": "adam", "training.lr": 1e-3, "data.scale": 500}, 356),
    ],
)
def test_units_decide_how_soon_sums_are_off_by_less_than_one(changes: dict[str, Any], epochs: int) -> None:
    trainer, losses = trained(epochs + 20, **changes)
    scale = trainer.experiment.data.scale
    assert first_below(losses, 1 / scale**2) == pytest.approx(epochs, abs=3)


def test_the_steepest_direction_caps_the_rate_of_sgd() -> None:
    plain: dict[str, Any] = {"network.layers": [2, 1], "training.optimizer": "sgd"}
    trainer, _ = trained(2000, **plain, **{"training.lr": 1.15e-5})
    assert not trainer.stopped
    assert trainer.state_dict()["output.bias"].item() == pytest.approx(-0.158, abs=0.002)
    assert trained(2000, **plain, **{"training.lr": 1.2e-5})[0].stopped
    assert not trained(2000, **plain, **{"training.lr": 0.99, "data.scale": 500})[0].stopped
    assert trained(2000, **plain, **{"training.lr": 1.05, "data.scale": 500})[0].stopped


@pytest.mark.parametrize(
    ("changes", "right", "turned"),
    [
        ({"training.weight_decay": 10}, 99.93, 78.37),
        ({"network.dropout": 0.2}, 86.71, 54.27),
        ({"network.layers": [2, 1], "training.lr": 0.01}, 100.0, 113.2),
    ],
)
def test_brakes_do_not_supply_the_equations_that_one_sum_leaves_out(
    changes: dict[str, Any], right: float, turned: float
) -> None:
    seed = 2 if "network.layers" in changes else 42
    trainer, _ = trained(seed=seed, **ONE_SUM, **{"training.lr": 1e-3, **changes})
    assert trainer.answers([(30, 70), (70, 30)]) == pytest.approx([right, turned], abs=0.5)


def test_three_parameters_add_far_outside_of_what_they_saw() -> None:
    trainer, _ = trained(500, **{"network.layers": [2, 1], "training.lr": 0.01})
    assert trainer.predict(-330000, 30000) == pytest.approx(-300000, abs=1)
