"""The loss chart: plotext rasters the curves, the axes are our own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_engine.snapshot import Losses
from adder_tui.render.axes import Tick, linear_ticks, log_span, log_ticks
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, Role, Span
from adder_tui.render.view import View

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

LABEL_WIDTH = 7
"""Columns left of the plot: a tick's label, and the axis."""
ROWS_AROUND = 3
"""Legend, axis and the axis's labels."""
NARROWING = 20
"""While a run is younger than a twentieth of the axis, the axis ends at that twentieth."""

_CURVES: tuple[Role, ...] = ("faint", "test", "train")
"""What plotext's colours 1, 2 and 3 stand for, in drawing order."""


@dataclass(frozen=True)
class Curve:
    """Points to be joined, y in log10; ``role`` is one of the chart's curves."""

    x: Doubles
    y: Doubles
    role: Role


def loss_chart(view: View, width: int, height: int) -> list[Line]:
    """The losses of the run so far against epochs, on a log axis, with a cursor at the current epoch."""
    glyphs = view.glyphs
    columns, rows = width - LABEL_WIDTH, height - ROWS_AROUND
    if columns < 8 or rows < 2:
        return [Line().fit(width) for _ in range(height)]
    snapshot = view.snapshot
    last = x_end(view)
    here = now(view)
    curves = curves_of(snapshot.losses, last, columns) if snapshot else []
    y_low, y_high = y_range(curves)
    if curves:
        cells = raster(curves, (0.0, last), (y_low, y_high), columns, rows, glyphs)
        cursor = round(min(1.0, here / last) * (columns - 1))
        plot = [_with_cursor(row, cursor, glyphs) for row in cells]
    else:
        cursor = 0
        plot = _empty(view, columns, rows)
    y_ticks = log_ticks(y_low, y_high, max(2, rows // 2), glyphs) if curves else []
    labels = _y_labels(y_ticks, (y_low, y_high), rows, glyphs)
    axis, x_labels = _x_axis(linear_ticks(last, max(2, columns // 10), glyphs), last, columns, cursor, glyphs)
    return [
        _legend(view.has_held_out, glyphs).fit(width, glyphs.ellipsis),
        *(Line.of(label, row).fit(width) for label, row in zip(labels, plot, strict=True)),
        axis.fit(width),
        x_labels.fit(width),
    ]


def now(view: View) -> float:
    """The current moment on the epoch axis."""
    if view.snapshot is None:
        return 0.0
    return view.snapshot.moment.update / view.experiment.updates_per_epoch


def x_end(view: View) -> float:
    """Where the epoch axis ends: at the run's last epoch, or nearer while the run is very young."""
    epochs = float(max(1, view.experiment.epochs))
    newest = view.snapshot.newest.update / view.experiment.updates_per_epoch if view.snapshot else epochs
    end = max(epochs, newest)
    while end / NARROWING >= max(newest, 10.0):
        end /= NARROWING
    return end


def curves_of(losses: Losses, x_last: float, columns: int) -> list[Curve]:
    """Band of single updates, held-out curve and training curve, thinned and in log10; empty ones left out."""
    import numpy as np

    curves: list[Curve] = []

    def add(x: Doubles, low: Doubles, high: Doubles, role: Role) -> None:
        fine = (low > 0) & np.isfinite(low) & np.isfinite(high) & (high > 0) & (x <= x_last)
        if fine.any():
            curves.append(Curve(*thin(x[fine], np.log10(low[fine]), np.log10(high[fine]), columns, x_last), role))

    wide = losses.high > losses.low * 1.02
    if wide.any():
        add(losses.epochs, losses.low, losses.high, "faint")
    add(losses.test_epochs, losses.test, losses.test, "test")
    add(losses.epochs, losses.train, losses.train, "train")
    return curves


def thin(x: Doubles, low: Doubles, high: Doubles, columns: int, x_last: float) -> tuple[Doubles, Doubles]:
    """At most two points a column: each column's lowest and highest, in the order in which they came."""
    import numpy as np

    same = bool((low == high).all())
    if same and len(x) <= 2 * columns:
        return x, low
    column = np.minimum((x / x_last * columns).astype(int), columns - 1)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    xs: list[float] = []
    ys: list[float] = []
    for start, stop in zip(starts, [*starts[1:], len(x)], strict=True):
        lowest = start + int(low[start:stop].argmin())
        highest = start + int(high[start:stop].argmax())
        points = sorted({(lowest, 0), (highest, 1)})
        for i, which in points:
            xs.append(float(x[i]))
            ys.append(float(high[i] if which else low[i]))
    return np.asarray(xs), np.asarray(ys)


def y_range(curves: list[Curve]) -> tuple[float, float]:
    """The log axis's range over all curves."""
    if not curves:
        return 0.0, 1.0
    return log_span(min(float(c.y.min()) for c in curves), max(float(c.y.max()) for c in curves))


def raster(
    curves: list[Curve], x: tuple[float, float], y: tuple[float, float], columns: int, rows: int, glyphs: Glyphs
) -> list[list[Span]]:
    """The curves as cells, ``rows`` lists of ``columns`` (character, role) pairs; plotext does the drawing."""
    import plotext

    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.plotsize(columns, rows)
    plotext.frame(False)
    plotext.xfrequency(0)
    plotext.yfrequency(0)
    plotext.axes_color("default")
    plotext.canvas_color("default")
    plotext.xlim(*x)
    plotext.ylim(*y)
    for curve in curves:
        marker = glyphs.band if curve.role == "faint" else glyphs.marker
        if glyphs.ascii and curve.role == "test":
            marker = "o"
        plotext.plot(curve.x.tolist(), curve.y.tolist(), marker=marker, color=_CURVES.index(curve.role) + 1)
    built: str = plotext.build()
    plotext.clear_figure()
    lines = built.split("\n")[:rows]
    return [_cells(line)[:columns] for line in lines]


_SGR = re.compile(r"\x1b\[([0-9;]*)m")


def _cells(line: str) -> list[Span]:
    """plotext's coloured text as cells with roles."""
    cells: list[Span] = []
    role: Role = "text"
    at = 0
    for match in [*_SGR.finditer(line), None]:
        cells += [(character, role) for character in line[at : match.start() if match else len(line)]]
        if match is None:
            break
        at = match.end()
        number = match[1].rpartition(";")[2]
        role = _CURVES[int(number) - 1] if match[1].startswith("38;5;") and number in ("1", "2", "3") else "text"
    return cells


def _with_cursor(row: list[Span], column: int, glyphs: Glyphs) -> Line:
    """The row with the cursor's line in an empty cell, and what lies in the future greyed."""
    cells: list[Span] = []
    for i, (character, role) in enumerate(row):
        if i == column and character in " ⠀":
            cells.append((glyphs.cursor, "faint"))
        else:
            cells.append((character, "faint" if i > column and role in ("train", "test") else role))
    return Line(tuple(_joined(cells)))


def _joined(cells: list[Span]) -> list[Span]:
    spans: list[Span] = []
    for character, role in cells:
        if spans and spans[-1][1] == role:
            spans[-1] = (spans[-1][0] + character, role)
        else:
            spans.append((character, role))
    return spans


def _empty(view: View, columns: int, rows: int) -> list[Line]:
    """What stands in a chart that has nothing to show yet."""
    if view.snapshot is None:
        words = [Line.of((f"loading torch{view.glyphs.ellipsis}", "dim"))]
    elif view.snapshot.status in ("stopped", "failed"):
        words = []
    else:
        words = [
            Line.of(("space", "key"), ("  trains", "dim")),
            Line.of(("  .  ", "key"), ("  takes one step", "dim")),
        ]
    top = max(0, (rows - len(words)) // 2)
    lines = [Line().fit(columns) for _ in range(rows)]
    indent = max(0, (columns - max((w.width for w in words), default=0)) // 2)
    for i, line in enumerate(words[: rows - top]):
        lines[top + i] = Line.of(" " * indent, line).fit(columns)
    return lines


def _legend(has_test: bool, glyphs: Glyphs) -> Line:
    mark = glyphs.horizontal * 2
    if glyphs.ascii:
        train, test = "**", "oo"
    else:
        train = test = mark
    line = Line.of(("  loss, log scale   ", "dim"), (train, "train"), (" train", "dim"))
    return Line.of(line, "   ", (test, "test"), (" held-out", "dim")) if has_test else line


def _y_labels(ticks: list[Tick], span: tuple[float, float], rows: int, glyphs: Glyphs) -> list[Line]:
    low, high = span
    by_row = {round((high - tick.at) / (high - low) * (rows - 1)): tick.label for tick in reversed(ticks)}
    return [
        Line.of(
            (by_row.get(row, "").rjust(LABEL_WIDTH - 1)[: LABEL_WIDTH - 1], "dim"),
            (glyphs.y_tick if row in by_row else glyphs.vertical, "faint"),
        )
        for row in range(rows)
    ]


def _x_axis(ticks: list[Tick], last: float, columns: int, cursor: int, glyphs: Glyphs) -> tuple[Line, Line]:
    marks = [glyphs.horizontal] * columns
    labels = [" "] * (LABEL_WIDTH + columns)
    free = 0
    for tick in ticks:
        column = round(tick.at / last * (columns - 1))
        start = min(LABEL_WIDTH + column - len(tick.label) // 2, len(labels) - len(tick.label))
        if start < free:
            continue
        marks[column] = glyphs.x_tick
        labels[start : start + len(tick.label)] = tick.label
        free = start + len(tick.label) + 1
    marks[cursor] = glyphs.cursor_foot
    spans: list[Span] = [(mark, "accent" if i == cursor else "faint") for i, mark in enumerate(marks)]
    corner: Span = (" " * (LABEL_WIDTH - 1) + glyphs.corner, "faint")
    return Line(tuple(_joined([corner, *spans]))), Line.of(("".join(labels), "dim"))
