"""The experiment that somebody names on the command line: a preset or a file, with rows and keys of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adder_engine.errors import ExperimentError
from adder_engine.experiment import Experiment

if TYPE_CHECKING:
    from adder_engine.keys import Row

LARGEST_FILE = 2_000_000
"""Bytes; ten thousand rows with every digit take a third of that."""


def read_experiment(source: str, assignments: Sequence[str] = (), data: str | None = None) -> Experiment:
    """The preset of that name, or the file where ``source`` ends in ``.toml`` or contains a slash.

    Args:
        source: a preset's name or a file's path.
        assignments: texts such as ``training.lr=0.01``, applied together.
        data: a file of rows to train on instead of the experiment's own data.

    Raises:
        ExperimentError: there is none such, a file cannot be read, or a value will not do.
    """
    experiment = _read_file(Path(source)) if source.endswith(".toml") or "/" in source else Experiment.preset(source)
    if data is not None:
        experiment = experiment.replace(**{"data.kind": "rows", "data.rows": _read_rows(Path(data))})
    return experiment.parsed(*assignments)


def _read_rows(path: Path) -> tuple[Row, ...]:
    from adder_engine.rows import parse_rows  # not at the top: most starts need none

    try:
        return parse_rows(_text_of(path, "list of rows", "choose UTF-8 when you save it"))
    except ExperimentError as error:
        told = str(error)
        joint = ", " if told.startswith("line ") else ": "
        raise error if told.startswith(f"{path}") else ExperimentError(f"{path}{joint}{told}") from None


def _read_file(path: Path) -> Experiment:
    try:
        return Experiment.from_toml(_text_of(path, "experiment", "save it as UTF-8, as TOML asks"))
    except ExperimentError as error:
        told = str(error)
        raise error if told.startswith(f"{path}") else ExperimentError(f"{path}: {told}") from None


def _text_of(path: Path, what: str, hint: str) -> str:
    try:
        # Bounded, because a path may lead to something that never ends, such as /dev/zero.
        with path.open("rb") as file:
            held = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise ExperimentError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if len(held) > LARGEST_FILE:
        raise ExperimentError(f"{path} is no {what}: it holds over {LARGEST_FILE:,} bytes.")
    try:
        return held.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ExperimentError(f"{path} is not UTF-8 text: {hint}.") from None
