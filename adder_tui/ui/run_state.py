"""Where the run stands and what its experiment is, in a few words: the state line and its parts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from adder_engine.experiment import PRESETS, Experiment
from adder_tui.ui.line import Line
from adder_tui.ui.losses import line_loss, over_pairs
from adder_tui.ui.numbers import count, number, plain_number, plural, role_of, signed
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import AffineMap, Snapshot


def preset_of(experiment: Experiment) -> str | None:
    """The preset that this experiment is, if it is one unchanged."""
    return next((name for name in PRESETS if Experiment.preset(name) == experiment), None)


def nearest_preset(experiment: Experiment) -> str:
    """The preset that differs from this experiment in the fewest keys."""
    return min(PRESETS, key=lambda name: len(experiment.differences(Experiment.preset(name))))


@lru_cache(maxsize=8)
def title(experiment: Experiment, glyphs: Glyphs) -> str:
    """``one-pair``, ``one-pair, lr 0.001``, ``many-pairs, 3 changes``, ``own rows``."""
    name = nearest_preset(experiment)
    changed = experiment.differences(Experiment.preset(name))
    if not changed:
        return name
    if "data.rows" in changed:
        return f"own rows, {plural(experiment.row_count, 'row')}"
    if len(changed) == 1:
        key, (value, _) = next(iter(changed.items()))
        return f"{name}, {key.rpartition('.')[2].replace('_', ' ')} {shown(value, glyphs)}"
    return f"{name}, {plural(len(changed), 'change')}"


def shown(value: Any, glyphs: Glyphs) -> str:
    """A key's value in a few characters."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return plain_number(value, glyphs)
    if isinstance(value, tuple):
        return layers(value)
    return str(value)


def layers(sizes: tuple[int, ...]) -> str:
    """``2-4-4-1``."""
    return "-".join(map(str, sizes))


def batch(experiment: Experiment) -> str:
    """``1 row``, ``all 10,000 rows``, ``100 of 10,000 rows``."""
    rows = plural(experiment.row_count, "row")
    if experiment.updates_per_epoch > 1:
        return f"{experiment.rows_per_update:,} of {rows}"
    return rows if experiment.row_count == 1 else f"all {rows}"


def run_state(view: ViewState) -> Line:
    """``▶ playing``, ``‖ paused``, ``■ done``: a sign and the word for it; ``‖ untrained`` for a run of no epochs."""
    glyphs = view.glyphs
    status = view.snapshot.status if view.snapshot else "loading"
    sign = {
        "loading": glyphs.loading,
        "paused": glyphs.paused,
        "playing": glyphs.playing,
        "done": glyphs.done,
        "stopped": glyphs.stopped,
        "failed": glyphs.stopped,
    }[status]
    if status == "loading":
        return Line.of((f"{sign} loading torch{glyphs.ellipsis}", "dim"))
    if status == "done" and not view.experiment.epochs:
        return Line.of((f"{glyphs.paused} untrained", "strong"))
    if status == "done" and view.snapshot is not None and view.snapshot.blow_up is not None:
        return Line.of((f"{sign} diverged", "strong"))
    return Line.of((f"{sign} {status}", "accent" if status == "playing" else "strong"))


def place(snapshot: Snapshot, short: bool = False) -> str:
    """``epoch 412 of 2,000``; within an epoch ``update 3 of 100 in epoch 2``, with the rung where one stands still.

    In ``short`` without the rung.
    """
    experiment = snapshot.experiment
    many = experiment.updates_per_epoch > 1
    climbing = snapshot.moment.rung > 0 and snapshot.status != "playing"
    if not climbing and not snapshot.epoch_update:
        return f"epoch {count(snapshot.epoch)} of {count(experiment.epochs)}" if experiment.epochs else "epoch 0"
    here = f"epoch {count(snapshot.epoch + 1)}"
    if many:
        update = snapshot.epoch_update + climbing
        here = f"update {count(update)} of {count(experiment.updates_per_epoch)} in {here}"
    rung = snapshot.rung
    if rung is None or not climbing or short:
        return here
    if rung.layer is None:
        return f"{here}: {rung.phase}"
    return f"{here}: {rung.phase}, layer {experiment.layer_names[rung.layer]}"


