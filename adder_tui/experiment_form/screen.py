"""The form that changes the experiment: every key, worked by keyboard alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult

from adder_tui.experiment_form.form import PANEL, FormState, Row, field_rows, heading, panel, top_row
from adder_tui.ui.canvas import WHEEL_ROWS, Drawing
from adder_tui.ui.line import Line
from adder_tui.ui.list_view import step
from adder_tui.ui.modal import Modal
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.services import Services


KEYS_A_PAGE = 8


class ExperimentForm(Modal[None]):
    """All keys by section. Enter applies, Escape leaves all as it was.

    The screen itself takes the keys, so that those typed right behind the one that opened it arrive here.
    """

    DEFAULT_CSS = f"""
    ExperimentForm #heading {{ height: 1; background: $band; }}
    ExperimentForm #fields {{ height: 1fr; }}
    ExperimentForm #panel {{ height: {PANEL}; }}
    """

    window = "experiment"

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.form_state = FormState(services.view().experiment)
        self._source, self._controller = services.view, services.controller
        self._rows: list[Row] = []
        """Rows of the fields that are in sight."""
        self._top = 0
        """How many there are above them."""

    def compose(self) -> ComposeResult:
        yield Drawing(self._source, lambda view, width, _: heading(self.form_state, width, view.glyphs), id="heading")
        yield Drawing(self._source, self.fields, self._choose, id="fields")
        yield Drawing(self._source, lambda view, width, _: panel(self.form_state, width, view.glyphs), id="panel")

    def fields(self, view: ViewState, width: int, height: int) -> list[Line]:
        """The rows around the chosen field."""
        rows = field_rows(self.form_state, width, view.glyphs)
        self._top = top_row(rows, self.form_state.name, self._top, height)
        self._rows = rows[self._top : self._top + height]
        return [line.fit(width) for _, line in self._rows]

    def _choose(self, row: int) -> None:
        """Choose the field whose row was clicked; of the chosen one the next word."""
        name = self._rows[row][0] if row < len(self._rows) else ""
        if name and name == self.form_state.name and self.form_state.words(name):
            self.form_state.turn(1)
        elif name:
            self.form_state.choose(name)
        self.redraw()

    async def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        form_state = self.form_state
        if self.keeps(event):
            return
        if event.key == "space" and form_state.words(form_state.name):
            form_state.turn(1)
        elif bindings := self._bindings.key_to_bindings.get(event.key):
            await self.run_action(bindings[0].action)
        elif event.character is not None and event.is_printable:
            before = form_state.text(form_state.name), form_state.cursor
            form_state.type(event.character)
            after = form_state.text(form_state.name), form_state.cursor
            if before == after:  # a word that is none of the choices, a full field
                return
        self.redraw()

    def action_move(self, key: str) -> None:
        self.form_state.move(step(key, KEYS_A_PAGE))

    def action_aside(self, key: str) -> None:
        form_state, by = self.form_state, 1 if key == "right" else -1
        if form_state.words(form_state.name):
            form_state.turn(by)
        else:
            form_state.go(form_state.cursor + by)

    def action_go_to(self, key: str) -> None:
        self.form_state.go(0 if key == "home" else len(self.form_state.text(self.form_state.name)))

    def action_erase(self, key: str) -> None:
        self.form_state.erase(key == "delete")

    def action_key_default(self) -> None:
        self.form_state.set_default()

    def action_key_as_run(self) -> None:
        self.form_state.set_as_run()

    def on_paste(self, event: events.Paste) -> None:
        """Pasted lines become rows in one line."""
        event.stop()
        if not self.form_state.words(self.form_state.name):
            self.form_state.type("; ".join(line.strip() for line in event.text.splitlines() if line.strip()))
            self.redraw()

    def on_mouse_scroll_down(self) -> None:
        self.form_state.move(WHEEL_ROWS)
        self.redraw()

    def on_mouse_scroll_up(self) -> None:
        self.form_state.move(-WHEEL_ROWS)
        self.redraw()

    # --- applying --------------------------------------------------------------------------------

    def action_apply(self) -> None:
        """Change the run or start a new one; on a refusal the form stays as it is."""
        if self.form_state.errors:
            return
        if self.form_state.changes:
            self.close_after(self._apply())
        else:
            self.dismiss()

    async def _apply(self) -> None:
        form_state = self.form_state
        await self._controller.run(form_state.experiment, form_state.changes if form_state.in_place else None)
        self.dismiss()

    def say(self, sentence: str) -> None:
        self.form_state.refuse(sentence)
        self.redraw()
