"""The drawings of the Learn tab, as widgets: the list, a lesson's text, and the views beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message

from adder_tui.lessons.vocabulary import VIEWS
from adder_tui.render.course import Listing, list_foot, list_head, list_lines, top_row
from adder_tui.render.lesson import head_line, marks, now_line, page_lines
from adder_tui.render.lesson_views import draw_view
from adder_tui.render.lines import Line
from adder_tui.render.page import Page
from adder_tui.render.view import View
from adder_tui.render.workbench import Workbench
from adder_tui.widgets.canvas import Canvas, ViewSource
from adder_tui.widgets.fields import Field

WHEEL_ROWS = 3
PageSource = Callable[[], Page | None]
BenchSource = Callable[[], Workbench | None]


class ListHead(Canvas):
    """The course's title, and how far one is."""

    listing: Listing | None = None

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        if self.listing is None:
            return [Line.of((f" Reading the lessons{view.glyphs.ellipsis}", "dim"))]
        return list_head(self.listing, width, view.glyphs)[:height]


class LessonList(Canvas, can_focus=True):
    """The lessons by chapters; Up and Down choose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "move(-8)", show=False),
        Binding("pagedown", "move(8)", show=False),
        Binding("home", "move(-99)", show=False),
        Binding("end", "move(99)", show=False),
    ]

    class Moved(Message):
        """Another lesson is wanted: by how many, or which."""

        def __init__(self, by: int = 0, to: int | None = None) -> None:
            super().__init__()
            self.by, self.to = by, to

    listing: Listing | None = None
    _top = 0
    _owners: Sequence[int | None] = ()

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        if self.listing is None:
            return []
        lines, self._owners = list_lines(self.listing, width, view.glyphs)
        at = min(self.listing.at, len(self.listing.shown) - 1)
        self._top = max(0, min(top_row(self._owners, at, self._top, height), len(lines) - height))
        return lines[self._top : self._top + height]

    def action_move(self, by: int) -> None:
        """Choose another lesson."""
        self.post_message(self.Moved(by))

    def on_click(self, event: events.Click) -> None:
        row = self._top + event.y
        if row < len(self._owners) and self._owners[row] is not None:
            self.post_message(self.Moved(to=self._owners[row]))


class ListFoot(Canvas):
    """What the chosen lesson is for."""

    listing: Listing | None = None

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        return [] if self.listing is None else list_foot(self.listing, width, view.glyphs)


class LessonHead(Canvas):
    """Which lesson, and which step of it."""

    def __init__(self, source: ViewSource, page: PageSource) -> None:
        super().__init__(source)
        self._page = page

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
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

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
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

    def _to_show_task(self, page: Page, lines: list[Line], height: int) -> int:
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


def _with_scroll_marks(lines: list[Line], top: int, total: int, width: int, view: View) -> list[Line]:
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

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        page = self._page()
        return [now_line(page, width, view.glyphs)] if page else []


class _Label(Canvas):
    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        row = self.parent
        assert isinstance(row, FieldRow)
        text = view.glyphs.text(row.label)
        return [Line.of((f" {text} ", "dim"), (view.glyphs.prompt, "accent")).fit(width, view.glyphs.ellipsis)]


class FieldRow(Horizontal):
    """A line to type into, with what is wanted in front of it; hidden while nothing is."""

    DEFAULT_CSS = """
    FieldRow { height: 1; display: none; }
    FieldRow _Label { height: 1; width: 20; }
    FieldRow Field { height: 1; width: 1fr; }
    """

    class Typed(Message):
        """The text changed, or with ``done`` Enter was pressed."""

        def __init__(self, row: FieldRow, text: str, done: bool) -> None:
            super().__init__()
            self.row, self.text, self.done = row, text, done

    class Left(Message):
        """Escape was pressed."""

        def __init__(self, row: FieldRow) -> None:
            super().__init__()
            self.row = row

    def __init__(self, source: ViewSource, *, field_id: str) -> None:
        super().__init__()
        self._source = source
        self.field = _LessonField("", id=field_id)
        self.label = ""
        self.purpose = ""
        """What is typed: ``field``, ``shapes``, ``setting`` or ``find``; empty while hidden."""

    def compose(self) -> ComposeResult:
        yield _Label(self._source)
        yield self.field

    def open(self, purpose: str, label: str, text: str = "") -> None:
        """Show the line and put the cursor into it."""
        self.purpose, self.label = purpose, label
        label_width = min(len(label) + 4, max(10, self.app.size.width // 2))
        self.query_one(_Label).styles.width = label_width
        self.field.value = text
        self.field.cursor_position = len(text)
        self.display = True
        self.query_one(_Label).redraw()
        self.screen.set_focus(self.field)

    def close(self) -> None:
        """Hide the line."""
        if self.display:
            self.purpose = ""
            self.display = False
            if self.field.has_focus:
                self.screen.set_focus(None)

    def on_input_changed(self, event: Field.Changed) -> None:
        event.stop()
        if self.purpose:
            self.post_message(self.Typed(self, self.field.value, done=False))

    def on_input_submitted(self, event: Field.Submitted) -> None:
        event.stop()
        self.post_message(self.Typed(self, self.field.value, done=True))


class _LessonField(Field):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def action_leave(self) -> None:
        row = self.parent
        assert isinstance(row, FieldRow)
        row.post_message(FieldRow.Left(row))


class OwnView(Canvas, can_focus=True):
    """One of the lesson's own views; its keys go to the pane as messages."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "key('move', -1)", show=False),
        Binding("down", "key('move', 1)", show=False),
        Binding("pageup", "key('move', -8)", show=False),
        Binding("pagedown", "key('move', 8)", show=False),
        Binding("left", "key('turn', -1)", show=False),
        Binding("right", "key('turn', 1)", show=False),
    ]

    class Key(Message):
        """A key for the view's cursor, or for what is under it."""

        def __init__(self, name: str, what: str, change: int) -> None:
            super().__init__()
            self.name, self.what, self.change = name, what, change

    def __init__(self, source: ViewSource, bench: BenchSource, name: str) -> None:
        super().__init__(source)
        self.view_name = name
        self._bench = bench

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        bench = self._bench()
        return draw_view(self.view_name, view, bench, width, height)[:height] if bench else []

    def action_key(self, what: str, change: int) -> None:
        """Tell the pane."""
        self.post_message(self.Key(self.view_name, what, change))


