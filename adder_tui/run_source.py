"""The run that somebody names on the command line: a saved one, or an experiment that is trained for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adder_engine.errors import AdderError, RunFileError
from adder_tui.paths import expanded

if TYPE_CHECKING:
    from adder_engine.recording import Recording
    from adder_engine.runfile import SavedRun

ZIP = b"PK"
"""How a run file begins, whatever it is called."""


def is_run_file(source: str) -> bool:
    """Whether the name means a saved run rather than a preset or an experiment's file."""
    if source.endswith(".npz"):
        return True
    if source.endswith(".toml") or "/" not in source:
        return False
    try:
        with expanded(source).open("rb") as file:
            return file.read(len(ZIP)) == ZIP
    except (OSError, ValueError):
        return False


def read_run(source: str) -> SavedRun:
    """The saved run as arrays, without torch.

    Raises:
        RunFileError: there is no such file, it is no run, or it is damaged.
    """
    from adder_engine.runfile import read

    if "\0" in source:
        raise RunFileError(f"There is no file {source!r}.")
    return read(expanded(source))


def open_run(source: str) -> Recording:
    """The saved run, at the moment where it stood.

    Raises:
        RunFileError: there is no such file, it is no run, or it is damaged.
    """
    run = read_run(source)
    # Not at the top: the command line must come without torch.
    from adder_engine.keeping import opened

    try:
        return opened(run)
    except AdderError as error:
        raise RunFileError(f"{source}: {error}") from None
