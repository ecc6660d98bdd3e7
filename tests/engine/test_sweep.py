"""Sweeps: each network comes out as it does alone, to the bit, however many train at a time."""

from __future__ import annotations

from typing import Any

import pytest

from adder_engine import Experiment, ExperimentError, RequestError, Sum, Trainer
from adder_engine.sections import ACTIVATIONS, LOSSES, OPTIMIZERS, SCHEDULES
from adder_engine.sweep import Sweep, parse_over, planned

SMALL: dict[str, Any] = {
    "epochs": 5, "network.activation": "tanh", "data.count": 7, "data.scale": 500.0, "data.test_count": 4,
    "data.test_every": 2, "training.lr": 0.01,
}  # fmt: skip
"""Five updates in units where no gradient is near 0, so that all optimizers can be compared closely."""


def alone(run: Experiment) -> Trainer:
    trainer = Trainer(run)
    trainer.train(run.epochs)
    return trainer


OPTIONS: list[dict[str, Any]] = [
    *({"training.optimizer": name} for name in OPTIMIZERS),
    *({"training.optimizer": name, "training.weight_decay": 0.1} for name in OPTIMIZERS),
    *({"network.activation": name} for name in ACTIVATIONS),
    *({"training.loss": name, "data.scale": 100.0} for name in LOSSES if name != "bce"),
    {"training.loss": "bce", "data.scale": 100.0, "data.task": "a + b > 100"},
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


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("changes", OPTIONS, ids=str)
def test_networks_of_a_sweep_come_out_as_each_alone_to_the_bit(changes: dict[str, Any], jobs: int) -> None:
    base = Experiment().replace(**{**SMALL, **changes})
    sweep = Sweep(base, "training.lr", [0.001, 0.01], [0, 1])
    for run in sweep.run(jobs=jobs).runs:
        single = alone(run.experiment)
        answer = single.predict(sweep.sums[0].a, sweep.sums[0].b)
        assert (run.loss, run.test_loss, run.answers) == (single.loss, single.test_loss, (answer,))
        assert (run.updates, run.epochs) == (single.updates_done, single.epochs_done)


@pytest.mark.parametrize("changes", [{}, {"training.batch_size": 2}], ids=str)
def test_a_network_that_blows_up_stops_where_it_would_alone_and_harms_no_other(changes: dict[str, Any]) -> None:
    base = Experiment().replace(
        **{"epochs": 40, "data.count": 5, "data.test_count": 3, "training.optimizer": "sgd", **changes}
    )
    runs = Sweep(base, "training.lr", [1e-7, 1e-3, 2e-7, 0.1, 1e6]).run(jobs=2).runs
    singles = [alone(run.experiment) for run in runs]
    assert [trainer.stopped is None for trainer in singles] == [True, False, True, False, False]
    for one, single in zip(runs, singles, strict=True):
        assert (one.stopped, one.updates, one.epochs) == (single.stopped, single.updates_done, single.epochs_done)
        assert one.loss == single.loss


def test_when_all_have_stopped_the_sweep_is_finished() -> None:
    sweep = Sweep(Experiment.preset("explode"), "training.lr", [1.0, 2.0], seeds=[1, 2])
    state = sweep.run()
    assert state.finished
    assert [line.stopped for line in state.lines] == [2, 2]
    assert all(line.loss is None and line.answers == () for line in state.lines)


def test_a_sweep_shows_how_far_it_has_come() -> None:
    sweep = Sweep(Experiment.preset("one-pair").replace(epochs=25), "training.lr", [1e-3, 1e-2])
    states = list(sweep.steps(10))
    assert [[run.epochs for run in state.runs] for state in states] == [
        [10, 0], [20, 0], [25, 0], [25, 10], [25, 20], [25, 25],
    ]  # fmt: skip
    assert [run.begun for run in states[0].runs] == [True, False]
    assert [state.finished for state in states] == [False] * 5 + [True]
    assert [epoch for epoch, _ in states[-1].runs[0].course] == [10, 20, 25]
    assert states[-1].runs[0].course[-1][1] == states[-1].runs[0].loss


def test_a_sweep_that_nobody_follows_any_more_ends() -> None:
    steps = Sweep(Experiment.preset("many-pairs").replace(epochs=10**7), "training.lr", [1e-4, 1e-3]).steps(10**6, 2)
    state = next(steps)
    assert 0 < max(run.epochs for run in state.runs) < 10**6
    steps.close()


def test_the_figures_of_a_sweep_are_those_of_each_run_alone() -> None:
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
        ("training.lr=0,1; 0,01", [0.1, 0.01]),
        ("data.rows=30+70;1+2", [((30.0, 70.0), (1.0, 2.0))]),
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


def test_two_settings_make_a_grid_of_all_pairs_each_as_it_comes_out_alone() -> None:
    base = Experiment().replace(**SMALL)
    sweep = Sweep(base, "training.lr", [0.001, 0.01], [0, 1], across=("network.activation", ["tanh", "relu", "none"]))
    state = sweep.run(jobs=2)
    assert [(line.value, line.across) for line in state.lines] == list(sweep.settings)
    assert sweep.settings[:4] == ((0.001, "tanh"), (0.001, "relu"), (0.001, "none"), (0.01, "tanh"))
    assert [run.seed for run in state.runs] == [0, 1] * 6
    for run in state.runs:
        named = {"training.lr": run.value, "network.activation": run.across, "seed": run.seed}
        single = alone(base.replace(**named))
        assert (run.experiment, run.loss) == (single.experiment, single.loss)
    for line, (one, other) in zip(state.lines, zip(state.runs[::2], state.runs[1::2], strict=True), strict=True):
        assert line.loss == pytest.approx((one.loss + other.loss) / 2)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("overs", "phrase"),
    [
        (["training.lr=1e-3", "training.lr=1e-4"], "both are training.lr"),
        (["training.lr=1e-3", "training.momentum=0.5", "seed=1"], "here are 3, training.lr=1e-3, training.momentum"),
        (["training.lr=1e-3", "network.activation"], "gives no values"),
        (["training.lr=1e-3,1e-4", "seed=" + ",".join(map(str, range(501)))], "2 by 501 values from 1 seed make 1,002"),
    ],
)
def test_a_grid_that_cannot_be_is_refused_before_it_starts(overs: list[str], phrase: str) -> None:
    with pytest.raises(ExperimentError, match=phrase):
        planned(Experiment.preset("one-pair"), overs, None)


def test_a_grid_with_the_seed_as_one_setting_takes_its_seeds_from_there() -> None:
    runs = planned(Experiment.preset("one-pair"), ["training.lr=1e-3,1e-4", "seed=7,8"], None).state.runs
    assert [(run.value, run.across, run.seed) for run in runs] == [
        (1e-3, 7, 7), (1e-3, 8, 8), (1e-4, 7, 7), (1e-4, 8, 8),
    ]  # fmt: skip


def test_looks_lie_at_least_an_epoch_apart() -> None:
    with pytest.raises(RequestError, match="0 epochs"):
        next(Sweep(Experiment(), "training.lr", [1e-3]).steps(0))


def test_at_least_one_run_trains_at_a_time() -> None:
    with pytest.raises(RequestError, match="0 jobs"):
        next(Sweep(Experiment(), "training.lr", [1e-3]).steps(1, 0))
