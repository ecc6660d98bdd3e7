"""Where the run stands in a few words: its losses by name, the watched sums, what was learned, how it blew up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from adder_engine.experiment import Experiment
from adder_engine.language import tr, trn
from adder_engine.presets import PRESETS
from adder_tui.ui.line import Line
from adder_tui.ui.numbers import (
    aligned,
    count,
    number,
    plain_number,
    plural,
    rate_text,
)
from adder_tui.ui.symbols import UNICODE, Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.parsing import Sum
    from adder_engine.snapshot import AffineMap, Divergence, Losses, Snapshot
    from adder_engine.wanted import Wanted


STATUS = {
    "loading": tr("loading"), "paused": tr("paused"), "playing": tr("playing"), "done": tr("done"),
    "stopped": tr("stopped"), "failed": tr("failed"),
}  # fmt: skip


def line_loss(snapshot: Snapshot) -> tuple[str, float] | None:
    """The loss that a line has room for, and its name: ``train loss``, and before the first epoch ``loss now``."""
    if snapshot.train_loss is not None:
        return tr("train loss"), snapshot.train_loss
    return None if snapshot.current_loss is None else (tr("loss now"), snapshot.current_loss)


def over_pairs(experiment: Experiment, glyphs: Glyphs, lead: str = tr(" over ")) -> tuple[str, str, str]:
    """What the train loss is a mean over where the target is flat: in full, in words, in short; else three times ''."""
    if not experiment.compares_all_pairs:
        return "", "", ""
    times, n = glyphs.times, count(experiment.rows_per_update)
    full, words = (tr("{count}{times}{count} differences", count=rows, times=times) for rows in (n, "n"))
    return lead + full, lead + words, f"{lead}n{times}n"


def pairs_marks(experiments: Sequence[Experiment], glyphs: Glyphs) -> tuple[str, list[str]]:
    """What a column of train losses says of flat targets: behind its heading where all are so, else behind each."""
    marks = [over_pairs(experiment, glyphs, " ")[2] for experiment in experiments]
    return (marks[0], [""] * len(marks)) if marks and all(marks) else ("", marks)


def marked(texts: Sequence[str], marks: Sequence[str]) -> list[str]:
    """Losses with what is to be said behind each; nothing behind words and dashes."""
    return [text + mark if text[-1:].isdigit() else text for text, mark in zip(texts, marks, strict=True)]


def divergence_text(blow_up: Divergence) -> str:
    """What happened and why, in a sentence or two; on the command line."""
    rate = limit = ""
    if blow_up.above_limit and blow_up.own_limit is not None:
        limit = f"{fine_rate(blow_up.own_limit, UNICODE)}{'' if limit_is_own(blow_up) else ' = 2/λmax'}"
        rate = tr(" The rate {lr} stood above the limit {limit}.", lr=fine_rate(blow_up.lr, UNICODE), limit=limit)
    now = (
        ""
        if blow_up.loss is None
        else tr(" That is loss now, {loss}, after the last update.", loss=number(blow_up.loss, UNICODE))
    )
    return f"{_happened(blow_up)}{now}{rate}"


def _happened(blow_up: Divergence) -> str:
    if blow_up.lost_at is None:
        ended = tr("far above its start at 0") if blow_up.times is None or math.isinf(blow_up.times) else (
            tr("{times} times above its start", times=number(blow_up.times, UNICODE, 3))
        )  # fmt: skip
        return tr("This run diverged: the loss ended {ended}; {tensor} grew first.", ended=ended, tensor=blow_up.tensor)
    beyond = tr("loss 1,000-fold; not finite at {lost_at}", lost_at=count(blow_up.lost_at))
    how = beyond if blow_up.update < blow_up.lost_at else tr("loss not finite")
    return tr(
        "This run blew up at update {update} ({how}): {tensor} grew first.",
        update=count(blow_up.update),
        how=how,
        tensor=blow_up.tensor,
    )


def limit_is_own(blow_up: Divergence) -> bool:
    """Whether the optimizer's limit is another than plain gradient descent's."""
    return blow_up.own_limit is not None and blow_up.own_limit != blow_up.limit


def fine_rate(rate: float, glyphs: Glyphs) -> str:
    """A rate to four digits: a limit may lie close to it."""
    return plain_number(float(f"{rate:.4g}"), glyphs)


def blow_up_sentence(blow_up: Divergence, rescues: bool = True) -> str:
    """What happened, and what would do; ``rescues``: whether the key that goes back works here."""
    if not rescues:
        return tr("{happened} Home looks at its start.", happened=_happened(blow_up))
    return tr(
        "{happened} h goes back to update {update} at rate {rate}.",
        happened=_happened(blow_up),
        update=count(blow_up.back_to),
        rate=_rescue(blow_up),
    )


def _rescue(blow_up: Divergence) -> str:
    """The rate that ``h`` takes, and what it is."""
    rate = rate_text(blow_up.rescue_lr, UNICODE)
    if blow_up.rescue_lr == blow_up.setting / 2:
        return tr("{rate}, half of it", rate=rate)
    if blow_up.own_limit is not None and math.isclose(blow_up.rescue_lr, blow_up.own_limit / 2, rel_tol=0.01):
        return tr("{rate}, half the limit {limit}", rate=rate, limit=fine_rate(blow_up.own_limit, UNICODE))
    return rate


def held_out_age(experiment: Experiment, losses: Losses, epoch: int) -> str:
    """Of which epoch the held-out loss at an epoch is: `` at 9,900``; empty where it is of that very one."""
    last = held_out_measured(experiment, losses, epoch)
    return "" if last is None else tr(" at {last}", last=count(last))


def held_out_measured(experiment: Experiment, losses: Losses, epoch: int) -> int | None:
    """Of which epoch the held-out loss at an epoch is; None where it is of that very one."""
    import numpy as np

    measured = int(np.searchsorted(losses.test_epochs, epoch, side="right"))
    noted = int(losses.test_epochs[measured - 1]) if measured else 0  # where the run had an end before it got more
    last = max(experiment.held_out_epoch(epoch), noted)
    return last if 0 < last < epoch else None


def preset_of(experiment: Experiment) -> str | None:
    """The preset that this experiment is, if it is one unchanged."""
    return next((name for name in PRESETS if Experiment.preset(name) == experiment), None)


@lru_cache(maxsize=8)
def title(experiment: Experiment, glyphs: Glyphs) -> str:
    """After the nearest preset: ``one-pair``, ``one-pair, lr 0.001``, ``many-pairs, 3 changes``; ``own rows``."""
    name = min(PRESETS, key=lambda name: len(experiment.differences(Experiment.preset(name))))
    changed = experiment.differences(Experiment.preset(name))
    if not changed:
        return name
    if "data.rows" in changed:
        return tr("own rows, {rows}", rows=plural(experiment.row_count, "row", "rows"))
    if len(changed) == 1:
        key, (value, _) = next(iter(changed.items()))
        return f"{name}, {key.rpartition('.')[2].replace('_', ' ')} {shown(value, glyphs)}"
    return f"{name}, {plural(len(changed), 'change', 'changes')}"


def shown(value: Any, glyphs: Glyphs) -> str:
    """A key's value in a few characters."""
    if isinstance(value, bool):
        return tr("on") if value else tr("off")
    if isinstance(value, int | float):
        return plain_number(value, glyphs)
    if isinstance(value, tuple) and value and isinstance(value[0], float):
        pair = ", ".join(plain_number(x, glyphs) for x in value[:2])
        return pair if len(value) == 2 else plural(len(value), "number", "numbers")
    if isinstance(value, tuple):
        return layers(value)
    return str(value)


