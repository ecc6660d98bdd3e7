"""The network seen from afar, held against single questions, autograd, numpy and the course's figures."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from adder_engine import Experiment, RequestError, Session, Sum, Trainer
from adder_engine.analysis.evaluation import checks, region_of, rivals
from adder_engine.analysis.grids import far_sizes, forecast, neurons, plane, slopes
from adder_engine.analysis.landscape import map_course
from adder_engine.analysis.results import GridSpec, Query, symmetric_exp, symmetric_log
from adder_engine.analysis.tracing import trace_row
from adder_engine.errors import AdderError
from adder_engine.reference import PlainAdder
from adder_engine.runs.explorer import Explorer
from adder_engine.runs.run import Run
from adder_engine.steps import at_once
from adder_engine.training.checkpoint import Constraints
from adder_engine.wanted import thresholds
from tests.engine.strategies import examples, experiments
from tests.engine.test_curvature import held_trainers
from tests.engine.test_session import must_be_one_sentence

TANH: dict[str, Any] = {"network.activation": "tanh", "data.scale": 500.0, "data.count": 50, "training.lr": 0.01}
SUMS = (Sum(30, 70), Sum(70, 30), Sum(130, -30), Sum(3, 7), Sum(33, 7), Sum(-330000, 30000))
EXTENT = GridSpec(-400, 600, -300, 700, 5, 4)


def twin(trainer: Trainer) -> PlainAdder:
    """PyTorch's module with the same parameters, in float64."""
    module = PlainAdder(trainer.experiment).double()
    module.load_flat(trainer.state[0].astype(np.float64))
    return module


def alive(trainer: Trainer) -> list[torch.Tensor]:
    """What each hidden layer's outputs are multiplied by."""
    hidden = enumerate(trainer.experiment.network.layers[1:-1])
    held = trainer.constraints.muted
    return [torch.tensor([[float((i, n) not in held) for n in range(size)]]).double() for i, size in hidden]


# --- the plane --------------------------------------------------------------------------------------


@examples(40)
@given(held_trainers(), st.booleans())
def test_a_plane_holds_the_answers_that_single_questions_get(trainer: Trainer, log: bool) -> None:
    assume(bool(np.isfinite(trainer.state).all()) and float(np.abs(trainer.state[0]).max()) < 1e6)
    extent = GridSpec(-400, 600, -300, 700, 5, 4, log)
    found = at_once(plane(trainer, extent))
    assert (found.a[0], found.a[-1], found.b[0], found.b[-1]) == (-400, 600, 700, -300)
    wanted_of = trainer.experiment.wanted
    for i, b in enumerate(found.b.tolist()):
        for j, a in enumerate(found.a.tolist()):
            wanted = trainer.predict(a, b)
            assert found.answers[i, j] == pytest.approx(wanted, rel=1e-4, abs=1e-2)
            right = wanted_of.of(a, b)
            assert found.wanted[i, j] == right if right is not None else np.isnan(found.wanted[i, j])
            assert np.array_equal(found.error[i, j], found.answers[i, j] - found.wanted[i, j], equal_nan=True)


def test_log_steps_go_evenly_through_every_power_of_ten() -> None:
    found = at_once(plane(Trainer(Experiment().replace(**TANH)), GridSpec(-999_999, 999_999, -9, 99, 13, 4, True)))
    powers = [10.0**k - 1 for k in range(7)]
    assert found.a.tolist() == pytest.approx([*[-x for x in powers[:0:-1]], *powers], rel=1e-6)
    assert found.b.tolist() == pytest.approx([99, 9, 0, -9], rel=1e-6, abs=1e-6)
    for x in (-1e6, -0.3, 0.0, 5.0, 1e12):
        assert symmetric_exp(symmetric_log(x)) == pytest.approx(x, rel=1e-9, abs=1e-12)


