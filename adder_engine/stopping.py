"""The rules by which a run pauses: looked at whenever an epoch ends, each at the first moment when it comes true."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from adder_engine.backprop import Pass
from adder_engine.data import truth
from adder_engine.experiment import Stop
from adder_engine.sums import Sum
from adder_engine.trainer import Checkpoint, Handles, Trainer


@dataclass(frozen=True)
class Fired:
    """A rule that has come true."""

    sentence: str
    best_epoch: int | None = None
    """The epoch with the lowest held-out loss, where the experiment wants to go back to it."""


class StopRules:
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
        self._look: tuple[Stop, Handles, Pass] | None = None

    def begin(self) -> None:
        """See how things stand before the next epoch."""
        stop = self._stop = self.trainer.experiment.stop
        started = self.trainer.epochs_done > 0
        self._under = bool(started and stop.loss) and self._is_under(stop)
        self._near = bool(started and stop.sum) and self._is_near(stop)

    def set_anew(self) -> None:
        """The rules were set at this very moment: what holds already counts as new."""
        self._stop = self.trainer.experiment.stop
        self._under = self._near = False

    def check(self) -> Fired | None:
        """Call at the end of each epoch: the rule that comes true with it, if any."""
        counters, stop = self.trainer.counters, self.trainer.experiment.stop
        if stop is not self._stop and stop != self._stop:  # set on the way
            self.set_anew()
        fired: Fired | None = None
        if stop.epoch and counters.epochs_done == stop.epoch:
            fired = Fired(f"Stopped by its rule: epoch {stop.epoch:,} is finished.")
        if stop.loss:
            was, self._under = self._under, self._is_under(stop)
            if self._under and not was and fired is None:
                fired = Fired(f"Stopped by its rule: the loss {counters.loss:.4g} is at or below {stop.loss:g}.")
        if stop.sum:
            was, self._near = self._near, self._is_near(stop)
            if self._near and not was and fired is None:
                a, b = stop.sum
                asked = Sum(a, b)
                fired = Fired(f"Stopped by its rule: the answer to {asked} is {self._answer(stop):.6g},"
                              f" within {stop.within:g}.")  # fmt: skip
        if stop.patience and fired is None and self._tired(stop):
            best = counters.best_epoch
            said = f"Stopped by its rule: the held-out loss has not fallen for {counters.epochs_done - best:,} epochs."
            fired = Fired(said + (f" It was lowest at epoch {best:,}." if not stop.keep_best else ""),
                          best if stop.keep_best else None)  # fmt: skip
        return fired

    def _is_under(self, stop: Stop) -> bool:
        loss = self.trainer.counters.loss
        return loss is not None and loss <= stop.loss

    def _is_near(self, stop: Stop) -> bool:
        return abs(self._answer(stop) - self._truth(stop)) <= stop.within

    def _truth(self, stop: Stop) -> float:
        a, b = stop.sum
        return truth(self.trainer.experiment.data.task, a, b)

    def _tired(self, stop: Stop) -> bool:
        """Whether the held-out loss, measured just now, has stood still for another ``patience`` epochs."""
        counters, every = self.trainer.counters, self.trainer.experiment.data.test_every
        now, best = counters.epochs_done, counters.best_epoch
        if counters.best_loss is None or (now % every and now != self.trainer.experiment.epochs):
            return False
        before = max(best, (now - 1) // every * every)
        return (now - best) // stop.patience > (before - best) // stop.patience

    def _answer(self, stop: Stop) -> float:
        """The answer to the rule's sum; as ``Trainer.predict``, by a pass that is made once."""
        trainer = self.trainer
        if self._look is None or self._look[0] is not stop or self._look[1] is not trainer.handles:
            inputs = torch.tensor([stop.sum], dtype=torch.float32).T.contiguous() / trainer.experiment.data.scale
            self._look = stop, trainer.handles, trainer.quiet_pass(inputs, torch.zeros(1, 1))
        look = self._look[2]
        for i in range(len(trainer.layers)):
            look.forward(i)
        return look.post[-1].item() * trainer.experiment.data.scale


class RuledTraining:
    """Trains epoch by epoch until a rule comes true or all epochs are done; for runs without a recording."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.sentence = ""
        """Which rule ended the run; empty while none has."""
        self._rules = StopRules(trainer)
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
