"""A lesson's text, as widgets: its head, the step's words, and the line that says what comes next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from adder_tui.course.state import PageState
from adder_tui.learn.page import head_line, marks, now_line, page_lines
from adder_tui.ui.canvas import Canvas, ViewSource
from adder_tui.ui.line import Line
from adder_tui.ui.view import ViewState

WHEEL_ROWS = 3
PageSource = Callable[[], PageState | None]


class LessonHead(Canvas):
    """Which lesson, and which step of it."""

    def __init__(self, source: ViewSource, page: PageSource) -> None:
        super().__init__(source)
        self._page = page

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        page = self._page()
        return [head_line(page, width, view.glyphs)] if page else []


class LessonText(Canvas, can_focus=True):
    """The step's text; it scrolls where it does not fit, and keeps the current task in sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    def __init__(self, source: ViewSource, page: PageSource) -> None:
        super().__init__(source)
        self._page = page
        self._top = 0
        self._place: tuple[object, ...] | None = None
        self._at_task: tuple[int | None, str] | None = None
        self._rows = 0

    def rows_wanted(self, width: int) -> int:
        """How many rows the text would take."""
        page = self._page()
        return len(page_lines(page, width, self.view.glyphs)) if page else 0

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        page = self._page()
        if page is None:
            return []
        place = (page.lesson.id, page.number, page.review and page.review.at)
        lines = page_lines(page, width, view.glyphs)
        if self._place != place:
            self._place, self._top, self._at_task = place, 0, None
        task = page.task.id if page.task is not None else None
        if page.step.kind == "do" and (self._at_task, self._rows) != ((task, page.blank), height):
            self._at_task, self._rows = (task, page.blank), height
            self._top = self._to_show_task(page, lines, height)
        self._top = max(0, min(self._top, len(lines) - height))
        shown = [line.fit(width, view.glyphs.ellipsis) for line in lines[self._top : self._top + height]]
        return _with_scroll_marks(shown, self._top, len(lines), width, view)

    def _to_show_task(self, page: PageState, lines: list[Line], height: int) -> int:
        """The first row to show so that the current task is in sight, or the blank to be filled in."""
        if page.blank:
            blanks = [y for y, line in enumerate(lines) if any(r == "key" and t.startswith("[") for t, r in line.spans)]
            return max(0, blanks[0] + 2 - height) if blanks else 0
        if page.task is None:
            return 0
        marks_of_tasks = tuple(f" {mark} " for mark in marks(self.view.glyphs))
        rows = [y for y, line in enumerate(lines) if line.plain.startswith(marks_of_tasks)]
        index = page.step.tasks.index(page.task.id)
        if index >= len(rows):
            return 0
        following = rows[index + 1] if index + 1 < len(rows) else len(lines)
        return max(0, min(rows[index], following - height))

    def action_scroll(self, rows: int) -> None:
        """Scroll by rows."""
        self._top = max(0, self._top + rows)
        self.redraw()

    def action_page(self, pages: int) -> None:
        """Scroll by pages, one row staying in sight."""
        self.action_scroll(pages * max(1, self.size.height - 1))

    def show_task(self) -> None:
        """Bring the current task's last hint into sight."""
        page = self._page()
        if page is None:
            return
        lines = page_lines(page, self.size.width, self.view.glyphs)
        rows = [y for y, line in enumerate(lines) if line.plain.lstrip().startswith(("hint ", "i shows how"))]
        if rows:
            following = rows[-1] + 1
            while following < len(lines) and lines[following].plain.startswith("   " * 3):
                following += 1
            self._top = max(self._top, following - self.size.height)
        self.redraw()

    def on_mouse_scroll_down(self) -> None:
        self.action_scroll(WHEEL_ROWS)

    def on_mouse_scroll_up(self) -> None:
        self.action_scroll(-WHEEL_ROWS)


def _with_scroll_marks(lines: list[Line], top: int, total: int, width: int, view: ViewState) -> list[Line]:
    """The lines with a mark at the right end where more lies above or below."""
    glyphs = view.glyphs
    above, below = ("^", "v") if glyphs.ascii else ("↑", "↓")
    if top > 0 and lines:
        lines[0] = lines[0].with_right(Line.of((above, "key")), width)
    if top + len(lines) < total and lines:
        lines[-1] = lines[-1].with_right(Line.of((below, "key")), width)
    return lines


class LessonNow(Canvas):
    """The current task, or what comes next."""

    def __init__(self, source: ViewSource, page: PageSource) -> None:
        super().__init__(source)
        self._page = page

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        page = self._page()
        return [now_line(page, width, view.glyphs)] if page else []
