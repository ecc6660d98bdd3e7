"""The loss chart: this run's losses, those of other runs behind them, and a cursor with its read-out."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, takewhile
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_engine.sections import LOSSES
from adder_engine.snapshot import RunSummary
from adder_tui.ui.axis import LABELS, WHOLE, Lens
from adder_tui.ui.chart import BLANK, Scale, scale_of, x_axis, y_labels
from adder_tui.ui.curve import Curve, band, beyond_mark, column_of, fine_curve, raster, smoothed
from adder_tui.ui.line import Line, Span, cut, joined, packed, roomiest
from adder_tui.ui.numbers import answer_text, count, number
from adder_tui.ui.run_state import held_out_age, over_pairs, sum_text
from adder_tui.ui.run_words import on_chart, shown_beside
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import Annotation, EpochSummary, Losses


ROWS_AROUND = 3
"""Legend, axis and the axis's labels."""
LEAST_LETTERS = 3
"""Of a run's name that is cut."""
LEAST_ROWS = 6
"""Rows that the curves keep where the legend takes another one."""
NARROWING = 20
"""While a run is younger than a twentieth of the axis, the axis ends at that twentieth."""
ROWS = 2


def loss_changes(marks: Sequence[Annotation]) -> list[tuple[float, str]]:
    """``(epoch, loss)`` for each time that another loss function was chosen, in order.

    A mark's text is in the learner's language; the function's own name is in none.
    """
    found = []
    for mark in marks:
        names = [word for part in mark.text.split(", ") for word in part.split() if word in LOSSES]
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
    """Where the whole chart ends."""
    columns: int
    lens: Lens = WHOLE

    @property
    def span(self) -> tuple[float, float]:
        """The epochs in sight."""
        return self.lens.span(self.last)

    def column(self, epoch: float) -> int:
        """The column of an epoch; outside the plot where it is out of sight."""
        return column_of(min(self.last, max(0.0, epoch)), self.span, self.columns)

    def epoch(self, column: int) -> int:
        first, last = self.span
        return round(first + max(0, min(column, self.columns - 1)) / max(1, self.columns - 1) * (last - first))

    def moved(self, epoch: int, columns: int) -> int:
        """The epoch so many columns on or back, but at least one epoch away, and in the whole chart."""
        first, last = self.span
        there = round(epoch + columns / max(1, self.columns - 1) * (last - first))
        return max(epoch + 1, there) if columns > 0 else min(epoch - 1, there)


def axis_of(view: ViewState, width: int, lens: Lens = WHOLE) -> Axis:
    """The epoch axis of a chart of this width."""
    return Axis(x_end(view), max(1, width - LABELS), lens)


def loss_chart(view: ViewState, width: int, height: int, reading: int | None = None, lens: Lens = WHOLE) -> list[Line]:
    """The losses against epochs, with a line at the current epoch.

    Args:
        reading: the epoch that is read out; None where none is.
        lens: how they are looked at.
    """
    glyphs = view.glyphs
    columns, rows = width - LABELS, height - ROWS_AROUND
    if columns < 8 or rows < 2:
        return [Line().fit(width) for _ in range(height)]
    snapshot = view.snapshot
    axis = axis_of(view, width, lens)
    others = on_chart(view)
    legend = _legend(view, others, (), lens, width, 2 if rows > LEAST_ROWS else 1)
    rows -= len(legend) - 1
    behind = [
        fine_curve(run.losses.epochs, run.losses.train, axis.columns, axis.span, lens, "dim", marker, cut=True)
        for run, marker in others  # which never set the scale
    ]
    own = curves_of(snapshot.losses, axis, glyphs, view.has_held_out) if snapshot else []
    curves = [*chain.from_iterable(behind), *own]
    scale = scale_of(own or [*_before(view, others, behind, lens)] or curves, lens, rows, axis.span)
    cursor = axis.column(now(view))
    read = None if reading is None or not curves else axis.column(reading)
    if not curves:
        plot = _empty(view, axis, rows)
    else:
        cells = raster(curves, axis.span, scale.span, columns, rows, glyphs, floor=scale.floor)
        plot = [_with_cursors(row, cursor, read, glyphs) for row in _with_names(view, cells, axis)]
    feet: dict[int, Span] = {
        axis.column(mark.epoch): (glyphs.mark, "strong") for mark in (snapshot.marks if snapshot else ())
    }
    feet[cursor] = (glyphs.cursor_foot, "accent")
    if read is not None:
        feet[read] = (glyphs.read_foot, "key")
    labels = y_labels(scale, rows, glyphs, empty=not curves)
    foot, x_labels = x_axis(axis.span, columns, glyphs, feet)
    leaving = {run.id for (run, _), drawn in zip(others, behind, strict=True) if _leave(drawn, scale, axis)}
    if leaving:
        legend = _legend(view, others, leaving, lens, width, len(legend))
    return [
        *(line.fit(width, glyphs.ellipsis) for line in legend),
        *(Line.of(label, row).fit(width) for label, row in zip(labels, plot, strict=True)),
        foot.fit(width),
        x_labels.fit(width),
    ]


