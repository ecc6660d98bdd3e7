"""The loss chart: this run's losses, those of other runs behind them, and a cursor with its read-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_engine.snapshot import RunSummary
from adder_tui.ui.chart import LABEL_WIDTH, Curve, band, column_of, fine_curve, raster, x_axis, y_labels, y_range
from adder_tui.ui.line import Line, Span, joined
from adder_tui.ui.numbers import count, number
from adder_tui.ui.run_state import held_out_age, over_pairs, sum_text
from adder_tui.ui.run_words import on_chart, shown_beside
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import Annotation, EpochSummary, Losses


BLANK = " ⠀"
ROWS_AROUND = 3
"""Legend, axis and the axis's labels."""
NARROWING = 20
"""While a run is younger than a twentieth of the axis, the axis ends at that twentieth."""
ROWS = 2


def loss_changes(marks: Sequence[Annotation]) -> list[tuple[float, str]]:
    """``(epoch, loss)`` for each time that another loss function was chosen, in order."""
    found = []
    for mark in marks:
        names = [part.removeprefix("loss ") for part in mark.text.split(", ") if part.startswith("loss ")]
        found += [(mark.epoch, name) for name in names[-1:]]
    return found


def name_losses(
    cells: list[list[Span]], changes: Sequence[tuple[int, str]], first: str, glyphs: Glyphs
) -> list[list[Span]]:
    """The plot with a line in each column where the loss function changed, and both names beside it.

    Args:
        cells: the plot's rows, a character and its role for each column.
        changes: column and name of each new loss function, from left to right.
        first: the loss function before them.
    """
    named = [list(row) for row in cells]
    before = first
    for column, name in changes:
        for row in named:
            if row[column][0] in BLANK:
                row[column] = (glyphs.cursor, "dim")
        for start, word in ((column - len(before) - 1, before), (column + 2, name)):
            _write(named, start, word)
        before = name
    return named


def _write(rows: list[list[Span]], start: int, word: str) -> None:
    """Put a word into the uppermost row where it covers nothing."""
    for row in rows:
        room = row[start : start + len(word)] if start >= 0 else []
        if len(room) == len(word) and all(character in BLANK for character, _ in room):
            row[start : start + len(word)] = [(character, "strong") for character in word]
            return


@dataclass(frozen=True)
class Axis:
    """Epochs along the columns of the plot."""

    last: float
    columns: int

    def column(self, epoch: float) -> int:
        return column_of(min(self.last, max(0.0, epoch)), (0.0, self.last), self.columns)

    def epoch(self, column: int) -> int:
        """The epoch that a column stands for."""
        return round(max(0, min(column, self.columns - 1)) / max(1, self.columns - 1) * self.last)

    def moved(self, epoch: int, columns: int) -> int:
        """The epoch so many columns on or back, but at least one epoch away."""
        there = self.epoch(self.column(epoch) + columns)
        return max(epoch + 1, there) if columns > 0 else min(epoch - 1, there)


def axis_of(view: ViewState, width: int) -> Axis:
    """The epoch axis of a chart of this width."""
    return Axis(x_end(view), max(1, width - LABEL_WIDTH))


def loss_chart(view: ViewState, width: int, height: int, reading: int | None = None) -> list[Line]:
    """The losses against epochs, on a log axis, with a line at the current epoch.

    Args:
        reading: the epoch that is read out; None where none is.
    """
    glyphs = view.glyphs
    columns, rows = width - LABEL_WIDTH, height - ROWS_AROUND
    if columns < 8 or rows < 2:
        return [Line().fit(width) for _ in range(height)]
    snapshot = view.snapshot
    axis = axis_of(view, width)
    others = on_chart(view)
    behind = [_behind(run, marker, axis) for run, marker in others]
    curves = [curve for curve in behind if curve is not None]
    own = curves_of(snapshot.losses, axis.last, columns, glyphs) if snapshot else []
    curves += own
    span = y_range(curves)
    if curves:
        cursor = axis.column(now(view))
        read = None if reading is None else axis.column(reading)
        cells = raster(curves, (0.0, axis.last), span, columns, rows, glyphs)
        cells = _with_names(view, cells, axis)
        plot = [_with_cursors(row, cursor, read, glyphs) for row in cells]
    else:
        cursor, read = 0, None
        plot = _empty(view, columns, rows)
    feet: dict[int, Span] = {
        axis.column(mark.epoch): (glyphs.mark, "strong") for mark in (snapshot.marks if snapshot else ())
    }
    feet[cursor] = (glyphs.cursor_foot, "accent")
    if read is not None:
        feet[read] = (glyphs.read_foot, "key")
    labels = y_labels(span, rows, glyphs, empty=not curves)
    foot, x_labels = x_axis(axis.last, columns, glyphs, feet)
    return [
        _legend(view, others, width).fit(width, glyphs.ellipsis),
        *(Line.of(label, row).fit(width) for label, row in zip(labels, plot, strict=True)),
        foot.fit(width),
        x_labels.fit(width),
    ]


