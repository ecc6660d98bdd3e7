"""A loss that stands still while all answers are alike: the reason is read off the network, or none is given."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pytest

from adder_engine.analysis.outlook import looked_back, stands_still, why_stuck
from adder_engine.analysis.results import CurvatureReport, Query
from adder_engine.experiment import Experiment
from adder_engine.runs.workspace import Workspace
from adder_engine.snapshot import Outlook, Stuck
from adder_engine.steps import at_once
from adder_engine.training.checkpoint import Constraints
from adder_engine.training.trainer import Trainer

SMALL = Experiment().replace(**{"data.count": 40, "data.test_count": 0, "network.layers": (2, 4, 1), "epochs": 50})


def trainer_of(**changes: Any) -> Trainer:
    return Trainer(SMALL.replace(**changes))


def found(trainer: Trainer) -> Stuck:
    before = trainer.state.copy()
    stuck = why_stuck(trainer)
    assert np.array_equal(trainer.state, before)
    assert stuck is not None
    assert stuck.low <= stuck.high
    return stuck


def set_all(trainer: Trainer, name: str, value: float) -> None:
    trainer.state[0, trainer.layout.by_name[name].span] = value


def test_units_of_relu_that_are_below_0_for_every_row_are_dead() -> None:
    trainer = trainer_of(**{"network.activation": "relu"})
    set_all(trainer, "input.bias", -1e5)
    stuck = found(trainer)
    assert (stuck.cause, stuck.layer, stuck.units, stuck.counts) == ("dead", "input", 4, (("dead", 4),))
    assert stuck.answers[0] == stuck.answers[1]
    trainer.update()
    assert not dict(trainer.named_gradients())["input.weight"].any()  # as it says: no gradient passes


@pytest.mark.parametrize("activation", ["tanh", "sigmoid"])
def test_units_far_out_on_a_flat_end_are_saturated(activation: str) -> None:
    trainer = trainer_of(**{"network.activation": activation})
    set_all(trainer, "input.bias", 1e5)
    assert (found(trainer).cause, found(trainer).units) == ("saturated", 4)


def test_muted_units_and_mixtures_are_counted() -> None:
    trainer = trainer_of(**{"network.activation": "relu"})
    trainer.constrain(Constraints(muted=frozenset((0, n) for n in range(4))))
    assert found(trainer).counts == (("muted", 4),)
    trainer.constrain(Constraints(muted=frozenset({(0, 3)})))
    assert why_stuck(trainer) is None
    set_all(trainer, "input.bias", -1e5)
    assert found(trainer).counts == (("dead", 3), ("muted", 1))


def test_an_output_without_weights_is_said_as_such() -> None:
    trainer = trainer_of()
    set_all(trainer, "output.weight", 0.0)
    assert (found(trainer).cause, found(trainer).layer) == ("zero", "output")
    trainer = trainer_of(**{"network.activation": "relu"})
    trainer.state[0, trainer.layout.by_name["input.bias"].span][:2] = -1e5
    trainer.state[0, trainer.layout.by_name["output.weight"].span][2:] = 0
    assert (found(trainer).cause, found(trainer).layer) == ("zero", "output")  # from the units that differ


def test_equal_weights_are_said() -> None:
    stuck = found(trainer_of(**{"network.init": "zeros"}))
    assert (stuck.cause, stuck.weight, stuck.alike) == ("zero", 0.0, True)
    stuck = found(trainer_of(**{"network.init": 0.5, "network.activation": "relu"}))
    assert (stuck.cause, stuck.weight, stuck.alike) == ("copies", 0.5, False)


def test_flat_targets_draw_every_answer_to_their_mean() -> None:
    trainer = trainer_of(**{"training.flat_target": True, "network.layers": (2, 1), "epochs": 3000})
    trainer.update()
    assert why_stuck(trainer) is None  # its answers still differ
    set_all(trainer, "output.weight", 1e-4)
    stuck = found(trainer)
    assert (stuck.cause, stuck.broadcast) == ("broadcast", True)
    trainer = trainer_of(**{"network.layers": (2, 1)})
    set_all(trainer, "output.weight", 1e-4)
    assert why_stuck(trainer) is None  # nothing is wrong that would hold it there
    trainer = trainer_of(**{"training.flat_target": True, "network.init": "zeros"})
    assert (found(trainer).cause, found(trainer).broadcast) == ("zero", True)


def test_what_learns_or_wants_one_answer_is_not_stuck() -> None:
    assert why_stuck(trainer_of()) is None
    one = Trainer(Experiment.preset("one-pair"))
    one.train(5)
    assert why_stuck(one) is None
    lost = trainer_of()
    lost.state[0] = math.inf
    assert why_stuck(lost) is None


def test_a_loss_stands_still_over_the_last_fifth_of_the_way() -> None:
    assert looked_back(4) is None
    assert looked_back(100) == 80
    assert stands_still(100.0, 98.5)
    assert not stands_still(100.0, 97.0)
    assert not stands_still(None, 1.0)


def outlook(workspace: Workspace) -> Outlook:
    return cast("Outlook", at_once(workspace.explorer.find(Query("outlook"))))


def test_the_outlook_tells_the_limit_and_what_is_stuck_and_moves_nothing() -> None:
    workspace = Workspace(SMALL.replace(**{"training.optimizer": "sgd", "network.init": "zeros", "epochs": 400}))
    assert outlook(workspace).stuck is None  # nothing stands still yet
    workspace.run.run(400)
    version, moment, state = workspace.version, workspace.run.moment, workspace.run.trainer.state.copy()
    phrase = outlook(workspace)
    assert phrase.stuck is not None
    assert (phrase.moment, phrase.lr) == (moment, workspace.run.trainer.lr)
    assert (workspace.version, workspace.run.moment) == (version, moment)
    assert np.array_equal(workspace.run.trainer.state, state)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adam", "adamw", "rmsprop"])
def test_the_outlook_s_limit_is_explore_s_and_none_where_there_is_none(optimizer: str) -> None:
    workspace = Workspace(SMALL.replace(**{"training.optimizer": optimizer}))
    limit = cast("CurvatureReport", at_once(workspace.explorer.find(Query("stability")))).optimizer_limit
    assert outlook(workspace).limit == (None if limit is None else pytest.approx(limit, rel=1e-3))
    assert (limit is None) == (optimizer in ("adam", "adamw", "rmsprop"))
