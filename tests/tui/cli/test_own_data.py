"""Rows of one's own, from the file to the answers: what is right for a row, for other pairs, and inside their range."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adder_engine.analysis.evaluation import checks
from adder_engine.steps import at_once
from adder_engine.training.trainer import Trainer
from adder_tui.cli.inputs import read_experiment
from adder_tui.cli.main import main

OWN = Path(__file__).parents[2] / "engine" / "own_data"


def test_the_truth_of_a_row_is_its_target_and_of_other_pairs_none_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    own = ["--data", str(OWN / "csv_2a3b.csv"), "--set", "training.lr=0.01", "--epochs", "3000"]
    asked = ["--predict", "30+70", "--predict", "1000+5", "--json"]
    assert main(["train", "many-pairs", *own, *asked]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["wanted"] == {"30+70": 270.0, "1000+5": None}
    assert last["predictions"]["30+70"] == pytest.approx(270, abs=0.005)
    assert last["off_by"]["30+70"] == pytest.approx(0, abs=0.005)
    assert last["off_by"]["1000+5"] is None


def test_inside_of_own_rows_is_their_range_and_there_the_network_is_right() -> None:
    settings = ("network.layers=2,16,1", "network.activation=relu", "training.lr=0.01", "epochs=3000", "seed=3")
    experiment = read_experiment("many-pairs", settings, str(OWN / "csv_pos.csv"))
    trainer = Trainer(experiment)
    for _ in range(experiment.epochs):
        trainer.epoch()
    found = at_once(checks(trainer))
    inside = found.regions[0]
    assert (inside.name, inside.a, inside.b) == ("inside", (0, 100), (0, 100))
    assert found.rmse == inside.rmse < 0.02
    assert found.within_close == inside.right == 1
