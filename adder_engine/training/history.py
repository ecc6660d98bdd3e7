"""Losses over a run, bounded in length, without ever losing a spike."""

from __future__ import annotations

from array import array
from copy import deepcopy

import numpy as np

from adder_engine.snapshot import Losses

MOST_BUCKETS = 4096


class Series:
    """One value an epoch, in at most ``capacity`` buckets of equal width; each keeps its last value and extremes.

    When the buckets are used up their width doubles, so the cost per value stays flat however long the run.
    """

    def __init__(self, capacity: int = MOST_BUCKETS) -> None:
        self.capacity = capacity
        self.width = 1
        """Epochs in a bucket: bucket i holds epochs ``i·width + 1`` to ``(i + 1)·width``."""
        self.epochs, self.last, self.low, self.high = (array("d") for _ in range(4))

    def record(self, epoch: int, value: float, low: float, high: float) -> None:
        """Add the value of an epoch (1-based), which comes after all epochs recorded before."""
        if self.epochs and (epoch - 1) // self.width == (self.epochs[-1] - 1) // self.width:
            self._merge(len(self.epochs) - 1, epoch, value, low, high)
            return
        for column, number in zip(self._columns, (epoch, value, low, high), strict=True):
            column.append(number)
        if len(self.epochs) > self.capacity:
            self._widen()

    def cut(self, epoch: int) -> int:
        """Forget everything after ``epoch``. Returns the epoch after which values must be recorded again.

        A bucket that holds values from both sides is dropped whole, because its extremes cannot be told apart.
        """
        while self.epochs and self.epochs[-1] > epoch:
            start = int((self.epochs[-1] - 1) // self.width) * self.width
            for column in self._columns:
                column.pop()
            if start < epoch:
                return start
        return epoch

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Copies of the buckets' last epochs, last values, lowest and highest values, each ``(buckets,)`` float64."""
        epochs, last, low, high = (np.array(column, dtype=np.float64) for column in self._columns)
        return epochs, last, low, high

    @property
    def _columns(self) -> tuple[array[float], ...]:
        return self.epochs, self.last, self.low, self.high

    def _merge(self, i: int, epoch: float, value: float, low: float, high: float) -> None:
        self.epochs[i], self.last[i] = epoch, value
        self.low[i], self.high[i] = min(self.low[i], low), max(self.high[i], high)

    def _widen(self) -> None:
        rows = list(zip(*self._columns, strict=True))
        for column in self._columns:
            del column[:]
        self.width *= 2
        for epoch, value, low, high in rows:
            self.record(int(epoch), value, low, high)


class History:
    """The run's training and held-out losses for charts."""

    def __init__(self) -> None:
        self.train = Series()
        self.test = Series()
        self.epochs = 0
        """The last epoch that was recorded."""
        self._seen: Losses | None = None

    def record(self, epoch: int, loss: float, low: float, high: float, test_loss: float | None) -> None:
        """Note a finished epoch: its ``train_loss``, its updates' extremes, and a held-out loss if one was measured."""
        self.train.record(epoch, loss, low, high)
        if test_loss is not None:
            self.test.record(epoch, test_loss, test_loss, test_loss)
        self.epochs = epoch
        self._seen = None

    def cut(self, epoch: int) -> int:
        """Forget everything after ``epoch``. Returns the epoch after which it must be recorded again."""
        self.epochs = min(self.train.cut(epoch), epoch)
        again = self.test.cut(epoch)
        if again < self.epochs:
            self.epochs = self.train.cut(again)
        self.test.cut(self.epochs)
        self._seen = None
        return self.epochs

    def copy(self) -> History:
        return deepcopy(self)

    def losses(self) -> Losses:
        """Everything recorded, as arrays."""
        if self._seen is None:
            self._seen = Losses(*self.train.arrays(), *self.test.arrays())
        return self._seen
