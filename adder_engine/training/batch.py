"""Many networks of one shape trained side by side: every tensor has one more dimension in front."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from adder_engine.experiment import Experiment
from adder_engine.kernels.backprop import Pass, mean_losses
from adder_engine.kernels.network import Linear, linear_views
from adder_engine.kernels.optim import Number, optimizer_step, plus, scheduled_lr
from adder_engine.training.checkpoint import Checkpoint, Counters, why_stopped
from adder_engine.training.trainer import Trainer


def shape_of(experiment: Experiment) -> Hashable:
    """What runs must have in common to train side by side; rates, penalties, data and draws may differ."""
    network, data, training = experiment.network, experiment.data, experiment.training
    return (
        network.layers,
        network.activation,
        network.dropout > 0,
        experiment.row_count,
        data.test_count if data.kind == "uniform" else 0,
        data.test_every,
        experiment.epochs,
        training.batch_size,
        training.loss,
        training.optimizer,
        training.zero_grad,
        training.flat_target,
    )


class BatchedPass(Pass):
    """The way of a batch of rows through each of many networks, all tensors ``(networks, features, rows)``."""

    _affine: ClassVar[Callable[..., Tensor]] = staticmethod(torch.baddbmm)
    _product: ClassVar[Callable[..., Tensor]] = staticmethod(torch.bmm)

    def __init__(self, layers: Sequence[Linear], rows: int, activation: str, loss: str, flat_target: bool) -> None:
        super().__init__(layers, rows, activation, loss, flat_target)
        # What left a layer is done with when its delta comes, and half the memory stays in the processor's cache.
        self.delta = self.post

    def loss(self) -> Tensor:
        """Each network's mean loss, ``(networks,)``."""
        self._subtract_targets()
        return mean_losses(self.loss_name, self.difference)

    def _write_gradients(self, layer: Linear, delta: Tensor, entering_t: Tensor, add: bool) -> None:
        # Into tensors of their own first: bmm is up to ten times as fast there as into views of the state.
        weight_grad, bias_grad = torch.bmm(delta, entering_t), delta.sum(-1)
        if add:
            layer.weight_grad.add_(weight_grad)
            layer.bias_grad.add_(bias_grad)
        else:
            layer.weight_grad.copy_(weight_grad)
            layer.bias_grad.copy_(bias_grad)


@dataclass(frozen=True)
class Rule:
    """The settings of one update rule for many networks."""

    optimizer: str
    momentum: Number
    weight_decay: Number


@dataclass(frozen=True)
class _Place:
    """Where all networks stand between two updates."""

    updates: int = 0
    epochs: int = 0
    losses: Tensor | None = None
    """``(networks,)``: ``train_loss`` of the last finished epoch."""
    test_losses: Tensor | None = None


