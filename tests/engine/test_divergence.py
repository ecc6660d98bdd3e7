"""A run that blew up says where, what grew first and how fast, beside the limit that the curvature sets."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adder_engine.analysis.curvature import largest_curvature
from adder_engine.errors import RequestError
from adder_engine.experiment import Experiment
from adder_engine.parameters import layout_of
from adder_engine.reference import Adder
from adder_engine.runs.divergence import Bound, explain, explain_anew
from adder_engine.runs.run import Run
from adder_engine.runs.workspace import Workspace
from adder_engine.training.checkpoint import why_stopped
from adder_engine.training.trainer import Trainer
from tests.engine.strategies import examples, experiments
from tests.engine.test_timeline import bits

LATE = Experiment().replace(
    **{"data.count": 200, "data.scale": 500.0, "data.test_count": 10, "training.optimizer": "sgd", "training.lr": 0.05}
)


def blown() -> Workspace:
    """A run that was well for 60 updates, and then was given too large a rate."""
    workspace = Workspace(LATE)
    workspace.run.run(60)
    workspace.change(**{"training.lr": 8.0})
    workspace.run.run(1 << 30)
    assert workspace.run.stopped
    return workspace


def losses_by_update(experiment: Experiment, updates: int, changes: dict[int, dict[str, object]]) -> list[float]:
    """Each update's loss, by PyTorch."""
    trainer = Trainer(experiment)
    losses = []
    for update in range(updates):
        if update in changes:
            trainer.change(trainer.experiment.replace(**changes[update]))
        trainer.update()
        losses.append(trainer.counters.batch_loss or math.nan)
    return losses


def test_a_blow_up_is_found_at_the_update_where_the_loss_left_all_bounds() -> None:
    workspace = blown()
    blow_up = workspace.snapshot(False).blow_up
    assert blow_up is not None
    end = workspace.run.newest.update
    losses = losses_by_update(LATE, end, {60: {"training.lr": 8.0}})
    start = Trainer(LATE)
    bound = Bound(start, [start.state[0]]).loss
    assert bound >= 999 * losses[0]
    beyond = next((i + 1 for i, loss in enumerate(losses) if loss > bound), None)
    assert beyond == blow_up.update or (beyond is None and blow_up.update > end)
    assert blow_up.epoch == blow_up.update - 1
    assert blow_up.lost_at is not None
    assert f"at update {blow_up.lost_at}:" in workspace.snapshot(False).message
    assert blow_up.back_to == blow_up.update - 10
    assert blow_up.lr == 8.0
    assert blow_up.limit is not None
    assert blow_up.limit < 8.0


def test_the_tensor_that_grew_first_and_its_growth_are_those_of_the_run() -> None:
    workspace = blown()
    blow_up = workspace.snapshot(False).blow_up
    assert blow_up is not None
    recording = workspace.run
    last = min(blow_up.update, recording.newest.update)
    norms = {}
    for update in range(max(0, last - 50), last + 1):
        recording.seek(recording.timeline.behind(update))
        norms[update] = {name: float(np.linalg.norm(v)) for name, v in recording.trainer.named_parameters()}
    first = norms[min(norms)]
    doubled = {
        name: next((u for u in norms if norms[u][name] >= 2 * first[name]), last + 1) for name in first
    }  # fmt: skip
    assert doubled[blow_up.tensor] == min(doubled.values())
    assert 1 <= blow_up.over <= 51
    assert blow_up.factor > 1


def test_looking_at_a_blow_up_disturbs_nothing_and_it_stays_while_the_past_is_looked_at() -> None:
    workspace = blown()
    before = bits(workspace.run.trainer), workspace.run.moment
    blow_up = workspace.blow_up()
    assert (bits(workspace.run.trainer), workspace.run.moment) == before
    workspace.run.back("10 epochs")
    assert workspace.snapshot(False).blow_up is blow_up


def test_rescue_goes_back_ten_updates_with_a_rate_that_will_do_and_keeps_the_blown_up_run() -> None:
    workspace = blown()
    blow_up = workspace.snapshot(False).blow_up
    assert blow_up is not None
    workspace.rescue()
    after = workspace.snapshot(False)
    assert after.moment.update == blow_up.update - 10
    assert after.experiment.training.lr == blow_up.rescue_lr < blow_up.lr / 2
    assert after.blow_up is None
    assert [(run.id, bool(run.stopped)) for run in after.runs] == [(1, True)]
    workspace.run.run(1000)
    assert not workspace.run.stopped
    assert workspace.run.experiment.training.lr < 8.0
    assert workspace.run.trainer.counters.batch_loss < 1


def test_a_run_that_is_well_has_nothing_to_rescue() -> None:
    workspace = Workspace(LATE)
    workspace.run.run(5)
    with pytest.raises(RequestError, match="has not blown up"):
        workspace.rescue()


def read(text: str, **changes: object) -> Experiment:
    return Experiment.from_toml(text).replace(**changes)


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
"""The case t8_diverge: the rate stands a little above the limit, and the loss grows to 1e9 times what it was."""

