"""What a session can be asked to find out about its run. Needs no torch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from adder_engine.analysis.results import GridSpec, Query

if TYPE_CHECKING:
    from adder_engine.analysis.results import (
        ActivationGrid,
        AffineMapHistory,
        AnswerGrid,
        Baseline,
        CurvatureReport,
        Evaluation,
        Extrapolation,
        GradientLine,
        LocalLinearMap,
        LossLandscape,
    )
    from adder_engine.runs.workspace import Workspace
    from adder_engine.snapshot import Outlook, Snapshot
    from adder_engine.steps import Steps

Result = TypeVar("Result")


@dataclass(frozen=True)
class QueryBatch:
    """Several findings of one and the same moment, each there when it is ready."""

    snapshot: Awaitable[Snapshot]
    """That moment."""
    answers: tuple[asyncio.Future[object], ...]
    """In the order of the questions; one that cannot be had raises RequestError."""


class Exploring:
    """Requests that look at the run from afar. None disturbs it; each speaks of the moment that is looked at.

    Those that take long are worked on in slices: other requests are answered, and training goes on, in between.
    """

    async def _ask(self, work: Callable[[Workspace], Result]) -> Result:
        """Have the thread do something and resolve with what it returns."""
        raise NotImplementedError

    async def _ask_in_slices(self, begin: Callable[[Workspace], Steps[Result]]) -> Result:
        """Have the thread do something in slices and resolve with what it returns."""
        raise NotImplementedError

    def _begin(self, begins: Sequence[Callable[[Workspace], Steps[object]]]) -> QueryBatch:
        """Have the thread begin several things at one moment."""
        raise NotImplementedError

    def together(self, *questions: Query) -> QueryBatch:
        """Findings that all speak of the same moment, also while the run plays."""

        def begin(question: Query) -> Callable[[Workspace], Steps[object]]:
            return lambda workspace: workspace.explorer.find(question)

        return self._begin([begin(question) for question in questions])

    async def plane(
        self, a_low: float, a_high: float, b_low: float, b_high: float, columns: int, rows: int, log: bool = False
    ) -> AnswerGrid:
        """The network's answers over a grid of sums, a across and b down.

        Raises:
            RequestError: limits that are no range within ±1e12, or a grid that is too fine.
        """
        extent = GridSpec(a_low, a_high, b_low, b_high, columns, rows, log)
        return await self._ask_in_slices(lambda workspace: workspace.explorer.plane(extent))

    async def neurons(
        self, a_low: float, a_high: float, b_low: float, b_high: float, columns: int, rows: int, log: bool = False,
        only: tuple[int, int] | None = None,
    ) -> tuple[ActivationGrid, ...]:  # fmt: skip
        """Every hidden neuron's output over the same grid, layer by layer, or ``only`` that of one (layer, neuron).

        Raises:
            RequestError: limits that are no range within ±1e12, a grid that is too fine, or no such hidden neuron.
        """
        extent = GridSpec(a_low, a_high, b_low, b_high, columns, rows, log)
        return await self._ask_in_slices(lambda workspace: workspace.explorer.neurons(extent, only))

    async def map_course(self) -> AffineMapHistory | None:
        """The collapsed map over the run; None for a network with an activation."""
        return await self._ask_in_slices(lambda workspace: workspace.explorer.map_course())

    async def slopes(self, a: float | None = None, b: float | None = None) -> LocalLinearMap:
        """The answer's slopes at the sum (a, b), by default the current one.

        Raises:
            RequestError: a or b is no finite number.
        """
        return await self._ask(lambda workspace: workspace.explorer.slopes(a, b))

    async def forecast(self) -> Extrapolation:
        """The errors that the slopes at the current sum foretell, for the watched sums and far-out ones."""
        return await self._ask_in_slices(lambda workspace: workspace.explorer.forecast())

    async def stability(self) -> CurvatureReport:
        """The loss's curvature, and the learning rate beside the limit that it sets.

        Raises:
            RequestError: the loss, its gradient or its curvature is not finite, or every parameter is frozen.
        """
        return await self._ask_in_slices(lambda workspace: workspace.explorer.stability())

    async def outlook(self) -> Outlook:
        """Whether the learning rate holds where the run stands, and why its loss stands still, if it does."""
        return await self._ask_in_slices(lambda workspace: workspace.explorer.outlook())

    async def along_gradient(self, points: int = 81) -> GradientLine:
        """The loss along the current gradient's direction, with the optimizer's next step marked.

        Raises:
            RequestError: fewer than 3 or more than 1,000 points, no gradient to follow, or a loss that is not finite.
        """
        return await self._ask_in_slices(lambda workspace: workspace.explorer.along_gradient(points))

    async def loss_slice(self, columns: int = 41, rows: int = 21) -> LossLandscape:
        """The loss over two directions through the current parameters, with the run's path.

        Raises:
            RequestError: a grid that is too fine, or a loss that is not finite here.
        """
        return await self._ask_in_slices(lambda workspace: workspace.explorer.loss_slice(columns, rows))

    async def checks(self) -> Evaluation:
        """Shares of held-out sums that are answered well, and the error inside and outside of the training range."""
        return await self._ask_in_slices(lambda workspace: workspace.explorer.checks())

    async def rivals(self) -> tuple[Baseline, ...]:
        """Least squares and nearest neighbours (k = 5) on the same rows, and this network beside them."""
        return await self._ask_in_slices(lambda workspace: workspace.explorer.rivals())
