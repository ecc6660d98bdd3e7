"""Whatever bytes a file or a line holds: a reader takes it, or refuses it in one sentence, soon and with little memory.

What fell once, or is of the kind that fell, is kept in ``saved/``, a folder for each reader.
"""

from __future__ import annotations

import gc
import io
import json
import resource
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_engine.errors import AdderError
from adder_engine.experiment import Experiment
from adder_engine.parsing import parse_sum
from adder_engine.presets import PRESETS
from adder_engine.runs.files import read, read_others, write
from adder_engine.runs.restoring import companions_restored, opened, saved
from adder_engine.runs.run import Run
from adder_engine.weights_file import safetensors, starting_weights
from adder_tui.cli.inputs import read_experiment
from adder_tui.course.course import OWN_COURSE, read_glossary
from adder_tui.course.loader import read_lesson
from adder_tui.storage.progress import Progress, enter, fresh, predict
from adder_tui.storage.progress_store import Store, from_line, to_line
from tests.engine.strategies import examples
from tests.tui.course.lesson_file import SMALL

SAVED = Path(__file__).with_name("saved")
GLOSSARY = (OWN_COURSE / "glossary.toml").read_bytes()
SECONDS, MEBIBYTES = 2.0, 100
"""Processor time that a reader may take, and memory above what was there."""


def _in_file(reads: Callable[[Path], object], ending: str) -> Callable[[bytes], object]:
    def read_bytes(data: bytes) -> object:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"given{ending}"
            path.write_bytes(data)
            return reads(path)

    return read_bytes


def _read_run(path: Path) -> object:
    return opened(read(path)), companions_restored(read_others(path))


def _read_progress(path: Path) -> object:
    store = Store(path.parent, path.name)
    store.change(lambda tree: predict(enter_first(tree), "slope", "guess", "up"))
    assert store.progress.lesson("slope").prediction
    return store.progress.lesson("loss"), store.warning


def enter_first(tree: dict[str, object]) -> dict[str, object]:
    enter(tree, "slope")
    return tree


def _run_file() -> bytes:
    run = Run(Experiment().replace(**{"data.kind": "rows", "data.rows": ((1, 2), (3, 4, 7)), "epochs": 50}))
    run.run(9)
    run.edit(3, 0.25)
    run.change(**{"training.lr": 0.5, "stop.sum": (1, 2)})
    run.run(4)
    with tempfile.TemporaryDirectory() as folder:
        write(path := Path(folder) / "run.npz", saved(run.left(), {"watched": [[30.0, 70.0]], "asked": [30.0, 70.0]}))
        return path.read_bytes()


def _progress() -> dict[str, object]:
    tree = fresh()
    enter(tree, "loss")
    return tree


WEIGHTS = {name: np.full(shape, 0.5, np.float32) for name, shape in (
    ("input.weight", (4, 2)), ("input.bias", (4,)), ("hidden.weight", (4, 4)), ("hidden.bias", (4,)),
    ("output.weight", (1, 4)), ("output.bias", (1,)),
)}  # fmt: skip
_read_weights = _in_file(lambda path: starting_weights(path, Experiment()), ".weights")


def _packed_weights() -> bytes:
    np.savez(held := io.BytesIO(), **WEIGHTS)
    return held.getvalue()


READERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "experiment": (
        _in_file(lambda path: read_experiment(str(path)), ".toml"), Experiment.preset("overfit").to_toml().encode(),
    ),
    "rows": (
        _in_file(lambda path: read_experiment("one-pair", data=str(path)), ".csv"),
        b'a;b;"a + b"\n30;70;100\n"1,5";2;3,5\n# x\n1 + 2 = 3\n',
    ),
    "lesson": (_in_file(read_lesson, ".md"), SMALL.encode()),
    "glossary": (_in_file(read_glossary, ".toml"), b"\n\n".join(GLOSSARY.split(b"\n\n")[:4])),
    "progress": (_in_file(_read_progress, ".json"), json.dumps(_progress()).encode()),
    "progress line": (lambda data: from_line(data.decode("utf-8", "replace")), to_line(Progress(_progress())).encode()),
    "run": (_in_file(_read_run, ".npz"), _run_file()),
    "weights": (_read_weights, safetensors(WEIGHTS)),
    "packed weights": (_read_weights, _packed_weights()),
    "written weights": (_read_weights, json.dumps({name: array.tolist() for name, array in WEIGHTS.items()}).encode()),
    "sum": (lambda data: parse_sum(data.decode("utf-8", "replace")), "−3.5e2 + .7".encode()),
    "value": (lambda data: Experiment().parsed(data.decode("utf-8", "replace")), b"network.layers=2-8-1"),
}  # fmt: skip
"""What takes bytes from elsewhere, and bytes that it takes gladly."""

