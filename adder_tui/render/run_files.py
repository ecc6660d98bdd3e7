"""The list of saved runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from adder_tui.render.glyphs import Glyphs
from adder_tui.render.lines import Line, Role

if TYPE_CHECKING:
    from adder_tui.run_files import RunFile


def file_lines(files: Sequence[RunFile], at: int, width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """A header and a row a file, the chosen one in sight: name, when it was saved, what it is."""
    name = max([12, *(len(file.path.stem) for file in files)])
    name = min(name, max(12, width - 46))
    lines = [
        Line.of(("  " + "name".ljust(name) + "  saved             epochs  run", "band-dim")).fit(width, fill="band-dim")
    ]
    rows = max(1, height - 1)
    first = max(0, min(at - rows // 2, len(files) - rows))
    for i in range(first, min(len(files), first + rows)):
        file = files[i]
        chosen: Role | None = "chosen" if i == at else None
        stem = glyphs.text(file.path.stem)
        stem = stem if len(stem) <= name else stem[: name - 1] + glyphs.ellipsis
        line = Line.of(
            (f"{glyphs.current if i == at else ' '} ", chosen or "text"), (stem.ljust(name), chosen or "text"),
            (f"  {file.saved:%Y-%m-%d %H:%M}  ", chosen or "dim"),
        )  # fmt: skip
        if file.damaged:
            line = Line.of(line, ("damaged, or not a run", chosen or "minus"))
        else:
            line = Line.of(line, (f"{file.epoch:>6,}  {glyphs.text(file.title)}", chosen or "text"))
        lines.append(line.fit(width, glyphs.ellipsis, fill=chosen or "text"))
    return lines[:height]
