"""The form that changes the experiment: every key, worked by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult

from adder_engine.errors import AdderError
from adder_tui.experiment_form.form import PANEL, FormState, field_rows, heading, panel, scrolled
from adder_tui.ui.canvas import WHEEL_ROWS, Canvas
from adder_tui.ui.dialogs import Modal
from adder_tui.ui.line import Line
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.services import Services


class _Drawing(Canvas):
    """A part of the form."""

    @property
    def draft(self) -> FormState:
        form = self.screen
        assert isinstance(form, ExperimentForm)
        return form.draft


class _Heading(_Drawing):
    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        return [heading(self.draft, view.glyphs).fit(width, view.glyphs.ellipsis)]


class _Fields(_Drawing):
    _top = 0

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        rows = field_rows(self.draft, width, view.glyphs)
        self._top = scrolled(rows, self.draft.name, self._top, height)
        return [line.fit(width) for _, line in rows[self._top : self._top + height]]

    def on_click(self, event: events.Click) -> None:
        rows = field_rows(self.draft, self.size.width, self.view.glyphs)
        name = rows[self._top + event.y][0] if self._top + event.y < len(rows) else ""
        form = self.screen
        assert isinstance(form, ExperimentForm)
        if name and name == self.draft.name and self.draft.words(name):
            self.draft.turn(1)
        elif name:
            self.draft.choose(name)
        form.redraw()


class _Panel(_Drawing):
    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        return panel(self.draft, width, view.glyphs)


class ExperimentForm(Modal[None]):
    """All keys by section. Enter applies, Escape leaves all as it was.

    The screen itself takes the keys, so that those typed right behind the one that opened it arrive here.
    """

    DEFAULT_CSS = f"""
    ExperimentForm {{ background: $background; layout: vertical; }}
    ExperimentForm _Heading {{ height: 1; background: $band; }}
    ExperimentForm _Fields {{ height: 1fr; }}
    ExperimentForm _Panel {{ height: {PANEL}; }}
    """

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.draft = FormState(services.view().experiment)
        self._source, self._controller = services.view, services.controller
        self._applying = False

    def compose(self) -> ComposeResult:
        yield _Heading(self._source)
        yield _Fields(self._source)
        yield _Panel(self._source)

    def redraw(self) -> None:
        for drawing in self.query(_Drawing):
            drawing.redraw()

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss()
        elif event.key == "enter":
            self._apply()
        elif not self._applying:
            self._do(event)
            self.redraw()

    def _do(self, event: events.Key) -> None:
        draft = self.draft
        turn = bool(draft.words(draft.name))
        handlers: dict[str, Callable[[], None]] = {
            "down": lambda: draft.move(1), "tab": lambda: draft.move(1),
            "up": lambda: draft.move(-1), "shift+tab": lambda: draft.move(-1),
            "pagedown": lambda: draft.move(8), "pageup": lambda: draft.move(-8),
            "ctrl+d": draft.set_default, "ctrl+r": draft.set_as_run,
            "left": lambda: draft.turn(-1) if turn else draft.go(draft.cursor - 1),
            "right": lambda: draft.turn(1) if turn else draft.go(draft.cursor + 1),
            "home": lambda: draft.go(0), "end": lambda: draft.go(len(draft.text(draft.name))),
            "backspace": lambda: draft.erase(False), "delete": lambda: draft.erase(True),
        }  # fmt: skip
        if event.key in handlers:
            handlers[event.key]()
        elif event.key == "space" and turn:
            draft.turn(1)
        elif event.character is not None and event.is_printable:
            draft.type(event.character)

    def on_paste(self, event: events.Paste) -> None:
        """Pasted lines become rows in one line."""
        event.stop()
        if not self.draft.words(self.draft.name):
            self.draft.type("; ".join(line.strip() for line in event.text.splitlines() if line.strip()))
            self.redraw()

    def on_mouse_scroll_down(self) -> None:
        self.draft.move(WHEEL_ROWS)
        self.redraw()

    def on_mouse_scroll_up(self) -> None:
        self.draft.move(-WHEEL_ROWS)
        self.redraw()

    # --- applying --------------------------------------------------------------------------------

    def _apply(self) -> None:
        """Change the run or start a new one; on a refusal the form stays as it is."""
        if self.draft.errors or self._applying:
            self.redraw()
        elif self.draft.changes:
            self._applying = True
            self.run_worker(self._carry_out(), name="apply")
        else:
            self.dismiss()

    async def _carry_out(self) -> None:
        draft = self.draft
        try:
            await self._controller.run(draft.experiment, draft.changes if draft.in_place else None)
        except AdderError as error:
            draft.refuse(str(error))
            self.redraw()
        else:
            self.dismiss()
        finally:
            self._applying = False
