"""Every line of a trace adds up: within (k + 1)·2⁻²⁴·Σ|terms| for k terms, in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from adder_engine.analysis.tracing import batch_rows, trace_row, trace_step, trace_sum
from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.kernels.optim import ALPHA, CLIP_EPS
from adder_engine.reference import Adder
from adder_engine.runs.run import Run
from adder_engine.runs.workspace import Workspace
from adder_engine.snapshot import Position
from adder_engine.trace import LayerTrace, StepTrace, Trace
from adder_engine.training.checkpoint import Constraints
from tests.engine.strategies import examples, experiments

HALF_ULP = 2.0**-24
TINY = 2e-37
"""Below it float32 keeps fewer digits, or none."""
ELEMENTARY = 8
"""Half-ulps that a chain of elementary functions, such as an activation, may be off by."""


def double(array):
    return np.asarray(array, dtype=np.float64)


def adds_up(shown, terms, axis: int = -1, extra: float = 0.0) -> None:
    """The shown numbers are the sums of these terms along an axis, as float32 adds them."""
    terms = double(terms)
    exact, sizes = terms.sum(axis=axis), np.abs(terms).sum(axis=axis)
    bound = (terms.shape[axis] + 1) * HALF_ULP * sizes + extra + TINY
    off = np.abs(double(shown) - exact)
    assert (off <= bound).all(), (shown, exact, off, bound)


def activation(name: str, z):
    """The activation at ``z``, its slope, and the sizes of what either is added up from; in float64."""
    z = double(z)
    one = np.ones_like(z)
    if name == "relu":
        return np.maximum(z, 0), (z > 0) * 1.0, np.abs(z), one
    if name == "leaky_relu":
        return np.where(z > 0, z, 0.01 * z), np.where(z > 0, 1, 0.01), np.abs(z), one
    if name == "tanh":
        t = np.tanh(z)
        return t, 1 - t * t, np.abs(t), 1 + t * t
    if name == "sigmoid":
        s = 1 / (1 + np.exp(-np.clip(z, -700, 700)))
        return s, s * (1 - s), s, s + s * s
    if name == "gelu":
        erf = np.vectorize(math.erf)(z / math.sqrt(2))
        pdf = np.exp(-np.minimum(z * z / 2, 700)) / math.sqrt(2 * math.pi)
        cdf = 0.5 * (1 + erf)
        return z * cdf, cdf + z * pdf, np.abs(z), 1 + np.abs(z) * pdf * (1 + z * z)
    if name == "sine":
        return np.sin(z), np.cos(z), one, one
    if name == "step":
        return (z > 0) * 1.0, 0 * one, one, one
    return z, one, np.abs(z), one


def loss_and_slope(name: str, d):
    """Each difference's loss and the loss's slope there, in float64."""
    d = double(d)
    if name == "mse":
        return d * d, 2 * d
    if name == "mae":
        return np.abs(d), np.sign(d)
    return np.where(np.abs(d) < 1, d * d / 2, np.abs(d) - 0.5), np.clip(d, -1, 1)


def finite(trace: Trace) -> bool:
    """Whether no number of the trace has left float32's range."""
    arrays = [a for layer in trace.layers for a in vars(layer).values() if isinstance(a, np.ndarray)]
    return math.isfinite(trace.loss) and all(np.isfinite(a).all() for a in [*arrays, trace.differences])


def check_trace(trace: Trace, experiment: Experiment) -> None:
    """Walk every line, forward and back."""
    layers = trace.layers
    assert tuple(layer.name for layer in layers) == experiment.layer_names
    adds_up(trace.inputs, (double(trace.pair) / trace.scale)[:, None], extra=HALF_ULP)
    entering = trace.inputs
    for i, layer in enumerate(layers):
        assert (layer.entering == entering).all()
        check_forward(layer, experiment.activations[i])
        entering = layer.post
    check_loss(trace)
    for i, layer in enumerate(layers):
        check_backward(layer, layers[i + 1] if i < len(layers) - 1 else None)


