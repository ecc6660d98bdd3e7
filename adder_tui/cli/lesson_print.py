"""A lesson in plain lines: on paper, with blanks for the learner's own figures; its network and its views in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_tui.course.lesson import Lesson
from adder_tui.course.markup import fill, plain
from adder_tui.course.probe_views import PROBE_VIEWS
from adder_tui.course.questions import LETTERS
from adder_tui.learn.prose import prose_lines
from adder_tui.ui.line import Line
from adder_tui.ui.numbers import answer_text, count, number, off_by, plain_number, truth_text
from adder_tui.ui.phrases import factor_text
from adder_tui.ui.symbols import UNICODE

if TYPE_CHECKING:
    from adder_engine.snapshot import Snapshot
    from adder_engine.trace import LayerTrace
    from adder_tui.course.state import LessonState

WIDTH = 78
BLANK = "________"
TALL = 10_000
"""Rows, where a view may have as many as it likes."""
VEILED = tr("The network tells its numbers once the blank is filled in. What you need stands in the example.")
PICTURES = {
    "plane": tr("It is a picture. Ask sums near and far: what they are off by is what it shows."),
    "slope": tr("It is a picture. Try other values, edit output.bias 50, and undo; gradcheck output.bias measures."),
}
"""Views that show nothing which could be read out, with what does instead."""


def printed(lesson: Lesson) -> Iterator[str]:
    """The lesson's text line by line, in the order of its steps; figures of the learner's own are blanks."""

    def part(heading: str, title: str) -> Iterator[str]:
        text = fill(lesson.parts.get(heading, ""), lambda name: BLANK)
        if text.strip():
            yield from ("", *([title, ""] if title else []))
            yield from _prose(text)

    yield f"{lesson.order}. {lesson.title}"
    yield from _prose(tr("{goal} About {minutes} minutes.", goal=lesson.goal, minutes=lesson.minutes))
    yield from part("", "")
    for one in lesson.predictions:
        yield from ("", tr("PREDICT"), "", *_prose(one.ask), *_choices(one.choices))
    yield from ("", tr("DO"), "")
    if lesson.worked is not None:
        yield lesson.worked.title
        for pieces in lesson.worked.lines:
            yield "".join(BLANK if i % 2 else piece for i, piece in enumerate(pieces))
        yield ""
    for task in lesson.tasks:
        yield from _prose(f"{task.id}. {task.do}")
    inline = lesson.worked.fields if lesson.worked is not None else ()
    for field in lesson.fields:
        if field.id not in inline:
            yield from ("", *_prose(f"{field.ask} {BLANK}"), *_choices(field.choices))
    yield from part("Observe", tr("OBSERVE"))
    for one in lesson.predictions:
        yield from ("", *_prose(fill(one.shows, lambda name: BLANK)))
    yield from part("Explain", tr("WHY IT IS SO"))
    yield from part("Facts", tr("TO KEEP"))
    yield from ("", tr("QUESTION"), "", *_prose(lesson.quiz.ask), *_choices(lesson.quiz.choices))
    for challenge in lesson.challenges:
        yield from ("", *_prose(tr("Challenge: {ask}", ask=challenge.ask)))
    yield from part("Go further", tr("FOR WHO WANTS MORE"))


def _prose(text: str) -> list[str]:
    return [line.plain.rstrip() for line in prose_lines(text, WIDTH, UNICODE)]


def _choices(choices: Sequence[str]) -> Iterator[str]:
    for letter, text in zip(LETTERS, choices, strict=False):
        yield from textwrap.wrap(plain(text), WIDTH, initial_indent=f"  {letter}  ", subsequent_indent=" " * 5)


# --- the network in words --------------------------------------------------------------------------


def view_lines(name: str, state: LessonState, now: Snapshot) -> Iterator[str]:
    """What a view of the lesson shows; the network's numbers for one that is a picture of them."""
    # Not at the top: on paper there are no views.
    from adder_tui.learn.draw_views import OWN_VIEWS, draw_view
    from adder_tui.selection import first_selection
    from adder_tui.train.draw_panels import watched_sums
    from adder_tui.ui.view import ViewState

    view = ViewState(now.experiment, now, UNICODE, "learn", "epoch", None, first_selection(now.experiment), "")
    if name in OWN_VIEWS or name in PROBE_VIEWS:
        yield from _written(draw_view(name, view, state, WIDTH, TALL))
    elif name == "sums":
        yield from _written(watched_sums(view, WIDTH, TALL))
    elif name == "chart":
        yield from _loss_lines(now)
    elif name == "trace":
        yield from _trace_lines(state, now)
    elif name in PICTURES:
        yield PICTURES[name]
    else:
        yield from value_lines(state, now)


