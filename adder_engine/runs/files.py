"""A run on disk: one ``.npz`` of plain arrays and JSON, read without pickle and without torch."""

from __future__ import annotations

import contextlib
import json
import os
import re
import struct
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from adder_engine.disk import open_regular, write_whole
from adder_engine.errors import RunFileError, why_of
from adder_engine.experiment import Experiment
from adder_engine.language import tr
from adder_engine.runs.labels import title_of
from adder_engine.schema import LARGEST_TOML

FORMAT = 1
LARGEST = 256 * 2**20
"""Bytes that a run file may have, and that a run and those in its list may unpack to."""
LARGEST_LISTING = 2**20
"""Bytes of the archive's list of members, of which each takes some 60."""
LARGEST_MEMBER = {
    "experiment": 4 * LARGEST_TOML + 2**10, "facts": 16 * 2**20, "states": 96 * 2**20, "streams": 8 * 2**20,
    "stream_places": 2**16, "train": 2**20, "test": 2**20,
}  # fmt: skip
"""Bytes that each array may unpack to; texts take four a character."""
MOST_LISTS, MOST_VALUES = 400_000, 2_000_000
"""Brackets and commas in a run's facts: some hundred thousand deeds."""
_RUN = tr("a saved run ends in .npz: Ctrl+S writes one")
_OTHERS = {
    ".toml": (tr("an experiment"), tr("--experiment opens it, and so does train")),
    ".csv": (tr("a table"), tr("--data trains on the rows in one")),
    ".txt": (tr("a text"), tr("--data trains on the rows in one")),
    ".tsv": (tr("a table"), tr("--data trains on the rows in one")),
    ".py": (tr("a program"), tr("python runs it")),
    ".ipynb": (tr("a notebook"), tr("Jupyter opens it")),
    ".svg": (tr("a picture"), tr("a browser shows it")),
}

Array = NDArray[Any]


@dataclass(frozen=True)
class SavedRun:
    """Everything that a run is, as arrays and JSON values."""

    experiment: Experiment
    """As the run began."""
    facts: dict[str, Any]
    """Where it stands: moment, newest, stop, events, spacing, the current sum and the watched ones."""
    states: NDArray[np.float32]
    """``(k, 4, P)``: the keyframes' states."""
    counters: list[dict[str, Any]]
    """The keyframes' counters."""
    streams: NDArray[np.uint8]
    """``(s, bytes)``: the generator's states that the keyframes refer to."""
    stream_places: NDArray[np.int64]
    """``(k, 2)``: which stream is each keyframe's own, and which its epoch's; -1 for none."""
    train: NDArray[np.float64]
    """``(4, buckets)``: the history's epochs, last, lowest and highest training losses."""
    test: NDArray[np.float64]
    widths: tuple[int, int]


@dataclass(frozen=True)
class RunFileInfo:
    """What a run is, in short."""

    title: str
    experiment: Experiment
    epoch: int
    changed: bool
    """Something was done to it by hand."""

    @property
    def untouched(self) -> bool:
        """It is what its experiment makes of itself, and can be made again."""
        return self.epoch == 0 and not self.changed


def write(path: Path, run: SavedRun, others: Sequence[SavedRun] = ()) -> None:
    """Write a run in one piece, and the runs in its list: to a file beside it, then renamed over it.

    Raises:
        RunFileError: it could not be written; the file that was there is untouched.
    """
    arrays = _arrays(run)
    for i, other in enumerate(others):
        arrays |= {f"{_prefix(i)}{name}": array for name, array in _arrays(other).items()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda file: np.savez(file, **arrays), 0o600)
    except (OSError, ValueError) as error:
        raise RunFileError("The run could not be saved to {path}: {why}.", path=path, why=why_of(error)) from None


_ARRAYS = ("states", "streams", "stream_places", "train", "test")


def _arrays(run: SavedRun) -> dict[str, Any]:
    text = json.dumps({"format": FORMAT, "facts": run.facts, "counters": run.counters, "widths": run.widths})
    texts = {"experiment": np.array(run.experiment.to_toml()), "facts": np.array(text)}
    return texts | {name: getattr(run, name) for name in _ARRAYS}


def _prefix(place: int) -> str:
    """What the names of the arrays of a run in the list begin with; the run itself has none."""
    return f"run{place}_"


def read(path: Path) -> SavedRun:
    """Read a run. Raises RunFileError: there is no such file, it is no run, or it is damaged."""
    with _reading(path) as arrays:
        run = _checked(arrays, "")
    return run


