"""Sweeps: networks trained side by side come out as each does alone, and none harms another."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from adder_engine.training.batch import Batch, shape_of

from adder_engine import Experiment, ExperimentError, RequestError, Sum, Trainer
from adder_engine.experiment import ACTIVATIONS, LOSSES, OPTIMIZERS, SCHEDULES
from adder_engine.sweep import Sweep, parse_over

SMALL: dict[str, Any] = {
    "epochs": 5, "network.activation": "tanh", "data.count": 7, "data.scale": 500.0, "data.test_count": 4,
    "data.test_every": 2, "training.lr": 0.01,
}  # fmt: skip
"""Five updates in units where no gradient is near 0, so that all optimizers can be compared closely."""


def experiments(**changes: Any) -> list[Experiment]:
    """Three runs of one shape that differ in seed and rate."""
    base = Experiment().replace(**{**SMALL, **changes})
    return [base.replace(**{"seed": i, "training.lr": base.training.lr * (i + 1)}) for i in range(3)]


def side_by_side(runs: list[Experiment]) -> list[Trainer]:
    assert len({shape_of(run) for run in runs}) == 1
    trainers = [Trainer(run) for run in runs]
    Batch(trainers).train(max(run.epochs for run in runs))
    return trainers


def alone(run: Experiment) -> Trainer:
    trainer = Trainer(run)
    trainer.train(run.epochs)
    return trainer


def assert_alike(together: Trainer, single: Trainer, rel: float = 2e-5) -> None:
    """The same within float32's rounding, grown over a few updates."""
    torch.testing.assert_close(together.state, single.state, rtol=10 * rel, atol=2e-6)
    assert together.loss == pytest.approx(single.loss, rel=rel)
    assert together.test_loss == (None if single.test_loss is None else pytest.approx(single.test_loss, rel=1e-4))
    assert (together.updates_done, together.epochs_done) == (single.updates_done, single.epochs_done)
    assert together.stopped == single.stopped is None


OPTIONS: list[dict[str, Any]] = [
    *({"training.optimizer": name} for name in OPTIMIZERS),
    *({"training.optimizer": name, "training.weight_decay": 0.1} for name in OPTIMIZERS),
    *({"network.activation": name} for name in ACTIVATIONS),
    *({"training.loss": name, "data.scale": 100.0} for name in LOSSES),
    *({"training.schedule": name, "training.schedule_every": 2, "training.warmup_epochs": 3} for name in SCHEDULES),
    {"network.layers": [2, 1]},
    {"network.layers": [2, 3, 5, 4, 2, 1]},
    {"network.dropout": 0.3},
    {"network.dropout": 0.3, "network.activation": "none"},
    {"training.batch_size": 3},
    {"training.batch_size": 3, "network.dropout": 0.3},
    {"training.batch_size": 7},
    {"training.l1": 0.01},
    {"training.zero_grad": False, "training.l1": 0.01, "training.optimizer": "sgd"},
    {"training.flat_target": True},
    {"training.flat_target": True, "training.batch_size": 4, "training.loss": "huber"},
    {"data.kind": "rows", "data.rows": [[30, 70], [1, 2, 5]]},
    {"data.noise": 20.0, "data.draw_first": True},
    {"data.task": "difference", "network.init": 0.3},
    {"epochs": 0},
]


