"""Weights from elsewhere, to start a network from: PyTorch's ``state_dict``, safetensors, ``.npz`` or JSON.

A file from anywhere is looked at before anything in it is believed: it is read up to a size, every shape is held
against the bytes that are there before a tensor is made, and nothing in it is ever run. PyTorch's own files are read
by PyTorch, which holds them to weights alone, in a process of its own: ``python -m adder_engine.weights_file FILE``.
"""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from adder_engine.disk import open_regular, read_bounded
from adder_engine.errors import WeightsError, cut, why_of
from adder_engine.experiment import Experiment
from adder_engine.language import tr

LARGEST = 16 * 2**20
"""Bytes of a file, and of what is packed in it; the largest network has 21,057 numbers."""
LARGEST_JSON = 2 * 2**20
"""Bytes of a file of JSON, a hundred for each of these numbers: what is made of its lists takes tens of times that."""
MOST_TENSORS = 1_000
ENDINGS = frozenset({".pt", ".pth", ".safetensors", ".json"})
LOADING_SECONDS = 60.0
"""PyTorch takes a second or two."""
SHOWN = 6
"""Names that are told one by one."""

Tensors = dict[str, NDArray[np.float32]]


def are_weights(path: Path) -> bool:
    """Whether a file is of a kind that holds weights alone, by its name, and of an ``.npz`` by what is in it."""
    kind = path.suffix.lower()
    if kind != ".npz":
        return kind in ENDINGS
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            return "facts.npy" not in archive.namelist() and any(".weight" in name for name in archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def starting_weights(path: Path, experiment: Experiment) -> tuple[float, ...]:
    """The file's weights in the order of the network's parameters, as ``network.init`` takes them, bit for bit.

    Raises:
        WeightsError: the file cannot be read, or its names, shapes, types or numbers are not the network's.
    """
    return _fitting(path, read(path), experiment)


def read(path: Path) -> Tensors:
    """The file's tensors by their names.

    Raises:
        WeightsError: there is no such file, it holds no weights, or others than float32.
    """
    try:
        content = read_bounded(path, LARGEST)
    except (OSError, ValueError) as error:
        raise WeightsError("{path} cannot be read: {why}.", path=path, why=why_of(error)) from None
    _check_size(path, content, LARGEST)
    try:
        if content.startswith(b"PK"):
            return _of_archive(path, content)
        if content.startswith(b"\x80"):
            raise WeightsError(
                "{path} is a pickle, which may run code and is not read: torch.save(model.state_dict(), FILE) of "
                "PyTorch 1.6 or later writes weights that are.",
                path=path,
            )
        if content[8:9] == b"{":
            return _of_safetensors(path, content)
        return _of_json(path, content)
    except WeightsError:
        raise
    except Exception:  # damage makes zipfile, zlib, numpy and json raise whatever they like
        raise WeightsError(
            "{path} holds no weights that can be read: it takes a state_dict saved by torch.save, "
            'safetensors, .npz, or JSON such as {{"input.weight": [[…]], "input.bias": […], …}}.',
            path=path,
        ) from None


def _check_size(path: Path, content: bytes, most: int) -> None:
    if len(content) > most:
        most //= 2**20
        raise WeightsError("{path} is too large to be weights of ours: it holds over {largest} MiB.",
                           path=path, largest=most)  # fmt: skip


def _of_archive(path: Path, content: bytes) -> Tensors:
    """``.npz``, or what ``torch.save`` writes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        if sum(info.file_size for info in archive.infolist()) > LARGEST or len(names) > MOST_TENSORS:
            raise WeightsError(
                "{path} is too large to be weights of ours: it unpacks to over {largest} MiB.",
                path=path,
                largest=LARGEST // 2**20,
            )
        if any(name.endswith("data.pkl") for name in names):
            return _of_torch(path)
        if "facts.npy" in names:
            raise WeightsError(
                "{path} is a saved run, not weights alone: --open, or O in the app, goes on with it.", path=path
            )
        if not names or not all(name.endswith(".npy") for name in names):
            raise ValueError("no arrays")
        return {name.removesuffix(".npy"): _of_npy(path, name, archive.read(name)) for name in names}


def _of_npy(path: Path, name: str, content: bytes) -> NDArray[np.float32]:
    """One array of an ``.npz``, whose header is held against its bytes; numpy itself would first make room for it."""
    file, form = io.BytesIO(content), np.lib.format
    version = form.read_magic(file)
    header = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
    shape, fortran, dtype = header(file)
    numbers = _tensor(path, name.removesuffix(".npy"), dtype.name, shape, content[file.tell() :], dtype)
    return numbers.reshape(shape[::-1]).T.copy() if fortran else numbers


def _tensor(path: Path, name: str, kind: str, shape: Any, content: bytes, dtype: Any = "<f4") -> NDArray[np.float32]:
    if kind not in ("float32", "F32"):
        raise WeightsError(
            "{name} in {path} is {kind}, and the network's numbers are float32: save them so, by model.float().",
            name=name,
            path=path,
            kind=kind,
        )
    count = math.prod(shape)
    if not all(type(n) is int and n >= 0 for n in shape) or 4 * count != len(content):
        raise WeightsError(
            "{name} in {path} claims the shape {shape}, and {bytes:,} bytes are there for it.",
            name=name,
            path=path,
            shape=_short(tuple(shape)),
            bytes=len(content),
        )
    return np.frombuffer(content, dtype=dtype).astype(np.float32).reshape(shape)


def _of_safetensors(path: Path, content: bytes) -> Tensors:
    """A header's length, the header, and the numbers: https://huggingface.co/docs/safetensors."""
    length = int.from_bytes(content[:8], "little")
    _check_size(path, content[8 : 8 + length], LARGEST_JSON)
    header, numbers = json.loads(content[8 : 8 + length]), content[8 + length :]
    if 8 + length > len(content) or len(header) > MOST_TENSORS:
        raise ValueError("a header that is longer than the file")
    tensors: Tensors = {}
    for name, about in header.items():
        if name != "__metadata__":
            begin, end = about["data_offsets"]
            if not 0 <= begin <= end <= len(numbers):
                raise ValueError("a tensor beyond the file's end")
            tensors[name] = _tensor(path, name, about["dtype"], tuple(about["shape"]), numbers[begin:end])
    return tensors


def _of_json(path: Path, content: bytes) -> Tensors:
    _check_size(path, content, LARGEST_JSON)
    found = json.loads(content.decode("utf-8-sig"), parse_constant=float)
    if not isinstance(found, dict) or not found or len(found) > MOST_TENSORS:
        raise ValueError("no names")
    tensors: Tensors = {}
    for name, numbers in found.items():
        with np.errstate(over="ignore"):  # what float32 does not hold is infinite there, and told
            array = np.array(numbers)
            truths = any(type(n) is bool for n in np.array(numbers, dtype=object).flat)  # numpy takes them for numbers
            if array.dtype.kind not in "fi" or truths:
                raise WeightsError(
                    "{name} in {path} is no number, and no list of lists of equal length of numbers.",
                    name=name,
                    path=path,
                )
            tensors[name] = array.astype(np.float32)
    return tensors


def _of_torch(path: Path) -> Tensors:
    """A ``state_dict``, read by PyTorch in a process of its own: it is slow to load, and trusts sizes in the file."""
    here = str(Path(__file__).parents[1])
    try:
        child = subprocess.run(
            [sys.executable, "-P", "-m", "adder_engine.weights_file", os.path.abspath(path)], stdin=subprocess.DEVNULL,
            capture_output=True, timeout=LOADING_SECONDS, check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH", "")]))},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WeightsError("{path} could not be read by PyTorch: {error}.", path=path, error=error) from None
    if child.returncode:
        said = child.stderr.decode(errors="replace").strip().splitlines()
        why = said[-1] if child.returncode == 2 and said else tr("PyTorch cannot read it, or is not there.")
        raise WeightsError(f"{path}: {why}")
    return _of_safetensors(path, child.stdout)


def safetensors(tensors: Tensors) -> bytes:
    """Tensors as a file of that format."""
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    for name, numbers in tensors.items():
        begin = sum(map(len, parts))
        parts.append(numbers.astype("<f4").tobytes())
        header[name] = {"dtype": "F32", "shape": numbers.shape, "data_offsets": [begin, begin + len(parts[-1])]}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(parts)


def _fitting(path: Path, tensors: Tensors, experiment: Experiment) -> tuple[float, ...]:
    """The numbers in the network's order, once every name and shape is the network's."""
    layers = experiment.network.layers
    wanted = experiment.layout.tensors
    shapes = [numbers.shape for name, numbers in tensors.items() if numbers.ndim == 2 and name.endswith("weight")]
    chain = [n for shape in shapes[:1] for n in shape[::-1]] + [shape[0] for shape in shapes[1:]]
    chained = len(chain) > 1 and all(one[0] == two[1] for one, two in pairwise(shapes)) and chain != [*layers]
    hint = tr(" Its layers are {chain}: network.layers={chain} makes the network so.", chain=_joined(chain))
    hint = hint if chained else ""
    missing = [tensor.name for tensor in wanted if tensor.name not in tensors]
    more = [name for name in tensors if name not in {tensor.name for tensor in wanted}]
    if missing or more:
        has = tr("has no {missing}", missing=_listed(missing)) if missing else ""
        has = has or tr("has {more} besides", more=_listed(more))
        if missing and more:
            has += tr(" but {more}", more=_listed(more))
        raise WeightsError(
            "{path} {has}: the network {layers} takes {names}.{hint}",
            path=path,
            has=has,
            layers=_joined(layers),
            names=", ".join(tensor.name for tensor in wanted),
            hint=hint,
        )
    for tensor in wanted:
        numbers = tensors[tensor.name]
        if numbers.shape != tensor.shape:
            raise WeightsError(
                "{name} in {path} has the shape {shape}, and in the network {layers} it has {wanted}.{hint}",
                name=tensor.name,
                path=path,
                shape=_short(numbers.shape),
                layers=_joined(layers),
                wanted=tensor.shape,
                hint=hint,
            )
        if not np.isfinite(numbers).all():
            place = np.argwhere(~np.isfinite(numbers))[0].tolist()
            raise WeightsError(
                "{name}{place} in {path} is {value}: a weight must be a finite float32.",
                name=tensor.name,
                place=place,
                path=path,
                value=float(numbers[tuple(place)]),
            )
    return tuple(np.concatenate([tensors[tensor.name].ravel() for tensor in wanted]).tolist())


def _joined(layers: Any) -> str:
    return "-".join(map(str, layers))


def _listed(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(_short(name) for name in names[:SHOWN]) + (tr(" and {more} more", more=more) if more > 0 else "")


def _short(value: Any) -> str:
    return cut("".join(c if c.isprintable() else "?" for c in str(value)))


def _main(path: str) -> int:
    """The child: PyTorch reads the file, and what it holds is written to standard output as safetensors."""
    from adder_engine.reference import loaded_weights  # brings torch

    try:
        tensors = loaded_weights(path, LARGEST // 4)
    except WeightsError as error:
        print(error, file=sys.stderr)
        return 2
    sys.stdout.buffer.write(safetensors(tensors))
    return 0


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
