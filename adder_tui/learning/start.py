"""Where the app begins: in lesson 1 for somebody new, later where one was. Read before the first frame, so cheap."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from adder_tui.tabs import FIRST_TAB, TABS

if TYPE_CHECKING:
    from adder_tui.settings import Settings

FIRST_LESSON = "first"
"""Stands for the id of whichever lesson comes first."""
PLACE = "place"
"""A file of the data folder: the tab that was in front last, and the lesson's id if one was in a lesson."""
LONGEST = 200


def read_place(data_dir: Path) -> tuple[str, str] | None:
    """The tab and the lesson (or nothing) where one was; None where that is not known."""
    try:
        with (data_dir / PLACE).open(encoding="ascii") as file:
            tab, _, lesson = file.read(LONGEST).strip().partition(" ")
    except (OSError, ValueError):
        return None
    return (tab, lesson) if tab.isidentifier() else None


def write_place(data_dir: Path, tab: str, lesson: str) -> None:
    """Keep where one is; a folder that cannot be written to is no reason to stop."""
    with contextlib.suppress(OSError, ValueError):
        (data_dir / PLACE).write_text(f"{tab} {lesson}\n", encoding="ascii")


def is_new(data_dir: Path) -> bool:
    """Whether nobody has used this folder: there is no progress and no run in it."""
    try:
        return not any(path.suffix == ".npz" or path.name.startswith("progress") for path in data_dir.iterdir())
    except OSError:
        return True


def begin(settings: Settings) -> tuple[str, str]:
    """The tab to begin on, and the lesson to open there: its id, :data:`FIRST_LESSON`, or nothing."""
    if settings.lesson:
        return "learn", settings.lesson
    if settings.experiment is not None or settings.open_run is not None:
        return FIRST_TAB, ""
    if settings.course is not None:
        return "learn", ""
    place = read_place(settings.data_dir)
    if place is not None and any(tab.id == place[0] for tab in TABS):
        return ("learn", place[1]) if place[1] else place
    return ("learn", FIRST_LESSON) if is_new(settings.data_dir) else (FIRST_TAB, "")
