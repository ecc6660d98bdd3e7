"""The Inspect tab: every number of every tensor, now and at another moment; the network as PyTorch prints it; Find."""

from __future__ import annotations

import contextlib
import dataclasses
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult

from adder_engine.errors import AdderError, RequestError
from adder_engine.language import tr
from adder_tui.inspect.state import COMPARISONS, CellPosition, InspectState, Look, in_layer, place, quantities
from adder_tui.inspect.tables import VisibleTable, tensor_lines
from adder_tui.selection import Neuron, Parameter, Selection, neuron_name
from adder_tui.ui.asked_once import AskedOnce
from adder_tui.ui.canvas import WHEEL_ROWS, Canvas, Pane, ViewSource, hidden, taken
from adder_tui.ui.dialogs import SearchDialog
from adder_tui.ui.line import Line, Span
from adder_tui.ui.list_view import aside, step
from adder_tui.ui.modal import TextWindow
from adder_tui.ui.numbers import number, plural
from adder_tui.ui.shell import Clickable
from adder_tui.ui.view import ViewState, chosen_at

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment
    from adder_engine.session import Session
    from adder_engine.snapshot import Snapshot
    from adder_tui.services import Services


MOST = 100
"""Numbers that are listed at once."""


def module_lines(view: ViewState, text: str, width: int) -> list[Line]:
    """PyTorch's text, then each parameter tensor with shape and count, and their sum."""
    experiment, glyphs = view.experiment, view.glyphs
    total = f"{experiment.parameter_count:,}"
    rows = [(tr("parameter"), tr("shape"), tr("count"))]
    rows += [(t.name, str(t.shape), f"{t.stop - t.start:,}") for t in experiment.layout.tensors]
    rows.append((tr("together"), "", total))
    name, shape, count = (max(map(len, column)) for column in zip(*rows, strict=True))
    head, *tensors, together = [(f"{a:{name}}   ", f"{b:{shape}}", f"   {c:>{count}}") for a, b, c in rows]
    lines = [Line.of(("print(model)", "dim")), *(Line.of(glyphs.text(row)) for row in text.splitlines()), Line()]
    lines.append(Line.of(("".join(head), "band-dim")))
    lines += [Line.of(a, (b, "dim"), c) for a, b, c in tensors]
    lines.append(Line.of(*together[:2], (together[2], "strong")))
    size = plural(4 * experiment.parameter_count, "byte", "bytes")
    counted = tr("sum(p.numel() for p in model.parameters()) = {total}, in float32 {size}", total=total, size=size)
    lines += [Line(), Line.of((counted, "dim"))]
    return [line.fit(width, glyphs.ellipsis) for line in lines]


class ModuleScreen(TextWindow):
    """The module and its parameter count; Escape closes it."""

    BINDINGS = hidden(True, M="dismiss")
    HEADING = tr("The network")

    def __init__(self, source: ViewSource) -> None:
        super().__init__(source, lambda view, width: [Line.of((f"{tr('loading')}{view.glyphs.ellipsis}", "dim"))])

    def show_module(self, text: str) -> None:
        """Show the module, as PyTorch prints it."""
        self.show(lambda view, width: module_lines(view, text, width))


