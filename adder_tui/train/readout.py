"""The chart's read-out: losses and answers at the epoch that its cursor is at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_tui.train.draw_chart import Axis, on_chart, shown_beside
from adder_tui.ui.line import Line
from adder_tui.ui.losses import over_pairs
from adder_tui.ui.numbers import count, number
from adder_tui.ui.sums import sum_text
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import EpochSummary, Losses

ROWS = 2


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


def held_out_age(experiment: Experiment, losses: Losses, epoch: int) -> str:
    """Of which epoch the held-out loss at an epoch is: `` at 9,900``; empty where it is of that very one."""
    import numpy as np

    measured = int(np.searchsorted(losses.test_epochs, epoch, side="right"))
    noted = int(losses.test_epochs[measured - 1]) if measured else 0  # where the run had an end before it got more
    last = max(experiment.held_out_epoch(epoch), noted)
    return f" at {count(last)}" if 0 < last < epoch else ""


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
