"""The run panel: how far, how wrong, how fast, and with what; and that a run blew up or why it is stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_tui.ui.line import Line, roomiest
from adder_tui.ui.numbers import count, number, plain_number, plural, rate_text
from adder_tui.ui.run_state import (
    bar,
    batch,
    fine_rate,
    held_out_age,
    layers,
    limit_is_own,
    over_pairs,
    pace_words,
    rmse_now,
)
from adder_tui.ui.symbols import UNICODE, Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import Cause, Divergence, Outlook, Snapshot, Stuck


LABEL_WIDTH = 11
SCALED = frozenset({"adam", "adamw", "rmsprop"})
"""Optimizers that divide by the gradient's size, so that 2/λmax is no hard limit for them."""
LEAST_NAMED = 66
"""Columns from which on there is room for whose limit it is."""
ROWS = 2
WORDS: dict[Cause, str] = {
    "dead": "dead", "saturated": "saturated", "muted": "muted", "zero": "without weights",
}  # fmt: skip
"""What units are called that are the same for every row."""


def run_panel(view: ViewState, width: int, height: int) -> list[Line]:
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


def _progress(view: ViewState, width: int) -> list[Line]:
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


def _losses(view: ViewState, width: int) -> list[Line]:
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


def _pace(view: ViewState) -> list[Line]:
    snapshot = view.snapshot
    speed = snapshot.speed if snapshot and snapshot.status == "playing" else 0.0
    rounded = count(round(speed / 100) * 100) if speed >= 10_000 else number(speed, view.glyphs, 3).removesuffix(".0")
    value = f"{rounded} updates/s" if speed else view.glyphs.none
    return [_row("speed", value), _row("pace", pace_words(view.pace))]


def _setting(view: ViewState, width: int) -> list[Line]:
    experiment = view.experiment
    training = experiment.training
    activation = "linear" if experiment.is_affine else experiment.activation_words
    lr = view.snapshot.lr if view.snapshot else training.lr
    return [
        _row("optimizer", f"{training.optimizer}, lr {plain_number(float(f'{lr:.4g}'), view.glyphs)}"),
        *limit_rows(view, width),
        _row("batch", text if len(text := batch(experiment)) <= width - LABEL_WIDTH else text.removesuffix(" rows")),
        _row("network", f"{layers(experiment.network.layers)}, {activation}"),
        _row("parameters", plural(experiment.parameter_count, "number")),
        _row("seed", str(experiment.seed)),
    ]


def blow_up_lines(view: ViewState, blow_up: Divergence, width: int) -> list[Line]:
    """Two lines: what grew first and by how much, then the rate beside the limit."""
    glyphs = view.glyphs
    grew = f", {glyphs.times_sign}{number(blow_up.factor, glyphs, 3)} an update" if blow_up.over else ""
    happened = "  diverged  " if blow_up.lost_at is None else "  blew up   "
    first = Line.of(
        (happened, "minus"), ("at update ", "dim"), (count(blow_up.update), "strong"), (": ", "dim"),
        (blow_up.tensor, "strong"), (f" grew first{grew}", "text"),
        (f" over {count(blow_up.over)}" if blow_up.over else "", "dim"),
    )  # fmt: skip
    second = Line.of(("  rate      ", "dim"), (fine_rate(blow_up.lr, glyphs), "strong"))
    limit = blow_up.own_limit or blow_up.limit
    if limit is not None:
        optimizer = view.experiment.training.optimizer
        name = f"limit for {optimizer}" if limit_is_own(blow_up) else glyphs.text("limit 2/λmax")
        name = name if width >= LEAST_NAMED else "limit"
        second = Line.of(second, (f"   {name} ", "dim"), (fine_rate(limit, glyphs), "strong"))
        if optimizer in SCALED and width >= 76:
            second = Line.of(second, (f" (guide for {optimizer})", "dim"))
    rescue = rate_text(blow_up.rescue_lr, glyphs)
    keys = Line.of(("h", "key"), (f" back to {count(blow_up.back_to)}, rate {rescue} ", "dim"))
    return [first.fit(width, glyphs.ellipsis), second.with_right(keys, width, glyphs.ellipsis)]


def limit_rows(view: ViewState, width: int) -> list[Line]:
    """Where the rate stands above the limit that the curvature sets, one row that says so; none in a lesson.

    With the epoch where the limit was measured, as long as the run has gone on since.
    """
    snapshot, outlook = view.snapshot, view.outlook
    if snapshot is None or outlook is None or view.lesson is not None or view.words or snapshot.blow_up is not None:
        return []
    if outlook.limit is None or outlook.training != snapshot.experiment.training:
        return []
    if snapshot.lr <= outlook.limit:
        before = outlook.limit_before
        if before is None or snapshot.lr <= before or outlook.moment.update != snapshot.moment.update:
            return []
        was = Line.of(("over limit ", "minus"), (fine_rate(before, view.glyphs), "strong"))
        return [Line.of(was, (" a step ago", "dim"))]
    row = Line.of(("over limit ", "minus"), (fine_rate(outlook.limit, view.glyphs), "strong"))
    if outlook.moment.update == snapshot.moment.update:
        return [row]
    measured = outlook.moment.update // snapshot.experiment.updates_per_epoch
    return [roomiest(width, *(Line.of(row, (words, "dim")) for words in (f" at epoch {count(measured)}", " earlier")))]


