"""Weights from elsewhere: bit for bit from PyTorch into a run and back, and files that would do harm refused."""

from __future__ import annotations

import json
import os
import re
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from adder_engine import Adder, Experiment, Trainer
from adder_engine.errors import AdderError, WeightsError
from adder_engine.export.export import export
from adder_engine.export.pytorch_script import script
from adder_engine.runs.run import Run
from adder_engine.training.checkpoint import Constraints
from adder_engine.weights_file import LARGEST, are_weights, read, safetensors, starting_weights

State = dict[str, torch.Tensor]


class Module(nn.Module):
    """What somebody's own script has."""

    def __init__(self) -> None:
        super().__init__()
        self.input = nn.Linear(2, 4)
        self.hidden = nn.Linear(4, 4)
        self.output = nn.Linear(4, 1)


@pytest.fixture
def state() -> State:
    torch.manual_seed(7)
    found = Module().state_dict()
    found["hidden.weight"][0, 0] = 1e-41  # subnormal
    found["hidden.weight"][0, 1] = -3.4028234e38
    found["hidden.weight"][0, 2] = -0.0
    return found


def arrays(state: State) -> dict[str, Any]:
    return {name: tensor.numpy() for name, tensor in state.items()}


WRITERS: dict[str, Callable[[State, Path], object]] = {
    "w.pt": torch.save,
    "w.safetensors": lambda state, path: path.write_bytes(safetensors(arrays(state))),
    "w.npz": lambda state, path: np.savez(path, **arrays(state)),
    "packed.npz": lambda state, path: np.savez_compressed(
        path, **{name: np.asfortranarray(array) for name, array in arrays(state).items()}
    ),
    "w.json": lambda state, path: path.write_text(json.dumps({name: t.tolist() for name, t in state.items()})),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
def test_weights_go_into_a_run_and_out_again_bit_for_bit(name: str, state: State, tmp_path: Path) -> None:
    WRITERS[name](state, tmp_path / name)
    assert are_weights(tmp_path / name)
    experiment = Experiment().replace(**{"data.count": 5, "data.test_count": 0})
    started = experiment.replace(**{"network.init": starting_weights(tmp_path / name, experiment)})
    again = Experiment.from_toml(started.to_toml())
    assert again == started
    run = Run(again)
    flat = torch.cat([tensor.ravel() for tensor in state.values()]).numpy()
    assert run.trainer.state[0].tobytes() == flat.tobytes()
    export(run.exported("a run"), tmp_path / "back.pt")
    back = torch.load(tmp_path / "back.pt", weights_only=True)
    assert list(back) == list(state)
    assert all(back[key].numpy().tobytes() == state[key].numpy().tobytes() for key in state)


def test_the_data_is_what_it_would_be_without_the_weights(state: State, tmp_path: Path) -> None:
    torch.save(state, tmp_path / "w.pt")
    started = Experiment().replace(**{"network.init": starting_weights(tmp_path / "w.pt", Experiment())})
    assert np.array_equal(Trainer(started).inputs, Trainer(Experiment()).inputs)


def test_the_exported_program_starts_from_them(state: State, tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(json.dumps({name: tensor.tolist() for name, tensor in state.items()}))
    experiment = Experiment().replace(epochs=0, **{"data.count": 5, "data.test_count": 0})
    experiment = experiment.replace(**{"network.init": starting_weights(tmp_path / "w.json", experiment)})
    names: dict[str, Any] = {}
    exec(script(experiment, "a run"), names)
    assert all(torch.equal(names["model"].state_dict()[name], tensor) for name, tensor in state.items())


def test_muted_neurons_are_written_as_what_the_network_does_and_start_a_network_that_answers_alike(
    tmp_path: Path,
) -> None:
    run = Run(Experiment().replace(**{"network.activation": ["sigmoid", "tanh"], "data.scale": 500.0, "data.count": 9}))
    run.constrain(Constraints(frozenset(), frozenset({(0, 2), (1, 1)})))
    exported = run.exported("a run")
    assert "outgoing weights are written as 0" in exported.muted
    export(exported, tmp_path / "w.pt")
    weights = starting_weights(tmp_path / "w.pt", run.experiment)
    awake = Trainer(run.experiment.replace(**{"network.init": weights}))
    assert awake.predict(30, 70) == run.trainer.predict(30, 70)


class Harm:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch '{self.path}'",)


def in_pickle(source: Path, target: Path, *changes: tuple[bytes, bytes]) -> None:
    """A file of torch.save's with its pickle changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("data.pkl"):
                for before, after in changes:
                    assert before in content
                    content = content.replace(before, after, 1)
            new.writestr(name, content)


def without_headers_word(path: Path) -> None:
    """An .npz whose array claims a terabyte."""
    with zipfile.ZipFile(path, "w") as archive, archive.open("x.npy", "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (10**12,)})
        file.write(b"1234")


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(LARGEST + 1))


def header(about: Any, content: bytes = bytes(16), length: int | None = None) -> bytes:
    text = json.dumps(about).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + content


@pytest.mark.slow
def test_files_that_would_do_harm_are_refused_in_a_sentence(state: State, tmp_path: Path) -> None:
    torch.save(state, tmp_path / "good.pt")
    claims = (b"K\x08t", b"J\x00\x00\x00\x10t")  # a quarter of a million numbers more than are there
    in_pickle(tmp_path / "good.pt", tmp_path / "claims.pt", claims)
    in_pickle(
        tmp_path / "good.pt",
        tmp_path / "beyond.pt",
        claims,
        (b"QK\x00K\x04K\x02\x86", b"QJ\x00\x01\x00\x00K\x04K\x02\x86"),
    )
    torch.save({"input.weight": Harm(tmp_path / "done")}, tmp_path / "code.pt")
    torch.save(Module(), tmp_path / "module.pt")
    torch.save(state, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    torch.save(state | {"input.weight": torch.zeros(1).expand(10**5, 10**5)}, tmp_path / "huge.pt")
    torch.save({name: tensor.double() for name, tensor in state.items()}, tmp_path / "double.pt")
    torch.save({"model": state}, tmp_path / "inside.pt")
    np.savez(tmp_path / "object.npz", x=np.array([{}], dtype=object))
    np.savez(tmp_path / "double.npz", **{name: array.astype(float) for name, array in arrays(state).items()})
    without_headers_word(tmp_path / "header.npz")
    bomb(tmp_path / "bomb.npz")
    texts = {
        "huge.st": header({"x": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 16]}}),
        "beyond.st": header({"x": {"dtype": "F32", "shape": [4], "data_offsets": [0, 10**15]}}),
        "whole.st": header({"x": {"dtype": "I64", "shape": [2], "data_offsets": [0, 16]}}),
        "negative.st": header({"x": {"dtype": "F32", "shape": [-2, -2], "data_offsets": [0, 16]}}),
        "long.st": header({"x": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}, length=2**60),
        "deep.json": b"[" * 100_000, "ragged.json": b'{"a": [1, [2, 3]]}', "words.json": b'{"a": "x"}', "empty": b"",
        "noise": b"\xff" * 99, "cut.npz": (tmp_path / "double.npz").read_bytes()[:200], "large": bytes(LARGEST + 1),
    }  # fmt: skip
    for name, content in texts.items():
        (tmp_path / name).write_bytes(content)
    wanted = {
        "claims.pt": "more numbers than it holds", "beyond.pt": "more numbers than it holds",
        "code.pt": "may run code", "module.pt": "save model.state_dict()", "old.pt": "pickle, which may run code",
        "huge.pt": "too large", "double.pt": "is float64", "inside.pt": "no state_dict", "object.npz": "is object",
        "double.npz": "is float64", "header.npz": "claims the shape (1000000000000,)", "bomb.npz": "too large",
        "huge.st": "claims the shape", "beyond.st": "no weights", "whole.st": "is I64",
        "negative.st": "claims the shape", "long.st": "no weights", "deep.json": "no weights",
        "ragged.json": "no weights", "words.json": "is no number",
        "empty": "no weights", "noise": "no weights", "cut.npz": "no weights", "large": "too large",
    }  # fmt: skip
    for name, words in wanted.items():
        with pytest.raises(WeightsError) as refused:
            read(tmp_path / name)
        assert words in str(refused.value), (name, str(refused.value))
        assert "\n" not in str(refused.value)
    assert not (tmp_path / "done").exists()


@pytest.mark.parametrize(("path", "words"), [("/dev/zero", "no regular file"), ("/nowhere/w.pt", "No such file")])
def test_what_is_no_file_is_refused(path: str, words: str) -> None:
    with pytest.raises(WeightsError, match=words):
        read(Path(path))


def test_the_largest_network_goes_through_json_with_every_digit_on_a_line_of_its_own(tmp_path: Path) -> None:
    layers = (2, *[64] * 6, 1)
    experiment = Experiment().replace(**{"network.layers": layers})
    tensors = experiment.layout.tensors
    found = {tensor.name: np.full(tensor.shape, -1.2345678901234567e-20).tolist() for tensor in tensors}
    (tmp_path / "w.json").write_text(json.dumps(found, indent=8))
    assert len(starting_weights(tmp_path / "w.json", experiment)) == 21_057


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "w.pt")
    with pytest.raises(WeightsError, match="no regular file"):
        read(tmp_path / "w.pt")


def test_names_shapes_and_numbers_that_are_not_the_networks_are_told_one_by_one(state: State, tmp_path: Path) -> None:
    path = tmp_path / "w.json"

    def refusal(changed: dict[str, Any], **changes: Any) -> str:
        path.write_text(json.dumps({n: t.tolist() if isinstance(t, torch.Tensor) else t for n, t in changed.items()}))
        with pytest.raises(WeightsError) as refused:
            starting_weights(path, Experiment().replace(**changes))
        return str(refused.value)

    assert "has no hidden.bias:" in refusal({name: t for name, t in state.items() if name != "hidden.bias"})
    assert "has extra.weight besides" in refusal(state | {"extra.weight": [[1.0]]})
    renamed = {name.replace("input", "0"): tensor for name, tensor in state.items()}
    assert "has no input.weight, input.bias but 0.weight, 0.bias" in refusal(renamed)
    wider = refusal(state, **{"network.layers": [2, 8, 4, 1]})
    assert "input.weight" in wider
    assert "(4, 2)" in wider
    assert "(8, 2)" in wider
    assert wider.endswith("Its layers are 2-4-4-1: network.layers=2-4-4-1 makes the network so.")
    assert "output.bias[0]" in refusal(state | {"output.bias": [float("nan")]})
    assert "is inf" in refusal(state | {"output.bias": [1e39]})
    assert "has the shape ()" in refusal(state | {"output.bias": 3})
    assert "is no number" in refusal(state | {"output.bias": [True]})


@pytest.mark.parametrize("name", WRITERS)
def test_a_number_that_is_none_is_refused_with_its_place_in_a_file_of_any_kind(
    name: str, state: State, tmp_path: Path
) -> None:
    state["hidden.bias"][2] = float("nan")
    WRITERS[name](state, tmp_path / name)
    with pytest.raises(WeightsError, match=r"hidden.bias\[2\] in .* is nan: a weight must be a finite float32"):
        starting_weights(tmp_path / name, Experiment())


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_a_modules_own_parameters_are_taken_over_whatever_their_type(kind: torch.dtype) -> None:
    trainer, module = Trainer(Experiment.preset("one-pair")), Adder(Experiment.preset("one-pair")).to(kind)
    given = dict(module.named_parameters())
    trainer.load_state_dict(given)
    for name, taken in trainer.named_parameters():
        assert np.array_equal(taken, given[name].detach().float().numpy())


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, "None is no state_dict"),
        ([("input.weight", 1)], "is no state_dict"),
        ({"input.weight": np.ones((4, 2), dtype=complex)}, "input.weight holds no numbers"),
        ({"input.weight": torch.ones(4, 2, dtype=torch.complex64)}, "input.weight holds no numbers"),
        ({"input.weight": "1"}, "input.weight holds no numbers"),
        ({"input.weight": np.full((4, 2), 1e300)}, "input.weight holds a value that is not finite"),
    ],
)
def test_what_holds_no_parameters_is_refused_and_nothing_is_taken(given: Any, why: str) -> None:
    trainer = Trainer(Experiment.preset("one-pair"))
    before = trainer.state.copy()
    with pytest.raises(AdderError, match=re.escape(why)), warnings.catch_warnings(action="error"):
        trainer.load_state_dict(trainer.state_dict() | given if isinstance(given, dict) else given)
    assert np.array_equal(trainer.state, before)