def check_forward(layer: LayerTrace, name: str) -> None:
    adds_up(layer.pre, np.hstack([double(layer.weight) * layer.entering, double(layer.bias)[:, None]]))
    mask = double(1.0 if layer.mask is None else layer.mask)
    value, slope, value_size, slope_size = activation(name, layer.pre)
    assert (np.abs(layer.post - value * mask) <= ELEMENTARY * HALF_ULP * value_size * mask + TINY).all()
    assert (np.abs(layer.slope - slope) <= ELEMENTARY * HALF_ULP * slope_size + TINY).all()


def check_loss(trace: Trace) -> None:
    last = trace.layers[-1]
    adds_up([trace.output], [trace.layers[-1].post])
    if trace.loss_name == "bce":
        check_loss_of_yes_or_no(trace)
        return
    assert trace.answer == pytest.approx(trace.output * trace.target_scale, rel=2**-23)
    if len(trace.differences) == 1:
        adds_up(trace.differences, [[trace.output, -trace.target]])
    losses, slopes = loss_and_slope(trace.loss_name, trace.differences)
    n = len(losses)
    adds_up([trace.loss], [losses / n], extra=ELEMENTARY * HALF_ULP * np.abs(losses).mean())
    share = trace.share
    adds_up(last.arriving, [slopes * share / n], extra=ELEMENTARY * HALF_ULP * share * np.abs(slopes).mean())
    assert np.abs(last.delta - last.arriving * last.slope).max() <= 2 * HALF_ULP * np.abs(last.arriving).max() + TINY


def check_loss_of_yes_or_no(trace: Trace) -> None:
    z, t, last = trace.output, trace.target, trace.layers[-1]
    sigmoid = 1 / (1 + math.exp(-z)) if z > -700 else 0.0
    assert trace.answer == pytest.approx(sigmoid, rel=1e-12)
    assert trace.differences[0] == pytest.approx(sigmoid - t, rel=1e-5, abs=1e-7)
    cancels = float(np.spacing(np.float32(abs(z))))  # z less z·t, in float32
    loss = max(z, 0) - z * t + math.log1p(math.exp(-abs(z)))
    assert trace.loss == pytest.approx(loss, rel=1e-5, abs=2e-7 + cancels)
    assert last.delta[0] == pytest.approx((sigmoid - t) * trace.share, rel=1e-5, abs=2e-7 * trace.share)
    assert (last.arriving == last.delta).all()


def check_backward(layer: LayerTrace, following: LayerTrace | None) -> None:
    if following is not None:
        terms = double(following.weight).T * following.delta
        adds_up(layer.arriving, terms)
        factor = double(layer.slope) * (1.0 if layer.mask is None else layer.mask)
        # the delta went through a product of its own, over the whole batch
        bound = 2 * (terms.shape[1] + 1) * HALF_ULP * np.abs(terms).sum(axis=1) * np.abs(factor)
        off = np.abs(layer.delta - layer.arriving * factor)
        assert (off <= bound + ELEMENTARY * HALF_ULP * np.abs(layer.arriving) + TINY).all()
    adds_up(layer.weight_grad, np.outer(double(layer.delta), double(layer.entering))[:, :, None])
    assert (layer.bias_grad == layer.delta).all()


