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
    from adder_tui.render.view import View
    from adder_tui.render.workbench import Workbench


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
        return OnScreen(focused.view_name if focused is not None else "", self.is_shown("network"))

    async def put_up(self, lesson: Lesson) -> None:
        """The views of another lesson."""
        self.frames = []
        await self.remove_children()
        names = [*lesson.views, *(["settings"] if lesson.controls and "settings" not in lesson.views else [])]
        self.frames = [ViewFrame(self._source, name, self._canvas(name)) for name in names]
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
            from adder_tui.widgets.tensors import TensorTable

            return TensorTable(self._source, self._app.select)
        from adder_tui.widgets.training import LossChart, WatchedSums

        if name == "chart":
            return LossChart(self._veiled, lambda: None, self._go_to_epoch)
        return WatchedSums(self._veiled)

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
        self.run_worker(self._app.attempt(self._seek(epoch)), name="go there")

    async def _seek(self, epoch: int) -> None:
        self._app.show(await (await self._app.player.ready()).seek_epoch(epoch))
