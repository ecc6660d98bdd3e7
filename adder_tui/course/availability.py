"""What a lesson lets one do: words that commands are matched with, so that all else is out of the way."""

from __future__ import annotations

from dataclasses import dataclass

from adder_tui.commands import CHOICES, Context, Contexts
from adder_tui.course.probe_views import PROBE_VIEWS
from adder_tui.course.state import PRACTICE, LessonState

TRAINING = frozenset({"run", "step", "set", "change", "reset", "seed"})
"""Verbs of a solution that move training on."""
POINTED = frozenset({"slope", "plane"})
"""Views in which the arrows move a point."""
NEXT: dict[str, Context] = {
    "run": "next_run", "step": "next_step", "set": "next_set", "change": "next_set", "station": "next_station",
    "ask": "next_ask", "open": "next_open", "seed": "next_seed", "reset": "next_reset",
    "edit": "next_edit", "undo": "next_undo",
}  # fmt: skip
"""What is to be done next, by the solution's verb."""


@dataclass(frozen=True)
class OnScreen:
    """What there is to see of a lesson's views."""

    focused: str = ""
    """The view that has the keys; empty where the text has them."""
    diagram: bool = False
    """Whether the diagram is shown."""
    read_out: bool = False
    """Whether the chart is being read out."""
    arrows: bool = False
    """Whether the view that has the keys takes the arrows itself."""


def words_for(state: LessonState) -> Contexts:
    """The words for a lesson's step: ``ask``, ``run``, ``form``, ``seed``, ``edit``, ``trace``, ``diagram`` …"""
    lesson = state.lesson
    words: set[Context] = {"lesson", state.step.kind}
    if state.step.kind not in PRACTICE:
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
        words |= {"edit", "numbers"}
    if "network" in lesson.views:
        words.add("diagram")
    if "trace" in lesson.views:
        words.add("tracing")
    return frozenset(words)


def words_on_list(typing: bool) -> Contexts:
    """The words while no lesson is open; ``typing``: somebody types what to find."""
    return frozenset({"list", "field"} if typing else {"list", "ask"})


def words_now(state: LessonState, typing: bool, screen: OnScreen) -> Contexts:
    """The words for a lesson as it is at the moment; ``typing``: the lesson's line has the keys."""
    phrase = words_shown(state)
    if state.asking:
        return phrase | {"lesson", "asking"}
    if typing:
        hint: Contexts = frozenset({"task"} if state.blank and state.task is not None else ())
        field: Contexts = frozenset({"lesson", "field"})
        return phrase | field | hint
    choices = frozenset(CHOICES[: len(state.choices)])
    if state.review is not None:
        return choices | _reading(state, state.review.right) | {"lesson"}
    words = words_for(state) | choices | phrase
    if not state.has_run:
        words -= {"diagram"}  # the others wait for it
    if state.task is not None:
        words |= {"task"}
    if state.next_action is not None and state.next_action.verb in NEXT:
        words |= {"next_back" if state.next_action.text == "step back" else NEXT[state.next_action.verb]}
        if state.next_action.verb == "edit" and screen.focused != "network":
            words = words - {"next_edit"} | {"next_open"}  # its keys are the picture's
    if state.lesson.stations and "handson" in words:
        words |= {"stations"}
    if not screen.diagram or screen.focused == "inspect":
        words -= {"diagram"}  # the table has keys of the same names
    if screen.focused == "inspect":
        words |= {"table"}
    if screen.focused == "chart":
        words |= {"reading", "read_out"} if screen.read_out else {"reading"}
    if screen.focused not in ("network", "inspect"):
        words -= {"numbers"}
    if screen.focused in PROBE_VIEWS and PROBE_VIEWS[screen.focused].typed and "handson" in words:
        words |= {"shapes"}
    if screen.focused in PROBE_VIEWS and not _enough(state, screen.focused):
        words |= {"bench"} if _open(state, screen.focused) else _reading(state, False) - {"scrolls"}
    elif screen.focused == "settings" and state.lesson.controls and not _enough(state, "settings"):
        words |= {"setting"}
    elif words.isdisjoint(("numbers", "read_out")):
        words |= _reading(state, bool(state.picked) or state.may_go_on)
    if screen.arrows:
        words -= {"scrolls"}
    return words | {"pointing"} if screen.focused in POINTED else words


def _reading(state: LessonState, goes: bool) -> Contexts:
    """What the keys do while the text has them; ``goes``: Enter goes on, once all of it was in sight."""
    enter: Context = "reads" if state.reads_on else "goes" if goes else "fills" if state.blank else "stays"
    words: Contexts = frozenset({"page", enter})
    return words | {"scrolls"} if state.scrolls else words


def _open(state: LessonState, view: str) -> bool:
    """Whether a bench has something that Enter works out."""
    return any(not state.knows(call) for call in state.calls(view)) or PROBE_VIEWS[view].typed


def _enough(state: LessonState, view: str) -> bool:
    """Whether Enter goes on although a view has the keys: all is done here, and the row is worked out."""
    if state.step.kind != "do" or not state.may_go_on:
        return False
    call = state.chosen_call(view)
    return call is None or state.knows(call)


def words_shown(state: LessonState) -> Contexts:
    """What the shell's own lines may tell by now: how the run stands, and the network's answer."""
    if state.step.kind not in PRACTICE:
        return frozenset()
    return frozenset({"stands", "answers"} if state.step.kind != "do" or state.asked else {"stands"})