def check_step(step: StepTrace, moments, experiment: Experiment) -> None:
    """Go through the optimizer's formula by hand, from the moments before, and hold its lines against it."""
    training, lr, t = experiment.training, step.lr, step.number
    theta, grad = double(step.before), double(step.gradient)
    (beta1, beta2), eps = training.betas, training.eps
    first, second = double(moments)
    free = ~step.frozen
    terms = {term.symbol: term.values for term in step.terms}
    decay = training.weight_decay
    norm = np.linalg.norm(grad)
    assert ("c" in terms) == (0 < training.clip_norm < norm + CLIP_EPS)
    if "c" in terms:
        near(terms["c"], grad * training.clip_norm / (norm + CLIP_EPS), np.abs(grad))
        grad = terms["c"]
    g, g_size = grad, np.abs(grad)
    if decay and training.optimizer != "adamw":
        g, g_size = grad + decay * theta, g_size + np.abs(decay * theta)
        assert np.allclose(terms["g'"], g, rtol=1e-12, atol=0)
    denominator = np.ones_like(g)
    if training.optimizer in ("momentum", "nesterov"):
        near(
            terms["b"][free], (training.momentum * first + g)[free], (np.abs(training.momentum * first) + g_size)[free]
        )
        direction_size = g_size + np.abs(terms["b"])
    elif training.optimizer == "rmsprop":
        near(terms["v"][free], (ALPHA * second + (1 - ALPHA) * g**2)[free], (second + g_size**2)[free])
        denominator, direction_size = np.sqrt(terms["v"]) + eps, g_size
    elif training.optimizer in ("adam", "adamw"):
        near(terms["m"][free], (beta1 * first + (1 - beta1) * g)[free], (np.abs(first) + g_size)[free])
        near(terms["v"][free], (beta2 * second + (1 - beta2) * g**2)[free], (second + g_size**2)[free])
        assert np.allclose(terms["m̂"] * (1 - beta1**t), terms["m"], rtol=1e-12, atol=0)
        assert np.allclose(terms["v̂"] * (1 - beta2**t), terms["v"], rtol=1e-12, atol=0)
        denominator, direction_size = np.sqrt(terms["v̂"]) + eps, np.abs(terms["m̂"])
    else:
        direction_size = g_size
    change_size = lr * direction_size / denominator
    if training.optimizer == "adamw":
        change_size = change_size + lr * decay * np.abs(theta)
    change = step.change
    assert (np.abs(change) <= 2 * change_size + TINY).all()
    near(double(step.after)[free], (theta + change)[free], (np.abs(theta) + change_size)[free])
    assert (change[step.frozen] == 0).all()
    assert (step.after[step.frozen] == step.before[step.frozen]).all()


def near(shown, exact, sizes) -> None:
    """Equal within a short chain of float32 operations on numbers of these sizes."""
    bound = (ELEMENTARY + 1) * HALF_ULP * sizes + TINY
    assert (np.abs(shown - exact) <= bound).all(), (shown, exact, bound)


@st.composite
def moments_of_runs(draw: st.DrawFn) -> Run:
    """A run somewhere on its way, perhaps with something frozen or silenced."""
    experiment = draw(experiments(most_rows=6, widest=4))
    usual = draw(st.integers(0, 3)) > 0
    recording = Run(
        experiment.replace(
            epochs=8, **({"data.scale": 500.0, "training.lr": min(experiment.training.lr, 0.01)} if usual else {})
        )
    )
    recording.run(draw(st.integers(0, 5)))
    if draw(st.booleans()):
        hidden = experiment.network.layers[1:-1]
        index = draw(st.integers(0, recording.trainer.layout.size - 1))
        recording.constrain(Constraints(frozenset({index}), frozenset({(0, hidden[0] - 1)}) if hidden else frozenset()))
    return recording


@examples(80)
@given(recording=moments_of_runs(), pair=st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)))
def test_every_line_of_the_current_sums_trace_adds_up(recording, pair):
    trace = trace_sum(recording.trainer, *pair)
    assume(finite(trace))
    assert (trace.row, trace.share, trace.rows, trace.pair) == (None, 1.0, 1, pair)
    assert trace.answer == pytest.approx(recording.trainer.predict(*pair), rel=1e-5, abs=1e-3 * trace.target_scale)
    check_trace(trace, recording.experiment)


@examples(80)
@given(recording=moments_of_runs(), climbed=st.booleans(), data=st.data())
def test_every_line_of_every_rows_trace_adds_up_and_the_rows_make_the_batchs_gradient(recording, climbed, data):
    trainer = recording.trainer
    assume(not recording.finished)
    before = recording.moment
    if climbed:
        while trainer.stage < len(trainer.stages) - 1 and not recording.stopped:
            recording.step("layer")
            assume(recording.moment > before)
    else:
        recording.run(1)
    assume(not recording.stopped and (trainer.stage or trainer.updates_done > before.update))
    rows = range(trainer.inputs.shape[1]) if trainer.batch_rows is None else trainer.batch_rows.tolist()
    traces = [trace_row(trainer, row) for row in rows]
    assume(all(map(finite, traces)))
    for trace, row in zip(traces, rows, strict=True):
        assert (trace.row, trace.rows, trace.share) == (row, len(traces), 1 / len(traces))
        inputs = double(trainer.dataset.inputs[row]) * trace.scale
        assert trace.pair == pytest.approx(inputs, rel=1e-6)
        check_trace(trace, recording.experiment)
    training = recording.experiment.training
    losses = [trace.loss * trace.share for trace in traces]
    adds_up([trainer.counters.batch_loss], [losses], extra=ELEMENTARY * HALF_ULP * sum(losses))
    if training.zero_grad and not training.l1:
        gradients = np.stack([trace.gradient for trace in traces])
        free = [i not in trainer.constraints.frozen for i in range(trainer.layout.size)]
        sizes = np.abs(gradients).sum(axis=0)[free]
        came = trainer.state if trainer.stage else trainer.previous  # before they were clipped
        adds_up(came[1][free], gradients[:, free], axis=0, extra=3 * HALF_ULP * sizes)


