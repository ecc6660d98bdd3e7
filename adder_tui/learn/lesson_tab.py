"""A lesson beside the live network: its text, the line to type into, and its views."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Vertical

from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_tui.course.attempt import place_of
from adder_tui.course.availability import words_now
from adder_tui.course.probe_views import PROBE_VIEWS, view_for
from adder_tui.learn.page import LessonText, head_line, now_line
from adder_tui.learn.views import Layout, LessonViews, OwnView
from adder_tui.selection import Parameter, layout_for
from adder_tui.ui.canvas import Drawing, Pane
from adder_tui.ui.fields import FieldRow, keys_of
from adder_tui.ui.line import Line
from adder_tui.ui.prompt import Prompt
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.course.lesson import Lesson
    from adder_tui.course.lesson_controller import LessonController
    from adder_tui.course.state import LessonState
    from adder_tui.course.vocabulary import Action
    from adder_tui.services import Services


ENTER_TAKEN = frozenset({"bench", "setting", "numbers", "read_out"})
"""Words of views that have a use of their own for Enter."""
SHAPES = tr("two shapes, such as 1x2 @ 2x4")
AT_A_VIEW = frozenset({"sort", "nudge", "gradcheck", "bench", "edit", "undo"})
"""Verbs of what is done in one view alone, which then gets the keys."""


TRAINS = frozenset({"run", "step"})
"""Verbs that are seen in a view without its having the keys."""


class LessonView(Container):
    """Shown while a lesson is open. Hands the keys over as a task's parts come up, so that no sum's digits are typed
    at the tabs.

    Args:
        services: what the app does for it.
        room: what has the lessons.
        settle: called when the step has changed by what was typed.
    """

    DEFAULT_CSS = """
    LessonView { height: 1fr; display: none; layout: vertical; }
    LessonView.-wide { layout: horizontal; }
    LessonView #text { height: auto; width: 1fr; }
    LessonView.-wide #text { height: 1fr; width: 48%; margin: 0 2 0 0; }
    LessonView #views { height: 1fr; width: 1fr; }
    LessonView .line { height: 1; }
    LessonView LessonText { height: 9; }
    LessonView.-wide LessonText { height: 1fr; }
    LessonView ViewFrame { height: 1fr; }
    """

    def __init__(self, services: Services, room: LessonController, settle: Callable[[], None], *, id: str) -> None:
        super().__init__(id=id)
        self._services, self._source, self._room, self._settle = services, services.view, room, settle
        self.row = FieldRow(services.view, field_id="lesson-field")
        self.views = LessonViews(services, lambda: self.lesson_state, id="views")
        self._arranged: tuple[str, Layout] | None = None
        self._before_settings = ""
        """The view that was in front when a setting was begun to be typed by its key."""
        self._half_typed: dict[str, str] = {}
        """A setting to what was typed for it and not entered."""
        self._opened_with = self._refused = ""
        self._opened_at: tuple[int, bool] | None = None
        """The step at which the line was opened by a key, and whether that was before the review."""
        self._blank: tuple[int, str] | None = None
        """Step and id of what the line takes."""
        self.text = LessonText(services.view, lambda: self.lesson_state, services.redraw)
        self._handed: tuple[str, int, str] | None = None
        """Lesson, step and action that the keys were last handed over for."""
        self.just_back = False
        """Whether the prompt, or the line, gave the keys back by itself: an Escape meant for it leaves nothing."""

    def compose(self) -> ComposeResult:
        with Vertical(id="text"):
            yield Drawing(self._source, self._head, classes="line")
            yield self.text
            yield self.row
            yield Drawing(self._source, self._now, classes="line")
        yield self.views

    def _head(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        state = self.page()
        return [head_line(state, width, view.glyphs)] if state is not None else []

    def _now(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        state = self.page()
        return [now_line(state, width, view.glyphs)] if state is not None else []

    @property
    def lesson_state(self) -> LessonState | None:
        return self._room.lesson_state

    def page(self) -> LessonState | None:
        """What the page is drawn from, how it fits into its place noted."""
        state = self.lesson_state
        if state is not None:
            self.text.note_rest(state)
            state.enter_taken = not words_now(state, False, self.views.on_screen).isdisjoint(ENTER_TAKEN)
        return state

    async def put_up(self, lesson: Lesson) -> None:
        """Another lesson's views."""
        self.row.close()
        await self.views.put_up(lesson)
        self._arranged, self._half_typed, self._blank = None, {}, None
        if lesson.step_size:
            self._services.controller.step_size = lesson.step_size
        if lesson.number:
            layout = layout_for(lesson.experiment)
            self._services.select(Parameter(layout.index_of(*place_of(lesson.number))))

    def look(self) -> None:
        """Something was done: see which tasks that does, and have the shown figures worked out."""
        self.run_worker(self._room.look(), name="look")
        self._fill()

    # --- drawing ---------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        self.share_room()

    def share_room(self, looking: bool = False) -> None:
        """Share the room between text and views; styles are set only where something has changed.

        ``looking``: a view is about to have the keys.
        """
        state = self.page()
        if state is None:
            return
        self.bring(state.stage)
        looking = looking or self.views.focused is not None
        fixed, wanted = 2 + self.row.display, self.text.rows_wanted(self.size.width)
        layout = self.views.lay_out(state, looking, self.size, fixed, wanted)
        if self._arranged == (state.lesson.id, layout):
            return
        self._arranged = state.lesson.id, layout
        self.set_class(layout.wide, "-wide")
        self.views.display = not layout.alone
        self.text.styles.height = layout.text_rows or "1fr"
        self.views.show(layout)
        self.call_after_refresh(self._services.redraw)  # the footer's keys hang on what fits as well

    @property
    def laid_out(self) -> bool:
        """Whether the text has the rows that it is to have."""
        rows = self._arranged[1].text_rows if self._arranged is not None else -1
        return rows in (0, self.text.size.height)

    # --- focus and the line to type into ---------------------------------------------------------

    def take_focus(self) -> None:
        # At once: the widget's own way is to wait, and would undo what is chosen meanwhile.
        self.screen.set_focus(self.text, scroll_visible=False)

    def settle_field(self, focus: bool = False, insist: bool = False) -> None:
        """Show the line to type into while the step wants something typed.

        Args:
            focus: give it the keys again if typing is what comes next.
            insist: give it the keys in any case.
        """
        state, row = self.lesson_state, self.row
        if row.purpose not in ("", "field"):
            if state is None or self._opened_at == (state.at, state.review is None):
                return
            self._keep_half_typed()
            row.close()
        wanted = state.blank if state is not None and not state.showing else ""
        if state is None or not wanted:
            self.just_back = self.just_back or (state is not None and row.purpose == "field" and row.field.has_focus)
            row.close()
            return
        one = state.lesson.field_named(wanted)
        same = bool(row.purpose) and self._blank == (state.at, wanted)
        if not same or focus or insist:
            typing_a_sum = self.app.focused is not None and self.app.focused.id == "sum"
            if self.display and not typing_a_sum:
                self._blank = state.at, wanted
                row.open("field", one.ask if one is not None else tr("your guess"), row.field.value if same else "",
                         keys=insist or state.types_now, chosen=wanted in state.replies)  # fmt: skip

    @on(FieldRow.Typed)
    def _typed(self, event: FieldRow.Typed) -> None:
        event.stop()
        if self.row.purpose != "field":
            if event.done:
                self.run_worker(self._use_typed(self.row.purpose, event.text), name="typed")
        elif self.lesson_state is not None and not event.done:
            self._room.answers.type(event.text)
        elif self.lesson_state is not None:
            was = self.lesson_state.step
            if self._room.answers.submit(event.text):
                self.row.field.value = ""
            else:
                self.row.field.select_all()
            if self.lesson_state.step != was:
                self._settle()
            self.look()

    async def _use_typed(self, purpose: str, typed: str) -> None:
        text = typed.strip()
        try:
            if purpose == "shapes":
                await self._room.benches.use_shapes(text)
                self.row.field.value = ""
            elif purpose == "setting":
                idle = await self._room.controls.set(self.row.label, text)
                self._half_typed.pop(self.row.label, None)
                later = self.row.field.value.removeprefix(typed)  # while the run was on its way
                self.row.close()
                self.query_ancestor(Pane).held.hold(keys_of(later), self.app)
                before, self._before_settings = self._before_settings, ""
                if before in ("", "settings"):
                    self.focus_view("settings")
                else:  # back to what was in front before the settings were, where their key led to them
                    self.bring(before)
                    self.take_focus()
                self.hand_over_anew()  # a sum that is to be asked next was not given the keys while this was typed
                self._services.say(idle)  # or nothing: what was refused before is taken now
        except AdderError as error:
            self._refused = text
            self._services.say(str(error))

    @on(FieldRow.Left)
    def _left(self, event: FieldRow.Left) -> None:
        event.stop()
        if self.row.purpose != "field":
            self._keep_half_typed()
            self.row.close()
        self.take_focus()

    # --- views -----------------------------------------------------------------------------------

    def action_view(self, change: int) -> None:
        """From the text to the first view, from view to view, and back to the text."""
        self._before_settings = ""
        names, frame = self.views.names, self.views.focused
        if not names:
            return
        at = -1 if frame is None else names.index(frame.view_name)
        at = (at + 1 + change) % (len(names) + 1) - 1
        if at < 0:
            self.take_focus()
        else:
            self.focus_view(names[at])

    def focus_view(self, name: str) -> None:
        frame = next((frame for frame in self.views.frames if frame.view_name == name), None)
        if frame is None:
            return
        self.views.current = name
        self.share_room(looking=True)
        frame.take_keys()
        self._look_at(name)
        self._fill()

    def _look_at(self, name: str) -> None:
        if self._room.opened(name):
            self.look()

    def bring(self, view: str) -> None:
        """Have a view in sight; the keys stay where they are."""
        if view in self.views.names:
            self.views.current = view

    def action_trace(self) -> None:
        names = self.views.names
        others = [name for name in names if name != "trace"]
        if self.views.current != "trace" or not others:
            self.focus_view("trace")
        else:
            self.focus_view("network" if "network" in names else others[0])

    def _fill(self) -> None:
        if self.lesson_state is None or not self.views.display:
            return
        for name in self.views.names:
            if self.views.is_shown(name) and name in PROBE_VIEWS and self._room.was_opened(name):
                self.run_worker(self._services.attempt(self._room.benches.fill(name)), name="fill", group=name)

    async def action_use(self) -> None:
        """Enter on a view: work a figure out, or change a control."""
        name, state = self.views.on_screen.focused, self._room.open
        if name == "settings":
            self._type_setting()
        elif name in PROBE_VIEWS and PROBE_VIEWS[name].typed and not state.calls(name):
            self.action_type_shapes()
        elif name in PROBE_VIEWS:
            await self._room.benches.use(name)

    def edit_setting(self) -> None:
        """Type a setting's new value: of the one that the next task sets, else of the one that was chosen last."""
        self._room.controls.choose_next()
        if self.row.purpose != "setting":
            self._before_settings = self.views.current
        self.focus_view("settings")
        self._type_setting()

    def _type_setting(self) -> None:
        if key := self._room.controls.chosen:
            from adder_tui.learn.draw_views import value_text
            from adder_tui.ui.symbols import ASCII

            value = value_text(self._source().experiment[key], ASCII).replace(",", "")
            self._keep_half_typed()
            typed = self._half_typed.get(key, "")
            self._open_line("setting", key, typed or value, chosen=typed in ("", self._refused))
            self._opened_with = self.row.field.value

    def _keep_half_typed(self) -> None:
        """What was typed for a setting waits until the setting is come back to."""
        if self.row.purpose == "setting" and self.row.field.value != self._opened_with:
            self._half_typed[self.row.label] = self.row.field.value

    @on(FieldRow.Moved)
    def _row_moved(self, event: FieldRow.Moved) -> None:
        event.stop()
        if self.row.purpose == "setting" and self.lesson_state is not None:
            self._room.benches.move("settings", event.change)
            self._type_setting()

    def action_type_shapes(self) -> None:
        self._open_line("shapes", SHAPES)

    def _open_line(self, purpose: str, label: str, text: str = "", chosen: bool = False) -> None:
        """A line that is opened by a key: it lasts until it is left, and no longer than its step."""
        if (state := self.lesson_state) is not None:
            self._opened_at = state.at, state.review is None
        self.row.open(purpose, label, text, chosen=chosen)

    @on(OwnView.Key)
    def _view_key(self, event: OwnView.Key) -> None:
        event.stop()
        if self.lesson_state is None:
            return
        if event.what == "move":
            self._room.benches.move(event.name, event.change)
        elif event.name == "board":
            self._room.benches.sort(event.change)
            self.look()
        elif event.name == "settings":
            self.run_worker(self._services.attempt(self._room.controls.turn(event.change)), name="turn")

    # --- who has the keys ------------------------------------------------------------------------

    def hand_over(self) -> None:
        """Hand the keys over where something else comes next, or "show me" is being asked about."""
        state, app = self.lesson_state, self.app
        shown = self.display and self._services.view().tab == "learn" and len(app.screen_stack) == 1
        if state is None or state.showing or not shown:
            return
        if (frame := self.views.focused) is not None:  # it is being looked at with each run that begins meanwhile
            self._look_at(frame.view_name)
        prompt = self._services.prompt
        if state.asking:
            if self._services.typing():
                self._take_back()
                self._handed = None  # a "no" hands them over again
            return
        following = state.next_action if state.step.kind == "do" and state.review is None else None
        here = state.lesson.id, state.at, following.text if following is not None else ""
        if here == self._handed or prompt.is_half_typed:  # the rest of a sum is none of the tab's keys
            return
        self._handed = here
        if following is not None:
            self._begin(following, prompt)
        elif prompt.has_keys and state.step.kind == "do" and not (state.may_go_on and prompt.was_asked):
            self._take_back()
        elif state.step.kind == "do" and state.may_go_on and self.views.on_screen.focused == "network":
            self.take_focus()  # there Enter sets a number: it is to go on

    def _begin(self, action: Action, prompt: Prompt) -> None:
        view = view_for(action, self.views.names)
        if prompt.has_keys and action.verb != "ask":
            self._take_back()
        if action.verb == "answer":
            self.settle_field(focus=True)
        elif self._services.typing():
            return
        elif action.verb == "ask":
            prompt.focus_field()
        elif action.verb in AT_A_VIEW:
            self._room.benches.point_at(view, action)
            self.focus_view(view)
        elif action.verb in TRAINS:
            self.bring(("" if action.text == "step back" else self._stage_of_training()) or view)

    def hand_over_anew(self) -> None:
        """The tab was come back to, or a step begins: hand the keys over anew."""
        self._handed = None
        self.hand_over()

    def training_begins(self) -> None:
        """The chart comes in sight, unless something else is being looked at."""
        focused = self.views.focused
        if "chart" in self.views.names and (focused is None or focused.view_name == "settings"):
            self.bring(self._stage_of_training() or "chart")
            if focused is not None:
                self.take_focus()

    def _stage_of_training(self) -> str:
        """The plane, where the lesson has it and no held-out loss asks for the chart."""
        return "plane" if "plane" in self.views.names and not self._services.view().has_held_out else ""

    def _take_back(self) -> None:
        self.take_focus()
        self.just_back = True