def layers(sizes: tuple[int, ...]) -> str:
    """``2-4-4-1``."""
    return "-".join(map(str, sizes))


def run_state(view: ViewState) -> Line:
    """``▶ playing``, ``‖ paused``, ``■ done``: a sign and the word for it; ``‖ untrained`` for a run of no epochs."""
    glyphs = view.glyphs
    status = view.snapshot.status if view.snapshot else "loading"
    sign: str = glyphs.stopped if status == "failed" else getattr(glyphs, status)
    if status == "loading":
        return Line.of((f"{sign} {STATUS[status]}{glyphs.ellipsis}", "dim"))
    if status == "done" and not view.experiment.epochs:
        return Line.of((f"{glyphs.paused} {tr('untrained')}", "strong"))
    if status == "done" and view.snapshot is not None and view.snapshot.blow_up is not None:
        return Line.of((f"{sign} {tr('diverged')}", "strong"))
    return Line.of((f"{sign} {STATUS[status]}", "accent" if status == "playing" else "strong"))


def place(snapshot: Snapshot, short: bool = False) -> str:
    """``epoch 412 of 2,000``; within an epoch ``update 3 of 100 in epoch 2``, with the rung where one stands still.

    In ``short`` without the rung.
    """
    experiment = snapshot.experiment
    climbing = snapshot.moment.stage > 0 and snapshot.status != "playing"
    if not climbing and not snapshot.epoch_update:
        if not experiment.epochs:
            return tr("epoch 0")
        return tr("epoch {epoch} of {epochs}", epoch=count(snapshot.epoch), epochs=count(experiment.epochs))
    here = update_words(snapshot, climbing)
    return stage_words(snapshot, here) if climbing and not short else here