@pytest.mark.parametrize("changes", OPTIONS, ids=str)
def test_networks_side_by_side_come_out_as_each_alone(changes: dict[str, Any]) -> None:
    runs = experiments(**changes)
    for together, run in zip(side_by_side(runs), runs, strict=True):
        if run.epochs:
            assert_alike(together, alone(run))
        else:
            assert together.answers([(30, 70)]) == alone(run).answers([(30, 70)])


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("training.momentum", [0.0, 0.5, 0.9]),
        ("training.weight_decay", [0.0, 0.1, 1.0]),
        ("training.l1", [0.0, 0.01, 0.1]),
        ("training.schedule", ["constant", "step", "cosine"]),
        ("network.init", ["torch", 0.1, 0.3]),
        ("network.dropout", [0.1, 0.5, 0.8]),
        ("data.scale", [100.0, 500.0, 1000.0]),
        ("data.task", ["sum", "difference", "sum"]),
        ("data.noise", [0.0, 5.0, 50.0]),
        ("data.draw_first", [True, False, True]),
    ],
)
@pytest.mark.parametrize("optimizer", ["nesterov", "adamw"])
def test_networks_side_by_side_may_differ_in_what_leaves_their_shape(
    key: str, values: list[Any], optimizer: str
) -> None:
    runs = [
        e.replace(**{key: v}) for e, v in zip(experiments(**{"training.optimizer": optimizer}), values, strict=True)
    ]
    for together, run in zip(side_by_side(runs), runs, strict=True):
        assert_alike(together, alone(run))


def test_trained_results_agree() -> None:
    sweep = Sweep(Experiment.preset("one-pair"), "training.lr", [2e-4, 1e-3], seeds=[42, 43, 44])
    for run in sweep.run().runs:
        single = alone(run.experiment)
        assert run.done
        assert run.answers == pytest.approx([single.predict(30, 70)], abs=0.02)
        assert single.loss is not None
        assert run.loss == pytest.approx(single.loss, rel=0.02, abs=1e-4)


@pytest.mark.parametrize("changes", [{}, {"training.batch_size": 2}], ids=str)
def test_a_network_that_blows_up_stops_where_it_would_alone_and_harms_no_other(changes: dict[str, Any]) -> None:
    base = Experiment().replace(
        **{"epochs": 40, "data.count": 5, "data.test_count": 3, "training.optimizer": "sgd", **changes}
    )
    runs = [base.replace(**{"training.lr": lr, "seed": i}) for i, lr in enumerate([1e-7, 1e-3, 2e-7, 0.1, 1e6])]
    together, singles = side_by_side(runs), [alone(run) for run in runs]
    assert [trainer.stopped is None for trainer in singles] == [True, False, True, False, False]
    for one, single in zip(together, singles, strict=True):
        if single.stopped is None:
            assert_alike(one, single, rel=1e-3)
            continue
        assert one.stopped is not None
        assert one.stopped.split(":")[0] == single.stopped.split(":")[0]
        assert (one.updates_done, one.epochs_done) == (single.updates_done, single.epochs_done)
        torch.testing.assert_close(one.state, single.state, rtol=1e-2, atol=0)


def test_a_start_that_is_too_large_stops_before_the_first_update() -> None:
    runs = [e.replace(**{"network.layers": [2, 64, 64, 64, 64, 64, 64, 1], "network.activation": "none"})
            for e in experiments(**{"data.scale": 1.0})]  # fmt: skip
    runs[1] = runs[1].replace(**{"network.init": 1000.0})
    (first, second, third) = side_by_side(runs)
    assert second.stopped == alone(runs[1]).stopped
    assert second.stopped is not None
    assert "the start is too large" in second.stopped
    assert first.stopped is third.stopped is None


def test_when_all_have_stopped_the_batch_is_finished() -> None:
    sweep = Sweep(Experiment.preset("explode"), "training.lr", [1.0, 2.0], seeds=[1, 2])
    state = sweep.run()
    assert state.finished
    assert [line.stopped for line in state.lines] == [2, 2]
    assert all(line.loss is None and line.answers == () for line in state.lines)


def test_a_sweep_shows_how_far_it_has_come() -> None:
    sweep = Sweep(Experiment.preset("one-pair").replace(epochs=25), "training.lr", [1e-3, 1e-2], seeds=[0, 1])
    states = list(sweep.steps(10))
    assert [{run.epochs for run in state.runs} for state in states] == [{10}, {20}, {25}]
    assert [state.finished for state in states] == [False, False, True]
    assert [epoch for epoch, _ in states[-1].runs[0].course] == [10, 20, 25]
    assert states[-1].runs[0].course[-1][1] == states[-1].runs[0].loss


