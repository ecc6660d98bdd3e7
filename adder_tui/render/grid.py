"""A sheet of cells to draw on at any place, turned into lines at the end."""

from __future__ import annotations

from collections.abc import Iterable

from adder_tui.render.lines import Line, Role, Span, joined


class Grid:
    """``width`` by ``height`` cells of one character each; what falls outside is left away."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._cells: list[list[Span]] = [[(" ", "text")] * width for _ in range(height)]

    def put(self, x: int, y: int, text: str, role: Role = "text") -> None:
        """Write ``text`` from column ``x`` of row ``y``."""
        if 0 <= y < self.height:
            row = self._cells[y]
            for i, character in enumerate(text, x):
                if 0 <= i < self.width:
                    row[i] = (character, role)

    def put_spans(self, x: int, y: int, spans: Iterable[Span]) -> None:
        """Write several pieces one after the other."""
        for text, role in spans:
            self.put(x, y, text, role)
            x += len(text)

    def is_blank(self, x: int, y: int, length: int = 1) -> bool:
        """Whether nothing is written there yet; places outside count as written on."""
        if not 0 <= y < self.height or x < 0 or x + length > self.width:
            return False
        return all(self._cells[y][i][0] == " " for i in range(x, x + length))

    def lines(self) -> list[Line]:
        """The sheet as lines of ``width`` columns."""
        return [joined(row) for row in self._cells]
