"""The ladder of one update, where it stands in words, and what the last step did."""

from __future__ import annotations

from itertools import groupby

from adder_engine.language import tr
from adder_engine.snapshot import Snapshot, stages_of
from adder_tui.ui.line import Line, Role, roomiest
from adder_tui.ui.numbers import answer_text, count, plural, truth_text, written_apart
from adder_tui.ui.phrases import compact
from adder_tui.ui.run_state import over_pairs, stage_words, sum_text, update_words
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import STEP_SIZE, ViewState

LADDER_ROWS = 3

_DOING = {
    "zero_grad": (tr("All gradients are cleared: backward() would otherwise add to the old ones."),
                  tr("Gradients are cleared: backward() would add to old ones.")),
    "forward": (tr("Each neuron adds up what comes in, times its weights, and its bias."),
                tr("Each neuron adds inputs times weights, and its bias.")),
    "loss": (tr("The answer is held against the truth: this is what training makes smaller."),
             tr("How far the answer is off: training makes this smaller.")),
    "backward": (tr("The error goes back: a gradient is the error arriving times what entered."),
                 tr("A gradient is the error arriving times what entered.")),
}  # fmt: skip
"""What each phase does, and in fewer words."""


def ladder_lines(view: ViewState, width: int) -> list[Line]:
    """Three rows: the rungs, the place in words, and what happened or what comes next."""
    full = _stages(view, short=False)
    line = full if full.width < width else _stages(view, short=True)
    rows = (line, _place(view, width), effect_line(view, width))
    return [row.fit(width, view.glyphs.ellipsis) for row in rows]


def _stages(view: ViewState, short: bool) -> Line:
    """The phases from left to right; forward and backward with their layers, in ``short`` with the one at work."""
    names, snapshot = view.experiment.layer_names, view.snapshot
    stages = stages_of(len(names))
    at = snapshot.moment.stage if snapshot else 0
    if snapshot is not None and not at and snapshot.stage is not None:
        at = len(stages)
    line = Line.of(" ")

    def add(text: str, done: bool, here: bool, quiet: bool = False) -> None:
        nonlocal line
        role: Role = "active" if here else ("dim" if quiet else "text") if done else "faint"
        mark = view.glyphs.current if here and view.glyphs.ascii else ""
        line = Line.of(line, " " if line.width > 1 else "", (mark + text, role))

    for phase, group in groupby(enumerate(stages, 1), key=lambda pair: pair[1].phase):
        own = list(group)
        first, last = own[0][0], own[-1][0]
        add(phase, first <= at, first <= at <= last and (first == last or short))
        for i, stage in own:
            if stage.layer is not None and (not short or i == at):
                add(names[stage.layer], i <= at, i == at, quiet=True)
    return line


def place_in_words(snapshot: Snapshot, reached: int | None = None, short: bool = False) -> str:
    """``update 3 of 100 in epoch 2: backward, layer hidden``; between two updates which one is done.

    Args:
        reached: how many neurons of the layer the walk by neuron has reached: ``neuron 3 of 4``.
        short: in fewer words, for narrow windows.
    """
    moment, stage = snapshot.moment, snapshot.stage
    by_hand = "" if not moment.edits else tr(", edited") if short else tr(", then changed by hand")
    if not moment.stage and not moment.update:
        return tr("at the start, before the first update") + by_hand
    here = update_words(snapshot, moment.stage > 0)
    if short:
        here = tr("update {update}", update=count(moment.update + (moment.stage > 0)))
    if not moment.stage or stage is None:
        return tr("{here}: step, and it is done", here=here) + by_hand
    if stage.layer is None:
        return stage_words(snapshot, here) + by_hand
    experiment = snapshot.experiment
    name, size = experiment.layer_names[stage.layer], experiment.network.layers[stage.layer + 1]
    neuron = tr(", neuron {reached} of {size}", reached=reached, size=size) if reached is not None else ""
    return (f"{here}: {stage.phase} {name}" if short else stage_words(snapshot, here)) + neuron + by_hand


def _place(view: ViewState, width: int) -> Line:
    if view.snapshot is None:
        return Line.of((tr(" The engine is loading."), "dim"))
    place, short = (
        Line.of(" ", (place_in_words(view.snapshot, view.reached, short), "strong")) for short in (False, True)
    )
    right = Line.of(("s", "key"), (tr(" steps by {size} ", size=STEP_SIZE[view.step_size]), "dim"))
    with_key = place.with_right(right, width) if place.width + 1 + right.width <= width else place
    return roomiest(width, with_key, place, short)