def formula(collapsed: AffineMap, glyphs: Glyphs, digits: int = 3) -> str:
    """``0.214·a + 0.287·b + 0.93``: what a network without activation computes, in one line."""
    c = number(abs(collapsed.c), glyphs, digits)
    b = number(abs(collapsed.w_b), glyphs, digits)
    return (
        f"{number(collapsed.w_a, glyphs, digits)}{glyphs.times}a"
        f" {glyphs.minus if collapsed.w_b < 0 else '+'} {b}{glyphs.times}b"
        f" {glyphs.minus if collapsed.c < 0 else '+'} {c}"
    )


def state_line(view: ViewState, width: int) -> Line:
    """Run state, place, loss and the collapsed map; where they do not fit, the map gives way first."""
    snapshot = view.snapshot
    parts = [run_state(view)]
    if snapshot is not None:
        at = Line.of(place(snapshot))
        if snapshot.moment.update < snapshot.newest.update and snapshot.status not in ("failed", "stopped"):
            at = Line.of(at, (f" (newest {count(_newest_epoch(snapshot))})", "dim"))
        parts.append(at)
        if snapshot.blow_up is not None:
            what = "blew up" if snapshot.blow_up.lost_at is not None else "diverged"
            parts.append(Line.of((f"{what} at update {count(snapshot.blow_up.update)}", "minus")))
        loss = line_loss(snapshot)
        if loss is not None and not view.veiled:
            over = over_pairs(snapshot.experiment, view.glyphs)[1] if loss[0] == "train loss" else ""
            parts.append(Line.of((f"{loss[0]} ", "dim"), number(loss[1], view.glyphs), (over, "dim")))
        if snapshot.collapsed is not None and not view.veiled:
            parts.append(Line.of(("f = ", "dim"), formula(snapshot.collapsed, view.glyphs)))
            if _joined(parts, "  ").width > width - 2:
                parts[-1] = Line.of(("f = ", "dim"), formula(snapshot.collapsed, view.glyphs, 2))
    while len(parts) > 2 and _joined(parts, "  ").width > width - 2:
        parts.pop()
    if snapshot is not None and _joined(parts, "  ").width > width - 2:
        parts[1] = Line.of(place(snapshot, short=True))
    gap = "   " if _joined(parts, "   ").width <= width - 2 else "  "
    return Line.of(" ", _joined(parts, gap)).fit(width, view.glyphs.ellipsis)


def _joined(parts: list[Line], gap: str) -> Line:
    line = parts[0]
    for part in parts[1:]:
        line = Line.of(line, gap, part)
    return line


def _newest_epoch(snapshot: Snapshot) -> int:
    return snapshot.newest.update // snapshot.experiment.updates_per_epoch


def nothing_left(view: ViewState) -> str:
    """Why a run cannot go on whose epochs are all done, and what would do."""
    epochs, lesson = view.experiment.epochs, view.visiting
    if lesson is not None and not epochs:
        return f"Lesson {lesson.order} keeps its network untrained. 1 goes back to it, L to a run of your own to train."
    if not epochs and view.lesson is not None:
        return "In this lesson the network stays untrained."
    if not epochs:
        return "This run has no epochs, so that its network stays untrained: e gives it some."
    done = "The one epoch is done" if epochs == 1 else f"All {count(epochs)} epochs are done"
    if lesson is not None:
        return f"{done}: r starts again, 1 goes back to lesson {lesson.order}, L to a run of your own."
    more = "" if view.lesson is not None else " e gives it more epochs,"
    return f"{done}: r starts again,{more} Home goes to the start."


def pace_words(pace: float | None) -> str:
    """``200 epochs/s``, ``full speed``."""
    if pace is None:
        return "full speed"
    return f"{pace:g} epoch{'' if pace == 1 else 's'}/s"


def answer_line(view: ViewState) -> Line:
    """``= 27.44, off by −72.56``: what the network says to the current sum."""
    if view.snapshot is None:
        return Line()
    answer = view.snapshot.asked
    glyphs = view.glyphs
    off = answer.off_by
    if off is None:
        return Line.of(f"= {number(answer.predicted, glyphs)}, ", ("no truth known", "dim"))
    if not off:
        return Line.of((f"= {number(answer.predicted, glyphs)}, ", "text"), ("exactly right", "accent"))
    return Line.of(f"= {number(answer.predicted, glyphs)}, off by ", (signed(off, glyphs), role_of(off)))
