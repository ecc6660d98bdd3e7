"""The loss chart: this run's losses, those of other runs behind them, and a cursor to read them out with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_engine.runs.labels import MOST_WORDS, difference_words, title_of
from adder_engine.snapshot import RunSummary, ended_text
from adder_tui.ui.chart import LABEL_WIDTH, Curve, band, column_of, fine_curve, raster, x_axis, y_labels, y_range
from adder_tui.ui.line import Line, Span, joined
from adder_tui.ui.losses import over_pairs
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import Annotation, Losses, Snapshot


MOST_ON_CHART = 4
"""Other runs on the chart: as many as it has characters for."""
DRAWN = ("seed", "network.layers", "network.init", "data.draw_first")
"""What the initial weights depend on; with the data drawn first also on how much of it is drawn."""
BLANK = " ⠀"
ROWS_AROUND = 3
"""Legend, axis and the axis's labels."""
NARROWING = 20
"""While a run is younger than a twentieth of the axis, the axis ends at that twentieth."""


def on_chart(view: ViewState) -> list[tuple[RunSummary, str]]:
    """The other runs whose curves lie behind this one's, newest last, each with the character it is drawn with."""
    snapshot = view.snapshot
    if snapshot is None:
        return []
    if view.charted is None:
        shown = [run for run in snapshot.runs[-1:] if comparable(run.experiment, snapshot.experiment)]
    else:
        shown = [run for run in snapshot.runs if run.id in view.charted][-MOST_ON_CHART:]
    return list(zip(shown, view.glyphs.others, strict=False))


def comparable(one: Experiment, other: Experiment) -> bool:
    """Whether their losses mean the same: the same kind of data, and the same way to measure."""
    return one.data == other.data and one.training.loss == other.training.loss


def shown_beside(snapshot: Snapshot, run: RunSummary) -> str:
    """What another run has that this one has not, in a few words; its name where that is nothing or too much."""
    words = difference_words(snapshot.experiment, run.experiment)
    if 0 < len(words) <= MOST_WORDS:
        return ", ".join(words)
    if run.name != snapshot.run_name:
        return run.name
    return "as it went before" if snapshot.parent == run.id and snapshot.branched_at is not None else run.name


def run_now(snapshot: Snapshot) -> RunSummary:
    """The run in progress, as it stands, in the form of one that was left."""
    return RunSummary(
        id=snapshot.run, name=snapshot.run_name or title_of(snapshot.experiment), experiment=snapshot.experiment,
        epoch=snapshot.epoch, train_loss=snapshot.train_loss, test_loss=snapshot.test_loss, answers=snapshot.answers,
        collapsed=snapshot.collapsed, losses=snapshot.losses, marks=snapshot.marks, parent=snapshot.parent,
        branched_at=snapshot.branched_at, stopped=_stopped(snapshot),
        diverged=snapshot.blow_up is not None and snapshot.blow_up.lost_at is None,
    )  # fmt: skip


def _stopped(snapshot: Snapshot) -> str:
    """Why the run blew up, or that it ended diverged; empty where neither is so."""
    if snapshot.blow_up is not None and snapshot.blow_up.times is not None:
        return ended_text(snapshot.blow_up.times, snapshot.blow_up.loss)
    return snapshot.message if snapshot.status == "stopped" else ""


def same_start(one: Experiment, other: Experiment) -> bool:
    """Whether both began with identical weights."""
    keys = [*DRAWN]
    if one.data.draw_first or other.data.draw_first:
        keys += ["data.kind", "data.count", "data.noise", "data.rows"]
    return all(one[key] == other[key] for key in keys)


def start_sentence(one: RunSummary, other: RunSummary) -> str:
    """What the two have in common at their start, in one sentence."""
    at = one.branched_at if one.parent == other.id else other.branched_at if other.parent == one.id else None
    if at is not None:
        return f"They are one run up to epoch {at:,.4g}: identical weights until there."
    if same_start(one.experiment, other.experiment):
        return f"Both began with identical weights: seed {one.experiment.seed}."
    differ = [key for key in DRAWN if one.experiment[key] != other.experiment[key]] or ["data.draw_first"]
    names = " and ".join(key.rpartition(".")[2].replace("_", " ") for key in differ)
    return f"They began with different weights: another {names}."


def branch_sentence(before: Snapshot, after: Snapshot) -> str:
    """Where something was done in a run's past, what became of the line that it cut off; empty where none was."""
    newer = after.run > max([before.run, *(run.id for run in before.runs)])
    old = next((run for run in after.runs if run.id == before.run), None)
    if old is None or not newer or after.parent != before.run or after.branched_at is None:
        return ""
    return f"The old line stays on the chart: {shown_beside(after, old)}."


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
        """The column that an epoch is drawn in."""
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
