"""Who has the keys in a lesson: the prompt or a view, where the task that comes up is done there; else the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_tui.learning.sheets import view_for
from adder_tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from adder_tui.app import AdderApp
    from adder_tui.lessons.actions import Action
    from adder_tui.panes.lesson import LessonDesk

AT_A_VIEW = frozenset({"sort", "nudge", "gradcheck", "bench"})
"""Verbs of what is done in one view alone, which then gets the keys."""
TRAINS = frozenset({"run", "step"})
"""Verbs that are seen in a view without its having the keys."""


class LessonKeys:
    """Hands the keys over as a task's parts come up, so that nobody types a sum's digits at the tabs."""

    def __init__(self, desk: LessonDesk) -> None:
        self._desk = desk
        self._settled: tuple[str, int, str] | None = None
        """Lesson, step and action that the keys were last handed over for."""
        self.just_back = False
        """Whether the prompt gave the keys back by itself: an Escape that was meant for it leaves nothing."""

    @property
    def _app(self) -> AdderApp:
        return self._desk.app  # type: ignore[return-value]

    def settle(self) -> None:
        """Hand the keys over where something else comes next, or "show me" is being asked about."""
        sitting, app = self._desk.sitting, self._app
        shown = self._desk.display and app.tab == "learn" and len(app.screen_stack) == 1
        if sitting is None or sitting.showing or not shown:
            return
        prompt = app.query_one(Prompt)
        if sitting.asking and prompt.has_keys:
            self._take_back()
        following = sitting.next_action if sitting.step.kind == "do" and sitting.review is None else None
        here = sitting.lesson.id, sitting.at, following.text if following is not None else ""
        if here == self._settled:
            return
        self._settled, self.just_back = here, False
        if following is not None:
            self._begin(following, prompt)
        elif prompt.has_keys and sitting.step.kind == "do" and not (sitting.may_go_on and prompt.was_asked):
            self._take_back()

    def _begin(self, action: Action, prompt: Prompt) -> None:
        if prompt.has_keys and action.verb != "ask":
            self._take_back()
        if action.verb == "answer":
            self._desk.settle_field(focus=True)
        elif self._app.typing():
            return
        elif action.verb == "ask":
            prompt.focus_field()
        elif action.verb in AT_A_VIEW:
            self._desk.focus_for(action)
        elif action.verb in TRAINS:
            self._desk.bring(view_for(action, self._desk.views.names))

    def settle_again(self) -> None:
        """The tab was come back to, or a step begins: hand the keys over anew."""
        self._settled = None
        self.settle()

    def training_begins(self) -> None:
        """The chart comes in sight, unless something else is being looked at."""
        focused = self._desk.views.focused
        if "chart" in self._desk.views.names and (focused is None or focused.view_name == "settings"):
            self._desk.bring("chart")
            if focused is not None:
                self._desk.take_focus()

    def _take_back(self) -> None:
        self._desk.take_focus()
        self.just_back = True
