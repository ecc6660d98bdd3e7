"""Pictures of the Explore tab beside a lesson's text: what the engine finds of the lesson's run."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_tui.explore.draw import HEADING, nothing_yet, view_lines
from adder_tui.explore.stability import downhill_lines
from adder_tui.explore.state import ExploreResults, ExploreState
from adder_tui.explore.tab import EVERY, ExploreCanvas, QuerySpec, asks
from adder_tui.ui.asked_once import AskedOnce
from adder_tui.ui.canvas import ViewSource
from adder_tui.ui.line import Line
from adder_tui.ui.theme import BASIC_THEME
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_tui.services import Services


SHOWN = {"slope": "slope", "downhill": "stability", "plane": "error"}
"""A lesson's view to the view of Explore that it shows, or a part of."""
LEFT_OUT = {"downhill": ("slice",)}
"""What a lesson's view does not show of it."""
WAITING = tr("This is drawn once you have worked out yours.")


class FindingView(ExploreCanvas):
    """One of :data:`SHOWN`.

    Args:
        source: gives the view; without a trace in it while a number is to be worked out by hand.
        services: what the app does for it.
        name: the lesson's name for it.
    """

    def __init__(self, source: ViewSource, services: Services, name: str) -> None:
        super().__init__(source, self.redraw, services.select)
        self._services, self._shows = services, name
        self._wanted: Sequence[QuerySpec] = ()
        self._asked_at = 0.0
        self._asked = AskedOnce[object](partial(self.run_worker, name=f"findings {name}"), self._fetch, self.redraw)
        self.explore_state = ExploreState(view=SHOWN[name])

    def on_mount(self) -> None:
        halved = not (self.app.no_color or self._services.settings.ascii or self.app.theme == BASIC_THEME)
        self.look(halved=halved)

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        if view.snapshot is not None and view.snapshot.trace is None:
            self._spot = None
            return [Line(), Line.of((f"  {WAITING}", "dim"))]
        explore_state = self.explore_state
        view = explore_state.view_then(view)
        if self._shows == "downhill":
            lines = downhill_lines(view, explore_state, width, height)
        else:
            lines, self._spot = view_lines(view, explore_state, width, height)
        lines = lines or nothing_yet(view, explore_state, width)
        return [line.fit(width, view.glyphs.ellipsis) for line in lines[:height]]

    def redraw(self) -> None:
        """Have what is out of date asked for, of a run that plays about once a second."""
        super().redraw()
        view, now = self.view, time.monotonic()
        if view.snapshot is None or not self.size or self._asked.waiting:
            return
        every = asks(view, self.explore_state, self.size.width, self.size.height + HEADING)
        self._wanted = [one for one in every if one.finding not in LEFT_OUT.get(self._shows, ())]
        if view.snapshot.status != "playing" or now - self._asked_at >= EVERY:
            self._asked_at = now
            self._asked.want([(one.finding, one.about, one.state) for one in self._wanted])

    async def _fetch(self, about: object) -> None:
        """Wait for findings of one moment, and show them together."""
        group = self._wanted
        found: dict[str, object] = {}
        refused: dict[str, str] = {}
        with contextlib.suppress(AdderError):  # the session is closed
            together = (await self._services.controller.ready()).together(*(one.question for one in group))
            of = await together.snapshot
            for one, answer in zip(group, together.answers, strict=True):
                try:
                    found[one.finding] = one.take(await answer)
                except AdderError as error:
                    found[one.finding] = getattr(ExploreResults(), one.finding)
                    refused[one.finding] = str(error)
            known = dataclasses.replace(self.explore_state.found, **found)  # type: ignore[arg-type]
            self.explore_state = dataclasses.replace(self.explore_state, found=known, refused=refused, of=of)
