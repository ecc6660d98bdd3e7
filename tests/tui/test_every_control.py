"""Each control of the form, changed through the app's own keys, changes what it should in the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from textual.pilot import Pilot

from adder_engine import Experiment, Session, Snapshot
from adder_engine.experiment import CHANGEABLE, KEYS
from adder_engine.presets import PRESETS
from adder_tui.app import AdderApp
from adder_tui.experiment_form.form import FIELDS, FormState
from adder_tui.experiment_form.screen import ExperimentForm
from tests.tui.screens import app_on, shows, until

TINY: dict[str, Any] = {
    "epochs": 8, "network.layers": [2, 3, 1], "network.activation": "tanh", "data.count": 12, "data.low": -50.0,
    "data.high": 50.0, "data.scale": 100.0, "data.test_count": 5, "data.test_every": 1, "data.rows": [[1, 2]],
    "data.kind": "uniform", "training.lr": 0.01, "training.schedule_every": 1,
}  # fmt: skip
STANDS_STILL = {"training.lr": 1e-12}
"""So small a rate that the held-out loss never falls."""
BEFORE, AFTER = 2, 6
"""Epochs before and after the change."""


@dataclass(frozen=True)
class Case:
    """What is pressed in a key's field, the value that it stands for, and what makes the key matter."""

    keys: Sequence[str]
    value: Any
    base: dict[str, Any] = field(default_factory=dict)
    holds: Callable[[Snapshot], bool] = lambda snapshot: True
    """What the first snapshot after the change must show."""


CASES: dict[str, Case] = {
    "seed": Case("7", 7),
    "epochs": Case("4", 4),
    "network.layers": Case("2-5-1", (2, 5, 1), holds=lambda s: s.state.shape == (4, 21)),
    "network.activation": Case("r", "relu"),
    "network.output_activation": Case("t", "tanh"),
    "network.init": Case("0.5", 0.5, holds=lambda s: bool((s.state[0] == 0.5).all())),
    "network.dropout": Case("0.5", 0.5),
    "data.task": Case(["right"], "difference"),
    "data.kind": Case(["right"], "rows"),
    "data.rows": Case("30+70; 5, 6, 12", ((30.0, 70.0), (5.0, 6.0, 12.0)), holds=lambda s: s.experiment.row_count == 2),
    "data.count": Case("9", 9),
    "data.low": Case("-5", -5.0),
    "data.high": Case("9.5", 9.5),
    "data.noise": Case("3", 3.0),
    "data.scale": Case("10", 10.0),
    "data.target_scale": Case("50", 50.0),
    "data.test_share": Case("0.5", 0.5, {"data.kind": "rows", "data.rows": [[1, 2], [3, 4], [5, 6], [7, 8]]}),
    "data.draw_first": Case(["space"], True),
    "data.test_count": Case("3", 3),
    "data.test_every": Case("3", 3),
    "training.loss": Case("h", "huber"),
    "training.optimizer": Case("s", "sgd", holds=lambda s: not s.state[2:].any()),
    "training.lr": Case("0.5", 0.5, holds=lambda s: s.lr == 0.5),
    "training.momentum": Case("0.5", 0.5, {"training.optimizer": "momentum"}),
    "training.betas": Case("[0.5, 0.6]", (0.5, 0.6)),
    "training.eps": Case("0.1", 0.1),
    "training.clip_norm": Case("0.01", 0.01),
    "training.weight_decay": Case("0.5", 0.5),
    "training.l1": Case("0.5", 0.5),
    "training.schedule": Case("s", "step", holds=lambda s: s.lr == 0.01 / 4),
    "training.schedule_every": Case("3", 3, {"training.schedule": "step"}),
    "training.schedule_gamma": Case("0.5", 0.5, {"training.schedule": "exponential"}),
    "training.warmup_epochs": Case("6", 6, {"training.schedule": "warmup"}),
    "training.batch_size": Case("5", 5),
    "training.zero_grad": Case(["space"], False),
    "training.flat_target": Case(["space"], True),
    "stop.epoch": Case("4", 4),
    "stop.loss": Case("1000000", 1e6),
    "stop.patience": Case("1", 1, STANDS_STILL),
    "stop.keep_best": Case(["space"], True, STANDS_STILL | {"stop.patience": 2}),
    "stop.sum": Case("30+70", (30.0, 70.0), {"stop.within": 1e6}),
    "stop.within": Case("1000000", 1e6, {"stop.sum": [30, 70], "stop.within": 0.0}),
}


def test_every_key_of_the_experiment_is_a_control_and_has_a_case() -> None:
    assert set(FIELDS[1:]) == {key.name for key in KEYS} <= set(CASES)


def footprint(snapshot: Snapshot) -> tuple[Any, ...]:
    """What a run has come to: whatever a setting may change must show in it."""
    losses = snapshot.losses
    return (
        snapshot.epoch, snapshot.status, snapshot.state.tobytes(), losses.train.tobytes(), losses.test_epochs.tobytes(),
        losses.test.tobytes(),
    )  # fmt: skip


