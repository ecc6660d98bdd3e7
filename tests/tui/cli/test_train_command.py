"""``adder-tui train``: what it prints, how it ends, and what becomes of a pipe or a Ctrl+C."""

import json
import math
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adder_engine.experiment import Experiment
from adder_engine.parsing import Sum
from adder_engine.runs.divergence import explain_anew
from adder_engine.snapshot import Answer
from adder_engine.training.trainer import Trainer
from adder_tui.cli.main import main
from adder_tui.cli.train_command import answer_lines, reported_epochs
from adder_tui.ui.numbers import number
from adder_tui.ui.run_state import divergence_text
from adder_tui.ui.symbols import UNICODE


def _json(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> list[dict[str, Any]]:
    """The lines of a run as JSON; NaN and Infinity, which JSON does not have, are refused."""
    assert main(["train", *args, "--json"]) == code

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return [json.loads(line, parse_constant=refuse) for line in capsys.readouterr().out.splitlines()]


def _text(capsys: pytest.CaptureFixture[str], *args: str) -> list[str]:
    assert main(["train", *args]) == 0
    return capsys.readouterr().out.splitlines()


def test_the_tutorials_one_pair_ends_at_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _json(capsys, "one-pair", "--predict", "30+70", "--predict", "70+30")
    assert [line["epoch"] for line in lines] == [1, 200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800, 2000]
    assert lines[0]["train_loss"] == pytest.approx(9764.15, abs=0.01)
    assert lines[1]["train_loss"] == pytest.approx(7720.84, abs=0.01)
    assert lines[-1]["predictions"] == pytest.approx({"30+70": 99.98, "70+30": 78.66}, abs=0.01)


def test_the_tutorials_many_pairs_end_at_their_figures(capsys: pytest.CaptureFixture[str]) -> None:
    last = _json(capsys, "many-pairs", "--predict", "-330000+30000")[-1]
    assert last["train_loss"] == pytest.approx(0.2502, abs=0.0005)
    assert last["predictions"]["-330000+30000"] == pytest.approx(-299593.6, abs=1)


def test_lines_have_the_losses_and_the_last_one_what_became_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _json(capsys, "mini-batches", "--epochs", "3", "--predict", "1 + 2")
    assert [set(line) for line in lines[:-1]] == [{"epoch", "updates", "train_loss", "test_loss", "test_epoch"}] * 2
    assert [line["updates"] for line in lines] == [100, 200, 300]
    assert all(line["test_loss"] > 0 for line in lines)
    last = lines[-1]
    assert last["done"] is True
    assert set(last["predictions"]) == {"1 + 2"}
    assert last["updates_per_second"] == pytest.approx(300 / last["seconds"], rel=0.01)
    assert "stopped" not in last


def test_without_held_out_sums_their_loss_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    assert all(line["test_loss"] is None for line in _json(capsys, "one-pair", "--epochs", "5"))


def test_no_epochs_at_all_is_a_finished_run(capsys: pytest.CaptureFixture[str]) -> None:
    (last,) = _json(capsys, "one-pair", "--epochs", "0", "--predict", "30+70")
    assert last["done"] is True
    assert last["train_loss"] is None
    assert last["predictions"]["30+70"] == pytest.approx(1.186, abs=0.001)


def test_a_rule_of_the_experiment_ends_a_run_well(capsys: pytest.CaptureFixture[str]) -> None:
    last = _json(capsys, "one-pair", "--set", "stop.loss=100", "--predict", "30+70")[-1]
    assert last["done"] is True
    assert 0 < last["epoch"] < 2000
    assert last["train_loss"] <= 100
    assert last["rule"] == f"Stopped by its rule: the train loss {last['train_loss']:.4g} is at or below 100."
    assert last["rule"] in _text(capsys, "one-pair", "--set", "stop.loss=100")


def test_a_run_that_goes_back_to_its_best_counts_all_updates_that_it_ran(capsys: pytest.CaptureFixture[str]) -> None:
    sets = ["data.count=60", "data.scale=500", "data.test_every=1", "data.noise=60", "network.activation=tanh",
            "training.lr=0.02", "stop.patience=20", "stop.keep_best=true"]  # fmt: skip
    last = _json(capsys, "many-pairs", *(part for one in sets for part in ("--set", one)))[-1]
    assert last["rule"].endswith(f"This is its best, epoch {last['epoch']}.")
    assert last["updates"] == last["epoch"]
    assert last["updates_per_second"] * last["seconds"] == pytest.approx(last["epoch"] + 20, rel=0.01)


def test_a_run_that_blows_up_says_so_in_words_and_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    last = _json(capsys, "explode", "--predict", "30+70", "--predict", "1e12+1e12", code=1)[-1]
    assert last["done"] is False
    blow_up = explain_anew(Experiment.preset("explode"))  # as the app tells it
    assert blow_up is not None
    assert last["stopped"] == divergence_text(blow_up)
    assert (last["blew_up_at"], last["not_finite_at"]) == (blow_up.update, blow_up.lost_at)
    assert last["epoch"] < 20


T8 = """
seed = 8
epochs = 100
[network]
layers = [2, 1]
[data]
kind = "rows"
rows = [[300,310],[-820,-800],[1110,1080],[15,20],[-400,-410],[640,655]]
[training]
optimizer = "sgd"
lr = 1.25e-6
"""


def test_a_run_that_diverges_is_said_with_the_reason_and_exits_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t8.toml"
    path.write_text(T8)
    assert main(["train", str(path)]) == 1
    phrase = capsys.readouterr()
    assert "This run diverged: the loss ended 1.13e9 times above its start" in phrase.err
    assert "The rate 1.25e−6 stood above the limit 1.185e−6 = 2/λmax." in phrase.err
    last = _json(capsys, str(path), code=1)[-1]
    assert last["done"] is False
    assert last["stopped"] == phrase.err.removeprefix("adder-tui: ").strip()
    assert last["diverged"] == pytest.approx(1.13e9, rel=0.01)
    assert f"loss now, {number(last['loss_now'], UNICODE)}, after" in phrase.err
    start = Trainer(Experiment.from_toml(T8)).current_loss()
    assert last["diverged"] == pytest.approx(last["loss_now"] / start, rel=1e-6)
    assert last["limit"] == pytest.approx(1.185e-6, rel=1e-3)
    assert (last["blew_up_at"], last["not_finite_at"], last["lr"]) == (38, None, 1.25e-6)
    calm = _json(capsys, str(path), "--set", "training.lr=1.1e-6")[-1]
    assert calm["done"] is True
    assert "diverged" not in calm


def test_a_run_that_a_rule_of_its_own_ended_far_above_its_start_has_diverged_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t8.toml"
    path.write_text(T8)
    last = _json(capsys, str(path), "--set", "stop.epoch=60", code=1)[-1]
    assert last["epoch"] == 60
    assert "This run diverged" in last["stopped"]
    assert _json(capsys, str(path), "--set", "stop.epoch=20")[-1]["done"] is True  # 50 times is not yet beyond


@pytest.mark.parametrize(
    ("settings", "cause", "words"),
    [
        (["network.init=zeros", "network.layers=2-4-1"], "zero", "All weights are 0"),
        (["network.layers=2-4-1", "network.init=-1", "network.activation=relu", "data.low=1"], "dead", "are dead"),
        (["network.layers=2-4-1", "network.init=9", "network.activation=tanh", "data.low=1"], "saturated", "saturated"),
        (["network.layers=2-1", "training.flat_target=true", "training.lr=0.01"], "broadcast", "flat_target"),
    ],
)
def test_a_loss_that_stands_still_is_said_with_its_reason(
    capsys: pytest.CaptureFixture[str], settings: list[str], cause: str, words: str
) -> None:
    options = [text for setting in ["data.count=50", "data.test_count=0", *settings] for text in ("--set", setting)]
    last = _json(capsys, "many-pairs", *options, "--epochs", "6000")[-1]
    assert last["stuck_because"] == cause
    assert words in last["stuck"]
    assert main(["train", "many-pairs", *options, "--epochs", "6000"]) == 0
    assert last["stuck"] in capsys.readouterr().out


def test_a_run_that_learns_or_only_just_began_is_not_called_stuck(capsys: pytest.CaptureFixture[str]) -> None:
    assert "stuck" not in _json(capsys, "one-pair")[-1]
    assert "stuck" not in _json(capsys, "three-pairs")[-1]
    assert "stuck" not in _json(capsys, "many-pairs", "--set", "network.init=zeros", "--epochs", "3")[-1]


def test_a_run_that_blows_up_says_so_on_stderr_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "explode", "--predict", "30+70"]) == 1
    phrase = capsys.readouterr()
    assert "finite" in phrase.err
    assert phrase.err.count("\n") == 1
    assert "nan" not in phrase.out


