"""The run panel: how far, how wrong, how fast, and with what; why a run blew up or is stuck; and the watched sums."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from adder_engine.language import tr, trn
from adder_tui.ui.line import Line, Role, roomiest
from adder_tui.ui.numbers import (
    aligned,
    answer_text,
    count,
    number,
    plain_number,
    plural,
    rate_text,
    truth_text,
    verdict,
    verdict_name,
)
from adder_tui.ui.phrases import label_cell
from adder_tui.ui.run_state import (
    bar,
    fine_rate,
    held_out_age,
    layers,
    learned,
    limit_is_own,
    over_pairs,
    pace_words,
    sum_text,
)
from adder_tui.ui.symbols import UNICODE, Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.snapshot import Answer, Cause, Divergence, Outlook, Snapshot, Stuck


LABELS = (
    tr("epoch"), tr("train loss"), tr("held-out"), tr("loss now"), tr("speed"), tr("pace"), tr("optimizer"),
    tr("batch"), tr("network"), tr("parameters"), tr("seed"),
)  # fmt: skip
LABEL_WIDTH = max(11, min(15, 1 + max(map(len, LABELS))))
"""Columns of the rows' labels: as many as the widest takes, but no more than leaves their values room."""
SCALED = frozenset({"adam", "adamw", "rmsprop"})
"""Optimizers that divide by the gradient's size, so that 2/λmax is no hard limit for them."""
LEAST_NAMED = 66
"""Columns from which on there is room for whose limit it is."""
ROWS = 2
WORDS: dict[Cause, str] = {
    "dead": tr("dead"), "saturated": tr("saturated"), "muted": tr("muted"), "zero": tr("without weights"),
}  # fmt: skip
"""What units are called that are the same for every row."""
LEAST_BAR, FULL_BAR = 0.01, 1e6
"""A difference of the one size begins to show in the bar, one of the other fills its half."""


def run_panel(view: ViewState, width: int, height: int) -> list[Line]:
    """The panel's rows; where there is no room for all, the last ones fall away."""
    first, *others = _progress(view, width), _losses(view, width), _pace(view), _setting(view, width)
    gap = [Line()] if height >= sum(map(len, (first, *others))) + len(others) else []
    rows = [*first, *(row for part in others for row in (*gap, *part))]
    return [row.fit(width, view.glyphs.ellipsis) for row in rows[:height]]


def _row(label: str, *value: str | Line) -> Line:
    return Line.of((label_cell(label, LABEL_WIDTH), "dim"), *value)


def _progress(view: ViewState, width: int) -> list[Line]:
    epochs, snapshot = view.experiment.epochs, view.snapshot
    whole = epochs * view.experiment.updates_per_epoch
    share = 0.0 if snapshot is None else min(1.0, snapshot.moment.update / whole) if whole else 1.0
    done = count(snapshot.epoch if snapshot else 0)
    epoch = _row(tr("epoch"), Line.of((done, "strong"), (tr(" of {epochs}", epochs=count(epochs)), "dim")))
    return [epoch, bar(share, width, view.glyphs)]


def _losses(view: ViewState, width: int) -> list[Line]:
    snapshot, glyphs = view.snapshot, view.glyphs
    over = over_pairs(view.experiment, glyphs)
    train = _row(tr("train loss"), Line.of((number(snapshot.train_loss if snapshot else None, glyphs), "train")))
    rows = [roomiest(width, *(Line.of(train, (words, "dim")) for words in over))]
    if view.has_held_out:
        test = snapshot.test_loss if snapshot else None
        age = held_out_age(view.experiment, snapshot.losses, snapshot.epoch) if snapshot and test is not None else ""
        rows.append(_row(tr("held-out"), Line.of((number(test, glyphs), "test"), (age, "dim"))))
    skipped = snapshot is not None and snapshot.status == "playing" and snapshot.current_loss is None
    now = number(snapshot.current_loss if snapshot else None, glyphs)
    rows.append(_row(tr("loss now"), Line.of((tr("while paused"), "dim")) if skipped else now))
    if view.experiment.training.loss == "mse":
        typical = rmse_now(snapshot) if snapshot else None
        rows.append(_row("RMSE", number(typical, glyphs), Line.of((tr(" a sum"), "dim"))))
    return rows


