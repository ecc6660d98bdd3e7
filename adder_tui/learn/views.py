"""The views beside a lesson's text, a frame each, and how text and views share the room."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message

from adder_tui.course.availability import OnScreen
from adder_tui.course.lesson import Lesson
from adder_tui.course.probe_views import PROBE_VIEWS
from adder_tui.course.state import PRACTICE, LessonState, StateSource
from adder_tui.course.vocabulary import VIEWS
from adder_tui.learn.draw_views import OWN_VIEWS, draw_view
from adder_tui.ui.canvas import Canvas, Drawing, Same, ViewSource, hidden
from adder_tui.ui.line import Line, Role, wrapped
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import RunSummary, Snapshot
    from adder_tui.inspect.tab import TensorFeed, TensorTable
    from adder_tui.services import Services
    from adder_tui.train.tab import LossChart


WIDE = 110
"""Columns from which text and views stand side by side."""
LEAST_VIEW_ROWS = 7
LARGE_VIEW = 12
"""Rows that any other view needs at least."""
SMALL_VIEWS = {"rule": 8, "prompt": 8, "map": 4, "capstone": 6, "runs": 8, "step": 5}
"""Views that need few rows, and how many they get where several are shown."""
TEXT_ROWS = {"do": 9, "predict": 9, "observe": 10}
"""Rows that a step's text takes at most above the views; other steps take what leaves the least for a view."""
LOOKING_ROWS = 4
"""Rows that the text keeps while a view has the keys, or a run plays."""
PLAYING_CHART = 11
"""Rows, title included, that the chart of a run that plays keeps; the text may have the others."""
SHOWN = frozenset({"slope", "downhill", "plane"})
"""Views that show what Explore does."""


@dataclass(frozen=True)
class Layout:
    """What goes where."""

    wide: bool
    """Text and views side by side."""
    alone: bool
    """The text has all of the room."""
    text_rows: int
    """Of the text; 0 for all that there are."""
    views: Mapping[str, int]
    """Rows of each view that is shown, title included; 0 for a share of what is left."""


def rows_for(view: str, lesson: Lesson) -> int:
    """Rows, title included, that a small view takes where several are shown; 0 for those that take what is left."""
    if view == "settings":
        stations = len(lesson.stations) + 3 if lesson.stations else 0
        return 2 + len(lesson.controls) + stations
    return SMALL_VIEWS.get(view, 0)


def rows_taken(view: str, state: LessonState, width: int) -> int:
    """Rows, title included, that a view has something to say in; 0 for those that take what is left."""
    if view not in PROBE_VIEWS or view in OWN_VIEWS:
        return rows_for(view, state.lesson)
    about, calls = wrapped(PROBE_VIEWS[view].about, max(20, width - 2)), state.calls(view)
    nudged = [state.activity.checks.get(str(call.arguments[0])) for call in calls if call.bench == "gradcheck"]
    return 2 + len(about) + len(calls) + sum(len(one.nudges) for one in nudged if one is not None)


def of_lesson(run: RunSummary, state: LessonState) -> bool:
    """Whether a run is one of the lesson's: a later one than its first, or one that came out as an earlier lesson's.

    Of two runs that are the same the list keeps the older.
    """
    first, logged = state.activity.first_run, state.activity.runs
    return first is not None and (
        run.id >= first or any(one.newest and one.experiment == run.experiment for one in logged)
    )


class OwnView(Canvas, can_focus=True):
    """One of the lesson's own views; its keys go to the pane as messages."""

    BINDINGS: ClassVar[list[BindingType]] = hidden(
        up="key('move', -1)", down="key('move', 1)", pageup="key('move', -8)", pagedown="key('move', 8)",
        left="key('turn', -1)", right="key('turn', 1)",
    )  # fmt: skip

    class Key(Message):
        """A key for the view's cursor, or for what is under it."""

        def __init__(self, name: str, what: str, change: int) -> None:
            super().__init__()
            self.name, self.what, self.change = name, what, change

    def __init__(self, source: ViewSource, state: StateSource, name: str) -> None:
        super().__init__(source)
        self.view_name, self._state = name, state

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        state = self._state()
        return draw_view(self.view_name, view, state, width, height)[:height] if state else []

    def action_key(self, what: str, change: int) -> None:
        self.post_message(self.Key(self.view_name, what, change))


