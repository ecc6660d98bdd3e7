"""Plain lines to stdout and stderr, and what the terminal can show. Needs nothing but the standard library."""

import math
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from adder_engine.language import tr
from adder_tui.ui.numbers import plural
from adder_tui.ui.symbols import ASCII, UNICODE, Glyphs

if TYPE_CHECKING:
    from adder_engine import Experiment, Sum

LOCALE_NAMES = ("LC_ALL", "LC_CTYPE", "LANG")
"""The variables that name the locale of characters; the first that is not empty counts."""

_NO_TERMINAL = ("", "dumb", "unknown")
_PLAIN_FONTS = ("linux", "vt100")
_UTF8 = re.compile(r"utf-?8", re.IGNORECASE)


def say(*lines: str) -> None:
    """Lines to stdout, at once."""
    for line in lines:
        click.echo(_showable(line, _glyphs(sys.stdout)))


def tell(message: str, /, **values: object) -> None:
    """A message to stdout, and what stands at its names in braces."""
    say(tr(message, **values))


def complain(message: str, /, **values: object) -> None:
    """One sentence to stderr, on one line whatever a file name or an argument in it holds."""
    sentence = " ".join(tr(message, **values).split())
    click.echo(_showable(f"adder-tui: {sentence}", _glyphs(sys.stderr)), err=True)


def finite_or_null(value: float | None) -> float | None:
    """A number for JSON, which has none that are not finite."""
    return value if value is not None and math.isfinite(value) else None


def pairs_note(experiment: "Experiment") -> dict[str, str]:
    """For JSON beside a train loss: what it is a mean over where the target is flat; else nothing."""
    if not experiment.compares_all_pairs:
        return {}
    return {"train_loss_over": f"{experiment.rows_per_update:,}·{experiment.rows_per_update:,} differences"}


def words_of(experiment: "Experiment") -> dict[str, Any]:
    """What sentences about an experiment name of it."""
    return {
        "epochs": plural(experiment.epochs, "epoch", "epochs"), "rows": plural(experiment.row_count, "row", "rows"),
        "parameters": plural(experiment.parameter_count, "parameter", "parameters"), "seed": experiment.seed,
        "sizes": "-".join(map(str, experiment.network.layers)), "optimizer": experiment.training.optimizer,
        "lr": experiment.training.lr,
    }  # fmt: skip


def question_text(asked: "Sum", experiment: "Experiment") -> str:
    """A question as it was typed, or as one would type it."""
    from adder_engine.parsing import pair_text  # not at the top: some who write lines ask nothing

    return asked.typed or pair_text(asked.a, asked.b, experiment.wanted.rule).replace(" ", "")


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
            self._write(tr("{bar} {done:,} of {total:,} epochs", bar=bar, done=done, total=self.total))

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


def original_environment() -> dict[str, str]:
    """The environment as this process was given it.

    Python turns the C locale into UTF-8 by changing ``LC_CTYPE`` before any of our code runs (PEP 538), which would
    hide what the terminal was told. Where the system does not keep the original, today's is the best there is.
    """
    try:
        held = Path("/proc/self/environ").read_bytes()
    except OSError:
        return dict(os.environ)
    return dict(entry.split("=", 1) for entry in os.fsdecode(held).split("\0") if "=" in entry)


def locale_of(environ: Mapping[str, str]) -> str:
    """The locale's name as the environment gives it; ``C`` where it gives none."""
    return next((environ[name] for name in LOCALE_NAMES if environ.get(name)), "C")


def why_ascii(environ: Mapping[str, str]) -> str | None:
    """Why only plain ASCII characters will show, in words; None where all of ours will."""
    locale, term = locale_of(environ), environ.get("TERM", "")
    if not _UTF8.search(locale):
        return tr("the locale is {locale}, not UTF-8", locale=locale)
    if term in _PLAIN_FONTS:
        return tr("TERM={term} lacks the characters", term=term)
    return None


def why_no_app(
    environ: Mapping[str, str], stdin: IO[Any] | None, stdout: IO[Any] | None, stderr: IO[Any] | None
) -> str | None:
    """Why the app cannot be shown here, in one sentence; None where it can."""
    without = tr("adder-tui train does without one")
    for stream, name in ((stdin, tr("input")), (stdout, tr("output"))):
        if stream is None or not stream.isatty():
            return tr(
                "The app needs a terminal, and its {name} is none: over SSH, ssh -t gives it one; {without}.",
                name=name,
                without=without,
            )
    term = environ.get("TERM", "")
    if term in _NO_TERMINAL:
        return tr(
            "TERM={term} cannot show the app: set TERM to what the terminal is, such as xterm-256color.",
            term=term or tr("(empty)"),
        )
    if stderr is None or not stderr.isatty():
        return tr(
            "The app draws on its error output, which is no terminal: leave that where it is; {without}.",
            without=without,
        )
    return None