@examples(120)
@given(recording=moments_of_runs(), changes=st.sampled_from([{}, {}, {"training.optimizer": "adam"}]))
def test_every_line_of_the_step_adds_up_from_the_state_before_it(recording, changes):
    recording.change(**changes)
    trainer = recording.trainer
    recording.run(1)
    step = trace_step(trainer)
    assume(step is not None)
    assume(np.isfinite(trainer.state).all() and math.isfinite(step.real_change))
    before = trainer.previous
    assert (step.before == before[0]).all()
    assert (step.gradient == before[1]).all()
    assert (step.after == trainer.state[0]).all()
    check_step(step, before[2:], recording.experiment)
    training = recording.experiment.training
    if training.zero_grad and not training.l1:
        products = double(step.gradient) * step.change
        cancelled = float(sizes_of_shares(trainer.batch) @ np.abs(step.change))  # rows may outweigh one another
        bound = 1e-5 * np.abs(products).sum() + HALF_ULP * (trainer.batch.rows + 1) * cancelled + TINY
        assert step.expected_change == pytest.approx(products.sum(), abs=bound)
    loss, again = trainer.counters.batch_loss, loss_again(recording)
    assert step.real_change == pytest.approx(again - loss, abs=1e-5 * (1 + loss + again))


def sizes_of_shares(batch):
    """The rows' shares of the gradient, each by its size, added up: ``(P,)``."""
    parts = []
    for i in range(batch.depth):
        delta = np.abs(double(batch.delta(i)))
        parts += [(delta @ np.abs(double(batch.entering(i))).T).ravel(), delta.sum(axis=1)]
    return np.concatenate(parts)


def loss_again(recording: Run) -> float:
    """The last batch's loss after its step, added up from its rows in float64."""
    trainer, batch = recording.trainer, recording.trainer.batch
    x = double(batch.inputs)
    tensors = [double(array) for _, array in trainer.named_parameters()]
    last = batch.depth - 1
    for i in range(batch.depth):
        x = tensors[2 * i] @ x + tensors[2 * i + 1][:, None]
        x = activation(recording.experiment.activations[i], x)[0]
        if i < last:
            x = x if batch.mask(i) is None else x * double(batch.mask(i))
    if batch.loss_name == "bce":
        return float((np.logaddexp(0, x) - x * double(batch.targets)).mean())
    flat = recording.experiment.training.flat_target
    return float(loss_and_slope(batch.loss_name, (x.T if flat else x) - double(batch.targets))[0].mean())


def test_a_steps_expected_change_adds_up_from_the_changes_that_are_printed_even_where_float32_rounds_them_away():
    experiment = Experiment.preset("many-pairs").replace(
        **{"network.layers": (2, 1), "data.low": 0.0, "data.high": 1.0, "training.flat_target": True,
           "training.optimizer": "adam", "training.lr": 0.01, "data.count": 100}
    )  # fmt: skip
    recording = Run(experiment)
    recording.run(2_000)
    step = trace_step(recording.trainer)
    products = double(step.gradient) * step.change
    assert (double(step.after) - step.before != step.change).any()
    assert step.expected_change == pytest.approx(products.sum(), rel=1e-3, abs=1e-3 * np.abs(products).sum())


def test_a_steps_expected_change_leaves_out_penalties_and_gradients_from_before():
    experiment = Experiment.preset("one-pair").replace(
        **{"training.l1": 5.0, "training.zero_grad": False, "training.optimizer": "sgd", "training.lr": 1e-7}
    )
    recording = Run(experiment)
    recording.run(3)
    step = trace_step(recording.trainer)
    assert step.expected_change == pytest.approx(step.real_change, rel=0.02)


