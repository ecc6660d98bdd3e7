"""How a lesson's text and its views share the room, and who has the keys: the prompt, a view or the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adder_tui.course.lesson import Lesson
from adder_tui.course.probe_views import view_for
from adder_tui.course.state import PageState
from adder_tui.ui.prompt import Prompt

if TYPE_CHECKING:
    from adder_tui.course.vocabulary import Action
    from adder_tui.learn.lesson_tab import LessonView
    from adder_tui.services import Services


WIDE = 110
"""Columns from which text and views stand side by side."""
LEAST_VIEW_ROWS = 7
LARGE_VIEW = 12
"""Rows that any other view needs at least."""
SMALL_VIEWS = {"rule": 8, "prompt": 8, "map": 4, "capstone": 6, "runs": 8}
"""Views that need few rows, and how many they get where several are shown."""
TEXT_ROWS = {"do": 9, "predict": 9, "observe": 10}
"""Rows that a step's text takes at most above the views; other steps take what leaves the least for a view."""
LOOKING_ROWS = 4
"""Rows that the text keeps while a view has the keys."""
AT_A_VIEW = frozenset({"sort", "nudge", "gradcheck", "bench"})
"""Verbs of what is done in one view alone, which then gets the keys."""
TRAINS = frozenset({"run", "step"})
"""Verbs that are seen in a view without its having the keys."""


@dataclass(frozen=True)
class Layout:
    """What goes where."""

    wide: bool
    """Text and views side by side."""
    alone: bool
    """The text has all of the room."""
    text_rows: int
    """Of the text; 0 for all that there are."""
    shown: tuple[str, ...]
    """The views that are shown, in the lesson's order."""
    view_rows: tuple[int, ...]
    """Rows of each view that is shown, title included; 0 for a share of what is left."""


def lay_out(
    page: PageState, views: Sequence[str], current: str, looking: bool, size: tuple[int, int], fixed: int, wanted: int
) -> Layout:
    """The layout for one step of a lesson.

    Args:
        page: the step.
        views: the lesson's, in its order.
        current: the view that is to be seen in any case.
        looking: whether a view has the keys.
        size: columns and rows.
        fixed: rows of the lines around the text.
        wanted: rows that the whole text would take.
    """
    width, height = size
    wide = width >= WIDE
    alone = page.step.kind in ("predict", "quiz") or page.review is not None
    rows = 0
    if not wide:
        most = height - fixed - 1 - LEAST_VIEW_ROWS
        most = min(most, TEXT_ROWS.get(page.step.kind, most))
        if looking:
            most = min(most, LOOKING_ROWS)
        rows = height - fixed if alone else max(3, min(wanted, most))
    shown = _shown(page.lesson, views, current, wide, height)
    small = [rows_for(view, page.lesson) for view in shown]
    mixed = len(shown) > 1 and not all(small)
    return Layout(wide, alone, rows, shown, tuple(small) if mixed else (0,) * len(shown))


def rows_for(view: str, lesson: Lesson) -> int:
    """Rows, title included, that a small view takes where several are shown; 0 for those that take what is left."""
    if view == "settings":
        stations = len(lesson.stations) + 3 if lesson.stations else 0
        return 2 + len(lesson.controls) + stations
    return SMALL_VIEWS.get(view, 0)


def _shown(lesson: Lesson, views: Sequence[str], current: str, wide: bool, height: int) -> tuple[str, ...]:
    """The current view, and where there is room side by side as many others as fit, those behind it first."""
    if not views:
        return ()
    at = views.index(current) if current in views else 0
    if not wide:
        return (views[at],)
    shown: set[str] = set()
    left = height
    for view in [*views[at:], *reversed(views[:at])]:
        takes = rows_for(view, lesson) or LARGE_VIEW
        if not shown or takes <= left:
            shown.add(view)
            left -= takes
    return tuple(view for view in views if view in shown)


class LessonFocus:
    """Hands the keys over as a task's parts come up, so that nobody types a sum's digits at the tabs."""

    def __init__(self, lesson_view: LessonView, services: Services) -> None:
        self._lesson_view, self._services = lesson_view, services
        self._settled: tuple[str, int, str] | None = None
        """Lesson, step and action that the keys were last handed over for."""
        self.just_back = False
        """Whether the prompt gave the keys back by itself: an Escape that was meant for it leaves nothing."""

    def settle(self) -> None:
        """Hand the keys over where something else comes next, or "show me" is being asked about."""
        lesson_state, app = self._lesson_view.lesson_state, self._lesson_view.app
        shown = self._lesson_view.display and self._services.view().tab == "learn" and len(app.screen_stack) == 1
        if lesson_state is None or lesson_state.showing or not shown:
            return
        prompt = app.query_one(Prompt)
        if lesson_state.asking and prompt.has_keys:
            self._take_back()
        following = lesson_state.next_action if lesson_state.step.kind == "do" and lesson_state.review is None else None
        here = lesson_state.lesson.id, lesson_state.at, following.text if following is not None else ""
        if here == self._settled:
            return
        self._settled, self.just_back = here, False
        if following is not None:
            self._begin(following, prompt)
        elif prompt.has_keys and lesson_state.step.kind == "do" and not (lesson_state.may_go_on and prompt.was_asked):
            self._take_back()

    def _begin(self, action: Action, prompt: Prompt) -> None:
        if prompt.has_keys and action.verb != "ask":
            self._take_back()
        if action.verb == "answer":
            self._lesson_view.settle_field(focus=True)
        elif self._services.typing():
            return
        elif action.verb == "ask":
            prompt.focus_field()
        elif action.verb in AT_A_VIEW:
            self._lesson_view.focus_for(action)
        elif action.verb in TRAINS:
            self._lesson_view.bring(view_for(action, self._lesson_view.views.names))

    def settle_again(self) -> None:
        """The tab was come back to, or a step begins: hand the keys over anew."""
        self._settled = None
        self.settle()

    def training_begins(self) -> None:
        """The chart comes in sight, unless something else is being looked at."""
        focused = self._lesson_view.views.focused
        if "chart" in self._lesson_view.views.names and (focused is None or focused.view_name == "settings"):
            self._lesson_view.bring("chart")
            if focused is not None:
                self._lesson_view.take_focus()

    def _take_back(self) -> None:
        self._lesson_view.take_focus()
        self.just_back = True