def test_a_plane_shows_where_training_was() -> None:
    many = at_once(plane(Trainer(Experiment()), EXTENT))
    assert (many.trained_a, many.trained_b, many.row_count) == ((-500, 500), (-500, 500), 10_000)
    assert many.points.shape == (500, 2)
    assert many.points == pytest.approx(Trainer(Experiment()).inputs.T[::20])
    rows: dict[str, Any] = {"data.kind": "rows", "data.rows": [[30, 70], [-5, 9, 3]], "data.scale": 10.0}
    few = at_once(plane(Trainer(Experiment().replace(**rows)), EXTENT))
    assert (few.trained_a, few.trained_b, few.row_count) == ((-5, 30), (9, 70), 2)
    assert few.points == pytest.approx(np.array([[30, 70], [-5, 9]]))


@examples(40)
@given(held_trainers())
def test_neurons_give_what_pytorchs_layers_give(trainer: Trainer) -> None:
    assume(bool(np.isfinite(trainer.state).all()) and float(np.abs(trainer.state[0]).max()) < 1e6)
    found = at_once(neurons(trainer, EXTENT, None))
    module, masks = twin(trainer), alive(trainer)
    grid = at_once(plane(trainer, EXTENT))
    pairs = torch.tensor([[a, b] for b in grid.b for a in grid.a], dtype=torch.float64)
    outputs = pairs / trainer.dataset.scales.inputs
    wanted, off = [], torch.zeros_like(outputs)
    with torch.no_grad():
        for i, name in enumerate(module.names[:-1]):
            layer = module.get_submodule(name)
            off = off @ layer.weight.abs().T + 1e-6 * (outputs.abs() @ layer.weight.abs().T + layer.bias.abs())
            outputs = module.bends[i](layer(outputs)) * masks[i]
            wanted += [
                ((i, n), outputs[:, n].view(4, 5).numpy(), 2 * float(off[:, n].max())) for n in range(outputs.shape[1])
            ]
    assert [(one.layer, one.neuron) for one in found] == [place for place, _, _ in wanted]
    for one, (place, values, rounding) in zip(found, wanted, strict=True):
        assert one.outputs == pytest.approx(values, rel=1e-4, abs=1e-4 * (1 + np.abs(values).max()) + rounding)
        assert (one.low, one.high) == (one.outputs.min(), one.outputs.max())
        (alone,) = at_once(neurons(trainer, EXTENT, place))
        assert (alone.outputs == one.outputs).all()


# --- slopes -----------------------------------------------------------------------------------------


@examples(60)
@given(held_trainers(), st.floats(-600, 600), st.floats(-600, 600))
def test_slopes_are_those_of_autograd(trainer: Trainer, a: float, b: float) -> None:
    assume(bool(np.isfinite(trainer.state).all()) and float(np.abs(trainer.state[0]).max()) < 1e6)
    scales = trainer.dataset.scales
    pair = torch.tensor([[a, b]], dtype=torch.float64, requires_grad=True)
    masks = [m[0] for m in alive(trainer)]
    answer = twin(trainer)(pair / scales.inputs, [*masks, None]) * scales.targets  # of a yes or no the log-odds
    (wanted,) = torch.autograd.grad(answer, pair)
    found = slopes(trainer, a, b)
    size = float(wanted.abs().max())
    assert (found.d_a, found.d_b) == pytest.approx(tuple(wanted[0].tolist()), rel=1e-6, abs=1e-9 * size)
    assert found.answer == pytest.approx(answer.item(), rel=1e-6, abs=1e-6)
    there = found.d_a * a + found.d_b * b + found.intercept
    assert there == pytest.approx(found.answer, rel=1e-6, abs=1e-6 * (1 + size * 600))
    h, right = 1e-3, trainer.experiment.wanted
    straight = right.rule != "rows" and not trainer.experiment.is_yes_or_no
    assert (found.wanted is not None) == straight or right.rule == "formula"  # which may bend just there
    if found.wanted is None:
        return
    d_a, d_b, intercept = found.wanted
    above, below, here = right.of(a + h, b), right.of(a - h, b), right.of(a, b)
    assert above is not None
    assert below is not None
    if right.rule != "formula":
        assert d_a == pytest.approx((above - below) / (2 * h), abs=1e-3)
    assert d_a * a + d_b * b + intercept == pytest.approx(here, abs=1e-6)


