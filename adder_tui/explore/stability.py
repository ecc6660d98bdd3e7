"""How large a step the loss allows: the limit beside the rate, the loss along the gradient and over a plane."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from adder_engine.language import tr
from adder_tui.explore.state import ExploreState
from adder_tui.ui.axis import LABELS
from adder_tui.ui.chart import Upright, plot, span_of
from adder_tui.ui.curve import Curve
from adder_tui.ui.heatmap import SIZES, HeatMap, size_levels
from adder_tui.ui.line import Line, Role, Span, Tone, beside, joined, roomiest
from adder_tui.ui.numbers import DIGITS, count, number, plural, rate_text, written_apart
from adder_tui.ui.phrases import indented
from adder_tui.ui.run_state import over_pairs
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from adder_engine.analysis.results import CurvatureReport, GradientLine, LossLandscape


ABOVE, UNDER = 1, 1
FARTHEST = 4.0
"""A limit that lies so many times as far away as the curve reaches is not marked on it."""
NAME_ROOM = 6
"""Columns that two places on the axis need between them to have a name each."""
LEAST_WITH_GAUGE = 13
"""Rows from which on the curve alone has a gauge above it."""
STEEP = 4.0
"""What lies this many times above the losses that matter is left outside of the picture."""
LEVELS = len(SIZES) - 1
FLOOR = 1e-12
"""A loss of 0 has no logarithm."""
TOP = 5
"""Rows above the pictures."""
FINE = 1e-3
"""Losses that differ by less than this share of themselves are drawn as changes, whose ticks have room."""
ROUNDING = 2.0**-44
"""Up to this share of themselves, losses may differ by float64's rounding alone."""
MOST_DIGITS = 8
GAUGE_DECADES = 2.0
"""The gauge reaches so far to either side of the limit."""


def loss_curve(view: ViewState, found: GradientLine, width: int, height: int, limit: float | None = None) -> list[Line]:
    """The curve from behind the present place to beyond the valley, and what the step does in numbers.

    Args:
        limit: the rate above which plain steps grow, where that is to be marked.
    """
    glyphs = view.glyphs
    seen = in_sight(found)
    if not seen.any():
        return [Line.of((tr("  No loss along the gradient is finite."), "dim"))]
    t, losses = found.t[seen], found.losses[seen]
    x = min(float(t[0]), 0.0), max(float(t[-1]), found.step_t)
    close = abs(found.step_t) * (width - LABELS) < NAME_ROOM * (x[1] - x[0])
    uprights = [Upright(0.0, "" if close else tr("here"), "strong")]
    uprights.insert(0, Upright(found.step_t, tr("here, step") if close else tr("step"), "accent"))
    if limit is not None and x[0] < limit <= FARTHEST * max(x[1], found.step_t):
        x = x[0], max(x[1], 1.1 * limit)
        uprights.append(Upright(limit, tr("limit"), "minus"))
    if found.bottom is not None:
        uprights.append(Upright(found.bottom, tr("parabola"), "dim"))
    written, shown = _written(found, losses)
    y = span_of(shown.tolist())
    drawn = plot([Curve(t, shown, "train")], x, y, width, height - ABOVE - UNDER, glyphs, uprights=uprights)
    if float(np.ptp(losses)) <= ROUNDING * float(np.abs(losses).max()):
        loss = number(found.loss, glyphs)
        words = tr("The loss is {loss} all along it: float64 has no digits left to tell more.", loss=loss)
        flat = indented(words, width, "dim", glyphs)
        drawn = [*flat, *[Line()] * (len(drawn) - len(flat))][: len(drawn)]
    over = over_pairs(view.experiment, glyphs)[2]
    ways = tr("{what} along the gradient, float64", what=written), tr("{what} by float64", what=written)
    wordings = (f"  {words}{over}" for words in ways)
    title = roomiest(width, *(Line.of((words, "dim")) for words in wordings))
    return [line.fit(width, glyphs.ellipsis) for line in (title, *drawn, _step_phrase(view, found, width))]


def _written(found: GradientLine, losses: NDArray[np.float64]) -> tuple[str, NDArray[np.float64]]:
    """What the curve shows, and its name: the loss, or how it differs from here, where its ticks need more digits."""
    if float(np.ptp(losses)) >= FINE * float(np.abs(losses).max()):
        return tr("loss"), losses
    return tr("change of the loss"), losses - found.loss


