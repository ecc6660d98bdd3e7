"""The training loop: updates, epochs, their losses and what they are held against, without a stop in between."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from adder_engine.experiment import Experiment
from adder_engine.kernels import losses, optim
from adder_engine.kernels.backprop import NO, ONE, ZERO, Net, Scratch, ask, work
from adder_engine.kernels.compiler import compiled, exactly
from adder_engine.kernels.layers import copy, fill
from adder_engine.kernels.optim import clip_gradients, optimizer_step, scheduled_lr
from adder_engine.kernels.random import permute


@dataclass(slots=True)
class Counters:
    """Where a run stands, apart from its tensors."""

    updates_done: int = 0
    epochs_done: int = 0
    row: int = 0
    """Rows of the current epoch that have been in an update."""
    optimizer_steps: int = 0
    """Steps since the optimizer's moments were fresh."""
    has_gradients: bool = False
    """False where PyTorch's ``.grad`` would still be None."""
    batch_loss: float | None = None
    """Loss of the newest forward pass."""
    loss: float | None = None
    """``train_loss`` of the last finished epoch."""
    test_loss: float | None = None
    epoch_sum: float = 0.0
    """Sum over the current epoch's batches of loss times rows."""
    epoch_low: float = math.inf
    epoch_high: float = -math.inf
    best_loss: float | None = None
    """The lowest held-out loss measured so far with the loss in use, and the first epoch that had it."""
    best_epoch: int = 0

    @classmethod
    def of(cls, record: Any) -> Counters:
        """What a record of the training loop holds, ``(1,)`` of :data:`RECORD`."""
        numbers: list[Any] = [None if number != number else number for number in record[0].item()[:-2]]
        numbers[4] = bool(numbers[4])
        return cls(*numbers)

    def record(self, lr: float, step_lr: float) -> Any:
        """The same as a record of the training loop, ``(1,)``."""
        numbers = [math.nan if number is None else number for number in _NUMBERS(self)]
        return np.array([(*numbers, lr, step_lr)], dtype=RECORD)


_NUMBERS = attrgetter(*(f.name for f in fields(Counters)))
RECORD = np.dtype(
    [(f.name, np.int64 if f.type in ("int", "bool") else np.float64) for f in fields(Counters)]
    + [("lr", np.float64), ("step_lr", np.float64)]
)
"""The counters as the kernels have them, NaN where there is no loss yet; and the rates of the next and last update."""
GOING_ON, NO_LOSS, STEPPED_AWAY = 0, -1, -2
"""How a stretch of training ended: at its limit, at a loss that is not finite, found before a step or after one; or by
a rule, whose number it is then."""


class Data(NamedTuple):
    """Rows to learn from, inputs ``(2, n)`` and targets ``(n,)``, and those held out; in scaled units."""

    inputs: NDArray[np.float32]
    targets: NDArray[np.float32]
    test_inputs: NDArray[np.float32]
    test_targets: NDArray[np.float32]


class Settings(NamedTuple):
    """The settings of training in force, as numbers."""

    epochs: Any
    test_every: Any
    batch_size: Any
    loss: Any
    flat_target: Any
    zero_grad: Any
    optimizer: Any
    momentum: Any
    beta1: Any
    beta2: Any
    eps: Any
    clip_norm: Any
    decay: Any
    l1: Any
    lr: Any
    schedule: Any
    every: Any
    gamma: Any
    warmup: Any


def settings_of(experiment: Experiment) -> Settings:
    """The experiment's, each word as its code."""
    t = experiment.training
    beta1, beta2 = map(float, t.betas)
    return Settings(
        experiment.epochs, experiment.data.test_every, t.batch_size, losses.CODES[t.loss], t.flat_target, t.zero_grad,
        optim.CODES[t.optimizer], float(t.momentum), beta1, beta2, float(t.eps), float(t.clip_norm),
        float(t.weight_decay), float(t.l1), float(t.lr),
        optim.SCHEDULES[t.schedule], t.schedule_every, float(t.schedule_gamma), t.warmup_epochs,
    )  # fmt: skip


@exactly
def lr_at(s: Any, epoch: Any) -> Any:
    """The learning rate in an epoch, 0-based."""
    return scheduled_lr(s.schedule, s.lr, s.every, s.gamma, s.warmup, epoch, s.epochs)


class Workings(NamedTuple):
    """What is trained, and all that it takes."""

    net: Net
    settings: Settings
    state: NDArray[np.float32]
    """``(4, P)``"""
    previous: NDArray[np.float32]
    """``(4, P)``: the state before the last step."""
    frozen: NDArray[np.bool_]
    """``(P,)``"""
    held: bool
    """Whether any parameter is frozen."""
    scratch: Scratch
    data: Data
    masks: NDArray[np.float32]
    """``(rows, features)``: dropout's for the next update; empty where there is none."""
    order: NDArray[np.int64]
    """``(n,)``: the current epoch's shuffled rows."""
    streams: NDArray[np.uint32]
    """``(3, 625)``: random numbers now, before this epoch's rows were shuffled, and before the last one's."""


