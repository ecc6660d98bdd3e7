"""The rules by which a run pauses: looked at whenever an epoch ends, each at the first moment when it comes true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from adder_engine.experiment import Stop
from adder_engine.kernels.network import linear_views
from adder_engine.parsing import pair_text
from adder_engine.training.batch import BatchedPass
from adder_engine.training.checkpoint import Checkpoint
from adder_engine.training.trainer import Trainer

TOGETHER = 128
"""Epochs whose parameters are set aside and asked at once: one question alone takes as long as a fifth of an update."""
ROUNDING = 1e-4
"""Relative: answers that come this near to the tolerance's edge are asked again one by one, as ``predict`` does.
It is a thousand times what rounding usually makes of the difference between the two ways."""


@dataclass(frozen=True)
class StopEvent:
    """A rule that has come true."""

    sentence: str
    epoch: int
    """At whose end."""
    best_epoch: int | None = None
    """The epoch with the lowest held-out loss, where the experiment wants to go back to it."""


class StoppingRules:
    """Watches a trainer for the first epoch at whose end one of ``[stop]``'s rules comes true.

    A rule about the loss or a sum comes true when it was not so an epoch earlier, or when it was only just set; so
    a run that goes on goes on past it, and the rule holds again once the loss or the answer has left its bounds.
    ``patience`` comes true again after as many epochs more. Held-out losses of another criterion do not count.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self._stop: Stop | None = None
        self._under = self._near = False
        """Whether the loss, and the sum's answer, were within their bounds an epoch earlier."""
        self._sum: AnswerRule | None = None

    def begin(self) -> None:
        """See how things stand before the next epoch."""
        stop = self._stop = self.trainer.experiment.stop
        started = self.trainer.epochs_done > 0
        self._under = bool(started and stop.loss) and self._is_under(stop)
        self._near = bool(started and stop.sum) and self._sum_rule(stop).is_near()

    def set_anew(self) -> None:
        """The rules were set at this very moment: what holds already counts as new."""
        self._stop = self.trainer.experiment.stop
        self._under = self._near = False

    def check(self, *, later: bool = False) -> StopEvent | None:
        """Call at the end of each epoch: the rule that comes true with it, if any.

        With ``later`` the sum's answers are only asked for many epochs together or by :meth:`flush`, so a rule about
        a sum may turn out to have come true some epochs ago.
        """
        counters, stop = self.trainer.counters, self.trainer.experiment.stop
        epoch = counters.epochs_done
        if stop is not self._stop and stop != self._stop:  # set on the way
            self.set_anew()
        fired: StopEvent | None = None
        if stop.epoch and epoch == stop.epoch:
            fired = StopEvent(f"Stopped by its rule: epoch {stop.epoch:,} is finished.", epoch)
        if stop.loss:
            was, self._under = self._under, self._is_under(stop)
            if self._under and not was and fired is None:
                said = f"Stopped by its rule: the train loss {counters.loss:.4g} is at or below {stop.loss:g}."
                fired = StopEvent(said, epoch)
        if stop.patience and fired is None and self._tired(stop):
            best = counters.best_epoch
            said = f"Stopped by its rule: the held-out loss has not fallen for {epoch - best:,} epochs."
            if stop.keep_best:
                fired = StopEvent(said, epoch, best)
            else:
                fired = StopEvent(f"{said} It was lowest at epoch {best:,}.", epoch)
        if stop.sum and (self._sum_rule(stop).note(epoch) or fired or not later):
            return self.flush() or fired
        return fired

    def flush(self) -> StopEvent | None:
        """Ask for the sum's answers that were left for later: the rule, if it came true."""
        stop = self.trainer.experiment.stop
        if self._sum is None or not stop.sum:
            return None
        epoch, answer, self._near = self._sum_rule(stop).first_near(self._near)
        if epoch is None:
            return None
        a, b = stop.sum
        pair = pair_text(a, b, self.trainer.experiment.wanted.rule)
        said = f"Stopped by its rule: the answer to {pair} is {answer:.6g}, within {stop.within:g}."
        return StopEvent(said, epoch)

    def _is_under(self, stop: Stop) -> bool:
        loss = self.trainer.counters.loss
        return loss is not None and loss <= stop.loss

    def _tired(self, stop: Stop) -> bool:
        """Whether the held-out loss, measured just now, has stood still for another ``patience`` epochs."""
        counters, every = self.trainer.counters, self.trainer.experiment.data.test_every
        now, best = counters.epochs_done, counters.best_epoch
        if counters.best_loss is None or (now % every and now != self.trainer.experiment.epochs):
            return False
        before = max(best, (now - 1) // every * every)
        return (now - best) // stop.patience > (before - best) // stop.patience

    def _sum_rule(self, stop: Stop) -> AnswerRule:
        rule = self._sum
        if rule is None or rule.stop is not stop or rule.handles is not self.trainer.handles:
            rule = self._sum = AnswerRule(self.trainer, stop)
        return rule


class RuledTraining:
    """Trains epoch by epoch until a rule comes true or all epochs are done; for runs without a recording."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.sentence = ""
        """Which rule ended the run; empty while none has."""
        self.updates = 0
        """Updates run, those beyond the best among them."""
        self._rules = StoppingRules(trainer)
        self._rules.begin()
        self._best: Checkpoint | None = None

    @property
    def finished(self) -> bool:
        """All epochs are done, a rule came true, or the loss stopped being finite."""
        trainer = self.trainer
        return bool(self.sentence or trainer.stopped or trainer.epochs_done >= trainer.experiment.epochs)

    def epoch(self) -> None:
        """Run one epoch. Where a rule wants the best back, the trainer stands there afterwards."""
        trainer = self.trainer
        trainer.epoch()
        self.updates = trainer.updates_done
        if trainer.stopped or not trainer.experiment.stop.active:
            return
        if trainer.experiment.stop.keep_best and trainer.counters.best_epoch == trainer.epochs_done:
            self._best = trainer.checkpoint()
        fired = self._rules.check()
        if fired is None:
            return
        self.sentence = fired.sentence
        if fired.best_epoch is not None and self._best is not None:
            trainer.restore(self._best)
            self.sentence += f" This is its best, epoch {fired.best_epoch:,}."


class AnswerRule:
    """Whether the answer to ``[stop]``'s sum is within its tolerance, for a trainer as it goes on."""

    def __init__(self, trainer: Trainer, stop: Stop) -> None:
        self.trainer, self.stop = trainer, stop
        self.handles = trainer.handles
        experiment = trainer.experiment
        a, b = stop.sum
        self.wanted = experiment.wanted.of(a, b)
        """None where it is not known: then the rule never pauses the run."""
        self._scale = experiment.data.scale
        self._inputs = torch.tensor([[a], [b]], dtype=torch.float32) / self._scale
        self._one = trainer.quiet_pass(self._inputs, torch.zeros(1, 1))
        self._parameters = trainer.state[0].numpy()
        self._aside = torch.zeros(TOGETHER, trainer.layout.size)
        self._rows = list(self._aside.numpy())
        self._epochs: list[int] = []
        self._many: BatchedPass | None = None

    def answer(self) -> float:
        """The answer now; the same number as ``Trainer.predict``."""
        for i in range(len(self.trainer.layers)):
            self._one.forward(i)
        return (self._one.post[-1] * self._scale).item()

    def is_near(self) -> bool:
        """Whether the answer now is within the tolerance."""
        return self.wanted is not None and abs(self.answer() - self.wanted) <= self.stop.within

    def note(self, epoch: int) -> bool:
        """Set the parameters at the end of this epoch aside. Returns whether as many wait as are asked together."""
        self._rows[len(self._epochs)][:] = self._parameters
        self._epochs.append(epoch)
        return len(self._epochs) == TOGETHER

    def first_near(self, near: bool) -> tuple[int | None, float, bool]:
        """Ask for all epochs that wait, the first of which came after one that was ``near`` or not.

        Returns the first epoch that was near after one that was not, or None; the answer there; and whether the last
        one was near.
        """
        count = len(self._epochs)
        if not count or self.wanted is None:
            self._epochs = []
            return None, 0.0, near
        epochs, self._epochs = self._epochs, []
        answers = self._ask_all()[:count]
        off = np.abs(answers - self.wanted)
        edge = ROUNDING * (np.abs(answers) + abs(self.wanted) + self._scale)
        far = off - self.stop.within > edge
        if far.all():
            return None, 0.0, False
        sure = np.abs(off - self.stop.within) > edge
        for place in range(count):
            answer = float(answers[place]) if sure[place] else self._ask_again(place)
            now = abs(answer - self.wanted) <= self.stop.within
            if now and not near:
                return epochs[place], answer, now
            near = now
        return None, 0.0, near

    def _ask_all(self) -> NDArray[np.float64]:
        """The answers of all that wait, ``(TOGETHER,)``."""
        experiment = self.trainer.experiment
        if self._many is None:
            layers = linear_views(self.trainer.layout, self._aside, torch.empty_like(self._aside))
            self._many = BatchedPass(layers, 1, experiment.network.activation, experiment.training.loss, False)
            self._many.masks = self.trainer.silence()
            self._many.take(self._inputs.expand(TOGETHER, 2, 1), torch.zeros(TOGETHER, 1, 1))
        for i in range(len(self._many.layers)):
            self._many.forward(i)
        return self._many.post[-1].flatten().numpy().astype(np.float64) * self._scale

    def _ask_again(self, place: int) -> float:
        """The answer with the parameters of one of those that were set aside, exactly as :meth:`answer`."""
        trainer, row = self.trainer, self._aside[place]
        now = trainer.state[0].clone()
        trainer.state[0] = row
        try:
            return self.answer()
        finally:
            trainer.state[0] = now