def now(view: ViewState) -> float:
    """The current moment on the epoch axis."""
    if view.snapshot is None:
        return 0.0
    return view.snapshot.epoch + min(1.0, view.snapshot.epoch_update / view.experiment.updates_per_epoch)


def newest_epoch(view: ViewState) -> int:
    """The last epoch that this run has finished, also while an earlier one is looked at."""
    if view.snapshot is None:
        return 0
    epochs = view.snapshot.losses.epochs
    return max(view.snapshot.epoch, int(epochs[-1]) if len(epochs) else 0)


def x_end(view: ViewState) -> float:
    """Where the epoch axis ends: at the run's last epoch, or nearer while the run is very young."""
    epochs = float(max(1, view.experiment.epochs))
    if view.snapshot is None:
        return epochs
    newest = max(now(view), newest_epoch(view), *(run.epoch for run, _ in on_chart(view)), 0)
    end = max(epochs, newest)
    while end / NARROWING >= max(newest, 10.0):
        end /= NARROWING
    return end


def curves_of(losses: Losses, x_last: float, columns: int, glyphs: Glyphs) -> list[Curve]:
    """Band of single updates, held-out curve and training curve, thinned and in log10; empty ones left out."""
    curves: list[Curve | None] = []
    if (losses.high > losses.low * 1.02).any():
        curves.append(band(losses.epochs, losses.low, losses.high, columns, x_last, "faint", glyphs.band))
    test_marker = "o" if glyphs.ascii else ""
    curves.append(fine_curve(losses.test_epochs, losses.test, columns, x_last, "test", test_marker))
    curves.append(fine_curve(losses.epochs, losses.train, columns, x_last, "train"))
    return [curve for curve in curves if curve is not None]


def _behind(run: RunSummary, marker: str, axis: Axis) -> Curve | None:
    """Another run's training loss."""
    return fine_curve(run.losses.epochs, run.losses.train, axis.columns, axis.last, "dim", marker)


def _with_names(view: ViewState, cells: list[list[Span]], axis: Axis) -> list[list[Span]]:
    """The plot with the names of the loss functions where they changed on the way."""
    changes = loss_changes(view.snapshot.marks) if view.snapshot else []
    if not changes:
        return cells
    first = view.snapshot.first_loss if view.snapshot else ""
    return name_losses(cells, [(axis.column(epoch), name) for epoch, name in changes], first, view.glyphs)


def _with_cursors(row: list[Span], now: int, read: int | None, glyphs: Glyphs) -> Line:
    """The row with the lines of now and of the read-out in empty cells, and what lies in the future greyed."""
    cells: list[Span] = []
    for i, (character, role) in enumerate(row):
        if i in (now, read) and character in " ⠀":
            cells.append((glyphs.cursor, "key" if i == read else "faint"))
        else:
            cells.append((character, "faint" if i > now and role in ("train", "test") else role))
    return joined(cells)


def _empty(view: ViewState, columns: int, rows: int) -> list[Line]:
    """What stands in a chart that has nothing to show yet."""
    if view.snapshot is None:
        words = [Line.of((f"loading torch{view.glyphs.ellipsis}", "dim"))]
    elif view.snapshot.status in ("stopped", "failed"):
        words = []
    elif not view.experiment.epochs:
        words = [Line.of(("no epochs: it stays untrained", "dim"))]
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


def _legend(view: ViewState, others: list[tuple[RunSummary, str]], width: int) -> Line:
    """What is drawn how; where it grows too long, first the gaps shrink, then the word for the scale goes."""
    scale = "" if others else ", log scale"
    wide = _legend_with(view, others, scale, "   ")
    for narrower in ((scale, "  "), ("", "  ")):
        if wide.width > width:
            wide = _legend_with(view, others, *narrower)
    return wide