def test_keys_are_set_and_epochs_come_last(capsys: pytest.CaptureFixture[str]) -> None:
    last = _json(capsys, "one-pair", "--set", "epochs=9", "--set", "network.layers=2,1", "--epochs", "4")[-1]
    assert last["epoch"] == 4


@pytest.mark.parametrize(
    ("task", "asked", "truth"),
    [
        ("sum", "12-5", "7"), ("sum", "12, -5", "7"),
        ("difference", "12-5", "7"), ("difference", "12+5", "17"), ("difference", "12,5", "7"),
        ("product", "5*5", "25"), ("product", "0.5×-0.5", "−0.25"), ("product", "5·5", "25"), ("product", "5,5", "25"),
    ],
)  # fmt: skip
def test_what_is_asked_is_read_as_the_task_writes_it(
    capsys: pytest.CaptureFixture[str], task: str, asked: str, truth: str
) -> None:
    line = _text(capsys, "one-pair", "--epochs", "1", "--set", f"data.task={task}", "--predict", asked)[-1]
    assert line.startswith(f"{asked} = ")
    assert line.split("truth")[1].split()[0] == truth


def test_rows_with_targets_of_their_own_are_the_truth_for_their_pairs_and_for_no_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = ["one-pair", "--set", "data.rows=[[30, 70, 270]]", "--epochs", "1000", "--set", "training.lr=0.01"]
    known, unknown = _text(capsys, *own, "--predict", "30+70", "--predict", "12+5")[-2:]
    assert known == "30+70 = 270.00   truth 270   off by +0.00"
    assert unknown.endswith("no truth known")
    phrase = _json(capsys, *own, "--predict", "30+70", "--predict", "12+5")[-1]
    assert phrase["wanted"] == {"30+70": 270.0, "12+5": None}
    assert phrase["off_by"]["30+70"] == phrase["predictions"]["30+70"] - 270.0
    assert phrase["off_by"]["12+5"] is None


