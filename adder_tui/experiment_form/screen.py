"""The form that changes the experiment: every key, worked by keyboard alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult

from adder_tui.experiment_form.form import PANEL, FormState, field_rows, heading, panel, top_row
from adder_tui.ui.canvas import WHEEL_ROWS, Canvas
from adder_tui.ui.line import Line
from adder_tui.ui.list_view import step
from adder_tui.ui.modal import Modal
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.services import Services


KEYS_A_PAGE = 8


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
        self._top = top_row(rows, self.draft.name, self._top, height)
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

    window = "experiment"

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.draft = FormState(services.view().experiment)
        self._source, self._controller = services.view, services.controller

    def compose(self) -> ComposeResult:
        yield _Heading(self._source)
        yield _Fields(self._source)
        yield _Panel(self._source)

    async def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        draft = self.draft
        if self.keeps(event):
            return
        if event.key == "space" and draft.words(draft.name):
            draft.turn(1)
        elif bindings := self._bindings.key_to_bindings.get(event.key):
            await self.run_action(bindings[0].action)
        elif event.character is not None and event.is_printable:
            before = draft.text(draft.name), draft.cursor
            draft.type(event.character)
            if before == (draft.text(draft.name), draft.cursor):  # a word that is none of the choices, a full field
                return
        self.redraw()

    def action_move(self, key: str) -> None:
        self.draft.move(step(key, KEYS_A_PAGE))

    def action_aside(self, key: str) -> None:
        draft, by = self.draft, 1 if key == "right" else -1
        if draft.words(draft.name):
            draft.turn(by)
        else:
            draft.go(draft.cursor + by)

    def action_go_to(self, key: str) -> None:
        self.draft.go(0 if key == "home" else len(self.draft.text(self.draft.name)))

    def action_erase(self, key: str) -> None:
        self.draft.erase(key == "delete")

    def action_key_default(self) -> None:
        self.draft.set_default()

    def action_key_as_run(self) -> None:
        self.draft.set_as_run()

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

    def action_apply(self) -> None:
        """Change the run or start a new one; on a refusal the form stays as it is."""
        if self.draft.errors:
            return
        if self.draft.changes:
            self.close_after(self._apply())
        else:
            self.dismiss()

    async def _apply(self) -> None:
        draft = self.draft
        await self._controller.run(draft.experiment, draft.changes if draft.in_place else None)
        self.dismiss()

    def say(self, sentence: str) -> None:
        self.draft.refuse(sentence)
        self.redraw()
