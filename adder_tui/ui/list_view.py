"""A list with a cursor: the rows in sight, their columns, the keys that move it and those told of below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adder_tui.ui.line import Line, Role, Span, wrapped
from adder_tui.ui.modal import Modal, Result
from adder_tui.ui.symbols import Glyphs

FAR = 1 << 40
PAGE = 10
GAP = 2


def step(key: str, page: int = PAGE) -> int:
    """By how many rows a key moves the cursor; ``page``: by how many PgUp and PgDn do."""
    return {
        "up": -1, "down": 1, "shift+tab": -1, "tab": 1, "pageup": -page, "pagedown": page, "home": -FAR, "end": FAR,
    }[key]  # fmt: skip


def aside(key: str, far: int) -> int:
    """The same along a row: by one, or by ``far`` with PgUp, PgDn and Shift; 0 for up and down."""
    return {
        "left": -1, "right": 1, "pageup": -far, "pagedown": far, "shift+left": -far, "shift+right": far,
    }.get(key, 0)  # fmt: skip


def centred(at: int, height: int, count: int) -> int:
    """The first row in sight, with the chosen one in the middle where the list's ends allow it."""
    return max(0, min(at - height // 2, count - height))


def scrolled(first: int, last: int, top: int, height: int, count: int) -> int:
    """The first row in sight, moved as little as keeps the rows from ``first`` to ``last`` in sight."""
    return max(0, min(max(top, last - height + 1), first, count - height))


def list_lines(
    row: Callable[[int], Line], count: int, at: int, width: int, height: int, glyphs: Glyphs,
    top: int | None = None, marked: bool = True,
) -> list[Line]:  # fmt: skip
    """The rows in sight, the chosen one set off, and ``marked`` in front of it.

    Args:
        row: draws one of the ``count`` rows.
        at: the chosen one.
        top: the first one in sight; None for the chosen one in the middle.
    """
    first = centred(at, height, count) if top is None else top
    lines = []
    for i in range(first, min(count, first + height)):
        mark = (glyphs.current if i == at else " ") if marked else ""
        line = Line.of(mark, row(i)).fit(width, glyphs.ellipsis)
        lines.append(Line.of((line.plain, "chosen")) if i == at else line)
    return lines


@dataclass(frozen=True)
class Column:
    """A heading and a cell for each row, all equally long."""

    heading: str
    cells: Sequence[Span]

    @property
    def width(self) -> int:
        return len(self.heading)


def column(heading: str, texts: Sequence[str], *roles: Role) -> Column:
    """A column that ends at the right; one role for all, or one for each row."""
    size = max(len(heading), *map(len, texts)) if texts else len(heading)
    each = roles if len(roles) == len(texts) else roles * len(texts)
    return Column(heading.rjust(size), [(text.rjust(size), role) for text, role in zip(texts, each, strict=True)])


def head_line(text: str, width: int) -> Line:
    """A table's heading."""
    return Line.of((text, "band-dim")).fit(width, fill="band-dim")


def table_lines(
    head: str, names: Sequence[Line], columns: Sequence[Column], at: int, width: int, height: int, glyphs: Glyphs,
    gap: int = GAP,
) -> list[Line]:  # fmt: skip
    """A heading and the rows in sight: what each is called, as wide as ``head``, and its cells; −1 chooses none."""
    between = " " * gap

    def row(i: int) -> Line:
        return Line.of(names[i], *(part for column in columns for part in (between, column.cells[i])))

    headings = "".join(between + column.heading for column in columns)
    return [
        head_line(f" {head}{headings}", width),
        *list_lines(row, len(names), at, width, max(1, height - 1), glyphs),
    ]


def keys_line(pairs: Sequence[tuple[str, str]], lead: str = " ", gap: str = "  ") -> Line:
    """Keys and what they do."""
    parts: list[Span] = []
    for i, (key, does) in enumerate(pairs):
        parts += [(gap if i else lead, "text"), (key, "key"), (f" {does}", "dim")]
    return Line.of(*parts)


def said_lines(text: str, width: int, role: Role, glyphs: Glyphs, lead: str = " ") -> list[Line]:
    """Sentences in as many rows of at most ``width`` columns as they take."""
    return [Line.of((lead + row, role)) for row in wrapped(glyphs.text(text), width - 2 * len(lead))]


class ListWindow(Modal[Result]):
    """A window with a list, whose cursor its keys move."""

    at = 0
    """The chosen row."""
    in_sight = 1
    """How many rows of the list are drawn."""

    @property
    def count(self) -> int:
        raise NotImplementedError

    def action_move(self, key: str) -> None:
        self.go(self.at + step(key))

    def choose(self, line: int) -> None:
        """Choose the row that is drawn in this line of the list, which was clicked."""
        row = centred(self.at, self.in_sight, self.count) + line
        if 0 <= line < self.in_sight and row < self.count:
            self.go(row)

    def go(self, row: int) -> None:
        """Choose a row, the nearest that there is."""
        self.at = max(0, min(self.count - 1, row))
        self.say("")
