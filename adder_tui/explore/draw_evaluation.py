"""How good the answers are beyond the loss, by region, and beside rivals on the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_tui.explore.state import ExploreResults, ExploreState
from adder_tui.ui.heatmap import ranges_text
from adder_tui.ui.line import Line
from adder_tui.ui.numbers import aligned, count, number, plain_number, plural
from adder_tui.ui.sums import sum_text
from adder_tui.ui.symbols import Glyphs
from adder_tui.ui.view import ViewState

if TYPE_CHECKING:
    from adder_engine.analysis.results import Baseline, Evaluation

BAR = 40
SHORT = {"this network": "this net", "least squares": "least sq.", "nearest neighbours": "neighbours"}
"""What the learners are called where there is little room."""


def checks_view(view: ViewState, exploration: ExploreState, width: int, height: int) -> list[Line]:
    """Shares, regions and rivals, under each other."""
    found = exploration.found
    if found.checks is None:
        return []
    gap = [Line()] if height >= 20 else []
    own = [*_shares(view, found.checks, width), *gap, *_regions(view, found.checks, width), *gap]
    return [*own, *_rivals(view, found, width, height - len(own))]


def _shares(view: ViewState, checks: Evaluation, width: int) -> list[Line]:
    glyphs = view.glyphs
    judged = (
        plural(checks.count, "training row")
        if checks.judged_on == "training"
        else f"{count(checks.count)} {checks.judged_on} sums"
    )
    lines = [Line.of((f" of {judged}".ljust(width)[:width], "band-dim"))]
    close, near, limit = (plain_number(x, glyphs) for x in (checks.close, checks.near, checks.limit))
    shares = {
        f"within {close} of the truth": checks.within_close,
        f"within {near} of the truth": checks.within_near,
        f'right on "over {limit}?"': checks.over_limit,
    }
    first = max(25, *map(len, shares))
    for name, share in shares.items():
        bar = min(BAR, width - first - 15)
        lines.append(
            Line.of(
                (f"  {name.ljust(first)}", "text"),
                (percent(share).rjust(7), "strong"),
                "  ",
                share_bar(share, bar, glyphs),
            )
        )
    lines.append(
        Line.of(("  typically off by (RMS)".ljust(first + 2), "text"), (number(checks.rmse, glyphs).rjust(7), "strong"))
    )
    return [line.fit(width, glyphs.ellipsis) for line in lines]


def percent(share: float) -> str:
    """A share as a correct rounding that says 100 % and 0 % only for all and for none."""
    if share in (0.0, 1.0):
        return f"{share:.0%}"
    near_an_end = not 0.01 <= share <= 0.99
    text = f"{share * 100:.{2 if near_an_end else 1}f}"
    if text in ("100.00", "0.00"):
        text = ">99.99" if share > 0.5 else "<0.01"
    return f"{text}%"


def share_bar(share: float, width: int, glyphs: Glyphs) -> Line:
    """A bar whose filled part is the share."""
    if width < 4:
        return Line()
    filled = round(share * width)
    return Line.of((glyphs.bar * filled, "accent"), (glyphs.bar_rest * (width - filled), "faint"))


def _regions(view: ViewState, checks: Evaluation, width: int) -> list[Line]:
    glyphs = view.glyphs
    rmse = aligned([number(region.rmse, glyphs) for region in checks.regions])
    mean = aligned([number(region.mean_error, glyphs) for region in checks.regions])
    about = {"inside": "inside", "near": "near, 2 times", "far": "far, 10 times"}
    reaches = [ranges_text(region.a, region.b, glyphs) for region in checks.regions]
    columns = [max(15, *map(len, reaches)), max(13, *map(len, rmse)), max(13, *map(len, mean))]
    over = 16 + sum(columns) - width
    for i, least in ((2, max(11, *map(len, mean))), (1, max(9, *map(len, rmse))), (0, 0)):  # numbers are never cut
        given = min(max(0, over), columns[i] - least)
        columns[i] -= given
        over -= given
    typical = "typical" if columns[1] < 13 else "typical, RMS"
    header = "  error by region".ljust(16 + columns[0]) + typical.rjust(columns[1]) + "mean size".rjust(columns[2])
    lines = [Line.of((header.ljust(width)[:width], "band-dim"))]
    for i, region in enumerate(checks.regions):
        reach = Line.of((reaches[i].rjust(columns[0]), "dim")).fit(columns[0], glyphs.ellipsis)
        lines.append(
            Line.of(
                (f"  {about[region.name].ljust(14)}", "text"), reach,
                (rmse[i].rjust(columns[1]), "strong"), (mean[i].rjust(columns[2]), "text"),
            ).fit(width, glyphs.ellipsis)
        )  # fmt: skip
    if len(checks.regions) == 1:
        lines.append(Line.of(("  elsewhere no truth is known", "dim")).fit(width, glyphs.ellipsis))
    return lines


def _rivals(view: ViewState, found: ExploreResults, width: int, height: int) -> list[Line]:
    """A column for each learner; the last row is its error on the sums of the checks."""
    if not found.rivals or height < 2:
        return []
    glyphs = view.glyphs
    ordered = sorted(found.rivals, key=lambda rival: rival.name != "this network")
    first = 22 if width < 72 else 26
    pitch = max(10, min(20, (width - first) // len(ordered)))
    header = "  the same rows".ljust(first)
    for rival in ordered:
        header += (rival.name if len(rival.name) < pitch else SHORT[rival.name]).rjust(pitch)
    columns = [_column(rival, pitch, glyphs) for rival in ordered]
    sums = [sum_text(answer.sum, view.experiment.wanted.rule, glyphs) for answer in ordered[0].answers]
    last = len(sums)
    kept = [*range(last)] if last + 2 <= height else [*range(max(0, height - 3)), last - 1]
    judged_on = found.checks.judged_on if found.checks is not None else ""
    of = {"held-out": "typical, held out", "training": "typical, these rows"}.get(judged_on, "typical, as above")
    lines = [Line.of((header.ljust(width)[:width], "band-dim"))]
    for i, name in [*((i, sums[i]) for i in kept), (last, of)]:
        line = Line.of((f"  {name}".ljust(first), "dim" if i == last else "text"))
        for j, column in enumerate(columns):
            line = Line.of(line, (column[i].rjust(pitch), "strong" if j == 0 else "text"))
        lines.append(line.fit(width, glyphs.ellipsis))
    return lines[:height]


def _column(rival: Baseline, pitch: int, glyphs: Glyphs) -> list[str]:
    """Its answers and its error, under each other by their points where that fits."""
    texts = [*(number(answer.predicted, glyphs) for answer in rival.answers), number(rival.rmse, glyphs)]
    lined_up = aligned(texts)
    return lined_up if len(lined_up[0]) < pitch else texts
