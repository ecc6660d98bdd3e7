"""``adder-tui --check``: what the program finds around it, for whoever wonders why it looks or runs as it does."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adder_engine.errors import AdderError
from adder_engine.experiment import Experiment
from adder_tui.cli.output import locale_of, original_environment, say, why_ascii, why_no_app
from adder_tui.ui.numbers import plural

if TYPE_CHECKING:
    from adder_tui.course.class_file import ClassFile

LOADING_SECONDS = 120
"""How long torch, or the engine, may take to load before it is given up."""

_ASK_TORCH = """
import time
start = time.perf_counter()
import torch
print(f"{torch.__version__}, loads in {time.perf_counter() - start:.1f} s")
"""
_ASK_ENGINE = """
from adder_engine.kernels.compiler import FOLDER
from adder_engine.warm_up import is_compiled
where = FOLDER or "no folder that can be written to, so that it is compiled at each start, in about a minute"
print(f"compiled in {where}" if is_compiled() else f"not compiled yet: the first start does it, in {where}")
"""


def check(
    data_dir: Path, ascii_asked: bool, blocks: bool, taught: ClassFile | None, chosen: Callable[[], Experiment | None]
) -> int:
    """Print the report; 2 where the experiment that ``chosen`` reads cannot be used, else 0."""
    for name, finding in _findings(data_dir, ascii_asked, blocks):
        say(f"{name:<13}{finding}")
    if taught is not None:
        say(f"{'class':<13}{taught.file}")
        if taught.drop is not None:
            there = _folder(taught.drop, "tell your teacher") if taught.drop.exists() else f"{taught.drop} (missing)"
            say(f"{'drop folder':<13}{there}")
    try:
        experiment = chosen()
    except (AdderError, click.UsageError) as error:
        why = error.format_message() if isinstance(error, click.UsageError) else str(error)
        say(f"{'experiment':<13}cannot be used: {why}")
        return 2
    if experiment is not None:
        say(f"{'experiment':<13}can be used: {_text(experiment)}")
    return 0


def tell_of_data(summary: str) -> None:
    """What was read from the file of rows."""
    say(f"{'data':<13}{summary}")


def _text(experiment: Experiment) -> str:
    sizes = "-".join(map(str, experiment.network.layers))
    return (
        f"{plural(experiment.epochs, 'epoch')} of {plural(experiment.row_count, 'row')} through {sizes},"
        f" {experiment.training.optimizer} at {experiment.training.lr:g}, seed {experiment.seed}"
    )


def _findings(data_dir: Path, ascii_asked: bool, blocks: bool) -> Iterator[tuple[str, str]]:
    environ = original_environment()
    size = shutil.get_terminal_size()
    yield "app", why_no_app(environ, sys.stdin, sys.stdout, sys.stderr) or "can be shown here"
    yield "terminal", f"TERM={environ.get('TERM', '')}, {size.columns}x{size.lines}"
    yield "colours", f"{_colours()} (COLORTERM={environ.get('COLORTERM', '')}, NO_COLOR={environ.get('NO_COLOR', '')})"
    yield "locale", locale_of(environ)
    yield "characters", _characters(why_ascii(environ), ascii_asked, blocks)
    yield "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    for package in ("textual", "plotext", "numpy", "numba"):
        yield package, _version(package)
    yield "torch", _torch()
    yield "engine", _engine()
    yield "data folder", _folder(data_dir)


def _colours() -> str:
    from rich.console import Console

    console = Console(force_terminal=True)
    if console.no_color:
        return "none"
    return {"truecolor": "16 million", "256": "256", "standard": "16"}.get(console.color_system or "", "none")


def _characters(why: str | None, ascii_asked: bool, blocks: bool) -> str:
    if ascii_asked:
        return "plain ASCII, as asked by --ascii"
    if why:
        return f"plain ASCII, because {why}"
    return "blocks and lines without braille, as asked by --characters blocks" if blocks else "all"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _torch() -> str:
    return _asked(_ASK_TORCH)


def _engine() -> str:
    return _asked(_ASK_ENGINE)


def _asked(code: str) -> str:
    # In a process of its own: a broken installation can end the process that imports it.
    try:
        asked = subprocess.run(
            [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=LOADING_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"does not load: {error}"
    if asked.returncode:
        last = asked.stderr.strip().splitlines()[-1:] or [f"it ended with code {asked.returncode}"]
        return f"does not load: {last[0]}"
    return asked.stdout.strip()


def _folder(data_dir: Path, would_do: str = "choose another with --data-dir") -> str:
    if data_dir.is_dir():
        able = os.access(data_dir, os.W_OK | os.X_OK)
        return f"{data_dir} ({'writable' if able else f'not writable: {would_do}'})"
    if data_dir.exists():
        return f"{data_dir} (not a folder: {would_do})"
    nearest = next(parent for parent in data_dir.parents if parent.exists())
    able = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    return f"{data_dir} ({'made when needed' if able else f'cannot be made: {would_do}'})"