class TensorTable(Canvas, can_focus=True):
    """One layer's weight and bias; the cursor is the app's selection.

    A click chooses a number, or a layer, a quantity or a comparison by its name above.

    Args:
        select: takes the number that the cursor moves to.
    """

    BINDINGS = taken("move_cell") + hidden(tab="layer(1)", shift_tab="layer(-1)")

    def __init__(self, source: ViewSource, select: Callable[[Selection], None]) -> None:
        super().__init__(source)
        self._select = select
        self.inspect_state = InspectState()
        """What is looked at; the pane fills in what it has fetched."""
        self._sight: VisibleTable | None = None

    def draw(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        lines, sight = tensor_lines(view, self.inspect_state, width, height)
        self._sight = sight
        self.inspect_state = dataclasses.replace(self.inspect_state, top=sight.chosen.top, left=sight.chosen.left)
        return lines

    @property
    def here(self) -> CellPosition:
        """The chosen number's place."""
        return place(self.view.selection, self.view.experiment)

    def inspect(self, **changes: object) -> None:
        self.inspect_state = dataclasses.replace(self.inspect_state, **changes)  # type: ignore[arg-type]
        self.redraw()

    def action_move(self, key: str) -> None:
        """Move the cursor; with PgUp and PgDn by as many rows as are in sight."""
        down = 0 if key in ("left", "right") else step(key, self._sight.chosen.rows if self._sight else 1)
        self._select(self.here.moved(down, 0 if down else aside(key, 1)))

    def action_layer(self, change: int) -> None:
        experiment = self.view.experiment
        layer = (self.here.layer + change) % len(experiment.layer_names)
        self._select(in_layer(self.here, layer, experiment))

    def action_quantity(self, change: int) -> None:
        known = quantities(self.view.experiment)
        at = known.index(Look(self.view, self.inspect_state).quantity)
        self.inspect(quantity=known[(at + change) % len(known)])

    def action_compare(self) -> None:
        at = COMPARISONS.index(self.inspect_state.against)
        self.inspect(against=COMPARISONS[(at + 1) % len(COMPARISONS)])

    def on_click(self, event: events.Click) -> None:
        experiment, sight = self.view.experiment, self._sight
        if sight is None:
            return
        if (choice := chosen_at(sight.choices, event.x, event.y)) is not None:
            what, index = choice
            if what == "layer":
                self._select(in_layer(self.here, index, experiment))
            elif what == "quantity":
                self.inspect(quantity=quantities(experiment)[index])
            else:
                self.post_message(Clickable.Clicked("compare"))
        elif (found := sight.cell_at(event.x, event.y, experiment.network.layers)) is not None:
            layer, row, column = found
            there = place(in_layer(self.here, layer, experiment), experiment)
            self._select(there.moved(row - there.row, column - there.column))

    def on_mouse_scroll_down(self) -> None:
        self._select(self.here.moved(WHEEL_ROWS, 0))

    def on_mouse_scroll_up(self) -> None:
        self._select(self.here.moved(-WHEEL_ROWS, 0))


class TensorFeed:
    """Asks the session for it, at each version of the snapshot and for each comparison.

    Args:
        table: what is fed.
        ready: gives the session.
        then: called when it was fed.
    """

    def __init__(
        self, table: TensorTable, ready: Callable[[], Awaitable[Session]], then: Callable[[], None] = lambda: None
    ) -> None:
        self._table, self._ready = table, ready
        self.asked = AskedOnce(table.run_worker, self._fetch, then)

    def want(self, snapshot: Snapshot | None) -> None:
        """Have the table fed with what belongs to this snapshot."""
        if snapshot is not None:
            # Of many rows only while the run stands still.
            may_look = snapshot.experiment.is_quickly_surveyed or snapshot.status != "playing"
            self.asked.want((snapshot.version, self._table.inspect_state.against, may_look))

    async def _fetch(self, about: tuple[int, str, bool]) -> None:
        """Ask for the outputs over all rows, and for the start where it is compared with."""
        _, against, may_look = about
        session = await self._ready()
        with contextlib.suppress(AdderError):
            activity = await session.activity() if may_look else ()
            start = await session.start_state() if against == "start" else None
            self._table.inspect(activity=activity, start=start)


class InspectPane(Pane):
    """A table, and what the session is asked for beside the snapshot."""

    def __init__(self, services: Services, *, id: str) -> None:
        super().__init__(services.view, id=id)
        self._services = services
        self.table = TensorTable(services.view, services.select)
        self._feed = TensorFeed(self.table, services.controller.ready, self.redraw)
        self._before_find: Selection | None = None

    @property
    def actors(self) -> Sequence[object]:
        return self, self.table

    def compose(self) -> ComposeResult:
        yield self.table

    def redraw(self) -> None:
        if self.display:
            super().redraw()
            self._feed.want(self.source().snapshot)

    @property
    def fetching(self) -> bool:
        """Whether an answer of the session is awaited."""
        return self._feed.asked.waiting

    # --- commands --------------------------------------------------------------------------------

    def action_find(self) -> None:
        """Jump to a tensor or a number by its name."""
        self.app.push_screen(Find(self.source), self._found)

    def _found(self, parameter: Parameter | None) -> None:
        if parameter is not None:
            self._before_find = self._before_find or self.source().selection
            self._services.select(parameter)

    def action_clear(self) -> None:
        """Undo the search: back to what was chosen before it."""
        if self._before_find is None:
            self._services.say(tr("There is no search to clear: f finds a tensor or a number by its name."))
            return
        before, self._before_find = self._before_find, None
        self._services.select(before)

    async def action_module(self) -> None:
        """Show the network as PyTorch prints it."""
        screen = ModuleScreen(self.source)
        self.app.push_screen(screen)
        session = await self._services.controller.ready()
        try:
            screen.show_module(await session.module_text())
        except AdderError as error:
            screen.show_refusal(str(error))


@dataclass(frozen=True)
class Found:
    """Something that can be jumped to."""

    name: str
    what: str
    """What is known about it: a tensor's shape."""
    parameter: Parameter


def found(typed: str, experiment: Experiment) -> list[Found]:
    """Tensors whose name holds what is typed; with a bracket their numbers at that place; neurons by their biases."""
    text = "".join(typed.lower().split())
    name, bracket, typed_place = text.partition("[")
    layout, begins = experiment.layout, re.sub(r"\b0+(?=\d)", "", typed_place)
    named = [tensor for tensor in layout.tensors if name in tensor.name]
    if not bracket:
        return [Found(tensor.name, str(tensor.shape), Parameter(tensor.start)) for tensor in named]
    numbers = (
        Found(layout.name_of(index), "", Parameter(index))
        for tensor in [tensor for tensor in named if tensor.name == name] or named
        for index, place in enumerate(_places(tensor.shape), tensor.start)
        if place.startswith(begins)
    )
    return [*_neurons(text, experiment), *islice(numbers, MOST)]


@lru_cache(maxsize=16)
def _places(shape: tuple[int, ...]) -> list[str]:
    """What stands behind the bracket for each number of a tensor, in order."""
    return [f"{','.join(map(str, place))}]" for place in product(*map(range, shape))]


def _neurons(text: str, experiment: Experiment) -> list[Found]:
    layers, layout = experiment.network.layers, experiment.layout
    hidden = [Neuron(c, i) for c in range(1, len(layers) - 1) for i in range(layers[c])]
    named = [neuron for neuron in hidden if neuron_name(neuron, experiment).startswith(text)]
    biases = [layout.bias(neuron.column - 1).start + neuron.index for neuron in named]
    return [
        Found(neuron_name(neuron, experiment), tr("neuron, by {bias}", bias=layout.name_of(bias)), Parameter(bias))
        for neuron, bias in zip(named, biases, strict=True)
    ]


def nothing(typed: str, experiment: Experiment) -> str:
    """Why nothing is found, in a sentence."""
    text = "".join(typed.split())
    name, bracket, inside = text.partition("[")
    layout = experiment.layout
    if bracket and name in layout.by_name:
        digits = re.findall(r"\d+", inside)
        try:
            layout.index_of(name, tuple(int(d) for d in digits if len(d) < 6))
        except RequestError as error:
            return str(error)
    return tr(
        "Nothing is called {typed!r}: type part of a tensor's name, or a number's place such as {example}.",
        typed=typed.strip(), example=layout.name_of(0),
    )  # fmt: skip


class Find(SearchDialog[Parameter | None, Found]):
    """Resolves with what was chosen, or with None."""

    def __init__(self, source: ViewSource) -> None:
        super().__init__(source, tr("find a tensor or a number, such as hidden.weight[2,0]"))

    def found(self, typed: str) -> Sequence[Found]:
        return found(typed, self.source().experiment)

    def row(self, view: ViewState, thing: Found) -> tuple[str, Span]:
        what = thing.what
        if not what and view.snapshot is not None:
            what = number(float(view.snapshot.state[0, thing.parameter.index]), view.glyphs)
        return thing.name, (f"{what} ", "dim")

    def nothing(self, view: ViewState) -> Span:
        return nothing(self.typed, view.experiment), "text"

    async def take(self, thing: Found) -> None:
        self.dismiss(thing.parameter)
