"""The Explore tab: one view of the run at a time, and what the session is asked for it."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import ComposeResult

from adder_engine.analysis.results import Query
from adder_engine.errors import AdderError
from adder_engine.language import tr
from adder_engine.parsing import Sum
from adder_tui.explore.draw import HEADING, explore_lines
from adder_tui.explore.error import SIDE, UNDER, error_cells, gallery_layout, gallery_width, neuron_cells
from adder_tui.explore.plane import extent_of, moved, rulers, zoomed
from adder_tui.explore.stability import TOP, halves, slice_cells
from adder_tui.explore.state import NAMES, VIEWS, ExploreResults, ExploreState, PlaneArea, hidden_neuron, next_neuron
from adder_tui.selection import Parameter, Selection, focus_of, layout_for
from adder_tui.ui.canvas import Canvas, Pane, ViewSource, taken
from adder_tui.ui.line import Line
from adder_tui.ui.list_view import aside, step
from adder_tui.ui.slope import POINTS as SLOPE_POINTS
from adder_tui.ui.slope import point_at
from adder_tui.ui.theme import BASIC_THEME
from adder_tui.ui.view import WIDE, ViewState

if TYPE_CHECKING:
    from adder_engine.snapshot import Snapshot
    from adder_tui.services import Services


POINTS = 81
"""Of the curve along the gradient."""
EVERY = 1.0
"""Seconds between two looks at a run that plays."""
FAR = 5
"""Cells that PgUp and PgDn go."""
PATIENCE = 0.3
"""Seconds after which it is told that something is being computed; most is there before."""


@dataclass(frozen=True)
class QuerySpec:
    """One request."""

    finding: str
    """The field of :class:`~adder_tui.explore.state.ExploreResults` that it fills."""
    about: object
    """What was chosen: where it differs, the answer is wanted at once."""
    state: object
    """The state of the run that it speaks of."""
    question: Query
    take: Callable[[Any], object] = lambda found: found
    """What is kept of the answer."""


def asks(view: ViewState, explore_state: ExploreState, width: int, height: int) -> list[QuerySpec]:
    """What the view needs, for a drawing of this size."""
    snapshot, room, shown = view.snapshot, height - HEADING, explore_state.view
    assert snapshot is not None
    state, rough = footprint(snapshot), snapshot.status == "playing"
    then = state, rough  # once it stands still, all that was rough is asked for again in full
    if shown in ("error", "neurons"):
        return _over_plane(view, explore_state, width, room, state)
    answers = tuple((answer.sum.a, answer.sum.b) for answer in snapshot.answers)
    if shown == "learned":
        about = answers, snapshot.asked.sum.a, snapshot.asked.sum.b
        course = QuerySpec("course", None, (state, snapshot.newest), Query("map_course"))
        return [course, QuerySpec("forecast", about, state, Query("forecast"))]
    if shown == "slope":
        index, found = focus_of(view.selection, view.experiment).parameter, explore_state.found.line
        of = None if explore_state.of is None else explore_state.of.experiment
        known = found.range if found is not None and (found.index, of) == (index, view.experiment) else None
        line = Query("along_parameter", (index, SLOPE_POINTS, known, rough))
        return [QuerySpec("line", index, then, line)]
    if shown == "stability":
        cells = slice_cells(halves(width)[1], room - TOP, explore_state.halved)
        return [
            QuerySpec("stability", None, then, Query("stability", (rough,))),
            QuerySpec("curve", None, then, Query("along_gradient", (POINTS, rough))),
            QuerySpec("slice", cells, (*then, snapshot.newest), Query("loss_slice", (*cells, rough))),
        ]
    return [QuerySpec("checks", None, state, Query("checks")), QuerySpec("rivals", answers, state, Query("rivals"))]


def _over_plane(view: ViewState, explore_state: ExploreState, width: int, room: int, state: object) -> list[QuerySpec]:
    """The large picture of the error, or of the chosen neuron, and the small ones beside it."""
    chosen, window = hidden_neuron(view.selection, view.experiment), explore_state.window(view)
    cells, side = error_cells(explore_state, width, room), SIDE if width >= WIDE else 0
    if explore_state.view == "neurons":
        if chosen is None:
            return []
        cells, side = neuron_cells(view, explore_state, width, room), gallery_width(view, width)
    extent = extent_of(window, cells)
    wanted = [QuerySpec("plane", extent, state, Query("plane", (extent,)))]
    if explore_state.view == "neurons":
        one = Query("neurons", (extent, chosen))
        wanted.append(QuerySpec("neuron", (extent, chosen), state, one, lambda found: (extent, found[0])))
    if (small := gallery_layout(view, explore_state, side, room - UNDER - 1)) is not None:
        coarse = extent_of(window, small.cells)
        wanted.append(QuerySpec("neurons", coarse, state, Query("neurons", (coarse,))))
    return wanted


def footprint(snapshot: Snapshot) -> object:
    """What the run's findings depend on: equal for equal states, also where a sum was asked in between."""
    return (
        snapshot.experiment, snapshot.moment, snapshot.lr, snapshot.frozen, snapshot.muted,
        hash(snapshot.state.tobytes()),
    )  # fmt: skip


