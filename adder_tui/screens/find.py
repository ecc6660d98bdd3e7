"""The dialog that finds a tensor or a number by its name."""

from __future__ import annotations

from collections.abc import Sequence

from adder_tui.render.find import Found, found, found_lines, nothing
from adder_tui.render.lines import Line, wrapped
from adder_tui.render.view import View
from adder_tui.screens.dialog import Chooser
from adder_tui.selection import Parameter
from adder_tui.widgets.canvas import ViewSource


class Find(Chooser[Parameter | None, Found]):
    """Resolves with what was chosen, or with None."""

    def __init__(self, source: ViewSource) -> None:
        super().__init__(source, "find a tensor or a number, such as hidden.weight[2,0]")

    def found(self, typed: str) -> Sequence[Found]:
        return found(typed, self.source().experiment)

    def answer(self, view: View, width: int, height: int) -> Sequence[Line]:
        if self.things:
            return found_lines(view, self.things, self.at, width, height)
        sentence = view.glyphs.text(nothing(self.typed, view.experiment))
        return [Line.of(row).fit(width) for row in wrapped(sentence, width)][:height]

    async def take(self, thing: Found) -> None:
        self.dismiss(thing.parameter)
