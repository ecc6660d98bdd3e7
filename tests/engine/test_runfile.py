"""Saved runs: nothing is lost in them, and no file, however broken, does more than be refused."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adder_engine.errors import AdderError, RunFileError
from adder_engine.experiment import Experiment
from adder_engine.runs.files import LARGEST, SavedRun, read, summary, write
from adder_engine.runs.labels import title_of
from adder_engine.runs.restoring import MOST_KEYFRAMES, opened, saved
from adder_engine.runs.run import Run
from adder_engine.runs.timeline import size_of
from adder_engine.snapshot import Position
from adder_engine.training.checkpoint import Constraints
from tests.engine.strategies import THOROUGHLY, examples
from tests.engine.test_history import columns
from tests.engine.test_timeline import ACTIONS, SMALL, act, bits, runs

EXTRA = {"watched": [[30.0, 70.0]], "asked": [30.0, 70.0]}
OFTEN = settings(
    max_examples=150 * THOROUGHLY, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def eventful(spacing: int | None = None) -> Run:
    """A run with every kind of deed in it, standing in the middle of an update of its past."""
    recording = Run(SMALL.replace(**{"training.batch_size": 7, "network.dropout": 0.2}))
    recording.timeline.spacing = spacing or recording.timeline.spacing
    recording.run(9)
    recording.edit(3, 0.25)
    recording.run(4)
    recording.step("layer", 3)
    recording.change(**{"training.lr": 0.003, "training.optimizer": "rmsprop"})
    recording.run(5)
    recording.constrain(Constraints(frozenset({1, 2}), frozenset({(0, 1)})))
    recording.run(20)
    recording.seek(Position(21, 4))
    return recording


def round_trip(recording: Run, path: Path) -> Run:
    write(path, saved(recording.left(), EXTRA))
    return opened(read(path))


@pytest.fixture(scope="module")
def run_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("runs") / "run.npz"
    recording = eventful(spacing=2)
    assert len(recording.timeline.keyframes) > 3
    write(path, saved(recording.left(), EXTRA))
    return path.read_bytes()


def assert_alike(one: Run, other: Run) -> None:
    assert bits(one.trainer) == bits(other.trainer)
    assert (one.moment, one.newest, one.newest_epoch) == (other.moment, other.newest, other.newest_epoch)
    assert (one.first_experiment, one.experiment) == (other.first_experiment, other.experiment)
    assert one.timeline.events == other.timeline.events
    assert one.timeline.spacing == other.timeline.spacing
    assert (one.stop, one.stopped, one.finished) == (other.stop, other.stopped, other.finished)
    assert (one.can_undo, one.history.epochs) == (other.can_undo, other.history.epochs)
    assert columns(one.history) == columns(other.history)


@examples(25)
@given(
    experiment=runs(),
    actions=st.lists(ACTIONS, min_size=5, max_size=20),
    after=st.lists(ACTIONS, max_size=8),
    spacing=st.integers(1, 5),
)
def test_a_saved_run_goes_on_as_if_it_had_never_been_away(tmp_path_factory, experiment, actions, after, spacing):
    recording = Run(experiment)
    recording.timeline.spacing = spacing
    for action in actions:
        attempt(recording, action)
    path = tmp_path_factory.getbasetemp() / "round.npz"
    again = round_trip(recording, path)
    assert_alike(recording, again)
    for action in after:
        if action[0] != "redo":  # what was undone is not kept
            attempt(recording, action)
            attempt(again, action)
            assert_alike(recording, again)


def attempt(recording: Run, action: tuple[object, ...]) -> None:
    with contextlib.suppress(AdderError):
        act(recording, action)


def test_every_kind_of_intervention_is_kept_and_every_moment_can_be_reached(tmp_path):
    recording = eventful()
    again = round_trip(recording, tmp_path / "run.npz")
    assert_alike(recording, again)
    assert len(again.timeline.events) == 3
    for update in range(recording.newest.update + 1):
        recording.seek(Position(update))
        again.seek(Position(update))
        assert_alike(recording, again)
    for r in (recording, again):
        r.undo()
        r.run(1_000)
    assert_alike(recording, again)


def test_a_stopped_run_is_opened_stopped(tmp_path):
    recording = Run(Experiment.preset("explode"))
    recording.run(100)
    again = round_trip(recording, tmp_path / "run.npz")
    assert again.stopped
    assert_alike(recording, again)


def test_a_long_run_is_kept_in_a_small_file_and_goes_on_within_its_budget(tmp_path):
    recording = Run(Experiment.preset("one-pair").replace(epochs=1_000_000))
    recording.run(20_000)
    path = tmp_path / "run.npz"
    again = round_trip(recording, path)
    assert path.stat().st_size < 1_000_000
    assert len(again.timeline.keyframes) <= MOST_KEYFRAMES + 2
    again.timeline.budget = 20 * size_of(again.timeline.keyframes[0])
    for r in (recording, again):
        r.run(500)
    assert again.timeline.bytes <= again.timeline.budget
    for update in (20_400, 0, 12_345, 20_500):
        recording.seek(Position(update))
        again.seek(Position(update))
        assert bits(recording.trainer) == bits(again.trainer)


def test_a_file_that_is_there_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    recording = Run(SMALL)
    write(path, saved(recording.left(), EXTRA))
    before = path.read_bytes()
    recording.run(3)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("adder_engine.disk.os.fsync", full)
        with pytest.raises(RunFileError, match="No space left on device"):
            write(path, saved(recording.left(), EXTRA))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]
    write(path, saved(recording.left(), EXTRA))
    assert read(path).facts["epoch"] == 3


def test_what_a_kill_left_behind_is_cleared_away_by_the_next_save(tmp_path):
    path = tmp_path / "run.npz"
    (tmp_path / "run.npzabc123.part").write_bytes(b"half")
    (tmp_path / "other.part").write_bytes(b"not ours")
    (tmp_path / "run.npzdef456.part").write_bytes(b"being written by another process")
    for name in ("run.npzabc123.part", "other.part"):
        os.utime(tmp_path / name, (1, 1))
    write(path, saved(Run(SMALL).left(), EXTRA))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other.part", "run.npz", "run.npzdef456.part"]


@pytest.mark.parametrize("content", [
    b"",
    b"PK",
    b"hello",
    b"\x00" * 1000,
    pickle.dumps({"experiment": "x"}),
    b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
], ids=["empty", "two bytes", "text", "zeros", "pickle", "npy"])  # fmt: skip
def test_what_is_no_run_is_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(RunFileError, match=r"not a run of adder-tui, or it is damaged\.$"):
        read(path)
    assert summary(path) is None


def test_a_missing_file_and_a_folder_are_said_apart_from_a_damaged_one(tmp_path):
    with pytest.raises(RunFileError, match="There is no file"):
        read(tmp_path / "x.npz")
    with pytest.raises(RunFileError):
        read(tmp_path)
    with pytest.raises(RunFileError):
        write(tmp_path, saved(Run(SMALL).left(), EXTRA))


def test_a_pickle_inside_is_not_loaded(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, experiment=np.array([{"a": 1}], dtype=object), facts=np.array([print], dtype=object))
    with pytest.raises(RunFileError):
        read(path)


def test_a_foreign_npz_is_refused(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, weights=np.zeros(3))
    with pytest.raises(RunFileError):
        read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(RunFileError):
        read(path)


def test_a_file_that_claims_to_be_huge_is_refused_before_it_is_unpacked(tmp_path, run_file):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("states.npy", "w") as inner:
        for _ in range(LARGEST // 2**20 + 1):
            inner.write(bytes(2**20))
    assert path.stat().st_size < 2 * 2**20
    with pytest.raises(RunFileError, match="too large"):
        read(path)
    for shape in ("(1000000000000, 4, 37)", "(99999999999999999999, 4, 37)", "(-1, 4, 37)"):
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117).encode() + b"\n"
        path.write_bytes(replaced(run_file, "states.npy", b"\x93NUMPY\x01\x00" + bytes([len(header), 0]) + header))
        with pytest.raises(RunFileError):
            read(path)


def replaced(content: bytes, name: str, part: bytes) -> bytes:
    """The same archive with one part exchanged, checksums and all."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            new.writestr(info.filename, part if info.filename == name else old.read(info))
    return out.getvalue()


