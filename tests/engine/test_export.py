"""Exports: the programs are run by plain Python, the files are read by whoever they are for."""

from __future__ import annotations

import ast
import csv
import json
import os
import re
import stat
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient

from adder_engine import Adder, Experiment, RequestError, Trainer
from adder_engine.export.export import KINDS, ExportedRun, chart, export, left_out
from adder_engine.export.pytorch_script import notebook, script
from adder_engine.presets import PRESETS
from adder_engine.runs.run import Run
from adder_engine.snapshot import Losses
from adder_engine.training.checkpoint import Constraints
from adder_engine.watched_sums import starting_sums

SMALL: dict[str, Any] = {
    "epochs": 12, "network.activation": "tanh", "data.count": 9, "data.scale": 500.0, "data.test_count": 5,
    "training.lr": 0.01,
}  # fmt: skip

OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("one-pair", {}),
    ("many-pairs", {"epochs": 200}),
    ("three-pairs", {"epochs": 100}),
    ("mini-batches", {"epochs": 2}),
    ("tanh", {"epochs": 50}),
    ("product", {"epochs": 50}),
    ("many-pairs", {**SMALL, "network.dropout": 0.3, "training.batch_size": 4, "training.l1": 0.01}),
    ("many-pairs", {**SMALL, "network.dropout": 0.3, "network.layers": [2, 1], "training.optimizer": "sgd"}),
    ("many-pairs", {**SMALL, "network.activation": "relu", "training.optimizer": "momentum", "training.loss": "huber"}),
    ("many-pairs", {**SMALL, "network.activation": "gelu", "training.optimizer": "nesterov", "training.loss": "mae"}),
    ("many-pairs", {**SMALL, "network.activation": "leaky_relu", "training.optimizer": "rmsprop", "epochs": 7}),
    ("many-pairs", {**SMALL, "network.activation": "sigmoid", "training.optimizer": "adamw", "data.noise": 30.0}),
    ("many-pairs", {**SMALL, "training.optimizer": "adamw", "training.weight_decay": 0.5, "data.draw_first": True}),
    ("many-pairs", {**SMALL, "training.optimizer": "nesterov", "training.momentum": 0.0, "network.init": 0.25}),
    ("many-pairs", {**SMALL, "training.optimizer": "sgd", "training.zero_grad": False, "training.weight_decay": 0.1}),
    (
        "many-pairs",
        {**SMALL, "training.flat_target": True, "training.batch_size": 4, "network.layers": [2, 3, 5, 2, 1]},
    ),
    ("many-pairs", {**SMALL, "training.schedule": "step", "training.schedule_every": 5, "data.task": "difference"}),
    ("many-pairs", {**SMALL, "training.schedule": "exponential", "training.schedule_gamma": 0.8}),
    ("many-pairs", {**SMALL, "training.schedule": "cosine", "network.init": "zeros"}),
    ("many-pairs", {**SMALL, "training.schedule": "warmup", "training.warmup_epochs": 6, "seed": 2**40}),
    ("many-pairs", {**SMALL, "data.kind": "rows", "data.rows": [[i, 2.5, i] for i in range(30)], "data.noise": 1.0}),
    ("many-pairs", {**SMALL, "data.kind": "rows", "data.rows": [[0.1, 0.2]], "data.task": "product"}),
    ("one-pair", {"epochs": 0}),
    ("many-pairs", {**SMALL, "network.activation": ["sine", "tanh"], "network.output_activation": "sigmoid"}),
    (
        "many-pairs",
        {**SMALL, "network.activation": ["relu", "step"], "training.betas": [0.5, 0.9], "training.eps": 0.1},
    ),
    (
        "many-pairs",
        {
            **SMALL,
            "training.clip_norm": 0.01,
            "training.optimizer": "sgd",
            "network.init": [0.01 * i for i in range(37)],
        },
    ),
    ("many-pairs", {**SMALL, "training.clip_norm": 0.01, "training.optimizer": "rmsprop", "training.eps": 0.001}),
    ("many-pairs", {**SMALL, "data.task": "2*a - (b - 3)/4", "data.scale": "auto", "data.target_scale": "auto"}),
    ("many-pairs", {**SMALL, "data.task": "max(2, 3)*abs(a) - a**2/sqrt(400) + min(b, 7)", "data.scale": 500.0}),
    ("many-pairs", {**SMALL, "data.task": "-a**2/100 + sin(b)*cos(a)", "data.noise": 2.0, "data.target_scale": 900.0}),
    ("many-pairs", {**SMALL, "data.task": "a + b > 100", "training.loss": "bce", "data.scale": "auto"}),
    (
        "many-pairs",
        {
            **SMALL,
            "data.kind": "rows",
            "data.rows": [[i, 2.5 * i, float(i % 3 == 0)] for i in range(30)],
            "training.loss": "bce",
            "data.scale": 30.0,
            "data.test_share": 0.2,
        },
    ),
    (
        "many-pairs",
        {
            **SMALL,
            "data.kind": "rows",
            "data.rows": [[i, 2.5, i] for i in range(30)],
            "data.test_share": 0.25,
            "data.target_scale": "auto",
            "training.batch_size": 7,
        },
    ),
]


