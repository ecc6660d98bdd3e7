"""The ladder of one update, where it stands in words, and what the last step did."""

from __future__ import annotations

from adder_engine.language import tr
from adder_engine.snapshot import Snapshot
from adder_tui.ui.line import Line, Role, roomiest
from adder_tui.ui.numbers import answer_text, count, plural, truth_text, written_apart
from adder_tui.ui.phrases import compact
from adder_tui.ui.run_state import over_pairs, sum_text
from adder_tui.ui.symbols import Glyphs, strokes_of
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
    rows = (_stages(view, width), _place(view, width), effect_line(view, width))
    return [row.fit(width, view.glyphs.ellipsis) for row in rows]


def _stages(view: ViewState, width: int) -> Line:
    """The phases from left to right; forward and backward with their layers where there is room."""
    names = view.experiment.layer_names
    snapshot = view.snapshot
    stage = snapshot.stage if snapshot else None
    at = snapshot.moment.stage if snapshot else 0
    if snapshot is not None and not at and stage is not None:
        at = len(snapshot.stages)
    full = _stage_spans(view, names, at, short=False)
    return full if full.width < width else _stage_spans(view, names, at, short=True)


def _stage_spans(view: ViewState, names: tuple[str, ...], at: int, short: bool) -> Line:
    layers = len(names)
    line = Line.of(" ")
    climbed = 0

    def add(text: str, done: bool, here: bool, quiet: bool = False) -> None:
        nonlocal line
        role: Role = "active" if here else ("dim" if quiet else "text") if done else "faint"
        mark = view.glyphs.current if here and view.glyphs.ascii else ""
        line = Line.of(line, " " if line.width > 1 else "", (mark + text, role))

    for phase, size in (("zero_grad", 1), ("forward", layers), ("loss", 1), ("backward", layers), ("step", 1)):
        inside = climbed < at <= climbed + size
        add(phase, climbed < at, inside and (size == 1 or short))
        if phase in ("forward", "backward"):
            order = names if phase == "forward" else names[::-1]
            for i, name in enumerate(order):
                here = at == climbed + i + 1
                if not short or here:
                    add(name, climbed + i < at, here, quiet=True)
        climbed += size
    return line


def place_in_words(snapshot: Snapshot, reached: int | None = None, short: bool = False) -> str:
    """``update 3 of 100 in epoch 2: backward, layer hidden``; between two updates which one is done.

    Args:
        reached: how many neurons of the layer the walk by neuron has reached: ``neuron 3 of 4``.
        short: in fewer words, for narrow windows.
    """
    experiment, moment = snapshot.experiment, snapshot.moment
    per_epoch = experiment.updates_per_epoch
    by_hand = "" if not moment.edits else tr(", edited") if short else tr(", then changed by hand")
    if not moment.stage and not moment.update:
        return tr("at the start, before the first update") + by_hand
    done = moment.update - (not moment.stage)
    epoch, update = divmod(done, per_epoch)
    here = tr("epoch {epoch}", epoch=count(epoch + 1))
    if per_epoch > 1:
        updates = count(per_epoch)
        here = tr("update {update} of {updates} in {epoch}", update=count(update + 1), updates=updates, epoch=here)
    if short:
        here = tr("update {update}", update=count(moment.update + (moment.stage > 0)))
    stage = snapshot.stage
    if not moment.stage or stage is None:
        return tr("{here}: step, and it is done", here=here) + by_hand
    if stage.layer is None:
        return f"{here}: {stage.phase}" + by_hand
    name, size = experiment.layer_names[stage.layer], experiment.network.layers[stage.layer + 1]
    neuron = tr(", neuron {reached} of {size}", reached=reached, size=size) if reached is not None else ""
    if short:
        return f"{here}: {stage.phase} {name}{neuron}{by_hand}"
    return tr("{here}: {phase}, layer {layer}", here=here, phase=stage.phase, layer=name) + neuron + by_hand


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
    strokes, asked = strokes_of(glyphs), sum_text(snapshot.asked.sum, snapshot.experiment.wanted.rule, glyphs)
    marks, rows = f"{strokes.up[1]} {strokes.down[1]}", plural(snapshot.batch_rows, "row", "rows")
    delta = glyphs.delta
    return (
        tr("{delta} is the error of {sum} alone; {marks} below a weight: gradient over {rows}.",
           delta=delta, sum=asked, marks=marks, rows=rows),
        tr("{delta}: {sum} alone. {marks}: gradient over {rows}.", delta=delta, sum=asked, marks=marks, rows=rows),
    )  # fmt: skip