@examples(40)
@given(recording=moments_of_runs(), pair=st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)))
def test_the_current_sums_gradient_is_autograds(recording, pair):
    trainer, experiment = recording.trainer, recording.experiment
    assume(not trainer.constraints.muted)
    trace = trace_sum(trainer, *pair)
    assume(finite(trace))
    if not {"relu", "leaky_relu", "step"}.isdisjoint(experiment.activations):
        assume(all((np.abs(layer.pre) > 1e-3 * np.abs(layer.entering).max()).all() for layer in trace.layers))
    assume(experiment.training.loss != "mae" or abs(trace.differences[0]) > 1e-3)
    module = Adder(experiment).eval()
    module.load_flat(trainer.state[0])
    module = module.double()
    target = torch.tensor([[trace.target]], dtype=torch.float64)
    criterion = {"mse": torch.nn.MSELoss, "mae": torch.nn.L1Loss, "huber": torch.nn.HuberLoss,
                 "bce": torch.nn.BCEWithLogitsLoss}[trace.loss_name]()  # fmt: skip
    loss = criterion(module(torch.from_numpy(trace.inputs).double()[None]), target)
    loss.backward()
    theirs = torch.cat([p.grad.ravel() for p in module.parameters()]).numpy()
    # sizes: the same products with every number's size in its place, and what a bend makes of a rounded sum
    sizes, largest = gradient_sizes(trace)
    assert (np.abs(trace.gradient - theirs) <= 64 * HALF_ULP * (1 + largest) * sizes + TINY).all()


def gradient_sizes(trace: Trace) -> tuple[np.ndarray, float]:
    forward, entering = np.abs(double(trace.inputs)), []
    for layer in trace.layers:
        entering.append(forward)
        forward = np.abs(double(layer.weight)) @ forward + np.abs(double(layer.bias))
        forward = np.maximum(forward, np.abs(layer.post))  # sigmoid makes much of little
    largest = max(float(a.max()) for a in [*entering, forward])
    delta = np.array([2 * (float(forward[0]) + abs(trace.target)) + 1])
    parts = []
    for layer, came in zip(reversed(trace.layers), reversed(entering), strict=True):
        parts += [delta, np.outer(delta, came).ravel()]
        delta = np.abs(double(layer.weight)).T @ delta
    return np.concatenate(parts[::-1]), largest


def test_the_numbers_of_one_pairs_first_pass_are_the_curriculums():
    recording = Run(Experiment.preset("one-pair"))
    trace = trace_sum(recording.trainer, 30, 70)
    assert trace.layers[0].post == pytest.approx([57.9250, 39.9805, 5.9549, 18.8736], abs=1e-3)
    assert trace.layers[1].post == pytest.approx([24.2555, 25.8031, -10.1860, -39.0174], abs=1e-3)
    assert trace.answer == pytest.approx(1.1863, abs=1e-3)
    assert trace.layers[2].bias_grad == pytest.approx([-197.627], abs=1e-2)
    assert trace.layers[2].weight_grad[0] == pytest.approx([-4793.55, -5099.40, 2013.04, 7710.91], rel=1e-4)
    assert trace.layers[1].delta == pytest.approx([-76.287, -16.445, 32.085, -61.062], abs=1e-2)
    assert trace.layers[0].delta == pytest.approx([-17.810, 5.813, -12.449, 32.289], abs=1e-2)
    assert trace.step is None
    recording.run(1)
    again = trace_row(recording.trainer, 0)
    assert again.gradient == pytest.approx(trace.gradient, rel=1e-5)
    assert (again.share, again.rows, again.pair) == (1.0, 1, (30.0, 70.0))


def test_the_first_sgd_step_of_one_pair_is_the_curriculums():
    recording = Run(Experiment.preset("one-pair").replace(**{"training.optimizer": "sgd", "training.lr": 1e-5}))
    recording.run(1)
    step = trace_step(recording.trainer)
    assert recording.trainer.counters.batch_loss + step.real_change == pytest.approx(8038.70, abs=0.1)
    assert trace_sum(recording.trainer, 30, 70).answer == pytest.approx(10.341, abs=0.01)