def test_far_out_errors_are_foretold_by_the_map() -> None:
    trainer = Trainer(Experiment())
    trainer.train(2000)
    found = at_once(forecast(trainer, Sum(30, 70), list(SUMS)))
    assert found.slopes.everywhere
    assert (found.slopes.d_a, found.slopes.d_b) == pytest.approx((0.99883, 1.00066), abs=2e-5)
    assert found.slopes.intercept == pytest.approx(-0.3182, abs=1e-3)
    rows = {(row.sum.a, row.sum.b): row for row in found.rows}
    wanted = {(-330000, 30000): 406.41, (1e3, 1e3): -0.83, (1e4, 1e4): -5.5, (1e6, 1e6): -515, (1e6, -1e6): -1831}
    for pair, error in wanted.items():
        assert rows[pair].extrapolated == pytest.approx(error, rel=0.01)
        assert rows[pair].asked == pytest.approx(rows[pair].extrapolated, rel=0.01)
    assert [row.sum for row in found.rows if row.watched] == list(SUMS)
    assert len(found.rows) == 6 + 24


def test_slopes_at_one_sum_foretell_little_of_a_bent_network() -> None:
    trainer = Trainer(Experiment.preset("tanh"))
    trainer.train(300)
    found = at_once(forecast(trainer, Sum(30, 70), [Sum(5000, 5000)]))
    (row, *_) = found.rows
    assert not found.slopes.everywhere
    assert row.asked == pytest.approx(trainer.predict(5000, 5000) - 10_000)
    assert row.asked < -7000
    assert abs(row.extrapolated) < 3000


def test_the_maps_course_is_what_the_run_shows_at_each_moment() -> None:
    recording = Run(Experiment().replace(**{"data.count": 100, "training.batch_size": 30, "epochs": 100}))
    recording.timeline.spacing = 4
    recording.run(200)
    recording.constrain(Constraints(frozenset(), frozenset({(0, 1)})))
    recording.run(201)
    recording.seek_epoch(61)
    found = at_once(map_course(recording.trainer, recording.timeline.thinned(300)))
    assert found is not None
    assert (found.updates[0], found.updates[found.here], found.epochs[found.here]) == (0, 244, 61)
    assert (np.diff(found.updates) > 0).all()
    for i in (0, 7, found.here, len(found.updates) - 1):
        recording.seek(type(recording.moment)(int(found.updates[i])))
        if i == found.here:  # beside the keyframes, after what was done there
            recording.seek_epoch(61)
        predict = recording.trainer.predict
        c = predict(0, 0)
        assert found.epochs[i] == pytest.approx(
            recording.trainer.epochs_done + recording.trainer.counters.row / 100, abs=1e-9
        )
        assert (found.w_a[i], found.w_b[i], found.c[i]) == pytest.approx(
            (predict(1, 0) - c, predict(0, 1) - c, c), abs=1e-5
        )
    assert at_once(map_course(Run(Experiment().replace(**TANH)).trainer, ())) is None


# --- checks and rivals ------------------------------------------------------------------------------


def test_shares_and_errors_of_the_tutorials_run_are_those_of_the_course() -> None:
    trainer = Trainer(Experiment())
    course = {
        1000: (81.8, 0.003, 0.039, 0.983), 1600: (3.94, 0.066, 0.750, 0.998), 1800: (1.34, 0.231, 1, 0.9995),
        2000: (0.50, 0.649, 1, 1),
    }  # fmt: skip
    for epoch, (rmse, half, five, over) in course.items():
        trainer.train(epoch - trainer.epochs_done)
        found = at_once(checks(trainer))
        assert (found.judged_on, found.count) == ("held-out", 2000)
        assert (found.close, found.near, found.limit) == (0.5, 5, 100)
        assert found.rmse == pytest.approx(rmse, rel=0.01)
        shares = (found.within_close, found.within_near, found.over_limit)
        assert shares == pytest.approx((half, five, over), abs=0.003)
    inside, near, far = found.regions
    assert [r.rmse for r in found.regions] == pytest.approx([0.50, 0.84, 3.9], rel=0.02)
    for region, reach in ((inside, 500), (near, 1000), (far, 5000)):
        assert (region.a, region.b) == ((-reach, reach), (-reach, reach))
    assert inside.rmse == found.rmse
    assert all(r.mean_error <= r.rmse for r in found.regions)


