"""A run pauses at the first epoch at whose end one of its rules comes true, and nothing else about it changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adder_engine.errors import ExperimentError
from adder_engine.experiment import Experiment
from adder_engine.runs.run import Run
from adder_engine.snapshot import Position
from adder_engine.sweep import Sweep
from adder_engine.training.stopping import RuledTraining
from adder_engine.training.trainer import Trainer
from tests.engine.plain import plainly_wanted
from tests.engine.strategies import examples, experiments
from tests.engine.test_timeline import bits

FOREVER = 1 << 40
SMALL = Experiment().replace(
    **{"data.count": 20, "data.scale": 500.0, "data.test_count": 9, "data.test_every": 3, "epochs": 400,
       "training.lr": 0.02, "network.activation": "tanh", "data.noise": 50.0}
)  # fmt: skip


def rules() -> st.SearchStrategy[dict[str, object]]:
    sums = st.sampled_from([[], [30.0, 70.0], [1.0, 2.0]])
    return st.fixed_dictionaries(
        {
            "stop.epoch": st.integers(0, 9),
            "stop.loss": st.sampled_from([0.0, 0.0, 1e-3, 0.1, 1.0, 1e4, 1e5]),
            "stop.patience": st.integers(0, 4),
            "stop.sum": sums,
            "stop.within": st.sampled_from([0.0, 1.0, 50.0, 200.0]),
        }
    )


def naive_stops(experiment: Experiment) -> list[int]:
    """The epochs at which the rules come true, by the plainest loop over the whole run."""
    trainer, stop = Trainer(experiment), experiment.stop
    stops: list[int] = []
    measured: list[tuple[int, float]] = []
    under = near = False
    for epoch in range(1, experiment.epochs + 1):
        trainer.epoch()
        if trainer.stopped:
            break
        now_under = bool(stop.loss) and trainer.loss is not None and trainer.loss <= stop.loss
        wanted = plainly_wanted(experiment, *stop.sum) if stop.sum else None
        now_near = wanted is not None and abs(trainer.predict(*stop.sum) - wanted) <= stop.within
        tired = False
        if len(trainer.dataset.test_inputs) and (epoch % experiment.data.test_every == 0 or epoch == experiment.epochs):
            assert trainer.test_loss is not None
            before = measured[-1][0] if measured else 0
            measured.append((epoch, trainer.test_loss))
            best = min(measured, key=lambda m: m[1])[0]
            n = stop.patience
            tired = bool(n) and any((k - best) % n == 0 for k in range(max(before, best) + 1, epoch + 1))
        if epoch == stop.epoch or (now_under and not under) or (now_near and not near) or tired:
            stops.append(epoch)
        under, near = now_under, now_near
    return stops


@given(experiments(), rules())
@examples(60)
def test_playing_stops_where_the_naive_loop_says_and_goes_on_past_it(
    experiment: Experiment, changes: dict[str, object]
) -> None:
    try:
        experiment = experiment.replace(**changes)
    except ExperimentError:  # no held-out sums to wait for
        experiment = experiment.replace(**{**changes, "stop.patience": 0})
    recording, stops = Run(experiment), []
    while not recording.finished and not recording.stopped:
        recording.play(FOREVER)
        if recording.paused:
            assert recording.paused.startswith("Stopped by its rule: ")
            assert recording.paused.endswith(".")
            stops.append(recording.trainer.epochs_done)
    assert stops == naive_stops(experiment)


@given(experiments(), rules(), st.lists(st.integers(1, 7), min_size=1, max_size=4))
@examples(30)
def test_rules_change_nothing_about_the_run_itself_however_it_is_sliced(
    experiment: Experiment, changes: dict[str, object], slices: list[int]
) -> None:
    try:
        ruled = experiment.replace(**changes)
    except ExperimentError:
        ruled = experiment.replace(**{**changes, "stop.patience": 0})
    with_rules, without = Run(ruled), Run(experiment)
    stops, i = [], 0
    while not with_rules.finished and not with_rules.stopped:
        with_rules.play(slices[i % len(slices)])
        i += 1
        if with_rules.paused:
            stops.append(with_rules.trainer.epochs_done)
    without.run(FOREVER)
    ours, theirs = bits(with_rules.trainer), bits(without.trainer)
    assert (*ours[:6], ours[7]) == (*theirs[:6], theirs[7])
    assert stops == naive_stops(ruled)


def test_patience_with_keep_best_goes_back_to_the_best_and_on_past_where_it_stopped() -> None:
    recording = Run(SMALL.replace(**{"stop.patience": 20, "stop.keep_best": True}))
    recording.play(FOREVER)
    stopped_at, best = recording.newest_epoch, recording.trainer.epochs_done
    assert best <= stopped_at - 20
    assert recording.paused is not None
    assert recording.paused == (
        f"Stopped by its rule: the held-out loss has not fallen for {stopped_at - best} epochs."
        f" This is its best, epoch {best}; End goes to where it stopped."
    )
    plain = Trainer(SMALL)
    losses = []
    for _ in range(stopped_at):
        plain.epoch()
        losses.append(plain.test_loss if plain.epochs_done % 3 == 0 else 1e9)
    assert losses.index(min(losses)) + 1 == best
    assert recording.trainer.test_loss == losses[best - 1]
    recording.play(FOREVER)
    assert recording.newest_epoch > stopped_at


def test_single_steps_never_stop_by_a_rule_and_steps_of_many_epochs_do() -> None:
    recording = Run(SMALL.replace(**{"stop.epoch": 3}))
    for _ in range(4):
        recording.step("epoch")
        assert recording.paused is None
    assert recording.trainer.epochs_done == 4
    other = Run(SMALL.replace(**{"stop.epoch": 3}))
    other.step("100 epochs")
    assert other.trainer.epochs_done == 3
    assert other.paused == "Stopped by its rule: epoch 3 is finished."
    other.step("10 epochs")
    assert other.trainer.epochs_done == 13
    other.seek(Position())
    other.step("10 epochs")
    assert other.trainer.epochs_done == 10, "the past is gone through without a stop"


def test_a_rule_set_during_a_run_that_already_holds_stops_after_one_epoch_and_then_no_more() -> None:
    recording = Run(SMALL)
    recording.run(50)
    recording.change(**{"stop.loss": 1e6})
    recording.play(FOREVER)
    assert recording.trainer.epochs_done == 51
    assert recording.paused is not None
    assert "is at or below 1e+06" in recording.paused
    recording.play(FOREVER)
    assert recording.paused is None
    assert recording.finished


def test_held_out_losses_of_another_criterion_do_not_count() -> None:
    recording = Run(SMALL.replace(**{"stop.patience": 30}))
    recording.run(60)
    recording.change(**{"training.loss": "mae"})
    assert recording.trainer.counters.best_loss is None
    recording.run(3)
    assert recording.trainer.counters.best_epoch == 63


def test_training_without_a_recording_ends_by_the_same_rule_and_stands_at_its_best() -> None:
    experiment = SMALL.replace(**{"stop.patience": 20, "stop.keep_best": True})
    training, recording = RuledTraining(Trainer(experiment)), Run(experiment)
    while not training.finished:
        training.train(updates=7)
    recording.play(FOREVER)
    assert np.array_equal(training.trainer.state[0], recording.trainer.state[0])
    assert training.trainer.epochs_done == recording.trainer.epochs_done
    assert recording.paused is not None
    assert recording.paused.startswith(training.sentence[:-1])


def test_runs_with_rules_end_by_them_in_a_sweep() -> None:
    experiment = SMALL.replace(**{"stop.sum": [30, 70], "stop.within": 20.0})
    state = Sweep(experiment, "training.lr", [0.01, 0.02], seeds=[1, 2]).run()
    assert state.finished
    for run in state.runs:
        trainer = Trainer(run.experiment)
        trainer.train(naive_stops(run.experiment)[0])
        assert run.done
        assert run.paused.startswith("Stopped by its rule: the answer to 30 + 70 is ")
        assert run.epochs == trainer.epochs_done < experiment.epochs
        assert run.answers[0] == trainer.predict(30, 70)


def test_patience_without_held_out_sums_is_refused_in_words() -> None:
    with pytest.raises(ExperimentError, match=r"stop\.patience = 3 waits for held-out sums"):
        Experiment.preset("one-pair").replace(**{"stop.patience": 3})


def test_an_experiment_file_of_before_the_rules_still_opens_and_has_none() -> None:
    text = SMALL.to_toml()
    old = text[: text.index("[stop]")]
    assert Experiment.from_toml(old) == SMALL
    assert not Experiment.from_toml(old).stop.active