def test_a_dropped_out_or_silenced_neuron_shows_its_sum_and_that_it_passes_nothing_on():
    recording = Run(Experiment.preset("one-pair"))
    plain = trace_sum(recording.trainer, 30, 70).layers[0].pre
    recording.constrain(Constraints(muted=frozenset({(0, 1)})))
    muted = trace_sum(recording.trainer, 30, 70).layers[0]
    assert (muted.pre == plain).all()
    assert muted.post[1] == 0
    assert muted.mask.tolist() == [1, 0, 1, 1]


def test_there_is_no_step_before_the_first_within_an_update_or_once_the_state_was_changed_by_hand():
    recording = Run(Experiment.preset("one-pair"))
    assert trace_step(recording.trainer) is None
    recording.step("layer")
    assert trace_step(recording.trainer) is None
    recording.run(1)
    assert trace_step(recording.trainer) is not None
    for intervention in (
        lambda: recording.edit(3, 0.5),
        lambda: recording.change(**{"training.optimizer": "sgd", "training.lr": 1e-6}),
        lambda: recording.constrain(Constraints(frozenset({1}))),
    ):
        intervention()
        assert trace_step(recording.trainer) is None
        recording.run(1)
        assert trace_step(recording.trainer) is not None
    newest = recording.newest
    recording.seek(Position(1))
    assert trace_step(recording.trainer) is not None
    recording.seek(Position(1, 0, 1))
    assert trace_step(recording.trainer) is None
    recording.seek(newest)
    assert trace_step(recording.trainer) is not None


def test_a_row_can_be_followed_after_backward_and_only_when_it_was_in_the_batch():
    recording = Run(Experiment().replace(**{"data.count": 5, "training.batch_size": 2, "data.scale": 500.0}))
    trainer = recording.trainer
    with pytest.raises(RequestError, match="There has been no batch yet"):
        trace_row(trainer, 0)
    for _ in range(7):  # zero_grad, three layers forward, loss, two layers backward
        recording.step("layer")
        with pytest.raises(RequestError, match="has not gone all the way"):
            trace_row(trainer, int(trainer.batch_rows[0]))
    recording.step("update")
    inside = trainer.batch_rows.tolist()
    assert trace_row(trainer, inside[0]).row == inside[0]
    for outside in {*range(5), -1, 5} - set(inside):
        with pytest.raises(RequestError, match=f"Row {outside} is not in this batch of 2 rows"):
            trace_row(trainer, outside)


def test_a_row_is_not_followed_through_weights_that_were_edited_on_its_way():
    recording = Run(Experiment.preset("one-pair"))
    recording.step("phase", 4)
    before = trace_row(recording.trainer, 0)
    assert before.layers[0].pre == pytest.approx([57.9250, 39.9805, 5.9549, 18.8736], abs=1e-3)
    recording.edit(0, 5.0)
    with pytest.raises(RequestError, match="by hand"):
        trace_row(recording.trainer, 0)
    recording.step("phase")
    with pytest.raises(RequestError, match="by hand"):
        trace_row(recording.trainer, 0)
    recording.step("update")
    check_trace(trace_row(recording.trainer, 0), recording.experiment)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("edited", [False, True])
def test_within_an_update_a_rows_way_and_the_proof_are_of_the_update_from_its_start(dropout, edited):
    changes = {"data.count": 6, "data.scale": 500.0, "training.batch_size": 4, "network.dropout": dropout}
    workspace, whole = (Workspace(Experiment().replace(**changes)) for _ in range(2))
    for one in (workspace, whole):
        one.run.step("update", 2)
        one.run.edit(3, 0.5)  # at the start of the update: it is not left out
    whole.run.step("update")
    rows = whole.explorer.batch_rows()
    proven = None
    for stage in range(1, 9):
        workspace.run.step("layer")
        if edited and stage == 3:
            workspace.run.edit(0, 9.0)
            workspace.run.edit(36, 9.0)
        before = workspace.run.trainer.state.copy()
        assert workspace.explorer.batch_rows() == rows
        for row in rows:
            trace, later = workspace.explorer.trace(row), whole.explorer.trace(row)
            left_out = 2 if edited and stage >= 3 else 0
            assert (trace.ahead, trace.left_out) == (stage < 8 or left_out > 0, left_out)
            assert np.array_equal(trace.gradient, later.gradient)
            assert np.array_equal(trace.batch_gradient, later.batch_gradient)
            assert (trace.answer, trace.loss, trace.share) == (later.answer, later.loss, later.share)
        assert np.array_equal(workspace.run.trainer.state, before)
        proof = workspace.explorer.prove()
        assert (proof.update, proof.begun, proof.left_out, proof.agrees) == (3, True, left_out, True)
        proven = proven or proof
        assert proof.lines == proven.lines
    workspace.run.step("update")
    if not edited:
        assert np.array_equal(workspace.run.trainer.state, whole.run.trainer.state)


