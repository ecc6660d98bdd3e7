"""A number's history up to here, its tensor's histograms over the run, and the length of each layer's gradient."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING, cast

import numpy as np
from textual.app import ComposeResult

from adder_engine.analysis.results import Query, RunHistories
from adder_engine.language import tr
from adder_tui.commands import window_keys
from adder_tui.inspect.state import MOMENTS
from adder_tui.selection import Parameter, focus_of, layout_for
from adder_tui.ui.asked_once import AskedOnce
from adder_tui.ui.axis import LABELS, WHOLE
from adder_tui.ui.canvas import Drawing
from adder_tui.ui.chart import overlay, plot, span_of
from adder_tui.ui.curve import Curve, fine_curve, thin
from adder_tui.ui.line import Line, Role, Span, beside, roomiest
from adder_tui.ui.list_view import keys_line, said_lines
from adder_tui.ui.modal import Modal
from adder_tui.ui.numbers import count, number
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adder_tui.services import Services

    Doubles = NDArray[np.float64]

CALLED = {"number": tr("number"), "histograms": tr("histograms"), "gradients by layer": tr("gradients by layer")}
VIEWS = tuple(CALLED)
"""What there is to look at."""
MOMENTS_SHOWN, BINS = 160, 16
ROLES: tuple[Role, ...] = ("train", "test", "accent", "plus", "minus", "text")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def history_lines(view: ViewState, found: RunHistories, shown: str, width: int, height: int) -> list[Line]:
    """One of :data:`VIEWS`, in ``height`` rows."""
    if len(found.updates) < 2:
        trained = view.snapshot is not None and view.snapshot.newest.update > 0
        none = tr("There is no history yet: Esc, then space or . trains.")
        back = tr("At the start of the run nothing lies behind: Esc, then End goes to where it has come.")
        return said_lines(back if trained else none, width, "dim", view.glyphs)
    draw = {"number": number_lines, "histograms": histogram_lines}.get(shown, norm_lines)
    return [line.fit(width, view.glyphs.ellipsis) for line in draw(view, found, width, height)][:height]


def _span(found: RunHistories) -> tuple[float, float]:
    return 0.0, float(max(found.epochs[-1], 1e-9))


def number_lines(view: ViewState, found: RunHistories, width: int, height: int) -> list[Line]:
    """The value, its gradient and the moments that the optimizer in use keeps, a chart each."""
    first, second = MOMENTS[view.experiment.training.optimizer]
    charts = [(name, row) for row, name in enumerate((tr("value"), tr("gradient"), first, second)) if name]
    across = 2 if len(charts) > 2 else 1
    columns, rows = (width - (across - 1)) // across, height // -(-len(charts) // across)
    blocks = [_chart(view, found, name, found.number[:, row], columns, rows) for name, row in charts]
    if across == 1:
        return [line for block in blocks for line in block]
    pairs = zip_longest(blocks[::2], blocks[1::2], fillvalue=list[Line]())
    return [line for left, right in pairs for line in beside(left, right, columns, 1)]


def _chart(view: ViewState, found: RunHistories, name: str, values: Doubles, width: int, height: int) -> list[Line]:
    """A heading with the newest value, and the curve over the epochs."""
    glyphs, fine = view.glyphs, np.isfinite(values)
    now = float(values[-1])
    ways = [f"{'':{LABELS}}{name} ", f"{name} "], [tr("now {now}", now=number(now, glyphs)), number(now, glyphs, 2)]
    head = roomiest(width, *(Line.of((lead, "strong"), (sentence, "dim")) for sentence in ways[1] for lead in ways[0]))
    if not fine.any():
        return [head.fit(width), *[Line().fit(width)] * (height - 1)]
    span = _span(found)
    x, y = thin(found.epochs[fine], values[fine], max(1, width - LABELS), span)
    low, high = span_of([float(y.min()), float(y.max())])
    curve = Curve(x, y, "train", "*" if glyphs.ascii else "")
    levels = [0.0] if low < 0 < high else []
    return [head.fit(width), *plot([curve], span, (low, high), width, height - 1, glyphs, levels=levels)]


def histogram_lines(view: ViewState, found: RunHistories, width: int, height: int) -> list[Line]:
    """Where the tensor's values lie over the epochs, and below where its gradients do: the darker, the more of them."""
    of = found.tensor
    values = _shaded(view, found, f"{of}, {tr('values')}", found.values, found.value_range, width, height // 2)
    gradients = found.gradients, found.gradient_range
    return [*values, *_shaded(view, found, f"{of}, {tr('gradients')}", *gradients, width, height // 2)]


def _shaded(
    view: ViewState, found: RunHistories, name: str, shares: Doubles, span: tuple[float, float], width: int, height: int
) -> list[Line]:
    """One histogram over the epochs; four marks, the darkest where most of the numbers are at that moment."""
    glyphs, columns, rows = view.glyphs, max(8, width - LABELS), max(1, height - 3)
    across = np.clip(np.searchsorted(found.epochs, np.linspace(0, _span(found)[1], columns)), 0, len(found.epochs) - 1)
    bins = len(shares)
    down = (np.arange(rows + 1) * bins / rows).round().astype(int)
    sums = [shares[low : max(high, low + 1)].sum(axis=0) for low, high in pairwise(down.tolist())]
    most = np.maximum(np.max(sums, axis=0), 1e-12)
    legend: Span = (tr("   {light} few  {dark} most", light=glyphs.shades[0], dark=glyphs.shades[-1]), "dim")
    lines = [Line.of((f"{'':{LABELS}}{name}", "strong"), legend)]
    for i, row in enumerate(reversed(sums)):
        edge = span[1] if i == 0 else span[0] if i == rows - 1 else None
        label = "" if edge is None else number(edge, glyphs, 3)
        tones = [" " if s <= 0 else glyphs.shades[min(3, int(s * 4))] for s in (row / most)[across].tolist()]
        lines.append(Line.of((f"{label:>{LABELS - 1}}", "dim"), (glyphs.vertical, "faint"), ("".join(tones), "train")))
    start, end = "0", count(int(_span(found)[1]))
    rule: Span = (glyphs.horizontal * columns, "faint")
    lines.append(Line.of((" " * (LABELS - 1), "faint"), (glyphs.corner, "faint"), rule))
    lines.append(Line.of((f"{'':{LABELS}}{start}{end:>{columns - len(start)}}", "dim")))
    return lines


def norm_lines(view: ViewState, found: RunHistories, width: int, height: int) -> list[Line]:
    """How long each layer's gradient is over the epochs, on a log scale."""
    glyphs, span, names = view.glyphs, _span(found), view.experiment.layer_names
    curves: list[Curve] = []
    head = [Line.of(" " * LABELS)]
    for i, name in enumerate(names):
        letter, role = LETTERS[i % len(LETTERS)], ROLES[i % len(ROLES)]
        norms = found.norms[:, i]
        sentence = Line.of((f"{letter} ", role), (f"{name} {number(float(norms[-1]), glyphs)}", "dim"))
        if head[-1].width > LABELS and head[-1].width + 3 + sentence.width > width:
            head.append(Line.of(" " * LABELS))
        head[-1] = Line.of(head[-1], "   " * (head[-1].width > LABELS), sentence)
        marker = letter if glyphs.ascii else ""
        curves += fine_curve(found.epochs, norms, max(1, width - LABELS), span, WHOLE, role, marker, label=letter)
    return [*head, *overlay(curves, span, WHOLE, width, height - len(head), glyphs)]


class HistoryScreen(Modal[None]):
    """The chosen number over the whole run; arrows choose another number, v another view."""

    DEFAULT_CSS = "HistoryScreen { padding: 0 1; } HistoryScreen Drawing { height: 1fr; }"
    window = "history"

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._services = services
        self.shown = VIEWS[0]
        self.found: RunHistories | None = None
        self._asked = AskedOnce(lambda work: self.start(work, exclusive=False), self._ask, self._answered)
        """Of a number, at a moment of the run."""
        self._drawn: tuple[object, list[Line]] | None = None
        """What was drawn last, with what it was drawn of: two charts take longer than a key may."""

    def compose(self) -> ComposeResult:
        yield Drawing(self._services.view, self.lines)

    def on_mount(self) -> None:
        self.watch(self.app, "snapshot", self._changed)

    def lines(self, view: ViewState, width: int, height: int) -> Sequence[Line]:
        layout, found, room = layout_for(view.experiment), self.found, (width, height - 3)
        over = tr("   {what} over the epochs", what=CALLED[self.shown])
        head = Line.of((layout.name_of(self._index(view)), "strong"), (over, "dim"))
        layers = len(view.experiment.layer_names)
        if self.said:
            body = said_lines(self.said, width, "minus", view.glyphs)
        elif found is None or found.index >= layout.size or found.norms.shape[1] != layers:
            body = said_lines(tr("replaying the run…"), width, "dim", view.glyphs)
        else:
            of = id(found), self.shown, room, view.glyphs, view.experiment
            if self._drawn is None or self._drawn[0] != of:
                self._drawn = of, history_lines(view, found, self.shown, *room)
            body = self._drawn[1]
        blank = [Line()] * (room[1] - len(body))
        return [head.fit(width), Line(), *body, *blank, keys_line(window_keys("history"), lead="").fit(width)]

    def _index(self, view: ViewState) -> int:
        return focus_of(view.selection, view.experiment).parameter

    def _changed(self) -> None:
        """Ask for what is chosen, once at a time, and while the run plays only for another number."""
        view = self._services.view()
        snapshot, index = view.snapshot, self._index(view)
        another = self._asked.about is None or self._asked.about[0] != index
        if snapshot is not None and (snapshot.status != "playing" or another):
            self._asked.want((index, (snapshot.run, snapshot.moment, snapshot.experiment)))

    async def _ask(self, wanted: tuple[int, object]) -> None:
        session = await self._services.controller.ready()
        (answer,) = session.together(Query("histories", (wanted[0], MOMENTS_SHOWN, BINS))).answers
        self.found = cast("RunHistories", await answer)

    def _answered(self) -> None:
        self.redraw()
        self._changed()

    def action_view(self, change: int) -> None:
        self.shown = VIEWS[(VIEWS.index(self.shown) + change) % len(VIEWS)]
        self.redraw()

    def action_move(self, key: str) -> None:
        view = self._services.view()
        by = {"up": -1, "left": -1, "down": 1, "right": 1}[key]
        self._services.select(Parameter((self._index(view) + by) % layout_for(view.experiment).size))
        self.redraw()
        self._changed()