def _step_phrase(view: ViewState, found: GradientLine, width: int) -> Line:
    """What the next step does to the loss, in as many digits as it takes to see that it differs.

    With ``loss now`` where float32 gives that another value and there is room.
    """
    glyphs, now = view.glyphs, view.snapshot.current_loss if view.snapshot else None
    if not found.step_length:
        return Line.of((tr("  no step at lr 0: the loss stays "), "dim"), number(found.loss, glyphs))
    before, after = written_apart(
        found.loss, found.step_loss, lambda x, digits: number(x, glyphs, digits), range(DIGITS, MOST_DIGITS + 1)
    )
    if before == after:
        same = tr(", same to {digits} digits", digits=MOST_DIGITS)
        return Line.of((tr("  step "), "dim"), before, (same, "dim"))
    rises = found.step_loss > found.loss
    role: Role = "minus" if rises else "accent"
    way = tr(", higher") if rises else tr(", lower")
    phrase = Line.of((tr("  step "), "dim"), before, (tr(" to "), "dim"), (after, role), (way, role))
    if found.step_cosine < 0.995:
        cosine = tr(", cos {cosine}", cosine=number(found.step_cosine, glyphs, 2))
        if phrase.width + len(cosine) <= width:  # half of it would be no number
            phrase = Line.of(phrase, (cosine, "dim"))
    other = Line.of(phrase, (tr("; loss now, by float32, {loss}", loss=number(now, glyphs)), "dim"))
    return other if now is not None and number(now, glyphs) != before and other.width <= width else phrase


def in_sight(found: GradientLine) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which points are drawn: what is finite and not far above both the present loss and the step's."""
    ends = [loss for loss in (found.loss, found.step_loss) if np.isfinite(loss)]
    seen: np.ndarray[tuple[int], np.dtype[np.bool_]] = np.isfinite(found.losses)
    with np.errstate(invalid="ignore"):
        return seen & (found.losses <= STEEP * max(ends, default=np.inf))


def slice_cells(width: int, height: int, halved: bool) -> tuple[int, int]:
    """Columns and rows of losses to ask for, for a picture of this size."""
    rows = max(3, height - ABOVE - UNDER)
    return max(3, min(79, width - 2)), rows * 2 if halved else rows


def slice_lines(view: ViewState, found: LossLandscape, halved: bool, width: int, height: int) -> list[Line]:
    """The loss as shades, its legend, the path of the run and where it stands."""
    glyphs = view.glyphs
    finite = np.isfinite(found.losses)
    logs = np.where(finite, np.log10(np.maximum(found.losses, FLOOR)), np.nan)
    known = logs[np.isfinite(logs)]
    if not known.size:
        return [Line.of((tr("  No loss around here is finite."), "dim"))]
    # Where levels 0 to 5 begin: even parts of what is there, so that every level is seen.
    steps = [float(q) for q in np.quantile(known, [0, 0.05, 0.2, 0.4, 0.65, 0.85])]
    heat = HeatMap(
        size_levels(logs - steps[0], [s - steps[0] for s in steps[1:]]), "size", halved and len(logs) % 2 == 0
    )
    for i in range(len(found.path_x)):
        if np.isfinite(found.path_x[i]) and np.isfinite(found.path_y[i]):
            heat.mark(*_cell(heat, found, i), glyphs.trail)
    heat.mark(*_cell(heat, found, found.path_here), glyphs.cross, "active")
    swatches = [(f" {SIZES[level]}", Tone("size", level, level)) for level in range(LEVELS + 1)]
    low, high = (number(float(f"{10**edge:.2e}"), glyphs, 3) for edge in (float(known.min()), float(known.max())))
    word = tr("losses ") if width >= 38 else ""
    over = over_pairs(view.experiment, glyphs, ", ")[2]
    legend = Line.of((f" {word}{low} ", "dim"), *swatches, (f" {high}{over}", "dim"))
    directions = tr("  by gradient, curvature")
    if found.directions != "gradient":
        directions = tr("   {across:.0%} across, {up:.0%} up", across=found.shares[0], up=found.shares[1])
    phrase = Line.of((f" {glyphs.trail} ", "strong"), (tr("path"), "dim"))
    phrase = Line.of(phrase, (f"  {glyphs.cross} ", "accent"), (tr("here") + directions, "dim"))
    lines = [legend, *(Line.of(" ", line) for line in heat.lines()), phrase]
    return [line.fit(width, glyphs.ellipsis) for line in lines]


