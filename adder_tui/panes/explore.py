"""The Explore tab: one view of the run at a time, and what the session is asked for it."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import time
from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult

from adder_engine.errors import AdderError
from adder_engine.sums import Sum
from adder_tui.panes.asks import Ask, asks, footprint
from adder_tui.panes.pane import Pane
from adder_tui.render.exploration import VIEWS, Found
from adder_tui.render.exploration import next_neuron as after
from adder_tui.render.plane_window import zoomed
from adder_tui.theme import BASIC_THEME
from adder_tui.widgets.canvas import ViewSource
from adder_tui.widgets.explore import ExploreCanvas
from adder_tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from adder_engine.snapshot import Snapshot
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
        self._moments: dict[str, Snapshot] = {}
        """By finding: the moment that it speaks of."""
        self._asked_at = -math.inf

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
        wanted = asks(view, self._canvas.exploration, size.width, size.height)
        self._tell_age(view.snapshot, playing)
        stale = [ask for ask in wanted if self._known.get(ask.finding) != (ask.about, ask.state)]
        if not stale or any(ask.finding in self._asking for ask in wanted):
            return
        new = any(self._known.get(ask.finding, (None,))[0] != ask.about for ask in stale)
        if playing and not new and now - self._asked_at < EVERY:
            return
        self._asked_at = now
        self._asking |= {ask.finding: now for ask in stale}
        self.run_worker(self._fetch(stale), name="findings")
        self.set_timer(PATIENCE, self._tell_computing)

    def _tell_age(self, snapshot: Snapshot, playing: bool) -> None:
        """Have the drawing tell its moment, unless that is the one at which the run stands still."""
        exploration = self._canvas.exploration
        of = exploration.of
        dated = of is not None and (playing or footprint(of) != footprint(snapshot))
        if dated != exploration.dated:
            self._canvas.look(dated=dated)

    async def _fetch(self, group: Sequence[Ask]) -> None:
        """Wait for findings of one moment. They are shown together, or one by one where none was shown before."""
        session = await self._app.player.ready()
        answers: tuple[asyncio.Future[object], ...] = ()
        try:
            together = session.together(*(ask.question for ask in group))
            answers = together.answers
            of = await together.snapshot
            first = not any(ask.finding in self._found() for ask in group)
            found: dict[str, object] = {}
            refused = dict(self._canvas.exploration.refused)
            for ask, answer in zip(group, answers, strict=True):
                try:
                    found[ask.finding] = ask.take(await answer)
                    refused.pop(ask.finding, None)
                except AdderError as error:
                    found[ask.finding] = getattr(Found(), ask.finding)
                    refused[ask.finding] = str(error)
                if first or len(found) == len(group):
                    known = dataclasses.replace(self._canvas.exploration.found, **found)  # type: ignore[arg-type]
                    self._moments |= dict.fromkeys(found, of)
                    self._canvas.look(found=known, refused=refused, of=of)
        except AdderError as error:  # the session is closed
            self._canvas.look(refused={group[0].finding: str(error)})
        else:
            self._known |= {ask.finding: (ask.about, ask.state) for ask in group}
        finally:
            for answer in answers:
                answer.cancel()  # where the view has been left meanwhile
            for ask in group:
                self._asking.pop(ask.finding, None)
            if self.is_running:
                self._canvas.look(computing=self._slow)
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
        self.workers.cancel_node(self)  # what the view that is left still waits for
        names = list(VIEWS)
        at = names.index(self._canvas.exploration.view)
        older = self._older()
        found = dataclasses.replace(self._canvas.exploration.found, **older)  # type: ignore[arg-type]
        self._canvas.look(view=names[(at + change) % len(names)], refused={}, found=found)
        self._known = {finding: known for finding, known in self._known.items() if finding in self._found()}
        self.redraw()

    def _older(self) -> dict[str, object]:
        """Nothing, for each finding of another moment than that which is shown now."""
        of = self._canvas.exploration.of
        here = None if of is None else footprint(of)
        return {name: getattr(Found(), name) for name, then in self._moments.items() if footprint(then) != here}

    def _found(self) -> list[str]:
        """The findings that are there."""
        found = self._canvas.exploration.found
        return [field.name for field in dataclasses.fields(found) if getattr(found, field.name) not in (None, ())]

    def zoom(self, by: int) -> None:
        """Look from further away, or with ``by`` −1 from nearer."""
        if self._on_plane():
            exploration = self._canvas.exploration
            before = exploration.window(self.source())
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
        exploration = self._canvas.exploration  # the plane stays where it is, whatever is asked on it
        self._canvas.exploration = exploration.with_window(exploration.window(self.source()))
        self._app.query_one(Prompt).put(asked)
        return self._ask(asked)

    async def _ask(self, asked: Sum) -> None:
        """Ask it; unless the cross-hair has gone on since, it lies on the current sum then, wherever the cells do."""
        here = self._canvas.exploration.cursor
        await self._app.ask(asked)
        if self._canvas.exploration.cursor == here:
            self._canvas.look(cursor=None)

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
