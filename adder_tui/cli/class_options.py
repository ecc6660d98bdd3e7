"""The class file that a command line or the environment names, and what it decides for a command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adder_engine.language import tr
from adder_tui.cli.output import complain
from adder_tui.storage.run_files import expanded

if TYPE_CHECKING:
    from adder_tui.course.class_file import ClassFile

VARIABLE = "ADDER_TUI_CLASS"
CLASS = click.option(
    "--class", "class_file", metavar="FILE.toml",
    help=tr("Take what a class has settled on, as {variable} names it for everybody.", variable=VARIABLE),
)  # fmt: skip


def read_class_of(named: str | None) -> ClassFile | None:
    """The class file that is named, else the one of the environment; None where there is neither.

    Raises:
        LessonError: it cannot be used; all but its last fault are told already.
    """
    name = named if named is not None else os.environ.get(VARIABLE, "")
    if not name:
        return None
    from adder_tui.course.class_file import read_class
    from adder_tui.course.source import LessonError

    try:
        return read_class(expanded(name).absolute())
    except LessonError as error:
        for problem in error.problems[:-1]:
            complain(str(problem))
        raise LessonError(error.problems[-1:]) from None


def course_of(named: str | None, taught: ClassFile | None) -> Path | None:
    """The folder of the course that is named, or that the class takes; None for the one that comes along."""
    if named is None:
        return taught.course if taught is not None else None
    if taught is not None and taught.course is not None:
        raise click.UsageError(
            tr(
                "The class file {file} names the course already: leave out --course, or set {variable}= to nothing.",
                file=taught.file,
                variable=VARIABLE,
            )
        )
    return expanded(named).absolute()