async def by_hand(base: Experiment, name: str, changed: Experiment) -> Snapshot:
    """The same run without the app, in a session of its own."""
    async with Session(base) as session:
        await session.step("epoch", BEFORE)
        if changed != base:
            changes = {key: mine for key, (mine, _) in changed.differences(base).items()}
            await (session.change(**changes) if name in CHANGEABLE else session.load(changed))
        if not name.startswith("stop."):
            return await session.step("epoch", AFTER)
        await session.play()
        return await rested(session)


async def rested(session: Session) -> Snapshot:
    """The first snapshot that is not of a playing run."""
    snapshot = await session.snapshot()
    while snapshot.status == "playing":
        snapshot = await session.snapshot(since=snapshot.version)
    return snapshot


async def played(pilot: Pilot[None], session: Session) -> Snapshot:
    """Let the run play until it pauses by itself."""
    app = pilot.app
    assert isinstance(app, AdderApp)
    app.controller.pace = None
    before = (await session.snapshot()).epoch
    await pilot.press("space")
    while (await session.snapshot()).epoch == before:
        await pilot.pause()
    return await rested(session)


async def go_to(pilot: Pilot[None], name: str) -> None:
    """Choose a field by the arrow keys."""
    form = pilot.app.screen
    assert isinstance(form, ExperimentForm)
    steps = FIELDS.index(name) - FIELDS.index(form.form_state.name)
    await pilot.press(*["down" if steps > 0 else "up"] * abs(steps))
    assert form.form_state.name == name


async def stepped(pilot: Pilot[None], session: Session, epochs: int) -> Snapshot:
    """Press the step key until so many epochs are done, or all."""
    app = pilot.app
    assert isinstance(app, AdderApp)
    snapshot = await session.snapshot()
    while snapshot.epoch < epochs and snapshot.status == "paused":
        before = snapshot.version
        await pilot.press("full_stop")
        snapshot = await session.snapshot(since=before)
        await until(pilot, lambda version=snapshot.version: app.snapshot and app.snapshot.version >= version)
    return snapshot


@pytest.mark.parametrize("name", [key.name for key in KEYS])
async def test_changing_a_control_by_keys_changes_what_it_should(name: str) -> None:
    case = CASES[name]
    base = Experiment().replace(**TINY | case.base)
    assert base[name] != case.value
    wanted = base.replace(**{name: case.value})
    if name == "data.rows":
        wanted = wanted.replace(**{"data.kind": "rows"})
    async with Session(base) as session:
        async with app_on(session).run_test(size=(80, 24)) as pilot:  # type: ignore[arg-type]
            await shows(pilot, "‖ paused")
            assert (await stepped(pilot, session, BEFORE)).epoch == BEFORE
            await pilot.press("e")
            await until(pilot, lambda: isinstance(pilot.app.screen, ExperimentForm))
            await go_to(pilot, name)
            await pilot.press(*case.keys)
            await shows(pilot, "which goes on" if name in CHANGEABLE else "Enter starts it; u brings")
            assert session.experiment == base
            await pilot.press("enter")
            await until(pilot, lambda: session.experiment == wanted and len(pilot.app.screen_stack) == 1)
            after = await session.snapshot()
            assert after.epoch == (BEFORE if name in CHANGEABLE else 0)
            assert case.holds(after)
            ended = await (
                played(pilot, session) if name.startswith("stop.") else stepped(pilot, session, after.epoch + AFTER)
            )
        assert footprint(ended) == footprint(await by_hand(base, name, wanted))
        assert footprint(ended) != footprint(await by_hand(base, name, base))
        await session.end()  # keep_best may have gone back to before the change
        assert (await session.undo()).experiment[name] == base[name]


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "one-pair"])
async def test_choosing_a_preset_by_keys_starts_it(name: str) -> None:
    session = Session(Experiment.preset("one-pair"))
    async with session, app_on(session).run_test(size=(80, 24)) as pilot:  # type: ignore[arg-type]
        await shows(pilot, "‖ paused")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ExperimentForm))
        await go_to(pilot, "preset")
        await pilot.press(*["right"] * list(PRESETS).index(name))
        await shows(pilot, f"‹ {name} ›")
        await pilot.press("enter")
        await until(pilot, lambda: session.experiment == Experiment.preset(name))


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_control_is_one_key_away_from_its_default_and_from_what_the_run_has(key: Any) -> None:
    case = CASES[key.name]
    run = Experiment().replace(**TINY | case.base).replace(**{key.name: case.value})
    form_state = FormState(run)
    form_state.choose(key.name)
    form_state.set_default()
    if key.name != "data.rows":
        assert form_state.experiment[key.name] == key.default
    form_state.set_as_run()
    assert form_state.experiment == run
    assert not form_state.changes
