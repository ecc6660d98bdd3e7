"""What a session can be asked to find out about its run. Needs no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adder_engine.findings import (
        Checks,
        Forecast,
        LossCurve,
        LossSlice,
        MapCourse,
        NeuronPlane,
        Plane,
        Rival,
        Slopes,
        Stability,
    )  # fmt: skip


class Exploring:
    """Requests that look at the run from afar. None disturbs it; each speaks of the moment that is looked at.

    Those that take long are worked on in slices: other requests are answered, and training goes on, in between.
    """

    async def plane(
        self, a_low: float, a_high: float, b_low: float, b_high: float, columns: int, rows: int, log: bool = False
    ) -> Plane:
        """The network's answers over a grid of sums, a across and b down.

        Raises:
            RequestError: limits that are no range within ±1e12, or a grid that is too fine.
        """
        raise NotImplementedError

    async def neurons(
        self, a_low: float, a_high: float, b_low: float, b_high: float, columns: int, rows: int, log: bool = False,
        only: tuple[int, int] | None = None,
    ) -> tuple[NeuronPlane, ...]:  # fmt: skip
        """Every hidden neuron's output over the same grid, layer by layer, or ``only`` that of one (layer, neuron).

        Raises:
            RequestError: limits that are no range within ±1e12, a grid that is too fine, or no such hidden neuron.
        """
        raise NotImplementedError

    async def map_course(self) -> MapCourse | None:
        """The collapsed map over the run; None for a network with an activation."""
        raise NotImplementedError

    async def slopes(self, a: float | None = None, b: float | None = None) -> Slopes:
        """The answer's slopes at the sum (a, b), by default the current one.

        Raises:
            RequestError: a or b is no finite number.
        """
        raise NotImplementedError

    async def forecast(self) -> Forecast:
        """The errors that the slopes at the current sum foretell, for the watched sums and far-out ones."""
        raise NotImplementedError

    async def stability(self) -> Stability:
        """The loss's curvature, and the learning rate beside the limit that it sets.

        Raises:
            RequestError: the loss, its gradient or its curvature is not finite, or every parameter is frozen.
        """
        raise NotImplementedError

    async def along_gradient(self, points: int = 81) -> LossCurve:
        """The loss along the current gradient's direction, with the optimizer's next step marked.

        Raises:
            RequestError: fewer than 3 or more than 1,000 points, no gradient to follow, or a loss that is not finite.
        """
        raise NotImplementedError

    async def loss_slice(self, columns: int = 41, rows: int = 21) -> LossSlice:
        """The loss over two directions through the current parameters, with the run's path.

        Raises:
            RequestError: a grid that is too fine, or a loss that is not finite here.
        """
        raise NotImplementedError

    async def checks(self) -> Checks:
        """Shares of held-out sums that are answered well, and the error inside and outside of the training range."""
        raise NotImplementedError

    async def rivals(self) -> tuple[Rival, ...]:
        """Least squares and nearest neighbours (k = 5) on the same rows, and this network beside them."""
        raise NotImplementedError
