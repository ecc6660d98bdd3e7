"""The experiment that somebody names on the command line: a preset or a file, with keys set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adder_engine.errors import ExperimentError
from adder_engine.experiment import Experiment

LARGEST_FILE = 1_000_000
"""Bytes; a thousand rows written out take a tenth of that."""


def read_experiment(source: str, assignments: Sequence[str] = ()) -> Experiment:
    """The preset of that name, or the file where ``source`` ends in ``.toml`` or contains a slash.

    Args:
        source: a preset's name or a file's path.
        assignments: texts such as ``training.lr=0.01``, applied together.

    Raises:
        ExperimentError: there is none such, the file cannot be read, or a value will not do.
    """
    experiment = _read_file(Path(source)) if source.endswith(".toml") or "/" in source else Experiment.preset(source)
    return experiment.parsed(*assignments)


def _read_file(path: Path) -> Experiment:
    try:
        # Bounded, because a path may lead to something that never ends, such as /dev/zero.
        with path.open("rb") as file:
            held = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise ExperimentError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if len(held) > LARGEST_FILE:
        raise ExperimentError(f"{path} is no experiment: it holds over {LARGEST_FILE:,} bytes.")
    try:
        return Experiment.from_toml(held.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ExperimentError(f"{path} is not UTF-8 text: save it as UTF-8, as TOML asks.") from None
    except ExperimentError as error:
        raise ExperimentError(f"{path}: {error}") from None