def read_others(path: Path) -> list[SavedRun]:
    """Read the runs that are in a run's list, in its order. Raises RunFileError: as :func:`read`."""
    others: list[SavedRun] = []
    with _reading(path) as arrays:
        while f"{_prefix(len(others))}facts" in arrays:
            others.append(_checked(arrays, _prefix(len(others))))
    return others


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[Any]:
    """The file's arrays; whatever goes wrong becomes a sentence."""
    try:
        with open_regular(path) as file:
            with _archive(file) as archive:
                members = archive.infolist()
            sizes = [(_LISTED.sub("", one.filename.removesuffix(".npy")), one.file_size) for one in members]
            over = any(size > LARGEST_MEMBER.get(name, LARGEST) for name, size in sizes)  # what is not ours is not read
            if over or sum(size for _, size in sizes) > LARGEST:
                raise RunFileError("{path} is too large to be a run of ours.", path=path)
            file.seek(0)
            with np.load(file, allow_pickle=False) as arrays:
                yield arrays
    except FileNotFoundError:
        raise RunFileError("There is no file {path}.", path=path) from None
    except RunFileError:
        raise
    except Exception:  # damage makes zipfile, zlib, numpy and json raise whatever they like
        kind = _what_is(path)
        raise RunFileError(
            tr("{path} is not a run of adder-tui but {kind}", path=path, kind=kind)
            if kind
            else tr("{path} is not a run of adder-tui, or it is damaged.", path=path)
        ) from None


def _archive(file: BinaryIO) -> zipfile.ZipFile:
    """The archive, looked into only where neither it nor its list of members is too large.

    Raises:
        ValueError or zipfile.BadZipFile: it is, or there is none.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END.size))
    mark, _, _, _, _, listing, _, comment = _END.unpack(file.read(_END.size).rjust(_END.size, b"\0"))
    if mark != b"PK\5\6" or comment or listing > LARGEST_LISTING:
        raise ValueError("no archive of ours")
    return zipfile.ZipFile(file)


_END = struct.Struct("<4s4H2LH")
"""How an archive ends: a mark, disks, counts, the size of the list of members and its place, the comment's length."""


_LISTED = re.compile(r"run\d+_")


def _json(text: str) -> Any:
    """What a JSON text holds, unless it has so many parts that it would fill the memory."""
    if text.count("[") + text.count("{") > MOST_LISTS or text.count(",") > MOST_VALUES:
        raise ValueError("more than anybody did")
    return json.loads(text)


def summary(path: Path) -> RunFileInfo | None:
    """What run a file holds; None where it holds none that can be read."""
    try:
        run = read(path)
    except RunFileError:
        return None
    return RunFileInfo(title_of(run.experiment), run.experiment, int(run.facts["epoch"]), bool(run.facts["events"]))


def _checked(arrays: Any, prefix: str) -> SavedRun:
    """Build the run whose arrays' names begin so, holding every shape and type against what it must be."""
    experiment = Experiment.from_toml(str(arrays[prefix + "experiment"]))
    facts = _json(str(arrays[prefix + "facts"]))
    states, streams, places, train, test = (arrays[prefix + name] for name in _ARRAYS)
    counters = facts["counters"]
    keyframes = len(states)
    good = (
        facts["format"] == FORMAT
        and isinstance(facts["facts"]["epoch"], int)
        and keyframes > 0
        and states.shape == (keyframes, 4, experiment.parameter_count)
        and states.dtype == np.float32
        and len(counters) == keyframes
        and streams.ndim == 2
        and streams.dtype == np.uint8
        and places.shape == (keyframes, 2)
        and places.dtype.kind == "i"
        and bool(((places >= -1) & (places < len(streams))).all())
        and all(a.ndim == 2 and len(a) == 4 and a.dtype == np.float64 for a in (train, test))
    )
    if not good:
        raise ValueError("not as it was written")
    first, second = facts["widths"]
    return SavedRun(
        experiment, facts["facts"], states, counters, streams, places, train, test, (int(first), int(second))
    )


def _what_is(path: Path) -> str:
    """``a folder: …`` or ``weights for torch.load: …``: what is no run; empty where none can tell."""
    try:
        if os.path.isdir(path):
            return tr("a folder: {run}.", run=_RUN)
        with open_regular(path) as file:
            inside = _archive(file).namelist() if file.read(2) == b"PK" else []
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        inside = []
    if any(name.endswith("data.pkl") for name in inside):
        return tr("weights alone, without the run's past and its data: --weights starts from them; {run}.", run=_RUN)
    if any(name.startswith(("xl/", "word/", "content.xml")) for name in inside):
        return tr("an office document: {run}; rows go through --data, saved as CSV.", run=_RUN)
    kind, use = _OTHERS.get(path.suffix.lower(), ("", ""))
    return f"{kind}: {use}; {_RUN}." if kind else ""
