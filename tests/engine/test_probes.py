"""What lessons compute beside a run, against the figures measured with plain PyTorch."""

import math

import numpy as np
import pytest

from adder_engine import Experiment, Trainer
from adder_engine.analysis.evaluation import neighbours
from adder_engine.errors import AdderError, RequestError
from adder_engine.probes import Argument, bench
from adder_engine.session import Session
from adder_engine.steps import at_once

ONE = {"data.kind": "rows", "data.rows": [[30, 70]]}


def figure(name: str, *arguments: Argument, **changes: object) -> float | str:
    return bench(
        Trainer(Experiment().replace(**{k.replace("__", "."): v for k, v in changes.items()})), name, *arguments
    )


@pytest.mark.parametrize(
    ("name", "shapes", "result"),
    [
        ("matmul", "1x2 2x4", "1x4"), ("matmul", "1x2 4x2", "mat1 and mat2 shapes cannot be multiplied (1x2 and 4x2)"),
        ("matmul", "10000x4 4x1", "10000x1"), ("matmul", "3x1x2 2x4", "3x1x4"), ("broadcast", "10000x4 4", "10000x4"),
        ("broadcast", "1x2 4x2", "4x2"), ("broadcast", "10000x1 10000", "10000x10000"),
        ("broadcast", "3 4",
         "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0"),
    ],
)  # fmt: skip
def test_shapes_fit_or_pytorch_says_why_not(name: str, shapes: str, result: str) -> None:
    assert figure(name, shapes) == result


@pytest.mark.parametrize("shapes", ["", "1x2", "1x2 2x", "1x2 0x2", "ax2 2x2", "99999x1 1", "1x1x1x1x1 1",
                                    "10000x1 1x10000", "1x2 2x3 3x4"])  # fmt: skip
def test_shapes_that_are_none_are_refused(shapes: str) -> None:
    with pytest.raises(RequestError):
        figure("matmul", shapes)


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("gradient", ("output.bias",), -197.627), ("gradient", ("output.weight[0,1]",), -5099.40),
        ("nudge", ("output.bias", 1), 9567.53), ("nudge", ("output.bias[0]", -1), 9962.78), ("uphill", (1e-5,), 11626),
        ("backwards", (1,), -197.6), ("backwards", (2,), -395.3), ("backwards", (3,), -592.9), ("tied", (), -10000),
        ("graph", ("MseLossBackward0",), 1), ("graph", ("AddmmBackward0",), 3), ("graph", ("TBackward0",), 3),
        ("graph", ("AccumulateGrad",), 6), ("slopes", (), 37), ("promised", (1e-5,), -1795),
        ("square", (1.1863, 100), 9764.15),
    ],
)  # fmt: skip
def test_gradients_of_one_sum_come_out_as_measured(name: str, arguments: tuple[Argument, ...], value: float) -> None:
    assert figure(name, *arguments, **ONE) == pytest.approx(value, rel=3e-4)


def test_the_limit_is_that_of_the_optimizer_where_the_run_stands_and_adam_has_none() -> None:
    assert figure("limit", **ONE, training__optimizer="sgd") == pytest.approx(8.0953e-5, rel=1e-3)
    assert figure("limit", **ONE, training__optimizer="momentum") == pytest.approx(1.9 * 8.0953e-5, rel=1e-3)
    with pytest.raises(RequestError, match="adam has a rate for each number"):
        figure("limit", **ONE)


@pytest.mark.parametrize(
    ("name", "arguments", "value", "tolerance"),
    [
        ("agreement", (1,), 0.757, 0.002), ("worst_agreement", (1,), -0.429, 0.002), ("agreement", (10,), 0.995, 0.001),
        ("agreement", (100,), 0.999, 0.001), ("seeds", ("mean", 1000), 0.37, 0.01),
        ("seeds", ("low", 1000), -36.83, 0.01),
        ("seeds", ("spread", 1000), 10.09, 0.01), ("seeds", ("high", 1000), 51.01, 0.01),
        ("seeds", ("near", 1000), 0, 0),
        ("rival", ("neighbours", 30, 70), 87.61, 0.01), ("rival", ("neighbours", 3, 7), 17.67, 0.01),
        ("rival", ("neighbours", -330000, 30000), -41.91, 0.01), ("rival_rmse", ("neighbours",), 4.46, 0.01),
        ("rival", ("least-squares", -330000, 30000), -300000, 0.01), ("rival_rmse", ("least-squares",), 0, 0.001),
        ("spoiled", ("mse",), 196.4, 0.5), ("spoiled", ("mae",), 99.4, 0.3), ("tenths", (), 3e-6, 3e-6),
        ("twins", (), 0, 0),
    ],
)  # fmt: skip
def test_figures_of_the_ten_thousand_sums_come_out_as_measured(
    name: str, arguments: tuple[Argument, ...], value: float, tolerance: float
) -> None:
    assert figure(name, *arguments) == pytest.approx(value, abs=tolerance)


