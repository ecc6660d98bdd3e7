"""Following one example through the network: forward, loss, backward, and the optimizer's step."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from adder_engine.errors import RequestError
from adder_engine.kernels.losses import CODES, summed, summed_against_all
from adder_engine.kernels.optim import ALPHA, CLIP_EPS
from adder_engine.language import tr
from adder_engine.snapshot import LayerActivity
from adder_engine.trace import LayerTrace, StepTrace, Term, Trace
from adder_engine.training.passes import Pass
from adder_engine.training.trainer import Trainer

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Pair = tuple[float, float]


def trace_sum(trainer: Trainer, a: float, b: float, step: StepTrace | None = None) -> Trace:
    """Follow the pair (a, b) through the network as it is now, without dropout, and its own error back.

    Where its right answer is not known, target, loss, errors and gradients are NaN.
    """
    experiment = trainer.experiment
    data = trainer.dataset
    wanted = experiment.wanted.of(a, b)
    target = math.nan if wanted is None else wanted
    way = trainer.quiet_pass(_scaled([[a], [b]], data.scales.inputs), _scaled([target], data.scales.targets))
    loss = way.run()
    way.back()
    if step is not None:
        before = way.again(trainer.previous[0].copy())
        earlier_loss = before.run()
        step = dataclasses.replace(step, previous_answer=float(data.meant(before.answers)[0]))
        if _is_the_batch(trainer, before):
            before.back()
            step = dataclasses.replace(step, way=_collect(trainer, before, before.parameters, (a, b), earlier_loss))
    return dataclasses.replace(_collect(trainer, way, way.parameters, (a, b), loss), step=step)


def _scaled(values: Sequence[object], scale: float) -> Floats:
    return np.array(values, dtype=np.float32) / np.float32(scale)


def _is_the_batch(trainer: Trainer, way: Pass) -> bool:
    """Whether the newest batch is this one example, on the same way."""
    batch = trainer.batch
    return (
        batch is not None
        and not trainer.batch_touched
        and not trainer.experiment.network.dropout
        and np.array_equal(batch.inputs, way.inputs)
        and np.array_equal(batch.targets, way.targets)
    )


def batch_rows(trainer: Trainer) -> tuple[int, ...]:
    """The rows of the data in the newest batch, in the data's order.

    Raises:
        RequestError: there has been no batch yet.
    """
    return tuple(sorted(_batch_places(trainer).tolist()))


def _batch_places(trainer: Trainer) -> NDArray[np.int64]:
    if trainer.batch is None:
        raise RequestError("There has been no batch yet: make a step, and b follows its rows.")
    rows = trainer.batch_rows
    return np.arange(trainer.inputs.shape[1]) if rows is None else rows


def is_through(trainer: Trainer) -> bool:
    """Whether the newest batch has gone all the way through, forward and back, untouched by hand."""
    return not trainer.batch_touched and (not trainer.stage or trainer.stages[trainer.stage].phase == "step")


def trace_row(trainer: Trainer, row: int, step: StepTrace | None = None) -> Trace:
    """Follow one row of the newest batch, once it has gone through, with its dropout and its share.

    Raises:
        RequestError: no batch has gone through yet, the row was not in it, or a parameter was set by hand meanwhile.
    """
    places = _batch_places(trainer)
    way = trainer.batch
    assert way is not None
    if trainer.stage and trainer.stages[trainer.stage].phase != "step":
        raise RequestError("This batch has not gone all the way through yet: step on to the end of backward.")
    if trainer.batch_touched:
        raise RequestError("This batch met a parameter that was set by hand on its way: step one update to follow one.")
    found = np.flatnonzero(places == row)
    if not len(found):
        some = ", ".join(map(str, places[:8].tolist())) + (", …" if len(places) > 8 else "")
        raise RequestError(
            "Row {row} is not in this batch of {rows} rows: it holds {places}.", row=row, rows=way.rows, places=some
        )
    place = int(found[0])
    data = trainer.experiment.data  # rows as they were typed: 0.1, and not 0.100000001
    own = trainer.experiment.training_rows
    a, b = own[row][:2] if data.kind == "rows" else (float(x) for x in trainer.dataset.pairs[row].tolist())
    targets = way.targets if way.flat_target else way.targets[place : place + 1]
    answers, n = np.full_like(targets, way.answers[place]), len(targets)
    loss = float(summed(CODES[way.loss_name], answers, targets, np.empty_like(targets), n) / targets.dtype.type(n))
    parameters = trainer.state[0] if trainer.stage else trainer.previous[0]
    trace = _collect(trainer, way, parameters, (a, b), loss, place)
    gradient = (trainer.state if trainer.stage else trainer.previous)[1].copy()
    for index, held in zip(sorted(trainer.constraints.frozen), held_gradients(trainer), strict=True):
        gradient[index] = 0.0 if held is None else held
    return dataclasses.replace(trace, row=row, step=step, batch_gradient=gradient)


def trace_row_ahead(trainer: Trainer, row: int) -> Trace:
    """Follow one row of the update that comes next, or is in progress, through all of it; the trainer goes there.

    Raises:
        RequestError: the row is not in the batch, or the loss would not be finite.
    """
    trainer.climb_to("step")
    if trainer.stopped:
        number = trainer.updates_done + 1
        raise RequestError("The loss of update {number:,} is not finite: no row can be followed.", number=number)
    return dataclasses.replace(trace_row(trainer, row), ahead=True)


def trace_step(trainer: Trainer) -> StepTrace | None:
    """The arithmetic of the last step; None before the first, within an update, and once it was edited since."""
    batch = trainer.batch
    if trainer.stage or batch is None or trainer.touched or trainer.updates_done == 0:
        return None
    before, after = trainer.previous.copy(), trainer.state.copy()
    frozen = trainer.frozen.copy()
    terms = _terms(trainer, before.astype(np.float64), after.astype(np.float64), frozen)
    training = trainer.experiment.training
    assert trainer.counters.batch_loss is not None
    return StepTrace(
        optimizer=training.optimizer,
        lr=trainer.step_lr,
        number=trainer.counters.optimizer_steps,
        before=before[0],
        gradient=before[1],
        terms=terms,
        after=after[0],
        frozen=frozen,
        expected_change=float(batch.own_gradient() @ terms[-1].values),
        real_change=batch.again(trainer.state[0]).run() - trainer.counters.batch_loss,
    )


def held_gradients(trainer: Trainer) -> tuple[float | None, ...]:
    """What the newest backward pass would have given each frozen parameter, in the order of their flat indices.

    With the l1 penalty; earlier passes' gradients, where they are kept, were never added up for it. None where that
    pass has not come to the parameter's layer.
    """
    frozen, batch, stage = sorted(trainer.constraints.frozen), trainer.batch, trainer.stage
    if not frozen:
        return ()
    reached = [r.layer for r in trainer.stages[: stage or None] if r.layer is not None and r.phase == "backward"]
    if batch is None or not reached:
        return (None,) * len(frozen)
    own = batch.own_gradient()
    own += trainer.experiment.training.l1 * np.sign((trainer.state if stage else trainer.previous)[0])
    first = trainer.layout.weight(min(reached)).start
    return tuple(float(own[i]) if i >= first else None for i in frozen)


def layer_activity(trainer: Trainer) -> tuple[LayerActivity, ...]:
    """Each layer's outputs over all training rows, without dropout: mean, range, and the share of dead ones."""
    look = trainer.quiet_pass(trainer.inputs, trainer.targets)
    look.run()
    activity = []
    for i, name in enumerate(trainer.experiment.layer_names):
        outputs = look.post(i)
        dead = np.asarray((look.slope(i) == 0).mean(axis=1), dtype=np.float32)
        activity.append(LayerActivity(name, outputs.mean(axis=1), outputs.min(axis=1), outputs.max(axis=1), dead))
    return tuple(activity)


