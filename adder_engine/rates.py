"""A test of learning rates: one run whose rate rises from update to update, and the loss of each.

From Leslie N. Smith, "Cyclical learning rates for training neural networks" (2015, arXiv:1506.01186), section 3.3, the
"LR range test"; there the rate rises linearly, here by the same factor from update to update, since rates that will do
may lie decades apart.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_engine.errors import ExperimentError
from adder_engine.language import tr

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment

LOW, HIGH, UPDATES = 1e-8, 10.0, 450
"""The usual test: fifty updates a decade."""
MOST_UPDATES = 100_000
TOO_FAR = 4.0
"""The test ends once the loss is so many times the start's."""
STRETCH = 0.05
"""Seconds between two looks at it, about."""
BELOW_LOWEST = 10.0
"""The rate that is commonly taken is so many times smaller than the one at which the loss was lowest."""


@dataclass(frozen=True)
class RateTest:
    """A test as far as it has come."""

    experiment: Experiment
    low: float
    high: float
    updates: int
    """How many there are at most; the k-th has the rate ``low · (high / low) ** (k / (updates - 1))``."""
    rates: tuple[float, ...] = ()
    losses: tuple[float, ...] = ()
    """The loss of each update's batch, in scaled units, before the step with its rate; all finite."""
    curvature: float | None = None
    """λmax, the loss's largest curvature at the start; None while unknown, and where it is not finite."""
    optimizer_limit: float | None = None
    """The rate above which the optimizer's steps grow on a parabola of that curvature; None where there is no one."""
    finished: bool = False
    ended: str = ""
    """Why it ended before the largest rate, in a sentence; empty where it did not."""

    @property
    def limit(self) -> float | None:
        """2/λmax at the start, above which plain steps grow; None where nothing curves upwards, or it is unknown."""
        return 2 / self.curvature if self.curvature else None

    @property
    def lowest(self) -> int | None:
        """Which update had the lowest loss; None before the first."""
        return min(range(len(self.losses)), key=self.losses.__getitem__) if self.losses else None

    @property
    def proposed(self) -> float | None:
        """A tenth of the rate at which the loss was lowest; None where it was lowest at once."""
        return self.rates[self.lowest] / BELOW_LOWEST if self.lowest else None


def planned_rates(experiment: Experiment, low: float = LOW, high: float = HIGH, updates: int = UPDATES) -> RateTest:
    """The test before anything is trained.

    Raises:
        ExperimentError: rates that do not rise or that no experiment takes, or too few updates or too many.
    """
    for rate in (low, high):
        experiment.replace(**{"training.lr": rate})
    if not low < high:
        raise ExperimentError("The rates must rise: {low:g} is not below {high:g}.", low=low, high=high)
    if not 2 <= updates <= MOST_UPDATES:
        raise ExperimentError(
            "{updates:,} updates will not do: a test of rates takes 2 to {most:,}.", updates=updates, most=MOST_UPDATES
        )
    return RateTest(experiment, low, high, updates)


def rates_in_slices(test: RateTest) -> Iterator[RateTest]:
    """Train a run of its own, and look at the test now and then; the last state is the finished one.

    The experiment's seed, data, batches and optimizer are its own; its schedule, epochs and rules do not count.
    """
    from adder_engine.analysis.curvature import largest_curvature, limit_for
    from adder_engine.training.trainer import Trainer

    experiment = test.experiment.replace(**{"training.schedule": "constant", "training.lr": test.low})
    trainer = Trainer(experiment)
    curvature = largest_curvature(trainer)
    known = curvature if math.isfinite(curvature) else None
    limit = limit_for(experiment.training, known) if known else None
    test = dataclasses.replace(test, curvature=known, optimizer_limit=limit)
    rates: list[float] = []
    losses: list[float] = []
    ended, due = "", time.monotonic() + STRETCH
    for k in range(test.updates):
        rate = test.low * (test.high / test.low) ** (k / (test.updates - 1))
        trainer.change(dataclasses.replace(experiment, training=dataclasses.replace(experiment.training, lr=rate)))
        trainer.update()
        loss = trainer.counters.batch_loss
        if trainer.stopped or loss is None or not math.isfinite(loss):
            ended = tr("The loss or a number of the step was finite no more at the rate {rate:.3g}.", rate=rate)
        else:
            rates.append(rate)
            losses.append(loss)
            if loss > TOO_FAR * losses[0]:
                ended = tr(
                    "At the rate {rate:.3g} the loss was more than {times:g} times the start's.",
                    rate=rate,
                    times=TOO_FAR,
                )
        if ended:
            break
        if time.monotonic() > due:
            yield dataclasses.replace(test, rates=tuple(rates), losses=tuple(losses))
            due = time.monotonic() + STRETCH
    yield dataclasses.replace(test, rates=tuple(rates), losses=tuple(losses), finished=True, ended=ended)