def rmse_now(snapshot: Snapshot) -> float | None:
    """The root of ``loss now``, in units of sums; None where that is no mean square, or not known."""
    loss = snapshot.current_loss
    if loss is None or loss < 0 or snapshot.experiment.training.loss != "mse":
        return None
    return math.sqrt(loss) * snapshot.scales.targets


def _pace(view: ViewState) -> list[Line]:
    snapshot = view.snapshot
    speed = snapshot.speed if snapshot and snapshot.status == "playing" else 0.0
    rounded = count(round(speed / 100) * 100) if speed >= 10_000 else number(speed, view.glyphs, 3).removesuffix(".0")
    sentence = tr("{speed} updates/s", speed=rounded) if speed else view.glyphs.none
    return [_row(tr("speed"), sentence), _row(tr("pace"), pace_words(view.pace))]


def _setting(view: ViewState, width: int) -> list[Line]:
    experiment, training = view.experiment, view.experiment.training
    activation = tr("linear") if experiment.is_affine else experiment.activation_words
    lr = fine_rate(view.snapshot.lr if view.snapshot else training.lr, view.glyphs)
    updated = batch(experiment)
    if len(updated) > width - LABEL_WIDTH:
        updated = updated.removesuffix(f" {trn('row', 'rows', experiment.row_count)}")
    return [
        _row(tr("optimizer"), f"{training.optimizer}, lr {lr}"),
        *limit_rows(view, width),
        _row(tr("batch"), updated),
        _row(tr("network"), f"{layers(experiment.network.layers)}, {activation}"),
        _row(tr("parameters"), plural(experiment.parameter_count, "number", "numbers")),
        _row(tr("seed"), str(experiment.seed)),
    ]


def batch(experiment: Experiment) -> str:
    """``1 row``, ``all 10,000 rows``, ``100 of 10,000 rows``."""
    rows = plural(experiment.row_count, "row", "rows")
    if experiment.updates_per_epoch > 1:
        return tr("{some} of {rows}", some=count(experiment.rows_per_update), rows=rows)
    return rows if experiment.row_count == 1 else tr("all {rows}", rows=rows)


def learned_or_why(view: ViewState, width: int, height: int) -> list[Line]:
    """The collapsed map above the wanted one; of a run that blew up or is stuck, why."""
    if view.snapshot is not None and view.snapshot.blow_up is not None:
        return blow_up_lines(view, view.snapshot.blow_up, width)
    if (stuck := stuck_here(view)) is not None:
        return stuck_lines(view, stuck, width)
    return learned(view, width)


def blow_up_lines(view: ViewState, blow_up: Divergence, width: int) -> list[Line]:
    """Two lines: what grew first and by how much, then the rate beside the limit."""
    glyphs = view.glyphs
    factor = f"{glyphs.times_sign}{number(blow_up.factor, glyphs, 3)}"
    grew = tr(" grew first, {factor} an update", factor=factor) if blow_up.over else tr(" grew first")
    happened = tr("diverged") if blow_up.lost_at is None else tr("blew up")
    over = tr(" over {updates}", updates=count(blow_up.over)) if blow_up.over else ""
    first = Line.of((_lead(happened), "minus"), (tr("at update "), "dim"), (count(blow_up.update), "strong"))
    first = Line.of(first, (": ", "dim"), (blow_up.tensor, "strong"), grew, (over, "dim"))
    second = Line.of((_lead(tr("rate")), "dim"), (fine_rate(blow_up.lr, glyphs), "strong"))
    limit, optimizer = blow_up.own_limit or blow_up.limit, view.experiment.training.optimizer
    if limit is not None:
        own = limit_is_own(blow_up)
        name = tr("limit for {optimizer}", optimizer=optimizer) if own else glyphs.text(tr("limit 2/λmax"))
        name = name if width >= LEAST_NAMED else tr("limit")
        second = Line.of(second, (f"   {name} ", "dim"), (fine_rate(limit, glyphs), "strong"))
        if optimizer in SCALED and width >= 76:
            second = Line.of(second, (tr(" (guide for {optimizer})", optimizer=optimizer), "dim"))
    rescue = rate_text(blow_up.rescue_lr, glyphs)
    back = tr(" back to {update}, rate {rate} ", update=count(blow_up.back_to), rate=rescue)
    keys = Line.of(("h", "key"), (back, "dim"))
    return [first.fit(width, glyphs.ellipsis), second.with_right(keys, width, glyphs.ellipsis)]


