"""The run panel: how far, how wrong, how fast, and with what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_tui.render.blowup import limit_rows
from adder_tui.render.experiment import batch, layers
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, roomiest
from adder_tui.render.losses import over_pairs, rmse_now
from adder_tui.render.numbers import count, number, plain_number, plural
from adder_tui.render.readout import held_out_age
from adder_tui.render.state import pace_words
from adder_tui.render.view import View

if TYPE_CHECKING:
    from adder_engine.snapshot import Snapshot

LABEL_WIDTH = 11


def run_panel(view: View, width: int, height: int) -> list[Line]:
    """The panel's rows; where there is no room for all, the last ones fall away."""
    rows = [*_progress(view, width), *_losses(view, width), *_pace(view), *_setting(view, width)]
    if height >= len(rows) + 3:
        blank = [Line()]
        rows = [
            *_progress(view, width),
            *blank,
            *_losses(view, width),
            *blank,
            *_pace(view),
            *blank,
            *_setting(view, width),
        ]
    return [row.fit(width, view.glyphs.ellipsis) for row in rows[:height]]


def _row(label: str, *value: str | Line) -> Line:
    return Line.of((label.ljust(LABEL_WIDTH), "dim"), *value)


def _progress(view: View, width: int) -> list[Line]:
    epochs = view.experiment.epochs
    done = view.snapshot.epoch if view.snapshot else 0
    share = _share(view.snapshot) if view.snapshot else 0.0
    return [
        _row("epoch", Line.of((count(done), "strong"), (f" of {count(epochs)}", "dim"))),
        bar(share, width, view.glyphs),
    ]


def _share(snapshot: Snapshot) -> float:
    per_epoch = snapshot.experiment.updates_per_epoch
    whole = snapshot.experiment.epochs * per_epoch
    return min(1.0, snapshot.moment.update / whole) if whole else 1.0


def bar(share: float, width: int, glyphs: Glyphs) -> Line:
    """A progress bar in half columns."""
    halves = int(share * width * 2)
    full, half = divmod(halves, 2)
    done = glyphs.bar * full + (glyphs.bar_half if half else "")
    return Line.of((done, "accent"), (glyphs.bar_rest * (width - len(done)), "faint"))


def _losses(view: View, width: int) -> list[Line]:
    snapshot, glyphs = view.snapshot, view.glyphs
    over = over_pairs(view.experiment, glyphs)
    train = _row("train loss", Line.of((number(snapshot.train_loss if snapshot else None, glyphs), "train")))
    rows = [roomiest(width, *(Line.of(train, (words, "dim")) for words in over))]
    if view.has_held_out:
        test = snapshot.test_loss if snapshot else None
        age = held_out_age(view.experiment, snapshot.losses, snapshot.epoch) if snapshot and test is not None else ""
        rows.append(_row("held-out", Line.of((number(test, glyphs), "test"), (age, "dim"))))
    skipped = snapshot is not None and snapshot.status == "playing" and snapshot.current_loss is None
    now = Line.of(("while paused", "dim")) if skipped else number(snapshot.current_loss if snapshot else None, glyphs)
    rows.append(_row("loss now", now))
    if view.experiment.training.loss == "mse":
        typical = rmse_now(snapshot) if snapshot else None
        rows.append(_row("RMSE", number(typical, glyphs), Line.of((" a sum", "dim"))))
    return rows


def _pace(view: View) -> list[Line]:
    snapshot = view.snapshot
    speed = snapshot.speed if snapshot and snapshot.status == "playing" else 0.0
    rounded = count(round(speed / 100) * 100) if speed >= 10_000 else number(speed, view.glyphs, 3).removesuffix(".0")
    value = f"{rounded} updates/s" if speed else view.glyphs.none
    return [_row("speed", value), _row("pace", pace_words(view.pace))]


def _setting(view: View, width: int) -> list[Line]:
    experiment = view.experiment
    training = experiment.training
    activation = (
        "linear" if experiment.network.activation == "none" else experiment.network.activation.replace("_", " ")
    )
    lr = view.snapshot.lr if view.snapshot else training.lr
    return [
        _row("optimizer", f"{training.optimizer}, lr {plain_number(float(f'{lr:.4g}'), view.glyphs)}"),
        *limit_rows(view),
        _row("batch", text if len(text := batch(experiment)) <= width - LABEL_WIDTH else text.removesuffix(" rows")),
        _row("network", f"{layers(experiment.network.layers)}, {activation}"),
        _row("parameters", plural(experiment.parameter_count, "number")),
        _row("seed", str(experiment.seed)),
    ]
