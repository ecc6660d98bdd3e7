"""The rules by which a run pauses: looked at whenever an epoch ends, each at the first moment when it comes true."""

from __future__ import annotations

from dataclasses import dataclass

from adder_engine.checkpoint import Checkpoint
from adder_engine.experiment import Stop
from adder_engine.sum_rule import SumRule
from adder_engine.sums import pair_text
from adder_engine.trainer import Trainer


@dataclass(frozen=True)
class Fired:
    """A rule that has come true."""

    sentence: str
    epoch: int
    """At whose end."""
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
        self._sum: SumRule | None = None

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

    def check(self, *, later: bool = False) -> Fired | None:
        """Call at the end of each epoch: the rule that comes true with it, if any.

        With ``later`` the sum's answers are only asked for many epochs together or by :meth:`flush`, so a rule about
        a sum may turn out to have come true some epochs ago.
        """
        counters, stop = self.trainer.counters, self.trainer.experiment.stop
        epoch = counters.epochs_done
        if stop is not self._stop and stop != self._stop:  # set on the way
            self.set_anew()
        fired: Fired | None = None
        if stop.epoch and epoch == stop.epoch:
            fired = Fired(f"Stopped by its rule: epoch {stop.epoch:,} is finished.", epoch)
        if stop.loss:
            was, self._under = self._under, self._is_under(stop)
            if self._under and not was and fired is None:
                said = f"Stopped by its rule: the train loss {counters.loss:.4g} is at or below {stop.loss:g}."
                fired = Fired(said, epoch)
        if stop.patience and fired is None and self._tired(stop):
            best = counters.best_epoch
            said = f"Stopped by its rule: the held-out loss has not fallen for {epoch - best:,} epochs."
            if stop.keep_best:
                fired = Fired(said, epoch, best)
            else:
                fired = Fired(f"{said} It was lowest at epoch {best:,}.", epoch)
        if stop.sum and (self._sum_rule(stop).note(epoch) or fired or not later):
            return self.flush() or fired
        return fired

    def flush(self) -> Fired | None:
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
        return Fired(said, epoch)

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

    def _sum_rule(self, stop: Stop) -> SumRule:
        rule = self._sum
        if rule is None or rule.stop is not stop or rule.handles is not self.trainer.handles:
            rule = self._sum = SumRule(self.trainer, stop)
        return rule


class RuledTraining:
    """Trains epoch by epoch until a rule comes true or all epochs are done; for runs without a recording."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.sentence = ""
        """Which rule ended the run; empty while none has."""
        self.updates = 0
        """Updates run, those beyond the best among them."""
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
