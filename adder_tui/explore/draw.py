"""The Explore tab: the views by name, and the chosen one below."""

from __future__ import annotations

from adder_tui.explore.state import VIEWS, ClickTarget, ExploreState
from adder_tui.ui.line import Line, roomiest, wrapped
from adder_tui.ui.numbers import count
from adder_tui.ui.view import ViewState

HEADING = 1
"""Rows above a view."""


def explore_lines(
    view: ViewState, exploration: ExploreState, width: int, height: int
) -> tuple[list[Line], ClickTarget | None]:
    """The whole tab, and where its plane lies, if it has one."""
    room = height - HEADING
    view = exploration.view_then(view)
    lines, spot = _view(view, exploration, width, room)
    if not lines:
        lines = _nothing_yet(view, exploration, width)
    shown = [heading(view, exploration, width), *lines]
    fitted = [line.fit(width, view.glyphs.ellipsis) for line in shown[:height]]
    return fitted, spot and ClickTarget(spot.x, spot.y + HEADING, spot.cells)


def _view(view: ViewState, exploration: ExploreState, width: int, height: int) -> tuple[list[Line], ClickTarget | None]:
    # Each view is imported when it is first looked at.
    if exploration.view == "error":
        from adder_tui.explore.error import error_view

        return error_view(view, exploration, width, height)
    if exploration.view == "neurons":
        from adder_tui.explore.error import neurons_view

        return neurons_view(view, exploration, width, height)
    if exploration.view == "learned":
        from adder_tui.explore.learned import learned_view

        return learned_view(view, exploration, width, height), None
    if exploration.view == "stability":
        from adder_tui.explore.stability import stability_view

        return stability_view(view, exploration, width, height), None
    from adder_tui.explore.draw_evaluation import checks_view

    return checks_view(view, exploration, width, height), None


def heading(view: ViewState, exploration: ExploreState, width: int) -> Line:
    """The views by name; at the right which moment is shown, and whether a newer one is being computed."""
    line = Line.of(" ")
    for name in VIEWS:
        chosen = name == exploration.view
        line = Line.of(
            line, (view.glyphs.current if chosen else " ", "accent"), (name, "accent" if chosen else "dim"), " "
        )
    computing = f"computing{view.glyphs.ellipsis} " if exploration.computing else ""
    of = f"of {_place(exploration)} " if exploration.dated and exploration.of is not None else ""
    phrase = roomiest(width - line.width, *(Line.of((words, "dim")) for words in (of + computing, of or computing)))
    return line.with_right(phrase, width)


def _place(exploration: ExploreState) -> str:
    """The findings' moment."""
    then = exploration.of
    assert then is not None
    if then.epoch_update or then.moment.rung:
        return f"update {count(then.moment.update)}"
    return f"epoch {count(then.epoch)}"


def _nothing_yet(view: ViewState, exploration: ExploreState, width: int) -> list[Line]:
    """What the view will show, or why it cannot."""
    glyphs = view.glyphs
    lines = [Line(), Line.of((f"  {VIEWS[exploration.view]}", "dim"))]
    if view.snapshot is None:
        return [*lines, Line(), Line.of((f"  loading torch{glyphs.ellipsis}", "dim"))]
    for sentence in dict.fromkeys(exploration.refused.values()):
        lines += [Line(), *(Line.of("  " + row) for row in wrapped(glyphs.text(sentence), width - 4))]
    return lines
