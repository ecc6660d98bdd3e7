"""What the terminal can do, as far as the environment tells. Needs nothing but the standard library."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

LOCALE_NAMES = ("LC_ALL", "LC_CTYPE", "LANG")
"""The variables that name the locale of characters; the first that is not empty counts."""

_NO_TERMINAL = ("", "dumb", "unknown")
_PLAIN_FONTS = ("linux", "vt100")
_UTF8 = re.compile(r"utf-?8", re.IGNORECASE)


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
        return f"the locale is {locale}, not UTF-8"
    if term in _PLAIN_FONTS:
        return f"TERM={term} lacks the characters"
    return None


def why_no_app(
    environ: Mapping[str, str], stdin: IO[Any] | None, stdout: IO[Any] | None, stderr: IO[Any] | None
) -> str | None:
    """Why the app cannot be shown here, in one sentence; None where it can."""
    without = "adder-tui train does without one"
    for stream, name in ((stdin, "input"), (stdout, "output")):
        if stream is None or not stream.isatty():
            return f"The app needs a terminal, and its {name} is none: {without}."
    term = environ.get("TERM", "")
    if term in _NO_TERMINAL:
        return (
            f"TERM={term or '(empty)'} cannot show the app: set TERM to what the terminal is, such as xterm-256color."
        )
    if stderr is None or not stderr.isatty():
        return f"The app draws on its error output, which is no terminal: leave that where it is; {without}."
    return None
