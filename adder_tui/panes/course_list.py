"""The list of lessons, with the line to find one by; it owns which lesson is chosen and which are shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Container

from adder_tui.lessons import progress
from adder_tui.lessons.lesson import Lesson
from adder_tui.lessons.store import Store
from adder_tui.render.course import Filter, Listing
from adder_tui.widgets.canvas import ViewSource
from adder_tui.widgets.field_row import FieldRow
from adder_tui.widgets.lesson_list import LessonList, ListFoot, ListHead


class CourseList(Container):
    """Shown while no lesson is open.

    Args:
        source: gives the view.
        changed: called when something to be drawn has changed.
    """

    DEFAULT_CSS = """
    CourseList { height: 1fr; layout: vertical; }
    CourseList ListHead { height: 3; }
    CourseList LessonList { height: 1fr; }
    CourseList ListFoot { height: 1; }
    """

    def __init__(self, source: ViewSource, changed: Callable[[], None], *, id: str) -> None:
        super().__init__(id=id)
        self._source, self._changed = source, changed
        self.listing: Listing | None = None
        """None until the lessons are read."""
        self.row = FieldRow(source, field_id="list-field")

    def compose(self) -> ComposeResult:
        yield ListHead(self._source)
        yield LessonList(self._source)
        yield ListFoot(self._source)
        yield self.row

    @property
    def chosen(self) -> Lesson | None:
        """The lesson under the cursor."""
        return self.listing.chosen if self.listing is not None else None

    def begin(self, listing: Listing) -> None:
        """The lessons are read."""
        at = next((i for i, one in enumerate(listing.shown) if one.id == listing.progress.current), 0)
        self.listing = dataclasses.replace(listing, at=at)

    def come_back(self, left: Lesson, kept: progress.Progress) -> None:
        """A lesson was left: it is the chosen one."""
        if self.listing is not None:
            at = next((i for i, one in enumerate(self.listing.shown) if one.id == left.id), self.listing.at)
            self._list(dataclasses.replace(self.listing, progress=kept, at=at))

    def narrow(self, wanted: Filter) -> None:
        """Show only lessons that are done, or only those that are open; again for all."""
        if self.listing is not None:
            self._list(
                dataclasses.replace(self.listing, filter="all" if self.listing.filter == wanted else wanted, at=0)
            )

    def clear(self) -> None:
        """Show all lessons again."""
        if self.listing is not None:
            self._list(dataclasses.replace(self.listing, filter="all", words=""))

    def find(self) -> None:
        """Type what a lesson is about."""
        self.row.open("find", "find", self.listing.words if self.listing else "")

    def begin_afresh(self, store: Store) -> str:
        """Forget what was done in the chosen lesson; its title, or nothing where none is chosen."""
        chosen = self.chosen
        if chosen is None or self.listing is None:
            return ""
        kept = store.change(lambda tree: progress.forget(tree, chosen.id))
        self._list(dataclasses.replace(self.listing, progress=kept))
        return chosen.title

    def _list(self, listing: Listing) -> None:
        count = len(listing.shown)
        self.listing = dataclasses.replace(listing, at=max(0, min(listing.at, count - 1)))
        self._changed()

    @on(LessonList.Moved)
    def _moved(self, event: LessonList.Moved) -> None:
        if self.listing is not None:
            at = self.listing.at + event.by if event.to is None else event.to
            self._list(dataclasses.replace(self.listing, at=at))

    @on(FieldRow.Typed)
    def _typed(self, event: FieldRow.Typed) -> None:
        event.stop()
        if self.listing is not None:
            self._list(dataclasses.replace(self.listing, words=event.text.strip(), at=0))
        if event.done:
            self._close_row()

    @on(FieldRow.Left)
    def _left(self, event: FieldRow.Left) -> None:
        event.stop()
        self._close_row()

    def _close_row(self) -> None:
        self.row.close()
        self.take_focus()

    def take_focus(self) -> None:
        """The keys go to the lessons."""
        self.query_one(LessonList).focus(scroll_visible=False)

    def fill(self) -> None:
        """Hand the list to what draws it."""
        for canvas in (self.query_one(ListHead), self.query_one(LessonList), self.query_one(ListFoot)):
            canvas.listing = self.listing
