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
    """``is a folder``, or ``holds weights, …``: what stands at a path that is no run; empty where nobody can tell."""
    try:
        if path.is_dir():
            return f"is a folder, and no run: {_RUN}."
        with path.open("rb") as file:
            head = file.read(HEAD)
        inside = _names(path) if head.startswith(b"PK") else []
    except (OSError, ValueError):
        return ""
    if any(name.endswith("data.pkl") for name in inside):
        return f"holds weights for torch.load, and no run, which has its past and its data besides: {_RUN}."
    if any(name.startswith(("xl/", "word/", "content.xml")) for name in inside):
        return f"is an office document, and no run: {_RUN}; rows go through --data, saved as CSV."
    if not head:
        return f"is empty, and no run: {_RUN}."
    kind, use = _OTHERS.get(path.suffix.lower(), ("", ""))
    return f"is {kind}, and no run: {use}; {_RUN}." if kind else ""


def _names(path: Path) -> list[str]:
    """The names within a zip archive; none where it is not one."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return []