class ViewFrame(Vertical, can_focus=True):
    """A view with its title; takes the keys itself where the drawing takes none.

    Args:
        name: one of the lesson's views.
        canvas: what draws it.
        below: a line or two under it, hidden while there is nothing to be told there.
    """

    DEFAULT_CSS = """
    ViewFrame > Canvas { height: 1fr; }
    ViewFrame > .title { height: 1; }
    ViewFrame > ReadOut { height: 2; display: none; }
    """

    def __init__(self, source: ViewSource, name: str, canvas: Canvas, *below: Canvas) -> None:
        super().__init__()
        self.can_focus = not canvas.can_focus
        self.view_name, self.canvas, self._below, self._source = name, canvas, below, source
        self.names: tuple[str, ...] = (name,)
        """What the title lists."""

    def compose(self) -> ComposeResult:
        yield Drawing(self._source, self._title, classes="title")
        yield self.canvas
        yield from self._below

    def _title(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        """The view's name; where one view is shown at a time, all their names."""
        rule = view.glyphs.horizontal
        line = Line.of((rule * 2 + " ", "faint"))
        for i, name in enumerate(self.names):
            here = name == self.view_name
            mark = view.glyphs.current if here and self.has_keys else ""
            role: Role = "accent" if mark else "strong" if here else "dim"
            line = Line.of(line, "  " if i else "", (mark + VIEWS[name][0], role))
        if len(self.names) == 1:
            line = Line.of(line, ("  " + VIEWS[self.view_name][1], "dim"))
        return [Line.of(line, (" " + rule * max(0, width - line.width - 1), "faint"))]

    @property
    def has_keys(self) -> bool:
        return self.has_focus or self.canvas.has_focus

    def take_keys(self) -> None:
        # At once, so that a key that comes right behind finds it there.
        self.screen.set_focus(self if self.can_focus else self.canvas, scroll_visible=False)


class LessonViews(Vertical):
    """Which of them are shown is the layout's.

    Args:
        services: what the app does for it.
        state: gives the lesson that is open; None on the list.
    """

    def __init__(self, services: Services, state: StateSource, *, id: str) -> None:
        super().__init__(id=id)
        self._services, self._source, self._state = services, services.view, state
        self.frames: list[ViewFrame] = []
        """In the lesson's order."""
        self.current = ""
        """The view that is to be seen in any case."""
        self.table: TensorTable | None = None
        """The table of tensors, where the lesson has one."""
        self._feed: TensorFeed | None = None
        self.chart: LossChart | None = None
        """The chart of the losses, where the lesson has one."""
        self._left: tuple[object, Snapshot] | None = None
        """What of a snapshot is left for the views, and what that hangs on: drawings are kept while it is the same."""

    @property
    def parts(self) -> Sequence[object]:
        """Those of them that carry commands out."""
        return self.table, self.chart

    @property
    def names(self) -> list[str]:
        return [frame.view_name for frame in self.frames]

    @property
    def focused(self) -> ViewFrame | None:
        return next((frame for frame in self.frames if frame.has_keys), None)

    def is_shown(self, name: str) -> bool:
        return any(frame.view_name == name and frame.display for frame in self.frames)

    @property
    def on_screen(self) -> OnScreen:
        """What there is to see of them, for the table of commands."""
        focused = self.focused
        name = focused.view_name if focused is not None else ""
        read_out = self.chart is not None and self.chart.reading is not None
        arrows = focused is not None and focused.canvas.has_focus
        return OnScreen(name, self.is_shown("network"), read_out, arrows)

    def tells(self, state: LessonState) -> bool:
        """Whether the current view has something to say at this step."""
        name, snapshot = self.current, self._source().snapshot
        if state.veiled(name):
            return False
        if name in ("inspect", "settings"):
            return True
        if name == "network" and state.step.kind == "read":
            return state.lesson.pictured
        if name == "chart":
            return snapshot is not None and len(snapshot.losses.epochs) > 0
        if name == "runs":
            return bool(state.activity.runs)
        return state.step.kind in PRACTICE and (name not in PROBE_VIEWS or name in state.activity.opened)

    def lay_out(self, state: LessonState, looking: bool, size: tuple[int, int], fixed: int, wanted: int) -> Layout:
        """How text and views share the room at a step of the lesson.

        Args:
            state: the lesson at that step.
            looking: whether a view has the keys.
            size: columns and rows.
            fixed: rows of the lines around the text.
            wanted: rows that the whole text would take.
        """
        width, height = size
        wide = width >= WIDE
        silent = not looking and not self.tells(state)  # the text gets the view's rows
        alone = state.step.kind in ("predict", "quiz") or state.review is not None
        alone = alone or (silent and not wide and (state.step.kind != "do" or state.by_hand))
        rows = 0
        if not wide:
            most = height - fixed - 1 - LEAST_VIEW_ROWS
            most = min(most, TEXT_ROWS.get(state.step.kind, most))
            if looking or state.activity.plays:
                beside_chart = self.current == "chart" and not looking
                least = max(LOOKING_ROWS, height - fixed - PLAYING_CHART) if beside_chart else LOOKING_ROWS
                most = min(most, least)
            if takes := rows_taken(self.current, state, width):
                most = max(most, height - fixed - takes)  # a view that needs few rows leaves the others to the text
            rows = height - fixed if alone else max(3, min(wanted, most))
        shown = self._shown(state.lesson, height) if wide else {self.current: 0}
        return Layout(wide, alone, rows, dict.fromkeys(shown, 0) if all(shown.values()) else shown)

    def _shown(self, lesson: Lesson, height: int) -> dict[str, int]:
        """The current view and as many others as fit side by side with the text, those behind it first; their rows."""
        names, shown = self.names, set[str]()
        at = names.index(self.current) if names else 0
        for view in [*names[at:], *reversed(names[:at])]:
            takes = rows_for(view, lesson) or LARGE_VIEW
            if not shown or takes <= height:
                shown.add(view)
                height -= takes
        return {view: rows_for(view, lesson) for view in names if view in shown}

    async def put_up(self, lesson: Lesson) -> None:
        self.frames = []
        await self.remove_children()
        self.table = self._feed = self.chart = None
        self.frames = [self._frame(name) for name in lesson.shown_views]
        self.current = lesson.shown_views[0]
        await self.mount(*self.frames)

    def show(self, layout: Layout) -> None:
        rows, every = layout.views, tuple(self.names)
        for frame in self.frames:
            frame.display = frame.view_name in rows
            frame.names = every if len(rows) == 1 < len(every) else (frame.view_name,)
            frame.styles.height = rows.get(frame.view_name) or "1fr"

    def _frame(self, name: str) -> ViewFrame:
        if name in SHOWN:
            from adder_tui.learn.finding_views import FindingView

            return ViewFrame(self._source, name, FindingView(self._veiled, self._services, name))
        if name != "chart":
            return ViewFrame(self._source, name, self._canvas(name))
        from adder_tui.train.tab import ChartReading

        ready, say = self._services.controller.ready, self._services.say
        reading = ChartReading(self, self._charted, ready, lambda: None, self._go_to_epoch, say)
        self.chart = reading.chart
        return ViewFrame(self._source, name, reading.chart, reading.telling)

    def _canvas(self, name: str) -> Canvas:
        # Each is imported when a lesson needs it.
        if name in OWN_VIEWS or name in PROBE_VIEWS:
            return OwnView(self._veiled, self._state, name)
        if name == "network":
            from adder_tui.network.tab import NetworkDiagram

            return NetworkDiagram(self._veiled, self._services.select)
        if name == "trace":
            from adder_tui.network.trace_view import LessonTrace

            return LessonTrace(self._veiled, self._services.controller.ready, self._services.select)
        if name == "inspect":
            from adder_tui.inspect.tab import TensorFeed, TensorTable

            self.table = TensorTable(self._source, self._services.select)
            self._feed = TensorFeed(self.table, self._services.controller.ready)
            return self.table
        from adder_tui.train.draw_panels import watched_sums

        return Drawing(self._veiled, watched_sums)

    def feed(self) -> None:
        """Have the table told what it shows beside the snapshot."""
        if self._feed is not None and self.is_shown("inspect"):
            self._feed.want(self._source().snapshot)

    def _veiled(self) -> ViewState:
        """The view, with the lesson's own runs alone.

        What the network makes of sums is left out while that would give a prediction's outcome away.
        """
        view, state = self._source(), self._state()
        if view.snapshot is None or state is None:
            return view
        runs = tuple(run for run in view.snapshot.runs if of_lesson(run, state))
        veil = state.step.kind not in PRACTICE or state.by_hand
        about = Same(view.snapshot), [run.id for run in runs], veil
        if self._left is None or self._left[0] != about:
            snapshot = view.snapshot
            if len(runs) < len(snapshot.runs):
                snapshot = dataclasses.replace(snapshot, runs=runs)
            if veil:
                snapshot = dataclasses.replace(snapshot, trace=None, answers=(), collapsed=None)
            self._left = about, snapshot
        return dataclasses.replace(view, snapshot=self._left[1])

    def _charted(self) -> ViewState:
        """The view with the lesson's other runs on the chart, where these have titles: of each title the newest."""
        view, state = self._veiled(), self._state()
        if view.snapshot is None or state is None or not state.lesson.run_title:
            return view
        from adder_tui.ui.run_words import MOST_ON_CHART, comparable

        now = view.snapshot.experiment
        lessons = (run for run in view.snapshot.runs if run.epoch and comparable(run.experiment, now))
        titles = {run.id: state.lesson.title_of(run.experiment) for run in lessons}
        own = state.lesson.title_of(now)
        newest = {title: id for id, title in titles.items() if title != own}
        charted = frozenset([*newest.values()][-MOST_ON_CHART:])
        return dataclasses.replace(view, charted=charted, titles=titles | {view.snapshot.run: own})

    def _go_to_epoch(self, epoch: int) -> None:
        self.run_worker(self._services.attempt(self._services.controller.seek_epoch(epoch)), name="go there")
