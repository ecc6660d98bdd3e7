"""A lesson's steps, in order: read, predict, do, observe, explain, keep, quiz, more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from adder_tui.lessons.lesson import Lesson

Kind = Literal["read", "predict", "do", "observe", "explain", "keep", "quiz", "more"]

TITLES: dict[Kind, str] = {
    "read": "read", "predict": "predict", "do": "do", "observe": "observe", "explain": "explain", "keep": "keep",
    "quiz": "quiz", "more": "more",
}  # fmt: skip
PARTS: dict[Kind, str] = {"observe": "Observe", "explain": "Explain", "keep": "Facts", "more": "Go further"}
"""The headings that hold a step's text."""
HANDS_ON = frozenset[Kind]({"do", "observe", "explain", "keep", "more"})
"""Steps in which the network may be worked with: before that one predicts."""


@dataclass(frozen=True)
class Step:
    """One step of a lesson."""

    kind: Kind
    prediction: str = ""
    """For predict: its id."""
    tasks: tuple[int, ...] = ()
    """For do: ids of the tasks that are done here."""


def steps_of(lesson: Lesson) -> tuple[Step, ...]:
    """The lesson's steps; a prediction that is asked before a later task parts the doing in two."""
    steps = [Step("read")]
    tasks: list[int] = []
    for task in lesson.tasks:
        asked = [one for one in lesson.predictions if one.before == task.id]
        if asked and tasks:
            steps.append(Step("do", tasks=tuple(tasks)))
            tasks = []
        steps += [Step("predict", one.id) for one in asked]
        tasks.append(task.id)
    steps.append(Step("do", tasks=tuple(tasks)))
    steps.append(Step("observe"))
    steps += [Step(kind) for kind in ("explain", "keep") if lesson.parts.get(PARTS[kind])]
    steps.append(Step("quiz"))
    if lesson.parts.get(PARTS["more"]) or lesson.challenges:
        steps.append(Step("more"))
    return tuple(steps)


def furthest(steps: Sequence[Step], predicted: set[str], done: set[int]) -> int:
    """The index of the first step that one cannot leave yet."""
    for index, step in enumerate(steps):
        if step.kind == "predict" and step.prediction not in predicted:
            return index
        if step.kind == "do" and not set(step.tasks) <= done:
            return index
    return len(steps) - 1
