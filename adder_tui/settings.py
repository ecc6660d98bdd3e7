"""What the command line decided for the app."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import platformdirs

if TYPE_CHECKING:
    from adder_engine.experiment import Experiment


THEMES = ("dark", "light")
CHARACTERS = ("all", "blocks", "ascii")
"""What is drawn with: all characters, blocks and lines but no braille, or plain ASCII."""
PACES: tuple[float | None, ...] = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, None)
"""Epochs a second; None is as fast as it goes."""
Pace = float | Literal["full"]


def default_data_dir() -> Path:
    """The platform's folder for a program's state, such as ``~/.local/state/adder-tui``; not made yet."""
    return platformdirs.user_state_path("adder-tui", appauthor=False)


@dataclass(frozen=True)
class Settings:
    """How the app looks and what it opens on."""

    fps: float = 4.0
    """Redraws a second while training."""
    ascii: bool = False
    """Draw with plain ASCII characters alone."""
    blocks: bool = False
    """Draw with blocks and lines, without braille."""
    mouse: bool = True
    theme: str | None = None
    """One of :data:`THEMES`; None leaves the choice to the app."""
    data_dir: Path = field(default_factory=default_data_dir)
    """Everything that is written goes here; :mod:`adder_tui.storage.data_dir` makes it when it is needed."""
    experiment: Experiment | None = None
    """The experiment that was asked for; None for the usual start."""
    open_run: Path | None = None
    """The saved run that was asked for; ``experiment`` is then the one that it began with."""
    data_notice: str = ""
    """What was read from a file of rows, in a sentence; empty where none was."""
    record: Path | None = None
    """The file that the session is written down in, as an asciicast; None for none."""
    lesson: str = ""
    """The id of the lesson that was asked for; empty for where one was."""
    course: Path | None = None
    """The folder of a course of one's own; None for the one that comes along."""
    assigned: tuple[str, ...] = ()
    """A class's lessons of today, by number or id."""
    pace: Pace | None = None
    """The pace that a class has settled on; None for one that fits the experiment."""
    drop: Path | None = None
    """A class's folder, into which progress exports itself."""
