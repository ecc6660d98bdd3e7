"""Training, synchronously: by stage, phase, update or epoch, on one state array; all arithmetic is the kernels'."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.kernels import loop
from adder_engine.kernels.backprop import NOTHING, ask, net_of, scratch_for
from adder_engine.kernels.layers import BLOCK, FEW
from adder_engine.kernels.loop import Counters
from adder_engine.kernels.random import dropout_masks, permute, seeded, uniform
from adder_engine.parsing import whole
from adder_engine.snapshot import stages_of
from adder_engine.training.checkpoint import Array, Checkpoint, Constraints, Stream, why_stopped
from adder_engine.training.data import Dataset
from adder_engine.training.history import History
from adder_engine.training.passes import Pass

if TYPE_CHECKING:
    from adder_engine.snapshot import Stage

MOST_ALONE = 128
"""Pairs up to which each is asked alone. Of more, nobody reads each as a number."""
NO_RULES = loop.Rules(
    0, 0.0, 0, np.zeros((2, 0), dtype=np.float32), np.zeros(1, dtype=np.float32), 0.0, 0.0, 1.0, False, loop.NEVER,
    np.zeros(2, dtype=np.int64),
)  # fmt: skip
_UNHEARD = History(loop.NEVER).kernel
"""Where a trainer without a history notes its losses: nowhere."""


def initial_parameters(experiment: Experiment, stream: Stream) -> Array:
    """The first parameters, ``(P,)``: drawn as ``nn.Linear`` draws them, then overridden where ``init`` says so.

    Weights come from ``kaiming_uniform_(a=√5)``, which is ±1/√in_features, and biases from the same range
    (PyTorch's documentation of ``nn.Linear``). The draws are made even where they are overridden.
    """
    layout = experiment.layout
    parameters = np.zeros(layout.size, dtype=np.float32)
    for i, entering in enumerate(experiment.network.layers[:-1]):
        reach = math.sqrt(3.0) * (math.sqrt(2.0 / (1 + 5)) / math.sqrt(entering))  # in torch's order of rounding
        uniform(stream, -reach, reach, parameters[layout.weight(i).span])
        uniform(stream, -1 / math.sqrt(entering), 1 / math.sqrt(entering), parameters[layout.bias(i).span])
    init = experiment.network.init
    if init != "torch":
        parameters[:] = 0.0 if isinstance(init, str) else init
    return parameters


class Trainer:
    """Trains one experiment's network.

    ``state`` is one float32 array ``(4, P)``: the parameters, their gradients, and the optimizer's two rows
    of moments. The stream of random numbers is the trainer's own, so nothing outside disturbs a run.

    Once the loss is no longer finite the trainer goes back to its last finite state, ``stopped`` says why,
    and training does nothing more.

    Args:
        experiment: what to train.
        twin: a trainer that began with the same experiment: its data are shared and nothing is drawn, so this one
            has no parameters until a checkpoint of the other one's run is restored.
    """

    def __init__(self, experiment: Experiment, twin: Trainer | None = None) -> None:
        self.experiment = experiment
        self.layout = experiment.layout
        self.stages: tuple[Stage, ...] = stages_of(len(experiment.layer_names))
        self._stream = seeded(experiment.seed)
        self.state: Array = np.zeros((4, self.layout.size), dtype=np.float32)
        self.dataset: Dataset
        if twin is not None:
            self.dataset = twin.dataset
        elif experiment.data.draw_first:
            self.dataset = Dataset.draw(experiment, self._stream)
            self.state[0] = initial_parameters(experiment, self._stream)
        else:
            self.state[0] = initial_parameters(experiment, self._stream)
            self.dataset = Dataset.draw(experiment, self._stream)
        self.previous = self.state.copy()
        """The state just before the last optimizer step."""
        self._data: loop.Data = twin._data if twin is not None else loop.Data(
            np.ascontiguousarray(self.dataset.inputs.T), self.dataset.targets[:, 0].copy(),
            np.ascontiguousarray(self.dataset.test_inputs.T), self.dataset.test_targets[:, 0].copy(),
        )  # fmt: skip
        self.counters = Counters()
        self.stage = 0
        """Stages done of the update in progress; 0 between updates."""
        self.stopped: str | None = None
        self.constraints = Constraints()
        self.touched = False
        """Whether anything was changed by hand since the last step, so that the step no longer leads here."""
        self.batch_touched = False
        """Whether a parameter was set by hand while the batch was on its way."""
        self.stepped = False
        """Whether the parameters are what the last step made of ``previous``; an edit ends that."""
        self._order = np.zeros(len(self._data.targets), dtype=np.int64)
        self._streams = np.stack([self._stream] * 3)
        self._before: Any = None
        """The counters before the last step, a record; None where there is no going back."""
        self._pass: Pass | None = None
        self._pass_rows: NDArray[np.int64] | None = None
        self._masks: Array = NOTHING
        self.step_lr = 0.0
        """Learning rate of the last update."""
        self._use_experiment(experiment)

    # --- settings that may change during a run ---------------------------------------------------

    def _use_experiment(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self._settings = loop.settings_of(experiment)
        self._dropout = experiment.network.dropout
        self.lr = self._scheduled_lr()
        """Learning rate of the next update."""
        self._use_constraints(self.constraints)

    def _use_constraints(self, constraints: Constraints) -> None:
        self.constraints = constraints
        self.net = net_of(self.experiment, constraints.muted)
        """The network as the kernels know it, muted neurons among it."""
        self.frozen = np.zeros(self.layout.size, dtype=np.bool_)
        """``(P,)``: which parameters stand still."""
        self.frozen[sorted(constraints.frozen)] = True
        rows = max(len(self._data.targets), len(self._data.test_targets))
        self._scratch = scratch_for(self.net, rows, self.experiment.training.flat_target)

    @property
    def _workings(self) -> loop.Workings:
        """All that the training loop takes."""
        return loop.Workings(
            self.net, self._settings, self.state, self.previous, self.frozen, bool(self.constraints.frozen),
            self._scratch, self._data, self._masks, self._order, self._streams,
        )  # fmt: skip

    @property
    def _record(self) -> Any:
        """The counters and rates as the training loop takes them."""
        return self.counters.record(self.lr, self.step_lr)

    def _scheduled_lr(self) -> float:
        return float(loop.lr_at(self._settings, self.counters.epochs_done))

    def change(self, experiment: Experiment) -> None:
        """Go on with other training settings: same network and data, so only what PyTorch could change mid-run.

        A new optimizer starts with fresh moments, as ``torch.optim`` does.
        """
        self._pass = self.batch  # the last one went by the settings until now
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
        self._set_by_hand()

    def _set_by_hand(self) -> None:
        self.touched, self.batch_touched = True, self.stage > 0 or self.batch_touched
        self.stepped = False

    def constrain(self, constraints: Constraints) -> None:
        """Freeze these parameters and mute these neurons, and no others."""
        self._pass = self.batch
        self._use_constraints(constraints)
        self.touched = True
        self.state[1][self.frozen] = 0

    # --- training --------------------------------------------------------------------------------

    def advance(
        self, until: float = math.inf, last_epoch: float = math.inf, history: History | None = None,
        rules: loop.Rules = NO_RULES,
    ) -> int:  # fmt: skip
        """Run updates until so many are done in all, or so many epochs, without a stop in between.

        Args:
            until: updates.
            last_epoch: epochs; what is left of one in progress is counted as its end.
            history: notes the losses of epochs that end.
            rules: what ends the stretch at the end of an epoch; their numbers are those of ``kernels.loop``.

        Returns:
            The rule that came true, 0 for none.
        """
        notes = _UNHEARD if history is None else history.kernel
        until, last_epoch = int(min(until, loop.NEVER)), int(min(last_epoch, loop.NEVER))
        if self.stage:
            self._climb_out()
        ended = loop.GOING_ON
        while not self.stopped and self.counters.updates_done < until and self.counters.epochs_done < last_epoch:
            if not self._dropout:
                return self._train(notes, rules, until, last_epoch)
            self._begin_rows()  # its masks come from torch, update by update
            if ended := self._train(notes, rules, self.counters.updates_done + 1, last_epoch, begun=True):
                break
        return ended

    def _train(self, notes: loop.Notes, rules: loop.Rules, until: int, last_epoch: int, begun: bool = False) -> int:
        counters, gradients = self.counters, self.state[1].copy() if self._before is None else None
        record = self._record
        before = record.copy() if self._before is None else self._before
        ended: int = loop.train(self._workings, record, before, notes, rules, until, last_epoch, begun)
        if record["updates_done"][0] > counters.updates_done:
            self._before, gradients = before, None
            self.touched = self.batch_touched = False
            self.stepped, self._pass = True, None
        self._read(record)
        if ended < 0:
            if gradients is not None:
                self.state[1] = gradients
            self._stop(ended)
            return 0
        return ended

    def _read(self, record: Any) -> None:
        self.counters = Counters.of(record)
        self.lr, self.step_lr = float(record["lr"][0]), float(record["step_lr"][0])

    def update(self) -> bool:
        """Run one update: zero_grad, forward, loss, backward, step. Returns whether it ended an epoch."""
        if self.stage:
            return self._climb_out()
        epochs = self.counters.epochs_done
        self.advance(self.counters.updates_done + 1)
        return self.counters.epochs_done > epochs and not self.stopped

    step = update

    def climb(self) -> bool:
        """Climb one stage: a phase, or one layer of forward or backward. Returns whether it ended an epoch."""
        if self.stopped:
            return False
        if self.stage == 0 or self._pass is None:
            self._begin()
        batch = self._pass
        assert batch is not None
        stage, place = self.stages[self.stage], self.stage
        self.stage += 1
        if stage.phase == "zero_grad":
            if self.experiment.training.zero_grad:
                self.state[1] = 0
                self.counters.has_gradients = False
        elif stage.phase == "step":
            return self._step(batch)
        else:
            found = batch.stages(place, place)
            if stage.phase == "loss":
                if not math.isfinite(found):
                    self._stop(loop.NO_LOSS)
                else:
                    self.counters.batch_loss = found
            elif stage.phase == "backward" and stage.layer is not None:
                loop.penalise(self._workings, stage.layer, stage.layer)
                self.counters.has_gradients |= stage.layer == 0
        return False

    def climb_to(self, phase: str) -> None:
        """Climb to where the first stage of a phase comes next; in an update of its own where none is begun."""
        while not self.stopped and not (self.stage and self.stages[self.stage].phase == phase):
            self.climb()

    def phase(self) -> bool:
        """Run one phase, or what is left of it: all layers of forward or backward at once."""
        start = self.stages[self.stage].phase
        ended = self.climb()
        while self.stage and self.stages[self.stage].phase == start:
            ended = self.climb()
        return ended

    def epoch(self) -> None:
        """Run updates until the current epoch ends."""
        self.train(1)

    def train(self, epochs: int) -> None:
        """Run this many epochs, beginning with what is left of the current one. Raises RequestError: no number."""
        self.advance(last_epoch=self.counters.epochs_done + whole(epochs, "epochs"))

    def _climb_out(self) -> bool:
        ended = False
        while self.stage and not self.stopped:
            ended = self.climb()
        return ended

    def _begin_rows(self) -> NDArray[np.int64] | None:
        """Choose the rows of the next update, None for all in order, and draw its masks."""
        n, row, size = len(self._order), self.counters.row, self.experiment.training.batch_size
        self.batch_touched = False
        rows = None
        if size or row:
            if row == 0:
                loop.shuffle(self._streams, self._order)
            rows = self._order[row : row + (size or n)].copy()
        if self._dropout:
            self._unmasked = self._streams[0].copy()
            count = n if rows is None else len(rows)
            self._masks = dropout_masks(self._streams[0], 1 - self._dropout, count, self.experiment.network.layers)
        return rows

    def _begin(self) -> None:
        """Begin an update that goes stage by stage."""
        if self.counters.row == 0:
            self.counters.epoch_low, self.counters.epoch_high = math.inf, -math.inf
        self._use_batch(self._begin_rows(), self.state[0], self.state[1])

    def _use_batch(self, rows: NDArray[np.int64] | None, parameters: Array, gradients: Array | None = None) -> Pass:
        """Make these rows the newest batch, its pass with these parameters ``(P,)`` still to be gone."""
        data, training = self._data, self.experiment.training
        self._pass_rows = rows
        self._pass = Pass(
            self.net, parameters, data.inputs if rows is None else data.inputs[:, rows],
            data.targets if rows is None else data.targets[rows], training.loss, flat=training.flat_target,
            masks=self._masks, gradients=gradients,
        )  # fmt: skip
        return self._pass

    def _step(self, batch: Pass) -> bool:
        """Let the optimizer change the parameters, and count. Returns whether that ended an epoch."""
        epochs = self.counters.epochs_done
        record = self._record
        self._before = record.copy()
        good = loop.finish(self._workings, record, self._before, batch.rows)
        self.touched, self.stepped = False, True
        self.stage = 0
        self._read(record)
        if not good:
            self._stop(loop.STEPPED_AWAY)
        return self.counters.epochs_done > epochs and not self.stopped

    def note(self, history: History) -> None:
        """Note an epoch that has just ended, unless the history has it."""
        loop.note(history.kernel, self._settings, self._record[0], len(self._data.test_targets))

    # --- the newest batch ------------------------------------------------------------------------

    @property
    def batch(self) -> Pass | None:
        """The pass of the update in progress, or of the last one; None before the first."""
        if self._pass is None and self._before is not None:
            way = self._use_batch(self.batch_rows, self.previous[0])
            way.run()
            way.back()
        return self._pass

    @property
    def batch_rows(self) -> NDArray[np.int64] | None:
        """Which rows of the data are in it, in order; None for all."""
        if self._pass is not None:
            return self._pass_rows
        if self._before is None:
            return None
        size, row = self.experiment.training.batch_size, int(self._before["row"][0])
        rows: NDArray[np.int64] = self._order[row : row + (size or len(self._order))]
        return rows.copy() if size or row else None

    @property
    def batch_size(self) -> int:
        """How many rows are in it; 0 before the first."""
        if self._pass is not None:
            return int(self._pass.rows)
        rows = self.batch_rows
        return 0 if self._before is None else len(self._order) if rows is None else len(rows)

    # --- measuring -------------------------------------------------------------------------------

    @property
    def inputs(self) -> Array:
        """The training rows, ``(2, n)``, in scaled units."""
        return self._data.inputs

    @property
    def targets(self) -> Array:
        """Their targets, ``(n,)``, in scaled units."""
        return self._data.targets

    def quiet_pass(self, inputs: Array, targets: Array) -> Pass:
        """A pass without dropout and with plain targets, for looking and asking: ``(2, n)`` and ``(n,)``."""
        return Pass(self.net, self.state[0].copy(), inputs, targets, self.experiment.training.loss)

    def whole_pass(self, parameters: Array) -> Pass:
        """A pass over all training rows, without dropout and with their targets as they are given, flat or not."""
        training = self.experiment.training
        return Pass(self.net, parameters, self.inputs, self.targets, training.loss, flat=training.flat_target)

    def current_loss(self) -> float:
        """The loss over all training rows with the parameters as they are now, without dropout."""
        return self.loss_at(self.state[0])

    def loss_at(self, parameters: Array) -> float:
        """The same with parameters ``(P,)`` of your own."""
        return float(loop.mean_loss(self._workings, parameters, self.inputs, self.targets))

    def answers(self, pairs: Sequence[tuple[float, float]] | NDArray[Any]) -> NDArray[np.float64]:
        """The network's answers to pairs ``(n, 2)``, in units of sums, ``(n,)``, without dropout.

        So few that they may be read as numbers go through alone: a pair's answer does not hang on its neighbours.

        Raises:
            RequestError: that are no pairs of numbers.
        """
        asked = _float32_of(pairs)
        if asked is not None and asked.shape == (0,):
            asked = asked.reshape(0, 2)
        if asked is None or asked.ndim != 2 or asked.shape[1] != 2:
            raise RequestError("These are no pairs of numbers: give an array of the shape (n, 2).")
        inputs = np.ascontiguousarray(asked.T) / np.float32(self.dataset.scales.inputs)
        found = np.empty(len(asked), dtype=np.float32)
        size = FEW if len(asked) <= MOST_ALONE else BLOCK
        ask(self.net, self.state[0], self._asking(size), inputs, NOTHING, self._order, size, found)
        return self.dataset.meant(found)

    def _asking(self, size: int) -> Any:
        return self._scratch if size <= FEW or len(self._order) > FEW else scratch_for(self.net, size)

    def is_near(self, rules: loop.Rules) -> bool:
        """Whether the answer to the sum that rules watch is within its bounds now."""
        return bool(loop.is_near(self._workings, rules))

    def rule_met(self, rules: loop.Rules) -> int:
        """The rule that comes true with the epoch that has just ended, 0 for none."""
        return int(loop.rule_met(self._workings, rules, self._record[0]))

    def predict(self, a: float, b: float) -> float:
        """The network's answer to the pair (a, b), in units of sums. Changes nothing."""
        return float(self.answers([(a, b)])[0])

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
    def epochs_gone(self) -> float:
        """Epochs finished, with the part of one in progress."""
        return self.counters.epochs_done + self.counters.row / self.experiment.row_count

    @property
    def updates_done(self) -> int:
        return self.counters.updates_done

    def named_parameters(self) -> Iterator[tuple[str, Array]]:
        """Copies of weights ``(out_features, in_features)`` and biases ``(out_features,)`` with PyTorch's names."""
        return self._named(0)

    def named_gradients(self) -> Iterator[tuple[str, Array]]:
        """Copies of the gradients under the same names and shapes; zeros where PyTorch's ``.grad`` would be None."""
        return self._named(1)

    def _named(self, row: int) -> Iterator[tuple[str, Array]]:
        for tensor in self.layout.tensors:
            yield tensor.name, self.state[row, tensor.span].reshape(tensor.shape).copy()

    def state_dict(self) -> dict[str, Array]:
        """Copies of all parameters by their names."""
        return dict(self.named_parameters())

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over all parameters by their names, from numpy arrays or torch tensors.

        Raises:
            RequestError: a name too many or too few, another shape, or a value that is not finite; nothing is taken.
        """
        names = self.layout.by_name
        if not isinstance(state_dict, Mapping):
            raise RequestError("{value!r} is no state_dict: give arrays by their names.", value=state_dict)
        for name in state_dict:
            self.layout.tensor(name)
        values = self.state[0].copy()
        for name, tensor in names.items():
            if name not in state_dict:
                raise RequestError("{name} is missing: give all of {names}.", name=name, names=", ".join(names))
            given = _float32_of(state_dict[name])
            if given is None:
                raise RequestError(
                    "{name} holds no numbers: give an array of the shape {shape}.", name=name, shape=tensor.shape
                )
            if given.shape != tensor.shape:
                raise RequestError(
                    "{name} has the shape {shape}: this network's has {wanted}.",
                    name=name,
                    shape=given.shape,
                    wanted=tensor.shape,
                )
            if not np.isfinite(given).all():
                raise RequestError("{name} holds a value that is not finite.", name=name)
            values[tensor.span] = given.reshape(-1)
        self.state[0] = values
        self._set_by_hand()

    # --- going back ------------------------------------------------------------------------------

    @property
    def stream(self) -> Stream:
        """The stream of random numbers now, ``(625,)``, see :mod:`adder_engine.kernels.random`: the same array as
        before while nothing is drawn.
        """
        stream: Stream = self._stream
        if not np.array_equal(stream, self._streams[0]):
            self._stream = stream = self._streams[0].copy()
        return stream

    def checkpoint(self) -> Checkpoint:
        """A copy of where the run stands. Only between two updates."""
        assert self.stage == 0
        in_epoch = self._streams[1].copy() if self.counters.row else None
        return Checkpoint(
            self.state.copy(),
            dataclasses.replace(self.counters),
            in_epoch,
            self.stream,
            self.experiment,
            self.constraints,
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go to a checkpoint of this run; going on from there gives the same bits as the first time."""
        self.state[:] = checkpoint.state
        self.previous[:] = checkpoint.state
        self.counters = dataclasses.replace(checkpoint.counters)
        self.stage, self.stopped = 0, None
        self._pass = self._pass_rows = self._before = None
        self.constraints, changed = checkpoint.constraints, checkpoint.constraints is not self.constraints
        if changed or checkpoint.experiment is not self.experiment:
            self._use_experiment(checkpoint.experiment)
        self.touched = self.batch_touched = self.stepped = False
        self.lr = self._scheduled_lr()
        if checkpoint.epoch_stream is not None:
            self._streams[0] = checkpoint.epoch_stream
            loop.shuffle(self._streams, self._order)
        self._stream = checkpoint.stream
        self._streams[0] = checkpoint.stream

    def look_ahead(self) -> None:
        """Where updates go over all rows: stop now if their loss is not finite, as the next update would find out."""
        alike = not self._dropout and not self.experiment.training.batch_size
        if alike and self._before is not None and not self.stopped and not math.isfinite(self.current_loss()):
            self._stop(loop.STEPPED_AWAY)

    def _stop(self, ended: int) -> None:
        """The loss is not finite: say which parameter grew, and return to the last state that was still good."""
        began = ended == loop.NO_LOSS
        if began and self._dropout:
            self._streams[0] = self._unmasked
        if began and self.counters.row == 0 and self.experiment.training.batch_size:  # unshuffle
            self._streams[:2] = self._streams[1:]
            permute(self._streams[2].copy(), self._order)
        number = self.counters.updates_done + 1
        self.stage, self._pass = 0, None
        if self._before is None:
            self.stopped = why_stopped(number, self.layout, None, self.state[0])
            return
        self.stopped = why_stopped(number, self.layout, self.previous[0], self.state[0])
        self.state[:] = self.previous
        self._read(self._before)
        self._before = None
        self.lr = self._scheduled_lr()


def _float32_of(value: Any) -> Array | None:
    """What an array, or a tensor or parameter of torch, holds; None where that is no real numbers."""
    try:
        if hasattr(value, "detach") and not value.is_complex():
            value = value.detach().double().cpu()
        with np.errstate(over="ignore"):
            array = np.asarray(value)
            return array.astype(np.float32) if array.dtype.kind in "biuf" else None
    except (TypeError, ValueError, RuntimeError, OverflowError):
        return None
