"""What a lesson lets one do: words that commands are matched with, so that all else is out of the way."""

from __future__ import annotations

from dataclasses import dataclass

from adder_tui.learning.sheets import SHEETS
from adder_tui.learning.sitting import Sitting
from adder_tui.learning.steps import HANDS_ON, Step
from adder_tui.lessons.lesson import LETTERS, Lesson

TRAINING = frozenset({"run", "step", "set", "change", "reset", "seed"})
"""Verbs of a solution that move training on."""


@dataclass(frozen=True)
class OnScreen:
    """What there is to see of a lesson's views."""

    focused: str = ""
    """The view that has the keys; empty where the text has them."""
    diagram: bool = False
    """Whether the diagram is shown."""


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


def words_on_list(typing: bool) -> frozenset[str]:
    """The words while no lesson is open; ``typing``: somebody types what to find."""
    return frozenset({"list", "field" if typing else "ask"})


def words_now(sitting: Sitting, typing: bool, screen: OnScreen) -> frozenset[str]:
    """The words for a lesson as it is at the moment; ``typing``: the lesson's line has the keys."""
    told = words_told(sitting)
    if sitting.asking:
        return frozenset({"lesson", "asking"} | told)
    if typing:
        return frozenset({"lesson", "field"} | told)
    choices = {f"choice_{letter}" for letter in LETTERS[: sitting.choice_count]}
    if sitting.review is not None:
        return frozenset({"lesson", "page", "goes" if sitting.review.right else "stays"} | choices)
    words = words_for(sitting.lesson, sitting.step) | choices | told
    if not sitting.has_run:
        words -= {"run", "seed", "edit", "diagram"}
    if sitting.lesson.stations and "handson" in words:
        words |= {"stations"}
    if not screen.diagram:
        words -= {"diagram"}
    if screen.focused not in ("network", "inspect"):
        words -= {"hands"}
    if screen.focused in SHEETS:
        words |= {"bench"}
    elif screen.focused == "settings" and sitting.lesson.controls:
        words |= {"setting"}
    elif "hands" not in words:
        words |= {"page", "goes" if sitting.picked or sitting.may_go_on else "stays"}
    return words


def words_told(sitting: Sitting) -> set[str]:
    """What the shell's own lines may tell by now: how the run stands, and the network's answer."""
    if sitting.step.kind not in HANDS_ON:
        return set()
    asked = sitting.step.kind != "do" or sitting.has_asked
    return {"stands", "answers"} if asked else {"stands"}