@examples(30)
@given(held_trainers())
def test_checks_are_what_asking_each_sum_gives(trainer: Trainer) -> None:
    assume(bool(np.isfinite(trainer.state).all()) and float(np.abs(trainer.state[0]).max()) < 1e6)
    before = trainer.stream
    found, wanted = at_once(checks(trainer)), trainer.experiment.wanted
    assert trainer.stream is before
    assert at_once(checks(trainer)) == found
    inside = region_of(trainer.experiment, "inside")
    assert [r.name for r in found.regions] == (["inside", "near", "far"] if wanted.rule != "rows" else ["inside"])
    for region, times in zip(found.regions, (1, 2, 10), strict=False):
        for own, (low, high), (other_low, other_high) in zip((region.a, region.b), inside, inside[::-1], strict=True):
            width = times * (high - low) or (times - 1) * (other_high - other_low)
            assert own[1] - own[0] == pytest.approx(width)
    data, experiment = trainer.dataset, trainer.experiment
    drawn = experiment.test_row_count > 0
    assert found.judged_on == ("held-out" if drawn else "training" if wanted.rule == "rows" else "newly drawn")
    if found.judged_on != "newly drawn":
        pairs = (data.test_pairs if drawn else data.pairs).astype(np.float64).tolist()
        right = [wanted.of(a, b) for a, b in pairs]
        if experiment.data.kind == "rows":
            right = [wanted.of_row(row) for row in (experiment.test_rows if drawn else experiment.training_rows)]
        off = np.array(trainer.answers([(a, b) for a, b in pairs])) - np.array(right, dtype=float)
        largest = float(np.abs(off).max())
        assert found.rmse == pytest.approx(float(np.sqrt(np.mean(off**2))), rel=1e-3, abs=1e-4 * (1 + largest))
        clear = np.abs(np.abs(off) - found.near) > 1e-2 * (1 + largest)
        if clear.all():
            assert found.within_near == np.mean(np.abs(off) <= found.near)


def test_rivals_answer_as_in_the_course() -> None:
    trainer = Trainer(Experiment())
    straight, near, own = at_once(rivals(trainer, list(SUMS)))
    answers = {name: [r.answers[i].predicted for i in (0, 3, 5)] for name, r in (("l", straight), ("k", near))}
    assert answers["l"] == pytest.approx([100, 10, -300_000], abs=1e-2)
    assert answers["k"] == pytest.approx([87.61, 17.67, -41.91], abs=0.006)
    assert (straight.rmse, near.rmse) == pytest.approx((0.00, 4.46), abs=0.005)
    assert [a.predicted for a in own.answers] == pytest.approx(
        trainer.answers([(s.a, s.b) for s in SUMS]), rel=1e-6, abs=1e-5
    )  # asked one by one and together, a product is rounded differently on some processors
    assert own.rmse == at_once(checks(trainer)).rmse
    assert (straight.count, near.count, own.count) == (2000, 2000, 2000)


@examples(30)
@given(experiments(most_rows=9))
def test_rivals_answer_as_numpy_and_brute_force_do(experiment: Experiment) -> None:
    trainer = Trainer(experiment)
    straight, near, _ = at_once(rivals(trainer, [Sum(30, 70), Sum(-330, 30)]))
    x, y = trainer.dataset.pairs.astype(np.float64), trainer.dataset.answers[:, 0].astype(np.float64)
    asked = np.array([[30, 70], [-330, 30]])
    distances = ((asked[:, None, :] - x[None]) ** 2).sum(axis=2)
    k = min(5, len(x))
    for i, answer in enumerate(near.answers):
        order = np.argsort(distances[i])
        edge = np.sort(distances[i])
        if k < len(x) and edge[k] - edge[k - 1] < 1e-6 * (1 + edge[k]):
            continue  # two are as near: either will do
        assert answer.predicted == pytest.approx(y[order[:k]].mean(), rel=1e-6, abs=1e-6)
    wide = np.c_[x, np.ones(len(x))]
    if np.linalg.cond(wide) < 1e4:
        rule, *_ = np.linalg.lstsq(wide, y, rcond=None)
        wanted = np.c_[asked, np.ones(2)] @ rule
        assert [a.predicted for a in straight.answers] == pytest.approx(wanted.tolist(), rel=1e-4, abs=1e-4)


