"""What a lesson lets one do: words that commands are matched with, so that all else is out of the way."""

from __future__ import annotations

from adder_tui.learning.steps import HANDS_ON, Step
from adder_tui.lessons.lesson import Lesson

TRAINING = frozenset({"run", "step", "set", "change", "reset", "seed"})
"""Verbs of a solution that move training on."""


def words_for(lesson: Lesson, step: Step) -> frozenset[str]:
    """The words for one step of a lesson: ``ask``, ``run``, ``form``, ``seed``, ``edit``, ``trace``, ``diagram`` …"""
    words = {"lesson", step.kind}
    if step.kind not in HANDS_ON:
        return frozenset(words)
    verbs = {action.verb for action in lesson.solution}
    words |= {"ask", "handson"}
    if verbs & TRAINING:
        words.add("run")
    if lesson.controls:
        words |= {"run", "form"}
    if "seed" in verbs or "seed" in lesson.controls:
        words.add("seed")
    if "edit" in verbs:
        words |= {"edit", "hands"}
    if "network" in lesson.views:
        words.add("diagram")
    if "trace" in lesson.views:
        words.add("tracing")
    return frozenset(words)
