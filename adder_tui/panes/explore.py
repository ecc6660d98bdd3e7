"""The Explore tab: one view of the run at a time, and what the session is asked for it."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult

from adder_engine.errors import AdderError
from adder_engine.sums import Sum
from adder_tui.panes.asks import Ask, asks
from adder_tui.panes.pane import Pane
from adder_tui.render.exploration import VIEWS, Found
from adder_tui.render.exploration import next_neuron as after
from adder_tui.render.plane_window import zoomed
from adder_tui.theme import BASIC_THEME
from adder_tui.widgets.canvas import ViewSource
from adder_tui.widgets.explore import ExploreCanvas
from adder_tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from adder_tui.app import AdderApp

EVERY = 1.0
"""Seconds between two looks at a run that plays."""
PATIENCE = 0.3
"""Seconds after which it is told that something is being computed; most is there before."""

NO_PLANE = "The {view} view has no plane to move on: v goes on to the next view."


class ExplorePane(Pane):
    """A drawing, and the questions that it needs answered; what is not in sight is not asked for."""

    def __init__(self, source: ViewSource, *, id: str) -> None:
        super().__init__(source, id=id)
        self._canvas = ExploreCanvas(source, self.redraw)
        self._known: dict[str, tuple[object, object]] = {}
        """By finding: what it was last asked about, and of which state of the run."""
        self._asking: dict[str, float] = {}
        """Findings that are awaited, and since when."""
        self._asked_at: dict[str, float] = {}

    @property
    def _app(self) -> AdderApp:
        return self.app  # type: ignore[return-value]

    @property
    def waiting(self) -> bool:
        """Whether an answer of the session is awaited."""
        return bool(self._asking)

    def compose(self) -> ComposeResult:
        yield self._canvas

    def on_mount(self) -> None:
        halved = not (self._app.no_color or self._app.settings.ascii or self._app.theme == BASIC_THEME)
        self._canvas.look(halved=halved)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.redraw)

    # --- asking ----------------------------------------------------------------------------------

    def redraw(self) -> None:
        super().redraw()
        view, size = self.source(), self._canvas.size
        if view.snapshot is None or not size or not self.display:
            return
        now = time.monotonic()
        playing = view.snapshot.status == "playing"
        for ask in asks(view, self._canvas.exploration, size.width, size.height):
            about, state = self._known.get(ask.finding, (None, None))
            if ask.finding in self._asking or (about, state) == (ask.about, ask.state):
                continue
            if playing and about == ask.about and now - self._asked_at.get(ask.finding, -math.inf) < EVERY:
                continue
            self._asking[ask.finding] = self._asked_at[ask.finding] = now
            self.run_worker(self._fetch(ask), name=ask.finding)
            self.set_timer(PATIENCE, self._tell_computing)

    async def _fetch(self, ask: Ask) -> None:
        """Wait for one finding; what was refused says why in its place."""
        session = await self._app.player.ready()
        refused = dict(self._canvas.exploration.refused)
        found = self._canvas.exploration.found
        try:
            answer = await ask.call(session)
        except AdderError as error:
            answer = getattr(Found(), ask.finding)
            refused[ask.finding] = str(error)
        else:
            refused.pop(ask.finding, None)
        finally:
            self._asking.pop(ask.finding, None)
            self._known[ask.finding] = ask.about, ask.state
        found = dataclasses.replace(self._canvas.exploration.found, **{ask.finding: answer})  # type: ignore[arg-type]
        self._canvas.look(found=found, refused=refused, computing=self._slow)
        if self.display:
            self.redraw()

    @property
    def _slow(self) -> bool:
        now = time.monotonic()
        return any(now - since >= PATIENCE * 0.9 for since in self._asking.values())

    def _tell_computing(self) -> None:
        if self._slow != self._canvas.exploration.computing:
            self._canvas.look(computing=self._slow)

    # --- commands --------------------------------------------------------------------------------

    def next_view(self, change: int) -> None:
        """Show the next view, or the one before."""
        names = list(VIEWS)
        at = names.index(self._canvas.exploration.view)
        self._canvas.look(view=names[(at + change) % len(names)], refused={})
        self._known = {finding: known for finding, known in self._known.items() if finding in self._found()}
        self.redraw()

    def _found(self) -> list[str]:
        """The findings that are there."""
        found = self._canvas.exploration.found
        return [field.name for field in dataclasses.fields(found) if getattr(found, field.name) not in (None, ())]

    def zoom(self, by: int) -> None:
        """Look from further away, or with ``by`` −1 from nearer."""
        if self._on_plane():
            exploration = self._canvas.exploration
            before = exploration.window(self.source().experiment)
            window = zoomed(before, self._canvas.cursor, by)
            if window == before:
                self._app.say(f"This is as {'wide' if by > 0 else 'near'} as it goes.")
            self._canvas.exploration = exploration.with_window(window)
            self.redraw()

    def switch_log(self) -> None:
        """Log steps or even ones."""
        if self._on_plane():
            self._canvas.look(log=not self._canvas.exploration.log)
            self.redraw()

    def switch_size(self) -> None:
        """The error's size alone, or its sign too."""
        if self._canvas.exploration.view != "error":
            self._app.say("m belongs to the error view: v goes there.")
            return
        self._canvas.look(by_size=not self._canvas.exploration.by_size)

    def next_neuron(self, change: int) -> None:
        """Choose the next hidden neuron, on every tab."""
        view = self.source()
        neuron = after(view.selection, view.experiment, change)
        if neuron is not None:
            self._app.select(neuron)

    def take_sum(self) -> Awaitable[None] | None:
        """Ask the sum under the cross-hair."""
        if not self._on_plane():
            return None
        a, b = (float(f"{x:.9g}") for x in self._canvas.chosen_sum)
        asked = Sum(a, b)
        self._app.query_one(Prompt).put(asked)
        return self._app.ask(asked)

    def back_to_range(self) -> None:
        """The training range and the current sum again."""
        if self._on_plane():
            self._canvas.look(even=None, log=False, cursor=None)
            self.redraw()

    def _on_plane(self) -> bool:
        if self._canvas.has_plane:
            return True
        self._app.say(NO_PLANE.format(view=self._canvas.exploration.view))
        return False