class Batch:
    """Trains fresh trainers of one :func:`shape_of` together, with the same arithmetic as each has alone.

    The state is one tensor ``(4, networks, P)``. A network whose loss stops being finite goes back to its last
    finite state and leaves the batch; the others do not notice. :meth:`train` hands every network's state back to
    its trainer, where it can be looked at.
    """

    def __init__(self, trainers: Sequence[Trainer]) -> None:
        assert not any(trainer.experiment.stop.active for trainer in trainers)
        self.trainers = tuple(trainers)
        self.experiment = trainers[0].experiment
        """Stands for all of them in what they have in common."""
        self.layout = trainers[0].layout
        self._place = _Place()
        self._before: _Place | None = None
        """The place before the last step."""
        self._shuffled = self.experiment.training.batch_size > 0
        start = torch.stack([trainer.state for trainer in trainers], dim=1)
        self._slot(range(len(trainers)), start, start)

    paused = ""
    """Networks that train together have no rules of their own by which they end."""

    @property
    def epochs_done(self) -> int:
        return self._place.epochs

    @property
    def finished(self) -> bool:
        """All epochs are done, or no network is left."""
        return not self._members or self.epochs_done >= self.experiment.epochs

    def train(self, epochs: int) -> None:
        """Run this many epochs, or what is left of them."""
        for _ in range(epochs):
            if self.finished:
                break
            self._epoch()
        for slot, member in enumerate(self._members):
            self._hand_back(slot, self.trainers[member], self._place, self.state)

    # --- who takes part --------------------------------------------------------------------------

    def _slot(self, members: Sequence[int], state: Tensor, previous: Tensor) -> None:
        """Let these trainers' networks go on from this state and the one before it, ``(4, networks, P)``."""
        self._members = list(members)
        self._stopped: set[int] = set()
        """Seats whose networks have stopped in this epoch."""
        if not self._members:
            return
        trainers = [self.trainers[member] for member in members]
        experiments = [trainer.experiment for trainer in trainers]
        self.state, self.previous = state.clone(), previous.clone()
        self._rows = self.state.unbind()
        self.layers = linear_views(self.layout, self.state[0], self.state[1])
        self.inputs = torch.stack([trainer.inputs for trainer in trainers])
        """``(networks, 2, rows)``"""
        self.targets = torch.stack([trainer.targets for trainer in trainers])
        """``(networks, 1, rows)``"""
        self._generators = [trainer.generator for trainer in trainers]
        self._keep = [1 - e.network.dropout for e in experiments]
        self._rule = Rule(
            self.experiment.training.optimizer,
            _shared([e.training.momentum for e in experiments]),
            _shared([e.training.weight_decay for e in experiments]),
        )
        self._l1 = _shared([e.training.l1 for e in experiments])
        self._constant_lr = all(e.training.schedule == "constant" for e in experiments)
        self._passes: dict[int, BatchedPass] = {}
        self._test_pass: BatchedPass | None = None
        self._set_lr()

    def _set_lr(self) -> None:
        experiments = (self.trainers[member].experiment for member in self._members)
        self._lr = _shared([scheduled_lr(e.training, self.epochs_done, e.epochs) for e in experiments])

    def _dismiss(self) -> None:
        """Let the networks that have stopped leave."""
        stay = [slot for slot in range(len(self._members)) if slot not in self._stopped]
        self._place = _of_some(self._place, stay)
        self._before = None if self._before is None else _of_some(self._before, stay)
        self._slot([self._members[slot] for slot in stay], self.state[:, stay], self.previous[:, stay])

    def _stop(self, losses: Tensor) -> None:
        """Send those whose loss is not finite back to their last finite state."""
        for slot in torch.isfinite(losses).logical_not().nonzero().flatten().tolist():
            if slot in self._stopped:
                continue
            self._stopped.add(slot)
            trainer, after = self.trainers[self._members[slot]], self.state[0, slot]
            before = None if self._before is None else self.previous[0, slot]
            stopped = why_stopped(self._place.updates + 1, self.layout, before, after)
            if self._before is None:
                self._hand_back(slot, trainer, self._place, self.state)
            else:
                self._hand_back(slot, trainer, self._before, self.previous)
            trainer.stopped = stopped

    def _hand_back(self, slot: int, trainer: Trainer, place: _Place, state: Tensor) -> None:
        counters = Counters(
            updates_done=place.updates,
            epochs_done=place.epochs,
            optimizer_steps=place.updates,
            has_gradients=place.updates > 0,
            loss=None if place.losses is None else place.losses[slot].item(),
            test_loss=None if place.test_losses is None else place.test_losses[slot].item(),
        )
        stream = trainer.generator.get_state()
        trainer.restore(Checkpoint(state[:, slot], counters, None, stream, trainer.experiment, trainer.handles))

    # --- training --------------------------------------------------------------------------------

    def _epoch(self) -> None:
        inputs, targets = self.inputs, self.targets
        rows = inputs.shape[-1]
        if self._shuffled:
            order = torch.stack([torch.randperm(rows, generator=g) for g in self._generators]).unsqueeze(1)
            inputs, targets = inputs.gather(2, order.expand_as(inputs)), targets.gather(2, order)
        size = self.experiment.training.batch_size or rows
        if size >= rows:
            mean = self._update(inputs, targets).double()
        else:
            mean = self._mean_over_batches(inputs, targets, size)
        self._end_epoch(mean)
        if self._stopped:
            self._dismiss()

    def _mean_over_batches(self, inputs: Tensor, targets: Tensor, size: int) -> Tensor:
        """Run an epoch's updates of ``size`` rows, the last one to be counted by whoever asks. The mean losses."""
        rows = inputs.shape[-1]
        summed = torch.zeros(len(self._members), dtype=torch.float64)
        for start in range(0, rows, size):
            stop = min(start + size, rows)
            losses = self._update(inputs[..., start:stop], targets[..., start:stop])
            summed += losses.double() * (stop - start)
            if stop < rows:
                self._place = dataclasses.replace(self._place, updates=self._place.updates + 1)
        return summed / rows

    def _update(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Run one update of all networks: zero_grad, forward, loss, backward, step. Their losses, ``(networks,)``."""
        training = self.experiment.training
        rows = inputs.shape[-1]
        batch = self._passes.get(rows) or self._new_pass(rows)
        batch.take(inputs, targets)
        if self.experiment.network.dropout:
            self._draw_masks(batch)
        losses = batch.run()
        if not math.isfinite(losses.sum().item()):
            self._stop(losses)
        for i in reversed(range(len(self.layers))):
            batch.backward(i, add=not training.zero_grad)
        gradients = self.state[1]
        if isinstance(self._l1, Tensor) or self._l1:
            plus(gradients, self._l1, self.state[0].sign(), out=gradients)
        self.previous.copy_(self.state)
        self._before = self._place
        optimizer_step(self._rule, self._lr, self._place.updates + 1, self._rows)
        return losses

    def _end_epoch(self, losses: Tensor) -> None:
        """Count the epoch, and look at the held-out sums and at the end as a trainer does."""
        place, experiment = self._place, self.experiment
        epochs = place.epochs + 1
        self._place = _Place(place.updates + 1, epochs, losses, place.test_losses)
        if not self._constant_lr:
            self._set_lr()
        held_out = len(self.trainers[0].dataset.test_inputs) > 0
        if held_out and (epochs % experiment.data.test_every == 0 or epochs == experiment.epochs):
            test_losses = self._held_out_losses()
            self._place = _Place(place.updates + 1, epochs, losses, test_losses)
            self._stop(test_losses)
        if epochs == experiment.epochs:
            self._stop(self._quiet_losses(self.inputs, self.targets))

    def _new_pass(self, rows: int) -> BatchedPass:
        training = self.experiment.training
        made = BatchedPass(self.layers, rows, self.experiment.network.activation, training.loss, training.flat_target)
        self._passes[rows] = made
        return made

    def _draw_masks(self, batch: BatchedPass) -> None:
        """Draw each network's dropout masks from its own generator, in the order in which it would alone."""
        masks = [torch.empty_like(z) for z in batch.post[:-1]]
        for slot, (keep, generator) in enumerate(zip(self._keep, self._generators, strict=True)):
            for mask in masks:
                drawn = torch.empty(batch.rows, mask.shape[1])
                mask[slot] = drawn.bernoulli_(keep, generator=generator).div_(keep).T
        batch.masks[:-1] = masks

    def _quiet_losses(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Each network's loss without dropout and with plain targets, ``(networks,)``."""
        network, loss = self.experiment.network, self.experiment.training.loss
        look = BatchedPass(self.layers, inputs.shape[-1], network.activation, loss, False)
        look.take(inputs, targets)
        return look.run()

    def _held_out_losses(self) -> Tensor:
        if self._test_pass is None:
            data = [self.trainers[member].dataset for member in self._members]
            network, loss = self.experiment.network, self.experiment.training.loss
            rows = len(data[0].test_inputs)
            self._test_pass = BatchedPass(self.layers, rows, network.activation, loss, False)
            self._test_pass.take(
                torch.stack([d.test_inputs for d in data]).mT.contiguous(),
                torch.stack([d.test_targets for d in data]).mT.contiguous(),
            )
        return self._test_pass.run()


def _shared(values: Sequence[float]) -> Number:
    """The one value that all networks have, or a column of theirs, ``(networks, 1)``."""
    return values[0] if len(set(values)) == 1 else torch.tensor(values, dtype=torch.float32).unsqueeze(1)


def _of_some(place: _Place, slots: list[int]) -> _Place:
    """The place of the networks in these seats alone."""
    losses = None if place.losses is None else place.losses[slots]
    test_losses = None if place.test_losses is None else place.test_losses[slots]
    return _Place(place.updates, place.epochs, losses, test_losses)