FRAGMENTS = (
    b"\0", b"\xff", b"\xe2\x88", b"\n", b"\r", b'"', b"'''", b"[", b"]", b"[[", b"{", b"}", b"=", b".", b",", b";",
    b"#", b"9", b"-", b"e9", b"0x", b"a.", b"a=1\n", b"[a]\n", b"nan", b"inf", b"true", b"1979-05-27", b"+++\n", b"\\",
    b"\\u", b"PK\x05\x06", b"null", b"1e999,", b"\x1b[31m", b"[bold]", b"```", b"| - |\n", b"\xef\xbb\xbf", b" ", b"\t",
)  # fmt: skip
edits = st.lists(
    st.tuples(
        st.floats(0, 1), st.integers(0, 40), st.sampled_from(FRAGMENTS) | st.binary(max_size=8),
        st.sampled_from((1, 1, 1, 2, 30, 3_000)),
    ),
    max_size=6,
)  # fmt: skip


def changed(data: bytes, edits: list[tuple[float, int, bytes, int]]) -> bytes:
    for place, gone, put, times in edits:
        at = round(place * len(data))
        data = data[:at] + put * times + data[at + gone :]
    return data


def refuses_or_takes(name: str, data: bytes) -> str:
    """Why it is refused, empty where it is not; within the limits."""
    begun, memory = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = ""
    gc.freeze()  # as the app does once all is loaded: what other tests have loaded is not looked over meanwhile
    try:
        READERS[name][0](data)
    except AdderError as error:
        said = str(error)
        assert said.strip()
        assert "Traceback" not in said
        assert len(said) < 3_000
    finally:
        gc.unfreeze()
    assert time.process_time() - begun < SECONDS
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024 < MEBIBYTES
    return said


@pytest.mark.parametrize("name", READERS)
def test_what_is_well_is_taken(name: str) -> None:
    assert refuses_or_takes(name, READERS[name][1]) == ""


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@examples(60)
def test_whatever_is_read_is_taken_or_refused_in_a_sentence(name: str, data: st.DataObject) -> None:
    refuses_or_takes(name, changed(READERS[name][1], data.draw(edits)))


