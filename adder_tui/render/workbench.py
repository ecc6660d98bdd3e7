"""What a lesson's own views are drawn from: what was asked, the lesson's runs, figures, cards, controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adder_tui.learning.sheets import Call

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import GradientCheck
    from adder_tui.lessons.lesson import Lesson

Shown = float | str


@dataclass(frozen=True)
class AskedSum:
    """A sum that was asked in this lesson, and what the network said then."""

    a: float
    b: float
    answer: float
    wanted: float | None
    """None where it is not known."""


@dataclass(frozen=True)
class RunLine:
    """One run of the lesson."""

    experiment: Experiment
    epochs: int
    first: float | None
    """Loss of its first epoch."""
    last: float | None
    exploded: bool


@dataclass(frozen=True)
class Workbench:
    """The lesson's views beside the app's own, at one moment."""

    lesson: Lesson
    asked: tuple[AskedSum, ...] = ()
    """Oldest first."""
    runs: tuple[RunLine, ...] = ()
    """Oldest first; the last one is at hand."""
    results: Mapping[Call, Shown] = field(default_factory=dict)
    """Figures that were asked for, by call; a sentence where there is none."""
    checks: Mapping[str, GradientCheck] = field(default_factory=dict)
    """The newest slope measured of each number."""
    working: Call | None = None
    """The figure that is being computed."""
    rows: Mapping[str, int] = field(default_factory=dict)
    """View to the row under its cursor."""
    calls: Mapping[str, tuple[Call, ...]] = field(default_factory=dict)
    """View to its rows."""
    sorted: Mapping[str, str] = field(default_factory=dict)
    """Card to bin."""
    best: Mapping[str, float] = field(default_factory=dict)
    """Challenges that were met, with the best score."""
    station: str = ""
    """The id of the station that is loaded; empty for the preset."""
