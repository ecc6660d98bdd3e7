"""How a lesson's text and its views share the room: a function of the page and the size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adder_tui.lessons.lesson import Lesson
from adder_tui.render.page import Page

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
    page: Page, views: Sequence[str], current: str, looking: bool, size: tuple[int, int], fixed: int, wanted: int
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