def test_the_valley_is_long_and_narrow_until_it_is_scaled() -> None:
    raw = figure("curvature", network__layers=[2, 1]), figure("rate_cap", network__layers=[2, 1])
    assert raw == (pytest.approx(84_700, rel=0.01), pytest.approx(1.18e-5, rel=0.01))
    scaled = {"network__layers": [2, 1], "data__scale": 500}
    assert figure("curvature", **scaled) == pytest.approx(3.02, abs=0.01)
    assert figure("rate_cap", **scaled) == pytest.approx(1.0, abs=0.01)
    with pytest.raises(RequestError, match="only for"):
        figure("curvature")
    with pytest.raises(RequestError, match="flat in some direction"):
        figure("curvature", network__layers=[2, 1], **ONE)


def test_seeds_see_data_that_is_drawn_first() -> None:
    first = figure("seeds", "mean", 1, data__draw_first=True), figure("seeds", "mean", 1)
    assert first[0] != first[1]
    assert figure("seeds", "mean", 1) == pytest.approx(13.87, abs=0.01)


def test_the_same_seed_draws_another_network_in_float64() -> None:
    assert figure("double") == pytest.approx(12.6961, abs=1e-4)


def test_a_bend_leaves_some_seeds_stuck() -> None:
    assert figure("stuck", "relu", 12) >= 1
    assert figure("stuck", "none", 12) == 0


def test_twins_and_dead_neurons_are_counted() -> None:
    assert figure("twins", network__init=0.5) == 4
    assert figure("dead", 1, network__activation="relu", network__init=-0.001, data__low=0.0) == 4
    assert figure("dead", 1) == 0


def test_held_out_sums_are_counted_by_what_still_counts() -> None:
    trainer = Trainer(Experiment())
    trainer.train(1800)
    assert bench(trainer, "hits", 0.5) == pytest.approx(0.231, abs=0.03)
    assert bench(trainer, "over", 100) == pytest.approx(0.9995, abs=0.001)
    assert bench(trainer, "rmse", 500) == pytest.approx(1.34, abs=0.1)


def test_the_typical_miss_on_held_out_sums_is_the_root_of_the_held_out_loss() -> None:
    trainer = Trainer(Experiment().replace(**{"data.count": 20, "data.noise": 150.0, "data.scale": 500.0}))
    trainer.train(50)
    loss = trainer.test_loss
    assert loss is not None
    assert bench(trainer, "held_out_rmse") == pytest.approx(500 * math.sqrt(loss), rel=1e-4)


def test_a_run_without_held_out_sums_is_judged_on_the_usual_ones() -> None:
    share = figure("hits", 1000, **ONE)
    assert isinstance(share, float)
    assert 0.9 < share <= 1


def test_neighbours_answer_with_the_mean_of_the_five_nearest() -> None:
    inputs = np.array([[float(i), 0.0] for i in range(10)])
    asked = np.array([[-5.0, 0.0], [9.0, 0.0]])
    assert at_once(neighbours(inputs, inputs[:, 0], asked)).tolist() == [2.0, 7.0]
    assert at_once(neighbours(inputs[:2], inputs[:2, 0], asked[:1])).tolist() == [0.5]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("nothing", ()), ("hits", ()), ("hits", ("x",)), ("gradient", ("output.bais",)), ("gradient", ("hidden.bias",)),
     ("dead", (9,)), ("dead", (0.5,)), ("agreement", (0,)), ("rival", ("oracle", 1, 2)), ("seeds", ("median", 10)),
     ("seeds", ("mean", 1e9)), ("backwards", (1e9,)), ("spoiled", ("l3",)), ("square", (1, 2, 3))],
)  # fmt: skip
def test_what_a_bench_cannot_do_is_said_in_a_sentence(name: str, arguments: tuple[Argument, ...]) -> None:
    with pytest.raises(AdderError) as caught:
        figure(name, *arguments)
    assert "\n" not in str(caught.value)


async def test_a_bench_changes_nothing_of_the_run() -> None:
    async with Session(Experiment().replace(**{"data.count": 50})) as session:
        before = await session.step("epoch")
        for name, arguments in (
            ("hits", (0.5,)),
            ("nudge", ("output.bias", 1.0)),
            ("backwards", (2.0,)),
            ("slopes", ()),
        ):
            await session.bench(name, *arguments)  # type: ignore[arg-type]
        after = await session.snapshot()
        assert after.version == before.version
        assert (after.state == before.state).all()
