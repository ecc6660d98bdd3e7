"""What a file is that was taken for something else, and what would do. Needs no torch."""

from __future__ import annotations

import zipfile
from pathlib import Path

HEAD = 4_096
"""Bytes that are looked at."""
_RUN = "a saved run ends in .npz: Ctrl+S writes one"
_OTHERS = {
    ".toml": ("an experiment", "--experiment opens it, and so does train"),
    ".csv": ("a table", "--data trains on the rows in one"),
    ".txt": ("a text", "--data trains on the rows in one"),
    ".tsv": ("a table", "--data trains on the rows in one"),
    ".py": ("a program", "python runs it"),
    ".ipynb": ("a notebook", "Jupyter opens it"),
    ".svg": ("a picture", "a browser shows it"),
}


def what_is(path: Path) -> str:
    """``a folder: …`` or ``weights for torch.load: …``: what is no run; empty where none can tell."""
    try:
        if path.is_dir():
            return f"a folder: {_RUN}."
        with path.open("rb") as file:
            head = file.read(HEAD)
        inside = _names(path) if head.startswith(b"PK") else []
    except (OSError, ValueError):
        return ""
    if any(name.endswith("data.pkl") for name in inside):
        return f"weights for torch.load, without the run's past and its data: {_RUN}."
    if any(name.startswith(("xl/", "word/", "content.xml")) for name in inside):
        return f"an office document: {_RUN}; rows go through --data, saved as CSV."
    kind, use = _OTHERS.get(path.suffix.lower(), ("", ""))
    return f"{kind}: {use}; {_RUN}." if kind else ""


def _names(path: Path) -> list[str]:
    """The names within a zip archive; none where it is not one."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return []
