"""What the Explore tab asks the session for: only what its view shows, in the size in which it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adder_engine.findings import Question
from adder_tui.render.exploration import WIDE, Exploration, hidden_neuron
from adder_tui.render.explore import HEADING
from adder_tui.render.explore_error import SIDE, error_cells
from adder_tui.render.explore_neurons import UNDER, gallery_width, neuron_cells
from adder_tui.render.explore_stability import TOP, halves
from adder_tui.render.gallery import shelf
from adder_tui.render.loss_slice import slice_cells
from adder_tui.render.plane_window import extent_of
from adder_tui.render.view import View

if TYPE_CHECKING:
    from adder_engine.findings import Extent
    from adder_engine.snapshot import Snapshot


POINTS = 81
"""Of the curve along the gradient."""


@dataclass(frozen=True)
class Ask:
    """One request."""

    finding: str
    """The field of :class:`~adder_tui.render.exploration.Found` that it fills."""
    about: object
    """What was chosen: where it differs, the answer is wanted at once."""
    state: object
    """The state of the run that it speaks of."""
    question: Question
    take: Callable[[Any], object] = lambda found: found
    """What is kept of the answer."""


def asks(view: View, exploration: Exploration, width: int, height: int) -> list[Ask]:
    """What the view needs, for a drawing of this size."""
    assert view.snapshot is not None
    state = footprint(view.snapshot)
    room = height - HEADING
    if exploration.view == "error":
        wanted = [_plane(extent_of(exploration.window(view), error_cells(exploration, width, room)), state)]
        if width >= WIDE:
            wanted += _neurons(view, exploration, SIDE, room - UNDER - 1, state)
        return wanted
    if exploration.view == "neurons":
        chosen = hidden_neuron(view.selection, view.experiment)
        if chosen is None:
            return []
        extent = extent_of(exploration.window(view), neuron_cells(view, exploration, width, room))
        gallery = _neurons(view, exploration, gallery_width(view, width), room - UNDER - 1, state)
        one = Question("neurons", (extent, chosen))
        return [_plane(extent, state), Ask("neuron", (extent, chosen), state, one, lambda f: (extent, f[0])), *gallery]
    answers = tuple((answer.sum.a, answer.sum.b) for answer in view.snapshot.answers)
    asked = view.snapshot.asked.sum
    if exploration.view == "learned":
        return [
            Ask("course", None, (state, view.snapshot.newest), Question("map_course")),
            Ask("forecast", (answers, asked.a, asked.b), state, Question("forecast")),
        ]
    if exploration.view == "stability":
        columns, rows = slice_cells(halves(width)[1], room - TOP, exploration.halved)
        rough = view.snapshot.status == "playing"  # once it stands still, all is asked for again in full
        then = (state, rough)
        return [
            Ask("stability", None, then, Question("stability", (rough,))),
            Ask("curve", None, then, Question("along_gradient", (POINTS, rough))),
            Ask("slice", (columns, rows), (*then, view.snapshot.newest),
                Question("loss_slice", (columns, rows, rough))),
        ]  # fmt: skip
    return [
        Ask("checks", None, state, Question("checks")),
        Ask("rivals", answers, state, Question("rivals")),
    ]


def _plane(extent: Extent, state: object) -> Ask:
    return Ask("plane", extent, state, Question("plane", (extent,)))


def _neurons(view: View, exploration: Exploration, width: int, height: int, state: object) -> list[Ask]:
    shown = shelf(view, exploration, width, height)
    if shown is None:
        return []
    extent = extent_of(exploration.window(view), shown.cells)
    return [Ask("neurons", extent, state, Question("neurons", (extent,)))]


def footprint(snapshot: Snapshot) -> object:
    """What the run's findings depend on: equal for equal states, also where a sum was asked in between."""
    return (
        snapshot.experiment, snapshot.moment, snapshot.lr, snapshot.frozen, snapshot.silenced,
        hash(snapshot.state.tobytes()),
    )  # fmt: skip
