"""The exported script wants and answers what the engine does, and what a plain computation says, for any task."""

from __future__ import annotations

import contextlib
import io
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_engine import Experiment, Trainer
from adder_engine.export.pytorch_script import script
from adder_engine.watched_sums import starting_sums
from tests.engine.plain import by_task
from tests.engine.strategies import examples, experiments
from tests.engine.test_export import figures, figures_of_ours

STEADY: dict[str, Any] = {
    "training.optimizer": "sgd", "training.clip_norm": 1.0, "training.l1": 0.0, "training.weight_decay": 0.0,
    "network.dropout": 0.0,
}  # fmt: skip
"""What keeps an update from blowing the last bit of a sum up to a figure."""


def steady(experiment: Experiment) -> Experiment:
    """The experiment without what jumps: a step, and the sign that is the slope of an absolute value."""
    network, training = experiment.network, experiment.training
    bends = network.activation if isinstance(network.activation, tuple) else (network.activation,)
    smooth = tuple("tanh" if bend == "step" else bend for bend in bends)
    changes = {
        "network.activation": smooth if isinstance(network.activation, tuple) else smooth[0],
        "network.output_activation": "none" if network.output_activation == "step" else network.output_activation,
        "training.lr": min(training.lr, 1e-3),
        "training.loss": "mse" if training.loss == "mae" else training.loss,
    }
    return experiment.replace(**changes, **STEADY)


@dataclass(frozen=True)
class Script:
    """A script, what it printed, and what its names stood for in the end."""

    code: str
    printed: str
    names: dict[str, Any]

    def table(self, name: str) -> Any:
        """Its inputs ``(n, 2)`` or targets ``(n, 1)`` in the units of sums."""
        divided = re.search(rf"^{name} = {name} / (\w+)$", self.code, re.MULTILINE)
        values = self.names[name].double().numpy()
        return values.reshape(len(values), -1) * (self.names[divided[1]] if divided else 1.0)


def carried_out(experiment: Experiment) -> Script:
    code, printed = script(experiment, "mine"), io.StringIO()
    names: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "mine.py", "exec"), names)
    return Script(code, printed.getvalue(), names)


@pytest.mark.filterwarnings("ignore:Using a target size")  # that is what flat_target shows
@given(experiments(most_rows=6, widest=4), st.integers(0, 3))
@examples(60)
def test_a_script_wants_and_answers_what_the_engine_does_for_any_task(experiment: Experiment, epochs: int) -> None:
    experiment = steady(experiment.replace(epochs=epochs))
    done = carried_out(experiment)
    data, trainer = experiment.data, Trainer(experiment)

    inputs = done.table("inputs")
    targets = done.table("targets")[:, 0]
    assert len(inputs) == len(targets) == trainer.dataset.inputs.shape[0]
    own = {tuple(np.float32(row[:2]).tolist()): row for row in data.rows} if data.kind == "rows" else {}
    for (a, b), target in zip(inputs.tolist(), targets.tolist(), strict=True):
        near = [row for pair, row in own.items() if np.allclose(pair, (a, b), rtol=1e-6, atol=1e-30)]
        if data.noise or (own and (len(near) != 1 or len(own) < len(data.rows))):
            continue  # which of the rows it is does not show
        row = near[0] if near else (a, b)
        wanted = row[2] if len(row) == 3 else by_task(data.task, row[0], row[1])
        size = max(1.0, abs(wanted), abs(a), abs(b), abs(a * b), a * a)
        assert abs(target - wanted) <= (0 if experiment.is_yes_or_no else 1e-6 * size) or _at_the_border(data, row)

    losses, answers = figures(done.printed)
    ours, our_answers = figures_of_ours(experiment, set(losses))
    size = max(1.0, float(np.abs(trainer.state[0]).max()), *(abs(x) for row in inputs.tolist() for x in row))
    for epoch, numbers in losses.items():
        assert np.allclose(numbers, ours[epoch], rtol=2e-3, atol=1e-6), epoch
    asked = starting_sums(experiment)
    assert len(answers) == len(asked)
    for pair, answer, our in zip(asked, answers, our_answers, strict=True):
        far = max(abs(pair.a), abs(pair.b), size)
        assert abs(answer - our) <= 1e-3 * max(abs(our), far * 1e-3) + 1e-4, pair


def _at_the_border(data: Any, row: tuple[float, ...]) -> bool:
    """Whether a question turns within the rounding of its pair."""
    a, b = row[:2]
    moved = {by_task(data.task, a * (1 + x), b * (1 + y)) for x in (-1e-6, 0, 1e-6) for y in (-1e-6, 0, 1e-6)}
    return len(row) == 2 and len(moved) > 1
