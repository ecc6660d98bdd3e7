"""The views beside a lesson's text, a frame each: the app's own, and those that single lessons have."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.containers import Vertical

from adder_tui.learning.needs import OnScreen
from adder_tui.learning.sheets import SHEETS
from adder_tui.learning.steps import HANDS_ON
from adder_tui.panes.lesson_layout import Layout
from adder_tui.render.lesson_views import OWN_VIEWS
from adder_tui.widgets.canvas import Canvas, ViewSource
from adder_tui.widgets.lesson_view import OwnView, ViewFrame

if TYPE_CHECKING:
    from adder_tui.app import AdderApp
    from adder_tui.learning.classroom import Classroom
    from adder_tui.lessons.lesson import Lesson
    from adder_tui.panes.tensor_feed import TensorFeed
    from adder_tui.render.view import View
    from adder_tui.render.workbench import Workbench
    from adder_tui.widgets.tensors import TensorTable
    from adder_tui.widgets.training import LossChart


class LessonViews(Vertical):
    """Which of them are shown is the layout's.

    Args:
        source: gives the view.
        room: gives the classroom; None until the lessons are read.
    """

    def __init__(self, source: ViewSource, room: Callable[[], Classroom | None], *, id: str) -> None:
        super().__init__(id=id)
        self._source, self._room = source, room
        self.frames: list[ViewFrame] = []
        """In the lesson's order."""
        self.current = ""
        """The view that is to be seen in any case."""
        self.table: TensorTable | None = None
        """The table of tensors, where the lesson has one."""
        self._feed: TensorFeed | None = None
        self._chart: LossChart | None = None

    @property
    def _app(self) -> AdderApp:
        return self.app  # type: ignore[return-value]

    @property
    def names(self) -> list[str]:
        """The views' names, in order."""
        return [frame.view_name for frame in self.frames]

    @property
    def focused(self) -> ViewFrame | None:
        """The view that has the keys."""
        return next((frame for frame in self.frames if frame.has_keys), None)

    def is_shown(self, name: str) -> bool:
        """Whether a view is on the screen."""
        return any(frame.view_name == name and frame.display for frame in self.frames)

    @property
    def on_screen(self) -> OnScreen:
        """What there is to see of them, for the table of commands."""
        focused = self.focused
        name = focused.view_name if focused is not None else ""
        return OnScreen(name, self.is_shown("network"), self._chart is not None and self._chart.reading is not None)

    async def put_up(self, lesson: Lesson) -> None:
        """The views of another lesson."""
        self.frames = []
        await self.remove_children()
        names = lesson.shown_views
        self.table = self._feed = self._chart = None
        self.frames = [self._frame(name) for name in names]
        await self.mount(*self.frames)
        self.current = names[0]

    def show(self, layout: Layout) -> None:
        """Show the layout's views in their sizes."""
        rows = dict(zip(layout.shown, layout.view_rows, strict=True))
        every = tuple(self.names)
        for frame in self.frames:
            frame.display = frame.view_name in rows
            frame.names = every if len(rows) == 1 < len(every) else (frame.view_name,)
            frame.styles.height = rows.get(frame.view_name) or "1fr"

    def _frame(self, name: str) -> ViewFrame:
        if name != "chart":
            return ViewFrame(self._source, name, self._canvas(name))
        from adder_tui.panes.chart_reading import ChartReading

        reading = ChartReading(self, self._veiled, lambda: self._app.player.ready(), lambda: None, self._go_to_epoch)
        self._chart = reading.chart
        return ViewFrame(self._source, name, reading.chart, reading.telling)

    def _canvas(self, name: str) -> Canvas:
        # Each is imported when a lesson needs it.
        if name in OWN_VIEWS or name in SHEETS:
            return OwnView(self._veiled, self._bench, name)
        if name == "network":
            from adder_tui.widgets.diagram import NetworkDiagram

            return NetworkDiagram(self._veiled, self._app.select)
        if name == "trace":
            from adder_tui.widgets.lesson_trace import LessonTrace

            return LessonTrace(self._veiled)
        if name == "inspect":
            return self._table()
        from adder_tui.widgets.training import WatchedSums

        return WatchedSums(self._veiled)

    def _table(self) -> Canvas:
        from adder_tui.panes.tensor_feed import TensorFeed
        from adder_tui.widgets.tensors import TensorTable

        self.table = TensorTable(self._source, self._app.select)
        self._feed = TensorFeed(self.table, lambda: self._app.player.ready())
        return self.table

    def feed(self) -> None:
        """Have the table told what it shows beside the snapshot."""
        snapshot = self._source().snapshot
        if self._feed is not None and snapshot is not None and self.is_shown("inspect") and self._feed.is_due(snapshot):
            self._feed.fetching = True
            self.run_worker(self._feed.fetch(snapshot), name="feed")

    def _bench(self) -> Workbench | None:
        room = self._room()
        return room.benches.workbench if room is not None else None

    def _veiled(self) -> View:
        """The view, without what the network makes of sums while that would give a prediction's outcome away."""
        view, room = self._source(), self._room()
        sitting = room.sitting if room is not None else None
        if view.snapshot is None or sitting is None or (sitting.step.kind in HANDS_ON and not sitting.by_hand):
            return view
        return dataclasses.replace(
            view, snapshot=dataclasses.replace(view.snapshot, trace=None, answers=(), collapsed=None)
        )

    def _go_to_epoch(self, epoch: int) -> None:
        self.run_worker(self._app.attempt(self._app.player.seek_epoch(epoch)), name="go there")