def effect_line(view: ViewState, width: int) -> Line:
    """What the phase is doing; between two updates what the step was expected to do, and what it did."""
    snapshot, glyphs = view.snapshot, view.glyphs
    if snapshot is None or snapshot.trace is None:
        return Line()
    if snapshot.moment.stage and snapshot.stage is not None:
        phrase = _DOING[snapshot.stage.phase]
        if snapshot.stage.phase == "loss" and view.experiment.compares_all_pairs:
            phrase = _against_all(view)
        if snapshot.stage.phase == "backward" and not _trains_on(snapshot):
            phrase = _whose(snapshot, glyphs)
        return roomiest(width, *(Line.of((" " + words, "dim")) for words in phrase))
    step = snapshot.trace.step
    asked = sum_text(snapshot.asked.sum, view.experiment.wanted.rule, glyphs)
    if step is None or snapshot.moment.edits:
        yes_or_no = view.experiment.is_yes_or_no
        line = Line.of((f" {asked}: ", "dim"), answer_text(snapshot.asked.predicted, yes_or_no, glyphs))
        known = snapshot.asked.wanted
        wanted = Line.of(
            (tr(", wanted "), "dim"), tr("unknown") if known is None else truth_text(known, yes_or_no, glyphs)
        )
        return roomiest(width, Line.of(line, wanted), line)
    answer = Line()
    if step.previous_answer is not None:
        before, after = written_apart(
            step.previous_answer,
            snapshot.asked.predicted,
            lambda x, digits: compact(x, 13, glyphs, digits),
            range(4, 10),
        )
        answer = Line.of((f"   {asked}: ", "dim"), before, (glyphs.text(" → "), "dim"), (after, "strong"))
    real, expected = written_apart(
        step.real_change,
        step.expected_change,
        lambda x, digits: compact(x, 13, glyphs, digits, sign=True),
        range(3, 10),
    )
    over = over_pairs(view.experiment, glyphs, tr(", a mean over "))[2]
    batchs = view.experiment.updates_per_epoch > 1 or view.experiment.network.dropout
    whole = tr(" batch's loss changed by ") if batchs else tr(" loss changed by ")
    brief = tr(" batch's loss by ") if batchs else tr(" loss by ")
    long, short = (
        Line.of((words, "dim"), real, (extrapolated, "dim"), expected, (over, "dim"))
        for words, extrapolated in ((whole, tr(", expected by the slopes ")), (brief, tr(", expected ")))
    )
    return roomiest(width, Line.of(long, answer), Line.of(short, answer), long, short)


def _against_all(view: ViewState) -> tuple[str, str]:
    """What the loss is of with a flat target, and in fewer words."""
    full, words, _ = over_pairs(view.experiment, view.glyphs, "")
    return (
        tr("Every answer is held against every target: the loss is the mean of {differences}.", differences=full),
        tr("The loss is the mean of {differences}.", differences=words),
    )


def _trains_on(snapshot: Snapshot) -> bool:
    """Whether the batch is the current sum and nothing else."""
    experiment, asked = snapshot.experiment, snapshot.asked
    pairs = [row[:2] for row in experiment.training_rows[:2]]
    plain = not experiment.network.dropout and not experiment.data.noise
    return experiment.data.kind == "rows" and pairs == [(asked.sum.a, asked.sum.b)] and plain


def _whose(snapshot: Snapshot, glyphs: Glyphs) -> tuple[str, str]:
    """Whose the errors and whose the gradients are in the picture of the backward pass, and in fewer words."""
    strokes, asked = glyphs.edges, sum_text(snapshot.asked.sum, snapshot.experiment.wanted.rule, glyphs)
    marks, rows = f"{strokes.up[1]} {strokes.down[1]}", plural(snapshot.batch_rows, "row", "rows")
    delta = glyphs.delta
    return (
        tr("{delta} is the error of {sum} alone; {marks} below a weight: gradient over {rows}.",
           delta=delta, sum=asked, marks=marks, rows=rows),
        tr("{delta}: {sum} alone. {marks}: gradient over {rows}.", delta=delta, sum=asked, marks=marks, rows=rows),
    )  # fmt: skip
