"""Where the program writes: everything lies in one folder, made when it is first needed."""

from pathlib import Path

import platformdirs

from adder_engine.errors import AdderError

AUTOSAVE = "autosave.npz"


def default_data_dir() -> Path:
    """The platform's folder for a program's state, such as ``~/.local/state/adder-tui``; not made yet."""
    return platformdirs.user_state_path("adder-tui", appauthor=False)


def expanded(typed: str) -> Path:
    """The path that is typed, with ``~`` for one's home folder: a shell leaves it as it is in ``--data=~/rows.csv``.

    Raises:
        AdderError: nobody's home folder is meant.
    """
    try:
        return Path(typed).expanduser()
    except RuntimeError:
        raise AdderError(f"{typed!r} names nobody's home folder: write ~/ for your own, or the whole path.") from None


def make_data_dir(data_dir: Path) -> Path:
    """Make the folder, for its owner alone, where it is missing; one that exists keeps its permissions.

    Raises:
        OSError: it cannot be made, or something else has its name.
    """
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    data_dir.mkdir(mode=0o700, exist_ok=True)
    return data_dir


def autosave_path(data_dir: Path, instance_lock: int = 1) -> Path:
    """The run that is saved every few seconds; makes the folder. Apps that run at once have seats 1, 2, …

    Raises:
        OSError: the folder cannot be made.
    """
    name = AUTOSAVE if instance_lock == 1 else f"{Path(AUTOSAVE).stem}-{instance_lock}.npz"
    return make_data_dir(data_dir) / name
