"""``adder-tui predict``, ``export``, ``sweep`` and ``--open``: what they print and write, and what they refuse."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from adder_engine import Experiment, Session
from adder_tui.cli import main as cli
from adder_tui.cli.main import main
from adder_tui.settings import Settings
from adder_tui.storage.data_dir import make_data_dir, take_instance_lock
from adder_tui.storage.run_files import LAST_RUN, autosave_path, start_session


async def _save(path: Path, epochs: int, preset: str = "one-pair") -> None:
    session = Session(Experiment.preset(preset).replace(epochs=2000))
    await session.step("epoch", epochs)
    await session.save(path)
    await session.close()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one-pair, saved at its end."""
    path = tmp_path_factory.mktemp("runs") / "mine.npz"
    asyncio.run(_save(path, 2000))
    return path


def _refused(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    """The one line that a wrong command line gets."""
    assert main(args) == 2
    phrase = capsys.readouterr()
    assert phrase.out == ""
    assert phrase.err.startswith("adder-tui: ")
    assert phrase.err.count("\n") == 1
    return phrase.err


def _text(capsys: pytest.CaptureFixture[str], *args: str) -> list[str]:
    assert main(args) == 0
    phrase = capsys.readouterr()
    assert phrase.err == ""
    return phrase.out.splitlines()


# --- predict ---------------------------------------------------------------------------------------


def test_a_saved_run_answers_sums_that_may_begin_with_a_minus(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = _text(capsys, "predict", str(run), "30+70", "-330000+30000", "70+30")
    assert [line.split(" = ")[0].strip() for line in lines] == ["30+70", "-330000+30000", "70+30"]
    assert [line.split(" = ")[1].split()[0] for line in lines][::2] == ["99.98", "78.66"]
    assert lines[0].endswith("truth     100   off by      −0.02")


def test_a_file_that_is_no_run_is_refused(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    foreign, damaged = tmp_path / "foreign.npz", tmp_path / "damaged.npz"
    foreign.write_text("rows = [[30, 70]]")
    damaged.write_bytes(run.read_bytes()[:-500])
    for path, phrase in ((foreign, "is not a run"), (damaged, "is not a run"), (tmp_path / "none.npz", "There is no")):
        assert phrase in _refused(capsys, "predict", str(path), "30+70")
        assert phrase in _refused(capsys, "--open", str(path))


def test_what_is_no_sum_is_refused_before_the_run_is_opened(capsys: pytest.CaptureFixture[str]) -> None:
    assert "'thirty'" in _refused(capsys, "predict", "none.npz", "30+70", "thirty")
    assert "SUM" in _refused(capsys, "predict", "none.npz")


# --- weights, and runs that train saves ------------------------------------------------------------


@pytest.mark.slow
def test_a_run_that_train_saves_from_weights_answers_as_train_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    from adder_engine import Adder

    weights, saved = tmp_path / "w.pt", tmp_path / "run.npz"
    torch.manual_seed(3)
    state = Adder(Experiment.preset("one-pair")).state_dict()
    torch.save(state, weights)
    printed = _text(
        capsys, "train", "one-pair", "--weights", str(weights), "--epochs", "300", "--save", str(saved), "--predict",
        "30+70"
    )  # fmt: skip
    assert printed[-1] == f"The run is saved as {saved}: adder-tui --open goes on with it."
    assert _text(capsys, "predict", str(saved), "30+70") == [printed[-2]]
    plain = _text(capsys, "train", "one-pair", "--weights", str(weights), "--epochs", "300", "--predict", "30+70")
    assert [line for line in plain if "a second" not in line] == [
        line for line in printed[:-1] if "a second" not in line
    ]
    assert main(["export", "one-pair", "--weights", str(weights), "--to", str(tmp_path / "a.toml")]) == 0
    written = Experiment.from_toml((tmp_path / "a.toml").read_text())
    assert list(written.network.init) == torch.cat([tensor.ravel() for tensor in state.values()]).tolist()


def test_weights_that_do_not_fit_and_runs_that_cannot_be_saved_are_refused(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "w.json").write_text('{"input.weight": [[1, 2]]}')
    weights = str(tmp_path / "w.json")
    for args in (["train", "one-pair"], ["export", "one-pair", "--to", str(tmp_path / "a.py")], []):
        assert "has no input.bias" in _refused(capsys, *args, "--weights", weights)
    assert "both say how" in _refused(capsys, "train", "one-pair", "--weights", weights, "--set", "network.init=0")
    assert "leave out --weights" in _refused(
        capsys, "export", str(run), "--to", str(tmp_path / "a.py"), "--weights", weights
    )
    assert "saved run, not weights alone" in _refused(capsys, "train", "one-pair", "--weights", str(run))
    assert "does not end in .npz" in _refused(capsys, "train", "one-pair", "--save", str(tmp_path / "run"))
    assert "no folder" in _refused(capsys, "train", "one-pair", "--save", str(tmp_path / "no" / "run.npz"))


# --- export ----------------------------------------------------------------------------------------


def test_a_preset_is_exported_as_each_kind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begins = {"a.py": '"""one-pair: one sum only', "a.ipynb": "{", "a.csv": "epoch,train_loss", "a.svg": "<svg "}
    for name, start in begins.items():
        assert _text(capsys, "export", "one-pair", "--to", str(tmp_path / name)) == [f"{tmp_path / name} written."]
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(start)
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 2001


def test_weights_of_a_saved_run_are_its_own(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import torch

    from adder_engine import Adder

    _text(capsys, "export", str(run), "--to", str(tmp_path / "weights.pt"))
    model = Adder(Experiment.preset("one-pair"))
    model.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    with torch.no_grad():
        assert model(torch.tensor([[70.0, 30.0]])).item() == pytest.approx(78.66, abs=0.02)


def test_weights_of_a_run_with_a_muted_neuron_answer_as_predict_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import torch

    from adder_engine import Adder

    async def save() -> None:
        async with Session(Experiment.preset("one-pair")) as session:
            await session.step("epoch", 500)
            await session.mute(frozenset({(0, 1)}))
            await session.save(tmp_path / "muted.npz")

    asyncio.run(save())
    (answer,) = _text(capsys, "predict", str(tmp_path / "muted.npz"), "30+70")
    (said,) = _text(capsys, "export", str(tmp_path / "muted.npz"), "--to", str(tmp_path / "weights.pt"))
    assert said.endswith("written. h1[1] (row 1 of input.weight) is muted in the run: its outgoing weights are written"
                         " as 0, so that the file answers alike.")  # fmt: skip
    model = Adder(Experiment.preset("one-pair"))
    model.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    with torch.no_grad():
        wanted = model(torch.tensor([[30.0, 70.0]])).item()
    assert f"= {wanted:.2f} " in answer


def test_a_run_is_known_by_what_it_holds_and_an_experiment_by_its_ending(
    tmp_path: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unnamed, written = tmp_path / "saved", tmp_path / "mine.toml"
    unnamed.write_bytes(run.read_bytes())
    written.write_text(Experiment.preset("tanh").to_toml(), encoding="utf-8")
    _text(capsys, "export", str(unnamed), "--to", str(tmp_path / "run.py"))
    _text(capsys, "export", str(written), "--to", str(tmp_path / "toml.py"))
    assert "torch.tensor([[30.0, 70.0]])" in (tmp_path / "run.py").read_text()
    assert "torch.tanh" in (tmp_path / "toml.py").read_text()


def test_a_run_that_blows_up_is_written_as_far_as_it_came(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "explode", "--to", str(tmp_path / "a.csv")]) == 1
    phrase = capsys.readouterr()
    assert "finite" in phrase.err
    assert phrase.err.count("\n") == 1
    assert 2 < len((tmp_path / "a.csv").read_text().splitlines()) < 20


@pytest.mark.parametrize(
    ("source", "to", "phrase"),
    [
        ("one-pair", "a.txt", "must end in .toml, .py"),
        ("one-pair", "nowhere/a.svg", "no folder"),
        ("one-pear", "a.svg", "one-pair"),
        ("none.npz", "a.svg", "There is no file"),
        ("none.toml", "a.svg", "none.toml"),
    ],
)
def test_an_export_that_cannot_be_is_refused(
    source: str, to: str, phrase: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert phrase in _refused(capsys, "export", source, "--to", str(tmp_path / to))
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_way_is_named_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.svg").mkdir()
    assert "is a folder" in _refused(capsys, "export", "many-pairs", "--to", str(tmp_path / "a.svg"))


def test_an_export_takes_settings_and_epochs_but_not_of_a_saved_run(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = tmp_path / "x.toml"
    changed = ("--set", "training.lr=0.5", "--epochs", "7")
    assert main(["export", "one-pair", "--to", str(to), *changed]) == 0
    exported = Experiment.from_toml(to.read_text(encoding="utf-8"))
    assert (exported.training.lr, exported.epochs) == (0.5, 7)
    losses = tmp_path / "x.csv"
    assert main(["export", "one-pair", "--to", str(losses), "--set", "training.lr=1e-4", "--epochs", "3"]) == 0
    assert len(losses.read_text(encoding="utf-8").splitlines()) == 4
    capsys.readouterr()
    for option in (changed[:2], changed[2:]):
        assert f"leave out {option[0]}" in _refused(capsys, "export", str(run), "--to", str(to), *option)


# --- sweep -----------------------------------------------------------------------------------------


def _sweep_json(capsys: pytest.CaptureFixture[str], *args: str) -> list[dict[str, Any]]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return [json.loads(line, parse_constant=refuse) for line in _text(capsys, "sweep", *args, "--json")]


def test_a_sweep_is_one_aligned_table(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["sweep", "one-pair", "--over", "training.lr=1e-4,1e-3,0.5", "--seeds", "3"]
    headline, heading, *lines = _text(capsys, *args)
    assert headline == "one-pair: 3 values of training.lr from 3 seeds, 9 runs of 2,000 epochs"
    assert heading.split("  ")[0] == "training.lr"
    assert heading.split()[-3:] == ["30+70", "blew", "up"]
    assert [line.split()[0] for line in lines] == ["0.0001", "0.001", "0.5"]
    assert all(line.endswith("0 of 3") for line in lines)
    assert len({len(line) for line in lines}) == 1


def test_a_sweep_as_json_is_one_object_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["one-pair", "--over", "training.lr=2e-4,1e-3", "--seeds", "2", "--predict", "30+70", "--predict", "-3+1"]
    runs = _sweep_json(capsys, *args)
    assert [(run["value"], run["seed"]) for run in runs] == [(2e-4, 42), (2e-4, 43), (1e-3, 42), (1e-3, 43)]
    first = runs[0]
    assert first["over"] == "training.lr"
    assert first["done"] is True
    assert first["test_loss"] is None
    assert set(first["predictions"]) == {"30+70", "-3+1"}
    assert first["wanted"] == {"30+70": 100, "-3+1": -2}
    assert first["off_by"]["30+70"] == first["predictions"]["30+70"] - 100
    assert first["predictions"]["30+70"] == pytest.approx(99.98, abs=0.01)
    assert first["train_loss"] == pytest.approx(0.0005, abs=1e-4)
    watched, *_ = _sweep_json(capsys, "one-pair", "--over", "seed=1", "--seeds", "1", "--epochs", "1")
    assert json.dumps(watched["wanted"]) == '{"30+70": 100}'


def test_a_run_that_blows_up_is_counted_and_harms_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    runs = _sweep_json(capsys, "explode", "--over", "training.lr=1e-5,2e-4", "--seeds", "1", "--epochs", "50")
    assert [run["done"] for run in runs] == [True, False]
    assert "finite" in runs[1]["stopped"]
    assert "stopped" not in runs[0]


def test_a_run_that_ends_far_above_its_start_is_counted_with_those_that_blew_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t8.toml"
    path.write_text(
        "epochs = 100\n[network]\nlayers = [2, 1]\n[data]\nkind = 'rows'\n"
        "rows = [[300,310],[-820,-800],[1110,1080],[15,20],[-400,-410],[640,655]]\n"
        "[training]\noptimizer = 'sgd'\n"
    )
    over = ("--over", "training.lr=1.1e-6,1.25e-6", "--seeds", "2")
    table = [line.split() for line in _text(capsys, "sweep", str(path), *over)][2:]
    assert [line[-3:] for line in table] == [["0", "of", "2"], ["2", "of", "2"]]
    assert table[1][1] == "–"
    runs = _sweep_json(capsys, str(path), *over)
    assert [run["done"] for run in runs] == [True, True, False, False]
    assert all(run["diverged"] > 1e6 and "times above its start" in run["stopped"] for run in runs[2:])
    assert all(f"(loss now {run['loss_now']:.4g}".replace("e+", "e") in run["stopped"] for run in runs[2:])
    assert "diverged" not in runs[0]
    assert main(["sweep", str(path), "--over", "training.lr=1.25e-6", "--seeds", "1"]) == 1
    assert "times above its start (loss now " in capsys.readouterr().err


def test_a_sweep_says_where_its_train_loss_is_over_all_differences(capsys: pytest.CaptureFixture[str]) -> None:
    args = ("three-pairs", "--over", "training.flat_target=true,false", "--seeds", "1", "--epochs", "3")
    flat, rows = _text(capsys, "sweep", *args)[2:]
    assert flat.count(" n·n") == 3
    assert "n·n" not in rows
    assert [run.get("train_loss_over") for run in _sweep_json(capsys, *args)] == ["3·3 differences", None]
    args = ("three-pairs", "--set", "training.flat_target=true", "--over", "seed=1", "--epochs", "3")
    assert "median train loss n·n" in _text(capsys, "sweep", *args)[1]
    last = json.loads(_text(capsys, "train", "three-pairs", *args[1:3], "--epochs", "3", "--json")[-1])
    assert last["train_loss_over"] == "3·3 differences"


def test_when_every_run_blows_up_the_sweep_has_failed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "explode", "--over", "training.lr=2e-4,3e-4", "--seeds", "2"]) == 1
    phrase = capsys.readouterr()
    assert phrase.out.splitlines()[-1].endswith("2 of 2")
    assert "No run came to its end." in phrase.err
    assert "nan" not in phrase.out


def test_words_and_shapes_can_be_swept_over(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _text(capsys, "sweep", "one-pair", "--over", "network.layers=2-1,2-4-1", "--epochs", "3", "--seeds", "1")
    assert [line.startswith(start) for line, start in zip(lines[2:], ("[2, 1]", "[2, 4, 1]"), strict=True)] == [
        True
    ] * 2
    lines = _text(capsys, "sweep", "one-pair", "--over", "seed=1,2,3", "--epochs", "3")
    assert lines[0] == "one-pair: 3 values of seed, 3 runs of 3 epochs"


@pytest.mark.parametrize(
    ("args", "phrase"),
    [
        (["--over", "training.lr"], "key=value,value"),
        (["--over", "training.lr=fast"], "training.lr"),
        (["--over", "training.speed=1"], "training.speed"),
        (["--over", "training.lr=1e-3", "--seeds", "0"], "0 seeds"),
        (["--over", "seed=1,2", "--seeds", "3"], "leave out the other seeds"),
        (["--over", "training.lr=1e-3", "--predict", "many"], "'many'"),
        (["--over", "training.lr=1e-3", "--epochs", "-1"], "epochs = -1"),
        ([], "--over"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(args: list[str], phrase: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert phrase in _refused(capsys, "sweep", "one-pair", *args)


def test_two_settings_are_a_table_of_pairs_and_a_heat_map(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["one-pair", "--over", "training.lr=1e-3,1e-2", "--over", "network.activation=tanh,relu,none"]
    args += ["--seeds", "2", "--epochs", "20"]
    headline, heading, *lines = _text(capsys, "sweep", *args)
    assert headline == (
        "one-pair: 2 values of training.lr by 3 of network.activation from 2 seeds, 12 runs of 20 epochs"
    )
    assert heading.split()[:2] == ["training.lr", "network.activation"]
    pairs = [line.split() for line in lines[:6]]
    assert [pair[:2] for pair in pairs[:3]] == [["0.001", "tanh"], ["0.001", "relu"], ["0.001", "none"]]
    head, *rows = [line.split() for line in lines[8:11]]
    assert head == ["training.lr", "tanh", "relu", "none"]
    for at, row in enumerate(rows):
        assert [cell for cell in row if len(cell) > 1][1:] == [pair[2] for pair in pairs[3 * at : 3 * at + 3]]
    *runs, grid = _sweep_json(capsys, *args)
    assert [(run["value"], run["across"], run["across_value"], run["seed"]) for run in runs[:3]] == [
        (0.001, "network.activation", "tanh", 42), (0.001, "network.activation", "tanh", 43),
        (0.001, "network.activation", "relu", 42),
    ]  # fmt: skip
    assert (grid["grid"], grid["values"], grid["across_values"]) == (
        ["training.lr", "network.activation"], [0.001, 0.01], ["tanh", "relu", "none"],
    )  # fmt: skip
    losses = [(one["train_loss"] + other["train_loss"]) / 2 for one, other in zip(runs[::2], runs[1::2], strict=True)]
    assert [loss for row in grid["median_train_loss"] for loss in row] == pytest.approx(losses)


# --- rates -----------------------------------------------------------------------------------------


def test_the_test_of_rates_is_a_chart_with_the_limit_marked_and_its_figures_are_those_of_json_and_csv(
    capsys: pytest.CaptureFixture[str],
) -> None:
    args = ("rates", "explode", "--from", "1e-7", "--to", "1", "--updates", "60")
    text = _text(capsys, *args)
    assert text[0] == "explode: 60 updates, the rate rising from 1e-07 to 1"
    assert any("2/λmax" in line for line in text)
    assert any(line.startswith("From ") and "lowest at the rate" in line for line in text)
    (line,) = _text(capsys, *args, "--json")
    found = json.loads(line)
    assert found["limit"] == pytest.approx(2 / found["curvature"])
    assert found["optimizer_limit"] == pytest.approx(found["limit"])
    assert found["lowest"] / 10 == found["proposed"]
    assert "4 times the start's" in found["ended"] or "finite no more" in found["ended"]
    heading, *rows = _text(capsys, *args, "--csv")
    assert heading == "rate,loss"
    assert [[float(cell) for cell in row.split(",")] for row in rows] == [
        list(pair) for pair in zip(found["rates"], found["losses"], strict=True)
    ]


@pytest.mark.parametrize(
    ("args", "phrase"),
    [
        (["--from", "1", "--to", "0.1"], "The rates must rise"),
        (["--to", "0"], "training.lr"),
        (["--updates", "1"], "1 updates will not do"),
        (["--json", "--csv"], "use one of them"),
    ],
)
def test_a_test_of_rates_that_cannot_be_is_refused(
    args: list[str], phrase: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert phrase in _refused(capsys, "rates", "one-pair", *args)


# --- --open ----------------------------------------------------------------------------------------


def test_the_app_opens_on_a_saved_run(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Settings] = []

    def start(settings: Settings) -> int:
        started.append(settings)
        return 0

    monkeypatch.setattr(cli, "start_app", start)
    monkeypatch.chdir(run.parent)
    assert main(["--open", run.name]) == 0
    (settings,) = started
    assert settings.open_run == run
    assert settings.experiment == Experiment.preset("one-pair")


def test_a_saved_run_brings_its_own_experiment(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "leave out" in _refused(capsys, "--open", str(run), "--experiment", "one-pair")
    assert "leave out" in _refused(capsys, "--open", str(run), "--set", "seed=1")


async def test_the_session_goes_on_with_the_run(run: Path, tmp_path: Path) -> None:
    make_data_dir(tmp_path)
    session, _ = await start_session(Experiment(), tmp_path, take_instance_lock(tmp_path), run)
    snapshot = await session.snapshot()
    await session.close()
    assert snapshot.experiment == Experiment.preset("one-pair")
    assert snapshot.epoch == 2000
    assert not snapshot.warning


@pytest.mark.parametrize("name", ["autosave", "last run"])
async def test_the_apps_own_kept_runs_can_be_opened_and_the_other_is_not_lost(name: str, tmp_path: Path) -> None:
    make_data_dir(tmp_path)
    autosave = autosave_path(tmp_path)
    kept = autosave.with_name(f"{LAST_RUN}.npz")
    await _save(autosave, 3)
    await _save(kept, 5)
    chosen, epochs = (autosave, 3) if name == "autosave" else (kept, 5)
    session, last = await start_session(Experiment(), tmp_path, take_instance_lock(tmp_path), chosen)
    snapshot = await session.snapshot()
    await session.close()
    assert snapshot.epoch == epochs
    assert last is not None
    assert last.epoch == 3