def stuck_text(stuck: Stuck) -> str:
    """That the loss stands still and why, in two sentences; for the command line."""
    return f"The loss stands still: {_seen(stuck, UNICODE)}. {_upper(_why(stuck, UNICODE))}."


def stuck_lines(view: ViewState, stuck: Stuck, width: int) -> list[Line]:
    """Two lines: what is seen, then why."""
    glyphs = view.glyphs
    first = Line.of(("  stuck     ", "minus"), (_seen(stuck, glyphs), "strong"))
    causes = [_why(stuck, glyphs), _cause(stuck, glyphs), *_shorter(stuck, glyphs)]
    second = roomiest(width, *(Line.of(("  because   ", "dim"), glyphs.text(words)) for words in causes))
    return [first.fit(width, glyphs.ellipsis), second.fit(width, glyphs.ellipsis)]


def stuck_here(view: ViewState) -> Stuck | None:
    """Why the loss stands still at the moment shown, or did a moment ago while it plays; None where it does not, or in
    a lesson, which may ask for it.
    """
    outlook: Outlook | None = view.outlook
    if outlook is None or view.snapshot is None or view.lesson is not None or view.words:
        return None
    plays = view.snapshot.status == "playing" and outlook.training == view.snapshot.experiment.training
    return outlook.stuck if plays or outlook.moment == view.snapshot.moment else None


def _seen(stuck: Stuck, glyphs: Glyphs) -> str:
    if not stuck.alike:
        return f"at loss {number(stuck.loss, glyphs)}"
    low, high = plain_number(float(f"{stuck.low:.4g}"), glyphs), plain_number(float(f"{stuck.high:.4g}"), glyphs)
    least, most = (number(answer, glyphs) for answer in stuck.answers)
    if least == most:
        return f"every answer is {least}, targets reach from {low} to {high}"
    return f"answers reach from {least} to {most}, targets from {low} to {high}"


def _why(stuck: Stuck, glyphs: Glyphs) -> str:
    text = _cause(stuck, glyphs)
    return f"{text}; the targets are flat too" if stuck.broadcast and stuck.cause != "broadcast" else text


def _cause(stuck: Stuck, glyphs: Glyphs) -> str:
    if stuck.cause == "broadcast":
        return "flat_target: each answer is compared with every target, so their mean is the best there is"
    if stuck.cause in ("zero", "copies") and stuck.weight == 0:
        return "all weights are 0, so that no gradient reaches any of them"
    if stuck.cause == "copies" and stuck.weight is not None:
        same = f"all weights are equal ({plain_number(float(f'{stuck.weight:.4g}'), glyphs)})"
        return f"{same}: the units of a layer learn the same and stay copies"
    if stuck.cause == "copies":
        return "the units of each layer have the same weights: they learn the same and stay copies"
    if len(stuck.counts) > 1:
        parts = [f"{count(many)} {WORDS[cause]}" for cause, many in stuck.counts]
        return f"of the {count(stuck.units)} units of layer {stuck.layer} {', '.join(parts)}"
    if stuck.cause == "zero":
        return f"all weights of layer {stuck.layer} from units that differ are 0"
    units = "the one unit" if stuck.units == 1 else f"all {count(stuck.units)} units"
    verb = "is" if stuck.units == 1 else "are"
    after = {
        "dead": "0 for every row, no gradient passes",
        "saturated": "flat for every row, next to no gradient passes",
    }.get(stuck.cause, "their outputs are held at 0")
    return f"{units} of layer {stuck.layer} {verb} {WORDS[stuck.cause]}: {after}"


def _shorter(stuck: Stuck, glyphs: Glyphs) -> list[str]:
    """The cause in fewer and fewer words, each time whole."""
    if stuck.cause == "broadcast":
        return ["flat_target compares all with all: the mean is best", "flat_target: the mean is the best there is"]
    if stuck.cause in ("zero", "copies") and stuck.weight == 0:
        return ["all weights are 0: no gradient reaches any"]
    if stuck.cause == "copies":
        return ["the units of a layer are alike and stay so: copies", "units of a layer stay copies of each other"]
    if stuck.cause == "zero" and len(stuck.counts) == 1:
        return [f"layer {stuck.layer} weighs no unit that differs"]
    first, _, then = _cause(stuck, glyphs).partition(": ")
    return [f"{first}: {then.rpartition(', ')[2]}", first] if then else [first]


def _upper(text: str) -> str:
    return text if text.startswith("flat_target") else text[:1].upper() + text[1:]
