"""Losses over a run, bounded in length, without ever losing a spike."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

from adder_engine.kernels import loop
from adder_engine.snapshot import Losses

MOST_BUCKETS = 4096
Doubles = NDArray[np.float64]


class Series:
    """One value an epoch, in at most ``capacity`` buckets of equal width; each keeps its last value and extremes.

    When the buckets are used up their width doubles, so the cost per value stays flat however long the run.
    """

    def __init__(self, capacity: int = MOST_BUCKETS) -> None:
        self.capacity = capacity
        self.kernel = loop.Series(np.zeros((4, capacity + 1)), np.array([0, 1]))
        """Where the training loop writes."""

    @property
    def width(self) -> int:
        """Epochs in a bucket: bucket i holds epochs ``i·width + 1`` to ``(i + 1)·width``."""
        return int(self.kernel.size[1])

    def __len__(self) -> int:
        return int(self.kernel.size[0])

    def cut(self, epoch: int) -> int:
        """Forget everything after ``epoch``. Returns the epoch after which values must be recorded again.

        A bucket that holds values from both sides is dropped whole, because its extremes cannot be told apart.
        """
        columns, size, width = self.kernel.columns, self.kernel.size, self.width
        while size[0] and columns[0, size[0] - 1] > epoch:
            size[0] -= 1
            start = int(columns[0, size[0]] - 1) // width * width
            if start < epoch:
                return start
        return epoch

    def arrays(self) -> tuple[Doubles, Doubles, Doubles, Doubles]:
        """Copies of the buckets' last epochs, last values, lowest and highest values, each ``(buckets,)`` float64."""
        epochs, last, low, high = self.kernel.columns[:, : len(self)].copy()
        return epochs, last, low, high

    def fill(self, columns: Doubles, width: int) -> None:
        """Take over what :meth:`arrays` gave, ``(4, buckets)``, of buckets so wide."""
        self.kernel.columns[:, : columns.shape[1]] = columns
        self.kernel.size[:] = columns.shape[1], width


class History:
    """The run's training and held-out losses for charts."""

    def __init__(self, epochs: int = 0) -> None:
        self.train = Series()
        self.test = Series()
        self.noted = np.array([epochs])
        self._seen: tuple[int, Losses] | None = None

    @property
    def epochs(self) -> int:
        """The last epoch that was recorded; none up to it is recorded again."""
        return int(self.noted[0])

    @property
    def kernel(self) -> loop.Notes:
        """Where the training loop writes: for each epoch its ``train_loss``, its updates' extremes, and a held-out loss
        where one was measured.
        """
        return loop.Notes(self.train.kernel, self.test.kernel, self.noted)

    def cut(self, epoch: int) -> int:
        """Forget everything after ``epoch``. Returns the epoch after which it must be recorded again."""
        self.noted[0] = min(self.train.cut(epoch), epoch)
        again = self.test.cut(epoch)
        if again < self.epochs:
            self.noted[0] = self.train.cut(again)
        self.test.cut(self.epochs)
        self._seen = None
        return self.epochs

    def copy(self) -> History:
        return deepcopy(self)

    def losses(self) -> Losses:
        """Everything recorded, as arrays."""
        if self._seen is None or self._seen[0] != self.epochs:
            self._seen = self.epochs, Losses(*self.train.arrays(), *self.test.arrays())
        return self._seen[1]