def try_to_open(path: Path) -> None:
    """Either the run opens and works, or it is refused in one sentence."""
    try:
        recording = opened(read(path))
        recording.run(3)
        recording.back("epoch")
        recording.seek(recording.newest)
    except RunFileError as error:
        text = str(error)
        assert text.endswith(".")
        assert "\n" not in text
        assert len(text) < 300
    else:
        assert Position() <= recording.moment <= recording.newest


@OFTEN
@given(data=st.data())
def test_a_truncated_file_is_refused(tmp_path, run_file, data):
    path = tmp_path / "x.npz"
    path.write_bytes(run_file[: data.draw(st.integers(0, len(run_file) - 1))])
    with pytest.raises(RunFileError, match=r"\.$"):
        read(path)


@OFTEN
@given(data=st.data())
def test_a_file_with_flipped_bits_opens_whole_or_is_refused(tmp_path, run_file, data):
    damaged = bytearray(run_file)
    with zipfile.ZipFile(io.BytesIO(run_file)) as archive:
        starts = [info.header_offset for info in archive.infolist()] + [archive.start_dir]
    place = st.integers(0, len(damaged) - 1) | st.sampled_from(starts).flatmap(
        lambda start: st.integers(start, min(start + 200, len(damaged) - 1))
    )
    for at, bit in data.draw(st.lists(st.tuples(place, st.integers(0, 7)), min_size=1, max_size=3)):
        damaged[at] ^= 1 << bit
    path = tmp_path / "x.npz"
    path.write_bytes(bytes(damaged))
    try_to_open(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 40) | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places_in(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    found = [path]
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            found += places_in(inner, (*path, key))
    return found


@settings(OFTEN, max_examples=200 * THOROUGHLY)
@given(data=st.data())
def test_a_file_with_any_fact_exchanged_opens_whole_or_is_refused(tmp_path, run_file, data):
    facts = json.loads(str(np.load(io.BytesIO(run_file))["facts"]))
    spots = places_in(facts)
    early = [spot for spot in spots if spot[:1] == ("facts",)]
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(early) | st.sampled_from(spots))
        facts = exchanged(facts, path, data.draw(JSON))
    part = io.BytesIO()
    np.save(part, np.array(json.dumps(facts)))
    file = tmp_path / "x.npz"
    file.write_bytes(replaced(run_file, "facts.npy", part.getvalue()))
    try_to_open(file)