def _legend_with(view: ViewState, others: list[tuple[RunSummary, str]], scale: str, gap: str) -> Line:
    glyphs = view.glyphs
    mark = glyphs.horizontal * 2
    train, test = ("**", "oo") if glyphs.ascii else (mark, mark)
    over = over_pairs(view.experiment, glyphs, ", ")[2]
    line = Line.of((f"  loss{scale}{gap}", "dim"), (train, "train"), (f" train{over}", "dim"))
    if view.has_held_out:
        line = Line.of(line, gap, (test, "test"), (" held-out", "dim"))
    if view.snapshot is not None:
        for run, marker in others:
            line = Line.of(line, f"{gap}{marker * 2} ", (glyphs.text(shown_beside(view.snapshot, run)), "dim"))
    return line


def loss_at(losses: Losses, epoch: int) -> tuple[float | None, float | None]:
    """``train_loss`` of an epoch where the history still has it, and the held-out loss last measured; else None."""
    import numpy as np

    train = test = None
    place = int(np.searchsorted(losses.epochs, epoch))
    if place < len(losses.epochs) and losses.epochs[place] == epoch:
        train = float(losses.train[place])
    measured = int(np.searchsorted(losses.test_epochs, epoch, side="right"))
    if measured:
        test = float(losses.test[measured - 1])
    return train, test


def near(losses: Losses, epoch: int) -> tuple[float | None, int]:
    """The first ``train_loss`` that the history has at an epoch or later, and of which epoch it is."""
    import numpy as np

    if epoch <= 0 or not len(losses.epochs):
        return None, epoch
    place = min(int(np.searchsorted(losses.epochs, epoch)), len(losses.epochs) - 1)
    return float(losses.train[place]), int(losses.epochs[place])


def read_out(view: ViewState, epoch: int, look: EpochSummary | None, axis: Axis, width: int) -> list[Line]:
    """Two lines about an epoch: losses, of other runs and marks too, then the answers once they have been looked up.

    Args:
        look: what the session found there; None while it has not been asked.
        axis: of the chart, to know which marks stand in the cursor's column.
    """
    snapshot, glyphs = view.snapshot, view.glyphs
    if snapshot is None:
        return [Line().fit(width)] * ROWS
    train, test = loss_at(snapshot.losses, epoch)
    first = Line.of((" epoch ", "dim"), (count(epoch), "key"))
    if look is not None:
        train, test = look.train_loss, look.test_loss
        first = Line.of(first, (", update ", "dim"), count(look.update))
    known = number(train, glyphs) if train is not None or look is not None or not epoch else glyphs.ellipsis
    first = Line.of(first, ("   train loss ", "dim"), (known, "train"), (over_pairs(view.experiment, glyphs)[2], "dim"))
    if view.has_held_out:
        age = "" if test is None else held_out_age(view.experiment, snapshot.losses, epoch)
        first = Line.of(first, ("  held-out ", "dim"), (number(test, glyphs), "test"), (age, "dim"))
    for run, marker in on_chart(view):
        if epoch <= run.epoch:
            there, at = near(run.losses, epoch)
            aside = f" at {count(at)}" if at != epoch else ""
            name = glyphs.text(shown_beside(snapshot, run))
            first = Line.of(first, (f"  {marker} {name} ", "dim"), number(there, glyphs), (aside, "dim"))
    here = [mark.text for mark in snapshot.marks if axis.column(mark.epoch) == axis.column(epoch)]
    if here:
        first = Line.of(first, (f"  {glyphs.mark} ", "strong"), glyphs.text(here[-1]))
    keys = Line.of(("Enter", "key"), (" goes there ", "dim"), ("Esc", "key"), (" lets go ", "dim"))
    return [first.fit(width, glyphs.ellipsis), _answers(view, look, width - keys.width).with_right(keys, width)]


def _answers(view: ViewState, look: EpochSummary | None, width: int) -> Line:
    """As many answers as fit; dashes where they have not been looked up."""
    snapshot, glyphs = view.snapshot, view.glyphs
    assert snapshot is not None
    line = Line.of(" ")
    for i, answer in enumerate(snapshot.answers):
        known = number(look.answers[i].predicted, glyphs) if look and i < len(look.answers) else glyphs.ellipsis
        question = sum_text(answer.sum, view.experiment.wanted.rule, glyphs)
        piece = Line.of((f"{question} = ", "dim"), known, "   ")
        if line.width + piece.width > width:
            break
        line = Line.of(line, piece)
    return line