def _before(
    view: ViewState, others: Sequence[tuple[RunSummary, str]], behind: Sequence[list[Curve]], lens: Lens
) -> Iterator[Curve]:
    """What sets the scale until there is a loss of this run: ``loss now``, and other runs that did not blow up."""
    import numpy as np

    loss = None if view.snapshot is None else view.snapshot.current_loss
    if loss is not None:
        at = now(view)
        yield from fine_curve(np.array([at]), np.array([loss]), 1, (at, at + 1), lens, "train")
    for (run, _), drawn in zip(others, behind, strict=True):
        yield from (replace(curve, cut=False) for curve in drawn if not run.stopped)


def _leave(curves: Sequence[Curve], scale: Scale, axis: Axis) -> bool:
    """Whether curves are cut off at the upper end of the frame."""
    low, high = axis.span
    return any(bool((curve.y[(curve.x >= low) & (curve.x <= high)] > scale.high).any()) for curve in curves)


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


def drawn_to(view: ViewState) -> float:
    """The newest epoch of all runs on the chart."""
    return max(now(view), newest_epoch(view), *(run.epoch for run, _ in on_chart(view)), 0.0)


def x_end(view: ViewState) -> float:
    """Where the epoch axis ends: at the run's last epoch, or nearer while the run is very young."""
    epochs = float(max(1, view.experiment.epochs))
    if view.snapshot is None:
        return epochs
    newest = drawn_to(view)
    end = max(epochs, newest)
    while end / NARROWING >= max(newest, 10.0):
        end /= NARROWING
    return end


def curves_of(losses: Losses, axis: Axis, glyphs: Glyphs, held_out: bool = True) -> list[Curve]:
    """Band of single updates, held-out curve, training curve and its moving average; empty ones left out."""
    at, smooth = (axis.columns, axis.span, axis.lens), axis.lens.smooth
    curves = band(losses.epochs, losses.low, losses.high, *at, "faint") if has_band(losses) else []
    if held_out:
        curves += fine_curve(losses.test_epochs, losses.test, *at, "test", glyphs.held_out)
    curves += fine_curve(losses.epochs, losses.train, *at, "dim" if smooth else "train", bold=not smooth)
    if smooth:
        mean = smoothed(losses.epochs, losses.train, smooth)
        marker = "" if glyphs.mean == glyphs.marker else glyphs.mean
        curves += fine_curve(losses.epochs, mean, *at, "train", marker, bold=True)
    return curves


def has_band(losses: Losses) -> bool:
    """Whether losses within an epoch differ so much that their range is drawn."""
    return bool((losses.high > losses.low * 1.02).any())


def _with_names(view: ViewState, cells: list[list[Span]], axis: Axis) -> list[list[Span]]:
    """The plot with the names of the loss functions where they changed on the way."""
    if view.snapshot is None or not (changes := loss_changes(view.snapshot.marks)):
        return cells
    placed = [(axis.column(epoch), name) for epoch, name in changes]
    gone = [name for column, name in placed if column < 0]
    seen = [(column, name) for column, name in placed if 0 <= column < axis.columns]
    return name_losses(cells, seen, gone[-1] if gone else view.snapshot.first_loss, view.glyphs)


def _with_cursors(row: list[Span], now: int, read: int | None, glyphs: Glyphs) -> Line:
    """The row with the lines of now and of the read-out in empty cells, and what lies in the future greyed."""
    cells: list[Span] = []
    for i, (character, role) in enumerate(row):
        if i in (now, read) and character in BLANK:
            cells.append((glyphs.cursor, "key" if i == read else "faint"))
        else:
            cells.append((character, "faint" if i > now and role in ("train", "test") else role))
    return joined(cells)