def exchanged(value: object, path: tuple[object, ...], new: object) -> object:
    if not path:
        return new
    if isinstance(value, dict) and path[0] in value:
        return {**value, path[0]: exchanged(value[path[0]], path[1:], new)}
    if isinstance(value, list) and isinstance(path[0], int) and path[0] < len(value):
        return [*value[: path[0]], exchanged(value[path[0]], path[1:], new), *value[path[0] + 1 :]]
    return value


@pytest.mark.parametrize("change", [
    lambda run: {"states": run.states[:, :, :5]},
    lambda run: {"states": run.states[:1]},
    lambda run: {"states": run.states.astype(np.float64)},
    lambda run: {"streams": run.streams[:, :10]},
    lambda run: {"streams": run.streams[:0]},
    lambda run: {"streams": np.zeros_like(run.streams)},
    lambda run: {"stream_places": run.stream_places + 1000},
    lambda run: {"stream_places": np.full_like(run.stream_places, -1)},
    lambda run: {"counters": run.counters[::-1]},
    lambda run: {"counters": run.counters[1:] + run.counters[:1]},
    lambda run: {"train": run.train[:3]},
    lambda run: {"train": run.train[:, ::-1]},
    lambda run: {"test": run.test.astype(np.int64)},
    lambda run: {"widths": (0, 0)},
    lambda run: {"widths": (-1, 3)},
    lambda run: {"facts": run.facts | {"spacing": 0}},
    lambda run: {"facts": run.facts | {"spacing": 10**30}},
    lambda run: {"facts": run.facts | {"newest": [10**12, 0, 0], "moment": [10**12, 0, 0]}},
    lambda run: {"facts": run.facts | {"newest": [0, 0, 0]}},
    lambda run: {"facts": run.facts | {"events": [[[0, 0, 0], "edit", [99, 1.0]]]}},
    lambda run: {"facts": run.facts | {"events": [[[0, 0, 0], "edit", [0, 1e300]]]}},
    lambda run: {"facts": run.facts | {"events": [[[9, 0, 5], "edit", [0, 1.0]], [[1, 0, 0], "edit", [0, 1.0]]]}},
    lambda run: {"facts": run.facts | {"events": [[[0, 0, 0], "hold", [[99], []]]]}},
    lambda run: {"facts": run.facts | {"events": [[[0, 0, 0], "hold", [[], [[0, 99]]]]]}},
    lambda run: {"facts": run.facts | {"events": [[[0, 0, 0], "change", Experiment().to_toml()]]}},
    lambda run: {"facts": run.facts | {"events": [[[0, 0, 0], "explode", []]]}},
    lambda run: {"experiment": Experiment.preset("product")},
    lambda run: {"experiment": run.experiment.replace(**{"network.layers": [2, 1]})},
])  # fmt: skip
def test_a_file_whose_parts_do_not_fit_together_is_refused(tmp_path, run_file, change):
    path = tmp_path / "x.npz"
    path.write_bytes(run_file)
    run = read(path)
    write(path, dataclasses.replace(run, **change(run)))
    with pytest.raises(RunFileError, match=r"\.$"):
        opened(read(path))


def test_a_summary_needs_no_torch(tmp_path, run_file):
    path = tmp_path / "x.npz"
    path.write_bytes(run_file)
    code = (
        "import sys; from pathlib import Path; from adder_engine.runs.files import summary;"
        "run = summary(Path(sys.argv[1])); print(run.title, '|', run.epoch, '|', 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "2-4-4-1 adam | 5 | False\n", done.stderr


def test_a_run_is_titled_by_its_preset_or_its_shape():
    assert title_of(Experiment.preset("three-pairs")) == "three-pairs"
    assert title_of(Experiment().replace(**{"network.layers": [2, 8, 1], "training.optimizer": "sgd"})) == "2-8-1 sgd"


def test_what_is_read_is_what_was_written(tmp_path):
    run = saved(eventful().left(), EXTRA)
    write(tmp_path / "x.npz", run)
    again = read(tmp_path / "x.npz")
    assert isinstance(again, SavedRun)
    assert json.dumps([run.facts, run.counters, run.widths]) == json.dumps([again.facts, again.counters, again.widths])
    for name in ("states", "streams", "stream_places", "train", "test"):
        assert getattr(run, name).tobytes() == getattr(again, name).tobytes()
