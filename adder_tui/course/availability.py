"""What a lesson lets one do: words that commands are matched with, so that all else is out of the way."""

from __future__ import annotations

from dataclasses import dataclass

from adder_tui.course.lesson import LETTERS, Lesson
from adder_tui.course.probe_views import SHEETS, calls_of
from adder_tui.course.state import HANDS_ON, Sitting, Step

TRAINING = frozenset({"run", "step", "set", "change", "reset", "seed"})
"""Verbs of a solution that move training on."""


@dataclass(frozen=True)
class OnScreen:
    """What there is to see of a lesson's views."""

    focused: str = ""
    """The view that has the keys; empty where the text has them."""
    diagram: bool = False
    """Whether the diagram is shown."""
    read_out: bool = False
    """Whether the chart is being read out."""


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
    if sitting.task is not None:
        words |= {"task"}
    if sitting.lesson.stations and "handson" in words:
        words |= {"stations"}
    if not screen.diagram or screen.focused == "inspect":
        words -= {"diagram"}  # the table has keys of the same names
    if screen.focused == "inspect":
        words |= {"table"}
    if screen.focused == "chart":
        words |= {"reading", "read_out"} if screen.read_out else {"reading"}
    if screen.focused not in ("network", "inspect"):
        words -= {"hands"}
    if screen.focused in SHEETS and not _enough(sitting, screen.focused):
        words |= {"bench"}
    elif screen.focused == "settings" and sitting.lesson.controls and not _enough(sitting, "settings"):
        words |= {"setting"}
    elif words.isdisjoint(("hands", "read_out")):
        words |= {"page", "goes" if sitting.picked or sitting.may_go_on else "stays"}
    return words


def _enough(sitting: Sitting, view: str) -> bool:
    """Whether Enter goes on although a view has the keys: all is done here, and the row is worked out."""
    if sitting.step.kind != "do" or not sitting.may_go_on:
        return False
    calls = calls_of(view, sitting.lesson) if view in SHEETS else ()
    if not calls:
        return True
    call = calls[min(sitting.rows.get(view, 0), len(calls) - 1)]
    return call in sitting.results or (call.bench == "gradcheck" and call.arguments[0] in sitting.attempt.deeds.checks)


def words_told(sitting: Sitting) -> set[str]:
    """What the shell's own lines may tell by now: how the run stands, and the network's answer."""
    if sitting.step.kind not in HANDS_ON:
        return set()
    asked = sitting.step.kind != "do" or sitting.has_asked
    return {"stands", "answers"} if asked else {"stands"}
