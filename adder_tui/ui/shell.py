"""The lines around the tabs: tabs at the top, notice and footer below; and what a window says that is too small."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events
from textual.app import App, ComposeResult
from textual.message import Message

from adder_engine.language import tr
from adder_tui.commands import Command, for_footer
from adder_tui.tabs import TABS, Tab
from adder_tui.ui.canvas import SMALLEST, Canvas, Drawing, ViewSource, is_small
from adder_tui.ui.line import Line, Span, roomiest, wrapped
from adder_tui.ui.modal import Modal
from adder_tui.ui.run_state import blow_up_sentence, pace_words, run_state, state_line, title
from adder_tui.ui.view import DRAWN_AS, STEP_SIZE, ClickTarget, ViewState, chosen_at

if TYPE_CHECKING:
    from adder_engine.snapshot import Snapshot
    from adder_tui.storage.run_files import LastRun


NOTICE_ROWS = 3


def tab_line(view: ViewState, tabs: Sequence[Tab], width: int) -> tuple[Line, list[ClickTarget[str]]]:
    """The tabs at the left; experiment, run state and pace at the right."""
    line = Line()
    spots: list[ClickTarget[str]] = []
    for tab in tabs:
        start = line.width
        label = f" {tab.key} {tab.label} "
        line = Line.of(line, (label, "active" if tab.id == view.tab else "dim"))
        spots.append(ClickTarget(start, 0, len(label), f"tab_{tab.id}"))
    state = Line.of(run_state(view), " ")
    name = Line.of(f"{_run_name(view)}   " if view.met("hyperparameters") else "")
    standing = state
    if view.snapshot is not None and view.snapshot.status == "playing" and view.met("epoch"):
        standing = Line.of(run_state(view), (f", {pace_words(view.pace)} ", "dim"))
    room = max(0, width - line.width)
    wordings = _way_back(view, standing) if view.visiting else [Line.of(name, standing), standing, state]
    named = view.lesson is not None and view.lesson.run_title and not view.visiting
    if named and room > standing.width + SHORTEST_NAME:
        wordings[1:1] = [Line.of(name.fit(room - standing.width - 1, view.glyphs.ellipsis), " ", standing)]
    right = roomiest(room, *wordings)
    return line.with_right(right.fit(min(room, right.width), view.glyphs.ellipsis), width), spots


SHORTEST_NAME = 8
"""Columns below which a lesson's name of a run says nothing."""


def _run_name(view: ViewState) -> str:
    """What the run is called: by the lesson that names its runs, else after the nearest preset."""
    if view.lesson is not None and view.lesson.run_title and view.snapshot is not None:
        return view.glyphs.text(view.lesson.title_of(view.experiment))
    return title(view.experiment, view.glyphs)


def _way_back(view: ViewState, standing: Line) -> list[Line]:
    """In a lesson on another tab than its own: which lesson waits, and the key that goes back."""
    lesson = view.visiting
    assert lesson is not None
    number: Span = (tr("lesson {order}", order=lesson.order), "accent")
    back = Line.of(": ", ("1", "key"), tr(" goes back "))
    title = Line.of(number, f" {view.glyphs.text(lesson.title)}", back)
    return [Line.of(title, "  ", standing), title, Line.of(number, back), Line.of(number)]


def footer(view: ViewState, typing: bool, width: int) -> tuple[Line, list[ClickTarget[str]]]:
    """Keys and what they do, as many as fit: the last in rank fall away, but help and quit stay.

    ``typing``: whether a text field has the focus, where other keys work.
    """
    twice = "network_view" if view.telling else "trace" if view.drawn_as == "numbers" and view.tab == "network" else ""
    commands = for_footer(typing, view.contexts)
    shown = [(command, _hint(view, command, typing)) for command in commands if command.id != twice]
    while len(shown) > 1 and sum(hint.width + 2 for _, hint in shown) > width:
        falling = [pair for pair in shown if pair[0].id not in ("help", "quit")]
        if view.telling:  # the way back from the trace comes before the walk, which is for the diagram
            falling.sort(key=lambda pair: (pair[0].footer, pair[0].id == "next_neuron"))
        shown.remove(falling[-1] if falling else shown[0])
    line = Line.of(" ")
    spots: list[ClickTarget[str]] = []
    for i, (command, hint) in enumerate(shown):
        line = Line.of(line, "  " if i else "", hint)
        spots.append(ClickTarget(line.width - hint.width, 0, hint.width, command.id))
    return line.fit(width), spots


def _hint(view: ViewState, command: Command, typing: bool) -> Line:
    label = command.label
    if command.id == "play" and view.snapshot is not None and view.snapshot.status == "playing":
        label = tr("pause")
    if command.id == "trace" and view.telling:
        label = DRAWN_AS[view.drawn_as]
    if command.id == "network_view":
        trace = tr("trace") if view.tab == "network" else tr("picture")
        label = tr("picture") if view.telling else tr("numbers") if view.drawn_as == "picture" else trace
    if command.id == "step_size":
        label = f"{label} {STEP_SIZE[view.step_size]}"
    return Line.of((command.typing if typing else command.shown, "key"), (f" {label}", "dim"))