class FrameTitle(Canvas):
    """The view's name; where one view is shown at a time, all their names."""

    def draw(self, view: View, width: int, height: int) -> Sequence[Line]:
        frame = self.parent
        assert isinstance(frame, ViewFrame)
        rule = view.glyphs.horizontal
        line = Line.of((rule * 2 + " ", "faint"))
        for i, name in enumerate(frame.names):
            here = name == frame.view_name
            mark = view.glyphs.current if here and frame.has_keys else ""
            role = "accent" if here and frame.has_keys else "strong" if here else "dim"
            line = Line.of(line, "  " if i else "", (mark + name, role))  # type: ignore[arg-type]
        if len(frame.names) == 1:
            line = Line.of(line, ("  " + VIEWS[frame.view_name], "dim"))
        line = Line.of(line, " ")
        return [Line.of(line, (rule * max(0, width - line.width), "faint"))]


class ViewFrame(Vertical, can_focus=True):
    """A view with its title; takes the keys itself where the drawing takes none.

    Args:
        name: one of the lesson's views.
        canvas: what draws it.
    """

    DEFAULT_CSS = """
    ViewFrame FrameTitle { height: 1; }
    ViewFrame > Canvas { height: 1fr; }
    ViewFrame > FrameTitle { height: 1; }
    """

    def __init__(self, source: ViewSource, name: str, canvas: Canvas) -> None:
        super().__init__()
        self.can_focus = not canvas.can_focus
        self.view_name, self.canvas, self._source = name, canvas, source
        self.names: tuple[str, ...] = (name,)
        """What the title lists."""

    def compose(self) -> ComposeResult:
        yield FrameTitle(self._source)
        yield self.canvas

    @property
    def has_keys(self) -> bool:
        """Whether the keys go here."""
        return self.has_focus or self.canvas.has_focus

    def take_keys(self) -> None:
        """Give it the keys."""
        # At once, so that a key that comes right behind finds it there.
        self.screen.set_focus(self if self.can_focus else self.canvas, scroll_visible=False)