PLAIN = {"training.optimizer": "sgd"}
ONE_PAIR = Experiment.preset("one-pair")
BLOW_UPS = {
    "explode": Experiment.preset("explode"),
    "t8": read(T8),
    "t8, fast": read(T8, **{"training.lr": 1e-5}),
    "momentum": read(T8, **{"training.optimizer": "momentum", "training.lr": 1e-5}),
    "nesterov": read(T8, **{"training.optimizer": "nesterov", "training.lr": 1e-5}),
    "many sums": Experiment().replace(**PLAIN, **{"training.lr": 1e-3, "epochs": 300}),
    "mini-batches": Experiment.preset("mini-batches").replace(**PLAIN, **{"training.lr": 1e-4}),
    "warm-up": read(T8, **{"training.lr": 1e-4, "training.schedule": "warmup", "epochs": 300}),
    "adam": ONE_PAIR.replace(**{"training.lr": 1e4, "epochs": 300}),
    "relu": Experiment().replace(
        **PLAIN, **{"training.lr": 1e-3, "network.activation": "leaky_relu", "data.count": 50, "epochs": 300}
    ),
    "tanh": Experiment().replace(
        **PLAIN, **{"training.lr": 1.0, "network.activation": "tanh", "data.count": 50, "epochs": 300}
    ),
}


@pytest.mark.parametrize("name", BLOW_UPS)
def test_one_rescue_is_enough(name: str) -> None:
    workspace = Workspace(BLOW_UPS[name])
    workspace.run.run(1 << 30)
    blow_up = workspace.blow_up()
    assert blow_up is not None
    first = Trainer(BLOW_UPS[name]).current_loss()
    workspace.rescue()
    lr = workspace.run.experiment.training.lr
    assert lr == blow_up.rescue_lr <= blow_up.setting / 2
    if blow_up.own_limit is not None:
        assert lr <= blow_up.own_limit / 2 * 1.005  # told to three digits
    workspace.run.run(1 << 30)
    assert workspace.blow_up() is None
    assert workspace.run.trainer.current_loss() <= first


def test_a_run_that_ends_far_above_its_start_has_diverged_and_says_by_how_much_and_why() -> None:
    workspace = Workspace(read(T8))
    workspace.run.run(50)
    assert workspace.blow_up() is None  # not at its end yet
    workspace.run.run(50)
    snapshot = workspace.snapshot(False)
    assert snapshot.status == "done"
    blow_up = snapshot.blow_up
    assert blow_up is not None
    assert blow_up.lost_at is None
    assert blow_up.times == pytest.approx(1.1e9, rel=0.1)
    assert blow_up.own_limit == blow_up.limit == pytest.approx(1.185e-6, rel=1e-3)
    assert blow_up.above_limit
    assert blow_up.rescue_lr == pytest.approx(1.185e-6 / 2, rel=5e-3)
    losses = losses_by_update(read(T8), 100, {})
    bound = Bound(Trainer(read(T8)), [Trainer(read(T8)).state[0]]).loss
    assert losses[blow_up.update - 1] > bound >= losses[blow_up.update - 2]
    assert explain_anew(read(T8)) == blow_up
    workspace.run.back("10 epochs")
    assert workspace.snapshot(False).blow_up is blow_up


def test_below_the_limit_or_bouncing_or_moved_a_little_from_a_perfect_start_is_not_diverged() -> None:
    perfect = {"network.layers": (2, 1), "network.init": 1.0, "training.lr": 1.0, "epochs": 50}
    overshot = read(T8, **{"training.schedule": "step", "training.schedule_every": 30, "epochs": 400})
    calm = [
        read(T8, **{"training.lr": 1.1e-6}),
        Experiment.preset("overshoot"),
        overshot,  # far above its start for a while, and back before its end
        ONE_PAIR.replace(**perfect),  # starts at about 0, and Adam moves each number by 1
        ONE_PAIR.replace(**{"training.lr": 1.0, "epochs": 100}),
    ]
    for experiment in calm:
        workspace = Workspace(experiment)
        workspace.run.run(1 << 30)
        assert workspace.run.finished
        assert workspace.blow_up() is None
    losses = losses_by_update(overshot, 400, {})
    assert max(losses) > 100 * losses[0] > losses[-1]


def test_a_number_set_by_hand_is_a_start_too() -> None:
    workspace = Workspace(read(T8, **{"training.lr": 1e-12}))
    workspace.run.run(50)
    workspace.edit("output.weight", (0, 0), 1e6)
    workspace.run.run(50)
    assert workspace.run.finished
    assert workspace.run.trainer.current_loss() > 1e6 * Trainer(read(T8)).current_loss()
    assert workspace.blow_up() is None


