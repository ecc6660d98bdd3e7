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
from adder_engine.language import in_use, tr
from adder_tui.cli.output import locale_of, original_environment, say, why_ascii, why_no_app, words_of

if TYPE_CHECKING:
    from adder_tui.course.class_file import ClassFile

LOADING_SECONDS = 120
"""How long torch, or the engine, may take to load before it is given up."""

_ASK_TORCH = """
import time
start = time.perf_counter()
import torch
print(torch.__version__, f"{time.perf_counter() - start:.1f}", sep="\\n")
"""
_ASK_ENGINE = """
from adder_engine.kernels.compiler import FOLDER
from adder_engine.warm_up import is_compiled
print("compiled" if is_compiled() else "not compiled", FOLDER or "", sep="\\n")
"""


def check(
    data_dir: Path, ascii_asked: bool, blocks: bool, taught: ClassFile | None, chosen: Callable[[], Experiment | None]
) -> int:
    """Print the report; 2 where the experiment that ``chosen`` reads cannot be used, else 0."""
    for name, finding in _findings(data_dir, ascii_asked, blocks):
        _tell(name, finding)
    if taught is not None:
        _tell(tr("class"), taught.file)
        if (drop := taught.drop) is not None:
            there = _folder(drop, tr("tell your teacher")) if drop.exists() else tr("{folder} (missing)", folder=drop)
            _tell(tr("drop folder"), there)
    try:
        experiment = chosen()
    except (AdderError, click.UsageError) as error:
        why = error.format_message() if isinstance(error, click.UsageError) else str(error)
        _tell(tr("experiment"), tr("cannot be used: {why}", why=why))
        return 2
    if experiment is not None:
        text = tr("{epochs} of {rows} through {sizes}, {optimizer} at {lr:g}, seed {seed}", **words_of(experiment))
        _tell(tr("experiment"), tr("can be used: {experiment}", experiment=text))
    return 0


def tell_of_data(summary: str) -> None:
    """What was read from the file of rows."""
    _tell(tr("data"), summary)


def _tell(name: str, finding: object) -> None:
    say(f"{name:<12} {finding}")


def _findings(data_dir: Path, ascii_asked: bool, blocks: bool) -> Iterator[tuple[str, str]]:
    environ = original_environment()
    size = shutil.get_terminal_size()
    yield tr("app"), why_no_app(environ, sys.stdin, sys.stdout, sys.stderr) or tr("can be shown here")
    yield tr("terminal"), f"TERM={environ.get('TERM', '')}, {size.columns}x{size.lines}"
    asked = f"COLORTERM={environ.get('COLORTERM', '')}, NO_COLOR={environ.get('NO_COLOR', '')}"
    yield tr("colours"), f"{_colours()} ({asked})"
    yield tr("locale"), locale_of(environ)
    yield tr("language"), in_use()
    yield tr("characters"), _characters(why_ascii(environ), ascii_asked, blocks)
    here = {"version": platform.python_version(), "system": platform.system(), "machine": platform.machine()}
    yield "python", tr("{version} on {system} {machine}, {cores} cores", **here, cores=os.cpu_count())
    for package in ("textual", "plotext", "numpy", "numba"):
        try:
            yield package, version(package)
        except PackageNotFoundError:
            yield package, tr("missing")
    said, why = _asked(_ASK_TORCH)
    yield "torch", why or tr("{version}, loads in {seconds} s", version=said[0], seconds=said[1])
    yield tr("engine"), _engine()
    yield tr("data folder"), _folder(data_dir)


def _colours() -> str:
    from rich.console import Console

    console = Console(force_terminal=True)
    if console.no_color:
        return tr("none")
    return {"truecolor": tr("16 million"), "256": "256", "standard": "16"}.get(console.color_system or "", tr("none"))


def _characters(why: str | None, ascii_asked: bool, blocks: bool) -> str:
    if ascii_asked:
        return tr("plain ASCII, as asked by --ascii")
    if why:
        return tr("plain ASCII, because {why}", why=why)
    return tr("blocks and lines without braille, as asked by --characters blocks") if blocks else tr("all")


def _engine() -> str:
    said, why = _asked(_ASK_ENGINE)
    if why:
        return why
    where = said[1] or tr("no folder that can be written to, so that it is compiled at each start, in about a minute")
    if said[0] == "compiled":
        return tr("compiled in {where}", where=where)
    return tr("not compiled yet: the first start does it, in {where}", where=where)


def _asked(code: str) -> tuple[list[str], str]:
    """The lines that the code prints, or why it does not load."""
    # In a process of its own: a broken installation can end the process that imports it.
    try:
        asked = subprocess.run(
            [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=LOADING_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], tr("does not load: {error}", error=error)
    if asked.returncode:
        last = asked.stderr.strip().splitlines()[-1:] or [tr("it ended with code {code}", code=asked.returncode)]
        return [], tr("does not load: {error}", error=last[0])
    return asked.stdout.split("\n"), ""


def _folder(data_dir: Path, would_do: str = tr("choose another with --data-dir")) -> str:
    if data_dir.is_dir():
        able = os.access(data_dir, os.W_OK | os.X_OK)
        state = tr("writable") if able else tr("not writable: {would_do}", would_do=would_do)
        return f"{data_dir} ({state})"
    if data_dir.exists():
        return tr("{folder} (not a folder: {would_do})", folder=data_dir, would_do=would_do)
    nearest = next(parent for parent in data_dir.parents if parent.exists())
    able = nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)
    state = tr("made when needed") if able else tr("cannot be made: {would_do}", would_do=would_do)
    return f"{data_dir} ({state})"