def update_words(snapshot: Snapshot, climbing: bool) -> str:
    """``update 3 of 100 in epoch 2``, ``epoch 2`` where it has but one: the one under way, or the last that is done."""
    per_epoch = snapshot.experiment.updates_per_epoch
    epoch, update = divmod(snapshot.moment.update - (not climbing), per_epoch)
    here = tr("epoch {epoch}", epoch=count(epoch + 1))
    if per_epoch == 1:
        return here
    return tr("update {update} of {updates} in {epoch}", update=count(update + 1), updates=count(per_epoch), epoch=here)


def stage_words(snapshot: Snapshot, here: str) -> str:
    """``epoch 2: backward, layer hidden``."""
    stage = snapshot.stage
    if stage is None or stage.layer is None:
        return here if stage is None else f"{here}: {stage.phase}"
    layer = snapshot.experiment.layer_names[stage.layer]
    return tr("{here}: {phase}, layer {layer}", here=here, phase=stage.phase, layer=layer)


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
            newest = snapshot.newest.update // snapshot.experiment.updates_per_epoch
            at = Line.of(at, (tr(" (newest {epoch})", epoch=count(newest)), "dim"))
        if view.met("epoch"):
            parts.append(at)
        if snapshot.blow_up is not None:
            update, diverged = count(snapshot.blow_up.update), snapshot.blow_up.lost_at is None
            blew_up = tr("blew up at update {update}", update=update)
            what = tr("diverged at update {update}", update=update) if diverged else blew_up
            parts.append(Line.of((what, "minus")))
        loss = line_loss(snapshot)
        if loss is not None and not view.veiled and view.met("loss"):
            over = over_pairs(snapshot.experiment, view.glyphs)[1] if snapshot.train_loss is not None else ""
            parts.append(Line.of((f"{loss[0]} ", "dim"), number(loss[1], view.glyphs), (over, "dim")))
        if snapshot.collapsed is not None and not view.veiled and view.met("collapsed map"):
            parts.append(Line.of(("f = ", "dim"), formula(snapshot.collapsed, view.glyphs)))
            if _joined(parts, "  ").width > width - 2:
                parts[-1] = Line.of(("f = ", "dim"), formula(snapshot.collapsed, view.glyphs, 2))
    while len(parts) > 2 and _joined(parts, "  ").width > width - 2:
        parts.pop()
    if snapshot is not None and view.met("epoch") and _joined(parts, "  ").width > width - 2:
        parts[1] = Line.of(place(snapshot, short=True))
    gap = "   " if _joined(parts, "   ").width <= width - 2 else "  "
    return Line.of(" ", _joined(parts, gap)).fit(width, view.glyphs.ellipsis)


def _joined(parts: Sequence[Line], gap: str) -> Line:
    first, *others = parts
    return Line.of(first, *(piece for part in others for piece in (gap, part)))


def nothing_left(view: ViewState) -> str:
    """Why a run cannot go on whose epochs are all done, and what would do."""
    epochs, lesson = view.experiment.epochs, view.visiting
    if lesson is not None and not epochs:
        return tr(
            "Lesson {order} keeps its network untrained. 1 goes back to it, L to a run of your own to train.",
            order=lesson.order,
        )
    if not epochs and view.lesson is not None:
        return tr("In this lesson the network stays untrained.")
    if not epochs:
        return tr("This run has no epochs, so that its network stays untrained: e gives it some.")
    done = tr("The one epoch is done") if epochs == 1 else tr("All {epochs} epochs are done", epochs=count(epochs))
    if lesson is not None:
        return tr(
            "{done}: r starts again, 1 goes back to lesson {order}, L to a run of your own.",
            done=done,
            order=lesson.order,
        )
    more = "" if view.lesson is not None else tr(" e gives it more epochs,")
    return tr("{done}: r starts again,{more} Home goes to the start.", done=done, more=more)