def _empty(view: ViewState, axis: Axis, rows: int) -> list[Line]:
    """What stands in a chart that has nothing to show yet, or not in the part in sight."""
    columns = axis.columns
    if axis.span[0] > drawn_to(view):
        every = Line.of(("0", "key"), (tr("  shows all epochs"), "dim"))
        words = [Line.of((tr("nothing trained here yet"), "dim")), every]
    elif newest_epoch(view):
        words = [Line.of((tr("no loss here is a finite number"), "dim"))]
    elif view.snapshot is None:
        words = [Line.of((f"{tr('loading')}{view.glyphs.ellipsis}", "dim"))]
    elif view.snapshot.status in ("stopped", "failed"):
        words = []
    elif not view.experiment.epochs:
        words = [Line.of((tr("no epochs: it stays untrained"), "dim"))]
    elif view.keys_wait:
        words = [Line.of((tr("nothing trained here yet"), "dim"))]
    else:
        trains = Line.of((tr("space"), "key"), (tr("  trains"), "dim"))
        words = [trains, Line.of(("  .  ", "key"), (tr("  takes one step"), "dim"))]
    top = max(0, (rows - len(words)) // 2)
    indent = " " * max(0, (columns - max((w.width for w in words), default=0)) // 2)
    lines = [*[Line()] * top, *(Line.of(indent, line) for line in words), *[Line()] * rows][:rows]
    return [line.fit(columns) for line in lines]


def _legend(
    view: ViewState, others: list[tuple[RunSummary, str]], leaving: Container[int], lens: Lens, width: int, most: int
) -> list[Line]:
    """What is drawn how, in at most so many rows.

    Where it grows too long, first the gaps shrink, then words that are needed least go, then it takes another row,
    then the runs' names lose what they begin with alike and are cut, and at last they go.
    """
    glyphs, snapshot = view.glyphs, view.snapshot
    ink = glyphs.marker if glyphs.ascii else glyphs.bar
    thin = ink if glyphs.ascii else glyphs.horizontal
    named = None if snapshot is None else view.titles.get(snapshot.run)
    own = glyphs.text(named or tr("train")) + over_pairs(view.experiment, glyphs, ", ")[2]
    zero = "" if snapshot is None else zeros(snapshot.losses)
    names = [glyphs.text(view.titles.get(run.id) or shown_beside(snapshot, run)) for run, _ in others if snapshot]
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    alike = len(list(same)) if len(set(names)) > 1 else 0

    def written(word: str, scale: str, gap: str, within: str, longest: int) -> list[Line]:
        drawn: Span = (thin * 2, "dim") if lens.smooth else (ink * 2, "train")
        called = cut(own, longest, glyphs.ellipsis) if named else own
        line = Line.of((f"{word}{scale}{gap}", "dim"), drawn, (f" {called}", "strong" if named else "dim"))
        pieces = [Line.of(line, (f", {zero}" if zero else "", "strong"))]
        if lens.smooth:
            epochs = count(lens.smooth)
            sentence = tr(" mean of {epochs}", epochs=epochs) if word else tr(" mean {epochs}", epochs=epochs)
            pieces.append(Line.of(((glyphs.mean if glyphs.ascii else ink) * 2, "train"), (sentence, "dim")))
        if view.has_held_out:
            pieces.append(Line.of((glyphs.held_out * 2, "test"), (tr(" held-out"), "dim")))
        if snapshot is not None and has_band(snapshot.losses):
            pieces.append(Line.of((glyphs.band * 2, "faint"), (tr(" batches") + within, "dim")))
        for (run, marker), name in zip(others, names, strict=True):
            off = f" {beyond_mark(glyphs)[0]}" if run.id in leaving else ""
            known = name if len(name) <= longest else cut(name[alike:], longest, glyphs.ellipsis)
            pieces.append(Line.of(marker * 2, (f" {known}".rstrip() + off, "dim")))
        return packed([pieces[0], *(Line.of(gap, piece) for piece in pieces[1:])], width)

    word, scale = tr("  loss"), f", {lens.words}"
    ways = ((word, scale, "   ", tr(" in an epoch")), (word, scale, "  ", ""), (word, "", "  ", ""), ("", "", " ", ""))
    longest = max(map(len, (own, *names)))
    whole = [written(*way, longest) for way in ways]
    if row := next((rows for rows in whole if len(rows) == 1), None):
        return row
    letters = (*range(longest - 1, LEAST_LETTERS - 1, -1), 0)
    cuts = (written(*ways[-1], most_letters) for most_letters in letters)
    for rows in chain(whole, cuts):
        if len(rows) <= most:
            break
    return [*rows[: most - 1], Line.of(*rows[most - 1 :])]


def zeros(losses: Losses) -> str:
    """``0 from epoch 2``, ``0 at epoch 5``, ``0 from epoch 5 to 9``: where the training loss was 0 last, if ever."""
    import numpy as np

    places = np.flatnonzero(losses.train == 0)
    if not len(places):
        return ""
    last = int(places[-1])
    goes_on = (losses.train[:last] == 0) & (losses.high[1 : last + 1] == 0)
    first = last - int(np.argmin(goes_on[::-1])) if not goes_on.all() else 0
    start, stop = (count(int(losses.epochs[i])) for i in (first, last))
    if last == len(losses.train) - 1 and (first < last or len(losses.train) == 1):
        return tr("0 from epoch {start}", start=start)
    if first == last:
        return tr("0 at epoch {epoch}", epoch=start)
    return tr("0 from epoch {start} to {stop}", start=start, stop=stop)


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
    where, update = Line.of((tr(" epoch "), "dim"), (count(epoch), "key")), Line()
    if look is not None:
        train, test = look.train_loss, look.test_loss
        update = Line.of((tr(", update "), "dim"), count(look.update))
    known = number(train, glyphs) if train is not None or look is not None or not epoch else glyphs.ellipsis
    over = over_pairs(view.experiment, glyphs)[2]
    losses = Line.of((tr("   train loss "), "dim"), (known, "train"), (over, "dim"))
    if view.has_held_out:
        age = "" if test is None else held_out_age(view.experiment, snapshot.losses, epoch)
        losses = Line.of(losses, (tr("  held-out "), "dim"), (number(test, glyphs), "test"), (age, "dim"))
    beside = [(run, marker, *near(run.losses, epoch)) for run, marker in on_chart(view) if epoch <= run.epoch]
    here = [mark.text for mark in snapshot.marks if axis.column(mark.epoch) == axis.column(epoch)]

    def written(place: Line, named: bool) -> Line:
        line, gap = Line.of(place, losses), "  " if named else " "
        for run, marker, there, at in beside:
            name = f"{glyphs.text(shown_beside(snapshot, run))} " if named else ""
            aside = tr(" at {epoch}", epoch=count(at)) if at != epoch else ""
            line = Line.of(line, (f"{gap}{marker} {name}", "dim"), number(there, glyphs), (aside, "dim"))
        return line

    keys = Line.of((tr("Enter"), "key"), (tr(" goes there "), "dim"), (tr("Esc"), "key"), (tr(" lets go "), "dim"))
    # The legend has the names, and the chart has the epoch alone.
    place = Line.of(where, update)
    line = roomiest(width, written(place, True), written(place, False), written(where, False))
    if here:
        line = Line.of(line, (f"  {glyphs.mark} ", "strong"), glyphs.text(here[-1]))
    return [line.fit(width, glyphs.ellipsis), _answers(view, look, width - keys.width).with_right(keys, width)]


def _answers(view: ViewState, look: EpochSummary | None, width: int) -> Line:
    """As many answers as fit; dashes where they have not been looked up."""
    snapshot, glyphs = view.snapshot, view.glyphs
    assert snapshot is not None
    line, yes_or_no = Line.of(" "), view.experiment.is_yes_or_no
    for i, answer in enumerate(snapshot.answers):
        there = look.answers[i].predicted if look and i < len(look.answers) else None
        known = glyphs.ellipsis if there is None else answer_text(there, yes_or_no, glyphs)
        question = sum_text(answer.sum, view.experiment.wanted.rule, glyphs)
        piece = Line.of((f"{question} = ", "dim"), known, "   ")
        if line.width + piece.width > width:
            break
        line = Line.of(line, piece)
    return line