def test_a_bias_that_is_infinite_before_the_loss_is_grew_by_a_finite_factor() -> None:
    changes = {"network.output_activation": "tanh", "training.weight_decay": 1.0, "training.zero_grad": False}
    rate = {"training.optimizer": "sgd", "training.lr": 1.0, "training.schedule": "exponential"}
    one = {"network.layers": (2, 1), "data.count": 1, "data.low": 0.0, "data.high": 0.0, "epochs": 60, "seed": 0}
    recording = Run(Experiment().replace(**changes, **rate, **one, **{"training.schedule_gamma": 1.5}))
    recording.run(1 << 30)
    blow_up = explain(recording)
    assert blow_up is not None
    assert (blow_up.tensor, math.isfinite(blow_up.factor)) == ("output.bias", True)


@given(experiments(), st.sampled_from(["sgd", "momentum", "nesterov", "adam"]), st.sampled_from([1.0, 100.0, 1e5]))
@examples(40)
def test_whatever_blows_up_is_explained_in_whole_numbers(experiment: Experiment, optimizer: str, lr: float) -> None:
    changes = {"training.optimizer": optimizer, "training.lr": lr, "epochs": 60}
    recording = Run(experiment.replace(**changes))
    recording.run(1 << 30)
    blow_up = explain(recording)
    if recording.stop is not None:
        assert blow_up is not None or recording.stop[0].update == 0
    if blow_up is None:
        return
    assert 0 < blow_up.rescue_lr <= lr / 2
    if recording.stop is None:
        assert blow_up.lost_at is None
        assert blow_up.times is not None
        assert blow_up.times > 1000
        return
    assert blow_up.lost_at is not None
    assert 1 <= blow_up.update <= blow_up.lost_at
    assert recording.stop[0].update < blow_up.lost_at <= recording.stop[0].update + 2
    assert f"update {blow_up.lost_at}" in recording.stop[1]
    assert blow_up.back_to == max(0, blow_up.update - 10)
    assert blow_up.tensor in recording.trainer.layout.by_name
    assert blow_up.factor > 0
    assert math.isfinite(blow_up.factor)
    assert 0 <= blow_up.over <= 51
    assert blow_up.limit is None or blow_up.limit > 0


SMOOTH = st.sampled_from(["none", "tanh", "sigmoid", "gelu"])


@given(experiments(widest=3), SMOOTH)
@examples(30)
def test_the_largest_curvature_is_the_hessian_s_largest_eigenvalue(experiment: Experiment, activation: str) -> None:
    changes = {"network.activation": activation, "training.loss": "mse", "training.flat_target": False}
    trainer = Trainer(experiment.replace(**changes, epochs=3))
    trainer.train(2)
    if trainer.stopped or not np.linalg.norm(trainer.state[0]) < 1e3:  # far out the judge's own rounding is too coarse
        return
    module = Adder(trainer.experiment).double().eval()
    names = [name for name, _ in module.named_parameters()]
    shapes = [p.shape for p in module.parameters()]

    def loss(flat: torch.Tensor) -> torch.Tensor:
        parts = flat.split([shape.numel() for shape in shapes])
        values = {name: part.view(shape) for name, part, shape in zip(names, parts, shapes, strict=True)}
        answers = torch.func.functional_call(module, values, (torch.tensor(trainer.inputs.T).double(),))
        return ((answers - torch.tensor(trainer.targets[:, None]).double()) ** 2).mean()

    eigenvalues = torch.linalg.eigvalsh(
        torch.autograd.functional.hessian(loss, torch.tensor(trainer.state[0]).double())
    )
    largest, size = eigenvalues.max().item(), eigenvalues.abs().max().item()
    before = bits(trainer)
    found = largest_curvature(trainer)
    assert bits(trainer) == before
    assert found <= max(0.0, largest) + 1e-3 * size + 1e-6
    assert found >= max(0.0, largest) - 0.1 * size - 1e-6


def test_above_the_limit_plain_gradient_descent_diverges_and_below_it_does_not() -> None:
    trainer = Trainer(LATE.replace(**{"network.layers": (2, 1)}))
    limit = 2 / largest_curvature(trainer)
    ends = []
    for factor in (0.98, 1.02):
        other = Trainer(trainer.experiment.replace(**{"training.lr": limit * factor, "epochs": 3000}))
        other.train(1500)
        ends.append(math.inf if other.stopped else other.loss)
    assert ends[0] < 1
    assert ends[1] > 1e3


def test_a_run_that_was_not_recorded_is_explained_as_one_that_was() -> None:
    for experiment in (Experiment.preset("explode"), LATE.replace(**{"training.lr": 8.0})):
        workspace = Workspace(experiment)
        workspace.run.run(1 << 30)
        assert workspace.blow_up() is not None
        assert explain_anew(experiment) == workspace.blow_up()
    assert explain_anew(Experiment.preset("one-pair").replace(epochs=20)) is None


def test_why_a_run_stopped_is_written_as_the_screens_write_numbers() -> None:
    layout = layout_of((2, 4, 4, 1), ("input", "hidden", "output"))
    before, after = np.full(layout.size, 1031.0, dtype=np.float32), np.zeros(layout.size, dtype=np.float32)
    after[1], before[1] = -1.308e17, 2e-5
    assert "input.weight[0, 1] went from 2e−5 to −1.308e17 in one update" in why_stopped(5, layout, before, after)
