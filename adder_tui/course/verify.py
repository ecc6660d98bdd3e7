"""Trying a lesson on the engine: its solution, its checks, and every figure that it states."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from adder_engine.errors import AdderError
from adder_tui.course import markup
from adder_tui.course.action_runner import ActionRunner
from adder_tui.course.expressions import Value
from adder_tui.course.lesson import Lesson, Measured
from adder_tui.course.state import LessonAttempt

if TYPE_CHECKING:
    from adder_engine.session import Session

_FIGURE = re.compile(r"(?<![\w.])[−-]?\d[\d,]*\.\d+(?![\w.])|(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w.,])")


async def try_solution(session: Session, lesson: Lesson) -> AsyncIterator[str]:
    """What is wrong with the tasks and challenges when they are played, a sentence each."""
    attempt = LessonAttempt(lesson)
    player = ActionRunner(session, attempt)
    await player.enter()
    for task in await attempt.look(session):
        yield f"The check of task {task.id} is true on entering: {task.check.text}"
    for task in lesson.tasks:
        try:
            await player.play(task)
        except AdderError as error:
            yield f"The actions of task {task.id} do not work. {error}"
        early = [one.id for one in await attempt.look(session) if one.id > task.id]
        if task.id not in attempt.done:
            yield f"The actions of task {task.id} do not make its check true: {task.check.text}"
        for one in early:
            yield f"The check of task {one} is true already after the actions of task {task.id}."
    for quote in lesson.quotes:
        if await attempt.quote(session, quote.name) == "…":
            yield f"After the tasks {{{{{quote.name}}}}} has no value: {quote.value.text}"
    for challenge in lesson.challenges:
        attempt = LessonAttempt(lesson)
        player = ActionRunner(session, attempt)
        await player.enter()
        if await attempt.look_at_challenges(session):
            yield f"The challenge {challenge.id} is met on entering."
        try:
            await player.play_all(challenge.actions)
        except AdderError as error:
            yield f"The actions of the challenge {challenge.id} do not work. {error}"
        await attempt.look_at_challenges(session)
        best = attempt.best.get(challenge.id)
        if best is None:
            yield f"The actions of the challenge {challenge.id} do not meet it: {challenge.check.text}"
        elif challenge.par is not None and best > challenge.par:
            yield f"The actions of the challenge {challenge.id} reach {best:g}, not its par {challenge.par:g}."


def groups(lesson: Lesson) -> tuple[tuple[Measured, ...], ...]:
    """The measured figures, those that come out of the same run together."""
    found: dict[str, list[Measured]] = {}
    for one in lesson.measured:
        found.setdefault(repr((sorted(one.preset.items()), one.actions)), []).append(one)
    return tuple(map(tuple, found.values()))


async def measure(session: Session, lesson: Lesson, figures: Sequence[Measured]) -> list[str]:
    """Measure figures that come out of one run, as :func:`groups` gives them. What is wrong with them."""
    attempt = LessonAttempt(lesson)
    player = ActionRunner(session, attempt)
    try:
        await player.enter(figures[0].preset)
        await player.play_all(figures[0].actions)
        return [wrong for one in figures if (wrong := said(one, await attempt.value(session, one.expression)))]
    except AdderError as error:
        return [f"The figure {figures[0].key!r} cannot be measured. {error}"]


def said(figure: Measured, value: Value) -> str:
    """What is wrong with a figure that came out so, in a sentence; empty where it holds."""
    if figure.holds(value):
        return ""
    stated = "is false" if figure.figure_class == "Q" else f"is {value!r}, not {figure.value!r}"
    within = f" within {figure.within:g}" if figure.figure_class in ("T", "B") else ""
    return f"The figure {figure.key!r} {stated}{within} (class {figure.figure_class}): {figure.expression.text}"


def unmeasured(lesson: Lesson) -> list[str]:
    """Figures in the facts, the observation and the explanation that no measured figure stands behind."""
    known = [abs(one.value) for one in lesson.measured if isinstance(one.value, float)]
    loose = []
    for part in markup.PARTS[:3]:
        for match in _FIGURE.finditer(lesson.parts.get(part, "")):
            digits = match[0].replace(",", "").replace("−", "").replace("-", "")
            decimals = len(digits.partition(".")[2])
            half = 0.5 * 10.0**-decimals
            if not any(abs(value - float(digits)) <= half * 1.001 for value in known):
                loose.append(match[0])
    return list(dict.fromkeys(loose))