def figures(printed: str) -> tuple[dict[int, list[float]], list[float]]:
    """What a program printed: by epoch the loss and, where there is one, the held-out loss; and the answers."""
    losses = {
        int(epoch): [float(loss), *([float(held_out)] if held_out else [])]
        for epoch, loss, held_out in re.findall(r"epoch +(\d+) +loss (\S+)(?: +held-out (\S+))?", printed)
    }
    return losses, [float(answer) for answer in re.findall(r" = (\S+)$", printed, re.MULTILINE)]


def figures_of_ours(experiment: Experiment, epochs: set[int]) -> tuple[dict[int, list[float]], list[float]]:
    """The same by the engine, measured at these epochs."""
    trainer = Trainer(experiment.replace(**{"data.test_every": 1}))
    losses = {}
    for epoch in range(1, experiment.epochs + 1):
        trainer.epoch()
        assert trainer.loss is not None
        if epoch in epochs:
            losses[epoch] = [trainer.loss, *([] if trainer.test_loss is None else [trainer.test_loss])]
    return losses, trainer.answers([(s.a, s.b) for s in starting_sums(trainer.experiment)])


def assert_same_figures(printed: str, experiment: Experiment) -> None:
    losses, answers = figures(printed)
    ours, our_answers = figures_of_ours(experiment, set(losses))
    assert set(losses) == set(ours)
    assert experiment.epochs == 0 or {1, experiment.epochs} <= set(losses)
    for epoch, numbers in losses.items():
        assert numbers == pytest.approx(ours[epoch], rel=2e-3, abs=1e-6), epoch
    assert len(answers) == len(starting_sums(experiment))
    # 2e-3 of the range that the sums span; float32 goes through different roundings
    assert answers == pytest.approx(our_answers, rel=2e-3, abs=0.05)


_IN_ONE_PROCESS = """
import contextlib, io, json, sys, warnings
warnings.simplefilter("ignore")
import torch
torch.set_num_threads(1)
for program in json.load(sys.stdin):
    printed = io.StringIO()
    namespace = {"__name__": "__main__"}
    with contextlib.redirect_stdout(printed):
        for cell in program:
            exec(compile(cell, "cell", "exec"), namespace)
    print(json.dumps(printed.getvalue()))
"""
"""Runs programs, each a list of cells in a namespace of its own, one after another: importing torch takes the time."""


def run(programs: list[list[str]]) -> list[str]:
    """What each program printed, run by a Python that knows nothing of ours."""
    command = [sys.executable, "-I", "-c", _IN_ONE_PROCESS]
    done = subprocess.run(command, input=json.dumps(programs), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def code_cells(text: str) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]


def experiment_of(preset: str, changes: dict[str, Any]) -> Experiment:
    return Experiment.preset(preset).replace(**changes)


@pytest.mark.slow
def test_scripts_and_notebooks_give_our_figures() -> None:
    experiments = [experiment_of(*option) for option in OPTIONS]
    scripts = [[script(experiment, "mine")] for experiment in experiments]
    notebooks = [code_cells(notebook(experiment, "mine")) for experiment in experiments[:5]]
    printed = run(scripts + notebooks)
    for experiment, text in zip(experiments, printed, strict=False):
        assert_same_figures(text, experiment)
    assert printed[len(experiments) :] == printed[:5]