def test_tracing_does_not_disturb_the_run():
    experiment = Experiment().replace(
        **{"data.count": 6, "data.scale": 500.0, "training.batch_size": 4, "network.dropout": 0.4}
    )
    looked, alone = Run(experiment), Run(experiment)
    for _ in range(40):
        looked.step("layer")
        alone.step("layer")
        trace_sum(looked.trainer, 30, 70, trace_step(looked.trainer))
        if looked.trainer.stage == 0:
            trace_row(looked.trainer, int(looked.trainer.batch_rows[0]))
    assert np.array_equal(looked.trainer.state, alone.trainer.state)
    assert np.array_equal(looked.trainer.stream, alone.trainer.stream)


@examples(40)
@given(experiments(most_rows=3, widest=4), st.integers(1, 4), st.booleans())
def test_where_the_sum_is_the_whole_batch_its_way_and_the_step_are_one_chain(
    experiment: Experiment, updates: int, of_the_data: bool
) -> None:
    recording = Run(experiment.replace(epochs=5))
    recording.step("update", updates)
    trainer = recording.trainer
    step = trace_step(trainer)
    assume(step is not None)
    places = range(trainer.inputs.shape[1]) if trainer.batch_rows is None else trainer.batch_rows.tolist()
    a, b = trainer.dataset.pairs[places[0]].tolist() if of_the_data else (1.25, 2.5)
    trace = trace_sum(trainer, a, b, step)
    chain = trace.chain
    if trace.step.way is None:
        assert chain is trace
        return
    assert len(places) == 1
    assert not experiment.network.dropout
    assert chain.step is trace.step
    assert np.array_equal(chain.layers[0].weight.ravel(), step.before[: chain.layers[0].weight.size])
    assert chain.loss == trainer.counters.batch_loss
    if not experiment.training.l1 and experiment.training.zero_grad:
        assert np.array_equal(chain.gradient, step.gradient)


def test_the_way_before_a_step_is_there_for_one_row_and_not_for_a_batch_dropout_or_a_hand_on_the_way() -> None:
    def way(changes: dict[str, object], edit: bool = False) -> Trace | None:
        recording = Run(Experiment.preset("one-pair").replace(**changes))
        recording.step("layer", 5)
        if edit:
            recording.edit(3, 0.5)
        recording.step("update", 1)
        return trace_sum(recording.trainer, 30, 70, trace_step(recording.trainer)).step.way

    assert way({}) is not None
    assert way({"data.rows": ((30.0, 70.0), (3.0, 7.0))}) is None
    assert way({"data.rows": ((30.0, 70.0, 101.0),)}) is not None
    assert way({"data.noise": 1.0}) is None
    assert way({"network.dropout": 0.5}) is None
    assert way({}, edit=True) is None


def test_the_rows_of_the_newest_batch_are_those_that_can_be_followed() -> None:
    recording = Run(Experiment.preset("mini-batches").replace(**{"data.count": 40, "training.batch_size": 5}))
    with pytest.raises(RequestError, match="There has been no batch yet"):
        batch_rows(recording.trainer)
    recording.step("update", 3)
    rows = batch_rows(recording.trainer)
    assert len(rows) == 5
    assert rows == tuple(sorted(rows))
    for row in range(40):
        if row in rows:
            assert trace_row(recording.trainer, row).row == row
        else:
            with pytest.raises(RequestError, match="is not in this batch"):
                trace_row(recording.trainer, row)
