"""The rules by which a run pauses: looked at whenever an epoch ends, each at the first moment when it comes true."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from adder_engine.kernels import loop
from adder_engine.language import tr
from adder_engine.parsing import pair_text
from adder_engine.training.checkpoint import Checkpoint
from adder_engine.training.trainer import NO_RULES, Trainer


@dataclass(frozen=True)
class StopEvent:
    """A rule that has come true."""

    sentence: str
    epoch: int
    """At whose end."""
    best_epoch: int | None = None
    """The epoch with the lowest held-out loss, where the experiment wants to go back to it."""


class StoppingRules:
    """Lets a trainer train to the first epoch at whose end one of ``[stop]``'s rules comes true.

    A rule about the loss or a sum comes true when it was not so an epoch earlier, or when it was only just set; so
    a run that goes on goes on past it, and the rule holds again once the loss or the answer has left its bounds.
    ``patience`` comes true again after as many epochs more. Held-out losses of another criterion do not count.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self._stop = trainer.experiment.stop
        self._rules = NO_RULES

    def begin(self) -> None:
        """See how things stand before the next epoch."""
        self.set_anew()
        trainer, stop = self.trainer, self._stop
        if trainer.epochs_done:
            self._rules.were[0] = trainer.loss is not None and bool(stop.loss) and trainer.loss <= stop.loss
            self._rules.were[1] = bool(self._rules.pair.size) and trainer.is_near(self._rules)

    def set_anew(self) -> None:
        """The rules were set at this very moment: what holds already counts as new."""
        stop, experiment = self.trainer.experiment.stop, self.trainer.experiment
        wanted = experiment.wanted.of(*stop.sum) if stop.sum else None
        pair, scales = np.zeros((2, 0), dtype=np.float32), self.trainer.dataset.scales
        if wanted is not None:  # of a sum whose right answer is not known the rule never pauses the run
            pair = np.array(stop.sum, dtype=np.float32)[:, None] / np.float32(scales.inputs)
        self._stop = stop
        self._rules = loop.Rules(
            stop.epoch, float(stop.loss), stop.patience, pair, np.zeros(1, dtype=np.float32),
            0.0 if wanted is None else float(wanted), float(stop.within), scales.targets,
            experiment.is_yes_or_no, 0,
            np.zeros(2, dtype=np.int64),
        )  # fmt: skip

    def of(self, beyond: int) -> loop.Rules:
        """The rules as the training loop takes them; epochs up to ``beyond`` are gone through without a stop."""
        stop = self.trainer.experiment.stop
        if stop is not self._stop and stop != self._stop:  # set on the way
            self.set_anew()
        return self._rules._replace(beyond=beyond if stop.active else loop.NEVER)

    def event(self, rule: int) -> StopEvent:
        """What is to be said of a rule, by its number, that has come true right here."""
        counters, stop = self.trainer.counters, self.trainer.experiment.stop
        epoch, best = counters.epochs_done, counters.best_epoch
        if rule == loop.EPOCH:
            return StopEvent(tr("Stopped by its rule: epoch {epoch:,} is finished.", epoch=stop.epoch), epoch)
        if rule == loop.LOSS:
            said = tr(
                "Stopped by its rule: the train loss {loss:.4g} is at or below {limit:g}.",
                loss=counters.loss,
                limit=stop.loss,
            )
            return StopEvent(said, epoch)
        if rule == loop.SUM:
            pair = pair_text(stop.sum[0], stop.sum[1], self.trainer.experiment.wanted.rule)
            answer = float(self._rules.answer[0])
            said = tr(
                "Stopped by its rule: the answer to {pair} is {answer:.6g}, within {within:g}.",
                pair=pair,
                answer=answer,
                within=stop.within,
            )
            return StopEvent(said, epoch)
        said = tr("Stopped by its rule: the held-out loss has not fallen for {epochs:,} epochs.", epochs=epoch - best)
        if stop.keep_best:
            return StopEvent(said, epoch, best)
        return StopEvent(tr("{said} It was lowest at epoch {best:,}.", said=said, best=best), epoch)


class RuledTraining:
    """Trains until a rule comes true or all epochs are done; for runs without a recording."""

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
    def stopped(self) -> str | None:
        """Why training cannot go on, where the loss stopped being finite."""
        return self.trainer.stopped

    @property
    def finished(self) -> bool:
        """All epochs are done, a rule came true, or the loss stopped being finite."""
        trainer = self.trainer
        return bool(self.sentence or trainer.stopped or trainer.epochs_done >= trainer.experiment.epochs)

    def train(self, updates: float = math.inf, epochs: float = math.inf) -> None:
        """Run at most so many updates more, and no further than to the end of this epoch. Where a rule wants the best
        back, the trainer stands there afterwards.
        """
        trainer = self.trainer
        stop, start = trainer.experiment.stop, trainer.updates_done
        last, until = min(epochs, trainer.experiment.epochs), start + updates
        while not self.finished and trainer.epochs_done < last and trainer.updates_done < until:
            end = min(last, trainer.epochs_done + 1) if stop.keep_best else last  # the best is kept when it is there
            fired = trainer.advance(until, end, rules=self._rules.of(0))
            self.updates = trainer.updates_done
            if trainer.stopped:
                return
            if stop.keep_best and trainer.counters.best_epoch == trainer.epochs_done and not trainer.counters.row:
                self._best = trainer.checkpoint()
            if fired:
                event = self._rules.event(fired)
                self.sentence = event.sentence
                if event.best_epoch is not None and self._best is not None:
                    trainer.restore(self._best)
                    self.sentence += tr(" This is its best, epoch {epoch:,}.", epoch=event.best_epoch)