@compiled
def mean_loss(w: Any, parameters: Any, inputs: Any, targets: Any) -> Any:
    """The loss over rows in their order, with these parameters, without dropout and with plain targets."""
    return work(w.net, parameters, w.state[1], w.masks[:0], w.scratch, inputs, targets, w.order[:0], ZERO,
                len(targets), w.settings.loss, NO, ONE, len(w.net.codes) + 1)  # fmt: skip


@compiled
def penalise(w: Any, first: Any, last: Any) -> None:
    """Add the l1 penalty's gradient to layers ``first`` to ``last``, and let frozen parameters have none."""
    net, l1, state = w.net, w.settings.l1, w.state
    for i in range(net.starts[first], net.starts[last] + (net.sizes[last] + 1) * net.sizes[last + 1]):
        if l1:
            state[1, i] += np.float32(l1) * np.sign(state[0, i])
        if w.frozen[i]:
            state[1, i] = 0


@compiled
def take_step(w: Any, c: Any) -> None:
    """Clip the gradients, where that is wished, and let the optimizer change the parameters once.

    Frozen parameters and their moments stay what they were. ``previous`` keeps the gradients as they came.
    """
    s, state, previous = w.settings, w.state, w.previous
    for row in range(4):
        copy(previous[row], state[row])
    c.optimizer_steps += 1
    c.step_lr = c.lr
    if s.clip_norm:
        clip_gradients(s.clip_norm, state[1])
    optimizer_step(s.optimizer, c.lr, s.momentum, s.beta1, s.beta2, s.eps, s.decay, c.optimizer_steps, state)
    if w.held:
        for i in range(len(w.frozen)):
            if w.frozen[i]:
                state[0, i], state[2, i], state[3, i] = previous[0, i], previous[2, i], previous[3, i]
    c.updates_done += 1


@compiled
def count_rows(w: Any, c: Any, rows: Any) -> Any:
    """Count the rows of an update, and where they end an epoch, look at the held-out rows. Whether all is finite."""
    s, data = w.settings, w.data
    c.row += rows
    c.epoch_sum += c.batch_loss * rows
    c.epoch_low, c.epoch_high = min(c.epoch_low, c.batch_loss), max(c.epoch_high, c.batch_loss)
    n = len(data.targets)
    if c.row < n:
        return True
    c.loss = c.batch_loss if rows == n else c.epoch_sum / n
    c.row, c.epoch_sum = 0, 0.0
    c.epochs_done += 1
    if s.schedule != optim.CONSTANT:
        c.lr = lr_at(s, c.epochs_done)
    if len(data.test_targets) and (c.epochs_done % s.test_every == 0 or c.epochs_done == s.epochs):
        c.test_loss = mean_loss(w, w.state[0], data.test_inputs, data.test_targets)
        if not math.isfinite(c.test_loss):
            return False
        if not c.test_loss >= c.best_loss:  # NaN where there is none yet
            c.best_loss, c.best_epoch = c.test_loss, c.epochs_done
    if c.epochs_done < s.epochs:
        return True
    return math.isfinite(mean_loss(w, w.state[0], data.inputs, data.targets))  # no further pass would notice


@compiled
def finish(w: Any, counters: Any, before: Any, rows: Any) -> Any:
    """Take the step of an update of so many rows, and count it. Whether all that was measured then is finite."""
    before[0] = counters[0]
    c = counters[0]
    take_step(w, c)
    return count_rows(w, c, rows)


@compiled
def update(w: Any, counters: Any, before: Any) -> Any:
    """One update: zero_grad, forward, loss, backward, step. How it ended."""
    c, s, data = counters[0], w.settings, w.data
    n, depth = len(data.targets), len(w.net.codes)
    whole = s.batch_size == 0 and c.row == 0
    rows = n if whole else min(s.batch_size if s.batch_size else n, n - c.row)
    if s.zero_grad:
        fill(w.state[1], 0)
        c.has_gradients = 0
    found = work(w.net, w.state[0], w.state[1], w.masks, w.scratch, data.inputs, data.targets,
                 w.order[:0] if whole else w.order, c.row, rows, s.loss, s.flat_target, ONE, 2 * depth + 1)  # fmt: skip
    if not math.isfinite(found):
        return NO_LOSS
    if c.row == 0:
        c.epoch_low, c.epoch_high = math.inf, -math.inf
    c.batch_loss, c.has_gradients = found, 1
    if s.l1 or w.held:
        penalise(w, 0, depth - 1)
    return GOING_ON if finish(w, counters, before, rows) else STEPPED_AWAY


class Series(NamedTuple):
    """One value an epoch, in buckets of equal width; each keeps its last value and its extremes."""

    columns: Any
    """``(4, capacity + 1)``: the buckets' last epochs, last values, lowest and highest values."""
    size: Any
    """``(2,)``: how many buckets there are, and how many epochs each holds."""