def _cell(heat: HeatMap, found: LossLandscape, i: int) -> tuple[int, int]:
    x, y = float(found.path_x[i]), float(found.path_y[i])
    column = (x - float(found.x[0])) / float(found.x[-1] - found.x[0]) * (heat.columns - 1)
    row = (y - float(found.y[0])) / float(found.y[-1] - found.y[0]) * (heat.rows - 1)
    return round(column), round(row)


def stability_view(view: ViewState, explore_state: ExploreState, width: int, height: int) -> list[Line]:
    """The sentence and its gauge, what is known of the curvature, and two pictures side by side."""
    found = explore_state.found
    if found.stability is None and found.curve is None and found.slice is None:
        return []
    top, limit = _refusal(view, explore_state, "stability", width), None
    if found.stability is not None:
        limit = found.stability.optimizer_limit
        top = [*_verdict(view, found.stability, width), _gauge(found.stability, width, view.glyphs)]
        top += _curvature(found.stability, view.experiment.row_count, width, view.glyphs)
    rows, (left, right) = height - TOP, halves(width)
    curve, loss = _refusal(view, explore_state, "curve", left), _refusal(view, explore_state, "slice", right)
    if found.curve:
        curve = loss_curve(view, found.curve, left, rows, limit)
    if found.slice:
        loss = slice_lines(view, found.slice, explore_state.halved, right, rows)
    return [*top, *[Line()] * (TOP - len(top)), *beside(curve, loss, left, 1)]


def downhill_lines(view: ViewState, explore_state: ExploreState, width: int, height: int) -> list[Line]:
    """Whether the rate holds, in a sentence and as a gauge, and the loss along the gradient with the limit on it."""
    found = explore_state.found
    if found.stability is None and found.curve is None:
        return []
    top, limit = _refusal(view, explore_state, "stability", width), None
    if found.stability is not None:
        limit = found.stability.optimizer_limit
        gauge = [_gauge(found.stability, width, view.glyphs)] if height >= LEAST_WITH_GAUGE else []
        top = [*_verdict(view, found.stability, width), *gauge]
    if found.curve is None:
        return [*top, *_refusal(view, explore_state, "curve", width)]
    return [*top, *loss_curve(view, found.curve, width, height - len(top), limit)]


def halves(width: int) -> tuple[int, int]:
    """Columns of the two pictures."""
    left = width // 2
    return left, width - left - 1


def _refusal(view: ViewState, explore_state: ExploreState, finding: str, width: int) -> list[Line]:
    """Why a finding is not there, in the words of the engine."""
    return indented(explore_state.refused.get(finding, ""), width - 2, "dim", view.glyphs)


def _times(ratio: float, glyphs: Glyphs) -> str:
    return number(ratio, glyphs, 2 if ratio < 100 else 3)


