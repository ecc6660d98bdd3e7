"""How the kernels are compiled: by numba, once, into a cache that lies where it can be written."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from llvmlite import ir
from numba.core import config
from numba.extending import intrinsic
from platformdirs import user_cache_path

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "boundscheck": False, "error_model": "numpy", "_nrt": False}


def cache_folders() -> Iterator[Path]:
    """Where compiled kernels may lie, the best place first: beside the sources, or with the user's own caches.

    Nowhere that others may write to: numba unpickles what lies there.
    """
    here = Path(__file__).parent
    # Of all sources: numba looks at a function's own file alone, and not at what it calls.
    sources = b"".join(path.read_bytes() for path in sorted(here.glob("*.py")))
    name = f"{numba.__version__}-{np.__version__}-{hashlib.sha256(sources).hexdigest()[:12]}"
    yield here / "__pycache__" / name
    yield user_cache_path("adder-tui", ensure_exists=False) / "kernels" / name


def cache_folder() -> Path | None:
    """The first folder that this user may write to, made; None where there is none."""
    for folder in cache_folders():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return None


FOLDER = cache_folder()
"""Where the compiled kernels lie; None where they are compiled anew each time."""


@contextlib.contextmanager
def _caching() -> Iterator[None]:
    """numba's own setting is for the whole process: it is as it was afterwards."""
    before = getattr(config, "CACHE_DIR")  # noqa: B009 - numba makes its settings as it starts
    setattr(config, "CACHE_DIR", "" if FOLDER is None else str(FOLDER))  # noqa: B010
    try:
        yield
    finally:
        setattr(config, "CACHE_DIR", before)  # noqa: B010


def _compiled(fastmath: bool | set[str]) -> Callable[[Function], Function]:
    def wrap(function: Function) -> Function:
        with _caching():
            made: Any = numba.njit(**{**_OPTIONS, "cache": FOLDER is not None}, fastmath=fastmath)(function)
        if FOLDER is not None:
            file = made._cache._cache_file
            file.load, file.save = _forgiving(file.load, file.flush), _one_at_a_time(file.save, FOLDER / "lock")
        return cast("Function", made)

    return wrap


def _forgiving(load: Callable[[Any], Any], forget: Callable[[], None]) -> Callable[[Any], Any]:
    """Numba's loading, where a damaged file is as good as none: what lies there is forgotten and compiled anew."""

    def found(key: Any) -> Any:
        try:
            return load(key)
        except Exception:  # whatever unpickling comes to
            with contextlib.suppress(OSError):
                forget()
            return None

    return found


def _one_at_a_time(save: Callable[[Any, Any], None], lock: Path) -> Callable[[Any, Any], None]:
    """Numba's saving, for processes that compile at once.

    It looks for a file name that is free, notes it in the index and writes the file: two at a time would take one
    name, and a function be found under the other's types.
    """

    def alone(key: Any, data: Any) -> None:
        with contextlib.suppress(OSError), open(lock, "w") as file:  # no room: it is compiled anew next time
            with contextlib.suppress(OSError):  # a disk without locks
                fcntl.flock(file, fcntl.LOCK_EX)
            save(key, data)

    return alone


compiled = _compiled({"reassoc", "contract", "nsz"})
"""For sums, whose terms may be added up in the order that is quickest. NaN and infinity stay what they are."""
exactly = _compiled(False)
"""For formulas that are rounded as they are written."""


@intrinsic
def float_of_bits(context: Any, bits: Any = None) -> Any:
    """The float32 of these 32 bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return numba.float32(numba.int32), generate


@intrinsic
def fma(context: Any, x: Any, y: Any = None, z: Any = None) -> Any:
    """x·y + z, rounded once."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return x(x, x, x), generate
