"""What the keys of the Learn tab do."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adder_tui.app import AdderApp
    from adder_tui.course.lesson_controller import LessonController
    from adder_tui.learn.tab import LearnPane


def go_in(app: AdderApp) -> Awaitable[None]:
    """Enter the chosen lesson."""
    return _pane(app).go_in()


def only_done(app: AdderApp) -> None:
    """Lessons that are done, or all."""
    _pane(app).list.narrow("done")


def only_open(app: AdderApp) -> None:
    """Lessons that are open, or all."""
    _pane(app).list.narrow("open")


def find(app: AdderApp) -> None:
    """Find a lesson by a word."""
    _pane(app).list.find()


def clear(app: AdderApp) -> None:
    """All lessons again."""
    _pane(app).list.clear()


def begin_afresh(app: AdderApp) -> Awaitable[None]:
    """Forget what was done in the chosen lesson."""
    return _pane(app).begin_afresh()


def go_on(app: AdderApp) -> Awaitable[None]:
    """The next step."""
    return _pane(app).go_on()


def go_back(app: AdderApp) -> None:
    """The step before."""
    _pane(app).go_back()


def pick(letter: str, app: AdderApp) -> None:
    """One of the choices."""
    _room(app).answers.pick(letter)


def use(app: AdderApp) -> Awaitable[None]:
    """What is under the cursor of the view that has the keys."""
    return _pane(app).lesson_view.use()


def hint(app: AdderApp) -> None:
    """One more hint."""
    _room(app).help.hint()
    _pane(app).lesson_view.show_end()


def yes(app: AdderApp) -> Awaitable[None]:
    """Show me."""
    _pane(app).take_focus()
    return _room(app).help.show_me()


def no(app: AdderApp) -> None:
    """Do not show me."""
    _room(app).help.decline()


def next_view(app: AdderApp) -> None:
    """The keys to the next view."""
    _pane(app).lesson_view.next_view(1)


def previous_view(app: AdderApp) -> None:
    """The keys to the view before."""
    _pane(app).lesson_view.next_view(-1)


def station(app: AdderApp) -> Awaitable[None]:
    """The lesson's next station."""
    return _room(app).controls.next_station()


def type_shapes(app: AdderApp) -> None:
    """Two shapes of one's own."""
    _pane(app).lesson_view.type_shapes()


async def leave(app: AdderApp) -> None:
    """Back to the list."""
    await _pane(app).leave()


def show_glossary(app: AdderApp) -> None:
    """The glossary."""
    from adder_tui.learn.glossary import GlossaryScreen

    pane = _pane(app)
    if pane.classroom is not None:
        lesson = pane.classroom.lesson
        terms = lesson.terms if lesson is not None else ()
        app.push_screen(GlossaryScreen(app.view, pane.classroom.course, terms), pane.open_lesson)


def _pane(app: AdderApp) -> LearnPane:
    pane = app.learn
    assert pane is not None
    return pane


def _room(app: AdderApp) -> LessonController:
    room = _pane(app).classroom
    assert room is not None
    return room