def _verdict(view: ViewState, stability: CurvatureReport, width: int) -> list[Line]:
    """Whether the rate in use holds, in one sentence."""
    glyphs = view.glyphs
    lr, limit = stability.lr, stability.optimizer_limit
    rate = f"lr {rate_text(lr, glyphs)}"
    if not lr:
        known = limit if limit is not None and math.isfinite(limit) else None
        more = "" if known is None else tr(" The limit is {limit}.", limit=rate_text(known, glyphs))
        return [Line.of(tr("  lr is 0 for the next update: it moves nothing.") + more)]
    if limit is None:
        text = tr("The loss curves upwards nowhere here, so no limit comes from its curvature.")
        if math.isfinite(stability.limit):
            text = tr(
                "{rate} is {times} times {limit}, the limit of plain gradient descent; {optimizer} has a rate "
                "for each parameter.",
                rate=rate, times=_times(lr / stability.limit, glyphs), limit=rate_text(stability.limit, glyphs),
                optimizer=view.experiment.training.optimizer,
            )  # fmt: skip
        return indented(text, width - 2, "text", glyphs)[:2]
    if not math.isfinite(limit):
        return [Line.of((tr("  The loss curves upwards nowhere here: no rate overshoots by curvature alone."), "text"))]
    ratio = lr / limit
    before = stability.limit_before
    if before is not None and stability.held_before != stability.holds:
        # At the edge of stability the loss goes up and down: neither of the two states tells alone.
        times, was = _times(ratio, glyphs), _times(lr / before, glyphs)
        now, then = rate_text(limit, glyphs), rate_text(before, glyphs)
        wordings = (
            tr(" is {times} times the limit {now}, and {was} times {then} an update ago: ",
               times=times, now=now, was=was, then=then),
            tr(" is {times} times the limit {now}, an update ago {was}: ", times=times, now=now, was=was),
            tr(" is {times} times the limit, {was} times an update ago: ", times=times, was=was),
            tr(" is {times} or {was} times the limit: ", times=times, was=was),
        )  # fmt: skip
        lead, edge = Line.of("  ", ("! ", "minus"), (rate, "strong")), tr("on the edge.")
        return [roomiest(width, *(Line.of(lead, words, (edge, "minus")) for words in wordings))]
    phrase = tr("is {times} times the limit {limit}: ", times=_times(ratio, glyphs), limit=rate_text(limit, glyphs))
    outcome: Span = (tr("it holds."), "accent") if stability.holds else (tr("it will overshoot."), "minus")
    mark = "+ " if stability.holds else "! "
    return [Line.of("  ", (mark, outcome[1]), (rate, "strong"), f" {phrase}", outcome)]


def _gauge(stability: CurvatureReport, width: int, glyphs: Glyphs) -> Line:
    """The rate on a log scale around the limit: below it at the left, beyond it at the right."""
    limit = stability.limit if stability.optimizer_limit is None else stability.optimizer_limit
    if not math.isfinite(limit) or limit <= 0 or stability.lr <= 0:
        return Line()
    near, far = (f"{glyphs.times_sign}{10.0**decades:g}" for decades in (-GAUGE_DECADES, GAUGE_DECADES))
    columns = max(20, min(60, width - 32))
    middle = columns // 2
    place = math.log10(stability.lr / limit) / GAUGE_DECADES
    at = middle + round(max(-1.0, min(1.0, place)) * (columns - 1 - middle))
    own = stability.optimizer_limit is not None
    role: Role = ("minus" if stability.lr >= limit else "accent") if own else "text"
    cells: list[Span] = [(glyphs.bar_rest, "faint")] * columns
    for i in range(at + 1):
        cells[i] = (glyphs.bar, role)
    cells[middle] = (glyphs.centre, "strong")
    cells[at] = (glyphs.done, role)
    words = tr(" {most} of limit {centre}  lr {mark}", most=far, centre=glyphs.centre, mark=glyphs.done)
    return Line.of("  ", (f"{near} ", "dim"), joined(cells), (words, "dim"))


def _curvature(stability: CurvatureReport, row_count: int, width: int, glyphs: Glyphs) -> list[Line]:
    """The steepest curvature, and how the others lie."""
    largest = number(stability.curvature, glyphs)
    largest = largest if stability.converged else tr("at least {curvature}", curvature=largest)
    limit = rate_text(stability.limit, glyphs)
    line = Line.of((tr("  steepest curvature "), "dim"), (largest, "strong"))
    line = Line.of(line, (tr(", 2 over that is "), "dim"), (limit, "strong"))
    if stability.rows_used < row_count:
        how = tr("   on {some} of {all} rows", some=count(stability.rows_used), all=count(row_count))
    else:
        products = plural(stability.iterations, "product", "products")
        hessian = tr("the Hessian") if stability.method == "Hessian" else ""
        how = tr("   by {method}", method=hessian or tr("power iteration, {products}", products=products))
    lines = [roomiest(width, Line.of(line, (how, "dim")), line)]
    if stability.eigenvalues is not None:
        free = len(stability.eigenvalues)
        phrase = [plural(free, "direction", "directions")]
        if stability.flat:
            phrase.append(tr("{count} flat", count=count(stability.flat)))
        if stability.negative:
            many = stability.negative
            phrase.append(plural(many, "curves downwards, as at a saddle", "curve downwards, as at a saddle"))
        if stability.condition is not None:
            phrase.append(tr("steepest over flattest {ratio}", ratio=number(stability.condition, glyphs)))
        lines.append(Line.of((f"  {', '.join(phrase)}", "dim")))
    return [line.fit(width, glyphs.ellipsis) for line in lines]