def test_text_ends_with_the_answer_the_truth_and_how_far_off(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _text(capsys, "one-pair", "--predict", "30+70")
    assert lines[1].split() == ["epoch", "1", "train", "loss", "9764.15"]
    assert lines[2].split() == ["epoch", "200", "train", "loss", "7720.84"]
    assert lines[-1] == "30+70 = 99.98   truth 100   off by −0.02"


def test_answers_stand_in_columns() -> None:
    answers = [
        Answer(Sum(30, 70, "30+70"), 99.978, 100.0), Answer(Sum(-3, 1, "-3+1"), -13.5, -2.0),
        Answer(Sum(1e12, 0, "1e12+0"), math.inf, 1e12),
    ]  # fmt: skip
    assert answer_lines(answers, Experiment()) == [
        "30+70  =  99.98   truth   100   off by  −0.02",
        "-3+1   = −13.50   truth    −2   off by −11.50",
        "1e12+0 =      ?   truth 1e+12   off by      ?",
    ]


def test_a_small_difference_is_not_rounded_to_nothing() -> None:
    lines = answer_lines([Answer(Sum(3, 7, "3+7"), 10.002, 10.0)], Experiment())
    assert lines == ["3+7 = 10.0020   truth 10   off by +0.0020"]


def test_nothing_asked_gives_no_answers() -> None:
    assert answer_lines([], Experiment()) == []


@pytest.mark.parametrize(
    ("epochs", "phrase"),
    [(0, []), (1, []), (2, [1]), (10, list(range(1, 10))), (25, [1, 2, 5, 7, 10, 12, 15, 17, 20, 22])],
)
def test_lines_are_due_at_the_first_epoch_and_each_tenth(epochs: int, phrase: list[int]) -> None:
    assert sorted(reported_epochs(epochs)) == phrase


# A test runner started in the background has SIGINT ignored, and its children would inherit that.
_TRAIN = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from adder_engine.parsing import Sum
from adder_engine.runs.divergence import explain_anew
from adder_engine.snapshot import Answer
from adder_engine.experiment import Experiment
from adder_tui.cli.main import main
from adder_tui.ui.run_state import divergence_text
sys.exit(main(["train", *sys.argv[1:]]))
"""


def _started(*args: str, stderr: int = subprocess.PIPE) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", _TRAIN, *args], stdout=subprocess.PIPE, stderr=stderr, text=True)


def test_a_reader_that_goes_away_gets_no_traceback() -> None:
    with _started("one-pair", "--epochs", "20000", "--json") as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.readline()
        run.stdout.close()
        phrase = run.stderr.read()
        run.wait(timeout=60)
    assert phrase == ""
    assert run.returncode == 1


def test_lines_come_as_soon_as_they_are_due_and_ctrl_c_ends_with_one_sentence() -> None:
    with _started("many-pairs", "--epochs", "10000000", "--json", "--predict", "30+70") as run:
        assert run.stdout is not None
        first = json.loads(run.stdout.readline())
        run.send_signal(signal.SIGINT)
        rest, phrase = run.communicate(timeout=60)
    assert first["epoch"] == 1
    assert json.loads(rest.splitlines()[-1])["done"] is False
    assert run.returncode == 1
    assert phrase.startswith("adder-tui: Stopped by Ctrl+C in epoch ")
    assert phrase.count("\n") == 1


def test_a_c_locale_gets_plain_ascii() -> None:
    environ = os.environ | {"LC_ALL": "C", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "adder_tui", "train", "one-pair", "--epochs", "1", "--predict", "30+70"]
    phrase = subprocess.run(command, capture_output=True, env=environ, check=True, timeout=60).stdout
    assert b"off by -" in phrase
    assert phrase.isascii()


def test_a_terminal_on_stderr_gets_a_progress_bar_that_leaves_nothing_behind() -> None:
    ours, theirs = pty.openpty()
    try:
        with _started("many-pairs", "--epochs", "10000000", stderr=theirs) as run:
            shown = ""
            while " of 10,000,000 epochs\r" not in shown:
                shown += os.read(ours, 1000).decode()
            run.send_signal(signal.SIGINT)
            phrase, _ = run.communicate(timeout=60)
        while "Ctrl+C" not in shown:
            shown += os.read(ours, 1000).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "\r" not in phrase
    bar, blanks = shown.split("adder-tui: ")[0].split("\r")[-4::2][:2]
    assert blanks == " " * len(bar)
