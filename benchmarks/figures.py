"""What is measured, and the table that tells it."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of the table: our figure, its rival's, and the limit that it shall keep."""

    name: str
    ours: float
    unit: str
    rival: float | None = None
    ratio: float | None = None
    """Ours over the rival's where not given: a median of ratios is steadier than a ratio of medians."""
    limit: float | None = None
    """For the ratio where there is a rival, else for ours."""
    at_least: bool = False
    """The limit is the least that will do; otherwise the most."""

    @property
    def compared(self) -> float | None:
        if self.ratio is not None:
            return self.ratio
        return self.ours / self.rival if self.rival else None

    @property
    def kept(self) -> bool | None:
        if self.limit is None:
            return None
        value = self.ours if self.compared is None else self.compared
        return value >= self.limit if self.at_least else value <= self.limit


HEADINGS = ("figure", "ours", "rival", "ratio", "target", "")


def row_of(figure: Figure) -> tuple[str, ...]:
    """A figure's cells, in the order of :data:`HEADINGS`."""
    sign = "≥" if figure.at_least else "≤"
    unit = "" if figure.compared is not None else f" {figure.unit}"
    return (
        figure.name,
        f"{_short(figure.ours)} {figure.unit}",
        "" if figure.rival is None else f"{_short(figure.rival)} {figure.unit}",
        "" if figure.compared is None else f"{figure.compared:.2f}",
        "" if figure.limit is None else f"{sign} {figure.limit:g}{unit}",
        {True: "ok", False: "MISSED", None: ""}[figure.kept],
    )


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells as aligned columns, the first to the left and the numbers to the right."""
    cells = [HEADINGS, *map(tuple, rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(HEADINGS))]
    lines = [
        "  ".join(
            cell.ljust(w) if i in (0, 5) else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    return "\n".join(line.rstrip() for line in [lines[0], "─" * len(lines[0]), *lines[1:]])


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share of all values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


median = statistics.median


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