class Notes(NamedTuple):
    """The losses of a run so far."""

    train: Any
    test: Any
    epochs: Any
    """``(1,)``: the last epoch that was noted."""


@exactly
def record(series: Any, epoch: Any, value: Any, low: Any, high: Any) -> None:
    """Add the value of an epoch (1-based), which comes after all epochs recorded before.

    When the buckets are used up their width doubles, so that the cost of a value stays flat however long the run.
    """
    columns, size = series.columns, series.size
    i = size[0] - 1
    if i >= 0 and (epoch - 1) // size[1] == (np.int64(columns[0, i]) - 1) // size[1]:
        low, high = min(columns[2, i], low), max(columns[3, i], high)
    else:
        i += 1
        size[0] += 1
    columns[0, i], columns[1, i], columns[2, i], columns[3, i] = epoch, value, low, high
    if size[0] == columns.shape[1]:
        count, size[0] = size[0], 0
        size[1] *= 2
        for k in range(count):
            record(series, np.int64(columns[0, k]), columns[1, k], columns[2, k], columns[3, k])


@exactly
def note(notes: Any, s: Any, c: Any, held_out: Any) -> None:
    """Note an epoch that has just ended, unless it was noted before."""
    if c.epochs_done <= notes.epochs[0]:
        return
    record(notes.train, c.epochs_done, c.loss, c.epoch_low, c.epoch_high)
    if held_out and (c.epochs_done % s.test_every == 0 or c.epochs_done == s.epochs):
        record(notes.test, c.epochs_done, c.test_loss, c.test_loss, c.test_loss)
    notes.epochs[0] = c.epochs_done


class Rules(NamedTuple):
    """The rules by which a run pauses at the end of an epoch; 0 where there is none."""

    epoch: Any
    loss: Any
    patience: Any
    pair: Any
    """``(2, 1)`` float32, or ``(2, 0)``: the sum whose answer is watched, in scaled units."""
    answer: Any
    """``(1,)`` float32: the answer to it that was found last, in units of sums."""
    wanted: Any
    within: Any
    scale: Any
    yes_or_no: Any
    """Whether the answer is how likely yes is."""
    beyond: Any
    """Epochs up to this one are gone through without a stop."""
    were: Any
    """``(2,)``: whether the loss, and the answer, were within their bounds an epoch earlier."""


EPOCH, LOSS, PATIENCE, SUM = 1, 2, 3, 4
NEVER = 1 << 60
"""An update or epoch that no run comes to."""


@compiled
def is_near(w: Any, rules: Any) -> Any:
    """Whether the answer to the watched sum, which is left in ``rules.answer``, is within its bounds."""
    ask(w.net, w.state[0], w.scratch, rules.pair, w.masks, w.order, 1, rules.answer)
    if rules.yes_or_no:
        rules.answer[0] = np.float32(1 / (1 + math.exp(-np.float64(rules.answer[0]))))
    else:
        rules.answer[0] *= np.float32(rules.scale)
    return abs(rules.answer[0] - rules.wanted) <= rules.within


@compiled
def rule_met(w: Any, rules: Any, c: Any) -> Any:
    """Which rule comes true with the epoch that has just ended, 0 for none."""
    if c.epochs_done <= rules.beyond:
        return 0
    s = w.settings
    fired = EPOCH if rules.epoch and c.epochs_done == rules.epoch else 0
    if rules.loss:
        was, rules.were[0] = rules.were[0], c.loss <= rules.loss
        if rules.were[0] and not was and not fired:
            fired = LOSS
    now, best = c.epochs_done, c.best_epoch
    if rules.patience and not fired and best and (now % s.test_every == 0 or now == s.epochs):
        earlier = max(best, (now - 1) // s.test_every * s.test_every)
        if (now - best) // rules.patience > (earlier - best) // rules.patience:
            fired = PATIENCE
    if rules.pair.shape[1]:
        was, rules.were[1] = rules.were[1], is_near(w, rules)
        if rules.were[1] and not was:
            fired = SUM
    return fired


@compiled
def shuffle(streams: Any, order: Any) -> None:
    """Draw the order of an epoch, see :class:`Workings`."""
    copy(streams[2], streams[1])
    copy(streams[1], streams[0])
    permute(streams[0], order)


@compiled
def train(w: Any, counters: Any, before: Any, notes: Any, rules: Any, until: Any, last_epoch: Any, begun: Any) -> Any:
    """Run updates until so many are done, or an epoch; ``begun``: the first one's rows are drawn. How it ended."""
    c = counters[0]
    while c.updates_done < until and c.epochs_done < last_epoch:
        epoch = c.epochs_done
        if c.row == 0 and w.settings.batch_size and not begun:
            shuffle(w.streams, w.order)
        begun = False
        ended = update(w, counters, before)
        if ended != GOING_ON:
            return ended
        if c.epochs_done > epoch:
            note(notes, w.settings, c, len(w.data.test_targets))
            fired = rule_met(w, rules, c)
            if fired:
                return fired
    return GOING_ON
