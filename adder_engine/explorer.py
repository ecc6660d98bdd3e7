"""Everything that can be found out about a run from afar, in one place for the session's thread."""

from __future__ import annotations

from dataclasses import dataclass

from adder_engine import checks, curvature, far_sums, loss_views, outlook, run_path
from adder_engine.findings import (
    Checks,
    Extent,
    Forecast,
    LossCurve,
    LossSlice,
    MapCourse,
    NeuronPlane,
    Plane,
    Question,
    Rival,
    Slopes,
    Stability,
)
from adder_engine.recording import Recording
from adder_engine.slices import Sliced, in_one
from adder_engine.snapshot import Outlook
from adder_engine.sums import Sum

POINTS = 81
"""Of the curve along the gradient."""


@dataclass(frozen=True)
class Explorer:
    """Looks at a run as it is when the work begins. What is needed later is copied, so the run may go on meanwhile."""

    recording: Recording
    asked: Sum
    """The current sum."""
    watched: list[Sum]

    def find(self, question: Question) -> Sliced[object]:
        """What is asked for by name."""
        found: Sliced[object] = getattr(self, question.name)(*question.arguments)
        return found

    def plane(self, extent: Extent) -> Sliced[Plane]:
        """The network's answers over a grid of sums."""
        return far_sums.plane(self.recording.trainer, extent)

    def neurons(self, extent: Extent, only: tuple[int, int] | None = None) -> Sliced[tuple[NeuronPlane, ...]]:
        """The hidden neurons' outputs over a grid of sums."""
        return far_sums.neurons(self.recording.trainer, extent, only)

    def map_course(self) -> Sliced[MapCourse | None]:
        """The collapsed map over the run."""
        return in_one(lambda: run_path.map_course(self.recording))

    def slopes(self, a: float | None, b: float | None) -> Slopes:
        """The answer's slopes at a sum, by default the current one."""
        return far_sums.slopes(
            self.recording.trainer, self.asked.a if a is None else a, self.asked.b if b is None else b
        )

    def forecast(self) -> Sliced[Forecast]:
        """What the slopes at the current sum foretell."""
        return far_sums.forecast(self.recording.trainer, self.asked, self.watched)

    def stability(self, rough: bool = False) -> Sliced[Stability]:
        """The loss's curvature and the limit that it sets; ``rough`` on fewer rows, as beside a run that plays."""
        return curvature.stability(self.recording.trainer, rough)

    def outlook(self) -> Sliced[Outlook]:
        """Whether the rate holds, and whether the run is stuck."""
        return outlook.outlook_of(self.recording)

    def along_gradient(self, points: int = POINTS, rough: bool = False) -> Sliced[LossCurve]:
        """The loss along the current gradient."""
        return loss_views.along_gradient(self.recording.trainer, points, rough)

    def loss_slice(self, columns: int, rows: int, rough: bool = False) -> Sliced[LossSlice]:
        """The loss over two directions, with the run's path."""
        return loss_views.loss_slice(self.recording, columns, rows, rough)

    def checks(self) -> Sliced[Checks]:
        """Shares of sums answered well, and the error by region."""
        return checks.checks(self.recording.trainer)

    def rivals(self) -> Sliced[tuple[Rival, ...]]:
        """Other learners on the same rows."""
        return checks.rivals(self.recording.trainer, self.watched)