def _lead(word: str) -> str:
    """The word in front of a line of two."""
    return f"  {word:<9} "


def limit_rows(view: ViewState, width: int) -> list[Line]:
    """Where the rate stands above the limit that the curvature sets, one row that says so; none in a lesson.

    With the epoch where the limit was measured, as long as the run has gone on since.
    """
    snapshot, outlook = view.snapshot, view.outlook
    if snapshot is None or outlook is None or view.lesson is not None or view.words or snapshot.blow_up is not None:
        return []
    if outlook.limit is None or outlook.training != snapshot.experiment.training:
        return []
    limit, now = outlook.limit, outlook.moment.update == snapshot.moment.update
    since: tuple[str, ...] = ("",)
    if snapshot.lr <= limit:
        if not now or outlook.limit_before is None or snapshot.lr <= outlook.limit_before:
            return []
        limit, since = outlook.limit_before, (tr(" a step ago"),)
    elif not now:
        measured = outlook.moment.update // snapshot.experiment.updates_per_epoch
        since = tr(" at epoch {epoch}", epoch=count(measured)), tr(" earlier")
    row = Line.of((tr("over limit "), "minus"), (fine_rate(limit, view.glyphs), "strong"))
    return [roomiest(width, *(Line.of(row, (words, "dim")) for words in since))]


def stuck_text(stuck: Stuck) -> str:
    """That the loss stands still and why, in two sentences; for the command line."""
    why = _why(stuck, UNICODE)
    why = why if why.startswith("flat_target") else why[:1].upper() + why[1:]
    return tr("The loss stands still: {seen}. {why}.", seen=_seen(stuck, UNICODE), why=why)


def stuck_lines(view: ViewState, stuck: Stuck, width: int) -> list[Line]:
    """Two lines: what is seen, then why."""
    glyphs = view.glyphs
    first = Line.of((_lead(tr("stuck")), "minus"), (_seen(stuck, glyphs), "strong"))
    causes = [_why(stuck, glyphs), *_causes(stuck, glyphs)]
    second = roomiest(width, *(Line.of((_lead(tr("because")), "dim"), glyphs.text(words)) for words in causes))
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
        return tr("at loss {loss}", loss=number(stuck.loss, glyphs))
    low, high = plain_number(float(f"{stuck.low:.4g}"), glyphs), plain_number(float(f"{stuck.high:.4g}"), glyphs)
    least, most = (number(answer, glyphs) for answer in stuck.answers)
    if least == most:
        return tr("every answer is {least}, targets reach from {low} to {high}", least=least, low=low, high=high)
    return tr(
        "answers reach from {least} to {most}, targets from {low} to {high}", least=least, most=most, low=low, high=high
    )


def _why(stuck: Stuck, glyphs: Glyphs) -> str:
    text = _causes(stuck, glyphs)[0]
    return tr("{why}; the targets are flat too", why=text) if stuck.broadcast and stuck.cause != "broadcast" else text


def _causes(stuck: Stuck, glyphs: Glyphs) -> list[str]:
    """The cause, then in fewer and fewer words, each time whole."""
    if stuck.cause == "broadcast":
        return [
            tr("flat_target: each answer is compared with every target, so their mean is the best there is"),
            tr("flat_target compares all with all: the mean is best"),
            tr("flat_target: the mean is the best there is"),
        ]
    if stuck.cause in ("zero", "copies") and stuck.weight == 0:
        none = tr("all weights are 0, so that no gradient reaches any of them")
        return [none, tr("all weights are 0: no gradient reaches any")]
    if stuck.cause == "copies":
        alike = tr("the units of each layer have the same weights: they learn the same and stay copies")
        if stuck.weight is not None:
            same = tr("all weights are equal ({weight})", weight=plain_number(float(f"{stuck.weight:.4g}"), glyphs))
            alike = f"{same}: {tr('the units of a layer learn the same and stay copies')}"
        short = tr("the units of a layer are alike and stay so: copies")
        return [alike, short, tr("units of a layer stay copies of each other")]
    if len(stuck.counts) > 1:
        kinds = ", ".join(f"{count(many)} {WORDS[cause]}" for cause, many in stuck.counts)
        units = count(stuck.units)
        return [tr("of the {units} units of layer {layer} {kinds}", units=units, layer=stuck.layer, kinds=kinds)]
    if stuck.cause == "zero":
        zero = tr("all weights of layer {layer} from units that differ are 0", layer=stuck.layer)
        return [zero, tr("layer {layer} weighs no unit that differs", layer=stuck.layer)]
    said = trn(
        "the one unit of layer {layer} is {kind}", "all {units} units of layer {layer} are {kind}", stuck.units,
        units=count(stuck.units), layer=stuck.layer, kind=WORDS[stuck.cause],
    )  # fmt: skip
    after = {
        "dead": tr("0 for every row, no gradient passes"),
        "saturated": tr("flat for every row, next to no gradient passes"),
    }.get(stuck.cause, tr("their outputs are held at 0"))
    return [f"{said}: {after}", f"{said}: {after.rpartition(', ')[2]}", said]