# --- rows of one's own -----------------------------------------------------------------------------

OWN: dict[str, Any] = {"data.kind": "rows", "data.rows": [[30, 70, 270], [1, 2, 8], [5, -9, -17]]}


def test_held_out_rows_that_lie_outside_of_the_trained_range_are_not_inside() -> None:
    few = [[1, 1], [2, 3], [500, 500], [3, 2], [4, 4]]
    for rows, share, some in ((few, 0.2, False), ([*few, [2, 2], [3, 3], [1, 4]], 0.5, True)):
        experiment = Experiment().replace(**{"data.rows": rows, "data.kind": "rows", "data.test_share": share})
        trainer = Trainer(experiment)
        found, (a, b) = at_once(checks(trainer)), region_of(experiment, "inside")
        held = trainer.dataset.test_pairs.tolist()
        own = [(x, y) for x, y in held if a[0] <= x <= a[1] and b[0] <= y <= b[1]]
        assert len(own) < len(held)
        assert found.regions[0].count == len(own)
        assert bool(own) == some
        if own:
            off = [trainer.predict(x, y) - (x + y) for x, y in own]
            assert found.regions[0].rmse == pytest.approx(float(np.sqrt(np.mean(np.square(off)))), rel=1e-5)


def test_answers_that_are_one_half_but_for_their_rounding_are_all_yes_or_all_no() -> None:
    xor = {"data.rows": [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], "data.kind": "rows", "training.loss": "bce"}
    for found in at_once(rivals(Trainer(Experiment().replace(**xor)), []))[:2]:
        assert found.right == 0.5


def positive_rows() -> list[list[float]]:
    """400 sums of whole numbers from 0 to 100."""
    pairs = np.random.default_rng(3).integers(0, 101, (398, 2)).tolist()
    return [[0, 0], [100, 100], *pairs]


def test_inside_is_the_range_of_the_rows() -> None:
    experiment = Experiment().replace(
        **{
            "seed": 3, "network.layers": [2, 16, 1], "network.activation": "relu", "data.kind": "rows",
            "data.rows": positive_rows(), "training.lr": 0.01,
        }
    )  # fmt: skip
    assert region_of(experiment, "inside") == ((0, 100), (0, 100))
    assert region_of(experiment, "near") == ((-50, 150), (-50, 150))
    assert region_of(experiment, "far") == ((-450, 550), (-450, 550))
    trainer = Trainer(experiment)
    trainer.train(1000)
    found = at_once(checks(trainer))
    inside, _, far = found.regions
    assert (inside.a, inside.b) == ((0, 100), (0, 100))
    assert found.within_close > 0.99
    assert inside.rmse < 0.1  # and not that of negative sums, which it has never seen
    assert far.rmse > 100 * inside.rmse


@pytest.mark.parametrize(
    ("changes", "inside", "near", "far"),
    [
        ({"data.low": -1.0, "data.high": 1.0}, [(-1, 1)] * 2, [(-2, 2)] * 2, [(-10, 10)] * 2),
        ({"data.low": 50.0, "data.high": 100.0}, [(50, 100)] * 2, [(25, 125)] * 2, [(-175, 325)] * 2),
        ({"data.rows": [[30, 70]]}, [(-70, 70)] * 2, [(-140, 140)] * 2, [(-700, 700)] * 2),
        ({"data.rows": [[0, 50], [10, 100]]}, [(0, 10), (50, 100)], [(-5, 15), (25, 125)], [(-45, 55), (-175, 325)]),
        ({"data.rows": [[5, 50], [5, 100]]}, [(5, 5), (50, 100)], [(-20, 30), (25, 125)], [(-220, 230), (-175, 325)]),
    ],
)
def test_each_region_is_the_trained_range_or_wider_about_its_middle(
    changes: dict[str, Any], inside: list[Any], near: list[Any], far: list[Any]
) -> None:
    kind = "rows" if "data.rows" in changes else "uniform"
    experiment = Experiment().replace(**{"data.kind": kind, **changes})
    for name, wanted in (("inside", inside), ("near", near), ("far", far)):
        assert list(region_of(experiment, name)) == wanted  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lowest", "highest", "close", "limit"),
    [
        (-1000, 1000, 0.5, 100), (-100, 110, 0.5, 0), (0, 200, 0.5, 100), (-20_000, 20_000, 10.0, 100),
        (-1, 1, 0.0005, 0), (270, 270, 0.5, 270), (0, 0, 0.0002, 0), (0, 20, 0.5, 10), (5000, 9000, 0.5, 7000),
    ],
)  # fmt: skip
def test_what_is_close_and_what_is_over_follow_the_spread(
    lowest: float, highest: float, close: float, limit: float
) -> None:
    assert thresholds(np.array([lowest, highest])) == (close, limit)


