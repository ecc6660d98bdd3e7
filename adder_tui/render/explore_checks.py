"""How good the answers are beyond the loss, by region, and beside rivals on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adder_tui.render.exploration import WIDE, Exploration
from adder_tui.render.glyphs import Glyphs
from adder_tui.render.heat import short_number
from adder_tui.render.lines import Line, Role
from adder_tui.render.numbers import aligned, number, plural
from adder_tui.render.plane_picture import beside
from adder_tui.render.sums import sum_text
from adder_tui.render.view import View

if TYPE_CHECKING:
    from adder_engine.findings import Checks, Rival

BAR = 24


def checks_view(view: View, exploration: Exploration, width: int, height: int) -> list[Line]:
    """Shares, regions and rivals; where there is room the rivals stand at the right."""
    found = exploration.found
    if found.checks is None:
        return []
    room = width // 2 - 2 if width >= WIDE else width
    own = [*_shares(view, found.checks, room), Line(), *_regions(view, found.checks, room)]
    if width >= WIDE:
        return beside(own, _rivals(view, found.rivals, width - room - 3, height), room, 3)
    return [*own, Line(), *_rivals(view, found.rivals, width, height - len(own) - 1)]


def _shares(view: View, checks: Checks, width: int) -> list[Line]:
    glyphs = view.glyphs
    where = "held-out sums" if checks.held_out else "sums drawn for this"
    lines = [Line.of((f" of {plural(checks.count, 'sum')[:-5].strip()} {where}".ljust(width)[:width], "band-dim"))]
    names = ("within 0.5 of the truth", "within 5 of the truth", 'right on "over 100?"')
    for name, share in zip(names, (checks.within_half, checks.within_five, checks.over_hundred), strict=True):
        bar = min(BAR, width - 40)
        lines.append(
            Line.of(
                (f"  {name.ljust(25)}", "text"),
                (percent(share).rjust(7), "strong"),
                "  ",
                share_bar(share, bar, glyphs),
            )
        )
    lines.append(
        Line.of(("  RMSE, in units of sums".ljust(27), "text"), (number(checks.rmse, glyphs).rjust(7), "strong"))
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


def _regions(view: View, checks: Checks, width: int) -> list[Line]:
    glyphs = view.glyphs
    rmse = aligned([number(region.rmse, glyphs) for region in checks.regions])
    mean = aligned([number(region.mean_error, glyphs) for region in checks.regions])
    header = "  error by region".ljust(31) + "RMSE".rjust(12) + "mean size".rjust(14)
    lines = [Line.of((header.ljust(width)[:width], "band-dim"))]
    about = {"inside": "inside", "near": "near, 2 times", "far": "far, 10 times"}
    for i, region in enumerate(checks.regions):
        reach = f"{short_number(region.low, glyphs)} to {short_number(region.high, glyphs)}"
        lines.append(
            Line.of(
                (f"  {about[region.name].ljust(14)}", "text"), (reach.rjust(15), "dim"),
                (rmse[i].rjust(12), "strong"), (mean[i].rjust(14), "text"),
            ).fit(width, glyphs.ellipsis)
        )  # fmt: skip
    return lines


def _rivals(view: View, rivals: Sequence[Rival], width: int, height: int) -> list[Line]:
    """A column for each learner; the last row is its error on the held-out sums."""
    if not rivals or height < 2:
        return []
    glyphs = view.glyphs
    ordered = sorted(rivals, key=lambda rival: rival.name != "this network")
    first = 22 if width < 72 else 26
    pitch = max(10, min(19, (width - first) // len(ordered)))
    short = {"least squares": "straight line", "nearest neighbours": "neighbours"}
    header = "  the same rows".ljust(first)
    for rival in ordered:
        header += (rival.name if len(rival.name) < pitch else short.get(rival.name, "this net")).rjust(pitch)
    lines = [Line.of((header.ljust(width)[:width], "band-dim"))]
    count = len(ordered[0].answers)
    columns = [aligned([*(number(a.predicted, glyphs) for a in r.answers), number(r.rmse, glyphs)]) for r in ordered]
    kept = range(count) if count + 2 <= height else [*range(max(0, height - 3)), count - 1]
    for i in kept:
        line = Line.of(
            (f"  {sum_text(ordered[0].answers[i].sum, view.experiment.data.task, glyphs)}".ljust(first), "text")
        )
        for j, column in enumerate(columns):
            line = Line.of(line, (column[i].rjust(pitch), _role(j)))
        lines.append(line)
    line = Line.of(("  RMSE, held out".ljust(first), "dim"))
    for j, column in enumerate(columns):
        line = Line.of(line, (column[count].rjust(pitch), _role(j)))
    return [row.fit(width, glyphs.ellipsis) for row in (*lines, line)][:height]


def _role(column: int) -> Role:
    return "strong" if column == 0 else "text"