def pace_words(pace: float | None) -> str:
    """``200 epochs/s``, ``full speed``."""
    if pace is None:
        return tr("full speed")
    return trn("{pace:g} epoch/s", "{pace:g} epochs/s", 1 if pace == 1 else 2, pace=pace)


def bar(share: float, width: int, glyphs: Glyphs) -> Line:
    """A progress bar in half columns."""
    halves = int(share * width * 2)
    full, half = divmod(halves, 2)
    done = glyphs.bar * full + (glyphs.bar_half if half else "")
    return Line.of((done, "accent"), (glyphs.bar_rest * (width - len(done)), "faint"))


def sum_text(question: Sum, rule: str, glyphs: Glyphs) -> str:
    """``130 + −30``, by what is wanted ``130 − −30``, ``130 · −30``, or ``130, −30`` by a formula or rows."""
    between = {"sum": " + ", "difference": f" {glyphs.minus} ", "product": f" {glyphs.times} "}.get(rule, ", ")
    return f"{plain_number(question.a, glyphs)}{between}{plain_number(question.b, glyphs)}"


def learned(view: ViewState, width: int) -> list[Line]:
    """The collapsed map above the map that is wanted, term under term; bent networks have no such map."""
    glyphs, goal = view.glyphs, view.experiment.wanted
    top, bottom = (Line.of((words, "dim")) for words in ("  f(a,b) =  ", f"  {tr('want'):<10}"))
    wanted = Line.of(bottom, (wanted_words(goal, glyphs), "dim"))
    if not view.experiment.is_affine:
        activation = view.experiment.activation_words
        bent = tr("bends with {activation}: no one formula holds everywhere", activation=activation)
        return [line.fit(width, glyphs.ellipsis) for line in (Line.of(top, bent), wanted)]
    found = view.snapshot.collapsed if view.snapshot else None
    have = (found.w_a, found.w_b, found.c) if found else (None, None, None)
    for value, want, name in zip(have, goal.map or (None,) * 3, ("a", "b", ""), strict=True):
        first = name == "a"
        shown = aligned([_size(value, first, glyphs), _size(want, first, glyphs)])
        suffix = f"{glyphs.times}{name}" if name else ""
        signs = (glyphs.minus if v is not None and v < 0 else "+" for v in (value, want))
        above, below = ("" if first else f" {sign} " for sign in signs)
        top = Line.of(top, (above, "dim"), (shown[0], "strong" if value is not None else "dim"), (suffix, "dim"))
        bottom = Line.of(bottom, ((below + shown[1].rstrip() + suffix).ljust(len(above + shown[0] + suffix)), "dim"))
    return [line.fit(width, glyphs.ellipsis) for line in (top, bottom if goal.map is not None else wanted)]


def wanted_words(wanted: Wanted, glyphs: Glyphs) -> str:
    """The right answer as a formula: ``1·a + 1·b + 0``; of rows with targets of their own no formula is known."""
    dot = glyphs.times
    if wanted.rule == "formula" and wanted.formula is not None:
        task = glyphs.text(wanted.task)
        return tr("yes where {formula}", formula=task) if wanted.formula.asks else task
    return {
        "sum": f"1{dot}a + 1{dot}b + 0", "difference": f"1{dot}a {glyphs.minus} 1{dot}b + 0", "product": f"a{dot}b",
        "rows": tr("the targets of the rows: no formula is known for them"),
    }[wanted.rule]  # fmt: skip


def _size(value: float | None, signed: bool, glyphs: Glyphs) -> str:
    """The number, its sign left to the operator before it unless it is the first."""
    if value is None:
        return glyphs.none
    text = plain_number(value, glyphs) if value in (0.0, 1.0, -1.0) else number(value, glyphs)
    return text if signed else text.removeprefix(glyphs.minus)