def test_a_script_on_disk_is_run_by_python(tmp_path: Path) -> None:
    experiment = Experiment.preset("one-pair").replace(epochs=20)
    export(ExportedRun(experiment, "one-pair"), tmp_path / "mine.py")
    command = [sys.executable, "-I", str(tmp_path / "mine.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert_same_figures(done.stdout, experiment)
    assert done.stderr == ""


@pytest.mark.slow
def test_a_notebook_is_run_by_a_notebook_executor(tmp_path: Path) -> None:
    experiment = Experiment.preset("one-pair").replace(epochs=20)
    export(ExportedRun(experiment, "one-pair"), tmp_path / "mine.ipynb")
    notebook = nbformat.read(tmp_path / "mine.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(tmp_path))
    printed = [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]
    assert {out.output_type for out in printed} == {"stream"}
    assert_same_figures("".join(out.text for out in printed), experiment)


def test_a_script_is_short_and_has_nothing_that_is_not_used() -> None:
    text = script(Experiment.preset("one-pair"), "one-pair")
    assert len(text.splitlines()) < 50
    for unused in ("test_", "Dropout", "scheduler", "randperm", "scale", "penalty", "randn", "init.", "eval()"):
        assert unused not in text
    for used in ("self.input", "self.hidden", "self.output", "torch.manual_seed(42)", "optimizer.zero_grad()"):
        assert used in text


@pytest.mark.parametrize("title", ['a "quoted" one', '"""', "back\\slash\\", "two\nlines", "import os\x1b[31m"])
def test_a_title_cannot_break_out_of_its_place(title: str) -> None:
    experiment = Experiment.preset("one-pair")
    program = ast.parse(script(experiment, title, "A note."))
    plain = ast.parse(script(experiment, "plain", "A note."))
    assert ast.dump(ast.Module(program.body[1:], [])) == ast.dump(ast.Module(plain.body[1:], []))
    assert json.loads(notebook(experiment, title))["cells"][0]["source"][0].startswith("# ")


def test_a_notebook_has_the_form_that_nbformat_asks_for() -> None:
    whole = json.loads(notebook(Experiment.preset("tanh"), "tanh", "A note."))
    assert (whole["nbformat"], whole["nbformat_minor"]) == (4, 5)
    assert set(whole) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    ids = [cell["id"] for cell in whole["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in whole["cells"]:
        code = {"execution_count", "outputs"} if cell["cell_type"] == "code" else set()
        assert set(cell) == {"cell_type", "id", "metadata", "source"} | code
        assert all(isinstance(line, str) for line in cell["source"])


# --- what a run leaves -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recording() -> Run:
    recording = Run(Experiment.preset("mini-batches").replace(**{"epochs": 6, "data.test_every": 2}))
    recording.run(1 << 40)
    return recording


def test_weights_load_into_the_module(recording: Run, tmp_path: Path) -> None:
    export(recording.exported("mine"), tmp_path / "weights.pt")
    model = Adder(recording.experiment)
    model.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    with torch.no_grad():
        answer = model(torch.tensor([[30.0, 70.0]])).item()
    assert answer == pytest.approx(recording.trainer.predict(30, 70), rel=1e-5)


@pytest.mark.parametrize("activation", ["none", "relu", "leaky_relu", "tanh", "sigmoid", "gelu"])
@pytest.mark.parametrize("scale", [1.0, 500.0])
def test_weights_of_a_run_with_muted_neurons_answer_as_the_run_does_and_that_is_said(
    activation: str, scale: float, tmp_path: Path
) -> None:
    changes = {"network.activation": activation, "network.layers": [2, 5, 3, 1], "data.scale": scale, "data.count": 50}
    recording = Run(Experiment().replace(**changes, epochs=20))
    recording.run(10)
    loud = recording.trainer.predict(30, 70)
    recording.constrain(Constraints(muted=frozenset({(0, 1), (1, 2)})))
    recording.run(3)
    exported = recording.exported("mine")
    export(exported, tmp_path / "weights.pt")
    model = Adder(recording.experiment)
    model.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    for a, b in ((30.0, 70.0), (-400.0, 3.0)):
        with torch.no_grad():
            answer = model(torch.tensor([[a, b]]) / scale).item() * scale
        assert answer == pytest.approx(recording.trainer.predict(a, b), rel=1e-5, abs=1e-4)
    assert recording.trainer.predict(30, 70) != pytest.approx(loud, rel=1e-3)
    said = left_out(exported, ".pt")
    muted = "h1[1] (row 1 of input.weight) and h2[2] (row 2 of hidden.weight) are muted in the run"
    assert f"{muted}: their outgoing weights are written as 0" in said
    assert ("units of 500" in said) == (scale == 500)
    assert np.count_nonzero(recording.trainer.state[0]) == recording.experiment.parameter_count, "the run keeps its own"


@pytest.mark.parametrize("kind", [".py", ".ipynb", ".toml"])
@pytest.mark.parametrize("updates", [0, 5])
def test_a_program_of_a_run_with_muted_neurons_says_that_the_run_was_changed(updates: int, kind: str) -> None:
    recording = Run(Experiment.preset("one-pair"))
    recording.run(updates)
    recording.constrain(Constraints(muted=frozenset({(0, 1)})))
    recording.run(3)
    exported = recording.exported("mine")
    assert f"changed by hand on its way, from update {updates} on" in left_out(exported, kind)


def test_losses_over_all_differences_say_so(tmp_path: Path) -> None:
    recording = Run(Experiment.preset("three-pairs").replace(**{"training.flat_target": True}))
    recording.run(2)
    exported = recording.exported("mine")
    assert "over 3·3 differences" in left_out(exported, ".csv")
    export(exported, tmp_path / "chart.svg")
    assert ">training n·n<" in (tmp_path / "chart.svg").read_text(encoding="utf-8")


def test_the_history_lists_each_epoch_and_held_out_losses_where_measured(recording: Run, tmp_path: Path) -> None:
    export(recording.exported("mine"), tmp_path / "history.csv")
    with (tmp_path / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert [bool(row["test_loss"]) for row in rows] == [False, True] * 3
    assert float(rows[-1]["train_loss"]) == recording.trainer.loss
    assert all(float(row["lowest"]) < float(row["train_loss"]) < float(row["highest"]) for row in rows)


def test_the_chart_is_svg_with_both_curves_and_their_extremes(recording: Run, tmp_path: Path) -> None:
    export(recording.exported("<mine> & yours"), tmp_path / "chart.svg")
    root = ET.parse(tmp_path / "chart.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    texts = [element.text for element in root.iter(f"{space}text")]
    assert {"<mine> & yours", "training", "held-out", "epoch", "loss (mse)"} <= set(texts)
    curves = [line.get("points", "").split() for line in root.iter(f"{space}polyline")]
    assert {6, 3} <= {len(points) for points in curves}
    assert len(list(root.iter(f"{space}polygon"))) == 1
    for points in curves:
        for point in points:
            x, y = map(float, point.split(","))
            assert 0 <= x <= 800
            assert 0 <= y <= 480


@pytest.mark.parametrize("epochs", [0, 1, 3, 5000])
def test_a_chart_can_be_drawn_of_runs_of_any_length(epochs: int, tmp_path: Path) -> None:
    experiment = Experiment.preset("three-pairs").replace(**{"epochs": epochs, "network.layers": [2, 1]})
    recording = Run(experiment)
    recording.run(1 << 40)
    export(recording.exported("mine"), tmp_path / "chart.svg")
    text = (tmp_path / "chart.svg").read_text()
    ET.fromstring(text)
    assert ("No epoch is finished yet." in text) == (epochs == 0)


def test_a_loss_of_0_lies_on_the_charts_axis_and_is_never_bridged() -> None:
    values = np.array([100.0, *[0.0] * 5, 1.0])
    none = values[:0]
    losses = Losses(np.arange(1.0, 8.0), values, values, values, none, none, none, none)
    root = ET.fromstring(chart(ExportedRun(Experiment(), "zeros", losses=losses)))
    space = "{http://www.w3.org/2000/svg}"
    curve = next(line.get("points", "").split() for line in root.iter(f"{space}polyline"))
    heights = [float(point.split(",")[1]) for point in curve]
    assert len(heights) == 7
    assert len({*heights[1:6]}) == 1
    assert heights[1] == max(heights) > heights[6] > heights[0]
    labels = {text.text: float(text.get("y", "0")) for text in root.iter(f"{space}text") if text.get("dy")}
    assert labels["0"] == heights[1]


def test_a_run_that_was_changed_by_hand_says_so_in_its_script(tmp_path: Path) -> None:
    recording = Run(Experiment.preset("one-pair"))
    recording.run(7)
    recording.change(**{"training.lr": 0.5})
    recording.run(2)
    export(recording.exported("mine"), tmp_path / "mine.py")
    text = (tmp_path / "mine.py").read_text()
    assert "changed by hand on its way, from update 7 on" in text
    assert "lr=0.0002" in text


# --- writing ---------------------------------------------------------------------------------------


def test_a_file_that_is_there_is_replaced_and_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    file, usual = tmp_path / "mine.py", tmp_path / "usual"
    file.write_text("old")
    usual.write_text("")
    export(ExportedRun(Experiment.preset("one-pair"), "mine"), file)
    assert "import torch" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(usual.stat().st_mode)
    assert sorted(tmp_path.iterdir()) == [file, usual]


def test_a_link_to_itself_is_refused_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.symlink_to(file)
    with pytest.raises(RequestError, match="could not be written: Too many levels of symbolic links"):
        export(ExportedRun(Experiment.preset("one-pair"), "mine"), file)
    assert list(tmp_path.iterdir()) == [file]
    assert file.is_symlink()


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.py"
    file.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RequestError, match="could not be written: No space left on device"):
        export(ExportedRun(Experiment.preset("one-pair"), "mine"), file)
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["mine", "mine.txt", "py"])
def test_an_ending_of_no_kind_is_refused_with_those_that_are(name: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError) as refused:
        export(ExportedRun(Experiment(), "mine"), tmp_path / name)
    assert all(kind in str(refused.value) for kind in KINDS)


@pytest.mark.parametrize("name", ["a.pt", "a.csv", "a.svg"])
def test_a_run_that_was_not_trained_has_no_weights_and_losses(name: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="has not been trained"):
        export(ExportedRun(Experiment(), "mine"), tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", PRESETS)
def test_an_experiment_sent_as_a_file_is_short_and_comes_back_equal(name: str, tmp_path: Path) -> None:
    experiment = Experiment.preset(name).replace(**{"stop.sum": [30, 70], "training.zero_grad": False})
    export(ExportedRun(experiment, f"{name}\nas it was"), tmp_path / "mine.toml")
    text = (tmp_path / "mine.toml").read_text()
    assert Experiment.from_toml(text) == experiment
    assert len(text) < 500


def test_the_file_of_an_untouched_experiment_comes_back_equal_too(tmp_path: Path) -> None:
    export(ExportedRun(Experiment(), ""), tmp_path / "plain.toml")
    assert Experiment.from_toml((tmp_path / "plain.toml").read_text()) == Experiment()


def test_the_experiment_of_a_run_that_was_changed_on_its_way_says_that_it_is_the_one_it_began_with(
    tmp_path: Path,
) -> None:
    recording = Run(Experiment.preset("one-pair"))
    recording.run(5)
    recording.change(**{"training.lr": 0.01})
    export(recording.exported("mine"), tmp_path / "mine.toml")
    text = (tmp_path / "mine.toml").read_text()
    assert "changed by hand" in text
    assert Experiment.from_toml(text) == Experiment.preset("one-pair")


def test_what_was_set_before_the_first_update_is_what_the_run_began_with(tmp_path: Path) -> None:
    recording = Run(Experiment.preset("one-pair"))
    recording.change(**{"training.lr": 0.01})
    recording.run(5)
    export(recording.exported("mine"), tmp_path / "mine.toml")
    text = (tmp_path / "mine.toml").read_text()
    assert "by hand" not in text
    assert Experiment.from_toml(text) == Experiment.preset("one-pair").replace(**{"training.lr": 0.01})


def test_a_script_of_an_experiment_with_rules_says_that_it_leaves_them_out(tmp_path: Path) -> None:
    experiment = Experiment().replace(**SMALL, **{"stop.loss": 1.0})
    export(ExportedRun(experiment, "with rules"), tmp_path / "ruled.py")
    export(ExportedRun(experiment.replace(**{"stop.loss": 0.0}), "without"), tmp_path / "plain.py")
    assert "[stop] rules are left out" in (tmp_path / "ruled.py").read_text()
    assert "[stop]" not in (tmp_path / "plain.py").read_text()