def value_lines(state: LessonState, now: Snapshot) -> Iterator[str]:
    """Every number of the network in its place: what each neuron makes of the current sum."""
    if state.by_hand:
        yield VEILED
    elif now.trace is not None:
        for layer in now.trace.layers:
            yield from _layer_words(layer)
        yield answer_line(now)


def _trace_lines(state: LessonState, now: Snapshot) -> Iterator[str]:
    """The current sum's way, forward, back and through the step."""
    if state.by_hand:
        yield VEILED
    elif now.trace is not None:
        from adder_tui.network.trace_forward import tell
        from adder_tui.selection import first_selection
        from adder_tui.ui.phrases import NumberFormat

        sentence = tell(now.trace, now, first_selection(now.experiment), NumberFormat(UNICODE, 4), WIDTH)
        yield from _written(sentence.line(i) for i in range(len(sentence)))


def _loss_lines(now: Snapshot) -> Iterator[str]:
    """The loss at some ten epochs of the run."""
    losses = now.losses
    if not len(losses.epochs):
        yield tr("No epoch yet.")
        return
    last = len(losses.epochs) - 1
    for i in sorted({round(last * k / 10) for k in range(11)}):
        epoch, loss = count(int(losses.epochs[i])), number(float(losses.train[i]), UNICODE)
        yield tr("epoch {epoch}: train loss {loss}", epoch=epoch, loss=loss)


def run_line(now: Snapshot, before: Snapshot) -> str:
    """Where the run stands, and what its loss was before something was done to it."""
    parts = [
        tr("Epoch {epoch} of {epochs}", epoch=count(now.epoch), epochs=count(now.experiment.epochs)),
        tr("update {update}", update=count(now.moment.update)),
    ]
    if now.stage is not None:
        parts.append(tr("after {phase}", phase=now.stage.phase))
    if now.current_loss is not None:
        was = before.current_loss if before.run == now.run else None
        moved = was is not None and was != now.current_loss
        sentence = tr(", was {was}", was=number(was, UNICODE)) if moved else ""
        parts.append(tr("loss now {loss}{sentence}", loss=number(now.current_loss, UNICODE), sentence=sentence))
    return f"{'; '.join(parts)}. {answer_line(now)}"


def limit_line(limit: float, now: Snapshot) -> str:
    """The rate beside its limit, where the run stands."""
    values = {"limit": number(limit, UNICODE, 3), "rate": plain_number(now.lr, UNICODE)}
    values["times"] = number(now.lr / limit, UNICODE, 2)
    values["lands"] = tr("a step lands higher") if now.lr > limit else tr("a step lands lower")
    return tr("The limit here is {limit}; the rate {rate} is {times} times that: {lands}.", **values)


def _layer_words(layer: LayerTrace) -> Iterator[str]:
    """``input, neuron 1: 30·0.5406 + 70·0.5869 + 0.6233 = 57.92``, a line for each neuron."""
    for j, (weights, bias, pre, post) in enumerate(zip(layer.weight, layer.bias, layer.pre, layer.post, strict=True)):
        pairs = zip(layer.entering, weights, strict=True)
        terms = (UNICODE.times.join(factor_text(float(x), UNICODE) for x in pair) for pair in pairs)
        bent = tr(", then {post}", post=number(float(post), UNICODE)) if post != pre else ""
        plus = f"{UNICODE.minus if bias < 0 else '+'} {factor_text(abs(float(bias)), UNICODE)}"
        values = {"layer": layer.name, "neuron": j + 1, "sentence": f"{' + '.join(terms)} {plus}"}
        values |= {"pre": number(float(pre), UNICODE), "bent": bent}
        yield tr("{layer}, neuron {neuron}: {sentence} = {pre}{bent}", **values)


def answer_line(snapshot: Snapshot) -> str:
    """``To 30 and 70 the network says 1.186, right is 100, off by −98.81.``"""
    asked, asks = snapshot.asked, snapshot.experiment.is_yes_or_no
    pair = tr("{a} and {b}", a=plain_number(asked.sum.a, UNICODE), b=plain_number(asked.sum.b, UNICODE))
    right = "" if asked.wanted is None else tr(", right is {right}", right=truth_text(asked.wanted, asks, UNICODE))
    off = "" if asked.off_by is None or asks else f", {off_by(asked.off_by, UNICODE)}"
    said = answer_text(asked.predicted, asks, UNICODE)
    said = tr("{share} yes", share=said) if asks else said
    return tr("To {pair} the network says {said}{right}{off}.", pair=pair, said=said, right=right, off=off)


def _written(lines: Iterable[Line]) -> Iterator[str]:
    """The lines that hold something."""
    return (text for line in lines if (text := line.plain.rstrip()))
