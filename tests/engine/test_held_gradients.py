"""A frozen parameter's gradient reads 0; what it would be is known beside it."""

from __future__ import annotations

import numpy as np
import pytest

from adder_engine.analysis.tracing import held_gradients, trace_row
from adder_engine.experiment import Experiment
from adder_engine.training.checkpoint import Constraints
from adder_engine.training.trainer import Trainer


def trainer_of(**changes: object) -> Trainer:
    return Trainer(Experiment.preset("three-pairs").replace(**changes))


@pytest.mark.parametrize("l1", [0.0, 0.5])
def test_freezing_tells_the_gradient_that_was_there_before(l1: float) -> None:
    trainer = trainer_of(**{"training.l1": l1})
    trainer.train(3)
    before = trainer.state[1].copy()
    trainer.constrain(Constraints(frozen=frozenset({0, 5})))
    assert trainer.state[1, [0, 5]].tolist() == [0.0, 0.0]
    assert held_gradients(trainer) == pytest.approx(before[[0, 5]].tolist(), rel=1e-5)


def test_a_frozen_gradient_would_be_what_an_unfrozen_run_has() -> None:
    held, free = trainer_of(), trainer_of()
    held.constrain(Constraints(frozen=frozenset({1})))
    held.update()
    free.update()
    assert held_gradients(held) == pytest.approx([float(free.state[1, 1])], rel=1e-5)


def test_it_is_unknown_until_backward_has_come_to_its_layer() -> None:
    trainer = trainer_of()
    last = trainer.layout.size - 1
    trainer.constrain(Constraints(frozen=frozenset({0, last})))
    assert held_gradients(trainer) == (None, None)
    while not trainer.stage or trainer.stages[trainer.stage - 1].phase != "backward":
        trainer.climb()
    first, output = held_gradients(trainer)
    assert first is None
    assert output is not None
    trainer.phase()
    assert None not in held_gradients(trainer)


def test_a_rows_share_and_the_rest_add_up_to_the_gradient_that_is_held_back() -> None:
    trainer = trainer_of()
    trainer.constrain(Constraints(frozen=frozenset({0})))
    trainer.update()
    rows = [trace_row(trainer, row) for row in range(3)]
    assert rows[0].batch_gradient is not None
    assert rows[0].batch_gradient[0] == pytest.approx(np.sum([row.gradient[0] for row in rows]), rel=1e-5)