def test_where_the_truth_is_unknown_the_rows_judge_and_nothing_else_is_foretold() -> None:
    trainer = Trainer(Experiment().replace(**OWN))
    found = at_once(checks(trainer))
    assert (found.judged_on, found.count) == ("training", 3)
    assert [(r.name, r.a, r.b) for r in found.regions] == [("inside", (1, 30), (-9, 70))]
    off = np.array(trainer.answers([(30, 70), (1, 2), (5, -9)])) - [270, 8, -17]
    assert found.rmse == pytest.approx(float(np.sqrt(np.mean(off**2))), rel=1e-5)
    watched = [Sum(30, 70), Sum(5, -9), Sum(12, 13)]
    extrapolated = at_once(forecast(trainer, Sum(30, 70), watched))
    assert [(row.sum, row.wanted) for row in extrapolated.rows] == [(Sum(30, 70), 270), (Sum(5, -9), -17)]
    assert extrapolated.slopes.wanted is None
    straight, _, own = at_once(rivals(trainer, watched))
    assert [a.wanted for a in own.answers] == [270, -17, None]
    assert (straight.count, own.count) == (3, 3)
    assert straight.rmse < 1e-9
    assert own.rmse == pytest.approx(found.rmse)


def test_a_row_is_said_as_it_was_typed_whatever_the_scale() -> None:
    rows = [[30, 70], [0.1, 0.7], [1e-3, 5]]
    trainer = Trainer(Experiment().replace(**{"data.kind": "rows", "data.rows": rows, "data.scale": 500.0}))
    trainer.update()
    assert [list(trace_row(trainer, i).pair) for i in range(3)] == rows
    assert at_once(plane(trainer, EXTENT)).points[0].tolist() == [30, 70]


# --- any run ----------------------------------------------------------------------------------------


@examples(40)
@given(experiments(most_rows=6, widest=3), st.integers(0, 12), st.sampled_from(["finite", "huge"]))
def test_every_finding_about_any_run_comes_or_is_refused_in_a_sentence(
    experiment: Experiment, updates: int, size: str
) -> None:
    recording = Run(experiment)
    recording.run(updates)
    if size == "huge":
        recording.edit(0, 1e30)
    explorer = Explorer(recording, Sum(30, 70), list(SUMS))
    state = recording.trainer.state.copy()
    recording_at = recording.moment
    work = {
        "plane": (EXTENT,), "neurons": (EXTENT, None), "forecast": (), "stability": (), "along_gradient": (9,),
        "loss_slice": (5, 5), "checks": (), "rivals": (),
    }  # fmt: skip
    refused = 0
    for name, arguments in work.items():
        try:
            at_once(explorer.find(Query(name, arguments)))
        except AdderError as error:
            must_be_one_sentence(error)
            refused += 1
    assert refused <= 3  # only what needs the loss's slopes
    explorer.find(Query("map_course"))
    assert math.isfinite(slopes(recording.trainer, 30, 70).d_a) or size == "huge"
    assert np.array_equal(recording.trainer.state, state)
    assert recording.moment == recording_at


# --- the session ------------------------------------------------------------------------------------


async def found(session: Session, name: str, *arguments: object) -> Any:
    return await session.together(Query(name, arguments)).answers[0]


