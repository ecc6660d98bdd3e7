"""Training, synchronously: by rung, phase, update or epoch, on one state tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from adder_engine.experiment import Experiment
from adder_engine.kernels.backprop import MOST_ALONE, Pass, one_by_one
from adder_engine.kernels.network import initial_parameters, layout_for, linear_views
from adder_engine.kernels.optim import keep_frozen, optimizer_step, scheduled_lr
from adder_engine.snapshot import stages_of
from adder_engine.training.checkpoint import Checkpoint, Constraints, Counters, why_stopped
from adder_engine.training.data import Dataset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]


class Trainer:
    """Trains one experiment's network.

    ``state`` is one float32 tensor ``(4, P)``: the parameters, their gradients, and the optimizer's two rows
    of moments. The stream of random numbers is a generator of its own, so nothing outside disturbs a run.

    Once the loss is no longer finite the trainer goes back to its last finite state, ``stopped`` says why,
    and training does nothing more.

    Args:
        experiment: what to train.
        twin: a trainer that began with the same experiment: its data are shared and nothing is drawn, so this one
            has no parameters until a checkpoint of the other one's run is restored.
    """

    def __init__(self, experiment: Experiment, twin: Trainer | None = None) -> None:
        self.experiment = experiment
        self.layout = layout_for(experiment)
        self.rungs = stages_of(len(experiment.layer_names))
        self.generator = torch.Generator().manual_seed(experiment.seed)
        self.state = torch.zeros(4, self.layout.size)
        self.dataset: Dataset
        if twin is not None:
            self.dataset = twin.dataset
        elif experiment.data.draw_first:
            self.dataset = Dataset.draw(experiment, self.generator)
            self.state[0] = initial_parameters(experiment, self.generator)
        else:
            self.state[0] = initial_parameters(experiment, self.generator)
            self.dataset = Dataset.draw(experiment, self.generator)
        self.previous = self.state.clone()
        """The state just before the last optimizer step."""
        self._rows = self.state.unbind()
        self.layers = linear_views(self.layout, self.state[0], self.state[1])
        self.inputs: Tensor = self.dataset.inputs.T.contiguous() if twin is None else twin.inputs
        """``(2, n)``"""
        self.targets: Tensor = self.dataset.targets.T.contiguous() if twin is None else twin.targets
        """``(1, n)``"""
        self.counters = Counters()
        self.rung = 0
        """Rungs climbed of the update in progress; 0 between updates."""
        self.stopped: str | None = None
        self.handles = Constraints()
        self.touched = False
        """Whether anything was changed by hand since the last step, so that the step no longer leads here."""
        self.batch_touched = False
        """Whether a parameter was set by hand while the batch was on its way."""
        self.stepped = False
        """Whether the parameters are what the last step made of ``previous``; an edit ends that."""
        self._frozen: Tensor | None = None
        self._order: Tensor | None = None
        """The current epoch's shuffled rows."""
        self._epoch_stream: Tensor | None = None
        self._stream = self.generator.get_state()
        self._last_good: tuple[Counters, Tensor | None, Tensor | None, Tensor] | None = None
        self._passes: dict[int, Pass] = {}
        self._test_pass: Pass | None = None
        self.batch: Pass | None = None
        """The pass of the update in progress, or of the last one."""
        self.batch_rows: Tensor | None = None
        """Which rows of the data are in it, in order; None for all."""
        self._use_experiment(experiment)

    # --- settings that may change during a run ---------------------------------------------------

    def _use_experiment(self, experiment: Experiment) -> None:
        training = experiment.training
        self.experiment = experiment
        self._full_batch = training.batch_size == 0
        self._dropout = experiment.network.dropout
        self._constant_lr = training.schedule == "constant"
        self.lr = scheduled_lr(training, self.counters.epochs_done, experiment.epochs)
        """Learning rate of the next update."""
        self.step_lr = self.lr
        """Learning rate of the last update."""
        self._passes.clear()
        self._test_pass = None

    def change(self, experiment: Experiment) -> None:
        """Go on with other training settings: same network and data, so only what PyTorch could change mid-run.

        A new optimizer starts with fresh moments, as ``torch.optim`` does.
        """
        fresh = experiment.training.optimizer != self.experiment.training.optimizer
        if experiment.training.loss != self.experiment.training.loss:
            self.counters.best_loss, self.counters.best_epoch = None, 0
        self._use_experiment(experiment)
        self.touched = True
        if fresh:
            self.state[2:] = 0
            self.counters.optimizer_steps = 0

    def edit(self, index: int, value: float) -> None:
        """Set one parameter, by its flat index."""
        self.state[0, index] = value
        self.touched, self.batch_touched = True, self.rung > 0 or self.batch_touched
        self.stepped = False

    def hold(self, handles: Constraints) -> None:
        """Freeze these parameters and silence these neurons, and no others."""
        self.handles, self.touched = handles, True
        self._frozen = None
        if handles.frozen:
            self._frozen = torch.zeros(self.layout.size, dtype=torch.bool)
            self._frozen[sorted(handles.frozen)] = True
            self.state[1][self._frozen] = 0
        self._passes.clear()
        self._test_pass = None

    # --- training --------------------------------------------------------------------------------

    def update(self) -> bool:
        """Run one update: zero_grad, forward, loss, backward, step. Returns whether it ended an epoch."""
        if self.stopped:
            return False
        if self.rung:
            return self._climb_to(len(self.rungs))
        depth = len(self.layers)
        batch = self._begin()
        self._zero_grad()
        for i in range(depth):
            batch.forward(i)
        if not self._measure(batch):
            return False
        for i in reversed(range(depth)):
            self._backward(batch, i)
        return self._step(batch)

    def climb(self) -> bool:
        """Climb one rung: a phase, or one layer of forward or backward. Returns whether it ended an epoch."""
        if self.stopped:
            return False
        batch = self.batch
        if self.rung == 0 or batch is None:
            batch = self._begin()
        rung = self.rungs[self.rung]
        self.rung += 1
        if rung.phase == "zero_grad":
            self._zero_grad()
        elif rung.phase == "forward" and rung.layer is not None:
            batch.forward(rung.layer)
        elif rung.phase == "loss":
            self._measure(batch)
        elif rung.phase == "backward" and rung.layer is not None:
            self._backward(batch, rung.layer)
        else:
            return self._step(batch)
        return False

    def phase(self) -> bool:
        """Run one phase, or what is left of it: all layers of forward or backward at once."""
        start = self.rungs[self.rung].phase
        ended = self.climb()
        while self.rung and self.rungs[self.rung].phase == start:
            ended = self.climb()
        return ended

    def epoch(self) -> None:
        """Run updates until the current epoch ends."""
        while not self.stopped and not self.update():
            pass

    def train(self, epochs: int) -> None:
        """Run this many epochs, beginning with what is left of the current one."""
        for _ in range(epochs):
            self.epoch()

    def _climb_to(self, rung: int) -> bool:
        ended = False
        while self.rung < rung and not self.stopped:
            ended = self.climb()
            if not self.rung:
                break
        return ended

    def _begin(self) -> Pass:
        """Choose the rows of the next update and draw what it needs."""
        n, row = self.inputs.shape[1], self.counters.row
        self.batch_touched = False
        if row == 0:
            self.counters.epoch_low, self.counters.epoch_high = math.inf, -math.inf
        if self._full_batch and row == 0:
            size = n
            batch = self._passes.get(n) or self._new_pass(n)
            self.batch_rows = None
        else:
            if row == 0:
                self._shuffle()
            size = min(self.experiment.training.batch_size or n, n - row)
            batch = self._passes.get(size) or self._new_pass(size)
            order = self._order
            assert order is not None
            rows = self.batch_rows = order[row : row + size]
            batch.take(self.inputs.index_select(1, rows), self.targets.index_select(1, rows))
        if self._dropout:
            self._draw_masks(batch)
        self.batch = batch
        return batch

    def _new_pass(self, rows: int) -> Pass:
        training = self.experiment.training
        made = Pass(self.layers, rows, self.experiment.network.activation, training.loss, training.flat_target)
        made.masks = self.silence()
        made.take(self.inputs, self.targets)
        self._passes[rows] = made
        return made

    def silence(self) -> list[Tensor | None]:
        """A column of ones and zeros for each layer with silenced neurons, ``(out_features, 1)``."""
        masks: list[Tensor | None] = [None] * len(self.layers)
        for layer, neuron in self.handles.silenced:
            column = masks[layer]
            if column is None:
                column = masks[layer] = torch.ones(len(self.layers[layer].bias), 1)
            column[neuron] = 0
        return masks

    def _shuffle(self) -> None:
        self._epoch_stream = self._stream
        self._order = torch.randperm(self.inputs.shape[1], generator=self.generator)
        self._stream = self.generator.get_state()

    def _draw_masks(self, batch: Pass) -> None:
        """Draw dropout's masks as ``nn.Dropout`` does: in (rows, features) order, kept ones scaled by 1/(1-p)."""
        keep = 1 - self._dropout
        silence = self.silence() if self.handles.silenced else None
        for i in range(len(self.layers) - 1):
            drawn = torch.empty(batch.rows, self.layers[i].weight.shape[0])
            mask = drawn.bernoulli_(keep, generator=self.generator).div_(keep).T.contiguous()
            column = silence[i] if silence else None
            batch.masks[i] = mask if column is None else mask * column
        self._stream = self.generator.get_state()

    def _zero_grad(self) -> None:
        if self.experiment.training.zero_grad:
            if self.rung:  # within update() the backward pass overwrites them
                self.state[1] = 0
            self.counters.has_gradients = False

    def _measure(self, batch: Pass) -> bool:
        """Measure the loss; where it is not finite, go back and stop. Returns whether it is finite."""
        loss = batch.loss().item()
        if not math.isfinite(loss):
            self._stop()
            return False
        self.counters.batch_loss = loss
        return True

    def _backward(self, batch: Pass, i: int) -> None:
        training = self.experiment.training
        add = not training.zero_grad
        batch.backward(i, add=add)
        if training.l1:
            span = slice(self.layout.weight(i).start, self.layout.bias(i).stop)
            self.state[1, span].add_(self.state[0, span].sign(), alpha=training.l1)
        if self._frozen is not None:
            self.state[1].masked_fill_(self._frozen, 0)
        if i == 0:
            self.counters.has_gradients = True

    def _step(self, batch: Pass) -> bool:
        """Let the optimizer change the parameters, and count. Returns whether that ended an epoch."""
        counters, experiment = self.counters, self.experiment
        self._last_good = counters.copy(), self._order, self._epoch_stream, self._stream
        self.previous.copy_(self.state)
        self.touched, self.stepped = False, True
        counters.optimizer_steps += 1
        self.step_lr = self.lr
        optimizer_step(experiment.training, self.lr, counters.optimizer_steps, self._rows)
        if self._frozen is not None:
            keep_frozen(self.state, self.previous, self._frozen)
        self.rung = 0
        counters.updates_done += 1

        loss = counters.batch_loss
        assert loss is not None
        counters.row += batch.rows
        counters.epoch_sum += loss * batch.rows
        if loss < counters.epoch_low:
            counters.epoch_low = loss
        if loss > counters.epoch_high:
            counters.epoch_high = loss
        if counters.row < self.inputs.shape[1]:
            return False
        counters.loss = loss if counters.row == batch.rows else counters.epoch_sum / counters.row
        counters.row = 0
        counters.epochs_done += 1
        counters.epoch_sum = 0.0
        if not self._constant_lr:
            self.lr = scheduled_lr(experiment.training, counters.epochs_done, experiment.epochs)
        if len(self.dataset.test_inputs) and (
            counters.epochs_done % experiment.data.test_every == 0 or counters.epochs_done == experiment.epochs
        ):
            counters.test_loss = test_loss = self._held_out_loss()
            if not math.isfinite(test_loss):
                self._stop()
            elif counters.best_loss is None or test_loss < counters.best_loss:
                counters.best_loss, counters.best_epoch = test_loss, counters.epochs_done
        last = counters.epochs_done == experiment.epochs
        if last and not self.stopped and not math.isfinite(self.current_loss()):
            self._stop()  # no further forward pass of this run would notice
        return not self.stopped

    # --- measuring -------------------------------------------------------------------------------

    def _held_out_loss(self) -> float:
        if self._test_pass is None:
            data = self.dataset
            self._test_pass = self.quiet_pass(data.test_inputs.T.contiguous(), data.test_targets.T.contiguous())
        return self._test_pass.run().item()

    def quiet_pass(self, inputs: Tensor, targets: Tensor) -> Pass:
        """A pass without dropout and with plain targets, for looking and asking: ``(2, rows)`` and ``(1, rows)``."""
        experiment = self.experiment
        made = Pass(self.layers, inputs.shape[1], experiment.network.activation, experiment.training.loss, False)
        made.masks = self.silence()
        made.take(inputs, targets)
        return made

    def current_loss(self) -> float:
        """The loss over all training rows with the parameters as they are now, without dropout."""
        return self.quiet_pass(self.inputs, self.targets).run().item()

    def answers(self, pairs: Sequence[tuple[float, float]]) -> list[float]:
        """The network's answers to pairs (a, b), in units of sums, without dropout.

        So few that they may be read as numbers go through alone: a pair's answer does not hang on its neighbours.
        """
        if not pairs:
            return []
        scale = self.experiment.data.scale
        inputs = torch.tensor(pairs, dtype=torch.float32).T.contiguous() / scale
        look = self.quiet_pass(inputs, torch.zeros(1, len(pairs)))
        answers = one_by_one(look) if len(pairs) <= MOST_ALONE else look.outputs()
        return [float(x) for x in (answers * scale).tolist()]

    def predict(self, a: float, b: float) -> float:
        """The network's answer to the pair (a, b), in units of sums. Changes nothing."""
        return self.answers([(a, b)])[0]

    @property
    def loss(self) -> float | None:
        """``train_loss`` of the last finished epoch, measured before its updates; None before the first."""
        return self.counters.loss

    @property
    def test_loss(self) -> float | None:
        """The held-out loss last measured; None before that, or where there are no held-out sums."""
        return self.counters.test_loss

    @property
    def epochs_done(self) -> int:
        return self.counters.epochs_done

    @property
    def updates_done(self) -> int:
        return self.counters.updates_done

    def named_parameters(self) -> dict[str, Array]:
        """Copies of weights ``(out_features, in_features)`` and biases ``(out_features,)``, by PyTorch's names."""
        return self._named(self.state[0])

    def named_gradients(self) -> dict[str, Array]:
        """Copies of the gradients under the same names and shapes; zeros where PyTorch's ``.grad`` would be None."""
        return self._named(self.state[1])

    def _named(self, flat: Tensor) -> dict[str, Array]:
        return {slot.name: flat[slot.span].view(slot.shape).numpy().copy() for slot in self.layout.slots}

    # --- going back ------------------------------------------------------------------------------

    def checkpoint(self) -> Checkpoint:
        """A copy of where the run stands. Only between two updates."""
        assert self.rung == 0
        in_epoch = self._epoch_stream if self.counters.row else None
        return Checkpoint(
            self.state.clone(), self.counters.copy(), in_epoch, self._stream, self.experiment, self.handles
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go to a checkpoint of this run; going on from there gives the same bits as the first time."""
        self.state.copy_(checkpoint.state)
        self.previous.copy_(checkpoint.state)
        self.counters = checkpoint.counters.copy()
        self.rung, self.stopped = 0, None
        self.batch = self.batch_rows = self._last_good = None
        if checkpoint.experiment is not self.experiment:
            self._use_experiment(checkpoint.experiment)
        if checkpoint.handles is not self.handles:
            self.hold(checkpoint.handles)
        self.touched = self.batch_touched = self.stepped = False
        self.lr = scheduled_lr(self.experiment.training, self.counters.epochs_done, self.experiment.epochs)
        if checkpoint.epoch_stream is not None:
            self.generator.set_state(checkpoint.epoch_stream)
            self._stream = checkpoint.epoch_stream
            self._shuffle()
        if self._stream is not checkpoint.stream:
            self.generator.set_state(checkpoint.stream)
            self._stream = checkpoint.stream

    def look_ahead(self) -> None:
        """Stop now where the loss over all rows is not finite, and not only when the next update finds that out."""
        if self._last_good is not None and not self.stopped and not math.isfinite(self.current_loss()):
            self._stop()

    def _stop(self) -> None:
        """The loss is not finite: say which parameter grew, and return to the last state that was still good."""
        number = self.counters.updates_done + 1
        if self._last_good is None:
            self.stopped = why_stopped(number, self.layout, None, self.state[0])
            self.rung = 0
            return
        self.stopped = why_stopped(number, self.layout, self.previous[0], self.state[0])
        self.state.copy_(self.previous)
        self.counters, self._order, self._epoch_stream, self._stream = self._last_good
        self._last_good = None
        self.generator.set_state(self._stream)
        self.lr = scheduled_lr(self.experiment.training, self.counters.epochs_done, self.experiment.epochs)
        self.rung = 0