def test_runs_of_different_shapes_queue() -> None:
    base = Experiment().replace(**{**SMALL, "epochs": 4})
    sweep = Sweep(base, "network.layers", [(2, 1), (2, 4, 1)], seeds=[0, 1])
    states = list(sweep.steps(2))
    assert [[run.epochs for run in state.runs] for state in states] == [
        [2, 2, 0, 0], [4, 4, 0, 0], [4, 4, 2, 2], [4, 4, 4, 4],
    ]  # fmt: skip
    assert not states[1].runs[2].begun
    for run in states[-1].runs:
        assert run.loss == pytest.approx(alone(run.experiment).loss, rel=2e-5)


def test_a_run_of_its_own_shape_trains_alone() -> None:
    base = Experiment().replace(**SMALL)
    (small, large) = Sweep(base, "data.count", [3, 9]).run().runs
    for run in (small, large):
        single = alone(run.experiment)
        assert (run.loss, run.answers) == (single.loss, (single.predict(30, 70),))


def test_a_line_holds_the_median_and_the_range_over_the_seeds() -> None:
    sweep = Sweep(Experiment.preset("one-pair").replace(epochs=30), "training.lr", [1e-3], [0, 1, 2], [Sum(1, 2)])
    state = sweep.run()
    (line,) = state.lines
    losses = sorted(run.loss for run in state.runs if run.loss is not None)
    assert (line.low, line.loss, line.high) == tuple(losses)
    assert line.answers == (sorted(run.answers[0] for run in state.runs)[1],)
    assert line.done == 3


def test_a_sweep_over_seeds_is_one_value_a_run() -> None:
    sweep = Sweep(Experiment.preset("one-pair").replace(epochs=1), "seed", [5, 6])
    assert [(run.value, run.seed, run.experiment.seed) for run in sweep.run().runs] == [(5, 5, 5), (6, 6, 6)]


def test_a_sweep_without_questions_still_ends() -> None:
    assert Sweep(Experiment.preset("one-pair").replace(epochs=0), "training.lr", [1e-3], sums=[]).run().finished


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("training.lr=1e-4,1e-3", [1e-4, 1e-3]),
        ("training.optimizer = sgd, adam", ["sgd", "adam"]),
        ("network.layers=2-1,[2, 4, 1]", [[2, 1], [2, 4, 1]]),
        ("data.rows=[[30,70]],[[1,2],[3,4]]", [[[30, 70]], [[1, 2], [3, 4]]]),
    ],
)
def test_values_are_read_as_typed(text: str, values: list[Any]) -> None:
    assert parse_over(text) == (text.partition("=")[0].strip(), values)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("training.lr", "gives no values"),
        ("training.lr=", "gives no values"),
        ("training.lr=1e-4,,", "training.lr"),
        ("training.speed=1", "training.speed"),
    ],
)
def test_what_is_no_sweep_is_refused_by_name(text: str, phrase: str) -> None:
    with pytest.raises(ExperimentError, match=phrase):
        parse_over(text)


@pytest.mark.parametrize(
    ("over", "values", "seeds", "phrase"),
    [
        ("training.lr", [], [1], "needs values"),
        ("training.lr", [1e-3, -1.0], [1], "training.lr = -1.0"),
        ("seed", [1, 2], [3, 4], "takes its seeds from its values"),
        ("training.lr", [1e-3, 1e-4], list(range(501)), "1,002 runs"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused_before_it_starts(
    over: str, values: list[Any], seeds: list[int], phrase: str
) -> None:
    with pytest.raises(ExperimentError, match=phrase):
        Sweep(Experiment.preset("one-pair"), over, values, seeds)


def test_looks_lie_at_least_an_epoch_apart() -> None:
    with pytest.raises(RequestError, match="0 epochs"):
        next(Sweep(Experiment(), "training.lr", [1e-3]).steps(0))
