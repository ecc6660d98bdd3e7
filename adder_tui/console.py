"""Plain lines to stdout and stderr, in characters that whoever reads them can show."""

import math
import sys
from typing import IO, Any

import click

from adder_tui.render.glyphs import ASCII, UNICODE, Glyphs
from adder_tui.terminal import original_environment, why_ascii


def say(text: str) -> None:
    """One line to stdout, at once."""
    click.echo(_showable(text, _glyphs(sys.stdout)))


def complain(sentence: str) -> None:
    """One sentence to stderr, on one line whatever a file name or an argument in it holds."""
    click.echo(_showable(f"adder-tui: {' '.join(sentence.split())}", _glyphs(sys.stderr)), err=True)


def finite_or_null(value: float | None) -> float | None:
    """A number for JSON, which has none that are not finite."""
    return value if value is not None and math.isfinite(value) else None


class ProgressLine:
    """One line at the bottom of a terminal that is written over and over; silent where stderr is none.

    Lines of other kinds may be written between :meth:`clear` and the next :meth:`show`.
    """

    CELLS = 30

    def __init__(self, total: int) -> None:
        self.total = max(total, 1)
        self.visible = sys.stderr is not None and sys.stderr.isatty()
        self._glyphs = _glyphs(sys.stderr)
        self._width = 0

    def show(self, done: int) -> None:
        """Draw the bar at ``done`` of ``total`` epochs."""
        if self.visible:
            full = self.CELLS * done // self.total
            bar = self._glyphs.bar * full + self._glyphs.bar_rest * (self.CELLS - full)
            self._write(f"{bar} {done:,} of {self.total:,} epochs")

    def clear(self) -> None:
        """Take the bar off the screen."""
        if self._width:
            self._write("")

    def _write(self, text: str) -> None:
        # Blanks rather than an escape sequence: this works on a dumb terminal too.
        click.echo(f"\r{text:<{self._width}}\r", nl=False, err=True)
        self._width = len(text)


def _glyphs(stream: IO[Any] | None) -> Glyphs:
    encoding = getattr(stream, "encoding", None) or "ascii"
    return ASCII if why_ascii(original_environment()) or not encoding.lower().startswith("utf") else UNICODE


def _showable(text: str, glyphs: Glyphs) -> str:
    """The text in these characters, with nothing in it that a terminal would obey."""
    return glyphs.text("".join(c if c.isprintable() else "?" for c in text))