def _terms(trainer: Trainer, before: Doubles, after: Doubles, frozen: NDArray[np.bool_]) -> tuple[Term, ...]:
    """The optimizer's formula in named steps: Kingma & Ba 2015 for Adam, else ``torch.optim``'s documentation."""
    training, lr, t = trainer.experiment.training, trainer.step_lr, trainer.counters.optimizer_steps
    name, decay = training.optimizer, training.weight_decay
    theta, g = before[0], before[1]
    first, second = after[2], after[3]
    (beta1, beta2), eps = training.betas, training.eps
    terms: list[Term] = []

    def term(symbol: str, formula: str, values: Doubles) -> Doubles:
        terms.append(Term(symbol, formula, values))
        return values

    gradient, norm = "g", float(np.linalg.norm(g))
    if training.clip_norm and training.clip_norm < norm + CLIP_EPS:
        term("n", tr("norm of all .grad"), np.full_like(g, norm))
        g = term("c", f"g·{training.clip_norm:g}/(n + 1e−6)", after[1])
        gradient = "c"
    shrink = np.zeros_like(theta)
    if decay and name == "adamw":
        shrink = term("d", f"−lr·{decay:g}·θ", -lr * decay * theta)
    elif decay:
        g = term("g'", f"{gradient} + {decay:g}·θ", g + decay * theta)
        gradient = "g'"
    if name == "sgd":
        change = term("Δ", f"−lr·{gradient}", -lr * g)
    elif name in ("momentum", "nesterov"):
        mu = training.momentum
        term("b", f"{mu:g}·b + {gradient}", first)
        if name == "nesterov":
            step = term("s", f"{gradient} + {mu:g}·b", g + mu * first)
            change = term("Δ", "−lr·s", -lr * step)
        else:
            change = term("Δ", "−lr·b", -lr * first)
    elif name == "rmsprop":
        term("v", f"{ALPHA:g}·v + {1 - ALPHA:g}·{gradient}²", second)
        change = term("Δ", f"−lr·{gradient}/(√v + ε)", -lr * g / (np.sqrt(second) + eps))
    else:
        term("m", f"{beta1:g}·m + {1 - beta1:g}·{gradient}", first)
        term("v", f"{beta2:g}·v + {1 - beta2:g}·{gradient}²", second)
        m_hat = term("m̂", f"m/(1 − {beta1:g}^{t})", first / (1 - beta1**t))
        v_hat = term("v̂", f"v/(1 − {beta2:g}^{t})", second / (1 - beta2**t))
        formula = "−lr·m̂/(√v̂ + ε)" + (" + d" if shrink.any() else "")
        change = term("Δ", formula, shrink - lr * m_hat / (np.sqrt(v_hat) + eps))
    change[frozen] = 0
    return tuple(terms)


