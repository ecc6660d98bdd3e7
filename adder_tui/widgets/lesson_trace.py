"""The trace beside a lesson."""

from __future__ import annotations

from collections.abc import Sequence

from adder_tui.render.lines import Line
from adder_tui.render.view import View
from adder_tui.widgets.trace import TraceText


class LessonTrace(TraceText):
    """The trace without the keys of the Network tab; while a blank is to be computed by hand it waits."""

    keyed = False

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        if view.snapshot is not None and view.snapshot.trace is None:
            return [Line(), Line.of(("  The way of the sum is told once you have worked out yours.", "dim"))]
        return super().draw(view, width, height)