def picked(answers: tuple[Answer, ...], asked: Answer, rows: int) -> tuple[Answer, ...]:
    """As many answers as there are rows: the first ones, and of what was asked later the newest."""
    if len(answers) <= rows:
        return answers
    current = next((a for a in answers if _same(a, asked)), answers[-1])
    kept = answers[: max(0, rows - 1)]
    return (*kept, answers[-1] if current in kept else current)[:rows]


def watched_sums(view: ViewState, width: int, height: int) -> list[Line]:
    """A header and a row for each watched sum: answer, truth, off by, and that difference as a bar."""
    glyphs = view.glyphs
    snapshot = view.snapshot
    answers = picked(snapshot.answers, snapshot.asked, height - 1) if snapshot else ()
    sums = [sum_text(a.sum, view.experiment.wanted.rule, glyphs) for a in answers]
    yes_or_no = view.experiment.is_yes_or_no
    said = [answer_text(a.predicted, yes_or_no, glyphs) for a in answers]
    verdicts = [verdict(a.off_by, yes_or_no, glyphs) for a in answers]
    columns: dict[str, list[str]] = {
        tr("yes") if yes_or_no else tr("answer"): said if yes_or_no else aligned(said),
        tr("truth"): aligned([truth_text(a.wanted, yes_or_no, glyphs) for a in answers]),
        verdict_name(yes_or_no): aligned([text for text, _ in verdicts]),
    }
    sum_width = max([18, *(len(text) + 2 for text in sums)])
    widths = {name: max([9, *map(len, column)]) for name, column in columns.items()}
    room = width - sum_width - sum(widths.values()) - 3 * len(widths) - 4
    bar = room if room >= 9 and not yes_or_no else 0
    header = tr("  sum").ljust(sum_width) + "".join("   " + name.rjust(size) for name, size in widths.items())
    if bar >= 15:
        header += f"   {glyphs.minus:>{(bar - 1) // 2 - 1}} 0 +".ljust(bar + 3)
    lines = [Line.of((header, "band-dim")).fit(width, glyphs.ellipsis, fill="band-dim")]
    for row, answer in enumerate(answers):
        current = snapshot is not None and _same(answer, snapshot.asked)
        line = Line.of(
            (glyphs.current if current else " ", "accent"),
            (" " + sums[row].ljust(sum_width - 2), "strong" if current else "text"),
        )
        off = answer.off_by
        roles: tuple[Role, ...] = ("strong", "dim", verdicts[row][1])
        for (name, column), role in zip(columns.items(), roles, strict=True):
            line = Line.of(line, "   ", (column[row].rjust(widths[name]), role))
        if bar and off is not None:
            line = Line.of(line, "   ", difference_bar(off, bar, glyphs))
        lines.append(line.fit(width, glyphs.ellipsis))
    return lines[:height]


def _same(one: Answer, other: Answer) -> bool:
    return (one.sum.a, one.sum.b) == (other.sum.a, other.sum.b)


def difference_bar(value: float, width: int, glyphs: Glyphs) -> Line:
    """A bar from the middle, to the right for plus and to the left for minus; its length goes by the logarithm."""
    half = (width - 1) // 2
    size = min(abs(value), FULL_BAR) if math.isfinite(value) else FULL_BAR
    share = math.log1p(size / LEAST_BAR) / math.log1p(FULL_BAR / LEAST_BAR)
    length = round(share * half)
    left, right = (length, 0) if value < 0 else (0, length)
    return Line.of(
        " " * (half - left), (glyphs.block * left, "minus"), (glyphs.centre, "faint"), (glyphs.block * right, "plus"),
        " " * (half - right),
    )  # fmt: skip
