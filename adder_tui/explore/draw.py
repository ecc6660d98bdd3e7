"""The Explore tab: the views by name, and of them what has been learned and how good the answers are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adder_engine.language import tr
from adder_engine.parsing import Sum
from adder_tui.explore.error import error_view, neurons_view
from adder_tui.explore.stability import stability_view
from adder_tui.explore.state import NAMES, VIEWS, ExploreResults, ExploreState, PlaneArea
from adder_tui.ui.chart import Upright, plot, span_of
from adder_tui.ui.curve import Curve
from adder_tui.ui.heatmap import ranges_text
from adder_tui.ui.line import Line, Role, Span, beside, roomiest
from adder_tui.ui.list_view import head_line
from adder_tui.ui.numbers import aligned, answer_text, count, number, percent, plain_number, plural, role_of, signed
from adder_tui.ui.phrases import indented
from adder_tui.ui.run_state import learned, sum_text
from adder_tui.ui.slope import slope_lines
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import WIDE, ViewState

if TYPE_CHECKING:
    from adder_engine.analysis import results
    from adder_engine.snapshot import Doubles

    Named = Sequence[tuple[str, Doubles, Role]]
    """Of each curve what it is called, its values, and how it is drawn."""


LEAST_CHART, MOST_CHART = 7, 12
LEFT_OUT = tr("Only rows: of other pairs no truth is known.")
BOUNDARY = tr("f is the log-odds: yes where it is above 0, and the boundary lies where it is 0.")
"""Said where rows follow no rule, so that errors are foretold for them alone."""
BAR = 40
CALLED = {
    "this network": (tr("this network"), tr("this net")), "least squares": (tr("least squares"), tr("least sq.")),
    "nearest neighbours": (tr("nearest neighbours"), tr("neighbours")),
}  # fmt: skip
"""What the learners are called, and where there is little room."""
REGIONS = {"inside": tr("inside"), "near": tr("near, 2 times"), "far": tr("far, 10 times")}
"""What the parts of the plane are called that the checks tell apart."""
HEADING = 1
"""Rows above a view."""


def learned_view(view: ViewState, explore_state: ExploreState, width: int, height: int) -> list[Line]:
    """The formula, its course or its slopes, and the table of far-out errors."""
    found = explore_state.found
    forecast = found.forecast
    if forecast is None:
        return []
    course = found.course if forecast.slopes.everywhere else None
    top = learned(view, width) if forecast.slopes.everywhere else _slopes(view, forecast.slopes)
    room = height - len(top)
    if course is None:
        return [*top, Line(), *_table(view, forecast, width, room - 1)]
    right = view.experiment.wanted.map
    weights: Named = [("w_a", course.w_a, "train"), ("w_b", course.w_b, "test")]
    slopes = weights, sorted(set(right[:2])) if right else []
    constant: Named = [("c", course.c, "train")]
    offset = constant, [right[2]] if right else []
    if width >= WIDE:
        left = width * 9 // 20
        rows = room // 2
        above = _over_epochs(view, course, *slopes, left, rows)
        charts = [*above, *_over_epochs(view, course, *offset, left, room - rows)]
        return [*top, *beside(charts, _table(view, forecast, width - left - 3, room), left, 3)]
    rows = min(MOST_CHART, max(LEAST_CHART, room * 9 // 20))
    half = width // 2
    aside = _over_epochs(view, course, *offset, width - half, rows)
    charts = beside(_over_epochs(view, course, *slopes, half, rows), aside, half, 0)
    return [*top, *charts, *_table(view, forecast, width, room - rows)]


def _over_epochs(
    view: ViewState, course: results.AffineMapHistory, named: Named, wanted: Sequence[float], width: int, height: int
) -> list[Line]:
    """Numbers of the map over the epochs under their names, with what is wanted as lines across."""
    import numpy as np

    glyphs = view.glyphs
    legend, curves = Line(), []
    for name, values, role in named:
        ink = {"train": "**", "test": "oo"}[str(role)] if glyphs.ascii else glyphs.horizontal * 2
        legend = Line.of(legend, (f"  {name} ", "dim"), (ink, role))
        fine = np.isfinite(values)
        curves.append(Curve(course.epochs[fine], values[fine], role, ink[0] if glyphs.ascii else ""))
    last = max(float(course.epochs[-1]), 1.0)
    span = span_of([float(v) for curve in curves for v in curve.y], wanted)
    here = Upright(float(course.epochs[course.here]), "", "accent")
    drawn = plot(curves, (0.0, last), span, width, height - 1, glyphs, uprights=[here], levels=wanted, counted=True)
    return [Line.of(legend, (tr(" by epoch"), "dim")).fit(width), *drawn]


def _slopes(view: ViewState, slopes: results.LocalLinearMap) -> list[Line]:
    """How the answer changes around the current sum, in words and numbers."""
    glyphs = view.glyphs
    where = sum_text(Sum(slopes.a, slopes.b), view.experiment.wanted.rule, glyphs)
    words = tr("  Around {sum} the answer rises by", sum=where)
    more = tr("Far out: the errors this line foretells, and those found.")
    if view.experiment.is_yes_or_no:
        words, more = tr("  Around {sum} the log-odds rise by", sum=where), tr("Log-odds above 0 are a yes.")
    elif view.experiment.wanted.rule == "rows":
        more = LEFT_OUT
    lines = [Line.of((words, "dim"))]
    right = slopes.wanted or (None, None)
    for name, slope, true in (("a", slopes.d_a, right[0]), ("b", slopes.d_b, right[1])):
        each = tr("  for each 1 of {name}", name=name)
        line = Line.of("    ", (number(slope, glyphs).rjust(9), "strong"), (each, "dim"))
        if true is not None:
            phrase = plain_number(true, glyphs) if true == int(true) else number(true, glyphs)
            line = Line.of(line, (tr("   (right: {slope})", slope=phrase), "dim"))
        lines.append(line)
    return [*lines, Line.of((f"{tr('  Elsewhere it bends.')} {more}", "dim"))]


def _table(view: ViewState, forecast: results.Extrapolation, width: int, height: int) -> list[Line]:
    """The errors that the slopes foretell beside those asked for, the watched sums first."""
    glyphs = view.glyphs
    if view.experiment.is_yes_or_no:
        return indented(BOUNDARY, width - 1, "dim", glyphs)[:height] if forecast.slopes.everywhere else []
    note = view.experiment.wanted.rule == "rows" and forecast.slopes.everywhere
    rows = _picked(forecast, height - 1 - note)
    sums = [sum_text(row.sum, view.experiment.wanted.rule, glyphs) for row in rows]
    extrapolated = aligned([signed(row.extrapolated, glyphs, 5) for row in rows])
    asked = aligned([signed(row.asked, glyphs, 5) for row in rows])
    first = max([24, *(len(text) + 4 for text in sums)])
    widths = (max([16, *map(len, extrapolated)]), max([14, *map(len, asked)]))
    header = tr("  sum").ljust(first) + tr("error foretold").rjust(widths[0]) + "  " + tr("asked").rjust(widths[1])
    lines = [head_line(header, width)]
    for i, row in enumerate(rows):
        line = Line.of(
            (("  " + sums[i]).ljust(first), "text" if row.watched else "dim"),
            (extrapolated[i].rjust(widths[0]), role_of(row.extrapolated)), "  ",
            (asked[i].rjust(widths[1]), role_of(row.asked)),
        )  # fmt: skip
        lines.append(line.fit(width, glyphs.ellipsis))
    if note:
        lines.append(Line.of((f"  {LEFT_OUT}", "dim")).fit(width, glyphs.ellipsis))
    return lines[:height]


def _picked(forecast: results.Extrapolation, room: int) -> list[results.ExtrapolatedError]:
    """As many rows as fit: what is furthest out and what is watched tell most."""
    far = [row for row in forecast.rows if not row.watched]
    watched = [row for row in forecast.rows if row.watched]
    if len(far) + len(watched) <= room:
        return [*watched, *far]
    # One row of each distance before the second of any: the two directions in which errors add and cancel come first.
    sizes = sorted({max(abs(row.sum.a), abs(row.sum.b)) for row in far})
    by_size = [[row for row in far if max(abs(row.sum.a), abs(row.sum.b)) == size] for size in sizes]
    order = [rows[i] for i in (0, 2, 4, 5, 1, 3) for rows in by_size if i < len(rows)]
    close = watched[-1:] if room < 6 else [watched[0], *watched[-1:]] if len(watched) > 1 else watched
    kept = order[: max(0, room - len(close))]
    return [*close, *(row for row in far if row in kept)]


def checks_view(view: ViewState, explore_state: ExploreState, width: int, height: int) -> list[Line]:
    """Shares, regions and rivals, under each other."""
    found = explore_state.found
    if found.checks is None:
        return []
    gap = [Line()] if height >= 20 else []
    own = [*_shares(view, found.checks, width), *gap, *_regions(view, found.checks, width), *gap]
    return [*own, *_rivals(view, found, width, height - len(own))]


def _shares(view: ViewState, checks: results.Evaluation, width: int) -> list[Line]:
    glyphs = view.glyphs
    n = count(checks.count)
    judged = {
        "training": plural(checks.count, "training row", "training rows"),
        "held-out": plural(checks.count, "held-out sum", "held-out sums"),
    }.get(checks.judged_on, tr("{count} newly drawn sums", count=n))
    lines = [head_line(tr(" of {sums}", sums=judged), width)]
    if checks.hits is not None:
        return [*lines, *_hits(checks.hits, width, glyphs)]
    close, near, limit = (plain_number(x, glyphs) for x in (checks.close, checks.near, checks.limit))
    shares = {
        tr("within {close} of the truth", close=close): checks.within_close,
        tr("within {near} of the truth", near=near): checks.within_near,
        tr('right on "over {limit}?"', limit=limit): checks.over_limit,
    }
    first = max(25, *map(len, shares))
    for name, share in shares.items():
        shown: Span = (percent(share).rjust(7), "strong")
        bar = share_bar(share, min(BAR, width - first - 15), glyphs)
        lines.append(Line.of(f"  {name.ljust(first)}", shown, "  ", bar))
    typically = tr("  typically off by (RMS)").ljust(first + 2)
    lines.append(Line.of((typically, "text"), (number(checks.rmse, glyphs).rjust(7), "strong")))
    return [line.fit(width, glyphs.ellipsis) for line in lines]


def _hits(hits: results.Hits, width: int, glyphs: Glyphs) -> list[Line]:
    """The share of answers that are right, and what was said where yes and where no was right."""
    accuracy = Line.of((tr("  accuracy").ljust(27), "text"), (percent(hits.accuracy).rjust(7), "strong"), "  ",
                       share_bar(hits.accuracy, min(BAR, width - 40), glyphs))  # fmt: skip
    in_yes: tuple[Role, Role] = ("strong", "text")
    rows = ((tr("right: yes"), hits.yes_for_yes, hits.no_for_yes, in_yes),
            (tr("right: no"), hits.yes_for_no, hits.no_for_no, in_yes[::-1]))  # fmt: skip
    heads = tr("  hits and misses").ljust(27) + tr("says yes").rjust(10) + tr("says no").rjust(10)
    lines = [accuracy, Line.of((heads, "dim"))]
    for name, yes, no, roles in rows:
        lines.append(Line.of((f"  {name}".ljust(27), "text"), (count(yes).rjust(10), roles[0]),
                             (count(no).rjust(10), roles[1])))  # fmt: skip
    return [line.fit(width, glyphs.ellipsis) for line in lines]


def share_bar(share: float, width: int, glyphs: Glyphs) -> Line:
    """A bar whose filled part is the share."""
    if width < 4:
        return Line()
    filled = round(share * width)
    return Line.of((glyphs.bar * filled, "accent"), (glyphs.bar_rest * (width - filled), "faint"))


def _regions(view: ViewState, checks: results.Evaluation, width: int) -> list[Line]:
    """In the training range and beyond it how large errors are; of a yes or no, the share of right answers."""
    glyphs, regions = view.glyphs, checks.regions
    reaches = [ranges_text(region.a, region.b, glyphs) for region in regions]
    reach = max(15, *map(len, reaches))
    if checks.hits is not None:
        shares = [percent(region.right) if region.count else glyphs.none for region in regions]
        head, cells, sizes = tr("  right by region"), [shares], [reach, 9]
    else:
        sized = [(region.rmse, region.mean_error) if region.count else (None, None) for region in regions]
        cells = [aligned([number(size, glyphs) for size in column]) for column in zip(*sized, strict=True)]
        rmse, mean = (max(map(len, texts)) for texts in cells)
        sizes = [reach, max(13, rmse), max(13, mean)]
        over = 16 + sum(sizes) - width
        for i, least in ((2, max(11, mean)), (1, max(9, rmse)), (0, 0)):  # numbers are never cut
            given = min(max(0, over), sizes[i] - least)
            sizes[i] -= given
            over -= given
        typical = tr("typical") if sizes[1] < 13 else tr("typical, RMS")
        head = tr("  error by region").ljust(16 + sizes[0]) + typical.rjust(sizes[1]) + tr("mean size").rjust(sizes[2])
    lines = [head_line(head, width)]
    for i, region in enumerate(regions):
        there = Line.of((reaches[i].rjust(sizes[0]), "dim")).fit(sizes[0], glyphs.ellipsis)
        roles: tuple[Role, ...] = ("strong", "text")
        numbers = [(texts[i].rjust(size), role) for texts, size, role in zip(cells, sizes[1:], roles, strict=False)]
        lines.append(Line.of(f"  {REGIONS[region.name].ljust(14)}", there, *numbers))
    if len(regions) == 1:
        lines.append(Line.of((tr("  elsewhere no truth is known"), "dim")))
    return [line.fit(width, glyphs.ellipsis) for line in lines]


def _rivals(view: ViewState, found: ExploreResults, width: int, height: int) -> list[Line]:
    """A column for each learner; the last row is its error on the sums of the checks."""
    if not found.rivals or height < 2:
        return []
    glyphs = view.glyphs
    ordered = sorted(found.rivals, key=lambda rival: rival.name != "this network")
    first = 22 if width < 72 else 26
    pitch = max(10, min(20, (width - first) // len(ordered)))
    header = tr("  the same rows").ljust(first)
    for rival in ordered:
        called, short = CALLED[rival.name]
        header += (called if len(called) < pitch else short).rjust(pitch)
    yes_or_no = view.experiment.is_yes_or_no
    columns = [_column(rival, yes_or_no, pitch, glyphs) for rival in ordered]
    sums = [sum_text(answer.sum, view.experiment.wanted.rule, glyphs) for answer in ordered[0].answers]
    last = len(sums)
    kept = [*range(last)] if last + 2 <= height else [*range(max(0, height - 3)), last - 1]
    judged_on = found.checks.judged_on if found.checks is not None else ""
    of = {
        "held-out": (tr("typical, held out"), tr("right, held out")),
        "training": (tr("typical, these rows"), tr("right, these rows")),
    }.get(judged_on, (tr("typical, as above"), tr("right, as above")))[yes_or_no]
    lines = [head_line(header, width)]
    for i, name in [*((i, sums[i]) for i in kept), (last, of)]:
        line = Line.of((f"  {name}".ljust(first), "dim" if i == last else "text"))
        for j, column in enumerate(columns):
            line = Line.of(line, (column[i].rjust(pitch), "strong" if j == 0 else "text"))
        lines.append(line.fit(width, glyphs.ellipsis))
    return lines[:height]


def _column(rival: results.Baseline, yes_or_no: bool, pitch: int, glyphs: Glyphs) -> list[str]:
    """Its answers and its error, or of a yes or no how many are right, under each other where that fits."""
    last = percent(rival.right) if yes_or_no else number(rival.rmse, glyphs)
    if yes_or_no and rival.name != "this network":  # their numbers are no probabilities
        return [*(number(answer.predicted, glyphs) for answer in rival.answers), last]
    texts = [*(answer_text(answer.predicted, yes_or_no, glyphs) for answer in rival.answers), last]
    lined_up = texts if yes_or_no else aligned(texts)
    return lined_up if len(lined_up[0]) < pitch else texts


def explore_lines(
    view: ViewState, explore_state: ExploreState, width: int, height: int
) -> tuple[list[Line], PlaneArea | None]:
    """The whole tab, and where its plane lies, if it has one."""
    room = height - HEADING
    view = explore_state.view_then(view)
    lines, spot = view_lines(view, explore_state, width, room)
    if not lines:
        lines = nothing_yet(view, explore_state, width)
    shown = [heading(view, explore_state, width), *lines]
    fitted = [line.fit(width, view.glyphs.ellipsis) for line in shown[:height]]
    return fitted, spot and PlaneArea(spot.x, spot.y + HEADING, spot.cells)


def view_lines(
    view: ViewState, explore_state: ExploreState, width: int, height: int
) -> tuple[list[Line], PlaneArea | None]:
    """The view without its heading, and where its plane lies, if it has one; nothing until there is something."""
    if explore_state.view in ("error", "neurons"):
        return (error_view if explore_state.view == "error" else neurons_view)(view, explore_state, width, height)
    if explore_state.view == "slope":
        line = explore_state.found.line
        return ([] if line is None else slope_lines(view, line, explore_state.tried, width, height)), None
    draw = {"learned": learned_view, "stability": stability_view}.get(explore_state.view, checks_view)
    return draw(view, explore_state, width, height), None


def heading(view: ViewState, explore_state: ExploreState, width: int) -> Line:
    """The views by name; at the right which moment is shown, and whether a newer one is being computed."""
    line = Line.of(" ")
    for name in VIEWS:
        chosen = name == explore_state.view
        mark: Span = (view.glyphs.current if chosen else " ", "accent")
        line = Line.of(line, mark, (NAMES[name], "accent" if chosen else "dim"), " ")
    computing = f"{tr('computing')}{view.glyphs.ellipsis} " if explore_state.computing else ""
    then, of = explore_state.of, ""
    if explore_state.dated and then is not None:
        at = tr("epoch {epoch}", epoch=count(then.epoch))
        if then.epoch_update or then.moment.stage:
            at = tr("update {update}", update=count(then.moment.update))
        of = tr("of {moment} ", moment=at)
    phrase = roomiest(width - line.width, *(Line.of((words, "dim")) for words in (of + computing, of or computing)))
    return line.with_right(phrase, width)


def nothing_yet(view: ViewState, explore_state: ExploreState, width: int) -> list[Line]:
    """What the view will show, or why it cannot."""
    glyphs = view.glyphs
    lines = [Line(), Line.of((f"  {VIEWS[explore_state.view]}", "dim"))]
    if view.snapshot is None:
        return [*lines, Line(), Line.of((f"  {tr('loading')}{glyphs.ellipsis}", "dim"))]
    for sentence in dict.fromkeys(explore_state.refused.values()):
        lines += [Line(), *indented(sentence, width - 2, "text", glyphs)]
    return lines