def standing_notice(snapshot: Snapshot | None, last_run: LastRun | None, in_lesson: bool = False) -> str:
    """What stays to be said while nothing else is: why the run has ended, or that an earlier one is kept.

    ``in_lesson``: a lesson is in front, where not all keys work.
    """
    ended = snapshot is not None and snapshot.status in ("stopped", "done")
    if snapshot is not None and ended and snapshot.blow_up is not None:
        return blow_up_sentence(snapshot.blow_up, rescues=not in_lesson)
    if snapshot is not None and snapshot.status == "stopped":
        return tr("{message} r starts again, e changes the learning rate.", message=snapshot.message)
    if snapshot is not None and snapshot.message and snapshot.status != "playing":
        return snapshot.message
    if snapshot is not None and snapshot.warning:
        return snapshot.warning
    if last_run is not None:
        return tr(
            "Your last run ({title}, epoch {epoch:,}) is kept: press o to open it.",
            title=last_run.title,
            epoch=last_run.epoch,
        )
    return ""


def notice(view: ViewState, width: int) -> list[Line]:
    """The notice in as many rows as it takes, three at most."""
    if not view.notice:
        return []
    rows = wrapped(view.glyphs.text(view.notice), max(1, width - 2))
    shown = [Line.of((" " + row, "strong")).fit(width) for row in rows[:NOTICE_ROWS]]
    if len(rows) > NOTICE_ROWS:
        shown[-1] = Line.of((" " + rows[NOTICE_ROWS - 1] + view.glyphs.ellipsis, "strong")).fit(width)
    return shown


def too_small(width: int, height: int) -> list[str]:
    """What a window that is too small says."""
    columns, rows = SMALLEST
    text = tr(
        "This window is {width}x{height}. adder-tui needs {columns}x{rows}: please make it larger.",
        width=width, height=height, columns=columns, rows=rows,
    )  # fmt: skip
    return wrapped(text, max(1, width))[: max(1, height)]


class Clickable(Canvas):
    """A line of which parts can be clicked."""

    @dataclass
    class Clicked(Message):
        """A command was clicked."""

        command: str

    _spots: Sequence[ClickTarget[str]] = ()

    def on_click(self, event: events.Click) -> None:
        if (command := chosen_at(self._spots, event.x, event.y)) is not None:
            self.post_message(self.Clicked(command))


class TabLine(Clickable):
    """Tabs, experiment and run state."""

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        line, self._spots = tab_line(view, TABS, width)
        return [line]


class StateLine(Canvas):
    """Where the run stands."""

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        return [state_line(view, width)]


class FooterLine(Clickable):
    """Keys that work now."""

    def __init__(self, source: ViewSource, typing: Callable[[], bool]) -> None:
        super().__init__(source)
        self._typing = typing

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        line, self._spots = footer(view, self._typing(), width)
        return [line]


class NoticeLine(Canvas):
    """One sentence for the person at the keyboard; takes no room when there is none."""

    _rows = 0

    def redraw(self) -> None:
        rows = len(notice(self.view, self.app.size.width))
        if rows != self._rows:  # setting a style lays the whole screen out anew, and repaints it
            self._rows = rows
            self.display = rows > 0
            self.styles.height = max(1, rows)
        super().redraw()

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        return notice(view, width)


class TooSmall(Modal[None]):
    """Lies over everything until the window is large enough; the run goes on beneath it.

    Keys do nothing; those that come once the window is large enough are pressed for what this has covered.
    """

    DEFAULT_CSS = "TooSmall Drawing { width: 100%; height: 100%; }"

    def __init__(self, source: ViewSource) -> None:
        super().__init__()
        self._source = source
        self._words = Drawing(source, lambda *_: [Line.of(row) for row in too_small(*self.app.size)])
        self._words.at_any_size = True

    def compose(self) -> ComposeResult:
        yield self._words

    def on_screen_resume(self) -> None:
        """A window that lay over this one is closed: the terminal may have grown meanwhile."""
        if not is_small(self.app.size):
            self.app.call_later(cover_while_too_small, self.app, self._source)

    def keeps(self, key: events.Key) -> bool:
        self.held.waiting = not is_small(self.app.size)
        return self.held.keeps(key)


async def cover_while_too_small(app: App[None], source: ViewSource) -> None:
    """Put the screen over the others while the window is too small, and take it away again."""
    cover = app.screen
    if not isinstance(cover, TooSmall):
        if is_small(app.size):
            await app.push_screen(TooSmall(source))
    elif not is_small(app.size):
        await app.pop_screen()
        await cover.held.press(app)