def _collect(trainer: Trainer, way: Pass, parameters: Floats, pair: Pair, loss: float, place: int = 0) -> Trace:
    """One column of a pass as a trace, which belongs to no row and no step yet."""

    def column(values: Floats) -> Floats:
        return values[:, place].copy()

    data = trainer.dataset
    numbers = [tensor.of(parameters).copy() for tensor in trainer.layout.tensors]
    deltas = [column(way.delta(i)) for i in range(way.depth)]
    layers = []
    for i, (name, delta) in enumerate(zip(trainer.experiment.layer_names, deltas, strict=True)):
        entering, mask = column(way.entering(i)), way.mask(i)
        layer = LayerTrace(
            name=name,
            entering=entering,
            weight=numbers[2 * i],
            bias=numbers[2 * i + 1],
            pre=column(way.pre(i)),
            post=column(way.post(i)),
            mask=None if mask is None else column(mask),
            slope=column(way.slope(i)),
            arriving=numbers[2 * i + 2].T @ deltas[i + 1] if i + 1 < way.depth else _error(way, place),
            delta=delta,
            weight_grad=np.outer(delta, entering),
            bias_grad=delta,
        )
        layers.append(layer)
    return Trace(
        pair=pair,
        row=None,
        scale=data.scales.inputs,
        target_scale=data.scales.targets,
        inputs=column(way.inputs),
        layers=tuple(layers),
        answer=float(data.meant(way.answers[place : place + 1])[0]),
        output=float(way.answers[place]),
        target=float(way.targets[place]),
        differences=way.difference[place].copy() if way.flat_target else column(way.difference),
        loss_name=way.loss_name,
        loss=loss,
        share=1 / way.rows,
        rows=way.rows,
        step=None,
    )


def _error(way: Pass, place: int) -> Floats:
    """The gradient of the loss by one row's answer, ``(1,)``: what comes back before the last activation's slope."""
    if way.net.plain[-1]:
        return np.asarray(way.delta(way.depth - 1)[:, place].copy())
    answer, code = np.ascontiguousarray(way.answers[place : place + 1]), CODES[way.loss_name]
    error = np.empty_like(answer)
    if way.flat_target:
        summed_against_all(code, answer, way.targets, error, way.rows * way.rows)
    else:
        summed(code, answer, way.targets[place : place + 1], error, way.rows)
    return error