NOTHING = ExploreResults()


class ExploreCanvas(Canvas, can_focus=True):
    """One view of the exploration.

    Args:
        changed: told when another part of the plane is looked at.
        select: takes the number that the arrows choose beside its curve.
    """

    BINDINGS = taken("move_hair")

    def __init__(self, source: ViewSource, changed: Callable[[], None], select: Callable[[Selection], None]) -> None:
        super().__init__(source)
        self._changed, self._select = changed, select
        self.explore_state = ExploreState()
        self._spot: PlaneArea | None = None
        self._drawn: tuple[ExploreState | None, object] = None, None
        """What was drawn last, and of which view."""

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        """The view; drawn anew only where something in it has changed."""
        view = self.explore_state.view_then(view)
        at = None if view.snapshot is None else (view.snapshot.asked, view.snapshot.collapsed)
        seen = view.experiment, view.selection, view.glyphs.ascii, at
        if self._lines is not None and self._drawn[0] is self.explore_state and self._drawn[1] == seen:
            return self._lines
        self._drawn = self.explore_state, seen
        lines, self._spot = explore_lines(view, self.explore_state, width, height)
        return lines

    def look(self, **changes: object) -> None:
        """Look at something else, or take in what was found."""
        self.explore_state = dataclasses.replace(self.explore_state, **changes)  # type: ignore[arg-type]
        self.redraw()

    @property
    def cursor(self) -> tuple[float, float]:
        return self.explore_state.cursor_in(self.view)

    @property
    def chosen_sum(self) -> tuple[float, float]:
        """The cross-hair's sum: the middle of its cell, also while the picture of a moved plane is still to come."""
        if self._spot is None or self.explore_state.cursor is None:
            return self.cursor
        a, b = rulers(self.explore_state.window(self.view), self._spot.cells)
        return a.number(a.nearest(self.cursor[0])), b.number(b.nearest(self.cursor[1]))

    def action_move(self, key: str) -> None:
        """Move the cross-hair by cells; at the edge the plane goes along. Beside a curve, move its point."""
        down = 0 if key in ("left", "right") else step(key, FAR)
        right = 0 if down else aside(key, FAR)
        if self.explore_state.view == "slope":
            self._move_on_curve(right, down)
        if self._spot is None:
            return
        explore_state = self.explore_state
        window, cursor = moved(explore_state.window(self.view), self._spot.cells, self.cursor, right, down)
        self.explore_state = dataclasses.replace(explore_state.with_window(window), cursor=cursor)
        self._changed()

    def _move_on_curve(self, right: int, down: int) -> None:
        """Move the point along the curve, or choose the next number."""
        found = self.explore_state.found.line
        if found is None:
            return
        if right:
            self.look(tried=point_at(found, self.explore_state.tried + right) - found.here)
            return
        view, size = self.view, layout_for(self.view.experiment).size
        self.look(tried=0)
        self._select(Parameter((focus_of(view.selection, view.experiment).parameter + down) % size))

    def on_click(self, event: events.Click) -> None:
        found = self._spot.cell_at(event.x, event.y) if self._spot else None
        if found is not None and self._spot is not None:
            a, b = rulers(self.explore_state.window(self.view), self._spot.cells)
            self.look(cursor=(a.number(found[0]), b.number(found[1])))