@pytest.mark.parametrize("path", sorted(SAVED.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_fell_once_falls_no_more(path: Path) -> None:
    refuses_or_takes(path.parent.name, path.read_bytes())


def _run_with(**members: object) -> bytes:
    """The run file with other members."""
    source, target = zipfile.ZipFile(io.BytesIO(READERS["run"][1])), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for info in source.infolist():
            name = info.filename.removesuffix(".npy")
            if name not in members:
                archive.writestr(info.filename, source.read(info))
        for name, value in members.items():
            held = io.BytesIO()
            np.save(held, np.array(value))
            archive.writestr(f"{name}.npy", held.getvalue())
    return target.getvalue()


def _facts(**changes: object) -> str:
    with np.load(io.BytesIO(READERS["run"][1])) as arrays:
        return json.dumps({**json.loads(str(arrays["facts"])), **changes})


def _many_members() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for i in range(60_000):
            archive.writestr(f"{i}.npy", b"")
    return target.getvalue()


TERABYTE = b'{"input.weight": {"dtype": "F32", "shape": [4, 250000000000], "data_offsets": [0, 32]}}'
HUGE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a million dotted keys": ("experiment", lambda: b"".join(b"a.b%d = 1\n" % i for i in range(180_000))),
    "a key of a hundred thousand parts": ("experiment", lambda: b"a." * 30_000 + b"a = 1"),
    "dotted tables": ("experiment", lambda: b"".join(b"[a.b.c.d%d]\n" % i for i in range(6_000))),
    "a list of a million": ("experiment", lambda: b"seed = [" + b"1," * 450_000 + b"]"),
    "brackets in brackets": ("experiment", lambda: b"seed = " + b"[" * 60_000),
    "a table in tables": ("experiment", lambda: b"seed = " + b"{a=" * 20_000),
    "a million digits": ("experiment", lambda: b"seed = " + b"9" * 900_000),
    "a million hexadecimal digits": ("experiment", lambda: b"seed = 0x" + b"f" * 900_000),
    "a long text": ("experiment", lambda: b'network.activation = "' + b"x" * 1_900_000 + b'"'),
    "quotes": ("experiment", lambda: b'"' * 1_900_000),
    "a line of digits": ("rows", lambda: b"9" * 1_900_000),
    "a line of sums": ("rows", lambda: b"1+" * 900_000),
    "a line of signs": ("rows", lambda: b"+-" * 900_000),
    "a line of marks": ("rows", lambda: b",;|\t" * 450_000),
    "a line of quotes": ("rows", lambda: b'"' * 1_900_000),
    "lines of quotes": ("rows", lambda: b'"\n' * 900_000),
    "empty lines": ("rows", lambda: b"\n" * 1_900_000),
    "lines of comments": ("rows", lambda: b"#\n" * 4_999_000),
    "comments with names": ("rows", lambda: b"#a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r\n" * 249_999),
    "lines of commas": ("rows", lambda: b",,\n" * 3_333_000),
    "lines that end as in old files": ("rows", lambda: b"#\r" * 4_999_000),
    "lines that end in a form feed": ("rows", lambda: b"#\f" * 4_999_000),
    "a file of lines that is too large": ("rows", lambda: b"#\n" * 5_100_000),
    "a line of dashes": ("rows", lambda: b"|-" * 900_000),
    "numbers of a thousand digits": ("rows", lambda: (b"1" * 1_000 + b",2\n") * 1_800),
    "a header of spaces": ("lesson", lambda: b"+++\n[" + b" " * 200_000 + b"x\n+++\n"),
    "keys of a lesson": ("lesson", lambda: b"+++\n" + b"".join(b"a.b%d = 1\n" % i for i in range(60_000)) + b"+++\n"),
    "text of a lesson": ("lesson", lambda: SMALL.encode() + b"*a* `b` [c](d) " * 60_000),
    "stars of a lesson": ("lesson", lambda: SMALL.encode() + b"*" * 200_000 + b"[" * 200_000),
    "lists in progress": ("progress", lambda: b'{"lessons": {"a": ' + b"[" * 2_000_000),
    "empty lists in progress": ("progress", lambda: b'{"lessons": {}, "x": [' + b"[]," * 1_600_000 + b"[]]}"),
    "a line of zeros": ("progress line", lambda: to_line(Progress({"x": "0" * 4_000_000})).encode()),
    "an experiment of 120 MB": ("run", lambda: _run_with(experiment="#" * 30_000_000)),
    "an experiment of dotted keys": ("run", lambda: _run_with(experiment="a.b." * 200_000)),
    "facts of a large list": ("run", lambda: _run_with(facts=_facts(counters=[0] * 3_900_000))),
    "facts of lists": ("run", lambda: _run_with(facts=_facts(events=[[]] * 900_000))),
    "large states": ("run", lambda: _run_with(states=np.zeros((80_000, 4, 37), np.float32))),
    "a wide history": ("run", lambda: _run_with(train=np.zeros((4, 900_000)))),
    "many members": ("run", _many_members),
    "a long header of weights": ("weights", lambda: (2**24 - 8).to_bytes(8, "little") + b"{" * (2**24 - 8)),
    "weights that claim a terabyte": ("weights", lambda: len(TERABYTE).to_bytes(8, "little") + TERABYTE + bytes(32)),
    "lists of weights": ("written weights", lambda: b"[" * 2**24),
    "empty lists of weights": ("written weights", lambda: b'{"input.weight": [' + b"[]," * 5_000_000 + b"[]]}"),
    "as many empty lists of weights as are read": (
        "written weights", lambda: b'{"input.weight": [' + b"[]," * 690_000 + b"[]]}",
    ),
    "empty lists in a header of weights": (
        "weights", lambda: (15_000_006).to_bytes(8, "little") + b'{"x":' + b"[" + b"[]," * 4_999_999 + b"[]]}",
    ),
    "weights of many numbers": ("written weights", lambda: b'{"input.weight": [' + b"1," * 2**22 + b"1]}"),
    "terms of a sum": ("sum", lambda: b"9" * 2_000_000 + b"+1"),
    "blanks of a sum": ("sum", lambda: b" " * 2_000_000 + b"1"),
    "a value of digits": ("value", lambda: b"training.lr=" + b"1" * 120_000),
    "rows as a value": ("value", lambda: b"data.rows=" + b"1,2;" * 300_000),
    "layers as a value": ("value", lambda: b"network.layers=" + b"2-" * 60_000),
}  # fmt: skip


@pytest.mark.parametrize("what", HUGE)
def test_what_would_take_long_is_refused_at_once(what: str) -> None:
    name, make = HUGE[what]
    data = make()
    said = refuses_or_takes(name, data)
    assert said or name == "progress" or what in ("text of a lesson", "stars of a lesson", "a line of zeros")


@pytest.mark.parametrize("name", PRESETS)
def test_no_preset_is_too_large(name: str) -> None:
    assert Experiment.from_toml(Experiment.preset(name).to_toml()) == Experiment.preset(name)


def test_ten_thousand_rows_with_every_digit_are_read_back() -> None:
    rows = tuple((-123456.123456789 - i, 1e-7 / (i + 3), 1e5 / (i + 7)) for i in range(10_000))
    experiment = Experiment().replace(**{"data.kind": "rows", "data.rows": rows})
    assert Experiment.from_toml(experiment.to_toml()) == experiment