async def everything(session: Session) -> list[Any]:
    return await asyncio.gather(*session.together(
        Query("plane", (GridSpec(-1e6, 1e6, -1e6, 1e6, 40, 30, log=True),)),
        Query("neurons", (GridSpec(-500, 500, -500, 500, 20, 10),)),
        Query("map_course"), Query("forecast"), Query("stability"), Query("along_gradient"),
        Query("loss_slice", (9, 7)), Query("checks"), Query("rivals"),
    ).answers)  # fmt: skip


async def test_exploring_while_a_run_plays_does_not_disturb_it() -> None:
    experiment = Experiment().replace(**TANH, **{"epochs": 400, "training.batch_size": 7, "network.dropout": 0.1})
    async with Session(experiment) as session:
        await session.play()
        while (await session.snapshot()).status == "playing":
            await everything(session)
        explored = await session.snapshot()
    alone = Trainer(experiment)
    alone.train(400)
    assert explored.status == "done"
    assert (explored.state == alone.state).all()


async def test_a_question_is_answered_while_long_work_goes_on() -> None:
    async with Session(Experiment()) as session:
        await session.step("epoch")
        long = asyncio.ensure_future(found(session, "rivals"))
        await asyncio.sleep(0)
        answered = 0
        while not long.done():
            await session.predict(30, 70)
            answered += 1
        await long
        assert answered > 5


async def test_work_is_about_the_moment_when_it_was_asked_for() -> None:
    async with Session(Experiment().replace(**TANH)) as session:
        await session.step("epoch", 3)
        wanted = await found(session, "loss_slice", 31, 31)
        long = asyncio.ensure_future(found(session, "loss_slice", 31, 31))
        await asyncio.sleep(0)
        await session.step("100 epochs")
        again = await long
        assert (again.losses == wanted.losses).all()
        assert (again.path_epochs == wanted.path_epochs).all()


async def test_what_cannot_be_explored_is_refused_in_one_sentence() -> None:
    async with Session(Experiment().replace(**TANH)) as session:
        ranges = [(5, 5, 0, 1, 9, 9), (0, math.inf, 0, 1, 9, 9), (0, math.nan, 0, 1, 9, 9), (0, 1, 0, 1, 1, 9),
                  (0, 1, 0, 1, 1000, 1000)]  # fmt: skip
        grid = GridSpec(0, 1, 0, 1, 9, 9)
        refused = (
            *(found(session, "plane", GridSpec(*one)) for one in ranges),
            found(session, "neurons", grid, (5, 0)), found(session, "neurons", grid, (0, -1)),
            found(session, "along_gradient", 1), found(session, "loss_slice", 1000, 1000),
        )  # fmt: skip
        for request in refused:
            with pytest.raises(RequestError) as caught:
                await request
            must_be_one_sentence(caught.value)
        with pytest.raises(RequestError) as caught:
            slopes(Trainer(Experiment()), math.nan, 1.0)
        must_be_one_sentence(caught.value)
        assert (await session.snapshot()).status == "paused"


async def test_a_session_that_closes_lets_go_of_long_work() -> None:
    session = Session(Experiment().replace(**{"network.layers": [2, 64, 64, 1]}))
    await session.snapshot()
    long = asyncio.ensure_future(found(session, "loss_slice", 100, 100))
    await asyncio.sleep(0.01)
    await session.close()
    with pytest.raises(RequestError, match=r"^This session is closed"):
        await long


@pytest.mark.parametrize(
    ("changes", "sizes"),
    [
        ({}, (1e3, 1e4, 1e5, 1e6)),
        ({"data.low": -1.0, "data.high": 1.0}, (1e1, 1e2, 1e3, 1e4)),
        ({"data.low": 0.0, "data.high": 0.5}, (1.0, 1e1, 1e2, 1e3)),
        ({"data.low": 0.0, "data.high": 5e10}, (1e11, 1e12)),
    ],
)
def test_far_out_sums_begin_just_beyond_the_training_range(changes, sizes):
    experiment = Experiment.preset("many-pairs").replace(**{"data.low": -500.0, "data.high": 500.0})
    trainer = Trainer(experiment.replace(**changes))
    assert far_sizes(trainer.experiment) == pytest.approx(sizes)
    rows = at_once(forecast(trainer, Sum(0, 0), [])).rows
    assert {max(abs(row.sum.a), abs(row.sum.b)) for row in rows} == set(far_sizes(trainer.experiment))