class ExplorePane(Pane):
    """A drawing, and the questions that it needs answered; what is not in sight is not asked for."""

    def __init__(self, services: Services, *, id: str) -> None:
        super().__init__(services.view, id=id)
        self._services = services
        self._canvas = ExploreCanvas(services.view, self.redraw, services.select)
        self._known: dict[str, tuple[object, object]] = {}
        """By finding: what it was last asked about, and of which state of the run."""
        self._asking: dict[str, float] = {}
        """Findings that are awaited, and since when."""
        self._moments: dict[str, Snapshot] = {}
        """By finding: the moment that it speaks of."""
        self._asked_at = -math.inf

    @property
    def waiting(self) -> bool:
        """Whether an answer of the session is awaited."""
        return bool(self._asking)

    def compose(self) -> ComposeResult:
        yield self._canvas

    def on_mount(self) -> None:
        halved = not (self.app.no_color or self._services.settings.ascii or self.app.theme == BASIC_THEME)
        self._canvas.look(halved=halved)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.redraw)

    # --- asking ----------------------------------------------------------------------------------

    def redraw(self) -> None:
        super().redraw()
        view, size = self.source(), self._canvas.size
        if view.snapshot is None or not size or not self.display:
            return
        now, playing = time.monotonic(), view.snapshot.status == "playing"
        of, wanted = self._canvas.explore_state.of, asks(view, self._canvas.explore_state, size.width, size.height)
        # The drawing tells its moment, unless that is the one at which the run stands still.
        self._tell(dated=of is not None and (playing or footprint(of) != footprint(view.snapshot)))
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

    def _tell(self, **changes: bool) -> None:
        """Have the drawing tell its age, or that something is being computed, where that is news."""
        if any(getattr(self._canvas.explore_state, name) != value for name, value in changes.items()):
            self._canvas.look(**changes)

    async def _fetch(self, group: Sequence[QuerySpec]) -> None:
        """Wait for findings of one moment. They are shown together, or one by one where none was shown before."""
        session = await self._services.controller.ready()
        answers: tuple[asyncio.Future[object], ...] = ()
        try:
            together = session.together(*(ask.question for ask in group))
            answers = together.answers
            of = await together.snapshot
            first = not any(ask.finding in self._found() for ask in group)
            found: dict[str, object] = {}
            refused = dict(self._canvas.explore_state.refused)
            for ask, answer in zip(group, answers, strict=True):
                refused.pop(ask.finding, None)
                try:
                    found[ask.finding] = ask.take(await answer)
                except AdderError as error:
                    found[ask.finding], refused[ask.finding] = getattr(NOTHING, ask.finding), str(error)
                if first or len(found) == len(group):
                    known = dataclasses.replace(self._canvas.explore_state.found, **found)  # type: ignore[arg-type]
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
                self._tell_computing()
                if self.display:
                    self.redraw()

    def _tell_computing(self) -> None:
        now = time.monotonic()
        self._tell(computing=any(now - since >= PATIENCE * 0.9 for since in self._asking.values()))

    # --- commands --------------------------------------------------------------------------------

    def action_view(self, change: int) -> None:
        """Show the next view, or the one before."""
        self.workers.cancel_node(self)  # what the view that is left still waits for
        names, state = list(VIEWS), self._canvas.explore_state
        here = None if state.of is None else footprint(state.of)
        older = {name: getattr(NOTHING, name) for name, then in self._moments.items() if footprint(then) != here}
        found = dataclasses.replace(state.found, **older)
        self._canvas.look(view=names[(names.index(state.view) + change) % len(names)], refused={}, found=found, tried=0)
        self._known = {finding: known for finding, known in self._known.items() if finding in self._found()}
        self.redraw()

    def _found(self) -> list[str]:
        """The findings that are there."""
        found = self._canvas.explore_state.found
        return [field.name for field in dataclasses.fields(found) if getattr(found, field.name) not in (None, ())]

    def action_zoom(self, by: int) -> None:
        """Look from further away, or with ``by`` −1 from nearer."""
        if self._on_plane():
            explore_state = self._canvas.explore_state
            before = explore_state.window(self.source())
            window = zoomed(before, self._canvas.cursor, by)
            if window == before:
                self._services.say(tr("This is as wide as it goes.") if by > 0 else tr("This is as near as it goes."))
            self._canvas.explore_state = explore_state.with_window(window)
            self.redraw()

    def action_log_steps(self) -> None:
        """Log steps or even ones."""
        if self._on_plane():
            self._canvas.look(log=not self._canvas.explore_state.log)
            self.redraw()

    def action_by_size(self) -> None:
        """The error's size alone, or its sign too."""
        if self._canvas.explore_state.view != "error":
            self._services.say(tr("m belongs to the error view: v goes there."))
            return
        self._canvas.look(by_size=not self._canvas.explore_state.by_size)

    def action_hidden(self, change: int) -> None:
        """Choose the next hidden neuron, on every tab."""
        view = self.source()
        neuron = next_neuron(view.selection, view.experiment, change)
        if neuron is not None:
            self._services.select(neuron)

    def action_take_sum(self) -> Awaitable[None] | None:
        """Ask the sum under the cross-hair."""
        if not self._on_plane():
            return None
        a, b = (float(f"{x:.9g}") for x in self._canvas.chosen_sum)
        asked = Sum(a, b)
        explore_state = self._canvas.explore_state  # the plane stays where it is, whatever is asked on it
        self._canvas.explore_state = explore_state.with_window(explore_state.window(self.source()))
        self._services.prompt.put(asked)
        return self._ask(asked)

    async def _ask(self, asked: Sum) -> None:
        """Ask it; unless the cross-hair has gone on since, it lies on the current sum then, wherever the cells do."""
        here = self._canvas.explore_state.cursor
        await self._services.ask(asked)
        if self._canvas.explore_state.cursor == here:
            self._canvas.look(cursor=None)

    def action_home_range(self) -> None:
        """The training range and the current sum again."""
        if self._on_plane():
            self._canvas.look(even=None, log=False, cursor=None)
            self.redraw()

    def _on_plane(self) -> bool:
        if (view := self._canvas.explore_state.view) in ("error", "neurons"):
            return True
        shown = NAMES[view]
        self._services.say(tr("The {view} view has no plane to move on: v goes on to the next view.", view=shown))
        return False
